/*
 * The frames of PROTOCOL.md, version 1: constants, building, sending, receiving, checking.
 *
 * Everything decoded here comes from outside. A decoder takes the frames of one multipart message
 * and either fills a struct whose every number is within base/limits.h, or names the refusal
 * (enum wire_refusal) and leaves nothing to free. Decoded texts are lent: they point into the
 * frames or into the struct's `json`, which its _done() releases.
 *
 * Items and records pass through as whole frames and are never encoded again; here they are only
 * known to be valid UTF-8 within braces. Headers are small JSON objects or arrays; members that are
 * not known are ignored, which is how the protocol grows.
 */
#ifndef DATELINE_WIRE_H
#define DATELINE_WIRE_H

#include "limits.h"
#include "str.h"

#include <jansson.h>
#include <stdint.h>
#include <zmq.h>

#define WIRE_VERSION    1
#define WIRE_WORK_TAG   "DLW1"
#define WIRE_REPLAY_TAG "DLR1"
#define WIRE_INTAKE_TAG "DLI1"
#define WIRE_HEARTBEAT  "heartbeat" /* topic of the live feed's heartbeat */
#define WIRE_SILENCE    3           /* heartbeat intervals without a word: the peer is gone */
/* Tag, verb, header, payload, and a routing id and an empty delimiter in front. */
#define WIRE_PARTS_MAX (LIMIT_REPLAY_BATCH + 5)

enum wire_verb {
    WIRE_HELLO,   /* worker: here I am, with so much credit */
    WIRE_WELCOME, /* daemon */
    WIRE_ITEMS,   /* daemon: leases and work */
    WIRE_RESULT,  /* worker: records */
    WIRE_ACK,     /* worker: done, and nothing of it is to be recorded */
    WIRE_NACK,    /* worker: cannot */
    WIRE_TOUCH,   /* worker: still at it, begin these leases anew */
    WIRE_CREDIT,  /* worker: another window */
    WIRE_PING,    /* both */
    WIRE_PONG,    /* both */
    WIRE_BYE,     /* both: no new work from now on */
    WIRE_REFUSED, /* daemon */
    WIRE_REPLAY,  /* subscriber, on the replay socket */
    WIRE_RECORDS, /* daemon, on the replay socket */
    WIRE_PUSH,    /* program, on the intake socket: documents */
    WIRE_TAKEN,   /* daemon, on the intake socket: they are durable */
    WIRE_VERBS
};
const char *wire_verb_name(enum wire_verb verb);

/* Every refusal by name. WIRE_FINE is none. */
enum wire_refusal {
    WIRE_FINE,
    WIRE_BAD_VERSION,   /* "version": another protocol version, or none */
    WIRE_BAD_FRAMES,    /* "malformed": too few or too many frames, header not as described */
    WIRE_BAD_VERB,      /* "verb": unknown, or not for this direction */
    WIRE_BAD_BATCH,     /* "batch": none or too many leases, or not as many payload frames */
    WIRE_BAD_NAME,      /* "name": not 1..LIMIT_WORKER_NAME printable ASCII characters */
    WIRE_BAD_CREDIT,    /* "credit": not 0..LIMIT_CREDIT */
    WIRE_BAD_LANGUAGES, /* "languages": not up to LIMIT_LANGUAGES codes of two or three letters */
    WIRE_BAD_RECORD,    /* "record": not a JSON object in UTF-8, or it cannot be taken */
    WIRE_HELLO_FIRST,   /* "hello-first": not from a worker that was welcomed */
    WIRE_NOT_HELD,      /* "not-held": the worker does not hold this lease */
    WIRE_FULL,          /* "full": LIMIT_WORKERS are there */
    WIRE_DRAINING,      /* "draining": the daemon stops */
    WIRE_BAD_RANGE,     /* "range": since, since_time or max of a replay request */
    WIRE_BAD_TOPICS,    /* "topics": too many, too long, or not text */
    WIRE_UNAVAILABLE,   /* "unavailable": the store cannot be read, or written, now */
    WIRE_BAD_SOURCE,    /* "source": no push source has this id */
    WIRE_BAD_TYPE,      /* "type": no such type of document */
    WIRE_WINDOW,        /* "window": LIMIT_INTAKE_WINDOW batches of this peer are unanswered */
    WIRE_REFUSALS
};
const char *wire_refusal_name(enum wire_refusal refusal); /* of enum values only */

/* ---- whole messages */
struct wire_parts {
    size_t count;
    struct str at[WIRE_PARTS_MAX];
    zmq_msg_t msg[WIRE_PARTS_MAX];
};
/* One multipart message, not waiting. 0; -EAGAIN none there; -EMSGSIZE more than WIRE_PARTS_MAX
 * frames (it is gone; at[] holds the first ones, so that its sender can be told); other negative
 * errnos are the socket's. After 0 and -EMSGSIZE, wire_parts_done() is owed. */
int wire_recv(void *socket, struct wire_parts *parts);
void wire_parts_done(struct wire_parts *parts);
/* Sends copies of the parts as one message, not waiting. 0, -EAGAIN full, -EHOSTUNREACH no such
 * peer. */
int wire_send(void *socket, const struct str *parts, size_t count);
/* tag | verb | header | payload…, with `to` (a routing id) in front when it is not empty. Work
 * protocol. */
int wire_send_work(void *socket, struct str to, enum wire_verb verb, struct str header,
                   const struct str *payload, size_t payload_count);
/* Options that every socket of ours has: MAXMSGSIZE, HANDSHAKE_IVL, LINGER, RECONNECT_IVL and _MAX,
 * IPV6, TCP_KEEPALIVE, both HWMs. Before bind or connect. */
void wire_setup(void *socket, int hwm, int linger_ms);

/* ---- the work protocol */
struct wire_lease {
    uint64_t lease;
    uint32_t delivery;  /* ITEMS: 1 for the first time */
    struct str payload; /* ITEMS: work; RESULT: record */
    struct str reason;  /* NACK */
    bool retry;         /* NACK: later, by anybody; false: never */
    bool unbegun;       /* NACK: given back untouched, after BYE */
};

struct wire_work {
    enum wire_verb verb;
    struct str worker;     /* HELLO, and the next four too */
    size_t language_count; /* 0: all */
    /* ISO 639, two or three letters a-z, NUL padded, each once; "und": items of no known language */
    char language[LIMIT_LANGUAGES][4];
    size_t capability_count;
    struct str capability[LIMIT_CAPABILITIES]; /* printable ASCII */
    uint32_t credit;                           /* HELLO, CREDIT */
    uint32_t lease_ms, heartbeat_ms;           /* WELCOME */
    struct str epoch, session;                 /* WELCOME */
    uint64_t ping;                             /* PING, PONG: "n", 0 when not given */
    struct str reason;                         /* REFUSED */
    size_t count; /* ITEMS, RESULT, ACK, NACK, TOUCH, REFUSED (leases it is about) */
    struct wire_lease lease[LIMIT_BATCH_ITEMS];
    json_t *json; /* inside */
};
enum wire_side { WIRE_FROM_WORKER, WIRE_FROM_DAEMON };
/* frames without routing id. WIRE_FINE, then wire_work_done() is owed, or why it is refused. */
enum wire_refusal wire_work_decode(const struct str *frames, size_t count, enum wire_side from,
                                   struct wire_work *out);
void wire_work_done(struct wire_work *work);

/* Headers; each appends one JSON value. Texts must be valid UTF-8. */
/* A language as HELLO names it: ISO 639, two or three letters a-z. */
bool wire_is_language(struct str text);
struct wire_hello {
    const char *worker;
    uint32_t credit;
    const char *const *languages;    /* NULL-terminated; NULL or none: all */
    const char *const *capabilities; /* NULL-terminated, or NULL */
};
void wire_put_hello(struct buf *out, const struct wire_hello *hello);
void wire_put_welcome(struct buf *out, const char *epoch, const char *session, uint32_t lease_ms,
                      uint32_t heartbeat_ms);
/* ITEMS, RESULT, ACK, TOUCH, NACK: of each lease the members that the verb has. */
void wire_put_leases(struct buf *out, enum wire_verb verb, const struct wire_lease *lease,
                     size_t count);
void wire_put_credit(struct buf *out, uint32_t credit);
void wire_put_ping(struct buf *out, uint64_t n);
/* `why` is one more line for people, or NULL. `request` is a replay request's id, 0 none. */
void wire_put_refused(struct buf *out, enum wire_refusal refusal, const char *why,
                      const uint64_t *leases, size_t lease_count, uint64_t request);

/* ---- the live feed */
struct wire_live {
    struct str topic, record;
    struct str epoch;
    uint64_t seq, prev;     /* seq 0: a notice without a number; prev 0: the topic's first */
    bool heartbeat;         /* of the heartbeat: */
    uint64_t newest, since; /* all messages after `since` up to `newest` are told of by `topics` */
    uint32_t interval_ms;
    json_t *topics; /* {topic: seq of its newest message after since}; NULL: too many to list */
    json_t *json, *body; /* inside */
};
/* -EBADMSG, -EMSGSIZE. wire_live_done() is owed after 0. */
int wire_live_decode(const struct str *frames, size_t count, struct wire_live *out);
void wire_live_done(struct wire_live *live);
void wire_put_live(struct buf *out, const char *epoch, uint64_t seq, uint64_t prev);
void wire_put_notice(struct buf *out, const char *epoch);
void wire_put_heartbeat(struct buf *out, const char *epoch, uint64_t newest, uint64_t since,
                        uint32_t interval_ms);
/* The record with "seq" as its first member. `record` is a JSON object. */
void wire_put_record(struct buf *out, uint64_t seq, struct str record);

/* ---- replay */
enum wire_since { WIRE_SINCE_NOW, WIRE_SINCE_SEQ, WIRE_SINCE_TIME };
struct wire_replay {
    enum wire_since since;
    uint64_t seq;
    int64_t at; /* µs UTC */
    uint64_t id;
    uint32_t max; /* records wanted in one answer, 0 as many as fit */
    size_t topic_count;
    struct str topic[LIMIT_REPLAY_TOPICS]; /* prefixes; none: all */
    json_t *json;                          /* inside */
};
/* A refusal leaves only out->id set: the request's, or 0. */
enum wire_refusal wire_replay_decode(const struct str *frames, size_t count,
                                     struct wire_replay *out);
void wire_replay_done(struct wire_replay *replay);
void wire_put_replay(struct buf *out, const struct wire_replay *replay);
bool wire_replay_wants(const struct wire_replay *replay, struct str topic);

struct wire_record {
    uint64_t seq, prev;
    struct str topic, record;
};
struct wire_records {
    enum wire_verb verb; /* RECORDS or REFUSED */
    uint64_t id;
    struct str epoch, reason;
    uint64_t next, newest;
    uint64_t first; /* the oldest seq still kept at or after the one asked for, 0 unknown */
    size_t count;
    struct wire_record record[LIMIT_REPLAY_BATCH];
    json_t *json; /* inside */
};
/* -EBADMSG. wire_records_done() is owed after 0. */
int wire_records_decode(const struct str *frames, size_t count, struct wire_records *out);
void wire_records_done(struct wire_records *records);
void wire_put_records(struct buf *out, const struct wire_records *records);

/* ---- intake: documents handed in by programs. Payload frames are never looked into here. */
struct wire_document {
    struct str bytes;
    struct str url, charset; /* empty: not given */
};
struct wire_told {     /* of TAKEN: a document, or a line of it, that was not taken */
    uint32_t at, line; /* its place in the batch from 0; its line from 1, 0: all of it */
    struct str reason; /* "not-understood", "over-limit", "given-up", "empty" */
    struct str why;    /* for people */
};
struct wire_intake {
    enum wire_verb verb;
    uint64_t id;         /* PUSH, TAKEN, REFUSED; 0 when a refusal has none */
    uint64_t ping;       /* PING, PONG */
    uint64_t unanswered; /* PONG: batches of this peer that are there; UINT64_MAX: not told */
    struct str source, type, lane; /* PUSH; empty: not given */
    uint64_t accepted, known,
        refused;            /* TAKEN: items; refused counts documents that gave none too */
    struct str reason, why; /* REFUSED */
    size_t count;           /* of documents (PUSH), of those told of (TAKEN) */
    struct wire_document document[LIMIT_BATCH_ITEMS];
    struct wire_told told[LIMIT_BATCH_ITEMS];
    json_t *json; /* inside */
};
enum wire_pusher { WIRE_FROM_PUSHER, WIRE_TO_PUSHER };
/* frames without routing id and delimiter. WIRE_FINE, then wire_intake_done() is owed; a refusal leaves
 * out->id set, to the message's or to 0. */
enum wire_refusal wire_intake_decode(const struct str *frames, size_t count, enum wire_pusher from,
                                     struct wire_intake *out);
void wire_intake_done(struct wire_intake *intake);
/* Headers of PUSH, TAKEN and the intake's PONG; texts must be valid UTF-8. */
void wire_put_push(struct buf *out, const struct wire_intake *push);
void wire_put_taken(struct buf *out, const struct wire_intake *taken);
void wire_put_pong(struct buf *out, uint64_t n, uint64_t unanswered);

#endif
