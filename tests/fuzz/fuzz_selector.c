/* A selector, then behind the first line end a page that it picks from. */
#include "handed_out.h"

#include "selector.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str selector, page = {(const char *)data, size};
    struct parse_report report;
    struct selector read;
    char why[SELECTOR_WHY];
    if (!str_cut(&page, '\n', &selector))
        return 0;
    if (selector_read(selector, &read, why) == 0)
        assert(read.count > 0 && read.part[0].first && read.part[read.count - 1].last);
    struct parse_request request = {.bytes = page,
                                    .type = PARSE_PAGE,
                                    .url = STR("https://post.example/"),
                                    .links = selector,
                                    .fetched_at = 1773576000000000};
    (void)parse_document(&request, &HANDED_OUT, &report);
    return 0;
}
