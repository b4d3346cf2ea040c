#include "pick.h"

#include "htmlname.h"

struct ends {             /* bits: the part at which a beginning of the selector ends */
    uint64_t here, above; /* at this element; at it or an ancestor */
};

struct picking {
    const struct selector *selector;
    const struct html *html;
    enum html_tag
        tag[SELECTOR_PARTS]; /* HTML_TEXT: any, HTML_OTHER: one that html.h does not know */
    size_t body, root;       /* the leaves, 0 none */
};

static bool passes(const struct html *html, size_t node, const struct selector_part *part)
{
    for (size_t i = 0; i < part->test_count; i++) {
        enum html_attr attr = html_attr_of(part->test[i].attribute);
        if (attr == HTML_ATTR_COUNT ||
            !selector_passes(&part->test[i], html_attr(html, node, attr)))
            return false;
    }
    return true;
}

static bool is_joined(const struct selector_part *part, size_t k, const struct ends *parent)
{
    uint64_t before = part->child ? parent->here : parent->above;
    return part->first || (before >> (k - 1) & 1);
}

/* The document stands for html and body. */
static void look_at_top(const struct picking *p, struct ends *top)
{
    for (size_t k = 0; k < p->selector->count; k++) {
        const struct selector_part *part = &p->selector->part[k];
        size_t leaf = p->tag[k] == HTML_HTML ? p->root : p->tag[k] == HTML_BODY ? p->body : 0;
        bool named = p->tag[k] == HTML_HTML || p->tag[k] == HTML_BODY;
        bool alone = part->test_count == 0; /* pages may leave both out */
        if (named && (leaf ? passes(p->html, leaf, part) : alone) && is_joined(part, k, top))
            top->here |= (uint64_t)1 << k;
        top->above = top->here;
    }
}

static void look_at(const struct picking *p, size_t node, const struct ends *parent,
                    struct ends *out)
{
    enum html_tag tag = (enum html_tag)p->html->nodes[node].tag;
    for (size_t k = 0; k < p->selector->count; k++) {
        const struct selector_part *part = &p->selector->part[k];
        if ((p->tag[k] == HTML_TEXT || (p->tag[k] == tag && tag != HTML_OTHER)) &&
            is_joined(part, k, parent) && passes(p->html, node, part))
            out->here |= (uint64_t)1 << k;
    }
    out->above = parent->above | out->here;
}

static void prepare(struct picking *p)
{
    for (size_t k = 0; k < p->selector->count; k++) {
        struct str name = p->selector->part[k].name;
        p->tag[k] = name.len ? html_tag_of(name) : HTML_TEXT;
    }
    for (size_t i = p->html->count - 1; i > 0; i--) {
        if (p->html->nodes[i].tag == HTML_BODY)
            p->body = i;
        else if (p->html->nodes[i].tag == HTML_HTML)
            p->root = i;
    }
}

void pick_mark(const struct selector *selector, const struct html *html, uint8_t bit,
               uint8_t *marks)
{
    struct picking p = {.selector = selector, .html = html};
    struct ends *ends = xcalloc(html->count, sizeof *ends);
    uint64_t last = 0;
    prepare(&p);
    for (size_t k = 0; k < selector->count; k++)
        last |= (uint64_t)selector->part[k].last << k;
    look_at_top(&p, &ends[0]);
    for (size_t i = 1; i < html->count; i++) {
        uint16_t tag = html->nodes[i].tag;
        if (tag == HTML_TEXT || tag == HTML_BODY || tag == HTML_HTML)
            continue;
        look_at(&p, i, &ends[html->nodes[i].parent], &ends[i]);
        if (ends[i].here & last)
            marks[i] |= bit;
    }
    free(ends);
}
