/* An item on its way into the queue: known, refused, or accepted with everything that is written with it. */
#include "carrier.h"

#include "clock.h"
#include "crash.h"
#include "embargo.h"
#include "limits.h"
#include "log.h"
#include "url.h"

static const char *carrier_id(const struct carrier *carrier)
{
    return source_def(carrier->source)->id;
}

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

/* Refused or filtered, and remembered as such: its page is not asked for again with every poll. */
static void ignore(struct carrier *carrier, struct batch *batch,
                   const struct link_identity *identity, uint64_t *count, const char *why)
{
    struct pipeline *p = carrier->pipeline;
    struct link_writer writer = batch_writer(batch);
    log_info("pipeline: item refused source=%s uri=%s why=%s", carrier_id(carrier), identity->uri,
             log_safez(why));
    link_ignore(p->link, identity, carrier->fetched_at, batch->generation, &writer);
    batch->dirty = true;
    p->seen.fetched++;
    (*count)++;
    carrier->refused++;
    carrier->why = why;
}

/* event: NULL, that of the verdict. */
static void enqueue(struct carrier *carrier, struct batch *batch, const struct item *item,
                    const struct link_identity *identity, const struct link_answer *answer,
                    const struct embargo_held *held, const char *event)
{
    struct pipeline *p = carrier->pipeline;
    struct buf *row = &p->row;
    CRASH_POINT("judged");
    buf_reset(row);
    work_row(item,
             &(struct work_facts){.event = event ? event : event_of(answer->verdict),
                                  .identity = identity,
                                  .answer = answer,
                                  .source = carrier->source,
                                  .title = carrier->title,
                                  .url = carrier->url,
                                  .fetched_at = carrier->fetched_at,
                                  .release_at = embargo_of(item),
                                  .lane = carrier->lane},
             row);
    if (row->len > LIMIT_MESSAGE - LIMIT_FIELD) {
        ignore(carrier, batch, identity, &p->seen.refused, "too large for a message");
        return;
    }
    if (held->found) /* not before: what is refused takes nobody's place */
        embargo_replace(carrier, batch, identity, held);
    uint64_t id = p->numbers.next_queue_id++;
    struct link_writer writer = batch_writer(batch);
    link_remember(p->link, identity, answer, id, batch->generation, &writer);
    remember_url(batch, item->field[ITEM_LINK], identity->uri);
    remember_url(batch, item->field[ITEM_CANONICAL], identity->uri);
    if (carrier->stands_for_url) {
        uint8_t key[16];
        link_url_key(str_of(carrier->url), key);
        store_put_url(batch->change, key, str_of(identity->uri));
    }
    store_queue_put(batch->change, id, buf_str(row));
    struct dispatch_item queued = work_item(id, buf_str(row), 0, 0);
    batch_add_item(batch, &queued);
    if (queued.release_at)
        embargo_queued(batch, id, event ? event : event_of(answer->verdict));
    p->numbers.accepted++;
    carrier->fresh++;
    log_debug("pipeline: accepted source=%s uri=%s version=%u event=%s queue=%llu",
              carrier_id(carrier), identity->uri, answer->version,
              event ? event : event_of(answer->verdict), (unsigned long long)id);
}

void carrier_known(struct pipeline *p)
{
    p->numbers.duplicates++;
    p->seen.known++;
    p->seen.fetched++;
}

/* ----------------------------------------------------------------------------------- embargoes */

static bool is_too_far(const struct item *item)
{
    return embargo_of(item) > clock_now() + LIMIT_EMBARGO_DAYS * USEC_PER_DAY;
}

/* It is not remembered: the publisher may think better of it. */
static void refuse_far(struct carrier *carrier, const struct link_identity *identity)
{
    _Static_assert(LIMIT_EMBARGO_DAYS == 366, "stands in the text");
    carrier->why = "under an embargo of more than 366 days";
    log_info("pipeline: item refused source=%s uri=%s why=%s", carrier_id(carrier), identity->uri,
             carrier->why);
    carrier->pipeline->seen.fetched++;
    carrier->pipeline->seen.refused++;
    carrier->refused++;
}

/* A version that its source has not sent before. */
static void take_version(struct carrier *carrier, struct batch *batch, const struct item *item,
                         const struct link_identity *identity, const struct link_answer *answer,
                         const struct embargo_held *held)
{
    struct pipeline *p = carrier->pipeline;
    struct link_writer writer = batch_writer(batch);
    bool unseen = held->found && held->was_new;
    if (!unseen || answer->verdict != LINK_RETRACTION) {
        enqueue(carrier, batch, item, identity, answer, held, unseen ? "new" : NULL);
        return;
    }
    embargo_replace(carrier, batch, identity, held);
    link_remember(p->link, identity, answer, 0, batch->generation, &writer);
    batch->dirty = true;
    carrier_known(p);
    carrier->known++;
}

static void take_known(struct carrier *carrier, struct batch *batch, const struct item *item,
                       const struct link_identity *identity, const struct link_answer *answer,
                       struct embargo_held *held)
{
    struct pipeline *p = carrier->pipeline;
    struct link_writer writer = batch_writer(batch);
    /* An older version that comes again says nothing of the newest one's time. What could not be moved
     * yet is not remembered either: it counts when it comes the next time. */
    bool settled =
        !held->found || !answer->same || embargo_move(carrier, batch, item, identity, held);
    if (settled && link_remember(p->link, identity, answer, 0, batch->generation, &writer))
        batch->dirty = true;
    carrier_known(p);
    carrier->known++;
}

/* The item is as whole as it gets: known, or queued. */
void carrier_accept(struct carrier *carrier, struct batch *batch, const struct item *item,
                    const struct link_identity *identity)
{
    struct pipeline *p = carrier->pipeline;
    struct link_answer answer;
    struct embargo_held held;
    struct str source_id = str_of(carrier_id(carrier));
    if (!item->field[ITEM_HEADLINE].len && !item_text(item).len &&
        !(item->flags & ITEM_RETRACTED)) {
        ignore(carrier, batch, identity, &p->seen.filtered, CARRIER_EMPTY);
        return;
    }
    if (is_too_far(item)) {
        refuse_far(carrier, identity);
        return;
    }
    link_judge(p->link, source_id, identity, item, carrier->fetched_at, &answer);
    embargo_find(p, identity, &held);
    if (answer.verdict == LINK_KNOWN)
        take_known(carrier, batch, item, identity, &answer, &held);
    else
        take_version(carrier, batch, item, identity, &answer, &held);
    buf_free(&held.row);
}

void carrier_take(struct carrier *carrier, struct batch *batch, const struct item *item)
{
    struct pipeline *p = carrier->pipeline;
    struct link_identity identity;
    link_identify(str_of(carrier_id(carrier)), item, &identity);
    p->seen.read++;
    if (!link_is_listed(p->link, &identity)) {
        carrier_accept(carrier, batch, item, &identity);
        return;
    }
    carrier_known(p);
    carrier->known++;
}
