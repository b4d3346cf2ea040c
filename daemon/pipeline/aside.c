#include "aside.h"

#include <signal.h>
#include <stddef.h>
#include <time.h>

#include "clock.h"

static void *aside_main(void *arg)
{
    struct aside *a = arg;
    a->work(a->ctx);
    ev_async_send(a->loop, &a->over);
    return NULL;
}

static void joined(struct aside *a)
{
    ev_async_stop(a->loop, &a->over);
    a->running = false;
}

static void on_over(struct ev_loop *loop, ev_async *w, int events)
{
    struct aside *a = w->data;
    (void)loop;
    (void)events;
    pthread_join(a->thread, NULL);
    joined(a);
    a->then(a->ctx);
}

/* Signals belong to the loop. */
static int start_thread(struct aside *a)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(&a->thread, NULL, aside_main, a);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return -error;
}

int aside_start(struct aside *a, struct ev_loop *loop)
{
    a->loop = loop;
    ev_async_init(&a->over, on_over);
    a->over.data = a;
    ev_async_start(loop, &a->over);
    int error = start_thread(a);
    if (error < 0)
        ev_async_stop(loop, &a->over);
    a->running = error == 0;
    return error;
}

bool aside_stop(struct aside *a, int64_t patience_us)
{
    int64_t end = clock_mono() + (patience_us > 0 ? patience_us : 0);
    const struct timespec until = {.tv_sec = end / USEC_PER_SEC,
                                   .tv_nsec = end % USEC_PER_SEC * 1000};
    if (!a->running)
        return true;
    if (pthread_clockjoin_np(a->thread, NULL, CLOCK_MONOTONIC, &until) != 0)
        return false;
    joined(a);
    return true;
}
