/*
 * queue_seen DIR COUNT
 *
 * A state that has run for long: COUNT identities in `seen`, written through the store as the daemon
 * does. One of three is an entry, two are markers, as an item leaves them behind. The keys go up, so that
 * the files need no sorting out afterwards; the daemon's own fall between them anywhere.
 */
#include <unistd.h>

#include "clock.h"
#include "entry.h"
#include "store.h"

#define A_COMMIT  100000 /* rows a synced write: 10 MB */
#define COUNT_MAX 1000000000U

static uint64_t mixed(uint64_t x)
{
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
    return x ^ (x >> 31);
}

static void put_be(uint8_t *out, uint64_t n)
{
    for (int i = 0; i < 8; i++)
        out[i] = (uint8_t)(n >> (56 - 8 * i));
}

static void put_one(struct store_change *change, uint64_t n, uint64_t count, struct buf *value)
{
    uint8_t id[16];
    put_be(id, UINT64_MAX / count * n + mixed(n) % (UINT64_MAX / count));
    put_be(id + 8, mixed(~n));
    if (n % 3) {
        store_put_seen(change, id, seen_marker);
        return;
    }
    struct seen_entry entry = {
        .version = 1, .first_created = clock_now(), .last_changed = clock_now(), .queue_id = n + 1};
    put_be(entry.listing, mixed(n + 1));
    put_be(entry.content, mixed(n + 2));
    put_be(entry.text, mixed(n + 3));
    buf_reset(value);
    seen_entry_put(&entry, value);
    store_put_seen(change, id, buf_str(value));
}

static int fill(struct store *store, uint64_t count)
{
    struct buf value = BUF_NONE;
    int error = 0;
    for (uint64_t n = 0; n < count && error == 0;) {
        struct store_change *change = store_change_new(store);
        for (int i = 0; i < A_COMMIT && n < count; i++, n++)
            put_one(change, n, count, &value);
        error = store_commit(store, &change, NULL, NULL);
        store_change_free(change);
        if (isatty(STDERR_FILENO) && n % 1000000 == 0)
            fprintf(stderr, "\r%llu of %llu", (unsigned long long)n, (unsigned long long)count);
    }
    buf_free(&value);
    return error;
}

int main(int argc, char **argv)
{
    uint64_t count;
    struct store *store;
    char why[STORE_WHY];
    if (argc != 3 || str_u64(str_of(argv[2]), &count) < 0 || count == 0 || count > COUNT_MAX) {
        fputs("usage: queue_seen DIR COUNT\n", stderr);
        return 64;
    }
    if (store_open(&(struct store_options){.path = argv[1]}, &store, why) < 0) {
        fprintf(stderr, "queue_seen: %s\n", why);
        return 69;
    }
    int error = fill(store, count);
    store_close(store);
    if (error)
        fprintf(stderr, "queue_seen: %s\n", strerror(-error));
    return error ? 74 : 0;
}
