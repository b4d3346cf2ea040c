#include "push.h"

#include <unistd.h>

#include "clock.h"
#include "human.h"
#include "show.h"

void push_hide(struct push_tell *tell)
{
    if (tell->shown)
        fputs("\r\x1b[K", stderr);
    tell->shown = 0;
}

void push_say(struct push_tell *tell, const char *what)
{
    push_hide(tell);
    fprintf(stderr, "dateline push: %s\n", what);
}

void push_say_refused(struct push_tell *tell, const char *file, uint64_t line, struct str reason,
                      struct str why)
{
    struct buf text = BUF_NONE;
    show_put(&text, str_of(strcmp(file, "-") == 0 ? "stdin" : file));
    if (line)
        buf_printf(&text, ":%llu", (unsigned long long)line);
    buf_putz(&text, ": ");
    show_put(&text, reason);
    buf_putz(&text, why.len ? ": " : "");
    show_put(&text, why);
    push_say(tell, buf_cstr(&text));
    buf_free(&text);
}

static uint64_t a_second(uint64_t items, int64_t took_us)
{
    return took_us > 0 ? (uint64_t)((double)items * USEC_PER_SEC / (double)took_us) : 0;
}

static void put_rest(struct buf *line, const struct push_tell *tell, int64_t took_us)
{
    uint64_t done = tell->bytes, all = tell->all_bytes;
    if (done == 0 || all <= done)
        return;
    buf_putz(line, " of ");
    human_bytes(line, all);
    buf_putz(line, ", ");
    human_span(line, (int64_t)((double)took_us / (double)done * (double)(all - done)));
    buf_putz(line, " to go");
}

void push_progress(struct push_tell *tell)
{
    struct buf line = BUF_NONE;
    int64_t now = clock_mono(), took = now - tell->began;
    uint64_t items = tell->accepted + tell->known;
    if (!isatty(STDERR_FILENO) || now - tell->shown < PUSH_TURN_MS * USEC_PER_MSEC)
        return;
    tell->shown = now;
    human_count(&line, items);
    buf_putz(&line, " items, ");
    human_count(&line, a_second(items, took));
    buf_putz(&line, "/s, ");
    human_bytes(&line, tell->bytes);
    put_rest(&line, tell, took);
    fprintf(stderr, "\r%s\x1b[K", buf_cstr(&line));
    buf_free(&line);
}

void push_summary(struct push_tell *tell, bool json)
{
    struct buf line = BUF_NONE;
    int64_t took = clock_mono() - tell->began;
    human_count(&line, tell->accepted);
    buf_putz(&line, " accepted, ");
    human_count(&line, tell->known);
    buf_putz(&line, " known already, ");
    human_count(&line, tell->refused);
    buf_printf(&line, " refused in %.1f s (", (double)took / USEC_PER_SEC);
    human_count(&line, a_second(tell->accepted + tell->known, took));
    buf_putz(&line, "/s)");
    push_say(tell, buf_cstr(&line));
    buf_free(&line);
    if (json)
        printf(
            "{\"documents\":%llu,\"accepted\":%llu,\"known\":%llu,\"refused\":%llu,\"bytes\":%llu,"
            "\"seconds\":%.3f}\n",
            (unsigned long long)tell->documents, (unsigned long long)tell->accepted,
            (unsigned long long)tell->known, (unsigned long long)tell->refused,
            (unsigned long long)tell->bytes, (double)took / USEC_PER_SEC);
}
