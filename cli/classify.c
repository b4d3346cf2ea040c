#include "command.h"

#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <sysexits.h>
#include <unistd.h>

#include "limits.h"
#include "log.h"
#include "record.h"

#define NAMES_MAX 16

struct classify {
    struct analyze *set;
    struct buf line, out;
    size_t done, refused;
    int code;
};

/* One item line to one record line. What is no item is said and passed over: one bad line does not
 * cost the others. */
static void classify_line(struct classify *c, const char *name, size_t number)
{
    json_t *record;
    struct str line = str_trim(buf_str(&c->line));
    if (line.len == 0)
        return;
    if (record_parse(line, &record) != 0) {
        c->refused++;
        c->code =
            command_fail(&classify_command, EX_DATAERR, "%s:%zu: not a ninjs item", name, number);
        return;
    }
    record_finish(c->set, record);
    buf_reset(&c->out);
    record_print(record, &c->out);
    buf_putc(&c->out, '\n');
    (void)fwrite(c->out.at, 1, c->out.len, stdout);
    json_decref(record);
    c->done++;
}

/* Without its newline; false at the end. What is longer than an item may be is read, not kept: one
 * byte more than the limit. */
static bool read_line(FILE *in, struct buf *line)
{
    int c;
    buf_reset(line);
    while ((c = getc_unlocked(in)) != EOF && c != '\n') {
        if (line->len <= LIMIT_ITEM_JSON)
            buf_putc(line, (char)c);
    }
    return c != EOF || line->len > 0;
}

static void classify_file(struct classify *c, const char *path)
{
    bool is_stdin = strcmp(path, "-") == 0;
    FILE *in = is_stdin ? stdin : fopen(path, "re");
    const char *name = is_stdin ? "stdin" : log_safez(path);
    if (!in) {
        c->code = command_fail(&classify_command, EX_NOINPUT, "%s: %s", name, strerror(errno));
        return;
    }
    bool progress = isatty(STDERR_FILENO) && !isatty(STDOUT_FILENO);
    for (size_t number = 1; read_line(in, &c->line); number++) {
        classify_line(c, name, number);
        if (progress && number % 1000 == 0)
            (void)fprintf(stderr, "\rclassify: %zu items", c->done);
    }
    if (progress)
        (void)fprintf(stderr, "\rclassify: %zu items\n", c->done);
    if (ferror(in))
        c->code = command_fail(&classify_command, EX_IOERR, "%s: cannot be read", name);
    if (!is_stdin)
        (void)fclose(in);
}

/* "language,topics" to a list; argument is cut up. */
static void split_names(char *argument, char *names[NAMES_MAX + 1])
{
    size_t count = 0;
    char *rest = argument, *name;
    while (count < NAMES_MAX && (name = strsep(&rest, ",")) != NULL) {
        if (*name)
            names[count++] = name;
    }
    names[count] = NULL;
}

static int classify_files(char *const *names, const char *models, char **files)
{
    char why[ANALYZE_WHY];
    char *dir = analyze_models_dir(models), *standard[] = {(char[]){"-"}, NULL};
    struct analyze_options options = {.models = dir};
    struct classify c = {.code = EX_OK};
    int r = analyze_open(names, &options, why, &c.set);
    free(dir);
    if (r != 0)
        return command_fail(&classify_command, r == -EINVAL ? EX_USAGE : EX_NOINPUT, "%s", why);
    for (char **file = *files ? files : standard; *file; file++)
        classify_file(&c, *file);
    if (fflush(stdout) != 0 || ferror(stdout))
        c.code = command_fail(&classify_command, EX_IOERR, "stdout: %s", strerror(errno));
    analyze_close(c.set);
    buf_free(&c.line);
    buf_free(&c.out);
    return c.code;
}

static int classify_run(int argc, char **argv)
{
    static const struct option longs[] = {{"analyzers", required_argument, NULL, 'a'},
                                          {"models", required_argument, NULL, 'm'},
                                          {"json", no_argument, NULL, 'j'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    char *names[NAMES_MAX + 1] = {NULL};
    const char *models = NULL;
    bool chosen = false;
    for (int c; (c = getopt_long(argc, argv, "a:m:jh", longs, NULL)) != -1;) {
        switch (c) {
        case 'a':
            split_names(optarg, names);
            chosen = true;
            break;
        case 'm':
            models = optarg;
            break;
        case 'j':
            break; /* records are JSON anyhow */
        case 'h':
            return command_usage(&classify_command, EX_OK);
        default:
            return command_usage(&classify_command, EX_USAGE);
        }
    }
    return classify_files(chosen ? names : NULL, models, argv + optind);
}

const struct command classify_command = {
    .name = "classify",
    .usage = "[--analyzers LIST] [--models DIR] [FILE|-]...",
    .summary = "item lines in, record lines out: language, topics, dateline; no daemon needed",
    .help = "  FILE              ninjs items, one JSON object a line (what `dateline parse` "
            "prints); - is stdin\n"
            "  --analyzers LIST  only these, comma-separated: language,topics,dateline\n"
            "  --models DIR      where language.model and topics.model are\n"
            "Lines that are no items are named on stderr and passed over; the exit status is then "
            "65.\n",
    .run = classify_run,
};
