#include "command.h"

#include <stdlib.h>
#include <sysexits.h>

#include "ask.h"
#include "clock.h"
#include "table.h"

static const struct table_column columns[] = {
    {.title = "SOURCE", .shrinks = true},
    {.title = "STATE"},
    {.title = "ITEMS", .right = true},
    {.title = "LAST NEW"},
    {.title = "NEXT"},
    {.title = "FAILURES", .right = true},
    {.title = "WHY", .shrinks = true},
};

static void put_when(struct table *table, const json_t *source, const char *key, int64_t now_us)
{
    struct buf text = BUF_NONE;
    json_when(&text, source, key, now_us);
    table_put(table, HUMAN_PLAIN, buf_str(&text));
    buf_free(&text);
}

static void put_count(struct table *table, const json_t *source, const char *key,
                      enum human_tone tone)
{
    struct buf text = BUF_NONE;
    uint64_t n = json_count(source, key);
    human_count(&text, n);
    table_put(table, n ? tone : HUMAN_PLAIN, buf_str(&text));
    buf_free(&text);
}

/* What fails comes before when it is asked again, unless the rule names it anyway. */
static void put_why(struct table *table, const json_t *source)
{
    struct str class = json_text(source, "class"), why = json_text(source, "why");
    struct buf text = BUF_NONE;
    if (str_find(why, class) == SIZE_MAX) {
        buf_puts(&text, class);
        buf_putz(&text, why.len ? "; " : "");
    }
    buf_puts(&text, why);
    table_put(table, HUMAN_PLAIN, text.len ? buf_str(&text) : STR("-"));
    buf_free(&text);
}

static void put_source(struct table *table, const json_t *source, int64_t now_us)
{
    struct str state = json_text(source, "state");
    bool failing = json_is_string(json_object_get(source, "class"));
    table_put(table, HUMAN_PLAIN, json_text(source, "id"));
    table_put(table,
              failing                   ? HUMAN_BAD
              : str_is(state, "paused") ? HUMAN_WARN
                                        : HUMAN_GOOD,
              state);
    put_count(table, source, "items", HUMAN_PLAIN);
    put_when(table, source, "last_new", now_us);
    put_when(table, source, "next", now_us);
    put_count(table, source, "failures", HUMAN_BAD);
    put_why(table, source);
}

static void draw(const json_t *sources)
{
    struct table *table = table_new(columns, ARRAY_LEN(columns));
    size_t i;
    const json_t *source;
    json_array_foreach (sources, i, source)
        put_source(table, source, clock_now());
    table_print(table, stdout);
    table_free(table);
}

/* All of them, page by page, as one answer. */
static int gather(struct ask *ask, json_t **out)
{
    json_t *sources = json_array(), *answer = NULL;
    char *after = NULL;
    int code;
    do {
        json_decref(answer);
        answer = NULL;
        code = ask_daemon(ask, json_pack("{s:s, s:s*}", "do", "sources", "after", after), &answer);
        free(after);
        after = NULL;
        if (code)
            break;
        json_array_extend(sources, json_object_get(answer, "sources"));
        if (json_text(answer, "next").len)
            after = str_dup(json_text(answer, "next"));
    } while (after);
    if (code) {
        json_decref(sources);
        return code;
    }
    json_object_set_new(answer, "sources", sources);
    json_object_del(answer, "next");
    *out = answer;
    return 0;
}

static int sources_run(int argc, char **argv)
{
    struct ask ask = {.command = &sources_command};
    json_t *answer = NULL;
    int code = ask_parse(&ask, argc, argv, 0, 0);
    if (code >= 0)
        return code;
    code = gather(&ask, &answer);
    if (code)
        return code;
    const json_t *sources = json_object_get(answer, "sources");
    if (ask.json)
        ask_print_json(answer);
    else if (json_array_size(sources) == 0)
        fputs("dateline sources: there are none; dateline source add URL adds one\n", stderr);
    else
        draw(sources);
    json_decref(answer);
    return EX_OK;
}

const struct command sources_command = {
    .name = "sources",
    .usage = "[-c FILE | --connect ENDPOINT] [--json]",
    .summary = "all sources: how they are, when each is asked next and why",
    .help = ASK_HELP,
    .run = sources_run,
};
