/* What the command line asks. */
#include "inside.h"

#include <sysexits.h>

#include "limits.h"
#include "log.h"

const char *request_text(const json_t *request, const char *key)
{
    return json_string_value(json_object_get(request, key));
}

/* ------------------------------------------------------------------------------------- sources */

/* Some of them from a cursor on: the one after which to begin. */
struct source_page {
    json_t *list;
    const char *after;
    bool begun, more;
};

static void list_source(void *ctx, struct source *source)
{
    struct source_page *page = ctx;
    if (!page->begun)
        page->begun = strcmp(source_def(source)->id, page->after) == 0;
    else if (json_array_size(page->list) < LIMIT_SOURCES_ANSWER)
        json_array_append_new(page->list, source_json(source));
    else
        page->more = true;
}

static void answer_sources(struct pipeline *p, const json_t *request, struct control_call *call)
{
    const char *after = request_text(request, "after");
    struct source_page page = {NULL, after, after == NULL, false};
    if (after && !sources_find(p->sources, str_of(after))) {
        control_fail(call, EX_TEMPFAIL, "source %s was removed meanwhile, ask again",
                     log_safez(after));
        return;
    }
    page.list = json_array();
    sources_each(p->sources, list_source, &page);
    const json_t *last = json_array_get(page.list, json_array_size(page.list) - 1);
    json_t *next = page.more ? json_incref(json_object_get(last, "id")) : json_null();
    control_answer(call, json_pack("{s:b, s:o, s:o}", "ok", 1, "sources", page.list, "next", next));
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
        control_fail(
            call, EX_USAGE,
            "explain needs an item's uri, a URL, a source's id, or that of a document set aside");
        return;
    }
    if (explain_what(p, str_of(what), &answer) == 0)
        control_answer(call, answer);
    else
        control_fail(call, EX_NOINPUT,
                     "nothing is known of %s: no source, no item, no document set aside",
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
        {"source-resume", answer_resume},   {"queue", queue_summary},
        {"queue-list", queue_list},         {"queue-dead", queue_dead},
        {"queue-show", queue_show},         {"queue-requeue", queue_requeue},
        {"queue-purge", queue_purge},       {"explain", answer_explain},
        {"backup", backup_start},           {"backup-state", backup_state},
        {"backup-list", backup_list},
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
