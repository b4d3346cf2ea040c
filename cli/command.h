/*
 * One command, one file: a const struct, listed by hand in main.c. run() gets argv with argv[0] the
 * command's name and gives an exit status of sysexits.h. Data goes to stdout, messages to stderr.
 */
#ifndef DATELINE_COMMAND_H
#define DATELINE_COMMAND_H

struct command {
    const char *name;
    const char *usage;   /* "[--json] [-n N]" */
    const char *summary; /* one line for `dateline --help` */
    const char *help;    /* options, one a line; fits a screen */
    int (*run)(int argc, char **argv);
};

extern const struct command parse_command, push_command, classify_command, train_command,
    tail_command, status_command, sources_command, source_command, queue_command, explain_command,
    backup_command, keygen_command;

/* Prints "dateline NAME: message" on stderr; returns `code`. */
int command_fail(const struct command *command, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Usage on stdout (0) or stderr (64). */
int command_usage(const struct command *command, int code);

#endif
