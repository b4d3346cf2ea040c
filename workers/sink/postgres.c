/*
 * Records as rows of a PostgreSQL table that workers of many hosts share, keyed by (uri, version): a
 * second put of the same changes nothing, a put of the same key with other content replaces the row.
 *
 * A batch is one pipeline (libpq 34.5): all rows travel without waiting for an answer, and what stands
 * before one Sync is one transaction, committed or rolled back whole (protocol, 55.2.4). flush()
 * returns 0 only when the answer to that Sync has come. When the connection is lost before, the
 * outcome is not known; the batch is put again, and rows that did get there meet themselves.
 *
 * Rows go in the order of their keys, so that two workers with the same rows wait for each other
 * instead of locking each other out.
 */
#include <errno.h>

#include "clock.h"
#include "limits.h"
#include "postgres_link.h"
#include "postgres_schema.h"
#include "sink.h"

#define COLUMNS 7
#define NOBODY  SIZE_MAX
#define TRIES   3 /* of a batch that lost against another transaction */

struct row {
    size_t column[COLUMNS]; /* offsets in texts; SIZE_MAX: null */
    int record_len;
    size_t nth; /* in order of put */
};

struct postgres {
    struct pg_link link;
    char *schema, *table;
    struct buf texts;
    struct row *rows;
    size_t count, cap;
    size_t refused;
};

/* ----------------------------------------------------------------------------------- a batch */

static void forget_batch(struct postgres *p)
{
    p->count = 0;
    buf_reset(&p->texts);
}

static size_t keep_text(struct postgres *p, const char *text)
{
    size_t at = p->texts.len;
    if (!text)
        return SIZE_MAX;
    buf_put(&p->texts, text, strlen(text) + 1);
    return at;
}

static int postgres_put(void *state, const struct sink_record *r)
{
    struct postgres *p = state;
    const char *const texts[] = {r->uri,      r->version,  r->event,
                                 r->language, r->headline, r->published};
    if (!r->uri || !r->version || r->json.len == 0 || r->json.len > LIMIT_MESSAGE) {
        forget_batch(p);
        return pg_link_fail(&p->link, -EBADMSG, "not a record");
    }
    if (p->count == p->cap) {
        p->cap = p->cap ? p->cap * 2 : 64;
        p->rows = xrealloc(p->rows, p->cap * sizeof(*p->rows));
    }
    struct row *row = &p->rows[p->count];
    *row = (struct row){.nth = p->count, .record_len = (int)r->json.len + 1};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        row->column[i] = keep_text(p, texts[i]);
    row->column[COLUMNS - 1] = p->texts.len;
    buf_putc(&p->texts, 1); /* the version of jsonb's binary form, which is text behind it */
    buf_puts(&p->texts, r->json);
    p->count++;
    return 0;
}

static const char *text_of(const struct postgres *p, size_t at)
{
    return at == SIZE_MAX ? NULL : p->texts.at + at;
}

/* By key; the same key in the order of put, so that the last one stays. */
static int by_key(const void *a, const void *b, void *ctx)
{
    const struct postgres *p = ctx;
    const struct row *x = a, *y = b;
    int order = strcmp(text_of(p, x->column[0]), text_of(p, y->column[0]));
    if (order == 0)
        order = strcmp(text_of(p, x->column[1]), text_of(p, y->column[1]));
    return order != 0 ? order : (x->nth > y->nth) - (x->nth < y->nth);
}

/* ---------------------------------------------------------------------------------- sending */

/* libpq copies; a connection that breaks here is seen when its answers are read. */
static bool send_row(struct postgres *p, const struct row *row)
{
    static const int formats[COLUMNS] = {[COLUMNS - 1] = 1};
    const int lengths[COLUMNS] = {[COLUMNS - 1] = row->record_len};
    const char *values[COLUMNS];
    for (size_t i = 0; i < COLUMNS; i++)
        values[i] = text_of(p, row->column[i]);
    return PQsendQueryPrepared(p->link.conn, "dateline_put", COLUMNS, values, lengths, formats,
                               0) == 1;
}

static bool send_rows(struct postgres *p, const struct row *rows, size_t count)
{
    PGconn *conn = p->link.conn;
    bool sent = PQenterPipelineMode(conn) == 1;
    for (size_t i = 0; sent && i < count; i++)
        sent = send_row(p, &rows[i]);
    return sent && PQpipelineSync(conn) == 1;
}

/* One result for each row, then the Sync's. The first that failed is why the rest was not done; its
 * number in *failed_out, which is `count` or more for an error of the commit itself. */
static int read_answers(struct pg_link *l, int64_t until, size_t *failed_out)
{
    size_t at = 0;
    int r = 0, failure = 0;
    bool synced = false;
    while (!synced && (r = pg_link_wait(l, until)) == 0) {
        PGresult *result = PQgetResult(l->conn);
        ExecStatusType status = result ? PQresultStatus(result) : PGRES_EMPTY_QUERY;
        if (!result && PQstatus(l->conn) == CONNECTION_BAD)
            return failure ? failure : pg_link_fail(l, -ECONNRESET, "connection lost");
        if (!result) {
            at++;
        } else if (status == PGRES_FATAL_ERROR && failure == 0) {
            failure = pg_link_failure(l, result);
            *failed_out = at;
        }
        synced = status == PGRES_PIPELINE_SYNC;
        PQclear(result);
    }
    return failure ? failure : r;
}

/* Whatever may have been is void with its connection; a standby is left for whoever can write. */
static bool must_drop(int error)
{
    return error == -ECONNRESET || error == -ETIMEDOUT || error == -EROFS;
}

/* One transaction. -EBADMSG: p->refused is the row's number, NOBODY when only the commit found fault
 * with one of several. */
static int write_rows(struct postgres *p, const struct row *rows, size_t count, int64_t until)
{
    struct pg_link *l = &p->link;
    size_t failed = 0;
    int r = send_rows(p, rows, count) ? read_answers(l, until, &failed)
                                      : pg_link_fail(l, -ECONNRESET, "%s", PQerrorMessage(l->conn));
    if (must_drop(r) || (l->conn && PQexitPipelineMode(l->conn) != 1))
        pg_link_drop(l);
    if (r == -EBADMSG && count == 1)
        failed = 0;
    if (r == -EBADMSG)
        p->refused = failed < count ? rows[failed].nth : NOBODY;
    return r;
}

/* What a deferred constraint refuses at the commit shows when each row has a commit of its own. */
static int write_batch(struct postgres *p, int64_t until)
{
    int r = write_rows(p, p->rows, p->count, until);
    if (r != -EBADMSG || p->refused != NOBODY)
        return r;
    r = p->link.up ? 0 : -EAGAIN;
    for (size_t i = 0; r == 0 && i < p->count; i++)
        r = write_rows(p, &p->rows[i], 1, until);
    return r;
}

/* --------------------------------------------------------------------------------- connecting */

/* The rest of a row follows from its record, so an equal record leaves it alone. */
static int prepare(struct postgres *p, int64_t until)
{
    struct buf sql = BUF_NONE;
    buf_putz(&sql, "PREPARE dateline_put (text, text, text, text, text, timestamptz, jsonb) AS "
                   "INSERT INTO ");
    pg_put_name(&sql, p->schema);
    buf_putc(&sql, '.');
    pg_put_name(&sql, p->table);
    buf_putz(&sql,
             " AS old (uri, version, event, language, headline, published, record)"
             " VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (uri, version) DO UPDATE SET"
             " event = excluded.event, language = excluded.language, headline = excluded.headline,"
             " published = excluded.published, record = excluded.record, written_at = now()"
             " WHERE old.record IS DISTINCT FROM excluded.record");
    int r = pg_link_ask(&p->link, buf_cstr(&sql), until, NULL);
    buf_free(&sql);
    return r;
}

static int be_connected(struct postgres *p, int64_t until)
{
    bool fresh = false;
    int r = pg_link_connect(&p->link, until, &fresh);
    if (r != 0 || !fresh)
        return r;
    r = pg_schema_settle(&p->link, p->schema, p->table, until);
    if (r == 0)
        r = prepare(p, until);
    if (r != 0)
        pg_link_drop(&p->link);
    return r;
}

static int64_t patience(void)
{
    return clock_mono() + LIMIT_SINK_WAIT_MS * USEC_PER_MSEC;
}

static int postgres_flush(void *state)
{
    struct postgres *p = state;
    int64_t until = patience();
    pg_link_look(&p->link); /* what was closed while we had nothing to say is opened anew at once */
    if (p->count == 0)
        return 0;
    qsort_r(p->rows, p->count, sizeof(*p->rows), by_key, p);
    int r = be_connected(p, until);
    for (int i = 0; r == 0 && i < TRIES; i++) {
        r = write_batch(p, until);
        if (r != -EAGAIN || i + 1 == TRIES)
            break;
        r = be_connected(p, until);
    }
    forget_batch(p);
    return r;
}

/* ----------------------------------------------------------------------------------- opening */

static void postgres_close(void *state)
{
    struct postgres *p = state;
    pg_link_done(&p->link);
    buf_free(&p->texts);
    free(p->rows);
    free(p->schema);
    free(p->table);
    free(p);
}

/* Only what time cannot heal is an error: a server that is away now is waited for, as it is later. */
static int postgres_open(const struct sink_config *config, char why[SINK_WHY], void **state)
{
    struct postgres *p = xcalloc(1, sizeof(*p));
    p->schema = xstrdup(config->schema);
    p->table = xstrdup(config->table);
    int r = pg_link_init(&p->link, config);
    if (r == 0)
        r = be_connected(p, patience());
    if (r == -EPROTO || r == -EINVAL) {
        (void)snprintf(why, SINK_WHY, "%s", p->link.why);
        postgres_close(p);
        return r;
    }
    *state = p; /* with the reason in p->link.why, if there is one */
    return 0;
}

static const char *postgres_why(const void *state)
{
    const struct postgres *p = state;
    return p->link.why;
}

static size_t postgres_refused(const void *state)
{
    const struct postgres *p = state;
    return p->refused;
}

const struct sink_kind sink_postgres = {
    .name = "postgres",
    .open = postgres_open,
    .put = postgres_put,
    .flush = postgres_flush,
    .close = postgres_close,
    .why = postgres_why,
    .refused = postgres_refused,
};
