/* What is remembered for how long: what was seen, and the results that replay hands out. */
#include "inside.h"

#include "clock.h"
#include "log.h"

#define KEEP_TICK_S 600.0

/* ------------------------------------------------------------------------------- what was seen */

/* Written again, so that what sources still list is not forgotten. Handed over at once: a newer entry
 * that comes of this look-up must come after it. */
static void touch(struct pipeline *p,
                  void (*put)(struct store_change *, const uint8_t *, struct str),
                  const uint8_t key[16], struct str entry)
{
    if (p->failed)
        return;
    struct store_change *change = store_change_new(p->store);
    put(change, key, entry);
    store_commit(p->store, &change, NULL, NULL);
}

int keep_get_seen(void *ctx, const uint8_t id[16], struct buf *out)
{
    struct pipeline *p = ctx;
    size_t before = out->len;
    bool old;
    int rc = store_get_seen(p->store, id, out, &old);
    if (rc == 0 && old)
        touch(p, store_put_seen, id, str_from(buf_str(out), before));
    return rc;
}

int keep_get_text(void *ctx, const uint8_t hash[16], struct buf *out)
{
    struct pipeline *p = ctx;
    size_t before = out->len;
    bool old;
    int rc = store_get_text(p->store, hash, out, &old);
    if (rc == 0 && old)
        touch(p, store_put_text, hash, str_from(buf_str(out), before));
    return rc;
}

/* ------------------------------------------------------------------------------------- results */

/* The first result to be kept: by replay.keep and replay.max_size. */
static uint64_t first_kept(struct pipeline *p)
{
    const struct config *c = p->config;
    uint64_t by_age, by_size = 0;
    if (store_seq_at(p->store, clock_now() - c->replay.keep_us, &by_age) != 0)
        by_age = 0;
    if (c->replay.max_size && store_seq_of_size(p->store, c->replay.max_size, &by_size) != 0)
        by_size = 0;
    return by_age > by_size ? by_age : by_size;
}

static void on_keep_tick(struct ev_loop *loop, ev_timer *w, int events)
{
    struct pipeline *p = w->data;
    (void)loop;
    (void)events;
    uint64_t seq = first_kept(p);
    if (seq <= p->kept)
        return;
    struct batch *batch = batch_new(p);
    store_drop_results(batch->change, seq);
    batch->dirty = true;
    batch_commit(batch);
    p->kept = seq;
    log_info("pipeline: results are kept from here on seq=%llu", (unsigned long long)seq);
}

void keep_init(struct pipeline *p)
{
    ev_timer_init(&p->keep, on_keep_tick, KEEP_TICK_S, KEEP_TICK_S);
    p->keep.data = p;
}
