/* JSON Feed, past the sniffer: whatever comes in, what is handed out can be shown and survives the
 * frame to the parent. */
#include "format.h"

#include <assert.h>

#include "utf8.h"

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
    struct buf text = BUF_NONE;
    struct parse_out out = {NULL, on_about, on_item};
    struct parse_report report = {.type = PARSE_JSONFEED};
    utf8_repair((struct str){(const char *)data, size}, &text);
    struct document document = {
        .text = buf_str(&text), .url = STR("http://example.org/"), .out = &out, .report = &report};
    int rc = jsonfeed_read(&document);
    assert(rc == 0 || report.reason[0]);
    buf_free(&text);
    return 0;
}
