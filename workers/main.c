/*
 * dateline-worker: receives work, analyses it, puts records into the sinks, flushes them, then
 * acknowledges. One thread, one loop; one process a core and host is how work scales.
 *
 * SIGTERM, SIGINT: takes no more work, finishes what it holds, says goodbye, exits 0. A second one:
 * at once.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sysexits.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>
#include <zmq.h>

#include "clock.h"
#include "config.h"
#include "desk.h"
#include "limits.h"
#include "log.h"
#include "session.h"

#define DAEMONS_MAX 32
#define SINKS_MAX   16
#define DRAIN_US                                                                                   \
    (8 * USEC_PER_SEC) /* with the sinks' waits and the linger below the 15 s we promise */
#define LINGER_MS     2000
#define STATUS_US     USEC_PER_SEC
#define IDLE_FLUSH_US USEC_PER_SEC

struct options {
    const char *config, *connect, *models, *name, *key, *server_key;
    char *languages; /* cut up in place */
    long credit;
};

struct worker {
    struct config *config;
    char name[LIMIT_WORKER_NAME + 1];
    const char *languages[LIMIT_LANGUAGES + 1]; /* NULL-terminated; none: all */
    void *zmq;
    struct keyring *keys;
    struct session sessions[DAEMONS_MAX];
    size_t session_count;
    struct sink *sinks[SINKS_MAX];
    struct desk desk;
    int signals;
    int64_t drain_until; /* monotonic; 0: not draining */
    int64_t status_at, idle_at, watchdog_at, watchdog_us;
    bool now; /* the second signal */
};

/* ----------------------------------------------------------------------------------- options */

static const char help[] =
    "usage: dateline-worker -c FILE | --connect ENDPOINT [options]\n"
    "  -c, --config FILE     the settings: worker.connect, worker.analyzers, sinks, …\n"
    "  --connect ENDPOINT    the daemon's work endpoint, instead of worker.connect\n"
    "  --models DIR          where language.model and topics.model are\n"
    "  --credit N            most items held at once\n"
    "  --languages LIST      takes items of these only, such as en,de,und (und: of no known one)\n"
    "  --name NAME           what the daemon calls this worker; host and process id when not "
    "given\n"
    "  --key FILE            this worker's own key, instead of security.key\n"
    "  --server-key FILE|KEY the daemon's public key, instead of security.server_key\n"
    "  --debug               log every change of state\n"
    "  --version, --help\n";

static int usage(int code)
{
    (void)fputs(help, code == EX_OK ? stdout : stderr);
    return code;
}

/* -1: go on; else the exit status. */
static int read_options(int argc, char **argv, struct options *o)
{
    static const struct option longs[] = {{"config", required_argument, NULL, 'c'},
                                          {"connect", required_argument, NULL, 'e'},
                                          {"models", required_argument, NULL, 'm'},
                                          {"credit", required_argument, NULL, 'r'},
                                          {"languages", required_argument, NULL, 'l'},
                                          {"name", required_argument, NULL, 'n'},
                                          {"key", required_argument, NULL, 'k'},
                                          {"server-key", required_argument, NULL, 's'},
                                          {"debug", no_argument, NULL, 'd'},
                                          {"version", no_argument, NULL, 'V'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    uint64_t number;
    for (int c; (c = getopt_long(argc, argv, "c:h", longs, NULL)) != -1;) {
        switch (c) {
        case 'c':
            o->config = optarg;
            break;
        case 'e':
            o->connect = optarg;
            break;
        case 'm':
            o->models = optarg;
            break;
        case 'l':
            o->languages = optarg;
            break;
        case 'n':
            o->name = optarg;
            break;
        case 'k':
            o->key = optarg;
            break;
        case 's':
            o->server_key = optarg;
            break;
        case 'd':
            log_set_level(LOG_DEBUG);
            break;
        case 'V':
            (void)puts("dateline-worker " DATELINE_VERSION);
            return EX_OK;
        case 'h':
            return usage(EX_OK);
        case 'r':
            if (str_u64(str_of(optarg), &number) != 0 || number < 1 || number > LIMIT_CREDIT) {
                (void)fprintf(stderr, "dateline-worker: --credit is a number from 1 to %d\n",
                              LIMIT_CREDIT);
                return EX_USAGE;
            }
            o->credit = (long)number;
            break;
        default:
            return usage(EX_USAGE);
        }
    }
    return optind == argc && (o->config || o->connect) ? -1 : usage(EX_USAGE);
}

/* ----------------------------------------------------------------------------------- opening */

static int load_config(struct worker *w, const struct options *o)
{
    struct config_error error;
    if (!o->config) {
        w->config = config_defaults();
        return EX_OK;
    }
    if (config_load(o->config, &w->config, &error) != 0) {
        log_error("worker: settings refused %s", log_safez(error.text));
        return EX_CONFIG;
    }
    if (log_wants((enum log_level)w->config->log_level) && !log_wants(LOG_DEBUG))
        log_set_level((enum log_level)w->config->log_level);
    return EX_OK;
}

static int open_analyzers(struct worker *w, const struct options *o)
{
    char why[ANALYZE_WHY];
    char *dir = analyze_models_dir(o->models ? o->models : w->config->worker.models);
    struct analyze_options options = {.models = dir};
    int r = analyze_open(w->config->worker.analyzers, &options, why, &w->desk.analyzers);
    free(dir);
    if (r == 0)
        return EX_OK;
    log_error("worker: analyzers cannot start reason=%s", log_safez(why));
    return EX_CONFIG;
}

static int open_sinks(struct worker *w)
{
    char why[SINK_WHY];
    w->desk.sinks = w->sinks;
    if (w->config->sink_count > SINKS_MAX) {
        log_error("worker: too many sinks count=%zu limit=%d", w->config->sink_count, SINKS_MAX);
        return EX_CONFIG;
    }
    for (size_t i = 0; i < w->config->sink_count; i++) {
        const struct config_sink *c = &w->config->sinks[i];
        struct sink_config config = {.kind = c->kind,
                                     .path = c->path,
                                     .conninfo = c->conninfo,
                                     .schema = c->schema,
                                     .table = c->table,
                                     .password_file = c->password_file,
                                     .rotate_bytes = c->rotate_bytes,
                                     .rotate_keep = c->keep};
        if (c->fsync && sink_fsync_named(c->fsync, &config.fsync) != 0) {
            log_error("worker: unknown sink setting fsync=%s", log_safez(c->fsync));
            return EX_CONFIG;
        }
        if (sink_open(&config, why, &w->sinks[i]) != 0) {
            log_error("worker: sink cannot be opened reason=%s", log_safez(why));
            return EX_CANTCREAT;
        }
        if (sink_why(w->sinks[i])[0])
            log_warning("worker: sink is not there yet sink=%s path=%s reason=%s", c->kind,
                        log_safez(sink_path(w->sinks[i])), log_safez(sink_why(w->sinks[i])));
        w->desk.sink_count++;
    }
    return EX_OK;
}

static int add_language(struct worker *w, size_t *count, const char *language)
{
    if (*count == LIMIT_LANGUAGES || !wire_is_language(str_of(language))) {
        log_error("worker: languages are up to %d codes such as en, or und language=%s",
                  LIMIT_LANGUAGES, log_safez(language));
        return EX_CONFIG;
    }
    w->languages[(*count)++] = language;
    return EX_OK;
}

/* Of the options, else of the settings. */
static int choose_languages(struct worker *w, const struct options *o)
{
    size_t count = 0;
    int code = EX_OK;
    char *rest = o->languages, *one;
    while (code == EX_OK && (one = strsep(&rest, ",")) != NULL)
        code = add_language(w, &count, one);
    char **settings = o->languages ? NULL : w->config->worker.languages;
    for (; code == EX_OK && settings && *settings; settings++)
        code = add_language(w, &count, *settings);
    return code;
}

static int open_session(struct worker *w, const char *endpoint, uint32_t credit)
{
    struct wire_hello hello = {.worker = w->name,
                               .credit = credit,
                               .languages = w->languages,
                               .capabilities = (const char *const *)w->config->worker.analyzers};
    int r = w->session_count < DAEMONS_MAX ? session_open(&w->sessions[w->session_count], w->zmq,
                                                          w->keys, endpoint, &hello, &w->desk)
                                           : -E2BIG;
    w->session_count += r != -E2BIG;
    if (r == 0)
        return EX_OK;
    log_error("worker: cannot connect endpoint=%s error=%s", log_safez(endpoint),
              log_safez(zmq_strerror(-r)));
    return EX_CONFIG;
}

/* Of the options, else of the settings. */
static int open_keys(struct worker *w, const struct options *o)
{
    char why[KEYRING_WHY];
    const struct keyring_files files = {o->key ? o->key : w->config->security.key,
                                        o->server_key ? o->server_key
                                                      : w->config->security.server_key};
    if (files.server && !files.key) {
        log_error("worker: --server-key needs --key, or security.key in the settings");
        return EX_USAGE;
    }
    if (keyring_open(&files, &w->keys, why) == 0)
        return EX_OK;
    log_error("worker: keys cannot be read reason=%s", log_safez(why));
    return EX_CONFIG;
}

static int open_sessions(struct worker *w, const struct options *o)
{
    uint32_t credit = o->credit ? (uint32_t)o->credit : w->config->worker.credit;
    w->zmq = zmq_ctx_new();
    if (!w->zmq)
        return EX_OSERR;
    if (o->connect)
        return open_session(w, o->connect, credit);
    int code = EX_OK;
    for (char **endpoint = w->config->worker.connect; code == EX_OK && *endpoint; endpoint++)
        code = open_session(w, *endpoint, credit);
    return code;
}

/* Printable ASCII, as the protocol wants it. */
static void make_name(struct worker *w, const char *given)
{
    char host[LIMIT_WORKER_NAME - 16] = "";
    if (gethostname(host, sizeof(host) - 1) != 0)
        host[0] = '\0';
    if (given)
        (void)snprintf(w->name, sizeof(w->name), "%s", given);
    else
        (void)snprintf(w->name, sizeof(w->name), "%s-%d", host[0] ? host : "worker", (int)getpid());
    for (char *c = w->name; *c; c++) {
        if (*c <= ' ' || *c > '~')
            *c = '_';
    }
}

/* Before libzmq's threads exist, so that they inherit the mask. */
static int open_signals(struct worker *w)
{
    sigset_t set;
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGINT);
    (void)sigaddset(&set, SIGHUP); /* nothing to reload: a worker is restarted */
    (void)sigprocmask(SIG_BLOCK, &set, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
    w->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return w->signals >= 0 ? EX_OK : EX_OSERR;
}

/* ---------------------------------------------------------------------------------- the loop */

static void drain(struct worker *w, int64_t now)
{
    log_info("worker: stopping held=%zu", w->desk.count);
    (void)sd_notify(0, "STOPPING=1\nSTATUS=finishing what is held");
    w->drain_until = now + DRAIN_US;
    for (size_t i = 0; i < w->session_count; i++)
        session_leave(&w->sessions[i]);
}

static void read_signals(struct worker *w, int64_t now)
{
    struct signalfd_siginfo info;
    while (read(w->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
        if (info.ssi_signo == SIGHUP)
            continue;
        if (w->drain_until != 0)
            w->now = true;
        else
            drain(w, now);
    }
}

static bool drained(const struct worker *w)
{
    for (size_t i = 0; i < w->session_count; i++) {
        if (w->sessions[i].state != SESSION_LEFT)
            return false;
    }
    return w->desk.count == 0;
}

static size_t working(const struct worker *w)
{
    size_t count = 0;
    for (size_t i = 0; i < w->session_count; i++)
        count += w->sessions[i].state == SESSION_WORKING;
    return count;
}

static bool hopeless(const struct worker *w)
{
    for (size_t i = 0; i < w->session_count; i++) {
        if (w->sessions[i].state != SESSION_REFUSED)
            return false;
    }
    return true;
}

static void notify(struct worker *w, int64_t now)
{
    if (w->watchdog_us > 0 && now >= w->watchdog_at) {
        (void)sd_notify(0, "WATCHDOG=1");
        w->watchdog_at = now + w->watchdog_us / 3;
    }
    if (now < w->status_at || w->drain_until != 0)
        return;
    (void)sd_notifyf(0, "STATUS=%zu of %zu daemons, %llu records kept, %zu held%s%s", working(w),
                     w->session_count, (unsigned long long)w->desk.done, w->desk.count,
                     w->desk.trouble[0] ? "; " : "", w->desk.trouble);
    w->status_at = now + STATUS_US;
}

/* Milliseconds, rounded up: a loop that wakes a little early would turn until the time has come. */
static long sleep_for(const struct worker *w, int64_t now)
{
    int64_t least = STATUS_US;
    if (desk_busy(&w->desk, now))
        return 0;
    if (w->desk.retry_at > now && w->desk.retry_at - now < least)
        least = w->desk.retry_at - now;
    for (size_t i = 0; i < w->session_count; i++) {
        int64_t due = session_due(&w->sessions[i], now);
        least = due < least ? due : least;
    }
    if (w->drain_until != 0 && least > 100 * USEC_PER_MSEC)
        least = 100 * USEC_PER_MSEC;
    return (long)((least + USEC_PER_MSEC - 1) / USEC_PER_MSEC);
}

static void wait_for_something(struct worker *w, long timeout_ms)
{
    zmq_pollitem_t poll[DAEMONS_MAX + 1] = {{.fd = w->signals, .events = ZMQ_POLLIN}};
    for (size_t i = 0; i < w->session_count; i++)
        poll[i + 1] = (zmq_pollitem_t){
            .socket = w->sessions[i].socket, .fd = -1, .events = ZMQ_POLLIN}; /* -1: no socket */
    (void)zmq_poll(poll, (int)w->session_count + 1, timeout_ms); /* EINTR is as good as a wake-up */
}

static void turn(struct worker *w)
{
    int64_t now = clock_mono();
    read_signals(w, now);
    for (size_t i = 0; i < w->session_count; i++)
        (void)session_receive(&w->sessions[i], now);
    if (desk_step(&w->desk, now)) {
        w->idle_at = now + IDLE_FLUSH_US;
    } else if (now >= w->idle_at) {
        desk_idle(&w->desk);
        w->idle_at = now + IDLE_FLUSH_US;
    }
    now = clock_mono();
    for (size_t i = 0; i < w->session_count; i++)
        session_tick(&w->sessions[i], now);
    notify(w, now);
}

static int loop(struct worker *w)
{
    (void)sd_notify(0, "READY=1");
    log_info("worker: ready name=%s daemons=%zu sinks=%zu", w->name, w->session_count,
             w->desk.sink_count);
    for (;;) {
        int64_t now = clock_mono();
        if (w->drain_until != 0 && (drained(w) || w->now || now >= w->drain_until))
            break;
        if (hopeless(w) && w->drain_until == 0)
            return EX_PROTOCOL;
        wait_for_something(w, sleep_for(w, now));
        turn(w);
    }
    for (size_t i = 0; i < w->session_count; i++)
        session_give_back(&w->sessions[i]);
    log_info("worker: stopped kept=%llu given_back_or_lost=%zu", (unsigned long long)w->desk.done,
             w->desk.count);
    return EX_OK;
}

static void close_all(struct worker *w)
{
    desk_done(&w->desk);
    for (size_t i = 0; i < w->session_count; i++)
        session_close(&w->sessions[i], w->now ? 0 : LINGER_MS);
    if (w->zmq)
        (void)zmq_ctx_term(w->zmq);
    for (size_t i = 0; i < w->desk.sink_count; i++)
        sink_close(w->sinks[i]);
    analyze_close(w->desk.analyzers);
    keyring_close(w->keys);
    config_free(w->config);
    if (w->signals >= 0)
        (void)close(w->signals);
}

int main(int argc, char **argv)
{
    struct options o = {0};
    struct worker w = {.signals = -1};
    uint64_t watchdog_us = 0;
    int code = read_options(argc, argv, &o);
    if (code >= 0)
        return code;
    make_name(&w, o.name);
    if (sd_watchdog_enabled(0, &watchdog_us) > 0)
        w.watchdog_us = (int64_t)watchdog_us;
    if ((code = load_config(&w, &o)) == EX_OK && (code = open_signals(&w)) == EX_OK &&
        (code = open_analyzers(&w, &o)) == EX_OK && (code = open_sinks(&w)) == EX_OK &&
        (code = choose_languages(&w, &o)) == EX_OK && (code = open_keys(&w, &o)) == EX_OK &&
        (code = open_sessions(&w, &o)) == EX_OK)
        code = loop(&w);
    close_all(&w);
    return code;
}
