#include "inside.h"

#include <assert.h>

#include "age.h"
#include "keys.h"
#include "rows.h"

struct store_change *store_change_new(struct store *store)
{
    struct store_change *change = xcalloc(1, sizeof *change);
    change->store = store;
    return change;
}

void store_change_free(struct store_change *change)
{
    if (!change)
        return;
    buf_free(&change->rows);
    free(change);
}

size_t store_change_bytes(const struct store_change *change)
{
    return change->rows.len;
}

/* ---- one row */

static void put(struct store_change *change, enum family family, struct str key,
                const struct str *parts, size_t count)
{
    rows_put(&change->rows, family, key, parts, count);
    change->row_count++;
}

static void drop(struct store_change *change, enum family family, struct str key)
{
    rows_drop(&change->rows, family, key);
    change->row_count++;
}

static struct str bytes_str(const void *bytes, size_t len)
{
    return (struct str){bytes, len};
}

static void put_text(struct store_change *change, enum family family, struct str key,
                     struct str text)
{
    const uint8_t version = VALUE_VERSION;
    const struct str parts[] = {bytes_str(&version, 1), text};
    put(change, family, key, parts, ARRAY_LEN(parts));
}

static void put_aged(struct store_change *change, enum family family, const uint8_t id[16],
                     struct str text)
{
    uint8_t head[VALUE_AGED_HEAD];
    value_aged_write(head, age_now());
    const struct str parts[] = {bytes_str(head, sizeof head), text};
    put(change, family, bytes_str(id, 16), parts, ARRAY_LEN(parts));
}

static void put_recorded(struct store_change *change, const struct store_result *result)
{
    uint8_t value[VALUE_RECORDED];
    value_recorded_write(value, age_now(), result->seq);
    const struct str part = bytes_str(value, sizeof value);
    struct buf key = BUF_NONE;
    key_recorded(&key, result->uri, result->version);
    put(change, FAMILY_RECORDED, buf_str(&key), &part, 1);
    buf_free(&key);
}

static void put_number(struct store_change *change, enum family family, struct str key, uint64_t n)
{
    uint8_t value[VALUE_NUMBER];
    value_number_write(value, n);
    const struct str part = bytes_str(value, sizeof value);
    put(change, family, key, &part, 1);
}

/* ---- what others call */

void store_set_numbers(struct store_change *change, const struct store_numbers *numbers)
{
    assert(numbers->next_queue_id > 0 && numbers->next_seq > 0);
    uint8_t value[VALUE_NUMBERS];
    value_numbers_write(value, numbers);
    const struct str part = bytes_str(value, sizeof value);
    put(change, FAMILY_META, STR("numbers"), &part, 1);
    change->numbers = *numbers;
    change->has_numbers = true;
}

void store_put_source(struct store_change *change, struct str id, struct str state)
{
    put_text(change, FAMILY_SOURCES, id, state);
}

void store_drop_source(struct store_change *change, struct str id)
{
    drop(change, FAMILY_SOURCES, id);
}

void store_put_seen(struct store_change *change, const uint8_t id[16], struct str entry)
{
    put_aged(change, FAMILY_SEEN, id, entry);
}

void store_put_text(struct store_change *change, const uint8_t hash[16], struct str entry)
{
    put_aged(change, FAMILY_TEXTS, hash, entry);
}

void store_put_url(struct store_change *change, const uint8_t hash[16], struct str uri)
{
    put_aged(change, FAMILY_URLS, hash, uri);
}

void store_queue_put(struct store_change *change, uint64_t id, struct str work)
{
    struct key_number key = key_number(id);
    uint8_t head[VALUE_HEAD];
    assert(work.len <= UINT32_MAX);
    const struct str part = bytes_str(head, value_head_write(head, work));
    put_text(change, FAMILY_QUEUE, bytes_str(key.at, sizeof key.at), work);
    put(change, FAMILY_HEADS, bytes_str(key.at, sizeof key.at), &part, 1);
}

void store_queue_drop(struct store_change *change, uint64_t id, bool tried)
{
    struct key_number key = key_number(id);
    drop(change, FAMILY_QUEUE, bytes_str(key.at, sizeof key.at));
    drop(change, FAMILY_HEADS, bytes_str(key.at, sizeof key.at));
    if (tried)
        drop(change, FAMILY_TRIES, bytes_str(key.at, sizeof key.at));
}

void store_queue_tries(struct store_change *change, uint64_t id, struct store_tries tries)
{
    struct key_number key = key_number(id);
    uint8_t value[VALUE_TRIES];
    value_tries_write(value, tries);
    const struct str part = bytes_str(value, sizeof value);
    put(change, FAMILY_TRIES, bytes_str(key.at, sizeof key.at), &part, 1);
}

void store_queue_bury(struct store_change *change, uint64_t id, const struct store_dead *dead)
{
    struct key_number key = key_number(id);
    uint8_t head[VALUE_DEAD_HEAD];
    assert(dead->reason.len <= UINT32_MAX && dead->worker.len <= UINT32_MAX);
    value_dead_write(head, dead);
    const struct str parts[] = {bytes_str(head, sizeof head), dead->reason, dead->worker,
                                dead->work};
    store_queue_drop(change, id, true);
    put(change, FAMILY_DEAD, bytes_str(key.at, sizeof key.at), parts, ARRAY_LEN(parts));
}

void store_dead_drop(struct store_change *change, uint64_t id)
{
    struct key_number key = key_number(id);
    drop(change, FAMILY_DEAD, bytes_str(key.at, sizeof key.at));
}

void store_put_result(struct store_change *change, const struct store_result *result)
{
    assert(result->seq > 0 && result->topic.len <= UINT32_MAX && result->uri.len <= UINT32_MAX &&
           result->version.len <= UINT32_MAX);
    struct key_number key = key_number(result->seq);
    uint8_t head[VALUE_RESULT_HEAD];
    value_result_write(head, result);
    const struct str parts[] = {bytes_str(head, sizeof head), result->topic, result->uri,
                                result->version, result->record};
    put(change, FAMILY_RESULTS, bytes_str(key.at, sizeof key.at), parts, ARRAY_LEN(parts));
    put_recorded(change, result);
    put_number(change, FAMILY_TOPICS, result->topic, result->seq);
}

void store_drop_results(struct store_change *change, uint64_t seq)
{
    struct key_number key = key_number(seq);
    rows_drop_before(&change->rows, FAMILY_RESULTS, bytes_str(key.at, sizeof key.at));
    change->row_count++;
}
