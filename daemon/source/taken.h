/*
 * Which files of a directory were taken already, so that each is handed up once, also over a
 * restart, and nothing is ever skipped.
 *
 * In memory: one entry a file, name and stamp (size, times, inode). What survives must stay small
 * with 100,000 files, so it is not the list: it is one sum of stamps for each of TAKEN_BUCKETS
 * buckets of names. At the start the sums of what lies there are compared: where they agree,
 * exactly these files were taken and none is read; where they do not (a file came, changed or went
 * meanwhile) all files of that bucket are read again, and the exact comparison of items above drops
 * what is known.
 *
 * A high-water mark of times would be smaller and wrong: a file may carry an old time, and one that
 * was held open for long is complete later than its time says.
 */
#ifndef DATELINE_TAKEN_H
#define DATELINE_TAKEN_H

#include "str.h"

#include <sys/stat.h>

#define TAKEN_BUCKETS 64

struct taken_file;

struct taken {
    struct taken_file *files;
    uint64_t sums[TAKEN_BUCKETS];
};

struct taken_found { /* what a scan saw */
    char *name;
    uint64_t stamp;
    int64_t modified_at;
};

uint64_t taken_stamp(const char *name, const struct stat *st);
bool taken_has(const struct taken *taken, const char *name, uint64_t stamp);
void taken_put(struct taken *taken, const char *name,
               uint64_t stamp);                         /* instead of an older stamp */
bool taken_drop(struct taken *taken, const char *name); /* true: it was there */
/* The first scan after a start: files in buckets whose sums agree count as taken, the other buckets
 * begin anew. True when a sum is another than before, so that it should be written. */
bool taken_begin(struct taken *taken, const struct taken_found *found, size_t count);
/* A later scan: forgets what is no longer there. True when there was such a one. */
bool taken_prune(struct taken *taken, const struct taken_found *found, size_t count);
void taken_done(struct taken *taken);

void taken_write(const struct taken *taken, struct buf *out); /* 16 hex digits a bucket, appended */
int taken_read(struct taken *taken, struct str text);         /* 0, -EBADMSG */

#endif
