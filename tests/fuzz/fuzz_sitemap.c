/* A sitemap: of pages, of news, of sitemaps, or a list of addresses; on a site and nowhere. */
#include "handed_out.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct parse_request request = {
        .bytes = {(const char *)data, size}, .type = PARSE_SITEMAP, .fetched_at = 1773576000000000};
    struct parse_report report;
    if (size % 2)
        request.url = STR("https://post.example/sitemap.xml");
    (void)parse_document(&request, &HANDED_OUT, &report);
    return 0;
}
