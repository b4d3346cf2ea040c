/* How fast article pages are read, over the same pages in turn: in the parser child, in this process,
 * and by the floor.
 *
 *   articles_rate ROUNDS FILE...      prints {"bytes", "pages", "rounds": [{"child", "here", "floor"}]}
 *
 * Seconds are wall time. Ours is the whole way from the bytes to an item: charset, tree, metadata,
 * text, dateline. The floor is libxml2's SAX walk over the page as HTML, with handlers that count. */
#include <ev.h>
#include <libxml/HTMLparser.h>
#include <sysexits.h>

#include "clock.h"
#include "limits.h"
#include "parse.h"
#include "parser.h"
#include "slurp.h"

static _Noreturn void fail(const char *what)
{
    fprintf(stderr, "articles_rate: %s\n", what);
    exit(EX_SOFTWARE);
}

static double now(void)
{
    return (double)clock_mono() / USEC_PER_SEC;
}

static struct parse_request request_of(struct str bytes)
{
    return (struct parse_request){
        .bytes = bytes, .url = STR("http://example.org/news"), .type = PARSE_ARTICLE};
}

/* -------------------------------------------------------------------------------------- the child */

struct run {
    struct ev_loop *loop;
    size_t answers;
};

static void on_answer(void *ctx, const struct parser_answer *answer)
{
    struct run *run = ctx;
    (void)answer;
    run->answers++;
    ev_break(run->loop, EVBREAK_ONE);
}

/* One child, which always has a page waiting for it. */
static double in_child(const struct buf *pages, size_t count)
{
    struct run run = {.loop = ev_default_loop(0)};
    const struct parser_options options = {run.loop, NULL, "seccomp", 1};
    const struct parse_request request = request_of(STR_NONE);
    struct parser *parser = NULL;
    if (parser_open(&options, &parser))
        fail("the parser child does not start");
    double from = now();
    for (size_t i = 0; i < count; i++) {
        struct buf bytes = BUF_NONE;
        buf_puts(&bytes, buf_str(&pages[i]));
        parser_submit(parser, &request, &bytes, on_answer, &run);
        while (i + 1 - run.answers > 1)
            ev_run(run.loop, 0);
    }
    while (run.answers < count)
        ev_run(run.loop, 0);
    double seconds = now() - from;
    parser_close(parser);
    return seconds;
}

/* ------------------------------------------------------------------------------------ this process */

static int on_item(void *ctx, const struct item *item)
{
    size_t *items = ctx;
    (void)item;
    (*items)++;
    return 0;
}

static double in_process(const struct buf *pages, size_t count)
{
    size_t items = 0;
    const struct parse_out out = {&items, NULL, on_item};
    double from = now();
    for (size_t i = 0; i < count; i++) {
        struct parse_request request = request_of(buf_str(&pages[i]));
        struct parse_report report;
        parse_document(&request, &out, &report);
    }
    double seconds = now() - from;
    if (items == 0)
        fail("no page is an article");
    return seconds;
}

/* --------------------------------------------------------------------------------------- the floor */

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

static void walk(struct str page, struct census *census)
{
    xmlSAXHandler sax = {.startElement = on_start, .characters = on_text};
    htmlParserCtxtPtr parser = htmlCreateMemoryParserCtxt(page.at, (int)page.len);
    if (!parser)
        fail("libxml2 does not start");
    htmlCtxtUseOptions(parser, HTML_PARSE_RECOVER | HTML_PARSE_NONET | HTML_PARSE_NOERROR |
                                   HTML_PARSE_NOWARNING);
    *parser->sax = sax;
    parser->userData = census;
    htmlParseDocument(parser);
    htmlFreeParserCtxt(parser);
}

static double by_floor(const struct buf *pages, size_t count)
{
    struct census census = {0, 0};
    double from = now();
    for (size_t i = 0; i < count; i++)
        walk(buf_str(&pages[i]), &census);
    double seconds = now() - from;
    if (census.elements == 0)
        fail("libxml2 saw no element");
    return seconds;
}

/* -------------------------------------------------------------------------------------------- main */

int main(int argc, char **argv)
{
    uint64_t rounds = 0;
    if (argc < 3 || str_u64(str_of(argv[1]), &rounds) || rounds == 0)
        return EX_USAGE;
    size_t count = (size_t)argc - 2, total = 0;
    struct buf *pages = xcalloc(count, sizeof *pages);
    for (size_t i = 0; i < count; i++) {
        if (slurp_file(argv[i + 2], LIMIT_BODY, &pages[i]))
            fail("a page cannot be read");
        total += pages[i].len;
    }
    printf("{\"bytes\": %zu, \"pages\": %zu, \"rounds\": [", total, count);
    for (uint64_t i = 0; i < rounds; i++) {
        double child = in_child(pages, count), here = in_process(pages, count);
        printf("%s{\"child\": %.6f, \"here\": %.6f, \"floor\": %.6f}", i ? ", " : "", child, here,
               by_floor(pages, count));
    }
    puts("]}");
    for (size_t i = 0; i < count; i++)
        buf_free(&pages[i]);
    free(pages);
    return EX_OK;
}
