/* What journal.c and journal_read.c share: how a record and a segment's name look. */
#ifndef DATELINE_STORE_JOURNAL_INSIDE_H
#define DATELINE_STORE_JOURNAL_INSIDE_H

#include "journal.h"

#include <stdbool.h>

#define RECORD_MAGIC "DLR1"
#define RECORD_HEAD  24

struct record_head {
    uint32_t len;
    uint64_t number, hash;
};
void record_write(uint8_t out[RECORD_HEAD], uint64_t number, struct str rows);
/* -EBADMSG: there is none. The hash is not compared. */
int record_read(struct str bytes, struct record_head *out);
bool record_matches(const struct record_head *head, struct str rows);

#define SEGMENT_NAME 32
void segment_name(uint64_t first, char out[SEGMENT_NAME]);
/* -EINVAL: the name is another file's. */
int segment_first(const char *name, uint64_t *out);

struct journal_segment {
    uint64_t first; /* number of its first record */
    int fd;
};

#endif
