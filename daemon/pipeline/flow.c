#include "flow.h"

#include <sys/statvfs.h>

#include "clock.h"
#include "inside.h"
#include "limits.h"
#include "log.h"

#define TICK_S 1.0

/* --------------------------------------------------------------------------------- the decision */

const char *flow_name(enum flow_reason reason)
{
    static const char *const names[FLOW_REASONS] = {
        [FLOW_ITEMS] = "items",      [FLOW_BYTES] = "bytes",         [FLOW_DISK] = "disk",
        [FLOW_FULL] = "full",        [FLOW_UNWRITTEN] = "unwritten", [FLOW_UNREAD] = "unread",
        [FLOW_DRAINING] = "draining"};
    return names[reason];
}

static bool too_much(bool before, uint64_t now, uint64_t high)
{
    return now >= (before ? high - high / 10 : high);
}

static bool too_little(bool before, uint64_t now, uint64_t low)
{
    return now < (before ? low + low / 10 : low);
}

unsigned flow_judge(const struct flow_levels *l, unsigned before)
{
#define WAS(reason) flow_has(before, reason)
    const bool holds[FLOW_REASONS] = {
        [FLOW_ITEMS] = too_much(WAS(FLOW_ITEMS), l->items, l->max_items),
        [FLOW_BYTES] = too_much(WAS(FLOW_BYTES), l->bytes, l->max_bytes),
        [FLOW_DISK] = too_little(WAS(FLOW_DISK), l->disk_free, l->disk_wanted),
        [FLOW_FULL] = l->full,
        [FLOW_UNWRITTEN] = too_much(WAS(FLOW_UNWRITTEN), l->unwritten, LIMIT_WRITE_BACKLOG),
        /* a document is read within a second: half of them, or it would flutter */
        [FLOW_UNREAD] =
            l->unread >= (WAS(FLOW_UNREAD) ? LIMIT_PARSE_BACKLOG / 2 : LIMIT_PARSE_BACKLOG),
        [FLOW_DRAINING] = l->draining,
    };
#undef WAS
    unsigned reasons = 0;
    for (unsigned i = 0; i < FLOW_REASONS; i++)
        reasons |= (unsigned)holds[i] << i;
    return reasons;
}

/* -------------------------------------------------------------------------------- the measuring */

uint64_t pipeline_unfinished(const struct pipeline *p)
{
    uint64_t ended = p->numbers.done + p->numbers.dead;
    return p->numbers.accepted > ended ? p->numbers.accepted - ended : 0;
}

uint64_t pipeline_waiting_bytes(const struct pipeline *p)
{
    struct dispatch_counts counts;
    dispatch_counts(p->dispatch, &counts);
    return counts.bytes + p->flow.on_way;
}

static void look_at_disk(struct pipeline *p)
{
    struct statvfs fs;
    if (statvfs(p->config->state, &fs) != 0)
        return;
    p->flow.disk_free = (uint64_t)fs.f_bavail * fs.f_frsize;
    config_free_space(str_of(p->config->queue.min_free), (uint64_t)fs.f_blocks * fs.f_frsize,
                      &p->flow.disk_wanted);
}

void flow_put_names(unsigned reasons, struct buf *out)
{
    const char *comma = "";
    for (unsigned i = 0; i < FLOW_REASONS; i++)
        if (flow_has(reasons, (enum flow_reason)i)) {
            buf_printf(out, "%s%s", comma, flow_name((enum flow_reason)i));
            comma = ",";
        }
}

/* What comes and goes by the second under load is told to nobody who did not ask. */
static bool is_momentary(unsigned changed)
{
    return (changed & ~(1U << FLOW_UNREAD | 1U << FLOW_UNWRITTEN)) == 0;
}

static void tell(const struct pipeline *p, const struct flow_levels *l, unsigned changed)
{
    struct buf reasons = BUF_NONE;
    flow_put_names(p->flow.reasons, &reasons);
    LOG_AT(is_momentary(changed) ? LOG_DEBUG : LOG_INFO,
           "pipeline: sources %s reasons=%s unfinished=%llu bytes=%llu unwritten=%llu unread=%llu "
           "disk_free=%llu",
           p->held ? "held" : "let go", reasons.len ? buf_cstr(&reasons) : "none",
           (unsigned long long)l->items, (unsigned long long)l->bytes,
           (unsigned long long)l->unwritten, (unsigned long long)l->unread,
           (unsigned long long)l->disk_free);
    buf_free(&reasons);
}

void pipeline_weigh(struct pipeline *p)
{
    if (p->flow.stopped) /* changes that become durable while the rooms are closed */
        return;
    struct flow_levels levels = {
        .items = pipeline_unfinished(p),
        .max_items = p->config->queue.max_items,
        .bytes = pipeline_waiting_bytes(p),
        .max_bytes = p->config->queue.max_bytes,
        .disk_free = p->flow.disk_free,
        .disk_wanted = p->flow.disk_wanted,
        .unwritten = store_pending_bytes(p->store),
        .unread = parser_backlog(p->parser),
        .full = p->flow.full,
        .draining = p->draining,
    };
    unsigned before = p->flow.reasons;
    p->flow.reasons = flow_judge(&levels, before);
    bool hold = p->flow.reasons != 0;
    if (hold != p->held) {
        p->held = hold;
        p->flow.since = clock_now();
        p->flow.holds += hold;
        sources_hold(p->sources, hold);
        push_go(p);
    }
    if (p->flow.reasons != before && !p->draining)
        tell(p, &levels, p->flow.reasons ^ before);
}

static void on_tick(struct ev_loop *loop, ev_timer *w, int events)
{
    struct pipeline *p = w->data;
    (void)loop;
    (void)events;
    if (store_pending_bytes(p->store) == 0)
        p->flow.synced_at = clock_mono();
    look_at_disk(p);
    pipeline_weigh(p);
}

void flow_start(struct pipeline *p)
{
    p->flow.synced_at = clock_mono();
    look_at_disk(p);
    pipeline_weigh(p);
    ev_timer_init(&p->flow.tick, on_tick, TICK_S, TICK_S);
    p->flow.tick.data = p;
    ev_timer_start(p->loop, &p->flow.tick);
}

void flow_stop(struct pipeline *p)
{
    p->flow.stopped = true;
    ev_timer_stop(p->loop, &p->flow.tick);
}
