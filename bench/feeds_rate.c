/* How fast feeds are read, over the same files in turn: in the parser child, in this process, and by the floor.
 *
 *   feeds_rate ROUNDS FILE...      prints {"bytes", "rounds": [{"child", "here", "floor": {"items", "seconds"}}]}
 *
 * Seconds are wall time. The floor is what the least reader on libxml2 does: SAX over the whole buffer, the
 * texts of each item's fields collected and thrown away. */
#include <ev.h>
#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <sysexits.h>

#include "clock.h"
#include "limits.h"
#include "parse.h"
#include "parser.h"
#include "slurp.h"

struct tally {
    size_t items;
    double seconds;
};

static const struct parse_request FEED = {.url = {"http://example.org/feed", 23}};

static _Noreturn void fail(const char *what)
{
    fprintf(stderr, "feeds_rate: %s\n", what);
    exit(EX_SOFTWARE);
}

static double now(void)
{
    return (double)clock_mono() / USEC_PER_SEC;
}

/* -------------------------------------------------------------------------------------- the child */

struct run {
    struct ev_loop *loop;
    size_t items, answers;
};

static void on_answer(void *ctx, const struct parser_answer *answer)
{
    struct run *run = ctx;
    if (answer->error)
        fail(answer->report.reason);
    run->items += answer->count;
    run->answers++;
    ev_break(run->loop, EVBREAK_ONE);
}

/* One child, which always has a document waiting for it. */
static struct tally in_child(const struct buf *files, size_t count)
{
    struct run run = {.loop = ev_default_loop(0)};
    const struct parser_options options = {run.loop, NULL, "seccomp", 1};
    struct parser *parser = NULL;
    if (parser_open(&options, &parser))
        fail("the parser child does not start");
    double from = now();
    for (size_t i = 0; i < count; i++) {
        struct buf bytes = BUF_NONE;
        buf_puts(&bytes, buf_str(&files[i]));
        parser_submit(parser, &FEED, &bytes, on_answer, &run);
        while (i + 1 - run.answers > 1)
            ev_run(run.loop, 0);
    }
    while (run.answers < count)
        ev_run(run.loop, 0);
    struct tally tally = {run.items, now() - from};
    parser_close(parser);
    return tally;
}

/* ------------------------------------------------------------------------------------ this process */

static int on_item(void *ctx, const struct item *item)
{
    size_t *items = ctx;
    (void)item;
    (*items)++;
    return 0;
}

static struct tally in_process(const struct buf *files, size_t count)
{
    struct tally tally = {0, 0};
    const struct parse_out out = {&tally.items, NULL, on_item};
    double from = now();
    for (size_t i = 0; i < count; i++) {
        struct parse_request request = FEED;
        struct parse_report report;
        request.bytes = buf_str(&files[i]);
        if (parse_document(&request, &out, &report))
            fail(report.reason);
    }
    tally.seconds = now() - from;
    return tally;
}

/* --------------------------------------------------------------------------------------- the floor */

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
        fail("libxml2 does not start");
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

static struct tally by_floor(const struct buf *files, size_t count)
{
    struct collector collector = {.text = BUF_NONE};
    double from = now();
    for (size_t i = 0; i < count; i++)
        collect(buf_str(&files[i]), &collector);
    struct tally tally = {collector.items, now() - from};
    buf_free(&collector.text);
    return tally;
}

/* -------------------------------------------------------------------------------------------- main */

static void print_tally(const char *name, struct tally tally, const char *behind)
{
    printf("\"%s\": {\"items\": %zu, \"seconds\": %.6f}%s", name, tally.items, tally.seconds,
           behind);
}

int main(int argc, char **argv)
{
    uint64_t rounds = 0;
    if (argc < 3 || str_u64(str_of(argv[1]), &rounds) || rounds == 0)
        return EX_USAGE;
    size_t count = (size_t)argc - 2, total = 0;
    struct buf *files = xcalloc(count, sizeof *files);
    for (size_t i = 0; i < count; i++) {
        if (slurp_file(argv[i + 2], LIMIT_BODY, &files[i]))
            fail("a file cannot be read");
        total += files[i].len;
    }
    printf("{\"bytes\": %zu, \"rounds\": [{", total);
    for (uint64_t i = 0; i < rounds; i++) {
        print_tally("child", in_child(files, count), ", ");
        print_tally("here", in_process(files, count), ", ");
        print_tally("floor", by_floor(files, count), i + 1 < rounds ? "}, {" : "}");
    }
    puts("]}");
    for (size_t i = 0; i < count; i++)
        buf_free(&files[i]);
    free(files);
    return EX_OK;
}
