/* What the command line and the web page ask. Every answer is made from what the rooms say of
 * themselves; nothing is counted twice. */
#include "inside.h"

#include <errno.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "clock.h"
#include "limits.h"
#include "log.h"

#define LISTED_ITEMS 50 /* of the queue or the dead, in one answer */

static json_t *number(uint64_t n)
{
    return json_integer((json_int_t)n);
}

static json_t *seconds(int64_t us)
{
    return json_real((double)us / USEC_PER_SEC);
}

static void set(json_t *object, const char *key, json_t *value)
{
    json_object_set_new(object, key, value);
}

/* -------------------------------------------------------------------------------------- status */

static json_t *intake_json(struct pipeline *p)
{
    json_t *o = json_object();
    set(o, "fetched", number(p->seen.fetched));
    set(o, "duplicate", number(p->numbers.duplicates));
    set(o, "refused", number(p->seen.refused));
    set(o, "accepted", number(p->durable.accepted));
    set(o, "pages", number(p->seen.pages));
    set(o, "files", number(p->seen.files));
    set(o, "held", json_boolean(p->held));
    return o;
}

static json_t *queue_json(struct pipeline *p)
{
    struct dispatch_counts c;
    json_t *o = json_object();
    dispatch_counts(p->dispatch, &c);
    set(o, "accepted", number(p->durable.accepted));
    set(o, "ready", number(c.ready));
    set(o, "leased", number(c.leased));
    set(o, "delayed", number(c.delayed));
    set(o, "dead", number(p->numbers.dead));
    set(o, "done", number(p->durable.done));
    set(o, "deliveries", number(c.deliveries));
    set(o, "redeliveries", number(c.redeliveries));
    set(o, "results", number(c.results));
    set(o, "nacks", number(c.nacks));
    set(o, "lapsed", number(c.lapsed));
    set(o, "refused", number(c.refused));
    set(o, "oldest_s", seconds(c.oldest_us));
    return o;
}

struct source_tally {
    unsigned total, ok, failing, paused;
    json_t *list; /* NULL: count only */
};

static void tally_source(void *ctx, struct source *source)
{
    struct source_tally *tally = ctx;
    json_t *o = source_json(source);
    const char *state = json_string_value(json_object_get(o, "state"));
    tally->total++;
    if (state && strcmp(state, "paused") == 0)
        tally->paused++;
    else if (json_is_string(json_object_get(o, "class")))
        tally->failing++;
    else
        tally->ok++;
    if (tally->list)
        json_array_append_new(tally->list, o);
    else
        json_decref(o);
}

static json_t *sources_tally_json(struct pipeline *p)
{
    struct source_tally tally = {0};
    sources_each(p->sources, tally_source, &tally);
    return json_pack("{s:i, s:i, s:i, s:i}", "total", (int)tally.total, "ok", (int)tally.ok,
                     "failing", (int)tally.failing, "paused", (int)tally.paused);
}

static json_t *live_json(struct pipeline *p)
{
    struct live_counts c;
    json_t *o = json_object();
    live_counts(p->live, &c);
    set(o, "newest", number(p->durable.next_seq - 1));
    set(o, "published", number(c.published));
    set(o, "subscriptions", number(c.subscriptions));
    set(o, "replayed", number(c.replayed));
    set(o, "replay_requests", number(c.replay_requests));
    set(o, "refused", number(c.refused));
    return o;
}

static json_t *store_json(struct pipeline *p)
{
    struct store_stats s;
    json_t *o = json_object();
    store_stats(p->store, &s);
    set(o, "commits", number(s.commits));
    set(o, "syncs", number(s.syncs));
    set(o, "bytes", number(s.bytes));
    set(o, "sync_s", seconds(s.sync_us));
    set(o, "sync_max_s", seconds(s.sync_max_us));
    set(o, "pending_bytes", number(store_pending_bytes(p->store)));
    set(o, "disk_bytes", number(s.disk_bytes));
    return o;
}

static json_t *parser_json(struct pipeline *p)
{
    struct parser_counts c;
    json_t *o = json_object();
    parser_counts(p->parser, &c);
    set(o, "children", number(c.children));
    set(o, "documents", number(c.documents));
    set(o, "items", number(c.items));
    set(o, "refused", number(c.refused));
    set(o, "died", number(c.died));
    set(o, "overran", number(c.overran));
    set(o, "malformed", number(c.malformed));
    set(o, "backlog", number(parser_backlog(p->parser)));
    return o;
}

static json_t *fetch_json(struct pipeline *p)
{
    struct fetch_counts c;
    json_t *o = json_object(), *outcome = json_object();
    fetch_counts(p->fetch, &c);
    for (int i = 0; i < FETCH_CLASSES; i++)
        set(outcome, fetch_class_name((enum fetch_class)i), number(c.outcome[i]));
    set(o, "requests", number(c.requests));
    set(o, "bytes", number(c.bytes));
    set(o, "waiting", number(c.waiting));
    set(o, "active", number(c.active));
    set(o, "hosts", number(c.hosts));
    set(o, "outcome", outcome);
    return o;
}

/* busy: the share of the time since the start in which the loop did anything but sleep. */
static json_t *loop_json(struct pipeline *p)
{
    int64_t up = clock_mono() - p->started_mono;
    json_t *o = json_object();
    set(o, "turns", number(p->turn.turns));
    set(o, "busy", json_real(up > 0 ? (double)p->turn.busy_us / (double)up : 0));
    set(o, "busy_s", seconds(p->turn.busy_us));
    set(o, "longest_s", seconds(p->turn.longest_us));
    return o;
}

json_t *answer_status(void *ctx)
{
    struct pipeline *p = ctx;
    char started[CLOCK_TEXT];
    const char *trouble = pipeline_trouble(p), *web = pipeline_web_address(p);
    json_t *o = json_object();
    set(o, "version", json_string(DATELINE_VERSION));
    set(o, "epoch", json_string(store_epoch(p->store)));
    set(o, "pid", json_integer(getpid()));
    set(o, "started", json_string(clock_format(p->started_at, started)));
    set(o, "uptime_s", seconds(clock_mono() - p->started_mono));
    set(o, "trouble", trouble ? json_string(trouble) : json_null());
    set(o, "intake", intake_json(p));
    set(o, "queue", queue_json(p));
    set(o, "workers", dispatch_workers(p->dispatch));
    set(o, "sources", sources_tally_json(p));
    set(o, "live", live_json(p));
    set(o, "store", store_json(p));
    set(o, "parser", parser_json(p));
    set(o, "fetch", fetch_json(p));
    set(o, "loop", loop_json(p));
    set(o, "web", web ? json_string(web) : json_null());
    return o;
}

bool answer_ready(void *ctx, const char **why_not_out)
{
    *why_not_out = pipeline_trouble(ctx);
    return *why_not_out == NULL;
}

static int keep_recent(void *ctx, const struct store_result *result)
{
    json_t *record = json_loadb(result->record.at, result->record.len, 0, NULL);
    if (!record)
        return 0;
    set(record, "seq", number(result->seq));
    json_array_insert_new(ctx, 0, record);
    return 0;
}

json_t *answer_recent(void *ctx, unsigned count)
{
    struct pipeline *p = ctx;
    uint64_t next = p->durable.next_seq;
    json_t *list = json_array();
    store_each_result(p->store, next > count ? next - count : 1, keep_recent, list);
    return list;
}

/* ------------------------------------------------------------------------------------- sources */

static const char *text_of(const json_t *request, const char *key)
{
    return json_string_value(json_object_get(request, key));
}

json_t *answer_source_list(void *ctx)
{
    struct pipeline *p = ctx;
    struct source_tally tally = {.list = json_array()};
    sources_each(p->sources, tally_source, &tally);
    return tally.list;
}

static void answer_sources(struct pipeline *p, const json_t *request, struct control_call *call)
{
    (void)request;
    control_answer(call, json_pack("{s:b, s:o}", "ok", 1, "sources", answer_source_list(p)));
}

static json_t *def_json(const struct source_def *def)
{
    return json_pack("{s:i, s:s, s:s, s:s*, s:s*, s:I, s:i, s:b}", "v", 1, "id", def->id, "kind",
                     def->kind, "url", def->url, "path", def->path, "every_us",
                     (json_int_t)def->every_us, "full_text", (int)def->full_text, "allow_private",
                     (int)def->allow_private);
}

/* The rows of sources that a command added carry their definition under '+' and the id, which no
 * id can begin with. */
static struct str def_key(char key[LIMIT_SOURCE_ID + 2], const char *id)
{
    snprintf(key, LIMIT_SOURCE_ID + 2, "+%s", id);
    return str_of(key);
}

static void write_source(struct pipeline *p, struct source *source)
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

static void answer_add(struct pipeline *p, const json_t *request, struct control_call *call)
{
    char id[LIMIT_SOURCE_ID + 1], why[SOURCE_WHY];
    const char *kind = text_of(request, "kind"), *given = text_of(request, "id");
    struct source_def def = {.url = text_of(request, "url"),
                             .path = text_of(request, "path"),
                             .every_us = every_of(request),
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
        control_fail(call, EX_DATAERR, "%s", why);
        return;
    }
    write_source(p, source);
    log_info("pipeline: source added source=%s", def.id);
    control_answer(call, json_pack("{s:b, s:o}", "ok", 1, "source", source_json(source)));
}

static struct source *named(struct pipeline *p, const json_t *request, struct control_call *call)
{
    const char *what = text_of(request, "source");
    struct source *source = what ? sources_find(p->sources, str_of(what)) : NULL;
    if (!source)
        control_fail(call, EX_NOINPUT, "no source has the id or address %s",
                     log_safez(what ? what : ""));
    return source;
}

static void answer_remove(struct pipeline *p, const json_t *request, struct control_call *call)
{
    char key[LIMIT_SOURCE_ID + 2];
    struct source *source = named(p, request, call);
    if (!source)
        return;
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
    sources_remove(p->sources, str_of(id));
    log_info("pipeline: source removed source=%s", id);
    control_answer(call, json_pack("{s:b, s:s}", "ok", 1, "removed", id));
    free(id);
}

static void answer_source(struct control_call *call, struct source *source)
{
    control_answer(call, json_pack("{s:b, s:o}", "ok", 1, "source", source_json(source)));
}

static void answer_refresh(struct pipeline *p, const json_t *request, struct control_call *call)
{
    struct source *source = named(p, request, call);
    if (!source)
        return;
    source_refresh(source);
    answer_source(call, source);
}

static void pause_or_resume(struct pipeline *p, const json_t *request, struct control_call *call,
                            bool pause)
{
    struct source *source = named(p, request, call);
    if (!source)
        return;
    source_pause(source, pause);
    write_source(p, source);
    answer_source(call, source);
}

static void answer_pause(struct pipeline *p, const json_t *request, struct control_call *call)
{
    pause_or_resume(p, request, call, true);
}

static void answer_resume(struct pipeline *p, const json_t *request, struct control_call *call)
{
    pause_or_resume(p, request, call, false);
}

/* --------------------------------------------------------------------------------------- queue */

struct listing {
    struct pipeline *pipeline;
    json_t *list;
};

static json_t *item_line(uint64_t id, struct str row)
{
    struct str work = work_of_row(row);
    json_t *line = json_pack("{s:I}", "id", (json_int_t)id);
    json_t *record = json_loadb(work.at, work.len, 0, NULL);
    json_t *item = json_object_get(record, "item");
    json_t *headline = json_object_get(json_array_get(json_object_get(item, "headlines"), 0), "value");
    json_object_set(line, "uri", json_object_get(item, "uri"));
    if (headline)
        json_object_set(line, "headline", headline);
    json_object_set(line, "event", json_object_get(record, "event"));
    json_decref(record);
    return line;
}

static int list_queued(void *ctx, uint64_t id, struct store_tries tries, struct str row)
{
    struct listing *listing = ctx;
    (void)tries;
    json_t *line = item_line(id, row), *state = dispatch_explain(listing->pipeline->dispatch, id);
    if (state) {
        json_object_update(line, state);
        json_decref(state);
    }
    json_array_append_new(listing->list, line);
    return json_array_size(listing->list) < LISTED_ITEMS ? 0 : 1;
}

static int list_dead(void *ctx, uint64_t id, struct str reason, struct str row)
{
    struct listing *listing = ctx;
    json_t *line = item_line(id, row);
    set(line, "reason", json_stringn(reason.at, reason.len));
    json_array_append_new(listing->list, line);
    return json_array_size(listing->list) < LISTED_ITEMS ? 0 : 1;
}

static void answer_queue(struct pipeline *p, const json_t *request, struct control_call *call)
{
    struct listing listing = {p, json_array()};
    (void)request;
    store_each_queued(p->store, list_queued, &listing);
    control_answer(call, json_pack("{s:b, s:o, s:o}", "ok", 1, "queue", queue_json(p), "items",
                                   listing.list));
}

static void answer_dead(struct pipeline *p, const json_t *request, struct control_call *call)
{
    struct listing listing = {p, json_array()};
    (void)request;
    store_each_dead(p->store, list_dead, &listing);
    control_answer(call, json_pack("{s:b, s:I, s:o}", "ok", 1, "dead",
                                   (json_int_t)p->numbers.dead, "items", listing.list));
}

/* ------------------------------------------------------------------------------------ requests */

static void answer_status_call(struct pipeline *p, const json_t *request, struct control_call *call)
{
    (void)request;
    control_answer(call, json_pack("{s:b, s:o}", "ok", 1, "status", answer_status(p)));
}

static void answer_explain(struct pipeline *p, const json_t *request, struct control_call *call)
{
    const char *what = text_of(request, "what");
    json_t *answer;
    if (!what || !*what) {
        control_fail(call, EX_USAGE, "explain needs an item's uri, a URL, or a source's id");
        return;
    }
    if (explain_what(p, str_of(what), &answer) == 0)
        control_answer(call, answer);
    else
        control_fail(call, EX_NOINPUT, "nothing is known of %s: no source, no item, no queue entry",
                     log_safez(what));
}

void answer_request(void *ctx, const json_t *request, struct control_call *call)
{
    static const struct {
        const char *name;
        void (*answer)(struct pipeline *, const json_t *, struct control_call *);
    } requests[] = {
        {"status", answer_status_call},     {"sources", answer_sources},
        {"source-add", answer_add},         {"source-remove", answer_remove},
        {"source-refresh", answer_refresh}, {"source-pause", answer_pause},
        {"source-resume", answer_resume},   {"queue", answer_queue},
        {"queue-dead", answer_dead},        {"explain", answer_explain},
    };
    const char *name = text_of(request, "do");
    for (size_t i = 0; name && i < ARRAY_LEN(requests); i++) {
        if (strcmp(name, requests[i].name) == 0) {
            requests[i].answer(ctx, request, call);
            return;
        }
    }
    control_fail(call, EX_USAGE, "no such request: %s", log_safez(name ? name : ""));
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
                             .every_us = c->every_us,
                             .full_text = (enum source_full_text)c->full_text,
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

static int add_remembered(void *ctx, struct str key, struct str row)
{
    struct pipeline *p = ctx;
    if (key.len < 2 || key.at[0] != '+')
        return 0;
    json_t *def_row = json_loadb(row.at, row.len, 0, NULL);
    struct buf state = BUF_NONE;
    struct source *source;
    char why[SOURCE_WHY] = "its row is damaged", *id = str_dup(str_from(key, 1));
    struct source_def def = {
        .id = id,
        .kind = text_of(def_row, "kind"),
        .url = text_of(def_row, "url"),
        .path = text_of(def_row, "path"),
        .every_us = every_of(def_row),
        .full_text =
            (enum source_full_text)json_integer_value(json_object_get(def_row, "full_text")),
        .allow_private = json_is_true(json_object_get(def_row, "allow_private")),
        .added = true,
    };
    if (store_get_source(p->store, str_of(id), &state) != 0)
        buf_reset(&state);
    if (!def.kind || !is_id(id) || sources_add(p->sources, &def, buf_str(&state), &source, why) != 0)
        log_warning("pipeline: a source that was added by command is left out source=%s why=%s",
                    log_safez(id), log_safez(why));
    buf_free(&state);
    json_decref(def_row);
    free(id);
    return 0;
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
    return 0;
}
