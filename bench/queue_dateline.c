/*
 * Dateline: PUSH batches to the intake socket, ITEMS and ACK (or RESULT: the record given back, as a
 * worker that adds nothing would) at the work socket. Written from proto/PROTOCOL.md alone; headers
 * are written and read by hand, because the client must not be what is measured.
 *
 * ADDRESS is "INTAKE,WORK", two ZeroMQ endpoints.
 */
#include "queue.h"

#include <errno.h>
#include <zmq.h>

#define WORK_TAG     "DLW1"
#define INTAKE_TAG   "DLI1"
#define WINDOW_MAX   16 /* batches without an answer, PROTOCOL.md */
#define PENDING      64
#define HEARTBEAT_US USEC_PER_SEC
#define LINGER_MS    5000
#define KEY_TEXT     41 /* Z85, NUL included */
#define LINE_BYTES   256
#define PARTS_MAX    (3 + QUEUE_BATCH_MAX)

struct line {
    void *context, *socket;
    const char *tag;
    int64_t sent_at;
};

/* One message: tag, verb, header, payload. The parts are the caller's to close. */
struct message {
    zmq_msg_t parts[PARTS_MAX];
    size_t count;
};

/* ---- connection */
/* The 40 characters behind `label` in a file that `dateline keygen` wrote (proto/keyfile.h). */
static void read_key(const char *folder, const char *name, const char *label, char out[KEY_TEXT])
{
    char *path = xasprintf("%s/%s", folder, name), line[LINE_BYTES];
    FILE *f = fopen(path, "re");
    if (!f)
        queue_die("%s: %s", path, strerror(errno));
    out[0] = '\0';
    while (!out[0] && fgets(line, sizeof line, f))
        if (str_starts(str_of(line), str_of(label)))
            snprintf(out, KEY_TEXT, "%.40s", line + strlen(label));
    if (strlen(out) != KEY_TEXT - 1)
        queue_die("%s: no key in there", path);
    fclose(f);
    free(path);
}

static void use_keys(struct line *line, const char *folder)
{
    static const struct {
        const char *name, *label;
        int option;
    } keys[] = {{"server.pub", "", ZMQ_CURVE_SERVERKEY},
                {"client", "public: ", ZMQ_CURVE_PUBLICKEY},
                {"client", "secret: ", ZMQ_CURVE_SECRETKEY}};
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        char key[KEY_TEXT];
        read_key(folder, keys[i].name, keys[i].label, key);
        if (zmq_setsockopt(line->socket, keys[i].option, key, KEY_TEXT) != 0)
            queue_die("dateline: key %s: %s", keys[i].name, zmq_strerror(zmq_errno()));
    }
}

static void dial(struct line *line, const struct queue_options *options, bool intake)
{
    struct str rest = str_of(options->at), at;
    str_cut(&rest, ',', &at);
    char *endpoint = str_dup(intake ? at : rest);
    line->tag = intake ? INTAKE_TAG : WORK_TAG;
    line->context = zmq_ctx_new();
    line->socket = zmq_socket(line->context, ZMQ_DEALER);
    int one = 1, linger = LINGER_MS;
    zmq_setsockopt(line->socket, ZMQ_IMMEDIATE, &one, sizeof one);
    zmq_setsockopt(line->socket, ZMQ_LINGER, &linger, sizeof linger);
    if (options->keys)
        use_keys(line, options->keys);
    if (zmq_connect(line->socket, endpoint) != 0)
        queue_die("dateline: %s: %s", endpoint, zmq_strerror(zmq_errno()));
    free(endpoint);
}

static void hang_up(struct line *line)
{
    zmq_close(line->socket);
    zmq_ctx_term(line->context);
}

static void put(struct line *line, struct str part, bool more)
{
    if (zmq_send(line->socket, part.at, part.len, more ? ZMQ_SNDMORE : 0) < 0)
        queue_die("dateline: send: %s", zmq_strerror(zmq_errno()));
}

static void put_head(struct line *line, const char *verb, struct str header, bool more)
{
    put(line, str_of(line->tag), true);
    put(line, str_of(verb), true);
    put(line, header, more);
    line->sent_at = clock_mono();
}

static bool readable(struct line *line, long timeout_ms)
{
    zmq_pollitem_t look = {line->socket, 0, ZMQ_POLLIN, 0};
    return zmq_poll(&look, 1, timeout_ms) > 0;
}

static void hear(struct line *line, struct message *m)
{
    m->count = 0;
    do {
        if (m->count == PARTS_MAX)
            queue_die("dateline: a message of too many parts");
        zmq_msg_init(&m->parts[m->count]);
        if (zmq_msg_recv(&m->parts[m->count], line->socket, 0) < 0)
            queue_die("dateline: receive: %s", zmq_strerror(zmq_errno()));
    } while (zmq_msg_more(&m->parts[m->count++]));
    if (m->count < 3)
        queue_die("dateline: a message of too few parts");
}

static void message_done(struct message *m)
{
    for (size_t i = 0; i < m->count; i++)
        zmq_msg_close(&m->parts[i]);
    m->count = 0;
}

static struct str part(struct message *m, size_t i)
{
    return (struct str){zmq_msg_data(&m->parts[i]), zmq_msg_size(&m->parts[i])};
}

static bool is(struct message *m, const char *verb)
{
    return str_is(part(m, 1), verb);
}

/* PING and PONG are dealt with here (the intake wants no PONG); anything but `verb` besides them ends the run. */
static bool wanted(struct line *line, struct message *m, const char *verb)
{
    if (is(m, verb))
        return true;
    if (is(m, "PING") && line->tag[2] == WORK_TAG[2])
        put_head(line, "PONG", part(m, 2), false);
    else if (!is(m, "PING") && !is(m, "PONG"))
        queue_die("dateline: %.*s %.*s", STR_ARG(part(m, 1)), STR_ARG(part(m, 2)));
    return false;
}

/* The number behind `"name":`, cut off *rest; false when there is none. */
static bool cut_number(struct str *rest, struct str name, uint64_t *out)
{
    size_t at = str_find(*rest, name);
    if (at == SIZE_MAX)
        return false;
    *rest = str_from(*rest, at + name.len);
    uint64_t n = 0;
    size_t i = 0;
    for (; i < rest->len && rest->at[i] >= '0' && rest->at[i] <= '9'; i++)
        n = n * 10 + (uint64_t)(rest->at[i] - '0');
    *rest = str_from(*rest, i);
    *out = n;
    return i > 0;
}

static uint64_t number(struct str header, struct str name)
{
    uint64_t n;
    if (!cut_number(&header, name, &n))
        queue_die("dateline: no %.*s in %.*s", STR_ARG(name), STR_ARG(header));
    return n;
}

/* ---- publisher */
struct publisher {
    struct line line;
    uint8_t pending[PENDING];
    uint64_t sent;
    struct buf header;
};

static void *publisher_open(const struct queue_options *options)
{
    struct publisher *p = xcalloc(1, sizeof *p);
    if (options->window > WINDOW_MAX)
        queue_die("dateline: the protocol's window is %d batches", WINDOW_MAX);
    dial(&p->line, options, true);
    return p;
}

static void send_batch(void *publisher, const struct str *items, size_t count)
{
    struct publisher *p = publisher;
    p->pending[++p->sent % PENDING] = (uint8_t)count; /* an id is greater than 0 */
    buf_reset(&p->header);
    buf_printf(&p->header, "{\"id\":%llu,\"source\":\"push\",\"type\":\"ninjs\"}",
               (unsigned long long)p->sent);
    put_head(&p->line, "PUSH", buf_str(&p->header), true);
    for (size_t i = 0; i < count; i++)
        put(&p->line, items[i], i + 1 < count);
}

static size_t taken(void *publisher, bool wait)
{
    struct publisher *p = publisher;
    struct message m;
    size_t count = 0;
    while (readable(&p->line, wait && count == 0 ? QUEUE_TIMEOUT_MS : 0)) {
        hear(&p->line, &m);
        if (wanted(&p->line, &m, "TAKEN")) {
            struct str header = part(&m, 2);
            size_t size = p->pending[number(header, STR("\"id\":")) % PENDING];
            if (number(header, STR("\"accepted\":")) != size)
                queue_die("dateline: of %zu items: %.*s", size, STR_ARG(header));
            count += size;
        }
        message_done(&m);
    }
    return count;
}

static void publisher_close(void *publisher)
{
    struct publisher *p = publisher;
    hang_up(&p->line);
    buf_free(&p->header);
    free(p);
}

/* ---- worker */
struct worker {
    struct line line;
    struct message held; /* the last ITEMS */
    uint64_t leases[QUEUE_BATCH_MAX];
    size_t leased;
    struct buf header;
    bool result;
};

static void greet(struct line *line, unsigned number_, unsigned hold)
{
    struct buf hello = BUF_NONE;
    struct message m;
    buf_printf(&hello, "{\"version\":1,\"worker\":\"bench%u\",\"credit\":%u}", number_, hold);
    put_head(line, "HELLO", buf_str(&hello), false);
    buf_free(&hello);
    if (!readable(line, 10000))
        queue_die("dateline: no WELCOME");
    hear(line, &m);
    if (!is(&m, "WELCOME"))
        queue_die("dateline: %.*s %.*s", STR_ARG(part(&m, 1)), STR_ARG(part(&m, 2)));
    message_done(&m);
}

static void *worker_open(const struct queue_options *options)
{
    struct worker *w = xcalloc(1, sizeof *w);
    dial(&w->line, options, false);
    w->result = options->result;
    greet(&w->line, options->number, options->hold);
    return w;
}

static void bye(struct line *line)
{
    put_head(line, "BYE", STR("{}"), false);
    hang_up(line);
}

/* Welcomed: the daemon serves. */
static void setup(const struct queue_options *options)
{
    struct line line = {0};
    dial(&line, options, false);
    greet(&line, 0, 0);
    bye(&line);
}

static void read_leases(struct worker *w)
{
    struct str header = part(&w->held, 2);
    w->leased = 0;
    while (w->leased < QUEUE_BATCH_MAX &&
           cut_number(&header, STR("\"lease\":"), &w->leases[w->leased]))
        w->leased++;
    if (w->leased + 3 != w->held.count)
        queue_die("dateline: header and payload of ITEMS do not count the same");
}

static size_t receive(void *worker, void (*each)(void *ctx, struct str item), void *ctx)
{
    struct worker *w = worker;
    if (clock_mono() - w->line.sent_at > HEARTBEAT_US)
        put_head(&w->line, "PING", STR("{\"n\":1}"), false);
    if (!readable(&w->line, QUEUE_TIMEOUT_MS))
        return 0;
    hear(&w->line, &w->held);
    if (!wanted(&w->line, &w->held, "ITEMS")) {
        message_done(&w->held);
        return 0;
    }
    read_leases(w);
    for (size_t i = 0; i < w->leased; i++)
        each(ctx, part(&w->held, 3 + i));
    return w->leased;
}

static void ack(void *worker)
{
    struct worker *w = worker;
    buf_reset(&w->header);
    for (size_t i = 0; i < w->leased; i++)
        buf_printf(&w->header, "%s{\"lease\":%llu}", i ? "," : "[",
                   (unsigned long long)w->leases[i]);
    buf_putc(&w->header, ']');
    put_head(&w->line, w->result ? "RESULT" : "ACK", buf_str(&w->header), w->result);
    for (size_t i = 0; w->result && i < w->leased; i++)
        if (zmq_msg_send(&w->held.parts[3 + i], w->line.socket,
                         i + 1 < w->leased ? ZMQ_SNDMORE : 0) < 0)
            queue_die("dateline: send: %s", zmq_strerror(zmq_errno()));
    message_done(&w->held);
}

static void worker_close(void *worker)
{
    struct worker *w = worker;
    bye(&w->line);
    buf_free(&w->header);
    free(w);
}

const struct queue_peer queue_dateline = {
    .name = "dateline",
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
