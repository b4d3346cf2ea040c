/*
 * One piece of work that may wait for a disk, on a thread of its own beside the loop. Embedded in what it
 * works on, which is the thread's until `then` is called, on the loop.
 */
#ifndef DATELINE_PIPELINE_ASIDE_H
#define DATELINE_PIPELINE_ASIDE_H

#include <ev.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct aside {
    void (*work)(void *ctx); /* on the thread */
    void (*then)(void *ctx); /* on the loop, when it is over and joined; may free its aside */
    void *ctx;
    /* its own */
    struct ev_loop *loop;
    ev_async over;
    pthread_t thread;
    bool running;
};

/* work, then and ctx are set. 0 or a negative errno: nothing was begun. */
int aside_start(struct aside *aside, struct ev_loop *loop);
/* `then` is called no more. False: the work did not end within `patience_us`; it can be neither freed nor
 * told to stop, and the process has to end by _exit(). */
bool aside_stop(struct aside *aside, int64_t patience_us);

#endif
