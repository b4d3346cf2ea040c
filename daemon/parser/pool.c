#include "inside.h"

#include <assert.h>
#include <errno.h>

#include "limits.h"
#include "list.h"
#include "log.h"

/* ------------------------------------------------------------------------------------------ jobs
 */

void parser_job_free(struct parser_job *job)
{
    if (!job)
        return;
    for (size_t i = 0; i < job->count; i++)
        item_free(job->items[i]);
    free(job->items);
    about_free(job->about);
    buf_free(&job->head);
    buf_free(&job->bytes);
    free(job);
}

static void count_answer(struct parser_counts *counts, const struct parser_answer *answer)
{
    counts->documents++;
    counts->items += answer->count;
    switch (answer->error) {
    case -EBADMSG:
    case -EMSGSIZE:
        counts->refused++;
        break;
    case -ETIMEDOUT:
        counts->overran++;
        break;
    case -ECHILD:
        counts->died++;
        break;
    case -EPROTO:
        counts->malformed++;
        break;
    }
}

/* The document is kept until here: who takes the answer may want to set aside what cost a child its
 * life. */
static void job_tell(struct parser_job *job, struct parser_answer *answer)
{
    struct parse_request request;
    int error = frame_document_get(str_from(buf_str(&job->head), FRAME_HEAD), &request);
    assert(!error); /* it is ours */
    request.bytes = buf_str(&job->bytes);
    answer->request = &request;
    answer->document = &job->bytes;
    job->on_answer(job->ctx, answer);
}

void parser_job_answer(struct parser *parser, struct parser_job *job, struct parser_answer *answer)
{
    parser->backlog--;
    if (answer->error == 0 || answer->error == -EMSGSIZE) {
        answer->about = job->about;
        answer->items = job->items;
        answer->count = job->count;
    }
    count_answer(&parser->counts, answer);
    if (job->on_answer)
        job_tell(job, answer);
    parser_job_free(job);
}

/* ------------------------------------------------------------------------------------- the pool */

int parser_open(const struct parser_options *options, struct parser **out)
{
    unsigned count = options->children ? options->children : 1;
    if (count > LIMIT_PARSER_CHILDREN)
        count = LIMIT_PARSER_CHILDREN;
    struct parser *parser = xcalloc(1, sizeof *parser + count * sizeof parser->children[0]);
    parser->loop = options->loop;
    parser->program = xstrdup(options->program ? options->program : parser_program());
    parser->jail = xstrdup(options->jail ? options->jail : "seccomp");
    parser->count = count;
    for (unsigned i = 0; i < count; i++)
        parser_child_init(&parser->children[i], parser);
    int error = parser_child_start_first(&parser->children[0]);
    if (error) {
        parser_close(parser);
        return error;
    }
    for (unsigned i = 1; i < count; i++)
        parser_child_start(&parser->children[i]);
    log_debug("parser: open children=%u jail=%s landlock=%s", count, parser->jail,
              parser->layers & FRAME_LANDLOCK ? "yes" : "no");
    *out = parser;
    return 0;
}

void parser_close(struct parser *parser)
{
    if (!parser)
        return;
    for (unsigned i = 0; i < parser->count; i++)
        parser_job_free(parser_child_drop(&parser->children[i]));
    struct parser_job *job, *next;
    DL_FOREACH_SAFE (parser->waiting, job, next)
        parser_job_free(job);
    free(parser->program);
    free(parser->jail);
    free(parser);
}

struct parser_job *parser_submit(struct parser *parser, const struct parse_request *request,
                                 struct buf *bytes,
                                 void (*on_answer)(void *ctx, const struct parser_answer *answer),
                                 void *ctx)
{
    struct parser_job *job = xcalloc(1, sizeof *job);
    job->on_answer = on_answer;
    job->ctx = ctx;
    job->parser = parser;
    job->bytes = *bytes;
    *bytes = BUF_NONE;
    job->too_large = job->bytes.len > LIMIT_BODY;
    if (job->too_large)
        buf_free(&job->bytes);
    frame_document_put(&job->head, request, job->bytes.len);
    DL_APPEND(parser->waiting, job);
    parser->backlog++;
    parser_feed(parser);
    return job;
}

void parser_cancel(struct parser_job *job)
{
    if (!job)
        return;
    job->on_answer = NULL;
    if (job->being_read) /* its child reads on; the answer goes nowhere */
        return;
    DL_DELETE(job->parser->waiting, job);
    job->parser->backlog--;
    parser_job_free(job);
}

size_t parser_backlog(const struct parser *parser)
{
    return parser->backlog;
}

void parser_counts(const struct parser *parser, struct parser_counts *out)
{
    *out = parser->counts;
    out->children = 0;
    for (unsigned i = 0; i < parser->count; i++)
        out->children +=
            parser->children[i].state == CHILD_IDLE || parser->children[i].state == CHILD_BUSY;
}
