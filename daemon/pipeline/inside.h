/* Inside the pipeline only: its struct, and what its files ask of each other. */
#ifndef DATELINE_PIPELINE_INSIDE_H
#define DATELINE_PIPELINE_INSIDE_H

#include "pipeline.h"

#include "control.h"
#include "dispatch.h"
#include "fetch.h"
#include "link.h"
#include "live.h"
#include "parser.h"
#include "source.h"
#include "store.h"
#include "web.h"

#include <jansson.h>

struct batch;
struct poll;
struct topic_row;

struct pipeline {
    const struct config *config;
    struct ev_loop *loop;
    void *zmq;
    int lock; /* of the folder of the sockets */

    struct store *store;
    struct link_room *link;
    struct parser *parser;
    struct fetch *fetch;
    struct sources *sources;
    struct dispatch *dispatch;
    struct live *live;
    struct control *control;
    struct web *web;

    struct store_numbers numbers; /* with what is being put together: ids are given from here */
    struct store_numbers
        committed;                /* as of the newest change handed over: each adds its own share */
    struct store_numbers durable; /* as of the newest durable one: what is shown */
    uint64_t generation;          /* of the newest change, for link */
    struct batch *out;            /* results and tries of this turn of the loop */
    struct topic_row *topics;     /* last seq of each topic seen since the start */
    struct poll *polls;           /* under way */

    struct { /* since start */
        uint64_t fetched, known, refused, pages, files;
    } seen;
    int64_t started_at, started_mono;
    bool held, full, draining, failed;
    void (*on_drained)(void *ctx);
    void *drained_ctx;

    ev_prepare before_sleep;
    ev_check after_sleep;
    ev_timer drain, keep;
    uint64_t kept; /* results before this seq were dropped since the start */
    struct {
        int64_t woke, busy_us, longest_us;
        uint64_t turns;
    } turn;
};

/* ---- batch.c */

/* What is written together, and what follows when it is durable. */
struct batch_item {
    uint64_t id;
    size_t size;
};
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
    struct batch_item *items;
    size_t item_count;
    struct batch_result *results;
    size_t result_count;
    uint64_t done, dead; /* what it adds to the numbers, beside its items */
    bool dirty;          /* something is in the change */
};
struct batch *batch_new(struct pipeline *pipeline);
void batch_add_item(struct batch *batch, uint64_t id, size_t size);
/* Hands the batch over. */
void batch_commit(struct batch *batch);
/* Writes into the batch's change: for link_remember(). */
struct link_writer batch_writer(struct batch *batch);

/* ---- pipeline.c */

/* The store cannot be relied on any more: nothing is accepted or acknowledged, the process ends. */
void pipeline_fail(struct pipeline *pipeline, const char *what, int error);
/* Asks sources only while there is room. */
void pipeline_weigh(struct pipeline *pipeline);

/* ---- way_in.c */
void way_in_source(void *ctx, struct source_event *event);
void way_in_stop(struct pipeline *pipeline);
/* Forgets the poll of a source that is to go; false when it has none under way. */
bool way_in_cancel(struct pipeline *pipeline, const struct source *source);

/* ---- way_out.c */
void way_out_dispatch(void *ctx, struct dispatch_event *event);
void way_out_flush(struct pipeline *pipeline);
void way_out_stop(struct pipeline *pipeline);

/* ---- work.c: the rows of the queue, and records */

/* A queue row: 8 bytes of hash over (uri, version), then the work: the record so far, JSON. */
#define WORK_TAG 8
struct work_facts {
    const char *event;
    const struct link_identity *identity;
    const struct link_answer *answer;
    struct source *source;
    const char *title; /* of the feed, as it says itself; NULL: as its source knows it */
    const char *url;   /* the item's, for items without a link; NULL none */
    int64_t fetched_at;
};
void work_row(const struct item *item, const struct work_facts *facts, struct buf *out);
struct str work_of_row(struct str row);
bool work_is(struct str row, struct str uri, struct str version);

/* ---- status.c: how it goes. The caller owns what it gets */
json_t *answer_status(void *ctx);
json_t *answer_recent(void *ctx, unsigned count);
json_t *answer_source_list(void *ctx);
bool answer_ready(void *ctx, const char **why_not_out);
json_t *status_queue(struct pipeline *pipeline);

/* ---- catalog.c: which sources there are */
int sources_restore(struct pipeline *pipeline, char why[PIPELINE_WHY]);
void catalog_add(struct pipeline *pipeline, const json_t *request, struct control_call *call);
void catalog_remove(struct pipeline *pipeline, struct source *source, struct control_call *call);
/* Its state and, when a command added it, its definition. */
void catalog_write(struct pipeline *pipeline, struct source *source);

/* ---- answers.c, explain.c */
const char *request_text(const json_t *request, const char *key);
void answer_request(void *ctx, const json_t *request, struct control_call *call);
/* 0, or -ENOENT: nothing of that name. */
int explain_what(struct pipeline *pipeline, struct str what, json_t **out);

#endif
