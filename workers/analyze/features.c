#include "features.h"

#include <assert.h>
#include <math.h>
#include <utf8proc.h>
#include <xxhash.h>

#include "utf8.h"

#define GOLDEN    0x9E3779B97F4A7C15ULL
#define GRAM_UNIT 4U /* counts are kept in quarters, so that words may weigh another amount */

struct features {
    struct features_recipe recipe;
    struct buf plain;
    size_t read;             /* bytes of plain text since the last take */
    uint32_t *count;         /* a bucket's, in quarters */
    struct feature *touched; /* one a bucket that is not zero */
    size_t touched_count;
};

bool features_recipe_valid(const struct features_recipe *r)
{
    return (r->kind == FEATURES_WORDS || r->kind == FEATURES_BYTES) &&
           r->bits >= FEATURES_BITS_MIN && r->bits <= FEATURES_BITS_MAX && r->gram_min >= 1 &&
           r->gram_min <= r->gram_max && r->gram_max <= FEATURES_GRAM_MAX && r->word_weight <= 64 &&
           r->text_max >= 16 && r->text_max <= 65536;
}

struct features *features_new(const struct features_recipe *recipe)
{
    assert(features_recipe_valid(recipe));
    struct features *f = xcalloc(1, sizeof(*f));
    f->recipe = *recipe;
    f->count = xcalloc((size_t)1 << recipe->bits, sizeof(*f->count));
    f->touched = xcalloc((size_t)1 << recipe->bits, sizeof(*f->touched));
    return f;
}

void features_free(struct features *f)
{
    if (!f)
        return;
    buf_free(&f->plain);
    free(f->count);
    free(f->touched);
    free(f);
}

/* -------------------------------------------------------------------------------- plain text */

enum plain { PLAIN_LETTER, PLAIN_DIGIT, PLAIN_NOTHING, PLAIN_GAP };

static enum plain plain_class(uint32_t point)
{
    switch ((int)utf8proc_category((utf8proc_int32_t)point)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
        return PLAIN_LETTER;
    case UTF8PROC_CATEGORY_ND:
        return PLAIN_DIGIT;
    case UTF8PROC_CATEGORY_CF: /* joiners, soft hyphens, marks of direction: inside words */
        return PLAIN_NOTHING;
    default:
        return PLAIN_GAP;
    }
}

static void put_plain(enum features_kind kind, uint32_t point, struct buf *out)
{
    enum plain class = PLAIN_GAP;
    if (point < 0x80) {
        if ((point | 0x20) >= 'a' && (point | 0x20) <= 'z') {
            buf_putc(out, (char)(point | 0x20));
            return;
        }
        if (point >= '0' && point <= '9')
            class = PLAIN_DIGIT;
    } else {
        class = plain_class(point);
    }
    if (class == PLAIN_LETTER)
        utf8_put(out, (uint32_t)utf8proc_tolower((utf8proc_int32_t)point));
    else if (class == PLAIN_DIGIT && kind == FEATURES_WORDS)
        buf_putc(out, '0');
    else if (class != PLAIN_NOTHING && out->at[out->len - 1] != ' ')
        buf_putc(out, ' ');
}

void features_plain(enum features_kind kind, struct str text, size_t max, struct buf *out)
{
    size_t start = out->len;
    buf_putc(out, ' ');
    for (size_t at = 0; at < text.len && out->len - start + 8 < max;)
        put_plain(kind, utf8_next(text, &at), out);
    if (out->len == start + 1)
        out->len = start;
    else if (out->at[out->len - 1] != ' ')
        buf_putc(out, ' ');
}

/* ---------------------------------------------------------------------------------- counting */

static void count(struct features *f, uint64_t hash, uint32_t weight)
{
    uint32_t bucket = (uint32_t)(hash >> (64 - f->recipe.bits));
    if (f->count[bucket] == 0)
        f->touched[f->touched_count++].bucket = bucket;
    f->count[bucket] += weight;
}

/* An n-gram is its own bytes and its length, in one number. */
static uint64_t gram_hash(const char *at, uint32_t len)
{
    uint64_t gram = 0;
    for (uint32_t i = 0; i < len; i++)
        gram = gram << 8 | (uint8_t)at[i];
    gram = (gram | (uint64_t)len << 56) * GOLDEN;
    return (gram ^ gram >> 32) * GOLDEN;
}

static void count_grams(struct features *f, struct str text)
{
    for (size_t at = 0; at < text.len; at++) {
        for (uint32_t n = f->recipe.gram_min; n <= f->recipe.gram_max && at + n <= text.len; n++)
            count(f, gram_hash(text.at + at, n), GRAM_UNIT);
    }
}

static void count_words(struct features *f, struct str text)
{
    for (size_t start = 1; start < text.len;) { /* text starts and ends with a blank */
        size_t end = start;
        while (text.at[end] != ' ')
            end++;
        if (f->recipe.word_weight > 0)
            count(f, XXH3_64bits(text.at + start, end - start), f->recipe.word_weight);
        count_grams(f, (struct str){text.at + start - 1, end - start + 2});
        start = end + 1;
    }
}

void features_add(struct features *f, struct str text)
{
    if (f->read >= f->recipe.text_max)
        return;
    buf_reset(&f->plain);
    features_plain((enum features_kind)f->recipe.kind, text, f->recipe.text_max - f->read,
                   &f->plain);
    f->read += f->plain.len;
    if (f->recipe.kind == FEATURES_WORDS)
        count_words(f, buf_str(&f->plain));
    else
        count_grams(f, buf_str(&f->plain));
}

size_t features_take(struct features *f, const uint8_t *idf, const struct feature **out)
{
    float squares = 0;
    for (size_t i = 0; i < f->touched_count; i++) {
        struct feature *t = &f->touched[i];
        t->value = sqrtf((float)f->count[t->bucket]);
        if (idf)
            t->value *= (float)idf[t->bucket];
        squares += t->value * t->value;
        f->count[t->bucket] = 0;
    }
    float unit = squares > 0 ? 1 / sqrtf(squares) : 0;
    for (size_t i = 0; i < f->touched_count; i++)
        f->touched[i].value *= unit;
    size_t taken = f->touched_count;
    f->touched_count = 0;
    f->read = 0;
    *out = f->touched;
    return taken;
}
