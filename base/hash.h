/* uthash with xxhash: its own function is slower, and its fall-through is an error with clang; and with our
 * malloc, because it would exit(-1) without a word. Whoever includes uthash.h includes this instead. */
#ifndef DATELINE_HASH_H
#define DATELINE_HASH_H

#include <xxhash.h>

#include "str.h"

#define uthash_malloc(size)           xmalloc(size)
#define HASH_FUNCTION(key, len, hash) (hash) = (unsigned)XXH3_64bits(key, len)
#include <uthash.h>

#ifdef __clang_analyzer__ /* as in list.h: nothing is known of a head behind a deletion */
void *hash_unknown(void *was);
#undef HASH_DELETE
#define HASH_DELETE(hh, head, del) ((head) = hash_unknown(del))
#endif

#endif
