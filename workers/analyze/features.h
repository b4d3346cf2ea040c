/*
 * Hashed features of a text: what the linear models see.
 *
 * A text is first made plain: letters in lower case, marks kept, digits as '0' or dropped, every
 * run of anything else as one blank, so that capitals, markup remains and punctuation carry
 * nothing. Features are counted in 2^bits buckets (the hashing trick, Weinberger et al. 2009); a
 * bucket's value is the root of its count, times its idf where the model has one, and the whole
 * vector has length 1.
 *
 * A model's recipe says which features were used in training; the same code makes them there and in
 * the workers.
 */
#ifndef DATELINE_FEATURES_H
#define DATELINE_FEATURES_H

#include "str.h"

#define FEATURES_BITS_MIN 8
#define FEATURES_BITS_MAX 20
#define FEATURES_GRAM_MAX 7 /* bytes of an n-gram: with its length it fits 64 bits */

enum features_kind {
    FEATURES_WORDS = 1, /* words, and byte n-grams within blank-padded words; digits are '0' */
    FEATURES_BYTES = 2  /* byte n-grams across words; digits are dropped */
};

struct features_recipe {
    uint32_t kind;               /* enum features_kind */
    uint32_t bits;               /* buckets are 2^bits */
    uint32_t gram_min, gram_max; /* bytes of an n-gram */
    uint32_t word_weight; /* count of a word, in quarters of an n-gram's; 0 leaves words out */
    uint32_t text_max;    /* bytes of plain text that are read, the rest is ignored */
};

struct feature {
    uint32_t bucket;
    float value;
};

/* True when every number is one that this code can work with. */
bool features_recipe_valid(const struct features_recipe *recipe);

struct features; /* a workspace, one thread's */

/* recipe must be valid. */
struct features *features_new(const struct features_recipe *recipe);
void features_free(struct features *f);
/* Counts the features of a text (valid UTF-8) on top of those counted since the last
 * features_take(). */
void features_add(struct features *f, struct str text);
/* The vector of all that was added, in order of first occurrence, and starts anew. `idf` holds a
 * byte a bucket (see linear.h) or is NULL. The vector lives until the next features_add(). */
size_t features_take(struct features *f, const uint8_t *idf, const struct feature **out);

/* Appends the plain form of `text` to `out`: at most `max` bytes, starting and ending with a blank
 * when there is a letter. */
void features_plain(enum features_kind kind, struct str text, size_t max, struct buf *out);

#endif
