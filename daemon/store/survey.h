/*
 * Reading a state that may be damaged: every row that can be read is, and what lies between is told as a
 * gap. Nothing is written.
 */
#ifndef DATELINE_STORE_SURVEY_H
#define DATELINE_STORE_SURVEY_H

#include "families.h"
#include "inside.h"

struct survey {
    struct families families;
    rocksdb_t *db;
    rocksdb_column_family_handle_t *of[FAMILY_COUNT]; /* NULL: not there */
    rocksdb_readoptions_t *read;
    struct layer *layer;        /* what the journal holds and the database does not */
    enum journal_state journal; /* what reading it has found */
};

/* -EUCLEAN when RocksDB cannot open it at all, `text` says why. */
int survey_open(const char *path, struct survey *out, char text[STATUS_TEXT]);
void survey_close(struct survey *survey);

struct survey_eye {
    void (*row)(void *ctx, struct str key, struct str value);
    /* Nothing between `after` and `upto` could be read; an empty `upto` is the family's end. `text` is
     * RocksDB's. */
    void (*gap)(void *ctx, struct str after, struct str upto, const char *text);
    void *ctx;
};
void survey_walk(struct survey *survey, enum family family, const struct survey_eye *eye);
/* 0, -ENOENT, -EIO. Appends. */
int survey_get(struct survey *survey, enum family family, struct str key, struct buf *out);

#endif
