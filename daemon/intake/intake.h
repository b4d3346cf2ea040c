/*
 * Where programs hand in documents: a ROUTER socket, batches in, one answer a batch, given only when
 * all of the batch is durable (proto/PROTOCOL.md, "Intake"; frames: proto/wire.h).
 *
 * The room checks frames and headers, keeps each peer to LIMIT_INTAKE_WINDOW batches without an
 * answer, and holds what was handed up until it is answered. It does not look into documents. It
 * needs not be told when to hold: above LIMIT_INTAKE_BYTES of unanswered batches it stops reading, so
 * that ZeroMQ's queue fills and the pushers wait; it goes on by itself. A pusher that waits hears a
 * PING every LIMIT_HEARTBEAT_MS and so knows that the daemon lives. Nothing is dropped.
 */
#ifndef DATELINE_INTAKE_H
#define DATELINE_INTAKE_H

#include "keyring.h"
#include "wire.h"

#include <ev.h>

struct intake;
struct intake_batch;

struct intake_options {
    struct ev_loop *loop;
    void *zmq;
    const char *const *bind;    /* NULL-terminated; empty: nobody can hand in anything */
    const struct keyring *keys; /* or NULL: anybody who reaches them */
    /* A batch has come: answer it, now or later, by intake_taken() or intake_refuse(). */
    void (*up)(void *ctx, struct intake_batch *batch);
    void *ctx;
};

/* 0, -EADDRINUSE, -EACCES, -EINVAL …; *failed_out names the endpoint. */
int intake_open(const struct intake_options *options, struct intake **out, const char **failed_out);
/* Batches that have no answer get none: their pushers hand them in again elsewhere or later. NULL is
 * fine. */
void intake_close(struct intake *intake);
/* New batches are refused as "draining" from now on; those that are there are still answered. */
void intake_drain(struct intake *intake);

/* What was handed in; lent until the answer. */
const struct wire_intake *intake_push(const struct intake_batch *batch);
/* Everything of it is durable: sends accepted, known, refused and told[] of `taken`. The batch is gone
 * after both. */
void intake_taken(struct intake_batch *batch, const struct wire_intake *taken);
void intake_refuse(struct intake_batch *batch, enum wire_refusal refusal, const char *why);

struct intake_counts {
    uint64_t batches, documents, refused; /* since open; refused are whole messages */
    uint64_t unanswered, bytes;           /* batches that are here now */
    unsigned peers;                       /* that wait for an answer */
    bool reading;                         /* false: too much is here */
};
void intake_counts(const struct intake *intake, struct intake_counts *out);

#endif
