#include "hints.h"

#include "hint_words.h"

#include <xxhash.h>

#define WORD_MAX      24
#define ANCHOR_JOINTS 4
#define NAME_MAX      512 /* utility classes go on for long, names of things come first */

/* Words begin alike when their first two letters are equal: a handful of entries each. Where those of
 * each pair begin is found out once. */
enum { LETTERS = 26, PAIRS = LETTERS * LETTERS };

static size_t pair_of(const char *word)
{
    size_t first = (unsigned char)word[0] - 'a', second = (unsigned char)word[1] - 'a';
    return first < LETTERS && second < LETTERS ? first * LETTERS + second : PAIRS;
}

static const uint16_t *pairs(void)
{
    static uint16_t begin[PAIRS + 1];
    if (begin[PAIRS])
        return begin;
    for (size_t pair = 0, i = 0; pair <= PAIRS; pair++) {
        while (i < HINT_WORD_COUNT && pair_of(HINT_WORDS[i].word) < pair)
            i++;
        begin[pair] = (uint16_t)i;
    }
    return begin;
}

static unsigned look_up(const char *word, size_t len)
{
    unsigned hints = 0;
    size_t pair = len < 2 ? PAIRS : pair_of(word);
    if (pair == PAIRS)
        return 0;
    const uint16_t *begin = pairs();
    for (size_t i = begin[pair]; i < begin[pair + 1]; i++) {
        size_t n = HINT_WORDS[i].len;
        if (n > len || HINT_WORDS[i].word[n - 1] != word[n - 1] ||
            memcmp(HINT_WORDS[i].word, word, n) != 0)
            continue;
        if (n == len ||
            (HINT_WORDS[i].hints & HINT_WORD_PREFIX && !(len == n + 1 && word[n] == 'd')))
            hints |= HINT_WORDS[i].hints;
    }
    return hints & ~(unsigned)HINT_WORD_PREFIX;
}

/* In lower case; 0 when it belongs to no word. */
static char word_byte(char c)
{
    char low = (char)(c | 0x20);
    if (low >= 'a' && low <= 'z')
        return low;
    return c >= '0' && c <= '9' ? c : '\0';
}

/* Takes the next word off *rest, lower-cased, cut at WORD_MAX; its length, 0 at the end. */
static size_t next_word(struct str *rest, char out[WORD_MAX])
{
    size_t i = 0, n = 0;
    bool capital = true; /* the one before was */
    while (i < rest->len && !word_byte(rest->at[i]))
        i++;
    for (char low; i < rest->len && (low = word_byte(rest->at[i])) != 0; i++) {
        if (low != rest->at[i] && !capital)
            break; /* camelCase */
        capital = low != rest->at[i];
        if (n < WORD_MAX)
            out[n++] = low;
    }
    *rest = str_from(*rest, i);
    return n;
}

unsigned hints_of_name(struct str name)
{
    unsigned hints = 0;
    char words[NAME_MAX + WORD_MAX]; /* one behind the other, so that two are there joined, too */
    size_t len = 0, before = 0, n;
    name = str_upto(name, NAME_MAX);
    while ((n = next_word(&name, words + len)) != 0) {
        hints |= look_up(words + len, n);
        if (before)
            hints |= look_up(words + len - before, before + n);
        len += n;
        before = n;
    }
    return hints;
}

static unsigned hints_of_role(struct str role)
{
    static const char *const CHROME[] = {"navigation", "complementary", "contentinfo", "banner",
                                         "search",     "dialog",        "alertdialog", "menu",
                                         "menubar",    "toolbar",       "tooltip"};
    for (size_t i = 0; i < ARRAY_LEN(CHROME); i++)
        if (str_isi(role, CHROME[i]))
            return HINT_CHROME | HINT_NAV;
    return str_isi(role, "main") ? HINT_CONTENT : 0;
}

static unsigned recall_name(struct hints_memo *memo, struct str name)
{
    if (!memo)
        return hints_of_name(name);
    if (name.len == 0)
        return 0;
    size_t slot = XXH3_64bits(name.at, name.len) % HINTS_KNOWN;
    if (!str_eq(memo->known[slot].name, name)) {
        memo->known[slot].name = name;
        memo->known[slot].hints = hints_of_name(name);
    }
    return memo->known[slot].hints;
}

/* Headings and what stands below them get ids made of their words: "how-to-share-a-subscription". */
static bool is_anchor(const struct html_node *node, struct str id)
{
    unsigned joints = 0;
    for (size_t i = 0; i < id.len; i++)
        joints += id.at[i] == '-' || id.at[i] == '_';
    return html_is_heading(node->tag) || joints >= ANCHOR_JOINTS;
}

unsigned hints_recall(struct hints_memo *memo, const struct html *html, size_t node)
{
    const struct html_node *n = &html->nodes[node];
    unsigned hints = 0;
    for (size_t i = 0; i < n->attr_count; i++) {
        const struct html_value *a = &html->attrs[n->attrs + i];
        if (a->name == HTML_ATTR_CLASS || (a->name == HTML_ATTR_ID && !is_anchor(n, a->value)))
            hints |= recall_name(memo, a->value);
        else if (a->name == HTML_ATTR_ROLE)
            hints |= hints_of_role(a->value);
        else if (a->name == HTML_ATTR_ITEMPROP && str_isi(str_trim(a->value), "articleBody"))
            hints |= HINT_BODY;
    }
    if (n->tag == HTML_ARTICLE || n->tag == HTML_MAIN) /* their classes list tags and categories */
        hints = (hints & (HINT_BODY | HINT_CONTENT)) | HINT_CONTENT;
    return hints;
}

unsigned hints_of(const struct html *html, size_t node)
{
    return hints_recall(NULL, html, node);
}

bool hints_sorted(void)
{
    for (size_t i = 1; i < HINT_WORD_COUNT; i++)
        if (strcmp(HINT_WORDS[i - 1].word, HINT_WORDS[i].word) >= 0)
            return false;
    return true;
}
