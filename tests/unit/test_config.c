/* The configuration. tests/cases/config/CASE/input.yaml is read as if it stood in /cfg; `expect` is
 * the error, or what is loaded where it differs from the defaults, one "setting: value" a line. */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "clock.h"
#include "limits.h"
#include "log.h"
#include "scratch.h"

#define CASES "tests/cases/config"

/* ---- a configuration as text */

static void put_text(struct buf *out, const char *key, const char *value)
{
    buf_printf(out, "%s: %s\n", key, value ? value : "-");
}

static void put_number(struct buf *out, const char *key, uint64_t value)
{
    buf_printf(out, "%s: %llu\n", key, (unsigned long long)value);
}

static void put_list(struct buf *out, const char *key, char *const *list)
{
    buf_printf(out, "%s:", key);
    for (; *list; list++)
        buf_printf(out, " %s", *list);
    buf_putc(out, '\n');
}

static void put_sources(struct buf *out, const struct config *c)
{
    for (size_t i = 0; i < c->source_count; i++) {
        const struct config_source *s = &c->sources[i];
        buf_printf(out, "source: %s %s %s title=%s every_us=%lld full_text=%d private=%d\n", s->id,
                   s->kind,
                   s->url    ? s->url
                   : s->path ? s->path
                             : "-",
                   s->title ? s->title : "-", (long long)s->every_us, (int)s->full_text,
                   s->allow_private);
    }
}

static void put_sinks(struct buf *out, const struct config *c)
{
    for (size_t i = 0; i < c->sink_count; i++) {
        const struct config_sink *s = &c->sinks[i];
        if (s->conninfo)
            buf_printf(out, "sink: %s '%s' password=%s table=%s.%s fsync=%s\n", s->kind,
                       s->conninfo, s->password_file ? s->password_file : "-", s->schema, s->table,
                       s->fsync);
        else
            buf_printf(out, "sink: %s %s fsync=%s rotate=%llu keep=%u\n", s->kind, s->path,
                       s->fsync, (unsigned long long)s->rotate_bytes, s->keep);
    }
}

static void put_config(struct buf *out, const struct config *c)
{
    put_text(out, "state", c->state);
    put_text(out, "runtime", c->runtime);
    put_number(out, "log.level", (uint64_t)c->log_level);
    put_sources(out, c);
    put_text(out, "fetch.user_agent", c->fetch.user_agent);
    put_number(out, "fetch.per_host", c->fetch.per_host);
    put_number(out, "fetch.spacing_us", (uint64_t)c->fetch.spacing_us);
    put_number(out, "fetch.timeout_us", (uint64_t)c->fetch.timeout_us);
    put_number(out, "fetch.max_body", c->fetch.max_body);
    put_number(out, "parser.children", c->parser.children);
    put_text(out, "parser.jail", c->parser.jail);
    put_list(out, "work.bind", c->work.bind);
    put_number(out, "work.lease_us", (uint64_t)c->work.lease_us);
    put_number(out, "work.max_deliveries", c->work.max_deliveries);
    put_list(out, "live.bind", c->live.bind);
    put_number(out, "live.heartbeat_us", (uint64_t)c->live.heartbeat_us);
    put_list(out, "replay.bind", c->replay.bind);
    put_number(out, "replay.keep_us", (uint64_t)c->replay.keep_us);
    put_list(out, "intake.bind", c->intake.bind);
    put_text(out, "control.bind", c->control.bind);
    put_text(out, "web.listen", c->web.listen);
    put_text(out, "security.key", c->security.key);
    put_text(out, "security.authorised_keys", c->security.authorised_keys);
    put_text(out, "security.server_key", c->security.server_key);
    put_list(out, "worker.connect", c->worker.connect);
    put_number(out, "worker.credit", c->worker.credit);
    if (c->worker.languages)
        put_list(out, "worker.languages", c->worker.languages);
    put_list(out, "worker.analyzers", c->worker.analyzers);
    put_text(out, "worker.models", c->worker.models);
    put_sinks(out, c);
}

/* Appends the lines of `text` that `common` does not have. */
static void put_difference(struct buf *out, struct str text, struct str common)
{
    struct str line;
    while (str_cut(&text, '\n', &line)) {
        struct str rest = common, other;
        bool found = false;
        while (!found && str_cut(&rest, '\n', &other))
            found = str_eq(line, other);
        if (found)
            continue;
        buf_puts(out, line);
        buf_putc(out, '\n');
    }
}

static void put_loaded(struct buf *out, const struct config *config)
{
    struct buf all = BUF_NONE, standard = BUF_NONE;
    struct config *defaults = config_defaults();
    put_config(&all, config);
    put_config(&standard, defaults);
    put_difference(out, buf_str(&all), buf_str(&standard));
    config_free(defaults);
    buf_free(&all);
    buf_free(&standard);
}

/* ---- the cases */

static void run_case(const char *name, struct buf *got)
{
    struct config *config = NULL;
    struct config_error error;
    struct buf text = BUF_NONE;
    char *path = xasprintf(CASES "/%s/input.yaml", name);
    scratch_read(path, &text);
    if (config_parse(buf_str(&text), "input.yaml", "/cfg", &config, &error) < 0)
        buf_printf(got, "%s\n", error.text);
    else
        put_loaded(got, config);
    config_free(config);
    buf_free(&text);
    free(path);
}

static bool case_holds(const char *name)
{
    struct buf got = BUF_NONE, wanted = BUF_NONE;
    char *path = xasprintf(CASES "/%s/expect", name);
    run_case(name, &got);
    scratch_read(path, &wanted);
    bool same = str_eq(buf_str(&got), buf_str(&wanted));
    if (!same)
        print_error("%s\n got:    %s wanted: %s", name, buf_cstr(&got), buf_cstr(&wanted));
    free(path);
    buf_free(&got);
    buf_free(&wanted);
    return same;
}

static void config_cases_load_or_fail_as_expected(void **state)
{
    (void)state;
    struct dirent **names = NULL;
    int count = scandir(CASES, &names, NULL, alphasort), failed = 0, run = 0;
    assert_true(count > 0);
    for (int i = 0; i < count; i++) {
        if (names[i]->d_name[0] != '.') {
            failed += !case_holds(names[i]->d_name);
            run++;
        }
        free(names[i]);
    }
    free((void *)names);
    assert_int_equal(failed, 0);
    assert_true(run >= 60);
}

/* ---- what needs files */

struct folder {
    char path[SCRATCH_PATH];
};

static void write_file(const struct folder *f, const char *name, const char *text)
{
    char *path = xasprintf("%s/%s", f->path, name);
    FILE *out = fopen(path, "we");
    assert_non_null(out);
    assert_true(fputs(text, out) >= 0);
    fclose(out);
    free(path);
}

static int make_folder(void **state)
{
    struct folder *f = xcalloc(1, sizeof *f);
    *state = f;
    return scratch_make(f->path);
}

static int remove_folder(void **state)
{
    struct folder *f = *state;
    scratch_remove(f->path);
    free(f);
    return 0;
}

/* Loads main.yaml; *at is the error, or "". Paths of the folder are left out of it. */
static int load(const struct folder *f, struct config **out, struct config_error *error)
{
    char *path = xasprintf("%s/main.yaml", f->path);
    error->text[0] = '\0';
    int r = config_load(path, out, error);
    free(path);
    return r;
}

static void assert_says(const struct folder *f, const struct config_error *error,
                        const char *wanted)
{
    struct buf got = BUF_NONE;
    struct str text = str_of(error->text), folder = str_of(f->path);
    size_t at;
    while ((at = str_find(text, folder)) != SIZE_MAX) {
        buf_puts(&got, str_upto(text, at));
        text = str_from(text, at + folder.len + 1);
    }
    buf_puts(&got, text);
    assert_string_equal(buf_cstr(&got), wanted);
    buf_free(&got);
}

static void config_reads_sources_from_included_files(void **state)
{
    const struct folder *f = *state;
    struct config *config = NULL;
    struct config_error error;
    write_file(f, "main.yaml", "sources: [{id: a, path: a}]\ninclude: [\"s-*.yaml\", s-1.yaml]\n");
    write_file(f, "s-2.yaml", "sources: [{id: c, path: c}]\n");
    write_file(f, "s-1.yaml", "");
    assert_int_equal(load(f, &config, &error), 0);
    assert_int_equal(config->source_count, 2);
    assert_string_equal(config->sources[1].id, "c");
    assert_true(str_starts(str_of(config->sources[1].path), str_of(f->path)));
    config_free(config);
}

static void config_names_both_places_of_an_id_in_two_files(void **state)
{
    const struct folder *f = *state;
    struct config *config = NULL;
    struct config_error error;
    write_file(f, "main.yaml", "include: [s-*.yaml]\nsources:\n  - {id: a, path: a}\n");
    write_file(f, "s-1.yaml", "# more\nsources:\n  - {path: b}\n  - {path: c, id: a}\n");
    assert_int_equal(load(f, &config, &error), -EINVAL);
    assert_says(f, &error,
                "s-1.yaml:4: sources[1].id: 'a' is already the id of the source at main.yaml:3");
}

static void config_takes_nothing_but_sources_from_an_included_file(void **state)
{
    const struct folder *f = *state;
    struct config *config = NULL;
    struct config_error error;
    write_file(f, "main.yaml", "include: [s.yaml]\n");
    write_file(f, "s.yaml", "state: /elsewhere\n");
    assert_int_equal(load(f, &config, &error), -EINVAL);
    assert_says(f, &error, "s.yaml:1: state: an included file holds sources: and nothing else");
}

static void config_refuses_an_include_that_is_not_there(void **state)
{
    const struct folder *f = *state;
    struct config *config = NULL;
    struct config_error error;
    write_file(f, "main.yaml", "state: s\ninclude: [\"none-*.yaml\", gone.yaml]\n");
    assert_int_equal(load(f, &config, &error), -EINVAL);
    assert_says(f, &error, "main.yaml:2: include: 'gone.yaml' is not there");
}

static void config_refuses_to_include_opml(void **state)
{
    const struct folder *f = *state;
    struct config *config = NULL;
    struct config_error error;
    write_file(f, "main.yaml", "include:\n  - all.opml\n");
    assert_int_equal(load(f, &config, &error), -EINVAL);
    assert_says(
        f, &error,
        "main.yaml:2: include[0]: 'all.opml': OPML lists cannot be included in this version; "
        "write them as *.yaml");
}

static void config_says_why_a_file_cannot_be_read(void **state)
{
    const struct folder *f = *state;
    struct config *config = NULL;
    struct config_error error;
    assert_int_equal(load(f, &config, &error), -ENOENT);
    assert_says(f, &error, "main.yaml: cannot be read: No such file or directory");
    assert_int_equal(config_load(f->path, &config, &error), -EISDIR);
    assert_null(config);
}

static void config_refuses_a_file_beyond_its_limit(void **state)
{
    const struct folder *f = *state;
    struct config *config = NULL;
    struct config_error error;
    struct buf text = BUF_NONE;
    while (text.len <= LIMIT_CONFIG_BYTES)
        buf_putz(&text, "# the same line again and again and again and again and again\n");
    write_file(f, "main.yaml", buf_cstr(&text));
    buf_free(&text);
    assert_int_equal(load(f, &config, &error), -EFBIG);
    assert_says(f, &error, "main.yaml: cannot be read: File too large");
}

static void config_reads_fifty_thousand_sources(void **state)
{
    (void)state;
    struct config *config = NULL;
    struct config_error error;
    struct buf text = BUF_NONE;
    buf_putz(&text, "sources:\n");
    for (int i = 0; i < 50000; i++)
        buf_printf(&text, "- {url: \"http://h%d.example/\"}\n", i);
    assert_int_equal(config_parse(buf_str(&text), "x.yaml", "/", &config, &error), 0);
    assert_int_equal(config->source_count, 50000);
    config_free(config);
    buf_free(&text);
}

/* ---- defaults, help */

static void config_defaults_are_those_of_the_limits(void **state)
{
    (void)state;
    struct config *c = config_defaults();
    assert_int_equal(c->log_level, LOG_INFO);
    assert_int_equal(c->fetch.per_host, LIMIT_PER_HOST);
    assert_int_equal(c->fetch.spacing_us, LIMIT_SPACING_MS * USEC_PER_MSEC);
    assert_int_equal(c->fetch.timeout_us, LIMIT_TOTAL_MS * USEC_PER_MSEC);
    assert_int_equal(c->fetch.max_body, LIMIT_BODY);
    assert_int_equal(c->work.lease_us, LIMIT_LEASE_MS * USEC_PER_MSEC);
    assert_int_equal(c->work.max_deliveries, LIMIT_DELIVERIES);
    assert_string_equal(c->work.bind[0], "ipc:///run/dateline/work");
    assert_string_equal(c->worker.connect[0], "ipc:///run/dateline/work");
    assert_string_equal(c->control.bind, "ipc:///run/dateline/control");
    assert_string_equal(c->live.bind[0], "tcp://127.0.0.1:5571");
    assert_string_equal(c->replay.bind[0], "tcp://127.0.0.1:5572");
    assert_string_equal(c->web.listen, "127.0.0.1:8470");
    assert_null(c->worker.models);
    assert_int_equal(c->source_count + c->sink_count, 0);
    config_free(c);
}

static void config_knows_which_endpoints_stay_on_this_host(void **state)
{
    (void)state;
    assert_true(config_is_local("ipc:///run/x"));
    assert_true(config_is_local("tcp://127.9.9.9:1"));
    assert_true(config_is_local("tcp://[::1]:1"));
    assert_true(config_is_local("tcp://localhost:1"));
    assert_false(config_is_local("tcp://10.0.0.1:1"));
    assert_false(config_is_local("tcp://localhost.example.org:1"));
    assert_false(config_is_local("tcp://127.0.0.1.example.org:1"));
    assert_false(config_is_local("tcp://*:1"));
    assert_false(config_is_local("tcp://eth0:1"));
    assert_false(config_is_local("pgm://127.0.0.1:1"));
    assert_false(config_is_local(""));
}

static void expect_reach(const char *bound, const char *reached)
{
    char *got = config_reach(bound);
    assert_string_equal(got, reached);
    free(got);
}

static void clients_of_the_same_file_connect_to_loopback_where_all_addresses_are_bound(void **state)
{
    (void)state;
    expect_reach("tcp://*:5570", "tcp://127.0.0.1:5570");
    expect_reach("tcp://0.0.0.0:5570", "tcp://127.0.0.1:5570");
    expect_reach("tcp://[::]:5570", "tcp://[::1]:5570");
    expect_reach("tcp://192.0.2.1:5570", "tcp://192.0.2.1:5570");
    expect_reach("ipc:///run/x", "ipc:///run/x");
}

/* The command line leaves it out where the file has its default. */
static void sitemaps_have_one_default_of_since(void **state)
{
    (void)state;
    struct config *config = NULL;
    struct config_error error;
    assert_int_equal(
        config_parse(STR("sources: [{kind: sitemap, url: \"http://a.example/\"},"
                         " {kind: sitemap, url: \"http://b.example/\", since: all},"
                         " {kind: page, url: \"http://c.example/\", links: \"a.b\", skip: i}]"),
                     "f", "/", &config, &error),
        0);
    assert_int_equal(config->sources[0].since_us, CONFIG_SINCE_US);
    assert_int_equal(config->sources[1].since_us, 0);
    assert_string_equal(config->sources[2].links, "a.b");
    assert_string_equal(config->sources[2].skip, "i");
    config_free(config);
}

/* "# fetch.spacing: duration, 0s to 1h; default 5s" stands in the manual as ".It Sy fetch.spacing"
 * and the same line; the help below it word for word. */
static void manual_describes_every_setting_as_the_help_does(void **state)
{
    (void)state;
    struct buf help = BUF_NONE, manual = BUF_NONE;
    size_t settings = 0, entries = 0;
    config_help(&help);
    scratch_read("docs/man/dateline.yaml.5", &manual);
    struct str rest = buf_str(&help), line, text;
    while (str_cut(&rest, '\n', &line) && str_cut(&rest, '\n', &text)) {
        size_t colon = str_find(line, STR(": "));
        assert_true(str_starts(line, STR("# ")) && colon != SIZE_MAX);
        char *entry =
            xasprintf("\n.It Sy %.*s\n%.*s.\n.br\n%.*s.\n", (int)(colon - 2), line.at + 2,
                      STR_ARG(str_from(line, colon + 2)), STR_ARG(str_trim(str_from(text, 1))));
        if (str_find(buf_str(&manual), str_of(entry)) == SIZE_MAX)
            fail_msg("docs/man/dateline.yaml.5 lacks:%s", entry);
        free(entry);
        settings++;
    }
    rest = buf_str(&manual);
    while (str_cut(&rest, '\n', &line))
        entries += str_starts(line, STR(".It Sy "));
    assert_int_equal(entries, settings);
    buf_free(&help);
    buf_free(&manual);
}

#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(config_cases_load_or_fail_as_expected),
        WITH_FOLDER(config_reads_sources_from_included_files),
        WITH_FOLDER(config_names_both_places_of_an_id_in_two_files),
        WITH_FOLDER(config_takes_nothing_but_sources_from_an_included_file),
        WITH_FOLDER(config_refuses_an_include_that_is_not_there),
        WITH_FOLDER(config_refuses_to_include_opml),
        WITH_FOLDER(config_says_why_a_file_cannot_be_read),
        WITH_FOLDER(config_refuses_a_file_beyond_its_limit),
        cmocka_unit_test(config_reads_fifty_thousand_sources),
        cmocka_unit_test(config_defaults_are_those_of_the_limits),
        cmocka_unit_test(config_knows_which_endpoints_stay_on_this_host),
        cmocka_unit_test(
            clients_of_the_same_file_connect_to_loopback_where_all_addresses_are_bound),
        cmocka_unit_test(sitemaps_have_one_default_of_since),
        cmocka_unit_test(manual_describes_every_setting_as_the_help_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
