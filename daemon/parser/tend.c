#include "inside.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "clock.h"
#include "limits.h"
#include "list.h"
#include "log.h"

/* Moved by one callback, so that large documents do not hold the loop; kept of a child's buffer
 * between documents. */
#define STEP_BYTES (256UL << 10)
#define KEPT_BYTES (1UL << 20)
/* Documents of a child beside the one it reads, and bytes of each: enough to read while we take the answer,
 * few enough that hardly any waits behind a slow one. */
#define AHEAD_MOST  2
#define AHEAD_BYTES (64UL << 10)
#define AGAIN_US    (5 * USEC_PER_MSEC)

/* ---------------------------------------------------------------------------------------- a child
 */

static const char *const state_name[] = {"down", "starting", "idle", "busy"};

static void set_state(struct child *child, enum child_state state)
{
    log_debug("parser: child state pid=%d %s -> %s", (int)child->process.pid,
              state_name[child->state], state_name[state]);
    child->state = state;
}

static void stop_watchers(struct child *child)
{
    ev_io_stop(child->parser->loop, &child->in);
    ev_io_stop(child->parser->loop, &child->out);
    ev_timer_stop(child->parser->loop, &child->timer);
}

static void set_timer(struct child *child, int64_t in_us)
{
    struct ev_loop *loop = child->parser->loop;
    ev_timer_stop(loop, &child->timer);
    ev_now_update(loop);
    ev_timer_set(&child->timer, (double)in_us / USEC_PER_SEC, 0.);
    ev_timer_start(loop, &child->timer);
    child->due_us = clock_mono() + in_us;
}

/* What was sent ahead of its time waits again, in front of the others and in its old order. */
static void take_back(struct parser *parser, struct parser_job *jobs)
{
    struct parser_job *job, *next;
    DL_FOREACH_SAFE (jobs, job, next) {
        job->sent = 0;
        job->being_read = false;
        if (job->on_answer)
            continue;
        DL_DELETE(jobs, job); /* cancelled meanwhile */
        parser->backlog--;
        parser_job_free(job);
    }
    DL_CONCAT(jobs, parser->waiting);
    parser->waiting = jobs;
}

struct parser_job *parser_child_drop(struct child *child)
{
    stop_watchers(child);
    process_end(&child->process);
    buf_free(&child->read);
    set_state(child, CHILD_DOWN);
    struct parser_job *job = child->jobs;
    if (job)
        DL_DELETE(child->jobs, job);
    take_back(child->parser, child->jobs);
    child->jobs = NULL;
    return job;
}

/* Ends a child that failed, starts another, answers its job. The last thing its caller does (3). */
static void child_fail(struct child *child, int error, const char *what)
{
    struct parser *parser = child->parser;
    enum child_state was = child->state;
    int pid = (int)child->process.pid;
    struct parser_answer answer = {.error = error};
    struct parser_job *job = parser_child_drop(child);
    if (what)
        snprintf(answer.report.reason, sizeof answer.report.reason, "%s", what);
    else
        process_epitaph(&child->process, answer.report.reason, sizeof answer.report.reason);
    log_warning("parser: child ended pid=%d state=%s documents=%u reason=\"%s\"", pid,
                state_name[was], child->documents, answer.report.reason);
    if (was == CHILD_STARTING) {
        child->failures++;
        int64_t wait_ms = 100LL << (child->failures < 10 ? child->failures - 1 : 9);
        if (wait_ms > LIMIT_PARSER_BACKOFF_MS)
            wait_ms = LIMIT_PARSER_BACKOFF_MS;
        set_timer(child, wait_ms * USEC_PER_MSEC);
    } else {
        parser_child_start(child);
    }
    if (job)
        parser_job_answer(parser, job, &answer);
}

void parser_child_start(struct child *child)
{
    struct parser *parser = child->parser;
    int error = process_start(&child->process, parser->loop, parser->program, parser->jail);
    set_state(child, CHILD_STARTING);
    child->documents = 0;
    child->since = clock_mono();
    if (error) {
        child_fail(child, error, strerror(-error));
        return;
    }
    ev_io_set(&child->in, child->process.fd, EV_READ);
    ev_io_set(&child->out, child->process.fd, EV_WRITE);
    ev_io_start(parser->loop, &child->in);
    set_timer(child, LIMIT_PARSER_HELLO_MS * USEC_PER_MSEC);
}

/* --------------------------------------------------------------------------------- the deadline */

/*
 * What the document cost so far. The processor time is the judge. Wall time counts only where the
 * child could have run: neither the time it waited for a processor on a busy machine, nor the time
 * the loop came late to read its answer, is the document's fault.
 */
static void document_cost(const struct child *child, int64_t *cpu_us, int64_t *own_us,
                          int64_t *wall_us)
{
    struct process_time now;
    process_time(&child->process, &now);
    *cpu_us = now.cpu_us - child->began.cpu_us;
    *wall_us = clock_mono() - child->began_us;
    *own_us = *wall_us - (now.waiting_us - child->began.waiting_us) - child->away_us;
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* True when the document's time is over; otherwise looks again when it can be at the earliest. */
static bool deadline_passed(struct child *child)
{
    int64_t cpu, own, wall, late = clock_mono() - child->due_us;
    if (late > 0)
        child->away_us += late;
    document_cost(child, &cpu, &own, &wall);
    int64_t left = least(LIMIT_PARSER_CPU_MS * USEC_PER_MSEC - cpu,
                         LIMIT_PARSER_WALL_MS * USEC_PER_MSEC - own);
    left = least(left, LIMIT_PARSER_STARVED_MS * USEC_PER_MSEC - wall);
    if (left <= 0)
        return true;
    set_timer(child, left < AGAIN_US ? AGAIN_US : left);
    return false;
}

static void deadline_begin(struct child *child)
{
    process_time(&child->process, &child->began);
    child->began_us = clock_mono();
    child->away_us = 0;
    child->reprieved = false;
    set_timer(child, least(LIMIT_PARSER_CPU_MS, LIMIT_PARSER_WALL_MS) * USEC_PER_MSEC);
}

/* -------------------------------------------------------------------------------------- sending */

/* The part of head and bytes that comes next: together, so that the child wakes once. */
static ssize_t send_next(int fd, const struct parser_job *job)
{
    size_t head = job->sent < job->head.len ? job->sent : job->head.len, from = job->sent - head;
    size_t rest = job->bytes.len - from;
    struct iovec parts[] = {
        {job->head.at + head, job->head.len - head},
        {job->bytes.at ? job->bytes.at + from : NULL, rest < STEP_BYTES ? rest : STEP_BYTES}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = ARRAY_LEN(parts)};
    return sendmsg(fd, &message, MSG_NOSIGNAL);
}

static bool is_sent(const struct parser_job *job)
{
    return job->sent == job->head.len + job->bytes.len;
}

/* 0 when all is sent; -EAGAIN there is more; any other error: the child is gone, and reading sees it too
 * and still gets what it said last. */
static int send_step(struct child *child)
{
    struct parser_job *job = child->jobs->prev; /* the last */
    ssize_t n = send_next(child->process.fd, job);
    if (n < 0)
        return errno == EINTR ? -EAGAIN : -errno;
    job->sent += (size_t)n;
    if (!is_sent(job))
        return -EAGAIN;
    if (job == child->jobs)
        deadline_begin(child); /* sending was our time */
    return 0;
}

static void on_writable(struct ev_loop *loop, ev_io *w, int events)
{
    (void)events;
    if (send_step(w->data) != -EAGAIN)
        ev_io_stop(loop, w);
}

/* A document nearly always fits into the socket, and so begins its way without a turn of the loop. */
static void child_take(struct child *child, struct parser_job *job)
{
    bool first = !child->jobs;
    DL_DELETE(child->parser->waiting, job);
    DL_APPEND(child->jobs, job);
    job->being_read = true;
    child->documents++;
    if (first)
        set_state(child, CHILD_BUSY);
    int error = send_step(child);
    if (error && first)
        deadline_begin(child);
    if (error == -EAGAIN)
        ev_io_start(child->parser->loop, &child->out);
}

static bool is_worn(const struct child *child)
{
    return child->documents >= LIMIT_PARSER_DOCUMENTS &&
           clock_mono() - child->since >= LIMIT_PARSER_AGE_MS * USEC_PER_MSEC;
}

static unsigned jobs_of(const struct child *child)
{
    const struct parser_job *job;
    unsigned n = 0;
    DL_FOREACH (child->jobs, job)
        n++;
    return n;
}

/* Whether it may have one more: small ones only, so that all of them fit into its socket. */
static bool takes_ahead(const struct child *child, const struct parser_job *job)
{
    return child->state == CHILD_BUSY && is_sent(child->jobs->prev) && !is_worn(child) &&
           job->head.len + job->bytes.len <= AHEAD_BYTES;
}

/* The child that gets the next document: an idle one, else the one that has the fewest. */
static struct child *next_child(struct parser *parser)
{
    struct child *best = NULL;
    unsigned fewest = AHEAD_MOST + 1;
    for (unsigned i = 0; i < parser->count; i++) {
        struct child *child = &parser->children[i];
        unsigned has = jobs_of(child);
        if (child->state == CHILD_IDLE)
            return child;
        if (has < fewest && takes_ahead(child, parser->waiting)) {
            fewest = has;
            best = child;
        }
    }
    return best;
}

void parser_feed(struct parser *parser)
{
    struct child *child;
    while (parser->waiting && (child = next_child(parser)))
        child_take(child, parser->waiting);
}

/* ------------------------------------------------------------------------------------ receiving */

static int take_hello(struct child *child, struct str payload)
{
    struct frame_hello hello;
    if (child->state != CHILD_STARTING || frame_hello_get(payload, &hello))
        return -EPROTO;
    if (hello.error)
        return hello.error;
    child->failures = 0;
    child->parser->layers = hello.layers;
    ev_timer_stop(child->parser->loop, &child->timer);
    set_state(child, CHILD_IDLE);
    parser_feed(child->parser);
    return 0;
}

static int take_about(struct parser_job *job, struct str payload)
{
    if (job->about)
        return -EPROTO;
    return about_decode(payload, &job->about) ? -EPROTO : 0;
}

static int take_item(struct parser_job *job, struct str payload)
{
    struct item *item;
    if (job->count >= LIMIT_SITEMAP_URLS || item_decode(payload, &item))
        return -EPROTO;
    if (job->count == job->cap) {
        job->cap = job->cap ? job->cap * 2 : 16;
        job->items = xrealloc(job->items, job->cap * sizeof(struct item *));
    }
    job->items[job->count++] = item;
    return 0;
}

/* The child goes on with what it was sent ahead, or is idle; what it said of that already waits in `read`
 * and is looked at in a turn of its own. */
static void go_on(struct child *child)
{
    struct parser *parser = child->parser;
    if (child->read.cap > KEPT_BYTES && !child->read.len)
        buf_free(&child->read);
    if (child->jobs) {
        deadline_begin(child);
        if (child->read.len)
            ev_feed_event(parser->loop, &child->in, EV_READ);
        return;
    }
    set_state(child, CHILD_IDLE);
    if (is_worn(child)) {
        parser_child_drop(child);
        parser_child_start(child);
    }
}

/* The job is done: the child takes the next one, or a fresh child does, and then the answer goes
 * out. The last thing its caller does (3). */
static void take_done(struct child *child, const struct frame_done *done)
{
    struct parser *parser = child->parser;
    struct parser_job *job = child->jobs;
    struct parser_answer answer = {.error = done->error, .report = done->report};
    if (job->too_large)
        answer = (struct parser_answer){.error = -EMSGSIZE,
                                        .report.reason = "the document is larger than it may be"};
    DL_DELETE(child->jobs, job);
    ev_timer_stop(parser->loop, &child->timer);
    go_on(child);
    parser_feed(parser);
    parser_job_answer(parser, job, &answer);
}

/* One frame of a BUSY child; *finished with the DONE frame. 0 or -EPROTO. */
static int take_frame(struct child *child, const struct frame *frame, struct frame_done *done,
                      bool *finished)
{
    struct parser_job *job = child->jobs;
    /* Who has not been given the whole document has nothing to say about it. */
    if (child->state != CHILD_BUSY || !is_sent(job))
        return -EPROTO;
    job->replied += FRAME_HEAD + frame->payload.len;
    if (job->replied > LIMIT_PARSER_REPLY + LIMIT_PARSER_FRAME)
        return -EPROTO;
    switch (frame->type) {
    case FRAME_ABOUT:
        return take_about(job, frame->payload);
    case FRAME_ITEM:
        return take_item(job, frame->payload);
    case FRAME_DONE:
        break;
    case FRAME_HELLO:
    case FRAME_DOCUMENT:
    case FRAME_TYPES:
        return -EPROTO;
    }
    if (frame_done_get(frame->payload, done) || done->report.items != job->count)
        return -EPROTO;
    *finished = true;
    return 0;
}

/* All whole frames that are there. False when the child is gone or a job was answered: (3). */
static bool take_frames(struct child *child)
{
    struct str rest = buf_str(&child->read);
    struct frame frame;
    struct frame_done done;
    bool finished = false;
    int error = 0;
    while (!finished && (error = frame_take(&rest, &frame)) == 0) {
        error = frame.type == FRAME_HELLO ? take_hello(child, frame.payload)
                                          : take_frame(child, &frame, &done, &finished);
        if (error)
            break;
    }
    /* Nothing may follow the last DONE. */
    if (finished && rest.len && (child->jobs->next == NULL || !is_sent(child->jobs->next)))
        error = -EPROTO;
    if (error && error != -EAGAIN) {
        child_fail(child, error,
                   error == -EPROTO ? "the parser child sent a malformed frame" : strerror(-error));
        return false;
    }
    memmove(child->read.at, rest.at, rest.len);
    child->read.len = rest.len;
    if (finished)
        take_done(child, &done);
    return !finished;
}

/* One read and what it brought. False when nothing more is to be read now, or (3). */
static bool child_read(struct child *child)
{
    if (child->read.len && !take_frames(child)) /* left from before */
        return false;
    buf_reserve(&child->read, STEP_BYTES);
    ssize_t n = read(child->process.fd, child->read.at + child->read.len, STEP_BYTES);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    if (n <= 0) {
        child_fail(child, -ECHILD, NULL);
        return false;
    }
    child->read.len += (size_t)n;
    return take_frames(child);
}

static void on_readable(struct ev_loop *loop, ev_io *w, int events)
{
    (void)loop;
    (void)events;
    child_read(w->data);
}

/* Whether it has said something that was not read yet: perhaps it is done with this document and busy with
 * the next, and only the loop came late. What it said is read in this turn, and then it is looked at again;
 * once a document, so that nobody lives on by sending a byte now and then. */
static bool has_word(struct child *child)
{
    struct pollfd fd = {child->process.fd, POLLIN, 0};
    if (child->reprieved || poll(&fd, 1, 0) <= 0)
        return false;
    child->reprieved = true;
    set_timer(child, AGAIN_US);
    return true;
}

static void on_timer(struct ev_loop *loop, ev_timer *w, int events)
{
    (void)loop;
    (void)events;
    struct child *child = w->data;
    switch (child->state) {
    case CHILD_DOWN:
        parser_child_start(child);
        break;
    case CHILD_STARTING:
        child_fail(child, -ETIMEDOUT, "the parser child did not get ready");
        break;
    case CHILD_BUSY:
        if (deadline_passed(child) && !has_word(child))
            child_fail(child, -ETIMEDOUT, "the document took longer to read than it may");
        break;
    case CHILD_IDLE:
        break;
    }
}

/* ------------------------------------------------------------------------------------- the start
 */

static int wait_for_hello(struct child *child)
{
    struct pollfd fd = {child->process.fd, POLLIN, 0};
    struct frame frame;
    int n = poll(&fd, 1, LIMIT_PARSER_HELLO_MS);
    if (n == 0)
        return -ETIMEDOUT;
    buf_reserve(&child->read, 64);
    ssize_t got = n < 0 ? -1 : read(child->process.fd, child->read.at, 64);
    if (got <= 0)
        return -ECHILD;
    child->read.len = (size_t)got;
    struct str rest = buf_str(&child->read);
    if (frame_take(&rest, &frame) || frame.type != FRAME_HELLO || rest.len)
        return -EPROTO;
    int error = take_hello(child, frame.payload);
    buf_reset(&child->read);
    return error;
}

void parser_child_init(struct child *child, struct parser *parser)
{
    child->parser = parser;
    ev_init(&child->in, on_readable);
    ev_init(&child->out, on_writable);
    ev_init(&child->timer, on_timer);
    child->in.data = child->out.data = child->timer.data = child;
}

int parser_child_start_first(struct child *child)
{
    struct parser *parser = child->parser;
    int error = process_start(&child->process, parser->loop, parser->program, parser->jail);
    if (error)
        return error;
    set_state(child, CHILD_STARTING);
    ev_io_set(&child->in, child->process.fd, EV_READ);
    ev_io_set(&child->out, child->process.fd, EV_WRITE);
    error = wait_for_hello(child);
    if (!error)
        ev_io_start(parser->loop, &child->in);
    return error;
}
