#include "nametable.h"

#include <assert.h>
#include <strings.h>

enum { WORD = sizeof(uint64_t) };

/* `bytes`, 'A' to 'Z' in lower case. */
static uint64_t lower(uint64_t bytes)
{
    const uint64_t each = 0x0101010101010101ULL, low = bytes & each * 0x7f;
    uint64_t upper = (low + each * (0x80 - 'A')) & ~(low + each * (0x7f - 'Z')) & ~bytes;
    return bytes | (upper & each * 0x80) >> 2;
}

/* The first eight bytes of a name; of shorter ones all, some of them twice. Different for different
 * names of the same length. */
static uint64_t key_of(struct str name)
{
    uint64_t key = 0;
    uint32_t head = 0, tail = 0;
    if (name.len >= WORD) {
        memcpy(&key, name.at, WORD);
    } else if (name.len >= sizeof head) {
        memcpy(&head, name.at, sizeof head);
        memcpy(&tail, name.at + name.len - sizeof tail, sizeof tail);
        key = head | (uint64_t)tail << 32;
    } else {
        key = (unsigned char)name.at[0] | (uint64_t)(unsigned char)name.at[name.len / 2] << 8 |
              (uint64_t)(unsigned char)name.at[name.len - 1] << 16;
    }
    return lower(key);
}

static struct str name_of(const struct nametable *table, size_t row)
{
    struct str name;
    memcpy(&name, (const char *)table->rows + row * table->size, sizeof name);
    return name;
}

static void prepare(struct nametable *table)
{
    assert(table->count <= NAMETABLE_MOST);
    for (size_t i = 0; i < table->count; i++)
        table->keys[i] = key_of(name_of(table, i));
    for (size_t letter = 0, i = 0; letter <= NAMETABLE_LETTERS; letter++) {
        while (i < table->count && name_of(table, i).at[0] < (char)('a' + letter))
            i++;
        table->first[letter] = (uint8_t)i;
    }
    table->ready = true;
}

int nametable_find(struct nametable *table, struct str name)
{
    size_t letter = name.len ? (size_t)((unsigned char)name.at[0] | 0x20) - 'a' : SIZE_MAX;
    if (letter >= NAMETABLE_LETTERS)
        return -1;
    if (!table->ready)
        prepare(table);
    size_t i = table->first[letter], end = table->first[letter + 1];
    if (i == end)
        return -1;
    for (uint64_t key = key_of(name); i < end; i++) {
        if (table->keys[i] != key)
            continue;
        struct str known = name_of(table, i);
        if (known.len == name.len &&
            (name.len <= WORD || str_eqi(str_from(known, WORD), str_from(name, WORD))))
            return (int)i;
    }
    return -1;
}
