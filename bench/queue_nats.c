/*
 * NATS JetStream: a file stream with work-queue retention; asynchronous publishing with the window as
 * MaxPending; workers pull batches of one durable consumer and ack each message.
 */
#include "queue.h"

#include <nats/nats.h>

static void expect(natsStatus s, const char *what)
{
    if (s != NATS_OK)
        queue_die("nats: %s: %s", what, natsStatus_GetText(s));
}

struct line {
    natsConnection *c;
    jsCtx *js;
};

static void dial(struct line *line, const char *at, jsOptions *options)
{
    natsOptions *o = NULL;
    expect(natsOptions_Create(&o), "options");
    expect(natsOptions_SetURL(o, at), "address");
    expect(natsOptions_SetMaxReconnect(o, 0), "options");
    expect(natsConnection_Connect(&line->c, o), "connect");
    expect(natsConnection_JetStream(&line->js, line->c, options), "JetStream");
    natsOptions_Destroy(o);
}

static void hang_up(struct line *line)
{
    natsConnection_FlushTimeout(line->c, 5000);
    jsCtx_Destroy(line->js);
    natsConnection_Destroy(line->c);
    nats_Close();
}

static void setup(const struct queue_options *options)
{
    struct line line = {0};
    const char *subjects[] = {"jobs"};
    jsStreamConfig stream;
    jsConsumerConfig consumer;
    dial(&line, options->at, NULL);
    jsStreamConfig_Init(&stream);
    stream.Name = "JOBS";
    stream.Subjects = subjects;
    stream.SubjectsLen = 1;
    stream.Storage = js_FileStorage;
    stream.Retention = js_WorkQueuePolicy;
    expect(js_AddStream(NULL, line.js, &stream, NULL, NULL), "stream");
    jsConsumerConfig_Init(&consumer);
    consumer.Durable = "g";
    consumer.AckPolicy = js_AckExplicit;
    consumer.MaxAckPending = QUEUE_HOLD_MAX;
    expect(js_AddConsumer(NULL, line.js, "JOBS", &consumer, NULL, NULL), "consumer");
    hang_up(&line);
}

/* ---- publisher */
struct publisher {
    struct line line;
    _Atomic uint64_t acked; /* counted on the library's thread */
    uint64_t told;
};

static void on_ack(jsCtx *js, natsMsg *msg, jsPubAck *ack, jsPubAckErr *error, void *closure)
{
    struct publisher *p = closure;
    (void)js, (void)ack;
    if (error)
        queue_die("nats: publish: %s", error->ErrText ? error->ErrText : "no answer");
    natsMsg_Destroy(msg);
    atomic_fetch_add(&p->acked, 1);
}

static void *publisher_open(const struct queue_options *options)
{
    struct publisher *p = xcalloc(1, sizeof *p);
    jsOptions o;
    jsOptions_Init(&o);
    o.PublishAsync.MaxPending = (int64_t)options->window * options->batch;
    o.PublishAsync.StallWait = QUEUE_PATIENCE_US / USEC_PER_MSEC;
    o.PublishAsync.AckHandler = on_ack;
    o.PublishAsync.AckHandlerClosure = p;
    dial(&p->line, options->at, &o);
    return p;
}

static void send_batch(void *publisher, const struct str *items, size_t count)
{
    struct publisher *p = publisher;
    for (size_t i = 0; i < count; i++)
        expect(js_PublishAsync(p->line.js, "jobs", items[i].at, (int)items[i].len, NULL),
               "publish");
}

/* The library tells by a thread of its own; looking every 50 µs costs less than a lock a message. */
static size_t taken(void *publisher, bool wait)
{
    struct publisher *p = publisher;
    int64_t end = clock_mono() + (wait ? QUEUE_TIMEOUT_MS * USEC_PER_MSEC : 0);
    uint64_t acked;
    while ((acked = atomic_load(&p->acked)) == p->told && clock_mono() < end)
        nanosleep(&(struct timespec){0, 50000}, NULL);
    size_t count = (size_t)(acked - p->told);
    p->told = acked;
    return count;
}

static void publisher_close(void *publisher)
{
    struct publisher *p = publisher;
    hang_up(&p->line);
    free(p);
}

/* ---- worker */
struct worker {
    struct line line;
    natsSubscription *pull;
    natsMsgList held;
    int hold;
};

static void *worker_open(const struct queue_options *options)
{
    struct worker *w = xcalloc(1, sizeof *w);
    jsSubOptions o;
    dial(&w->line, options->at, NULL);
    jsSubOptions_Init(&o);
    o.Stream = "JOBS";
    o.Consumer = "g";
    expect(js_PullSubscribe(&w->pull, w->line.js, "jobs", "g", NULL, &o, NULL), "subscribe");
    w->hold = (int)options->hold;
    return w;
}

static size_t receive(void *worker, void (*each)(void *ctx, struct str item), void *ctx)
{
    struct worker *w = worker;
    natsStatus s = natsSubscription_Fetch(&w->held, w->pull, w->hold, QUEUE_TIMEOUT_MS, NULL);
    if (s == NATS_TIMEOUT)
        return 0;
    expect(s, "fetch");
    for (int i = 0; i < w->held.Count; i++)
        each(ctx, (struct str){natsMsg_GetData(w->held.Msgs[i]),
                               (size_t)natsMsg_GetDataLength(w->held.Msgs[i])});
    return (size_t)w->held.Count;
}

static void ack(void *worker)
{
    struct worker *w = worker;
    for (int i = 0; i < w->held.Count; i++)
        expect(natsMsg_Ack(w->held.Msgs[i], NULL), "ack");
    natsMsgList_Destroy(&w->held);
}

static void worker_close(void *worker)
{
    struct worker *w = worker;
    natsSubscription_Destroy(w->pull);
    hang_up(&w->line);
    free(w);
}

const struct queue_peer queue_nats = {
    .name = "nats",
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
