#include "client.h"

#include <errno.h>

#include "clock.h"
#include "known.h"
#include "list.h"
#include "wire.h"

/* For replay's answer; then it is asked again, on a new socket. */
#define ANSWER_US   (3 * USEC_PER_SEC)
#define INTERVAL_MS 3000 /* of heartbeats, until the first has told */
#define FEED_EPOCH  65
#define FEED_RCVHWM 10000

/* A live message held back. */
struct held {
    uint64_t seq, prev;
    struct held *prev_, *next; /* utlist's */
    bool repaired;             /* replay was asked because of it */
    struct str topic, body;
    char bytes[];
};

/*
 *            ask replay                     all pages read
 *   open ───────────────► FEED_CATCHING ───────────────────► FEED_LIVE
 *                              ▲                                │
 *                              └──── gap, or heartbeat of what ─┘
 *                                    is not known; another epoch
 */
enum feed_state { FEED_CATCHING, FEED_LIVE };

struct dateline_feed {
    void *zmq, *own_zmq;
    void *live, *replay;
    char *replay_endpoint;
    struct wire_replay request; /* its topics are feed->topics */
    char **topics;
    char epoch[FEED_EPOCH];
    struct known known;
    enum feed_state state;
    bool asked; /* an answer is owed */
    int64_t asked_at;
    bool may_lose; /* the request names a seq, so that what is kept no longer is a loss */

    struct wire_parts page_parts; /* the answer that is being handed out */
    struct wire_records *page;
    size_t page_at;
    bool page_open;

    struct held *held;
    size_t held_count;
    struct held *given; /* what the last event points into */
    struct wire_parts notice;
    struct wire_live notice_live;
    struct buf topic; /* NUL-terminated for the caller */

    int64_t heard_at;
    uint32_t interval_ms;
    bool silent;
    uint64_t lost_from, lost_to; /* to be told; 0 none */
    bool epoch_told, back_told;  /* false: to be told */
    char error[128];
};

/* ---- asking */

static void replay_close(struct dateline_feed *feed)
{
    if (feed->replay)
        zmq_close(feed->replay);
    feed->replay = NULL;
}

static int replay_open(struct dateline_feed *feed)
{
    replay_close(feed);
    feed->replay = zmq_socket(feed->zmq, ZMQ_DEALER);
    if (!feed->replay)
        return -errno;
    wire_setup(feed->replay, LIMIT_REPLAY_ANSWERS, 0);
    return zmq_connect(feed->replay, feed->replay_endpoint) == 0 ? 0 : -errno;
}

/* Sends feed->request under a new id. When that fails, no answer comes in its time, and it is asked
 * again. */
static void ask(struct dateline_feed *feed)
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

static void page_close(struct dateline_feed *feed)
{
    if (!feed->page_open)
        return;
    wire_records_done(feed->page);
    wire_parts_done(&feed->page_parts);
    feed->page_open = false;
}

static void catch_up(struct dateline_feed *feed)
{
    page_close(feed);
    feed->state = FEED_CATCHING;
    feed->request.since = WIRE_SINCE_SEQ;
    feed->request.seq = feed->known.sure + 1;
    feed->may_lose = feed->known.sure > 0;
    ask(feed);
}

/* ---- what is held back */

static struct held *unhold(struct dateline_feed *feed)
{
    struct held *held = feed->held;
    DL_DELETE2(feed->held, held, prev_, next);
    feed->held_count--;
    return held;
}

static void held_drop(struct dateline_feed *feed)
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
        held_drop(feed); /* the next one's prev will tell, and replay has them */
    DL_APPEND2(feed->held, held, prev_, next);
    feed->held_count++;
}

/* ---- epochs */

/* True when numbers of this epoch may be used; false when it is another one, and all begins
 * again. */
static bool same_epoch(struct dateline_feed *feed, struct str epoch)
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
    held_drop(feed);
    known_reset(&feed->known, 0);
    catch_up(feed);
    return false;
}

/* ---- handing out */

static int give(struct dateline_feed *feed, struct dateline_event *out, uint64_t seq, uint64_t prev,
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

static int give_plain(struct dateline_feed *feed, struct dateline_event *out,
                      enum dateline_event_type type)
{
    *out = (struct dateline_event){.type = type, .epoch = feed->epoch};
    return 1;
}

static int give_news(struct dateline_feed *feed, struct dateline_event *out)
{
    if (!feed->epoch_told) {
        feed->epoch_told = true;
        return give_plain(feed, out, DATELINE_EPOCH);
    }
    if (!feed->back_told) {
        feed->back_told = true;
        return give_plain(feed, out, DATELINE_BACK);
    }
    if (feed->lost_from) {
        give_plain(feed, out, DATELINE_LOST);
        out->seq = feed->lost_from;
        out->last = feed->lost_to;
        feed->lost_from = 0;
        return 1;
    }
    return 0;
}

static int give_page(struct dateline_feed *feed, struct dateline_event *out)
{
    while (feed->page_open && feed->page_at < feed->page->count) {
        const struct wire_record *r = &feed->page->record[feed->page_at++];
        if (known_has(&feed->known, r->seq))
            continue;
        known_put(&feed->known, r->seq);
        return give(feed, out, r->seq, r->prev, r->topic, r->record);
    }
    return 0;
}

/* The page is handed out: all up to its end is known. */
static void page_end(struct dateline_feed *feed)
{
    uint64_t next = feed->page->next, newest = feed->page->newest;
    known_sure(&feed->known, next - 1);
    page_close(feed);
    if (next > newest)
        feed->state = FEED_LIVE;
    else
        catch_up(feed);
}

static bool needs_repair(struct dateline_feed *feed, const struct held *held)
{
    return held->prev && !known_has(&feed->known, held->prev);
}

static int give_held(struct dateline_feed *feed, struct dateline_event *out)
{
    free(feed->given);
    feed->given = NULL;
    while (feed->held && feed->state == FEED_LIVE) {
        struct held *held = feed->held;
        if (needs_repair(feed, held) && !held->repaired) {
            held->repaired = true;
            catch_up(feed);
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
            catch_up(feed); /* no heartbeat for long: look what else there is */
        return give(feed, out, held->seq, held->prev, held->topic, held->body);
    }
    return 0;
}

/* ---- hearing */

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
        catch_up(feed);
}

/* 1: an event was made. Heartbeats and numbered messages make none by themselves. */
static int on_live(struct dateline_feed *feed, struct wire_parts *parts, struct dateline_event *out)
{
    struct wire_live live;
    int made = 0;
    if (wire_live_decode(parts->at, parts->count, &live) != 0)
        return 0; /* not of this protocol: what it may have been is found by number */
    if (!same_epoch(feed, live.epoch)) {
        /* replay brings it */
    } else if (live.heartbeat) {
        on_heartbeat(feed, &live);
    } else if (live.seq) {
        hold(feed, &live);
    } else {
        made = give(feed, out, 0, 0, live.topic, live.record);
    }
    wire_live_done(&live);
    return made;
}

static int read_live(struct dateline_feed *feed, struct dateline_event *out)
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
        page_close(feed); /* of an earlier request */
        return 0;
    }
    if (page->verb == WIRE_REFUSED) {
        bool later = str_is(page->reason, wire_refusal_name(WIRE_UNAVAILABLE));
        snprintf(feed->error, sizeof feed->error, "replay refused: %.*s", STR_ARG(page->reason));
        page_close(feed);
        return later ? 0 : -EPROTO; /* later: the time for the answer runs out */
    }
    feed->asked = false;
    feed->page_at = 0;
    if (same_epoch(feed, page->epoch))
        note_loss(feed);
    return 0;
}

static int read_replay(struct dateline_feed *feed)
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

/* ---- waiting */

static int64_t silence_us(const struct dateline_feed *feed)
{
    return WIRE_SILENCE * (int64_t)feed->interval_ms * USEC_PER_MSEC;
}

static int check_times(struct dateline_feed *feed, struct dateline_event *out)
{
    int64_t now = clock_mono();
    if (feed->asked && now - feed->asked_at >= ANSWER_US) {
        int err = replay_open(feed);
        if (err)
            return err;
        ask(feed);
    }
    if (feed->silent || now - feed->heard_at < silence_us(feed))
        return 0;
    feed->silent = true;
    return give_plain(feed, out, DATELINE_SILENT);
}

/* Until a socket is ready, something is due, or `until`. 0, -EAGAIN, -EINTR. */
static int wait_for(struct dateline_feed *feed, int64_t until, bool *live, bool *replay)
{
    zmq_pollitem_t items[2] = {{feed->live, 0, ZMQ_POLLIN, 0}, {feed->replay, 0, ZMQ_POLLIN, 0}};
    int64_t now = clock_mono(), due = until;
    if (feed->asked && feed->asked_at + ANSWER_US < due)
        due = feed->asked_at + ANSWER_US;
    if (!feed->silent && feed->heard_at + silence_us(feed) < due)
        due = feed->heard_at + silence_us(feed);
    long ms = due == INT64_MAX ? -1 : due > now ? (long)((due - now) / USEC_PER_MSEC + 1) : 0;
    if (zmq_poll(items, feed->replay ? 2 : 1, ms) < 0)
        return -errno;
    *live = items[0].revents != 0;
    *replay = feed->replay && items[1].revents != 0;
    return !*live && !*replay && until <= clock_mono() ? -EAGAIN : 0;
}

/* What can be handed out without looking at the sockets. */
static int give_ready(struct dateline_feed *feed, struct dateline_event *out)
{
    if (give_news(feed, out) || give_page(feed, out))
        return 1;
    if (feed->page_open) {
        page_end(feed);
        return 0;
    }
    return give_held(feed, out);
}

static int hear(struct dateline_feed *feed, int64_t until, struct dateline_event *out)
{
    bool live = false, replay = false;
    int err = wait_for(feed, until, &live, &replay);
    if (!err && replay && !feed->page_open)
        err = read_replay(feed);
    if (!err && live)
        err = read_live(feed, out);
    if (err == -EAGAIN && (live || replay))
        err = 0; /* a socket that was ready and had nothing after all */
    return err;
}

int dateline_feed_next(struct dateline_feed *feed, int timeout_ms, struct dateline_event *out)
{
    int64_t until = timeout_ms < 0 ? INT64_MAX : clock_mono() + timeout_ms * USEC_PER_MSEC;
    for (;;) {
        int made = give_ready(feed, out);
        bool more = feed->page_open || (feed->held && feed->state == FEED_LIVE);
        if (!made && !more)
            made = check_times(feed, out);
        if (!made && !more)
            made = hear(feed, until, out);
        if (!made && !more && until <= clock_mono())
            made = -EAGAIN; /* all that came was of no use to the caller */
        if (made)
            return made > 0 ? 0 : made;
    }
}

/* ---- opening and closing */

static int copy_topics(struct dateline_feed *feed, const char *const *topics)
{
    size_t count = 0;
    while (topics && topics[count])
        count++;
    if (count > LIMIT_REPLAY_TOPICS)
        return -EINVAL;
    feed->topics = xcalloc(count + 1, sizeof *feed->topics);
    for (size_t i = 0; i < count; i++) {
        if (strlen(topics[i]) > LIMIT_TOPIC)
            return -EINVAL;
        feed->topics[i] = xstrdup(topics[i]);
        feed->request.topic[i] = str_of(feed->topics[i]);
    }
    feed->request.topic_count = count;
    return 0;
}

static int live_socket(struct dateline_feed *feed, const char *endpoint)
{
    feed->live = zmq_socket(feed->zmq, ZMQ_SUB);
    if (!feed->live)
        return -errno;
    wire_setup(feed->live, FEED_RCVHWM, 0);
    for (size_t i = 0; feed->topics[i]; i++)
        zmq_setsockopt(feed->live, ZMQ_SUBSCRIBE, feed->topics[i], strlen(feed->topics[i]));
    if (feed->request.topic_count == 0)
        zmq_setsockopt(feed->live, ZMQ_SUBSCRIBE, "", 0);
    else
        zmq_setsockopt(feed->live, ZMQ_SUBSCRIBE, WIRE_HEARTBEAT, sizeof WIRE_HEARTBEAT - 1);
    return zmq_connect(feed->live, endpoint) == 0 ? 0 : -errno;
}

static void first_request(struct dateline_feed *feed, const struct dateline_feed_options *options)
{
    feed->request.seq = options->seq;
    feed->request.at = options->at_us;
    switch (options->since) {
    case DATELINE_SINCE_NOW:
        feed->request.since = WIRE_SINCE_NOW;
        break;
    case DATELINE_SINCE_SEQ:
        feed->request.since = WIRE_SINCE_SEQ;
        feed->may_lose = options->seq > 1;
        known_reset(&feed->known, options->seq ? options->seq - 1 : 0);
        break;
    case DATELINE_SINCE_TIME:
        feed->request.since = WIRE_SINCE_TIME;
        break;
    }
    ask(feed);
}

static int feed_start(struct dateline_feed *feed, const struct dateline_feed_options *options)
{
    if (!options->live || !options->replay ||
        (options->epoch && strlen(options->epoch) >= FEED_EPOCH))
        return -EINVAL;
    if (options->epoch)
        memcpy(feed->epoch, options->epoch, strlen(options->epoch));
    feed->zmq = options->zmq ? options->zmq : (feed->own_zmq = zmq_ctx_new());
    if (!feed->zmq)
        return -ENOMEM;
    feed->replay_endpoint = xstrdup(options->replay);
    int err = copy_topics(feed, options->topics);
    if (!err)
        err = live_socket(feed, options->live);
    if (!err)
        err = replay_open(feed);
    if (!err)
        first_request(feed, options);
    return err;
}

int dateline_feed_open(const struct dateline_feed_options *options, struct dateline_feed **out)
{
    struct dateline_feed *feed = xcalloc(1, sizeof *feed);
    feed->page = xcalloc(1, sizeof *feed->page);
    feed->interval_ms = INTERVAL_MS;
    feed->heard_at = clock_mono();
    feed->epoch_told = feed->back_told = true;
    int err = feed_start(feed, options);
    if (err)
        dateline_feed_close(feed);
    else
        *out = feed;
    return err;
}

void dateline_feed_close(struct dateline_feed *feed)
{
    if (!feed)
        return;
    page_close(feed);
    wire_parts_done(&feed->notice);
    held_drop(feed);
    free(feed->given);
    replay_close(feed);
    if (feed->live)
        zmq_close(feed->live);
    if (feed->own_zmq)
        zmq_ctx_term(feed->own_zmq);
    for (size_t i = 0; feed->topics && feed->topics[i]; i++)
        free(feed->topics[i]);
    free(feed->topics);
    free(feed->replay_endpoint);
    known_done(&feed->known);
    buf_free(&feed->topic);
    free(feed->page);
    free(feed);
}

uint64_t dateline_feed_position(const struct dateline_feed *feed)
{
    return feed->known.sure;
}

const char *dateline_feed_epoch(const struct dateline_feed *feed)
{
    return feed->epoch;
}

const char *dateline_feed_error(const struct dateline_feed *feed)
{
    return feed->error;
}
