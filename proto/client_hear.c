#include "client_inside.h"

#include <errno.h>

#include "clock.h"
#include "list.h"

/* ---- what is held back */

static struct held *unhold(struct dateline_feed *feed)
{
    struct held *held = feed->held;
    DL_DELETE2(feed->held, held, prev_, next);
    feed->held_count--;
    return held;
}

void feed_held_drop(struct dateline_feed *feed)
{
    while (feed->held)
        free(unhold(feed));
}

static struct held *held_new(const struct wire_live *live)
{
    struct held *held = xcalloc(1, sizeof *held + live->topic.len + live->record.len);
    held->seq = live->seq;
    held->prev = live->prev;
    memcpy(held->bytes, live->topic.at, live->topic.len);
    memcpy(held->bytes + live->topic.len, live->record.at, live->record.len);
    held->topic = (struct str){held->bytes, live->topic.len};
    held->body = (struct str){held->bytes + live->topic.len, live->record.len};
    return held;
}

static void hold(struct dateline_feed *feed, const struct wire_live *live)
{
    struct held *held = held_new(live);
    if (feed->held_count >= LIMIT_FEED_HELD)
        feed_held_drop(feed); /* the next one's prev will tell, and replay has them */
    DL_APPEND2(feed->held, held, prev_, next);
    feed->held_count++;
}

/* ---- handing out */

int feed_give(struct dateline_feed *feed, struct dateline_event *out, uint64_t seq, uint64_t prev,
              struct str topic, struct str body)
{
    buf_reset(&feed->topic);
    buf_puts(&feed->topic, topic);
    *out = (struct dateline_event){.type = seq ? DATELINE_RECORD : DATELINE_NOTICE,
                                   .seq = seq,
                                   .prev = prev,
                                   .topic = buf_cstr(&feed->topic),
                                   .topic_len = topic.len,
                                   .body = body.at,
                                   .body_len = body.len,
                                   .epoch = feed->epoch};
    return 1;
}

static bool needs_repair(struct dateline_feed *feed, const struct held *held)
{
    return held->prev && !known_has(&feed->known, held->prev);
}

int feed_give_held(struct dateline_feed *feed, struct dateline_event *out)
{
    free(feed->given);
    feed->given = NULL;
    while (feed->held && feed->state == FEED_LIVE) {
        struct held *held = feed->held;
        if (needs_repair(feed, held) && !held->repaired) {
            held->repaired = true;
            feed_catch_up(feed);
            break;
        }
        unhold(feed);
        if (known_has(&feed->known, held->seq)) {
            free(held);
            continue;
        }
        known_put(&feed->known, held->seq);
        feed->given = held;
        if (feed->known.count > LIMIT_FEED_GOT)
            feed_catch_up(feed); /* no heartbeat for long: look what else there is */
        return feed_give(feed, out, held->seq, held->prev, held->topic, held->body);
    }
    return 0;
}

/* ---- hearing */

bool feed_same_epoch(struct dateline_feed *feed, struct str epoch)
{
    if (str_is(epoch, feed->epoch))
        return true;
    bool first = feed->epoch[0] == '\0';
    memcpy(feed->epoch, epoch.at, epoch.len); /* decoders let at most 64 bytes through */
    feed->epoch[epoch.len] = '\0';
    if (first)
        return true;
    feed->epoch_told = false;
    feed->lost_from = 0;
    feed_held_drop(feed);
    known_reset(&feed->known, 0);
    feed_catch_up(feed);
    return false;
}

static bool wants(const struct dateline_feed *feed, const char *topic)
{
    return wire_replay_wants(&feed->request, str_of(topic));
}

static bool heartbeat_fits(const struct dateline_feed *feed, const struct wire_live *live)
{
    const char *topic;
    json_t *seq;
    if (!live->topics || live->since > feed->known.sure)
        return false;
    json_object_foreach (live->topics, topic, seq) {
        if (wants(feed, topic) && !known_has(&feed->known, (uint64_t)json_integer_value(seq)))
            return false;
    }
    return true;
}

static void on_heartbeat(struct dateline_feed *feed, const struct wire_live *live)
{
    feed->interval_ms = live->interval_ms;
    if (feed->state != FEED_LIVE || feed->held || live->newest <= feed->known.sure)
        return; /* catching up, or overtaken: the next one will do */
    if (heartbeat_fits(feed, live))
        known_sure(&feed->known, live->newest);
    else
        feed_catch_up(feed);
}

/* 1: an event was made. Heartbeats and numbered messages make none by themselves. */
static int on_live(struct dateline_feed *feed, struct wire_parts *parts, struct dateline_event *out)
{
    struct wire_live live;
    int made = 0;
    if (wire_live_decode(parts->at, parts->count, &live) != 0)
        return 0; /* not of this protocol: what it may have been is found by number */
    if (!feed_same_epoch(feed, live.epoch)) {
        /* replay brings it */
    } else if (live.heartbeat) {
        on_heartbeat(feed, &live);
    } else if (live.seq) {
        hold(feed, &live);
    } else {
        made = feed_give(feed, out, 0, 0, live.topic, live.record);
    }
    wire_live_done(&live);
    return made;
}

int feed_read_live(struct dateline_feed *feed, struct dateline_event *out)
{
    wire_parts_done(&feed->notice); /* the last event's body */
    int err = wire_recv(feed->live, &feed->notice);
    if (err && err != -EMSGSIZE)
        return err;
    feed->heard_at = clock_mono();
    if (feed->silent)
        feed->silent = feed->back_told = false;
    return err ? 0 : on_live(feed, &feed->notice, out);
}
