/* One mail as it came: any bytes in its header and parts. */
#include "handed_out.h"

#include "format.h"
#include "mail.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct parse_report report = {.type = PARSE_MAIL};
    struct document document = {
        .text = {(const char *)data, size}, .out = &HANDED_OUT, .report = &report};
    (void)mail_is(document.text);
    int rc = mail_read(&document);
    assert(rc == 0 || report.reason[0]);
    assert(report.items <= 1);
    return 0;
}
