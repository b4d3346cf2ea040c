#include "inside.h"

#include <errno.h>

#include "log.h"

/* One answer in the making. What `read` lends lives only during its call, so it is copied to
 * `bytes`. */
struct page {
    const struct wire_replay *request;
    struct wire_records answer;
    size_t scanned, max;
    struct buf bytes;
    size_t topic_end[LIMIT_REPLAY_BATCH], record_end[LIMIT_REPLAY_BATCH];
};

static void page_put(struct page *page, const struct live_record *record)
{
    size_t i = page->answer.count++;
    page->answer.record[i] = (struct wire_record){.seq = record->seq, .prev = record->prev};
    buf_puts(&page->bytes, record->topic);
    page->topic_end[i] = page->bytes.len;
    wire_put_record(&page->bytes, record->seq, record->record);
    page->record_end[i] = page->bytes.len;
}

/* Non-zero ends the page, before this record. */
static int on_record(void *ctx, const struct live_record *record)
{
    struct page *page = ctx;
    struct wire_records *answer = &page->answer;
    if (record->seq >
        answer->newest) { /* what was between is kept no longer: nothing more to ask */
        answer->next = answer->newest + 1;
        return 1;
    }
    if (page->scanned >= LIMIT_REPLAY_SCAN)
        return 1;
    if (wire_replay_wants(page->request, record->topic)) {
        bool full = page->bytes.len + record->record.len > LIMIT_BATCH_BYTES;
        if (answer->count >= page->max || (full && answer->count > 0))
            return 1;
        page_put(page, record);
    }
    if (!answer->first)
        answer->first = record->seq;
    page->scanned++;
    answer->next = record->seq + 1;
    return 0;
}

/* The buffer does not move any more: now the texts have addresses. */
static void page_point(struct page *page)
{
    for (size_t i = 0, at = 0; i < page->answer.count; i++) {
        const char *bytes = page->bytes.at;
        size_t middle = page->topic_end[i], end = page->record_end[i];
        page->answer.record[i].topic = (struct str){bytes + at, middle - at};
        page->answer.record[i].record = (struct str){bytes + middle, end - middle};
        at = end;
    }
}

static uint64_t first_wanted(const struct live *live, const struct wire_replay *request)
{
    switch (request->since) {
    case WIRE_SINCE_SEQ:
        return request->seq ? request->seq : 1;
    case WIRE_SINCE_TIME:
        return live->options.seq_at(live->options.ctx, request->at);
    case WIRE_SINCE_NOW:
        break;
    }
    return live->newest + 1;
}

static int page_read(const struct live *live, struct page *page)
{
    const struct live_options *o = &live->options;
    uint64_t from = first_wanted(live, page->request);
    page->answer.newest = live->newest;
    page->answer.next = from <= live->newest ? from : live->newest + 1;
    if (from > live->newest)
        return 0;
    int err = o->read(o->ctx, from, on_record, page);
    if (err < 0)
        return err;
    if (err == 0) /* read to the end */
        page->answer.next = live->newest + 1;
    page_point(page);
    return 0;
}

/* ---- sending */

/* The routing id, and the empty delimiter of a REQ socket, go in front as they came. */
struct envelope {
    struct str part[2];
    size_t count;
};

static void send_answer(struct live *live, const struct envelope *to, struct page *page)
{
    struct str parts[WIRE_PARTS_MAX];
    size_t count = 0;
    for (; count < to->count; count++)
        parts[count] = to->part[count];
    buf_reset(&live->header);
    wire_put_records(&live->header, &page->answer);
    parts[count++] = STR(WIRE_REPLAY_TAG);
    parts[count++] = str_of(wire_verb_name(WIRE_RECORDS));
    parts[count++] = buf_str(&live->header);
    for (size_t i = 0; i < page->answer.count; i++)
        parts[count++] = page->answer.record[i].record;
    wire_send(live->replay, parts, count);
    zev_stir(&live->replay_zev);
    live->counts.replayed += page->answer.count;
}

static void send_refusal(struct live *live, const struct envelope *to, enum wire_refusal refusal,
                         uint64_t id)
{
    struct str parts[5];
    size_t count = 0;
    for (; count < to->count; count++)
        parts[count] = to->part[count];
    live->counts.refused++;
    log_info("live: refused reason=%s socket=replay", wire_refusal_name(refusal));
    buf_reset(&live->header);
    wire_put_refused(&live->header, refusal, NULL, NULL, 0, id);
    parts[count++] = STR(WIRE_REPLAY_TAG);
    parts[count++] = str_of(wire_verb_name(WIRE_REFUSED));
    parts[count++] = buf_str(&live->header);
    wire_send(live->replay, parts, count);
    zev_stir(&live->replay_zev);
}

static void answer(struct live *live, const struct envelope *to, const struct wire_replay *request)
{
    struct page *page = xcalloc(1, sizeof *page);
    page->request = request;
    page->max = request->max ? request->max : LIMIT_REPLAY_BATCH;
    page->answer.id = request->id;
    page->answer.epoch = str_of(live->epoch);
    live->counts.replay_requests++;
    int err = page_read(live, page);
    if (err) {
        log_error("live: replay cannot read error=%s", strerror(-err));
        send_refusal(live, to, WIRE_UNAVAILABLE, request->id);
    } else {
        send_answer(live, to, page);
    }
    buf_free(&page->bytes);
    free(page);
}

int replay_on_ready(struct zev *zev, int events)
{
    struct live *live = zev->data;
    struct wire_parts parts;
    struct wire_replay request = {0};
    (void)events;
    int err = wire_recv(live->replay, &parts);
    if (err && err != -EMSGSIZE)
        return 0;
    if (parts.count &&
        keyring_admit(live->options.keys, KEYRING_REPLAY, &parts.msg[parts.count - 1])) {
        struct envelope to = {.part = {parts.at[0], STR_NONE}, .count = 1};
        if (parts.count > 1 && parts.at[1].len == 0)
            to.count = 2;
        enum wire_refusal refusal = WIRE_BAD_FRAMES;
        if (!err)
            refusal = wire_replay_decode(parts.at + to.count, parts.count - to.count, &request);
        if (refusal) {
            send_refusal(live, &to, refusal, request.id);
        } else {
            answer(live, &to, &request);
            wire_replay_done(&request);
        }
    }
    wire_parts_done(&parts);
    return 0;
}
