/* The items of a poll: who they are, and whether their page is wanted. */
#include "poll.h"

#include <stdlib.h>

#include "carrier.h"
#include "clock.h"
#include "limits.h"
#include "log.h"
#include "utf8.h"

static void page_free(struct page *page)
{
    DL_DELETE(page->poll->pages, page);
    item_free(page->item);
    free(page->url);
    free(page);
}

void poll_drop_pages(struct poll *poll)
{
    while (poll->pages) {
        if (poll->pages->fetch)
            fetch_cancel(poll->pages->fetch);
        if (poll->pages->parse)
            parser_cancel(poll->pages->parse);
        page_free(poll->pages);
    }
}

static void note_time(struct poll *poll, int64_t published_at)
{
    struct source_outcome *outcome = &poll->outcome;
    if (!published_at || outcome->fresh_at_count == LIMIT_RHYTHM_TIMES)
        return;
    poll->fresh_at[outcome->fresh_at_count++] = published_at;
    outcome->fresh_at = poll->fresh_at;
}

/* What of a poll its items need to know. */
static void accept_item(struct poll *poll, struct batch *batch, const struct item *item,
                        const struct link_identity *identity)
{
    const struct source_def *def = source_def(poll->source);
    struct carrier carrier = {.pipeline = poll->pipeline,
                              .source = poll->source,
                              .fetched_at = poll->fetched_at,
                              .title = poll->title,
                              .url = poll->name ? poll->url : NULL,
                              .stands_for_url = poll->name != NULL,
                              .lane = def->lane == SOURCE_BACKFILL ? LANE_BACKFILL : LANE_LIVE};
    carrier_accept(&carrier, batch, item, identity);
    poll->outcome.fresh_items += carrier.fresh;
    if (carrier.fresh)
        note_time(poll, item->published_at);
}

/* ---------------------------------------------------------------------------------- its page */

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

/* Of those fields that come from the page. */
static void merge_origins(struct item *out, const struct item *listed, const struct item *page)
{
    const struct str *field = listed->field;
    const bool listed_has[TOLD_FIELDS] = {
        [TOLD_HEADLINE] = field[ITEM_HEADLINE].len,
        [TOLD_BYLINE] = field[ITEM_BYLINE].len,
        [TOLD_PUBLISHED] = listed->published_at,
        [TOLD_UPDATED] = listed->updated_at,
        [TOLD_LANGUAGE] = field[ITEM_LANGUAGE].len,
        [TOLD_SUMMARY] = field[ITEM_SUMMARY].len,
        [TOLD_BODY] = page->field[ITEM_BODY].len <= item_text(listed).len,
        [TOLD_KEYWORDS] = field[ITEM_KEYWORDS].len,
        [TOLD_PUBLISHER] = field[ITEM_PUBLISHER].len,
        [TOLD_COPYRIGHT] = field[ITEM_COPYRIGHT].len,
        [TOLD_CANONICAL] = field[ITEM_CANONICAL].len,
        [TOLD_IMAGE] = listed->media_count,
    };
    for (size_t i = 0; i < TOLD_FIELDS; i++)
        if (!listed_has[i])
            out->origin[i] = page->origin[i];
}

/* The page completes what the list said; what the list said of the item's identity stays. */
static struct item merged(const struct item *listed, const struct item *page)
{
    struct item out = *listed;
    merge_origins(&out, listed, page);
    if (page->field[ITEM_BODY].len > item_text(listed).len)
        out.field[ITEM_BODY] = page->field[ITEM_BODY];
    for (int f = 0; f < ITEM_FIELDS; f++)
        if (f != ITEM_GUID && f != ITEM_LINK && f != ITEM_BODY)
            fill(&out, page, (enum item_field)f);
    if (!out.published_at) {
        out.published_at = page->published_at;
        out.published_offset_min = page->published_offset_min;
    }
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
    poll_go_on(poll);
}

/* There is nothing to show without its page, which may be there the next time: it stays unknown. */
static bool waits_for_next_poll(const struct page *page, const struct fetch_reply *reply)
{
    const struct item *item = page->item;
    bool passes = reply->class != FETCH_GONE &&
                  (reply->class != FETCH_HTTP4XX || reply->status == 408 || reply->status == 425);
    return passes && item->field[ITEM_HEADLINE].len == 0 && item_text(item).len == 0;
}

static void page_put_off(struct page *page)
{
    struct poll *poll = page->poll;
    poll->left_over = true;
    page_free(page);
    poll_go_on(poll);
}

static void on_page_parsed(void *ctx, const struct parser_answer *answer)
{
    struct page *page = ctx;
    page->parse = NULL;
    if (answer->error || answer->count == 0) {
        log_info("pipeline: page not understood, the list's text is taken source=%s url=%s why=%s",
                 poll_id(page->poll), log_safez(page->url), log_safez(answer->report.reason));
        quarantine_take(page->poll->pipeline->quarantine, poll_id(page->poll), str_of(page->url),
                        answer);
        page_done(page, NULL);
        return;
    }
    page_done(page, answer->items[0]);
}

static void on_page(void *ctx, const struct fetch_reply *reply)
{
    struct page *page = ctx;
    page->fetch = NULL;
    if (waits_for_next_poll(page, reply) && reply->class != FETCH_OK) {
        log_info(
            "pipeline: page not fetched, asked again later source=%s url=%s class=%s status=%d",
            poll_id(page->poll), log_safez(reply->url), fetch_class_name(reply->class),
            reply->status);
        page_put_off(page);
        return;
    }
    if (reply->class != FETCH_OK || reply->not_modified) {
        log_info("pipeline: page not fetched, the list's text is taken source=%s url=%s class=%s "
                 "status=%d why=%s",
                 poll_id(page->poll), log_safez(reply->url), fetch_class_name(reply->class),
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

/* Remembered, so that it is not news the next time either. */
static void pass(struct poll *poll, const struct link_identity *identity)
{
    struct pipeline *p = poll->pipeline;
    struct link_writer writer = batch_writer(poll->batch);
    link_ignore(p->link, identity, poll->fetched_at, poll->batch->generation, &writer);
    poll->batch->dirty = true;
    p->seen.filtered++;
    p->seen.fetched++;
}

void poll_item(struct poll *poll, struct item **item)
{
    struct pipeline *p = poll->pipeline;
    struct link_identity identity;
    link_identify(str_of(poll_id(poll)), *item, &identity);
    p->seen.read++;
    poll->outcome.items++;
    if (link_is_listed(p->link, &identity)) {
        carrier_known(p);
        return;
    }
    if ((*item)->flags & POLL_PASS) {
        pass(poll, &identity);
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
