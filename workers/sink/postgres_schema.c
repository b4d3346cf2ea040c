#include "postgres_schema.h"

#include <errno.h>

/* $T is the table. The n-th makes version n + 1 of version n. */
static const char *const migrations[] = {
    "CREATE TABLE $T ("
    " uri text NOT NULL, version text NOT NULL, event text, language text, headline text,"
    " published timestamptz, record jsonb NOT NULL, PRIMARY KEY (uri, version));"
    "CREATE INDEX ON $T (published)",

    /* When the row got the content it has: what was added since yesterday is a question that neither
     * the publisher's time nor our fetch answers. */
    "ALTER TABLE $T ADD COLUMN written_at timestamptz NOT NULL DEFAULT now()",
};
#define NEWEST ((int)ARRAY_LEN(migrations))

/* The first key of our advisory locks ("DATE"); the second is the table. */
#define LOCK_CLASS 0x44415445

struct place {
    struct buf table, versions; /* qualified and quoted */
    struct buf relation;        /* the table's name as a literal */
};

static int place_init(struct place *p, struct pg_link *l, const char *schema, const char *table)
{
    char *literal = PQescapeLiteral(l->conn, table, strlen(table));
    *p = (struct place){BUF_NONE, BUF_NONE, BUF_NONE};
    if (!literal)
        return pg_link_fail(l, -EINVAL, "%s", PQerrorMessage(l->conn));
    buf_putz(&p->relation, literal);
    PQfreemem(literal);
    pg_put_name(&p->table, schema);
    pg_put_name(&p->versions, schema);
    buf_putz(&p->versions, ".dateline_schema");
    buf_putc(&p->table, '.');
    pg_put_name(&p->table, table);
    return 0;
}

static void place_done(struct place *p)
{
    buf_free(&p->table);
    buf_free(&p->versions);
    buf_free(&p->relation);
}

static int ask(struct pg_link *l, struct buf *sql, int64_t until, PGresult **out_or_null)
{
    int r = pg_link_ask(l, buf_cstr(sql), until, out_or_null);
    buf_reset(sql);
    return r;
}

/* 0 when there is no such row. The table of versions is there. */
static int read_version(struct pg_link *l, struct place *p, int64_t until, int *out)
{
    struct buf sql = BUF_NONE;
    PGresult *result;
    buf_printf(&sql, "SELECT version FROM %s WHERE relation = %s", buf_cstr(&p->versions),
               buf_cstr(&p->relation));
    int r = ask(l, &sql, until, &result);
    if (r == 0) {
        *out = PQntuples(result) == 1 ? (int)strtol(PQgetvalue(result, 0, 0), NULL, 10) : 0;
        PQclear(result);
    }
    buf_free(&sql);
    return r;
}

static int has_versions(struct pg_link *l, struct place *p, int64_t until, bool *out)
{
    struct buf sql = BUF_NONE;
    PGresult *result;
    char *literal = PQescapeLiteral(l->conn, p->versions.at, p->versions.len);
    if (!literal)
        return pg_link_fail(l, -EINVAL, "%s", PQerrorMessage(l->conn));
    buf_printf(&sql, "SELECT 1 WHERE to_regclass(%s) IS NOT NULL", literal);
    PQfreemem(literal);
    int r = ask(l, &sql, until, &result);
    if (r == 0) {
        *out = PQntuples(result) == 1;
        PQclear(result);
    }
    buf_free(&sql);
    return r;
}

static void put_migration(struct buf *sql, const char *text, struct str table)
{
    struct str rest = str_of(text);
    for (size_t at; (at = str_find(rest, STR("$T"))) != SIZE_MAX; rest = str_from(rest, at + 2)) {
        buf_puts(sql, str_upto(rest, at));
        buf_puts(sql, table);
    }
    buf_puts(sql, rest);
    buf_putz(sql, "; ");
}

/* In the transaction, under the lock. */
static int migrate(struct pg_link *l, struct place *p, int version, int64_t until)
{
    struct buf sql = BUF_NONE;
    for (int v = version; v < NEWEST; v++)
        put_migration(&sql, migrations[v], buf_str(&p->table));
    buf_printf(&sql,
               "INSERT INTO %s (relation, version) VALUES (%s, %d)"
               " ON CONFLICT (relation) DO UPDATE SET version = excluded.version",
               buf_cstr(&p->versions), buf_cstr(&p->relation), NEWEST);
    int r = ask(l, &sql, until, NULL);
    buf_free(&sql);
    return r;
}

static int refuse_newer(struct pg_link *l, struct place *p, int version)
{
    return pg_link_fail(l, -EPROTO,
                        "table %s has version %d, this worker knows versions up to %d: it was "
                        "written by a later one",
                        buf_cstr(&p->table), version, NEWEST);
}

/* Others may have been faster: the version is read again under the lock. */
static int bring_up(struct pg_link *l, struct place *p, int64_t until)
{
    struct buf sql = BUF_NONE;
    int version = 0;
    buf_printf(&sql,
               "BEGIN; SELECT pg_advisory_xact_lock(%d, hashtext(%s));"
               "CREATE TABLE IF NOT EXISTS %s (relation text PRIMARY KEY, version int NOT NULL)",
               LOCK_CLASS, buf_cstr(&p->relation), buf_cstr(&p->versions));
    int r = ask(l, &sql, until, NULL);
    if (r == 0)
        r = read_version(l, p, until, &version);
    if (r == 0 && version > NEWEST)
        r = refuse_newer(l, p, version);
    if (r == 0 && version < NEWEST)
        r = migrate(l, p, version, until);
    if (r == 0)
        r = pg_link_ask(l, "COMMIT", until, NULL);
    buf_free(&sql);
    return r;
}

int pg_schema_settle(struct pg_link *l, const char *schema, const char *table, int64_t until)
{
    struct place p;
    bool there = false;
    int version = 0;
    int r = place_init(&p, l, schema, table);
    if (r == 0)
        r = has_versions(l, &p, until, &there);
    if (r == 0 && there)
        r = read_version(l, &p, until, &version);
    if (r == 0 && version > NEWEST)
        r = refuse_newer(l, &p, version);
    if (r == 0 && version < NEWEST)
        r = bring_up(l, &p, until);
    place_done(&p);
    return r;
}
