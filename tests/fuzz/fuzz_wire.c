/* Multipart messages from strangers: frames are separated by 0xff, which UTF-8 never holds.
 * Whatever they are, each decoder refuses them or gives a struct within its limits that encodes
 * again. */
#include "wire.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void work(const struct str *frames, size_t count, enum wire_side from)
{
    struct wire_work out;
    enum wire_refusal refusal = wire_work_decode(frames, count, from, &out);
    assert(refusal < WIRE_REFUSALS);
    if (refusal)
        return;
    assert(out.count <= LIMIT_BATCH_ITEMS && out.credit <= LIMIT_CREDIT);
    assert(out.language_count <= LIMIT_LANGUAGES && out.capability_count <= LIMIT_CAPABILITIES);
    for (size_t i = 0; i < out.language_count; i++)
        assert(wire_is_language((struct str){out.language[i], strnlen(out.language[i], 4)}));
    struct buf header = BUF_NONE;
    wire_put_leases(&header, out.verb, out.lease, out.count);
    buf_free(&header);
    wire_work_done(&out);
}

/* A blank line before it keeps the quick walk from it: read whole, a list gives the same. */
static void leases(const struct str *frames, size_t count, enum wire_side from)
{
    struct str slow[WIRE_PARTS_MAX];
    struct wire_work a, b;
    struct buf header = BUF_NONE;
    if (count < 3 || frames[2].len == LIMIT_FRAME_HEADER)
        return;
    memcpy(slow, frames, count * sizeof *slow);
    buf_putc(&header, '\n');
    buf_puts(&header, frames[2]);
    slow[2] = buf_str(&header);
    enum wire_refusal refusal = wire_work_decode(frames, count, from, &a);
    enum wire_refusal slowly = wire_work_decode(slow, count, from, &b);
#ifdef FUZZ_UNDER_FAILING_MALLOC
    if (slowly != refusal) { /* it struck one of them and not the other */
        wire_work_done(refusal ? &b : &a);
        buf_free(&header);
        return;
    }
#endif
    assert(slowly == refusal);
    if (!refusal) {
        assert(a.count == b.count);
        for (size_t i = 0; i < a.count; i++)
            assert(a.lease[i].lease == b.lease[i].lease &&
                   a.lease[i].delivery == b.lease[i].delivery &&
                   str_eq(a.lease[i].payload, b.lease[i].payload));
        wire_work_done(&a);
        wire_work_done(&b);
    }
    buf_free(&header);
}

static void intake(const struct str *frames, size_t count, enum wire_pusher from)
{
    struct wire_intake *message = xcalloc(1, sizeof *message);
    struct buf out = BUF_NONE;
    if (wire_intake_decode(frames, count, from, message) == WIRE_FINE) {
        assert(message->count <= LIMIT_BATCH_ITEMS);
        if (message->verb == WIRE_PUSH)
            wire_put_push(&out, message);
        else if (message->verb == WIRE_TAKEN)
            wire_put_taken(&out, message);
        wire_intake_done(message);
    }
    buf_free(&out);
    free(message);
}

static void feed(const struct str *frames, size_t count)
{
    struct wire_live live;
    struct buf out = BUF_NONE;
    if (wire_live_decode(frames, count, &live) != 0)
        return;
    assert(live.prev < live.seq || live.seq == 0);
    wire_put_record(&out, 7, live.record);
    wire_live_done(&live);
    buf_free(&out);
}

static void replay(const struct str *frames, size_t count)
{
    struct wire_replay request;
    struct wire_records *records = xcalloc(1, sizeof *records);
    struct buf out = BUF_NONE;
    if (wire_replay_decode(frames, count, &request) == WIRE_FINE) {
        assert(request.topic_count <= LIMIT_REPLAY_TOPICS && request.max <= LIMIT_REPLAY_BATCH);
        wire_put_replay(&out, &request);
        wire_replay_wants(&request, STR("new.en."));
        wire_replay_done(&request);
    }
    if (wire_records_decode(frames, count, records) == 0) {
        assert(records->next <= records->newest + 1);
        wire_put_records(&out, records);
        wire_records_done(records);
    }
    buf_free(&out);
    free(records);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str rest = {(const char *)data, size}, frames[WIRE_PARTS_MAX];
    size_t count = 0;
    while (count < WIRE_PARTS_MAX && str_cut(&rest, '\xff', &frames[count]))
        count++;
    work(frames, count, WIRE_FROM_WORKER);
    work(frames, count, WIRE_FROM_DAEMON);
    leases(frames, count, WIRE_FROM_WORKER);
    leases(frames, count, WIRE_FROM_DAEMON);
    intake(frames, count, WIRE_FROM_PUSHER);
    intake(frames, count, WIRE_TO_PUSHER);
    feed(frames, count);
    replay(frames, count);
    return 0;
}
