#include "push.h"

#include <errno.h>
#include <stdlib.h>

#include "clock.h"

/*
 *   first                     next
 *     ▼                         ▼
 *     4 ✓   5    6 ✓   7    8            the ring: 4 cannot be here, a prefix that is
 *           │    answered  └ not sent    answered leaves it; 5 is the oldest that is owed
 *
 * Whatever may be lost is handed in again, which is harmless: when the daemon's PONG counts fewer
 * batches than were sent before the PING, or when nothing is heard for WIRE_SILENCE heartbeats.
 */
#define PING_MS  1000
#define AGAIN_MS 500 /* after "draining", "unavailable" */

static struct push_batch *at(const struct push_link *link, uint64_t number)
{
    return link->ring[number % LIMIT_INTAKE_WINDOW];
}

bool push_link_full(const struct push_link *link)
{
    return link->next - link->first == LIMIT_INTAKE_WINDOW;
}

bool push_link_idle(const struct push_link *link)
{
    return link->next == link->first;
}

static void batch_free(struct push_batch *batch)
{
    if (batch)
        buf_free(&batch->payload);
    free(batch);
}

void push_link_put(struct push_link *link, struct push_batch **batch)
{
    if (push_link_idle(link)) /* nobody was owed a word until now, so the silence begins here */
        link->heard = clock_mono();
    link->ring[link->next++ % LIMIT_INTAKE_WINDOW] = *batch;
    *batch = NULL;
}

/* ---- the connection */

static void disconnect(struct push_link *link)
{
    if (link->watch)
        zmq_close(link->watch);
    if (link->socket)
        zmq_close(link->socket);
    link->watch = link->socket = NULL;
}

static int dial(struct push_link *link)
{
    int immediate = 1;
    link->socket = zmq_socket(link->zmq, ZMQ_DEALER);
    if (!link->socket)
        return -errno;
    wire_setup(link->socket, 2 * LIMIT_INTAKE_WINDOW, 0);
    zmq_setsockopt(link->socket, ZMQ_IMMEDIATE, &immediate, sizeof immediate);
    link->watch = keyring_watch(link->zmq, link->socket);
    int err = keyring_dial(link->keys, link->socket);
    if (!err && zmq_connect(link->socket, link->endpoint) < 0)
        err = -errno;
    return err;
}

/* Begins anew: what has no answer is sent again. */
static int redial(struct push_link *link)
{
    disconnect(link);
    for (uint64_t n = link->first; n < link->next; n++)
        at(link, n)->sent = false;
    link->pings = 0;
    link->pinged = 0;
    link->heard = clock_mono();
    link->lost = false;
    return dial(link);
}

int push_link_open(struct push_link *link)
{
    link->first = link->next = 1;
    link->zmq = zmq_ctx_new();
    return link->zmq ? redial(link) : -errno;
}

void push_link_close(struct push_link *link)
{
    disconnect(link);
    for (uint64_t n = link->first; n < link->next; n++)
        batch_free(at(link, n));
    link->next = link->first;
    if (link->zmq)
        zmq_ctx_term(link->zmq);
    link->zmq = NULL;
    buf_free(&link->header);
}

/* ---- sending */

/* False when it does not go out now. */
static bool send_message(struct push_link *link, enum wire_verb verb, const struct str *payload,
                         size_t count)
{
    struct str parts[LIMIT_BATCH_ITEMS + 3] = {STR(WIRE_INTAKE_TAG), str_of(wire_verb_name(verb)),
                                               buf_str(&link->header)};
    for (size_t i = 0; i < count; i++)
        parts[3 + i] = payload[i];
    return wire_send(link->socket, parts, 3 + count) == 0;
}

static bool send_batch(struct push_link *link, uint64_t number)
{
    struct push_batch *batch = at(link, number);
    struct wire_intake push = {.id = number,
                               .source = str_of(link->source),
                               .type = str_of(link->type),
                               .count = batch->count};
    struct str payload[LIMIT_BATCH_ITEMS];
    if (batch->ninjs && !link->type)
        push.type = STR("ninjs");
    if (link->backfill)
        push.lane = STR("backfill");
    for (size_t i = 0, from = 0; i < batch->count; from = batch->origin[i++].end) {
        payload[i] = (struct str){batch->payload.at + from, batch->origin[i].end - from};
        push.document[i].url = str_of(link->url);
    }
    buf_reset(&link->header);
    wire_put_push(&link->header, &push);
    batch->sent = send_message(link, WIRE_PUSH, payload, batch->count);
    batch->sent_at = link->pings;
    return batch->sent;
}

/* True when something is left that a connection would take. */
static bool send_all(struct push_link *link)
{
    int64_t now = clock_mono();
    if (now - link->pinged >= PING_MS * USEC_PER_MSEC &&
        !(link->answered_once && push_link_idle(link))) {
        buf_reset(&link->header);
        wire_put_ping(&link->header, link->pings + 1);
        if (send_message(link, WIRE_PING, NULL, 0)) {
            link->pings++;
            link->pinged = now;
        }
    }
    for (uint64_t n = link->first; n < link->next; n++) {
        const struct push_batch *batch = at(link, n);
        if (!batch->sent && !batch->answered && batch->not_before <= now && !send_batch(link, n))
            return true;
    }
    return false;
}

/* ---- answers */

static void leave(struct push_link *link)
{
    while (link->first < link->next && at(link, link->first)->answered) {
        link->on_prefix(link->ctx, at(link, link->first));
        batch_free(at(link, link->first));
        link->first++;
    }
}

static struct push_batch *waiting(const struct push_link *link, uint64_t number)
{
    if (number < link->first || number >= link->next || at(link, number)->answered)
        return NULL; /* answered twice: it was handed in again */
    return at(link, number);
}

static void take_taken(struct push_link *link, const struct wire_intake *answer)
{
    struct push_batch *batch = waiting(link, answer->id);
    if (!batch)
        return;
    batch->answered = true;
    link->on_taken(link->ctx, batch, answer);
    leave(link);
}

static int take_refused(struct push_link *link, const struct wire_intake *answer, char why[160])
{
    static const enum wire_refusal later[] = {WIRE_DRAINING, WIRE_UNAVAILABLE, WIRE_WINDOW};
    struct push_batch *batch = waiting(link, answer->id);
    for (size_t i = 0; i < ARRAY_LEN(later); i++) {
        if (!str_is(answer->reason, wire_refusal_name(later[i])))
            continue;
        link->on_trouble(link->ctx, wire_refusal_name(later[i]));
        if (batch) {
            batch->sent = false;
            batch->not_before = clock_mono() + AGAIN_MS * USEC_PER_MSEC;
        }
        return 0;
    }
    snprintf(why, 160, "%.*s%s%.*s", (int)str_upto(answer->reason, 32).len, answer->reason.at,
             answer->why.len ? ": " : "", STR_ARG(str_upto(answer->why, 100)));
    return -ECONNREFUSED;
}

/* The daemon should have what was sent before the PING and has no answer; otherwise it is lost. */
static void compare(struct push_link *link, const struct wire_intake *pong)
{
    uint64_t owed = 0;
    for (uint64_t n = link->first; n < link->next; n++)
        owed += at(link, n)->sent && !at(link, n)->answered && at(link, n)->sent_at < pong->ping;
    if (pong->unanswered < owed)
        link->lost = true;
}

static int take_answer(struct push_link *link, char refused_out[160])
{
    struct wire_intake answer;
    int err = 0;
    if (wire_intake_decode(link->parts.at, link->parts.count, WIRE_TO_PUSHER, &answer) != WIRE_FINE)
        return 0; /* not for us to judge: what has no answer is asked for again */
    link->heard = clock_mono();
    link->answered_once = true;
    if (answer.verb == WIRE_TAKEN)
        take_taken(link, &answer);
    else if (answer.verb == WIRE_REFUSED)
        err = take_refused(link, &answer, refused_out);
    else if (answer.verb == WIRE_PONG)
        compare(link, &answer);
    wire_intake_done(&answer);
    return err;
}

static int take_answers(struct push_link *link, char refused_out[160])
{
    int err = 0, r;
    while (!err && ((r = wire_recv(link->socket, &link->parts)) == 0 || r == -EMSGSIZE)) {
        if (r == 0)
            err = take_answer(link, refused_out);
        wire_parts_done(&link->parts);
    }
    return err;
}

/* ---- a turn */

static bool silent(const struct push_link *link)
{
    return clock_mono() - link->heard > USEC_PER_MSEC * WIRE_SILENCE * LIMIT_HEARTBEAT_MS &&
           !push_link_idle(link);
}

int push_link_turn(struct push_link *link, int fd, long wait_ms, char refused_out[160])
{
    bool more = send_all(link);
    zmq_pollitem_t items[3] = {{link->socket, 0, ZMQ_POLLIN, 0},
                               {link->watch, -1, ZMQ_POLLIN, 0}, /* -1: when there is no watch */
                               {NULL, fd, ZMQ_POLLIN, 0}};
    if (more)
        items[0].events |= ZMQ_POLLOUT;
    if (zmq_poll(items, fd >= 0 ? 3 : 2, wait_ms) < 0)
        return -errno;
    if (items[1].revents)
        link->verdict = keyring_verdict(link->watch);
    if (link->verdict != KEYRING_NO_VERDICT)
        return -EKEYREJECTED;
    int err = take_answers(link, refused_out);
    if (!err && (link->lost || silent(link))) {
        link->on_trouble(link->ctx, "lost");
        err = redial(link);
    }
    return err;
}
