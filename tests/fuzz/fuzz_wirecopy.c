#include "parse.h"
#include "dateline.h"
#include "utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int on_item(void *ctx, const struct item *item)
{
    /* Whatever comes out must survive the way to the parent. */
    struct buf frame = BUF_NONE;
    struct item *again = NULL;
    (void)ctx;
    item_encode(item, &frame);
    if (item_decode(buf_str(&frame), &again) != 0)
        abort();
    item_free(again);
    buf_free(&frame);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct parse_request request = {.bytes = {(const char *)data, size},
                                    .type = PARSE_WIRECOPY,
                                    .url = STR("https://wire.example/news/list.html"),
                                    .fetched_at = 1773576000000000};
    struct parse_out out = {.on_item = on_item};
    struct parse_report report;
    (void)parse_document(&request, &out, &report);
    struct dateline d;
    struct str text = {(const char *)data, size};
    if (utf8_valid(text))
        (void)dateline_find(text, 1773576000000000, &d);
    return 0;
}
