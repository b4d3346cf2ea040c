/* datelined: options, signals, the service manager. What it does stands in pipeline/. */
#include <errno.h>
#include <ev.h>
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "clock.h"
#include "config.h"
#include "log.h"
#include "offline.h"
#include "pipeline.h"

#define DRAIN_S  10.0 /* then what workers still hold is left to the next start */
#define STATUS_S 5.0

struct daemon {
    struct ev_loop *loop;
    struct pipeline *pipeline;
    ev_signal term, interrupt, hangup;
    ev_timer watchdog, drain;
    bool stopping, stands;
};

static const char usage[] =
    "usage: datelined -c FILE          run\n"
    "       datelined -t -c FILE       check the configuration and the state's version, then exit\n"
    "       datelined -t --check-state -c FILE   read and check every row of the state too\n"
    "       datelined --repair -c FILE           save what can be read of a damaged state\n"
    "       datelined --restore DIR [--backup ID] -c FILE   put a backup in the state's place\n"
    "       datelined --backups DIR    the backups in DIR (dateline backup makes them)\n"
    "       datelined --help-config    every setting with its default\n"
    "\n"
    "  -c, --config FILE   the configuration (YAML)\n"
    "  -t, --test          check only; runs beside a daemon that uses the same state\n"
    "      --debug         log every change of state\n"
    "      --version\n"
    "  -h, --help\n"
    "\n"
    "SIGTERM and SIGINT stop it: sources are asked no more, results under way are taken,\n"
    "a second signal ends it at once. SIGHUP reads the authorised keys again.\n"
    "See datelined(8), dateline.yaml(5).\n";

/* ------------------------------------------------------------------------------------ stopping */

static void stop_now(struct daemon *d)
{
    ev_break(d->loop, EVBREAK_ALL);
}

static void on_drained(void *ctx)
{
    stop_now(ctx);
}

static void on_drain_timeout(struct ev_loop *loop, ev_timer *w, int events)
{
    (void)loop;
    (void)events;
    log_info("datelined: workers still hold items, they go out again after the next start");
    stop_now(w->data);
}

static void on_signal(struct ev_loop *loop, ev_signal *w, int events)
{
    struct daemon *d = w->data;
    (void)events;
    if (d->stopping) {
        stop_now(d);
        return;
    }
    d->stopping = true;
    sd_notify(0, "STOPPING=1");
    log_info("datelined: stopping signal=%d", w->signum);
    ev_timer_init(&d->drain, on_drain_timeout, DRAIN_S, 0);
    d->drain.data = d;
    ev_timer_start(loop, &d->drain);
    pipeline_drain(d->pipeline, on_drained, d);
}

/* ------------------------------------------------------------------------------------- reloading */

/* systemd.service(5), Type=notify: from RELOADING=1 to READY=1 the unit counts as reloading. */
static void on_hangup(struct ev_loop *loop, ev_signal *w, int events)
{
    struct daemon *d = w->data;
    (void)loop;
    (void)events;
    if (d->stopping)
        return;
    sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%lld", (long long)clock_mono());
    pipeline_reload(d->pipeline);
    sd_notify(0, "READY=1");
}

/* -------------------------------------------------------------------------------------- running */

/* A pipeline that stands still is let die: the service manager starts it anew, and nothing is lost. */
static void on_watchdog(struct ev_loop *loop, ev_timer *w, int events)
{
    struct daemon *d = w->data;
    const char *why = NULL;
    (void)loop;
    (void)events;
    bool moves = pipeline_moves(d->pipeline, &why);
    if (moves)
        sd_notifyf(0, "WATCHDOG=1\nSTATUS=%s", pipeline_summary(d->pipeline));
    else
        sd_notifyf(0, "STATUS=stands still: %s", why);
    if (moves == d->stands)
        log_warning("datelined: %s why=%s",
                    moves ? "moves again" : "stands still, the watchdog is fed no more",
                    why ? why : "-");
    d->stands = !moves;
}

/* A third of what the service manager allows; without one, only the status line. */
static double watchdog_seconds(void)
{
    uint64_t us = 0;
    if (sd_watchdog_enabled(0, &us) > 0 && us > 0 && (double)us / 3e6 < STATUS_S)
        return (double)us / 3e6;
    return STATUS_S;
}

static void start_watchers(struct daemon *d)
{
    ev_signal_init(&d->term, on_signal, SIGTERM);
    ev_signal_init(&d->interrupt, on_signal, SIGINT);
    ev_signal_init(&d->hangup, on_hangup, SIGHUP);
    ev_timer_init(&d->watchdog, on_watchdog, 0, watchdog_seconds());
    d->term.data = d->interrupt.data = d->hangup.data = d->watchdog.data = d;
    ev_signal_start(d->loop, &d->term);
    ev_signal_start(d->loop, &d->interrupt);
    ev_signal_start(d->loop, &d->hangup);
    ev_timer_start(d->loop, &d->watchdog);
}

static void stop_watchers(struct daemon *d)
{
    ev_signal_stop(d->loop, &d->term);
    ev_signal_stop(d->loop, &d->interrupt);
    ev_signal_stop(d->loop, &d->hangup);
    signal(SIGHUP, SIG_IGN); /* libev left it deadly */
    ev_timer_stop(d->loop, &d->watchdog);
    ev_timer_stop(d->loop, &d->drain);
}

static int run(const struct config *config)
{
    struct daemon d = {.loop = ev_default_loop(0)};
    char why[PIPELINE_WHY];
    int rc = pipeline_open(config, d.loop, &d.pipeline, why);
    if (rc != 0) {
        log_error("datelined: %s", why);
        return rc;
    }
    start_watchers(&d);
    const char *web = pipeline_web_address(d.pipeline);
    log_info("datelined: ready version=%s pid=%d web=%s", DATELINE_VERSION, (int)getpid(),
             web ? web : "off");
    sd_notify(0, "READY=1");
    ev_run(d.loop, 0);
    int status = pipeline_failed(d.pipeline) ? EX_IOERR : 0;
    stop_watchers(&d);
    bool over = pipeline_close(d.pipeline);
    log_info("datelined: stopped");
    if (!over)
        _exit(status);
    ev_loop_destroy(d.loop);
    return status;
}

static int check(const struct config *config, const char *path)
{
    char why[PIPELINE_WHY];
    int rc = pipeline_check_keys(config, why);
    if (rc == 0)
        rc = pipeline_check_state(config, why);
    if (rc != 0)
        log_error("datelined: %s", why);
    else
        printf("%s: ok, %zu sources, %zu sinks, state %s\n", path, config->source_count,
               config->sink_count, config->state);
    return rc;
}

/* -------------------------------------------------------------------------------------- options */

struct options {
    const char *config, *restore, *backups;
    uint64_t backup; /* 0: the newest */
    bool test, check_state, repair, debug;
};

static int show_config_help(void)
{
    struct buf text = BUF_NONE;
    config_help(&text);
    fputs(buf_cstr(&text), stdout);
    buf_free(&text);
    return 0;
}

/* -1: go on; otherwise the exit status. */
static int read_options(int argc, char **argv, struct options *options)
{
    enum {
        OPT_DEBUG = 256,
        OPT_VERSION,
        OPT_HELP_CONFIG,
        OPT_CHECK_STATE,
        OPT_REPAIR,
        OPT_RESTORE,
        OPT_BACKUP,
        OPT_BACKUPS
    };
    static const struct option table[] = {
        {"config", required_argument, NULL, 'c'},
        {"test", no_argument, NULL, 't'},
        {"debug", no_argument, NULL, OPT_DEBUG},
        {"check-state", no_argument, NULL, OPT_CHECK_STATE},
        {"repair", no_argument, NULL, OPT_REPAIR},
        {"restore", required_argument, NULL, OPT_RESTORE},
        {"backup", required_argument, NULL, OPT_BACKUP},
        {"backups", required_argument, NULL, OPT_BACKUPS},
        {"version", no_argument, NULL, OPT_VERSION},
        {"help-config", no_argument, NULL, OPT_HELP_CONFIG},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    for (int c; (c = getopt_long(argc, argv, "c:th", table, NULL)) != -1;) {
        switch (c) {
        case 'c':
            options->config = optarg;
            break;
        case 't':
            options->test = true;
            break;
        case OPT_DEBUG:
            options->debug = true;
            break;
        case OPT_CHECK_STATE:
            options->check_state = true;
            break;
        case OPT_REPAIR:
            options->repair = true;
            break;
        case OPT_RESTORE:
            options->restore = optarg;
            break;
        case OPT_BACKUPS:
            options->backups = optarg;
            break;
        case OPT_BACKUP:
            if (str_u64(str_of(optarg), &options->backup) == 0 && options->backup > 0 &&
                options->backup <= UINT32_MAX)
                break;
            fputs("datelined: --backup is the number of a backup, see --backups\n", stderr);
            return EX_USAGE;
        case OPT_VERSION:
            puts("datelined " DATELINE_VERSION);
            return 0;
        case OPT_HELP_CONFIG:
            return show_config_help();
        case 'h':
            fputs(usage, stdout);
            return 0;
        default:
            fputs(usage, stderr);
            return EX_USAGE;
        }
    }
    if (options->backups && optind == argc)
        return offline_backups(options->backups);
    if (optind < argc || !options->config || (options->check_state && !options->test) ||
        (options->backup && !options->restore) ||
        options->test + options->repair + (options->restore != NULL) > 1) {
        fputs(usage, stderr);
        return EX_USAGE;
    }
    return -1;
}

static int do_it(const struct config *config, const struct options *options)
{
    if (options->repair)
        return offline_repair(config);
    if (options->restore)
        return offline_restore(config, options->restore, (uint32_t)options->backup);
    if (options->check_state)
        return offline_check(config);
    return options->test ? check(config, options->config) : run(config);
}

int main(int argc, char **argv)
{
    struct options options = {0};
    struct config *config;
    struct config_error error;
    int rc = read_options(argc, argv, &options);
    if (rc >= 0)
        return rc;
    rc = config_load(options.config, &config, &error);
    if (rc != 0) {
        log_error("datelined: %s", error.text);
        return rc == -EINVAL ? EX_CONFIG : EX_NOINPUT;
    }
    log_set_level(options.debug ? LOG_DEBUG : (enum log_level)config->log_level);
    signal(SIGPIPE, SIG_IGN);
    /* A closed terminal is nothing; while it runs, on_hangup() has it. */
    signal(SIGHUP, SIG_IGN);
    umask(0007); /* sockets are for the group: daemon, workers, operators */
    rc = do_it(config, &options);
    config_free(config);
    return rc;
}
