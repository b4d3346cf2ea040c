#include "command.h"

#include <stdlib.h>
#include <sysexits.h>

#include "ask.h"
#include "human.h"
#include "show.h"

/* Under way: the screen as it grows. */
struct screen {
    struct buf out;
    bool colours;
};

static void label(struct screen *s, const char *name)
{
    buf_printf(&s->out, "%s%-8s%s  ", s->colours ? human_tone(HUMAN_BOLD) : "", name,
               s->colours ? human_tone(HUMAN_PLAIN) : "");
}

/* "3 failing", in `tone` unless it is 0. */
static void count(struct screen *s, const json_t *object, const char *key, const char *text,
                  enum human_tone tone)
{
    uint64_t n = json_count(object, key);
    bool tinted = s->colours && n && tone != HUMAN_PLAIN;
    if (tinted)
        buf_putz(&s->out, human_tone(tone));
    human_count(&s->out, n);
    buf_printf(&s->out, " %s", text);
    if (tinted)
        buf_putz(&s->out, human_tone(HUMAN_PLAIN));
}

static void head(struct screen *s, const json_t *status)
{
    struct str trouble = json_text(status, "trouble");
    label(s, "dateline");
    show_fit(&s->out, json_text(status, "version"), 20);
    buf_putz(&s->out, ", up ");
    human_span(&s->out, json_seconds_us(status, "uptime_s"));
    buf_printf(&s->out, ", pid %llu, epoch ", (unsigned long long)json_count(status, "pid"));
    show_fit(&s->out, json_text(status, "epoch"), 32);
    buf_putc(&s->out, '\n');
    if (!trouble.len)
        return;
    label(s, "trouble");
    buf_putz(&s->out, s->colours ? human_tone(HUMAN_BAD) : "");
    show_put(&s->out, trouble);
    buf_putz(&s->out, s->colours ? human_tone(HUMAN_PLAIN) : "");
    buf_putc(&s->out, '\n');
}

static void sources(struct screen *s, const json_t *o)
{
    label(s, "sources");
    count(s, o, "total", "in all: ", HUMAN_PLAIN);
    count(s, o, "ok", "well, ", HUMAN_PLAIN);
    count(s, o, "failing", "failing", HUMAN_BAD);
    buf_putz(&s->out, ", ");
    count(s, o, "paused", "paused\n", HUMAN_PLAIN);
}

/* Nothing when there are none. */
static void count_some(struct screen *s, const json_t *object, const char *key, const char *text)
{
    if (json_count(object, key) == 0)
        return;
    buf_putz(&s->out, ", ");
    human_count(&s->out, json_count(object, key));
    buf_putz(&s->out, text);
}

/* Why sources are asked no more and pushes wait. */
static void say_held(struct screen *s, const json_t *reasons)
{
    size_t i;
    const json_t *reason;
    json_array_foreach (reasons, i, reason) {
        buf_putz(&s->out, i ? ", " : "; held back by ");
        show_fit(&s->out, str_of(json_string_value(reason)), 20);
    }
}

static void intake(struct screen *s, const json_t *o)
{
    label(s, "intake");
    count(s, o, "fetched", "items read: ", HUMAN_PLAIN);
    count(s, o, "accepted", "accepted, ", HUMAN_PLAIN);
    count(s, o, "duplicate", "known already, ", HUMAN_PLAIN);
    count(s, o, "refused", "refused", HUMAN_WARN);
    count_some(s, o, "filtered", " filtered");
    say_held(s, json_object_get(o, "held_by"));
    buf_putc(&s->out, '\n');
}

static void queue(struct screen *s, const json_t *o)
{
    label(s, "queue");
    count(s, o, "ready", "ready, ", HUMAN_PLAIN);
    count(s, o, "leased", "leased, ", HUMAN_PLAIN);
    count(s, o, "delayed", "delayed, ", HUMAN_PLAIN);
    count(s, o, "dead", "dead", HUMAN_BAD);
    buf_putz(&s->out, ", ");
    count(s, o, "done", "done", HUMAN_PLAIN);
    count_some(s, o, "purged", " purged of them");
    if (json_count(o, "bytes")) {
        buf_putz(&s->out, "; ");
        human_bytes(&s->out, json_count(o, "bytes"));
        buf_putz(&s->out, " wait");
    }
    if (json_seconds_us(o, "oldest_s")) {
        buf_putz(&s->out, "; the oldest waits ");
        human_span(&s->out, json_seconds_us(o, "oldest_s"));
    }
    buf_putc(&s->out, '\n');
}

#define WORKERS_SHOWN 8 /* one screen */

static void workers(struct screen *s, const json_t *list)
{
    size_t i, total = json_array_size(list);
    const json_t *worker;
    label(s, "workers");
    if (total == 0)
        buf_printf(&s->out, "%snone is connected%s\n", s->colours ? human_tone(HUMAN_WARN) : "",
                   s->colours ? human_tone(HUMAN_PLAIN) : "");
    else
        buf_printf(&s->out, "%zu\n", total);
    json_array_foreach (list, i, worker) {
        if (i == WORKERS_SHOWN) {
            buf_printf(&s->out, "          … and %zu more\n", total - i);
            break;
        }
        buf_putz(&s->out, "          ");
        show_fit(&s->out, json_text(worker, "name"), 32);
        buf_putz(&s->out, ": ");
        count(s, worker, "held", "held of ", HUMAN_PLAIN);
        count(s, worker, "credit", "at most, ", HUMAN_PLAIN);
        count(s, worker, "done", "done\n", HUMAN_PLAIN);
    }
}

static void live(struct screen *s, const json_t *o)
{
    label(s, "live");
    buf_putz(&s->out, "newest seq ");
    human_count(&s->out, json_count(o, "newest"));
    buf_putz(&s->out, ", ");
    count(s, o, "published", "published since the start, ", HUMAN_PLAIN);
    count(s, o, "subscriptions", "subscriptions\n", HUMAN_PLAIN);
}

static void machinery(struct screen *s, const json_t *status)
{
    const json_t *store = json_object_get(status, "store"),
                 *parser = json_object_get(status, "parser");
    const json_t *fetch = json_object_get(status, "fetch");
    label(s, "fetch");
    count(s, fetch, "requests", "requests, ", HUMAN_PLAIN);
    human_bytes(&s->out, json_count(fetch, "bytes"));
    buf_putz(&s->out, "; ");
    count(s, fetch, "active", "active, ", HUMAN_PLAIN);
    count(s, fetch, "waiting", "waiting\n", HUMAN_PLAIN);
    label(s, "parser");
    count(s, parser, "documents", "documents, ", HUMAN_PLAIN);
    count(s, parser, "refused", "refused, ", HUMAN_PLAIN);
    count(s, parser, "died", "children died", HUMAN_BAD);
    buf_putz(&s->out, ", ");
    count(s, parser, "backlog", "waiting\n", HUMAN_PLAIN);
    label(s, "store");
    human_bytes(&s->out, json_count(store, "disk_bytes"));
    buf_putz(&s->out, " on disk, ");
    count(s, store, "commits", "changes in ", HUMAN_PLAIN);
    count(s, store, "syncs", "syncs\n", HUMAN_PLAIN);
}

static void draw(const json_t *status)
{
    struct screen s = {BUF_NONE, human_colours(stdout)};
    head(&s, status);
    sources(&s, json_object_get(status, "sources"));
    intake(&s, json_object_get(status, "intake"));
    queue(&s, json_object_get(status, "queue"));
    workers(&s, json_object_get(status, "workers"));
    live(&s, json_object_get(status, "live"));
    machinery(&s, status);
    label(&s, "web");
    if (json_text(status, "web").len)
        show_put(&s.out, json_text(status, "web"));
    else
        buf_putz(&s.out, "off");
    puts(buf_cstr(&s.out));
    buf_free(&s.out);
}

static int status_run(int argc, char **argv)
{
    struct ask ask = {.command = &status_command};
    json_t *answer = NULL;
    int code = ask_parse(&ask, argc, argv, 0, 0);
    if (code >= 0)
        return code;
    code = ask_daemon(&ask, json_pack("{s:s}", "do", "status"), &answer);
    if (code)
        return code;
    if (ask.json)
        ask_print_json(answer);
    else
        draw(json_object_get(answer, "status"));
    json_decref(answer);
    return EX_OK;
}

const struct command status_command = {
    .name = "status",
    .usage = "[-c FILE | --connect ENDPOINT] [--json]",
    .summary = "how the daemon is: sources, queue, workers, at a glance",
    .help = ASK_HELP,
    .run = status_run,
};
