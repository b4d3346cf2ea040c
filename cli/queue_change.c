/*
 * `dateline queue requeue` and `purge`. The daemon changes a bounded number of items a request and says
 * where to go on; an interruption leaves what was done done, and the rest as it was.
 */
#include "queue.h"

#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "limits.h"

struct order {
    struct queue_args *args;
    const char *what, *state; /* state NULL: by ids */
    const char *done;         /* "queued again" */
    bool dry;
    uint64_t total; /* known from a dry run, 0 not */
    uint64_t *ids;  /* of the arguments */
    uint64_t changed;
    json_t *missing, *busy;
};

/* ------------------------------------------------------------------------------------- requests */

static void show_progress(const struct order *o)
{
    struct buf line = BUF_NONE;
    if (!isatty(STDERR_FILENO) || o->args->ask.json)
        return;
    buf_putc(&line, '\r');
    human_count(&line, o->changed);
    if (o->total) {
        buf_putz(&line, " of ");
        human_count(&line, o->total);
    }
    buf_printf(&line, " %s\033[K", o->dry ? "counted" : o->done);
    fputs(buf_cstr(&line), stderr);
    buf_free(&line);
}

static void end_progress(const struct order *o)
{
    if (isatty(STDERR_FILENO) && !o->args->ask.json)
        fputs("\r\033[K", stderr);
}

/* Steals `request`. The id to go on from, 0: that was all. */
static int send(struct order *o, json_t *request, json_int_t *next_out)
{
    json_t *answer;
    if (o->dry)
        json_object_set_new(request, "dry", json_true());
    int code = ask_daemon(&o->args->ask, request, &answer);
    if (code)
        return code;
    o->changed += json_count(answer, "changed");
    json_array_extend(o->missing, json_object_get(answer, "missing"));
    json_array_extend(o->busy, json_object_get(answer, "busy"));
    *next_out = json_integer_value(json_object_get(answer, "next"));
    json_decref(answer);
    show_progress(o);
    return 0;
}

static int send_ids(struct order *o)
{
    json_int_t ignored;
    int code = 0;
    for (size_t i = 0; code == 0 && i < o->args->id_count;) {
        json_t *ids = json_array();
        for (size_t end = i + LIMIT_QUEUE_IDS; i < end && i < o->args->id_count; i++)
            json_array_append_new(ids, json_integer((json_int_t)o->ids[i]));
        code = send(o, json_pack("{s:s, s:o}", "do", o->what, "ids", ids), &ignored);
    }
    return code;
}

static int send_state(struct order *o)
{
    json_int_t from = 0;
    int code;
    do
        code = send(o,
                    json_pack("{s:s, s:s, s:I, s:s*}", "do", o->what, "state", o->state, "from",
                              from, "reason", o->args->reason),
                    &from);
    while (code == 0 && from > 0);
    return code;
}

static int go(struct order *o, bool dry)
{
    o->dry = dry;
    o->changed = 0;
    json_array_clear(o->missing);
    json_array_clear(o->busy);
    int code = o->state ? send_state(o) : send_ids(o);
    end_progress(o);
    return code;
}

/* -------------------------------------------------------------------------------------- the rest */

static void name_all(const json_t *ids, const char *what)
{
    size_t i;
    const json_t *id;
    json_array_foreach (ids, i, id)
        fprintf(stderr, "dateline queue: item %llu %s\n",
                (unsigned long long)json_integer_value(id), what);
}

static int finish(struct order *o, const char *missing)
{
    if (o->args->ask.json) {
        json_t *answer = json_pack("{s:b, s:I, s:O, s:O}", "ok", 1, "changed",
                                   (json_int_t)o->changed, "missing", o->missing, "busy", o->busy);
        ask_print_json(answer);
        json_decref(answer);
    } else {
        struct buf line = BUF_NONE;
        human_count(&line, o->changed);
        printf("%s %s\n", buf_cstr(&line), o->done);
        buf_free(&line);
    }
    name_all(o->missing, missing);
    name_all(o->busy, "is held by a worker: it can be purged when it is back or dead");
    return json_array_size(o->missing) ? EX_NOINPUT
           : json_array_size(o->busy)  ? EX_TEMPFAIL
                                       : EX_OK;
}

/* False when an argument is no id. */
static bool read_ids(struct order *o)
{
    o->ids = xcalloc(o->args->id_count ? o->args->id_count : 1, sizeof *o->ids);
    for (size_t i = 0; i < o->args->id_count; i++)
        if (!queue_id(o->args->ids[i], &o->ids[i]))
            return false;
    return true;
}

static void order_done(struct order *o)
{
    json_decref(o->missing);
    json_decref(o->busy);
    free(o->ids);
}

int queue_change_requeue(struct queue_args *args)
{
    struct order o = {.args = args, .what = "queue-requeue", .done = "queued again"};
    bool by_state = args->all || args->reason;
    if (by_state == (args->id_count > 0) || args->all_ready)
        return command_fail(&queue_command, EX_USAGE, "requeue takes ids, --all or --reason TEXT");
    o.state = by_state ? "dead" : NULL;
    o.missing = json_array();
    o.busy = json_array();
    int code =
        read_ids(&o) ? go(&o, false) : command_fail(&queue_command, EX_USAGE, "an id is a number");
    if (code == 0)
        code = finish(&o, "is not dead");
    order_done(&o);
    return code;
}

/* Asks on a terminal; anywhere else --yes has to be said. */
static int confirm(const struct order *o)
{
    char answer[16] = "";
    struct buf count = BUF_NONE;
    human_count(&count, o->total);
    if (!isatty(STDIN_FILENO)) {
        int code = command_fail(&queue_command, EX_USAGE,
                                "%s items would be gone for good: say --yes", buf_cstr(&count));
        buf_free(&count);
        return code;
    }
    fprintf(stderr, "%s items will be gone for good, unrecorded. Purge them? [y/N] ",
            buf_cstr(&count));
    buf_free(&count);
    if (fgets(answer, sizeof answer, stdin) && (answer[0] == 'y' || answer[0] == 'Y'))
        return 0;
    return command_fail(&queue_command, EX_NOPERM, "nothing was purged");
}

static int purge(struct order *o)
{
    int code = 0;
    if (!o->args->yes) {
        code = go(o, true);
        o->total = o->changed;
        if (code == 0 && o->total > 0)
            code = confirm(o);
    }
    if (code == 0 && (o->args->yes || o->total > 0))
        code = go(o, false);
    return code ? code : finish(o, "is neither waiting nor dead");
}

int queue_change_purge(struct queue_args *args)
{
    struct order o = {.args = args, .what = "queue-purge", .done = "purged"};
    bool dead = args->dead || args->reason;
    if ((args->id_count > 0) + dead + args->all_ready != 1 || args->all)
        return command_fail(&queue_command, EX_USAGE,
                            "purge takes ids, --dead, --reason TEXT or --all-ready");
    o.state = dead ? "dead" : args->all_ready ? "ready" : NULL;
    o.missing = json_array();
    o.busy = json_array();
    int code =
        read_ids(&o) ? purge(&o) : command_fail(&queue_command, EX_USAGE, "an id is a number");
    order_done(&o);
    return code;
}
