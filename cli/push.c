#include "push.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "ask.h"
#include "clock.h"
#include "show.h"

#define FAREWELL_MS 2000 /* for the last answers after Ctrl-C */

struct push {
    struct ask ask; /* --connect is the intake here */
    struct push_link link;
    struct push_reader reader;
    const char *position;
    struct push_place *place;
    bool lines;
    struct push_batch *open;    /* being filled */
    struct push_document spare; /* did not fit into the last one */
    bool has_spare, paused, read_all;
    bool waits; /* for the daemon, and has said so */
    struct push_tell tell;
    int64_t placed; /* monotonic: the position was written */
    int code;
};

static volatile sig_atomic_t stop;

static void on_signal(int number)
{
    (void)number;
    stop = 1;
}

/* ---- answers */

static void on_taken(void *ctx, const struct push_batch *batch, const struct wire_intake *taken)
{
    struct push *push = ctx;
    push->tell.accepted += taken->accepted;
    push->tell.known += taken->known;
    push->tell.refused += taken->refused;
    push->tell.documents += batch->count;
    push->tell.bytes += batch->bytes;
    if (taken->refused)
        push->code = EX_DATAERR;
    push->waits = false;
    for (size_t i = 0; i < taken->count; i++) {
        const struct wire_told *told = &taken->told[i];
        const struct push_origin *origin = &batch->origin[told->at];
        if (told->at >= batch->count)
            continue;
        push_say_refused(&push->tell, push->reader.files[origin->file].name,
                         origin->line ? origin->line : told->line, told->reason, told->why);
    }
}

static void on_prefix(void *ctx, const struct push_batch *batch)
{
    struct push *push = ctx;
    for (size_t i = 0; push->place && i < batch->count; i++) {
        const struct push_origin *origin = &batch->origin[i];
        if (i + 1 == batch->count || batch->origin[i + 1].file != origin->file)
            push_place_set(push->place, &push->reader.files[origin->file], origin->offset,
                           origin->line);
    }
}

static void on_trouble(void *ctx, const char *what)
{
    struct push *push = ctx;
    if (push->waits)
        return;
    push->waits = true;
    push_say(&push->tell, strcmp(what, "lost") == 0
                              ? "the daemon was away, what has no answer is handed in again"
                              : "the daemon takes nothing now, waiting for it");
}

/* ---- documents into batches */

static bool fits(const struct push_batch *batch, const struct push_document *document, bool lines)
{
    return batch->count == 0 || (batch->count < LIMIT_BATCH_ITEMS && batch->ninjs == lines &&
                                 batch->bytes + document->bytes.len <= LIMIT_BATCH_BYTES);
}

/* False when it has to wait for the next batch. */
static bool add(struct push *push, const struct push_document *document)
{
    bool lines = push->reader.files[document->file].lines;
    if (!push->open)
        push->open = xcalloc(1, sizeof *push->open);
    struct push_batch *batch = push->open;
    if (!fits(batch, document, lines))
        return false;
    buf_puts(&batch->payload, document->bytes);
    batch->ninjs = lines;
    batch->bytes += document->bytes.len;
    batch->origin[batch->count++] =
        (struct push_origin){batch->payload.len, document->file, document->line, document->end};
    return true;
}

static void refuse_here(struct push *push, const struct push_document *document)
{
    push_say_refused(&push->tell, push->reader.files[document->file].name, document->line,
                     push->reader.unreadable ? STR("cannot be read") : STR("over-limit"),
                     str_of(push->reader.why));
    if (!push->reader.unreadable) {
        push->tell.refused++;
        push->code = EX_DATAERR;
    } else if (push->code == 0) {
        push->code = EX_NOINPUT;
    }
}

/* Until the batch is full, or there is nothing more to read, now or ever. */
static void fill(struct push *push)
{
    push->paused = false;
    if (push->has_spare)
        add(push, &push->spare);
    push->has_spare = false;
    while (!push->read_all && !push->paused && !push->has_spare) {
        struct push_document document;
        switch (push_read(&push->reader, &document)) {
        case PUSH_DOCUMENT:
            push->has_spare = !add(push, &document);
            push->spare = document;
            break;
        case PUSH_REFUSE:
            refuse_here(push, &document);
            break;
        case PUSH_PAUSE:
            push->paused = true;
            break;
        case PUSH_END:
            push->read_all = true;
            break;
        }
    }
}

static void fill_window(struct push *push)
{
    while (!push_link_full(&push->link) && !push->read_all && !stop) {
        fill(push);
        if (push->open && push->open->count)
            push_link_put(&push->link, &push->open);
        if (push->paused)
            break;
    }
}

/* ---- the run */

static int fail(struct push *push, int err, const char *refused)
{
    push_hide(&push->tell);
    if (err == -EKEYREJECTED)
        return command_fail(push->ask.command, EX_NOPERM, "%s",
                            keyring_verdict_text(push->link.verdict));
    if (err != -ECONNREFUSED)
        return command_fail(push->ask.command, EX_OSERR, "%s", zmq_strerror(-err));
    struct buf shown = BUF_NONE;
    show_put(&shown, str_of(refused));
    int code = str_starts(str_of(refused), STR("source")) ? EX_NOINPUT
               : str_starts(str_of(refused), STR("type")) ? EX_USAGE
                                                          : EX_PROTOCOL;
    command_fail(push->ask.command, code, "the daemon refuses this: %s", buf_cstr(&shown));
    buf_free(&shown);
    return code;
}

/* 0 goes on, otherwise an exit status. */
static int turn(struct push *push, long wait_ms)
{
    char refused[160] = "";
    int fd = push->paused && !push_link_full(&push->link) && !stop ? push->reader.fd : -1;
    int err = push_link_turn(&push->link, fd, wait_ms, refused);
    if (err && err != -EINTR)
        return fail(push, err, refused);
    push_progress(&push->tell);
    if (clock_mono() - push->placed < PUSH_TURN_MS * USEC_PER_MSEC)
        return 0;
    push->placed = clock_mono();
    if (push->place && (err = push_place_write(push->place)) != 0)
        return command_fail(push->ask.command, EX_CANTCREAT, "%s: cannot be written: %s",
                            push->position, strerror(-err));
    return 0;
}

static int wait_for_daemon(struct push *push)
{
    int64_t end = clock_mono() + LIMIT_ASK_MS * USEC_PER_MSEC;
    int code = ask_reach(&push->ask, push->link.endpoint, 0);
    while (code == 0 && !push->link.answered_once && !stop) {
        if (clock_mono() >= end)
            return ask_reach(&push->ask, push->link.endpoint, EAGAIN);
        code = turn(push, PUSH_TURN_MS);
    }
    return code;
}

/* After Ctrl-C what is under way may still be answered. */
static int farewell(struct push *push)
{
    int64_t end = clock_mono() + FAREWELL_MS * USEC_PER_MSEC;
    int code = 0;
    while (code == 0 && !push_link_idle(&push->link) && clock_mono() < end)
        code = turn(push, PUSH_TURN_MS);
    push_say(&push->tell, "stopped before the end");
    return code ? code : EX_TEMPFAIL;
}

static int hand_in(struct push *push)
{
    int code = wait_for_daemon(push);
    push->tell.began = clock_mono();
    while (code == 0 && !stop) {
        fill_window(push);
        if (push->read_all && push_link_idle(&push->link))
            break;
        code = turn(push, PUSH_TURN_MS);
    }
    if (code == 0 && stop)
        code = farewell(push);
    if (push->link.answered_once && (code == 0 || push->tell.documents))
        push_summary(&push->tell, push->ask.json);
    return code ? code : push->code;
}

/* ---- options */

enum { PUSH_SOURCE = ASK_OWN, PUSH_TYPE, PUSH_URL, PUSH_BACKFILL, PUSH_NDJSON, PUSH_POSITION };

static int read_option(struct push *push, int option)
{
    switch (option) {
    case PUSH_SOURCE:
        push->link.source = optarg;
        return -1;
    case PUSH_TYPE:
        push->link.type = optarg;
        return -1;
    case PUSH_URL:
        push->link.url = optarg;
        return -1;
    case PUSH_BACKFILL:
        push->link.backfill = true;
        return -1;
    case PUSH_NDJSON:
        push->lines = true;
        return -1;
    case PUSH_POSITION:
        push->position = optarg;
        return -1;
    default:
        return ask_option(&push->ask, option);
    }
}

static int read_options(struct push *push, int argc, char **argv)
{
    static const struct option options[] = {ASK_LONG,
                                            {"source", required_argument, NULL, PUSH_SOURCE},
                                            {"type", required_argument, NULL, PUSH_TYPE},
                                            {"url", required_argument, NULL, PUSH_URL},
                                            {"backfill", no_argument, NULL, PUSH_BACKFILL},
                                            {"ndjson", no_argument, NULL, PUSH_NDJSON},
                                            {"position", required_argument, NULL, PUSH_POSITION},
                                            {NULL, 0, NULL, 0}};
    int option, status;
    optind = 1;
    while ((option = getopt_long(argc, argv, ASK_SHORT, options, NULL)) != -1)
        if ((status = read_option(push, option)) >= 0)
            return status;
    return -1;
}

static bool has_lines(const struct push *push, const char *name)
{
    struct str s = str_of(name);
    bool named = str_ends(s, STR(".ndjson")) || str_ends(s, STR(".jsonl"));
    return push->lines || (named && !push->link.type);
}

static void list_files(struct push *push, int count, char **names)
{
    static char dash[] = "-";
    static char *standard_input[] = {dash};
    struct stat st;
    if (count == 0) {
        names = standard_input;
        count = 1;
    }
    push->reader.files = xcalloc((size_t)count, sizeof *push->reader.files);
    push->reader.count = (size_t)count;
    for (int i = 0; i < count; i++) {
        struct push_file *file = &push->reader.files[i];
        *file = (struct push_file){.name = names[i], .lines = has_lines(push, names[i])};
        if (push->place)
            push_place_find(push->place, file);
        if (stat(names[i], &st) == 0 && S_ISREG(st.st_mode))
            push->tell.all_bytes += (uint64_t)st.st_size - file->from;
    }
}

static int open_position(struct push *push)
{
    int err = push->position ? push_place_open(push->position, &push->place) : 0;
    if (err == 0)
        return 0;
    return command_fail(push->ask.command, EX_DATAERR, "%s: %s", push->position,
                        err == -EBADMSG ? "is not a position file" : strerror(-err));
}

static int run_with(struct push *push, const struct config *config)
{
    struct keyring *keys = NULL;
    const char *bind = config && config->intake.bind ? config->intake.bind[0] : NULL;
    char *endpoint = push->ask.connect ? xstrdup(push->ask.connect)
                     : bind            ? config_reach(bind)
                                       : NULL;
    int code = 0;
    if (!endpoint)
        return command_fail(push->ask.command, EX_CONFIG, "intake.bind is off");
    push->link.endpoint = endpoint;
    code = ask_keys(&push->ask, config, &keys);
    push->link.keys = keys;
    if (code == 0) {
        int err = push_link_open(&push->link);
        code = err ? command_fail(push->ask.command, EX_UNAVAILABLE, "cannot connect to %s: %s",
                                  endpoint, zmq_strerror(-err))
                   : hand_in(push);
        push_link_close(&push->link);
    }
    keyring_close(keys);
    free(endpoint);
    return code;
}

static void catch_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

static int push_run(int argc, char **argv)
{
    struct push push = {.ask = {.command = &push_command}, .reader = {.fd = -1}};
    struct config *config = NULL;
    push.link.on_taken = on_taken;
    push.link.on_prefix = on_prefix;
    push.link.on_trouble = on_trouble;
    push.link.ctx = &push;
    int code = read_options(&push, argc, argv);
    if (code >= 0)
        return code;
    bool named = push.ask.connect && !push.ask.config; /* then no configuration is looked for */
    code = named ? 0 : ask_config(push.ask.command, push.ask.config, &config);
    if (code == 0)
        code = open_position(&push);
    if (code == 0) {
        list_files(&push, argc - optind, argv + optind);
        catch_signals();
        code = run_with(&push, config);
    }
    int err = push_place_close(push.place);
    if (err && !code)
        code = command_fail(push.ask.command, EX_CANTCREAT, "%s: cannot be written: %s",
                            push.position, strerror(-err));
    push_reader_done(&push.reader);
    if (push.open)
        buf_free(&push.open->payload);
    free(push.open);
    free(push.reader.files);
    config_free(config);
    return code;
}

const struct command push_command = {
    .name = "push",
    .usage = "[--source ID] [--type T] [--ndjson] [--position FILE] [FILE|-]...",
    .summary = "hands in items or documents, and waits until they are durable",
    .help =
        "      --source ID        the push source they belong to; default: push\n"
        "      --type T           as dateline parse takes it; default: auto\n"
        "      --ndjson           one ninjs item a line; *.ndjson and *.jsonl are read so anyway\n"
        "      --backfill         they give way to what is new\n"
        "      --url URL          where the documents came from\n"
        "      --position FILE    remembers there how far each file was taken, and goes on there\n"
        "  -c, --config FILE      the daemon's configuration\n"
        "      --connect ENDPOINT its intake (such as ipc:///run/dateline/intake)\n"
        "      --json             the summary as JSON\n" ASK_HELP_KEYS "\n"
        "Without FILE it is standard input. What the daemon does not understand is one line on\n"
        "stderr, with file and line, and exit status 65; the rest goes on. A daemon that ends\n"
        "meanwhile is waited for; pushing anything again is harmless.\n",
    .run = push_run,
};
