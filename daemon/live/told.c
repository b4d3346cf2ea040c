#include "inside.h"

static void told_reset(struct live *live)
{
    struct told *told = live->told, *next;
    HASH_CLEAR(hh, live->told);
    for (; told; told = next) {
        next = told->hh.next;
        free(told);
    }
}

void told_put(struct live *live, struct str topic, uint64_t seq)
{
    struct told *told = NULL;
    HASH_FIND(hh, live->told, topic.at, topic.len, told);
    if (told) {
        told->seq = seq;
        return;
    }
    if (HASH_COUNT(live->told) >= LIMIT_HEARTBEAT_TOPICS) {
        live->told_overflow = true;
        return;
    }
    told = xcalloc(1, sizeof *told + topic.len);
    told->seq = seq;
    told->len = topic.len;
    memcpy(told->topic, topic.at, topic.len);
    HASH_ADD(hh, live->told, topic, told->len, told);
}

json_t *told_take(struct live *live)
{
    json_t *topics = json_object();
    for (const struct told *told = live->told; told; told = told->hh.next)
        if (json_object_setn_new(topics, told->topic, told->len,
                                 json_integer((json_int_t)told->seq)) != 0)
            live->told_overflow = true; /* not listed: let them ask */
    if (live->told_overflow) {
        json_decref(topics);
        topics = NULL;
    }
    live->told_overflow = false;
    told_reset(live);
    return topics;
}
