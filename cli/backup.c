#include "command.h"

#include <limits.h>
#include <stdlib.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "ask.h"
#include "clock.h"
#include "table.h"

#define POLL_MS   200
#define KEEP_MOST 10000

enum { OPT_KEEP = ASK_OWN, OPT_LIST, OPT_VERIFY };

struct backup {
    struct ask ask;
    char *dir; /* absolute */
    uint64_t keep;
    bool list, verify;
};

/* The daemon's folder is another than ours. */
static char *absolute(const char *dir)
{
    if (dir[0] == '/')
        return xstrdup(dir);
    char *here = getcwd(NULL, 0);
    char *path = here ? xasprintf("%s/%s", here, dir) : NULL;
    free(here);
    return path;
}

static const struct table_column columns[] = {
    {.title = "ID", .right = true}, {.title = "MADE"}, {.title = "SIZE", .right = true}};

static int show_list(struct backup *backup)
{
    json_t *answer, *each;
    size_t i;
    int code = ask_daemon(
        &backup->ask, json_pack("{s:s, s:s}", "do", "backup-list", "dir", backup->dir), &answer);
    if (code)
        return code;
    if (backup->ask.json) {
        ask_print_json(answer);
        json_decref(answer);
        return EX_OK;
    }
    struct table *table = table_new(columns, ARRAY_LEN(columns));
    json_array_foreach (json_object_get(answer, "backups"), i, each) {
        struct buf text = BUF_NONE;
        buf_printf(&text, "%llu", (unsigned long long)json_count(each, "id"));
        table_put(table, HUMAN_PLAIN, buf_str(&text));
        table_put(table, HUMAN_PLAIN, json_text(each, "at"));
        buf_reset(&text);
        human_bytes(&text, json_count(each, "bytes"));
        table_put(table, HUMAN_PLAIN, buf_str(&text));
        buf_free(&text);
    }
    table_print(table, stdout);
    table_free(table);
    json_decref(answer);
    return EX_OK;
}

static void show_progress(int64_t us)
{
    struct buf text = BUF_NONE;
    if (!isatty(STDERR_FILENO))
        return;
    human_span(&text, us);
    fprintf(stderr, "\r\x1b[Kbacking up, %s", buf_cstr(&text));
    buf_free(&text);
}

/* Until it is over. */
static int wait_for_end(struct backup *backup, json_t **answer)
{
    int64_t start = clock_mono();
    while (json_is_true(json_object_get(json_object_get(*answer, "backup"), "running"))) {
        json_decref(*answer);
        nanosleep(&(struct timespec){.tv_nsec = POLL_MS * 1000000L}, NULL);
        show_progress(clock_mono() - start);
        int code = ask_daemon(&backup->ask, json_pack("{s:s}", "do", "backup-state"), answer);
        if (code)
            return code;
    }
    if (isatty(STDERR_FILENO))
        fputs("\r\x1b[K", stderr);
    return 0;
}

static void show_made(const struct backup *backup, const json_t *made)
{
    struct buf text = BUF_NONE;
    human_bytes(&text, json_count(made, "bytes"));
    printf("%s: backup %llu, %s in %llu files%s\n", backup->dir,
           (unsigned long long)json_count(made, "id"), buf_cstr(&text),
           (unsigned long long)json_count(made, "files"), backup->verify ? ", verified" : "");
    buf_free(&text);
}

static int make(struct backup *backup)
{
    json_t *answer;
    int code =
        ask_daemon(&backup->ask,
                   json_pack("{s:s, s:s, s:I, s:b}", "do", "backup", "dir", backup->dir, "keep",
                             (json_int_t)backup->keep, "verify", (int)backup->verify),
                   &answer);
    if (code == 0)
        code = wait_for_end(backup, &answer);
    if (code)
        return code;
    const json_t *made = json_object_get(answer, "backup");
    struct str error = json_text(made, "error");
    if (error.len)
        code = command_fail(&backup_command, EX_IOERR, "%.*s", STR_ARG(error));
    else if (backup->ask.json)
        ask_print_json(answer);
    else
        show_made(backup, made);
    json_decref(answer);
    return code;
}

/* -1: go on; otherwise the exit status. */
static int read_options(struct backup *backup, int argc, char **argv)
{
    static const struct option table[] = {{"keep", required_argument, NULL, OPT_KEEP},
                                          {"list", no_argument, NULL, OPT_LIST},
                                          {"verify", no_argument, NULL, OPT_VERIFY},
                                          ASK_LONG,
                                          {NULL, 0, NULL, 0}};
    for (int c; (c = getopt_long(argc, argv, ASK_SHORT, table, NULL)) != -1;) {
        int code = -1;
        if (c == OPT_LIST)
            backup->list = true;
        else if (c == OPT_VERIFY)
            backup->verify = true;
        else if (c != OPT_KEEP)
            code = ask_option(&backup->ask, c);
        else if (str_u64(str_of(optarg), &backup->keep) < 0 || backup->keep == 0 ||
                 backup->keep > KEEP_MOST)
            code = command_fail(&backup_command, EX_USAGE, "--keep is a number from 1 to %d",
                                KEEP_MOST);
        if (code >= 0)
            return code;
    }
    return optind == argc - 1 ? -1 : command_usage(&backup_command, EX_USAGE);
}

static int backup_run(int argc, char **argv)
{
    struct backup backup = {.ask = {.command = &backup_command}};
    int code = read_options(&backup, argc, argv);
    if (code >= 0)
        return code;
    backup.dir = absolute(argv[optind]);
    if (!backup.dir)
        return command_fail(&backup_command, EX_OSERR, "the current directory is not there");
    code = backup.list ? show_list(&backup) : make(&backup);
    free(backup.dir);
    return code;
}

const struct command backup_command = {
    .name = "backup",
    .usage = "[--keep N] [--verify] | --list  DIR [-c FILE | --connect ENDPOINT] [--json]",
    .summary = "a copy of the state, made while the daemon runs",
    .help = "DIR is a directory that the daemon may write to. What an earlier backup there has is "
            "not copied\n"
            "again. datelined --restore DIR brings one back.\n\n"
            "      --keep N          leaves the newest N backups in DIR\n"
            "      --verify          reads the backup back and checks it whole\n"
            "      --list            the backups in DIR\n" ASK_HELP,
    .run = backup_run,
};
