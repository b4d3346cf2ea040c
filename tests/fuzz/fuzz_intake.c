/* Messages at the intake from strangers: frames are separated by 0xff, which UTF-8 never holds. Whatever they
 * are, they are refused by name or give a struct within its limits, whose header can be written again. */
#include "wire.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_push(const struct wire_intake *push)
{
    size_t bytes = 0;
    assert(push->count > 0 && push->count <= LIMIT_BATCH_ITEMS && push->id > 0);
    assert(push->source.len <= LIMIT_SOURCE_ID);
    for (size_t i = 0; i < push->count; i++) {
        bytes += push->document[i].bytes.len;
        assert(push->document[i].url.len <= LIMIT_URL);
    }
    assert(bytes <= LIMIT_MESSAGE);
}

static void check_told(const struct wire_intake *taken)
{
    assert(taken->count <= LIMIT_BATCH_ITEMS);
    for (size_t i = 0; i < taken->count; i++)
        assert(taken->told[i].at < LIMIT_BATCH_ITEMS);
}

static void decode(const struct str *frames, size_t count, enum wire_pusher from)
{
    static struct wire_intake out;
    struct buf header = BUF_NONE;
    enum wire_refusal refusal = wire_intake_decode(frames, count, from, &out);
    assert(refusal < WIRE_REFUSALS);
    if (refusal)
        return;
    if (out.verb == WIRE_PUSH) {
        check_push(&out);
        wire_put_push(&header, &out);
    } else if (out.verb == WIRE_TAKEN) {
        check_told(&out);
        wire_put_taken(&header, &out);
    }
    buf_free(&header);
    wire_intake_done(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str rest = {(const char *)data, size}, frames[WIRE_PARTS_MAX];
    size_t count = 0;
    while (count < WIRE_PARTS_MAX && str_cut(&rest, '\xff', &frames[count]))
        count++;
    decode(frames, count, WIRE_FROM_PUSHER);
    decode(frames, count, WIRE_TO_PUSHER);
    return 0;
}
