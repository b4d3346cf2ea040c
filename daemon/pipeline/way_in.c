/*
 * From a source that is due, or a file that is complete, to items that are durable in the queue.
 *
 * A poll is one ask of one source: the list it sends, and the pages of those items of which the list
 * has only a teaser. It ends when the last page is in; the source's new state is written with the last
 * of its items, so that a poll that a crash cut short is simply asked again, and finds its first items
 * known.
 */
#include "inside.h"

#include <errno.h>
#include <stdlib.h>
#include <utlist.h>

#include "clock.h"
#include "limits.h"
#include "log.h"
#include "url.h"
#include "utf8.h"

#define ITEMS_A_TURN 32

struct page { /* an item that waits for its page */
    struct poll *poll;
    struct item *item;
    struct link_identity identity;
    struct fetch_job *fetch;
    struct parser_job *parse;
    char *url; /* of the last hop */
    struct page *prev, *next;
};

struct poll {
    struct pipeline *pipeline;
    struct source *source;
    struct fetch_job *fetch;
    struct parser_job *parse;
    char *url; /* of the last hop, or of the file */
    char *name; /* of the file, NULL: not a file */
    int64_t fetched_at, modified_at;
    struct batch *batch; /* open only inside one call: batches are committed in the order they were made */
    struct item **items; /* of the list, not looked at yet from next_item on */
    size_t item_count, next_item;
    ev_timer slice;
    struct page *pages;
    unsigned pages_asked;
    bool left_over; /* items were left for the next poll */
    /* what the source is told at the end; the strings are ours */
    struct source_outcome outcome;
    char *etag, *last_modified, *moved, *title, *error, *skip_hours, *skip_days;
    struct poll *prev, *next;
};

static const char *id_of(const struct poll *poll)
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

static void page_free(struct page *page)
{
    DL_DELETE(page->poll->pages, page);
    item_free(page->item);
    free(page->url);
    free(page);
}

static void poll_free(struct poll *poll)
{
    DL_DELETE(poll->pipeline->polls, poll);
    ev_timer_stop(poll->pipeline->loop, &poll->slice);
    while (poll->pages)
        page_free(poll->pages);
    for (size_t i = poll->next_item; i < poll->item_count; i++)
        item_free(poll->items[i]);
    free(poll->items);
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

/* ---------------------------------------------------------------------------------- one item */

static const char *event_of(enum link_verdict verdict)
{
    switch (verdict) {
    case LINK_NEW:
        return "new";
    case LINK_UPDATE:
        return "update";
    case LINK_RETRACTION:
        return "retraction";
    case LINK_KNOWN:
        break;
    }
    return NULL;
}

static void remember_url(struct batch *batch, struct str url, const char *uri)
{
    struct buf identity = BUF_NONE;
    uint8_t key[16];
    if (url.len && url_identity(url, &identity) == 0) {
        link_url_key(buf_str(&identity), key);
        store_put_url(batch->change, key, str_of(uri));
    }
    buf_free(&identity);
}

static void enqueue(struct poll *poll, struct batch *batch, const struct item *item,
                    const struct link_identity *identity, const struct link_answer *answer)
{
    struct pipeline *p = poll->pipeline;
    struct buf row = BUF_NONE;
    work_row(item,
             &(struct work_facts){.event = event_of(answer->verdict),
                                  .identity = identity,
                                  .answer = answer,
                                  .source = poll->source,
                                  .title = poll->title,
                                  .url = poll->name ? poll->url : NULL,
                                  .fetched_at = poll->fetched_at},
             &row);
    if (row.len > LIMIT_MESSAGE - LIMIT_FIELD) {
        log_warning("pipeline: item refused, too large for a message source=%s uri=%s bytes=%zu",
                    id_of(poll), identity->uri, row.len);
        p->seen.refused++;
        buf_free(&row);
        return;
    }
    uint64_t id = p->numbers.next_queue_id++;
    struct link_writer writer = batch_writer(batch);
    link_remember(p->link, identity, answer, id, batch->generation, &writer);
    remember_url(batch, item->field[ITEM_LINK], identity->uri);
    remember_url(batch, item->field[ITEM_CANONICAL], identity->uri);
    store_queue_put(batch->change, id, buf_str(&row));
    batch_add_item(batch, id, row.len);
    p->numbers.accepted++;
    poll->outcome.fresh_items++;
    log_debug("pipeline: accepted source=%s uri=%s version=%u event=%s queue=%llu", id_of(poll),
              identity->uri, answer->version, event_of(answer->verdict), (unsigned long long)id);
    buf_free(&row);
}

/* The item is as whole as it gets: known, or queued. */
static void accept_item(struct poll *poll, struct batch *batch, const struct item *item,
                        const struct link_identity *identity)
{
    struct pipeline *p = poll->pipeline;
    struct link_answer answer;
    struct str source_id = str_of(id_of(poll));
    if (!item->field[ITEM_HEADLINE].len && !item_text(item).len && !(item->flags & ITEM_RETRACTED)) {
        log_debug("pipeline: item refused, nothing to read in it source=%s", id_of(poll));
        p->seen.refused++;
        return;
    }
    link_judge(p->link, source_id, identity, item, poll->fetched_at, &answer);
    if (answer.verdict != LINK_KNOWN) {
        enqueue(poll, batch, item, identity, &answer);
        return;
    }
    struct link_writer writer = batch_writer(batch);
    if (link_remember(p->link, identity, &answer, 0, batch->generation, &writer))
        batch->dirty = true;
    p->numbers.duplicates++;
    p->seen.known++;
}

/* ---------------------------------------------------------------------------------- its page */

static void poll_finish(struct poll *poll);

static bool wants_page(const struct poll *poll, const struct item *item)
{
    const struct source_def *def = source_def(poll->source);
    if (poll->name || item->field[ITEM_LINK].len == 0 || item->flags & ITEM_RETRACTED)
        return false;
    switch (def->full_text) {
    case FULL_TEXT_NEVER:
        return false;
    case FULL_TEXT_ALWAYS:
        return true;
    case FULL_TEXT_AUTO:
        break;
    }
    return utf8_words(item_text(item), LIMIT_TEASER_WORDS) < LIMIT_TEASER_WORDS;
}

static void fill(struct item *item, const struct item *page, enum item_field field)
{
    if (item->field[field].len == 0)
        item->field[field] = page->field[field];
}

/* The page completes what the list said; what the list said of the item's identity stays. */
static struct item merged(const struct item *listed, const struct item *page)
{
    struct item out = *listed;
    if (page->field[ITEM_BODY].len > item_text(listed).len)
        out.field[ITEM_BODY] = page->field[ITEM_BODY];
    for (int f = 0; f < ITEM_FIELDS; f++)
        if (f != ITEM_GUID && f != ITEM_LINK && f != ITEM_BODY)
            fill(&out, page, (enum item_field)f);
    if (!out.published_at)
        out.published_at = page->published_at;
    if (!out.updated_at)
        out.updated_at = page->updated_at;
    if (!out.media_count) {
        memcpy(out.media, page->media, sizeof out.media);
        out.media_count = page->media_count;
    }
    return out;
}

/* Each page's item is written by itself as it comes: a hundred of them take minutes, at the pace
 * that the host is asked. */
static void page_done(struct page *page, const struct item *read)
{
    struct poll *poll = page->poll;
    struct batch *batch = batch_new(poll->pipeline);
    struct item whole = read ? merged(page->item, read) : *page->item;
    accept_item(poll, batch, &whole, &page->identity);
    batch_commit(batch);
    page_free(page);
    if (!poll->pages && poll->next_item == poll->item_count)
        poll_finish(poll);
}

static void on_page_parsed(void *ctx, const struct parser_answer *answer)
{
    struct page *page = ctx;
    page->parse = NULL;
    if (answer->error || answer->count == 0) {
        log_info("pipeline: page not understood, the list's text is taken source=%s url=%s why=%s",
                 id_of(page->poll), log_safez(page->url), log_safez(answer->report.reason));
        page_done(page, NULL);
        return;
    }
    page_done(page, answer->items[0]);
}

static void on_page(void *ctx, const struct fetch_reply *reply)
{
    struct page *page = ctx;
    page->fetch = NULL;
    if (reply->class != FETCH_OK || reply->not_modified) {
        log_info("pipeline: page not fetched, the list's text is taken source=%s url=%s class=%s "
                 "status=%d why=%s",
                 id_of(page->poll), log_safez(reply->url), fetch_class_name(reply->class),
                 reply->status, log_safez(reply->error));
        page_done(page, NULL);
        return;
    }
    page->url = xstrdup(reply->url);
    struct parse_request request = {
        .type = PARSE_ARTICLE,
        .url = str_of(page->url),
        .charset = str_of(reply->charset),
        .content_type = str_of(reply->content_type),
        .content_encoding = str_of(reply->content_encoding),
        .fetched_at = clock_now(),
    };
    page->parse =
        parser_submit(page->poll->pipeline->parser, &request, reply->body, on_page_parsed, page);
}

/* False when the page cannot be asked for: the item is taken as it is listed. */
static bool ask_page(struct poll *poll, struct item **item, const struct link_identity *identity)
{
    struct pipeline *p = poll->pipeline;
    char *url = str_dup((*item)->field[ITEM_LINK]);
    struct page *page = xcalloc(1, sizeof *page);
    page->poll = poll;
    page->fetch = fetch_start(p->fetch,
                              &(struct fetch_request){
                                  .url = url,
                                  .accept = "text/html, application/xhtml+xml;q=0.9, */*;q=0.1",
                                  .allow_private = source_def(poll->source)->allow_private,
                              },
                              on_page, page);
    free(url);
    if (!page->fetch) {
        free(page);
        return false;
    }
    page->item = *item;
    page->identity = *identity;
    *item = NULL;
    DL_APPEND(poll->pages, page);
    poll->pages_asked++;
    p->seen.pages++;
    return true;
}

static void take_item(struct poll *poll, struct item **item)
{
    struct pipeline *p = poll->pipeline;
    struct link_identity identity;
    link_identify(str_of(id_of(poll)), *item, &identity);
    p->seen.fetched++;
    poll->outcome.items++;
    if (link_is_listed(p->link, &identity)) {
        p->numbers.duplicates++;
        p->seen.known++;
        return;
    }
    if (wants_page(poll, *item)) {
        if (poll->pages_asked >= LIMIT_PAGES_A_POLL) {
            poll->left_over = true;
            return;
        }
        if (ask_page(poll, item, &identity))
            return;
    }
    accept_item(poll, poll->batch, *item, &identity);
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

static bool is_list(enum parse_type type)
{
    return type == PARSE_RSS || type == PARSE_ATOM || type == PARSE_JSONFEED || type == PARSE_PAGE;
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
        take_item(poll, &item);
        item_free(item);
    }
    if (poll->next_item == poll->item_count && !poll->pages) {
        poll_finish(poll);
        return;
    }
    batch_commit(poll->batch);
    poll->batch = NULL;
    if (poll->next_item < poll->item_count)
        ev_timer_start(poll->pipeline->loop, &poll->slice);
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

static void on_parsed(void *ctx, const struct parser_answer *answer)
{
    struct poll *poll = ctx;
    poll->parse = NULL;
    if (answer->error) {
        poll->pipeline->seen.refused++;
        fail(poll, class_of_parse(answer->error), answer->report.reason);
        poll_finish(poll);
    } else if (!poll->name && !is_list(answer->report.type)) {
        poll->pipeline->seen.refused++;
        fail(poll, "not-a-feed", "an HTML page or a text, not a feed; kind: page reads lists of links");
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
    bool page = strcmp(source_def(poll->source)->kind, "page") == 0;
    struct parse_request request = {
        .type = page ? PARSE_PAGE : PARSE_AUTO,
        .url = str_of(poll->url),
        .charset = str_of(reply->charset),
        .content_type = str_of(reply->content_type),
        .content_encoding = str_of(reply->content_encoding),
        .fetched_at = poll->fetched_at,
    };
    poll->parse = parser_submit(poll->pipeline->parser, &request, reply->body, on_parsed, poll);
}

static void on_list(void *ctx, const struct fetch_reply *reply)
{
    struct poll *poll = ctx;
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
    buf_printf(&topic, "health.%s", id_of(poll));
    live_notify(poll->pipeline->live, buf_str(&topic), str_of(body));
    free(body);
    json_decref(state);
    buf_free(&topic);
}

static bool is_failing(const struct source *source)
{
    json_t *state = source_json(source);
    bool failing = json_is_string(json_object_get(state, "class"));
    json_decref(state);
    return failing;
}

static void tell_source(struct poll *poll)
{
    struct source_outcome *outcome = &poll->outcome;
    bool failed_before = is_failing(poll->source);
    /* Items were left over: the next answer must be the whole list again, not a 304. */
    outcome->etag = poll->left_over ? NULL : poll->etag;
    outcome->last_modified = poll->left_over ? NULL : poll->last_modified;
    outcome->moved = poll->moved;
    outcome->title = poll->title;
    outcome->error = poll->error;
    outcome->skip_hours = str_of(poll->skip_hours);
    outcome->skip_days = str_of(poll->skip_days);
    if (outcome->class)
        log_warning("pipeline: poll failed source=%s class=%s status=%d why=%s", id_of(poll),
                    outcome->class, outcome->status, log_safez(poll->error));
    else
        log_info("pipeline: polled source=%s status=%d items=%u new=%u", id_of(poll),
                 outcome->status, outcome->items, outcome->fresh_items);
    source_polled(poll->source, outcome);
    tell_health(poll, failed_before);
}

static void tell_directory(struct poll *poll)
{
    const struct source_outcome *outcome = &poll->outcome;
    if (outcome->class)
        log_warning("pipeline: file not understood source=%s file=%s class=%s why=%s", id_of(poll),
                    log_safez(poll->name), outcome->class, log_safez(poll->error));
    else
        log_info("pipeline: file read source=%s file=%s items=%u new=%u", id_of(poll),
                 log_safez(poll->name), outcome->items, outcome->fresh_items);
    source_file_done(poll->source, poll->name, outcome->class, outcome->items);
}

static void poll_finish(struct poll *poll)
{
    struct batch *batch = poll->batch ? poll->batch : batch_new(poll->pipeline);
    struct buf state = BUF_NONE;
    if (poll->name)
        tell_directory(poll);
    else
        tell_source(poll);
    source_state(poll->source, &state);
    store_put_source(batch->change, str_of(id_of(poll)), buf_str(&state));
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

static void on_file(struct pipeline *pipeline, struct source_event *event)
{
    struct poll *poll = poll_new(pipeline, event->source);
    const char *folder = source_def(event->source)->path;
    poll->name = xstrdup(event->name);
    poll->url = xasprintf("file://%s/%s", folder ? folder : "", event->name);
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

/* Polls under way are forgotten: nothing of them was promised to anyone, they are asked again. */
void way_in_stop(struct pipeline *pipeline)
{
    struct poll *poll, *next;
    struct page *page;
    DL_FOREACH_SAFE(pipeline->polls, poll, next)
    {
        if (poll->fetch)
            fetch_cancel(poll->fetch);
        if (poll->parse)
            parser_cancel(poll->parse);
        DL_FOREACH(poll->pages, page)
        {
            if (page->fetch)
                fetch_cancel(page->fetch);
            if (page->parse)
                parser_cancel(page->parse);
        }
        poll_free(poll);
    }
}
