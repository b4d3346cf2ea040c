#include "blocks.h"

#include "limits.h"
#include "utf8.h"

#define CAPTION_MAX 2048 /* bytes of one caption */

size_t block_inside(const struct html *html, size_t node, enum html_tag a, enum html_tag b)
{
    for (unsigned up = 0; node && up < 24; up++, node = html->nodes[node].parent)
        if (html->nodes[node].tag == a || html->nodes[node].tag == b)
            return node;
    return 0;
}

static void classify(const struct html *html, struct block *block, uint32_t row)
{
    size_t li = block_inside(html, block->node, HTML_LI, HTML_LI);
    if (row) {
        block->kind = KIND_ROW;
        block->group = (uint32_t)block_inside(html, row, HTML_TABLE, HTML_TABLE);
    } else if (html_is_heading(html->nodes[block->node].tag)) {
        block->kind = KIND_HEADING;
        block->level = (uint8_t)(html->nodes[block->node].tag - HTML_H1 + 1);
    } else if (li) {
        block->kind = KIND_ITEM;
        block->group = (uint32_t)block_inside(html, li, HTML_UL, HTML_OL);
    } else if (block_inside(html, block->node, HTML_PRE, HTML_PRE)) {
        block->kind = KIND_PRE;
    }
}

static void end_block(struct writer *w)
{
    struct block block = {
        .at = w->text.len, .size = w->raw_size, .links = w->raw_links, .node = w->node};
    struct str raw = buf_str(&w->raw);
    if (w->row) /* the separator of a cell that is empty, or the last */
        while (raw.len && (raw.at[raw.len - 1] == ' ' || raw.at[raw.len - 1] == '|'))
            raw.len--;
    utf8_squash(raw, &w->text);
    block.len = w->text.len - block.at;
    buf_reset(&w->raw);
    w->raw_size = w->raw_links = 0;
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
    size_t row = block_inside(w->html, block, HTML_TR, HTML_TR);
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
            buf_putz(&w->raw, block_inside(w->html, block, HTML_TD, HTML_TH) ==
                                      block_inside(w->html, w->node, HTML_TD, HTML_TH)
                                  ? " "
                                  : " | ");
        w->row = row;
        w->node = block;
    }
    w->breaks = 0;
    buf_puts(&w->raw, text);
    w->raw_size += w->weights[i].text + (w->raw_size > 0);
    if (w->weights[i].marks & MARK_LINK)
        w->raw_links += w->weights[i].text;
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

void blocks_read(struct writer *w, size_t from, size_t end)
{
    const struct html_node *nodes = w->html->nodes;
    for (size_t i = from; i < end; i++) {
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

void blocks_read_captions_above(struct writer *w)
{
    const struct html_node *nodes = w->html->nodes;
    size_t from = w->root;
    for (unsigned up = 0; up < 2 && from; up++)
        from = nodes[from].parent;
    for (size_t i = from + 1; i < w->root; i++) {
        if (nodes[i].tag == HTML_TEXT || w->weights[i].marks & MARK_DROPPED ||
            nodes[i].end > w->root)
            continue;
        if (is_caption(w, i)) {
            add_caption(w, i);
            i = nodes[i].end - 1;
        }
    }
}

struct str block_text(const struct writer *w, const struct block *block)
{
    return (struct str){w->text.at + block->at, block->len};
}
