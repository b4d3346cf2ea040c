#include "loop.h"

#include <errno.h>

#include "limits.h"
#include "list.h"
#include "log.h"
#include "str.h"

struct loop_socket {
    ev_io io;
    struct loop_socket *next, *prev;
};

struct loop {
    struct ev_loop *ev;
    CURLM *multi;
    ev_timer timer;
    struct loop_socket *sockets;
    void (*on_done)(void *private, CURLcode code);
};

/* Removing a transfer spoils its message, so the message is copied first. */
static void reap(struct loop *loop)
{
    CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(loop->multi, &left))) {
        if (message->msg != CURLMSG_DONE)
            continue;
        CURL *easy = message->easy_handle;
        CURLcode code = message->data.result;
        char *private = NULL;
        curl_easy_getinfo(easy, CURLINFO_PRIVATE, &private);
        curl_multi_remove_handle(loop->multi, easy);
        loop->on_done(private, code);
    }
}

/* An error here leaves all transfers uncertain; what became of them is in the messages. */
static void act(struct loop *loop, curl_socket_t fd, int events)
{
    int running;
    CURLMcode failed = curl_multi_socket_action(loop->multi, fd, events, &running);
    if (failed)
        log_warning("fetch: libcurl complains error=%s", log_safez(curl_multi_strerror(failed)));
    reap(loop);
}

static void on_io(struct ev_loop *ev, ev_io *w, int events)
{
    (void)ev;
    act(w->data, w->fd,
        (events & EV_READ ? CURL_CSELECT_IN : 0) | (events & EV_WRITE ? CURL_CSELECT_OUT : 0));
}

static void on_timer(struct ev_loop *ev, ev_timer *w, int events)
{
    (void)ev, (void)events;
    act(w->data, CURL_SOCKET_TIMEOUT, 0);
}

static int on_curl_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *of_socket)
{
    (void)easy;
    struct loop *loop = ctx;
    struct loop_socket *s = of_socket;
    if (what == CURL_POLL_REMOVE) {
        if (s) {
            ev_io_stop(loop->ev, &s->io);
            DL_DELETE(loop->sockets, s);
            curl_multi_assign(loop->multi, fd, NULL);
            free(s);
        }
        return 0;
    }
    if (!s) {
        s = xcalloc(1, sizeof(*s));
        ev_io_init(&s->io, on_io, fd, EV_NONE);
        s->io.data = loop;
        DL_APPEND(loop->sockets, s);
        curl_multi_assign(loop->multi, fd, s);
    }
    ev_io_stop(loop->ev, &s->io);
    ev_io_set(&s->io, fd,
              (what & CURL_POLL_IN ? EV_READ : 0) | (what & CURL_POLL_OUT ? EV_WRITE : 0));
    ev_io_start(loop->ev, &s->io);
    return 0;
}

/* Zero means at once, but not from here: a timer of zero is the next turn of the loop. */
static int on_curl_timer(CURLM *multi, long timeout_ms, void *ctx)
{
    (void)multi;
    struct loop *loop = ctx;
    ev_timer_stop(loop->ev, &loop->timer);
    if (timeout_ms < 0)
        return 0;
    ev_timer_set(&loop->timer, (double)timeout_ms / 1000.0, 0.);
    ev_timer_start(loop->ev, &loop->timer);
    return 0;
}

int loop_open(struct ev_loop *ev, void (*on_done)(void *private, CURLcode code), struct loop **out)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT))
        return -EIO;
    CURLM *multi = curl_multi_init();
    if (!multi) {
        curl_global_cleanup();
        return -EIO;
    }
    struct loop *loop = xcalloc(1, sizeof(*loop));
    *loop = (struct loop){.ev = ev, .multi = multi, .on_done = on_done};
    ev_timer_init(&loop->timer, on_timer, 0., 0.);
    loop->timer.data = loop;
    curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_curl_socket);
    curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, loop);
    curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_curl_timer);
    curl_multi_setopt(multi, CURLMOPT_TIMERDATA, loop);
    /* Above the peak: a cache that is too small leaves corpses in CLOSE_WAIT. */
    curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, 2L * LIMIT_CONNECTIONS);
    /* One request a connection at a time: a request with allow_private must not lend its
     * connection. */
    curl_multi_setopt(multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
    *out = loop;
    return 0;
}

void loop_close(struct loop *loop)
{
    if (!loop)
        return;
    curl_multi_cleanup(loop->multi);
    ev_timer_stop(loop->ev, &loop->timer);
    struct loop_socket *s, *tmp;
    DL_FOREACH_SAFE (loop->sockets, s, tmp) {
        ev_io_stop(loop->ev, &s->io);
        free(s);
    }
    free(loop);
    curl_global_cleanup();
}

int loop_add(struct loop *loop, CURL *easy)
{
    CURLMcode failed = curl_multi_add_handle(loop->multi, easy);
    if (failed)
        log_error("fetch: cannot begin a transfer error=%s",
                  log_safez(curl_multi_strerror(failed)));
    return failed ? -EIO : 0;
}

void loop_remove(struct loop *loop, CURL *easy)
{
    curl_multi_remove_handle(loop->multi, easy);
}
