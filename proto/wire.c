#include "wire.h"

#include <errno.h>

#include "utf8.h"
#include "wire_json.h"

static const char *const verb_names[WIRE_VERBS] = {
    [WIRE_HELLO] = "HELLO",     [WIRE_WELCOME] = "WELCOME", [WIRE_ITEMS] = "ITEMS",
    [WIRE_RESULT] = "RESULT",   [WIRE_NACK] = "NACK",       [WIRE_TOUCH] = "TOUCH",
    [WIRE_CREDIT] = "CREDIT",   [WIRE_PING] = "PING",       [WIRE_PONG] = "PONG",
    [WIRE_BYE] = "BYE",         [WIRE_REFUSED] = "REFUSED", [WIRE_REPLAY] = "REPLAY",
    [WIRE_RECORDS] = "RECORDS", [WIRE_PUSH] = "PUSH",       [WIRE_TAKEN] = "TAKEN",
    [WIRE_ACK] = "ACK",
};

static const char *const refusal_names[WIRE_REFUSALS] = {
    [WIRE_FINE] = "fine",
    [WIRE_BAD_VERSION] = "version",
    [WIRE_BAD_FRAMES] = "malformed",
    [WIRE_BAD_VERB] = "verb",
    [WIRE_BAD_BATCH] = "batch",
    [WIRE_BAD_NAME] = "name",
    [WIRE_BAD_CREDIT] = "credit",
    [WIRE_BAD_LANGUAGES] = "languages",
    [WIRE_BAD_RECORD] = "record",
    [WIRE_HELLO_FIRST] = "hello-first",
    [WIRE_NOT_HELD] = "not-held",
    [WIRE_FULL] = "full",
    [WIRE_DRAINING] = "draining",
    [WIRE_BAD_RANGE] = "range",
    [WIRE_BAD_TOPICS] = "topics",
    [WIRE_UNAVAILABLE] = "unavailable",
    [WIRE_BAD_SOURCE] = "source",
    [WIRE_BAD_TYPE] = "type",
    [WIRE_WINDOW] = "window",
};

const char *wire_verb_name(enum wire_verb verb)
{
    return verb_names[verb];
}

const char *wire_refusal_name(enum wire_refusal refusal)
{
    return refusal_names[refusal];
}

/* ---- JSON */

json_t *wire_json(struct str frame)
{
    if (frame.len == 0 || frame.len > LIMIT_FRAME_HEADER)
        return NULL;
    return json_loadb(frame.at, frame.len, JSON_REJECT_DUPLICATES, NULL);
}

int wire_json_u64(const json_t *object, const char *key, uint64_t min, uint64_t max, uint64_t *out)
{
    const json_t *value = json_object_get(object, key);
    if (!value || json_is_null(value))
        return -ENOENT;
    if (!json_is_integer(value) || json_integer_value(value) < 0 ||
        json_integer_value(value) > WIRE_INT_MAX)
        return -EBADMSG;
    uint64_t n = (uint64_t)json_integer_value(value);
    if (n < min || n > max)
        return -EBADMSG;
    *out = n;
    return 0;
}

int wire_json_str(const json_t *object, const char *key, size_t max, struct str *out)
{
    const json_t *value = json_object_get(object, key);
    if (!value || json_is_null(value))
        return -ENOENT;
    if (!json_is_string(value) || json_string_length(value) > max)
        return -EBADMSG;
    *out = (struct str){json_string_value(value), json_string_length(value)};
    return 0;
}

static int put_chunk(const char *bytes, size_t len, void *out)
{
    buf_put(out, bytes, len);
    return 0;
}

void wire_json_put(struct buf *out, json_t *json)
{
    if (!json || json_dump_callback(json, put_chunk, out, JSON_COMPACT | JSON_ENCODE_ANY) != 0) {
        fputs("<2>proto: header not made: out of memory, or a text of ours is not UTF-8\n", stderr);
        abort();
    }
    json_decref(json);
}

bool wire_json_is_object(struct str frame)
{
    return frame.len >= 2 && frame.len <= LIMIT_MESSAGE && frame.at[0] == '{' &&
           frame.at[frame.len - 1] == '}' && utf8_valid(frame);
}

/* ---- messages */

int wire_recv(void *socket, struct wire_parts *parts)
{
    int err = 0, more = 0;
    parts->count = 0;
    do {
        zmq_msg_t spare, *msg = &spare;
        if (parts->count < WIRE_PARTS_MAX)
            msg = &parts->msg[parts->count];
        else
            err = -EMSGSIZE;
        zmq_msg_init(msg);
        if (zmq_msg_recv(msg, socket, ZMQ_DONTWAIT) < 0) {
            err = -errno;
            zmq_msg_close(msg);
            wire_parts_done(parts);
            return err;
        }
        more = zmq_msg_more(msg);
        if (msg == &spare) {
            zmq_msg_close(msg);
            continue;
        }
        parts->at[parts->count] = (struct str){zmq_msg_data(msg), zmq_msg_size(msg)};
        parts->count++;
    } while (more);
    return err;
}

void wire_parts_done(struct wire_parts *parts)
{
    for (size_t i = 0; i < parts->count; i++)
        zmq_msg_close(&parts->msg[i]);
    parts->count = 0;
}

int wire_send(void *socket, const struct str *parts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int flags = ZMQ_DONTWAIT | (i + 1 < count ? ZMQ_SNDMORE : 0);
        if (zmq_send(socket, parts[i].at ? parts[i].at : "", parts[i].len, flags) < 0)
            return -errno;
    }
    return 0;
}

int wire_send_work(void *socket, struct str to, enum wire_verb verb, struct str header,
                   const struct str *payload, size_t payload_count)
{
    struct str parts[LIMIT_BATCH_ITEMS + 4];
    size_t count = 0;
    if (payload_count > LIMIT_BATCH_ITEMS)
        return -EMSGSIZE;
    if (to.len)
        parts[count++] = to;
    parts[count++] = STR(WIRE_WORK_TAG);
    parts[count++] = str_of(verb_names[verb]);
    parts[count++] = header;
    for (size_t i = 0; i < payload_count; i++)
        parts[count++] = payload[i];
    return wire_send(socket, parts, count);
}

static void set_int(void *socket, int option, int value)
{
    zmq_setsockopt(socket, option, &value, sizeof value);
}

void wire_setup(void *socket, int hwm, int linger_ms)
{
    int64_t max_size = (int64_t)LIMIT_MESSAGE;
    zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &max_size, sizeof max_size);
    set_int(socket, ZMQ_HANDSHAKE_IVL, LIMIT_HANDSHAKE_MS);
    set_int(socket, ZMQ_RECONNECT_IVL, 100);
    set_int(socket, ZMQ_RECONNECT_IVL_MAX, 5000);
    set_int(socket, ZMQ_IPV6, 1);
    /* A host that vanished says nothing: without this its connections would stay for ever. */
    set_int(socket, ZMQ_TCP_KEEPALIVE, 1);
    set_int(socket, ZMQ_TCP_KEEPALIVE_IDLE, LIMIT_KEEPALIVE_S);
    set_int(socket, ZMQ_TCP_KEEPALIVE_INTVL, LIMIT_KEEPALIVE_S / 3);
    set_int(socket, ZMQ_TCP_KEEPALIVE_CNT, 3);
    set_int(socket, ZMQ_SNDHWM, hwm);
    set_int(socket, ZMQ_RCVHWM, hwm);
    set_int(socket, ZMQ_LINGER, linger_ms);
}
