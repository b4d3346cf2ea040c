/* Key files and authorised keys: what is written, what is read, what is refused and how it is said. */
#include "scratch.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "authorised.h"
#include "clock.h"
#include "keyfile.h"

static char dir[SCRATCH_PATH];

static int make_folder(void **state)
{
    (void)state;
    return scratch_make(dir);
}

static int remove_folder(void **state)
{
    (void)state;
    return scratch_remove(dir);
}

/* A path in the folder; two may be in use at a time. */
static const char *in_folder(const char *name)
{
    static char paths[2][SCRATCH_PATH + 64];
    static unsigned next;
    char *path = paths[next++ % 2];
    snprintf(path, sizeof paths[0], "%s/%s", dir, name);
    return path;
}

static const char *put(const char *name, mode_t mode, const char *text)
{
    const char *path = in_folder(name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
    chmod(path, mode);
    return path;
}

static unsigned mode_of(const char *path)
{
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    return st.st_mode & 07777;
}

/* ---- key files */

static void key_files_hold_what_was_made_and_only_the_owner_reads_the_secret(void **state)
{
    struct key_pair made, got;
    char why[KEY_WHY], public_key[KEY_TEXT], path[SCRATCH_PATH + 64];
    struct buf line = BUF_NONE, file = BUF_NONE;
    (void)state;
    snprintf(path, sizeof path, "%s", in_folder("a.key"));
    assert_int_equal(key_make("desk-2", &made), 0);
    mode_t old = umask(0);
    assert_int_equal(key_write(path, &made, "worker,subscriber", why), 0);
    umask(old);
    assert_int_equal(mode_of(path), 0600);
    assert_int_equal(mode_of(in_folder("a.key.pub")), 0644);
    assert_int_equal(key_read(path, &got, why), 0);
    assert_string_equal(got.name, "desk-2");
    assert_string_equal(got.public_key, made.public_key);
    assert_string_equal(got.secret_key, made.secret_key);
    assert_int_equal(key_read_public(in_folder("a.key.pub"), public_key, why), 0);
    assert_string_equal(public_key, made.public_key);
    key_put_line(&line, &made, "worker,subscriber");
    scratch_read(in_folder("a.key.pub"), &file);
    assert_string_equal(buf_cstr(&line), buf_cstr(&file));
    buf_free(&line);
    buf_free(&file);
}

static void key_files_are_never_overwritten(void **state)
{
    struct key_pair first, second, got;
    char why[KEY_WHY];
    (void)state;
    key_make("first", &first);
    key_make("second", &second);
    assert_int_equal(key_write(in_folder("a.key"), &first, "worker", why), 0);
    assert_int_equal(key_write(in_folder("a.key"), &second, "worker", why), -EEXIST);
    assert_non_null(strstr(why, "never overwritten"));
    assert_int_equal(key_read(in_folder("a.key"), &got, why), 0);
    assert_string_equal(got.name, "first");
    /* A secret that lost its public half is one still, and nothing is left of the try. */
    assert_int_equal(unlink(in_folder("a.key.pub")), 0);
    assert_int_equal(key_write(in_folder("a.key"), &second, "worker", why), -EEXIST);
    assert_int_equal(access(in_folder("a.key.pub"), F_OK), -1);
}

static void key_files_that_others_may_read_are_refused(void **state)
{
    static const mode_t open_modes[] = {0640, 0604, 0620, 0666, 0610};
    struct key_pair pair, got;
    char why[KEY_WHY];
    (void)state;
    key_make("a", &pair);
    assert_int_equal(key_write(in_folder("a.key"), &pair, "worker", why), 0);
    for (size_t i = 0; i < ARRAY_LEN(open_modes); i++) {
        chmod(in_folder("a.key"), open_modes[i]);
        assert_int_equal(key_read(in_folder("a.key"), &got, why), -EPERM);
        assert_non_null(strstr(why, "chmod 600"));
    }
    chmod(in_folder("a.key"), 0400);
    assert_int_equal(key_read(in_folder("a.key"), &got, why), 0);
}

#define PUBLIC "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID"
#define SECRET "D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs"
#define OTHER  "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7"

static void key_files_of_another_form_are_refused_with_the_reason(void **state)
{
    static const struct {
        const char *text, *why;
    } cases[] = {
        {"", "first line"},
        {"dateline-key-2\nname: a\npublic: " PUBLIC "\nsecret: " SECRET "\n", "first line"},
        {"dateline-key-1\nname: a\npublic: " PUBLIC "\n", "lacks"},
        {"dateline-key-1\nsecret: " SECRET "\n", "lacks"},
        {"dateline-key-1\npublic: " OTHER "\nsecret: " SECRET "\n", "belong together"},
        {"dateline-key-1\npublic: short\nsecret: " SECRET "\n", "public key"},
        {"dateline-key-1\npublic: " PUBLIC "\nsecret: " SECRET " x\n", "secret key"},
        {"dateline-key-1\npublic: " PUBLIC "\npublic: " PUBLIC "\nsecret: " SECRET "\n",
         "public key"},
        {"dateline-key-1\nname: a b\npublic: " PUBLIC "\nsecret: " SECRET "\n", "name"},
        {"dateline-key-1\nhello\n", "none of"},
        {"dateline-key-1\npublic: #####################################~~~\n", "public key"},
    };
    struct key_pair got;
    char why[KEY_WHY];
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_int_equal(key_read(put("bad.key", 0600, cases[i].text), &got, why), -EBADMSG);
        if (!strstr(why, cases[i].why))
            fail_msg("%zu: '%s' does not say '%s'", i, why, cases[i].why);
        assert_null(strstr(why, SECRET));
    }
    char long_text[LIMIT_KEY_FILE + 2];
    memset(long_text, '\n', sizeof long_text - 1);
    long_text[sizeof long_text - 1] = '\0';
    assert_int_equal(key_read(put("bad.key", 0600, long_text), &got, why), -EBADMSG);
    assert_int_equal(key_read(in_folder("none.key"), &got, why), -ENOENT);
    assert_int_equal(key_read(dir, &got, why), -EBADMSG);
}

static void key_files_may_have_comments_and_the_known_pair_of_rfc_32_form(void **state)
{
    struct key_pair got;
    char why[KEY_WHY];
    (void)state;
    const char *text =
        "# desk 2\n\ndateline-key-1\r\n# more\n secret:  " SECRET " \npublic: " PUBLIC;
    int r = key_read(put("a.key", 0600, text), &got, why);
    if (r != 0)
        fail_msg("%s", why);
    assert_string_equal(got.public_key, PUBLIC);
    assert_string_equal(got.name, "");
}

static void public_keys_are_taken_as_text_and_never_from_a_secret_file(void **state)
{
    struct key_pair pair;
    char why[KEY_WHY], key[KEY_TEXT];
    (void)state;
    assert_int_equal(key_read_public(PUBLIC, key, why), 0);
    assert_string_equal(key, PUBLIC);
    key_make("a", &pair);
    key_write(in_folder("a.key"), &pair, "worker", why);
    assert_int_equal(key_read_public(in_folder("a.key"), key, why), -EBADMSG);
    assert_non_null(strstr(why, ".pub"));
    assert_int_equal(key_read_public(put("x", 0644, "nothing\n"), key, why), -EBADMSG);
    assert_int_equal(key_read_public(put("x", 0644, ""), key, why), -EBADMSG);
}

static void credentials_are_found_where_the_service_manager_put_them(void **state)
{
    struct key_pair pair, got;
    char why[KEY_WHY];
    (void)state;
    key_make("a", &pair);
    key_write(in_folder("daemon"), &pair, "worker", why);
    chmod(in_folder("daemon"), 0440); /* an access list's mask */
    setenv("CREDENTIALS_DIRECTORY", dir, 1);
    assert_int_equal(key_read("credential:daemon", &got, why), 0);
    assert_string_equal(got.secret_key, pair.secret_key);
    assert_int_equal(key_read("credential:other", &got, why), -ENOENT);
    assert_int_equal(key_read("credential:../daemon", &got, why), -ENOENT);
    assert_int_equal(key_read("credential:..", &got, why), -ENOENT);
    assert_int_equal(key_read("credential:", &got, why), -ENOENT);
    chmod(in_folder("daemon"), 0444);
    assert_int_equal(key_read("credential:daemon", &got, why), -EPERM);
    unsetenv("CREDENTIALS_DIRECTORY");
    assert_int_equal(key_read("credential:daemon", &got, why), -ENOENT);
    assert_non_null(strstr(why, "LoadCredential"));
}

/* ---- authorised keys */

static struct authorised *parsed(const char *text)
{
    struct authorised *list = NULL;
    char why[KEY_WHY];
    if (authorised_parse(str_of(text), "keys", &list, why) != 0)
        fail_msg("%s", why);
    return list;
}

static void authorised_keys_have_names_roles_and_an_end(void **state)
{
    int64_t end;
    (void)state;
    struct authorised *list =
        parsed("# the desk\n\n" PUBLIC "  desk-2\tworker,subscriber \r\n" OTHER
               " ops operator until=2027-01-01\n" SECRET
               " later publisher until=2027-01-01T12:00:00+01:00");
    assert_int_equal(authorised_count(list), 3);
    const struct authorised_key *key = authorised_find(list, PUBLIC);
    assert_string_equal(key->name, "desk-2");
    assert_int_equal(key->roles, ROLE_WORKER | ROLE_SUBSCRIBER);
    assert_int_equal(key->until, INT64_MAX);
    assert_int_equal(key->line, 3);
    clock_parse("2027-01-01T00:00:00Z", &end);
    assert_int_equal(authorised_find(list, OTHER)->until, end);
    clock_parse("2027-01-01T11:00:00Z", &end);
    assert_int_equal(authorised_find(list, SECRET)->until, end);
    assert_int_equal(authorised_find(list, SECRET)->roles, ROLE_PUBLISHER);
    assert_null(authorised_find(list, "x"));
    authorised_free(list);
}

static void authorised_keys_may_be_none_at_all(void **state)
{
    (void)state;
    struct authorised *list = parsed("# nobody\n");
    assert_int_equal(authorised_count(list), 0);
    assert_null(authorised_find(list, PUBLIC));
    authorised_free(list);
    assert_null(authorised_find(NULL, PUBLIC));
}

static void authorised_keys_name_file_and_line_of_a_mistake(void **state)
{
    static const struct {
        const char *text, *why;
    } cases[] = {
        {"\n\nnokey desk worker\n", "keys:3: 'nokey' is not a public key"},
        {PUBLIC "\n", "keys:1: the key has no name"},
        {PUBLIC " desk\n", "keys:1: no role"},
        {PUBLIC " desk boss\n", "keys:1: 'boss' is not a role"},
        {PUBLIC " desk worker,\n", "keys:1: 'worker,' is not a role"},
        {PUBLIC " desk ,worker\n", "keys:1: ',worker' is not a role"},
        {PUBLIC " de\x1b[31msk worker\n", "is not a name"},
        {PUBLIC " desk worker until=soon\n", "keys:1: 'until=soon' is not a time"},
        {PUBLIC " desk worker until=2027-13-01\n", "is not a time"},
        {PUBLIC " desk worker until=2027-01-01 until=2028-01-01\n", "is not understood"},
        {PUBLIC " desk worker extra\n", "keys:1: 'extra' is not understood"},
        {PUBLIC " a worker\n# x\n" PUBLIC " b worker\n", "keys:3: the same key stands on line 1"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct authorised *list = NULL;
        char why[KEY_WHY] = "";
        assert_int_equal(authorised_parse(str_of(cases[i].text), "keys", &list, why), -EBADMSG);
        assert_null(list);
        if (!strstr(why, cases[i].why))
            fail_msg("%zu: '%s' does not say '%s'", i, why, cases[i].why);
        assert_null(strchr(why, '\x1b'));
    }
}

static void authorised_keys_that_everybody_may_write_are_refused(void **state)
{
    struct authorised *list = NULL;
    char why[KEY_WHY];
    (void)state;
    assert_int_equal(authorised_read(put("keys", 0646, PUBLIC " a worker\n"), &list, why), -EPERM);
    assert_non_null(strstr(why, "write"));
    assert_int_equal(authorised_read(put("keys", 0664, PUBLIC " a worker\n"), &list, why), 0);
    assert_int_equal(authorised_count(list), 1);
    authorised_free(list);
    assert_int_equal(authorised_read(in_folder("none"), &list, why), -ENOENT);
}

static void roles_are_read_as_a_set(void **state)
{
    unsigned roles = 0;
    (void)state;
    assert_int_equal(authorised_roles(STR("operator,worker,worker"), &roles), 0);
    assert_int_equal(roles, ROLE_OPERATOR | ROLE_WORKER);
    assert_int_equal(authorised_roles(STR(""), &roles), -EINVAL);
    assert_int_equal(authorised_roles(STR("Worker"), &roles), -EINVAL);
    assert_int_equal(authorised_roles(STR(","), &roles), -EINVAL);
}

#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FOLDER(key_files_hold_what_was_made_and_only_the_owner_reads_the_secret),
        WITH_FOLDER(key_files_are_never_overwritten),
        WITH_FOLDER(key_files_that_others_may_read_are_refused),
        WITH_FOLDER(key_files_of_another_form_are_refused_with_the_reason),
        WITH_FOLDER(key_files_may_have_comments_and_the_known_pair_of_rfc_32_form),
        WITH_FOLDER(public_keys_are_taken_as_text_and_never_from_a_secret_file),
        WITH_FOLDER(credentials_are_found_where_the_service_manager_put_them),
        cmocka_unit_test(authorised_keys_have_names_roles_and_an_end),
        cmocka_unit_test(authorised_keys_may_be_none_at_all),
        cmocka_unit_test(authorised_keys_name_file_and_line_of_a_mistake),
        WITH_FOLDER(authorised_keys_that_everybody_may_write_are_refused),
        cmocka_unit_test(roles_are_read_as_a_set),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
