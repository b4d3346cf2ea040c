#include "command.h"

#include <sysexits.h>

#include "ask.h"
#include "clock.h"
#include "show.h"
#include "table.h"

static const struct table_column waiting_columns[] = {
    {.title = "ID", .right = true},       {.title = "STATE"},
    {.title = "TRIES", .right = true},    {.title = "AGE"},
    {.title = "WORKER", .shrinks = true}, {.title = "HEADLINE", .shrinks = true},
};
static const struct table_column dead_columns[] = {
    {.title = "ID", .right = true},
    {.title = "REASON", .shrinks = true},
    {.title = "HEADLINE", .shrinks = true},
    {.title = "URI", .shrinks = true},
};

static void put_number(struct table *table, const json_t *item, const char *key)
{
    struct buf text = BUF_NONE;
    buf_printf(&text, "%llu", (unsigned long long)json_count(item, key));
    table_put(table, HUMAN_PLAIN, buf_str(&text));
    buf_free(&text);
}

static void put_age(struct table *table, const json_t *item)
{
    struct buf text = BUF_NONE;
    if (json_is_number(json_object_get(item, "age_s")))
        human_span(&text, json_seconds_us(item, "age_s"));
    else
        buf_putc(&text, '-');
    table_put(table, HUMAN_PLAIN, buf_str(&text));
    buf_free(&text);
}

static void put_text(struct table *table, const json_t *item, const char *key)
{
    struct str text = json_text(item, key);
    table_put(table, HUMAN_PLAIN, text.len ? text : STR("-"));
}

static void draw_counts(const json_t *queue)
{
    static const char *const states[] = {"ready", "leased", "delayed", "dead", "done", "accepted"};
    struct buf out = BUF_NONE;
    for (size_t i = 0; i < ARRAY_LEN(states); i++) {
        buf_putz(&out, i ? ", " : "");
        human_count(&out, json_count(queue, states[i]));
        buf_printf(&out, " %s", states[i]);
    }
    puts(buf_cstr(&out));
    buf_free(&out);
}

static void draw_waiting(const json_t *answer)
{
    const json_t *items = json_object_get(answer, "items"), *item;
    size_t i;
    draw_counts(json_object_get(answer, "queue"));
    if (json_array_size(items) == 0)
        return;
    struct table *table = table_new(waiting_columns, ARRAY_LEN(waiting_columns));
    json_array_foreach (items, i, item) {
        put_number(table, item, "id");
        put_text(table, item, "state");
        put_number(table, item, "deliveries");
        put_age(table, item);
        put_text(table, item, "worker");
        put_text(table, item, json_text(item, "headline").len ? "headline" : "uri");
    }
    putchar('\n');
    table_print(table, stdout);
    table_free(table);
}

static void draw_dead(const json_t *answer)
{
    const json_t *items = json_object_get(answer, "items"), *item;
    size_t i;
    if (json_array_size(items) == 0) {
        fputs("dateline queue: no item is dead\n", stderr);
        return;
    }
    struct table *table = table_new(dead_columns, ARRAY_LEN(dead_columns));
    json_array_foreach (items, i, item) {
        put_number(table, item, "id");
        table_put(table, HUMAN_BAD, json_text(item, "reason"));
        put_text(table, item, "headline");
        put_text(table, item, "uri");
    }
    table_print(table, stdout);
    table_free(table);
}

static int queue_run(int argc, char **argv)
{
    struct ask ask = {.command = &queue_command};
    json_t *answer = NULL;
    int code = ask_parse(&ask, argc, argv, 0, 1);
    if (code >= 0)
        return code;
    bool dead = optind < argc;
    if (dead && !str_is(str_of(argv[optind]), "dead"))
        return command_usage(&queue_command, EX_USAGE);
    code = ask_daemon(&ask, json_pack("{s:s}", "do", dead ? "queue-dead" : "queue"), &answer);
    if (code)
        return code;
    if (ask.json)
        ask_print_json(answer);
    else if (dead)
        draw_dead(answer);
    else
        draw_waiting(answer);
    json_decref(answer);
    return EX_OK;
}

const struct command queue_command = {
    .name = "queue",
    .usage = "[dead] [-c FILE | --connect ENDPOINT] [--json]",
    .summary = "what waits for workers, or was given up and why",
    .help = "Without an argument: the counts, and the first items that are not done.\n"
            "dead: the items that were given up, each with its reason.\n\n" ASK_HELP,
    .run = queue_run,
};
