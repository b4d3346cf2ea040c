/* The table: every setting, once. What it says is what a file is read by, what the help and the
 * manual show, and what the tests compare them with. */
#include "config_parts.h"

#include "clock.h"
#include "limits.h"
#include "log.h"

#define AT(member)   .at = offsetof(struct config, member)
#define TABLE(array) .settings = (array), .count = ARRAY_LEN(array)
#define CONTACT      "(+https://github.com/dateline-news/dateline)"

static const struct conf_word levels[] = {{"error", LOG_ERROR},
                                          {"warning", LOG_WARNING},
                                          {"info", LOG_INFO},
                                          {"debug", LOG_DEBUG},
                                          {NULL, 0}};
static const struct conf_word full_texts[] = {{"auto", CONFIG_FULL_TEXT_AUTO},
                                              {"always", CONFIG_FULL_TEXT_ALWAYS},
                                              {"never", CONFIG_FULL_TEXT_NEVER},
                                              {NULL, 0}};
static const struct conf_word lanes[] = {
    {"live", CONFIG_LANE_LIVE}, {"backfill", CONFIG_LANE_BACKFILL}, {NULL, 0}};
static const struct conf_word source_kinds[] = {{"feed", 0},      {"page", 0}, {"sitemap", 0},
                                                {"directory", 0}, {"push", 0}, {NULL, 0}};
static const struct conf_word sink_kinds[] = {
    {"jsonl", 0}, {"sqlite", 0}, {"postgres", 0}, {NULL, 0}};
static const struct conf_word jails[] = {{"seccomp", 0}, {"none", 0}, {NULL, 0}};
static const struct conf_word fsyncs[] = {{"always", 0}, {"interval", 0}, {"never", 0}, {NULL, 0}};
static const struct conf_word analyzers[] = {
    {"language", 0}, {"topics", 0}, {"dateline", 0}, {NULL, 0}};

#define SOURCE(member) .at = offsetof(struct config_source, member)
static const struct conf_setting source_settings[] = {
    {.key = "kind",
     .type = CONF_NAME,
     SOURCE(kind),
     .words = source_kinds,
     .noun = "kind",
     .derived = "feed with a url, directory with a path",
     .help = "what is asked: an RSS, Atom or JSON feed; one web page; a sitemap; a directory that "
             "files are "
             "dropped into; push is not asked, programs hand in its items"},
    {.key = "url",
     .type = CONF_TEXT,
     SOURCE(url),
     .check = config_check_url,
     .help = "address of a feed, page or sitemap, http or https"},
    {.key = "path", .type = CONF_PATH, SOURCE(path), .help = "folder of a directory source"},
    {.key = "id",
     .type = CONF_TEXT,
     SOURCE(id),
     .check = config_check_id,
     .derived = "made from the address",
     .help = "name in topics, item uris and logs: a to z, 0 to 9, '-' and '_'; items belong to it, "
             "so it should stay"},
    {.key = "title",
     .type = CONF_TEXT,
     SOURCE(title),
     .check = config_check_line,
     .derived = "what the feed calls itself",
     .help = "name for people"},
    {.key = "every",
     .type = CONF_DURATION,
     SOURCE(every_us),
     .initial = "auto",
     .zero = "auto",
     .min = LIMIT_INTERVAL_MIN_MS * USEC_PER_MSEC,
     .max = LIMIT_INTERVAL_MAX_MS * USEC_PER_MSEC,
     .help = "how often it is asked; auto learns it, 10m to 24h; what the publisher asks for "
             "raises it"},
    {.key = "links",
     .type = CONF_TEXT,
     SOURCE(links),
     .check = config_check_selector,
     .derived = "told by the page's structure",
     .help = "the links a page source takes, as a CSS selector (ul.news a, #top .card)"},
    {.key = "skip",
     .type = CONF_TEXT,
     SOURCE(skip),
     .check = config_check_selector,
     .help = "the links it leaves out, likewise"},
    {.key = "since",
     .type = CONF_DURATION,
     SOURCE(since_us),
     .initial = "2d",
     .zero = "all",
     .min = USEC_PER_HOUR,
     .max = 3650 * USEC_PER_DAY,
     .help = "age up to which the entries of a sitemap are taken"},
    {.key = "full_text",
     .type = CONF_WORD,
     SOURCE(full_text),
     .words = full_texts,
     .initial = "auto",
     .help = "whether an item's page is fetched too; auto does so for teasers"},
    {.key = "lane",
     .type = CONF_WORD,
     SOURCE(lane),
     .words = lanes,
     .initial = "live",
     .help = "backfill: its items wait until no fresh one does, for archives"},
    {.key = "allow_private",
     .type = CONF_BOOL,
     SOURCE(allow_private),
     .initial = "false",
     .help = "whether its host may have a private or loopback address"},
};
const struct conf_table config_source_table = {TABLE(source_settings),
                                               .size = sizeof(struct config_source)};

#define SINK(member) .at = offsetof(struct config_sink, member)
static const struct conf_setting sink_settings[] = {
    {.key = "kind",
     .type = CONF_NAME,
     SINK(kind),
     .words = sink_kinds,
     .noun = "kind",
     .help = "where a worker writes its records: JSON lines, a SQLite database, or a table of a "
             "PostgreSQL server"},
    {.key = "path", .type = CONF_PATH, SINK(path), .help = "the file of a jsonl or sqlite sink"},
    {.key = "conninfo",
     .type = CONF_TEXT,
     SINK(conninfo),
     .check = config_check_line,
     .help = "where a postgres sink's server is, as libpq takes it (host=db1 dbname=news "
             "sslmode=verify-full); without a password"},
    {.key = "password_file",
     .type = CONF_TEXT,
     SINK(password_file),
     .check = config_check_line,
     .help = "a file that holds the password and is closed to others, or credential:NAME; read "
             "for each connection"},
    {.key = "schema",
     .type = CONF_TEXT,
     SINK(schema),
     .check = config_check_sql_name,
     .initial = "public",
     .help = "where in the database a postgres sink's table is; it has to be there"},
    {.key = "table",
     .type = CONF_TEXT,
     SINK(table),
     .check = config_check_sql_name,
     .initial = "records",
     .help = "name of a postgres sink's table; the worker makes it"},

    {.key = "fsync",
     .type = CONF_NAME,
     SINK(fsync),
     .words = fsyncs,
     .initial = "always",
     .help = "when what is written is forced to disk: before each acknowledgement, now and then, "
             "or when the system likes"},
    {.key = "rotate",
     .type = CONF_SIZE,
     SINK(rotate_bytes),
     .initial = "never",
     .zero = "never",
     .min = 4096,
     .max = 1LL << 40,
     .help = "size at which a jsonl file is put aside and a new one begun"},
    {.key = "keep",
     .type = CONF_INT,
     SINK(keep),
     .initial = "5",
     .min = 1,
     .max = 10000,
     .help = "rotated files kept beside the current one"},
};
static const struct conf_table sink_table = {TABLE(sink_settings),
                                             .size = sizeof(struct config_sink)};

static const struct conf_setting log_settings[] = {
    {.key = "level",
     .type = CONF_WORD,
     AT(log_level),
     .words = levels,
     .initial = "info",
     .help = "least important lines that are logged"},
};
static const struct conf_table log_table = {TABLE(log_settings)};

static const struct conf_setting fetch_settings[] = {
    {.key = "user_agent",
     .type = CONF_TEXT,
     AT(fetch.user_agent),
     .check = config_check_user_agent,
     .initial = "Dateline/" DATELINE_VERSION " " CONTACT,
     .derived = "Dateline/VERSION " CONTACT,
     .help = "who asks, as publishers see it; put your own contact address in it"},
    {.key = "per_host",
     .type = CONF_INT,
     AT(fetch.per_host),
     .initial = "2",
     .min = 1,
     .max = 16,
     .help = "connections to one address and port at once"},
    {.key = "spacing",
     .type = CONF_DURATION,
     AT(fetch.spacing_us),
     .initial = "5s",
     .min = 0,
     .max = USEC_PER_HOUR,
     .help = "least time between two requests to one address and port"},
    {.key = "timeout",
     .type = CONF_DURATION,
     AT(fetch.timeout_us),
     .initial = "60s",
     .min = USEC_PER_SEC,
     .max = 10 * USEC_PER_MIN,
     .help = "one request with all its redirects"},
    {.key = "max_body",
     .type = CONF_SIZE,
     AT(fetch.max_body),
     .initial = "8M",
     .min = 1024,
     .max = LIMIT_BODY,
     .help = "bytes of one document, as sent and as decoded"},
    {.key = "asks_a_day",
     .type = CONF_INT,
     AT(fetch.asks_a_day),
     .initial = "0",
     .min = 0,
     .max = 1000000000,
     .help =
         "asks of all sources with every: auto together; their intervals keep to it; 0: no budget"},
};
static const struct conf_table fetch_table = {TABLE(fetch_settings)};

static const struct conf_setting parser_settings[] = {
    {.key = "children",
     .type = CONF_INT,
     AT(parser.children),
     .initial = "2",
     .min = 1,
     .max = 64,
     .help = "processes that read documents"},
    {.key = "jail",
     .type = CONF_NAME,
     AT(parser.jail),
     .words = jails,
     .initial = "seccomp",
     .help = "how they are locked in; none is for debugging"},
};
static const struct conf_table parser_table = {TABLE(parser_settings)};

static const struct conf_setting work_settings[] = {
    {.key = "bind",
     .type = CONF_TEXTS,
     AT(work.bind),
     .check = config_check_endpoint,
     .derived = "ipc://RUNTIME/work",
     .help = "where workers connect; beyond ipc:// and loopback with security only"},
    {.key = "lease",
     .type = CONF_DURATION,
     AT(work.lease_us),
     .initial = "30s",
     .min = USEC_PER_SEC,
     .max = USEC_PER_HOUR,
     .help = "how long a worker may hold an item before it is given to another"},
    {.key = "max_deliveries",
     .type = CONF_INT,
     AT(work.max_deliveries),
     .initial = "5",
     .min = 1,
     .max = 1000,
     .help = "deliveries after which an item is dead"},
};
static const struct conf_table work_table = {TABLE(work_settings)};

static const struct conf_setting queue_settings[] = {
    {.key = "max_items",
     .type = CONF_INT,
     AT(queue.max_items),
     .initial = "1000000",
     .min = 1,
     .max = LIMIT_QUEUE_ITEMS,
     .help =
         "unfinished items at which sources are asked no more and pushes wait, until a tenth is "
         "done"},
    {.key = "max_bytes",
     .type = CONF_SIZE,
     AT(queue.max_bytes),
     .initial = "4G",
     .min = 4096,
     .max = 1LL << 44,
     .help = "the same for the bytes of their work"},
    {.key = "min_free",
     .type = CONF_TEXT,
     AT(queue.min_free),
     .check = config_check_free,
     .initial = "1G|5%",
     .help = "the same for space left where the state lies: a size, a share of the file system, or "
             "the lesser of two; 0 for none"},
    {.key = "max_age",
     .type = CONF_DURATION,
     AT(queue.max_age_us),
     .initial = "1h",
     .zero = "never",
     .min = USEC_PER_SEC,
     .max = 3650 * USEC_PER_DAY,
     .help = "age of the oldest fresh item that waits for a worker, above which /readyz says 503"},
};
static const struct conf_table queue_table = {TABLE(queue_settings)};

static const struct conf_setting live_settings[] = {
    {.key = "bind",
     .type = CONF_TEXTS,
     AT(live.bind),
     .check = config_check_endpoint,
     .initial = "tcp://127.0.0.1:5571",
     .help = "where subscribers connect; beyond ipc:// and loopback with security only"},
    {.key = "heartbeat",
     .type = CONF_DURATION,
     AT(live.heartbeat_us),
     .initial = "1s",
     .min = 100 * USEC_PER_MSEC,
     .max = USEC_PER_MIN,
     .help = "how often the newest sequence number is announced"},
};
static const struct conf_table live_table = {TABLE(live_settings)};

static const struct conf_setting replay_settings[] = {
    {.key = "bind",
     .type = CONF_TEXTS,
     AT(replay.bind),
     .check = config_check_endpoint,
     .initial = "tcp://127.0.0.1:5572",
     .help = "where subscribers ask for what they missed; beyond ipc:// and loopback with security "
             "only"},
    {.key = "keep",
     .type = CONF_DURATION,
     AT(replay.keep_us),
     .initial = "30d",
     .min = USEC_PER_SEC,
     .max = 3650 * USEC_PER_DAY,
     .help = "how long records are kept for that"},
    {.key = "max_size",
     .type = CONF_SIZE,
     AT(replay.max_size),
     .initial = "unlimited",
     .zero = "unlimited",
     .min = LIMIT_STORE_MEMTABLES + 2 * LIMIT_STORE_LAYER,
     .max = 1LL << 50,
     .help = "bytes that records kept for that may take on the disk; the oldest go first"},
};
static const struct conf_table replay_table = {TABLE(replay_settings)};

static const struct conf_setting seen_settings[] = {
    {.key = "keep",
     .type = CONF_DURATION,
     AT(seen.keep_us),
     .initial = "400d",
     .zero = "forever",
     .min = 60 * USEC_PER_DAY,
     .max = 36500 * USEC_PER_DAY,
     .help = "how long an item that no source lists any more is remembered; one that comes again "
             "later is new"},
};
static const struct conf_table seen_table = {TABLE(seen_settings)};

static const struct conf_setting intake_settings[] = {
    {.key = "bind",
     .type = CONF_TEXTS,
     AT(intake.bind),
     .check = config_check_intake,
     .derived = "ipc://RUNTIME/intake",
     .help = "where programs hand in items and documents (dateline push); ipc:// and loopback "
             "unless there are keys; off for nowhere"},
};
static const struct conf_table intake_table = {TABLE(intake_settings)};

static const struct conf_setting control_settings[] = {
    {.key = "bind",
     .type = CONF_TEXT,
     AT(control.bind),
     .check = config_check_endpoint,
     .derived = "ipc://RUNTIME/control",
     .help = "where dateline(1) connects; beyond ipc:// and loopback with security only"},
};
static const struct conf_table control_table = {TABLE(control_settings)};

static const struct conf_setting web_settings[] = {
    {.key = "listen",
     .type = CONF_TEXT,
     AT(web.listen),
     .check = config_check_listen,
     .initial = "127.0.0.1:8470",
     .help = "address and port of the status page, loopback only; port 0 is any free one; off for "
             "none"},
};
static const struct conf_table web_table = {TABLE(web_settings)};

static const struct conf_setting worker_settings[] = {
    {.key = "connect",
     .type = CONF_TEXTS,
     AT(worker.connect),
     .check = config_check_endpoint,
     .derived = "work.bind",
     .help = "the daemons that a worker takes items from"},
    {.key = "credit",
     .type = CONF_INT,
     AT(worker.credit),
     .initial = "64",
     .min = 1,
     .max = LIMIT_CREDIT,
     .help = "items a worker holds at once"},
    {.key = "languages",
     .type = CONF_TEXTS,
     AT(worker.languages),
     .check = config_check_language,
     .derived = "all",
     .help = "languages a worker takes items of, as their publishers declare them: codes such as "
             "en; und "
             "for items that declare none"},
    {.key = "analyzers",
     .type = CONF_NAMES,
     AT(worker.analyzers),
     .words = analyzers,
     .noun = "analyzer",
     .initial = "language, topics, dateline",
     .help = "what is found out about each item, in this order"},
    {.key = "models",
     .type = CONF_PATH,
     AT(worker.models),
     .derived = "the installed folder",
     .help = "folder of the models"},
};
static const struct conf_table worker_table = {TABLE(worker_settings)};

static const struct conf_setting security_settings[] = {
    {.key = "key",
     .type = CONF_TEXT,
     AT(security.key),
     .check = config_check_line,
     .help =
         "file with this process's own key, made by dateline keygen, or credential:NAME; with it "
         "every connection is encrypted and proved by keys (CURVE)"},
    {.key = "authorised_keys",
     .type = CONF_TEXT,
     AT(security.authorised_keys),
     .check = config_check_line,
     .help = "file with the keys that the daemon lets in, one line each: KEY NAME ROLE[,ROLE] "
             "[until=2027-01-01]; SIGHUP reads it again"},
    {.key = "server_key",
     .type = CONF_TEXT,
     AT(security.server_key),
     .check = config_check_line,
     .derived = "the public half of key",
     .help = "on other hosts: the daemon's public key, the file ending in .pub or the key itself"},
};
static const struct conf_table security_table = {TABLE(security_settings)};

static const struct conf_setting root_settings[] = {
    {.key = "state",
     .type = CONF_PATH,
     AT(state),
     .initial = "/var/lib/dateline/state",
     .help = "folder of the store: everything that must survive"},
    {.key = "runtime",
     .type = CONF_PATH,
     AT(runtime),
     .initial = "/run/dateline",
     .help = "folder of the sockets"},
    {.key = "log", .type = CONF_SECTION, .table = &log_table},
    {.key = "sources",
     .type = CONF_RECORDS,
     AT(sources),
     .count_at = offsetof(struct config, source_count),
     .max = LIMIT_SOURCES,
     .table = &config_source_table},
    {.key = "include",
     .type = CONF_PATHS,
     .at = offsetof(struct loading, include),
     .check = config_check_pattern,
     .help = "files with more sources:, as patterns (sources.d/*.yaml)"},
    {.key = "fetch", .type = CONF_SECTION, .table = &fetch_table},
    {.key = "parser", .type = CONF_SECTION, .table = &parser_table},
    {.key = "work", .type = CONF_SECTION, .table = &work_table},
    {.key = "queue", .type = CONF_SECTION, .table = &queue_table},
    {.key = "live", .type = CONF_SECTION, .table = &live_table},
    {.key = "replay", .type = CONF_SECTION, .table = &replay_table},
    {.key = "seen", .type = CONF_SECTION, .table = &seen_table},
    {.key = "intake", .type = CONF_SECTION, .table = &intake_table},
    {.key = "control", .type = CONF_SECTION, .table = &control_table},
    {.key = "web", .type = CONF_SECTION, .table = &web_table},
    {.key = "worker", .type = CONF_SECTION, .table = &worker_table},
    {.key = "sinks",
     .type = CONF_RECORDS,
     AT(sinks),
     .count_at = offsetof(struct config, sink_count),
     .max = 16,
     .table = &sink_table},
    {.key = "security", .type = CONF_SECTION, .table = &security_table},
};
const struct conf_table config_root_table = {TABLE(root_settings)};

static void help_one(void *ctx, const char *path, const char *what, const char *help)
{
    buf_printf(ctx, "# %s: %s\n#     %s\n", path, what, help);
}

void config_help(struct buf *out)
{
    conf_describe(&config_root_table, help_one, out);
}
