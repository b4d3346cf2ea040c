/*
 * The live feed: an XPUB socket with `topic | header | record`, its heartbeat, and the replay ROUTER
 * from which a subscriber fills its gaps. Frames and headers: proto/PROTOCOL.md, proto/wire.h.
 */
#ifndef DATELINE_LIVE_H
#define DATELINE_LIVE_H

#include "keyring.h"
#include "str.h"

#include <ev.h>
#include <stdint.h>

struct live;

struct live_record {
    uint64_t seq, prev; /* prev 0: the topic's first */
    struct str topic;   /* new.en.politics.tass */
    struct str record;  /* JSON object without "seq": it is put in on the way out */
};

struct live_options {
    struct ev_loop *loop;
    void *zmq;
    const char *const *bind, *const *replay_bind; /* NULL-terminated */
    const struct keyring *keys;                   /* or NULL: anybody who reaches them */
    const char *epoch;
    int64_t heartbeat_us;
    uint64_t newest; /* seq of the newest durable result, 0 none */
    /* Replay: calls `emit` for durable results from `seq` on, in order, until it returns non-zero. */
    int (*read)(void *ctx, uint64_t seq,
                int (*emit)(void *emit_ctx, const struct live_record *record), void *emit_ctx);
    /* The first seq at or after a wall time. */
    uint64_t (*seq_at)(void *ctx, int64_t at_us);
    void *ctx;
};

int live_open(const struct live_options *options, struct live **out, const char **failed_out);
void live_close(struct live *live);
/* A result that is durable; seqs come in order. */
void live_publish(struct live *live, const struct live_record *record);
/* Any other topic (health.SOURCE): carries no seq. */
void live_notify(struct live *live, struct str topic, struct str body);

struct live_counts {
    uint64_t published, replayed, replay_requests, refused;
    uint32_t subscriptions;
};
void live_counts(const struct live *live, struct live_counts *out);

#endif
