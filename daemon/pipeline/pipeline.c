#include "inside.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

#include "clock.h"
#include "limits.h"
#include "log.h"

#define DRAIN_TICK_S  0.1
#define STORE_WAIT_US USEC_PER_SEC /* for what was committed, when the store cannot be closed */
#define STORE_STEP_NS 10000000L

/* ---------------------------------------------------------------------------------- the loop */

static void on_before_sleep(struct ev_loop *loop, ev_prepare *w, int events)
{
    struct pipeline *p = w->data;
    (void)loop;
    (void)events;
    way_out_turn(p);
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

static void start_watchers(struct pipeline *p)
{
    ev_prepare_init(&p->before_sleep, on_before_sleep);
    ev_check_init(&p->after_sleep, on_after_sleep);
    ev_set_priority(&p->after_sleep, EV_MAXPRI); /* before whatever else wakes: its time counts */
    ev_set_priority(&p->before_sleep, EV_MINPRI);
    ev_timer_init(&p->drain, on_drain_tick, DRAIN_TICK_S, DRAIN_TICK_S);
    keep_init(p);
    way_out_start(p);
    p->before_sleep.data = p->after_sleep.data = p->drain.data = p;
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
    case STORE_FULL:
    case STORE_ROOM:
        p->flow.full = event == STORE_FULL;
        log_warning("pipeline: the disk of the state %s",
                    p->flow.full ? "is full, nothing is accepted until there is space"
                                 : "has space again");
        pipeline_weigh(p);
        break;
    }
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
    int rc = store_open(&(struct store_options){.path = p->config->state,
                                                .loop = p->loop,
                                                .seen_keep_us = p->config->seen.keep_us,
                                                .up = on_store,
                                                .ctx = p},
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
                                                      .keys = p->keys,
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
                                          .keys = p->keys,
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
                                                .keys = p->keys,
                                                .up = answer_request,
                                                .ctx = p},
                      &p->control);
    if (rc != 0)
        return refuse(why, "control.bind", c->control.bind, rc);
    rc = intake_open(&(struct intake_options){.loop = p->loop,
                                              .zmq = p->zmq,
                                              .bind = (const char *const *)c->intake.bind,
                                              .keys = p->keys,
                                              .up = push_up,
                                              .ctx = p},
                     &p->intake, &failed);
    if (rc != 0)
        return refuse(why, "intake.bind", failed, rc);
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
    p->quarantine = quarantine_open(c->state, p->loop);
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
        rc = sources_open(&(struct sources_options){.loop = p->loop,
                                                    .up = way_in_source,
                                                    .changed = on_source_changed,
                                                    .ctx = p,
                                                    .asks_a_day = c->fetch.asks_a_day},
                          &p->sources);
    if (rc == 0)
        return sources_restore(p, why);
    snprintf(why, PIPELINE_WHY, "fetching cannot start: %s", strerror(-rc));
    return EX_OSERR;
}

static int requeue(void *ctx, uint64_t id, struct store_tries tries, size_t size, struct str head)
{
    struct pipeline *p = ctx;
    struct dispatch_item item = work_item(id, head, tries.deliveries, tries.deaths);
    item.size += size - head.len;
    dispatch_add(p->dispatch, &item);
    return 0;
}

/* An item whose head was damaged. */
static int requeue_missed(void *ctx, uint64_t id, struct store_tries tries, struct str row)
{
    struct pipeline *p = ctx;
    json_t *known = dispatch_explain(p->dispatch, id);
    if (!known)
        requeue(p, id, tries, row.len, row);
    json_decref(known);
    return 0;
}

/* The queue is what counts: the numbers follow it, and it is said. */
static void balance(struct pipeline *p, uint64_t queued)
{
    struct store_numbers *n = &p->numbers;
    log_error("pipeline: the queue holds another number of items than was counted queue=%llu "
              "counted=%llu",
              (unsigned long long)queued, (unsigned long long)pipeline_unfinished(p));
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
    int rc = store_each_head(p->store, requeue, p);
    dispatch_counts(p->dispatch, &counts);
    if (rc != 0 || counts.ready + counts.delayed !=
                       pipeline_unfinished(p)) /* as it is when all is well with the heads */
        rc = store_each_queued(p->store, requeue_missed, p);
    if (rc != 0) {
        snprintf(why, PIPELINE_WHY, "%s: the queue cannot be read back", p->config->state);
        return EX_DATAERR;
    }
    dispatch_counts(p->dispatch, &counts);
    uint64_t queued = counts.ready + counts.delayed; /* these are under an embargo */
    if (queued != pipeline_unfinished(p))
        balance(p, queued);
    if (queued)
        log_info("pipeline: unfinished items go on items=%llu embargoed=%llu",
                 (unsigned long long)queued, (unsigned long long)counts.delayed);
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
    p->link = link_new(&(struct link_options){keep_get_seen, keep_get_text, p});
    start_watchers(p);
    if ((rc = open_store(p, why)) != 0 || (rc = make_runtime(p, why)) != 0 ||
        (rc = gate_open(p, why)) != 0 || (rc = open_sockets(p, why)) != 0 ||
        (rc = open_readers(p, why)) != 0 || (rc = restore_queue(p, why)) != 0) {
        pipeline_close(p);
        return rc;
    }
    flow_start(p);
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
    intake_drain(p->intake);
    push_drain(p);
    dispatch_drain(p->dispatch);
    ev_timer_start(p->loop, &p->drain);
}

/* False: somebody still uses the store, so that it cannot be closed. What was committed is waited for all
 * the same; what follows from it is left out, as after a crash. */
static bool close_store(struct pipeline *p)
{
    const struct timespec pause = {.tv_nsec = STORE_STEP_NS};
    bool over = backup_list_stop(p);
    over = quarantine_close(p->quarantine, STORE_WAIT_US) && over;
    if (backup_stop(p) && over) {
        store_close(p->store);
        return true;
    }
    int64_t until = clock_mono() + STORE_WAIT_US;
    while (!p->failed && store_pending_bytes(p->store) > 0 && clock_mono() < until)
        nanosleep(&pause, NULL);
    return false;
}

/* From the outside in: nobody is asked, nobody is answered, then the disk, then the sockets. */
bool pipeline_close(struct pipeline *p)
{
    if (!p)
        return true;
    flow_stop(p);
    web_close(p->web);
    queue_stop(p);
    discover_stop(p);
    control_close(p->control);
    way_in_stop(p);
    push_stop(p);
    fetch_close(p->fetch);
    parser_close(p->parser);
    way_out_stop(p);
    bool over = close_store(p);
    push_forget(p);
    intake_close(p->intake);
    sources_close(p->sources);
    dispatch_close(p->dispatch);
    live_close(p->live);
    link_free(p->link);
    ev_prepare_stop(p->loop, &p->before_sleep);
    ev_check_stop(p->loop, &p->after_sleep);
    ev_timer_stop(p->loop, &p->drain);
    ev_timer_stop(p->loop, &p->keep);
    gate_close(p);
    zmq_ctx_term(p->zmq);
    if (!over)
        return false;
    if (p->lock >= 0)
        close(p->lock);
    buf_free(&p->row);
    free(p->unsettled.of);
    free(p);
    return true;
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
