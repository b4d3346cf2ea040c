#include "embargo.h"

#include <stdlib.h>

#include "clock.h"
#include "log.h"

int64_t embargo_of(const struct item *item)
{
    return item->release_at > clock_now() ? item->release_at : 0;
}

/* ------------------------------------------------------------------------ on their way to the disk */

void embargo_queued(struct batch *batch, uint64_t id, const char *event)
{
    struct pipeline *p = batch->pipeline;
    if (p->unsettled.count == p->unsettled.room) {
        p->unsettled.room = p->unsettled.room ? 2 * p->unsettled.room : 16;
        p->unsettled.of = xrealloc(p->unsettled.of, p->unsettled.room * sizeof *p->unsettled.of);
    }
    p->unsettled.of[p->unsettled.count++] = (struct unsettled_embargo){
        .id = id, .generation = batch->generation, .was_new = strcmp(event, "new") == 0};
}

void embargo_settled(struct pipeline *p, uint64_t generation)
{
    size_t left = 0;
    for (size_t i = 0; i < p->unsettled.count; i++)
        if (p->unsettled.of[i].generation > generation)
            p->unsettled.of[left++] = p->unsettled.of[i];
    p->unsettled.count = left;
}

static bool find_on_way(const struct pipeline *p, uint64_t id, struct embargo_held *out)
{
    for (size_t i = 0; i < p->unsettled.count; i++) {
        if (p->unsettled.of[i].id == id) {
            *out = (struct embargo_held){
                .id = id, .found = true, .on_way = true, .was_new = p->unsettled.of[i].was_new};
            return true;
        }
    }
    return false;
}

/* ------------------------------------------------------------------------------------ in the queue */

void embargo_find(struct pipeline *p, const struct link_identity *identity,
                  struct embargo_held *out)
{
    struct link_known known;
    *out = (struct embargo_held){0};
    if (link_lookup(p->link, identity->id, &known) != 0 || known.queue_id == 0 ||
        find_on_way(p, known.queue_id, out) || !dispatch_embargo(p->dispatch, known.queue_id) ||
        store_queue_get(p->store, known.queue_id, &out->row) != 0)
        return;
    out->id = known.queue_id;
    out->found = true;
    out->was_new = str_starts(work_of_row(buf_str(&out->row)), STR("{\"event\":\"new\""));
}

void embargo_replace(struct carrier *carrier, struct batch *batch,
                     const struct link_identity *identity, const struct embargo_held *held)
{
    struct pipeline *p = carrier->pipeline;
    log_info("pipeline: replaced while under embargo source=%s uri=%s queue=%llu",
             source_def(carrier->source)->id, identity->uri, (unsigned long long)held->id);
    if (!held->on_way && dispatch_withdraw(p->dispatch, held->id) == 0)
        batch_finish(batch, held->id, false);
}

bool embargo_move(struct carrier *carrier, struct batch *batch, const struct item *item,
                  const struct link_identity *identity, struct embargo_held *held)
{
    struct pipeline *p = carrier->pipeline;
    char until[CLOCK_TEXT];
    int64_t release_at = embargo_of(item);
    if (held->on_way)
        return false;
    work_embargo_until(&held->row, release_at ? release_at : clock_now());
    release_at = work_item(held->id, buf_str(&held->row), 0, 0).release_at;
    if (release_at == dispatch_embargo(p->dispatch, held->id))
        return true;
    log_info("pipeline: embargo moved source=%s uri=%s until=%s", source_def(carrier->source)->id,
             identity->uri, clock_format(release_at, until));
    store_queue_put(batch->change, held->id, buf_str(&held->row));
    batch->dirty = true;
    dispatch_embargo_until(p->dispatch, held->id, release_at);
    return true;
}
