/* dateline: one command, one file. The list is here, by hand. */
#include "command.h"

#include <stdarg.h>
#include <stdio.h>
#include <sysexits.h>

#include "config.h"
#include "show.h"
#include "units.h"

static const struct command *const commands[] = {
    &status_command,
    &sources_command,
    &source_command,
    &queue_command,
    &explain_command,
    &backup_command,
    &tail_command,
    &push_command,
    &parse_command,
    &classify_command,
    &train_command,
    &keygen_command,
    NULL,
};

int command_fail(const struct command *command, int code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fprintf(stderr, "dateline %s: ", command->name);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    return code;
}

int command_usage(const struct command *command, int code)
{
    FILE *to = code == EX_OK ? stdout : stderr;
    fprintf(to, "usage: dateline %s %s\n", command->name, command->usage);
    if (code == EX_OK)
        fprintf(to, "\n%s.\n\n%s", command->summary, command->help);
    else
        fprintf(to, "       dateline %s --help says more\n", command->name);
    return code;
}

static int usage(FILE *to, int code)
{
    fputs("usage: dateline COMMAND [OPTION]… [ARGUMENT]…\n\n", to);
    for (const struct command *const *c = commands; *c; c++)
        fprintf(to, "  %-9s %s\n", (*c)->name, (*c)->summary);
    fputs("\n"
          "  --help         this; dateline COMMAND --help for one command\n"
          "  --help-config  every setting of the configuration, with its default\n"
          "  --version\n\n"
          "Data goes to stdout, messages to stderr; exit codes are those of sysexits.h.\n"
          "See dateline(1), dateline.yaml(5).\n",
          to);
    return code;
}

static int help_config(void)
{
    struct buf help = BUF_NONE;
    config_help(&help);
    fputs(buf_cstr(&help), stdout);
    buf_free(&help);
    return EX_OK;
}

static const struct command *find(const char *name)
{
    for (const struct command *const *c = commands; *c; c++)
        if (str_is(str_of(name), (*c)->name))
            return *c;
    return NULL;
}

static int unknown(const char *name)
{
    const char *names[ARRAY_LEN(commands)] = {NULL};
    struct buf shown = BUF_NONE;
    for (size_t i = 0; commands[i]; i++)
        names[i] = commands[i]->name;
    show_fit(&shown, str_of(name), 60);
    const char *nearest = units_nearest(str_of(name), names);
    fprintf(stderr, "dateline: there is no command '%s'", buf_cstr(&shown));
    if (nearest)
        fprintf(stderr, "; did you mean '%s'?\n", nearest);
    else
        fputs("; dateline --help lists them\n", stderr);
    buf_free(&shown);
    return EX_USAGE;
}

static int run(int argc, char **argv)
{
    struct str first = str_of(argc > 1 ? argv[1] : NULL);
    if (argc < 2)
        return usage(stderr, EX_USAGE);
    if (str_is(first, "--help") || str_is(first, "-h") || (str_is(first, "help") && argc == 2))
        return usage(stdout, EX_OK);
    if (str_is(first, "--help-config"))
        return help_config();
    if (str_is(first, "--version") || str_is(first, "-V"))
        return printf("dateline %s\n", DATELINE_VERSION) < 0 ? EX_IOERR : EX_OK;
    bool help = str_is(first, "help");
    const struct command *command = find(argv[help ? 2 : 1]);
    if (!command)
        return unknown(argv[help ? 2 : 1]);
    return help ? command_usage(command, EX_OK) : command->run(argc - 1, argv + 1);
}

/* What was printed has to arrive: a full disk behind stdout is a failure. */
int main(int argc, char **argv)
{
    int code = run(argc, argv);
    if (fflush(stdout) == EOF || ferror(stdout)) {
        perror("dateline: stdout");
        return code == EX_OK ? EX_IOERR : code;
    }
    return code;
}
