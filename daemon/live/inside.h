/*
 * What the files of this room share: live.c publishes and beats, replay.c answers requests,
 * told.c remembers which topics the next heartbeat lists.
 */
#ifndef DATELINE_LIVE_INSIDE_H
#define DATELINE_LIVE_INSIDE_H

#include "hash.h"
#include "live.h"

#include "limits.h"
#include "wire.h"
#include "zev.h"

struct told { /* one topic since the last heartbeat */
    uint64_t seq;
    UT_hash_handle hh;
    size_t len;
    char topic[];
};

struct live {
    struct live_options options;
    char *epoch;
    void *feed, *replay; /* XPUB, ROUTER */
    struct zev feed_zev, replay_zev;
    ev_timer beat;
    uint64_t newest; /* seq of the newest message published, or durable at open */
    uint64_t since;  /* newest of the last heartbeat */
    struct told *told;
    bool told_overflow;
    struct live_counts counts;
    struct buf header, body;
};

/* ---- told.c */
void told_put(struct live *live, struct str topic, uint64_t seq);
/* {topic: seq, …}, or NULL when there were too many; begins anew. The caller owns it. */
json_t *told_take(struct live *live);

/* ---- replay.c */
/* One message on the replay socket; 0 when there is none, or one was answered: one a turn. */
int replay_on_ready(struct zev *zev, int events);

#endif
