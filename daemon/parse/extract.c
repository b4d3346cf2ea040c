#include "extract.h"

#include "blocks.h"
#include "cards.h"
#include "limits.h"

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

void extract_text(const struct html *html, const struct extract_known *known, struct extract *out)
{
    *out = (struct extract){0};
    struct writer w = {.html = html, .out = out, .known = *known};
    w.weights = weigh(html);
    w.root = weigh_choose(html, w.weights);
    cards_drop(html, w.weights, w.root);
    blocks_read_captions_above(&w);
    judge_lead(&w);
    blocks_read(&w, w.root + 1, html->nodes[w.root].end);
    judge_story(&w);
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
