/*
 * beanstalkd: puts pipelined over some connections; a worker keeps one reserve on each of many, and
 * sends the delete of a job together with the next reserve.
 * https://raw.githubusercontent.com/beanstalkd/beanstalkd/master/doc/protocol.txt
 */
#include "queue.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define PUTTERS    4
#define RESERVERS  16
#define PENDING    8192 /* batches, more than any window */
#define READ_BYTES 65536

/* A connection, and what was read from it and not understood yet. */
struct line {
    int fd;
    struct buf in;
    size_t at; /* of `in`, where the next answer begins */
};

static void dial(struct line *line, const char *at)
{
    struct sockaddr_un where = {.sun_family = AF_UNIX};
    size_t len = strlen(at);
    if (len >= sizeof where.sun_path)
        queue_die("beanstalkd: %s is too long for a socket", at);
    memcpy(where.sun_path, at, len);
    line->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (line->fd < 0 || connect(line->fd, (struct sockaddr *)&where, sizeof where) < 0)
        queue_die("beanstalkd: %s: %s", at, strerror(errno));
}

static void hang_up(struct line *line)
{
    close(line->fd);
    buf_free(&line->in);
}

static void say(struct line *line, const char *at, size_t len)
{
    while (len) {
        ssize_t n = send(line->fd, at, len, MSG_NOSIGNAL);
        if (n < 0)
            queue_die("beanstalkd: %s", strerror(errno));
        at += n;
        len -= (size_t)n;
    }
}

/* Waits for more bytes. */
static void hear(struct line *line)
{
    if (line->at == line->in.len) {
        buf_reset(&line->in);
        line->at = 0;
    }
    buf_reserve(&line->in, READ_BYTES);
    ssize_t n = read(line->fd, line->in.at + line->in.len, READ_BYTES);
    if (n <= 0)
        queue_die("beanstalkd: %s", n ? strerror(errno) : "closed the connection");
    line->in.len += (size_t)n;
}

/* One line of an answer without its end. */
static struct str answer(struct line *line)
{
    for (;;) {
        struct str rest = str_from(buf_str(&line->in), line->at), end = STR("\r\n");
        size_t len = str_find(rest, end);
        if (len != SIZE_MAX) {
            line->at += len + end.len;
            return str_upto(rest, len);
        }
        hear(line);
    }
}

static bool readable(struct line *line, int timeout_ms)
{
    struct pollfd look = {line->fd, POLLIN, 0};
    return line->at < line->in.len || poll(&look, 1, timeout_ms) > 0;
}

/* The tube `default` is there by itself. */
static void setup(const struct queue_options *options)
{
    struct line line = {0};
    dial(&line, options->at);
    say(&line, "list-tube-used\r\n", 16);
    if (!str_is(answer(&line), "USING default"))
        queue_die("beanstalkd: does not answer as beanstalkd");
    hang_up(&line);
}

/* ---- publisher */
struct publisher {
    struct line lines[PUTTERS];
    struct buf out;
    uint8_t pending[PENDING];
    uint64_t sent, answered; /* batches; batch n goes by line n % PUTTERS */
};

static void *publisher_open(const struct queue_options *options)
{
    struct publisher *p = xcalloc(1, sizeof *p);
    for (size_t i = 0; i < PUTTERS; i++)
        dial(&p->lines[i], options->at);
    return p;
}

static void send_batch(void *publisher, const struct str *items, size_t count)
{
    struct publisher *p = publisher;
    buf_reset(&p->out);
    for (size_t i = 0; i < count; i++) {
        buf_printf(&p->out, "put 0 0 600 %zu\r\n", items[i].len);
        buf_puts(&p->out, items[i]);
        buf_putz(&p->out, "\r\n");
    }
    say(&p->lines[p->sent % PUTTERS], p->out.at, p->out.len);
    p->pending[p->sent++ % PENDING] = (uint8_t)count;
}

static size_t taken(void *publisher, bool wait)
{
    struct publisher *p = publisher;
    if (p->answered == p->sent)
        return 0;
    struct line *line = &p->lines[p->answered % PUTTERS];
    if (!readable(line, wait ? QUEUE_TIMEOUT_MS : 0))
        return 0;
    size_t count = p->pending[p->answered++ % PENDING];
    for (size_t i = 0; i < count; i++)
        if (!str_starts(answer(line), STR("INSERTED ")))
            queue_die("beanstalkd: did not take a job");
    return count;
}

static void publisher_close(void *publisher)
{
    struct publisher *p = publisher;
    for (size_t i = 0; i < PUTTERS; i++)
        hang_up(&p->lines[i]);
    buf_free(&p->out);
    free(p);
}

/* ---- worker */
struct worker {
    struct line lines[RESERVERS];
    bool deleting[RESERVERS]; /* DELETED has to come first */
    bool held[RESERVERS];     /* a job to delete, its number below */
    uint64_t job[RESERVERS];
};

static void *worker_open(const struct queue_options *options)
{
    struct worker *w = xcalloc(1, sizeof *w);
    for (size_t i = 0; i < RESERVERS; i++) {
        dial(&w->lines[i], options->at);
        say(&w->lines[i], "reserve\r\n", 9);
    }
    return w;
}

static void want_deleted(struct worker *w, size_t i)
{
    if (!w->deleting[i])
        return;
    if (!str_is(answer(&w->lines[i]), "DELETED"))
        queue_die("beanstalkd: did not delete a job");
    w->deleting[i] = false;
}

/* RESERVED <id> <bytes>\r\n<data>\r\n */
static void take_job(struct worker *w, size_t i, void (*each)(void *ctx, struct str item),
                     void *ctx)
{
    struct line *line = &w->lines[i];
    struct str words = answer(line), word;
    uint64_t bytes;
    if (!str_cut(&words, ' ', &word) || !str_is(word, "RESERVED") || !str_cut(&words, ' ', &word) ||
        str_u64(word, &w->job[i]) < 0 || str_u64(words, &bytes) < 0)
        queue_die("beanstalkd: did not give a job");
    while (line->in.len - line->at < bytes + 2)
        hear(line);
    each(ctx, (struct str){line->in.at + line->at, (size_t)bytes});
    line->at += bytes + 2;
    w->held[i] = true;
}

static size_t receive(void *worker, void (*each)(void *ctx, struct str item), void *ctx)
{
    struct worker *w = worker;
    struct pollfd look[RESERVERS];
    size_t count = 0;
    for (size_t i = 0; i < RESERVERS; i++)
        look[i] = (struct pollfd){w->lines[i].fd, POLLIN, 0};
    if (poll(look, RESERVERS, QUEUE_TIMEOUT_MS) <= 0)
        return 0;
    for (size_t i = 0; i < RESERVERS; i++) {
        if (!look[i].revents)
            continue;
        want_deleted(w, i);
        if (!readable(&w->lines[i], 0))
            continue;
        take_job(w, i, each, ctx);
        count++;
    }
    return count;
}

static void ack(void *worker)
{
    struct worker *w = worker;
    for (size_t i = 0; i < RESERVERS; i++) {
        if (!w->held[i])
            continue;
        char text[64];
        int len = snprintf(text, sizeof text, "delete %llu\r\nreserve\r\n",
                           (unsigned long long)w->job[i]);
        say(&w->lines[i], text, (size_t)len);
        w->held[i] = false;
        w->deleting[i] = true;
    }
}

static void worker_close(void *worker)
{
    struct worker *w = worker;
    for (size_t i = 0; i < RESERVERS; i++) {
        want_deleted(w, i);
        hang_up(&w->lines[i]);
    }
    free(w);
}

const struct queue_peer queue_beanstalkd = {
    .name = "beanstalkd",
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
