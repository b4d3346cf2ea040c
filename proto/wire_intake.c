#include "wire.h"

#include <errno.h>

#include "wire_json.h"

enum { HEADER = 2, PAYLOAD = 3 }; /* places of frames: tag, verb, header, payload… */
#define SHORT_TEXT 64             /* bytes of names and reasons */

/* Who may send what. */
static const bool from_pusher[WIRE_VERBS] = {
    [WIRE_PUSH] = true, [WIRE_PING] = true, [WIRE_PONG] = true};
static const bool from_daemon[WIRE_VERBS] = {
    [WIRE_TAKEN] = true, [WIRE_REFUSED] = true, [WIRE_PING] = true, [WIRE_PONG] = true};

static bool find_verb(struct str name, enum wire_pusher from, enum wire_verb *out)
{
    const bool *allowed = from == WIRE_FROM_PUSHER ? from_pusher : from_daemon;
    for (int verb = 0; verb < WIRE_VERBS; verb++)
        if (allowed[verb] && str_is(name, wire_verb_name((enum wire_verb)verb))) {
            *out = (enum wire_verb)verb;
            return true;
        }
    return false;
}

/* ---- PUSH */

/* A text that may be missing. */
static bool read_text(const json_t *object, const char *key, size_t max, struct str *out)
{
    return wire_json_str(object, key, max, out) != -EBADMSG;
}

static bool read_lane(const json_t *header, struct str *out)
{
    return read_text(header, "lane", SHORT_TEXT, out) &&
           (out->len == 0 || str_is(*out, "live") || str_is(*out, "backfill"));
}

static enum wire_refusal read_documents(const json_t *header, const struct str *frames,
                                        struct wire_intake *out)
{
    const json_t *list = json_object_get(header, "documents");
    size_t bytes = 0;
    if (list && !json_is_null(list) && !json_is_array(list))
        return WIRE_BAD_FRAMES;
    if (json_array_size(list) && json_array_size(list) != out->count)
        return WIRE_BAD_BATCH;
    for (size_t i = 0; i < out->count; i++) {
        struct wire_document *document = &out->document[i];
        const json_t *entry = json_array_get(list, i);
        document->bytes = frames[PAYLOAD + i];
        bytes += document->bytes.len;
        if ((entry && !json_is_object(entry)) ||
            !read_text(entry, "url", LIMIT_URL, &document->url) ||
            !read_text(entry, "charset", SHORT_TEXT, &document->charset))
            return WIRE_BAD_FRAMES;
    }
    return bytes > LIMIT_MESSAGE ? WIRE_BAD_BATCH : WIRE_FINE;
}

static enum wire_refusal read_push(const struct str *frames, size_t count, struct wire_intake *out)
{
    const json_t *header = out->json;
    if (out->id == 0 || !read_text(header, "source", LIMIT_SOURCE_ID, &out->source) ||
        !read_text(header, "type", SHORT_TEXT, &out->type) || !read_lane(header, &out->lane))
        return WIRE_BAD_FRAMES;
    out->count = count - PAYLOAD;
    if (out->count == 0 || out->count > LIMIT_BATCH_ITEMS)
        return WIRE_BAD_BATCH;
    return read_documents(header, frames, out);
}

/* ---- TAKEN, REFUSED */

static bool read_told(const json_t *entry, struct wire_told *out)
{
    uint64_t at, line = 0;
    if (wire_json_u64(entry, "at", 0, LIMIT_BATCH_ITEMS - 1, &at) != 0 ||
        wire_json_u64(entry, "line", 1, UINT32_MAX, &line) == -EBADMSG ||
        wire_json_str(entry, "reason", SHORT_TEXT, &out->reason) != 0 ||
        !read_text(entry, "why", LIMIT_FRAME_HEADER, &out->why))
        return false;
    out->at = (uint32_t)at;
    out->line = (uint32_t)line;
    return true;
}

static enum wire_refusal read_taken(struct wire_intake *out)
{
    const json_t *list = json_object_get(out->json, "documents");
    size_t count = json_array_size(list);
    if (out->id == 0 || count > LIMIT_BATCH_ITEMS ||
        wire_json_u64(out->json, "accepted", 0, WIRE_INT_MAX, &out->accepted) != 0 ||
        wire_json_u64(out->json, "known", 0, WIRE_INT_MAX, &out->known) != 0 ||
        wire_json_u64(out->json, "refused", 0, WIRE_INT_MAX, &out->refused) != 0)
        return WIRE_BAD_FRAMES;
    for (size_t i = 0; i < count; i++)
        if (!read_told(json_array_get(list, i), &out->told[i]))
            return WIRE_BAD_FRAMES;
    out->count = count;
    return WIRE_FINE;
}

static enum wire_refusal read_header(const struct str *frames, size_t count,
                                     struct wire_intake *out)
{
    if (!json_is_object(out->json) ||
        wire_json_u64(out->json, "id", 1, WIRE_INT_MAX, &out->id) == -EBADMSG)
        return WIRE_BAD_FRAMES;
    if (out->verb == WIRE_PUSH)
        return read_push(frames, count, out);
    if (out->verb == WIRE_TAKEN)
        return read_taken(out);
    if (out->verb == WIRE_REFUSED)
        return wire_json_str(out->json, "reason", SHORT_TEXT, &out->reason) == 0 &&
                       read_text(out->json, "why", LIMIT_FRAME_HEADER, &out->why)
                   ? WIRE_FINE
                   : WIRE_BAD_FRAMES;
    out->unanswered = UINT64_MAX;
    return wire_json_u64(out->json, "n", 0, WIRE_INT_MAX, &out->ping) == -EBADMSG ||
                   wire_json_u64(out->json, "unanswered", 0, WIRE_INT_MAX, &out->unanswered) ==
                       -EBADMSG
               ? WIRE_BAD_FRAMES
               : WIRE_FINE;
}

enum wire_refusal wire_intake_decode(const struct str *frames, size_t count, enum wire_pusher from,
                                     struct wire_intake *out)
{
    *out = (struct wire_intake){0};
    if (count == 0)
        return WIRE_BAD_FRAMES;
    if (!str_is(frames[0], WIRE_INTAKE_TAG))
        return WIRE_BAD_VERSION;
    if (count < PAYLOAD)
        return WIRE_BAD_FRAMES;
    if (!find_verb(frames[1], from, &out->verb))
        return WIRE_BAD_VERB;
    if (out->verb != WIRE_PUSH && count > PAYLOAD)
        return WIRE_BAD_FRAMES;
    out->json = wire_json(frames[HEADER]);
    enum wire_refusal refusal = out->json ? read_header(frames, count, out) : WIRE_BAD_FRAMES;
    if (refusal)
        wire_intake_done(out);
    return refusal;
}

void wire_intake_done(struct wire_intake *intake)
{
    json_decref(intake->json);
    intake->json = NULL;
    intake->count = 0;
}

/* ---- headers */

static void set_text(json_t *object, const char *key, struct str text)
{
    if (text.len)
        json_object_set_new(object, key, json_stringn(text.at, text.len));
}

static json_t *document_json(const struct wire_document *document)
{
    json_t *json = json_object();
    set_text(json, "url", document->url);
    set_text(json, "charset", document->charset);
    return json;
}

void wire_put_push(struct buf *out, const struct wire_intake *push)
{
    json_t *json = json_pack("{s:I}", "id", (json_int_t)push->id), *list = NULL;
    set_text(json, "source", push->source);
    set_text(json, "type", push->type);
    set_text(json, "lane", push->lane);
    for (size_t i = 0; i < push->count; i++)
        if (push->document[i].url.len || push->document[i].charset.len)
            list = list ? list : json_array();
    for (size_t i = 0; list && i < push->count; i++)
        json_array_append_new(list, document_json(&push->document[i]));
    if (list)
        json_object_set_new(json, "documents", list);
    wire_json_put(out, json);
}

void wire_put_pong(struct buf *out, uint64_t n, uint64_t unanswered)
{
    buf_printf(out, "{\"n\":%llu,\"unanswered\":%llu}", (unsigned long long)n,
               (unsigned long long)unanswered);
}

static json_t *told_json(const struct wire_told *told)
{
    json_t *json = json_pack("{s:i}", "at", (int)told->at);
    if (told->line)
        json_object_set_new(json, "line", json_integer(told->line));
    set_text(json, "reason", told->reason);
    set_text(json, "why", told->why);
    return json;
}

void wire_put_taken(struct buf *out, const struct wire_intake *taken)
{
    buf_printf(out, "{\"id\":%llu,\"accepted\":%llu,\"known\":%llu,\"refused\":%llu",
               (unsigned long long)taken->id, (unsigned long long)taken->accepted,
               (unsigned long long)taken->known, (unsigned long long)taken->refused);
    for (size_t i = 0; i < taken->count; i++) {
        buf_putz(out, i ? "," : ",\"documents\":[");
        wire_json_put(out, told_json(&taken->told[i]));
    }
    buf_putz(out, taken->count ? "]}" : "}");
}
