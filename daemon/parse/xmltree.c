#include "xmltree.h"

#include <assert.h>
#include <errno.h>

#include "limits.h"
#include "utf8.h"
#include "xmlscan.h"

struct building {
    struct xmltree *tree;
    uint32_t open;                      /* the element whose children come */
    uint32_t last[LIMIT_XML_DEPTH + 2]; /* last child so far of each open element */
    size_t depth;
    int rc;
};

static uint32_t add_node(struct building *b, struct xmlnode node)
{
    struct xmltree *tree = b->tree;
    if (tree->count >= LIMIT_XML_NODES || b->rc) {
        b->rc = -EMSGSIZE;
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

static void add_attribute(struct xmltree *tree, const struct xml_attribute *one)
{
    if (tree->attribute_count == tree->attribute_cap) {
        tree->attribute_cap = tree->attribute_cap ? tree->attribute_cap * 2 : 256;
        tree->attributes =
            xrealloc(tree->attributes, tree->attribute_cap * sizeof *tree->attributes);
    }
    tree->attributes[tree->attribute_count++] = (struct xmlattribute){
        arena_keep(&tree->names, one->name.local), tree->texts.len, one->value.len};
    buf_puts(&tree->texts, one->value);
}

static void enter(struct building *b, uint32_t index)
{
    /* One deeper than the limit cannot be: xmlscan.h (6), and the root. */
    assert(b->depth < ARRAY_LEN(b->last));
    b->open = index;
    b->last[b->depth++] = 0;
}

static void on_start(void *ctx, struct xml_name name, struct xml_attributes attributes)
{
    struct building *b = ctx;
    struct xmltree *tree = b->tree;
    struct xmlnode node = {.name = arena_keep(&tree->names, name.local),
                           .attributes = (uint32_t)tree->attribute_count,
                           .attribute_count = (uint32_t)attributes.count};
    uint32_t index = add_node(b, node);
    if (b->rc)
        return;
    for (size_t i = 0; i < attributes.count; i++)
        add_attribute(tree, &attributes.at[i]);
    enter(b, index);
}

static bool on_end(void *ctx, struct xml_name name)
{
    struct building *b = ctx;
    (void)name;
    if (b->rc)
        return false;
    b->open = b->tree->nodes[b->open].parent;
    b->depth--;
    return true;
}

/* What comes in pieces is one node again. */
static void on_text(void *ctx, struct str text)
{
    struct building *b = ctx;
    struct xmltree *tree = b->tree;
    uint32_t last = b->last[b->depth - 1];
    if (last == 0 || tree->nodes[last].name.len)
        last = add_node(b, (struct xmlnode){.at = tree->texts.len});
    if (b->rc)
        return;
    buf_puts(&tree->texts, text);
    tree->nodes[last].len += text.len;
}

int xmltree_read(struct str text, struct xmltree *tree)
{
    struct building b = {.tree = tree};
    *tree = (struct xmltree){0};
    enter(&b, add_node(&b, (struct xmlnode){.name = STR("document")}));
    xmlscan(text, &(struct xml_events){
                      .ctx = &b, .on_start = on_start, .on_end = on_end, .on_text = on_text});
    return b.rc;
}

void xmltree_done(struct xmltree *tree)
{
    free(tree->nodes);
    free(tree->attributes);
    buf_free(&tree->texts);
    arena_done(&tree->names);
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
