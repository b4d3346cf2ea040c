/* NITF and NewsML-G2: either reader over anything, whatever it was sniffed as. */
#include "handed_out.h"

#include "format.h"
#include "utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_as(format_reader *reader, enum parse_type type, struct buf *text)
{
    struct parse_report report = {.type = type};
    struct document document = {.text = buf_str(text),
                                .url = STR("http://example.org/"),
                                .fetched_at = 1772366400000000,
                                .out = &HANDED_OUT,
                                .report = &report};
    int rc = reader(&document);
    assert(rc == 0 || report.reason[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf text = BUF_NONE;
    utf8_repair((struct str){(const char *)data, size}, &text);
    read_as(nitf_read, PARSE_NITF, &text);
    read_as(newsml_read, PARSE_NEWSML, &text);
    buf_free(&text);
    return 0;
}
