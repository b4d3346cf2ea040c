/*
 * One connection to a PostgreSQL server that may be slow, away or hostile to us, used from a thread
 * that must not be held: everything is non-blocking (libpq, chapter 34.4) and every wait has an end
 * that the caller gives. An attempt to connect that is not over at that end goes on with the next
 * call.
 *
 * What fails is said twice: as a negative errno for the code, in the server's words for people.
 */
#ifndef DATELINE_POSTGRES_LINK_H
#define DATELINE_POSTGRES_LINK_H

#include "sink.h"

#include <libpq-fe.h>

struct pg_lookup; /* names being resolved */

struct pg_link {
    char *conninfo, *password_file; /* password_file: a path, credential:NAME, or NULL */
    enum sink_fsync fsync;
    PGconn *conn; /* NULL: none, and none under way */
    bool up;      /* conn is connected and its session set up */
    PostgresPollingStatusType polling;
    int64_t began;            /* monotonic; of the attempt under way */
    struct pg_lookup *lookup; /* before conn */
    char why[SINK_WHY];       /* of the last failure */
};

/* -EINVAL with `why` when conninfo cannot be read or holds a secret. Connects to nothing. */
int pg_link_init(struct pg_link *l, const struct sink_config *config);
void pg_link_done(struct pg_link *l);

/* 0: the session is up; *fresh_out says whether it is a new one. -EAGAIN not yet; what else there is
 * passes with time or an operator: -ECONNREFUSED, -EACCES, -ENOENT (no such database), … `until` is
 * monotonic, as below. */
int pg_link_connect(struct pg_link *l, int64_t until, bool *fresh_out);
/* Closes it without waiting; a transaction that was open is rolled back by the server. */
void pg_link_drop(struct pg_link *l);
/* Takes in what came meanwhile, without waiting; drops a connection that the server has closed. */
void pg_link_look(struct pg_link *l);

/* Waits until PQgetResult() would not, sending what is unsent. 0, -ETIMEDOUT or -ECONNRESET. */
int pg_link_wait(struct pg_link *l, int64_t until);
/* One statement or several separated by ';', of our own making. *out_or_null is the last one's result
 * and the caller's. After -ETIMEDOUT or -ECONNRESET the link is down. */
int pg_link_ask(struct pg_link *l, const char *sql, int64_t until, PGresult **out_or_null);

/* The errno of a failed result; puts its words into l->why. -EBADMSG: the row is to blame, and will
 * be the next time. */
int pg_link_failure(struct pg_link *l, const PGresult *result);
/* "words" into l->why, for failures of our own; returns `error`. */
int pg_link_fail(struct pg_link *l, int error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* `name` quoted for SQL into `out`. */
void pg_put_name(struct buf *out, const char *name);

#endif
