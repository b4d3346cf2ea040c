/* How fast article pages are read; see rate.h. Ours is the whole way from the bytes to an item: charset, tree,
 * metadata, text, dateline. The floor is libxml2's SAX walk over the page as HTML, with handlers that count. */
#include "rate.h"

#include <libxml/HTMLparser.h>

static size_t walk(struct str page);

static const struct rate_kind KIND = {
    .program = "articles_rate",
    .request = {.url = {"http://example.org/news", 23}, .type = PARSE_ARTICLE},
    .may_refuse = true,
    .floor = walk};

struct census {
    size_t elements, text;
};

static void on_start(void *ctx, const xmlChar *name, const xmlChar **attributes)
{
    struct census *census = ctx;
    (void)name, (void)attributes;
    census->elements++;
}

static void on_text(void *ctx, const xmlChar *text, int len)
{
    struct census *census = ctx;
    (void)text;
    census->text += (size_t)len;
}

static size_t walk(struct str page)
{
    xmlSAXHandler sax = {.startElement = on_start, .characters = on_text};
    struct census census = {0, 0};
    htmlParserCtxtPtr parser = htmlCreateMemoryParserCtxt(page.at, (int)page.len);
    if (!parser)
        rate_fail(&KIND, "libxml2 does not start");
    htmlCtxtUseOptions(parser, HTML_PARSE_RECOVER | HTML_PARSE_NONET | HTML_PARSE_NOERROR |
                                   HTML_PARSE_NOWARNING);
    *parser->sax = sax;
    parser->userData = &census;
    htmlParseDocument(parser);
    htmlFreeParserCtxt(parser);
    return census.elements;
}

int main(int argc, char **argv)
{
    return rate_main(argc, argv, &KIND);
}
