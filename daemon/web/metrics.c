#include "metrics.h"

/*
 * One row a sample. Rows of one metric stand together; its help and type are written with the
 * first. `path` leads through the status JSON; an array counts as its length.
 */
static const struct sample {
    const char *metric, *type, *help, *label, *path;
} samples[] = {
    {"uptime_seconds", "gauge", "Seconds since the daemon's start.", "", "uptime_s"},

    {"items_accepted_total", "counter", "Items accepted: durable, never lost.", "",
     "queue.accepted"},
    {"items_done_total", "counter",
     "Items done: recorded, acknowledged without a record, or purged.", "", "queue.done"},
    {"items_duplicate_total", "counter", "Items dropped: known from the same source.", "",
     "intake.duplicate"},
    {"items_fetched_total", "counter",
     "Items of which is known what became of them: accepted, duplicate, filtered or refused.", "",
     "intake.fetched"},
    {"items_filtered_total", "counter", "Items dropped: nothing to read in them.", "",
     "intake.filtered"},
    {"items_refused_total", "counter", "Items refused.", "", "intake.refused"},
    {"documents_refused_total", "counter", "Documents refused.", "", "intake.documents_refused"},
    {"items_purged_total", "counter", "Items that an operator purged; they count as done.", "",
     "queue.purged"},
    {"items_dead_total", "counter", "Items given up since the start.", "", "queue.died"},
    {"items_parsed_total", "counter", "Items read from documents.", "", "parser.items"},

    {"queue_items", "gauge", "Items by state.", "state=\"ready\"", "queue.ready"},
    {"queue_items", "", "", "state=\"leased\"", "queue.leased"},
    {"queue_items", "", "", "state=\"delayed\"", "queue.delayed"},
    {"queue_items", "", "", "state=\"dead\"", "queue.dead"},
    {"queue_embargoed_items", "gauge", "Items under an embargo; they count as delayed.", "",
     "queue.embargoed"},
    {"queue_bytes", "gauge", "Bytes of unfinished work.", "", "queue.bytes"},
    {"queue_limit_items", "gauge", "Unfinished items at which intake is held.", "",
     "queue.max_items"},
    {"queue_limit_bytes", "gauge", "Bytes of unfinished work at which intake is held.", "",
     "queue.max_bytes"},
    {"queue_stalled", "gauge", "1: work is ready, a worker is free, and nothing moves.", "",
     "queue.stalled"},
    {"holds_total", "counter", "Times that intake was held.", "", "intake.holds"},
    {"ready", "gauge", "1: /readyz says 200.", "", "ready"},
    {"queue_oldest_item_age_seconds", "gauge", "Age of the oldest unfinished item.", "",
     "queue.oldest_s"},

    {"workers", "gauge", "Workers connected.", "", "workers"},
    {"deliveries_total", "counter", "Items handed to workers.", "", "queue.deliveries"},
    {"redeliveries_total", "counter", "Items handed out again.", "", "queue.redeliveries"},
    {"acks_total", "counter", "Answers of workers by result.", "result=\"done\"", "queue.results"},
    {"acks_total", "", "", "result=\"ack\"", "queue.acks"},
    {"acks_total", "", "", "result=\"nack\"", "queue.nacks"},
    {"acks_total", "", "", "result=\"refused\"", "queue.refused"},
    {"lease_expired_total", "counter", "Leases that lapsed.", "", "queue.lapsed"},

    {"parser_documents_total", "counter", "Documents read by parser children.", "",
     "parser.documents"},
    {"parser_failures_total", "counter", "Documents without items, by reason.",
     "reason=\"refused\"", "parser.refused"},
    {"parser_failures_total", "", "", "reason=\"died\"", "parser.died"},
    {"parser_failures_total", "", "", "reason=\"overran\"", "parser.overran"},
    {"parser_failures_total", "", "", "reason=\"malformed\"", "parser.malformed"},
    {"parser_backlog", "gauge", "Documents waiting or being read.", "", "parser.backlog"},
    {"parser_children", "gauge", "Parser children that are ready.", "", "parser.children"},

    {"quarantine_documents", "gauge", "Documents set aside for inspection.", "kind=\"refused\"",
     "quarantine.refused"},
    {"quarantine_documents", "", "", "kind=\"suspect\"", "quarantine.suspect"},
    {"quarantine_bytes", "gauge", "Bytes of them.", "kind=\"refused\"", "quarantine.refused_bytes"},
    {"quarantine_bytes", "", "", "kind=\"suspect\"", "quarantine.suspect_bytes"},
    {"quarantine_taken_total", "counter", "Documents ever set aside since the start.",
     "kind=\"refused\"", "quarantine.refused_ever"},
    {"quarantine_taken_total", "", "", "kind=\"suspect\"", "quarantine.suspect_ever"},
    {"quarantine_lost_total", "counter", "Documents that could not be written there.", "",
     "quarantine.lost"},

    {"fetch_requests_total", "counter", "Requests made.", "", "fetch.requests"},
    {"fetch_bytes_total", "counter", "Bytes received.", "", "fetch.bytes"},
    {"fetch_active", "gauge", "Requests under way.", "", "fetch.active"},
    {"fetch_waiting", "gauge", "Requests waiting for their host.", "", "fetch.waiting"},

    {"intake_batches_total", "counter", "Batches that programs handed in.", "", "push.batches"},
    {"intake_items_total", "counter", "Items of answered batches.", "result=\"accepted\"",
     "push.accepted"},
    {"intake_items_total", "", "", "result=\"known\"", "push.known"},
    {"intake_items_total", "", "", "result=\"refused\"", "push.refused"},
    {"intake_batches_refused_total", "counter", "Messages refused whole at the intake.", "",
     "push.refused_batches"},
    {"intake_unanswered", "gauge", "Batches that have no answer yet.", "", "push.unanswered"},
    {"intake_bytes", "gauge", "Bytes of them.", "", "push.bytes"},

    {"sources", "gauge", "Sources by state.", "state=\"ok\"", "sources.ok"},
    {"sources", "", "", "state=\"failing\"", "sources.failing"},
    {"sources", "", "", "state=\"paused\"", "sources.paused"},

    {"store_disk_free_bytes", "gauge", "Space left where the state lies.", "", "store.disk_free"},
    {"store_disk_wanted_bytes", "gauge", "Space left at which intake is held.", "",
     "store.disk_wanted"},
    {"store_sync_max_seconds", "gauge", "The longest synced write.", "", "store.sync_max_s"},
    {"store_pending_bytes", "gauge", "Bytes waiting to be written.", "", "store.pending_bytes"},
    {"store_disk_bytes", "gauge", "Size of the state on disk.", "", "store.disk_bytes"},
    {"store_journal_bytes", "gauge", "Bytes that a start after a crash would read back.", "",
     "store.journal_bytes"},

    {"live_seq", "gauge", "Newest sequence number of the live feed.", "", "live.newest"},
    {"live_published_total", "counter", "Records published.", "", "live.published"},
    {"live_replayed_total", "counter", "Records sent again on request.", "", "live.replayed"},
    {"subscriptions", "gauge", "Topic prefixes that somebody subscribes to.", "",
     "live.subscriptions"},

    {"loop_turns_total", "counter", "Turns of the loop.", "", "loop.turns"},
    {"loop_busy_seconds_total", "counter", "Time the loop did anything but sleep.", "",
     "loop.busy_s"},
    {"loop_longest_seconds", "gauge", "The longest turn of the loop.", "", "loop.longest_s"},
};

/* Lent, or NULL. */
static json_t *value_at(const json_t *json, const char *path)
{
    struct str rest = str_of(path), key;
    json_t *value = NULL;
    while (json && str_cut(&rest, '.', &key))
        json = value = json_object_getn(json, key.at, key.len);
    return value;
}

static void write_head(const char *metric, const char *type, const char *help, struct buf *out)
{
    buf_printf(out, "# HELP dateline_%s %s\n# TYPE dateline_%s %s\n", metric, help, metric, type);
}

static void write_value(const json_t *value, struct buf *out)
{
    if (json_is_integer(value))
        buf_printf(out, " %lld\n", (long long)json_integer_value(value));
    else if (json_is_array(value))
        buf_printf(out, " %zu\n", json_array_size(value));
    else if (json_is_boolean(value))
        buf_printf(out, " %d\n", json_is_true(value));
    else
        buf_printf(out, " %.6f\n", json_number_value(value));
}

static void write_sample(const struct sample *sample, const json_t *value, struct buf *out)
{
    buf_printf(out, "dateline_%s", sample->metric);
    if (*sample->label)
        buf_printf(out, "{%s}", sample->label);
    write_value(value, out);
}

/* A label's value: backslash, quote and line feed are escaped. */
static void write_label(const char *text, struct buf *out)
{
    for (; text && *text; text++) {
        if (*text == '\\' || *text == '"')
            buf_putc(out, '\\');
        if (*text == '\n')
            buf_putz(out, "\\n");
        else
            buf_putc(out, *text);
    }
}

static void write_build(const json_t *status, struct buf *out)
{
    write_head("build_info", "gauge", "Always 1; the version is a label.", out);
    buf_putz(out, "dateline_build_info{version=\"");
    write_label(json_string_value(json_object_get(status, "version")), out);
    buf_putz(out, "\"} 1\n");
}

/* One metric with a sample for each member of an object, the label's value being its name. */
struct family {
    const char *metric, *type, *help, *label, *path;
};

static void write_family(const struct family *family, const json_t *status, struct buf *out)
{
    json_t *members = value_at(status, family->path), *value;
    const char *member;
    if (json_object_size(members) == 0)
        return;
    write_head(family->metric, family->type, family->help, out);
    json_object_foreach (members, member, value) {
        buf_printf(out, "dateline_%s{%s=\"", family->metric, family->label);
        write_label(member, out);
        buf_putz(out, "\"}");
        write_value(value, out);
    }
}

static const struct family families[] = {
    {"fetch_total", "counter", "Requests by how they ended.", "outcome", "fetch.outcome"},
    {"auth_total", "counter", "Connections by what the keys said.", "result", "security.auth"},
    {"items_outcome_total", "counter",
     "Items fetched since the start by what became of them; their sum is items_fetched_total.",
     "outcome", "intake.outcome"},
    {"held", "gauge", "1: intake is held for this reason.", "reason", "intake.hold"},
    {"queue_ready_items", "gauge", "Ready items by lane.", "lane", "queue.lanes"},
    {"queue_unroutable_items", "gauge", "Ready items in languages that no present worker takes.",
     "language", "queue.unroutable"},
};

static void write_syncs(const json_t *status, struct buf *out)
{
    const json_t *sum = value_at(status, "store.sync_s"), *count = value_at(status, "store.syncs");
    if (!sum || !count)
        return;
    write_head("store_sync_seconds", "summary", "Synced writes of the state.", out);
    buf_putz(out, "dateline_store_sync_seconds_sum");
    write_value(sum, out);
    buf_putz(out, "dateline_store_sync_seconds_count");
    write_value(count, out);
}

void metrics_write(const json_t *status, struct buf *out)
{
    const char *last = "";
    write_build(status, out);
    for (size_t i = 0; i < ARRAY_LEN(samples); i++) {
        const struct sample *sample = &samples[i];
        const json_t *value = value_at(status, sample->path);
        if (!json_is_number(value) && !json_is_array(value) && !json_is_boolean(value))
            continue;
        if (strcmp(last, sample->metric) != 0 && *sample->help)
            write_head(sample->metric, sample->type, sample->help, out);
        last = sample->metric;
        write_sample(sample, value, out);
    }
    write_syncs(status, out);
    for (size_t i = 0; i < ARRAY_LEN(families); i++)
        write_family(&families[i], status, out);
}
