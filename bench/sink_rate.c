/*
 * Rows a second into one PostgreSQL server: by our sink in batches of a size, and as floors by a plain
 * client of libpq, a row a statement, and by COPY, all rows at once. Each into a table of its own.
 *
 *     sink_rate CONNINFO sink|insert|copy ROWS [BATCH]
 *
 * Prints the number.
 */
#include <libpq-fe.h>

#include "clock.h"
#include "sink.h"

static const char table_sql[] =
    "DROP TABLE IF EXISTS floor; CREATE TABLE floor (uri text, version text, event text,"
    " language text, headline text, published timestamptz, record jsonb,"
    " PRIMARY KEY (uri, version)); CREATE INDEX ON floor (published)";

static void make_record(struct buf *out, unsigned n)
{
    buf_reset(out);
    buf_printf(
        out, "{\"event\":\"new\",\"item\":{\"uri\":\"urn:bench:%u\",\"version\":\"1\",\"text\":\"",
        n);
    for (unsigned i = 0; i < 200; i++) /* about 2 KB, as a short article with its analysis */
        buf_printf(out, "word%u ", (n * 7919 + i * 104729) % 100000);
    buf_putz(out, "\"}}");
}

static _Noreturn void die(const char *why)
{
    (void)fprintf(stderr, "sink_rate: %s\n", why);
    exit(1);
}

static void by_sink(const char *conninfo, unsigned rows, unsigned batch)
{
    char why[SINK_WHY] = "", uri[32], *table = xasprintf("by_%u", batch);
    struct sink *s;
    struct buf json = BUF_NONE;
    const struct sink_config config = {
        .kind = "postgres", .conninfo = conninfo, .schema = "public", .table = table};
    if (sink_open(&config, why, &s) != 0)
        die(why);
    for (unsigned n = 0; n < rows; n++) {
        (void)snprintf(uri, sizeof(uri), "urn:bench:%u", n);
        make_record(&json, n);
        const struct sink_record r = {.uri = uri,
                                      .version = "1",
                                      .event = "new",
                                      .language = "en",
                                      .headline = "Headline",
                                      .published = "2026-11-21T18:32:12Z",
                                      .json = buf_str(&json)};
        bool flush = (n + 1) % batch == 0 || n + 1 == rows;
        if (sink_put(s, &r) != 0 || (flush && sink_flush(s) != 0))
            die(sink_why(s));
    }
    sink_close(s);
    buf_free(&json);
    free(table);
}

static void check(PGconn *conn, PGresult *result, ExecStatusType wanted)
{
    if (PQresultStatus(result) != wanted)
        die(PQerrorMessage(conn));
    PQclear(result);
}

static void by_insert(PGconn *conn, unsigned rows)
{
    char uri[32];
    struct buf json = BUF_NONE;
    for (unsigned n = 0; n < rows; n++) {
        (void)snprintf(uri, sizeof(uri), "urn:bench:%u", n);
        make_record(&json, n);
        const char *const values[] = {uri, buf_cstr(&json)};
        check(conn,
              PQexecParams(conn,
                           "INSERT INTO floor VALUES ($1, '1', 'new', 'en', 'Headline',"
                           " '2026-11-21T18:32:12Z', $2)",
                           2, NULL, values, NULL, NULL, 0),
              PGRES_COMMAND_OK);
    }
    buf_free(&json);
}

static void by_copy(PGconn *conn, unsigned rows)
{
    struct buf json = BUF_NONE, line = BUF_NONE;
    check(conn, PQexec(conn, "COPY floor FROM STDIN"), PGRES_COPY_IN);
    for (unsigned n = 0; n < rows; n++) {
        make_record(&json, n);
        buf_reset(&line);
        buf_printf(&line, "urn:bench:%u\t1\tnew\ten\tHeadline\t2026-11-21T18:32:12Z\t%s\n", n,
                   buf_cstr(&json));
        if (PQputCopyData(conn, line.at, (int)line.len) != 1)
            die(PQerrorMessage(conn));
    }
    if (PQputCopyEnd(conn, NULL) != 1)
        die(PQerrorMessage(conn));
    check(conn, PQgetResult(conn), PGRES_COMMAND_OK);
    buf_free(&json);
    buf_free(&line);
}

int main(int argc, char **argv)
{
    uint64_t rows = 0, batch = 1;
    if (argc < 4 || str_u64(str_of(argv[3]), &rows) != 0 || rows == 0 || rows > 10000000 ||
        (argc > 4 && str_u64(str_of(argv[4]), &batch) != 0) || batch == 0)
        die("usage: sink_rate CONNINFO sink|insert|copy ROWS [BATCH]");
    PGconn *conn = PQconnectdb(argv[1]);
    PQclear(PQexec(conn, "SET client_min_messages = warning"));
    check(conn, PQexec(conn, table_sql), PGRES_COMMAND_OK);
    int64_t begun = clock_mono();
    if (str_is(str_of(argv[2]), "sink"))
        by_sink(argv[1], (unsigned)rows, (unsigned)batch);
    else if (str_is(str_of(argv[2]), "insert"))
        by_insert(conn, (unsigned)rows);
    else
        by_copy(conn, (unsigned)rows);
    (void)printf("%.0f\n", (double)rows * USEC_PER_SEC / (double)(clock_mono() - begun));
    PQfinish(conn);
    return 0;
}
