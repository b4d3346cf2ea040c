/*
 * Redis Streams: XADD in MULTI … EXEC, a transaction a batch, on several connections (one sync serves
 * all that one turn of the server's loop has done); XREADGROUP COUNT, XACK of a whole delivery,
 * sent together with the next XREADGROUP. Acked entries stay in the stream: XACK without XDEL is the
 * faster of the two.
 */
#include "queue.h"

#include <hiredis/hiredis.h>
#include <poll.h>

#define CONNECTIONS 4
#define PENDING     8192 /* batches, more than any window */

static redisContext *dial(const char *at)
{
    redisContext *c = redisConnectUnix(at);
    if (!c || c->err)
        queue_die("redis: %s: %s", at, c ? c->errstr : "out of memory");
    return c;
}

static redisReply *sound(redisReply *r)
{
    if (r->type == REDIS_REPLY_ERROR)
        queue_die("redis: %s", r->str);
    return r;
}

static redisReply *reply(redisContext *c)
{
    void *r = NULL;
    if (redisGetReply(c, &r) != REDIS_OK)
        queue_die("redis: %s", c->errstr);
    return sound(r);
}

/* While a server loads its file it answers -LOADING, and this ends with an error. */
static void setup(const struct queue_options *options)
{
    redisContext *c = dial(options->at);
    redisReply *r = redisCommand(c, "XGROUP CREATE jobs g 0 MKSTREAM");
    if (!r || (r->type == REDIS_REPLY_ERROR && strncmp(r->str, "BUSYGROUP", 9) != 0))
        queue_die("redis: %s", r ? r->str : c->errstr);
    freeReplyObject(r);
    redisFree(c);
}

/* ---- publisher */
struct publisher {
    redisContext *connections[CONNECTIONS];
    uint8_t pending[PENDING]; /* sizes of the batches that have no answer, a ring */
    uint64_t sent, answered;  /* batches; batch n goes by connection n % CONNECTIONS */
    size_t replies;           /* that the oldest batch has had: MULTI, QUEUED…, EXEC */
};

static void *publisher_open(const struct queue_options *options)
{
    struct publisher *p = xcalloc(1, sizeof *p);
    for (size_t i = 0; i < CONNECTIONS; i++)
        p->connections[i] = dial(options->at);
    return p;
}

static void send_batch(void *publisher, const struct str *items, size_t count)
{
    struct publisher *p = publisher;
    redisContext *c = p->connections[p->sent % CONNECTIONS];
    const char *argv[] = {"XADD", "jobs", "*", "d", NULL};
    size_t lens[] = {4, 4, 1, 1, 0};
    if (count > 1)
        redisAppendCommand(c, "MULTI");
    for (size_t i = 0; i < count; i++) {
        argv[4] = items[i].at;
        lens[4] = items[i].len;
        redisAppendCommandArgv(c, 5, argv, lens);
    }
    if (count > 1)
        redisAppendCommand(c, "EXEC");
    for (int done = 0; !done;)
        if (redisBufferWrite(c, &done) != REDIS_OK)
            queue_die("redis: %s", c->errstr);
    p->pending[p->sent++ % PENDING] = (uint8_t)count;
}

/* A reply that has arrived; what hiredis has read already comes before a look at the socket. */
static bool try_reply(redisContext *c, bool wait)
{
    struct pollfd look = {c->fd, POLLIN, 0};
    void *r = NULL;
    while (redisGetReplyFromReader(c, &r) == REDIS_OK && !r) {
        if (poll(&look, 1, wait ? QUEUE_TIMEOUT_MS : 0) <= 0)
            return false;
        if (redisBufferRead(c) != REDIS_OK)
            break;
    }
    if (!r)
        queue_die("redis: %s", c->errstr);
    freeReplyObject(sound(r));
    return true;
}

static size_t taken(void *publisher, bool wait)
{
    struct publisher *p = publisher;
    if (p->answered == p->sent)
        return 0;
    size_t count = p->pending[p->answered % PENDING];
    for (; p->replies < (count > 1 ? count + 2 : 1); p->replies++)
        if (!try_reply(p->connections[p->answered % CONNECTIONS], wait))
            return 0;
    p->replies = 0;
    p->answered++;
    return count;
}

static void publisher_close(void *publisher)
{
    struct publisher *p = publisher;
    for (size_t i = 0; i < CONNECTIONS; i++)
        redisFree(p->connections[i]);
    free(p);
}

/* ---- worker */
struct worker {
    redisContext *c;
    redisReply *held; /* the last delivery, its ids are in there */
    const char *argv[3 + QUEUE_HOLD_MAX];
    size_t lens[3 + QUEUE_HOLD_MAX];
    unsigned acks; /* XACKs that were appended and not answered */
    unsigned number, hold;
};

static void *worker_open(const struct queue_options *options)
{
    struct worker *w = xcalloc(1, sizeof *w);
    w->c = dial(options->at);
    w->number = options->number;
    w->hold = options->hold;
    return w;
}

static void drop_acks(struct worker *w)
{
    for (; w->acks; w->acks--)
        freeReplyObject(reply(w->c));
}

/* [[stream, [[id, [field, value]], …]]] */
static size_t receive(void *worker, void (*each)(void *ctx, struct str item), void *ctx)
{
    struct worker *w = worker;
    redisAppendCommand(w->c, "XREADGROUP GROUP g w%u COUNT %u BLOCK %d STREAMS jobs >", w->number,
                       w->hold, QUEUE_TIMEOUT_MS);
    drop_acks(w);
    redisReply *r = reply(w->c);
    if (r->type != REDIS_REPLY_ARRAY || r->elements == 0) {
        freeReplyObject(r);
        return 0;
    }
    redisReply *entries = r->element[0]->element[1];
    for (size_t i = 0; i < entries->elements; i++) {
        redisReply *value = entries->element[i]->element[1]->element[1];
        each(ctx, (struct str){value->str, value->len});
    }
    w->held = r;
    return entries->elements;
}

static void ack(void *worker)
{
    struct worker *w = worker;
    redisReply *entries = w->held->element[0]->element[1];
    w->argv[0] = "XACK", w->argv[1] = "jobs", w->argv[2] = "g";
    w->lens[0] = 4, w->lens[1] = 4, w->lens[2] = 1;
    for (size_t i = 0; i < entries->elements; i++) {
        w->argv[3 + i] = entries->element[i]->element[0]->str;
        w->lens[3 + i] = entries->element[i]->element[0]->len;
    }
    redisAppendCommandArgv(w->c, 3 + (int)entries->elements, w->argv, w->lens);
    w->acks++;
    freeReplyObject(w->held);
    w->held = NULL;
}

static void worker_close(void *worker)
{
    struct worker *w = worker;
    drop_acks(w);
    redisFree(w->c);
    free(w);
}

const struct queue_peer queue_redis = {
    .name = "redis",
    .setup = setup,
    .publisher_open = publisher_open,
    .send = send_batch,
    .taken = taken,
    .publisher_close = publisher_close,
    .worker_open = worker_open,
    .receive = receive,
    .ack = ack,
    .worker_close = worker_close,
};
