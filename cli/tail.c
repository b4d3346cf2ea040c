#include "command.h"

#include <errno.h>
#include <signal.h>
#include <sysexits.h>
#include <unistd.h>

#include "ask.h"
#include "client.h"
#include "clock.h"
#include "human.h"
#include "limits.h"
#include "show.h"
#include "units.h"

struct tail {
    struct ask ask; /* --connect is the live feed here */
    const char *replay;
    const char *topics[LIMIT_REPLAY_TOPICS + 1];
    size_t topic_count;
    struct dateline_feed_options options;
    uint64_t count, left; /* -n; 0: no end */
    bool colours;
    struct buf line;
};

static volatile sig_atomic_t stop;

static void on_signal(int number)
{
    (void)number;
    stop = 1;
}

/* ---- showing */

/* A time in the language of logs: local, to the second. */
static void put_time(struct buf *out, struct str text)
{
    char z[CLOCK_TEXT + 8], local[32];
    int64_t at;
    struct tm tm;
    if (text.len >= sizeof z)
        return;
    memcpy(z, text.at, text.len);
    z[text.len] = '\0';
    time_t seconds;
    if (clock_parse(z, &at) != 0)
        return;
    seconds = (time_t)(at / USEC_PER_SEC);
    if (localtime_r(&seconds, &tm) && strftime(local, sizeof local, "%Y-%m-%d %H:%M:%S", &tm))
        buf_putz(out, local);
}

static void put_tone(struct tail *tail, enum human_tone tone)
{
    if (tail->colours)
        buf_putz(&tail->line, human_tone(tone));
}

static void put_part(struct tail *tail, enum human_tone tone, struct str text)
{
    put_tone(tail, tone);
    show_put(&tail->line, text);
    put_tone(tail, HUMAN_PLAIN);
    buf_putz(&tail->line, "  ");
}

static struct str first_value(const json_t *item, const char *list)
{
    return json_text(json_array_get(json_object_get(item, list), 0), "value");
}

static struct str headline_of(const json_t *item)
{
    struct str headline = first_value(item, "headlines");
    if (!headline.len)
        headline = first_value(item, "descriptions");
    return headline.len ? headline : STR("(no headline)");
}

static enum human_tone event_tone(struct str event)
{
    if (str_is(event, "new"))
        return HUMAN_GOOD;
    return str_is(event, "retraction") ? HUMAN_BAD : HUMAN_WARN;
}

/* TIME  EVENT  LANGUAGE  TOPIC  SOURCE  HEADLINE: the four in the middle are the parts of the
 * topic. */
static void show_record(struct tail *tail, const struct dateline_event *event)
{
    struct str topic = {event->topic, event->topic_len}, part;
    json_t *record = json_loadb(event->body, event->body_len, 0, NULL);
    buf_reset(&tail->line);
    put_tone(tail, HUMAN_DIM);
    put_time(&tail->line, json_text(record, "published").len ? json_text(record, "published")
                                                             : json_text(record, "fetched"));
    put_tone(tail, HUMAN_PLAIN);
    buf_putz(&tail->line, "  ");
    if (str_cut(&topic, '.', &part))
        put_part(tail, event_tone(part), part);
    while (str_cut(&topic, '.', &part))
        put_part(tail, topic.len ? HUMAN_DIM : HUMAN_BOLD, part);
    show_put(&tail->line, headline_of(json_object_get(record, "item")));
    buf_putc(&tail->line, '\n');
    fwrite(tail->line.at, 1, tail->line.len, stdout);
    json_decref(record);
}

static void show_notice(struct tail *tail, const struct dateline_event *event)
{
    buf_reset(&tail->line);
    put_part(tail, HUMAN_WARN, (struct str){event->topic, event->topic_len});
    show_put(&tail->line, (struct str){event->body, event->body_len});
    buf_putc(&tail->line, '\n');
    fwrite(tail->line.at, 1, tail->line.len, stdout);
}

static void say(const struct tail *tail, const char *what)
{
    fprintf(stderr, "dateline %s: %s\n", tail->ask.command->name, what);
}

static void on_record(struct tail *tail, const struct dateline_event *event)
{
    if (tail->ask.json)
        fprintf(stdout, "%.*s\n", (int)event->body_len, event->body);
    else
        show_record(tail, event);
    if (tail->count && --tail->left == 0)
        stop = 1;
}

static void on_event(struct tail *tail, const struct dateline_event *event)
{
    switch (event->type) {
    case DATELINE_RECORD:
        on_record(tail, event);
        break;
    case DATELINE_NOTICE:
        if (!tail->ask.json && tail->topic_count) /* asked for; with --json only records come out */
            show_notice(tail, event);
        break;
    case DATELINE_LOST:
        fprintf(stderr, "dateline tail: %llu to %llu are kept no longer\n",
                (unsigned long long)event->seq, (unsigned long long)event->last);
        break;
    case DATELINE_EPOCH:
        say(tail, "the daemon has another store: its numbers begin again");
        break;
    case DATELINE_SILENT:
        say(tail, "nothing is heard of the daemon; waiting for it");
        break;
    case DATELINE_BACK:
        say(tail, "the daemon is back");
        break;
    }
}

/* ---- running */

static int follow(struct tail *tail, struct dateline_feed *feed)
{
    struct dateline_event event;
    while (!stop) {
        int err = dateline_feed_next(feed, 0, &event);
        if (err == -EAGAIN) { /* nothing more for now: show what there is, then wait */
            if (fflush(stdout) != 0)
                return EX_OK; /* who read us has left */
            err = dateline_feed_next(feed, 1000, &event);
        }
        if (err == 0)
            on_event(tail, &event);
        else if (err != -EAGAIN && err != -EINTR)
            return command_fail(tail->ask.command, EX_PROTOCOL, "%s", dateline_feed_error(feed));
    }
    fflush(stdout);
    return EX_OK;
}

static int run_feed(struct tail *tail)
{
    struct dateline_feed *feed = NULL;
    const struct sigaction action = {.sa_handler = on_signal};
    tail->options.topics = tail->topic_count ? tail->topics : NULL;
    int err = dateline_feed_open(&tail->options, &feed);
    if (err)
        return command_fail(tail->ask.command, EX_USAGE, "cannot connect to %s and %s: %s",
                            tail->options.live, tail->options.replay, strerror(-err));
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    tail->colours = human_colours(stdout);
    err = follow(tail, feed);
    dateline_feed_close(feed);
    return err;
}

/* ---- options */

enum { TAIL_TOPIC = ASK_OWN, TAIL_SINCE, TAIL_REPLAY };

/* A number of the feed, or how far back: 4711, 0, 30m, 2h. */
static int read_since(struct tail *tail, const char *text)
{
    int64_t back;
    tail->options.since = DATELINE_SINCE_SEQ;
    if (str_u64(str_of(text), &tail->options.seq) == 0)
        return -1;
    if (units_duration(str_of(text), &back) != 0 || back < 0)
        return command_fail(tail->ask.command, EX_USAGE,
                            "--since takes a number or a duration (such as 30m, 2h), not '%s'",
                            text);
    tail->options.since = DATELINE_SINCE_TIME;
    tail->options.at_us = back < clock_now() ? clock_now() - back : 0;
    return -1;
}

static int read_option(struct tail *tail, int option)
{
    switch (option) {
    case TAIL_TOPIC:
        if (tail->topic_count == LIMIT_REPLAY_TOPICS || strlen(optarg) > LIMIT_TOPIC)
            return command_fail(tail->ask.command, EX_USAGE, "at most %d topics of %d bytes",
                                LIMIT_REPLAY_TOPICS, LIMIT_TOPIC);
        tail->topics[tail->topic_count++] = optarg;
        return -1;
    case TAIL_SINCE:
        return read_since(tail, optarg);
    case TAIL_REPLAY:
        tail->replay = optarg;
        return -1;
    case 'n':
        if (str_u64(str_of(optarg), &tail->count) != 0 || tail->count == 0)
            return command_fail(tail->ask.command, EX_USAGE,
                                "-n takes a number from 1 on, not '%s'", optarg);
        tail->left = tail->count;
        return -1;
    default:
        return ask_option(&tail->ask, option);
    }
}

static int read_options(struct tail *tail, int argc, char **argv)
{
    static const struct option options[] = {ASK_LONG,
                                            {"topic", required_argument, NULL, TAIL_TOPIC},
                                            {"since", required_argument, NULL, TAIL_SINCE},
                                            {"replay", required_argument, NULL, TAIL_REPLAY},
                                            {NULL, 0, NULL, 0}};
    int option, status;
    optind = 1;
    while ((option = getopt_long(argc, argv, ASK_SHORT "n:", options, NULL)) != -1)
        if ((status = read_option(tail, option)) >= 0)
            return status;
    if (optind < argc)
        return command_usage(tail->ask.command, EX_USAGE);
    if (!tail->ask.connect != !tail->replay)
        return command_fail(tail->ask.command, EX_USAGE, "--connect and --replay go together");
    return -1;
}

/* Where the feed is; `config` may be NULL when the options say it. */
static int show_feed(struct tail *tail, const struct config *config)
{
    struct keyring *keys = NULL;
    const struct ask *ask = &tail->ask;
    int status =
        ask_keys(ask, config, &keys); /* says what is wrong with them; libdateline only that */
    keyring_close(keys);
    if (status)
        return status;
    char *live = ask->connect ? xstrdup(ask->connect) : config_reach(config->live.bind[0]);
    char *replay = tail->replay ? xstrdup(tail->replay) : config_reach(config->replay.bind[0]),
         *made;
    const struct keyring_files files = ask_key_files(ask, config, &made);
    tail->options.live = live;
    tail->options.replay = replay;
    tail->options.key = files.key;
    tail->options.server_key = files.server;
    status = run_feed(tail);
    free(live);
    free(replay);
    free(made);
    return status;
}

static int tail_run(int argc, char **argv)
{
    struct tail tail = {.ask = {.command = &tail_command}};
    struct config *config = NULL;
    int status = read_options(&tail, argc, argv);
    if (status >= 0)
        return status;
    bool named = tail.ask.connect && !tail.ask.config; /* then no configuration is looked for */
    status = named ? 0 : ask_config(tail.ask.command, tail.ask.config, &config);
    if (status == 0)
        status = show_feed(&tail, config);
    buf_free(&tail.line);
    config_free(config);
    return status;
}

const struct command tail_command = {
    .name = "tail",
    .usage = "[--topic PREFIX]... [--since SEQ|DURATION] [--json] [-n N]",
    .summary = "the live feed, without gaps",
    .help =
        "      --topic PREFIX     only topics that begin so (EVENT.LANG.TOPIC.SOURCE: new.en.)\n"
        "      --since SEQ|DURATION  from this number on (0: all that is kept), or so far back\n"
        "  -n N                   end after N records\n"
        "  -c, --config FILE      the daemon's configuration\n"
        "      --connect ENDPOINT the live feed (such as tcp://127.0.0.1:5571), with\n"
        "      --replay ENDPOINT  the replay (such as tcp://127.0.0.1:5572)\n"
        "      --json             records as lines of JSON\n" ASK_HELP_KEYS,
    .run = tail_run,
};
