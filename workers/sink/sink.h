/*
 * Sinks: where records are kept.
 *
 * Effect once: records are keyed by (uri, version); putting one that a sink already has leaves one,
 * whoever put it before: this worker, another one of the host, the same one before a crash.
 *
 * A batch is what is put between two flushes. flush() returns 0 only when the whole batch is as
 * durable as the sink's policy says; only then may work be acknowledged. After an error from put()
 * or flush() the sink has forgotten the batch, whole, as if it had not been put: the caller, who
 * still holds the work, puts all of it again later. What of it was written nevertheless is met again
 * by its key. No call waits longer than LIMIT_SINK_WAIT_MS for a peer or a lock.
 *
 * One kind is one const struct in one file, listed by hand in sink.c. One thread.
 */
#ifndef DATELINE_SINK_H
#define DATELINE_SINK_H

#include "str.h"

#define SINK_WHY 512

enum sink_fsync {
    SINK_FSYNC_ALWAYS,   /* flush() returns when the disk has it */
    SINK_FSYNC_INTERVAL, /* at most fsync_interval_us later: a power cut may cost so much, a crash
                            nothing */
    SINK_FSYNC_NEVER     /* when the system likes */
};

struct sink_config {
    const char *kind, *path;                               /* path: of the kinds that are a file */
    const char *conninfo, *schema, *table, *password_file; /* postgres; password_file may be NULL */
    enum sink_fsync fsync;
    int64_t fsync_interval_us; /* 0: a second */
    uint64_t rotate_bytes;     /* 0: never for its size */
    int64_t rotate_age_us;     /* 0: never for its age */
    unsigned rotate_keep;      /* rotated files kept */
};

struct sink_record { /* lent for the call */
    const char *uri, *version, *event;
    const char *language, *headline, *published; /* or NULL */
    struct str json;                             /* the whole record, one line, no newline */
};

struct sink_kind {
    const char *name;
    /* 0, or a negative errno and the reason in words. */
    int (*open)(const struct sink_config *config, char why[SINK_WHY], void **state);
    int (*put)(void *state, const struct sink_record *record);
    int (*flush)(void *state);  /* with nothing put, too: it does what the policy has due */
    void (*close)(void *state); /* an unflushed batch is forgotten */
    /* May be NULL: what the last failure was in the sink's own words, "" when there was none; lent. */
    const char *(*why)(const void *state);
    /* May be NULL, when put() is who finds them: the record of the batch that flush() refused, in
     * order of put. */
    size_t (*refused)(const void *state);
};

extern const struct sink_kind *const sink_kinds[]; /* ends with NULL */
extern const struct sink_kind sink_jsonl, sink_sqlite, sink_postgres;

struct sink;
/* -EINVAL for a kind there is none of; what the kind's open gave otherwise. */
int sink_open(const struct sink_config *config, char why[SINK_WHY], struct sink **out);
/* -EBADMSG: not a record, or one that this sink can never hold. Anything else passes with time:
 * -ENOSPC, -EIO, -EAGAIN (locked), … */
int sink_put(struct sink *s, const struct sink_record *record);
/* The same errors; with -EBADMSG sink_refused() tells which of the batch, in order of put. */
int sink_flush(struct sink *s);
size_t sink_refused(const struct sink *s);
/* The last failure in the sink's own words, "" when it has none to add to the errno; lent until the
 * next call. Text from outside. */
const char *sink_why(const struct sink *s);
void sink_close(struct sink *s);
/* The file, or where the server is; for people. */
const char *sink_path(const struct sink *s);
const char *sink_kind_name(const struct sink *s);
/* "always", "interval", "never"; -EINVAL. */
int sink_fsync_named(const char *name, enum sink_fsync *out);

#endif
