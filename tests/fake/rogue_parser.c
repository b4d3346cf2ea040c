/* A parser child whose reader has been taken over: the real main, framing and jail around a
 * parse_document() that does what the document's first word says. */
#include "parse.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "frame.h"
#include "warm.h"

static void send_raw(struct str bytes)
{
    if (write(STDIN_FILENO, bytes.at, bytes.len) < 0)
        _exit(1);
}

static void send_frame(enum frame_type type, struct str payload)
{
    struct buf frame = BUF_NONE;
    size_t begin = frame_begin(&frame, type);
    buf_puts(&frame, payload);
    frame_shut(&frame, begin);
    send_raw(buf_str(&frame));
    buf_free(&frame);
}

static void send_done_of(int error, size_t items, const char *reason)
{
    struct buf frame = BUF_NONE;
    struct frame_done done = {.error = error, .report = {.items = items}};
    snprintf(done.report.reason, sizeof done.report.reason, "%s", reason);
    frame_done_put(&frame, &done);
    send_raw(buf_str(&frame));
    buf_free(&frame);
}

static void do_items(const struct parse_request *request, const struct parse_out *out,
                     struct parse_report *report)
{
    uint64_t n = 0;
    str_u64(str_from(request->bytes, 6), &n);
    struct about about = {0};
    about.field[ABOUT_TITLE] = request->url;
    out->on_about(out->ctx, &about);
    for (uint64_t i = 0; i < n; i++) {
        char guid[32];
        snprintf(guid, sizeof guid, "guid-%llu", (unsigned long long)i);
        struct item item = {0};
        item.field[ITEM_GUID] = str_of(guid);
        item.field[ITEM_HEADLINE] = STR("a headline");
        out->on_item(out->ctx, &item);
        report->items++;
    }
}

static void do_length(const struct parse_request *request, const struct parse_out *out,
                      struct parse_report *report)
{
    char text[32];
    snprintf(text, sizeof text, "%zu", request->bytes.len);
    struct item item = {0};
    item.field[ITEM_GUID] = str_of(text);
    out->on_item(out->ctx, &item);
    report->items = 1;
}

static volatile unsigned spinning = 1;
static void spin(void)
{
    while (spinning)
        ;
}

static void *volatile kept;
static volatile long number; /* so that no call is left out */
static void bomb(void)
{
    for (;;) {
        char *block = xmalloc(16UL << 20);
        memset(block, 1, 16UL << 20);
        kept = block;
    }
}

/* Whatever its arguments mean, they are wrong. */
static void any_call(struct str text)
{
    uint64_t call = 0;
    str_u64(text, &call);
    number = syscall((long)call, -1L, -1L, -1L, -1L, -1L, -1L);
}

static volatile int *volatile nowhere = NULL;

static void misbehave(struct str word)
{
    static const char wrong_length[] = {(char)0xff, (char)0xff, (char)0xff, (char)0xff, FRAME_ITEM};
    if (str_starts(word, STR("hang")))
        for (char c; read(STDIN_FILENO, &c, 1) >= 0;)
            ;
    else if (str_starts(word, STR("spin")))
        spin();
    else if (str_starts(word, STR("bomb")))
        bomb();
    else if (str_starts(word, STR("exit")))
        _exit(3);
    else if (str_starts(word, STR("abort")))
        abort();
    else if (str_starts(word, STR("crash")))
        *nowhere = 1;
    else if (str_starts(word, STR("open")))
        number = open("/etc/passwd", O_RDONLY);
    else if (str_starts(word, STR("socket")))
        number = socket(AF_INET, SOCK_STREAM, 0);
    else if (str_starts(word, STR("fork")))
        number = fork();
    else if (str_starts(word, STR("signal")))
        kill(getppid(), SIGTERM);
    else if (str_starts(word, STR("call ")))
        any_call(str_from(word, 5));
    else if (str_starts(word, STR("junk")))
        send_raw(STR("HTTP/1.1 200 OK\r\n\r\nthis is not a frame at all"));
    else if (str_starts(word, STR("huge")))
        send_raw((struct str){wrong_length, sizeof wrong_length});
    else if (str_starts(word, STR("bad-item")))
        send_frame(FRAME_ITEM, STR("\x01\x02\x03"));
    else if (str_starts(word, STR("hello")))
        send_frame(FRAME_HELLO, STR("\0\0\0\0\0"));
    else if (str_starts(word, STR("document")))
        send_frame(FRAME_DOCUMENT, STR_NONE);
    else if (str_starts(word, STR("miscount")))
        send_done_of(0, 7, "");
    else if (str_starts(word, STR("error")))
        send_done_of(-EPERM, 0, "");
    else if (str_starts(word, STR("escape")))
        send_done_of(-EBADMSG, 0, "\x1b[31mred\n<3>parser: forged");
    else if (str_starts(word, STR("after")))
        send_done_of(0, 0, ""); /* and the real one follows */
}

int parse_document(const struct parse_request *request, const struct parse_out *out,
                   struct parse_report *report)
{
    *report = (struct parse_report){.type = PARSE_RSS};
    if (str_starts(request->bytes, STR("items "))) {
        do_items(request, out, report);
        return 0;
    }
    if (str_starts(request->bytes, STR("length"))) {
        do_length(request, out, report);
        return 0;
    }
    if (str_starts(request->bytes, STR("twice"))) {
        out->on_about(out->ctx, &(struct about){0});
        out->on_about(out->ctx, &(struct about){0});
    }
    misbehave(request->bytes);
    snprintf(report->reason, sizeof report->reason, "nothing known");
    return -EBADMSG;
}

void warm_up(void) {}
