#include "blocks.h"

#include "chrome.h"
#include "date.h"
#include "dateline.h"
#include "limits.h"
#include "utf8.h"

#define AUTHOR_MAX  1200        /* letters about the author */
#define LEAD_BLOCKS 24          /* between the headline and the story */
#define LEAD_BEGIN  40          /* letters of a lead that are looked for in the story */
#define TOP_BLOCKS  12          /* above the story */
#define SAID_MIN    250         /* bytes of a text in the metadata that is more than a teaser */
#define SAID_WORK   (32u << 20) /* bytes that are searched at most: its length for each block */
#define REPEAT_MAX  2048        /* bytes of one */
#define REPEATS_MAX 32          /* quotations that are looked for in the text */
#define HOLDER_MAX  32768       /* bytes of a block that they are looked for in */

static uint32_t last_point(struct str s)
{
    size_t at = s.len;
    while (at && ((unsigned char)s.at[--at] & 0xc0) == 0x80)
        ;
    return s.len ? utf8_next(s, &at) : 0;
}

/* Full stops, questions, colons and closing quotes of any script. */
static bool ends_sentence(struct str s)
{
    switch (last_point(s)) {
    case '.':
    case '!':
    case '?':
    case ':':
    case ';':
    case ')':
    case '"':
    case 0x2026: /* … */
    case 0x201c: /* “, which closes in German */
    case 0x201d: /* ” */
    case 0xbb:   /* » */
    case 0xab:   /* «, which closes in German and Danish */
    case 0x3002: /* 。 */
    case 0xff0e: /* ． */
    case 0xff01: /* ！ */
    case 0xff1f: /* ？ */
    case 0xff1a: /* ： */
    case 0xff1b: /* ； */
    case 0xff09: /* ） */
    case 0x300d: /* 」 */
    case 0x300f: /* 』 */
    case 0x61f:  /* ؟ */
    case 0x61b:  /* ؛ */
    case 0x6d4:  /* ۔ */
    case 0x964:  /* । */
    case 0x37e:  /* Greek ; */
        return true;
    default:
        return false;
    }
}

/* The last headline of the page above the story. */
static size_t headline_above(const struct html *html, size_t root)
{
    for (size_t i = root; i > 0; i--)
        if (html->nodes[i].tag == HTML_H1 && html->nodes[i].end <= root)
            return i;
    return 0;
}

/* Does the page give this text as its description? The item has it then. */
static bool is_summary(const struct writer *w, const struct block *block)
{
    struct buf a = BUF_NONE, b = BUF_NONE;
    utf8_fold(block_text(w, block), &a);
    utf8_fold(w->known.summary, &b);
    struct str x = buf_str(&a), y = utf8_upto(buf_str(&b), 60);
    bool same = y.len >= 20 && str_starts(x, y);
    buf_free(&a);
    buf_free(&b);
    return same;
}

/* Inside what is named after authors, dates and the like: a few lines about who wrote it. */
static bool is_about_author(const struct writer *w, size_t node)
{
    for (unsigned up = 0; node && up < 6; up++, node = w->html->nodes[node].parent)
        if (w->weights[node].hints & HINT_SHORT)
            return w->weights[node].text < AUTHOR_MAX &&
                   w->weights[node].text * 8 < w->weights[w->root].text;
    return false;
}

static bool is_in_root(const struct writer *w, struct str text)
{
    for (size_t i = w->root; i < w->html->nodes[w->root].end; i++)
        if (w->html->nodes[i].tag == HTML_TEXT &&
            str_find(w->html->nodes[i].text, text) != SIZE_MAX)
            return true;
    return false;
}

/* One block alone between headline and story: a long paragraph, a dateline's, or sentences that the
 * story does not say again. */
static bool is_lone_lead(const struct writer *w, const struct block *block)
{
    struct str text = block_text(w, block);
    struct dateline dateline;
    if (block->size >= 160 && w->html->nodes[block->node].tag == HTML_P)
        return true;
    if (dateline_find(text, 0, &dateline) && dateline.at == 0 && dateline.len < text.len)
        return true;
    return chrome_is_said(text) && !is_in_root(w, utf8_upto(text, LEAD_BEGIN));
}

/* The standfirst, and whatever else of the story stands between its headline and its own element: often
 * in a box with the headline and the picture. Only what reads like text. */
void judge_lead(struct writer *w)
{
    size_t h1 = headline_above(w->html, w->root), kept = 0;
    if (!h1)
        return;
    blocks_read(w, w->html->nodes[h1].end, w->root);
    for (size_t i = 0; i < w->count && i < LEAD_BLOCKS; i++) {
        struct block block = w->blocks[i];
        bool text = block.kind == KIND_TEXT && block.size >= (kept ? 80 : 50) &&
                    !is_about_author(w, block.node) && block.links * 4 < block.size;
        if (text && (block.size >= 80 || ends_sentence(block_text(w, &block))))
            w->blocks[kept++] = block;
    }
    w->count = kept;
    if (kept == 1 && (is_summary(w, &w->blocks[0]) || !is_lone_lead(w, &w->blocks[0])))
        w->count = 0;
}

static bool same_words(struct str a, struct str b)
{
    struct buf x = BUF_NONE, y = BUF_NONE;
    utf8_fold(a, &x);
    utf8_fold(b, &y);
    bool same = x.len && str_eq(buf_str(&x), buf_str(&y));
    buf_free(&x);
    buf_free(&y);
    return same;
}

/* Nothing but links to elsewhere, apart from an arrow or a dash. */
static bool is_link(const struct block *block)
{
    return block->links * 20 >= block->size * 17 && block->size < 250;
}

/* Running text: where the story has begun. */
static bool is_running(const struct writer *w, const struct block *block)
{
    return (block->kind == KIND_TEXT || block->kind == KIND_ITEM) && block->size >= 100 &&
           block->links * 4 < block->size && ends_sentence(block_text(w, block));
}

/* A heading that is chrome by its word alone, with text of the story below it. */
static bool heads_text(const struct writer *w, const struct block *block)
{
    size_t next = (size_t)(block - w->blocks) + 1;
    return block->kind == KIND_HEADING && next < w->count && is_running(w, &w->blocks[next]) &&
           chrome_may_head(block_text(w, block));
}

static bool is_chrome(struct writer *w, const struct block *block)
{
    struct str text = block_text(w, block);
    if (chrome_is_legal(text)) {
        if (w->out->copyright.len == 0)
            buf_puts(&w->out->copyright, text);
        return true;
    }
    if (block->kind == KIND_PRE || block->kind == KIND_ROW)
        return false;
    /* a heading or an entry of a list may be about a service: "WhatsApp" */
    bool plain = block->links == 0 && (block->kind == KIND_HEADING || block->kind == KIND_ITEM);
    /* and a year heads its part of a timeline, "Contents" what follows */
    if (plain && (chrome_is_number(text) || heads_text(w, block)))
        return false;
    if (block->size <= CHROME_LINE_MAX && chrome_is_line(text) && !(plain && chrome_is_share(text)))
        return true;
    if (!is_link(block))
        return false;
    switch (block->kind) {
    case KIND_HEADING: /* when half of its rank are links, they head the parts of the story */
        return w->headings[block->level][1] * 2 < w->headings[block->level][0] + 1 &&
               !(text.at[0] >= '0' && text.at[0] <= '9');
    case KIND_TEXT: /* "(Read what the report says.)" is an aside of the writer */
        return !ends_sentence(text) || (block->size < 120 && text.at[0] != '(');
    default:
        return !ends_sentence(text);
    }
}

static void count_headings(struct writer *w)
{
    for (size_t i = 0; i < w->count; i++)
        if (w->blocks[i].kind == KIND_HEADING && !w->blocks[i].dropped) {
            w->headings[w->blocks[i].level][0]++;
            w->headings[w->blocks[i].level][1] += is_link(&w->blocks[i]);
        }
}

/* "Read also" and the headlines below it, however they are set. */
static void drop_below_labels(struct writer *w)
{
    bool below = false;
    for (size_t i = 0; i < w->count; i++) {
        struct block *block = &w->blocks[i];
        if (block->dropped) {
            below = below || chrome_is_label(block_text(w, block));
            continue;
        }
        below = below && is_link(block);
        block->dropped = below;
    }
}

/* Lists and tables that are mostly links are menus, whatever single entries look like. */
static void drop_link_groups(struct writer *w)
{
    for (size_t i = 0, end; i < w->count; i = end) {
        size_t text = 0, links = 0;
        for (end = i; end < w->count && w->blocks[end].group == w->blocks[i].group; end++) {
            text += w->blocks[end].size;
            links += w->blocks[end].links;
        }
        if (w->blocks[i].group && links * 10 > text * 6)
            for (size_t k = i; k < end; k++)
                w->blocks[k].dropped = true;
    }
}

/* A heading without text before the next heading of its rank, or the end, headed what was dropped.
 */
static void drop_bare_headings(struct writer *w)
{
    unsigned next_level = 0; /* of the block behind: 0 none, 99 text */
    for (size_t i = w->count; i-- > 0;) {
        struct block *block = &w->blocks[i];
        if (block->dropped)
            continue;
        if (block->kind != KIND_HEADING)
            next_level = 99;
        else if (next_level <= block->level && i > 0)
            block->dropped = next_level == 0 || (i + 1 < w->count && w->blocks[i + 1].dropped);
        if (block->kind == KIND_HEADING && !block->dropped)
            next_level = block->level;
    }
}

/* Numbers and a month: "3 MAR, 09:15". */
static bool is_day(struct str text)
{
    struct str word;
    unsigned months = 0, numbers = 0;
    while (str_cut(&text, ' ', &word)) {
        size_t len = 0, digits = 0;
        while (word.len && strchr(",.|", word.at[word.len - 1]))
            word.len--;
        for (size_t i = 0; i < word.len; i++)
            digits += (word.at[i] >= '0' && word.at[i] <= '9') || word.at[i] == ':';
        if (digits && digits == word.len)
            numbers++;
        else if (word.len && (!date_month(word, &len) || len != word.len || ++months > 1))
            return false;
    }
    return months == 1 && numbers > 0;
}

static bool is_date(struct str text)
{
    int64_t us;
    return text.len < 80 && (date_parse(text, &us) == 0 || is_day(text));
}

/* Does a heading say most of what the headline says? */
static bool is_like_headline(const struct writer *w, struct str text)
{
    struct buf a = BUF_NONE, b = BUF_NONE;
    struct str word, rest;
    unsigned words = 0, shared = 0;
    utf8_fold(text, &a);
    utf8_fold(w->known.headline, &b);
    rest = buf_str(&a);
    while (str_cut(&rest, ' ', &word) && words < 64) {
        words++;
        shared += str_find(buf_str(&b), word) != SIZE_MAX;
    }
    buf_free(&a);
    buf_free(&b);
    return words && shared * 3 >= words * 2;
}

/* What stands between the headline and the story: the headline once more, names, dates. */
static void drop_top(struct writer *w)
{
    size_t dates = 0;
    for (size_t i = 0; i < w->count && i < TOP_BLOCKS && !is_running(w, &w->blocks[i]); i++) {
        struct block *block = &w->blocks[i];
        struct str text = block_text(w, block);
        if (block->dropped || block->kind == KIND_ROW || block->kind == KIND_PRE)
            continue;
        if (w->known.headline.len && block->len < w->known.headline.len * 2 + 16)
            block->dropped =
                same_words(text, w->known.headline) ||
                (block->kind == KIND_HEADING && block->level == 1 && is_like_headline(w, text));
        if (!block->dropped && chrome_is_top(text))
            block->dropped = true;
        else if (!block->dropped && dates < 2 && is_date(text)) /* more are a calendar's */
            block->dropped = dates++ < 2;
    }
}

/* Text without the marks of a quotation around it. */
static struct str unquoted(struct str s)
{
    static const char *const MARKS[] = {"\"",           "\xe2\x80\x9c", "\xe2\x80\x9d",
                                        "\xe2\x80\x9e", "\xc2\xab",     "\xc2\xbb",
                                        "\xe2\x80\x98", "\xe2\x80\x99", "'"};
    s = str_trim(s);
    for (size_t i = 0; i < ARRAY_LEN(MARKS); i++) {
        struct str mark = str_of(MARKS[i]);
        if (str_starts(s, mark))
            s = str_from(s, mark.len);
        if (str_ends(s, mark))
            s = str_upto(s, s.len - mark.len);
    }
    return str_trim(s);
}

/* Does text that is kept say this, before or behind the block itself? */
static bool is_said_elsewhere(const struct writer *w, size_t at, size_t from, size_t end)
{
    struct str text = unquoted(block_text(w, &w->blocks[at]));
    for (size_t i = from; i < end && i < w->count; i++)
        if (i != at && !w->blocks[i].dropped && w->blocks[i].len >= text.len &&
            w->blocks[i].len < HOLDER_MAX &&
            str_find(block_text(w, &w->blocks[i]), text) != SIZE_MAX)
            return true;
    return false;
}

/* Quotations that are pulled out of the text, and a lead that is the beginning of the first
 * paragraph: what stands near enough is not said twice. */
static void drop_repeated(struct writer *w)
{
    unsigned looks = 0;
    bool lead = true;
    for (size_t i = 0; i < w->count && looks < REPEATS_MAX; i++) {
        struct block *block = &w->blocks[i];
        if (block->dropped || block->kind > KIND_ITEM || block->size < 30 ||
            block->len > REPEAT_MAX)
            continue;
        bool quote = block_inside(w->html, block->node, HTML_BLOCKQUOTE, HTML_ASIDE) ||
                     block_inside(w->html, block->node, HTML_FIGURE, HTML_Q);
        if (!quote && !lead)
            continue;
        looks++;
        block->dropped = quote ? is_said_elsewhere(w, i, i > 40 ? i - 40 : 0, i + 40)
                               : is_said_elsewhere(w, i, i + 1, i + 3);
        lead = false;
    }
}

/* The last lines may be about the author, however many they are. */
static void drop_author(struct writer *w)
{
    for (size_t i = w->count, looked = 0; i-- > 0 && looked < 8; looked++) {
        struct block *block = &w->blocks[i];
        if (!block->dropped && block->kind == KIND_TEXT && i > w->count / 2)
            block->dropped = is_about_author(w, block->node);
    }
}

/* Do the words a block begins or ends with stand in `said`? Both folded. */
static bool is_said(struct str said, struct str text)
{
    return str_find(said, utf8_upto(text, 48)) != SIZE_MAX ||
           (text.len > 48 &&
            str_find(said, str_from(text, utf8_offset(text, utf8_points(text) - 24))) != SIZE_MAX);
}

/* Where the metadata carry the text as well, and what was found holds all of it, a paragraph that is not
 * in there is another's. Lists, tables and quotations are often left out of it, headings too. */
static void drop_unsaid(struct writer *w)
{
    struct buf said = BUF_NONE, folded = BUF_NONE;
    size_t found = 0, unsaid = 0;
    if (w->known.body.len < SAID_MIN || w->known.body.len * (uint64_t)w->count > SAID_WORK)
        return;
    bool *foreign = xcalloc(w->count + 1, sizeof *foreign);
    utf8_fold(w->known.body, &said);
    for (size_t i = 0; i < w->count; i++) {
        const struct block *block = &w->blocks[i];
        if (block->dropped)
            continue;
        buf_reset(&folded);
        utf8_fold(block_text(w, block), &folded);
        if (is_said(buf_str(&said), buf_str(&folded))) {
            found += folded.len + 1;
        } else if (block->kind == KIND_TEXT &&
                   !block_inside(w->html, block->node, HTML_BLOCKQUOTE, HTML_DL)) {
            foreign[i] = true;
            unsaid += folded.len + 1;
        }
    }
    if (found * 10 >= said.len * 9 && found > 3 * unsaid)
        for (size_t i = 0; i < w->count; i++)
            w->blocks[i].dropped = w->blocks[i].dropped || foreign[i];
    free(foreign);
    buf_free(&said);
    buf_free(&folded);
}

void judge_story(struct writer *w)
{
    drop_link_groups(w);
    count_headings(w);
    for (size_t i = 0; i < w->count; i++)
        if (!w->blocks[i].dropped)
            w->blocks[i].dropped = is_chrome(w, &w->blocks[i]);
    drop_below_labels(w);
    drop_top(w);
    drop_author(w);
    drop_repeated(w);
    drop_unsaid(w);
    drop_bare_headings(w);
}
