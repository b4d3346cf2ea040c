#include "client_inside.h"

#include <errno.h>

#include "clock.h"

/* For replay's answer; then it is asked again, on a new socket. */
#define ANSWER_US   (3 * USEC_PER_SEC)
#define INTERVAL_MS 3000 /* of heartbeats, until the first has told */
#define FEED_RCVHWM 10000

/* ---- news of the feed itself */

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

/* ---- waiting */

static int64_t silence_us(const struct dateline_feed *feed)
{
    return WIRE_SILENCE * (int64_t)feed->interval_ms * USEC_PER_MSEC;
}

/* What waits to be read is a sign of life and may be the answer, however late we come to it. */
static int check_times(struct dateline_feed *feed, bool live, bool replay,
                       struct dateline_event *out)
{
    int64_t now = clock_mono();
    if (feed->asked && !replay && now - feed->asked_at >= ANSWER_US) {
        int err = feed_replay_open(feed);
        if (err)
            return err;
        feed_ask(feed);
    }
    if (feed->silent || live || now - feed->heard_at < silence_us(feed))
        return 0;
    feed->silent = true;
    return give_plain(feed, out, DATELINE_SILENT);
}

/* The daemon does not take our key, or has none: libzmq does not connect again by itself. */
static bool is_turned_away(struct dateline_feed *feed, void *watch)
{
    enum keyring_verdict verdict = keyring_verdict(watch);
    if (verdict == KEYRING_NO_VERDICT)
        return false;
    snprintf(feed->error, sizeof feed->error, "%s", keyring_verdict_text(verdict));
    return true;
}

/* Until a socket is ready, something is due, or `until`. 0, -EAGAIN, -EINTR, -EPROTO. */
static int wait_for(struct dateline_feed *feed, int64_t until, bool *live, bool *replay)
{
    zmq_pollitem_t items[4] = {{feed->live, 0, ZMQ_POLLIN, 0}};
    int count = 1;
    if (feed->replay)
        items[count++] = (zmq_pollitem_t){feed->replay, 0, ZMQ_POLLIN, 0};
    if (feed->live_watch)
        items[count++] = (zmq_pollitem_t){feed->live_watch, 0, ZMQ_POLLIN, 0};
    if (feed->replay_watch)
        items[count++] = (zmq_pollitem_t){feed->replay_watch, 0, ZMQ_POLLIN, 0};
    int64_t now = clock_mono(), due = until;
    if (feed->asked && feed->asked_at + ANSWER_US < due)
        due = feed->asked_at + ANSWER_US;
    if (!feed->silent && feed->heard_at + silence_us(feed) < due)
        due = feed->heard_at + silence_us(feed);
    long ms = due == INT64_MAX ? -1 : due > now ? (long)((due - now) / USEC_PER_MSEC + 1) : 0;
    if (zmq_poll(items, count, ms) < 0)
        return -errno;
    if (is_turned_away(feed, feed->live_watch) || is_turned_away(feed, feed->replay_watch))
        return -EPROTO;
    *live = items[0].revents != 0;
    *replay = feed->replay && items[1].revents != 0;
    return !*live && !*replay && until <= clock_mono() ? -EAGAIN : 0;
}

/* What can be handed out without looking at the sockets. */
static int give_ready(struct dateline_feed *feed, struct dateline_event *out)
{
    if (give_news(feed, out) || feed_give_page(feed, out))
        return 1;
    if (feed->page_open) {
        feed_page_end(feed);
        return 0;
    }
    return feed_give_held(feed, out);
}

static int hear(struct dateline_feed *feed, int64_t until, struct dateline_event *out)
{
    bool live = false, replay = false;
    int err = wait_for(feed, until, &live, &replay);
    int made = !err || err == -EAGAIN ? check_times(feed, live, replay, out) : 0;
    if (made)
        return made;
    if (!err && replay && !feed->page_open)
        err = feed_read_replay(feed);
    if (!err && live)
        err = feed_read_live(feed, out);
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
    feed->live_watch = keyring_watch(feed->zmq, feed->live);
    int err = keyring_dial(feed->keys, feed->live);
    if (!err && zmq_connect(feed->live, endpoint) != 0)
        err = -errno;
    return err;
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
    feed_ask(feed);
}

static int open_keys(struct dateline_feed *feed, const struct dateline_feed_options *options)
{
    char why[KEYRING_WHY];
    const struct keyring_files files = {options->key, options->server_key};
    return files.server && !files.key ? -EINVAL : keyring_open(&files, &feed->keys, why);
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
    int err = open_keys(feed, options);
    if (!err)
        err = copy_topics(feed, options->topics);
    if (!err)
        err = live_socket(feed, options->live);
    if (!err)
        err = feed_replay_open(feed);
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
    feed_page_close(feed);
    wire_parts_done(&feed->notice);
    feed_held_drop(feed);
    free(feed->given);
    feed_replay_close(feed);
    if (feed->live)
        zmq_close(feed->live);
    if (feed->live_watch)
        zmq_close(feed->live_watch);
    keyring_close(feed->keys);
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
