#include "xmltree.h"

#include <assert.h>
#include <errno.h>
#include <libxml/parser.h>
#include <libxml/parserInternals.h>

#include "limits.h"
#include "utf8.h"
#include "xmlrepair.h"

struct building {
    struct xmltree *tree;
    xmlParserCtxtPtr parser;
    uint32_t open;                      /* the element whose children come */
    uint32_t last[LIMIT_XML_DEPTH + 2]; /* last child so far of each open element */
    size_t depth;
    int rc;
};

static struct str name_of(const xmlChar *name)
{
    return str_of((const char *)name);
}

static uint32_t add_node(struct building *b, struct xmlnode node)
{
    struct xmltree *tree = b->tree;
    if (tree->count >= LIMIT_XML_NODES || b->rc) {
        b->rc = -EMSGSIZE;
        xmlStopParser(b->parser);
        return 0;
    }
    if (tree->count == tree->cap) {
        tree->cap = tree->cap ? tree->cap * 2 : 256;
        tree->nodes = xrealloc(tree->nodes, tree->cap * sizeof *tree->nodes);
    }
    uint32_t index = (uint32_t)tree->count++;
    node.parent = b->open;
    tree->nodes[index] = node;
    if (b->depth) {
        uint32_t *last = &b->last[b->depth - 1];
        if (*last)
            tree->nodes[*last].next = index;
        else
            tree->nodes[b->open].first = index;
        *last = index;
    }
    return index;
}

static void add_attribute(struct xmltree *tree, const xmlChar **one)
{
    if (tree->attribute_count == tree->attribute_cap) {
        tree->attribute_cap = tree->attribute_cap ? tree->attribute_cap * 2 : 256;
        tree->attributes =
            xrealloc(tree->attributes, tree->attribute_cap * sizeof *tree->attributes);
    }
    size_t len = (size_t)(one[4] - one[3]);
    tree->attributes[tree->attribute_count++] =
        (struct xmlattribute){name_of(one[0]), tree->texts.len, len};
    buf_put(&tree->texts, one[3], len);
}

static void on_start(void *context, const xmlChar *name, const xmlChar *prefix,
                     const xmlChar *address, int namespaces, const xmlChar **unused, int count,
                     int defaulted, const xmlChar **attributes)
{
    struct building *b = context;
    struct xmltree *tree = b->tree;
    (void)prefix;
    (void)address;
    (void)namespaces;
    (void)unused;
    (void)defaulted;
    struct xmlnode node = {.name = name_of(name),
                           .attributes = (uint32_t)tree->attribute_count,
                           .attribute_count = (uint32_t)count};
    uint32_t index = add_node(b, node);
    if (b->rc)
        return;
    for (int i = 0; i < count; i++)
        add_attribute(tree, attributes + (ptrdiff_t)i * 5);
    /* One deeper than the limit cannot be, after xmlrepair(). */
    assert(b->depth < ARRAY_LEN(b->last));
    b->open = index;
    b->last[b->depth++] = 0;
}

static void on_end(void *context, const xmlChar *name, const xmlChar *prefix,
                   const xmlChar *address)
{
    struct building *b = context;
    (void)name;
    (void)prefix;
    (void)address;
    if (b->rc || b->depth == 0)
        return;
    b->open = b->tree->nodes[b->open].parent;
    b->depth--;
}

/* What libxml2 gives in pieces is one node again. */
static void on_text(void *context, const xmlChar *text, int len)
{
    struct building *b = context;
    struct xmltree *tree = b->tree;
    if (b->rc || b->depth == 0)
        return;
    uint32_t last = b->last[b->depth - 1];
    if (last == 0 || tree->nodes[last].name.len)
        last = add_node(b, (struct xmlnode){.at = tree->texts.len});
    if (b->rc)
        return;
    buf_put(&tree->texts, text, (size_t)len);
    tree->nodes[last].len += (size_t)len;
}

int xmltree_read(struct str text, struct xmltree *tree)
{
    xmlSAXHandler sax = {.initialized = XML_SAX2_MAGIC,
                         .startElementNs = on_start,
                         .endElementNs = on_end,
                         .characters = on_text,
                         .ignorableWhitespace = on_text,
                         .cdataBlock = on_text};
    struct building b = {.tree = tree};
    struct buf xml = BUF_NONE;
    *tree = (struct xmltree){0};
    xmlrepair(text, &xml);
    b.parser = xmlCreateMemoryParserCtxt(xml.at, (int)xml.len);
    if (b.parser) {
        *b.parser->sax = sax;
        b.parser->userData = &b;
        xmlCtxtUseOptions(b.parser, XML_PARSE_RECOVER | XML_PARSE_NONET | XML_PARSE_NOERROR |
                                        XML_PARSE_NOWARNING);
        tree->names = b.parser->dict;
        xmlDictReference(b.parser->dict);
        xmlParseDocument(b.parser);
        xmlFreeParserCtxt(b.parser);
    }
    if (tree->count == 0) /* so that node 0 can always be asked */
        add_node(&b, (struct xmlnode){.name = STR(XMLREPAIR_ROOT)});
    buf_free(&xml);
    return b.rc;
}

void xmltree_done(struct xmltree *tree)
{
    free(tree->nodes);
    free(tree->attributes);
    buf_free(&tree->texts);
    if (tree->names)
        xmlDictFree(tree->names);
    *tree = (struct xmltree){0};
}

/* -------------------------------------------------------------------------------------- reading */

static uint32_t named_from(const struct xmltree *tree, uint32_t node, struct str name)
{
    while (node && !str_eq(tree->nodes[node].name, name))
        node = tree->nodes[node].next;
    return node;
}

uint32_t xmltree_child(const struct xmltree *tree, uint32_t node, const char *name)
{
    return named_from(tree, tree->nodes[node].first, str_of(name));
}

uint32_t xmltree_next(const struct xmltree *tree, uint32_t node, const char *name)
{
    return named_from(tree, tree->nodes[node].next, str_of(name));
}

uint32_t xmltree_find(const struct xmltree *tree, uint32_t node, const char *path)
{
    struct str rest = str_of(path), name;
    while (str_cut(&rest, '/', &name)) {
        node = named_from(tree, tree->nodes[node].first, name);
        if (node == 0)
            return 0;
    }
    return node;
}

uint32_t xmltree_skip(const struct xmltree *tree, uint32_t top, uint32_t node)
{
    while (node != top && tree->nodes[node].next == 0)
        node = tree->nodes[node].parent;
    return node == top ? 0 : tree->nodes[node].next;
}

uint32_t xmltree_walk(const struct xmltree *tree, uint32_t top, uint32_t node)
{
    uint32_t first = tree->nodes[node].first;
    return first ? first : xmltree_skip(tree, top, node);
}

struct str xmltree_attribute(const struct xmltree *tree, uint32_t node, const char *name)
{
    const struct xmlnode *n = &tree->nodes[node];
    for (uint32_t i = 0; i < n->attribute_count; i++) {
        const struct xmlattribute *a = &tree->attributes[n->attributes + i];
        if (str_is(a->name, name))
            return str_upto(str_from(buf_str(&tree->texts), a->at), a->len);
    }
    return STR_NONE;
}

struct str xmltree_characters(const struct xmltree *tree, uint32_t node)
{
    const struct xmlnode *n = &tree->nodes[node];
    return str_upto(str_from(buf_str(&tree->texts), n->at), n->len);
}

void xmltree_line(const struct xmltree *tree, uint32_t node, struct buf *out)
{
    struct buf all = BUF_NONE;
    if (node == 0)
        return;
    for (uint32_t i = xmltree_walk(tree, node, node); i; i = xmltree_walk(tree, node, i))
        buf_puts(&all, xmltree_characters(tree, i));
    utf8_squash(buf_str(&all), out);
    buf_free(&all);
}
