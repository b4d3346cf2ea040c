/* What a parser child may send: every frame is taken or refused, and what is taken is within its
 * limits. The first byte says how the rest is cut, as a socket would. */
#include "frame.h"

#include <errno.h>

#include "item.h"
#include "limits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_payload(const struct frame *frame)
{
    struct frame_hello hello;
    struct frame_done done;
    struct parse_request request;
    struct item *item = NULL;
    struct about *about = NULL;
    if (frame_hello_get(frame->payload, &hello) == 0 && (hello.error > 0 || hello.error < -4095))
        abort();
    if (frame_done_get(frame->payload, &done) == 0 &&
        (done.report.items > LIMIT_SITEMAP_URLS || done.report.type >= PARSE_TYPES))
        abort();
    if (frame_document_get(frame->payload, &request) == 0 &&
        (request.url.len > LIMIT_URL || request.bytes.len > LIMIT_BODY))
        abort();
    if (item_decode(frame->payload, &item) == 0)
        item_free(item);
    if (about_decode(frame->payload, &about) == 0)
        about_free(about);
}

/* The same bytes in two pieces give the same answer as in one. */
static void take_in_pieces(struct str bytes, size_t cut)
{
    struct str part = str_upto(bytes, cut), all = bytes;
    struct frame first, second;
    int early = frame_take(&part, &first);
    int late = frame_take(&all, &second);
    if (early == -EAGAIN)
        return;
    if (early != late ||
        (early == 0 && (first.type != second.type || first.payload.len != second.payload.len)))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    struct str rest = {(const char *)data + 1, size - 1};
    struct frame frame;
    take_in_pieces(rest, data[0]);
    while (frame_take(&rest, &frame) == 0)
        read_payload(&frame);
    return 0;
}
