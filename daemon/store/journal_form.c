#include <errno.h>
#include <xxhash.h>

#include "journal_inside.h"

#define SEGMENT_MAGIC STR("DLJ1")

static void put_le(uint8_t *out, uint64_t n, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        out[i] = (uint8_t)(n >> (8 * i));
}

static void put_magic(uint8_t *out, struct str magic)
{
    memcpy(out, magic.at, magic.len);
}

/* ---- segments */

void segment_write(uint8_t out[SEGMENT_HEAD], uint64_t salt, uint64_t first)
{
    put_magic(out, SEGMENT_MAGIC);
    put_le(out + 4, salt, 8);
    put_le(out + 12, first, 8);
    put_le(out + 20, XXH3_64bits(out, 20), 8);
}

int segment_read(struct str bytes, uint64_t *out_salt, uint64_t *out_first)
{
    uint64_t hash;
    struct str rest = str_from(bytes, 4);
    if (!str_starts(bytes, SEGMENT_MAGIC) || !str_take_le(&rest, 8, out_salt) ||
        !str_take_le(&rest, 8, out_first) || !str_take_le(&rest, 8, &hash) ||
        hash != XXH3_64bits(bytes.at, 20))
        return -EBADMSG;
    return 0;
}

void segment_name(uint64_t first, char out[SEGMENT_NAME])
{
    snprintf(out, SEGMENT_NAME, "%016llx" JOURNAL_SUFFIX, (unsigned long long)first);
}

int segment_first(const char *name, uint64_t *out)
{
    struct str text = str_of(name);
    uint64_t first = 0;
    if (text.len != 16 + strlen(JOURNAL_SUFFIX) || !str_ends(text, STR(JOURNAL_SUFFIX)))
        return -EINVAL;
    for (size_t i = 0; i < 16; i++) {
        int digit = str_hex(name[i]);
        if (digit < 0)
            return -EINVAL;
        first = first << 4 | (unsigned)digit;
    }
    *out = first;
    return 0;
}

/* ---- records */

#define HASHED 16 /* bytes of a head, before its hash */

static uint64_t hash_of(uint64_t salt, const void *head, struct str rows)
{
    return XXH3_64bits_withSeed(rows.at, rows.len, XXH3_64bits_withSeed(head, HASHED, salt));
}

void record_write(uint8_t out[RECORD_HEAD], uint64_t salt, uint64_t number, struct str rows)
{
    put_magic(out, RECORD_MAGIC);
    put_le(out + 4, rows.len, 4);
    put_le(out + 8, number, 8);
    put_le(out + HASHED, hash_of(salt, out, rows), 8);
}

bool record_read(struct str bytes, uint64_t salt, uint64_t *out_number, struct str *out_rows)
{
    uint64_t len, number, hash;
    struct str rest = str_from(bytes, 4);
    if (!str_starts(bytes, RECORD_MAGIC) || !str_take_le(&rest, 4, &len) ||
        !str_take_le(&rest, 8, &number) || !str_take_le(&rest, 8, &hash) || len > rest.len)
        return false;
    *out_rows = str_upto(rest, len);
    *out_number = number;
    return hash_of(salt, bytes.at, *out_rows) == hash;
}
