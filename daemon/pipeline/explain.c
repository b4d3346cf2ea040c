/* What happened to it and what happens next: for a source, an item's uri, a document that was set aside,
 * or a URL. */
#include "inside.h"

#include <errno.h>
#include <stdlib.h>

#include "clock.h"
#include "limits.h"
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

/* ---------------------------------------------------------------------- a document set aside */

#define SET_ASIDE_SHOWN 5

static const char *text_at(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

/* What its child came to, in a word more than the reason in `why`. */
static const char *fate_of(const char *reason)
{
    static const struct {
        const char *reason, *text;
    } fates[] = {
        {"not-understood", "it was refused: the reader did not understand it"},
        {"over-limit", "it was refused: it breaks a limit"},
        {"deadline", "its parser child was killed: it broke the limit of time"},
        {"malformed-frame",
         "its parser child was killed: what it answered is no answer of ours, so "
         "it counts as taken over"},
        {"child-died", "its parser child came to its end over it"},
    };
    for (size_t i = 0; i < ARRAY_LEN(fates); i++)
        if (strcmp(reason, fates[i].reason) == 0)
            return fates[i].text;
    return "nothing came of it";
}

static void say_document(json_t *lines, const json_t *facts)
{
    const char *url = text_at(facts, "url");
    say(lines, "%s: a document of source %s%s%s", text_at(facts, "id"), text_at(facts, "source"),
        *url ? ", " : "", url);
    say(lines, "%s (%s)", fate_of(text_at(facts, "reason")), text_at(facts, "why"));
    say(lines, "set aside %s: %lld bytes, as they were received, in %s", text_at(facts, "at"),
        (long long)json_integer_value(json_object_get(facts, "bytes")), text_at(facts, "file"));
    say(lines, "to read it again in a child of its own: %s", text_at(facts, "replay"));
    say(lines,
        "it is not read again by itself; it goes when its address sends another such "
        "document, or when %d newer ones have come",
        LIMIT_QUARANTINE_DOCUMENTS);
}

/* One line for each of the newest ones. */
static void say_set_aside(json_t *lines, const json_t *documents)
{
    size_t i, count = json_array_size(documents);
    const json_t *facts;
    json_array_foreach (documents, i, facts) {
        if (i == SET_ASIDE_SHOWN) {
            say(lines, "set aside: %zu more", count - i);
            break;
        }
        say(lines, "set aside: %s, %s: %s (%s)", text_at(facts, "id"), text_at(facts, "url"),
            text_at(facts, "reason"), text_at(facts, "why"));
    }
}

static json_t *explain_document(json_t *facts)
{
    json_t *lines = json_array();
    say_document(lines, facts);
    return answer_of("document", lines, facts);
}

/* ------------------------------------------------------------------------------------- a source */

static json_t *explain_source(const struct pipeline *p, struct source *source)
{
    json_t *documents = quarantine_of(p->quarantine, str_of(source_def(source)->id), STR_NONE);
    struct buf text = BUF_NONE;
    json_t *lines = json_array();
    source_explain(source, &text);
    struct str rest = buf_str(&text), line;
    while (str_cut(&rest, '\n', &line))
        if (line.len)
            json_array_append_new(lines, json_stringn(line.at, line.len));
    buf_free(&text);
    say_set_aside(lines, documents);
    json_t *facts = source_json(source);
    json_object_set_new(facts, "set_aside", documents);
    return answer_of("source", lines, facts);
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
    const char *embargo = json_string_value(json_object_get(state, "embargo"));
    if (embargo) {
        say(lines,
            "in the queue, under an embargo until %s: nobody gets it before, and a newer "
            "version takes its place",
            embargo);
        return;
    }
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
    if (!burial.found && queue_id == 0)
        say(lines, "withdrawn by its publisher while it was under an embargo: nobody has seen it");
    else if (!burial.found)
        say(lines, "handed over to the disk, not durable yet");
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

/* What was sent under an address: the item that came of it, what was set aside of it, or both. */
static int explain_address(struct pipeline *p, struct str url, json_t **out)
{
    json_t *documents = quarantine_of(p->quarantine, STR_NONE, url);
    int rc = explain_url(p, url, out);
    if (rc == 0) {
        say_set_aside(json_object_get(*out, "lines"), documents);
    } else if (json_array_size(documents)) {
        *out = explain_document(json_incref(json_array_get(documents, 0)));
        rc = 0;
    }
    json_decref(documents);
    return rc;
}

int explain_what(struct pipeline *p, struct str what, json_t **out)
{
    struct source *source = sources_find(p->sources, what);
    if (source) {
        *out = explain_source(p, source);
        return 0;
    }
    if (str_starts(what, STR(QUARANTINE_ID))) {
        json_t *facts = quarantine_find(p->quarantine, what);
        if (facts)
            *out = explain_document(facts);
        return facts ? 0 : -ENOENT;
    }
    if (str_starts(what, STR("urn:dateline:")))
        return explain_item(p, what, out);
    return explain_address(p, what, out);
}
