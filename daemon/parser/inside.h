/* Inside the parser room only: the pool (pool.c) and its children (tend.c). */
#ifndef DATELINE_PARSER_INSIDE_H
#define DATELINE_PARSER_INSIDE_H

#include "frame.h"
#include "parser.h"
#include "process.h"

/*
 * Invariants
 * (1) A job is either in `waiting` or in the `jobs` of exactly one BUSY child.
 * (2) A child reads the first of its jobs; the others were sent ahead and wait in its socket, so that it
 *     need not wait for us. Frames belong to the first, which must have been sent whole. When a child
 *     fails, the first is answered with the reason and the others go back to the front of `waiting`.
 * (3) on_answer is the last thing a callback of the loop does: whatever the answer's taker does,
 *     parser_close() included, nothing here is touched afterwards.
 *
 *              start                HELLO               job                 DONE
 *     DOWN ───────────► STARTING ───────────► IDLE ───────────► BUSY ──────────────► IDLE
 *      ▲   ◄─ no HELLO, back-off ─┘            │ died            │ died, overran,
 *      └───────────────────────────────────────┴─────────────────┘ malformed, worn out
 */
enum child_state { CHILD_DOWN, CHILD_STARTING, CHILD_IDLE, CHILD_BUSY };

struct parser_job {
    struct parser_job *prev, *next;
    struct parser *parser;
    struct buf head, bytes; /* the DOCUMENT frame: all but the document's bytes; the bytes */
    size_t sent;            /* of both together */
    bool too_large;  /* goes through a child as an empty document, so that answers keep coming from
                       the loop */
    bool being_read; /* a child has it, or has it waiting */
    void (*on_answer)(void *ctx, const struct parser_answer *answer); /* NULL: cancelled */
    void *ctx;
    struct about *about;
    struct item **items;
    size_t count, cap;
    size_t replied; /* bytes of frames so far */
};

struct child {
    struct parser *parser;
    enum child_state state;
    struct process process;
    ev_io in, out;
    ev_timer timer; /* DOWN: next try; STARTING: the HELLO is due; BUSY: look at the deadline */
    struct buf read;
    struct parser_job *jobs; /* the last may still be on its way to the child */
    unsigned failures;       /* deaths before a HELLO, in a row */
    unsigned documents;      /* read by this process */
    int64_t since;           /* monotonic: it was started */
    /* the deadline of the document being read */
    struct process_time began;
    int64_t began_us, due_us, away_us; /* away: how late the loop itself came to look */
    bool reprieved;                    /* its time was over, and it had said something */
};

struct parser {
    struct ev_loop *loop;
    char *program, *jail;
    struct parser_job *waiting;
    size_t backlog;
    struct parser_counts counts;
    uint8_t layers;
    unsigned count;
    struct child children[];
};

/* ---- pool.c */
void parser_job_free(struct parser_job *job);
/* Ends the job with its answer. The last thing its caller does (3). */
void parser_job_answer(struct parser *parser, struct parser_job *job, struct parser_answer *answer);

/* ---- tend.c */
void parser_child_init(struct child *child, struct parser *parser);
/* Starts it and waits for its HELLO: whether children live here at all. */
int parser_child_start_first(struct child *child);
/* Starts it; its HELLO comes by the loop. */
void parser_child_start(struct child *child);
/* Ends the process; the child is DOWN. The job that it was reading is handed back, unanswered; those sent
 * ahead wait again. */
struct parser_job *parser_child_drop(struct child *child);
/* Gives waiting documents to children, idle ones first. Calls nobody. */
void parser_feed(struct parser *parser);

#endif
