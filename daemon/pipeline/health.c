/* Whether it can be relied on and whether anything moves: for /readyz, the watchdog and people. */
#include "inside.h"

#include "clock.h"
#include "limits.h"
#include "units.h"

static unsigned long long ull(uint64_t n)
{
    return (unsigned long long)n;
}

/* Whole seconds: nobody wants to read microseconds here. */
static void put_span(struct buf *out, int64_t us)
{
    units_put_duration(out, us / USEC_PER_SEC * USEC_PER_SEC);
}

/* Since when the disk has owed us a write. */
static int64_t unsynced_us(const struct pipeline *p)
{
    return store_pending_bytes(p->store) ? clock_mono() - p->flow.synced_at : 0;
}

static bool sync_is_stuck(const struct pipeline *p)
{
    return !p->flow.full && unsynced_us(p) > LIMIT_SYNC_STUCK_MS * USEC_PER_MSEC;
}

/* Momentary back-pressure (unwritten, unread) is none of it: that is how a busy daemon works. */
static void say_held(const struct pipeline *p, struct buf *out)
{
    unsigned reasons = p->flow.reasons;
    if (flow_has(reasons, FLOW_FULL))
        buf_putz(out,
                 "full: the disk of the state is full, nothing is accepted until there is space\n");
    if (flow_has(reasons, FLOW_DISK)) {
        buf_putz(out, "disk: ");
        units_put_size(out, p->flow.disk_free >> 10 << 10);
        buf_putz(out, " are free where the state lies, ");
        units_put_size(out, p->flow.disk_wanted >> 10 << 10);
        buf_putz(out, " are wanted (queue.min_free)\n");
    }
    if (flow_has(reasons, FLOW_ITEMS))
        buf_printf(out, "items: %llu are unfinished, %u may be (queue.max_items)\n",
                   ull(pipeline_unfinished(p)), p->config->queue.max_items);
    if (flow_has(reasons, FLOW_BYTES)) {
        buf_printf(out, "bytes: %llu of work are unfinished, ", ull(pipeline_waiting_bytes(p)));
        units_put_size(out, p->config->queue.max_bytes);
        buf_putz(out, " may be (queue.max_bytes)\n");
    }
}

static void say_standstill(const struct pipeline *p, struct buf *out)
{
    struct dispatch_counts counts;
    int64_t max_age = p->config->queue.max_age_us;
    dispatch_counts(p->dispatch, &counts);
    if (sync_is_stuck(p)) {
        buf_putz(out, "sync: the disk of the state has not answered for ");
        put_span(out, unsynced_us(p));
        buf_putc(out, '\n');
    }
    if (counts.stalled) {
        buf_putz(out,
                 "stalled: work is ready and a worker free to take it, and nothing has moved for ");
        put_span(out, counts.still_us);
        buf_putc(out, '\n');
    }
    if (max_age && counts.first_us[LANE_LIVE] > max_age) {
        buf_putz(out, "age: the oldest fresh item has waited for a worker for ");
        put_span(out, counts.first_us[LANE_LIVE]);
        buf_putz(out, ", ");
        units_put_duration(out, max_age);
        buf_printf(out, " is allowed (queue.max_age)%s\n",
                   counts.workers ? "" : "; no worker is connected");
    }
}

bool health_lines(const struct pipeline *p, struct buf *out)
{
    size_t before = out->len;
    if (p->failed)
        buf_putz(out, "store: it has failed, the process ends and has to be started again\n");
    if (p->draining)
        buf_putz(out, "draining: the daemon is stopping\n");
    if (!p->failed) {
        say_held(p, out);
        say_standstill(p, out);
    }
    return out->len == before;
}

bool pipeline_moves(const struct pipeline *p, const char **why_not_out)
{
    struct dispatch_counts counts;
    const char *why = NULL;
    dispatch_counts(p->dispatch, &counts);
    if (sync_is_stuck(p))
        why = "the disk of the state does not answer";
    else if (counts.stalled)
        why = "work is ready and a worker free to take it, and nothing moves";
    if (why)
        *why_not_out = why;
    return !why;
}

bool pipeline_failed(const struct pipeline *p)
{
    return p->failed;
}

const char *pipeline_summary(struct pipeline *p)
{
    static char line[200];
    struct dispatch_counts counts;
    struct buf held = BUF_NONE;
    dispatch_counts(p->dispatch, &counts);
    flow_put_names(p->flow.reasons, &held);
    snprintf(line, sizeof line, "%zu sources%s%s%s, %llu ready, %llu leased, %llu done, %u workers",
             sources_count(p->sources), held.len ? " (held: " : "", held.len ? buf_cstr(&held) : "",
             held.len ? ")" : "", ull(counts.ready), ull(counts.leased), ull(p->durable.done),
             counts.workers);
    buf_free(&held);
    return line;
}
