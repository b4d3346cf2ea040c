#include "inside.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>
#include <zmq.h>

#include "clock.h"
#include "limits.h"
#include "log.h"

#define DRAIN_TICK_S 0.1
#define KEEP_TICK_S  600.0

/* ------------------------------------------------------------------------------ back-pressure */

static uint64_t unfinished(const struct pipeline *p)
{
    uint64_t ended = p->numbers.done + p->numbers.dead;
    return p->numbers.accepted > ended ? p->numbers.accepted - ended : 0;
}

/* Held at the limit, let go a tenth below it, so that it does not flutter. */
void pipeline_weigh(struct pipeline *p)
{
    uint64_t items = unfinished(p);
    size_t bytes = store_pending_bytes(p->store);
    size_t unread = parser_backlog(p->parser);
    p->full = items >= LIMIT_QUEUE_ITEMS || bytes >= LIMIT_WRITE_BACKLOG;
    bool full = p->full || unread >= LIMIT_PARSE_BACKLOG;
    bool roomy = items < LIMIT_QUEUE_ITEMS / 10 * 9 && bytes < LIMIT_WRITE_BACKLOG / 10 * 9 &&
                 unread < LIMIT_PARSE_BACKLOG / 2;
    bool hold = p->draining || full || (p->held && !roomy);
    if (hold == p->held)
        return;
    p->held = hold;
    sources_hold(p->sources, hold);
    if (!p->draining)
        log_info("pipeline: sources %s unfinished=%llu unwritten=%zu unread=%zu",
                 hold ? "held" : "let go", (unsigned long long)items, bytes, unread);
}

/* ---------------------------------------------------------------------------------- the loop */

static void on_before_sleep(struct ev_loop *loop, ev_prepare *w, int events)
{
    struct pipeline *p = w->data;
    (void)loop;
    (void)events;
    way_out_flush(p);
    int64_t busy = clock_mono() - p->turn.woke;
    if (p->turn.turns++ == 0)
        return;
    p->turn.busy_us += busy;
    if (busy > p->turn.longest_us)
        p->turn.longest_us = busy;
}

static void on_after_sleep(struct ev_loop *loop, ev_check *w, int events)
{
    (void)loop;
    (void)events;
    ((struct pipeline *)w->data)->turn.woke = clock_mono();
}

static void on_drain_tick(struct ev_loop *loop, ev_timer *w, int events)
{
    struct pipeline *p = w->data;
    struct dispatch_counts counts;
    (void)loop;
    (void)events;
    if (!p->draining || !p->on_drained)
        return;
    dispatch_counts(p->dispatch, &counts);
    if (counts.leased || store_pending_bytes(p->store))
        return;
    void (*call)(void *) = p->on_drained;
    p->on_drained = NULL;
    call(p->drained_ctx);
}

/* Results that are older than replay.keep go. */
static void on_keep_tick(struct ev_loop *loop, ev_timer *w, int events)
{
    struct pipeline *p = w->data;
    uint64_t seq;
    (void)loop;
    (void)events;
    if (store_seq_at(p->store, clock_now() - p->config->replay.keep_us, &seq) != 0 ||
        seq <= p->kept)
        return;
    struct batch *batch = batch_new(p);
    store_drop_results(batch->change, seq);
    batch->dirty = true;
    batch_commit(batch);
    p->kept = seq;
    log_info("pipeline: results are kept from here on seq=%llu", (unsigned long long)seq);
}

static void start_watchers(struct pipeline *p)
{
    ev_prepare_init(&p->before_sleep, on_before_sleep);
    ev_check_init(&p->after_sleep, on_after_sleep);
    ev_set_priority(&p->after_sleep, EV_MAXPRI); /* before whatever else wakes: its time counts */
    ev_set_priority(&p->before_sleep, EV_MINPRI);
    ev_timer_init(&p->drain, on_drain_tick, DRAIN_TICK_S, DRAIN_TICK_S);
    ev_timer_init(&p->keep, on_keep_tick, KEEP_TICK_S, KEEP_TICK_S);
    p->before_sleep.data = p->after_sleep.data = p->drain.data = p->keep.data = p;
    ev_prepare_start(p->loop, &p->before_sleep);
    ev_check_start(p->loop, &p->after_sleep);
}

/* ------------------------------------------------------------------------------------- opening */

void pipeline_fail(struct pipeline *p, const char *what, int error)
{
    if (p->failed)
        return;
    log_error("store: %s, nothing is accepted or acknowledged any more error=%s", what,
              log_safez(strerror(-error)));
    p->failed = true;
    ev_break(p->loop, EVBREAK_ALL);
}

static void on_store(void *ctx, enum store_event_type event, int error)
{
    struct pipeline *p = ctx;
    switch (event) {
    case STORE_FAILED:
        pipeline_fail(p, "a write failed", error);
        break;
    }
}

static int link_get_seen(void *ctx, const uint8_t id[16], struct buf *out)
{
    return store_get_seen(((struct pipeline *)ctx)->store, id, out);
}

static int link_get_text(void *ctx, const uint8_t hash[16], struct buf *out)
{
    return store_get_text(((struct pipeline *)ctx)->store, hash, out);
}

struct replay {
    int (*emit)(void *, const struct live_record *);
    void *ctx;
};

static int replay_one(void *ctx, const struct store_result *result)
{
    struct replay *replay = ctx;
    return replay->emit(replay->ctx, &(struct live_record){result->seq, result->prev, result->topic,
                                                           result->record});
}

static int live_read(void *ctx, uint64_t seq, int (*emit)(void *, const struct live_record *),
                     void *emit_ctx)
{
    struct replay replay = {emit, emit_ctx};
    return store_each_result(((struct pipeline *)ctx)->store, seq, replay_one, &replay);
}

static uint64_t live_seq_at(void *ctx, int64_t at)
{
    struct pipeline *p = ctx;
    uint64_t seq;
    return store_seq_at(p->store, at, &seq) == 0 ? seq : p->durable.next_seq;
}

static int exit_of_store(int error)
{
    switch (error) {
    case -EBUSY:
        return EX_TEMPFAIL;
    case -EPROTO:
    case -EUCLEAN:
        return EX_DATAERR;
    default:
        return EX_CANTCREAT;
    }
}

static int open_store(struct pipeline *p, char why[PIPELINE_WHY])
{
    char reason[STORE_WHY];
    int rc = store_open(
        &(struct store_options){
            .path = p->config->state, .loop = p->loop, .up = on_store, .ctx = p},
        &p->store, reason);
    if (rc != 0) {
        snprintf(why, PIPELINE_WHY, "%s", reason);
        return exit_of_store(rc);
    }
    store_numbers(p->store, &p->numbers);
    p->durable = p->committed = p->numbers;
    return 0;
}

/* ZeroMQ takes over a socket's file without asking who listens there: the folder of the sockets is
 * locked, and the lock goes with the process. */
static int lock_runtime(struct pipeline *p, char why[PIPELINE_WHY])
{
    char *path = xasprintf("%s/lock", p->config->runtime);
    p->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    int error = p->lock < 0 || flock(p->lock, LOCK_EX | LOCK_NB) != 0 ? errno : 0;
    free(path);
    if (error == 0)
        return 0;
    snprintf(why, PIPELINE_WHY, "runtime: %s: %s", log_safez(p->config->runtime),
             error == EWOULDBLOCK ? "another datelined has its sockets there; give this one another"
                                  : strerror(error));
    return error == EWOULDBLOCK ? EX_UNAVAILABLE : EX_CANTCREAT;
}

static int make_runtime(struct pipeline *p, char why[PIPELINE_WHY])
{
    if (mkdir(p->config->runtime, 0750) == 0 || errno == EEXIST)
        return lock_runtime(p, why);
    snprintf(why, PIPELINE_WHY, "%s: cannot be made: %s (runtime: names the folder of the sockets)",
             log_safez(p->config->runtime), strerror(errno));
    return EX_CANTCREAT;
}

static int refuse(char why[PIPELINE_WHY], const char *setting, const char *what, int error)
{
    const char *hint = error == -EADDRINUSE ? "; is another datelined running there?" : "";
    snprintf(why, PIPELINE_WHY, "%s: cannot bind %s: %s%s", setting, log_safez(what),
             strerror(-error), hint);
    return error == -EADDRINUSE ? EX_UNAVAILABLE : EX_CANTCREAT;
}

static int open_sockets(struct pipeline *p, char why[PIPELINE_WHY])
{
    const struct config *c = p->config;
    const char *failed = "";
    int rc = dispatch_open(&(struct dispatch_options){.loop = p->loop,
                                                      .zmq = p->zmq,
                                                      .bind = (const char *const *)c->work.bind,
                                                      .lease_us = c->work.lease_us,
                                                      .max_deliveries = c->work.max_deliveries,
                                                      .epoch = store_epoch(p->store),
                                                      .up = way_out_dispatch,
                                                      .ctx = p},
                           &p->dispatch, &failed);
    if (rc != 0)
        return refuse(why, "work.bind", failed, rc);
    rc = live_open(&(struct live_options){.loop = p->loop,
                                          .zmq = p->zmq,
                                          .bind = (const char *const *)c->live.bind,
                                          .replay_bind = (const char *const *)c->replay.bind,
                                          .epoch = store_epoch(p->store),
                                          .heartbeat_us = c->live.heartbeat_us,
                                          .newest = p->durable.next_seq - 1,
                                          .read = live_read,
                                          .seq_at = live_seq_at,
                                          .ctx = p},
                   &p->live, &failed);
    if (rc != 0)
        return refuse(why, "live.bind or replay.bind", failed, rc);
    rc = control_open(&(struct control_options){.loop = p->loop,
                                                .zmq = p->zmq,
                                                .bind = c->control.bind,
                                                .up = answer_request,
                                                .ctx = p},
                      &p->control);
    if (rc != 0)
        return refuse(why, "control.bind", c->control.bind, rc);
    if (strcmp(c->web.listen, "off") == 0)
        return 0;
    rc = web_open(&(struct web_options){.loop = p->loop,
                                        .listen = c->web.listen,
                                        .status = answer_status,
                                        .recent = answer_recent,
                                        .sources = answer_source_list,
                                        .ready = answer_ready,
                                        .ctx = p},
                  &p->web);
    return rc == 0 ? 0 : refuse(why, "web.listen", c->web.listen, rc);
}

static void on_source_changed(void *ctx, struct source *source)
{
    catalog_write(ctx, source);
}

static int open_readers(struct pipeline *p, char why[PIPELINE_WHY])
{
    const struct config *c = p->config;
    int rc = parser_open(&(struct parser_options){.loop = p->loop,
                                                  .jail = c->parser.jail,
                                                  .children = c->parser.children},
                         &p->parser);
    if (rc != 0) {
        snprintf(why, PIPELINE_WHY,
                 "the parser children cannot start: %s (program %s, parser.jail: %s)",
                 strerror(-rc), parser_program(), c->parser.jail);
        return EX_UNAVAILABLE;
    }
    rc = fetch_open(&(struct fetch_options){.loop = p->loop,
                                            .user_agent = c->fetch.user_agent,
                                            .per_host = c->fetch.per_host,
                                            .spacing_us = c->fetch.spacing_us,
                                            .timeout_us = c->fetch.timeout_us,
                                            .max_body = c->fetch.max_body},
                    &p->fetch);
    if (rc == 0)
        rc = sources_open(
            &(struct sources_options){
                .loop = p->loop, .up = way_in_source, .changed = on_source_changed, .ctx = p},
            &p->sources);
    if (rc == 0)
        return sources_restore(p, why);
    snprintf(why, PIPELINE_WHY, "fetching cannot start: %s", strerror(-rc));
    return EX_OSERR;
}

static int requeue(void *ctx, uint64_t id, struct store_tries tries, struct str work)
{
    struct pipeline *p = ctx;
    dispatch_add(p->dispatch, id, work.len, tries.deliveries, tries.deaths);
    return 0;
}

/* The queue is what counts: the numbers follow it, and it is said. */
static void balance(struct pipeline *p, uint64_t queued)
{
    struct store_numbers *n = &p->numbers;
    log_error("pipeline: the queue holds another number of items than was counted queue=%llu "
              "counted=%llu",
              (unsigned long long)queued, (unsigned long long)unfinished(p));
    if (n->accepted >= queued + n->dead)
        n->done = n->accepted - queued - n->dead;
    else
        n->accepted = queued + n->dead + n->done;
    p->durable = p->committed = *n;
}

/* What was accepted and not finished goes on; the numbers must say the same as the queue. */
static int restore_queue(struct pipeline *p, char why[PIPELINE_WHY])
{
    struct dispatch_counts counts;
    if (store_each_queued(p->store, requeue, p) != 0) {
        snprintf(why, PIPELINE_WHY, "%s: the queue cannot be read back", p->config->state);
        return EX_DATAERR;
    }
    dispatch_counts(p->dispatch, &counts);
    if (counts.ready != unfinished(p))
        balance(p, counts.ready);
    if (counts.ready)
        log_info("pipeline: unfinished items go on items=%llu", (unsigned long long)counts.ready);
    return 0;
}

int pipeline_open(const struct config *config, struct ev_loop *loop, struct pipeline **out,
                  char why[PIPELINE_WHY])
{
    struct pipeline *p = xcalloc(1, sizeof *p);
    int rc;
    p->config = config;
    p->loop = loop;
    p->lock = -1;
    p->zmq = zmq_ctx_new();
    p->started_at = clock_now();
    p->started_mono = p->turn.woke = clock_mono();
    p->link = link_new(&(struct link_options){link_get_seen, link_get_text, p});
    start_watchers(p);
    if ((rc = open_store(p, why)) != 0 || (rc = make_runtime(p, why)) != 0 ||
        (rc = open_sockets(p, why)) != 0 || (rc = open_readers(p, why)) != 0 ||
        (rc = restore_queue(p, why)) != 0) {
        pipeline_close(p);
        return rc;
    }
    pipeline_weigh(p);
    ev_timer_start(p->loop, &p->keep);
    sources_start(p->sources);
    *out = p;
    return 0;
}

void pipeline_drain(struct pipeline *p, void (*on_drained)(void *ctx), void *ctx)
{
    p->draining = true;
    p->on_drained = on_drained;
    p->drained_ctx = ctx;
    pipeline_weigh(p);
    dispatch_drain(p->dispatch);
    ev_timer_start(p->loop, &p->drain);
}

/* From the outside in: nobody is asked, nobody is answered, then the disk, then the sockets. */
void pipeline_close(struct pipeline *p)
{
    if (!p)
        return;
    web_close(p->web);
    control_close(p->control);
    way_in_stop(p);
    fetch_close(p->fetch);
    parser_close(p->parser);
    way_out_stop(p);
    store_close(p->store);
    sources_close(p->sources);
    dispatch_close(p->dispatch);
    live_close(p->live);
    link_free(p->link);
    ev_prepare_stop(p->loop, &p->before_sleep);
    ev_check_stop(p->loop, &p->after_sleep);
    ev_timer_stop(p->loop, &p->drain);
    ev_timer_stop(p->loop, &p->keep);
    zmq_ctx_term(p->zmq);
    if (p->lock >= 0)
        close(p->lock);
    free(p);
}

/* -------------------------------------------------------------------------------------- health */

bool pipeline_failed(const struct pipeline *p)
{
    return p->failed;
}

const char *pipeline_trouble(struct pipeline *p)
{
    if (p->failed)
        return "the store has failed";
    if (p->draining)
        return "stopping";
    if (p->full)
        return "the queue is full, sources are held";
    return NULL;
}

const char *pipeline_summary(struct pipeline *p)
{
    static char line[160];
    struct dispatch_counts counts;
    dispatch_counts(p->dispatch, &counts);
    snprintf(line, sizeof line, "%zu sources, %llu ready, %llu leased, %llu done, %u workers",
             sources_count(p->sources), (unsigned long long)counts.ready,
             (unsigned long long)counts.leased, (unsigned long long)p->durable.done,
             counts.workers);
    return line;
}

const char *pipeline_web_address(const struct pipeline *p)
{
    return p->web ? web_address(p->web) : NULL;
}

int pipeline_check_state(const struct config *config, char why[PIPELINE_WHY])
{
    struct stat st;
    struct store *store = NULL;
    char reason[STORE_WHY];
    if (stat(config->state, &st) != 0 && errno == ENOENT)
        return 0; /* a first start makes it */
    int rc = store_open(&(struct store_options){.path = config->state, .read_only = true}, &store,
                        reason);
    if (rc == -ENOENT)
        return 0; /* an empty folder */
    if (rc != 0) {
        snprintf(why, PIPELINE_WHY, "%s", reason);
        return exit_of_store(rc);
    }
    store_close(store);
    return 0;
}
