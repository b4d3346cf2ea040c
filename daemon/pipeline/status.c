/* How it goes: made from what the rooms say of themselves; nothing is counted twice. */
#include "inside.h"

#include <unistd.h>

#include "clock.h"

static json_t *number(uint64_t n)
{
    return json_integer((json_int_t)n);
}

static json_t *seconds(int64_t us)
{
    return json_real((double)us / USEC_PER_SEC);
}

static void set(json_t *object, const char *key, json_t *value)
{
    json_object_set_new(object, key, value);
}

/* -------------------------------------------------------------------------------------- status */

static json_t *held_names(const struct pipeline *p)
{
    json_t *names = json_array();
    for (unsigned i = 0; i < FLOW_REASONS; i++)
        if (flow_has(p->flow.reasons, (enum flow_reason)i))
            json_array_append_new(names, json_string(flow_name((enum flow_reason)i)));
    return names;
}

static json_t *hold_flags(const struct pipeline *p)
{
    json_t *flags = json_object();
    for (unsigned i = 0; i < FLOW_REASONS; i++)
        set(flags, flow_name((enum flow_reason)i),
            json_boolean(flow_has(p->flow.reasons, (enum flow_reason)i)));
    return flags;
}

/* Since the start. fetched = accepted + duplicate + filtered + refused: an item counts as fetched when it
 * is known what became of it; `read` counts it when its document was read. */
static json_t *intake_json(struct pipeline *p)
{
    char since[CLOCK_TEXT];
    json_t *o = json_object();
    set(o, "read", number(p->seen.read));
    set(o, "fetched", number(p->seen.fetched));
    set(o, "accepted", number(p->seen.accepted));
    set(o, "duplicate", number(p->seen.known));
    set(o, "filtered", number(p->seen.filtered));
    set(o, "refused", number(p->seen.refused));
    set(o, "documents_refused", number(p->seen.documents_refused));
    set(o, "outcome",
        json_pack("{s:I, s:I, s:I, s:I}", "accepted", (json_int_t)p->seen.accepted, "duplicate",
                  (json_int_t)p->seen.known, "filtered", (json_int_t)p->seen.filtered, "refused",
                  (json_int_t)p->seen.refused));
    set(o, "duplicate_ever", number(p->numbers.duplicates));
    set(o, "pages", number(p->seen.pages));
    set(o, "files", number(p->seen.files));
    set(o, "held", json_boolean(p->held));
    set(o, "held_since", p->held ? json_string(clock_format(p->flow.since, since)) : json_null());
    set(o, "held_by", held_names(p));
    set(o, "hold", hold_flags(p));
    set(o, "holds", number(p->flow.holds));
    return o;
}

/* accepted = ready + leased + delayed + dead + done at every instant: all of it is read here, in one turn
 * of the loop. */
json_t *status_queue(struct pipeline *p)
{
    char next[CLOCK_TEXT];
    struct dispatch_counts c;
    json_t *o = json_object();
    dispatch_counts(p->dispatch, &c);
    set(o, "accepted", number(p->durable.accepted));
    set(o, "ready", number(c.ready));
    set(o, "leased", number(c.leased));
    set(o, "delayed", number(c.delayed));
    set(o, "embargoed", number(c.embargoed));
    set(o, "next_release",
        c.next_release ? json_string(clock_format(c.next_release, next)) : json_null());
    set(o, "dead", number(p->durable.dead));
    set(o, "done", number(p->durable.done));
    set(o, "purged", number(p->seen.purged));
    set(o, "died", number(p->seen.died));
    set(o, "bytes", number(c.bytes));
    set(o, "max_items", number(p->config->queue.max_items));
    set(o, "max_bytes", number(p->config->queue.max_bytes));
    set(o, "deliveries", number(c.deliveries));
    set(o, "redeliveries", number(c.redeliveries));
    set(o, "results", number(c.results));
    set(o, "acks", number(c.acks));
    set(o, "nacks", number(c.nacks));
    set(o, "lapsed", number(c.lapsed));
    set(o, "refused", number(c.refused));
    set(o, "oldest_s", seconds(c.oldest_us));
    set(o, "stalled", json_boolean(c.stalled));
    set(o, "lanes",
        json_pack("{s:I, s:I}", "live", (json_int_t)c.ready_of[LANE_LIVE], "backfill",
                  (json_int_t)c.ready_of[LANE_BACKFILL]));
    set(o, "languages", dispatch_languages(p->dispatch));
    set(o, "unroutable", dispatch_unroutable(p->dispatch));
    return o;
}

struct source_tally {
    unsigned total, of[SOURCE_PAUSED + 1];
};

static void tally_source(void *ctx, struct source *source)
{
    struct source_tally *tally = ctx;
    tally->total++;
    tally->of[source_health(source)]++;
}

static json_t *sources_tally_json(struct pipeline *p)
{
    struct source_tally tally = {0};
    sources_each(p->sources, tally_source, &tally);
    return json_pack("{s:i, s:i, s:i, s:i}", "total", (int)tally.total, "ok",
                     (int)tally.of[SOURCE_WELL], "failing", (int)tally.of[SOURCE_FAILING], "paused",
                     (int)tally.of[SOURCE_PAUSED]);
}

static void list_source(void *ctx, struct source *source)
{
    json_array_append_new(ctx, source_json(source));
}

json_t *answer_source_list(void *ctx)
{
    struct pipeline *p = ctx;
    json_t *list = json_array();
    sources_each(p->sources, list_source, list);
    return list;
}

static json_t *live_json(struct pipeline *p)
{
    struct live_counts c;
    json_t *o = json_object();
    live_counts(p->live, &c);
    set(o, "newest", number(p->durable.next_seq - 1));
    set(o, "published", number(c.published));
    set(o, "subscriptions", number(c.subscriptions));
    set(o, "replayed", number(c.replayed));
    set(o, "replay_requests", number(c.replay_requests));
    set(o, "refused", number(c.refused));
    return o;
}

static json_t *store_json(struct pipeline *p)
{
    struct store_stats s;
    json_t *o = json_object();
    store_stats(p->store, &s);
    set(o, "commits", number(s.commits));
    set(o, "syncs", number(s.syncs));
    set(o, "bytes", number(s.bytes));
    set(o, "sync_s", seconds(s.sync_us));
    set(o, "sync_max_s", seconds(s.sync_max_us));
    set(o, "pending_bytes", number(store_pending_bytes(p->store)));
    set(o, "disk_bytes", number(s.disk_bytes));
    set(o, "journal_bytes", number(s.journal_bytes));
    set(o, "disk_free", number(p->flow.disk_free));
    set(o, "disk_wanted", number(p->flow.disk_wanted));
    return o;
}

static json_t *parser_json(struct pipeline *p)
{
    struct parser_counts c;
    json_t *o = json_object();
    parser_counts(p->parser, &c);
    set(o, "children", number(c.children));
    set(o, "documents", number(c.documents));
    set(o, "items", number(c.items));
    set(o, "refused", number(c.refused));
    set(o, "died", number(c.died));
    set(o, "overran", number(c.overran));
    set(o, "malformed", number(c.malformed));
    set(o, "backlog", number(parser_backlog(p->parser)));
    return o;
}

static json_t *quarantine_json(struct pipeline *p)
{
    struct quarantine_counts c;
    json_t *o = json_object();
    quarantine_counts(p->quarantine, &c);
    set(o, "refused", number(c.documents[QUARANTINE_REFUSED]));
    set(o, "refused_bytes", number(c.bytes[QUARANTINE_REFUSED]));
    set(o, "refused_ever", number(c.taken[QUARANTINE_REFUSED]));
    set(o, "suspect", number(c.documents[QUARANTINE_SUSPECT]));
    set(o, "suspect_bytes", number(c.bytes[QUARANTINE_SUSPECT]));
    set(o, "suspect_ever", number(c.taken[QUARANTINE_SUSPECT]));
    set(o, "lost", number(c.lost));
    return o;
}

static json_t *fetch_json(struct pipeline *p)
{
    struct fetch_counts c;
    json_t *o = json_object(), *outcome = json_object();
    fetch_counts(p->fetch, &c);
    for (int i = 0; i < FETCH_CLASSES; i++)
        set(outcome, fetch_class_name((enum fetch_class)i), number(c.outcome[i]));
    set(o, "requests", number(c.requests));
    set(o, "bytes", number(c.bytes));
    set(o, "waiting", number(c.waiting));
    set(o, "active", number(c.active));
    set(o, "hosts", number(c.hosts));
    set(o, "outcome", outcome);
    return o;
}

/* busy: the share of the time since the start in which the loop did anything but sleep. */
static json_t *loop_json(struct pipeline *p)
{
    int64_t up = clock_mono() - p->started_mono;
    json_t *o = json_object();
    set(o, "turns", number(p->turn.turns));
    set(o, "busy", json_real(up > 0 ? (double)p->turn.busy_us / (double)up : 0));
    set(o, "busy_s", seconds(p->turn.busy_us));
    set(o, "longest_s", seconds(p->turn.longest_us));
    return o;
}

/* The lines of /readyz as one, or null. */
static json_t *trouble_json(struct pipeline *p)
{
    struct buf lines = BUF_NONE;
    bool ready = health_lines(p, &lines);
    struct buf one = BUF_NONE;
    struct str rest = buf_str(&lines), line;
    while (!ready && str_cut(&rest, '\n', &line))
        if (line.len)
            buf_printf(&one, "%s%.*s", one.len ? "; " : "", STR_ARG(line));
    json_t *json = ready ? json_null() : json_stringn(one.at, one.len);
    buf_free(&lines);
    buf_free(&one);
    return json;
}

json_t *answer_status(void *ctx)
{
    struct pipeline *p = ctx;
    char started[CLOCK_TEXT];
    const char *web = pipeline_web_address(p);
    json_t *o = json_object();
    set(o, "version", json_string(DATELINE_VERSION));
    set(o, "epoch", json_string(store_epoch(p->store)));
    set(o, "pid", json_integer(getpid()));
    set(o, "started", json_string(clock_format(p->started_at, started)));
    set(o, "uptime_s", seconds(clock_mono() - p->started_mono));
    json_t *trouble = trouble_json(p);
    set(o, "ready", json_boolean(json_is_null(trouble)));
    set(o, "trouble", trouble);
    set(o, "intake", intake_json(p));
    set(o, "push", push_json(p));
    set(o, "queue", status_queue(p));
    set(o, "workers", dispatch_workers(p->dispatch));
    set(o, "sources", sources_tally_json(p));
    set(o, "live", live_json(p));
    set(o, "security", security_json(p));
    set(o, "store", store_json(p));
    set(o, "parser", parser_json(p));
    set(o, "quarantine", quarantine_json(p));
    set(o, "fetch", fetch_json(p));
    set(o, "loop", loop_json(p));
    set(o, "web", web ? json_string(web) : json_null());
    return o;
}

bool answer_ready(void *ctx, struct buf *why_out)
{
    return health_lines(ctx, why_out);
}

static int keep_recent(void *ctx, const struct store_result *result)
{
    json_t *record = json_loadb(result->record.at, result->record.len, 0, NULL);
    if (!record)
        return 0;
    set(record, "seq", number(result->seq));
    json_array_insert_new(ctx, 0, record);
    return 0;
}

json_t *answer_recent(void *ctx, unsigned count)
{
    struct pipeline *p = ctx;
    uint64_t next = p->durable.next_seq;
    json_t *list = json_array();
    store_each_result(p->store, next > count ? next - count : 1, keep_recent, list);
    return list;
}
