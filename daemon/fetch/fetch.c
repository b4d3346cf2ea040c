#include "fetch.h"

#include <assert.h>
#include <errno.h>

#include "clock.h"
#include "guard.h"
#include "hop.h"
#include "host.h"
#include "list.h"
#include "loop.h"
#include "names.h"

/*
 *            ┌────────────────────── a redirect ──────────────────────┐
 *            ▼                                                        │
 *   NEW ─► LOOKUP ─► LINE (host.c) ─► WIRE (hop.c, loop.c) ─► reply, gone
 *    └────────┴──────────┴── fails: reply, gone
 */
enum job_state { JOB_NEW, JOB_LOOKUP, JOB_LINE, JOB_WIRE, JOB_STATES };

struct fetch_job {
    struct fetch *fetch;
    enum job_state state;
    struct fetch_job *next, *prev; /* on the list of its state */
    /* what was asked */
    char *etag, *last_modified, *accept;
    bool allow_private;
    void (*on_reply)(void *ctx, const struct fetch_reply *reply);
    void *ctx;
    /* the hop it is at */
    struct target target;
    struct names_query *query;
    struct names_answer *names; /* the addresses that may be reached */
    struct host_turn turn;
    struct hop *hop;
    ev_timer timer; /* of the lookup: curl keeps its own */
    int64_t since;  /* when its state began, monotonic */
    /* so far */
    unsigned hops;
    bool chain_broken; /* a hop was not a permanent redirect */
    char *moved;
    int64_t waited_us, took_us;
};

struct fetch {
    struct fetch_options options;
    char *user_agent;
    struct loop *loop;
    struct names *names;
    struct hosts *hosts;
    struct fetch_job *lists[JOB_STATES];
    unsigned lookups;
    ev_timer kick; /* begins what is new, outside of the calls that bring it */
    struct fetch_counts counts;
};

const char *fetch_class_name(enum fetch_class class)
{
    static const char *const names[FETCH_CLASSES] = {
        [FETCH_OK] = "ok",
        [FETCH_DNS] = "dns",
        [FETCH_CONNECT] = "connect",
        [FETCH_TLS] = "tls",
        [FETCH_TIMEOUT] = "timeout",
        [FETCH_HTTP4XX] = "http4xx",
        [FETCH_HTTP429] = "http429",
        [FETCH_HTTP5XX] = "http5xx",
        [FETCH_GONE] = "gone",
        [FETCH_TOO_LARGE] = "too-large",
        [FETCH_BLOCKED_ADDRESS] = "blocked-address",
        [FETCH_REDIRECTS] = "redirects",
        [FETCH_PROTOCOL] = "protocol",
    };
    return (unsigned)class < FETCH_CLASSES ? names[class] : "unknown";
}

static void kick(struct fetch *fetch)
{
    if (!fetch->lists[JOB_NEW] || fetch->lookups >= LIMIT_LOOKUPS || ev_is_active(&fetch->kick))
        return;
    ev_timer_set(&fetch->kick, 0., 0.);
    ev_timer_start(fetch->options.loop, &fetch->kick);
}

static void enter(struct fetch_job *job, enum job_state state)
{
    job->state = state;
    job->since = clock_mono();
    DL_APPEND(job->fetch->lists[state], job);
    if (state == JOB_LOOKUP)
        job->fetch->lookups++;
    kick(job->fetch);
}

/* Gives back what its state holds, but not its place with its host: that outlasts the wire. */
static void leave(struct fetch_job *job)
{
    struct fetch *fetch = job->fetch;
    int64_t spent = clock_mono() - job->since;
    DL_DELETE(fetch->lists[job->state], job);
    switch (job->state) {
    case JOB_NEW:
        break;
    case JOB_LOOKUP:
        ev_timer_stop(fetch->options.loop, &job->timer);
        if (job->query)
            names_drop(job->query);
        job->query = NULL;
        fetch->lookups--;
        kick(fetch);
        job->took_us += spent;
        break;
    case JOB_LINE:
        job->waited_us += spent;
        break;
    case JOB_WIRE:
        job->took_us += spent;
        break;
    case JOB_STATES:
        abort();
    }
}

static void move(struct fetch_job *job, enum job_state to)
{
    leave(job);
    enter(job, to);
}

static void free_hop(struct fetch_job *job)
{
    if (job->hop && job->state == JOB_WIRE)
        loop_remove(job->fetch->loop, job->hop->easy);
    hop_free(job->hop);
    job->hop = NULL;
}

static void free_job(struct fetch_job *job)
{
    free_hop(job);
    host_leave(&job->turn);
    leave(job);
    target_done(&job->target);
    free(job->etag);
    free(job->last_modified);
    free(job->accept);
    free(job->names);
    free(job->moved);
    free(job);
}

static void fill_from_hop(struct fetch_reply *reply, struct hop *hop)
{
    const struct headers *h = &hop->headers;
    int64_t now = clock_now();
    reply->status = hop->status;
    reply->content_type = h->content_type;
    reply->charset = h->charset;
    reply->content_encoding = h->content_encoding;
    reply->etag = h->etag;
    reply->last_modified = h->last_modified;
    reply->fresh_us = headers_fresh_us(h, now);
    reply->retry_after_us = headers_retry_after_us(h, now);
    reply->not_modified = reply->class == FETCH_OK && hop->status == 304;
    if (reply->class == FETCH_OK)
        reply->body = &hop->body;
}

static void reply(struct fetch_job *job, enum fetch_class class, const char *error, int64_t held_us)
{
    struct buf none = BUF_NONE;
    struct hop *hop = job->hop; /* kept until the reply was read */
    struct fetch *fetch = job->fetch;
    move(job, JOB_LINE);
    host_leave(&job->turn);
    struct fetch_reply r = {.class = class, .error = error, .body = &none, .url = job->target.url};
    r.content_type = r.charset = r.content_encoding = r.etag = r.last_modified = "";
    r.retry_after_us = held_us;
    if (hop)
        fill_from_hop(&r, hop);
    if (class == FETCH_OK)
        r.moved = job->moved;
    r.waited_us = job->waited_us;
    r.took_us = job->took_us;
    fetch->counts.outcome[class]++;
    job->on_reply(job->ctx, &r);
    buf_free(&none);
    free_job(job);
}

/* ---- a hop's way */

static int keep_allowed(struct fetch_job *job, const struct names_answer *found, const char **why)
{
    free(job->names);
    job->names = xcalloc(1, sizeof(*job->names));
    for (unsigned i = 0; i < found->count; i++) {
        enum guard_verdict verdict = guard_look(&found->at[i].any, why);
        if (verdict == GUARD_OPEN || (verdict == GUARD_PRIVATE && job->allow_private))
            job->names->at[job->names->count++] = found->at[i];
    }
    return job->names->count ? 0 : -EACCES;
}

/* Which of a name's addresses stands for its host: the least, so that neither the order of the
 * reply nor another name for the same machines opens a second line. */
static const union names_address *least_address(const struct names_answer *names)
{
    const union names_address *least = &names->at[0];
    for (unsigned i = 1; i < names->count; i++) {
        const union names_address *a = &names->at[i];
        if (a->any.sa_family != least->any.sa_family) {
            if (a->any.sa_family == AF_INET)
                least = a;
        } else if (a->any.sa_family == AF_INET
                       ? memcmp(&a->in.sin_addr, &least->in.sin_addr, sizeof(a->in.sin_addr)) < 0
                       : memcmp(&a->in6.sin6_addr, &least->in6.sin6_addr,
                                sizeof(a->in6.sin6_addr)) < 0) {
            least = a;
        }
    }
    return least;
}

static void on_addresses(struct fetch_job *job, const struct names_answer *found)
{
    const char *why = "";
    if (keep_allowed(job, found, &why)) {
        char *error = xasprintf("an address that may not be reached: %s", why);
        reply(job, FETCH_BLOCKED_ADDRESS, error, 0);
        free(error);
        return;
    }
    move(job, JOB_LINE);
    host_queue(job->fetch->hosts, least_address(job->names), &job->turn);
}

static void on_answer(void *ctx, const struct names_answer *answer)
{
    struct fetch_job *job = ctx;
    job->query = NULL;
    if (answer->error == -ETIMEDOUT)
        reply(job, FETCH_DNS, "the name servers do not answer", 0);
    else if (answer->error)
        reply(job, FETCH_DNS, answer->words, 0);
    else
        on_addresses(job, answer);
}

static void on_lookup_timer(struct ev_loop *loop, ev_timer *w, int events)
{
    (void)loop, (void)events;
    reply(w->data, FETCH_DNS, "the name servers do not answer", 0);
}

static void look_up(struct fetch_job *job)
{
    move(job, JOB_LOOKUP);
    if (job->target.literal) {
        struct names_answer itself = {.count = 1};
        memcpy(&itself.at[0], &job->target.address, sizeof(itself.at[0]));
        on_addresses(job, &itself);
        return;
    }
    ev_timer_set(&job->timer, LIMIT_LOOKUP_MS / 1e3, 0.);
    ev_timer_start(job->fetch->options.loop, &job->timer);
    struct names *names = job->fetch->names;
    /* An answer at once ends or moves the job, so it is not looked at again unless there was none.
     */
    struct names_query *query =
        names_ask(names, job->target.host, job->target.port, on_answer, job);
    if (query)
        job->query = query;
}

static void on_turn(struct host_turn *turn)
{
    struct fetch_job *job = (struct fetch_job *)((char *)turn - offsetof(struct fetch_job, turn));
    struct fetch *fetch = job->fetch;
    int64_t left_us = fetch->options.timeout_us - job->took_us;
    if (left_us <= 0) {
        reply(job, FETCH_TIMEOUT, "no time left behind the redirects", 0);
        return;
    }
    struct hop_options options = {
        .target = &job->target,
        .names = job->names,
        .user_agent = fetch->user_agent,
        .accept = job->accept,
        .etag = job->etag,
        .last_modified = job->last_modified,
        .max_body = fetch->options.max_body,
        .timeout_us = left_us,
        .allow_private = job->allow_private,
        .private = job,
    };
    struct hop *hop = hop_new(&options);
    fetch->counts.requests++;
    if (loop_add(fetch->loop, hop->easy)) {
        hop_free(hop);
        reply(job, FETCH_PROTOCOL, "the transfer cannot begin", 0);
        return;
    }
    job->hop = hop;
    move(job, JOB_WIRE);
}

static void on_held(struct host_turn *turn, int64_t held_us)
{
    struct fetch_job *job = (struct fetch_job *)((char *)turn - offsetof(struct fetch_job, turn));
    reply(job, FETCH_HTTP429, "not asked: the host wants to be left alone for now", held_us);
}

static const char *redirect_error(int err)
{
    switch (err) {
    case -EPROTONOSUPPORT:
        return "a redirect to something that is neither http nor https";
    case -EMSGSIZE:
        return "a redirect to an address that is too long";
    default:
        return "a redirect to something that is no address";
    }
}

/* A redirect is followed as a request of its own, through the lookup and its host's line. */
static void follow(struct fetch_job *job)
{
    struct target next;
    bool permanent = job->hop->status == 301 || job->hop->status == 308;
    if (job->hops >= LIMIT_REDIRECTS) {
        reply(job, FETCH_REDIRECTS, "too many redirects", 0);
        return;
    }
    int err = target_follow(&next, &job->target, job->hop->headers.location);
    if (err) {
        reply(job, FETCH_REDIRECTS, redirect_error(err), 0);
        return;
    }
    job->hops++;
    move(job, JOB_NEW);
    free_hop(job);
    host_leave(&job->turn);
    target_done(&job->target);
    job->target = next;
    job->chain_broken |= !permanent;
    if (!job->chain_broken) {
        free(job->moved);
        job->moved = xstrdup(next.url);
    }
}

static void on_done(void *private, CURLcode code)
{
    struct fetch_job *job = private;
    struct hop *hop = job->hop;
    const char *error;
    enum fetch_class class = hop_result(hop, code, &error);
    job->fetch->counts.bytes += hop->received + hop->headers.bytes;
    int64_t retry_after_us = headers_retry_after_us(&hop->headers, clock_now());
    if (retry_after_us && (hop->status == 429 || hop->status == 503 || hop->status / 100 == 3))
        host_hold(&job->turn, retry_after_us);
    if (class == FETCH_REDIRECTS && hop->headers.location_too_long)
        reply(job, class, redirect_error(-EMSGSIZE), 0);
    else if (class == FETCH_REDIRECTS && hop->headers.location[0])
        follow(job);
    else
        reply(job, class, error, 0);
}

static void on_kick(struct ev_loop *loop, ev_timer *w, int events)
{
    (void)loop, (void)events;
    struct fetch *fetch = w->data;
    if (fetch->lists[JOB_NEW] && fetch->lookups < LIMIT_LOOKUPS)
        look_up(fetch->lists[JOB_NEW]);
    kick(fetch);
}

/* ---- the doors */

int fetch_open(const struct fetch_options *options, struct fetch **out)
{
    if (!options->user_agent || !options->per_host || !options->max_body ||
        options->timeout_us <= 0 || options->spacing_us < 0 ||
        !headers_value_ok(str_of(options->user_agent)))
        return -EINVAL;
    struct fetch *fetch = xcalloc(1, sizeof(*fetch));
    int err = loop_open(options->loop, on_done, &fetch->loop);
    if (err)
        goto err0;
    err = names_open(options->loop, &fetch->names);
    if (err)
        goto err1;
    hosts_open(&(struct hosts_options){.loop = options->loop,
                                       .per_host = options->per_host,
                                       .most = LIMIT_CONNECTIONS,
                                       .spacing_us = options->spacing_us},
               &fetch->hosts);
    fetch->options = *options;
    fetch->user_agent = xstrdup(options->user_agent);
    fetch->options.user_agent = fetch->user_agent;
    ev_timer_init(&fetch->kick, on_kick, 0., 0.);
    fetch->kick.data = fetch;
    *out = fetch;
    return 0;
err1:
    loop_close(fetch->loop);
err0:
    free(fetch);
    return err;
}

void fetch_close(struct fetch *fetch)
{
    if (!fetch)
        return;
    for (int state = 0; state < JOB_STATES; state++) {
        struct fetch_job *job, *tmp;
        DL_FOREACH_SAFE (fetch->lists[state], job, tmp)
            free_job(job);
    }
    ev_timer_stop(fetch->options.loop, &fetch->kick);
    names_close(fetch->names);
    hosts_close(fetch->hosts);
    loop_close(fetch->loop);
    free(fetch->user_agent);
    free(fetch);
}

static char *copy(const char *text)
{
    return text ? xstrdup(text) : NULL;
}

struct fetch_job *fetch_start(struct fetch *fetch, const struct fetch_request *request,
                              void (*on_reply)(void *ctx, const struct fetch_reply *reply),
                              void *ctx)
{
    struct target target;
    if (target_init(&target, request->url))
        return NULL;
    struct fetch_job *job = xcalloc(1, sizeof(*job));
    job->fetch = fetch;
    job->target = target;
    job->etag = copy(request->etag);
    job->last_modified = copy(request->last_modified);
    job->accept = copy(request->accept);
    job->allow_private = request->allow_private;
    job->on_reply = on_reply;
    job->ctx = ctx;
    job->turn.on_turn = on_turn;
    job->turn.on_held = on_held;
    ev_timer_init(&job->timer, on_lookup_timer, 0., 0.);
    job->timer.data = job;
    enter(job, JOB_NEW);
    return job;
}

void fetch_cancel(struct fetch_job *job)
{
    free_job(job);
}

void fetch_counts(const struct fetch *fetch, struct fetch_counts *out)
{
    struct hosts_counts hosts;
    const struct fetch_job *job;
    hosts_counts(fetch->hosts, &hosts);
    *out = fetch->counts;
    out->active = hosts.active;
    out->hosts = hosts.hosts;
    out->waiting = hosts.waiting + fetch->lookups;
    DL_FOREACH (fetch->lists[JOB_NEW], job)
        out->waiting++;
}
