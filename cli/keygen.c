#include "command.h"

#include <errno.h>
#include <getopt.h>
#include <sysexits.h>
#include <unistd.h>

#include "authorised.h"
#include "keyfile.h"
#include "str.h"

struct keygen {
    const char *name, *roles;
    char host[LIMIT_KEY_NAME + 1]; /* the name when none is given */
};

/* As a name may be: what does not fit becomes '-'. */
static void name_of_host(struct keygen *k)
{
    if (gethostname(k->host, sizeof k->host - 1) != 0 || !k->host[0])
        snprintf(k->host, sizeof k->host, "key");
    for (char *c = k->host; *c; c++)
        if (!key_is_name((struct str){c, 1}))
            *c = '-';
    k->name = k->host;
}

/* -1: go on; otherwise an exit status. */
static int read_options(struct keygen *k, int argc, char **argv)
{
    static const struct option options[] = {{"name", required_argument, NULL, 'n'},
                                            {"role", required_argument, NULL, 'r'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    unsigned roles;
    for (int option; (option = getopt_long(argc, argv, "h", options, NULL)) != -1;) {
        if (option == 'h')
            return command_usage(&keygen_command, EX_OK);
        if (option == '?')
            return command_usage(&keygen_command, EX_USAGE);
        *(option == 'n' ? &k->name : &k->roles) = optarg;
    }
    if (argc - optind != 1)
        return command_usage(&keygen_command, EX_USAGE);
    if (!key_is_name(str_of(k->name)))
        return command_fail(&keygen_command, EX_USAGE, "a name is 1 to %d letters, digits and ._-@",
                            LIMIT_KEY_NAME);
    if (authorised_roles(str_of(k->roles), &roles) != 0)
        return command_fail(
            &keygen_command, EX_USAGE,
            "roles are worker, subscriber, publisher, operator, with commas between");
    return -1;
}

static int keygen_run(int argc, char **argv)
{
    struct keygen k = {.roles = "worker"};
    struct key_pair pair;
    struct buf line = BUF_NONE;
    char why[KEY_WHY];
    name_of_host(&k);
    int code = read_options(&k, argc, argv);
    if (code >= 0)
        return code;
    int r = key_make(k.name, &pair);
    if (r < 0)
        return command_fail(&keygen_command, EX_SOFTWARE, "no key can be made: %s", strerror(-r));
    r = key_write(argv[optind], &pair, k.roles, why);
    key_wipe(&pair);
    if (r < 0)
        return command_fail(&keygen_command, EX_CANTCREAT, "%s", why);
    key_put_line(&line, &pair, k.roles);
    fputs(buf_cstr(&line), stdout);
    buf_free(&line);
    return EX_OK;
}

const struct command keygen_command = {
    .name = "keygen",
    .usage = "[--name NAME] [--role ROLE[,ROLE]...] FILE",
    .summary = "a new key: FILE keeps the secret, FILE.pub may go anywhere",
    .help =
        "      --name NAME       what the key is called in authorised_keys and logs; this host's\n"
        "                        name when not given\n"
        "      --role ROLE,...   worker (the default), subscriber, publisher, operator\n"
        "\n"
        "FILE can be read by its owner alone and is never overwritten. The line printed is that\n"
        "of FILE.pub: append it to the daemon's security.authorised_keys, then reload the "
        "daemon.\n",
    .run = keygen_run,
};
