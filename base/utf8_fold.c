/*
 * "The same text": NFKC, case folded, words with one blank between them. Nearly every character of
 * nearly every text folds by itself, so what each one gives is remembered in a table; a text with one
 * in it that its neighbours may change (a combining mark, a Hangul jamo: they compose) is left to
 * utf8proc as a whole, which takes twenty times as long.
 */
#include "utf8.h"

#include <stdlib.h>
#include <utf8proc.h>

#include "utf8_words.h"

/* What a character of the first plane gives. Beside these, the one code point that it becomes: a
 * letter or a digit, so none is as low as they are. */
enum { FOLD_UNKNOWN, FOLD_BREAK, FOLD_NOTHING, FOLD_SEVERAL, FOLD_WHOLE, FOLD_POINTS };

static uint16_t table[0x10000]; /* filled as characters come; FOLD_UNKNOWN at first */

static utf8proc_ssize_t map(struct str s, utf8proc_uint8_t **out)
{
    return utf8proc_map((const utf8proc_uint8_t *)s.at, (utf8proc_ssize_t)s.len, out,
                        UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD |
                            UTF8PROC_IGNORE);
}

static void put_folded(struct words *words, struct str s)
{
    for (size_t at = 0; at < s.len;) {
        size_t from = at;
        if (utf8_alnum(utf8_next(s, &at))) /* and marks, which belong to the letter before them */
            words_put(words, s.at + from, at - from);
        else
            words_break(words);
    }
}

#define MARKS_MOST 30 /* on one letter: as in Stream-Safe Text, UAX #15 */

/* How many marks stand at the end of a text that had `run` there and goes on with this point. */
static size_t marks_after(uint32_t point, size_t run)
{
    utf8proc_int32_t parts[32] = {0};
    int boundary = 0;
    if (point < 0x300 && point != 0xad) /* the soft hyphen is ignored, the others are letters */
        return 0;
    utf8proc_ssize_t n = utf8proc_decompose_char(
        (utf8proc_int32_t)point, parts, ARRAY_LEN(parts),
        UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD | UTF8PROC_IGNORE, &boundary);
    for (utf8proc_ssize_t i = 0; i < n && i < (utf8proc_ssize_t)ARRAY_LEN(parts); i++)
        run = utf8proc_get_property(parts[i])->combining_class ? run + 1 : 0;
    return run;
}

/* Up to the mark that is one too many. utf8proc puts marks in order in time that grows with the square
 * of how many there are: two megabytes of them, and the loop would stand still for an hour. */
static struct str take_piece(struct str *rest)
{
    size_t run = 0, at = 0, from = 0;
    while (at < rest->len && run <= MARKS_MOST) {
        from = at;
        run = marks_after(utf8_next(*rest, &at), run);
    }
    size_t end = run > MARKS_MOST && from > 0 ? from : at;
    struct str piece = str_upto(*rest, end);
    *rest = str_from(*rest, end);
    return piece;
}

/* An ill-formed text is compared as it stands. */
static void fold_by_utf8proc(struct words *words, struct str s)
{
    while (s.len > 0) {
        utf8proc_uint8_t *folded = NULL;
        struct str piece = take_piece(&s);
        utf8proc_ssize_t n = map(piece, &folded);
        put_folded(words, n < 0 ? piece : (struct str){(const char *)folded, (size_t)n});
        free(folded);
    }
}

/* It may change with what stands beside it. */
static bool composes(uint32_t point)
{
    const utf8proc_property_t *property = utf8proc_get_property((utf8proc_int32_t)point);
    utf8proc_category_t category = utf8proc_category((utf8proc_int32_t)point);
    return property->combining_class != 0 ||
           (category >= UTF8PROC_CATEGORY_MN && category <= UTF8PROC_CATEGORY_ME) ||
           (point >= 0x1100 && point < 0x1200) || point == 0xfffd;
}

static uint16_t classify(struct str folded)
{
    uint32_t point = 0;
    size_t points = 0, letters = 0;
    for (size_t at = 0; at < folded.len; points++) {
        point = utf8_next(folded, &at);
        if (composes(point))
            return FOLD_WHOLE;
        letters += utf8_alnum(point);
    }
    if (points == 0)
        return FOLD_NOTHING;
    if (letters == 0)
        return FOLD_BREAK;
    return points == 1 && point <= UINT16_MAX ? (uint16_t)point : FOLD_SEVERAL;
}

static uint16_t fold_of(uint32_t point, struct str bytes)
{
    if (point > UINT16_MAX)
        return composes(point) ? FOLD_WHOLE : FOLD_SEVERAL;
    if (table[point] != FOLD_UNKNOWN)
        return table[point];
    utf8proc_uint8_t *folded = NULL;
    utf8proc_ssize_t n = map(bytes, &folded);
    uint16_t fold = n < 0 || composes(point)
                        ? FOLD_WHOLE
                        : classify((struct str){(const char *)folded, (size_t)n});
    free(folded);
    table[point] = fold;
    return fold;
}

static void put_point(struct words *words, uint16_t point)
{
    char bytes[3];
    size_t len = 0;
    if (point < 0x80) {
        bytes[len++] = (char)point;
    } else if (point < 0x800) {
        bytes[len++] = (char)(0xc0 | point >> 6);
        bytes[len++] = (char)(0x80 | (point & 0x3f));
    } else {
        bytes[len++] = (char)(0xe0 | point >> 12);
        bytes[len++] = (char)(0x80 | (point >> 6 & 0x3f));
        bytes[len++] = (char)(0x80 | (point & 0x3f));
    }
    words_put(words, bytes, len);
}

static struct words_eight fold_eight(uint64_t word)
{
    uint64_t lower = word | WORDS_EACH(0x20);
    uint64_t kept = words_between(lower, 'a', 'z') | words_between(word, '0', '9');
    uint64_t ones = (kept >> 7) * 0xff;
    return (struct words_eight){(lower & ones) | (WORDS_EACH(' ') & ~ones), ~kept & WORDS_TOP};
}

/* False when it has to be left to utf8proc as a whole. */
static bool fold_by_table(struct words *words, struct str s)
{
    for (size_t at = 0, from; at < s.len;) {
        if (!(s.at[at] & 0x80)) {
            at = words_ascii(words, s, at, fold_eight);
            continue;
        }
        from = at;
        uint32_t point = utf8_next(s, &at);
        struct str bytes = {s.at + from, at - from};
        uint16_t fold = fold_of(point, bytes);
        if (fold >= FOLD_POINTS)
            put_point(words, fold);
        else if (fold == FOLD_BREAK)
            words_break(words);
        else if (fold == FOLD_SEVERAL)
            fold_by_utf8proc(words, bytes);
        else if (fold == FOLD_WHOLE)
            return false;
    }
    return true;
}

void utf8_fold(struct str s, struct buf *out)
{
    struct words words = {.out = out};
    size_t before = out->len;
    if (fold_by_table(&words, s))
        return;
    out->len = before;
    words = (struct words){.out = out};
    fold_by_utf8proc(&words, s);
}
