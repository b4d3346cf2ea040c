/* Between the files of `dateline queue`. */
#ifndef DATELINE_CLI_QUEUE_H
#define DATELINE_CLI_QUEUE_H

#include "ask.h"
#include "table.h"

#include <stdint.h>

struct queue_args {
    struct ask ask;
    const char *state, *reason; /* as given, or NULL */
    uint64_t number;            /* rows wanted, 0: all */
    bool numbered;              /* -n was given */
    bool all, dead, all_ready, yes;
    char **ids; /* the arguments behind the subcommand */
    size_t id_count;
};

/* A positive number of the queue. False when it is none. */
bool queue_id(const char *text, uint64_t *out);

/* ---- queue_show.c; each gives an exit status, the reason was printed */
int queue_show_summary(struct queue_args *args);
int queue_show_list(struct queue_args *args);
int queue_show_dead(struct queue_args *args);
int queue_show_item(struct queue_args *args);

/* ---- queue_change.c */
int queue_change_requeue(struct queue_args *args);
int queue_change_purge(struct queue_args *args);

#endif
