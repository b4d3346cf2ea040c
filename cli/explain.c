#include "command.h"

#include <sysexits.h>

#include "ask.h"
#include "human.h"
#include "show.h"

static void draw(const json_t *lines)
{
    struct buf out = BUF_NONE;
    size_t i;
    const json_t *line;
    json_array_foreach (lines, i, line) {
        show_put(&out, (struct str){json_string_value(line), json_string_length(line)});
        buf_putc(&out, '\n');
    }
    (void)fwrite(out.at, 1, out.len, stdout);
    buf_free(&out);
}

static int explain_run(int argc, char **argv)
{
    struct ask ask = {.command = &explain_command};
    json_t *answer = NULL;
    int code = ask_parse(&ask, argc, argv, 1, 1);
    if (code >= 0)
        return code;
    code =
        ask_daemon(&ask, json_pack("{s:s, s:s}", "do", "explain", "what", argv[optind]), &answer);
    if (code)
        return code;
    if (ask.json)
        ask_print_json(answer);
    else
        draw(json_object_get(answer, "lines"));
    json_decref(answer);
    return EX_OK;
}

const struct command explain_command = {
    .name = "explain",
    .usage = "[-c FILE | --connect ENDPOINT] [--json] URI|URL|SOURCE|DOCUMENT",
    .summary = "what happened to an item, a URL or a source, and what happens next",
    .help =
        "Asks about an item (by its uri, or the URL of its page) or a source (by id, URL or "
        "folder):\n"
        "when it is asked next and because of which rule, why it fails, whether an item was known\n"
        "already, where it stands in the queue, who holds it, why it is dead.\n"
        "A document that no item came of is set aside for inspection, under quarantine:N: why,\n"
        "where its bytes are, and how to read it again.\n\n" ASK_HELP,
    .run = explain_run,
};
