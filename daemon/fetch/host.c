#include "host.h"

#include <assert.h>

#include "clock.h"
#include "hash.h"
#include "list.h"
#include "str.h"

struct key { /* compared as bytes: no padding */
    uint8_t address[16];
    uint16_t port, family;
};

struct host {
    struct key key;
    struct hosts *hosts;
    struct host_turn *line;
    uint32_t active;
    int64_t next_start, held_until; /* monotonic */
    ev_timer timer; /* the next start; with nobody waiting, the time to forget this host */
    bool ready;     /* on the list of those that wait for a place on the wire alone */
    struct host *next, *prev;
    UT_hash_handle hh;
};

struct hosts {
    struct hosts_options options;
    struct host *table;
    struct host *ready;
    ev_timer kick; /* looks at `ready` before the loop sleeps, so that nobody is called from inside
                      a call */
    uint32_t waiting, active;
};

static struct key key_of(const union names_address *address)
{
    struct key key = {.family = address->any.sa_family};
    if (address->any.sa_family == AF_INET6) {
        memcpy(key.address, &address->in6.sin6_addr, 16);
        key.port = address->in6.sin6_port;
    } else {
        memcpy(key.address, &address->in.sin_addr, 4);
        key.port = address->in.sin_port;
    }
    return key;
}

static struct host *find(const struct hosts *hosts, const union names_address *address)
{
    struct key key = key_of(address);
    struct host *host;
    HASH_FIND(hh, hosts->table, &key, sizeof(key), host);
    return host;
}

static void kick(struct hosts *hosts)
{
    if (!hosts->ready || ev_is_active(&hosts->kick))
        return;
    ev_timer_set(&hosts->kick, 0., 0.);
    ev_timer_start(hosts->options.loop, &hosts->kick);
}

static void set_ready(struct host *host, bool ready)
{
    struct hosts *hosts = host->hosts;
    if (host->ready == ready)
        return;
    host->ready = ready;
    if (!ready) {
        DL_DELETE(hosts->ready, host);
        return;
    }
    DL_APPEND(hosts->ready, host);
    kick(hosts);
}

static void forget(struct host *host)
{
    set_ready(host, false);
    ev_timer_stop(host->hosts->options.loop, &host->timer);
    HASH_DEL(host->hosts->table, host);
    free(host);
}

static int64_t earliest_start(const struct host *host)
{
    return host->next_start > host->held_until ? host->next_start : host->held_until;
}

/* Held for longer than anybody is to stand in a line. */
static bool refuses(const struct host *host)
{
    return host->held_until - clock_mono() > LIMIT_HOLD_WAIT_MS * USEC_PER_MSEC;
}

/* Decides what this host waits for: a place of its own (then somebody leaves), the time, the wire.
 */
static void look(struct host *host)
{
    struct hosts *hosts = host->hosts;
    int64_t wait = earliest_start(host) - clock_mono();
    ev_timer_stop(hosts->options.loop, &host->timer);
    bool may_start = host->line && host->active < hosts->options.per_host;
    set_ready(host, (may_start && wait <= 0) || (host->line && refuses(host)));
    if (host->ready || (host->line && !may_start) || (!host->line && host->active))
        return;
    if (wait < 0)
        wait = 0;
    ev_timer_set(&host->timer, (double)wait / 1e6, 0.);
    ev_timer_start(hosts->options.loop, &host->timer);
}

static void on_time(struct ev_loop *loop, ev_timer *w, int events)
{
    (void)loop, (void)events;
    struct host *host = w->data;
    if (!host->line && !host->active && earliest_start(host) <= clock_mono())
        forget(host);
    else
        look(host);
}

static void start_first(struct host *host)
{
    struct hosts *hosts = host->hosts;
    struct host_turn *turn = host->line;
    DL_DELETE(host->line, turn);
    hosts->waiting--;
    hosts->active++;
    host->active++;
    turn->on_wire = true;
    host->next_start = clock_mono() + hosts->options.spacing_us;
    look(host);
    turn->on_turn(turn);
}

static void refuse_first(struct host *host)
{
    struct host_turn *turn = host->line;
    DL_DELETE(host->line, turn);
    host->hosts->waiting--;
    turn->host = NULL;
    int64_t held_us = host->held_until - clock_mono();
    look(host);
    turn->on_held(turn, held_us);
}

/* One start a host and round, so that hosts without spacing take turns too. */
static void on_kick(struct ev_loop *loop, ev_timer *w, int events)
{
    (void)loop, (void)events;
    struct hosts *hosts = w->data;
    struct host *host = hosts->ready;
    if (!host || (hosts->active >= hosts->options.most && !refuses(host)))
        return;
    set_ready(host, false);
    if (refuses(host))
        refuse_first(host);
    else
        start_first(host);
    kick(hosts);
}

void hosts_open(const struct hosts_options *options, struct hosts **out)
{
    struct hosts *hosts = xcalloc(1, sizeof(*hosts));
    hosts->options = *options;
    assert(options->per_host > 0 && options->most > 0);
    ev_timer_init(&hosts->kick, on_kick, 0., 0.);
    hosts->kick.data = hosts;
    *out = hosts;
}

void hosts_close(struct hosts *hosts)
{
    if (!hosts)
        return;
    struct host *host, *tmp;
    HASH_ITER (hh, hosts->table, host, tmp) {
        assert(!host->line && !host->active);
        forget(host);
    }
    ev_timer_stop(hosts->options.loop, &hosts->kick);
    free(hosts);
}

void host_queue(struct hosts *hosts, const union names_address *address, struct host_turn *turn)
{
    assert(!turn->host);
    struct host *host = find(hosts, address);
    if (!host) {
        host = xcalloc(1, sizeof(*host));
        host->key = key_of(address);
        host->hosts = hosts;
        host->next_start = host->held_until = clock_mono();
        ev_timer_init(&host->timer, on_time, 0., 0.);
        host->timer.data = host;
        HASH_ADD(hh, hosts->table, key, sizeof(host->key), host);
    }
    turn->host = host;
    turn->on_wire = false;
    DL_APPEND(host->line, turn);
    hosts->waiting++;
    look(host);
}

void host_leave(struct host_turn *turn)
{
    struct host *host = turn->host;
    if (!host)
        return;
    struct hosts *hosts = host->hosts;
    if (turn->on_wire) {
        host->active--;
        hosts->active--;
    } else {
        DL_DELETE(host->line, turn);
        hosts->waiting--;
    }
    turn->host = NULL;
    turn->on_wire = false;
    look(host);
    kick(hosts);
}

void host_hold(struct host_turn *turn, int64_t hold_us)
{
    int64_t until = clock_mono() + hold_us;
    if (turn->host && until > turn->host->held_until) {
        turn->host->held_until = until;
        look(turn->host);
    }
}

void hosts_counts(const struct hosts *hosts, struct hosts_counts *out)
{
    *out = (struct hosts_counts){
        .hosts = HASH_COUNT(hosts->table), .waiting = hosts->waiting, .active = hosts->active};
}
