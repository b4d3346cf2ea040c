#include "command.h"

#include <stdlib.h>
#include <sysexits.h>

#include "ask.h"
#include "clock.h"
#include "human.h"
#include "show.h"
#include "units.h"

enum {
    SOURCE_ID = ASK_OWN,
    SOURCE_KIND,
    SOURCE_EVERY,
    SOURCE_LINKS,
    SOURCE_SKIP,
    SOURCE_SINCE,
    SOURCE_PRIVATE
};

struct source_call {
    struct ask ask;
    const char *id, *kind, *every, *links, *skip, *since;
    bool allow_private;
};

struct verb {
    const char *name;
    const char *request;
    const char *done; /* "paused", for people */
};

static const struct verb verbs[] = {
    {"add", "source-add", "added"},
    {"remove", "source-remove", "removed"},
    {"pause", "source-pause", "paused"},
    {"resume", "source-resume", "resumed"},
    {"refresh", "source-refresh", "will be asked as soon as its host allows"},
};

static int parse(struct source_call *call, int argc, char **argv)
{
    static const struct option options[] = {
        ASK_LONG,
        {"id", required_argument, NULL, SOURCE_ID},
        {"kind", required_argument, NULL, SOURCE_KIND},
        {"every", required_argument, NULL, SOURCE_EVERY},
        {"links", required_argument, NULL, SOURCE_LINKS},
        {"skip", required_argument, NULL, SOURCE_SKIP},
        {"since", required_argument, NULL, SOURCE_SINCE},
        {"allow-private", no_argument, NULL, SOURCE_PRIVATE},
        {NULL, 0, NULL, 0},
    };
    int option, code;
    while ((option = getopt_long(argc, argv, ASK_SHORT, options, NULL)) != -1) {
        switch (option) {
        case SOURCE_ID:
            call->id = optarg;
            break;
        case SOURCE_KIND:
            call->kind = optarg;
            break;
        case SOURCE_EVERY:
            call->every = optarg;
            break;
        case SOURCE_LINKS:
            call->links = optarg;
            break;
        case SOURCE_SKIP:
            call->skip = optarg;
            break;
        case SOURCE_SINCE:
            call->since = optarg;
            break;
        case SOURCE_PRIVATE:
            call->allow_private = true;
            break;
        default:
            if ((code = ask_option(&call->ask, option)) >= 0)
                return code;
        }
    }
    if (argc - optind != 2)
        return command_usage(&source_command, EX_USAGE);
    return -1;
}

static const struct verb *find_verb(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
        if (str_is(str_of(name), verbs[i].name))
            return &verbs[i];
    return NULL;
}

static int unknown_verb(const char *name)
{
    const char *names[ARRAY_LEN(verbs) + 1];
    struct buf shown = BUF_NONE;
    for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
        names[i] = verbs[i].name;
    names[ARRAY_LEN(verbs)] = NULL;
    show_fit(&shown, str_of(name), 60);
    const char *nearest = units_nearest(str_of(name), names);
    int code = command_fail(
        &source_command, EX_USAGE,
        nearest ? "'%s' is not add, remove, pause, resume or refresh; did you mean '%s'?"
                : "'%s' is not add, remove, pause, resume or refresh%s",
        buf_cstr(&shown), nearest ? nearest : "");
    buf_free(&shown);
    return code;
}

/* A web address, or a folder: made absolute, because the daemon stands elsewhere. */
static int set_address(json_t *request, const char *address)
{
    if (str_find(str_of(address), STR("://")) != SIZE_MAX)
        return json_object_set_new(request, "url", json_string(address));
    char *path = realpath(address, NULL);
    if (!path)
        return -1;
    int r = json_object_set_new(request, "path", json_string(path));
    free(path);
    return r;
}

/* Nothing, a word that means 0, or a duration. */
static int read_duration(const char *option, const char *text, const char *zero, int64_t *out)
{
    if (!text || str_is(str_of(text), zero) || units_duration(str_of(text), out) == 0)
        return 0;
    return command_fail(&source_command, EX_USAGE,
                        "--%s wants a duration (such as 5s, 10m, 1h) or %s", option, zero);
}

static int add_request(const struct source_call *call, const char *address, json_t **out)
{
    json_t *request = json_pack("{s:s}", "do", "source-add");
    int64_t every_us = 0, since_us = 0;
    int code = read_duration("every", call->every, "auto", &every_us);
    if (code == 0)
        code = read_duration("since", call->since, "all", &since_us);
    if (code == 0 && set_address(request, address) < 0)
        code = command_fail(&source_command, EX_NOINPUT,
                            "neither a web address nor a folder that is there");
    if (call->id)
        json_object_set_new(request, "id", json_string(call->id));
    if (call->kind)
        json_object_set_new(request, "kind", json_string(call->kind));
    if (call->links)
        json_object_set_new(request, "links", json_string(call->links));
    if (call->skip)
        json_object_set_new(request, "skip", json_string(call->skip));
    if (call->since)
        json_object_set_new(request, "since_us", json_integer(since_us));
    json_object_set_new(request, "every_us", json_integer(every_us));
    if (call->allow_private)
        json_object_set_new(request, "allow_private", json_true());
    if (code)
        json_decref(request);
    else
        *out = request;
    return code;
}

static void say(const struct verb *verb, const json_t *answer)
{
    const json_t *source = json_object_get(answer, "source");
    struct str id = json_text(source ? source : answer, source ? "id" : "removed");
    struct buf out = BUF_NONE;
    show_put(&out, id);
    buf_printf(&out, ": %s", verb->done);
    if (json_is_string(json_object_get(answer, "found"))) {
        const json_t *kind = json_object_get(source, "kind");
        buf_putz(&out, " as a ");
        show_put(&out, str_of(json_string_value(kind)));
        buf_putz(&out, " (found: ");
        show_put(&out, json_text(answer, "found"));
        buf_putc(&out, ')');
    }
    if (json_is_string(json_object_get(source, "next"))) {
        buf_putz(&out, "; next ask ");
        json_when(&out, source, "next", clock_now());
    }
    puts(buf_cstr(&out));
    buf_free(&out);
}

static int source_run(int argc, char **argv)
{
    struct source_call call = {.ask = {.command = &source_command}};
    json_t *request = NULL, *answer = NULL;
    int code = parse(&call, argc, argv);
    if (code >= 0)
        return code;
    const struct verb *verb = find_verb(argv[optind]);
    if (!verb)
        return unknown_verb(argv[optind]);
    bool adding = verb == &verbs[0];
    if (!adding && (call.id || call.kind || call.every || call.links || call.skip || call.since ||
                    call.allow_private))
        return command_fail(&source_command, EX_USAGE, "options other than --json go with add");
    code = 0;
    if (adding)
        code = add_request(&call, argv[optind + 1], &request);
    else
        request = json_pack("{s:s, s:s}", "do", verb->request, "source", argv[optind + 1]);
    if (code == 0)
        code = ask_daemon(&call.ask, request, &answer);
    if (code)
        return code;
    if (call.ask.json)
        ask_print_json(answer);
    else
        say(verb, answer);
    json_decref(answer);
    return EX_OK;
}

const struct command source_command = {
    .name = "source",
    .usage = "add|remove|pause|resume|refresh [OPTION]… URL|FOLDER|ID",
    .summary = "adds, removes, pauses, resumes a source, or asks it now",
    .help =
        "add wants a URL or a folder, the others a source's id, URL or folder. What stands in the\n"
        "configuration is removed there; pausing holds across restarts. A URL that is added\n"
        "without --kind is looked at: of a page its feed is taken, or its site's sitemap.\n\n"
        "      --id ID           add: its name in topics and logs (made from the address)\n"
        "      --kind KIND       add: feed, page, sitemap or directory\n"
        "      --every DURATION  add: how often it is asked (auto)\n"
        "      --links SELECTOR  add: links a page source takes; --skip: those it leaves out\n"
        "      --since DURATION  add: age up to which a sitemap's entries are taken (2d), or all\n"
        "      --allow-private   add: its host may have a private address\n" ASK_HELP,
    .run = source_run,
};
