/* What is written together, and what may only happen once the disk has it. */
#include "embargo.h"

#include <stdlib.h>

#include "clock.h"
#include "crash.h"

struct batch *batch_new(struct pipeline *p)
{
    struct batch *batch = xcalloc(1, sizeof *batch);
    batch->pipeline = p;
    batch->change = store_change_new(p->store);
    batch->generation = ++p->generation;
    return batch;
}

void batch_add_item(struct batch *batch, const struct dispatch_item *item)
{
    if (batch->item_count % 64 == 0)
        batch->items = xrealloc(batch->items, (batch->item_count + 64) * sizeof *batch->items);
    batch->items[batch->item_count++] = *item;
    batch->pipeline->flow.on_way += item->size;
    batch->dirty = true;
}

struct batch_result *batch_add_result(struct batch *batch)
{
    if (batch->result_count % 16 == 0)
        batch->results =
            xrealloc(batch->results, (batch->result_count + 16) * sizeof *batch->results);
    return &batch->results[batch->result_count++];
}

void batch_finish(struct batch *batch, uint64_t id, bool tried)
{
    *batch_add_result(batch) = (struct batch_result){.id = id};
    store_queue_drop(batch->change, id, tried);
    batch->done++;
    batch->pipeline->numbers.done++;
    batch->dirty = true;
}

static void put_seen(void *ctx, const uint8_t id[16], struct str entry)
{
    store_put_seen(((struct batch *)ctx)->change, id, entry);
}

static void put_text(void *ctx, const uint8_t hash[16], struct str entry)
{
    store_put_text(((struct batch *)ctx)->change, hash, entry);
}

struct link_writer batch_writer(struct batch *batch)
{
    return (struct link_writer){put_seen, put_text, batch};
}

static void batch_free(struct batch *batch)
{
    for (size_t i = 0; i < batch->item_count; i++)
        batch->pipeline->flow.on_way -= batch->items[i].size;
    for (size_t i = 0; i < batch->result_count; i++) {
        free(batch->results[i].topic);
        buf_free(&batch->results[i].record);
    }
    store_change_free(batch->change);
    free(batch->results);
    free(batch->items);
    free(batch);
}

static void publish(struct pipeline *p, const struct batch_result *result)
{
    dispatch_done(p->dispatch, result->id);
    p->durable.done++;
    if (!result->seq) /* recorded before: its first result stands */
        return;
    p->durable.next_seq = result->seq + 1;
    live_publish(p->live, &(struct live_record){result->seq, result->prev, str_of(result->topic),
                                                buf_str(&result->record)});
    CRASH_POINT("published");
}

/* Everything that may only happen once the disk has it. */
static void on_durable(void *ctx)
{
    struct batch *batch = ctx;
    struct pipeline *p = batch->pipeline;
    if (batch->result_count)
        CRASH_POINT("after-settle-commit");
    link_settled(p->link, batch->generation);
    embargo_settled(p, batch->generation);
    p->flow.synced_at = clock_mono();
    p->durable.accepted += batch->item_count - batch->revived;
    p->seen.accepted += batch->item_count - batch->revived;
    p->seen.fetched += batch->item_count - batch->revived;
    p->durable.dead -= batch->revived + batch->purged;
    p->durable.done += batch->purged;
    for (size_t i = 0; i < batch->item_count; i++)
        dispatch_add(p->dispatch, &batch->items[i]);
    for (size_t i = 0; i < batch->result_count; i++)
        publish(p, &batch->results[i]);
    if (batch->item_count)
        CRASH_POINT("accepted");
    if (batch->source)
        source_settled(batch->source);
    void (*then)(void *ctx) = batch->then;
    void *then_ctx = batch->then_ctx;
    batch_free(batch);
    pipeline_weigh(p);
    if (then)
        then(then_ctx);
}

/* A change carries the numbers of what was handed over before it and of itself, nothing of a batch
 * that is still being put together: whichever of them a crash keeps, its numbers are those of its rows. */
static void add_share(struct pipeline *p, const struct batch *batch)
{
    p->committed.next_queue_id = p->numbers.next_queue_id;
    for (size_t i = 0; i < batch->result_count; i++) /* its own, so that a crash leaves no hole */
        if (batch->results[i].seq)
            p->committed.next_seq = batch->results[i].seq + 1;
    p->committed.accepted += batch->item_count - batch->revived;
    p->committed.done += batch->done + batch->purged;
    p->committed.dead += batch->dead;
    p->committed.dead -= batch->revived + batch->purged;
    p->committed.duplicates = p->numbers.duplicates; /* part of no balance */
}

void batch_commit(struct batch *batch)
{
    struct pipeline *p = batch->pipeline;
    if (!batch->dirty || p->failed) {
        batch_free(batch);
        return;
    }
    way_out_flush(p); /* acknowledgements go with it, and before it */
    CRASH_POINT("batch-built");
    add_share(p, batch);
    store_set_numbers(batch->change, &p->committed);
    store_commit(p->store, &batch->change, on_durable, batch);
}
