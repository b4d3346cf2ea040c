/* Which sources there are: those of the configuration, and those that a command added, which the store
 * remembers. */
#include "inside.h"

#include <errno.h>
#include <stdlib.h>
#include <sysexits.h>

#include "limits.h"
#include "log.h"

static json_t *def_json(const struct source_def *def)
{
    return json_pack("{s:i, s:s, s:s, s:s*, s:s*, s:s*, s:s*, s:I, s:I, s:i, s:b}", "v", 1, "id",
                     def->id, "kind", def->kind, "url", def->url, "path", def->path, "links",
                     def->links, "skip", def->skip, "since_us", (json_int_t)def->since_us,
                     "every_us", (json_int_t)def->every_us, "full_text", (int)def->full_text,
                     "allow_private", (int)def->allow_private);
}

/* The rows of sources that a command added carry their definition under '+' and the id, which no
 * id can begin with. */
static struct str def_key(char key[LIMIT_SOURCE_ID + 2], const char *id)
{
    snprintf(key, LIMIT_SOURCE_ID + 2, "+%s", id);
    return str_of(key);
}

void catalog_write(struct pipeline *p, struct source *source)
{
    char key[LIMIT_SOURCE_ID + 2];
    const struct source_def *def = source_def(source);
    struct batch *batch = batch_new(p);
    struct buf state = BUF_NONE;
    if (def->added) {
        json_t *json = def_json(def);
        char *text = json_dumps(json, JSON_COMPACT);
        store_put_source(batch->change, def_key(key, def->id), str_of(text));
        free(text);
        json_decref(json);
    }
    source_state(source, &state);
    store_put_source(batch->change, str_of(def->id), buf_str(&state));
    buf_free(&state);
    batch->dirty = true;
    batch_commit(batch);
}

static bool is_id(const char *id)
{
    size_t n = strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789_-");
    return n > 0 && n <= LIMIT_SOURCE_ID && id[n] == '\0';
}

static int64_t every_of(const json_t *request)
{
    return json_integer_value(json_object_get(request, "every_us"));
}

static int64_t since_of(const json_t *request)
{
    const json_t *since = json_object_get(request, "since_us");
    return json_is_integer(since) ? json_integer_value(since) : CONFIG_SINCE_US;
}

static bool is_there(struct pipeline *p, const char *url)
{
    return sources_find(p->sources, str_of(url)) != NULL;
}

/* What is said to be something is not looked at first, nor what would be refused anyway. */
void catalog_add(struct pipeline *p, const json_t *request, struct control_call *call)
{
    const char *url = request_text(request, "url"), *id = request_text(request, "id");
    bool known = (url && is_there(p, url)) || (id && (!is_id(id) || is_there(p, id)));
    if (url && !request_text(request, "path") && !request_text(request, "kind") && !known)
        discover_begin(p, request, call);
    else
        catalog_add_found(p, request, call, NULL);
}

void catalog_add_found(struct pipeline *p, const json_t *request, struct control_call *call,
                       const char *found)
{
    char id[LIMIT_SOURCE_ID + 1], why[SOURCE_WHY];
    const char *kind = request_text(request, "kind"), *given = request_text(request, "id");
    struct source_def def = {.url = request_text(request, "url"),
                             .path = request_text(request, "path"),
                             .links = request_text(request, "links"),
                             .skip = request_text(request, "skip"),
                             .every_us = every_of(request),
                             .since_us = since_of(request),
                             .allow_private =
                                 json_is_true(json_object_get(request, "allow_private")),
                             .added = true};
    struct source *source;
    if (!def.url && !def.path) {
        control_fail(call, EX_USAGE, "a source needs a url or a path");
        return;
    }
    if (given && !is_id(given)) {
        control_fail(call, EX_USAGE, "an id is made of a-z, 0-9, - and _, at most %d of them",
                     LIMIT_SOURCE_ID);
        return;
    }
    def.kind = kind ? kind : def.path ? "directory" : "feed";
    if (!given)
        sources_make_id(p->sources, def.url ? def.url : def.path, id, sizeof id);
    def.id = given ? given : id;
    if (sources_add(p->sources, &def, STR_NONE, &source, why) != 0) {
        control_fail(call, EX_DATAERR, found ? "%s (this is %s)" : "%s", why, found);
        return;
    }
    catalog_write(p, source);
    log_info("pipeline: source added source=%s", def.id);
    control_answer(call, json_pack("{s:b, s:o, s:s*}", "ok", 1, "source", source_json(source),
                                   "found", found));
}

void catalog_remove(struct pipeline *p, struct source *source, struct control_call *call)
{
    char key[LIMIT_SOURCE_ID + 2];
    if (!source_def(source)->added) {
        control_fail(call, EX_CONFIG,
                     "source %s stands in the configuration: take it out there, or pause it",
                     source_def(source)->id);
        return;
    }
    char *id = xstrdup(source_def(source)->id);
    struct batch *batch = batch_new(p);
    store_drop_source(batch->change, def_key(key, id));
    store_drop_source(batch->change, str_of(id));
    batch->dirty = true;
    batch_commit(batch);
    /* One whose poll is on its way to the disk goes when that is durable. */
    if (way_in_cancel(p, source))
        source_abandon(source);
    sources_remove(p->sources, str_of(id));
    log_info("pipeline: source removed source=%s", id);
    control_answer(call, json_pack("{s:b, s:s}", "ok", 1, "removed", id));
    free(id);
}

/* ------------------------------------------------------------------------------------- restore */

static int add_configured(struct pipeline *p, const struct config_source *c, char why[PIPELINE_WHY])
{
    char id[LIMIT_SOURCE_ID + 1], reason[SOURCE_WHY];
    struct buf state = BUF_NONE;
    struct source *source;
    if (!c->id)
        sources_make_id(p->sources, c->url ? c->url : c->path, id, sizeof id);
    struct source_def def = {.id = c->id ? c->id : id,
                             .kind = c->kind,
                             .url = c->url,
                             .path = c->path,
                             .title = c->title,
                             .links = c->links,
                             .skip = c->skip,
                             .every_us = c->every_us,
                             .since_us = c->since_us,
                             .full_text = (enum source_full_text)c->full_text,
                             .lane = (enum source_lane)c->lane,
                             .allow_private = c->allow_private};
    if (store_get_source(p->store, str_of(def.id), &state) != 0)
        buf_reset(&state);
    int rc = sources_add(p->sources, &def, buf_str(&state), &source, reason);
    buf_free(&state);
    if (rc == 0)
        return 0;
    snprintf(why, PIPELINE_WHY, "source %s: %s", def.id, reason);
    return EX_CONFIG;
}

static int add_under(struct pipeline *p, struct source_def *def, const char *id,
                     struct source **out, char why[SOURCE_WHY])
{
    struct buf state = BUF_NONE;
    def->id = id;
    if (store_get_source(p->store, str_of(id), &state) != 0)
        buf_reset(&state);
    int rc = sources_add(p->sources, def, buf_str(&state), out, why);
    buf_free(&state);
    return rc;
}

/* A source of the configuration may have taken its id since: it goes on under another one. */
static int add_renamed(struct pipeline *p, struct source_def *def, const char *old,
                       char why[SOURCE_WHY])
{
    char id[LIMIT_SOURCE_ID + 1], key[LIMIT_SOURCE_ID + 2];
    const char *address = def->url ? def->url : def->path;
    struct source *source;
    if (!address || sources_find(p->sources, str_of(address)))
        return -EEXIST;
    sources_make_id(p->sources, address, id, sizeof id);
    int rc = add_under(p, def, id, &source, why);
    if (rc != 0)
        return rc;
    log_warning(
        "pipeline: the configuration has taken the id of a source that was added by command "
        "source=%s now=%s",
        old, id);
    struct batch *batch = batch_new(p);
    store_drop_source(batch->change, def_key(key, old));
    batch->dirty = true;
    batch_commit(batch);
    catalog_write(p, source);
    return 0;
}

static int add_remembered(void *ctx, struct str key, struct str row)
{
    struct pipeline *p = ctx;
    if (key.len < 2 || key.at[0] != '+')
        return 0;
    json_t *def_row = json_loadb(row.at, row.len, 0, NULL);
    struct source *source;
    char why[SOURCE_WHY] = "its row is damaged", *id = str_dup(str_from(key, 1));
    struct source_def def = {
        .kind = request_text(def_row, "kind"),
        .url = request_text(def_row, "url"),
        .path = request_text(def_row, "path"),
        .links = request_text(def_row, "links"),
        .skip = request_text(def_row, "skip"),
        .every_us = every_of(def_row),
        .since_us = since_of(def_row),
        .full_text =
            (enum source_full_text)json_integer_value(json_object_get(def_row, "full_text")),
        .allow_private = json_is_true(json_object_get(def_row, "allow_private")),
        .added = true,
    };
    bool good = def.kind && is_id(id);
    if (!good || (add_under(p, &def, id, &source, why) != 0 && add_renamed(p, &def, id, why) != 0))
        log_warning("pipeline: a source that was added by command is left out source=%s why=%s",
                    log_safez(id), log_safez(why));
    json_decref(def_row);
    free(id);
    return 0;
}

/* ----------------------------------------------------------------------------- handed-in items */

#define PUSH_ID "push" /* of the source of those who name none */

static struct source *with_id(struct pipeline *p, struct str id)
{
    struct source *source = sources_find(p->sources, id);
    return source && str_is(id, source_def(source)->id) ? source : NULL;
}

struct source *catalog_push_source(struct pipeline *p, struct str id)
{
    struct source_def def = {.kind = "push", .title = "Handed in", .full_text = FULL_TEXT_NEVER};
    char why[SOURCE_WHY];
    if (id.len == 0)
        id = STR(PUSH_ID);
    struct source *source = with_id(p, id);
    if (!source && str_is(id, PUSH_ID) && add_under(p, &def, PUSH_ID, &source, why) != 0)
        log_error("pipeline: the source of what is handed in cannot be made why=%s",
                  log_safez(why));
    return source && source_takes_pushes(source) ? source : NULL;
}

/* It has been there before. */
static void restore_push_source(struct pipeline *p)
{
    struct buf state = BUF_NONE;
    if (store_get_source(p->store, STR(PUSH_ID), &state) == 0)
        catalog_push_source(p, STR_NONE);
    buf_free(&state);
}

/* The configuration goes first: where both name one address, it decides. */
int sources_restore(struct pipeline *p, char why[PIPELINE_WHY])
{
    for (size_t i = 0; i < p->config->source_count; i++) {
        int rc = add_configured(p, &p->config->sources[i], why);
        if (rc != 0)
            return rc;
    }
    store_each_source(p->store, add_remembered, p);
    restore_push_source(p);
    return 0;
}
