/*
 * The list of sources: each has to make sense, get an id, and be there once. The nodes of the file
 * stand beside the sources while this is found out, so that an error knows both lines.
 */
#include "config_parts.h"

#include <errno.h>
#include <glob.h>

#include "hash.h"
#include "limits.h"
#include "slug.h"

struct place { /* of a source: where it was written */
    const struct conf_origin *origin;
    const struct node *node;
};

struct taken { /* an id, or an address */
    const char *text;
    size_t index;
    UT_hash_handle hh;
};

struct part { /* an included file */
    char *name, *dir;
    struct conf_origin origin; /* lends them */
    struct node *root;
};

struct list {
    struct config *config;
    struct place *places; /* beside config->sources */
    struct part *parts;
    size_t part_count;
    struct taken *ids, *addresses, *pool;
    size_t pooled;
    char *why;
};

static int complain(const struct list *l, size_t index, const char *key, const char *text)
{
    const struct place *p = &l->places[index];
    const struct node *node = key ? node_find(p->node, key) : NULL;
    return conf_complain(p->origin, node ? node : p->node, l->why, "%s", text);
}

static const char *address_of(const struct config_source *source)
{
    return source->url ? source->url : source->path;
}

/* ---- does it make sense? */

static int check_push(const struct list *l, size_t index)
{
    const struct config_source *s = &l->config->sources[index];
    if (s->url || s->path)
        return complain(l, index, s->url ? "url" : "path",
                        "programs hand in what a push source has, it is not asked");
    return s->id ? 0 : complain(l, index, NULL, "a push source needs an id, programs name it");
}

static int check_source(const struct list *l, size_t index)
{
    struct config_source *s = &l->config->sources[index];
    if (s->kind && str_is(str_of(s->kind), "push"))
        return check_push(l, index);
    if (s->url && s->path)
        return complain(l, index, "path", "a source has a url or a path, not both");
    if (!s->url && !s->path)
        return complain(l, index, NULL, "has neither url nor path");
    if (!s->kind)
        s->kind = xstrdup(s->url ? "feed" : "directory");
    bool directory = str_is(str_of(s->kind), "directory");
    if (directory && s->url)
        return complain(l, index, "url", "a directory has a path, not a url");
    if (!directory && s->path)
        return complain(l, index, "path", "only a directory has a path, this kind has a url");
    if (!str_is(str_of(s->kind), "page") && (s->links || s->skip))
        return complain(l, index, s->links ? "links" : "skip",
                        "only a page source has links to pick");
    if (!str_is(str_of(s->kind), "sitemap") && node_find(l->places[index].node, "since"))
        return complain(l, index, "since", "only a sitemap has a past to leave out");
    return 0;
}

/* ---- is it there once? */

static int take(struct list *l, struct taken **table, const char *text, size_t index,
                const char *key)
{
    struct taken *other;
    HASH_FIND_STR(*table, text, other);
    if (other) {
        const struct place *p = &l->places[other->index];
        struct buf why = BUF_NONE;
        conf_quote(&why, str_of(text));
        buf_printf(&why, " is already the %s of the source at %s:%u",
                   str_is(str_of(key), "id") ? "id" : "address", p->origin->name, p->node->line);
        int r = complain(l, index, key, buf_cstr(&why));
        buf_free(&why);
        return r;
    }
    struct taken *t = &l->pool[l->pooled++];
    t->text = text;
    t->index = index;
    HASH_ADD_KEYPTR(hh, *table, t->text, strlen(t->text), t);
    return 0;
}

/* The id stands in the uris of its items, so it is made of the address alone: the order of the list
 * plays no part unless two addresses give the same one. */
static char *make_id(const struct list *l, const char *address)
{
    const struct taken *other = NULL;
    struct buf id = BUF_NONE;
    slug_put(&id, str_of(address), false, LIMIT_SOURCE_ID);
    HASH_FIND(hh, l->ids, id.at, id.len, other);
    if (other) {
        buf_reset(&id);
        slug_put(&id, str_of(address), true, LIMIT_SOURCE_ID);
    }
    char *made = str_dup(buf_str(&id));
    buf_free(&id);
    return made;
}

static int name_sources(struct list *l)
{
    struct config *c = l->config;
    l->pool = xcalloc(c->source_count, 2 * sizeof *l->pool);
    for (size_t i = 0; i < c->source_count; i++) {
        struct config_source *s = &c->sources[i];
        if (s->id && take(l, &l->ids, s->id, i, "id") < 0)
            return -EINVAL;
        if (address_of(s) && take(l, &l->addresses, address_of(s), i, s->url ? "url" : "path") < 0)
            return -EINVAL;
    }
    for (size_t i = 0; i < c->source_count; i++) {
        struct config_source *s = &c->sources[i];
        if (s->id)
            continue;
        s->id = make_id(l, address_of(s));
        if (take(l, &l->ids, s->id, i, "id") < 0)
            return -EINVAL;
    }
    return 0;
}

/* ---- files */

/* The nodes of `sources` belong to the last ones of the list. */
static void place_sources(struct list *l, const struct conf_origin *origin,
                          const struct node *sources, size_t before)
{
    l->places = xrealloc(l->places, l->config->source_count * sizeof *l->places);
    const struct node *item = sources ? sources->first : NULL;
    for (size_t i = before; i < l->config->source_count && item; i++, item = item->next)
        l->places[i] = (struct place){origin, item};
}

static int include_file(struct list *l, struct part *part)
{
    static const struct conf_setting settings[] = {
        {.key = "sources",
         .type = CONF_RECORDS,
         .at = offsetof(struct config, sources),
         .count_at = offsetof(struct config, source_count),
         .max = LIMIT_SOURCES,
         .table = &config_source_table},
    };
    static const struct conf_table table = {
        .settings = settings,
        .count = ARRAY_LEN(settings),
        .others = "an included file holds sources: and nothing else",
    };
    size_t before = l->config->source_count;
    int r = config_read_file(&part->origin, &part->root, l->why);
    if (r < 0)
        return r;
    const struct node *sources = node_find(part->root, "sources");
    r = conf_read(&part->origin, part->root, &table, l->config, l->why);
    if (r < 0)
        return r;
    if (l->config->source_count > LIMIT_SOURCES)
        return conf_complain(&part->origin, sources, l->why, "more than %d sources in all",
                             LIMIT_SOURCES);
    place_sources(l, &part->origin, sources, before);
    return 0;
}

static int find_files(const struct conf_origin *origin, const struct node *node, char **patterns,
                      glob_t *found, char why[CONF_WHY])
{
    for (size_t i = 0; patterns[i]; i++) {
        int r = glob(patterns[i], i ? GLOB_APPEND : 0, NULL, found);
        bool wild = strpbrk(patterns[i], "*?[") != NULL;
        if (r == GLOB_NOSPACE)
            xnomem();
        if (r == GLOB_NOMATCH && !wild) {
            struct buf quoted = BUF_NONE;
            conf_quote(&quoted, str_of(patterns[i]));
            conf_complain(origin, node, why, "%s is not there", buf_cstr(&quoted));
            buf_free(&quoted);
            return -EINVAL;
        }
        if (found->gl_pathc > LIMIT_INCLUDES)
            return conf_complain(origin, node, why, "names more than %d files", LIMIT_INCLUDES);
    }
    return 0;
}

static int include_all(struct list *l, const struct conf_origin *origin, const struct node *node,
                       char **patterns)
{
    glob_t found = {0};
    int r = find_files(origin, node, patterns, &found, l->why);
    l->parts = xcalloc(found.gl_pathc, sizeof *l->parts);
    for (size_t i = 0; r == 0 && i < found.gl_pathc; i++) {
        struct part *part = &l->parts[l->part_count++];
        part->name = xstrdup(found.gl_pathv[i]);
        part->dir = config_folder(found.gl_pathv[i]);
        part->origin = (struct conf_origin){part->name, part->dir};
        r = include_file(l, part);
    }
    globfree(&found);
    return r;
}

static void list_done(struct list *l)
{
    HASH_CLEAR(hh, l->ids);
    HASH_CLEAR(hh, l->addresses);
    for (size_t i = 0; i < l->part_count; i++) {
        free(l->parts[i].name);
        free(l->parts[i].dir);
        node_free(l->parts[i].root);
    }
    free(l->parts);
    free(l->places);
    free(l->pool);
}

int config_settle_sources(struct loading *loading, const struct conf_origin *origin,
                          const struct node *root, char why[CONF_WHY])
{
    struct list l = {.config = &loading->config, .why = why};
    const struct node *include = node_find(root, "include");
    place_sources(&l, origin, node_find(root, "sources"), 0);
    int r = loading->include && loading->include[0]
                ? include_all(&l, origin, include, loading->include)
                : 0;
    for (size_t i = 0; r == 0 && i < l.config->source_count; i++)
        r = check_source(&l, i);
    if (r == 0)
        r = name_sources(&l);
    list_done(&l);
    return r;
}
