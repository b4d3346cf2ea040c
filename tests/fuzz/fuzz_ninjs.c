/* ninjs: one item, lines, sequences of documents. */
#include "handed_out.h"

#include "format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct parse_report report = {.type = PARSE_NINJS};
    struct document document = {.text = {(const char *)data, size},
                                .url = STR("http://example.org/"),
                                .out = &HANDED_OUT,
                                .report = &report};
    int rc = ninjs_read(&document);
    assert(rc == 0 || report.items || report.reason[0]);
    assert(report.refused_count <= LIMIT_REFUSED_LINES && report.refused_count <= report.bad_items);
    for (size_t i = 0; i < report.refused_count; i++)
        assert(report.refused[i].fault > PARSE_NO_FAULT && report.refused[i].fault < PARSE_FAULTS);
    return 0;
}
