#include "streamed.h"

#define PIECES_MAX 256 /* of one page; the others stay where they are */

struct piece {
    struct str name; /* "5" of "S:5" */
    uint32_t node;
    bool wanted, moved;
};

struct joiner {
    const struct html *html;
    struct piece pieces[PIECES_MAX];
    size_t piece_count;
    struct html_node *nodes; /* in the new order */
    uint32_t count;
    uint32_t *where; /* an old node's place in `nodes` */
};

static struct piece *find_piece(struct joiner *j, struct str name)
{
    for (size_t i = 0; i < j->piece_count; i++)
        if (str_eq(j->pieces[i].name, name))
            return &j->pieces[i];
    return NULL;
}

/* The piece that belongs where this node stands, or NULL. */
static struct piece *piece_for(struct joiner *j, size_t node)
{
    if (j->html->nodes[node].tag != HTML_TEMPLATE)
        return NULL;
    struct str id = html_attr(j->html, node, HTML_ATTR_ID);
    if (!str_starts(id, STR("B:")) && !str_starts(id, STR("P:")))
        return NULL;
    return find_piece(j, str_from(id, 2));
}

static bool any_piece(const struct html *html)
{
    for (size_t i = 0; i < html->attr_count; i++)
        if (html->attrs[i].name == HTML_ATTR_ID && str_starts(html->attrs[i].value, STR("S:")))
            return true;
    return false;
}

static bool is_piece(const struct html *html, size_t node)
{
    const struct html_node *n = &html->nodes[node];
    bool hidden = false, named = false;
    for (size_t k = 0; k < n->attr_count; k++) {
        const struct html_value *a = &html->attrs[n->attrs + k];
        hidden = hidden || a->name == HTML_ATTR_HIDDEN;
        named = named || (a->name == HTML_ATTR_ID && str_starts(a->value, STR("S:")));
    }
    return hidden && named;
}

static void find_pieces(struct joiner *j)
{
    for (uint32_t i = 1; i < j->html->count && j->piece_count < PIECES_MAX; i++) {
        if (!is_piece(j->html, i))
            continue;
        struct str name = str_from(html_attr(j->html, i, HTML_ATTR_ID), 2);
        if (!find_piece(j, name))
            j->pieces[j->piece_count++] = (struct piece){.name = name, .node = i};
    }
    for (uint32_t i = 1; i < j->html->count; i++) {
        struct piece *piece = piece_for(j, i);
        if (piece) /* a piece inside itself would never be reached */
            piece->wanted = i < piece->node || i >= j->html->nodes[piece->node].end;
    }
}

static struct piece *piece_at(struct joiner *j, uint32_t node)
{
    for (size_t i = 0; i < j->piece_count; i++)
        if (j->pieces[i].node == node)
            return &j->pieces[i];
    return NULL;
}

/* Copies the nodes [from, end), whose parents are placed already. Each piece is moved once, so that the
 * depth of calls is at most PIECES_MAX. */
static void copy(struct joiner *j, uint32_t from, uint32_t end)
{
    const struct html_node *nodes = j->html->nodes;
    for (uint32_t i = from; i < end; i++) {
        struct piece *here = nodes[i].attr_count ? piece_at(j, i) : NULL;
        if (here && here->wanted) {
            i = nodes[i].end - 1;
            continue;
        }
        struct piece *piece = nodes[i].attr_count ? piece_for(j, i) : NULL;
        if (piece && piece->wanted && !piece->moved) {
            piece->moved = true;
            j->where[piece->node] = j->where[nodes[i].parent];
            copy(j, piece->node + 1, nodes[piece->node].end);
            continue;
        }
        j->where[i] = j->count;
        j->nodes[j->count] = nodes[i];
        j->nodes[j->count].parent = j->where[nodes[i].parent];
        j->nodes[j->count].end = j->count + 1;
        j->count++;
    }
}

void streamed_join(struct html *html)
{
    if (!any_piece(html))
        return;
    struct joiner *j = xcalloc(1, sizeof *j);
    j->html = html;
    find_pieces(j);
    if (j->piece_count) {
        j->nodes = xcalloc(html->count, sizeof *j->nodes);
        j->where = xcalloc(html->count, sizeof *j->where);
        copy(j, 0, (uint32_t)html->count);
        for (uint32_t i = j->count - 1; i > 0; i--) {
            struct html_node *up = &j->nodes[j->nodes[i].parent];
            if (up->end < j->nodes[i].end)
                up->end = j->nodes[i].end;
        }
        free(html->nodes);
        free(j->where);
        html->nodes = j->nodes;
        html->count = html->cap = j->count;
    }
    free(j);
}
