/*
 * What survives of a source, and what people and programs are told of it.
 *
 * The stored form is a JSON object: {"v": 1, "address": …, …}. `address` is the one of the
 * definition: when it has changed since, validators, adoption and taken files speak of something
 * else and are not used. Unknown members are ignored; a member that means something else gets a new
 * name; `v` grows when an old reader would do harm. What cannot be used is logged and the source
 * begins anew: at worst it is asked once too often.
 */
#include "kind.h"

#include <inttypes.h>

#include "clock.h"
#include "limits.h"
#include "log.h"

#define STATE_VERSION 1
#define MOST_BIN      1000000000 /* a stored bin, in thousandths */

/* ---- out */

/* Members that are not set are left out. Text that is not UTF-8 (a validator may be anything)
 * cannot be JSON: jansson refuses it and the member is absent. */
static void put_text(json_t *object, const char *key, const char *text)
{
    if (text && *text)
        json_object_set_new(object, key, json_string(text));
}

static void put_number(json_t *object, const char *key, int64_t n)
{
    if (n)
        json_object_set_new(object, key, json_integer(n));
}

/* Thousandths of items and hours, so that they are integers. */
static void put_bins(json_t *array, const float *bins, size_t count)
{
    for (size_t i = 0; i < count; i++)
        json_array_append_new(array, json_integer((json_int_t)(bins[i] * 1000)));
}

static void put_rhythm(json_t *object, const struct rhythm *r)
{
    if (!r->at)
        return;
    json_t *array = json_array();
    json_array_append_new(array, json_integer(r->at));
    const float sums[] = {r->seen_h, r->items, r->recent, r->recent_due};
    put_bins(array, sums, ARRAY_LEN(sums));
    put_bins(array, r->hour, RHYTHM_HOURS);
    put_bins(array, r->day, RHYTHM_DAYS);
    put_bins(array, r->slot, RHYTHM_SLOTS);
    json_object_set_new(object, "rhythm", array);
}

void source_state(const struct source *s, struct buf *out)
{
    json_t *o = json_object();
    const struct schedule *c = &s->schedule;
    put_number(o, "v", STATE_VERSION);
    put_text(o, "address", source_address(s));
    put_text(o, "adopted", s->adopted);
    put_text(o, "etag", s->etag);
    put_text(o, "last_modified", s->last_modified);
    put_text(o, "moved", s->moved);
    put_number(o, "moved_count", s->moved_count);
    put_text(o, "title", s->title);
    put_number(o, "paused", s->paused);
    put_number(o, "learned_us", c->learned_us);
    put_number(o, "window", c->window);
    put_rhythm(o, &c->rhythm);
    put_number(o, "last_ask", c->last_ask);
    put_number(o, "last_success", c->last_success);
    put_number(o, "last_new", c->last_new);
    put_number(o, "next_at", c->next_at);
    put_number(o, "failures", c->failures);
    put_number(o, "retired", c->retired);
    put_number(o, "floor_us", c->floor_us);
    put_number(o, "skip_hours", c->skip_hours);
    put_number(o, "skip_days", c->skip_days);
    put_number(o, "status", c->status);
    put_text(o, "class", c->class);
    put_text(o, "error", c->error);
    put_text(o, "why", c->why);
    put_number(o, "asks", (int64_t)s->asks);
    put_number(o, "items", (int64_t)s->items);
    put_number(o, "fresh_items", (int64_t)s->fresh_items);
    put_number(o, "files", (int64_t)s->files);
    put_number(o, "bad_files", (int64_t)s->bad_files);
    struct buf taken = BUF_NONE;
    directory_state(s, &taken);
    if (taken.len)
        put_text(o, "taken", buf_cstr(&taken));
    buf_free(&taken);
    if (s->children)
        json_object_set_new(o, "children", sitemap_state(s));
    char *text = json_dumps(o, JSON_COMPACT);
    json_decref(o);
    if (!text)
        abort();
    buf_putz(out, text);
    free(text);
}

/* ---- in */

static int64_t get_number(const json_t *object, const char *key, int64_t least, int64_t most)
{
    int64_t n = json_integer_value(json_object_get(object, key));
    return n < least ? least : n > most ? most : n;
}

static void get_text(const json_t *object, const char *key, char *out, size_t size)
{
    const char *text = json_string_value(json_object_get(object, key));
    snprintf(out, size, "%s", text ? text : "");
}

static void keep_text(const json_t *object, const char *key, char **slot)
{
    source_keep(slot, json_string_value(json_object_get(object, key)));
}

/* What depends on the address. */
static void read_relation(struct source *s, const json_t *o)
{
    keep_text(o, "etag", &s->etag);
    keep_text(o, "last_modified", &s->last_modified);
    keep_text(o, "moved", &s->moved);
    s->moved_count = (uint32_t)get_number(o, "moved_count", 0, LIMIT_ADOPT_AFTER);
    const char *adopted = json_string_value(json_object_get(o, "adopted"));
    if (adopted && *adopted && s->kind->asks && !sources_at(s->sources, adopted))
        sources_adopt(s, adopted);
    if (s->kind->reads == SOURCE_READS_SITEMAP)
        sitemap_restore(s, json_object_get(o, "children"));
    const char *taken = json_string_value(json_object_get(o, "taken"));
    if (taken && !s->kind->asks)
        directory_restore(s, str_of(taken));
}

static size_t get_bins(const json_t *array, size_t from, float *bins, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        json_int_t n = json_integer_value(json_array_get(array, from + i));
        bins[i] = (float)(n < 0 ? 0 : n > MOST_BIN ? MOST_BIN : n) / 1000;
    }
    return from + count;
}

static void read_rhythm(struct rhythm *r, const json_t *array)
{
    float sums[4];
    if (json_array_size(array) != 1 + ARRAY_LEN(sums) + RHYTHM_HOURS + RHYTHM_DAYS + RHYTHM_SLOTS)
        return;
    int64_t at = json_integer_value(json_array_get(array, 0)), now = clock_now();
    r->at = at < 0 ? 0 : at > now ? now : at;
    size_t next = get_bins(array, 1, sums, ARRAY_LEN(sums));
    r->seen_h = sums[0];
    r->items = sums[1];
    r->recent = sums[2];
    r->recent_due = sums[3];
    next = get_bins(array, next, r->hour, RHYTHM_HOURS);
    next = get_bins(array, next, r->day, RHYTHM_DAYS);
    get_bins(array, next, r->slot, RHYTHM_SLOTS);
}

static void read_schedule(struct schedule *c, const json_t *o)
{
    read_rhythm(&c->rhythm, json_object_get(o, "rhythm"));
    c->window = (uint32_t)get_number(o, "window", 0, UINT32_MAX);
    c->learned_us = get_number(o, "learned_us", 0, LIMIT_INTERVAL_MAX_MS * USEC_PER_MSEC);
    c->last_ask = get_number(o, "last_ask", 0, INT64_MAX);
    c->last_success = get_number(o, "last_success", 0, INT64_MAX);
    c->last_new = get_number(o, "last_new", 0, INT64_MAX);
    c->next_at = get_number(o, "next_at", 0, INT64_MAX);
    c->failures = (uint32_t)get_number(o, "failures", 0, UINT32_MAX);
    c->retired = get_number(o, "retired", 0, 1) != 0;
    c->floor_us = get_number(o, "floor_us", 0, INT64_MAX);
    c->skip_hours = (uint32_t)get_number(o, "skip_hours", 0, 0xfffffe);
    c->skip_days = (uint8_t)get_number(o, "skip_days", 0, 0x7e);
    c->status = (int)get_number(o, "status", 0, 999);
    get_text(o, "class", c->class, sizeof(c->class));
    get_text(o, "error", c->error, sizeof(c->error));
    get_text(o, "why", c->why, sizeof(c->why));
}

static void read_object(struct source *s, const json_t *o)
{
    const char *address = json_string_value(json_object_get(o, "address"));
    keep_text(o, "title", &s->title);
    s->paused = get_number(o, "paused", 0, 1) != 0;
    s->asks = (uint64_t)get_number(o, "asks", 0, INT64_MAX);
    s->items = (uint64_t)get_number(o, "items", 0, INT64_MAX);
    s->fresh_items = (uint64_t)get_number(o, "fresh_items", 0, INT64_MAX);
    s->files = (uint64_t)get_number(o, "files", 0, INT64_MAX);
    s->bad_files = (uint64_t)get_number(o, "bad_files", 0, INT64_MAX);
    const char *own = source_address(s);
    if (!address != !own || (own && strcmp(address, own) != 0)) {
        log_info("source: address has changed, beginning anew source=%s", s->def.id);
        return;
    }
    read_schedule(&s->schedule, o);
    read_relation(s, o);
}

void state_read(struct source *s, struct str state)
{
    if (state.len == 0)
        return;
    json_error_t error;
    json_t *o = json_loadb(state.at, state.len, JSON_REJECT_DUPLICATES, &error);
    if (!o || !json_is_object(o))
        log_warning("source: stored state is damaged, beginning anew source=%s error=%s", s->def.id,
                    o ? "no object" : log_safez(error.text));
    else if (json_integer_value(json_object_get(o, "v")) != STATE_VERSION)
        log_warning("source: stored state is of another version, beginning anew source=%s",
                    s->def.id);
    else
        read_object(s, o);
    json_decref(o);
}

/* ---- for people */

enum source_health source_health(const struct source *s)
{
    if (s->paused)
        return SOURCE_PAUSED;
    return s->schedule.class[0] ? SOURCE_FAILING : SOURCE_WELL;
}

static const char *state_word(const struct source *s)
{
    if (s->leaving)
        return "leaving";
    if (s->paused)
        return "paused";
    if (s->schedule.retired)
        return "retired";
    if (s->phase != SOURCE_IDLE)
        return s->kind->asks ? "asking" : "reading";
    if (s->schedule.failures > 0)
        return "failing";
    if (sources_held(s->sources))
        return "held";
    return s->kind->at_rest;
}

static bool has_next(const struct source *s)
{
    return s->due.place != 0;
}

static void put_time(json_t *object, const char *key, int64_t at)
{
    char text[CLOCK_TEXT];
    json_object_set_new(object, key, at ? json_string(clock_format(at, text)) : json_null());
}

json_t *source_json(const struct source *s)
{
    json_t *o = json_object();
    const struct schedule *c = &s->schedule;
    json_object_set_new(o, "id", json_string(s->def.id));
    json_object_set_new(o, "kind", json_string(s->kind->name));
    put_text(o, s->kind->asks ? "url" : "path", source_address(s));
    put_text(o, "adopted", s->adopted);
    put_text(o, "title", source_title(s));
    json_object_set_new(o, "state", json_string(state_word(s)));
    put_time(o, "next", has_next(s) ? c->next_at : 0);
    json_object_set_new(o, "why", json_string(c->why));
    json_object_set_new(o, "interval_s",
                        json_real((double)schedule_interval_us(c, s->def.every_us) / 1e6));
    json_object_set_new(o, "auto", json_boolean(s->def.every_us == 0));
    json_object_set_new(o, "added", json_boolean(s->def.added));
    json_object_set_new(o, "failures", json_integer(c->failures));
    json_object_set_new(o, "class", c->class[0] ? json_string(c->class) : json_null());
    json_object_set_new(o, "error", c->error[0] ? json_string(c->error) : json_null());
    json_object_set_new(o, "status", json_integer(c->status));
    put_time(o, "last_ask", c->last_ask);
    put_time(o, "last_success", c->last_success);
    put_time(o, "last_new", c->last_new);
    json_object_set_new(o, "asks", json_integer((json_int_t)s->asks));
    json_object_set_new(o, "items", json_integer((json_int_t)s->items));
    json_object_set_new(o, "fresh_items", json_integer((json_int_t)s->fresh_items));
    if (!source_address(s)) {
        json_object_set_new(o, "refused", json_integer((json_int_t)s->bad_files));
    } else if (!s->kind->asks) {
        json_object_set_new(o, "files", json_integer((json_int_t)s->files));
        json_object_set_new(o, "bad_files", json_integer((json_int_t)s->bad_files));
        json_object_set_new(o, "pending", json_integer((json_int_t)directory_pending(s)));
    }
    return o;
}

static void say_time(struct buf *out, const char *what, int64_t at)
{
    char text[CLOCK_TEXT], span[SCHEDULE_SPAN];
    if (!at)
        return;
    int64_t ago = clock_now() - at;
    buf_printf(out, "%s %s (%s ago).\n", what, clock_format(at, text),
               schedule_span(ago > 0 ? ago : 0, span));
}

static void say_next(const struct source *s, struct buf *out)
{
    char text[CLOCK_TEXT];
    const char *verb = s->kind->asks ? "asked" : "looked through";
    if (s->paused)
        buf_printf(out, "It is paused by command.\n");
    else if (s->phase != SOURCE_IDLE)
        buf_printf(out, s->kind->asks ? "It is being asked now.\n"
                                      : "A file of it is being read now.\n");
    if (has_next(s))
        buf_printf(out, "Next %s %s: %s.\n", verb,
                   clock_format(s->schedule.next_at / 1000000 * 1000000, text), s->schedule.why);
    if (has_next(s) && sources_held(s->sources))
        buf_printf(out, "All sources are held back until the queue is shorter.\n");
    else if (has_next(s) && s->kind->asks && sources_full(s->sources))
        buf_printf(out, "As many sources as may be are being asked: who is due waits in line.\n");
}

static void say_move(const struct source *s, struct buf *out)
{
    if (s->adopted)
        buf_printf(out, "Asked at %s, where its own address has led for good.\n",
                   log_safez(s->adopted));
    if (s->moved)
        buf_printf(out, "The last %u answer%s pointed to %s; after %d the address is taken over.\n",
                   s->moved_count, s->moved_count == 1 ? "" : "s", log_safez(s->moved),
                   LIMIT_ADOPT_AFTER);
}

static void say_health(const struct source *s, struct buf *out)
{
    const struct schedule *c = &s->schedule;
    if (c->retired)
        buf_printf(out, "The server says it is gone for good (410).\n");
    else if (c->failures)
        buf_printf(out, "It failed %u time%s in a row, last as %s: %s.\n", c->failures,
                   c->failures == 1 ? "" : "s", log_safez(c->class), log_safez(c->error));
    say_time(out, "Last success", c->last_success);
    say_time(out, "Last something new", c->last_new);
}

/* The twelve hours in a row that had most items. */
static unsigned busiest_half_day(const struct rhythm *r, float *share)
{
    unsigned best = 0;
    float most = -1, all = 0;
    for (unsigned h = 0; h < RHYTHM_HOURS; h++)
        all += r->hour[h];
    for (unsigned from = 0; from < RHYTHM_HOURS; from++) {
        float sum = 0;
        for (unsigned h = from; h < from + RHYTHM_HOURS / 2; h++)
            sum += r->hour[h % RHYTHM_HOURS];
        if (sum > most) {
            most = sum;
            best = from;
        }
    }
    *share = all > 0 ? most / all : 0;
    return best;
}

static void say_rhythm(const struct source *s, struct buf *out)
{
    const struct rhythm *r = &s->schedule.rhythm;
    float share;
    unsigned from = busiest_half_day(r, &share);
    if (!r->at || r->items < LIMIT_RHYTHM_SAID)
        return;
    double a_day = rhythm_items(r, r->at, r->at + USEC_PER_DAY);
    buf_printf(out, "About %.*f items are expected in a day", a_day < 10 ? 1 : 0, a_day);
    if (share > 0.6)
        buf_printf(out, ", %.0f of 100 between %02u:00 and %02u:00 GMT", (double)share * 100, from,
                   (from + RHYTHM_HOURS / 2) % RHYTHM_HOURS);
    buf_printf(out, ".\n");
}

static void explain_push(const struct source *s, struct buf *out)
{
    buf_printf(out, "Programs hand in the items of source %s (dateline push --source %s).\n",
               s->def.id, s->def.id);
    if (s->paused)
        buf_printf(out, "It is paused by command: what is handed in is refused until then.\n");
    say_time(out, "Last handed in", s->schedule.last_success);
    say_time(out, "Last something new", s->schedule.last_new);
    buf_printf(out,
               "Batches: %" PRIu64 "; items: %" PRIu64 ", new: %" PRIu64
               "; documents refused: %" PRIu64 ".\n",
               s->asks, s->items, s->fresh_items, s->bad_files);
}

void source_explain(const struct source *s, struct buf *out)
{
    if (!source_address(s)) {
        explain_push(s, out);
        return;
    }
    buf_printf(out, "Source %s is a %s at %s.\n", s->def.id, s->kind->name,
               log_safez(source_address(s)));
    say_next(s, out);
    say_move(s, out);
    say_health(s, out);
    if (s->kind->asks)
        say_rhythm(s, out);
    if (s->etag || s->last_modified)
        buf_printf(out, "It is asked for changes only (%s).\n",
                   s->etag ? log_safez(s->etag) : log_safez(s->last_modified));
    if (s->kind->asks)
        buf_printf(out, "Polls: %" PRIu64 "; items seen: %" PRIu64 ", new: %" PRIu64 ".\n", s->asks,
                   s->items, s->fresh_items);
    else
        buf_printf(
            out, "%" PRIu64 " files read, %" PRIu64 " not taken, %zu waiting: %" PRIu64 " items.\n",
            s->files, s->bad_files, directory_pending(s), s->items);
}
