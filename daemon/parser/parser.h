/*
 * The pool of parser children: hostile bytes go in, items come out.
 *
 * A child is the program dateline-parser: it opens nothing, sees no key and no state, and is jailed
 * (parser/jail) before it reads its first document. It reads one at a time; small ones are sent ahead, so
 * that it need not wait for us between two. A child that
 * dies, overruns its deadline or sends a malformed frame is killed and replaced; the document it
 * had is answered with the reason, the others wait in line.
 *
 * A document's deadline is LIMIT_PARSER_CPU_MS of processor time, and LIMIT_PARSER_WALL_MS of wall
 * time in which the child could have run: what it waited for a processor (/proc/PID/schedstat), and
 * what the loop came late to read, do not count, so that a busy machine costs no honest document.
 * The parent keeps it; the child's own RLIMIT_CPU is for a parent that cannot any more.
 */
#ifndef DATELINE_PARSER_H
#define DATELINE_PARSER_H

#include "item.h"
#include "parse.h"

#include <ev.h>

struct parser;
struct parser_job;

struct parser_options {
    struct ev_loop *loop;
    const char *program; /* path of dateline-parser, NULL: parser_program() */
    const char *jail;    /* "seccomp" or "none" */
    unsigned children;
};

/* Items and about come with error 0, and with -EMSGSIZE: what was read before the limit. */
struct parser_answer {
    int error; /* 0, -EBADMSG not understood, -EMSGSIZE a limit, -ETIMEDOUT overran, -ECHILD died,
                  -EPROTO malformed frame */
    struct parse_report report;
    const struct about *about; /* NULL when there was none; lent */
    struct item **items;       /* lent; take one by setting it to NULL in the array */
    size_t count;
    /* What was asked, lent, its bytes too; and the owner of these, to take them by setting it to
     * BUF_NONE. Both are empty when the document was larger than it may be. */
    const struct parse_request *request;
    struct buf *document;
};

/* 0; -ENOENT no such program, -EACCES, -ENOTSUP the jail is refused here. Children are started at
 * once. */
int parser_open(const struct parser_options *options, struct parser **out);
/* Unanswered jobs are dropped without a call. */
void parser_close(struct parser *parser);
/* Takes the bytes: *bytes is empty afterwards; more than LIMIT_BODY of them are answered with
 * -EMSGSIZE. The strings of the request are copied, request->bytes is not looked at. on_answer
 * comes later, from the loop, once. */
struct parser_job *parser_submit(struct parser *parser, const struct parse_request *request,
                                 struct buf *bytes,
                                 void (*on_answer)(void *ctx, const struct parser_answer *answer),
                                 void *ctx);
void parser_cancel(struct parser_job *job);
/* Documents waiting or being read. */
size_t parser_backlog(const struct parser *parser);
struct parser_counts {
    uint64_t documents, items, refused, died, overran, malformed;
    unsigned children;
};
void parser_counts(const struct parser *parser, struct parser_counts *out);

/* One document, one child, blocking, without a loop: `dateline parse`. */
int parser_once(const struct parser_options *options, const struct parse_request *request,
                void (*on_answer)(void *ctx, const struct parser_answer *answer), void *ctx);
/* Beside the running program, else in the installed libexec folder. Static. */
const char *parser_program(void);

#endif
