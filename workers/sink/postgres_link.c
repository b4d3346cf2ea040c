#include "postgres_link.h"

#include <errno.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "keyfile.h"
#include "limits.h"
#include "postgres_lookup.h"
#include "slurp.h"
#include "utf8.h"

#define SERVER_OLDEST 100000 /* PQserverVersion() of 10.0, which has all that we say */
#define LOOKS         8      /* reads of what nobody asked for, before we go on */
#define TEXT_(x)      #x
#define TEXT(x)       TEXT_(x)

/* --------------------------------------------------------------------------------- in words */

/* libpq's messages have lines and tabs; a reason is one line. */
int pg_link_fail(struct pg_link *l, int error, const char *format, ...)
{
    struct buf said = BUF_NONE, valid = BUF_NONE, line = BUF_NONE;
    va_list args;
    va_start(args, format);
    buf_vprintf(&said, format, args);
    va_end(args);
    utf8_repair(buf_str(&said), &valid);
    utf8_squash(buf_str(&valid), &line);
    (void)snprintf(l->why, sizeof(l->why), "%.*s",
                   STR_ARG(utf8_upto(buf_str(&line), SINK_WHY - 1)));
    buf_free(&said);
    buf_free(&valid);
    buf_free(&line);
    return error;
}

/* The connection is of no use any more; what the server said last is all there is. */
static int lost(struct pg_link *l)
{
    const char *said = l->conn ? PQerrorMessage(l->conn) : "";
    int r = pg_link_fail(l, -ECONNRESET, "%s", said[0] ? said : "connection lost");
    pg_link_drop(l);
    return r;
}

/* SQLSTATE (PostgreSQL, appendix A) by its beginning; the first that fits. */
static int errno_of(const char *state)
{
    static const struct {
        const char *state;
        int error;
    } known[] = {
        {"22", -EBADMSG},      /* data exception: \u0000 in jsonb, no such date */
        {"23", -EBADMSG},      /* a constraint that somebody gave the table */
        {"25006", -EROFS},     /* a standby, or default_transaction_read_only */
        {"28", -EACCES},       /* who are you */
        {"3D", -ENOENT},       /* no such database */
        {"40", -EAGAIN},       /* deadlock, serialization */
        {"42501", -EACCES},    /* no permission */
        {"42", -EINVAL},       /* the table is not as we made it */
        {"44", -EBADMSG},      /* a view's check option */
        {"53100", -ENOSPC},    /* disk full */
        {"53200", -ENOMEM},    /* */
        {"53", -EAGAIN},       /* too many of something */
        {"54", -EBADMSG},      /* too large for an index, a column */
        {"55", -EAGAIN},       /* locked */
        {"57014", -ETIMEDOUT}, /* statement_timeout, ours */
        {"57", -ECONNRESET},   /* shutting down, starting up */
        {"P0001", -EBADMSG},   /* a trigger's RAISE */
    };
    for (size_t i = 0; i < ARRAY_LEN(known); i++) {
        if (strncmp(state, known[i].state, strlen(known[i].state)) == 0)
            return known[i].error;
    }
    return -EIO;
}

int pg_link_failure(struct pg_link *l, const PGresult *result)
{
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *what = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    const char *detail = PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL);
    if (!state)
        return pg_link_fail(l, -ECONNRESET, "%s", PQresultErrorMessage(result));
    return pg_link_fail(l, errno_of(state), "%s (SQLSTATE %s)%s%s", what ? what : "failed", state,
                        detail ? ": " : "", detail ? detail : "");
}

/* ------------------------------------------------------------------------------- the settings */

static const char *option(const PQconninfoOption *options, const char *keyword)
{
    for (; options && options->keyword; options++) {
        if (strcmp(options->keyword, keyword) == 0 && options->val && options->val[0])
            return options->val;
    }
    return NULL;
}

static int check_options(struct pg_link *l, const PQconninfoOption *options)
{
    for (const PQconninfoOption *o = options; o->keyword; o++) {
        if (o->val && o->val[0] && o->dispchar[0] == '*')
            return pg_link_fail(l, -EINVAL,
                                "conninfo: %s does not belong here; put it into password_file",
                                o->keyword);
    }
    if (option(options, "service"))
        return pg_link_fail(l, -EINVAL, "conninfo: services are not read, name the host");
    return 0;
}

int pg_link_init(struct pg_link *l, const struct sink_config *config)
{
    char *reason = NULL;
    *l = (struct pg_link){.conninfo = xstrdup(config->conninfo), .fsync = config->fsync};
    if (config->password_file)
        l->password_file = xstrdup(config->password_file);
    PQconninfoOption *options = PQconninfoParse(l->conninfo, &reason);
    int r = options ? check_options(l, options)
                    : pg_link_fail(l, -EINVAL, "conninfo: %s", reason ? reason : "not understood");
    PQconninfoFree(options);
    PQfreemem(reason);
    return r;
}

void pg_link_done(struct pg_link *l)
{
    pg_link_drop(l);
    pg_lookup_free(l->lookup);
    free(l->conninfo);
    free(l->password_file);
}

void pg_link_drop(struct pg_link *l)
{
    PQfinish(l->conn);
    l->conn = NULL;
    l->up = false;
}

/* --------------------------------------------------------------------------------- a password */

/* Read anew for each connection, so that a password can be changed while we run. */
static int read_password(struct pg_link *l, struct buf *out)
{
    char why[KEY_WHY] = "";
    int fd = key_open_file(l->password_file, S_IRWXO, why);
    if (fd < 0)
        return pg_link_fail(l, fd, "password_file: %s", why);
    int r = slurp_fd(fd, LIMIT_PASSWORD, out);
    (void)close(fd);
    if (r != 0)
        return pg_link_fail(l, r, "password_file %.200s: %s", l->password_file, strerror(-r));
    while (out->len > 0 && (out->at[out->len - 1] == '\n' || out->at[out->len - 1] == '\r'))
        out->len--;
    if (out->len == 0 || memchr(out->at, '\0', out->len))
        return pg_link_fail(l, -EINVAL, "password_file %.200s: holds no password",
                            l->password_file);
    return 0;
}

/* ------------------------------------------------------------------------------- connecting */

/* What stands before the conninfo can be changed by it, what stands behind cannot. */
static PGconn *start(const struct pg_link *l, const char *hosts, const char *addresses,
                     const char *ports, const char *password)
{
    const char *keys[16], *values[16];
    const char *const settings[][2] = {
        {"fallback_application_name", "dateline-worker"},
        {"keepalives_idle", "10"},
        {"keepalives_interval", "5"},
        {"keepalives_count", "3"},
        {"tcp_user_timeout", TEXT(LIMIT_PG_SILENCE_MS)},
        {"dbname", l->conninfo},
        {"client_encoding", "UTF8"},
        {"host", hosts},
        {"hostaddr", addresses},
        {"port", ports},
        {"password", password},
    };
    size_t count = 0;
    for (size_t i = 0; i < ARRAY_LEN(settings); i++) {
        if (!settings[i][1] || !settings[i][1][0])
            continue;
        keys[count] = settings[i][0];
        values[count++] = settings[i][1];
    }
    keys[count] = values[count] = NULL;
    return PQconnectStartParams(keys, values, 1);
}

static int start_with(struct pg_link *l)
{
    struct buf hosts = BUF_NONE, addresses = BUF_NONE, ports = BUF_NONE, password = BUF_NONE;
    int r = l->password_file ? read_password(l, &password) : 0;
    if (r == 0) {
        if (l->lookup)
            pg_lookup_lists(l->lookup, &hosts, &addresses, &ports);
        l->conn =
            start(l, buf_cstr(&hosts), buf_cstr(&addresses), buf_cstr(&ports), buf_cstr(&password));
        if (!l->conn)
            xnomem();
        if (PQstatus(l->conn) == CONNECTION_BAD)
            r = lost(l);
    }
    if (password.at)
        explicit_bzero(password.at, password.len);
    buf_free(&password);
    buf_free(&hosts);
    buf_free(&addresses);
    buf_free(&ports);
    return r;
}

/* Names first; they may take longer than this call. */
static int begin(struct pg_link *l, int64_t until)
{
    int r = 0;
    if (!l->lookup) {
        PQconninfoOption *options = PQconninfoParse(l->conninfo, NULL);
        const char *host = option(options, "host");
        if (host && !option(options, "hostaddr"))
            l->lookup = pg_lookup_start(host, option(options, "port"));
        PQconninfoFree(options);
    }
    if (l->lookup)
        r = pg_lookup_wait(l->lookup, until, l->why);
    if (r == -EAGAIN)
        return r;
    if (r == 0)
        r = start_with(l);
    pg_lookup_free(l->lookup);
    l->lookup = NULL;
    l->began = clock_mono();
    l->polling = PGRES_POLLING_WRITING; /* as libpq 34.1.1 has it for the first time */
    return r;
}

/* True when the socket is ready for one of `events`, or has failed; false at `until`. */
static bool await(int fd, short events, int64_t until)
{
    for (;;) {
        struct pollfd p = {.fd = fd, .events = events};
        int64_t wait_us = until - clock_mono();
        int n = poll(&p, 1, wait_us > 0 ? (int)((wait_us + 999) / USEC_PER_MSEC) : 0);
        if (n > 0)
            return true;
        if (n == 0 || errno != EINTR)
            return false;
    }
}

static int advance(struct pg_link *l, int64_t until)
{
    while (l->polling != PGRES_POLLING_OK) {
        short events = l->polling == PGRES_POLLING_READING ? POLLIN : POLLOUT;
        if (!await(PQsocket(l->conn), events, until)) {
            bool over = clock_mono() - l->began >= LIMIT_PG_CONNECT_MS * USEC_PER_MSEC;
            return pg_link_fail(l, over ? -ETIMEDOUT : -EAGAIN, "no answer from %s yet",
                                PQhost(l->conn) ? PQhost(l->conn) : "the server");
        }
        l->polling = PQconnectPoll(l->conn);
        if (l->polling == PGRES_POLLING_FAILED)
            return lost(l);
    }
    return 0;
}

static int check_server(struct pg_link *l)
{
    const char *encoding = PQparameterStatus(l->conn, "server_encoding");
    if (PQserverVersion(l->conn) < SERVER_OLDEST)
        return pg_link_fail(l, -EPROTO, "the server is older than PostgreSQL 10");
    if (!encoding || strcmp(encoding, "UTF8") != 0)
        return pg_link_fail(l, -EPROTO,
                            "the database's encoding is %.32s, records need UTF8 (createdb -E "
                            "UTF8 -T template0)",
                            encoding ? encoding : "unknown");
    return 0;
}

/* synchronous_commit decides what a crash of the server may cost (PostgreSQL 20.5.1): on, and what is
 * more than on, is left as the server has it. */
static int set_up(struct pg_link *l, int64_t until)
{
    static const char limits[] = "SET statement_timeout = " TEXT(
        LIMIT_PG_STATEMENT_MS) ";"
                               "SET idle_in_transaction_session_timeout = " TEXT(
                                   LIMIT_PG_IDLE_MS) ";";
    const char *commit = l->fsync == SINK_FSYNC_ALWAYS
                             ? "SELECT set_config('synchronous_commit', 'on', false)"
                               " WHERE current_setting('synchronous_commit') = 'off'"
                             : "SET synchronous_commit = off";
    int r = check_server(l);
    if (r != 0)
        return r;
    char *sql = xasprintf("%s %s", limits, commit);
    r = pg_link_ask(l, sql, until, NULL);
    free(sql);
    return r;
}

static void ignore_notice(void *arg, const PGresult *result)
{
    (void)arg, (void)result; /* libpq would print it */
}

int pg_link_connect(struct pg_link *l, int64_t until, bool *fresh_out)
{
    if (l->up) {
        *fresh_out = false;
        return 0;
    }
    int r = l->conn ? 0 : begin(l, until);
    if (r == 0)
        r = advance(l, until);
    if (r == 0 && PQsetnonblocking(l->conn, 1) != 0)
        r = lost(l);
    if (r == 0) {
        (void)PQsetNoticeReceiver(l->conn, ignore_notice, NULL);
        r = set_up(l, until);
    }
    if (r == 0) {
        l->up = true;
        *fresh_out = true;
    } else if (r != -EAGAIN || l->polling == PGRES_POLLING_OK) {
        pg_link_drop(l);
    }
    return r;
}

/* ----------------------------------------------------------------------------------- asking */

/* A server that ends a session says why first; the end itself is read after that. */
void pg_link_look(struct pg_link *l)
{
    for (int i = 0; l->up && i < LOOKS && await(PQsocket(l->conn), POLLIN, 0); i++) {
        if (!PQconsumeInput(l->conn) || PQstatus(l->conn) == CONNECTION_BAD)
            (void)lost(l);
        else
            (void)PQisBusy(l->conn); /* takes notices out of the buffer */
    }
}

int pg_link_wait(struct pg_link *l, int64_t until)
{
    for (;;) {
        int unsent = PQflush(l->conn);
        if (unsent < 0 && PQstatus(l->conn) == CONNECTION_BAD)
            return lost(l);
        if (!PQisBusy(l->conn))
            return 0;
        short events = (short)(unsent > 0 ? POLLIN | POLLOUT : POLLIN);
        if (!await(PQsocket(l->conn), events, until)) {
            pg_link_drop(l);
            return pg_link_fail(l, -ETIMEDOUT, "no answer from the server in time");
        }
        if (!PQconsumeInput(l->conn))
            return lost(l);
    }
}

int pg_link_ask(struct pg_link *l, const char *sql, int64_t until, PGresult **out_or_null)
{
    PGresult *last = NULL, *next;
    int r = 0;
    if (PQsendQuery(l->conn, sql) != 1)
        return lost(l);
    while ((r = pg_link_wait(l, until)) == 0 && (next = PQgetResult(l->conn)) != NULL) {
        bool failed = last && PQresultStatus(last) == PGRES_FATAL_ERROR;
        PQclear(failed ? next : last);
        last = failed ? last : next;
    }
    if (r == 0 && PQresultStatus(last) == PGRES_FATAL_ERROR)
        r = pg_link_failure(l, last);
    if (r == -ECONNRESET)
        pg_link_drop(l);
    if (r == 0 && out_or_null) {
        *out_or_null = last;
        return 0;
    }
    PQclear(last);
    return r == -EBADMSG ? -EIO : r; /* there is no row that could be to blame */
}

void pg_put_name(struct buf *out, const char *name)
{
    buf_putc(out, '"');
    for (; *name; name++) {
        if (*name == '"')
            buf_putc(out, '"');
        buf_putc(out, *name);
    }
    buf_putc(out, '"');
}
