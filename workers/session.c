#include "session.h"

#include <assert.h>
#include <errno.h>

#include "clock.h"
#include "crash.h"
#include "list.h"
#include "log.h"

#define HELLO_FIRST   (250 * USEC_PER_MSEC)
#define HELLO_LAST    (8 * USEC_PER_SEC)
#define TURNED_AWAY   (4 * USEC_PER_SEC) /* until it is asked anew whether our key is good now */
#define HEARTBEAT_MIN (100 * USEC_PER_MSEC)
#define LEASE_MIN     (300 * USEC_PER_MSEC)
#define RECEIVE_MAX   64 /* messages before others get their turn */

static const char *const state_names[] = {"away",    "asking",  "working", "ending",
                                          "refused", "leaving", "left"};

/* The one door to another state. */
static void set_state(struct session *s, enum session_state state)
{
    if (s->state == state)
        return;
    log_debug("worker: session endpoint=%s %s -> %s", s->endpoint, state_names[s->state],
              state_names[state]);
    s->state = state;
}

/* The daemon is gone or does not know us: its leases are void, and we ask anew. */
static void start_again(struct session *s, const char *why, int64_t now)
{
    if (s->state == SESSION_WORKING || s->state == SESSION_ENDING)
        log_warning("worker: daemon lost endpoint=%s reason=%s held=%zu", s->endpoint, why,
                    desk_count(s->desk, s));
    desk_forget(s->desk, s);
    set_state(s, s->state == SESSION_LEAVING ? SESSION_LEFT : SESSION_AWAY);
    s->hello_at = now + HELLO_FIRST;
    s->hello_pause = HELLO_FIRST;
}

/* A new socket in the place of the old one, if there is one. */
static int connect_socket(struct session *s)
{
    int one = 1;
    if (s->socket)
        (void)zmq_close(s->socket);
    if (s->watch)
        (void)zmq_close(s->watch);
    s->watch = NULL;
    s->socket = zmq_socket(s->zmq, ZMQ_DEALER);
    if (!s->socket)
        return -errno;
    s->watch = keyring_watch(s->zmq, s->socket);
    wire_setup(s->socket, LIMIT_CREDIT, 0);
    int r = keyring_dial(s->keys, s->socket);
    if (r == 0 && (zmq_setsockopt(s->socket, ZMQ_IMMEDIATE, &one, sizeof(one)) != 0 ||
                   zmq_connect(s->socket, s->endpoint) != 0))
        r = -errno;
    return r;
}

int session_open(struct session *s, void *context, const struct keyring *keys, const char *endpoint,
                 const struct wire_hello *hello, struct desk *desk)
{
    *s = (struct session){
        .zmq = context, .keys = keys, .endpoint = xstrdup(endpoint), .hello = *hello, .desk = desk};
    return connect_socket(s);
}

void session_close(struct session *s, int linger_ms)
{
    if (s->socket) {
        (void)zmq_setsockopt(s->socket, ZMQ_LINGER, &linger_ms, sizeof(linger_ms));
        (void)zmq_close(s->socket);
    }
    if (s->watch)
        (void)zmq_close(s->watch);
    free(s->endpoint);
    *s = (struct session){0};
}

/* ----------------------------------------------------------------------------------- sending */

static int send(struct session *s, enum wire_verb verb, struct buf *header,
                const struct str *payload, size_t count)
{
    int r = wire_send_work(s->socket, STR_NONE, verb, buf_str(header), payload, count);
    if (r == 0)
        s->sent_at = clock_mono();
    return r;
}

static void say_hello(struct session *s, int64_t now)
{
    struct buf header = BUF_NONE;
    wire_put_hello(&header, &s->hello);
    bool sent = send(s, WIRE_HELLO, &header, NULL, 0) == 0;
    buf_free(&header);
    if (sent)
        set_state(s, SESSION_ASKING);
    /* Not connected: look again soon, that asks nothing of anybody. */
    s->hello_pause = !sent || s->hello_pause == 0      ? HELLO_FIRST
                     : s->hello_pause * 2 > HELLO_LAST ? HELLO_LAST
                                                       : s->hello_pause * 2;
    s->hello_at = now + s->hello_pause;
}

static void say_ping(struct session *s, enum wire_verb verb, uint64_t n)
{
    struct buf header = BUF_NONE;
    wire_put_ping(&header, n);
    (void)send(s, verb, &header, NULL, 0);
    buf_free(&header);
}

/* Up to a message's worth of items in this state, in order of arrival. */
static size_t pick(const struct session *s, enum desk_state state, struct desk_item **out)
{
    struct desk_item *item;
    size_t count = 0, bytes = 0;
    DL_FOREACH (s->desk->items, item) {
        if (item->owner != s || item->state != state)
            continue;
        if (count == LIMIT_BATCH_ITEMS || (count > 0 && bytes + item->text.len > LIMIT_BATCH_BYTES))
            break;
        bytes += item->text.len;
        out[count++] = item;
    }
    return count;
}

/* One message about items; they leave the desk with it. */
static int send_items(struct session *s, enum wire_verb verb, struct desk_item **items,
                      size_t count, struct wire_lease *leases)
{
    struct str payload[LIMIT_BATCH_ITEMS];
    struct buf header = BUF_NONE;
    assert(count > 0 && count <= LIMIT_BATCH_ITEMS);
    for (size_t i = 0; i < count; i++) {
        leases[i].lease = items[i]->lease;
        payload[i] = buf_str(&items[i]->text);
    }
    wire_put_leases(&header, verb, leases, count);
    int r = send(s, verb, &header, payload, verb == WIRE_RESULT ? count : 0);
    buf_free(&header);
    for (size_t i = 0; r == 0 && i < count; i++)
        desk_remove(s->desk, items[i]);
    return r;
}

static void send_results(struct session *s)
{
    struct desk_item *items[LIMIT_BATCH_ITEMS];
    size_t count;
    int r = 0;
    while (r == 0 && (count = pick(s, DESK_KEPT, items)) > 0) {
        struct wire_lease leases[LIMIT_BATCH_ITEMS] = {{0}};
        r = send_items(s, WIRE_RESULT, items, count, leases);
        CRASH_POINT("result-sent");
    }
    while (r == 0 && (count = pick(s, DESK_REFUSED, items)) > 0) {
        struct wire_lease leases[LIMIT_BATCH_ITEMS] = {{0}};
        for (size_t i = 0; i < count; i++)
            leases[i].reason = str_of(items[i]->reason);
        r = send_items(s, WIRE_NACK, items, count, leases);
    }
}

/* Everything held begins its lease anew. */
static void touch(struct session *s)
{
    struct wire_lease leases[LIMIT_BATCH_ITEMS] = {{0}};
    struct desk_item *item, *last = NULL;
    size_t count = 0;
    DL_FOREACH (s->desk->items, item) {
        if (item->owner == s)
            last = item;
    }
    DL_FOREACH (s->desk->items, item) {
        if (item->owner != s)
            continue;
        leases[count++].lease = item->lease;
        if (count < LIMIT_BATCH_ITEMS && item != last)
            continue;
        struct buf header = BUF_NONE;
        wire_put_leases(&header, WIRE_TOUCH, leases, count);
        (void)send(s, WIRE_TOUCH, &header, NULL,
                   0); /* not sent: the lease lapses, the item comes again */
        buf_free(&header);
        count = 0;
    }
}

void session_give_back(struct session *s)
{
    static const enum desk_state states[] = {DESK_WAITING, DESK_READY};
    for (size_t k = 0; k < ARRAY_LEN(states); k++) {
        struct desk_item *items[LIMIT_BATCH_ITEMS];
        size_t count;
        int r = 0;
        while (r == 0 && (count = pick(s, states[k], items)) > 0) {
            struct wire_lease leases[LIMIT_BATCH_ITEMS] = {{0}};
            for (size_t i = 0; i < count; i++) {
                leases[i].retry = true;
                leases[i].unbegun = states[k] == DESK_WAITING;
                leases[i].reason = leases[i].unbegun ? STR_NONE : str_of(s->desk->trouble);
            }
            r = send_items(s, WIRE_NACK, items, count, leases);
        }
    }
}

void session_leave(struct session *s)
{
    struct buf header = BUF_NONE;
    buf_putz(&header, "{}");
    bool welcomed = s->state == SESSION_WORKING || s->state == SESSION_ENDING;
    bool sent = welcomed && send(s, WIRE_BYE, &header, NULL, 0) == 0;
    if (!sent)
        desk_forget(s->desk, s);
    set_state(s, sent ? SESSION_LEAVING : SESSION_LEFT);
    buf_free(&header);
}

/* --------------------------------------------------------------------------------- receiving */

static void on_welcome(struct session *s, const struct wire_work *w, int64_t now)
{
    if (s->state != SESSION_ASKING && s->state != SESSION_WORKING)
        return;
    desk_forget(s->desk, s); /* after WELCOME the worker holds nothing */
    s->heartbeat_us = w->heartbeat_ms * USEC_PER_MSEC;
    s->lease_us = w->lease_ms * USEC_PER_MSEC;
    if (s->heartbeat_us < HEARTBEAT_MIN)
        s->heartbeat_us = HEARTBEAT_MIN;
    if (s->lease_us < LEASE_MIN)
        s->lease_us = LEASE_MIN;
    s->touched_at = now;
    s->hello_pause = 0;
    set_state(s, SESSION_WORKING);
    log_info("worker: welcomed endpoint=%s epoch=%s credit=%u", s->endpoint, log_safe(w->epoch),
             s->hello.credit);
}

static void on_items(struct session *s, const struct wire_work *w)
{
    if (s->state != SESSION_WORKING && s->state != SESSION_LEAVING)
        return; /* of a life that is over: its leases are void */
    CRASH_POINT("received");
    for (size_t i = 0; i < w->count; i++)
        desk_add(s->desk, s, w->lease[i].lease, w->lease[i].payload);
}

static bool is_final(struct str reason)
{
    return str_is(reason, wire_refusal_name(WIRE_BAD_VERSION)) ||
           str_is(reason, wire_refusal_name(WIRE_BAD_NAME)) ||
           str_is(reason, wire_refusal_name(WIRE_BAD_LANGUAGES));
}

/* The answer to a HELLO. What is refused else was said before it, and its WELCOME may still come. */
static bool is_for_now(struct str reason)
{
    return str_is(reason, wire_refusal_name(WIRE_FULL)) ||
           str_is(reason, wire_refusal_name(WIRE_DRAINING));
}

/* Asking again would bring the same answer. */
static void give_up(struct session *s)
{
    desk_forget(s->desk, s);
    set_state(s, s->state == SESSION_LEAVING ? SESSION_LEFT : SESSION_REFUSED);
}

static void on_refused(struct session *s, const struct wire_work *w, int64_t now)
{
    if (s->state == SESSION_REFUSED || s->state == SESSION_LEFT)
        return; /* nothing is asked of it any more */
    log_warning("worker: refused endpoint=%s reason=%s leases=%zu", s->endpoint,
                log_safe(w->reason), w->count);
    for (size_t i = 0; i < w->count; i++)
        desk_forget_lease(s->desk, s, w->lease[i].lease);
    if (str_is(w->reason, wire_refusal_name(WIRE_HELLO_FIRST)) && s->state != SESSION_ASKING)
        start_again(s, "hello-first", now);
    else if (is_final(w->reason))
        give_up(s);
    else if (s->state == SESSION_ASKING && is_for_now(w->reason))
        set_state(s, SESSION_AWAY); /* hello_at says when we ask again */
}

static void on_bye(struct session *s)
{
    if (s->state == SESSION_LEAVING)
        set_state(s, SESSION_LEFT);
    else if (s->state == SESSION_WORKING)
        set_state(s, SESSION_ENDING);
}

static void on_message(struct session *s, const struct wire_work *w, int64_t now)
{
    switch (w->verb) {
    case WIRE_WELCOME:
        on_welcome(s, w, now);
        break;
    case WIRE_ITEMS:
        on_items(s, w);
        break;
    case WIRE_PING:
        say_ping(s, WIRE_PONG, w->ping);
        break;
    case WIRE_BYE:
        on_bye(s);
        break;
    case WIRE_REFUSED:
        on_refused(s, w, now);
        break;
    case WIRE_PONG:
        break; /* a sign of life, like all of them */
    case WIRE_HELLO:
    case WIRE_RESULT:
    case WIRE_ACK:
    case WIRE_NACK:
    case WIRE_TOUCH:
    case WIRE_CREDIT:
    case WIRE_REPLAY:
    case WIRE_RECORDS:
    case WIRE_PUSH:
    case WIRE_TAKEN:
    case WIRE_VERBS:
        break; /* the decoder lets none of these through from a daemon */
    }
}

/* While we waited for a disk it was not the daemon that was silent: its time stood still too. A
 * sleep until our own next PING is no such wait, though it ends a little late. */
static void note_listening(struct session *s, int64_t now)
{
    int64_t gap = now - s->listened_at;
    if (gap > (WIRE_SILENCE - 1) * s->heartbeat_us)
        s->heard_at += gap;
    s->listened_at = now;
}

bool session_receive(struct session *s, int64_t now)
{
    struct wire_parts parts;
    struct wire_work work;
    note_listening(s, now);
    for (int i = 0; i < RECEIVE_MAX; i++) {
        int r = wire_recv(s->socket, &parts);
        if (r != 0 && r != -EMSGSIZE)
            return false;
        enum wire_refusal bad =
            r == 0 ? wire_work_decode(parts.at, parts.count, WIRE_FROM_DAEMON, &work)
                   : WIRE_BAD_FRAMES;
        s->heard_at = now;
        if (bad == WIRE_FINE) {
            on_message(s, &work, now);
            wire_work_done(&work);
        } else {
            log_warning("worker: message not understood endpoint=%s reason=%s", s->endpoint,
                        wire_refusal_name(bad));
        }
        wire_parts_done(&parts);
    }
    return true;
}

/* ------------------------------------------------------------------------------------- clock */

static bool is_silent(const struct session *s)
{
    return s->listened_at - s->heard_at >= WIRE_SILENCE * s->heartbeat_us;
}

static void tick_welcomed(struct session *s, int64_t now)
{
    if (is_silent(s)) {
        start_again(s, "silence", now);
        return;
    }
    send_results(s);
    if (now - s->touched_at >= s->lease_us / 3) {
        touch(s);
        s->touched_at = now;
    }
    if (now - s->sent_at >= s->heartbeat_us) {
        say_ping(s, WIRE_PING, 0);
        s->sent_at = now; /* not sent: its silence will tell, not a flood of tries */
    }
    if (s->state == SESSION_ENDING && desk_count(s->desk, s) == 0)
        start_again(s, "bye", now);
}

/* True when the daemon does not take our key, or has none: libzmq gives such a connection up for good, so
 * a new socket asks again, seldom, until somebody has put it right. */
static bool is_turned_away(struct session *s, int64_t now)
{
    enum keyring_verdict verdict = keyring_verdict(s->watch);
    if (verdict == KEYRING_NO_VERDICT)
        return false;
    log_error("worker: not let in endpoint=%s reason=\"%s\"", s->endpoint,
              keyring_verdict_text(verdict));
    set_state(s, SESSION_AWAY);
    int r = connect_socket(s);
    if (r < 0)
        log_error("worker: cannot connect endpoint=%s error=%s", s->endpoint,
                  log_safez(zmq_strerror(-r)));
    s->hello_at = now + TURNED_AWAY;
    return true;
}

void session_tick(struct session *s, int64_t now)
{
    switch (s->state) {
    case SESSION_AWAY:
    case SESSION_ASKING:
        if (now >= s->hello_at && !is_turned_away(s, now))
            say_hello(s, now);
        break;
    case SESSION_WORKING:
    case SESSION_ENDING:
    case SESSION_LEAVING:
        tick_welcomed(s, now);
        break;
    case SESSION_REFUSED:
        break;
    case SESSION_LEFT:
        send_results(s);
        break;
    }
}

int64_t session_due(const struct session *s, int64_t now)
{
    int64_t at = now + USEC_PER_SEC;
    switch (s->state) {
    case SESSION_AWAY:
    case SESSION_ASKING:
        at = s->hello_at;
        break;
    case SESSION_WORKING:
    case SESSION_ENDING:
    case SESSION_LEAVING:
        at = s->sent_at + s->heartbeat_us;
        if (s->touched_at + s->lease_us / 3 < at)
            at = s->touched_at + s->lease_us / 3;
        break;
    case SESSION_REFUSED:
    case SESSION_LEFT:
        break;
    }
    return at > now ? at - now : 0;
}
