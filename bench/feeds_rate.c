/* How fast feeds are read; see rate.h. The floor is what the least reader on libxml2 does: SAX over the whole
 * buffer, the texts of each item's fields collected and thrown away. */
#include "rate.h"

#include <libxml/parser.h>
#include <libxml/parserInternals.h>

static size_t collect_all(struct str bytes);

static const struct rate_kind KIND = {.program = "feeds_rate",
                                      .request = {.url = {"http://example.org/feed", 23}},
                                      .floor = collect_all};

struct collector {
    struct buf text; /* of the field that is open */
    size_t items, bytes;
    bool in_item;
};

static bool is_item(const xmlChar *name)
{
    struct str s = str_of((const char *)name);
    return str_is(s, "item") || str_is(s, "entry");
}

static void on_start(void *ctx, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri,
                     int namespaces_count, const xmlChar **namespaces, int attributes,
                     int defaulted, const xmlChar **values)
{
    struct collector *collector = ctx;
    (void)prefix, (void)uri, (void)namespaces_count, (void)namespaces;
    (void)attributes, (void)defaulted, (void)values;
    collector->in_item = collector->in_item || is_item(name);
    buf_reset(&collector->text);
}

static void on_text(void *ctx, const xmlChar *text, int len)
{
    struct collector *collector = ctx;
    if (collector->in_item)
        buf_put(&collector->text, text, (size_t)len);
}

static void on_end(void *ctx, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri)
{
    struct collector *collector = ctx;
    (void)prefix, (void)uri;
    collector->bytes += collector->text.len;
    buf_reset(&collector->text);
    if (is_item(name)) {
        collector->items++;
        collector->in_item = false;
    }
}

static void collect(struct str bytes, struct collector *collector)
{
    xmlParserCtxtPtr parser = xmlCreateMemoryParserCtxt(bytes.at, (int)bytes.len);
    if (!parser)
        rate_fail(&KIND, "libxml2 does not start");
    xmlCtxtUseOptions(parser, XML_PARSE_RECOVER | XML_PARSE_NONET | XML_PARSE_NOERROR |
                                  XML_PARSE_NOWARNING);
    *parser->sax = (xmlSAXHandler){.initialized = XML_SAX2_MAGIC,
                                   .startElementNs = on_start,
                                   .endElementNs = on_end,
                                   .characters = on_text,
                                   .cdataBlock = on_text};
    parser->userData = collector;
    xmlParseDocument(parser);
    xmlFreeParserCtxt(parser);
}

static size_t collect_all(struct str bytes)
{
    struct collector collector = {.text = BUF_NONE};
    collect(bytes, &collector);
    buf_free(&collector.text);
    return collector.items;
}

int main(int argc, char **argv)
{
    return rate_main(argc, argv, &KIND);
}
