#include "command.h"

#include <errno.h>
#include <ev.h>
#include <getopt.h>
#include <jansson.h>
#include <sysexits.h>
#include <unistd.h>

#include "clock.h"
#include "item.h"
#include "limits.h"
#include "log.h"
#include "parse.h"
#include "parser.h"
#include "selector.h"
#include "slurp.h"

/*
 * Files go through the children several at a time; what they give is printed in the order of the
 * files. `ring` holds those that are under way: file i in slot i % RING.
 */
#define RING     16
#define CHILDREN 2

#ifdef DATELINE_SANITIZED /* whose runtime the jail would kill */
#define DEFAULT_JAIL "none"
#else
#define DEFAULT_JAIL "seccomp"
#endif

struct file {
    const char *path;
    struct buf text; /* lines for stdout */
    char *complaint; /* the line for stderr, without prefix; NULL: understood */
    int code;        /* the exit status it asks for */
    size_t items;
    int64_t embargoed; /* the first time at which another one may be seen; 0 none */
    bool finished;
    struct parse *parse;
};

struct parse {
    struct parse_request request; /* all but bytes */
    bool describe, in_process;
    const char *jail;
    struct ev_loop *loop;
    struct parser *parser;
    struct file ring[RING];
    size_t begun, printed;
    int code;
};

/* ---------------------------------------------------------------------------------------- printing
 */

static int put_text(const char *text, size_t len, void *ctx)
{
    buf_put(ctx, text, len);
    return 0;
}

static void put_line(struct buf *out, json_t *json)
{
    json_dump_callback(json, put_text, out, JSON_COMPACT);
    buf_putc(out, '\n');
    json_decref(json);
}

static void put_about(struct buf *out, const struct about *about)
{
    put_line(out, json_pack("{s:o}", "feed", about_json(about)));
}

/* What nobody may see yet is not shown here either. */
static bool is_embargoed(const struct parse *parse, const struct item *item)
{
    return item->release_at > parse->request.fetched_at;
}

static void put_item(const struct parse *parse, struct file *file, struct buf *out,
                     const struct item *item)
{
    struct buf uri = BUF_NONE;
    if (is_embargoed(parse, item)) {
        file->embargoed = !file->embargoed || item->release_at < file->embargoed ? item->release_at
                                                                                 : file->embargoed;
        return;
    }
    file->items++;
    item_dry_uri(item, &uri);
    const struct item_identity identity = {.uri = buf_str(&uri),
                                           .version = 1,
                                           .first_created = parse->request.fetched_at,
                                           .version_created = parse->request.fetched_at};
    item_ninjs(item, &identity, &(struct jsonput){.out = out});
    buf_putc(out, '\n');
    buf_free(&uri);
}

static const char *name_of(const struct file *file)
{
    return strcmp(file->path, "-") == 0 ? "stdin" : log_safez(file->path);
}

static void complain(struct file *file, int code, const char *what, const char *why)
{
    file->code = code;
    file->complaint = *why ? xasprintf("%s: %s: %s", name_of(file), what, why)
                           : xasprintf("%s: %s", name_of(file), what);
}

static const char *what_went_wrong(int error)
{
    switch (error) {
    case -EBADMSG:
        return "not understood";
    case -EMSGSIZE:
        return "over a limit";
    case -ETIMEDOUT:
        return "given up";
    default:
        return "not read";
    }
}

/* Prints what is finished, in order. */
static void print_finished(struct parse *parse)
{
    while (parse->printed < parse->begun) {
        struct file *file = &parse->ring[parse->printed % RING];
        if (!file->finished)
            return;
        (void)fwrite(file->text.at, 1, file->text.len, stdout);
        if (file->complaint) {
            (void)fflush(stdout);
            command_fail(&parse_command, file->code, "%s", file->complaint);
        }
        /* A document that is not understood says more than a file that is not there. */
        if (file->code && parse->code != EX_DATAERR)
            parse->code = file->code;
        buf_free(&file->text);
        free(file->complaint);
        *file = (struct file){0};
        parse->printed++;
    }
}

/* ----------------------------------------------------------------------------------------- reading
 */

static void finish(struct file *file, int error, const struct parse_report *report)
{
    char until[CLOCK_TEXT];
    if (error)
        complain(file, EX_DATAERR, what_went_wrong(error), report->reason);
    else if (file->embargoed && file->items == 0)
        complain(file, EX_DATAERR, "under an embargo until", clock_format(file->embargoed, until));
    file->finished = true;
}

static void on_answer(void *ctx, const struct parser_answer *answer)
{
    struct file *file = ctx;
    struct parse *parse = file->parse;
    if (parse->describe && answer->about)
        put_about(&file->text, answer->about);
    for (size_t i = 0; i < answer->count; i++)
        put_item(parse, file, &file->text, answer->items[i]);
    finish(file, answer->error, &answer->report);
    ev_break(parse->loop, EVBREAK_ALL);
}

/* In this process: the description first too, though a feed may end with it. */
struct direct {
    struct parse *parse;
    struct file *file;
    struct buf about, items;
};

static void on_about(void *ctx, const struct about *about)
{
    struct direct *direct = ctx;
    put_about(&direct->about, about);
}

static int on_item(void *ctx, const struct item *item)
{
    struct direct *direct = ctx;
    put_item(direct->parse, direct->file, &direct->items, item);
    return 0;
}

static void read_here(struct parse *parse, struct file *file, struct str bytes)
{
    struct direct direct = {parse, file, BUF_NONE, BUF_NONE};
    const struct parse_out out = {&direct, on_about, on_item};
    struct parse_request request = parse->request;
    struct parse_report report = {0};
    request.bytes = bytes;
    int error = parse_document(&request, &out, &report);
    if (parse->describe)
        buf_puts(&file->text, buf_str(&direct.about));
    buf_puts(&file->text, buf_str(&direct.items));
    buf_free(&direct.about);
    buf_free(&direct.items);
    finish(file, error, &report);
}

static int read_document(const char *path, struct buf *out)
{
    return strcmp(path, "-") == 0 ? slurp_fd(STDIN_FILENO, LIMIT_BODY, out)
                                  : slurp_file(path, LIMIT_BODY, out);
}

static void begin(struct parse *parse, const char *path)
{
    struct file *file = &parse->ring[parse->begun++ % RING];
    struct buf bytes = BUF_NONE;
    *file = (struct file){.path = path, .parse = parse};
    int error = read_document(path, &bytes);
    if (error == -EFBIG) {
        complain(file, EX_DATAERR, "over a limit", "the document is larger than 8 MiB");
        file->finished = true;
    } else if (error) {
        complain(file, error == -EIO ? EX_IOERR : EX_NOINPUT, "cannot be read", strerror(-error));
        file->finished = true;
    } else if (parse->in_process) {
        read_here(parse, file, buf_str(&bytes));
    } else {
        parser_submit(parse->parser, &parse->request, &bytes, on_answer, file);
    }
    buf_free(&bytes);
}

static void read_all(struct parse *parse, int count, char **paths)
{
    for (int i = 0; i < count; i++) {
        begin(parse, paths[i]);
        print_finished(parse);
        while (parse->begun - parse->printed == RING) {
            ev_run(parse->loop, 0);
            print_finished(parse);
        }
    }
    while (parse->printed < parse->begun) {
        ev_run(parse->loop, 0);
        print_finished(parse);
    }
}

/* ----------------------------------------------------------------------------------------- options
 */

static int open_parser(struct parse *parse, int count)
{
    const struct parser_options options = {parse->loop, NULL, parse->jail,
                                           count < CHILDREN ? 1 : CHILDREN};
    int error = parser_open(&options, &parse->parser);
    if (error == -ENOTSUP)
        return command_fail(&parse_command, EX_OSERR,
                            "the jail '%s' is not possible here, try --jail none",
                            log_safez(parse->jail));
    if (error)
        return command_fail(&parse_command, EX_OSERR, "%s does not start: %s", parser_program(),
                            strerror(-error));
    return 0;
}

static int set_type(struct parse *parse, const char *name)
{
    if (parse_type_of(str_of(name), &parse->request.type) == 0)
        return 0;
    struct buf known = BUF_NONE;
    for (const char *const *n = parse_type_names(); *n; n++)
        buf_printf(&known, "%s%s", known.len ? ", " : "", *n);
    command_fail(&parse_command, EX_USAGE, "there is no type %s, only %s", log_safez(name),
                 buf_cstr(&known));
    buf_free(&known);
    return EX_USAGE;
}

static int set_fetched(struct parse *parse, const char *text)
{
    if (clock_parse(text, &parse->request.fetched_at) == 0)
        return 0;
    return command_fail(&parse_command, EX_USAGE,
                        "--fetched %s: not a time like 2026-11-21T08:00:00Z", log_safez(text));
}

static int set_jail(struct parse *parse, const char *name)
{
    parse->jail = name;
    if (str_is(str_of(name), "seccomp") || str_is(str_of(name), "none"))
        return 0;
    return command_fail(&parse_command, EX_USAGE, "--jail is seccomp or none");
}

enum {
    OPTION_FETCHED = 256,
    OPTION_LINKS,
    OPTION_SKIP,
    OPTION_CONTENT_TYPE,
    OPTION_CONTENT_ENCODING
};

static int set_selector(const char *option, const char *text, struct str *out)
{
    struct selector selector;
    char why[SELECTOR_WHY];
    *out = str_of(text);
    if (out->len > LIMIT_SELECTOR)
        return command_fail(&parse_command, EX_USAGE, "%s: longer than %d bytes", option,
                            LIMIT_SELECTOR);
    return selector_read(*out, &selector, why) == 0
               ? 0
               : command_fail(&parse_command, EX_USAGE, "%s %s: %s", option, log_safez(text), why);
}

static int set_option(struct parse *parse, int option, const char *value)
{
    switch (option) {
    case 't':
        return set_type(parse, value);
    case 'u':
        parse->request.url = str_of(value);
        return 0;
    case 'c':
        parse->request.charset = str_of(value);
        return 0;
    case 'd':
        parse->describe = true;
        return 0;
    case 'p':
        parse->in_process = true;
        return 0;
    case 'j':
        return set_jail(parse, value);
    case OPTION_CONTENT_TYPE:
        parse->request.content_type = str_of(value);
        return 0;
    case OPTION_CONTENT_ENCODING:
        parse->request.content_encoding = str_of(value);
        return 0;
    case OPTION_FETCHED:
        return set_fetched(parse, value);
    case OPTION_LINKS:
        return set_selector("--links", value, &parse->request.links);
    case OPTION_SKIP:
        return set_selector("--skip", value, &parse->request.skip);
    default:
        return command_usage(&parse_command, EX_USAGE);
    }
}

static const struct option long_options[] = {
    {"type", required_argument, NULL, 't'},
    {"url", required_argument, NULL, 'u'},
    {"charset", required_argument, NULL, 'c'},
    {"describe", no_argument, NULL, 'd'},
    {"in-process", no_argument, NULL, 'p'},
    {"jail", required_argument, NULL, 'j'},
    {"json", no_argument, NULL, 'J'},
    {"fetched", required_argument, NULL, OPTION_FETCHED},
    {"links", required_argument, NULL, OPTION_LINKS},
    {"skip", required_argument, NULL, OPTION_SKIP},
    {"content-type", required_argument, NULL, OPTION_CONTENT_TYPE},
    {"content-encoding", required_argument, NULL, OPTION_CONTENT_ENCODING},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static int run(int argc, char **argv)
{
    static char dash[] = "-";
    static char *standard_input[] = {dash, NULL};
    struct parse parse = {.jail = DEFAULT_JAIL, .request.fetched_at = clock_now()};
    int option;
    log_set_level(LOG_ERROR); /* the answers say what went wrong */
    while ((option = getopt_long(argc, argv, "t:u:c:dj:h", long_options, NULL)) != -1) {
        if (option == 'h')
            return command_usage(&parse_command, EX_OK);
        int code = option == 'J' ? 0 : set_option(&parse, option, optarg); /* it is JSON anyway */
        if (code)
            return code;
    }
    int count = argc - optind;
    char **paths = count ? argv + optind : standard_input;
    count = count ? count : 1;
    parse.loop = ev_default_loop(0);
    int code = parse.in_process ? 0 : open_parser(&parse, count);
    if (code)
        return code;
    read_all(&parse, count, paths);
    parser_close(parse.parser);
    return parse.code;
}

const struct command parse_command = {
    .name = "parse",
    .usage = "[--type TYPE] [--url URL] [--charset C] [--describe] [FILE|-]...",
    .summary = "documents in, ninjs items out, one a line; no daemon needed",
    .help = "  -t, --type TYPE   auto, rss, atom, jsonfeed, sitemap, page, article, wirecopy,\n"
            "                    ninjs, nitf, newsml (NewsML-G2), mail; default: auto\n"
            "  -u, --url URL     where the document came from: relative links start there\n"
            "  -c, --charset C   what HTTP or somebody says the charset is\n"
            "      --content-type T, --content-encoding E\n"
            "                    what HTTP said of the document: application/rss+xml, gzip\n"
            "  -d, --describe    first a line {\"feed\": ...}: what the document says of itself\n"
            "      --fetched T   time of the fetch, 2026-11-21T08:00:00Z; default: now\n"
            "      --links SEL   page: take the links that a CSS selector picks (ul.news a)\n"
            "      --skip SEL    page: leave out those that this one picks\n"
            "  -j, --jail JAIL   of the parser child: seccomp (default) or none\n"
            "      --in-process  read here instead of in a parser child, for debugging\n"
            "\n"
            "Each file goes the same way as a fetched document; gzip, zstd, zip and charsets\n"
            "are recognised. A file that is not understood is one line on stderr and exit status\n"
            "65; the others go on. Without FILE, or with -, it is standard input.\n",
    .run = run,
};
