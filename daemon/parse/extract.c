#include "extract.h"

#include "chrome.h"
#include "limits.h"
#include "utf8.h"
#include "weigh.h"

#define CAPTION_MAX 2048 /* bytes of one caption */

enum kind { KIND_TEXT, KIND_HEADING, KIND_ITEM, KIND_ROW, KIND_PRE };

struct block {
    size_t at, len; /* in writer.text */
    size_t links;   /* bytes of it inside links */
    uint32_t node;  /* the element it belongs to */
    uint32_t group; /* the list or table it stands in, or 0 */
    uint8_t kind, level;
    bool dropped;
};

struct writer {
    const struct html *html;
    struct weight *weights;
    struct extract *out;
    struct str headline;
    struct buf text, raw; /* of all blocks; of the one being read */
    size_t raw_links;
    uint32_t node, row; /* the block being read */
    uint32_t asked_row; /* data_row()'s last answer: a row has many texts */
    bool asked_is_data;
    unsigned breaks; /* <br> since the last text */
    struct block *blocks;
    size_t count, cap;
};

/* ---- blocks */

static size_t ancestor(const struct html *html, size_t node, enum html_tag a, enum html_tag b)
{
    for (unsigned up = 0; node && up < 24; up++, node = html->nodes[node].parent)
        if (html->nodes[node].tag == a || html->nodes[node].tag == b)
            return node;
    return 0;
}

static void classify(const struct html *html, struct block *block, uint32_t row)
{
    size_t li = ancestor(html, block->node, HTML_LI, HTML_LI);
    if (row) {
        block->kind = KIND_ROW;
        block->group = (uint32_t)ancestor(html, row, HTML_TABLE, HTML_TABLE);
    } else if (html_is_heading(html->nodes[block->node].tag)) {
        block->kind = KIND_HEADING;
        block->level = (uint8_t)(html->nodes[block->node].tag - HTML_H1 + 1);
    } else if (li) {
        block->kind = KIND_ITEM;
        block->group = (uint32_t)ancestor(html, li, HTML_UL, HTML_OL);
    } else if (ancestor(html, block->node, HTML_PRE, HTML_PRE)) {
        block->kind = KIND_PRE;
    }
}

static void end_block(struct writer *w)
{
    struct block block = {.at = w->text.len, .links = w->raw_links, .node = w->node};
    struct str raw = buf_str(&w->raw);
    if (w->row) /* the separator of a cell that is empty, or the last */
        while (raw.len && (raw.at[raw.len - 1] == ' ' || raw.at[raw.len - 1] == '|'))
            raw.len--;
    utf8_squash(raw, &w->text);
    block.len = w->text.len - block.at;
    buf_reset(&w->raw);
    w->raw_links = 0;
    w->breaks = 0;
    if (block.len == 0)
        return;
    classify(w->html, &block, w->row);
    if (w->count == w->cap) {
        w->cap = w->cap ? w->cap * 2 : 256;
        w->blocks = xrealloc(w->blocks, w->cap * sizeof *w->blocks);
    }
    w->blocks[w->count++] = block;
}

/* Layout tables hold long texts, headings, paragraphs or other tables in their cells. */
static bool is_data(const struct writer *w, size_t row)
{
    const struct html_node *nodes = w->html->nodes;
    size_t cells = 0, paragraphs = 0;
    if (w->weights[row].text > 1200)
        return false;
    for (size_t i = row + 1; i < nodes[row].end; i++) {
        if (html_is_heading(nodes[i].tag) || nodes[i].tag == HTML_TABLE)
            return false;
        cells += nodes[i].tag == HTML_TD || nodes[i].tag == HTML_TH;
        paragraphs += nodes[i].tag == HTML_P;
    }
    return cells > 1 && paragraphs <= cells;
}

/* The row of a table of data that the block stands in, 0 when there is none. */
static uint32_t data_row(struct writer *w, size_t block)
{
    size_t row = ancestor(w->html, block, HTML_TR, HTML_TR);
    if (row != w->asked_row) {
        w->asked_row = (uint32_t)row;
        w->asked_is_data = row && is_data(w, row);
    }
    return w->asked_is_data ? w->asked_row : 0;
}

static void add_text(struct writer *w, size_t i)
{
    struct str text = w->html->nodes[i].text;
    uint32_t block = w->weights[i].block;
    if (utf8_trim(text).len == 0) {
        if (block == w->node && w->raw.len)
            buf_putc(&w->raw, ' ');
        return;
    }
    if (block != w->node || w->breaks > 1) {
        uint32_t row = data_row(w, block);
        if (!row || row != w->row)
            end_block(w);
        else
            buf_putz(&w->raw, ancestor(w->html, block, HTML_TD, HTML_TH) ==
                                      ancestor(w->html, w->node, HTML_TD, HTML_TH)
                                  ? " "
                                  : " | ");
        w->row = row;
        w->node = block;
    }
    w->breaks = 0;
    buf_puts(&w->raw, text);
    if (w->weights[i].marks & MARK_LINK)
        w->raw_links += utf8_trim(text).len;
}

static bool is_caption(const struct writer *w, size_t i)
{
    if (w->html->nodes[i].tag == HTML_FIGCAPTION)
        return true;
    return w->weights[i].hints & HINT_CAPTION && w->weights[i].text < 600 &&
           !html_is_heading(w->html->nodes[i].tag) && w->html->nodes[i].tag != HTML_TABLE;
}

static void add_caption(struct writer *w, size_t i)
{
    size_t before = w->out->captions.len;
    if (before)
        buf_putc(&w->out->captions, '\n');
    size_t from = w->out->captions.len;
    html_text(w->html, i, CAPTION_MAX, &w->out->captions);
    if (w->out->captions.len == from || w->out->captions.len > LIMIT_FIELD)
        w->out->captions.len = before;
}

static void read_blocks(struct writer *w, size_t root)
{
    const struct html_node *nodes = w->html->nodes;
    for (size_t i = root + 1; i < nodes[root].end; i++) {
        if (w->weights[i].marks & MARK_DROPPED) {
            i = nodes[i].end - 1;
        } else if (nodes[i].tag == HTML_TEXT) {
            add_text(w, i);
        } else if (is_caption(w, i)) {
            add_caption(w, i);
            i = nodes[i].end - 1;
        } else if (nodes[i].tag == HTML_BR) {
            w->breaks++;
            if (w->raw.len)
                buf_putc(&w->raw, ' ');
        } else if (html_is_block(nodes[i].tag) && !w->row) {
            end_block(w);
            w->node = 0;
        }
    }
    end_block(w);
}

/* Pictures often stand above the text's own element, two steps up at most. */
static void read_captions_above(struct writer *w, size_t root)
{
    const struct html_node *nodes = w->html->nodes;
    size_t from = root;
    for (unsigned up = 0; up < 2 && from; up++)
        from = nodes[from].parent;
    for (size_t i = from + 1; i < root; i++) {
        if (nodes[i].tag == HTML_TEXT || w->weights[i].marks & MARK_DROPPED || nodes[i].end > root)
            continue;
        if (is_caption(w, i)) {
            add_caption(w, i);
            i = nodes[i].end - 1;
        }
    }
}

/* ---- judging blocks */

static struct str block_text(const struct writer *w, const struct block *block)
{
    return (struct str){w->text.at + block->at, block->len};
}

static bool ends_sentence(struct str s)
{
    static const char *const ENDS[] = {".", "!",  "?", ":", ".\"", ".”",
                                       "”", "\"", "…", ";", ")",   "。"};
    for (size_t i = 0; i < ARRAY_LEN(ENDS); i++)
        if (str_ends(s, str_of(ENDS[i])))
            return true;
    return false;
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

static bool is_chrome(struct writer *w, const struct block *block)
{
    struct str text = block_text(w, block);
    if (chrome_is_legal(text)) {
        if (w->out->copyright.len == 0)
            buf_puts(&w->out->copyright, text);
        return true;
    }
    if (chrome_is_line(text))
        return true;
    if (block->kind == KIND_PRE)
        return false;
    if (block->links * 10 >= block->len * 9 && block->len < 200 && !ends_sentence(text))
        return block->kind != KIND_HEADING || block->links < 30;
    return false;
}

/* Lists and tables that are mostly links are menus, whatever single entries look like. */
static void drop_link_groups(struct writer *w)
{
    for (size_t i = 0, end; i < w->count; i = end) {
        size_t text = 0, links = 0;
        for (end = i; end < w->count && w->blocks[end].group == w->blocks[i].group; end++) {
            text += w->blocks[end].len;
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

static void judge(struct writer *w)
{
    drop_link_groups(w);
    for (size_t i = 0; i < w->count; i++) {
        struct block *block = &w->blocks[i];
        if (block->dropped)
            continue;
        block->dropped = is_chrome(w, block);
        if (!block->dropped && i < 12 && w->headline.len && block->len < w->headline.len * 2 + 16)
            block->dropped = same_words(block_text(w, block), w->headline);
    }
    drop_bare_headings(w);
}

static void write_body(struct writer *w)
{
    struct buf *out = &w->out->body;
    const struct block *before = NULL;
    for (size_t i = 0; i < w->count; i++) {
        const struct block *block = &w->blocks[i];
        if (block->dropped)
            continue;
        if (out->len + block->len + 4 > LIMIT_TEXT)
            return;
        if (before)
            buf_putz(out, block->group && before->group == block->group ? "\n" : "\n\n");
        if (block->kind == KIND_ITEM)
            buf_putz(out, "- ");
        buf_puts(out, block_text(w, block));
        before = block;
    }
}

void extract_text(const struct html *html, struct str headline, struct extract *out)
{
    *out = (struct extract){0};
    struct writer w = {.html = html, .out = out, .headline = headline};
    w.weights = weigh(html);
    size_t root = weigh_choose(html, w.weights);
    read_captions_above(&w, root);
    read_blocks(&w, root);
    judge(&w);
    write_body(&w);
    free(w.weights);
    free(w.blocks);
    buf_free(&w.text);
    buf_free(&w.raw);
}

void extract_done(struct extract *extract)
{
    buf_free(&extract->body);
    buf_free(&extract->captions);
    buf_free(&extract->copyright);
}
