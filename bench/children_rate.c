/* How much two parser children read, against one and against this process: over the same documents in
 * turn.
 *
 *   children_rate ROUNDS FILE...   prints {"bytes", "documents", "rounds": [{"one", "two", "here"}]}
 *
 * Seconds are wall time, from the first document handed over to the last item back in this process. As
 * many documents wait as the daemon lets wait. */
#include <ev.h>
#include <sysexits.h>

#include "clock.h"
#include "limits.h"
#include "parse.h"
#include "parser.h"
#include "slurp.h"

static _Noreturn void fail(const char *what)
{
    fprintf(stderr, "children_rate: %s\n", what);
    exit(EX_SOFTWARE);
}

static double now(void)
{
    return (double)clock_mono() / USEC_PER_SEC;
}

static struct parse_request request_of(struct str bytes)
{
    return (struct parse_request){
        .bytes = bytes, .url = STR("http://example.org/news"), .type = PARSE_AUTO};
}

/* ----------------------------------------------------------------------------------- the children */

struct run {
    struct ev_loop *loop;
    const struct buf *documents;
    size_t count, asked, answered, items;
    struct parser *parser;
};

static void ask(struct run *run);

static void on_answer(void *ctx, const struct parser_answer *answer)
{
    struct run *run = ctx;
    run->items += answer->count;
    if (++run->answered == run->count)
        ev_break(run->loop, EVBREAK_ONE);
    else
        ask(run);
}

static void ask(struct run *run)
{
    const struct parse_request request = request_of(STR_NONE);
    while (run->asked < run->count && run->asked - run->answered < LIMIT_PARSE_BACKLOG) {
        struct buf bytes = BUF_NONE;
        buf_puts(&bytes, buf_str(&run->documents[run->asked++]));
        parser_submit(run->parser, &request, &bytes, on_answer, run);
    }
}

static double in_children(const struct buf *documents, size_t count, unsigned children)
{
    struct run run = {.loop = ev_default_loop(0), .documents = documents, .count = count};
    const struct parser_options options = {run.loop, NULL, "seccomp", children};
    struct parser_counts counts = {0};
    if (parser_open(&options, &run.parser))
        fail("the parser children do not start");
    while (parser_counts(run.parser, &counts), counts.children < children)
        ev_run(run.loop, EVRUN_ONCE);
    double from = now();
    ask(&run);
    ev_run(run.loop, 0);
    double seconds = now() - from;
    parser_close(run.parser);
    if (run.items == 0)
        fail("no document has an item");
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

static void on_about(void *ctx, const struct about *about)
{
    (void)ctx, (void)about;
}

static double in_process(const struct buf *documents, size_t count)
{
    size_t items = 0;
    const struct parse_out out = {&items, on_about, on_item};
    double from = now();
    for (size_t i = 0; i < count; i++) {
        struct parse_request request = request_of(buf_str(&documents[i]));
        struct parse_report report;
        parse_document(&request, &out, &report);
    }
    double seconds = now() - from;
    if (items == 0)
        fail("no document has an item");
    return seconds;
}

/* -------------------------------------------------------------------------------------------- main */

int main(int argc, char **argv)
{
    uint64_t rounds = 0;
    size_t count = argc > 2 ? (size_t)argc - 2 : 0, bytes = 0;
    if (count == 0 || str_u64(str_of(argv[1]), &rounds) || rounds == 0) {
        fputs("usage: children_rate ROUNDS FILE...\n", stderr);
        return EX_USAGE;
    }
    struct buf *documents = xcalloc(count, sizeof *documents);
    for (size_t i = 0; i < count; i++) {
        if (slurp_file(argv[2 + i], LIMIT_BODY, &documents[i]))
            fail("a file cannot be read");
        bytes += documents[i].len;
    }
    printf("{\"bytes\": %zu, \"documents\": %zu, \"rounds\": [", bytes, count);
    for (uint64_t i = 0; i < rounds; i++)
        printf("%s{\"one\": %.6f, \"two\": %.6f, \"here\": %.6f}", i ? ", " : "",
               in_children(documents, count, 1), in_children(documents, count, 2),
               in_process(documents, count));
    puts("]}");
    for (size_t i = 0; i < count; i++)
        buf_free(&documents[i]);
    free(documents);
    return EX_OK;
}
