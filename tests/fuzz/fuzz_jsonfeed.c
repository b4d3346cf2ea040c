/* JSON Feed, past the sniffer. */
#include "handed_out.h"

#include "format.h"
#include "utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf text = BUF_NONE;
    struct parse_report report = {.type = PARSE_JSONFEED};
    utf8_repair((struct str){(const char *)data, size}, &text);
    struct document document = {.text = buf_str(&text),
                                .url = STR("http://example.org/"),
                                .out = &HANDED_OUT,
                                .report = &report};
    int rc = jsonfeed_read(&document);
    assert(rc == 0 || report.reason[0]);
    buf_free(&text);
    return 0;
}
