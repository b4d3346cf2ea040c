#include "wire.h"

#include <errno.h>

#include "clock.h"
#include "utf8.h"
#include "wire_json.h"

#define EPOCH_MAX 64

/* ---- the live feed */

static int read_prev(const json_t *object, uint64_t seq, uint64_t *out)
{
    int err = wire_json_u64(object, "prev", 1, WIRE_INT_MAX, out);
    if (err == -ENOENT) {
        *out = 0;
        return json_object_get(object, "prev") ? 0 : -EBADMSG; /* null, not missing */
    }
    return err ? err : *out < seq ? 0 : -EBADMSG;
}

static int read_heartbeat(struct wire_live *live)
{
    uint64_t interval;
    const json_t *header = live->json;
    live->heartbeat = true;
    if (wire_json_u64(header, "newest", 0, WIRE_INT_MAX, &live->newest) != 0 ||
        wire_json_u64(header, "since", 0, live->newest, &live->since) != 0 ||
        wire_json_u64(header, "interval_ms", 1, 3600000, &interval) != 0)
        return -EBADMSG;
    live->interval_ms = (uint32_t)interval;
    /* The body may be larger than a header: as many topics as LIMIT_HEARTBEAT_TOPICS. */
    live->body = json_loadb(live->record.at, live->record.len, JSON_REJECT_DUPLICATES, NULL);
    live->topics = json_object_get(live->body, "topics");
    if (!json_is_object(live->body) || (live->topics && !json_is_object(live->topics)))
        return -EBADMSG;
    const char *key;
    json_t *value;
    json_object_foreach (live->topics, key, value) {
        if (!json_is_integer(value) || json_integer_value(value) <= 0 ||
            json_integer_value(value) > WIRE_INT_MAX)
            return -EBADMSG;
    }
    return 0;
}

static int read_live(struct wire_live *live)
{
    if (!json_is_object(live->json) ||
        wire_json_str(live->json, "epoch", EPOCH_MAX, &live->epoch) != 0 || live->epoch.len == 0)
        return -EBADMSG;
    if (str_is(live->topic, WIRE_HEARTBEAT))
        return read_heartbeat(live);
    int err = wire_json_u64(live->json, "seq", 1, WIRE_INT_MAX, &live->seq);
    if (err)
        return err == -ENOENT ? 0 : err;
    return read_prev(live->json, live->seq, &live->prev);
}

int wire_live_decode(const struct str *frames, size_t count, struct wire_live *out)
{
    if (count != 3 || frames[0].len == 0 || frames[0].len > LIMIT_TOPIC || !utf8_valid(frames[0]) ||
        !wire_json_is_object(frames[2]))
        return -EBADMSG;
    struct wire_live live = {.topic = frames[0], .record = frames[2], .json = wire_json(frames[1])};
    int err = live.json ? read_live(&live) : -EBADMSG;
    if (err)
        wire_live_done(&live);
    else
        *out = live;
    return err;
}

void wire_live_done(struct wire_live *live)
{
    json_decref(live->json);
    json_decref(live->body);
    live->json = live->body = NULL;
    live->topics = NULL;
}

static void put_prev(struct buf *out, uint64_t prev)
{
    if (prev)
        buf_printf(out, "\"prev\":%llu", (unsigned long long)prev);
    else
        buf_putz(out, "\"prev\":null");
}

/* Epochs are hex digits of ours and need no escapes. */
void wire_put_live(struct buf *out, const char *epoch, uint64_t seq, uint64_t prev)
{
    buf_printf(out, "{\"epoch\":\"%s\",\"seq\":%llu,", epoch, (unsigned long long)seq);
    put_prev(out, prev);
    buf_putc(out, '}');
}

void wire_put_notice(struct buf *out, const char *epoch)
{
    buf_printf(out, "{\"epoch\":\"%s\"}", epoch);
}

void wire_put_heartbeat(struct buf *out, const char *epoch, uint64_t newest, uint64_t since,
                        uint32_t interval_ms)
{
    buf_printf(out, "{\"epoch\":\"%s\",\"newest\":%llu,\"since\":%llu,\"interval_ms\":%u}", epoch,
               (unsigned long long)newest, (unsigned long long)since, interval_ms);
}

void wire_put_record(struct buf *out, uint64_t seq, struct str record)
{
    buf_printf(out, "{\"seq\":%llu", (unsigned long long)seq);
    struct str rest = str_trim(str_from(record, 1));
    if (!str_is(rest, "}"))
        buf_putc(out, ',');
    buf_puts(out, rest);
}

/* ---- replay */

static enum wire_refusal read_topics(const json_t *list, struct wire_replay *out)
{
    size_t count = json_array_size(list);
    if (!list)
        return WIRE_FINE;
    if (!json_is_array(list) || count > LIMIT_REPLAY_TOPICS)
        return WIRE_BAD_TOPICS;
    for (size_t i = 0; i < count; i++) {
        const json_t *topic = json_array_get(list, i);
        if (!json_is_string(topic) || json_string_length(topic) > LIMIT_TOPIC)
            return WIRE_BAD_TOPICS;
        out->topic[i] = (struct str){json_string_value(topic), json_string_length(topic)};
    }
    out->topic_count = count;
    return WIRE_FINE;
}

static enum wire_refusal read_since(const json_t *header, struct wire_replay *out)
{
    struct str time = STR_NONE;
    int by_seq = wire_json_u64(header, "since", 0, WIRE_INT_MAX, &out->seq);
    int by_time = wire_json_str(header, "since_time", CLOCK_TEXT + 8, &time);
    if (by_seq == -EBADMSG || by_time == -EBADMSG || (by_seq == 0 && by_time == 0))
        return WIRE_BAD_RANGE;
    if (by_time == 0 && (clock_parse(time.at, &out->at) != 0 || out->at < 0))
        return WIRE_BAD_RANGE; /* jansson's texts end in NUL */
    out->since = by_seq == 0 ? WIRE_SINCE_SEQ : by_time == 0 ? WIRE_SINCE_TIME : WIRE_SINCE_NOW;
    return WIRE_FINE;
}

static enum wire_refusal read_replay(const json_t *header, struct wire_replay *out)
{
    uint64_t max = 0;
    if (!json_is_object(header) ||
        wire_json_u64(header, "id", 0, WIRE_INT_MAX, &out->id) == -EBADMSG)
        return WIRE_BAD_FRAMES;
    if (wire_json_u64(header, "max", 1, LIMIT_REPLAY_BATCH, &max) == -EBADMSG)
        return WIRE_BAD_RANGE;
    out->max = (uint32_t)max;
    enum wire_refusal refusal = read_since(header, out);
    return refusal ? refusal : read_topics(json_object_get(header, "topics"), out);
}

enum wire_refusal wire_replay_decode(const struct str *frames, size_t count,
                                     struct wire_replay *out)
{
    struct wire_replay replay = {0};
    out->id = 0;
    if (count == 0)
        return WIRE_BAD_FRAMES;
    if (!str_is(frames[0], WIRE_REPLAY_TAG))
        return WIRE_BAD_VERSION;
    if (count != 3)
        return WIRE_BAD_FRAMES;
    if (!str_is(frames[1], wire_verb_name(WIRE_REPLAY)))
        return WIRE_BAD_VERB;
    replay.json = wire_json(frames[2]);
    if (!replay.json)
        return WIRE_BAD_FRAMES;
    enum wire_refusal refusal = read_replay(replay.json, &replay);
    if (refusal) {
        json_decref(replay.json);
        out->id = replay.id; /* so that the refusal can be told apart */
    } else {
        *out = replay;
    }
    return refusal;
}

void wire_replay_done(struct wire_replay *replay)
{
    json_decref(replay->json);
    replay->json = NULL;
    replay->topic_count = 0;
}

void wire_put_replay(struct buf *out, const struct wire_replay *replay)
{
    char text[CLOCK_TEXT];
    json_t *json = json_object();
    if (replay->id)
        json_object_set_new(json, "id", json_integer((json_int_t)replay->id));
    if (replay->max)
        json_object_set_new(json, "max", json_integer((json_int_t)replay->max));
    switch (replay->since) {
    case WIRE_SINCE_SEQ:
        json_object_set_new(json, "since", json_integer((json_int_t)replay->seq));
        break;
    case WIRE_SINCE_TIME:
        json_object_set_new(json, "since_time", json_string(clock_format(replay->at, text)));
        break;
    case WIRE_SINCE_NOW:
        break;
    }
    if (replay->topic_count) {
        json_t *list = json_array();
        for (size_t i = 0; i < replay->topic_count; i++)
            json_array_append_new(list, json_stringn(replay->topic[i].at, replay->topic[i].len));
        json_object_set_new(json, "topics", list);
    }
    wire_json_put(out, json);
}

bool wire_replay_wants(const struct wire_replay *replay, struct str topic)
{
    for (size_t i = 0; i < replay->topic_count; i++)
        if (str_starts(topic, replay->topic[i]))
            return true;
    return replay->topic_count == 0;
}

/* ---- replay's answers */

static int read_record(const json_t *entry, struct str frame, struct wire_record *out)
{
    if (!json_is_object(entry) || wire_json_u64(entry, "seq", 1, WIRE_INT_MAX, &out->seq) != 0 ||
        wire_json_str(entry, "topic", LIMIT_TOPIC, &out->topic) != 0 || !wire_json_is_object(frame))
        return -EBADMSG;
    out->record = frame;
    return read_prev(entry, out->seq, &out->prev);
}

static int read_records(const json_t *header, const struct str *payload, size_t count,
                        struct wire_records *out)
{
    const json_t *list = json_object_get(header, "records");
    if (!json_is_array(list) || json_array_size(list) != count || count > LIMIT_REPLAY_BATCH ||
        wire_json_str(header, "epoch", EPOCH_MAX, &out->epoch) != 0 || out->epoch.len == 0 ||
        wire_json_u64(header, "newest", 0, WIRE_INT_MAX, &out->newest) != 0 ||
        wire_json_u64(header, "next", 1, out->newest + 1, &out->next) != 0 ||
        wire_json_u64(header, "first", 1, WIRE_INT_MAX, &out->first) == -EBADMSG)
        return -EBADMSG;
    for (size_t i = 0; i < count; i++) {
        int err = read_record(json_array_get(list, i), payload[i], &out->record[i]);
        uint64_t before = i ? out->record[i - 1].seq : 0;
        if (err || out->record[i].seq <= before || out->record[i].seq >= out->next)
            return -EBADMSG;
    }
    out->count = count;
    return 0;
}

int wire_records_decode(const struct str *frames, size_t count, struct wire_records *out)
{
    if (count < 3 || !str_is(frames[0], WIRE_REPLAY_TAG))
        return -EBADMSG;
    bool refused = str_is(frames[1], wire_verb_name(WIRE_REFUSED));
    if (!refused && !str_is(frames[1], wire_verb_name(WIRE_RECORDS)))
        return -EBADMSG;
    json_t *json = wire_json(frames[2]);
    int err = -EBADMSG;
    memset(out, 0, offsetof(struct wire_records, record));
    if (json_is_object(json) && wire_json_u64(json, "id", 0, WIRE_INT_MAX, &out->id) != -EBADMSG)
        err = refused ? wire_json_str(json, "reason", 64, &out->reason)
                      : read_records(json, frames + 3, count - 3, out);
    out->verb = refused ? WIRE_REFUSED : WIRE_RECORDS;
    out->json = json;
    if (err)
        wire_records_done(out);
    return err ? -EBADMSG : 0;
}

void wire_records_done(struct wire_records *records)
{
    json_decref(records->json);
    records->json = NULL;
    records->count = 0;
}

void wire_put_records(struct buf *out, const struct wire_records *records)
{
    buf_putc(out, '{');
    if (records->id)
        buf_printf(out, "\"id\":%llu,", (unsigned long long)records->id);
    if (records->first)
        buf_printf(out, "\"first\":%llu,", (unsigned long long)records->first);
    buf_printf(out, "\"epoch\":\"%.*s\",\"next\":%llu,\"newest\":%llu,\"records\":[",
               STR_ARG(records->epoch), (unsigned long long)records->next,
               (unsigned long long)records->newest);
    for (size_t i = 0; i < records->count; i++) {
        const struct wire_record *record = &records->record[i];
        buf_printf(out, "%s{\"seq\":%llu,", i ? "," : "", (unsigned long long)record->seq);
        put_prev(out, record->prev);
        buf_putz(out, ",\"topic\":");
        wire_json_put(out, json_stringn(record->topic.at, record->topic.len));
        buf_putc(out, '}');
    }
    buf_putz(out, "]}");
}
