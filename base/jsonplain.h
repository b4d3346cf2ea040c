/*
 * What stands in a JSON string as it is: all but quotes, backslashes and control characters (RFC 8259,
 * section 7). Nearly every byte of nearly every text does, so a block of them is looked at at once, by
 * the vectors that gcc and clang make of every processor's.
 */
#ifndef DATELINE_JSONPLAIN_H
#define DATELINE_JSONPLAIN_H

#include "str.h"

static inline bool jsonplain(char c)
{
    return (unsigned char)c >= ' ' && c != '"' && c != '\\';
}

#define JSONPLAIN_BLOCK 16
typedef unsigned char jsonplain_block __attribute__((vector_size(JSONPLAIN_BLOCK)));

/* Whether all of a block are. */
static inline bool jsonplain_all(const char *at)
{
    jsonplain_block block;
    uint64_t found[2];
    memcpy(&block, at, sizeof block);
    jsonplain_block special = (jsonplain_block)((block < ' ') | (block == '"') | (block == '\\'));
    memcpy(found, &special, sizeof found);
    return !(found[0] | found[1]);
}

/* How many bytes of `text` are plain, up to the first that is not. */
static inline size_t jsonplain_run(struct str text)
{
    size_t at = 0;
    while (at + JSONPLAIN_BLOCK <= text.len && jsonplain_all(text.at + at))
        at += JSONPLAIN_BLOCK;
    while (at < text.len && jsonplain(text.at[at]))
        at++;
    return at;
}

#endif
