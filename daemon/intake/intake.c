#include "inside.h"

#include <errno.h>
#include <stdlib.h>

#include "clock.h"
#include "log.h"

#define LINGER_MS 500           /* for answers on the way out */
#define LARGE     (256UL << 10) /* bytes of a message after which others get their turn */
#define HEADER_COST                                                                                \
    24 /* bytes of memory that a byte of a header may become as values: "[0,0,..." */
#define SEND_QUEUE 256 /* answers, refusals and PONGs that wait for one peer to read them */

/* Who sent a message, and how it wants its answer. */
struct sender {
    struct str route;
    bool delimiter;
};

/* ---- sending */

static void send_verb(struct intake *intake, const struct sender *to, enum wire_verb verb)
{
    struct str parts[5];
    size_t count = 0;
    parts[count++] = to->route;
    if (to->delimiter)
        parts[count++] = STR_NONE;
    parts[count++] = STR(WIRE_INTAKE_TAG);
    parts[count++] = str_of(wire_verb_name(verb));
    parts[count++] = buf_str(&intake->header);
    wire_send(intake->socket, parts, count); /* who is gone hands in again what has no answer */
    zev_stir(&intake->zev);
}

static void send_refusal(struct intake *intake, const struct sender *to, enum wire_refusal refusal,
                         const char *why, uint64_t id)
{
    intake->counts.refused++;
    log_info("intake: refused reason=%s id=%llu why=%s", wire_refusal_name(refusal),
             (unsigned long long)id, log_safez(why));
    buf_reset(&intake->header);
    wire_put_refused(&intake->header, refusal, why, NULL, 0, id);
    send_verb(intake, to, WIRE_REFUSED);
}

/* The peer compares the number with what it waits for: a connection that broke has lost something. */
static void send_pong(struct intake *intake, const struct sender *to, uint64_t n)
{
    const struct peer *peer = peer_of(intake, to->route);
    buf_reset(&intake->header);
    wire_put_pong(&intake->header, n, peer ? peer->unanswered : 0);
    send_verb(intake, to, WIRE_PONG);
}

/* Whoever waits hears that we live, also while nothing is read. */
static void on_beat(struct ev_loop *loop, ev_timer *w, int revents)
{
    struct intake *intake = w->data;
    (void)loop, (void)revents;
    buf_reset(&intake->header);
    wire_put_ping(&intake->header, 0);
    for (const struct peer *peer = intake->peers; peer; peer = peer->hh.next)
        if (!peer->request)
            send_verb(intake, &(struct sender){{peer->route, peer->len}, false}, WIRE_PING);
}

/* ---- how much is here */

static bool too_much(const struct intake *intake)
{
    return intake->counts.bytes >= LIMIT_INTAKE_BYTES ||
           intake->counts.unanswered >= LIMIT_INTAKE_BATCHES;
}

static bool roomy(const struct intake *intake)
{
    return intake->counts.bytes <= LIMIT_INTAKE_BYTES / 4 * 3 &&
           intake->counts.unanswered <= LIMIT_INTAKE_BATCHES / 4 * 3;
}

static void weigh(struct intake *intake)
{
    bool reading = intake->counts.reading ? !too_much(intake) : roomy(intake);
    if (reading == intake->counts.reading)
        return;
    intake->counts.reading = reading;
    log_info(
        "intake: %s batches=%llu bytes=%llu", reading ? "reading again" : "pushers have to wait",
        (unsigned long long)intake->counts.unanswered, (unsigned long long)intake->counts.bytes);
    if (!reading)
        zev_stop(&intake->zev);
    else if (zev_start(&intake->zev, intake->options.loop) != 0)
        abort(); /* it was started before, on the same socket */
}

/* ---- batches */

static void batch_free(struct intake_batch *batch)
{
    wire_intake_done(&batch->push);
    for (size_t i = 0; i < batch->frame_count; i++)
        zmq_msg_close(&batch->frames[i]);
    free(batch);
}

static void batch_end(struct intake_batch *batch)
{
    struct intake *intake = batch->intake;
    DL_DELETE(intake->batches, batch);
    intake->counts.unanswered--;
    intake->counts.bytes -= batch->bytes;
    peer_answered(intake, batch->peer);
    batch_free(batch);
    weigh(intake);
}

/* The payload moves from the message into the batch; `push` has been decoded of the message. */
static struct intake_batch *batch_new(struct intake *intake, const struct wire_intake *push)
{
    struct intake_batch *batch = xcalloc(1, sizeof *batch + push->count * sizeof(zmq_msg_t));
    zmq_msg_t *payload = &intake->parts.msg[intake->parts.count - push->count];
    size_t header_len = intake->parts.at[intake->parts.count - push->count - 1].len;
    batch->intake = intake;
    batch->push = *push;
    batch->bytes = sizeof *batch + HEADER_COST * header_len;
    batch->frame_count = push->count;
    for (size_t i = 0; i < push->count; i++) {
        zmq_msg_t *frame = &batch->frames[i];
        zmq_msg_init(frame);
        zmq_msg_move(frame, &payload[i]);
        batch->push.document[i].bytes = (struct str){zmq_msg_data(frame), zmq_msg_size(frame)};
        batch->bytes += zmq_msg_size(frame);
    }
    return batch;
}

static void take_push(struct intake *intake, const struct sender *from, struct wire_intake *push)
{
    const struct peer *peer = peer_of(intake, from->route);
    enum wire_refusal refusal = intake->draining ? WIRE_DRAINING : WIRE_FINE;
    if (!refusal && peer && peer->unanswered >= LIMIT_INTAKE_WINDOW)
        refusal = WIRE_WINDOW;
    if (refusal) {
        send_refusal(intake, from, refusal, NULL, push->id);
        wire_intake_done(push);
        return;
    }
    struct intake_batch *batch = batch_new(intake, push);
    batch->delimiter = from->delimiter;
    batch->peer = peer_waits(intake, from->route, from->delimiter);
    DL_APPEND(intake->batches, batch);
    intake->counts.batches++;
    intake->counts.documents += push->count;
    intake->counts.unanswered++;
    intake->counts.bytes += batch->bytes;
    weigh(intake);
    intake->options.up(intake->options.ctx, batch);
}

const struct wire_intake *intake_push(const struct intake_batch *batch)
{
    return &batch->push;
}

static struct sender sender_of(const struct intake_batch *batch)
{
    return (struct sender){{batch->peer->route, batch->peer->len}, batch->delimiter};
}

void intake_taken(struct intake_batch *batch, const struct wire_intake *taken)
{
    struct intake *intake = batch->intake;
    struct sender to = sender_of(batch);
    struct wire_intake answer = *taken;
    answer.id = batch->push.id;
    buf_reset(&intake->header);
    wire_put_taken(&intake->header, &answer);
    send_verb(intake, &to, WIRE_TAKEN);
    batch_end(batch);
}

void intake_refuse(struct intake_batch *batch, enum wire_refusal refusal, const char *why)
{
    struct sender to = sender_of(batch);
    send_refusal(batch->intake, &to, refusal, why, batch->push.id);
    batch_end(batch);
}

/* ---- receiving */

static void take_message(struct intake *intake, const struct sender *from, size_t envelope)
{
    struct wire_intake message;
    enum wire_refusal refusal = wire_intake_decode(
        intake->parts.at + envelope, intake->parts.count - envelope, WIRE_FROM_PUSHER, &message);
    if (refusal) {
        send_refusal(intake, from, refusal, NULL, message.id);
        return;
    }
    if (message.verb == WIRE_PUSH) {
        take_push(intake, from, &message); /* takes what the message holds */
        return;
    }
    if (message.verb == WIRE_PING)
        send_pong(intake, from, message.ping);
    wire_intake_done(&message);
}

static int on_ready(struct zev *zev, int events)
{
    struct intake *intake = zev->data;
    struct wire_parts *parts = &intake->parts;
    size_t bytes = 0;
    (void)events;
    int err = wire_recv(intake->socket, parts);
    if (err && err != -EMSGSIZE)
        return 0;
    for (size_t i = 0; i < parts->count; i++)
        bytes += parts->at[i].len;
    bool admitted = parts->count && keyring_admit(intake->options.keys, KEYRING_INTAKE,
                                                  &parts->msg[parts->count - 1]);
    if (admitted) {
        struct sender from = {parts->at[0], parts->count > 1 && parts->at[1].len == 0};
        if (err)
            send_refusal(intake, &from, WIRE_BAD_FRAMES, "too many frames", 0);
        else
            take_message(intake, &from, from.delimiter ? 2 : 1);
    }
    wire_parts_done(parts);
    return bytes < LARGE;
}

/* ---- opening and closing */

static int open_socket(struct intake *intake, const char **failed_out)
{
    const struct intake_options *o = &intake->options;
    int queued = LIMIT_INTAKE_QUEUED;
    intake->socket = zmq_socket(o->zmq, ZMQ_ROUTER);
    if (!intake->socket)
        return -errno;
    wire_setup(intake->socket, SEND_QUEUE, LINGER_MS);
    zmq_setsockopt(intake->socket, ZMQ_RCVHWM, &queued, sizeof queued);
    int err = keyring_serve(o->keys, intake->socket, KEYRING_INTAKE);
    if (err)
        return err;
    for (const char *const *bind = o->bind; bind && *bind; bind++)
        if (zmq_bind(intake->socket, *bind) != 0) {
            *failed_out = *bind;
            return -errno;
        }
    return 0;
}

int intake_open(const struct intake_options *options, struct intake **out, const char **failed_out)
{
    struct intake *intake = xcalloc(1, sizeof *intake);
    double seconds = LIMIT_HEARTBEAT_MS / 1e3;
    intake->options = *options;
    intake->counts.reading = true;
    ev_timer_init(&intake->beat, on_beat, seconds, seconds);
    intake->beat.data = intake;
    int err = open_socket(intake, failed_out);
    intake->zev = (struct zev){.socket = intake->socket, .on_ready = on_ready, .data = intake};
    if (!err)
        err = zev_start(&intake->zev, options->loop);
    if (err) {
        intake_close(intake);
        return err;
    }
    ev_timer_start(options->loop, &intake->beat);
    *out = intake;
    return 0;
}

void intake_drain(struct intake *intake)
{
    intake->draining = true;
}

void intake_close(struct intake *intake)
{
    struct intake_batch *batch, *next;
    if (!intake)
        return;
    zev_stop(&intake->zev);
    ev_timer_stop(intake->options.loop, &intake->beat);
    DL_FOREACH_SAFE (intake->batches, batch, next)
        batch_free(batch);
    peers_forget(intake);
    if (intake->socket)
        zmq_close(intake->socket);
    buf_free(&intake->header);
    free(intake);
}

void intake_counts(const struct intake *intake, struct intake_counts *out)
{
    *out = intake->counts;
    out->peers = HASH_COUNT(intake->peers);
}
