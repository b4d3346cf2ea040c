#include "node.h"

#include "limits.h"
#include "show.h"

#include <assert.h>
#include <errno.h>
#include <yaml.h>

/* The document as it grows:   root ── sources ── [0] ── url
 *                                       │         └── open: the map or list that is being filled
 *                                       └── name: read, waiting for its value */
struct growth {
    struct node *root, *open;
    struct buf name;
    bool named; /* a name waits for its value */
    unsigned name_line, depth, documents;
    size_t count;
    char *why;
    unsigned line; /* of the event at hand */
};

static int complain(struct growth *g, int error, const char *what)
{
    snprintf(g->why, NODE_WHY, "%s", what);
    return error;
}

static bool has_control(struct str text)
{
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.at[i] < ' ' || text.at[i] == 0x7f)
            return true;
    return false;
}

/* Copies `text` behind the node's other bytes. */
static struct str keep(char **at, struct str text)
{
    struct str kept = {*at, text.len};
    if (text.len)
        memcpy(*at, text.at, text.len);
    (*at)[text.len] = '\0';
    *at += text.len + 1;
    return kept;
}

static struct node *node_new(struct growth *g, enum node_type type, struct str text)
{
    struct node *node = xcalloc(1, sizeof *node + g->name.len + text.len + 2);
    char *at = node->bytes;
    node->type = type;
    node->line = g->named ? g->name_line : g->line;
    node->parent = g->open;
    if (g->named)
        node->key = keep(&at, buf_str(&g->name));
    if (type == NODE_TEXT)
        node->text = keep(&at, text);
    g->named = false;
    return node;
}

static int add(struct growth *g, enum node_type type, struct str text, struct node **out)
{
    if (++g->count > LIMIT_CONFIG_NODES)
        return complain(g, -EMSGSIZE, "the file holds too many settings");
    if (g->open && g->open->type == NODE_MAP && !g->named)
        return complain(g, -EINVAL,
                        "the name of a setting is expected here, not a list or a mapping");
    struct node *node = node_new(g, type, text);
    if (!g->open)
        g->root = node;
    else if (g->open->last)
        g->open->last = g->open->last->next = node;
    else
        g->open->first = g->open->last = node;
    *out = node;
    return 0;
}

static int on_text(struct growth *g, const yaml_event_t *event)
{
    struct str text = {(const char *)event->data.scalar.value, event->data.scalar.length};
    struct node *node;
    if (event->data.scalar.anchor)
        return complain(g, -EINVAL, "anchors (&name) are not used here");
    if (event->data.scalar.tag)
        return complain(g, -EINVAL, "tags (!name) are not used here");
    if (has_control(text))
        return complain(g, -EINVAL, "the text holds a control character or a line break");
    if (g->open && g->open->type == NODE_MAP && !g->named) {
        buf_reset(&g->name);
        buf_puts(&g->name, text);
        g->named = true;
        g->name_line = g->line;
        return 0;
    }
    int r = add(g, NODE_TEXT, text, &node);
    if (r == 0)
        node->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    return r;
}

static int on_start(struct growth *g, enum node_type type, const void *anchor, const void *tag)
{
    struct node *node;
    if (anchor)
        return complain(g, -EINVAL, "anchors (&name) are not used here");
    if (tag)
        return complain(g, -EINVAL, "tags (!name) are not used here");
    if (++g->depth > LIMIT_CONFIG_DEPTH)
        return complain(g, -EMSGSIZE, "lists and mappings are nested too deeply");
    int r = add(g, type, STR_NONE, &node);
    if (r == 0)
        g->open = node;
    return r;
}

static int on_event(struct growth *g, const yaml_event_t *event)
{
    g->line = (unsigned)event->start_mark.line + 1;
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        return on_text(g, event);
    case YAML_MAPPING_START_EVENT:
        return on_start(g, NODE_MAP, event->data.mapping_start.anchor,
                        event->data.mapping_start.tag);
    case YAML_SEQUENCE_START_EVENT:
        return on_start(g, NODE_LIST, event->data.sequence_start.anchor,
                        event->data.sequence_start.tag);
    case YAML_MAPPING_END_EVENT:
    case YAML_SEQUENCE_END_EVENT:
        assert(g->open); /* libyaml ends what it began */
        g->depth--;
        g->open = g->open->parent;
        return 0;
    case YAML_ALIAS_EVENT:
        return complain(g, -EINVAL, "aliases (*name) are not used here");
    case YAML_DOCUMENT_START_EVENT:
        if (++g->documents > 1)
            return complain(g, -EINVAL,
                            "a second document (---) begins here; one file is one document");
        return 0;
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_STREAM_END_EVENT:
    case YAML_DOCUMENT_END_EVENT:
        return 0;
    }
    return 0;
}

static int not_yaml(struct growth *g, const yaml_parser_t *parser)
{
    const char *problem = parser->problem ? parser->problem : "cannot be read";
    g->line =
        (unsigned)(parser->problem_mark.line ? parser->problem_mark.line : parser->mark.line) + 1;
    if (parser->context)
        snprintf(g->why, NODE_WHY, "not well-formed YAML: %s, %s", parser->context, problem);
    else
        snprintf(g->why, NODE_WHY, "not well-formed YAML: %s", problem);
    return -EINVAL;
}

static int grow(struct growth *g, yaml_parser_t *parser)
{
    for (bool done = false; !done;) {
        yaml_event_t event;
        if (!yaml_parser_parse(parser, &event))
            return not_yaml(g, parser);
        done = event.type == YAML_STREAM_END_EVENT;
        int r = on_event(g, &event);
        yaml_event_delete(&event);
        if (r < 0)
            return r;
    }
    if (!g->root)
        g->root = node_new(g, NODE_MAP, STR_NONE);
    return 0;
}

int node_parse(struct str text, struct node **out, char why[NODE_WHY], unsigned *line_out)
{
    struct growth g = {.why = why, .line = 1};
    yaml_parser_t parser;
    if (text.len > LIMIT_CONFIG_BYTES) {
        *line_out = 1;
        return complain(&g, -EMSGSIZE, "the file is larger than a configuration may be");
    }
    if (!yaml_parser_initialize(&parser))
        xnomem();
    yaml_parser_set_input_string(&parser, (const unsigned char *)(text.at ? text.at : ""),
                                 text.len);
    int r = grow(&g, &parser);
    yaml_parser_delete(&parser);
    buf_free(&g.name);
    if (r < 0) {
        *line_out = g.line;
        node_free(g.root);
        return r;
    }
    *out = g.root;
    return 0;
}

void node_free(struct node *node)
{
    if (!node)
        return;
    for (struct node *child = node->first, *next; child; child = next) {
        next = child->next;
        node_free(child);
    }
    free(node);
}

bool node_is_nothing(const struct node *node)
{
    return node->type == NODE_TEXT && node->plain &&
           (node->text.len == 0 || str_is(node->text, "~") || str_isi(node->text, "null"));
}

const struct node *node_find(const struct node *map, const char *key)
{
    if (!map || map->type != NODE_MAP)
        return NULL;
    for (const struct node *child = map->first; child; child = child->next)
        if (str_is(child->key, key))
            return child;
    return NULL;
}

void node_path(const struct node *node, struct buf *out)
{
    if (!node->parent)
        return;
    node_path(node->parent, out);
    if (node->parent->type == NODE_LIST) {
        size_t index = 0;
        for (const struct node *n = node->parent->first; n != node; n = n->next)
            index++;
        buf_printf(out, "[%zu]", index);
        return;
    }
    if (out->len)
        buf_putc(out, '.');
    show_fit(out, node->key, 40);
}
