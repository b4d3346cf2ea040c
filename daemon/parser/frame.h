/*
 * The framing between the daemon and a parser child: over one stream socket, both ways.
 *
 *     ┌───────────────┬──────┬───────────────┐
 *     │ length, u32le │ type │ payload       │    length counts the payload only
 *     └───────────────┴──────┴───────────────┘
 *
 *     parent                         child
 *       │ ◄────────────────── HELLO ── │   once: the jail is shut, or why not
 *       │ ── DOCUMENT ───────────────► │   read one at a time; a few small ones wait in the socket
 *       │ ◄────────── ABOUT, ITEM …  ─ │   ABOUT at most once
 *       │ ◄─────────────────── DONE ── │   then the next document
 *
 * The child runs on hostile bytes: what it sends is trusted no more than the network. Every length
 * is checked against a limit of its type before anything is kept; a frame that is not well-formed
 * is -EPROTO and means a compromised child, there is no resynchronising.
 *
 * Parent and child are built and shipped together: the framing has no version.
 */
#ifndef DATELINE_FRAME_H
#define DATELINE_FRAME_H

#include "parse.h"

#define FRAME_HEAD 5

enum frame_type {
    FRAME_HELLO = 1,
    FRAME_DOCUMENT,
    FRAME_ABOUT,
    FRAME_ITEM,
    FRAME_DONE,
    FRAME_TYPES
};

struct frame {
    enum frame_type type;
    struct str payload; /* lent: points into the bytes it was taken from */
};

/* Takes the first frame off *bytes. 0; -EAGAIN when it is not whole yet, *bytes untouched; -EPROTO
 * for an unknown type or a length over its limit, seen as soon as the head is there. */
int frame_take(struct str *bytes, struct frame *out);
/* Reads a head. 0 or -EPROTO. */
int frame_head(const char head[FRAME_HEAD], enum frame_type *type, size_t *len_out);

/* Appends a head whose length frame_shut() fills in; gives the offset that frame_shut() wants. */
size_t frame_begin(struct buf *out, enum frame_type type);
void frame_shut(struct buf *out, size_t begin);

enum frame_layer { FRAME_SECCOMP = 1, FRAME_LANDLOCK = 2 };

struct frame_hello {
    int error;      /* 0 or why the jail could not be entered: a negative errno */
    uint8_t layers; /* of enum frame_layer */
};
void frame_hello_put(struct buf *out, const struct frame_hello *hello);
int frame_hello_get(struct str payload, struct frame_hello *out);

/* The head and everything but the document's bytes, which follow as they are: `body_len` of them.
 */
void frame_document_put(struct buf *out, const struct parse_request *request, size_t body_len);
/* The strings point into the payload. */
int frame_document_get(struct str payload, struct parse_request *out);

struct frame_done {
    int error; /* 0, -EBADMSG or -EMSGSIZE, as parse_document() said */
    struct parse_report report;
};
void frame_done_put(struct buf *out, const struct frame_done *done);
int frame_done_get(struct str payload, struct frame_done *out);

#endif
