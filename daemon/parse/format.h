/*
 * What one format's file gives to the table in parse.c. Inside the parse room only.
 *
 * A reader gets a document that parse.c has already opened: inflated, converted to valid UTF-8, size
 * checked. It fills items from memory of its own (an arena that dies with the call) and hands each
 * out through parse_emit(), which trims, caps and counts.
 */
#ifndef DATELINE_FORMAT_H
#define DATELINE_FORMAT_H

#include "parse.h"

struct document {
    struct str text;        /* valid UTF-8, no NUL */
    struct str url;         /* base of relative links, may be empty */
    struct str charset;     /* what the text was decoded from: for about */
    struct str links, skip; /* as in the request */
    int64_t fetched_at;
    const struct parse_out *out;
    struct parse_report *report;
};

/* 0, -EBADMSG with document->report->reason filled, -EMSGSIZE, or what on_item returned. */
typedef int format_reader(struct document *document);

int rss_read(struct document *document); /* every RSS, and Atom entries in an RSS shell */
int atom_read(struct document *document);
int jsonfeed_read(struct document *document);
int page_read(struct document *document);
int sitemap_read(struct document *document);
int article_read(struct document *document);
int wirecopy_read(struct document *document);
int ninjs_read(struct document *document); /* ninjs_in.c */
int nitf_read(struct document *document);
int newsml_read(struct document *document);
int mail_read(
    struct document *document); /* text: as received, each part has a charset of its own */

/* Hands an item out: white space trimmed, every field cut to its limit between characters, the
 * feed's item limit kept. 0; -EMSGSIZE past parse_most_items(); or what on_item returned. An item without
 * guid, link, headline and text is counted as bad and not handed out. */
int parse_emit(struct document *document, struct item *item);
/* The same for an entry that a feed lists: handed out however little of it is left to show. */
int parse_hand_out(struct document *document, struct item *item);
void parse_about(struct document *document, const struct about *about);
/* "not a feed: …" with no text from outside in it. Returns -EBADMSG. */
int parse_refuse(struct document *document, const char *reason);

#endif
