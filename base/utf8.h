/*
 * UTF-8. Bytes from outside are made valid once, where they are decoded; everything behind that
 * may rely on it. Offsets and lengths are bytes unless the name says points (Unicode code points).
 */
#ifndef DATELINE_UTF8_H
#define DATELINE_UTF8_H

#include "str.h"

/* Well-formed after Unicode 15, table 3-7: no surrogates, no overlong forms, nothing above U+10FFFF. */
bool utf8_valid(struct str s);
/* How many bytes of ASCII s begins with. */
size_t utf8_ascii(struct str s);
/* Appends s with each maximal ill-formed part replaced by U+FFFD; NUL is ill-formed here. */
void utf8_repair(struct str s, struct buf *out);
/* The code point at s.at[*at], which advances; U+FFFD and one byte on when ill-formed. *at < s.len. */
uint32_t utf8_next(struct str s, size_t *at);
void utf8_put(struct buf *out, uint32_t point);
size_t utf8_points(struct str s);
/* Byte offset of the n-th code point, s.len when there are fewer. */
size_t utf8_offset(struct str s, size_t points);
/* The longest prefix of at most `max` bytes that ends between characters. */
struct str utf8_upto(struct str s, size_t max);
/* White space of any script (Unicode White_Space, and the zero-width space). */
bool utf8_space(uint32_t point);
/* Letters and digits of any script. */
bool utf8_alnum(uint32_t point);
bool utf8_upper(uint32_t point);
/* Without white space at both ends, any script's. */
struct str utf8_trim(struct str s);
/* Words, counted up to `enough`; in scripts without blanks between words each character counts. */
size_t utf8_words(struct str s, size_t enough);
/* Appends s with every run of white space as one blank and none at the ends. */
void utf8_squash(struct str s, struct buf *out);
/* NFKC, case folded, runs of anything but letters and digits as one blank: what "the same text" is
 * compared by. Appends. */
void utf8_fold(struct str s, struct buf *out);

#endif
