/* What `dateline queue` shows. Long answers come in pages: each says where the next one begins. */
#include "queue.h"

#include <sysexits.h>

#include "clock.h"
#include "limits.h"
#include "show.h"

static const struct table_column queued_columns[] = {
    {.title = "ID", .right = true},
    {.title = "STATE"},
    {.title = "LANE"},
    {.title = "LANG"},
    {.title = "TRIES", .right = true},
    {.title = "AGE"},
    {.title = "WORKER", .shrinks = true},
    {.title = "HEADLINE", .shrinks = true},
};
static const struct table_column dead_columns[] = {
    {.title = "ID", .right = true},         {.title = "WHEN"},
    {.title = "TRIES", .right = true},      {.title = "REASON", .shrinks = true},
    {.title = "HEADLINE", .shrinks = true}, {.title = "URI", .shrinks = true},
};

static void put_number(struct table *table, const json_t *item, const char *key)
{
    struct buf text = BUF_NONE;
    buf_printf(&text, "%llu", (unsigned long long)json_count(item, key));
    table_put(table, HUMAN_PLAIN, buf_str(&text));
    buf_free(&text);
}

static void put_text(struct table *table, const json_t *item, const char *key)
{
    struct str text = json_text(item, key);
    table_put(table, HUMAN_PLAIN, text.len ? text : STR("-"));
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

static void put_when(struct table *table, const json_t *item, const char *key)
{
    struct buf text = BUF_NONE;
    json_when(&text, item, key, clock_now());
    table_put(table, HUMAN_PLAIN, buf_str(&text));
    buf_free(&text);
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
    if (json_seconds_us(queue, "oldest_s")) {
        buf_putz(&out, "; the oldest waits ");
        human_span(&out, json_seconds_us(queue, "oldest_s"));
    }
    puts(buf_cstr(&out));
    buf_free(&out);
}

/* "live: 12, backfill: 4,000" under a title; nothing when there is nothing to tell. */
static void draw_tally(const char *title, json_t *tally)
{
    struct buf out = BUF_NONE;
    const char *name;
    json_t *count;
    json_object_foreach (tally, name, count) {
        buf_putz(&out, out.len ? ", " : "");
        show_fit(&out, str_of(name), 16);
        buf_putc(&out, ' ');
        human_count(&out, (uint64_t)json_integer_value(count));
    }
    if (out.len)
        printf("%s: %s\n", title, buf_cstr(&out));
    buf_free(&out);
}

static void draw_queued(const json_t *items)
{
    const json_t *item;
    size_t i;
    struct table *table = table_new(queued_columns, ARRAY_LEN(queued_columns));
    json_array_foreach (items, i, item) {
        put_number(table, item, "id");
        put_text(table, item, "state");
        put_text(table, item, "lane");
        put_text(table, item, "language");
        put_number(table, item, "deliveries");
        put_age(table, item);
        put_text(table, item, "worker");
        put_text(table, item, json_text(item, "headline").len ? "headline" : "uri");
    }
    table_print(table, stdout);
    table_free(table);
}

static void draw_dead(const json_t *items)
{
    const json_t *item;
    size_t i;
    struct table *table = table_new(dead_columns, ARRAY_LEN(dead_columns));
    json_array_foreach (items, i, item) {
        put_number(table, item, "id");
        put_when(table, item, "at");
        put_number(table, item, "deliveries");
        table_put(table, HUMAN_BAD, json_text(item, "reason"));
        put_text(table, item, "headline");
        put_text(table, item, "uri");
    }
    table_print(table, stdout);
    table_free(table);
}

/* ------------------------------------------------------------------------------------- pages */

static json_t *page_request(const struct queue_args *args, const char *what, uint64_t have,
                            json_int_t from)
{
    uint64_t left = args->number ? args->number - have : LIMIT_QUEUE_PAGE;
    return json_pack("{s:s, s:I, s:I, s:s*, s:s*}", "do", what, "from", from, "limit",
                     (json_int_t)(left < LIMIT_QUEUE_PAGE ? left : LIMIT_QUEUE_PAGE), "state",
                     args->state, "reason", args->reason);
}

/* All rows that are wanted, page by page, as one answer: the last page with the items of all. */
static int gather(struct queue_args *args, const char *what, json_t **out)
{
    json_t *items = json_array(), *answer = NULL;
    json_int_t from = 0;
    int code = 0;
    do {
        json_decref(answer);
        answer = NULL;
        code =
            ask_daemon(&args->ask, page_request(args, what, json_array_size(items), from), &answer);
        if (code)
            break;
        json_array_extend(items, json_object_get(answer, "items"));
        from = json_integer_value(json_object_get(answer, "next"));
    } while (from > 0 && (!args->number || json_array_size(items) < args->number));
    if (code) {
        json_decref(items);
        return code;
    }
    json_object_set_new(answer, "items", items);
    *out = answer;
    return 0;
}

static void say_more(const json_t *answer)
{
    if (json_integer_value(json_object_get(answer, "next")) > 0)
        fputs("dateline queue: there may be more, -n 0 shows all\n", stderr);
}

int queue_show_summary(struct queue_args *args)
{
    json_t *answer;
    int code = ask_daemon(&args->ask,
                          json_pack("{s:s, s:I}", "do", "queue", "limit",
                                    (json_int_t)(args->number ? args->number : LIMIT_QUEUE_PAGE)),
                          &answer);
    if (code)
        return code;
    const json_t *queue = json_object_get(answer, "queue"),
                 *items = json_object_get(answer, "items");
    if (args->ask.json) {
        ask_print_json(answer);
    } else {
        draw_counts(queue);
        draw_tally("by lane", json_object_get(queue, "lanes"));
        draw_tally("by language", json_object_get(queue, "languages"));
        draw_tally("no worker takes", json_object_get(queue, "unroutable"));
        if (json_array_size(items)) {
            putchar('\n');
            draw_queued(items);
        }
    }
    json_decref(answer);
    return EX_OK;
}

int queue_show_list(struct queue_args *args)
{
    json_t *answer;
    if (args->state && str_is(str_of(args->state), "dead"))
        return queue_show_dead(args);
    int code = gather(args, "queue-list", &answer);
    if (code)
        return code;
    if (args->ask.json) {
        ask_print_json(answer);
    } else if (json_array_size(json_object_get(answer, "items")) == 0) {
        fputs("dateline queue: there are none\n", stderr);
    } else {
        draw_queued(json_object_get(answer, "items"));
        say_more(answer);
    }
    json_decref(answer);
    return EX_OK;
}

int queue_show_dead(struct queue_args *args)
{
    json_t *answer;
    int code = gather(args, "queue-dead", &answer);
    if (code)
        return code;
    if (args->ask.json) {
        ask_print_json(answer);
    } else if (json_array_size(json_object_get(answer, "items")) == 0) {
        fprintf(stderr, "dateline queue: no item is dead%s\n",
                args->reason ? " for such a reason" : "");
    } else {
        draw_dead(json_object_get(answer, "items"));
        say_more(answer);
    }
    json_decref(answer);
    return EX_OK;
}

/* -------------------------------------------------------------------------------------- one item */

static void draw_item(const json_t *item)
{
    static const char *const keys[] = {"id",         "state",  "reason", "at",       "worker",
                                       "deliveries", "deaths", "lane",   "language", "bytes",
                                       "source",     "event",  "uri",    "version",  "headline"};
    struct buf out = BUF_NONE;
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        const json_t *value = json_object_get(item, keys[i]);
        if (!value || json_is_null(value))
            continue;
        buf_printf(&out, "%-11s ", keys[i]);
        if (json_is_integer(value))
            buf_printf(&out, "%llu", (unsigned long long)json_integer_value(value));
        else
            show_put(&out, json_text(item, keys[i]));
        buf_putc(&out, '\n');
    }
    char *work = json_dumps(json_object_get(item, "work"), JSON_INDENT(2));
    struct str rest = str_of(work), line;
    buf_putz(&out, "work\n");
    while (str_cut(&rest, '\n', &line)) {
        show_put(&out, line);
        buf_putc(&out, '\n');
    }
    fputs(buf_cstr(&out), stdout);
    free(work);
    buf_free(&out);
}

int queue_show_item(struct queue_args *args)
{
    json_t *answer;
    uint64_t id;
    if (args->id_count != 1 || !queue_id(args->ids[0], &id))
        return command_fail(&queue_command, EX_USAGE, "show takes an item's id, a number");
    int code = ask_daemon(
        &args->ask, json_pack("{s:s, s:I}", "do", "queue-show", "id", (json_int_t)id), &answer);
    if (code)
        return code;
    if (args->ask.json)
        ask_print_json(answer);
    else
        draw_item(json_object_get(answer, "item"));
    json_decref(answer);
    return EX_OK;
}
