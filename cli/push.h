/*
 * Inside of `dateline push`: push_read.c cuts files into documents, push_place.c remembers how far
 * each file was taken, push_link.c carries batches to the intake and answers back, push_tell.c says
 * how it goes, push.c joins them.
 */
#ifndef DATELINE_CLI_PUSH_H
#define DATELINE_CLI_PUSH_H

#include "keyring.h"
#include "limits.h"
#include "wire.h"

#define PUSH_TURN_MS 200 /* progress and position are looked at this often */

/* ---- push_tell.c: on standard error, and the summary as JSON on standard output */

struct push_tell {
    uint64_t documents, accepted, known, refused;
    uint64_t bytes, all_bytes; /* of documents with an answer; of all files, as far as known */
    int64_t began, shown;      /* monotonic; shown 0: no progress stands on the terminal */
};
void push_say(struct push_tell *tell, const char *what);
/* FILE:LINE: reason: why. */
void push_say_refused(struct push_tell *tell, const char *file, uint64_t line, struct str reason,
                      struct str why);
void push_progress(struct push_tell *tell); /* now and then, on a terminal */
void push_hide(struct push_tell *tell);
void push_summary(struct push_tell *tell, bool json);

/* ---- push_read.c: one document a file, or one a line */

struct push_file {
    const char *name;         /* as given; "-" is stdin */
    bool lines;               /* NDJSON */
    uint64_t size;            /* bytes, 0 when not known */
    uint64_t from, from_line; /* taken already in an earlier run: bytes, and lines */
    uint64_t
        inode; /* of the file that `from` is about; then of the one that was opened, whatever bears
                       its name later */
};

struct push_document {
    struct str bytes; /* lent until the next one is read */
    size_t file;
    uint64_t line; /* from 1; 0: the whole file */
    uint64_t end;  /* offset behind it */
};

enum push_read {
    PUSH_DOCUMENT,
    PUSH_PAUSE,  /* nothing is there now: stdin waits for whoever writes to it */
    PUSH_REFUSE, /* document.file and .line cannot be handed in: push_reader.why */
    PUSH_END
};

struct push_reader {
    struct push_file *files;
    size_t count, at;
    int fd;               /* of files[at]; -1: not open */
    bool ended, skipping; /* no more to read; in the middle of a line that is too long */
    struct buf buffer;
    size_t used;           /* of the buffer, by the document that was given out */
    uint64_t line, offset; /* of the buffer's begin */
    char why[160];
    bool unreadable; /* why is about the file itself */
};

enum push_read push_read(struct push_reader *reader, struct push_document *out);
void push_reader_done(struct push_reader *reader);

/* ---- push_place.c: the position file */

struct push_place;
/* 0, or a negative errno; -EBADMSG not one of ours. A file that is not there yet is none. */
int push_place_open(const char *path, struct push_place **out);
/* Writes what is new, and frees. NULL is fine. */
int push_place_close(struct push_place *place);
/* Where to go on with this file: 0, 0 when it is another one than it was. */
void push_place_find(struct push_place *place, struct push_file *file);
/* Everything of the file before `offset` was taken. */
void push_place_set(struct push_place *place, const struct push_file *file, uint64_t offset,
                    uint64_t line);
/* Writes it, atomically, when something is new. 0 or a negative errno. */
int push_place_write(struct push_place *place);

/* ---- push_link.c: at most LIMIT_INTAKE_WINDOW batches under way, handed in again when lost */

struct push_batch {
    size_t count, bytes;
    bool ninjs; /* lines: their type is known */
    struct buf payload;
    struct push_origin {
        size_t end; /* in payload */
        size_t file;
        uint64_t line, offset; /* offset: of the file behind it */
    } origin[LIMIT_BATCH_ITEMS];
    /* inside */
    bool sent, answered;
    uint64_t sent_at; /* pings sent before it */
    int64_t not_before;
};

struct push_link {
    /* given */
    const char *endpoint, *source, *type, *url;
    bool backfill;
    const struct keyring *keys;
    /* `taken`: the answer of this batch; called in any order. */
    void (*on_taken)(void *ctx, const struct push_batch *batch, const struct wire_intake *taken);
    /* All batches up to this one have been taken; called in their order. */
    void (*on_prefix)(void *ctx, const struct push_batch *batch);
    void (*on_trouble)(void *ctx, const char *what); /* it waits for the daemon */
    void *ctx;
    /* to be read */
    bool answered_once;
    enum keyring_verdict verdict;
    /* inside */
    void *zmq, *socket, *watch;
    struct push_batch *ring[LIMIT_INTAKE_WINDOW]; /* batch n in slot n % LIMIT_INTAKE_WINDOW */
    uint64_t first, next; /* numbers, from 1: oldest without an answer, next one to be put in */
    uint64_t pings;
    int64_t pinged, heard; /* monotonic */
    bool lost;
    struct wire_parts parts;
    struct buf header;
};

/* 0 or a negative errno. */
int push_link_open(struct push_link *link);
void push_link_close(struct push_link *link);
bool push_link_full(const struct push_link *link);
bool push_link_idle(const struct push_link *link); /* everything has its answer */
/* Takes the batch; the link is not full. */
void push_link_put(struct push_link *link, struct push_batch **batch);
/* Sends, waits up to wait_ms for answers, or until `fd` can be read (-1: none), and takes them. 0;
 * -EINTR; -ECONNREFUSED, with the reason in *refused_out, a refusal that no repetition helps;
 * -EKEYREJECTED the daemon does not let us in: link->verdict. */
int push_link_turn(struct push_link *link, int fd, long wait_ms, char refused_out[160]);

#endif
