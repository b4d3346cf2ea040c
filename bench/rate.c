#include "rate.h"

#include <errno.h>
#include <ev.h>
#include <sys/resource.h>
#include <sysexits.h>

#include "clock.h"
#include "limits.h"
#include "parser.h"
#include "slurp.h"

struct files {
    struct buf *at;
    size_t count, bytes;
};

struct tally {
    size_t items;
    double seconds, cpu;
};

_Noreturn void rate_fail(const struct rate_kind *kind, const char *what)
{
    fprintf(stderr, "%s: %s\n", kind->program, what);
    exit(EX_SOFTWARE);
}

static double now(void)
{
    return (double)clock_mono() / USEC_PER_SEC;
}

static double cpu(void)
{
    struct timespec used;
    if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used))
        return 0;
    return (double)used.tv_sec + (double)used.tv_nsec / 1e9;
}

static double seconds_of(struct timeval t)
{
    return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

/* Of the children that have ended. */
static double cpu_of_children(void)
{
    struct rusage used;
    if (getrusage(RUSAGE_CHILDREN, &used))
        return 0;
    return seconds_of(used.ru_utime) + seconds_of(used.ru_stime);
}

/* -------------------------------------------------------------------------------------- the child */

struct run {
    const struct rate_kind *kind;
    struct ev_loop *loop;
    size_t items, answers;
};

static void on_answer(void *ctx, const struct parser_answer *answer)
{
    struct run *run = ctx;
    if (answer->error && !(run->kind->may_refuse && answer->error == -EBADMSG))
        rate_fail(run->kind, answer->report.reason);
    run->items += answer->count;
    run->answers++;
    ev_break(run->loop, EVBREAK_ONE);
}

/* Each submission takes its bytes. */
static struct buf *copies_of(const struct files *files)
{
    struct buf *copies = xcalloc(files->count, sizeof *copies);
    for (size_t i = 0; i < files->count; i++)
        buf_puts(&copies[i], buf_str(&files->at[i]));
    return copies;
}

/* The child always has a document waiting for it. */
static void submit_all(struct parser *parser, struct buf *copies, size_t count, struct run *run)
{
    for (size_t i = 0; i < count; i++) {
        parser_submit(parser, &run->kind->request, &copies[i], on_answer, run);
        while (i + 1 - run->answers > 1)
            ev_run(run->loop, 0);
    }
    while (run->answers < count)
        ev_run(run->loop, 0);
}

/* One child, from its start to its end. */
static struct tally with_child(const struct rate_kind *kind, const struct files *files)
{
    struct run run = {.kind = kind, .loop = ev_default_loop(0)};
    const struct parser_options options = {run.loop, NULL, "seccomp", 1};
    struct parser *parser = NULL;
    double before = cpu_of_children();
    if (parser_open(&options, &parser))
        rate_fail(kind, "the parser child does not start");
    struct buf *copies = copies_of(files);
    double from = now(), from_cpu = cpu();
    submit_all(parser, copies, files->count, &run);
    struct tally tally = {run.items, now() - from, cpu() - from_cpu};
    parser_close(parser);
    free(copies);
    tally.cpu += cpu_of_children() - before;
    return tally;
}

static struct tally in_child(const struct rate_kind *kind, const struct files *files)
{
    const struct files none = {0};
    double start = with_child(kind, &none).cpu;
    struct tally tally = with_child(kind, files);
    tally.cpu -= start;
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

static struct tally in_process(const struct rate_kind *kind, const struct files *files)
{
    struct tally tally = {0};
    const struct parse_out out = {&tally.items, NULL, on_item};
    double from = now(), from_cpu = cpu();
    for (size_t i = 0; i < files->count; i++) {
        struct parse_request request = kind->request;
        struct parse_report report;
        request.bytes = buf_str(&files->at[i]);
        int rc = parse_document(&request, &out, &report);
        if (rc && !(kind->may_refuse && rc == -EBADMSG))
            rate_fail(kind, report.reason);
    }
    tally.seconds = now() - from;
    tally.cpu = cpu() - from_cpu;
    return tally;
}

static struct tally by_floor(const struct rate_kind *kind, const struct files *files)
{
    struct tally tally = {0};
    double from = now(), from_cpu = cpu();
    for (size_t i = 0; i < files->count; i++)
        tally.items += kind->floor(buf_str(&files->at[i]));
    tally.seconds = now() - from;
    tally.cpu = cpu() - from_cpu;
    return tally;
}

/* -------------------------------------------------------------------------------------------- main */

static void print_tally(const char *name, struct tally tally, const char *behind)
{
    printf("\"%s\": {\"items\": %zu, \"seconds\": %.6f, \"cpu\": %.6f}%s", name, tally.items,
           tally.seconds, tally.cpu, behind);
}

static void read_files(const struct rate_kind *kind, char **paths, struct files *files)
{
    files->at = xcalloc(files->count, sizeof *files->at);
    for (size_t i = 0; i < files->count; i++) {
        if (slurp_file(paths[i], LIMIT_BODY, &files->at[i]))
            rate_fail(kind, "a file cannot be read");
        files->bytes += files->at[i].len;
    }
}

int rate_main(int argc, char **argv, const struct rate_kind *kind)
{
    uint64_t rounds = 0;
    if (argc < 3 || str_u64(str_of(argv[1]), &rounds) || rounds == 0)
        return EX_USAGE;
    struct files files = {.count = (size_t)argc - 2};
    read_files(kind, argv + 2, &files);
    printf("{\"bytes\": %zu, \"documents\": %zu, \"rounds\": [{", files.bytes, files.count);
    for (uint64_t i = 0; i < rounds; i++) {
        print_tally("child", in_child(kind, &files), ", ");
        print_tally("here", in_process(kind, &files), ", ");
        print_tally("floor", by_floor(kind, &files), i + 1 < rounds ? "}, {" : "}");
    }
    puts("]}");
    for (size_t i = 0; i < files.count; i++)
        buf_free(&files.at[i]);
    free(files.at);
    return EX_OK;
}
