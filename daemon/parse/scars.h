/*
 * UTF-8 with a few bytes in it that are none: a name pasted from a windows-1252 page, a text cut within a
 * character, a character written as two halves of a pair. What is clear is mended, the rest becomes U+FFFD.
 */
#ifndef DATELINE_SCARS_H
#define DATELINE_SCARS_H

#include "str.h"

/* Appends valid UTF-8 without NUL. */
void scars_mend(struct str text, struct buf *out);
/* Whether s begins with two surrogates of a pair, three bytes each (CESU-8); *point is what they mean. */
bool scars_is_pair(struct str s, uint32_t *point);

#endif
