/*
 * From a source that is due, or a file that is complete, to items that are durable in the queue.
 *
 * A poll is one ask of one source: the list it sends, and the pages of those items of which the list
 * has only a teaser. It ends when the last page is in; the source's new state is written with the last
 * of its items, so that a poll that a crash cut short is simply asked again, and finds its first items
 * known.
 */
#include "poll.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

#include "clock.h"
#include "crash.h"
#include "log.h"

#define ITEMS_A_TURN 32

const char *poll_id(const struct poll *poll)
{
    return source_def(poll->source)->id;
}

static char *copy_or_null(const char *z)
{
    return z && *z ? xstrdup(z) : NULL;
}

static char *copy_field(struct str s)
{
    return s.len ? str_dup(s) : NULL;
}

static void on_slice(struct ev_loop *loop, ev_timer *w, int events);

static struct poll *poll_new(struct pipeline *pipeline, struct source *source)
{
    struct poll *poll = xcalloc(1, sizeof *poll);
    poll->pipeline = pipeline;
    poll->source = source;
    poll->fetched_at = clock_now();
    ev_timer_init(&poll->slice, on_slice, 0, 0);
    poll->slice.data = poll;
    DL_APPEND(pipeline->polls, poll);
    return poll;
}

static void poll_free(struct poll *poll)
{
    DL_DELETE(poll->pipeline->polls, poll);
    ev_timer_stop(poll->pipeline->loop, &poll->slice);
    poll_drop_pages(poll);
    for (size_t i = poll->next_item; i < poll->item_count; i++)
        item_free(poll->items[i]);
    free(poll->items);
    poll_free_children(poll);
    free(poll->url);
    free(poll->name);
    free(poll->etag);
    free(poll->last_modified);
    free(poll->moved);
    free(poll->title);
    free(poll->error);
    free(poll->skip_hours);
    free(poll->skip_days);
    free(poll);
}

/* ------------------------------------------------------------------------------- the document */

static void take_about(struct poll *poll, const struct about *about)
{
    struct source_outcome *outcome = &poll->outcome;
    uint32_t floor_s = about->ttl_s > about->period_s ? about->ttl_s : about->period_s;
    outcome->floor_us = (int64_t)floor_s * USEC_PER_SEC;
    poll->title = copy_field(about->field[ABOUT_TITLE]);
    poll->skip_hours = copy_field(about->field[ABOUT_SKIP_HOURS]);
    poll->skip_days = copy_field(about->field[ABOUT_SKIP_DAYS]);
}

bool way_in_is_bare(const struct parser_answer *answer)
{
    return answer->report.type == PARSE_SITEMAP &&
           !(answer->about && str_is(answer->about->field[ABOUT_SITEMAP], "news"));
}

static bool is_list(enum parse_type type)
{
    return type == PARSE_RSS || type == PARSE_ATOM || type == PARSE_JSONFEED ||
           type == PARSE_SITEMAP || type == PARSE_PAGE || type == PARSE_NINJS ||
           type == PARSE_NITF || type == PARSE_NEWSML;
}

static void fail(struct poll *poll, const char *class, const char *error)
{
    poll->outcome.class = class;
    free(poll->error);
    poll->error = copy_or_null(error);
}

static const char *class_of_parse(int error)
{
    switch (error) {
    case -EBADMSG:
        return "not-a-feed";
    case -EMSGSIZE:
        return "too-large";
    default:
        return "parse";
    }
}

/* Some items a turn: a feed may have ten thousand, and others want the loop too. What is whole is
 * written at the end of each slice and waits for no page. */
static void take_slice(struct poll *poll)
{
    size_t end = poll->next_item + ITEMS_A_TURN;
    if (end > poll->item_count)
        end = poll->item_count;
    poll->batch = batch_new(poll->pipeline);
    while (poll->next_item < end) {
        struct item *item = poll->items[poll->next_item++];
        poll_item(poll, &item);
        item_free(item);
    }
    if (poll->next_item == poll->item_count && !poll->pages &&
        poll->next_child == poll->child_count) {
        poll_finish(poll);
        return;
    }
    batch_commit(poll->batch);
    poll->batch = NULL;
    poll_go_on(poll);
}

void poll_go_on(struct poll *poll)
{
    if (poll->fetch || poll->parse || ev_is_active(&poll->slice))
        return;
    if (poll->next_item < poll->item_count)
        ev_timer_start(poll->pipeline->loop, &poll->slice);
    else if (!poll_next_child(poll) && !poll->pages)
        poll_finish(poll);
}

static void on_slice(struct ev_loop *loop, ev_timer *w, int events)
{
    (void)loop;
    (void)events;
    take_slice(w->data);
}

static void steal_items(struct poll *poll, const struct parser_answer *answer)
{
    poll->items = xcalloc(answer->count, sizeof(*poll->items));
    poll->item_count = answer->count;
    for (size_t i = 0; i < answer->count; i++) {
        poll->items[i] = answer->items[i];
        answer->items[i] = NULL;
    }
}

/* A page where a feed should be often says where the feed is. */
static void fail_as_page(struct poll *poll, const struct parser_answer *answer)
{
    struct str feed = answer->about ? answer->about->field[ABOUT_FEEDS] : STR_NONE;
    feed = str_upto(feed, str_chr(feed, '\n'));
    if (feed.len == 0) {
        fail(poll, "not-a-feed",
             "an HTML page or a text, not a feed; kind: page reads lists of links");
        return;
    }
    char *error = xasprintf("this is a page; its feed is at %.*s", STR_ARG(feed));
    fail(poll, "not-a-feed", error);
    free(error);
}

static void on_parsed(void *ctx, const struct parser_answer *answer)
{
    struct poll *poll = ctx;
    CRASH_POINT("parsed");
    poll->parse = NULL;
    pipeline_weigh(poll->pipeline);
    if (answer->error) {
        poll->pipeline->seen.documents_refused++;
        quarantine_take(poll->pipeline->quarantine, poll_id(poll), str_of(poll->url), answer);
        fail(poll, class_of_parse(answer->error), answer->report.reason);
        poll_finish(poll);
    } else if (answer->report.type == PARSE_SITEMAP &&
               source_reads(poll->source) == SOURCE_READS_SITEMAP) {
        poll_take_sitemap(poll, answer);
        take_slice(poll);
    } else if (way_in_is_bare(answer)) {
        poll->pipeline->seen.documents_refused++;
        fail(poll, "not-a-feed",
             poll->name ? "a sitemap without headlines"
                        : "a sitemap without headlines, not a feed; kind: sitemap reads it");
        poll_finish(poll);
    } else if (!poll->name && !is_list(answer->report.type)) {
        poll->pipeline->seen.documents_refused++;
        fail_as_page(poll, answer);
        poll_finish(poll);
    } else {
        if (answer->about)
            take_about(poll, answer->about);
        steal_items(poll, answer);
        take_slice(poll);
    }
}

static void parse_list(struct poll *poll, const struct fetch_reply *reply)
{
    static const enum parse_type types[] = {[SOURCE_READS_FEED] = PARSE_AUTO,
                                            [SOURCE_READS_PAGE] = PARSE_PAGE,
                                            [SOURCE_READS_SITEMAP] = PARSE_SITEMAP};
    const struct source_def *def = source_def(poll->source);
    struct parse_request request = {
        .type = types[source_reads(poll->source)],
        .url = str_of(poll->url),
        .charset = str_of(reply->charset),
        .content_type = str_of(reply->content_type),
        .content_encoding = str_of(reply->content_encoding),
        .links = str_of(def->links),
        .skip = str_of(def->skip),
        .fetched_at = poll->fetched_at,
    };
    poll->parse = parser_submit(poll->pipeline->parser, &request, reply->body, on_parsed, poll);
    pipeline_weigh(poll->pipeline);
}

static void on_list(void *ctx, const struct fetch_reply *reply)
{
    struct poll *poll = ctx;
    CRASH_POINT("fetched");
    poll->fetch = NULL;
    poll->url = xstrdup(reply->url);
    poll->etag = copy_or_null(reply->etag);
    poll->last_modified = copy_or_null(reply->last_modified);
    poll->moved = copy_or_null(reply->moved);
    poll->outcome.status = reply->status;
    poll->outcome.not_modified = reply->not_modified;
    poll->outcome.gone = reply->class == FETCH_GONE;
    poll->outcome.fresh_us = reply->fresh_us;
    poll->outcome.retry_after_us = reply->retry_after_us;
    if (reply->class != FETCH_OK)
        fail(poll, fetch_class_name(reply->class), reply->error);
    if (reply->class != FETCH_OK || reply->not_modified)
        poll_finish(poll);
    else
        parse_list(poll, reply);
}

/* --------------------------------------------------------------------------------- the end of it */

static void tell_health(struct poll *poll, bool failed_before)
{
    bool fails = poll->outcome.class != NULL;
    if (fails == failed_before)
        return;
    struct buf topic = BUF_NONE;
    json_t *state = source_json(poll->source);
    char *body = json_dumps(state, JSON_COMPACT);
    buf_printf(&topic, "health.%s", poll_id(poll));
    live_notify(poll->pipeline->live, buf_str(&topic), str_of(body));
    free(body);
    json_decref(state);
    buf_free(&topic);
}

static void tell_source(struct poll *poll)
{
    struct source_outcome *outcome = &poll->outcome;
    bool failed_before = source_health(poll->source) == SOURCE_FAILING;
    poll_tell_children(poll, poll->left_over);
    /* Items were left over: the next answer must be the whole list again, not a 304. */
    bool again = poll->left_over || poll->list_again;
    outcome->etag = again ? NULL : poll->etag;
    outcome->last_modified = again ? NULL : poll->last_modified;
    outcome->moved = poll->moved;
    outcome->title = poll->title;
    outcome->error = poll->error;
    outcome->skip_hours = str_of(poll->skip_hours);
    outcome->skip_days = str_of(poll->skip_days);
    if (outcome->class)
        log_debug("pipeline: poll failed source=%s class=%s status=%d why=%s", poll_id(poll),
                  outcome->class, outcome->status, log_safez(poll->error));
    else
        log_info("pipeline: polled source=%s status=%d items=%u new=%u", poll_id(poll),
                 outcome->status, outcome->items, outcome->fresh_items);
    source_polled(poll->source, outcome);
    tell_health(poll, failed_before);
}

static void tell_directory(struct poll *poll)
{
    const struct source_outcome *outcome = &poll->outcome;
    if (outcome->class)
        log_warning("pipeline: file not understood source=%s file=%s class=%s why=%s",
                    poll_id(poll), log_safez(poll->name), outcome->class, log_safez(poll->error));
    else
        log_info("pipeline: file read source=%s file=%s items=%u new=%u", poll_id(poll),
                 log_safez(poll->name), outcome->items, outcome->fresh_items);
    source_file_done(poll->source, poll->name, outcome->class, outcome->items);
}

void poll_finish(struct poll *poll)
{
    struct batch *batch = poll->batch ? poll->batch : batch_new(poll->pipeline);
    struct buf state = BUF_NONE;
    if (poll->name)
        tell_directory(poll);
    else
        tell_source(poll);
    source_state(poll->source, &state);
    store_put_source(batch->change, str_of(poll_id(poll)), buf_str(&state));
    buf_free(&state);
    batch->dirty = true;
    batch->source = poll->source;
    batch_commit(batch);
    poll_free(poll);
}

/* ---------------------------------------------------------------------------------- the start of it */

static void on_ask(struct pipeline *pipeline, const struct source_event *event)
{
    struct poll *poll = poll_new(pipeline, event->source);
    poll->fetch = fetch_start(pipeline->fetch,
                              &(struct fetch_request){
                                  .url = event->url,
                                  .etag = event->etag,
                                  .last_modified = event->last_modified,
                                  .allow_private = source_def(event->source)->allow_private,
                              },
                              on_list, poll);
    if (!poll->fetch) {
        fail(poll, "protocol", "not an http or https address");
        poll_finish(poll);
    }
}

/* RFC 8089: names are bytes, and any byte but NUL may be in them. */
static char *file_url(const char *folder, const char *name)
{
    struct buf url = BUF_NONE;
    const char *const parts[] = {folder, "/", name};
    buf_putz(&url, "file://");
    for (size_t i = 0; i < ARRAY_LEN(parts); i++)
        for (const char *c = parts[i]; *c; c++) {
            if (isalnum((unsigned char)*c) || strchr("-._~/", *c))
                buf_putc(&url, *c);
            else
                buf_printf(&url, "%%%02X", (unsigned)(unsigned char)*c);
        }
    buf_cstr(&url);
    return url.at;
}

static void on_file(struct pipeline *pipeline, struct source_event *event)
{
    struct poll *poll = poll_new(pipeline, event->source);
    const char *folder = source_def(event->source)->path;
    CRASH_POINT("file-read");
    poll->name = xstrdup(event->name);
    poll->url = file_url(folder ? folder : "", event->name);
    poll->modified_at = event->modified_at;
    pipeline->seen.files++;
    struct parse_request request = {
        .type = PARSE_AUTO,
        .fetched_at = event->modified_at ? event->modified_at : poll->fetched_at,
    };
    poll->parse = parser_submit(pipeline->parser, &request, event->bytes, on_parsed, poll);
}

void way_in_source(void *ctx, struct source_event *event)
{
    struct pipeline *pipeline = ctx;
    switch (event->type) {
    case SOURCE_ASK:
        on_ask(pipeline, event);
        break;
    case SOURCE_FILE:
        on_file(pipeline, event);
        break;
    }
}

static void cancel(struct poll *poll)
{
    if (poll->fetch)
        fetch_cancel(poll->fetch);
    if (poll->parse)
        parser_cancel(poll->parse);
    poll_free(poll);
}

bool way_in_cancel(struct pipeline *pipeline, const struct source *source)
{
    struct poll *poll;
    DL_FOREACH (pipeline->polls, poll) {
        if (poll->source == source) {
            cancel(poll);
            return true;
        }
    }
    return false;
}

/* Polls under way are forgotten: nothing of them was promised to anyone, they are asked again. */
void way_in_stop(struct pipeline *pipeline)
{
    while (pipeline->polls)
        cancel(pipeline->polls);
}
