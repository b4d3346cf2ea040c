/*
 * A session: one connection to one daemon, the worker's side of proto/PROTOCOL.md section 1.
 *
 *     AWAY ──HELLO sent──► ASKING ──WELCOME──► WORKING ──BYE sent──► LEAVING ──daemon's BYE──► LEFT
 *      ▲                     │ no answer         │ silence, hello-first
 *      └─────────────────────┴───────────────────┘
 *     WORKING ──daemon's BYE──► ENDING ──all results sent──► AWAY
 *     any but LEFT ──refused for its version, name or languages──► REFUSED, if LEAVING LEFT
 *
 * Work goes to the desk; results are taken from it.
 */
#ifndef DATELINE_SESSION_H
#define DATELINE_SESSION_H

#include "desk.h"
#include "keyring.h"
#include "wire.h"

enum session_state {
    SESSION_AWAY,
    SESSION_ASKING,
    SESSION_WORKING,
    SESSION_ENDING,
    SESSION_REFUSED, /* for good: this daemon is not asked again, the reason is logged */
    SESSION_LEAVING,
    SESSION_LEFT
};

struct session {
    char *endpoint;
    struct wire_hello hello; /* its texts are lent */
    void *zmq;
    const struct keyring *keys; /* lent; NULL: none */
    void *socket, *watch;       /* the watch says when it is not let in */
    struct desk *desk;          /* lent */
    enum session_state state;
    int64_t heartbeat_us, lease_us;
    int64_t heard_at, listened_at, sent_at, touched_at,
        hello_at; /* monotonic; hello_at: when the next one is due */
    int64_t hello_pause;
};

/* 0, or a negative errno of the socket. The keys, the texts of `hello` and the desk are lent as long as it lives. */
int session_open(struct session *s, void *context, const struct keyring *keys, const char *endpoint,
                 const struct wire_hello *hello, struct desk *desk);
/* Handles what has arrived, a bounded number of messages. True when there may be more. */
bool session_receive(struct session *s, int64_t now);
/* All that is due by the clock, and results that wait. */
void session_tick(struct session *s, int64_t now);
/* Microseconds until the next tick matters. */
int64_t session_due(const struct session *s, int64_t now);
/* No more work from now on. */
void session_leave(struct session *s);
/* Gives back what is not kept yet: untouched work as unbegun, the rest for a retry. */
void session_give_back(struct session *s);
void session_close(struct session *s, int linger_ms);

#endif
