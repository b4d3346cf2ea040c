#include "child.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "frame.h"
#include "jail.h"
#include "limits.h"
#include "warm.h"

#define FLUSH_BYTES (64UL << 10) /* collected before a write */
#define KEPT_BYTES  (1UL << 20)  /* of the document's buffer, between documents */

_Static_assert((int)FRAME_SECCOMP == (int)JAIL_SECCOMP, "layers travel as they are");
_Static_assert((int)FRAME_LANDLOCK == (int)JAIL_LANDLOCK, "layers travel as they are");

struct answer {
    struct buf out;
    size_t replied, items; /* bytes of frames, and items, for this document */
};

/* The parent is gone or speaks nonsense: there is nobody to tell. */
static _Noreturn void give_up(void)
{
    _exit(0);
}

static void write_all(struct buf *out)
{
    struct str rest = buf_str(out);
    while (rest.len) {
        ssize_t n = write(STDIN_FILENO, rest.at, rest.len);
        if (n < 0 && errno != EINTR)
            give_up();
        if (n > 0)
            rest = str_from(rest, (size_t)n);
    }
    buf_reset(out);
}

static void read_all(char *at, size_t len)
{
    while (len) {
        ssize_t n = read(STDIN_FILENO, at, len);
        if (n == 0 || (n < 0 && errno != EINTR))
            give_up();
        if (n > 0) {
            at += n;
            len -= (size_t)n;
        }
    }
}

static void on_about(void *ctx, const struct about *about)
{
    struct answer *answer = ctx;
    size_t begin = frame_begin(&answer->out, FRAME_ABOUT);
    about_encode(about, &answer->out);
    frame_shut(&answer->out, begin);
    answer->replied += answer->out.len - begin;
}

static int on_item(void *ctx, const struct item *item)
{
    struct answer *answer = ctx;
    size_t begin = frame_begin(&answer->out, FRAME_ITEM);
    item_encode(item, &answer->out);
    frame_shut(&answer->out, begin);
    size_t len = answer->out.len - begin;
    if (len > LIMIT_PARSER_FRAME || answer->replied + len > LIMIT_PARSER_REPLY) {
        answer->out.len = begin;
        return -EMSGSIZE;
    }
    answer->replied += len;
    answer->items++;
    if (answer->out.len >= FLUSH_BYTES)
        write_all(&answer->out);
    return 0;
}

static void read_document(struct buf *in, struct answer *answer)
{
    char head[FRAME_HEAD];
    enum frame_type type;
    struct parse_request request;
    size_t len;
    read_all(head, sizeof head);
    if (frame_head(head, &type, &len) || type != FRAME_DOCUMENT)
        give_up();
    buf_reset(in);
    buf_reserve(in, len);
    read_all(in->at, len);
    in->len = len;
    if (frame_document_get(buf_str(in), &request))
        give_up();

    struct parse_out out = {answer, on_about, on_item};
    struct frame_done done = {0};
    answer->replied = answer->items = 0;
    done.error = parse_document(&request, &out, &done.report);
    done.report.items = answer->items;
    if (done.error && done.error != -EMSGSIZE)
        done.error = -EBADMSG;
    if (done.error == -EMSGSIZE && !done.report.reason[0])
        snprintf(done.report.reason, sizeof done.report.reason,
                 "the document holds more than may be taken from it");
    frame_done_put(&answer->out, &done);
    write_all(&answer->out);
    if (in->cap > KEPT_BYTES)
        buf_free(in);
}

/* abort() ends here, so that the parent can say why: malloc() has left its reason in errno, which
 * is this thread's own and safe to read. */
static void on_abort(int number)
{
    (void)number;
    _exit(errno /* NOLINT(bugprone-signal-handler,cert-sig30-c) */ == ENOMEM ? CHILD_OUT_OF_MEMORY
                                                                             : CHILD_ABORTED);
}

static void limit(__rlimit_resource_t resource, rlim_t most)
{
    struct rlimit old, new = {most, most};
    if (getrlimit(resource, &old) == 0 && old.rlim_max < most)
        new.rlim_cur = new.rlim_max = old.rlim_max;
    setrlimit(resource, &new);
}

/* The parent keeps the deadline; the processor limit here is for a parent that cannot any more.
 * Sanitizers' shadow memory is terabytes of address space, and their reports need more than this.
 */
static void limit_resources(void)
{
    limit(RLIMIT_CPU, LIMIT_PARSER_DOCUMENTS * LIMIT_PARSER_CPU_MS / 1000 + 60);
    limit(RLIMIT_CORE, 0);
    limit(RLIMIT_FSIZE, 0);
#ifndef DATELINE_SANITIZED
    limit(RLIMIT_NPROC, 0);
    limit(RLIMIT_AS, LIMIT_PARSER_MEMORY);
    signal(SIGABRT, on_abort);
#else
    (void)on_abort;
#endif
}

/* Standard descriptors, and one for the jail to be built with. */
static void limit_files(void)
{
#ifndef DATELINE_SANITIZED
    limit(RLIMIT_NOFILE, 4);
#endif
}

static int enter_jail(const char *name, uint8_t *layers_out)
{
    const struct jail *jail = jail_find(name);
    return jail ? jail->enter(layers_out) : -ENOTSUP;
}

static int usage(void)
{
    fputs("dateline-parser reads documents for datelined and `dateline parse`, which start it\n",
          stderr);
    return 64;
}

int child_main(int argc, char **argv)
{
    struct stat st;
    if (argc != 3 || strcmp(argv[1], "--jail") != 0 || fstat(STDIN_FILENO, &st) < 0 ||
        !S_ISSOCK(st.st_mode))
        return usage();
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    /* What a terminal or a service manager sends to everyone is for the one who started us; it ends
     * us by closing the socket. */
    signal(SIGHUP, SIG_IGN);
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    limit_resources();
    warm_up();
    limit_files();
    struct answer answer = {0};
    struct buf in = BUF_NONE;
    struct frame_hello hello = {0};
    hello.error = enter_jail(argv[2], &hello.layers);
    frame_hello_put(&answer.out, &hello);
    write_all(&answer.out);
    while (!hello.error)
        read_document(&in, &answer);
    buf_free(&answer.out);
    return 77;
}
