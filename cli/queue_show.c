/* What `dateline queue` shows. Long answers come in pages: each says where the next one begins. */
#include "queue.h"

#include <stdlib.h>
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
    if (json_count(queue, "embargoed")) {
        buf_putz(&out, "; ");
        human_count(&out, json_count(queue, "embargoed"));
        buf_putz(&out, " under embargo, the first until ");
        buf_puts(&out, json_text(queue, "next_release"));
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

/* Who has it; or until when nobody may. */
static void put_holder(struct table *table, const json_t *item)
{
    struct str until = json_text(item, "embargo");
    char text[CLOCK_TEXT + 16];
    snprintf(text, sizeof text, "embargo %.*s", STR_ARG(str_upto(until, CLOCK_TEXT)));
    if (until.len)
        table_put(table, HUMAN_PLAIN, str_of(text));
    else
        put_text(table, item, "worker");
}

static void put_queued(struct table *table, const json_t *item)
{
    put_number(table, item, "id");
    put_text(table, item, "state");
    put_text(table, item, "lane");
    put_text(table, item, "language");
    put_number(table, item, "deliveries");
    put_age(table, item);
    put_holder(table, item);
    put_text(table, item, json_text(item, "headline").len ? "headline" : "uri");
}

static void put_dead(struct table *table, const json_t *item)
{
    put_number(table, item, "id");
    put_when(table, item, "at");
    put_number(table, item, "deliveries");
    table_put(table, HUMAN_BAD, json_text(item, "reason"));
    put_text(table, item, "headline");
    put_text(table, item, "uri");
}

/* One kind of list. */
struct kind {
    const char *what; /* to be asked for */
    const struct table_column *columns;
    size_t column_count;
    void (*put)(struct table *table, const json_t *item);
};
static const struct kind queued = {"queue-list", queued_columns, ARRAY_LEN(queued_columns),
                                   put_queued};
static const struct kind dead = {"queue-dead", dead_columns, ARRAY_LEN(dead_columns), put_dead};

/* ------------------------------------------------------------------------------------- pages */

/* Each page is shown and forgotten: there may be a million rows. */
struct listing {
    struct queue_args *args;
    const struct kind *kind;
    struct table *table;
    uint64_t count;  /* rows shown */
    json_int_t from; /* where the next page begins, 0: that was all */
};

static json_t *page_request(const struct listing *l)
{
    uint64_t left = l->args->number ? l->args->number - l->count : LIMIT_QUEUE_PAGE;
    return json_pack("{s:s, s:I, s:I, s:s*, s:s*}", "do", l->kind->what, "from", l->from, "limit",
                     (json_int_t)(left < LIMIT_QUEUE_PAGE ? left : LIMIT_QUEUE_PAGE), "state",
                     l->args->state, "reason", l->args->reason);
}

static void show_rows(struct listing *l, const json_t *items)
{
    const json_t *item;
    size_t i;
    json_array_foreach (items, i, item)
        l->kind->put(l->table, item);
    if (json_array_size(items))
        table_print(l->table, stdout);
}

static void print_items(const struct listing *l, const json_t *items)
{
    const json_t *item;
    size_t i;
    json_array_foreach (items, i, item) {
        fputs(l->count + i ? "," : "{\"items\":[", stdout);
        ask_put_json(item);
    }
}

/* All pages are one answer: the items of all, and what else the last one says. */
static void print_rest(const struct listing *l, json_t *answer)
{
    json_object_del(answer, "items");
    char *rest = json_dumps(answer, JSON_COMPACT);
    printf("%s],%s\n", l->count ? "" : "{\"items\":[", rest + 1);
    free(rest);
}

static void show_page(struct listing *l, json_t *answer)
{
    const json_t *items = json_object_get(answer, "items");
    if (l->args->ask.json)
        print_items(l, items);
    else
        show_rows(l, items);
    l->count += json_array_size(items);
    l->from = json_integer_value(json_object_get(answer, "next"));
}

static bool wants_more(const struct listing *l)
{
    return l->from > 0 && (!l->args->number || l->count < l->args->number) && !ferror(stdout);
}

static int show_pages(struct listing *l)
{
    int code;
    do {
        json_t *answer;
        code = ask_daemon(&l->args->ask, page_request(l), &answer);
        if (code)
            return code;
        show_page(l, answer);
        if (l->args->ask.json && !wants_more(l))
            print_rest(l, answer);
        json_decref(answer);
    } while (wants_more(l));
    return code;
}

/* *count_out: rows that were shown. */
static int show(struct queue_args *args, const struct kind *kind, uint64_t *count_out)
{
    struct listing l = {.args = args, .kind = kind};
    l.table = table_new(kind->columns, kind->column_count);
    int code = show_pages(&l);
    table_free(l.table);
    if (code == 0 && l.from > 0 && !args->ask.json)
        fputs("dateline queue: there may be more, -n 0 shows all\n", stderr);
    *count_out = l.count;
    return code;
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
            struct listing l = {.kind = &queued};
            putchar('\n');
            l.table = table_new(queued_columns, ARRAY_LEN(queued_columns));
            show_rows(&l, items);
            table_free(l.table);
        }
    }
    json_decref(answer);
    return EX_OK;
}

int queue_show_list(struct queue_args *args)
{
    uint64_t count;
    if (args->state && str_is(str_of(args->state), "dead"))
        return queue_show_dead(args);
    int code = show(args, &queued, &count);
    if (code == 0 && count == 0 && !args->ask.json)
        fputs("dateline queue: there are none\n", stderr);
    return code;
}

int queue_show_dead(struct queue_args *args)
{
    uint64_t count;
    int code = show(args, &dead, &count);
    if (code == 0 && count == 0 && !args->ask.json)
        fprintf(stderr, "dateline queue: no item is dead%s\n",
                args->reason ? " for such a reason" : "");
    return code;
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
