#include "parser.h"

struct once {
    void (*on_answer)(void *ctx, const struct parser_answer *answer);
    void *ctx;
    struct ev_loop *loop;
};

static void on_answer(void *ctx, const struct parser_answer *answer)
{
    struct once *once = ctx;
    once->on_answer(once->ctx, answer);
    ev_break(once->loop, EVBREAK_ALL);
}

int parser_once(const struct parser_options *options, const struct parse_request *request,
                void (*answer)(void *ctx, const struct parser_answer *answer), void *ctx)
{
    struct parser_options own = *options;
    struct parser *parser;
    own.loop = ev_loop_new(EVFLAG_AUTO);
    own.children = 1;
    if (!own.loop)
        abort();
    int error = parser_open(&own, &parser);
    if (!error) {
        struct once once = {answer, ctx, own.loop};
        struct buf bytes = BUF_NONE;
        buf_puts(&bytes, request->bytes);
        parser_submit(parser, request, &bytes, on_answer, &once);
        ev_run(own.loop, 0);
        parser_close(parser);
    }
    ev_loop_destroy(own.loop);
    return error;
}
