/* What the command line asks. */
#include "inside.h"

#include <sysexits.h>

#include "log.h"

#define LISTED_ITEMS 50 /* of the queue or the dead, in one answer */

const char *request_text(const json_t *request, const char *key)
{
    return json_string_value(json_object_get(request, key));
}

/* ------------------------------------------------------------------------------------- sources */

static void answer_sources(struct pipeline *p, const json_t *request, struct control_call *call)
{
    (void)request;
    control_answer(call, json_pack("{s:b, s:o}", "ok", 1, "sources", answer_source_list(p)));
}

static struct source *named(struct pipeline *p, const json_t *request, struct control_call *call)
{
    const char *what = request_text(request, "source");
    struct source *source = what ? sources_find(p->sources, str_of(what)) : NULL;
    if (!source)
        control_fail(call, EX_NOINPUT, "no source has the id or address %s",
                     log_safez(what ? what : ""));
    return source;
}

static void answer_remove(struct pipeline *p, const json_t *request, struct control_call *call)
{
    struct source *source = named(p, request, call);
    if (source)
        catalog_remove(p, source, call);
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
    catalog_write(p, source);
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
    json_t *headline =
        json_object_get(json_array_get(json_object_get(item, "headlines"), 0), "value");
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
    json_object_set_new(line, "reason", json_stringn(reason.at, reason.len));
    json_array_append_new(listing->list, line);
    return json_array_size(listing->list) < LISTED_ITEMS ? 0 : 1;
}

static void answer_queue(struct pipeline *p, const json_t *request, struct control_call *call)
{
    struct listing listing = {p, json_array()};
    (void)request;
    store_each_queued(p->store, list_queued, &listing);
    control_answer(call, json_pack("{s:b, s:o, s:o}", "ok", 1, "queue", status_queue(p), "items",
                                   listing.list));
}

static void answer_dead(struct pipeline *p, const json_t *request, struct control_call *call)
{
    struct listing listing = {p, json_array()};
    (void)request;
    store_each_dead(p->store, list_dead, &listing);
    control_answer(call, json_pack("{s:b, s:I, s:o}", "ok", 1, "dead", (json_int_t)p->numbers.dead,
                                   "items", listing.list));
}

/* ------------------------------------------------------------------------------------ requests */

static void answer_status_call(struct pipeline *p, const json_t *request, struct control_call *call)
{
    (void)request;
    control_answer(call, json_pack("{s:b, s:o}", "ok", 1, "status", answer_status(p)));
}

static void answer_explain(struct pipeline *p, const json_t *request, struct control_call *call)
{
    const char *what = request_text(request, "what");
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
        {"source-add", catalog_add},        {"source-remove", answer_remove},
        {"source-refresh", answer_refresh}, {"source-pause", answer_pause},
        {"source-resume", answer_resume},   {"queue", answer_queue},
        {"queue-dead", answer_dead},        {"explain", answer_explain},
    };
    const char *name = request_text(request, "do");
    for (size_t i = 0; name && i < ARRAY_LEN(requests); i++) {
        if (strcmp(name, requests[i].name) == 0) {
            requests[i].answer(ctx, request, call);
            return;
        }
    }
    control_fail(call, EX_USAGE, "no such request: %s", log_safez(name ? name : ""));
}
