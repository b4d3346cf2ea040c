#include "queue.h"

#include <string.h>
#include <sysexits.h>

#include "str.h"

#define LISTED 50

static const struct sub {
    const char *name;
    int most; /* arguments behind it */
    const char *options;
    int (*run)(struct queue_args *args);
} subs[] = {
    {"list", 0, "sn", queue_show_list},
    {"show", 1, "", queue_show_item},
    {"dead", 0, "nr", queue_show_dead},
    {"requeue", 100000, "ra", queue_change_requeue},
    {"purge", 100000, "rday", queue_change_purge},
};

enum {
    OPT_STATE = ASK_OWN,
    OPT_REASON,
    OPT_ALL,
    OPT_DEAD,
    OPT_ALL_READY,
    OPT_YES,
};

static const struct option long_options[] = {ASK_LONG,
                                             {"state", required_argument, NULL, OPT_STATE},
                                             {"reason", required_argument, NULL, OPT_REASON},
                                             {"number", required_argument, NULL, 'n'},
                                             {"all", no_argument, NULL, OPT_ALL},
                                             {"dead", no_argument, NULL, OPT_DEAD},
                                             {"all-ready", no_argument, NULL, OPT_ALL_READY},
                                             {"yes", no_argument, NULL, OPT_YES},
                                             {NULL, 0, NULL, 0}};

bool queue_id(const char *text, uint64_t *out)
{
    return str_u64(str_of(text), out) == 0 && *out > 0 && *out <= INT64_MAX;
}

static bool is_state(const char *text)
{
    static const char *const states[] = {"ready", "leased", "delayed", "dead"};
    for (size_t i = 0; i < ARRAY_LEN(states); i++)
        if (strcmp(text, states[i]) == 0)
            return true;
    return false;
}

/* -1: go on; otherwise an exit status. */
static int take_option(struct queue_args *args, int option)
{
    switch (option) {
    case OPT_STATE:
        args->state = optarg;
        return is_state(optarg) ? -1
                                : command_fail(&queue_command, EX_USAGE,
                                               "--state is ready, leased, delayed or dead");
    case OPT_REASON:
        args->reason = optarg;
        return -1;
    case 'n':
        args->numbered = true;
        return str_u64(str_of(optarg), &args->number) == 0
                   ? -1
                   : command_fail(&queue_command, EX_USAGE, "-n takes a number, 0 for all");
    case OPT_ALL:
        args->all = true;
        return -1;
    case OPT_DEAD:
        args->dead = true;
        return -1;
    case OPT_ALL_READY:
        args->all_ready = true;
        return -1;
    case OPT_YES:
        args->yes = true;
        return -1;
    default:
        return ask_option(&args->ask, option);
    }
}

/* The options of one subcommand are a mistake with another, and purging by mistake would be a pity. */
static bool fit(const struct queue_args *args, const char *allowed)
{
    const struct {
        char letter;
        bool given;
    } options[] = {{'s', args->state != NULL}, {'r', args->reason != NULL},
                   {'n', args->numbered},      {'a', args->all || args->all_ready},
                   {'d', args->dead},          {'y', args->yes}};
    for (size_t i = 0; i < ARRAY_LEN(options); i++)
        if (options[i].given && !strchr(allowed, options[i].letter))
            return false;
    return true;
}

static int queue_run(int argc, char **argv)
{
    struct queue_args args = {.ask = {.command = &queue_command}, .number = LISTED};
    int option, code;
    while ((option = getopt_long(argc, argv, ASK_SHORT "n:", long_options, NULL)) != -1)
        if ((code = take_option(&args, option)) >= 0)
            return code;
    if (optind == argc)
        return fit(&args, "n") ? queue_show_summary(&args)
                               : command_usage(&queue_command, EX_USAGE);
    const char *name = argv[optind++];
    args.ids = argv + optind;
    args.id_count = (size_t)(argc - optind);
    for (size_t i = 0; i < ARRAY_LEN(subs); i++)
        if (strcmp(name, subs[i].name) == 0 && argc - optind <= subs[i].most &&
            fit(&args, subs[i].options))
            return subs[i].run(&args);
    return command_usage(&queue_command, EX_USAGE);
}

const struct command queue_command = {
    .name = "queue",
    .usage = "[list | dead | show ID | requeue … | purge …] [option …]",
    .summary = "what waits for workers, or was given up and why; queue it again or purge it",
    .help =
        "(nothing)             the counts, and the first items that are not done\n"
        "list [--state ready|leased|delayed|dead] [-n N]\n"
        "dead [--reason TEXT] [-n N]     what was given up: why, when, after how many tries\n"
        "show ID               all that is known of one item\n"
        "requeue ID… | --all | --reason TEXT     dead items are ready again, tries forgotten\n"
        "purge ID… | --dead | --reason TEXT | --all-ready [--yes]     gone for good, unrecorded\n"
        "\n"
        "  -n, --number N        rows (50; 0: all)\n"
        "      --reason TEXT     dead items whose reason holds this\n"
        "      --yes             purge without asking\n" ASK_HELP,
    .run = queue_run,
};
