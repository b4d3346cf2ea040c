#include "pending.h"

#include <stdlib.h>

#include "hash.h"
#include "list.h"

/* A key written twice before the disk answers stands in the table once, with its newest entry and
 * generation, and moves to the end of the list, which is therefore in order of generations. */
struct pending_entry {
    uint8_t key[16];
    uint64_t generation;
    UT_hash_handle hh;
    struct pending_entry *prev, *next;
    size_t len;
    char bytes[];
};

struct pending {
    struct pending_entry *by_key, *oldest;
};

struct pending *pending_new(void)
{
    return xcalloc(1, sizeof(struct pending));
}

static void drop(struct pending *pending, struct pending_entry *entry)
{
    HASH_DEL(pending->by_key, entry);
    DL_DELETE(pending->oldest, entry);
    free(entry);
}

void pending_free(struct pending *pending)
{
    if (!pending)
        return;
    while (pending->oldest)
        drop(pending, pending->oldest);
    free(pending);
}

static struct pending_entry *find(const struct pending *pending, const uint8_t key[16])
{
    struct pending_entry *entry = NULL;
    HASH_FIND(hh, pending->by_key, key, 16, entry);
    return entry;
}

void pending_put(struct pending *pending, const uint8_t key[16], struct str bytes,
                 uint64_t generation)
{
    struct pending_entry *entry = find(pending, key);
    if (entry)
        drop(pending, entry);
    entry = xcalloc(1, sizeof *entry + bytes.len);
    memcpy(entry->key, key, 16);
    if (bytes.len)
        memcpy(entry->bytes, bytes.at, bytes.len);
    entry->len = bytes.len;
    entry->generation = generation;
    HASH_ADD(hh, pending->by_key, key, 16, entry);
    DL_APPEND(pending->oldest, entry);
}

struct str pending_get(const struct pending *pending, const uint8_t key[16])
{
    struct pending_entry *entry = find(pending, key);
    return entry ? (struct str){entry->bytes, entry->len} : STR_NONE;
}

void pending_settle(struct pending *pending, uint64_t generation)
{
    while (pending->oldest && pending->oldest->generation <= generation)
        drop(pending, pending->oldest);
}
