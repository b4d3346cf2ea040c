/* XML feeds, sniffed, decoded and repaired: whatever comes in, what is handed out can be shown and
 * survives the frame to the parent. */
#include "parse.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int on_item(void *ctx, const struct item *item)
{
    struct buf frame = BUF_NONE;
    struct item *back = NULL;
    (void)ctx;
    item_encode(item, &frame);
    int rc = item_decode(buf_str(&frame), &back);
    assert(rc == 0);
    item_free(back);
    buf_free(&frame);
    return 0;
}

static void on_about(void *ctx, const struct about *about)
{
    struct buf frame = BUF_NONE;
    struct about *back = NULL;
    (void)ctx;
    about_encode(about, &frame);
    int rc = about_decode(buf_str(&frame), &back);
    assert(rc == 0);
    about_free(back);
    buf_free(&frame);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct parse_request request = {.bytes = {(const char *)data, size},
                                    .type = PARSE_RSS,
                                    .url = STR("http://example.org/a/feed")};
    struct parse_out out = {NULL, on_about, on_item};
    struct parse_report report;
    int rc = parse_document(&request, &out, &report);
    assert((rc == 0) == (report.reason[0] == '\0'));
    return 0;
}
