/*
 * What stands in a JSON string as it is: all but quotes, backslashes and control characters (RFC 8259,
 * section 7). Nearly every byte of nearly every text does, so eight are looked at at once.
 */
#ifndef DATELINE_JSONPLAIN_H
#define DATELINE_JSONPLAIN_H

#include "str.h"

static inline bool jsonplain(char c)
{
    return (unsigned char)c >= ' ' && c != '"' && c != '\\';
}

#define JSONPLAIN_EACH(byte) (0x0101010101010101ULL * (byte))

/* Some byte of the word is below n (n <= 128), with the false alarms of its upper neighbours at most:
 * Hacker's Delight, section 6-1. */
static inline uint64_t jsonplain_below(uint64_t word, uint64_t n)
{
    return (word - JSONPLAIN_EACH(n)) & ~word & JSONPLAIN_EACH(0x80);
}

/* Whether all eight bytes are plain. */
static inline bool jsonplain_word(uint64_t word)
{
    return !(jsonplain_below(word, ' ') | jsonplain_below(word ^ JSONPLAIN_EACH('"'), 1) |
             jsonplain_below(word ^ JSONPLAIN_EACH('\\'), 1));
}

/* How many bytes of `text` are plain, up to the first that is not. */
static inline size_t jsonplain_run(struct str text)
{
    size_t at = 0;
    for (uint64_t word; at + sizeof word <= text.len; at += sizeof word) {
        memcpy(&word, text.at + at, sizeof word);
        if (!jsonplain_word(word))
            break;
    }
    while (at < text.len && jsonplain(text.at[at]))
        at++;
    return at;
}

#endif
