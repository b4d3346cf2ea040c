#include "names.h"

#include <ares.h>
#include <arpa/inet.h>
#include <errno.h>
#include <sys/stat.h>

#include "list.h"
#include "log.h"
#include "str.h"

#define RESOLV_CONF "/etc/resolv.conf"
#define TRY_MS      2500 /* the first of TRIES to one server; c-ares doubles it */
#define TRIES       2

struct names_io { /* one socket of c-ares */
    ev_io io;
    struct names_io *next, *prev;
};

struct names {
    struct ev_loop *loop;
    ares_channel channel;
    ev_timer timer;
    struct names_io *ios;
    unsigned asking;
    struct timespec resolv_changed;
    bool closing;
};

struct names_query {
    struct names *names;
    uint16_t port;
    void (*on_answer)(void *ctx, const struct names_answer *answer); /* NULL: dropped */
    void *ctx;
    bool in_ask,
        answered; /* an answer inside names_ask() must not free what that is about to return */
};

static void rearm(struct names *n)
{
    struct timeval most = {.tv_sec = LIMIT_LOOKUP_MS / 1000}, tv;
    ev_timer_stop(n->loop, &n->timer);
    if (n->closing || n->asking == 0)
        return;
    const struct timeval *wait = ares_timeout(n->channel, &most, &tv);
    ev_timer_set(&n->timer, (double)wait->tv_sec + (double)wait->tv_usec / 1e6, 0.);
    ev_timer_start(n->loop, &n->timer);
}

static void on_timer(struct ev_loop *loop, ev_timer *w, int events)
{
    (void)loop, (void)events;
    struct names *n = w->data;
    ares_process_fd(n->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    rearm(n);
}

static void on_io(struct ev_loop *loop, ev_io *w, int events)
{
    (void)loop;
    struct names *n = w->data;
    int fd = w->fd; /* the watcher may be gone behind the call */
    ares_process_fd(n->channel, events & EV_READ ? fd : ARES_SOCKET_BAD,
                    events & EV_WRITE ? fd : ARES_SOCKET_BAD);
    rearm(n);
}

/* c-ares says what it waits for. */
static void on_socket(void *ctx, ares_socket_t fd, int readable, int writable)
{
    struct names *n = ctx;
    struct names_io *io;
    DL_SEARCH_SCALAR(n->ios, io, io.fd, fd);
    if (!io && !readable && !writable)
        return;
    if (!io) {
        io = xcalloc(1, sizeof(*io));
        ev_io_init(&io->io, on_io, fd, EV_NONE);
        io->io.data = n;
        DL_APPEND(n->ios, io);
    }
    ev_io_stop(n->loop, &io->io);
    if (!readable && !writable) {
        DL_DELETE(n->ios, io);
        free(io);
        return;
    }
    ev_io_set(&io->io, fd, (readable ? EV_READ : 0) | (writable ? EV_WRITE : 0));
    ev_io_start(n->loop, &io->io);
}

static int open_channel(struct names *n)
{
    char lookups[] = "fb"; /* the file, then the name servers */
    struct ares_options options = {
        .timeout = TRY_MS,
        .tries = TRIES,
        .lookups = lookups,
        .sock_state_cb = on_socket,
        .sock_state_cb_data = n,
    };
    struct stat st;
    n->resolv_changed = stat(RESOLV_CONF, &st) ? (struct timespec){0} : st.st_mtim;
    int failed = ares_init_options(&n->channel, &options,
                                   ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS |
                                       ARES_OPT_SOCK_STATE_CB);
    return failed ? -EIO : 0;
}

int names_open(struct ev_loop *loop, struct names **out)
{
    if (ares_library_init(ARES_LIB_INIT_ALL))
        return -EIO;
    struct names *n = xcalloc(1, sizeof(*n));
    n->loop = loop;
    ev_timer_init(&n->timer, on_timer, 0., 0.);
    n->timer.data = n;
    int err = open_channel(n);
    if (err) {
        free(n);
        ares_library_cleanup();
        return err;
    }
    *out = n;
    return 0;
}

void names_close(struct names *n)
{
    if (!n)
        return;
    n->closing = true;
    ares_destroy(n->channel); /* ends every query with ARES_EDESTRUCTION */
    ev_timer_stop(n->loop, &n->timer);
    struct names_io *io, *tmp;
    DL_FOREACH_SAFE (n->ios, io, tmp) {
        ev_io_stop(n->loop, &io->io);
        DL_DELETE(n->ios, io);
        free(io);
    }
    free(n);
    ares_library_cleanup();
}

static void take_addresses(struct names_answer *answer, const struct ares_addrinfo_node *nodes,
                           int family, uint16_t port)
{
    for (const struct ares_addrinfo_node *a = nodes; a; a = a->ai_next) {
        if (a->ai_family != family || answer->count == LIMIT_ADDRESSES)
            continue;
        union names_address *to = &answer->at[answer->count];
        if (family == AF_INET && a->ai_addrlen == sizeof(to->in)) {
            memcpy(&to->in, a->ai_addr, sizeof(to->in));
            to->in.sin_port = htons(port);
            answer->count++;
        } else if (family == AF_INET6 && a->ai_addrlen == sizeof(to->in6)) {
            memcpy(&to->in6, a->ai_addr, sizeof(to->in6));
            to->in6.sin6_port = htons(port);
            answer->count++;
        }
    }
}

static int error_of(int status)
{
    switch (status) {
    case ARES_SUCCESS:
        return 0;
    case ARES_ENODATA:
    case ARES_ENOTFOUND:
    case ARES_ENONAME:
    case ARES_EBADNAME:
        return -ENOENT;
    case ARES_ETIMEOUT:
        return -ETIMEDOUT;
    default:
        return -EIO;
    }
}

static void on_addrinfo(void *ctx, int status, int timeouts, struct ares_addrinfo *info)
{
    (void)timeouts;
    struct names_query *q = ctx;
    struct names_answer answer = {.error = error_of(status), .words = ares_strerror(status)};
    if (info && status == ARES_SUCCESS) {
        take_addresses(&answer, info->nodes, AF_INET6, q->port);
        take_addresses(&answer, info->nodes, AF_INET, q->port);
        if (answer.count == 0) {
            answer.error = -ENOENT;
            answer.words = "no address";
        }
    }
    if (info)
        ares_freeaddrinfo(info);
    q->names->asking--;
    if (q->on_answer && !q->names->closing)
        q->on_answer(q->ctx, &answer);
    q->answered = true;
    if (!q->in_ask)
        free(q);
}

static void follow_resolv_conf(struct names *n)
{
    struct stat st;
    if (n->asking || stat(RESOLV_CONF, &st) ||
        (st.st_mtim.tv_sec == n->resolv_changed.tv_sec &&
         st.st_mtim.tv_nsec == n->resolv_changed.tv_nsec))
        return;
    ares_channel old = n->channel;
    if (open_channel(n)) {
        log_warning("fetch: cannot use the changed name servers file=%s", RESOLV_CONF);
        n->channel = old;
        return;
    }
    ares_destroy(old);
}

struct names_query *names_ask(struct names *n, const char *host, uint16_t port,
                              void (*on_answer)(void *ctx, const struct names_answer *answer),
                              void *ctx)
{
    follow_resolv_conf(n);
    struct names_query *q = xcalloc(1, sizeof(*q));
    *q = (struct names_query){
        .names = n, .port = port, .on_answer = on_answer, .ctx = ctx, .in_ask = true};
    /* curl tries the addresses by turns of the families itself; sorting would open a socket for
     * each. */
    struct ares_addrinfo_hints hints = {
        .ai_flags = ARES_AI_NOSORT, .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    n->asking++;
    ares_getaddrinfo(n->channel, host, NULL, &hints, on_addrinfo, q);
    rearm(n);
    q->in_ask = false;
    if (!q->answered)
        return q;
    free(q);
    return NULL;
}

void names_drop(struct names_query *q)
{
    q->on_answer = NULL; /* c-ares cannot end one query alone */
}
