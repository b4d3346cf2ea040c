/* An article's page. */
#include "handed_out.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct parse_request request = {.bytes = {(const char *)data, size},
                                    .type = PARSE_ARTICLE,
                                    .url = STR("https://wire.example/news/list.html"),
                                    .fetched_at = 1773576000000000};
    struct parse_report report;
    (void)parse_document(&request, &HANDED_OUT, &report);
    return 0;
}
