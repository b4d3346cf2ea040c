#include "ask.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sysexits.h>
#include <unistd.h>
#include <zmq.h>

#include "clock.h"
#include "human.h"
#include "limits.h"
#include "show.h"

/* ---- options */

int ask_option(struct ask *ask, int option)
{
    switch (option) {
    case 'c':
        ask->config = optarg;
        return -1;
    case ASK_CONNECT:
        ask->connect = optarg;
        return -1;
    case ASK_KEY:
        ask->key = optarg;
        return -1;
    case ASK_SERVER_KEY:
        ask->server_key = optarg;
        return -1;
    case ASK_JSON:
        ask->json = true;
        return -1;
    case 'h':
        return command_usage(ask->command, EX_OK);
    default:
        return command_usage(ask->command, EX_USAGE);
    }
}

int ask_parse(struct ask *ask, int argc, char **argv, int least, int most)
{
    static const struct option options[] = {ASK_LONG, {NULL, 0, NULL, 0}};
    int option, code;
    while ((option = getopt_long(argc, argv, ASK_SHORT, options, NULL)) != -1)
        if ((code = ask_option(ask, option)) >= 0)
            return code;
    if (argc - optind < least || argc - optind > most)
        return command_usage(ask->command, EX_USAGE);
    return -1;
}

/* ---- where is it? */

/* False when there is none. */
static bool find_config(struct buf *out)
{
    const char *named = getenv("DATELINE_CONFIG"), *xdg = getenv("XDG_CONFIG_HOME");
    const char *home = getenv("HOME");
    if (named && *named) {
        buf_putz(out, named);
        return true; /* a name that was given on purpose is not passed over */
    }
    bool has_xdg = xdg && *xdg == '/';
    const struct {
        const char *folder, *rest;
    } places[] = {
        {"", "dateline.yaml"},
        {has_xdg ? xdg : NULL, "/dateline/dateline.yaml"},
        {has_xdg ? NULL : home, "/.config/dateline/dateline.yaml"},
        {"", DATELINE_SYSCONF "/dateline.yaml"},
    };
    for (size_t i = 0; i < ARRAY_LEN(places); i++) {
        if (!places[i].folder)
            continue;
        buf_reset(out);
        buf_printf(out, "%s%s", places[i].folder, places[i].rest);
        if (access(buf_cstr(out), F_OK) == 0)
            return true;
    }
    return false;
}

int ask_config(const struct command *command, const char *path, struct config **out)
{
    struct config_error error;
    struct buf found = BUF_NONE;
    int code = 0;
    if (!path && !find_config(&found)) {
        *out = config_defaults();
    } else {
        int r = config_load(path ? path : buf_cstr(&found), out, &error);
        if (r < 0)
            code = command_fail(command, r == -EINVAL ? EX_CONFIG : EX_NOINPUT, "%s", error.text);
    }
    buf_free(&found);
    return code;
}

struct keyring_files ask_key_files(const struct ask *ask, const struct config *config,
                                   char **made_out)
{
    struct keyring_files files = {ask->key, ask->server_key};
    *made_out = NULL;
    if (!files.server && config)
        files.server = config->security.server_key;
    if (!files.server && files.key && config && config->security.key)
        files.server = *made_out = xasprintf("%s.pub", config->security.key);
    if (!files.key && config)
        files.key = config->security.key;
    return files;
}

int ask_keys(const struct ask *ask, const struct config *config, struct keyring **out)
{
    char why[KEYRING_WHY], *made;
    const struct keyring_files files = ask_key_files(ask, config, &made);
    bool half = files.server && !files.key;
    int r = half ? 0 : keyring_open(&files, out, why);
    free(made);
    if (half)
        return command_fail(ask->command, EX_USAGE, "--server-key needs --key");
    if (r == -EACCES)
        return command_fail(ask->command, EX_NOPERM, "%s; give a key of your own by --key", why);
    return r == 0 ? 0
                  : command_fail(ask->command, r == -EBADMSG ? EX_CONFIG : EX_NOINPUT, "%s", why);
}

/* ---- is anybody there? ZeroMQ connects to nothing for ever without a word, so a Unix socket is
 * tried by hand first: why it fails is what the user needs to know. */

static int nobody(const struct ask *ask, const char *endpoint, int error)
{
    struct buf shown = BUF_NONE;
    int code = EX_UNAVAILABLE;
    show_fit(&shown, str_of(endpoint), 160);
    const char *why = "is datelined running?";
    if (error == EACCES || error == EPERM) {
        code = EX_NOPERM;
        why = "permission denied: only root and members of the daemon's group may connect";
    } else if (error == ENOENT) {
        why = "there is no such socket; is datelined running, and with this configuration?";
    } else if (error == ECONNREFUSED) {
        why = "the socket is left from a daemon that has ended";
    } else if (error == EAGAIN) {
        why = "it gave no answer within 5 s";
    }
    command_fail(ask->command, code, "no daemon answers at %s: %s", buf_cstr(&shown), why);
    buf_free(&shown);
    return code;
}

static int try_socket(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t len = strlen(path);
    int error = 0;
    if (len > LIMIT_SOCKET_PATH)
        return ENAMETOOLONG;
    memcpy(address.sun_path, path, len);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof address) < 0)
        error = errno;
    if (fd >= 0)
        close(fd);
    return error;
}

/* ---- one question, one answer */

static void *open_socket(void *zmq)
{
    int linger = 0, timeout = LIMIT_ASK_MS;
    int64_t most = LIMIT_REPLY_JSON;
    void *socket = zmq_socket(zmq, ZMQ_REQ);
    if (!socket)
        return NULL;
    zmq_setsockopt(socket, ZMQ_LINGER, &linger, sizeof linger);
    zmq_setsockopt(socket, ZMQ_SNDTIMEO, &timeout, sizeof timeout);
    zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &most, sizeof most);
    return socket;
}

/* 0 or an errno; EKEYREJECTED: the daemon does not let us in, *verdict_out says why. */
static int wait_for_answer(void *socket, void *watch, enum keyring_verdict *verdict_out)
{
    zmq_pollitem_t items[2] = {{socket, 0, ZMQ_POLLIN, 0}, {watch, 0, ZMQ_POLLIN, 0}};
    int64_t end = clock_mono() + LIMIT_ASK_MS * USEC_PER_MSEC, now;
    while ((now = clock_mono()) < end) {
        int n = zmq_poll(items, watch ? 2 : 1, (long)((end - now) / USEC_PER_MSEC + 1));
        if (n < 0 && errno != EINTR)
            return errno;
        if (n > 0 && items[0].revents)
            return 0;
        *verdict_out = keyring_verdict(watch);
        if (*verdict_out != KEYRING_NO_VERDICT)
            return EKEYREJECTED;
    }
    return EAGAIN;
}

/* As wait_for_answer(). */
static int exchange(void *socket, void *watch, const char *endpoint, const char *request,
                    zmq_msg_t *answer, enum keyring_verdict *verdict_out)
{
    if (zmq_connect(socket, endpoint) < 0)
        return errno;
    if (zmq_send(socket, request, strlen(request), 0) < 0)
        return errno;
    int error = wait_for_answer(socket, watch, verdict_out);
    if (!error && zmq_msg_recv(answer, socket, ZMQ_DONTWAIT) < 0)
        error = errno;
    return error;
}

static int understand(const struct ask *ask, zmq_msg_t *message, json_t **out)
{
    json_t *answer = json_loadb(zmq_msg_data(message), zmq_msg_size(message), 0, NULL);
    if (json_is_true(json_object_get(answer, "ok"))) {
        *out = answer;
        return 0;
    }
    struct str error = json_text(answer, "error");
    json_int_t code = json_integer_value(json_object_get(answer, "code"));
    struct buf shown = BUF_NONE;
    show_put(&shown, error.len ? error : STR("what answered is no Dateline daemon"));
    if (code < EX__BASE || code > EX__MAX)
        code = EX_PROTOCOL;
    command_fail(ask->command, (int)code, "%s", buf_cstr(&shown));
    buf_free(&shown);
    json_decref(answer);
    return (int)code;
}

static int not_answered(const struct ask *ask, const char *endpoint, int error,
                        enum keyring_verdict verdict)
{
    if (error == EAGAIN)
        return nobody(ask, endpoint, error);
    if (error == EKEYREJECTED)
        return command_fail(ask->command, EX_NOPERM, "%s", keyring_verdict_text(verdict));
    return command_fail(ask->command, EX_UNAVAILABLE, "cannot connect to %s: %s", endpoint,
                        zmq_strerror(error));
}

static int ask_socket(const struct ask *ask, const struct keyring *keys, const char *endpoint,
                      const char *request, json_t **out)
{
    enum keyring_verdict verdict = KEYRING_NO_VERDICT;
    zmq_msg_t answer;
    zmq_msg_init(&answer);
    void *zmq = zmq_ctx_new();
    void *socket = zmq ? open_socket(zmq) : NULL;
    void *watch = socket ? keyring_watch(zmq, socket) : NULL;
    int error = !socket ? errno : -keyring_dial(keys, socket);
    if (!error)
        error = exchange(socket, watch, endpoint, request, &answer, &verdict);
    int code = error ? not_answered(ask, endpoint, error, verdict) : understand(ask, &answer, out);
    zmq_msg_close(&answer);
    if (socket)
        zmq_close(socket);
    if (watch)
        zmq_close(watch);
    if (zmq)
        zmq_ctx_term(zmq);
    return code;
}

static int ask_endpoint(const struct ask *ask, const struct config *config, const char *request,
                        json_t **out)
{
    struct keyring *keys = NULL;
    char *endpoint = ask->connect ? xstrdup(ask->connect) : config_reach(config->control.bind);
    int code = ask_keys(ask, config, &keys), error = 0;
    if (code == 0 && str_starts(str_of(endpoint), STR("ipc:///")))
        error = try_socket(endpoint + 6);
    if (error)
        code = nobody(ask, endpoint, error);
    if (code == 0)
        code = ask_socket(ask, keys, endpoint, request, out);
    keyring_close(keys);
    free(endpoint);
    return code;
}

int ask_daemon(const struct ask *ask, json_t *request, json_t **out)
{
    struct config *config = NULL;
    bool named = ask->connect && !ask->config; /* then no configuration is looked for */
    int code = named ? 0 : ask_config(ask->command, ask->config, &config);
    if (code == 0) {
        char *text = json_dumps(request, JSON_COMPACT);
        code = text ? ask_endpoint(ask, config, text, out)
                    : command_fail(ask->command, EX_USAGE, "the arguments are not UTF-8");
        free(text);
    }
    json_decref(request);
    config_free(config);
    return code;
}

void ask_put_json(const json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT | JSON_REAL_PRECISION(12));
    struct buf shown = BUF_NONE;
    if (isatty(STDOUT_FILENO))
        show_put(&shown, str_of(text));
    else
        buf_putz(&shown, text);
    fputs(buf_cstr(&shown), stdout);
    buf_free(&shown);
    free(text);
}

int ask_print_json(const json_t *answer)
{
    ask_put_json(answer);
    putchar('\n');
    return EX_OK;
}

int ask_reach(const struct ask *ask, const char *endpoint, int error)
{
    if (error == 0 && str_starts(str_of(endpoint), STR("ipc:///")))
        error = try_socket(endpoint + 6);
    return error ? nobody(ask, endpoint, error) : 0;
}
