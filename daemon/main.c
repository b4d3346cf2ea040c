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
#include "pipeline.h"

#define DRAIN_S  10.0 /* then what workers still hold is left to the next start */
#define STATUS_S 5.0

struct daemon {
    struct ev_loop *loop;
    struct pipeline *pipeline;
    ev_signal term, interrupt;
    ev_timer watchdog, drain;
    bool stopping;
};

static const char usage[] =
    "usage: datelined -c FILE          run\n"
    "       datelined -t -c FILE       check the configuration and the state's version, then exit\n"
    "       datelined --help-config    every setting with its default\n"
    "\n"
    "  -c, --config FILE   the configuration (YAML)\n"
    "  -t, --test          check only; runs beside a daemon that uses the same state\n"
    "      --debug         log every change of state\n"
    "      --version\n"
    "  -h, --help\n"
    "\n"
    "SIGTERM and SIGINT stop it: sources are asked no more, results under way are taken,\n"
    "a second signal ends it at once. See datelined(8), dateline.yaml(5).\n";

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

/* -------------------------------------------------------------------------------------- running */

static void on_watchdog(struct ev_loop *loop, ev_timer *w, int events)
{
    struct daemon *d = w->data;
    (void)loop;
    (void)events;
    sd_notifyf(0, "WATCHDOG=1\nSTATUS=%s", pipeline_summary(d->pipeline));
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
    ev_timer_init(&d->watchdog, on_watchdog, 0, watchdog_seconds());
    d->term.data = d->interrupt.data = d->watchdog.data = d;
    ev_signal_start(d->loop, &d->term);
    ev_signal_start(d->loop, &d->interrupt);
    ev_timer_start(d->loop, &d->watchdog);
}

static void stop_watchers(struct daemon *d)
{
    ev_signal_stop(d->loop, &d->term);
    ev_signal_stop(d->loop, &d->interrupt);
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
    bool failed = pipeline_failed(d.pipeline);
    stop_watchers(&d);
    pipeline_close(d.pipeline);
    ev_loop_destroy(d.loop);
    log_info("datelined: stopped");
    return failed ? EX_IOERR : 0;
}

static int check(const struct config *config, const char *path)
{
    char why[PIPELINE_WHY];
    int rc = pipeline_check_state(config, why);
    if (rc != 0)
        log_error("datelined: %s", why);
    else
        printf("%s: ok, %zu sources, %zu sinks, state %s\n", path, config->source_count,
               config->sink_count, config->state);
    return rc;
}

/* -------------------------------------------------------------------------------------- options */

struct options {
    const char *config;
    bool test, debug;
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
    enum { OPT_DEBUG = 256, OPT_VERSION, OPT_HELP_CONFIG };
    static const struct option table[] = {
        {"config", required_argument, NULL, 'c'},
        {"test", no_argument, NULL, 't'},
        {"debug", no_argument, NULL, OPT_DEBUG},
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
    if (optind < argc || !options->config) {
        fputs(usage, stderr);
        return EX_USAGE;
    }
    return -1;
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
    /* A changed configuration is a restart; a closed terminal is nothing. */
    signal(SIGHUP, SIG_IGN);
    umask(0007); /* sockets are for the group: daemon, workers, operators */
    rc = options.test ? check(config, options.config) : run(config);
    config_free(config);
    return rc;
}
