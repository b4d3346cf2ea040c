/* XML feeds, sniffed, decoded and repaired. */
#include "handed_out.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct parse_request request = {.bytes = {(const char *)data, size},
                                    .type = PARSE_RSS,
                                    .url = STR("http://example.org/a/feed")};
    struct parse_report report;
    int rc = parse_document(&request, &HANDED_OUT, &report);
    assert((rc == 0) == (report.reason[0] == '\0'));
    return 0;
}
