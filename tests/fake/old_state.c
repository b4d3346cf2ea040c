/*
 * Makes a state as the first schema had it, through RocksDB alone: old_state DIRECTORY ITEMS
 *
 * ITEMS rows in the queue with ids 1…, each third tried twice; as many seen, texts and urls without a time; ten
 * results that were recorded; one dead item. Its writing is the description of what was.
 */
#include <rocksdb/c.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[] = {"default", "meta",  "sources", "seen",    "texts",    "urls",
                                    "queue",   "tries", "dead",    "results", "recorded", "topics"};
enum {
    DEFAULT,
    META,
    SOURCES,
    SEEN,
    TEXTS,
    URLS,
    QUEUE,
    TRIES,
    DEAD,
    RESULTS,
    RECORDED,
    TOPICS,
    COUNT
};

static rocksdb_t *db;
static rocksdb_column_family_handle_t *of[COUNT];
static rocksdb_writebatch_t *batch;

static void must(char *error)
{
    if (!error)
        return;
    fprintf(stderr, "old_state: %s\n", error);
    exit(74);
}

struct bytes {
    char at[4096];
    size_t len;
};

static void number(struct bytes *to, uint64_t n, int width)
{
    for (int i = width - 1; i >= 0; i--)
        to->at[to->len++] = (char)(n >> (8 * i));
}

static void text(struct bytes *to, const char *z)
{
    size_t len = strlen(z);
    memcpy(to->at + to->len, z, len);
    to->len += len;
}

static struct bytes version_1(void)
{
    return (struct bytes){.at = {1}, .len = 1};
}

static struct bytes key_of(uint64_t n)
{
    struct bytes key = {.len = 0};
    number(&key, n, 8);
    return key;
}

static void put(int family, const struct bytes *key, const struct bytes *value)
{
    rocksdb_writebatch_put_cf(batch, of[family], key->at, key->len, value->at, value->len);
}

static void put_named(int family, const char *name, const struct bytes *value)
{
    struct bytes key = {.len = 0};
    text(&key, name);
    put(family, &key, value);
}

static void write_batch(void)
{
    char *error = NULL;
    rocksdb_writeoptions_t *synced = rocksdb_writeoptions_create();
    rocksdb_writeoptions_set_sync(synced, 1);
    rocksdb_write(db, synced, batch, &error);
    must(error);
    rocksdb_writebatch_clear(batch);
    rocksdb_writeoptions_destroy(synced);
}

static void put_item(uint64_t n)
{
    struct bytes id = key_of(n), hash = {.len = 16}, work = version_1(), tries = version_1(),
                 entry = version_1();
    char json[64];
    snprintf(json, sizeof json, "TAGTAGTA{\"item\":%llu}", (unsigned long long)n);
    text(&work, json);
    put(QUEUE, &id, &work);
    number(&tries, 2, 4);
    number(&tries, 0, 4);
    if (n % 3 == 0)
        put(TRIES, &id, &tries);
    memcpy(hash.at, id.at, 8);
    text(&entry, "entry");
    put(SEEN, &hash, &entry);
    put(TEXTS, &hash, &entry);
    put(URLS, &hash, &entry);
}

static void put_result(uint64_t seq)
{
    struct bytes key = key_of(seq), value = version_1(), recorded = {.len = 0}, last = version_1();
    char uri[32];
    snprintf(uri, sizeof uri, "urn:x:%llu", (unsigned long long)seq);
    number(&value, seq - 1, 8);
    number(&value, 1000 * seq, 8);
    number(&value, 1, 4);
    number(&value, strlen(uri), 4);
    number(&value, 1, 4);
    text(&value, "t");
    text(&value, uri);
    text(&value, "1{}");
    put(RESULTS, &key, &value);
    text(&recorded, uri);
    text(&recorded, "1");
    number(&recorded, 1, 4);
    number(&last, seq, 8);
    put(RECORDED, &recorded, &last);
    put_named(TOPICS, "t", &last);
}

static void put_meta(uint64_t items)
{
    const uint64_t numbers[] = {items + 2, 11, items + 11, 10, 1, 0};
    struct bytes schema = {.at = {0, 0, 0, 1}, .len = 4}, epoch = version_1(), all = version_1();
    number(&epoch, 0x0123456789abcdef, 8);
    for (int i = 0; i < 6; i++)
        number(&all, numbers[i], 8);
    put_named(META, "schema", &schema);
    put_named(META, "epoch", &epoch);
    put_named(META, "numbers", &all);
}

int main(int argc, char **argv)
{
    char *error = NULL;
    if (argc != 3)
        return 64;
    uint64_t items = strtoull(argv[2], NULL, 10);
    rocksdb_options_t *options = rocksdb_options_create();
    const rocksdb_options_t *each[COUNT];
    for (int i = 0; i < COUNT; i++)
        each[i] = options;
    rocksdb_options_set_create_if_missing(options, 1);
    rocksdb_options_set_create_missing_column_families(options, 1);
    db = rocksdb_open_column_families(options, argv[1], COUNT, names, each, of, &error);
    must(error);
    batch = rocksdb_writebatch_create();
    put_meta(items);
    for (uint64_t seq = 1; seq <= 10; seq++)
        put_result(seq);
    struct bytes dead = version_1(), dead_id = key_of(items + 1);
    number(&dead, 6, 4);
    text(&dead, "poisonTAGTAGTA{}");
    put(DEAD, &dead_id, &dead);
    for (uint64_t n = 1; n <= items; n++) {
        put_item(n);
        if (n % 1000 == 0)
            write_batch();
    }
    write_batch();
    rocksdb_writebatch_destroy(batch);
    for (int i = 0; i < COUNT; i++)
        rocksdb_column_family_handle_destroy(of[i]);
    rocksdb_close(db);
    rocksdb_options_destroy(options);
    return 0;
}
