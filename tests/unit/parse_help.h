/*
 * For the tests of page, article and wirecopy: walks tests/cases/<what>, parses each case's input
 * and compares the items with expect.json:
 *
 *     links, skip    selectors of a list page
 *     url            the document's address           headline, by, summary, slug, agency, located,
 *     body           paragraphs or lines that must    publisher, language, canonical, copyright,
 * image stand in this order              published, updated, embargo   as clock_format() writes them not
 * texts that must not occur        keywords, captions   lines that must be there items [link,
 * headline] of a list page  feeds                ABOUT_FEEDS derived        the headline is marked
 * as derived
 */
#ifndef DATELINE_PARSE_HELP_H
#define DATELINE_PARSE_HELP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <jansson.h>

#include "clock.h"
#include "parse.h"
#include "scratch.h"

#define CASES_FETCHED "2026-03-15T12:00:00Z"
#define CASES_ITEMS   64

struct outcome {
    struct item *items[CASES_ITEMS];
    size_t count;
    struct buf feeds;
    struct parse_report report;
    int err;
};

static inline int keep_item(void *ctx, const struct item *item)
{
    struct outcome *o = ctx;
    if (o->count < CASES_ITEMS)
        o->items[o->count++] = item_copy(item);
    return 0;
}

static inline void keep_about(void *ctx, const struct about *about)
{
    struct outcome *o = ctx;
    buf_puts(&o->feeds, about->field[ABOUT_FEEDS]);
}

static inline void outcome_with(struct parse_request request, struct outcome *o)
{
    *o = (struct outcome){0};
    assert_int_equal(clock_parse(CASES_FETCHED, &request.fetched_at), 0);
    struct parse_out out = {o, keep_about, keep_item};
    o->err = parse_document(&request, &out, &o->report);
}

static inline void outcome_of(enum parse_type type, struct str bytes, struct str url,
                              struct outcome *o)
{
    outcome_with((struct parse_request){.bytes = bytes, .type = type, .url = url}, o);
}

static inline void outcome_done(struct outcome *o)
{
    for (size_t i = 0; i < o->count; i++)
        item_free(o->items[i]);
    buf_free(&o->feeds);
}

static inline struct str expected_text(const json_t *expect, const char *key)
{
    const json_t *value = json_object_get(expect, key);
    return (struct str){json_string_value(value), json_string_length(value)};
}

static inline void check_text(const char *name, const json_t *expect, const char *key,
                              struct str got)
{
    if (!json_object_get(expect, key))
        return;
    struct str wanted = expected_text(expect, key);
    if (!str_eq(got, wanted))
        fail_msg("%s: %s is \"%.*s\", not \"%.*s\"", name, key, STR_ARG(got), STR_ARG(wanted));
}

static inline void check_time(const char *name, const json_t *expect, const char *key, int64_t got)
{
    char text[CLOCK_TEXT];
    check_text(name, expect, key, str_of(got ? clock_format(got, text) : ""));
}

/* Every expected line stands in `text` as a whole line, one behind the other. */
static inline void check_lines(const char *name, const json_t *expect, const char *key,
                               struct str text)
{
    const json_t *lines = json_object_get(expect, key);
    struct str rest = text;
    for (size_t i = 0; i < json_array_size(lines); i++) {
        const json_t *line = json_array_get(lines, i);
        struct str wanted = {json_string_value(line), json_string_length(line)}, got = STR_NONE;
        bool found = false;
        while (!found && str_cut(&rest, '\n', &got))
            found = str_eq(got, wanted);
        if (!found)
            fail_msg("%s: %s lacks \"%.*s\" (or has it out of order):\n%.*s", name, key,
                     STR_ARG(wanted), STR_ARG(text));
    }
}

static inline void check_absent(const char *name, const json_t *expect, struct str text)
{
    const json_t *texts = json_object_get(expect, "not");
    for (size_t i = 0; i < json_array_size(texts); i++)
        if (str_find(text, str_of(json_string_value(json_array_get(texts, i)))) != SIZE_MAX)
            fail_msg("%s: \"%s\" is in the text:\n%.*s", name,
                     json_string_value(json_array_get(texts, i)), STR_ARG(text));
}

/* The body holds the expected paragraphs and nothing else. */
static inline void check_body(const char *name, const json_t *expect, struct str body, bool whole)
{
    check_lines(name, expect, "body", body);
    check_absent(name, expect, body);
    size_t lines = 0;
    struct str line, rest = body;
    while (str_cut(&rest, '\n', &line))
        lines += line.len > 0;
    if (whole && lines != json_array_size(json_object_get(expect, "body")))
        fail_msg("%s: %zu lines instead of %zu:\n%.*s", name, lines,
                 json_array_size(json_object_get(expect, "body")), STR_ARG(body));
}

static inline void check_item(const char *name, const json_t *expect, const struct item *item,
                              bool whole)
{
    const struct str *field = item->field;
    check_text(name, expect, "headline", field[ITEM_HEADLINE]);
    check_text(name, expect, "by", field[ITEM_BYLINE]);
    check_text(name, expect, "summary", field[ITEM_SUMMARY]);
    check_text(name, expect, "slug", field[ITEM_SLUGLINE]);
    check_text(name, expect, "agency", field[ITEM_AGENCY]);
    check_text(name, expect, "located", field[ITEM_LOCATED]);
    check_text(name, expect, "publisher", field[ITEM_PUBLISHER]);
    check_text(name, expect, "language", field[ITEM_LANGUAGE]);
    check_text(name, expect, "canonical", field[ITEM_CANONICAL]);
    check_text(name, expect, "copyright", field[ITEM_COPYRIGHT]);
    check_text(name, expect, "image", item->media_count ? item->media[0].url : STR_NONE);
    check_time(name, expect, "published", item->published_at);
    check_time(name, expect, "updated", item->updated_at);
    check_time(name, expect, "embargo", item->release_at);
    check_lines(name, expect, "keywords", field[ITEM_KEYWORDS]);
    check_lines(name, expect, "captions", field[ITEM_CAPTIONS]);
    check_body(name, expect, field[ITEM_BODY], whole);
    if (json_is_true(json_object_get(expect, "derived")) !=
        ((item->flags & ITEM_HEADLINE_DERIVED) != 0))
        fail_msg("%s: the headline's mark is wrong", name);
}

typedef void case_check(const char *name, const json_t *expect, const struct outcome *outcome);

static inline void run_case(const char *folder, const char *name, const char *input,
                            enum parse_type type, case_check *check)
{
    struct buf bytes = BUF_NONE, text = BUF_NONE;
    char path[512];
    struct outcome o;
    snprintf(path, sizeof path, "%s/%s/%s", folder, name, input);
    scratch_read(path, &bytes);
    snprintf(path, sizeof path, "%s/%s/expect.json", folder, name);
    scratch_read(path, &text);
    json_t *expect = json_loadb(text.at, text.len, 0, NULL);
    assert_non_null(expect);
    outcome_with((struct parse_request){.bytes = buf_str(&bytes),
                                        .type = type,
                                        .url = expected_text(expect, "url"),
                                        .links = expected_text(expect, "links"),
                                        .skip = expected_text(expect, "skip")},
                 &o);
    check(name, expect, &o);
    outcome_done(&o);
    json_decref(expect);
    buf_free(&bytes);
    buf_free(&text);
}

/* Runs every case of the folder, and fails when there are fewer than `least`. */
static inline void run_cases(const char *folder, const char *input, enum parse_type type,
                             size_t least, case_check *check)
{
    DIR *dir = opendir(folder);
    size_t count = 0;
    assert_non_null(dir);
    for (const struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        if (entry->d_name[0] == '.')
            continue;
        run_case(folder, entry->d_name, input, type, check);
        count++;
    }
    closedir(dir);
    assert_true(count >= least);
}

/* Optimised builds are held to 0.3 s, the others and the sanitizers' to what they cost more. */
#if defined(DATELINE_SANITIZED)
#define NASTY_MS 5000
#elif defined(__OPTIMIZE__)
#define NASTY_MS 300
#else
#define NASTY_MS 1000
#endif

static inline int64_t cpu_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* `head`, then `unit` so many times, then `tail`: parsed, within NASTY_MS of CPU. */
static inline void check_nasty(enum parse_type type, const char *head, const char *unit,
                               size_t times, const char *tail)
{
    struct buf page = BUF_NONE;
    struct outcome o;
    buf_putz(&page, head);
    for (size_t i = 0; i < times; i++)
        buf_putz(&page, unit);
    buf_putz(&page, tail);
    int64_t from = cpu_ms();
    outcome_of(type, buf_str(&page), STR_NONE, &o);
    int64_t took = cpu_ms() - from;
    if (took > NASTY_MS)
        fail_msg("%zu times \"%.40s\" took %lld ms", times, unit, (long long)took);
    outcome_done(&o);
    buf_free(&page);
}

#endif
