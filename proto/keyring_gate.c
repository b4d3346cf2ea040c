/*
 * The daemon's gate. ZAP's questions come over inproc://zeromq.zap.01, one for each CURVE handshake that
 * proved a key; the answer lets it in or not, and gives the connection its key and a number as User-Id, which each
 * of its messages carries from then on.
 *
 *  1. A connection has a number, given in the order of ZAP's answers, and each of its messages carries it
 *     behind the key. The descriptor of a message is its connection's own only while that is open: libzmq
 *     tells of the end of a connection before it closes the descriptor, and so before a later connection of
 *     the same descriptor can ask ZAP. What we are told is read before a number is given; so a connection
 *     whose number is not above `gone[fd]` is not what this descriptor is now.
 *  2. A peer is a descriptor with the key that was let in by it, and the socket's inode, looked at before we
 *     read whether it is gone. A cut holds the descriptor by a copy while it compares the inode and shuts it.
 *  3. What ZAP answered is not relied on later: each message is judged again, so nothing that waited in a
 *     queue passes a revocation, and a connection that was let in while the list changed is seen.
 */
#include "keyring_inside.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "authorised.h"
#include "clock.h"
#include "hash.h"
#include "zev.h"

#define ZAP_ENDPOINT "inproc://zeromq.zap.01"
#define ZAP_VERSION  "1.0"
#define ZAP_FRAMES   7 /* version, request, domain, address, identity, mechanism, key */
#define TICK_S       1.0
#define PRUNE_TICKS  64
#define USER_ID      (KEY_TEXT + 24) /* a key, a space, a connection's number */

struct peer {
    int fd;
    uint64_t number; /* its connection's */
    dev_t device;
    ino_t inode;
    enum keyring_domain domain;
    char key[KEY_TEXT], name[LIMIT_KEY_NAME + 1]; /* the name it had: a revoked key has none */
    UT_hash_handle hh;                            /* gate.peers, by fd */
};

struct gate {
    const struct keyring *keys;
    struct keyring_gate options;
    char *authorised;
    struct authorised *list; /* NULL: none but our own */
    void *zap;
    struct zev zev;
    ev_timer tick; /* what expired; what never got to ZAP */
    unsigned ticks;
    struct peer *peers;
    uint64_t newest; /* number given to a connection */
    uint64_t *gone;  /* by descriptor: the newest number given when one of it was told to be over */
    size_t gone_len;
    void *monitors[KEYRING_DOMAINS];
    uint64_t results[KEYRING_RESULTS];
};

/* Who may do what: a room's endpoint is one domain. */
static const struct {
    const char *name;
    unsigned roles;
} domains[KEYRING_DOMAINS] = {
    [KEYRING_WORK] = {"work", ROLE_WORKER | ROLE_OPERATOR},
    [KEYRING_LIVE] = {"live", ROLE_SUBSCRIBER | ROLE_OPERATOR},
    [KEYRING_REPLAY] = {"replay", ROLE_SUBSCRIBER | ROLE_OPERATOR},
    [KEYRING_CONTROL] = {"control", ROLE_OPERATOR},
    [KEYRING_INTAKE] = {"intake", ROLE_PUBLISHER | ROLE_OPERATOR},
};

/* `text` is what a refused peer's library may show. */
static const struct {
    const char *name, *text;
} results[KEYRING_RESULTS] = {
    [KEYRING_LET_IN] = {"ok", "OK"},
    [KEYRING_UNKNOWN] = {"unknown", "this key is not authorised"},
    [KEYRING_ROLE] = {"role", "this key is not authorised for this socket"},
    [KEYRING_EXPIRED] = {"expired", "this key has expired"},
    [KEYRING_HANDSHAKE] = {"handshake", "CURVE is required"},
    [KEYRING_CUT] = {"cut", "this key is no longer authorised"},
};

const char *keyring_domain_name(enum keyring_domain domain)
{
    return domains[domain].name;
}

const char *keyring_result_name(enum keyring_result result)
{
    return results[result].name;
}

/* ---- judging */

static enum keyring_result judge(const struct gate *g, enum keyring_domain domain, const char *key,
                                 const char **name_out)
{
    if (strcmp(key, g->keys->own.public_key) == 0) {
        *name_out = g->keys->own.name; /* whoever has it is as good as us */
        return KEYRING_LET_IN;
    }
    const struct authorised_key *known = authorised_find(g->list, key);
    *name_out = known ? known->name : NULL;
    if (!known)
        return KEYRING_UNKNOWN;
    if (known->until <= clock_now())
        return KEYRING_EXPIRED;
    return known->roles & domains[domain].roles ? KEYRING_LET_IN : KEYRING_ROLE;
}

static void tell(struct gate *g, const struct keyring_event *event)
{
    g->results[event->result]++;
    if (g->options.up)
        g->options.up(g->options.ctx, event);
}

/* ---- connections */

static bool is_inode(int fd, const struct peer *peer)
{
    struct stat st;
    return fstat(fd, &st) == 0 && st.st_dev == peer->device && st.st_ino == peer->inode;
}

static void forget(struct gate *g, struct peer *peer)
{
    HASH_DEL(g->peers, peer);
    free(peer);
}

static struct peer *peer_of(const struct gate *g, int fd)
{
    struct peer *peer = NULL;
    HASH_FIND_INT(g->peers, &fd, peer);
    return peer;
}

static void is_over(struct gate *g, int fd)
{
    size_t at = (size_t)fd;
    struct peer *peer = peer_of(g, fd);
    if (at >= g->gone_len) {
        g->gone = xrealloc(g->gone, (at + 1) * 2 * sizeof *g->gone);
        memset(g->gone + g->gone_len, 0, ((at + 1) * 2 - g->gone_len) * sizeof *g->gone);
        g->gone_len = (at + 1) * 2;
    }
    g->gone[at] = g->newest; /* keeps (1) */
    if (peer)
        forget(g, peer);
}

static bool is_gone(const struct gate *g, int fd, uint64_t number)
{
    return (size_t)fd < g->gone_len && number <= g->gone[fd];
}

/* Connections that are over; and what never gets to ZAP: no CURVE, the wrong server key, a handshake that
 * is not finished. */
static void read_monitors(struct gate *g)
{
    uint32_t detail;
    int what;
    for (int i = 0; i < KEYRING_DOMAINS; i++)
        while (g->monitors[i] && (what = keyring_next_event(g->monitors[i], &detail)) != 0) {
            struct keyring_event event = {.result = KEYRING_HANDSHAKE,
                                          .domain = (enum keyring_domain)i};
            if (what == ZMQ_EVENT_DISCONNECTED)
                is_over(g, (int)detail);
            else
                tell(g, &event);
        }
}

/* NULL: it is over already. */
static struct peer *remember(struct gate *g, int fd, uint64_t number, enum keyring_domain domain,
                             const char *key)
{
    struct stat st;
    struct peer *peer;
    if (fd < 0 || fstat(fd, &st) != 0 || !S_ISSOCK(st.st_mode))
        return NULL;
    read_monitors(g); /* keeps (2) */
    if (is_gone(g, fd, number))
        return NULL;
    if ((peer = peer_of(g, fd)))
        forget(g, peer); /* of one whose end nobody told */
    peer = xcalloc(1, sizeof *peer);
    *peer = (struct peer){
        .fd = fd, .number = number, .device = st.st_dev, .inode = st.st_ino, .domain = domain};
    snprintf(peer->key, sizeof peer->key, "%s", key);
    HASH_ADD_INT(g->peers, fd, peer);
    return peer;
}

/* False: its descriptor is not this connection's any more. */
static bool shut(const struct peer *peer)
{
    int copy = fcntl(peer->fd, F_DUPFD_CLOEXEC, 0); /* keeps (2): what it names stays what it is */
    bool same = copy >= 0 && is_inode(copy, peer);
    if (same)
        (void)shutdown(copy, SHUT_RDWR); /* libzmq closes it, and tells its socket */
    if (copy >= 0)
        close(copy);
    return same;
}

static void cut(struct gate *g, struct peer *peer, enum keyring_result now)
{
    struct keyring_event event = {.result = KEYRING_CUT,
                                  .domain = peer->domain,
                                  .name = peer->name,
                                  .key = peer->key,
                                  .cut_for = now};
    if (shut(peer))
        tell(g, &event);
    forget(g, peer);
}

/* Cuts whoever would not be let in now. */
static void sweep(struct gate *g, bool prune)
{
    struct peer *peer, *next;
    const char *name;
    HASH_ITER (hh, g->peers, peer, next) {
        enum keyring_result now = judge(g, peer->domain, peer->key, &name);
        if (now != KEYRING_LET_IN)
            cut(g, peer, now);
        else if (prune && !is_inode(peer->fd, peer))
            forget(g, peer);
    }
}

/* Of a User-Id as answer() gives it. */
static bool read_user(const char *user, char key[KEY_TEXT], uint64_t *number_out)
{
    struct str rest = str_of(user), text;
    if (!str_cut(&rest, ' ', &text) || !key_is(text) || str_u64(rest, number_out) < 0)
        return false;
    snprintf(key, KEY_TEXT, "%.*s", STR_ARG(text));
    return true;
}

bool keyring_admit(const struct keyring *keys, enum keyring_domain domain, zmq_msg_t *frame)
{
    char key[KEY_TEXT];
    uint64_t number;
    const char *name;
    if (!keys || !keys->gate)
        return true;
    const char *user = zmq_msg_gets(frame, "User-Id");
    int fd = zmq_msg_get(frame, ZMQ_SRCFD);
    if (!user || !read_user(user, key, &number))
        return false; /* nothing comes without one: ZAP is asked for every connection */
    enum keyring_result now = judge(keys->gate, domain, key, &name);
    struct peer *peer = peer_of(keys->gate, fd);
    if (!peer || peer->number != number)
        peer = remember(keys->gate, fd, number, domain, key);
    if (peer && name) /* a revoked key has none: it is told by the name it had */
        snprintf(peer->name, sizeof peer->name, "%s", name);
    if (now == KEYRING_LET_IN)
        return true;
    if (peer)
        cut(keys->gate, peer, now); /* keeps (3) */
    return false;
}

/* ---- ZAP */

struct question {
    size_t count;
    char frame[ZAP_FRAMES][256]; /* RFC 27: short strings */
    size_t len[ZAP_FRAMES];
};

static struct str frame_of(const struct question *q, size_t i)
{
    return (struct str){q->frame[i], q->len[i]};
}

/* 0; -EAGAIN none there; -EBADMSG not a question of RFC 27. */
static int read_question(void *zap, struct question *q)
{
    int more = 1, r = 0;
    size_t size = sizeof more;
    for (q->count = 0; more; q->count++) {
        char spare[256];
        char *at = q->count < ZAP_FRAMES ? q->frame[q->count] : spare;
        int len = zmq_recv(zap, at, sizeof spare, ZMQ_DONTWAIT);
        if (len < 0)
            return -errno;
        if (q->count >= ZAP_FRAMES || (size_t)len > sizeof spare)
            r = -EBADMSG;
        else
            q->len[q->count] = (size_t)len;
        if (zmq_getsockopt(zap, ZMQ_RCVMORE, &more, &size) != 0)
            return -errno;
    }
    return r == 0 && q->count < ZAP_FRAMES - 1 ? -EBADMSG : r;
}

static bool find_domain(struct str name, enum keyring_domain *out)
{
    for (int i = 0; i < KEYRING_DOMAINS; i++)
        if (str_is(name, domains[i].name)) {
            *out = (enum keyring_domain)i;
            return true;
        }
    return false;
}

/* The public key that was proved, or "". */
static void proved_key(const struct question *q, char out[KEY_TEXT])
{
    out[0] = '\0';
    if (q->count == ZAP_FRAMES && str_is(frame_of(q, 5), "CURVE") && q->len[6] == 32)
        zmq_z85_encode(out, (const uint8_t *)q->frame[6], 32);
}

static enum keyring_result decide(struct gate *g, const struct question *q, char key[KEY_TEXT])
{
    struct keyring_event event = {.result = KEYRING_HANDSHAKE, .address = frame_of(q, 3)};
    proved_key(q, key);
    if (!find_domain(frame_of(q, 2), &event.domain) || !str_is(frame_of(q, 0), ZAP_VERSION))
        event.result = KEYRING_ROLE; /* a socket that is none of ours */
    else if (key[0])
        event.result = judge(g, event.domain, key, &event.name);
    event.key = key[0] ? key : NULL;
    tell(g, &event);
    return event.result;
}

/* 400 and not 300: a peer that is refused for good is not to come again every second. */
static void answer(struct gate *g, const struct question *q, enum keyring_result result,
                   const char *key)
{
    bool in = result == KEYRING_LET_IN;
    char user[USER_ID] = "";
    if (in)
        snprintf(user, sizeof user, "%s %llu", key, (unsigned long long)++g->newest);
    const struct str parts[] = {STR(ZAP_VERSION),
                                frame_of(q, 1),
                                in ? STR("200") : STR("400"),
                                str_of(results[result].text),
                                str_of(user),
                                STR_NONE};
    for (size_t i = 0; i < ARRAY_LEN(parts); i++)
        if (zmq_send(g->zap, parts[i].at ? parts[i].at : "", parts[i].len,
                     ZMQ_DONTWAIT | (i + 1 < ARRAY_LEN(parts) ? ZMQ_SNDMORE : 0)) < 0)
            return; /* its connection has gone */
}

static int on_question(struct zev *zev, int events)
{
    struct gate *g = zev->data;
    struct question q = {0};
    char key[KEY_TEXT];
    (void)events;
    int r = read_question(g->zap, &q);
    if (r != -EAGAIN)
        read_monitors(g); /* keeps (1) */
    if (r == -EBADMSG)
        answer(g, &q, KEYRING_HANDSHAKE, NULL);
    else if (r == 0)
        answer(g, &q, decide(g, &q, key), key);
    return r == 0 || r == -EBADMSG;
}

static void on_tick(struct ev_loop *loop, ev_timer *w, int revents)
{
    struct gate *g = w->data;
    (void)loop, (void)revents;
    read_monitors(g);
    sweep(g, ++g->ticks % PRUNE_TICKS == 0);
}

/* ---- opening and closing */

static int open_zap(struct gate *g)
{
    int none = 0;
    g->zap = zmq_socket(g->options.zmq, ZMQ_REP);
    if (!g->zap)
        return -errno;
    zmq_setsockopt(g->zap, ZMQ_LINGER, &none, sizeof none);
    if (zmq_bind(g->zap, ZAP_ENDPOINT) != 0)
        return -errno;
    g->zev = (struct zev){.socket = g->zap, .on_ready = on_question, .data = g};
    return zev_start(&g->zev, g->options.loop);
}

static void gate_free(struct gate *g)
{
    zev_stop(&g->zev);
    ev_timer_stop(g->options.loop, &g->tick);
    for (int i = 0; i < KEYRING_DOMAINS; i++)
        if (g->monitors[i])
            zmq_close(g->monitors[i]);
    if (g->zap)
        zmq_close(g->zap);
    struct peer *peer, *next;
    HASH_ITER (hh, g->peers, peer, next)
        forget(g, peer);
    authorised_free(g->list);
    free(g->authorised);
    free(g->gone);
    free(g);
}

int keyring_guard(struct keyring *keys, const struct keyring_gate *options, char why[KEYRING_WHY])
{
    if (!keys)
        return 0;
    struct gate *g = xcalloc(1, sizeof *g);
    g->keys = keys;
    g->options = *options;
    ev_timer_init(&g->tick, on_tick, TICK_S, TICK_S);
    g->tick.data = g;
    int r = options->authorised ? authorised_read(options->authorised, &g->list, why) : 0;
    if (r == 0 && (r = open_zap(g)) < 0)
        snprintf(why, KEYRING_WHY, "the authentication handler cannot start: %s", strerror(-r));
    if (r < 0) {
        gate_free(g);
        return r;
    }
    g->authorised = options->authorised ? xstrdup(options->authorised) : NULL;
    ev_timer_start(options->loop, &g->tick);
    keys->gate = g;
    return 0;
}

void keyring_unguard(struct keyring *keys)
{
    if (!keys || !keys->gate)
        return;
    gate_free(keys->gate);
    keys->gate = NULL;
}

int keyring_reload(struct keyring *keys, char why[KEYRING_WHY])
{
    struct authorised *fresh = NULL;
    if (!keys || !keys->gate || !keys->gate->authorised)
        return 0;
    int r = authorised_read(keys->gate->authorised, &fresh, why);
    if (r < 0)
        return r;
    authorised_free(keys->gate->list);
    keys->gate->list = fresh;
    sweep(keys->gate, true);
    return 0;
}

int keyring_serve(const struct keyring *keys, void *socket, enum keyring_domain domain)
{
    int on = 1;
    if (!keys)
        return 0;
    if (!keys->gate)
        return -EINVAL; /* CURVE without its handler would let everybody in */
    const char *name = domains[domain].name;
    if (zmq_setsockopt(socket, ZMQ_CURVE_SERVER, &on, sizeof on) != 0 ||
        zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, keys->own.secret_key, KEY_TEXT) != 0 ||
        zmq_setsockopt(socket, ZMQ_ZAP_DOMAIN, name, strlen(name)) != 0)
        return -errno;
    if (!keys->gate->monitors[domain])
        keys->gate->monitors[domain] =
            keyring_monitor(keys->gate->options.zmq, socket,
                            ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL |
                                ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_DISCONNECTED);
    return keys->gate->monitors[domain] ? 0 : -EMFILE;
}

void keyring_counts(const struct keyring *keys, struct keyring_counts *out)
{
    const struct gate *g = keys ? keys->gate : NULL;
    *out = (struct keyring_counts){0};
    if (!g)
        return;
    memcpy(out->results, g->results, sizeof out->results);
    out->authorised = authorised_count(g->list);
    out->peers = HASH_COUNT(g->peers);
}
