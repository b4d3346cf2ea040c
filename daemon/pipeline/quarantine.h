/*
 * Documents that are set aside for inspection: those that no item came of, because they are not
 * understood, break a limit, or cost a parser child its life. Their bytes lie as they were received
 * beside what is known of them, in a folder of the state:
 *
 *     quarantine/12.document     the bytes
 *     quarantine/12.json         from where, when, why, and how they were to be read
 *
 * An aid to whoever looks into it, and no promise: nothing is synced, what cannot be written is
 * dropped and counted. Two kinds are kept apart, so that a source that sends pages of error all day
 * does not push out the one document that took a child over: of each kind the newest
 * LIMIT_QUARANTINE_DOCUMENTS and LIMIT_QUARANTINE_BYTES stay, and of one address the newest.
 *
 * The loop's; files are written and removed on a thread beside it (aside.h). The list of what is kept
 * stands in memory. A document stands in the list before its files are written.
 */
#ifndef DATELINE_PIPELINE_QUARANTINE_H
#define DATELINE_PIPELINE_QUARANTINE_H

#include "parser.h"

#include <ev.h>
#include <jansson.h>

#define QUARANTINE_ID "quarantine:" /* and a number: the id of a document */

struct quarantine;

/* Refused: the child read it and went on. Suspect: it ended the child. */
enum quarantine_kind { QUARANTINE_REFUSED, QUARANTINE_SUSPECT, QUARANTINE_KINDS };

/* Reads what is kept in `state`/quarantine; a folder that cannot be read is logged and counts as
 * empty. Never fails. */
struct quarantine *quarantine_open(const char *state, struct ev_loop *loop);
/* Waits for what is being written, `patience_us` at most. False: it goes on in spite of us, nothing
 * was freed and the process has to end by _exit(). NULL is fine. */
bool quarantine_close(struct quarantine *quarantine, int64_t patience_us);

/* Nothing when the answer is no failure, or there are no bytes. Takes the bytes of the document.
 * url: of the document, a file's too; may be empty. */
void quarantine_take(struct quarantine *quarantine, const char *source, struct str url,
                     const struct parser_answer *answer);

/* What is known of it: {"id", "at", "source", "url", "kind", "reason", "why", "bytes", "file",
 * "replay", …}; by its id, NULL none. The caller owns it. */
json_t *quarantine_find(const struct quarantine *quarantine, struct str id);
/* All of one source, or of one address (url_identity() decides), newest first; the other is empty. */
json_t *quarantine_of(const struct quarantine *quarantine, struct str source, struct str url);

struct quarantine_counts {
    unsigned documents[QUARANTINE_KINDS]; /* kept */
    uint64_t bytes[QUARANTINE_KINDS];
    uint64_t taken[QUARANTINE_KINDS]; /* since open */
    uint64_t lost;                    /* that could not be written, since open */
};
void quarantine_counts(const struct quarantine *quarantine, struct quarantine_counts *out);

#endif
