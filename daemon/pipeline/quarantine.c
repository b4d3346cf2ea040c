#include "quarantine.h"

#include <errno.h>
#include <stdlib.h>

#include "aside.h"
#include "clock.h"
#include "limits.h"
#include "list.h"
#include "log.h"
#include "quarantine_files.h"
#include "show.h"
#include "url.h"

struct entry {
    uint64_t number, bytes;
    enum quarantine_kind kind;
    char *source;
    struct buf address; /* what equal addresses share; empty: it has none */
    json_t *facts;
    struct entry *prev, *next;
};

struct quarantine {
    char *folder;
    struct ev_loop *loop;
    struct entry *entries; /* oldest first */
    struct quarantine_counts counts;
    uint64_t last; /* number given */
    struct file_order *waiting, *under_way;
    unsigned waiting_count;
    struct aside aside;
};

/* ------------------------------------------------------------------------------------ one entry */

static const char *const kind_name[QUARANTINE_KINDS] = {"refused", "suspect"};

static const char *text_of(const json_t *facts, const char *key)
{
    const char *text = json_string_value(json_object_get(facts, key));
    return text ? text : "";
}

static void put_address(struct buf *out, struct str url)
{
    if (url.len && (str_starts(url, STR("file://")) || url_identity(url, out) != 0))
        buf_puts(out, url);
}

static struct entry *entry_new(struct quarantine *q, uint64_t number, json_t *facts)
{
    struct entry *entry = xcalloc(1, sizeof *entry);
    json_int_t bytes = json_integer_value(json_object_get(facts, "bytes"));
    entry->number = number;
    entry->bytes = bytes > 0 ? (uint64_t)bytes : 0;
    entry->kind = strcmp(text_of(facts, "kind"), kind_name[QUARANTINE_REFUSED]) == 0
                      ? QUARANTINE_REFUSED
                      : QUARANTINE_SUSPECT;
    entry->source = xstrdup(text_of(facts, "source"));
    put_address(&entry->address, str_of(text_of(facts, "url")));
    entry->facts = json_incref(facts);
    DL_APPEND(q->entries, entry);
    q->counts.documents[entry->kind]++;
    q->counts.bytes[entry->kind] += entry->bytes;
    return entry;
}

static void entry_free(struct quarantine *q, struct entry *entry)
{
    DL_DELETE(q->entries, entry);
    q->counts.documents[entry->kind]--;
    q->counts.bytes[entry->kind] -= entry->bytes;
    json_decref(entry->facts);
    buf_free(&entry->address);
    free(entry->source);
    free(entry);
}

/* -------------------------------------------------------------------------------------- the files */

static void order_free(struct file_order *order)
{
    buf_free(&order->document);
    buf_free(&order->facts);
    free(order);
}

static void do_orders(void *ctx)
{
    struct quarantine *q = ctx;
    for (struct file_order *order = q->under_way; order; order = order->next)
        file_order_do(q->folder, order);
}

static void forget(struct quarantine *q, uint64_t number)
{
    struct entry *entry, *next;
    DL_FOREACH_SAFE (q->entries, entry, next)
        if (entry->number == number)
            entry_free(q, entry);
}

static void start_orders(struct quarantine *q);

static void finish_orders(struct quarantine *q)
{
    while (q->under_way) {
        struct file_order *order = q->under_way;
        DL_DELETE(q->under_way, order);
        if (order->error && order->facts.len) {
            log_warning("pipeline: a document cannot be set aside folder=%s error=%s",
                        log_safez(q->folder), strerror(-order->error));
            q->counts.lost++;
            forget(q, order->number);
        }
        order_free(order);
    }
}

static void on_over(void *ctx)
{
    finish_orders(ctx);
    start_orders(ctx);
}

static void start_orders(struct quarantine *q)
{
    if (q->aside.running || !q->waiting)
        return;
    q->under_way = q->waiting;
    q->waiting = NULL;
    q->waiting_count = 0;
    q->aside = (struct aside){.work = do_orders, .then = on_over, .ctx = q};
    int error = aside_start(&q->aside, q->loop);
    if (!error)
        return;
    struct file_order *order;
    DL_FOREACH (q->under_way, order)
        order->error = error;
    finish_orders(q);
}

/* facts NULL: the files are to go. */
static void give_order(struct quarantine *q, uint64_t number, const json_t *facts,
                       struct buf *document)
{
    struct file_order *order = xcalloc(1, sizeof *order);
    order->number = number;
    if (facts) {
        char *text = json_dumps(facts, JSON_INDENT(2));
        buf_putz(&order->facts, text ? text : "{}");
        free(text);
        order->document = *document;
        *document = BUF_NONE;
    }
    DL_APPEND(q->waiting, order);
    q->waiting_count++;
}

/* ------------------------------------------------------------------------------- taking a document */

static void drop(struct quarantine *q, struct entry *entry)
{
    give_order(q, entry->number, NULL, NULL);
    entry_free(q, entry);
}

static bool is_full(const struct quarantine *q, enum quarantine_kind kind)
{
    return q->counts.documents[kind] > LIMIT_QUARANTINE_DOCUMENTS ||
           q->counts.bytes[kind] > LIMIT_QUARANTINE_BYTES;
}

/* Older documents of the same address, and the oldest of its kind while there are too many. */
static void make_room(struct quarantine *q, const struct entry *newest)
{
    struct entry *entry, *next;
    DL_FOREACH_SAFE (q->entries, entry, next) {
        bool same = newest->address.len && strcmp(entry->source, newest->source) == 0 &&
                    str_eq(buf_str(&entry->address), buf_str(&newest->address));
        if (entry != newest && entry->kind == newest->kind && (same || is_full(q, entry->kind)))
            drop(q, entry);
    }
}

static const char *reason_of(int error)
{
    switch (error) {
    case -EBADMSG:
        return "not-understood";
    case -EMSGSIZE:
        return "over-limit";
    case -ETIMEDOUT:
        return "deadline";
    case -EPROTO:
        return "malformed-frame";
    default:
        return "child-died";
    }
}

static json_t *shown(struct str text)
{
    struct buf plain = BUF_NONE;
    show_put(&plain, text);
    json_t *json = json_stringn(buf_cstr(&plain), plain.len);
    buf_free(&plain);
    return json;
}

static json_t *facts_of(uint64_t number, const char *source, struct str url,
                        const struct parser_answer *answer)
{
    const struct parse_request *request = answer->request;
    bool refused = answer->error == -EBADMSG || answer->error == -EMSGSIZE;
    char id[QUARANTINE_NAME + sizeof QUARANTINE_ID], at[CLOCK_TEXT], fetched[CLOCK_TEXT];
    snprintf(id, sizeof id, QUARANTINE_ID "%llu", (unsigned long long)number);
    clock_format(clock_now(), at);
    clock_format(request->fetched_at, fetched);
    return json_pack("{s:s, s:s, s:s, s:o, s:s, s:s, s:o, s:I, s:s, s:o, s:o, s:o, s:o, s:s}", "id",
                     id, "at", at, "source", source, "url", shown(url), "kind",
                     kind_name[refused ? QUARANTINE_REFUSED : QUARANTINE_SUSPECT], "reason",
                     reason_of(answer->error), "why", shown(str_of(answer->report.reason)), "bytes",
                     (json_int_t)answer->document->len, "type", parse_type_name(request->type),
                     "base", shown(request->url), "charset", shown(request->charset),
                     "content_type", shown(request->content_type), "content_encoding",
                     shown(request->content_encoding), "fetched", fetched);
}

void quarantine_take(struct quarantine *q, const char *source, struct str url,
                     const struct parser_answer *answer)
{
    if (answer->error == 0 || answer->document->len == 0)
        return;
    if (q->waiting_count >= LIMIT_QUARANTINE_WAITING) {
        q->counts.lost++;
        return;
    }
    json_t *facts = facts_of(++q->last, source, url, answer);
    struct entry *entry = entry_new(q, q->last, facts);
    q->counts.taken[entry->kind]++;
    LOG_AT(entry->kind == QUARANTINE_SUSPECT ? LOG_WARNING : LOG_INFO,
           "pipeline: document set aside id=%s source=%s url=%s reason=%s why=%s",
           text_of(facts, "id"), source, log_safez(text_of(facts, "url")), text_of(facts, "reason"),
           log_safez(text_of(facts, "why")));
    make_room(q, entry);
    give_order(q, q->last, facts, answer->document);
    json_decref(facts);
    start_orders(q);
}

/* ---------------------------------------------------------------------------------------- looking */

/* For a shell: harmless characters as they are, anything else between single quotes. */
static void put_word(struct buf *out, const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "-_./:=@%+,";
    if (*word && word[strspn(word, plain)] == '\0') {
        buf_putz(out, word);
        return;
    }
    buf_putc(out, '\'');
    for (const char *c = word; *c; c++) {
        if (*c == '\'')
            buf_putz(out, "'\\''");
        else
            buf_putc(out, *c);
    }
    buf_putc(out, '\'');
}

static void put_option(struct buf *out, const json_t *facts, const char *key, const char *option)
{
    const char *value = text_of(facts, key);
    if (!*value)
        return;
    buf_printf(out, " %s ", option);
    put_word(out, value);
}

static json_t *replay_of(const json_t *facts, const char *file)
{
    struct buf line = BUF_NONE;
    buf_putz(&line, "dateline parse");
    put_option(&line, facts, "type", "--type");
    put_option(&line, facts, "base", "--url");
    put_option(&line, facts, "charset", "--charset");
    put_option(&line, facts, "content_type", "--content-type");
    put_option(&line, facts, "content_encoding", "--content-encoding");
    put_option(&line, facts, "fetched", "--fetched");
    buf_putc(&line, ' ');
    put_word(&line, file);
    json_t *json = json_stringn(buf_cstr(&line), line.len);
    buf_free(&line);
    return json;
}

static json_t *told(const struct quarantine *q, const struct entry *entry)
{
    json_t *facts = json_copy(entry->facts);
    char *file = xasprintf("%s/%llu" DOCUMENT_SUFFIX, q->folder, (unsigned long long)entry->number);
    json_object_set_new(facts, "file", json_string(file));
    json_object_set_new(facts, "replay", replay_of(facts, file));
    free(file);
    return facts;
}

json_t *quarantine_find(const struct quarantine *q, struct str id)
{
    uint64_t number;
    struct entry *entry;
    if (!str_starts(id, STR(QUARANTINE_ID)) ||
        str_u64(str_from(id, strlen(QUARANTINE_ID)), &number) != 0)
        return NULL;
    DL_FOREACH (q->entries, entry)
        if (entry->number == number)
            return told(q, entry);
    return NULL;
}

json_t *quarantine_of(const struct quarantine *q, struct str source, struct str url)
{
    json_t *list = json_array();
    struct buf address = BUF_NONE;
    struct entry *entry;
    put_address(&address, url);
    DL_FOREACH (q->entries, entry)
        if ((source.len && str_is(source, entry->source)) ||
            (address.len && str_eq(buf_str(&address), buf_str(&entry->address))))
            json_array_insert_new(list, 0, told(q, entry));
    buf_free(&address);
    return list;
}

void quarantine_counts(const struct quarantine *q, struct quarantine_counts *out)
{
    *out = q->counts;
}

/* --------------------------------------------------------------------------------- start and end */

static void remember(void *ctx, uint64_t number, json_t *facts)
{
    struct quarantine *q = ctx;
    entry_new(q, number, facts);
    q->last = number;
}

struct quarantine *quarantine_open(const char *state, struct ev_loop *loop)
{
    struct quarantine *q = xcalloc(1, sizeof *q);
    q->folder = xasprintf("%s/quarantine", state);
    q->loop = loop;
    int error = files_each(q->folder, remember, q);
    if (error && error != -ENOENT)
        log_warning("pipeline: the quarantine cannot be read folder=%s error=%s",
                    log_safez(q->folder), strerror(-error));
    return q;
}

bool quarantine_close(struct quarantine *q, int64_t patience_us)
{
    int64_t until = clock_mono() + patience_us;
    if (!q)
        return true;
    do {
        if (!aside_stop(&q->aside, until - clock_mono()))
            return false;
        finish_orders(q);
        start_orders(q); /* what waited behind it */
    } while (q->aside.running);
    while (q->entries)
        entry_free(q, q->entries);
    free(q->folder);
    free(q);
    return true;
}
