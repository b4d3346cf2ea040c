#include "newsbody.h"

#include "markup.h"
#include "utf8.h"

struct reading {
    const struct xmltree *tree;
    struct str base;
    struct draft *to;
    struct buf html, captions;
};

enum role {
    ROLE_HIDDEN, /* not for readers */
    ROLE_CAPTION,
    ROLE_PICTURE,
    ROLE_RENAMED /* a block of NITF's as HTML calls it */
};

/* NITF 3.6, "body.content" and "media"; the few of XHTML that are no text. The others are called alike in
 * both, or mean nothing to the layout. */
static const struct element {
    const char *name;
    enum role role;
    const char *html;
} ELEMENTS[] = {
    {"block", ROLE_RENAMED, "div"},        {"hl1", ROLE_RENAMED, "h1"},
    {"hl2", ROLE_RENAMED, "h2"},           {"note", ROLE_RENAMED, "div"},
    {"datasource", ROLE_RENAMED, "p"},     {"nitf-table", ROLE_RENAMED, "div"},
    {"media-caption", ROLE_CAPTION, ""},   {"figcaption", ROLE_CAPTION, ""},
    {"media-reference", ROLE_PICTURE, ""}, {"img", ROLE_PICTURE, ""},
    {"media-metadata", ROLE_HIDDEN, ""},   {"media-object", ROLE_HIDDEN, ""},
    {"media-producer", ROLE_HIDDEN, ""},   {"nitf-table-metadata", ROLE_HIDDEN, ""},
    {"credit", ROLE_HIDDEN, ""},           {"head", ROLE_HIDDEN, ""},
    {"script", ROLE_HIDDEN, ""},           {"style", ROLE_HIDDEN, ""},
};

static const struct element *element_of(struct str name)
{
    for (size_t i = 0; i < ARRAY_LEN(ELEMENTS); i++)
        if (str_isi(name, ELEMENTS[i].name))
            return &ELEMENTS[i];
    return NULL;
}

static void take_caption(struct reading *r, uint32_t node)
{
    struct buf line = BUF_NONE;
    xmltree_line(r->tree, node, &line);
    if (line.len && r->captions.len)
        buf_putc(&r->captions, '\n');
    buf_puts(&r->captions, buf_str(&line));
    buf_free(&line);
}

/* A media-reference may name a picture by its file's name alone: that leads nowhere. */
static void take_picture(struct reading *r, uint32_t node)
{
    struct str source = xmltree_attribute(r->tree, node, "source"),
               type = xmltree_attribute(r->tree, node, "mime-type");
    if (source.len == 0)
        source = xmltree_attribute(r->tree, node, "src");
    draft_add_media(r->to, r->base, source, type);
}

static void put_tag(struct reading *r, struct str name, bool closing)
{
    buf_putz(&r->html, closing ? "</" : "<");
    buf_puts(&r->html, name);
    buf_putc(&r->html, '>');
}

static void put_children(struct reading *r, uint32_t node);

static void put_element(struct reading *r, uint32_t node)
{
    struct str name = r->tree->nodes[node].name;
    const struct element *element = element_of(name);
    if (element && element->role == ROLE_CAPTION) {
        take_caption(r, node);
    } else if (element && element->role == ROLE_PICTURE) {
        take_picture(r, node);
    } else if (!element || element->role == ROLE_RENAMED) {
        /* "3<frac>…" is three and a half: what stands below goes behind a bar. */
        if (str_is(name, "frac-denom"))
            buf_putc(&r->html, '/');
        else if (str_is(name, "frac"))
            buf_putc(&r->html, ' ');
        name = element ? str_of(element->html) : name;
        put_tag(r, name, false);
        put_children(r, node);
        if (!str_isi(name, "br")) /* HTML would take its end for a second line end */
            put_tag(r, name, true);
    }
}

/* As deep as the tree is, which is LIMIT_XML_DEPTH. */
static void put_children(struct reading *r, uint32_t node)
{
    for (uint32_t i = r->tree->nodes[node].first; i; i = r->tree->nodes[i].next) {
        const struct xmlnode *child = &r->tree->nodes[i];
        if (child->name.len)
            put_element(r, i);
        else
            markup_escape(xmltree_characters(r->tree, i), &r->html);
    }
}

void newsbody_read(const struct xmltree *tree, uint32_t top, struct str base, unsigned rank,
                   struct draft *to)
{
    struct reading r = {.tree = tree, .base = base, .to = to};
    struct buf text = BUF_NONE;
    if (top)
        put_children(&r, top);
    markup_text(buf_str(&r.html), &text);
    draft_set(to, ITEM_BODY, rank, buf_str(&text));
    draft_set(to, ITEM_CAPTIONS, rank, buf_str(&r.captions));
    buf_free(&text);
    buf_free(&r.html);
    buf_free(&r.captions);
}

static bool has_blank_line(struct str text)
{
    struct str line;
    while (str_cut(&text, '\n', &line))
        if (str_trim(line).len == 0)
            return true;
    return false;
}

void newsbody_plain(struct str text, struct buf *out)
{
    bool spaced, begun = false;
    struct str line;
    text = utf8_trim(text);
    spaced = has_blank_line(text);
    while (str_cut(&text, '\n', &line)) {
        line = utf8_trim(line);
        if (line.len && out->len && (begun || !spaced))
            buf_putz(out, spaced ? " " : "\n\n");
        else if (line.len && out->len)
            buf_putz(out, "\n\n");
        buf_puts(out, line);
        begun = line.len > 0;
    }
}
