#include "control.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <zmq.h>

#include "jsontext.h"
#include "limits.h"
#include "list.h"
#include "log.h"
#include "utf8.h"

#define ANSWER_FORM (JSON_COMPACT | JSON_REAL_PRECISION(12))
#include "zev.h"

/*
 * A request is   [identity] [empty, when the peer is a REQ] [JSON]
 * and its answer goes back in the same envelope. Every call is on the `owed` list from its arrival
 * to its answer, so that closing frees what nobody answered.
 */
#define IDENTITY_MAX 255
#define SEND_QUEUE   16 /* messages that wait for one peer, or of it: each may be of many MiB */

struct control_call {
    struct control_call *prev, *next;
    struct control *control;
    unsigned char identity[IDENTITY_MAX];
    size_t identity_len;
    bool delimiter;
};

struct control {
    struct control_options options;
    void *socket;
    struct zev zev;
    struct control_call *owed;
    unsigned owed_count;
    uint64_t junk;
};

/* ZeroMQ unlinks a stale socket file before it binds; the mode is ours to set. */
static int restrict_mode(const char *endpoint)
{
    struct str path = str_of(endpoint);
    if (!str_starts(path, STR("ipc://")) || str_starts(path, STR("ipc://@")))
        return 0;
    return chmod(endpoint + 6, 0660) < 0 ? -errno : 0;
}

static void call_free(struct control_call *call)
{
    DL_DELETE(call->control->owed, call);
    call->control->owed_count--;
    free(call);
}

static void send_text(struct control_call *call, const char *text, size_t len)
{
    void *socket = call->control->socket;
    zev_stir(&call->control->zev);
    if (zmq_send(socket, call->identity, call->identity_len, ZMQ_SNDMORE | ZMQ_DONTWAIT) < 0)
        return; /* the peer has gone */
    if (call->delimiter)
        zmq_send(socket, "", 0, ZMQ_SNDMORE | ZMQ_DONTWAIT);
    if (zmq_send(socket, text, len, ZMQ_DONTWAIT) < 0)
        log_warning("control: answer not sent error=\"%s\"", zmq_strerror(errno));
}

void control_answer(struct control_call *call, json_t *answer)
{
    size_t len = json_dumpb(answer, NULL, 0, ANSWER_FORM);
    if (len > LIMIT_REPLY_JSON || len == 0) {
        json_decref(answer);
        control_fail(call, 70, "the answer would be %zu bytes long; ask for less", len);
        return;
    }
    char *text = xmalloc(len);
    json_dumpb(answer, text, len, ANSWER_FORM);
    json_decref(answer);
    send_text(call, text, len);
    free(text);
    call_free(call);
}

void control_fail(struct control_call *call, int code, const char *format, ...)
{
    struct buf why = BUF_NONE, valid = BUF_NONE;
    va_list args;
    va_start(args, format);
    buf_vprintf(&why, format, args);
    va_end(args);
    utf8_repair(buf_str(&why), &valid);
    control_answer(call, json_pack("{s:b, s:s%, s:i}", "ok", 0, "error", buf_cstr(&valid),
                                   valid.len, "code", code));
    buf_free(&why);
    buf_free(&valid);
}

static void junk(struct control_call *call, const char *why)
{
    struct control *control = call->control;
    control->junk++;
    log_warning("control: request refused why=\"%s\" total=%llu", why,
                (unsigned long long)control->junk);
    control_fail(call, 65, "%s", why);
}

static void take_request(struct control_call *call, struct str text)
{
    struct control *control = call->control;
    if (control->owed_count > LIMIT_CONTROL_OWED) {
        control_fail(call, 75, "too many requests are being answered, try again");
        return;
    }
    json_t *request;
    const char *why = jsontext_load(text, &request);
    if (why) {
        junk(call, why);
        return;
    }
    if (!json_is_string(json_object_get(request, "do")))
        junk(call, "a request is {\"do\": \"…\", …}");
    else
        control->options.up(control->options.ctx, request, call);
    json_decref(request);
}

/* The frames of one message. False when there was none, or its sender is not let in. */
static bool receive(struct control *control, struct control_call *call, zmq_msg_t *body)
{
    int len = zmq_recv(control->socket, call->identity, sizeof call->identity, ZMQ_DONTWAIT);
    if (len < 0)
        return false;
    call->identity_len = (size_t)len <= sizeof call->identity ? (size_t)len : 0;
    unsigned frames = 0;
    int more = 0;
    bool admitted = true;
    size_t size = sizeof more;
    while (zmq_getsockopt(control->socket, ZMQ_RCVMORE, &more, &size) == 0 && more) {
        if (zmq_msg_recv(body, control->socket, ZMQ_DONTWAIT) < 0)
            break;
        if (frames == 0)
            admitted = keyring_admit(control->options.keys, KEYRING_CONTROL, body);
        if (frames++ == 0 && zmq_msg_size(body) == 0)
            call->delimiter = true;
    }
    call->delimiter = call->delimiter && frames > 1;
    return admitted;
}

static int on_ready(struct zev *z, int events)
{
    struct control *control = z->data;
    if (!(events & ZMQ_POLLIN))
        return 0;
    struct control_call *call = xcalloc(1, sizeof *call);
    zmq_msg_t body;
    zmq_msg_init(&body);
    if (!receive(control, call, &body)) {
        free(call);
        zmq_msg_close(&body);
        return 0;
    }
    call->control = control;
    DL_APPEND(control->owed, call);
    control->owed_count++;
    take_request(call, (struct str){zmq_msg_data(&body), zmq_msg_size(&body)});
    zmq_msg_close(&body);
    return 1;
}

static int set_option(void *socket, int option, int value)
{
    return zmq_setsockopt(socket, option, &value, sizeof value) < 0 ? -errno : 0;
}

static int configure(void *socket)
{
    int64_t most = LIMIT_REQUEST_JSON;
    int error = set_option(socket, ZMQ_LINGER, 500);
    if (!error)
        error = set_option(socket, ZMQ_SNDHWM, SEND_QUEUE);
    if (!error)
        error = set_option(socket, ZMQ_RCVHWM, SEND_QUEUE);
    if (!error)
        error = set_option(socket, ZMQ_HANDSHAKE_IVL, LIMIT_HANDSHAKE_MS);
    if (!error && zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &most, sizeof most) < 0)
        error = -errno;
    return error;
}

int control_open(const struct control_options *options, struct control **out)
{
    struct control *control = xcalloc(1, sizeof *control);
    control->options = *options;
    control->socket = zmq_socket(options->zmq, ZMQ_ROUTER);
    int error = control->socket ? configure(control->socket) : -errno;
    if (!error)
        error = keyring_serve(options->keys, control->socket, KEYRING_CONTROL);
    if (!error && zmq_bind(control->socket, options->bind) < 0)
        error = -errno;
    if (!error)
        error = restrict_mode(options->bind);
    control->zev = (struct zev){.socket = control->socket, .on_ready = on_ready, .data = control};
    if (!error)
        error = zev_start(&control->zev, options->loop);
    if (error) {
        if (control->socket)
            zmq_close(control->socket);
        free(control);
        return error;
    }
    *out = control;
    return 0;
}

void control_close(struct control *control)
{
    if (!control)
        return;
    struct control_call *call, *next;
    DL_FOREACH_SAFE (control->owed, call, next)
        call_free(call);
    zev_stop(&control->zev);
    zmq_close(control->socket);
    free(control);
}
