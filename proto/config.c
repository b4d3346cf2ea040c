#include "config.h"

#include <errno.h>
#include <libgen.h>
#include <sys/stat.h>

#include "config_parts.h"
#include "limits.h"
#include "slurp.h"

/* ---- what follows from the settings together */

struct endpoint {
    const char *section, *key;
    const char *socket; /* its name in runtime:, or NULL */
    char ***list;       /* or */
    char **one;
    bool bound;
};

static char **list_of(char *text)
{
    char **list = xcalloc(2, sizeof *list);
    list[0] = text;
    return list;
}

static char **list_copy(char **list)
{
    size_t count = 0;
    while (list[count])
        count++;
    char **copy = xcalloc(count + 1, sizeof *copy);
    for (size_t i = 0; i < count; i++)
        copy[i] = xstrdup(list[i]);
    return copy;
}

/* Socket paths have to fit sockaddr_un; what is bound without keys stays on this host. */
static int settle_endpoint(const struct endpoint *e, char **endpoint,
                           const struct conf_origin *origin, const struct node *node,
                           char why[CONF_WHY])
{
    struct buf quoted = BUF_NONE;
    int r = 0;
    config_settle_endpoint(endpoint, origin->dir);
    struct str path = config_ipc_path(str_of(*endpoint));
    conf_quote(&quoted, path.len ? path : str_of(*endpoint));
    if (path.len > LIMIT_SOCKET_PATH)
        r = conf_complain(origin, node, why,
                          "the socket path %s is %zu bytes long, a Unix socket's path holds %d",
                          buf_cstr(&quoted), path.len, LIMIT_SOCKET_PATH);
    else if (e->bound && !config_is_local(*endpoint))
        r = conf_complain(origin, node, why,
                          "%s reaches beyond loopback, which needs keys; this version has none",
                          buf_cstr(&quoted));
    buf_free(&quoted);
    return r;
}

static const struct node *item_at(const struct node *node, size_t index)
{
    const struct node *item = node->type == NODE_LIST ? node->first : NULL;
    while (item && index--)
        item = item->next;
    return item ? item : node;
}

static int settle(const struct endpoint *e, const struct loading *l,
                  const struct conf_origin *origin, const struct node *root, char why[CONF_WHY])
{
    const struct node *node = node_find(node_find(root, e->section), e->key);
    bool given = e->list ? *e->list != NULL : *e->one != NULL;
    if (e->list && given && !(*e->list)[0])
        return conf_complain(origin, node ? node : root, why, "names no endpoint");
    if (!given && e->socket) {
        char *made = xasprintf("ipc://%s/%s", l->config.runtime, e->socket);
        if (e->list)
            *e->list = list_of(made);
        else
            *e->one = made;
        node = NULL;
    }
    if (!node)
        node = node_find(root, "runtime");
    if (!node)
        node = root;
    if (e->one)
        return settle_endpoint(e, e->one, origin, node, why);
    char **list = *e->list;
    int r = 0;
    for (size_t i = 0; r == 0 && list && list[i]; i++)
        r = settle_endpoint(e, &list[i], origin, item_at(node, i), why);
    return r;
}

static int settle_endpoints(struct loading *l, const struct conf_origin *origin,
                            const struct node *root, char why[CONF_WHY])
{
    struct config *c = &l->config;
    const struct endpoint endpoints[] = {
        {"work", "bind", "work", &c->work.bind, NULL, true},
        {"live", "bind", NULL, &c->live.bind, NULL, true},
        {"replay", "bind", NULL, &c->replay.bind, NULL, true},
        {"control", "bind", "control", NULL, &c->control.bind, true},
        {"worker", "connect", NULL, &c->worker.connect, NULL, false},
    };
    for (size_t i = 0; i < ARRAY_LEN(endpoints); i++) {
        if (endpoints[i].list == &c->worker.connect && !c->worker.connect)
            c->worker.connect = list_copy(c->work.bind);
        int r = settle(&endpoints[i], l, origin, root, why);
        if (r < 0)
            return r;
    }
    return 0;
}

static int settle_sink(const struct config *c, size_t i, const struct conf_origin *origin,
                       const struct node *list, char why[CONF_WHY])
{
    const struct config_sink *s = &c->sinks[i];
    const struct node *node = item_at(list, i), *rotate = node_find(node, "rotate");
    const struct node *keep = node_find(node, "keep");
    if (!s->kind)
        return conf_complain(origin, node, why, "has no kind");
    if (!s->path)
        return conf_complain(origin, node, why, "has no path");
    if (!str_is(str_of(s->kind), "jsonl") && (rotate || keep))
        return conf_complain(origin, rotate ? rotate : keep, why, "only a jsonl file is rotated");
    for (size_t j = 0; j < i; j++)
        if (str_is(str_of(c->sinks[j].path), s->path))
            return conf_complain(origin, node_find(node, "path"), why,
                                 "is the file of the sink on line %u too", item_at(list, j)->line);
    return 0;
}

static int settle_all(struct loading *l, const struct conf_origin *origin, const struct node *root,
                      char why[CONF_WHY])
{
    const struct node *sinks = node_find(root, "sinks");
    int r = settle_endpoints(l, origin, root, why);
    for (size_t i = 0; r == 0 && i < l->config.sink_count; i++)
        r = settle_sink(&l->config, i, origin, sinks, why);
    if (r == 0)
        r = config_settle_sources(l, origin, root, why);
    return r;
}

/* ---- files */

static int parse_tree(const struct conf_origin *origin, struct str text, struct node **out,
                      char why[CONF_WHY])
{
    char reason[NODE_WHY];
    unsigned line;
    if (node_parse(text, out, reason, &line) < 0)
        return conf_complain_line(origin, line, why, "%s", reason);
    return 0;
}

int config_read_file(const struct conf_origin *origin, struct node **out, char why[CONF_WHY])
{
    struct buf text = BUF_NONE;
    int r = slurp_file(origin->name, LIMIT_CONFIG_BYTES, &text);
    if (r < 0)
        conf_complain_line(origin, 0, why, "cannot be read: %s", strerror(-r));
    else
        r = parse_tree(origin, buf_str(&text), out, why);
    buf_free(&text);
    return r;
}

char *config_folder(const char *path)
{
    char *copy = xstrdup(path), *dir = dirname(copy);
    char *absolute = realpath(dir, NULL);
    if (!absolute)
        absolute = xstrdup("/"); /* the file cannot be read either, and that is what is said */
    free(copy);
    return absolute;
}

/* ---- the public face */

static int config_make(const struct conf_origin *origin, const struct node *root,
                       struct config **out, char why[CONF_WHY])
{
    struct loading *loading = xcalloc(1, sizeof *loading);
    conf_init(&config_root_table, loading);
    int r = conf_read(origin, root, &config_root_table, loading, why);
    if (r == 0)
        r = settle_all(loading, origin, root, why);
    if (r < 0) {
        config_free(&loading->config);
        return r;
    }
    *out = &loading->config;
    return 0;
}

int config_load(const char *path, struct config **out, struct config_error *error)
{
    struct node *root = NULL;
    char *dir = config_folder(path);
    struct conf_origin origin = {path, dir};
    int r = config_read_file(&origin, &root, error->text);
    if (r == 0)
        r = config_make(&origin, root, out, error->text);
    node_free(root);
    free(dir);
    return r;
}

int config_parse(struct str text, const char *name, const char *dir, struct config **out,
                 struct config_error *error)
{
    struct node *root = NULL;
    struct conf_origin origin = {name, dir};
    int r = parse_tree(&origin, text, &root, error->text);
    const struct node *include = r == 0 ? node_find(root, "include") : NULL;
    if (include)
        r = conf_complain(&origin, include, error->text, "cannot be used here");
    if (r == 0)
        r = config_make(&origin, root, out, error->text);
    node_free(root);
    return r;
}

struct config *config_defaults(void)
{
    struct config *config = NULL;
    struct config_error error;
    char *dir = config_folder("./dateline.yaml");
    if (config_parse(STR_NONE, "defaults", dir, &config, &error) < 0)
        abort(); /* they are ours */
    free(dir);
    return config;
}

void config_free(struct config *config)
{
    if (!config)
        return;
    conf_done(&config_root_table, config);
    free(config);
}
