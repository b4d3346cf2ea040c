/*
 * How fast documents are read, over the same files in turn: in a jailed parser child, in this process, and by
 * a floor, the least that somebody else's parser does with them. Each kind of document is a program with a
 * floor of its own:
 *
 *   NAME_rate ROUNDS FILE...
 *
 * prints {"bytes", "documents", "rounds": [{"child", "here", "floor": {"items", "seconds", "cpu"}}]}. `seconds` are
 * wall time, `cpu` the processor's: of this process, and of the child without its start. The processor's
 * time tells what one core does, and hardly minds what else runs on the machine.
 */
#ifndef DATELINE_RATE_H
#define DATELINE_RATE_H

#include "parse.h"

struct rate_kind {
    const char *program;
    struct parse_request request;      /* the bytes come from the files */
    bool may_refuse;                   /* pages without a story are read, too */
    size_t (*floor)(struct str bytes); /* how many items it saw, or elements */
};

_Noreturn void rate_fail(const struct rate_kind *kind, const char *what);
/* For main(): its exit status. */
int rate_main(int argc, char **argv, const struct rate_kind *kind);

#endif
