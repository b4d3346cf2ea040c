#include "inside.h"

#include <errno.h>

#include "clock.h"
#include "log.h"

#define LINGER_MS 500
/* Of what a subscriber sends: a prefix, or the words of CURVE and of the handshake. libzmq keeps a node for
 * each byte of a prefix, so that one of 4 MiB was 150 MB of memory. */
#define SUBSCRIPTION 8192

/* ---- publishing */

static void publish(struct live *live, struct str topic, struct str body)
{
    struct str parts[3] = {topic, buf_str(&live->header), body};
    wire_send(live->feed, parts,
              3); /* full for a slow subscriber: it sees the gap and asks replay */
    zev_stir(&live->feed_zev);
}

void live_publish(struct live *live, const struct live_record *record)
{
    buf_reset(&live->header);
    buf_reset(&live->body);
    wire_put_live(&live->header, live->epoch, record->seq, record->prev);
    wire_put_record(&live->body, record->seq, record->record);
    publish(live, record->topic, buf_str(&live->body));
    live->newest = record->seq;
    live->counts.published++;
    told_put(live, record->topic, record->seq);
}

void live_notify(struct live *live, struct str topic, struct str body)
{
    buf_reset(&live->header);
    wire_put_notice(&live->header, live->epoch);
    publish(live, topic, body);
}

static void beat(struct live *live)
{
    char time[CLOCK_TEXT];
    json_t *topics = told_take(live);
    json_t *body = json_pack("{s:s}", "time", clock_format(clock_now(), time));
    if (topics)
        json_object_set_new(body, "topics", topics);
    char *text = json_dumps(body, JSON_COMPACT);
    json_decref(body);
    if (!text)
        abort();
    buf_reset(&live->header);
    wire_put_heartbeat(&live->header, live->epoch, live->newest, live->since,
                       (uint32_t)(live->options.heartbeat_us / USEC_PER_MSEC));
    publish(live, STR(WIRE_HEARTBEAT), str_of(text));
    live->since = live->newest;
    free(text);
}

static void on_beat(struct ev_loop *loop, ev_timer *w, int revents)
{
    (void)loop, (void)revents;
    beat(w->data);
}

/* ---- subscriptions: XPUB tells the first of each prefix and its last end; with keys, every one */

static int feed_on_ready(struct zev *zev, int events)
{
    struct live *live = zev->data;
    struct wire_parts parts;
    (void)events;
    int err = wire_recv(live->feed, &parts);
    if (err && err != -EMSGSIZE)
        return 0;
    char kind = '\2';
    if (parts.count == 1 && parts.at[0].len)
        kind = parts.at[0].at[0];
    if (kind == '\1') {
        keyring_admit(live->options.keys, KEYRING_LIVE,
                      &parts.msg[0]); /* or cuts: it hears nothing */
        live->counts.subscriptions++;
    } else if (kind == '\0') {
        live->counts.subscriptions -= live->counts.subscriptions > 0;
    } else {
        live->counts.refused++;
        log_info("live: refused reason=malformed socket=feed");
    }
    wire_parts_done(&parts);
    return 1;
}

/* ---- opening and closing */

static int bind_all(void *socket, const char *const *bind, const char **failed_out)
{
    for (; bind && *bind; bind++)
        if (zmq_bind(socket, *bind) != 0) {
            *failed_out = *bind;
            return -errno;
        }
    return 0;
}

static int open_sockets(struct live *live, const char **failed_out)
{
    const struct live_options *o = &live->options;
    live->feed = zmq_socket(o->zmq, ZMQ_XPUB);
    live->replay = zmq_socket(o->zmq, ZMQ_ROUTER);
    if (!live->feed || !live->replay)
        return -errno;
    wire_setup(live->feed, LIMIT_LIVE_BACKLOG, LINGER_MS);
    zmq_setsockopt(live->feed, ZMQ_MAXMSGSIZE, &(int64_t){SUBSCRIPTION}, sizeof(int64_t));
    wire_setup(live->replay, LIMIT_REPLAY_ANSWERS, LINGER_MS);
    int err = keyring_serve(o->keys, live->feed, KEYRING_LIVE);
    if (!err)
        err = keyring_serve(o->keys, live->replay, KEYRING_REPLAY);
    if (!err && o->keys) /* each subscriber's word, and so its connection, is to be known */
        zmq_setsockopt(live->feed, ZMQ_XPUB_VERBOSER, &(int){1}, sizeof(int));
    if (!err)
        err = bind_all(live->feed, o->bind, failed_out);
    return err ? err : bind_all(live->replay, o->replay_bind, failed_out);
}

static int start(struct live *live)
{
    struct ev_loop *loop = live->options.loop;
    double seconds = (double)live->options.heartbeat_us / USEC_PER_SEC;
    live->feed_zev = (struct zev){.socket = live->feed, .on_ready = feed_on_ready, .data = live};
    live->replay_zev =
        (struct zev){.socket = live->replay, .on_ready = replay_on_ready, .data = live};
    int err = zev_start(&live->feed_zev, loop);
    if (!err)
        err = zev_start(&live->replay_zev, loop);
    ev_timer_init(&live->beat, on_beat, seconds, seconds);
    live->beat.data = live;
    if (!err)
        ev_timer_start(loop, &live->beat);
    return err;
}

int live_open(const struct live_options *options, struct live **out, const char **failed_out)
{
    struct live *live = xcalloc(1, sizeof *live);
    live->options = *options;
    live->epoch = xstrdup(options->epoch);
    live->newest = live->since = options->newest;
    ev_init(&live->beat, on_beat);
    int err = open_sockets(live, failed_out);
    if (!err)
        err = start(live);
    if (err)
        live_close(live);
    else
        *out = live;
    return err;
}

void live_close(struct live *live)
{
    if (!live)
        return;
    zev_stop(&live->feed_zev);
    zev_stop(&live->replay_zev);
    ev_timer_stop(live->options.loop, &live->beat);
    if (live->feed)
        zmq_close(live->feed);
    if (live->replay)
        zmq_close(live->replay);
    json_decref(told_take(live));
    buf_free(&live->header);
    buf_free(&live->body);
    free(live->epoch);
    free(live);
}

void live_counts(const struct live *live, struct live_counts *out)
{
    *out = live->counts;
}
