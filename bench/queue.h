/*
 * What the clients of bench/queue share: one publisher process and some worker processes drive one
 * server, the same items through the same loops whoever it is; a peer is a const struct of functions.
 *
 * The processes of one run see one board, a file that all of them map: the workers note each item's
 * way there, so that an item that was lost or came twice shows.
 */
#ifndef DATELINE_BENCH_QUEUE_H
#define DATELINE_BENCH_QUEUE_H

#include <stdatomic.h>

#include "clock.h"
#include "str.h"

#define QUEUE_BATCH_MAX   64
#define QUEUE_HOLD_MAX    4096
#define QUEUE_TIMEOUT_MS  200 /* a wait is this long, then the board is looked at */
#define QUEUE_PATIENCE_US (120 * USEC_PER_SEC) /* nothing moved for so long: give up */

/* Laid out for bench/queue, which reads it by offsets: eight numbers of 8 bytes, then the ways. */
struct queue_board {
    _Atomic uint64_t ready; /* workers that wait for items */
    _Atomic uint64_t taken; /* items that the server said it has */
    _Atomic uint64_t done;  /* distinct items that a worker acked */
    _Atomic uint64_t twice; /* items that came again */
    _Atomic int64_t first;  /* the first item was handed in; monotonic µs, like the next two */
    _Atomic int64_t last_taken;
    _Atomic int64_t last_done;
    _Atomic uint64_t stop;  /* the driver wants everybody to end */
    _Atomic uint32_t way[]; /* µs from hand-in to receipt, by item; 0: not acked */
};

struct queue_options {
    const char *at;   /* where the server listens; a path, host:port or an endpoint */
    uint64_t items;   /* of the run */
    unsigned batch;   /* items a hand-in, 1 to QUEUE_BATCH_MAX */
    unsigned window;  /* hand-ins without an answer */
    unsigned rate;    /* items a second; 0: as fast as the window lets */
    unsigned hold;    /* items that a worker takes at once */
    unsigned work_us; /* what a worker sleeps for each item */
    unsigned number;  /* of the worker */
    bool result;      /* Dateline: give the record back instead of acking */
    const char *keys; /* Dateline: folder with key files "client" and "server.pub": CURVE */
};

/* Every function ends the process when the server does not answer as it should. */
struct queue_peer {
    const char *name;
    /* Once, before all others: makes the queue. Also how the driver learns that a server is ready. */
    void (*setup)(const struct queue_options *options);

    void *(*publisher_open)(const struct queue_options *options);
    void (*send)(void *publisher, const struct str *items, size_t count);
    /* Items that the server confirmed since the last call; `wait`: for at least one, but not for
     * much longer than QUEUE_TIMEOUT_MS. */
    size_t (*taken)(void *publisher, bool wait);
    void (*publisher_close)(void *publisher);

    void *(*worker_open)(const struct queue_options *options);
    /* Hands the items of one delivery to `each`; returns their number, 0 after QUEUE_TIMEOUT_MS. */
    size_t (*receive)(void *worker, void (*each)(void *ctx, struct str item), void *ctx);
    /* Acks all that receive() gave. */
    void (*ack)(void *worker);
    /* Acks have left this process when it returns. */
    void (*worker_close)(void *worker);
};

extern const struct queue_peer queue_redis, queue_rabbitmq, queue_beanstalkd, queue_nats,
    queue_dateline;

/* One line on stderr, exit 70. */
_Noreturn void queue_die(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Item `id` of this run as a ninjs document of about 2 KB; `at` is kept in it. */
struct queue_maker;
struct queue_maker *queue_maker_new(void);
void queue_maker_free(struct queue_maker *maker);
void queue_make(struct queue_maker *maker, uint64_t id, int64_t at, struct buf *out);
/* Finds both again in the item, or in a record around it. */
bool queue_mark(struct str item, uint64_t *id, int64_t *at);

int queue_publish(const struct queue_peer *peer, const struct queue_options *options,
                  struct queue_board *board);
int queue_work(const struct queue_peer *peer, const struct queue_options *options,
               struct queue_board *board);

#endif
