#include "wire.h"

#include <errno.h>

#include "wire_json.h"

enum { HEADER = 2, PAYLOAD = 3 }; /* places of frames: tag, verb, header, payload… */
#define NACK_REASON 1024          /* bytes of a reason that are kept */

/* Who may send what. */
static const bool from_worker[WIRE_VERBS] = {
    [WIRE_HELLO] = true, [WIRE_RESULT] = true, [WIRE_ACK] = true,
    [WIRE_NACK] = true,  [WIRE_TOUCH] = true,  [WIRE_CREDIT] = true,
    [WIRE_PING] = true,  [WIRE_PONG] = true,   [WIRE_BYE] = true};
static const bool from_daemon[WIRE_VERBS] = {
    [WIRE_WELCOME] = true, [WIRE_ITEMS] = true, [WIRE_PING] = true,
    [WIRE_PONG] = true,    [WIRE_BYE] = true,   [WIRE_REFUSED] = true};

static bool find_verb(struct str name, enum wire_side from, enum wire_verb *out)
{
    const bool *allowed = from == WIRE_FROM_WORKER ? from_worker : from_daemon;
    for (int verb = 0; verb < WIRE_VERBS; verb++)
        if (allowed[verb] && str_is(name, wire_verb_name((enum wire_verb)verb))) {
            *out = (enum wire_verb)verb;
            return true;
        }
    return false;
}

static bool printable(struct str text, size_t max)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.at[i] < 0x20 || text.at[i] > 0x7e)
            return false;
    return text.len > 0 && text.len <= max;
}

static enum wire_refusal read_credit(const json_t *header, struct wire_work *out)
{
    uint64_t credit;
    int err = wire_json_u64(header, "credit", 0, LIMIT_CREDIT, &credit);
    if (err)
        return err == -ENOENT ? WIRE_BAD_FRAMES : WIRE_BAD_CREDIT;
    out->credit = (uint32_t)credit;
    return WIRE_FINE;
}

/* RFC 5646 2.2.1 has them as primary subtags. */
bool wire_is_language(struct str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.at[i] < 'a' || text.at[i] > 'z')
            return false;
    return text.len == 2 || text.len == 3;
}

static void add_language(struct wire_work *out, struct str code)
{
    for (size_t i = 0; i < out->language_count; i++)
        if (str_is(code, out->language[i]))
            return;
    memcpy(out->language[out->language_count++], code.at, code.len);
}

static enum wire_refusal read_languages(const json_t *header, struct wire_work *out)
{
    const json_t *list = json_object_get(header, "languages"), *one;
    size_t i;
    if (!list || json_is_null(list))
        return WIRE_FINE;
    if (!json_is_array(list) || json_array_size(list) > LIMIT_LANGUAGES)
        return WIRE_BAD_LANGUAGES;
    json_array_foreach (list, i, one) {
        struct str code = {json_string_value(one), json_string_length(one)};
        if (!json_is_string(one) || !wire_is_language(code))
            return WIRE_BAD_LANGUAGES;
        add_language(out, code);
    }
    return WIRE_FINE;
}

static enum wire_refusal read_capabilities(const json_t *header, struct wire_work *out)
{
    const json_t *list = json_object_get(header, "capabilities"), *one;
    size_t i;
    if (!list || json_is_null(list))
        return WIRE_FINE;
    if (!json_is_array(list) || json_array_size(list) > LIMIT_CAPABILITIES)
        return WIRE_BAD_FRAMES;
    json_array_foreach (list, i, one) {
        struct str text = {json_string_value(one), json_string_length(one)};
        if (!json_is_string(one) || !printable(text, LIMIT_CAPABILITY))
            return WIRE_BAD_FRAMES;
        out->capability[out->capability_count++] = text;
    }
    return WIRE_FINE;
}

static enum wire_refusal read_hello(const json_t *header, struct wire_work *out)
{
    uint64_t version;
    if (wire_json_u64(header, "version", WIRE_VERSION, WIRE_VERSION, &version) != 0)
        return WIRE_BAD_VERSION;
    if (wire_json_str(header, "worker", LIMIT_WORKER_NAME, &out->worker) != 0 ||
        !printable(out->worker, LIMIT_WORKER_NAME))
        return WIRE_BAD_NAME;
    enum wire_refusal refusal = read_credit(header, out);
    if (!refusal)
        refusal = read_languages(header, out);
    return refusal ? refusal : read_capabilities(header, out);
}

static enum wire_refusal read_welcome(const json_t *header, struct wire_work *out)
{
    uint64_t version, lease_ms, heartbeat_ms;
    if (wire_json_u64(header, "version", WIRE_VERSION, WIRE_VERSION, &version) != 0)
        return WIRE_BAD_VERSION;
    if (wire_json_str(header, "epoch", 64, &out->epoch) != 0 ||
        wire_json_str(header, "session", 64, &out->session) != 0 ||
        wire_json_u64(header, "lease_ms", 1, UINT32_MAX, &lease_ms) != 0 ||
        wire_json_u64(header, "heartbeat_ms", 1, 3600000, &heartbeat_ms) != 0)
        return WIRE_BAD_FRAMES;
    out->lease_ms = (uint32_t)lease_ms;
    out->heartbeat_ms = (uint32_t)heartbeat_ms;
    return WIRE_FINE;
}

static bool read_flag(const json_t *object, const char *key, bool otherwise, bool *out)
{
    const json_t *value = json_object_get(object, key);
    *out = value ? json_is_true(value) : otherwise;
    return !value || json_is_boolean(value);
}

static bool read_nack(const json_t *entry, struct wire_lease *out)
{
    int err = wire_json_str(entry, "reason", LIMIT_FRAME_HEADER, &out->reason);
    out->reason = str_upto(out->reason, NACK_REASON);
    return err != -EBADMSG && read_flag(entry, "retry", true, &out->retry) &&
           read_flag(entry, "unbegun", false, &out->unbegun);
}

static bool read_lease(const json_t *entry, enum wire_verb verb, struct wire_lease *out)
{
    uint64_t delivery = 0;
    if (!json_is_object(entry) || wire_json_u64(entry, "lease", 1, WIRE_INT_MAX, &out->lease) != 0)
        return false;
    if (verb == WIRE_ITEMS && wire_json_u64(entry, "delivery", 1, UINT32_MAX, &delivery) != 0)
        return false;
    out->delivery = (uint32_t)delivery;
    return verb != WIRE_NACK || read_nack(entry, out);
}

/* Of the leases themselves nothing is left to read when the quick walk did: then there is no JSON. */
static enum wire_refusal read_leases(const json_t *header, const struct str *frames, size_t count,
                                     struct wire_work *out)
{
    bool payload = out->verb == WIRE_ITEMS || out->verb == WIRE_RESULT;
    if (header && !json_is_array(header))
        return WIRE_BAD_FRAMES;
    size_t leases = header ? json_array_size(header) : out->count;
    if (leases == 0 || leases > LIMIT_BATCH_ITEMS || (payload && count - PAYLOAD != leases))
        return WIRE_BAD_BATCH;
    for (size_t i = 0; i < leases; i++) {
        if (header && !read_lease(json_array_get(header, i), out->verb, &out->lease[i]))
            return WIRE_BAD_FRAMES;
        if (!payload)
            continue;
        out->lease[i].payload = frames[PAYLOAD + i];
        if (!wire_json_is_object(frames[PAYLOAD + i]))
            return WIRE_BAD_RECORD;
    }
    out->count = leases;
    return WIRE_FINE;
}

static enum wire_refusal read_ping(const json_t *header, struct wire_work *out)
{
    int err = wire_json_u64(header, "n", 0, WIRE_INT_MAX, &out->ping);
    return err == -EBADMSG ? WIRE_BAD_FRAMES : WIRE_FINE;
}

static enum wire_refusal read_refused(const json_t *header, struct wire_work *out)
{
    const json_t *leases = json_object_get(header, "leases");
    if (wire_json_str(header, "reason", 64, &out->reason) != 0 ||
        json_array_size(leases) > LIMIT_BATCH_ITEMS)
        return WIRE_BAD_FRAMES;
    for (size_t i = 0; i < json_array_size(leases); i++) {
        const json_t *n = json_array_get(leases, i);
        if (!json_is_integer(n) || json_integer_value(n) < 0)
            return WIRE_BAD_FRAMES;
        out->lease[out->count++].lease = (uint64_t)json_integer_value(n);
    }
    return WIRE_FINE;
}

static enum wire_refusal read_header(const struct str *frames, size_t count, struct wire_work *out)
{
    const json_t *header = out->json;
    switch (out->verb) {
    case WIRE_ITEMS:
    case WIRE_RESULT:
    case WIRE_ACK:
    case WIRE_NACK:
    case WIRE_TOUCH:
        return read_leases(header, frames, count, out);
    case WIRE_HELLO:
        return json_is_object(header) ? read_hello(header, out) : WIRE_BAD_FRAMES;
    case WIRE_WELCOME:
        return json_is_object(header) ? read_welcome(header, out) : WIRE_BAD_FRAMES;
    case WIRE_CREDIT:
        return json_is_object(header) ? read_credit(header, out) : WIRE_BAD_FRAMES;
    case WIRE_PING:
    case WIRE_PONG:
        return json_is_object(header) ? read_ping(header, out) : WIRE_BAD_FRAMES;
    case WIRE_BYE:
        return json_is_object(header) ? WIRE_FINE : WIRE_BAD_FRAMES;
    case WIRE_REFUSED:
        return json_is_object(header) ? read_refused(header, out) : WIRE_BAD_FRAMES;
    case WIRE_REPLAY:
    case WIRE_RECORDS:
    case WIRE_PUSH:
    case WIRE_TAKEN:
    case WIRE_VERBS:
        break;
    }
    return WIRE_BAD_VERB;
}

/* How many leases the quick walk has filled; 0: the header is to be read whole. */
static size_t read_quick(struct str header, struct wire_work *out)
{
    if (out->verb == WIRE_ITEMS)
        return wire_leases_quick(header, true, out->lease);
    if (out->verb == WIRE_RESULT || out->verb == WIRE_ACK || out->verb == WIRE_TOUCH)
        return wire_leases_quick(header, false, out->lease);
    return 0;
}

enum wire_refusal wire_work_decode(const struct str *frames, size_t count, enum wire_side from,
                                   struct wire_work *out)
{
    struct wire_work work = {0};
    enum wire_refusal refusal;
    if (count == 0)
        return WIRE_BAD_FRAMES;
    if (!str_is(frames[0], WIRE_WORK_TAG))
        return WIRE_BAD_VERSION;
    if (count < PAYLOAD)
        return WIRE_BAD_FRAMES;
    if (!find_verb(frames[1], from, &work.verb))
        return WIRE_BAD_VERB;
    bool payload = work.verb == WIRE_ITEMS || work.verb == WIRE_RESULT;
    if (count > PAYLOAD + (payload ? LIMIT_BATCH_ITEMS : 0))
        return payload ? WIRE_BAD_BATCH : WIRE_BAD_FRAMES;
    work.count = read_quick(frames[HEADER], &work);
    work.json = work.count ? NULL : wire_json(frames[HEADER]);
    if (!work.count && !work.json)
        return WIRE_BAD_FRAMES;
    refusal = read_header(frames, count, &work);
    if (refusal)
        json_decref(work.json);
    else
        *out = work;
    return refusal;
}

void wire_work_done(struct wire_work *work)
{
    json_decref(work->json);
    work->json = NULL;
    work->count = 0;
}

/* ---- headers */

static void set_texts(json_t *object, const char *key, const char *const *texts)
{
    if (!texts || !*texts)
        return;
    json_t *list = json_array();
    for (; *texts; texts++)
        json_array_append_new(list, json_string(*texts));
    json_object_set_new(object, key, list);
}

void wire_put_hello(struct buf *out, const struct wire_hello *hello)
{
    json_t *json = json_pack("{s:i, s:s, s:I}", "version", WIRE_VERSION, "worker", hello->worker,
                             "credit", (json_int_t)hello->credit);
    set_texts(json, "languages", hello->languages);
    set_texts(json, "capabilities", hello->capabilities);
    wire_json_put(out, json);
}

void wire_put_welcome(struct buf *out, const char *epoch, const char *session, uint32_t lease_ms,
                      uint32_t heartbeat_ms)
{
    wire_json_put(out, json_pack("{s:i, s:s, s:s, s:I, s:I}", "version", WIRE_VERSION, "epoch",
                                 epoch, "session", session, "lease_ms", (json_int_t)lease_ms,
                                 "heartbeat_ms", (json_int_t)heartbeat_ms));
}

static json_t *nack_json(const struct wire_lease *lease)
{
    json_t *json =
        json_pack("{s:I, s:b}", "lease", (json_int_t)lease->lease, "retry", (int)lease->retry);
    if (lease->reason.len)
        json_object_set_new(json, "reason",
                            json_stringn_nocheck(lease->reason.at, lease->reason.len));
    if (lease->unbegun)
        json_object_set_new(json, "unbegun", json_true());
    return json;
}

static void put_lease(struct buf *out, const struct wire_lease *lease, bool delivered)
{
    buf_puts(out, STR("{\"lease\":"));
    buf_put_u64(out, lease->lease);
    if (delivered) {
        buf_puts(out, STR(",\"delivery\":"));
        buf_put_u64(out, lease->delivery);
    }
    buf_putc(out, '}');
}

/* These three are written without building values: they are sent for every batch. */
void wire_put_leases(struct buf *out, enum wire_verb verb, const struct wire_lease *lease,
                     size_t count)
{
    buf_putc(out, '[');
    for (size_t i = 0; i < count; i++) {
        if (i)
            buf_putc(out, ',');
        if (verb == WIRE_NACK)
            wire_json_put(out, nack_json(&lease[i]));
        else
            put_lease(out, &lease[i], verb == WIRE_ITEMS);
    }
    buf_putc(out, ']');
}

void wire_put_credit(struct buf *out, uint32_t credit)
{
    buf_printf(out, "{\"credit\":%u}", credit);
}

void wire_put_ping(struct buf *out, uint64_t n)
{
    buf_printf(out, "{\"n\":%llu}", (unsigned long long)n);
}

void wire_put_refused(struct buf *out, enum wire_refusal refusal, const char *why,
                      const uint64_t *leases, size_t lease_count, uint64_t request)
{
    json_t *json = json_pack("{s:s}", "reason", wire_refusal_name(refusal));
    if (request)
        json_object_set_new(json, "id", json_integer((json_int_t)request));
    if (why)
        json_object_set_new(json, "why", json_string(why));
    if (lease_count) {
        json_t *list = json_array();
        for (size_t i = 0; i < lease_count; i++)
            json_array_append_new(list, json_integer((json_int_t)leases[i]));
        json_object_set_new(json, "leases", list);
    }
    wire_json_put(out, json);
}
