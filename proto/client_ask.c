#include "client_inside.h"

#include <errno.h>

#include "clock.h"

void feed_replay_close(struct dateline_feed *feed)
{
    if (feed->replay)
        zmq_close(feed->replay);
    if (feed->replay_watch)
        zmq_close(feed->replay_watch);
    feed->replay = feed->replay_watch = NULL;
}

int feed_replay_open(struct dateline_feed *feed)
{
    feed_replay_close(feed);
    feed->replay = zmq_socket(feed->zmq, ZMQ_DEALER);
    if (!feed->replay)
        return -errno;
    wire_setup(feed->replay, LIMIT_REPLAY_ANSWERS, 0);
    feed->replay_watch = keyring_watch(feed->zmq, feed->replay);
    int err = keyring_dial(feed->keys, feed->replay);
    if (!err && zmq_connect(feed->replay, feed->replay_endpoint) != 0)
        err = -errno;
    return err;
}

void feed_ask(struct dateline_feed *feed)
{
    struct buf header = BUF_NONE;
    feed->request.id++;
    wire_put_replay(&header, &feed->request);
    const struct str parts[3] = {STR(WIRE_REPLAY_TAG), STR("REPLAY"), buf_str(&header)};
    if (feed->replay)
        wire_send(feed->replay, parts, 3);
    buf_free(&header);
    feed->asked = true;
    feed->asked_at = clock_mono();
}

void feed_page_close(struct dateline_feed *feed)
{
    if (!feed->page_open)
        return;
    wire_records_done(feed->page);
    wire_parts_done(&feed->page_parts);
    feed->page_open = false;
}

void feed_catch_up(struct dateline_feed *feed)
{
    feed_page_close(feed);
    feed->state = FEED_CATCHING;
    feed->request.since = WIRE_SINCE_SEQ;
    feed->request.seq = feed->known.sure + 1;
    feed->may_lose = feed->known.sure > 0;
    feed_ask(feed);
}

/* ---- answers */

/* What the daemon keeps no longer: from the seq asked for to the first it has. */
static void note_loss(struct dateline_feed *feed)
{
    const struct wire_records *page = feed->page;
    uint64_t first = page->first ? page->first : page->next;
    if (!feed->may_lose || first <= feed->request.seq)
        return;
    feed->lost_from = feed->request.seq;
    feed->lost_to = first - 1;
}

static int on_answer(struct dateline_feed *feed)
{
    struct wire_records *page = feed->page;
    if (!feed->asked || page->id != feed->request.id) {
        feed_page_close(feed); /* of an earlier request */
        return 0;
    }
    if (page->verb == WIRE_REFUSED) {
        bool later = str_is(page->reason, wire_refusal_name(WIRE_UNAVAILABLE));
        snprintf(feed->error, sizeof feed->error, "replay refused: %.*s", STR_ARG(page->reason));
        feed_page_close(feed);
        return later ? 0 : -EPROTO; /* later: the time for the answer runs out */
    }
    feed->asked = false;
    feed->page_at = 0;
    if (feed_same_epoch(feed, page->epoch))
        note_loss(feed);
    return 0;
}

int feed_read_replay(struct dateline_feed *feed)
{
    struct wire_parts *parts = &feed->page_parts;
    int err = wire_recv(feed->replay, parts);
    if (err && err != -EMSGSIZE)
        return err;
    if (err || wire_records_decode(parts->at, parts->count, feed->page) != 0) {
        wire_parts_done(parts);
        snprintf(feed->error, sizeof feed->error, "replay's answer is not of version 1");
        return -EPROTO;
    }
    feed->page_open = true;
    return on_answer(feed);
}

int feed_give_page(struct dateline_feed *feed, struct dateline_event *out)
{
    while (feed->page_open && feed->page_at < feed->page->count) {
        const struct wire_record *r = &feed->page->record[feed->page_at++];
        if (known_has(&feed->known, r->seq))
            continue;
        known_put(&feed->known, r->seq);
        return feed_give(feed, out, r->seq, r->prev, r->topic, r->record);
    }
    return 0;
}

void feed_page_end(struct dateline_feed *feed)
{
    uint64_t next = feed->page->next, newest = feed->page->newest;
    known_sure(&feed->known, next - 1);
    feed_page_close(feed);
    if (next > newest)
        feed->state = FEED_LIVE;
    else
        feed_catch_up(feed);
}
