/* What journal.c and journal_read.c share: how a record, a segment and its name look. */
#ifndef DATELINE_STORE_JOURNAL_INSIDE_H
#define DATELINE_STORE_JOURNAL_INSIDE_H

#include "journal.h"

#include <stdbool.h>

#define SEGMENT_HEAD 28
void segment_write(uint8_t out[SEGMENT_HEAD], uint64_t salt, uint64_t first);
/* -EBADMSG: there is none. */
int segment_read(struct str bytes, uint64_t *out_salt, uint64_t *out_first);

#define RECORD_MAGIC STR("DLR1")
#define RECORD_HEAD  24
#define RECORD_END   RECORD_HEAD /* zeros behind the last one */
void record_write(uint8_t out[RECORD_HEAD], uint64_t salt, uint64_t number, struct str rows);
/* A whole record at the front of `bytes`. */
bool record_read(struct str bytes, uint64_t salt, uint64_t *out_number, struct str *out_rows);

#define SEGMENT_NAME 32
void segment_name(uint64_t first, char out[SEGMENT_NAME]);
/* -EINVAL: the name is another file's. */
int segment_first(const char *name, uint64_t *out);

struct journal_segment {
    uint64_t first; /* number of its first record */
    int fd;
};

#endif
