/*
 * The client's two halves share its state: client_ask.c asks replay and reads its answers,
 * client_hear.c hears the live feed and holds back what came too early; client.c opens, waits, and
 * hands out.
 */
#ifndef DATELINE_CLIENT_INSIDE_H
#define DATELINE_CLIENT_INSIDE_H

#include "client.h"
#include "keyring.h"
#include "known.h"
#include "wire.h"

#define FEED_EPOCH 65

/* A live message held back. */
struct held {
    uint64_t seq, prev;
    struct held *prev_, *next; /* utlist's */
    bool repaired;             /* replay was asked because of it */
    struct str topic, body;
    char bytes[];
};

/*
 *            ask replay                     all pages read
 *   open ───────────────► FEED_CATCHING ───────────────────► FEED_LIVE
 *                              ▲                                │
 *                              └──── gap, or heartbeat of what ─┘
 *                                    is not known; another epoch
 */
enum feed_state { FEED_CATCHING, FEED_LIVE };

struct dateline_feed {
    void *zmq, *own_zmq;
    void *live, *replay, *live_watch, *replay_watch; /* the watches say when we are not let in */
    struct keyring *keys;
    char *replay_endpoint;
    struct wire_replay request; /* its topics are feed->topics */
    char **topics;
    char epoch[FEED_EPOCH];
    struct known known;
    enum feed_state state;
    bool asked; /* an answer is owed */
    int64_t asked_at;
    bool may_lose; /* the request names a seq, so that what is kept no longer is a loss */

    struct wire_parts page_parts; /* the answer that is being handed out */
    struct wire_records *page;
    size_t page_at;
    bool page_open;

    struct held *held;
    size_t held_count;
    struct held *given; /* what the last event points into */
    struct wire_parts notice;
    struct wire_live notice_live;
    struct buf topic; /* NUL-terminated for the caller */

    int64_t heard_at;
    uint32_t interval_ms;
    bool silent;
    uint64_t lost_from, lost_to; /* to be told; 0 none */
    bool epoch_told, back_told;  /* false: to be told */
    char error[160];
};

/* ---- client_ask.c */

int feed_replay_open(struct dateline_feed *feed); /* closes the one before; 0 or a negative errno */
void feed_replay_close(struct dateline_feed *feed);
/* Sends feed->request under a new id. When that fails, no answer comes in its time, and it is asked
 * again. */
void feed_ask(struct dateline_feed *feed);
/* Asks for all behind what is surely known. */
void feed_catch_up(struct dateline_feed *feed);
/* An answer becomes the open page. 0 or a negative errno. */
int feed_read_replay(struct dateline_feed *feed);
/* 1: an event was made of the open page. */
int feed_give_page(struct dateline_feed *feed, struct dateline_event *out);
/* The page is handed out: all up to its end is known. */
void feed_page_end(struct dateline_feed *feed);
void feed_page_close(struct dateline_feed *feed);

/* ---- client_hear.c */

/* 1: an event was made of a live message; heartbeats and numbered ones make none by themselves.
 * 0, or a negative errno. */
int feed_read_live(struct dateline_feed *feed, struct dateline_event *out);
/* 1: an event was made of what was held back. */
int feed_give_held(struct dateline_feed *feed, struct dateline_event *out);
void feed_held_drop(struct dateline_feed *feed);
/* True when numbers of this epoch may be used; false when it is another one, and all begins
 * again. */
bool feed_same_epoch(struct dateline_feed *feed, struct str epoch);
/* Makes a record's event, or a notice's when seq is 0; gives 1. */
int feed_give(struct dateline_feed *feed, struct dateline_event *out, uint64_t seq, uint64_t prev,
              struct str topic, struct str body);

#endif
