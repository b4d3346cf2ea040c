/* Wire copy, and the dateline of any text. */
#include "handed_out.h"

#include "dateline.h"
#include "utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct parse_request request = {.bytes = {(const char *)data, size},
                                    .type = PARSE_WIRECOPY,
                                    .url = STR("https://wire.example/news/list.html"),
                                    .fetched_at = 1773576000000000};
    struct parse_report report;
    (void)parse_document(&request, &HANDED_OUT, &report);
    struct dateline d;
    if (utf8_valid(request.bytes))
        (void)dateline_find(request.bytes, request.fetched_at, &d);
    return 0;
}
