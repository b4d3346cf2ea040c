/* The files of the quarantine, one order at a time on a thread of its own. Inside quarantine only. */
#ifndef DATELINE_PIPELINE_QUARANTINE_FILES_H
#define DATELINE_PIPELINE_QUARANTINE_FILES_H

#include "str.h"

#include <jansson.h>

#define QUARANTINE_NAME 32
#define DOCUMENT_SUFFIX ".document"
#define FACTS_SUFFIX    ".json"

struct file_order {
    uint64_t number;
    struct buf document, facts; /* facts empty: the files are to go */
    int error;                  /* out: 0 or a negative errno; then nothing of it is there */
    struct file_order *prev, *next;
};

/* The order's; may wait for the disk. The folder is made when it is not there. */
void file_order_do(const char *path, struct file_order *order);
/* Calls `each` with the facts of every document whose bytes are there too, in order of numbers, and
 * removes what is half of one. 0 or a negative errno; -ENOENT: no folder yet. */
int files_each(const char *folder, void (*each)(void *ctx, uint64_t number, json_t *facts),
               void *ctx);

#endif
