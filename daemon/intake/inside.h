/* Inside the intake room only: peers.c knows who waits for an answer, intake.c the rest. */
#ifndef DATELINE_INTAKE_INSIDE_H
#define DATELINE_INTAKE_INSIDE_H

#include "hash.h"
#include "intake.h"
#include "list.h"
#include "zev.h"

struct peer { /* one that has handed in something and waits for the answer */
    UT_hash_handle hh;
    unsigned unanswered;
    bool request; /* a REQ socket: takes whatever comes for its answer, so it gets no PING */
    size_t len;
    char route[];
};

struct intake_batch {
    struct intake_batch *prev, *next;
    struct intake *intake;
    struct peer *peer;
    bool delimiter; /* the empty frame of a REQ, given back */
    size_t bytes;
    struct wire_intake push;
    size_t frame_count;
    zmq_msg_t frames[];
};

struct intake {
    struct intake_options options;
    void *socket;
    struct zev zev;
    ev_timer beat;
    struct peer *peers;
    struct intake_batch *batches;
    struct intake_counts counts;
    bool draining;
    struct wire_parts parts; /* the message being looked at */
    struct buf header;
};

/* ---- peers.c */
struct peer *peer_of(struct intake *intake, struct str route); /* NULL: has nothing to wait for */
/* One more batch of it is unanswered. */
struct peer *peer_waits(struct intake *intake, struct str route, bool request);
/* One less; it is forgotten with the last. */
void peer_answered(struct intake *intake, struct peer *peer);
void peers_forget(struct intake *intake);

#endif
