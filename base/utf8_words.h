/* Words with one blank between them, for utf8_fold() and utf8_squash(): what they share. */
#ifndef DATELINE_UTF8_WORDS_H
#define DATELINE_UTF8_WORDS_H

#include <endian.h>

#include "str.h"

/* `pending`: a blank is due before the next word. */
struct words {
    struct buf *out;
    bool pending, begun;
};

static inline void words_break(struct words *words)
{
    words->pending = words->begun;
}

static inline void words_put(struct words *words, const char *bytes, size_t len)
{
    if (words->pending)
        buf_putc(words->out, ' ');
    buf_put(words->out, bytes, len);
    words->pending = false;
    words->begun = true;
}

/* ---- ASCII: eight bytes at once
 *
 * Words are short, so a branch at each of their ends would be guessed wrongly. A byte between words is
 * written as a blank, which is right unless another blank stands before it: those alone stop the run. */

#define WORDS_EACH(byte) (0x0101010101010101ULL * (byte))
#define WORDS_TOP        WORDS_EACH(0x80)

/* Eight bytes as they come out, and the top bit of each that is a break. */
struct words_eight {
    uint64_t out, breaks;
};

/* The top bit of each byte that lies between two of ASCII; right up to the first byte that is not. */
static inline uint64_t words_between(uint64_t word, unsigned char first, unsigned char last)
{
    return (word + WORDS_EACH(0x80U - first)) & ~(word + WORDS_EACH(0x7fU - last)) & WORDS_TOP;
}

/* Eight bytes, or what is left of them, the first in the lowest place. What fills up is not ASCII. */
static inline uint64_t words_take(const char *at, size_t left)
{
    uint64_t word = WORDS_TOP;
    if (left >= sizeof word)
        memcpy(&word, at, sizeof word);
    else
        memcpy(&word, at, left);
    return le64toh(word);
}

/* Up to the next byte that is not ASCII; gives where that is. A blank that is due is written at once, and
 * taken back when nothing follows. What is written too much is written over. */
static inline __attribute__((always_inline)) size_t
words_ascii(struct words *words, struct str s, size_t at, struct words_eight (*see)(uint64_t))
{
    struct buf *out = words->out;
    buf_reserve(out, s.len - at + 1 + sizeof(uint64_t));
    char *from = out->at + out->len, *to = from;
    uint64_t after_break = words->pending || !words->begun ? 0x80 : 0;
    if (words->pending)
        *to++ = ' ';
    while (at < s.len) {
        uint64_t word = words_take(s.at + at, s.len - at);
        struct words_eight eight = see(word);
        uint64_t bytes = htole64(eight.out);
        uint64_t stops = (word & WORDS_TOP) | (eight.breaks & (eight.breaks << 8 | after_break));
        memcpy(to, &bytes, sizeof bytes);
        size_t run = stops ? (size_t)__builtin_ctzll(stops) / 8 : sizeof bytes;
        to += run;
        at += run;
        if (run)
            after_break = eight.breaks >> (8 * run - 8) & 0x80;
        if (!stops)
            continue;
        if (at == s.len || s.at[at] & 0x80)
            break;
        at++; /* a break behind another */
        after_break = 0x80;
    }
    words->begun = words->begun || to > from;
    words->pending = words->begun && after_break;
    out->len = (size_t)(to - out->at) - words->pending;
    return at;
}

#endif
