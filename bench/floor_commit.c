/*
 * floor_commit [-n ITEMS] [-s BYTES] [-d DIR] BATCH…
 *
 * What the disk and RocksDB alone give: ITEMS rows of BYTES put by synced writes of BATCH rows
 * each, nothing else around them. One line a batch size: "batch items bytes seconds items/s
 * worst_ms". The benchmarks of the whole way divide by this.
 */
#include <errno.h>
#include <ftw.h>
#include <rocksdb/c.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "str.h"

#define ITEMS_MAX 100000000U
#define BYTES_MAX (16U << 20)

static int usage(void)
{
    fputs("usage: floor_commit [-n ITEMS] [-s BYTES] [-d DIR] BATCH...\n", stderr);
    return 64;
}

static void check(char *message)
{
    if (!message)
        return;
    fprintf(stderr, "floor_commit: %s\n", message);
    exit(1);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st, (void)type, (void)at;
    return remove(path);
}

/* Texts compress; what is measured here should not depend on how well. */
static void fill(char *work, size_t len)
{
    uint64_t x = 88172645463325252ULL;
    for (size_t i = 0; i < len; i++) {
        x ^= x << 13, x ^= x >> 7, x ^= x << 17;
        work[i] = (char)x;
    }
}

struct floor {
    rocksdb_t *db;
    rocksdb_writeoptions_t *synced;
    char *work;
    size_t bytes;
    uint64_t items;
};

static void run(const struct floor *f, uint64_t per_batch)
{
    char *message = NULL;
    int64_t worst = 0, start = clock_mono();
    for (uint64_t n = 0; n < f->items;) {
        rocksdb_writebatch_t *batch = rocksdb_writebatch_create();
        for (uint64_t i = 0; i < per_batch && n < f->items; i++, n++) {
            uint8_t key[8];
            for (int b = 0; b < 8; b++)
                key[b] = (uint8_t)(n >> (56 - 8 * b));
            rocksdb_writebatch_put(batch, (const char *)key, sizeof key, f->work, f->bytes);
        }
        int64_t before = clock_mono();
        rocksdb_write(f->db, f->synced, batch, &message);
        check(message);
        int64_t took = clock_mono() - before;
        if (took > worst)
            worst = took;
        rocksdb_writebatch_destroy(batch);
    }
    double seconds = (double)(clock_mono() - start) / 1e6;
    printf("%llu %llu %zu %.3f %.0f %.1f\n", (unsigned long long)per_batch,
           (unsigned long long)f->items, f->bytes, seconds, (double)f->items / seconds,
           (double)worst / 1e3);
    fflush(stdout);
}

/* A fresh database for each batch size: none pays for the compactions of another. */
static void run_fresh(struct floor *f, const char *dir, uint64_t per_batch)
{
    char *path = xasprintf("%s/floor_commit.XXXXXX", dir), *message = NULL;
    if (!mkdtemp(path))
        check(strerror(errno));
    rocksdb_options_t *options = rocksdb_options_create();
    rocksdb_options_set_create_if_missing(options, 1);
    rocksdb_options_set_compression(options, rocksdb_no_compression);
    rocksdb_options_set_max_background_jobs(options, 2);
    f->db = rocksdb_open(options, path, &message);
    check(message);
    f->synced = rocksdb_writeoptions_create();
    rocksdb_writeoptions_set_sync(f->synced, 1);
    run(f, per_batch);
    rocksdb_writeoptions_destroy(f->synced);
    rocksdb_close(f->db);
    rocksdb_options_destroy(options);
    nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    free(path);
}

int main(int argc, char **argv)
{
    struct floor f = {.items = 20000};
    const char *dir = "/tmp";
    uint64_t bytes = 2048, per_batch;
    for (int c; (c = getopt(argc, argv, "n:s:d:")) != -1;) {
        if (c == 'n' && (str_u64(str_of(optarg), &f.items) < 0 || f.items > ITEMS_MAX))
            return usage();
        if (c == 's' && (str_u64(str_of(optarg), &bytes) < 0 || bytes > BYTES_MAX))
            return usage();
        if (c == 'd')
            dir = optarg;
        if (c == '?')
            return usage();
    }
    if (optind == argc || f.items == 0)
        return usage();
    f.bytes = (size_t)bytes;
    f.work = xmalloc(f.bytes + 1);
    fill(f.work, f.bytes);
    for (int i = optind; i < argc; i++) {
        if (str_u64(str_of(argv[i]), &per_batch) < 0 || per_batch == 0)
            return usage();
        run_fresh(&f, dir, per_batch);
    }
    free(f.work);
    return 0;
}
