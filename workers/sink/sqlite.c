/*
 * Records as rows of one SQLite table, keyed by (uri, version): a second put of the same replaces
 * the first. Write-ahead log, one transaction a batch; several workers and readers may have the
 * file open.
 *
 * A file that is removed or moved away while it is open would take batches that nobody can read any
 * more, without an error. So a batch begins by looking whether the path still names the open file,
 * and counts as kept only when it does so after the commit too.
 */
#include "sink.h"

#include <errno.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <time.h>

#include "clock.h"

#define RETRY_MS       20    /* between two attempts to open */
#define OPEN_MS        10000 /* all of them together */
#define BUSY_MS        2000 /* another worker's batch takes milliseconds; a backup may take longer */
#define SCHEMA_VERSION 1

struct sqlite {
    char *path;
    enum sink_fsync fsync;
    sqlite3 *db; /* NULL: to be opened with the next batch */
    struct stat opened;
    sqlite3_stmt *begin, *upsert, *commit, *rollback;
    bool in_batch;
    char why[SINK_WHY]; /* a row that was refused: SQLite's own words; "" otherwise */
};

static int connect(struct sqlite *s, char why[SINK_WHY]);
static void disconnect(struct sqlite *s);

static const char schema[] = "CREATE TABLE IF NOT EXISTS records("
                             " uri TEXT NOT NULL, version TEXT NOT NULL, event TEXT, language TEXT,"
                             " headline TEXT, published TEXT, record TEXT NOT NULL,"
                             " PRIMARY KEY (uri, version));"
                             "CREATE INDEX IF NOT EXISTS records_published ON records(published);"
                             "PRAGMA user_version = 1;";

static const char upsert[] =
    "INSERT INTO records(uri, version, event, language, headline, published, record)"
    " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)"
    " ON CONFLICT(uri, version) DO UPDATE SET event = excluded.event, language = excluded.language,"
    " headline = excluded.headline, published = excluded.published, record = excluded.record";

static int errno_of(int code)
{
    switch (code & 0xff) {
    case SQLITE_OK:
    case SQLITE_DONE:
    case SQLITE_ROW:
        return 0;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return -EAGAIN;
    case SQLITE_FULL:
        return -ENOSPC;
    case SQLITE_NOMEM:
        return -ENOMEM;
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
        return -EACCES;
    case SQLITE_CANTOPEN:
        return -ENOENT;
    case SQLITE_CONSTRAINT: /* a trigger, an index or a column that somebody gave the table */
    case SQLITE_MISMATCH:
    case SQLITE_TOOBIG:
        return -EBADMSG;
    default:
        return -EIO;
    }
}

/* One statement without rows of interest. */
static int run(sqlite3_stmt *statement)
{
    int stepped = sqlite3_step(statement), reset = sqlite3_reset(statement);
    return errno_of(stepped == SQLITE_DONE || stepped == SQLITE_ROW ? reset : stepped);
}

static void forget_batch(struct sqlite *s)
{
    if (s->in_batch && sqlite3_get_autocommit(s->db) == 0)
        (void)run(
            s->rollback); /* nothing else can be done; a dead connection has rolled back already */
    s->in_batch = false;
}

static int bind_text(sqlite3_stmt *statement, int at, const char *text)
{
    return text ? sqlite3_bind_text(statement, at, text, -1, SQLITE_STATIC)
                : sqlite3_bind_null(statement, at);
}

static int bind_record(sqlite3_stmt *statement, const struct sink_record *r)
{
    const char *const columns[] = {r->uri,      r->version,  r->event,
                                   r->language, r->headline, r->published};
    int code = SQLITE_OK;
    for (size_t i = 0; code == SQLITE_OK && i < ARRAY_LEN(columns); i++)
        code = bind_text(statement, (int)i + 1, columns[i]);
    if (code == SQLITE_OK)
        code =
            sqlite3_bind_text64(statement, 7, r->json.at, r->json.len, SQLITE_STATIC, SQLITE_UTF8);
    return errno_of(code);
}

static bool is_still_there(const struct sqlite *s)
{
    struct stat now;
    return stat(s->path, &now) == 0 && now.st_dev == s->opened.st_dev &&
           now.st_ino == s->opened.st_ino;
}

/* The path may name another database by now, with a log of the same name that another worker has open:
 * the last to close the old one must not remove it. */
static void leave_if_gone(struct sqlite *s)
{
    int keep_log = 1;
    if (!s->db || is_still_there(s))
        return;
    (void)sqlite3_file_control(s->db, NULL, SQLITE_FCNTL_PERSIST_WAL, &keep_log);
    disconnect(s);
}

static int begin_batch(struct sqlite *s)
{
    char why[SINK_WHY];
    leave_if_gone(s);
    int r = s->db ? 0 : connect(s, why);
    if (r == 0)
        r = run(s->begin);
    s->in_batch = r == 0;
    return r;
}

/* The file refuses this row and no other. */
static int write_row(struct sqlite *s, const struct sink_record *record)
{
    int r = bind_record(s->upsert, record);
    if (r == 0)
        r = run(s->upsert);
    if (r == -EBADMSG)
        (void)snprintf(s->why, sizeof(s->why), "%s", sqlite3_errmsg(s->db));
    return r;
}

static int sqlite_put(void *state, const struct sink_record *record)
{
    struct sqlite *s = state;
    s->why[0] = '\0';
    int r = record->uri && record->version && record->json.len > 0 ? 0 : -EBADMSG;
    if (r == 0 && !s->in_batch)
        r = begin_batch(s);
    if (r == 0)
        r = write_row(s, record);
    if (s->upsert)
        (void)sqlite3_clear_bindings(s->upsert); /* the texts are lent; cannot fail */
    if (r != 0)
        forget_batch(s);
    return r;
}

static int sqlite_flush(void *state)
{
    struct sqlite *s = state;
    s->why[0] = '\0';
    if (!s->in_batch) {
        leave_if_gone(
            s); /* an idle worker does not keep the shared memory of the old file in use */
        return 0;
    }
    int r = run(s->commit);
    if (r == -EBADMSG)
        r = -EIO; /* which row is to blame is not known here, so none is */
    if (r != 0)
        forget_batch(s);
    s->in_batch = false;
    return r == 0 && !is_still_there(s) ? -ESTALE : r;
}

static void disconnect(struct sqlite *s)
{
    if (s->db)
        forget_batch(s);
    (void)sqlite3_finalize(s->begin);
    (void)sqlite3_finalize(s->upsert);
    (void)sqlite3_finalize(s->commit);
    (void)sqlite3_finalize(s->rollback);
    (void)sqlite3_close(s->db); /* statements are gone, so it closes */
    s->begin = s->upsert = s->commit = s->rollback = NULL;
    s->db = NULL;
}

static void sqlite_close(void *state)
{
    struct sqlite *s = state;
    if (!s)
        return;
    disconnect(s);
    free(s->path);
    free(s);
}

/* ----------------------------------------------------------------------------------- opening */

static int prepare(struct sqlite *s, const char *sql, sqlite3_stmt **out)
{
    return errno_of(sqlite3_prepare_v3(s->db, sql, -1, SQLITE_PREPARE_PERSISTENT, out, NULL));
}

static int schema_version(struct sqlite *s, int *out)
{
    sqlite3_stmt *ask = NULL;
    int r = prepare(s, "PRAGMA user_version", &ask);
    if (r == 0) {
        int stepped = sqlite3_step(ask);
        if (stepped == SQLITE_ROW)
            *out = sqlite3_column_int(ask, 0);
        r = stepped == SQLITE_ROW ? 0 : errno_of(stepped);
    }
    (void)sqlite3_finalize(ask);
    return r;
}

static int execute(struct sqlite *s, const char *sql)
{
    return errno_of(sqlite3_exec(s->db, sql, NULL, NULL, NULL));
}

/* synchronous decides what a power cut may cost (sqlite.org/pragma.html#pragma_synchronous): FULL
 * syncs the log at each commit, NORMAL at checkpoints. */
static const char *synchronous(enum sink_fsync fsync)
{
    switch (fsync) {
    case SINK_FSYNC_ALWAYS:
        return "PRAGMA synchronous = FULL";
    case SINK_FSYNC_INTERVAL:
        return "PRAGMA synchronous = NORMAL";
    case SINK_FSYNC_NEVER:
        break;
    }
    return "PRAGMA synchronous = OFF";
}

static int set_up(struct sqlite *s)
{
    int version = 0;
    int r = errno_of(sqlite3_busy_timeout(s->db, BUSY_MS));
    if (r == 0)
        r = execute(s, "PRAGMA journal_mode = WAL");
    if (r == 0)
        r = execute(s, synchronous(s->fsync));
    if (r == 0)
        r = schema_version(s, &version);
    if (r == 0 && version > SCHEMA_VERSION)
        return -EPROTO;
    if (r == 0 && version < SCHEMA_VERSION) {
        char *sql = xasprintf("BEGIN IMMEDIATE; %s COMMIT;", schema);
        r = execute(s, sql);
        free(sql);
    }
    if (r == 0)
        r = prepare(s, "BEGIN IMMEDIATE", &s->begin);
    if (r == 0)
        r = prepare(s, upsert, &s->upsert);
    if (r == 0)
        r = prepare(s, "COMMIT", &s->commit);
    return r == 0 ? prepare(s, "ROLLBACK", &s->rollback) : r;
}

static int connect(struct sqlite *s, char why[SINK_WHY])
{
    int r = errno_of(sqlite3_open_v2(
        s->path, &s->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL));
    if (r == 0)
        r = set_up(s);
    if (r == 0 && stat(s->path, &s->opened) != 0)
        r = -errno;
    if (r == 0)
        return 0;
    (void)snprintf(why, SINK_WHY, "%.300s: %s", s->path,
                   r == -EPROTO ? "written by a later version" : sqlite3_errmsg(s->db));
    disconnect(s);
    return r;
}

/* At the start nothing else waits for this sink, and to give up would be to end the worker: a file that
 * another holds, or is just making a WAL database of, is worth some patience. */
static int connect_first(struct sqlite *s, char why[SINK_WHY])
{
    const int64_t until = clock_mono() + OPEN_MS * USEC_PER_MSEC;
    int r = connect(s, why);
    while (r == -EAGAIN && clock_mono() < until) {
        const struct timespec pause = {.tv_nsec = RETRY_MS * 1000000L};
        (void)nanosleep(&pause, NULL);
        r = connect(s, why);
    }
    return r;
}

static int sqlite_open(const struct sink_config *config, char why[SINK_WHY], void **state)
{
    struct sqlite *s = xcalloc(1, sizeof(*s));
    s->path = xstrdup(config->path);
    s->fsync = config->fsync;
    int r = connect_first(s, why);
    if (r == 0)
        *state = s;
    else
        sqlite_close(s);
    return r;
}

static const char *sqlite_why(const void *state)
{
    const struct sqlite *s = state;
    return s->why;
}

const struct sink_kind sink_sqlite = {
    .name = "sqlite",
    .open = sqlite_open,
    .put = sqlite_put,
    .flush = sqlite_flush,
    .close = sqlite_close,
    .why = sqlite_why,
};
