/*
 * Asking a running daemon: one JSON request over its control socket, one JSON answer
 * (daemon/control/control.h). Shared by every command that does so: where the daemon is, the options
 * that say it, what is said when nobody answers.
 *
 * Where: --connect ENDPOINT; else control.bind of the configuration, which is -c FILE, $DATELINE_CONFIG,
 * ./dateline.yaml, $XDG_CONFIG_HOME/dateline/dateline.yaml (~/.config), /etc/dateline/dateline.yaml (below the
 * prefix it was installed to), in this order; else what the defaults say.
 */
#ifndef DATELINE_ASK_H
#define DATELINE_ASK_H

#include "command.h"
#include "config.h"
#include "keyring.h"

#include <getopt.h>
#include <jansson.h>
#include <stdbool.h>

struct ask {
    const struct command *command;
    const char *config, *connect, *key, *server_key; /* as given, or NULL */
    bool json;
};

enum {
    ASK_CONNECT = 0x100,
    ASK_JSON,
    ASK_KEY,
    ASK_SERVER_KEY,
    ASK_OWN /* a command's own long options start here */
};
#define ASK_SHORT "c:h"
#define ASK_LONG                                                                                   \
    {"config", required_argument, NULL, 'c'}, {"connect", required_argument, NULL, ASK_CONNECT},   \
        {"json", no_argument, NULL, ASK_JSON}, {"key", required_argument, NULL, ASK_KEY},          \
        {"server-key", required_argument, NULL, ASK_SERVER_KEY},                                   \
    {                                                                                              \
        "help", no_argument, NULL, 'h'                                                             \
    }
/* The lines of help for them. */
#define ASK_HELP_KEYS                                                                              \
    "      --key FILE        your own key, instead of security.key (dateline keygen)\n"            \
    "      --server-key FILE|KEY  the daemon's public key, instead of security.server_key\n"
#define ASK_HELP                                                                                   \
    "  -c, --config FILE     the daemon's configuration\n"                                         \
    "      --connect ENDPOINT its control socket (such as ipc:///run/dateline/control)\n"          \
    "      --json            the answer as JSON\n" ASK_HELP_KEYS

/* One option that getopt_long() gave. -1: go on; otherwise an exit status (help was asked for, or it
 * is not known). */
int ask_option(struct ask *ask, int option);
/* All of them, for a command without its own, with `least` to `most` arguments, left at argv[optind]. */
int ask_parse(struct ask *ask, int argc, char **argv, int least, int most);

/* Steals `request`. 0 with the answer, whose "ok" is true; otherwise an exit status of sysexits.h, and
 * the reason was printed. */
int ask_daemon(const struct ask *ask, json_t *request, json_t **out);
/* JSON on stdout; harmless on a terminal. */
void ask_put_json(const json_t *value);
/* One line of it; gives 0. */
int ask_print_json(const json_t *answer);

/* Where the keys are: the options' or the configuration's. An operator's own key with the daemon's
 * configuration: the daemon's public one lies beside its secret. *made_out is to be freed. */
struct keyring_files ask_key_files(const struct ask *ask, const struct config *config,
                                   char **made_out);
/* The keys of the options, else of the configuration, which may be NULL; *out is NULL when there are none.
 * 0, or an exit status with the reason printed. */
int ask_keys(const struct ask *ask, const struct config *config, struct keyring **out);
/* Whether somebody listens at an endpoint, as far as that can be seen; or, given an errno (EAGAIN: no answer
 * came), says that nobody does. 0, or an exit status with the reason printed. */
int ask_reach(const struct ask *ask, const char *endpoint, int error);
/* The configuration that is found, see above; `path` may be NULL. 0, or an exit status with the reason
 * printed. */
int ask_config(const struct command *command, const char *path, struct config **out);

#endif
