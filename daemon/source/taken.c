#include "taken.h"

#include <errno.h>

#include "hash.h"

struct taken_file {
    uint64_t name, stamp; /* hashes */
    bool seen;            /* by the scan that prunes */
    UT_hash_handle hh;
};

static uint64_t hash_name(const char *name)
{
    return XXH3_64bits(name, strlen(name));
}

uint64_t taken_stamp(const char *name, const struct stat *st)
{
    uint64_t parts[] = {
        (uint64_t)st->st_size,         (uint64_t)st->st_ino,         (uint64_t)st->st_mtim.tv_sec,
        (uint64_t)st->st_mtim.tv_nsec, (uint64_t)st->st_ctim.tv_sec, (uint64_t)st->st_ctim.tv_nsec,
    };
    return XXH3_64bits_withSeed(parts, sizeof(parts), hash_name(name));
}

static struct taken_file *find(const struct taken *t, uint64_t name)
{
    struct taken_file *file;
    HASH_FIND(hh, t->files, &name, sizeof(name), file);
    return file;
}

static void put(struct taken *t, uint64_t name, uint64_t stamp)
{
    struct taken_file *file = find(t, name);
    if (!file) {
        file = xcalloc(1, sizeof(*file));
        file->name = name;
        HASH_ADD(hh, t->files, name, sizeof(file->name), file);
    }
    t->sums[name % TAKEN_BUCKETS] += stamp - file->stamp;
    file->stamp = stamp;
}

static void drop(struct taken *t, struct taken_file *file)
{
    t->sums[file->name % TAKEN_BUCKETS] -= file->stamp;
    /* The analyzer loses count of what uthash links. NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
    HASH_DEL(t->files, file);
    free(file);
}

bool taken_has(const struct taken *t, const char *name, uint64_t stamp)
{
    const struct taken_file *file = find(t, hash_name(name));
    return file && file->stamp == stamp;
}

void taken_put(struct taken *t, const char *name, uint64_t stamp)
{
    put(t, hash_name(name), stamp);
}

bool taken_drop(struct taken *t, const char *name)
{
    struct taken_file *file = find(t, hash_name(name));
    if (!file)
        return false;
    drop(t, file);
    return true;
}

bool taken_begin(struct taken *t, const struct taken_found *found, size_t count)
{
    uint64_t there[TAKEN_BUCKETS] = {0}, stored[TAKEN_BUCKETS];
    memcpy(stored, t->sums, sizeof(stored));
    memset(t->sums, 0, sizeof(t->sums));
    for (size_t i = 0; i < count; i++)
        there[hash_name(found[i].name) % TAKEN_BUCKETS] += found[i].stamp;
    for (size_t i = 0; i < count; i++) {
        uint64_t name = hash_name(found[i].name);
        if (there[name % TAKEN_BUCKETS] == stored[name % TAKEN_BUCKETS])
            put(t, name, found[i].stamp);
    }
    return memcmp(stored, t->sums, sizeof(stored)) != 0;
}

bool taken_prune(struct taken *t, const struct taken_found *found, size_t count)
{
    struct taken_file *file, *tmp;
    bool any = false;
    HASH_ITER (hh, t->files, file, tmp)
        file->seen = false;
    for (size_t i = 0; i < count; i++) {
        file = find(t, hash_name(found[i].name));
        if (file)
            file->seen = true;
    }
    HASH_ITER (hh, t->files, file, tmp) {
        if (file->seen)
            continue;
        drop(t, file);
        any = true;
    }
    return any;
}

void taken_done(struct taken *t)
{
    struct taken_file *file, *tmp;
    HASH_ITER (hh, t->files, file, tmp)
        drop(t, file);
}

void taken_write(const struct taken *t, struct buf *out)
{
    for (int i = 0; i < TAKEN_BUCKETS; i++)
        buf_printf(out, "%016llx", (unsigned long long)t->sums[i]);
}

int taken_read(struct taken *t, struct str text)
{
    uint64_t sums[TAKEN_BUCKETS] = {0};
    if (text.len != TAKEN_BUCKETS * 16UL)
        return -EBADMSG;
    for (size_t i = 0; i < text.len; i++) {
        int digit = str_hex(text.at[i]);
        if (digit < 0)
            return -EBADMSG;
        sums[i / 16] = sums[i / 16] << 4 | (uint64_t)digit;
    }
    memcpy(t->sums, sums, sizeof(sums));
    return 0;
}
