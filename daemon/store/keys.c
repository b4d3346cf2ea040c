#include "keys.h"

#include <errno.h>
#include <sys/random.h>

#include "clock.h"

/* ---- big-endian numbers */

static void put_u32(uint8_t *out, uint32_t n)
{
    for (int i = 0; i < 4; i++)
        out[i] = (uint8_t)(n >> (24 - 8 * i));
}

static void put_u64(uint8_t *out, uint64_t n)
{
    put_u32(out, (uint32_t)(n >> 32));
    put_u32(out + 4, (uint32_t)n);
}

/* Takes numbers and texts off the front; what is not there sets `bad`, and everything after is
 * empty. */
struct taker {
    struct str rest;
    bool bad;
};

static struct str take_text(struct taker *t, size_t len)
{
    if (t->bad || t->rest.len < len) {
        t->bad = true;
        return STR_NONE;
    }
    struct str text = str_upto(t->rest, len);
    t->rest = str_from(t->rest, len);
    return text;
}

static uint64_t take_number(struct taker *t, size_t len)
{
    struct str bytes = take_text(t, len);
    uint64_t n = 0;
    for (size_t i = 0; i < bytes.len; i++)
        n = n << 8 | (uint8_t)bytes.at[i];
    return n;
}

static uint32_t take_u32(struct taker *t)
{
    return (uint32_t)take_number(t, 4);
}

static uint64_t take_u64(struct taker *t)
{
    return take_number(t, 8);
}

static struct taker taker_of_value(struct str value)
{
    struct taker t = {value, false};
    if (take_number(&t, 1) != VALUE_VERSION)
        t.bad = true;
    return t;
}

static int taker_end(const struct taker *t)
{
    return t->bad || t->rest.len > 0 ? -EBADMSG : 0;
}

/* ---- keys */

struct key_number key_number(uint64_t n)
{
    struct key_number key;
    put_u64(key.at, n);
    return key;
}

int key_number_read(struct str key, uint64_t *out)
{
    struct taker t = {key, false};
    uint64_t n = take_u64(&t);
    if (taker_end(&t) < 0)
        return -EBADMSG;
    *out = n;
    return 0;
}

void key_recorded(struct buf *out, struct str uri, struct str version)
{
    uint8_t len[4];
    put_u32(len, (uint32_t)version.len);
    buf_puts(out, uri);
    buf_puts(out, version);
    buf_put(out, len, sizeof len);
}

/* ---- values */

int value_text(struct str value, struct str *out)
{
    struct taker t = taker_of_value(value);
    if (t.bad)
        return -EBADMSG;
    *out = t.rest;
    return 0;
}

void value_number_write(uint8_t out[VALUE_NUMBER], uint64_t n)
{
    out[0] = VALUE_VERSION;
    put_u64(out + 1, n);
}

int value_number(struct str value, uint64_t *out)
{
    struct taker t = taker_of_value(value);
    uint64_t n = take_u64(&t);
    if (taker_end(&t) < 0)
        return -EBADMSG;
    *out = n;
    return 0;
}

void value_aged_write(uint8_t out[VALUE_AGED_HEAD], uint32_t hours)
{
    out[0] = VALUE_AGED;
    put_u32(out + 1, hours);
}

/* Of both versions: behind the version byte, and the hours where there are any. */
static uint32_t take_hours(struct taker *t)
{
    switch (take_number(t, 1)) {
    case VALUE_VERSION:
        return 0;
    case VALUE_AGED:
        return take_u32(t);
    default:
        t->bad = true;
        return 0;
    }
}

int value_aged(struct str value, uint32_t *out_hours, struct str *out_text)
{
    struct taker t = {value, false};
    uint32_t hours = take_hours(&t);
    if (t.bad)
        return -EBADMSG;
    *out_hours = hours;
    *out_text = t.rest;
    return 0;
}

void value_recorded_write(uint8_t out[VALUE_RECORDED], uint32_t hours, uint64_t seq)
{
    value_aged_write(out, hours);
    put_u64(out + VALUE_AGED_HEAD, seq);
}

int value_recorded(struct str value, uint32_t *out_hours, uint64_t *out_seq)
{
    struct taker t = {value, false};
    uint32_t hours = take_hours(&t);
    uint64_t seq = take_u64(&t);
    if (taker_end(&t) < 0)
        return -EBADMSG;
    *out_hours = hours;
    *out_seq = seq;
    return 0;
}

size_t value_head_write(uint8_t out[VALUE_HEAD], struct str work)
{
    struct str head = str_upto(work, STORE_HEAD);
    out[0] = VALUE_VERSION;
    put_u32(out + 1, (uint32_t)work.len);
    if (head.len > 0)
        memcpy(out + 5, head.at, head.len);
    return 5 + head.len;
}

int value_head(struct str value, uint32_t *out_size, struct str *out_head)
{
    struct taker t = taker_of_value(value);
    uint32_t size = take_u32(&t);
    if (t.bad || t.rest.len != (size < STORE_HEAD ? size : STORE_HEAD))
        return -EBADMSG;
    *out_size = size;
    *out_head = t.rest;
    return 0;
}

void value_schema_write(uint8_t out[VALUE_SCHEMA], uint32_t schema)
{
    put_u32(out, schema);
}

int value_schema(struct str value, uint32_t *out)
{
    struct taker t = {value, false};
    uint32_t schema = take_u32(&t);
    if (taker_end(&t) < 0 || schema == 0)
        return -EBADMSG;
    *out = schema;
    return 0;
}

void value_epoch_write(uint8_t out[VALUE_EPOCH])
{
    out[0] = VALUE_VERSION;
    if (getrandom(out + 1, 8, 0) != 8) /* a kernel without random bytes: a name, not a secret */
        put_u64(out + 1, (uint64_t)clock_now());
}

void value_numbers_write(uint8_t out[VALUE_NUMBERS], const struct store_numbers *numbers)
{
    const uint64_t all[] = {numbers->next_queue_id, numbers->next_seq, numbers->accepted,
                            numbers->done,          numbers->dead,     numbers->duplicates};
    out[0] = VALUE_VERSION;
    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        put_u64(out + 1 + 8 * i, all[i]);
}

int value_numbers(struct str value, struct store_numbers *out)
{
    struct taker t = taker_of_value(value);
    struct store_numbers numbers;
    numbers.next_queue_id = take_u64(&t);
    numbers.next_seq = take_u64(&t);
    numbers.accepted = take_u64(&t);
    numbers.done = take_u64(&t);
    numbers.dead = take_u64(&t);
    numbers.duplicates = take_u64(&t);
    if (taker_end(&t) < 0 || numbers.next_queue_id == 0 || numbers.next_seq == 0)
        return -EBADMSG;
    *out = numbers;
    return 0;
}

void value_tries_write(uint8_t out[VALUE_TRIES], struct store_tries tries)
{
    out[0] = VALUE_VERSION;
    put_u32(out + 1, tries.deliveries);
    put_u32(out + 5, tries.deaths);
}

int value_tries(struct str value, struct store_tries *out)
{
    struct taker t = taker_of_value(value);
    struct store_tries tries;
    tries.deliveries = take_u32(&t);
    tries.deaths = take_u32(&t);
    if (taker_end(&t) < 0)
        return -EBADMSG;
    *out = tries;
    return 0;
}

void value_dead_write(uint8_t out[VALUE_DEAD_HEAD], const struct store_dead *dead)
{
    out[0] = VALUE_DEAD;
    put_u64(out + 1, (uint64_t)dead->at);
    put_u32(out + 9, dead->deliveries);
    put_u32(out + 13, dead->deaths);
    put_u32(out + 17, (uint32_t)dead->reason.len);
    put_u32(out + 21, (uint32_t)dead->worker.len);
}

int value_dead(struct str value, struct store_dead *out)
{
    struct taker t = {value, false};
    struct store_dead dead = {.at = 0};
    uint32_t worker_len = 0;
    uint64_t version = take_number(&t, 1);
    if (version == VALUE_DEAD) {
        dead.at = (int64_t)take_u64(&t);
        dead.deliveries = take_u32(&t);
        dead.deaths = take_u32(&t);
    }
    uint32_t reason_len = take_u32(&t);
    if (version == VALUE_DEAD)
        worker_len = take_u32(&t);
    dead.reason = take_text(&t, reason_len);
    dead.worker = take_text(&t, worker_len);
    if (t.bad || (version != VALUE_DEAD && version != VALUE_VERSION))
        return -EBADMSG;
    dead.work = t.rest;
    *out = dead;
    return 0;
}

void value_result_write(uint8_t out[VALUE_RESULT_HEAD], const struct store_result *result)
{
    out[0] = VALUE_VERSION;
    put_u64(out + 1, result->prev);
    put_u64(out + 9, (uint64_t)result->at);
    put_u32(out + 17, (uint32_t)result->topic.len);
    put_u32(out + 21, (uint32_t)result->uri.len);
    put_u32(out + 25, (uint32_t)result->version.len);
}

int value_result(struct str value, struct store_result *out)
{
    struct taker t = taker_of_value(value);
    struct store_result result = {.seq = out->seq};
    result.prev = take_u64(&t);
    result.at = (int64_t)take_u64(&t);
    uint32_t topic_len = take_u32(&t), uri_len = take_u32(&t), version_len = take_u32(&t);
    result.topic = take_text(&t, topic_len);
    result.uri = take_text(&t, uri_len);
    result.version = take_text(&t, version_len);
    if (t.bad)
        return -EBADMSG;
    result.record = t.rest;
    *out = result;
    return 0;
}
