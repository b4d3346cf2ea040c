#include "config.h"

#include <errno.h>
#include <libgen.h>
#include <sys/stat.h>

#include "config_parts.h"
#include "keyfile.h"
#include "limits.h"
#include "slurp.h"

/* ---- what follows from the settings together */

struct endpoint {
    const char *section, *key;
    const char *socket; /* its name in runtime:, or NULL */
    char ***list;       /* or */
    char **one;
    bool bound;    /* by the daemon */
    bool secured;  /* by keys, so that it may reach beyond this host */
    bool optional; /* "off" or an empty list: nothing is bound */
};

static char **list_of(char *text)
{
    char **list = xcalloc(2, sizeof *list);
    list[0] = text;
    return list;
}

/* One connection to a daemon is enough, whatever the number of its endpoints: the first that stays on
 * this host, if there is one. */
static char **list_of_nearest(char **bind)
{
    char *const *at = bind;
    while (*at && !config_is_local(*at))
        at++;
    return list_of(config_reach(*at ? *at : bind[0]));
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
    else if (e->bound && !e->secured && !config_is_local(*endpoint))
        r = conf_complain(origin, node, why,
                          "%s reaches beyond loopback, which needs security.key and "
                          "security.authorised_keys (dateline keygen makes a key)",
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

static bool is_off(char *const *list)
{
    return !list[0] || (str_is(str_of(list[0]), "off") && !list[1]);
}

static int settle(const struct endpoint *e, const struct loading *l,
                  const struct conf_origin *origin, const struct node *root, char why[CONF_WHY])
{
    const struct node *node = node_find(node_find(root, e->section), e->key);
    bool given = e->list ? *e->list != NULL : *e->one != NULL;
    if (e->optional && given && is_off(*e->list)) {
        free((*e->list)[0]);
        (*e->list)[0] = NULL;
        return 0;
    }
    for (char **one = e->optional && given ? *e->list : NULL; one && *one; one++)
        if (str_is(str_of(*one), "off"))
            return conf_complain(origin, node ? node : root, why, "off stands alone");
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
    bool keys = c->security.key && c->security.authorised_keys;
    const struct endpoint endpoints[] = {
        {"work", "bind", "work", &c->work.bind, NULL, true, keys, false},
        {"live", "bind", NULL, &c->live.bind, NULL, true, keys, false},
        {"replay", "bind", NULL, &c->replay.bind, NULL, true, keys, false},
        {"control", "bind", "control", NULL, &c->control.bind, true, keys, false},
        {"intake", "bind", "intake", &c->intake.bind, NULL, true, keys, true},
        {"worker", "connect", NULL, &c->worker.connect, NULL, false, false, false},
    };
    for (size_t i = 0; i < ARRAY_LEN(endpoints); i++) {
        if (endpoints[i].list == &c->worker.connect && !c->worker.connect)
            c->worker.connect = list_of_nearest(c->work.bind);
        int r = settle(&endpoints[i], l, origin, root, why);
        if (r < 0)
            return r;
    }
    return 0;
}

/* Which settings a kind of sink has and has to have; `kind` and `fsync` are everybody's. */
static const struct sink_key {
    const char *key;
    const char *kinds[2]; /* the second may be NULL */
    bool needed;
    const char *wrong; /* for other kinds */
} sink_keys[] = {
    {"path", {"jsonl", "sqlite"}, true, "only a jsonl or sqlite sink is a file"},
    {"rotate", {"jsonl"}, false, "only a jsonl file is rotated"},
    {"keep", {"jsonl"}, false, "only a jsonl file is rotated"},
    {"conninfo", {"postgres"}, true, "only a postgres sink has a server"},
    {"password_file", {"postgres"}, false, "only a postgres sink has a server"},
    {"schema", {"postgres"}, false, "only a postgres sink has a server"},
    {"table", {"postgres"}, false, "only a postgres sink has a server"},
};

static int check_sink_keys(const struct config_sink *s, const struct conf_origin *origin,
                           const struct node *node, char why[CONF_WHY])
{
    for (size_t i = 0; i < ARRAY_LEN(sink_keys); i++) {
        const struct sink_key *k = &sink_keys[i];
        const struct node *given = node_find(node, k->key);
        bool ours = str_is(str_of(s->kind), k->kinds[0]) ||
                    (k->kinds[1] && str_is(str_of(s->kind), k->kinds[1]));
        if (given && !ours)
            return conf_complain(origin, given, why, "%s", k->wrong);
        if (!given && ours && k->needed)
            return conf_complain(origin, node, why, "has no %s", k->key);
    }
    return 0;
}

static bool same(const char *a, const char *b)
{
    return a && b && strcmp(a, b) == 0;
}

static int check_sink_alone(const struct config *c, size_t i, const struct conf_origin *origin,
                            const struct node *list, char why[CONF_WHY])
{
    const struct config_sink *s = &c->sinks[i];
    const struct node *node = item_at(list, i);
    for (size_t j = 0; j < i; j++) {
        const struct config_sink *other = &c->sinks[j];
        if (same(other->path, s->path))
            return conf_complain(origin, node_find(node, "path"), why,
                                 "is the file of the sink on line %u too", item_at(list, j)->line);
        if (same(other->conninfo, s->conninfo) && same(other->schema, s->schema) &&
            same(other->table, s->table))
            return conf_complain(origin, node_find(node, "conninfo"), why,
                                 "is the server and table of the sink on line %u too",
                                 item_at(list, j)->line);
    }
    return 0;
}

static void settle_password_file(struct config_sink *s, const struct conf_origin *origin)
{
    struct str file = str_of(s->password_file);
    if (file.len == 0 || str_starts(file, STR("credential:")))
        return;
    char *absolute = conf_absolute(origin->dir, file);
    free(s->password_file);
    s->password_file = absolute;
}

/* A relative path starts where the file stands; credential:NAME and a key itself are no paths. */
static void settle_key(char **where, const struct conf_origin *origin)
{
    if (!*where || str_starts(str_of(*where), STR("credential:")) || key_is(str_of(*where)))
        return;
    char *absolute = conf_absolute(origin->dir, str_of(*where));
    free(*where);
    *where = absolute;
}

static int settle_security(struct config *c, const struct conf_origin *origin,
                           const struct node *root, char why[CONF_WHY])
{
    const struct node *section = node_find(root, "security");
    settle_key(&c->security.key, origin);
    settle_key(&c->security.authorised_keys, origin);
    settle_key(&c->security.server_key, origin);
    if (!c->security.key && (c->security.authorised_keys || c->security.server_key))
        return conf_complain(origin, section, why,
                             "key is missing: the file that dateline keygen made for this process");
    if (c->security.authorised_keys && c->security.server_key)
        return conf_complain(
            origin, node_find(section, "server_key"), why,
            "belongs to other hosts' configurations; on the daemon's, clients take "
            "the public half of security.key");
    return 0;
}

static int settle_sink(struct config *c, size_t i, const struct conf_origin *origin,
                       const struct node *list, char why[CONF_WHY])
{
    struct config_sink *s = &c->sinks[i];
    const struct node *node = item_at(list, i);
    if (!s->kind)
        return conf_complain(origin, node, why, "has no kind");
    int r = check_sink_keys(s, origin, node, why);
    if (r == 0)
        r = check_sink_alone(c, i, origin, list, why);
    if (r == 0)
        settle_password_file(s, origin);
    return r;
}

static int settle_all(struct loading *l, const struct conf_origin *origin, const struct node *root,
                      char why[CONF_WHY])
{
    const struct node *sinks = node_find(root, "sinks");
    int r = settle_security(&l->config, origin, root, why);
    if (r == 0)
        r = settle_endpoints(l, origin, root, why);
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
