/* Inside the pipeline only: its struct, and what its files ask of each other. */
#ifndef DATELINE_PIPELINE_INSIDE_H
#define DATELINE_PIPELINE_INSIDE_H

#include "pipeline.h"

#include "control.h"
#include "dispatch.h"
#include "fetch.h"
#include "flow.h"
#include "intake.h"
#include "link.h"
#include "live.h"
#include "parser.h"
#include "quarantine.h"
#include "source.h"
#include "store.h"
#include "web.h"

#include <jansson.h>

struct backup;
struct backup_look;
struct batch;
struct discovery;
struct poll;
struct push;
struct queue_change;
struct topic_row;

struct pipeline {
    const struct config *config;
    struct ev_loop *loop;
    void *zmq;
    int lock;             /* of the folder of the sockets */
    struct keyring *keys; /* NULL: no security */

    struct store *store;
    struct link_room *link;
    struct parser *parser;
    struct fetch *fetch;
    struct sources *sources;
    struct dispatch *dispatch;
    struct live *live;
    struct intake *intake;
    struct control *control;
    struct web *web;

    struct store_numbers numbers; /* with what is being put together: ids are given from here */
    struct store_numbers
        committed;                /* as of the newest change handed over: each adds its own share */
    struct store_numbers durable; /* as of the newest durable one: what is shown, and balances with
                                   * what dispatch counts */
    uint64_t generation;          /* of the newest change, for link */
    struct batch *out;            /* results and tries of this turn of the loop */
    struct buf row;               /* of the item that is being queued: accept.c */
    struct topic_row *topics;     /* last seq of each topic seen since the start */
    struct poll *polls;           /* under way */
    struct {                      /* batches that programs handed in: push.c */
        struct push *waiting[DISPATCH_LANES]; /* some of their documents are not read yet */
        struct push *under_way;            /* all are being read, or are on their way to the disk */
        unsigned reading;                  /* texts at the parser */
        uint64_t accepted, known, refused; /* since start, of answered batches */
    } push;
    struct discovery *discoveries; /* addresses that are looked at before they are added */
    struct {                       /* under an embargo, on their way to the disk: embargo.c */
        struct unsettled_embargo {
            uint64_t id, generation;
            bool was_new;
        } * of;
        size_t count, room;
    } unsettled;
    struct queue_change *changes; /* of the queue, by operators: the first is under way */

    struct {                                                        /* since start */
        uint64_t read, fetched, accepted, known, filtered, refused; /* items: status.c */
        uint64_t documents_refused, pages, files;
        uint64_t purged; /* items, by operators; part of done */
        uint64_t died;   /* items given up */
    } seen;
    int64_t started_at, started_mono;
    bool held, draining, failed;
    struct {
        unsigned reasons; /* why it is held, a bit an enum flow_reason */
        int64_t since;    /* wall, of `held` as it is */
        uint64_t holds;   /* since start */
        uint64_t on_way;  /* bytes of accepted work that dispatch does not know of yet */
        uint64_t disk_free, disk_wanted;
        bool full;         /* a write waits for space */
        bool stopped;      /* the rooms are being closed: nothing is weighed any more */
        int64_t synced_at; /* monotonic: the disk owed us nothing, or gave something */
        ev_timer tick;
    } flow;
    void (*on_drained)(void *ctx);
    void *drained_ctx;

    ev_prepare before_sleep;
    ev_check after_sleep;
    ev_timer drain, keep, acks;
    struct quarantine *quarantine;
    struct backup *backup; /* the newest, NULL none since the start */
    struct backup_look *backup_looks;
    uint64_t kept; /* results before this seq were dropped since the start */
    struct {
        int64_t woke, busy_us, longest_us;
        uint64_t turns;
    } turn;
};

/* ---- batch.c */

/* What is written together, and what follows when it is durable. */
struct batch_result {
    uint64_t id, seq, prev;
    char *topic;
    struct buf record;
};
struct batch {
    struct pipeline *pipeline;
    struct store_change *change;
    uint64_t generation;
    struct source *source; /* settled with it, or NULL */
    struct dispatch_item *items;
    size_t item_count;
    struct batch_result *results;
    size_t result_count;
    uint64_t done, dead;     /* what it adds to the numbers, beside its items */
    uint64_t revived;        /* of its items: they were accepted before and then dead */
    uint64_t purged;         /* dead items that are done by it */
    void (*then)(void *ctx); /* when it is durable and everything follows from it; may be NULL */
    void *then_ctx;
    bool dirty;  /* something is in the change */
    bool urgent; /* of results: somebody waits for one of them */
};
struct batch *batch_new(struct pipeline *pipeline);
void batch_add_item(struct batch *batch, const struct dispatch_item *item);
/* To be filled in; a seq of 0 means that nothing is recorded or published. */
struct batch_result *batch_add_result(struct batch *batch);
/* The queued item is done, nothing is recorded of it; dispatch holds it as on its way to the disk. */
void batch_finish(struct batch *batch, uint64_t id, bool tried);
/* Hands the batch over. */
void batch_commit(struct batch *batch);
/* Writes into the batch's change: for link_remember(). */
struct link_writer batch_writer(struct batch *batch);

/* ---- pipeline.c */

/* The store cannot be relied on any more: nothing is accepted or acknowledged, the process ends. */
void pipeline_fail(struct pipeline *pipeline, const char *what, int error);

/* ---- flow.c */
/* Asks sources, and lets pushes in, only while there is room. */
void pipeline_weigh(struct pipeline *pipeline);
/* Items accepted, durable or on the way there, and neither done nor dead. */
uint64_t pipeline_unfinished(const struct pipeline *pipeline);
/* Bytes of their work. */
uint64_t pipeline_waiting_bytes(const struct pipeline *pipeline);
/* "items,disk". Appends. */
void flow_put_names(unsigned reasons, struct buf *out);
void flow_start(struct pipeline *pipeline);
void flow_stop(struct pipeline *pipeline);

/* ---- health.c */
/* Appends a line for each reason why it is not ready, "name: reason"; true when there is none. */
bool health_lines(const struct pipeline *pipeline, struct buf *out);

/* ---- backup.c: requests */
void backup_start(struct pipeline *pipeline, const json_t *request, struct control_call *call);
void backup_state(struct pipeline *pipeline, const json_t *request, struct control_call *call);
/* The request's directory, an absolute path; NULL with the refusal sent. */
const char *backup_dir(const json_t *request, struct control_call *call);
/* False: it goes on in spite of us, so that neither store nor pipeline may be freed. */
bool backup_stop(struct pipeline *pipeline);

/* ---- backup_list.c: the same */
void backup_list(struct pipeline *pipeline, const json_t *request, struct control_call *call);
bool backup_list_stop(struct pipeline *pipeline);

/* ---- keep.c: what is remembered for how long */
void keep_init(struct pipeline *pipeline);
int keep_get_seen(void *ctx, const uint8_t id[16], struct buf *out);
int keep_get_text(void *ctx, const uint8_t hash[16], struct buf *out);

/* ---- way_in.c */
void way_in_source(void *ctx, struct source_event *event);
void way_in_stop(struct pipeline *pipeline);
/* A sitemap that is none for news: addresses, and nothing to read. */
bool way_in_is_bare(const struct parser_answer *answer);
/* Forgets the poll of a source that is to go; false when it has none under way. */
bool way_in_cancel(struct pipeline *pipeline, const struct source *source);

/* ---- push.c */
void push_up(void *ctx, struct intake_batch *batch);
/* Gives documents to the parser while there is room. */
void push_go(struct pipeline *pipeline);
/* What was not begun is refused: the daemon stops. */
void push_drain(struct pipeline *pipeline);
/* Forgets what is not on its way to the disk; its pushers hand it in again. */
void push_stop(struct pipeline *pipeline);
/* Forgets the rest, which gets no answer because the store failed. */
void push_forget(struct pipeline *pipeline);
json_t *push_json(struct pipeline *pipeline);

/* ---- way_out.c */
void way_out_dispatch(void *ctx, struct dispatch_event *event);
void way_out_start(struct pipeline *pipeline);
/* Before the loop sleeps: hands over what somebody waits for. */
void way_out_turn(struct pipeline *pipeline);
/* Hands over all of it. */
void way_out_flush(struct pipeline *pipeline);
void way_out_stop(struct pipeline *pipeline);

/* ---- work.c: the rows of the queue, and records */

/*
 * A queue row:
 *     tag (8 bytes) | lane (1) | language (3, NUL padded) | release (4, when the lane says so) | work
 * The tag is a hash over (uri, version), the work is the record so far, a JSON object. Of an item under an
 * embargo WORK_EMBARGO is added to the lane, and the second stands there at which it is over, UTC, u32le.
 * Programs whose schema is below 4 know nothing of that. Rows of before there were lanes have the work
 * right behind the tag, so '{' where the lane would be.
 */
#define WORK_TAG     8
#define WORK_HEAD    12
#define WORK_RELEASE 4
#define WORK_EMBARGO 0x80
struct work_facts {
    const char *event;
    const struct link_identity *identity;
    const struct link_answer *answer;
    struct source *source;
    const char *title; /* of the feed, as it says itself; NULL: as its source knows it */
    const char *url;   /* the item's, for items without a link; NULL none */
    int64_t fetched_at;
    int64_t release_at; /* under an embargo until then; 0 none */
    enum dispatch_lane lane;
};
void work_row(const struct item *item, const struct work_facts *facts, struct buf *out);
struct str work_of_row(struct str row);
/* What dispatch is told of a row. */
struct dispatch_item work_item(uint64_t id, struct str row, uint32_t deliveries, uint32_t deaths);
/* Of a row that has one: another end of the embargo. */
void work_embargo_until(struct buf *row, int64_t release_at);
bool work_is(struct str row, struct str uri, struct str version);

/* ---- status.c: how it goes. The caller owns what it gets */
json_t *answer_status(void *ctx);
json_t *answer_recent(void *ctx, unsigned count);
json_t *answer_source_list(void *ctx);
bool answer_ready(void *ctx, struct buf *why_out);
json_t *status_queue(struct pipeline *pipeline);

/* ---- queue.c, queue_change.c: what an operator asks and orders of the queue */
void queue_summary(struct pipeline *pipeline, const json_t *request, struct control_call *call);
void queue_list(struct pipeline *pipeline, const json_t *request, struct control_call *call);
void queue_dead(struct pipeline *pipeline, const json_t *request, struct control_call *call);
void queue_show(struct pipeline *pipeline, const json_t *request, struct control_call *call);
void queue_requeue(struct pipeline *pipeline, const json_t *request, struct control_call *call);
void queue_purge(struct pipeline *pipeline, const json_t *request, struct control_call *call);
/* Calls are answered no more; changes under way become durable all the same. */
void queue_stop(struct pipeline *pipeline);
/* A request's number, or `otherwise`; what is none, or negative, counts as not given. */
uint64_t request_number(const json_t *request, const char *key, uint64_t otherwise);
/* store_each_dead(), when there are any. */
void queue_each_dead(struct pipeline *pipeline, uint64_t from,
                     int (*each)(void *ctx, uint64_t id, const struct store_dead *dead), void *ctx);
bool queue_reason_matches(const json_t *request, const struct store_dead *dead);

/* ---- catalog.c: which sources there are */
int sources_restore(struct pipeline *pipeline, char why[PIPELINE_WHY]);
void catalog_add(struct pipeline *pipeline, const json_t *request, struct control_call *call);
/* The same of a request whose kind was found: `found` says how, for people. NULL: it was given. */
void catalog_add_found(struct pipeline *pipeline, const json_t *request, struct control_call *call,
                       const char *found);
void catalog_remove(struct pipeline *pipeline, struct source *source, struct control_call *call);
/* The push source of this id, NULL: none. An empty id is that of the one which is always there, made
 * when it is needed first and remembered from then on. */
struct source *catalog_push_source(struct pipeline *pipeline, struct str id);
/* Its state and, when a command added it, its definition. */
void catalog_write(struct pipeline *pipeline, struct source *source);

/* ---- discover.c: an address that is added without its kind */
void discover_begin(struct pipeline *pipeline, const json_t *request, struct control_call *call);
/* Forgets them; their calls get no answer. */
void discover_stop(struct pipeline *pipeline);

/* ---- gate.c: who is let in */
int gate_open(struct pipeline *pipeline, char why[PIPELINE_WHY]);
void gate_close(struct pipeline *pipeline);
/* null without security. */
json_t *security_json(const struct pipeline *pipeline);

/* ---- answers.c, explain.c */
const char *request_text(const json_t *request, const char *key);
void answer_request(void *ctx, const json_t *request, struct control_call *call);
/* 0, or -ENOENT: nothing of that name. */
int explain_what(struct pipeline *pipeline, struct str what, json_t **out);

#endif
