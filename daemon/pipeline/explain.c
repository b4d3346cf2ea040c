/* What happened to it and what happens next: for a source, an item's uri, or a URL. */
#include "inside.h"

#include <errno.h>
#include <stdlib.h>

#include "clock.h"
#include "log.h"
#include "url.h"

static void say(json_t *lines, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void say(json_t *lines, const char *format, ...)
{
    struct buf line = BUF_NONE;
    va_list args;
    va_start(args, format);
    buf_vprintf(&line, format, args);
    va_end(args);
    json_array_append_new(lines, json_stringn(line.at, line.len));
    buf_free(&line);
}

static json_t *answer_of(const char *kind, json_t *lines, json_t *facts)
{
    return json_pack("{s:b, s:s, s:o, s:o}", "ok", 1, "kind", kind, "lines", lines, "facts", facts);
}

/* ------------------------------------------------------------------------------------- a source */

static json_t *explain_source(struct source *source)
{
    struct buf text = BUF_NONE;
    json_t *lines = json_array();
    source_explain(source, &text);
    struct str rest = buf_str(&text), line;
    while (str_cut(&rest, '\n', &line))
        if (line.len)
            json_array_append_new(lines, json_stringn(line.at, line.len));
    buf_free(&text);
    return answer_of("source", lines, source_json(source));
}

/* -------------------------------------------------------------------------------------- an item */

struct found {
    uint64_t seq;
    json_t *record;
};

static int keep_first(void *ctx, const struct store_result *result)
{
    struct found *found = ctx;
    if (result->seq == found->seq)
        found->record = json_loadb(result->record.at, result->record.len, 0, NULL);
    return 1;
}

static json_t *record_of(struct pipeline *p, uint64_t seq)
{
    struct found found = {.seq = seq};
    store_each_result(p->store, seq, keep_first, &found);
    return found.record;
}

struct burial {
    uint64_t id;
    json_t *lines;
    bool found;
};

static int find_dead(void *ctx, uint64_t id, const struct store_dead *dead)
{
    struct burial *burial = ctx;
    if (id != burial->id)
        return 1;
    burial->found = true;
    say(burial->lines,
        "dead: %.*s, after %u deliveries; kept aside (dateline queue show %llu, dateline queue "
        "requeue %llu)",
        STR_ARG(dead->reason), dead->deliveries, (unsigned long long)id, (unsigned long long)id);
    return 1;
}

static void say_delivery(json_t *lines, const json_t *state)
{
    const char *name = json_string_value(json_object_get(state, "state"));
    const char *worker = json_string_value(json_object_get(state, "worker"));
    json_int_t deliveries = json_integer_value(json_object_get(state, "deliveries"));
    say(lines, "in the queue: %s%s%s, delivered %lld times so far", name ? name : "?",
        worker ? " by " : "", worker ? worker : "", (long long)deliveries);
}

static void say_unfinished(struct pipeline *p, json_t *lines, json_t *facts, uint64_t queue_id)
{
    struct burial burial = {queue_id, lines, false};
    json_t *state = dispatch_explain(p->dispatch, queue_id);
    if (state) {
        say_delivery(lines, state);
        json_object_set_new(facts, "queue", state);
        return;
    }
    store_each_dead(p->store, queue_id, find_dead, &burial);
    if (!burial.found)
        say(lines, "handed over to the disk, not durable yet");
}

static const char *text_at(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static void say_result(json_t *lines, json_t *facts, uint64_t seq, json_t *record)
{
    const json_t *analysis = json_object_get(record, "analysis");
    const json_t *item = json_object_get(record, "item");
    const json_t *topic = json_array_get(json_object_get(analysis, "topics"), 0);
    const json_t *headline = json_array_get(json_object_get(item, "headlines"), 0);
    const char *copy_of = text_at(record, "duplicateOf");
    say(lines, "\"%s\"", text_at(headline, "value"));
    say(lines, "from source %s, event %s, published %s, fetched %s",
        text_at(json_object_get(record, "source"), "id"), text_at(record, "event"),
        *text_at(record, "published") ? text_at(record, "published") : "at an unknown time",
        text_at(record, "fetched"));
    if (*copy_of)
        say(lines, "the same text came first as %s", copy_of);
    say(lines, "classified: %s, %s", text_at(json_object_get(analysis, "language"), "code"),
        *text_at(topic, "name") ? text_at(topic, "name") : "no topic");
    say(lines, "done: recorded and on the live feed with seq %llu", (unsigned long long)seq);
    json_object_set_new(facts, "seq", json_integer((json_int_t)seq));
    json_object_set_new(facts, "record", record);
}

static int explain_item(struct pipeline *p, struct str uri, json_t **out)
{
    uint8_t id[16];
    struct link_known known;
    char version[16], first[CLOCK_TEXT], changed[CLOCK_TEXT];
    uint64_t seq;
    if (link_id_of(uri, id) != 0 || link_lookup(p->link, id, &known) != 0)
        return -ENOENT;
    json_t *lines = json_array(), *facts = json_object();
    snprintf(version, sizeof version, "%u", known.version);
    clock_format(known.first_created, first);
    clock_format(known.last_changed, changed);
    json_object_set_new(facts, "uri", json_stringn(uri.at, uri.len));
    json_object_set_new(facts, "version", json_string(version));
    json_object_set_new(facts, "first_seen", json_string(first));
    json_object_set_new(facts, "last_changed", json_string(changed));
    say(lines, "%.*s", STR_ARG(uri));
    if (known.version == 0)
        say(lines,
            "known since %s: its source had sent the same text under another id, so it was "
            "not handed on",
            first);
    else
        say(lines, "first seen %s, version %s since %s", first, version, changed);
    if (known.version && store_result_of(p->store, uri, str_of(version), &seq) == 0)
        say_result(lines, facts, seq, record_of(p, seq));
    else if (known.version)
        say_unfinished(p, lines, facts, known.queue_id);
    *out = answer_of("item", lines, facts);
    return 0;
}

static int explain_url(struct pipeline *p, struct str url, json_t **out)
{
    struct buf identity = BUF_NONE, uri = BUF_NONE;
    uint8_t key[16];
    int rc = -ENOENT;
    if (str_starts(url, STR("file://"))) {
        link_url_key(url, key);
        rc = store_get_url(p->store, key, &uri);
    } else if (url_identity(url, &identity) == 0) {
        link_url_key(buf_str(&identity), key);
        rc = store_get_url(p->store, key, &uri);
    }
    if (rc == 0)
        rc = explain_item(p, buf_str(&uri), out);
    buf_free(&identity);
    buf_free(&uri);
    return rc;
}

int explain_what(struct pipeline *p, struct str what, json_t **out)
{
    struct source *source = sources_find(p->sources, what);
    if (source) {
        *out = explain_source(source);
        return 0;
    }
    if (str_starts(what, STR("urn:dateline:")))
        return explain_item(p, what, out);
    return explain_url(p, what, out);
}
