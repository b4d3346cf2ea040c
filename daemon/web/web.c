#include "web.h"

#include <errno.h>
#include <microhttpd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "limits.h"
#include "listen.h"
#include "log.h"
#include "routes.h"

/*
 * libmicrohttpd's epoll descriptor stands under one ev_io. It is edge-triggered inside: after every
 * turn of ours MHD_get_timeout() says when it wants to run again without a new edge, and a
 * connection hangs when that is not honoured. At its limit of connections it takes the listening
 * socket out of epoll and puts it back only in a run that no edge asks for: `crowded` asks for that
 * run.
 */
#define CROWDED_S 0.1
#define POOL_BYTES                                                                                 \
    (LIMIT_WEB_HEADERS + 2048) /* a connection's memory: the request's headers and ours */

struct web {
    struct ev_loop *loop;
    struct MHD_Daemon *daemon;
    struct routes *routes;
    union listen_address address;
    char url[LISTEN_TEXT + 8];
    ev_io io;
    ev_timer timer, crowded;
    ev_prepare prepare;
};

static const struct {
    const char *name, *value;
} headers[] = {
    {"Content-Security-Policy",
     "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
     "base-uri 'none'; frame-ancestors 'none'; form-action 'self'"},
    {"X-Content-Type-Options", "nosniff"},
    {"Referrer-Policy", "no-referrer"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Cache-Control", "no-store"},
};

static enum MHD_Result send_reply(struct MHD_Connection *connection, const struct reply *reply)
{
    /* The library's signature is not const, but it does not write: MUST_COPY copies, PERSISTENT
     * reads. */
    const union {
        const char *ours;
        void *theirs;
    } body = {reply->body.at};
    struct MHD_Response *response = MHD_create_response_from_buffer(
        reply->body.len, body.theirs,
        reply->forever ? MHD_RESPMEM_PERSISTENT : MHD_RESPMEM_MUST_COPY);
    if (!response)
        return MHD_NO;
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, reply->type);
    for (size_t i = 0; i < ARRAY_LEN(headers); i++)
        MHD_add_response_header(response, headers[i].name, headers[i].value);
    if (reply->status == MHD_HTTP_METHOD_NOT_ALLOWED)
        MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
    enum MHD_Result result = MHD_queue_response(connection, reply->status, response);
    MHD_destroy_response(response);
    return result;
}

static void refuse(struct reply *out, unsigned status, const char *text)
{
    *out = (struct reply){status, "text/plain; charset=utf-8", str_of(text), true};
}

static bool is_read(const char *method)
{
    return strcmp(method, MHD_HTTP_METHOD_GET) == 0 || strcmp(method, MHD_HTTP_METHOD_HEAD) == 0;
}

static void answer(struct web *web, struct MHD_Connection *connection, const char *path,
                   const char *method, struct reply *out)
{
    const char *host =
        MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_HOST);
    if (!host)
        refuse(out, MHD_HTTP_BAD_REQUEST, "a request names its Host\n");
    else if (!listen_is_our_host(&web->address, str_of(host)))
        refuse(out, MHD_HTTP_MISDIRECTED_REQUEST, "this is not that host\n");
    else if (!is_read(method))
        refuse(out, MHD_HTTP_METHOD_NOT_ALLOWED, "only GET and HEAD\n");
    else
        routes_answer(web->routes, str_of(path),
                      MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, "n"), out);
}

/* Comes first with the headers, then with pieces of a body, then once more. An answer to the
 * headers closes the connection: right for who wants to send us something, but readers may keep
 * theirs. */
static enum MHD_Result on_request(void *ctx, struct MHD_Connection *connection, const char *path,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_len, void **request)
{
    (void)version;
    (void)upload;
    struct web *web = ctx;
    struct reply reply;
    bool has_just_begun = *request == NULL;
    *request = web;
    if (is_read(method) && (has_just_begun || *upload_len)) {
        *upload_len = 0;
        return MHD_YES;
    }
    answer(web, connection, path, method, &reply);
    return send_reply(connection, &reply);
}

__attribute__((format(printf, 2, 0))) static void on_log(void *ctx, const char *format,
                                                         va_list args)
{
    (void)ctx;
    if (!log_wants(LOG_DEBUG))
        return;
    struct buf line = BUF_NONE;
    buf_vprintf(&line, format, args);
    log_debug("web: library says=%s", log_safe(str_trim(buf_str(&line))));
    buf_free(&line);
}

static void on_readable(struct ev_loop *loop, ev_io *w, int events)
{
    (void)loop;
    (void)events;
    struct web *web = w->data;
    MHD_run(web->daemon);
}

static void on_timer(struct ev_loop *loop, ev_timer *w, int events)
{
    (void)loop;
    (void)events;
    struct web *web = w->data;
    MHD_run(web->daemon);
}

static bool is_full(const struct web *web)
{
    return MHD_get_daemon_info(web->daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS)->num_connections >=
           LIMIT_WEB_CONNECTIONS;
}

static void on_crowded(struct ev_loop *loop, ev_timer *w, int events)
{
    (void)events;
    struct web *web = w->data;
    if (!is_full(web))
        ev_timer_stop(loop, w);
    MHD_run(web->daemon);
}

static void on_prepare(struct ev_loop *loop, ev_prepare *w, int events)
{
    (void)events;
    struct web *web = w->data;
    MHD_UNSIGNED_LONG_LONG wait_ms;
    if (!ev_is_active(&web->crowded) && is_full(web))
        ev_timer_again(loop, &web->crowded);
    ev_timer_stop(loop, &web->timer);
    if (MHD_get_timeout(web->daemon, &wait_ms) != MHD_YES)
        return;
    ev_timer_set(&web->timer, (double)wait_ms / 1000, 0.);
    ev_timer_start(loop, &web->timer);
}

static int start_daemon(struct web *web, int fd)
{
    web->daemon =
        MHD_start_daemon(MHD_USE_EPOLL | MHD_USE_ERROR_LOG, 0, NULL, NULL, on_request, web,
                         MHD_OPTION_EXTERNAL_LOGGER, on_log, NULL, MHD_OPTION_LISTEN_SOCKET, fd,
                         MHD_OPTION_CONNECTION_LIMIT, (unsigned)LIMIT_WEB_CONNECTIONS,
                         MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)LIMIT_WEB_TIMEOUT_S,
                         MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)POOL_BYTES, MHD_OPTION_END);
    if (!web->daemon) {
        close(fd);
        return -EIO;
    }
    return 0;
}

static void watch(struct web *web)
{
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(web->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    ev_io_init(&web->io, on_readable, info->epoll_fd, EV_READ);
    ev_timer_init(&web->timer, on_timer, 0., 0.);
    ev_timer_init(&web->crowded, on_crowded, 0., CROWDED_S);
    ev_prepare_init(&web->prepare, on_prepare);
    web->io.data = web->timer.data = web->crowded.data = web->prepare.data = web;
    ev_io_start(web->loop, &web->io);
    ev_prepare_start(web->loop, &web->prepare);
}

int web_open(const struct web_options *options, struct web **out)
{
    union listen_address address;
    int fd;
    int error = listen_parse(options->listen, &address);
    if (!error)
        error = listen_open(&address, &fd);
    if (error)
        return error;
    struct web *web = xcalloc(1, sizeof *web);
    web->loop = options->loop;
    web->address = address;
    error = start_daemon(web, fd);
    if (error) {
        free(web);
        return error;
    }
    char text[LISTEN_TEXT];
    listen_text(&address, text);
    snprintf(web->url, sizeof web->url, "http://%s", text);
    web->routes = routes_new(options);
    watch(web);
    *out = web;
    return 0;
}

void web_close(struct web *web)
{
    if (!web)
        return;
    ev_io_stop(web->loop, &web->io);
    ev_timer_stop(web->loop, &web->timer);
    ev_timer_stop(web->loop, &web->crowded);
    ev_prepare_stop(web->loop, &web->prepare);
    MHD_stop_daemon(web->daemon); /* closes the listening socket too */
    routes_free(web->routes);
    free(web);
}

const char *web_address(const struct web *web)
{
    return web->url;
}
