/*
 * RabbitMQ quorum queue: one channel in confirm mode, a window of messages without a confirm;
 * workers consume with a prefetch and ack a whole delivery by one basic.ack with `multiple`.
 */
#include "queue.h"

#include <amqp.h>
#include <amqp_tcp_socket.h>

#define CHANNEL   1
#define FRAME_MAX 131072
#define QUEUE     amqp_cstring_bytes("jobs")

static void expect_reply(amqp_rpc_reply_t r, const char *what)
{
    if (r.reply_type == AMQP_RESPONSE_NORMAL)
        return;
    bool ours = r.reply_type == AMQP_RESPONSE_LIBRARY_EXCEPTION;
    queue_die("rabbitmq: %s: %s", what, ours ? amqp_error_string2(r.library_error) : "refused");
}

static void expect(amqp_connection_state_t c, const char *what)
{
    expect_reply(amqp_get_rpc_reply(c), what);
}

static amqp_connection_state_t dial(const struct queue_options *options)
{
    const char *colon = strrchr(options->at, ':');
    uint64_t port;
    if (!colon || str_u64(str_of(colon + 1), &port) < 0 || port > UINT16_MAX)
        queue_die("rabbitmq: %s is not host:port", options->at);
    char *host = xasprintf("%.*s", (int)(colon - options->at), options->at);
    amqp_connection_state_t c = amqp_new_connection();
    if (amqp_socket_open(amqp_tcp_socket_new(c), host, (int)port) != AMQP_STATUS_OK)
        queue_die("rabbitmq: no connection to %s", options->at);
    expect_reply(amqp_login(c, "/", 0, FRAME_MAX, 0, AMQP_SASL_METHOD_PLAIN, "guest", "guest"),
                 "login");
    amqp_channel_open(c, CHANNEL);
    expect(c, "channel");
    free(host);
    return c;
}

static void hang_up(amqp_connection_state_t c)
{
    amqp_connection_close(c, AMQP_REPLY_SUCCESS);
    amqp_destroy_connection(c);
}

static void setup(const struct queue_options *options)
{
    amqp_connection_state_t c = dial(options);
    amqp_table_entry_t quorum = {
        .key = amqp_cstring_bytes("x-queue-type"),
        .value = {.kind = AMQP_FIELD_KIND_UTF8, .value.bytes = amqp_cstring_bytes("quorum")}};
    amqp_table_t table = {1, &quorum};
    amqp_queue_declare(c, CHANNEL, QUEUE, 0, 1, 0, 0, table);
    expect(c, "queue");
    hang_up(c);
}

/* ---- publisher */
struct publisher {
    amqp_connection_state_t c;
    uint8_t *confirmed; /* by delivery tag, which counts from 1 */
    uint64_t sent, low; /* tags up to low are confirmed */
};

static void *publisher_open(const struct queue_options *options)
{
    struct publisher *p = xcalloc(1, sizeof *p);
    p->c = dial(options);
    p->confirmed = xcalloc(options->items + 1, 1);
    amqp_confirm_select(p->c, CHANNEL);
    expect(p->c, "confirm");
    return p;
}

static void send_batch(void *publisher, const struct str *items, size_t count)
{
    struct publisher *p = publisher;
    amqp_basic_properties_t durable = {._flags = AMQP_BASIC_DELIVERY_MODE_FLAG, .delivery_mode = 2};
    for (size_t i = 0; i < count; i++) {
        /* NOLINTNEXTLINE(performance-no-int-to-ptr): the library knows no const */
        amqp_bytes_t body = {items[i].len, (char *)(uintptr_t)items[i].at};
        int error =
            amqp_basic_publish(p->c, CHANNEL, amqp_empty_bytes, QUEUE, 0, 0, &durable, body);
        if (error != AMQP_STATUS_OK)
            queue_die("rabbitmq: publish: %s", amqp_error_string2(error));
        p->sent++;
    }
}

static size_t confirm(struct publisher *p, const amqp_basic_ack_t *ack)
{
    size_t count = 0;
    if (ack->delivery_tag > p->sent)
        queue_die("rabbitmq: a confirm for what was not sent");
    for (uint64_t t = ack->multiple ? p->low + 1 : ack->delivery_tag; t <= ack->delivery_tag; t++)
        if (!p->confirmed[t])
            p->confirmed[t] = 1, count++;
    while (p->low < p->sent && p->confirmed[p->low + 1])
        p->low++;
    return count;
}

static size_t taken(void *publisher, bool wait)
{
    struct publisher *p = publisher;
    size_t count = 0;
    for (;;) {
        struct timeval most = {0, wait && count == 0 ? QUEUE_TIMEOUT_MS * 1000 : 0};
        amqp_frame_t frame;
        int error = amqp_simple_wait_frame_noblock(p->c, &frame, &most);
        if (error == AMQP_STATUS_TIMEOUT)
            break;
        if (error != AMQP_STATUS_OK)
            queue_die("rabbitmq: %s", amqp_error_string2(error));
        if (frame.frame_type != AMQP_FRAME_METHOD ||
            frame.payload.method.id != AMQP_BASIC_ACK_METHOD)
            queue_die("rabbitmq: an answer that is not a confirm");
        count += confirm(p, frame.payload.method.decoded);
        amqp_maybe_release_buffers(p->c);
    }
    return count;
}

static void publisher_close(void *publisher)
{
    struct publisher *p = publisher;
    hang_up(p->c);
    free(p->confirmed);
    free(p);
}

/* ---- worker */
struct worker {
    amqp_connection_state_t c;
    uint64_t tag; /* of the last message */
};

static void *worker_open(const struct queue_options *options)
{
    struct worker *w = xcalloc(1, sizeof *w);
    w->c = dial(options);
    amqp_basic_qos(w->c, CHANNEL, 0, (uint16_t)options->hold, 0);
    expect(w->c, "qos");
    amqp_basic_consume(w->c, CHANNEL, QUEUE, amqp_empty_bytes, 0, 0, 0, amqp_empty_table);
    expect(w->c, "consume");
    return w;
}

/* What has arrived, at most one batch, so that acks do not come in lumps of the whole prefetch. */
static size_t receive(void *worker, void (*each)(void *ctx, struct str item), void *ctx)
{
    struct worker *w = worker;
    size_t count = 0;
    while (count < QUEUE_BATCH_MAX) {
        struct timeval most = {0, count ? 0 : QUEUE_TIMEOUT_MS * 1000};
        amqp_envelope_t envelope;
        amqp_maybe_release_buffers(w->c);
        amqp_rpc_reply_t r = amqp_consume_message(w->c, &envelope, &most, 0);
        if (r.reply_type == AMQP_RESPONSE_LIBRARY_EXCEPTION &&
            r.library_error == AMQP_STATUS_TIMEOUT)
            break;
        if (r.reply_type != AMQP_RESPONSE_NORMAL)
            queue_die("rabbitmq: consume: %s", amqp_error_string2(r.library_error));
        each(ctx, (struct str){envelope.message.body.bytes, envelope.message.body.len});
        w->tag = envelope.delivery_tag;
        amqp_destroy_envelope(&envelope);
        count++;
    }
    return count;
}

static void ack(void *worker)
{
    struct worker *w = worker;
    int error = amqp_basic_ack(w->c, CHANNEL, w->tag, 1);
    if (error != AMQP_STATUS_OK)
        queue_die("rabbitmq: ack: %s", amqp_error_string2(error));
}

static void worker_close(void *worker)
{
    struct worker *w = worker;
    hang_up(w->c);
    free(w);
}

const struct queue_peer queue_rabbitmq = {
    .name = "rabbitmq",
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
