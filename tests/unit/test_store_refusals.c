#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <rocksdb/c.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keys.h"
#include "store_help.h"

/* ---- refusals */

static void a_second_opening_is_refused_while_the_first_lasts(void **state)
{
    struct room *room = *state;
    struct store *store = open_plain(room);
    assert_int_equal(open_error(room, false), -EBUSY);
    assert_non_null(strstr(room->why, "another process"));
    store_close(store);
    assert_int_equal(open_error(room, false), 0);
}

static void a_look_beside_the_running_one_sees_the_state_and_commits_nothing(void **state)
{
    struct room *room = *state;
    struct store *store = open_plain(room);
    put_item(store, 1, "a");
    struct store_options options = {.path = room->path, .read_only = true};
    struct store *look = NULL;
    assert_int_equal(store_open(&options, &look, room->why), 0);
    assert_queue(look, "1:a(0,0) ");
    assert_string_equal(store_epoch(look), store_epoch(store));
    struct store_change *change = store_change_new(look);
    store_queue_put(change, 2, STR("b"));
    assert_int_equal(store_commit(look, &change, NULL, NULL), -EROFS);
    assert_null(change);
    put_item(store, 2, "b");
    store_close(look);
    assert_queue(store, "1:a(0,0) 2:b(0,0) ");
    store_close(store);
}

/* Names, sizes and times of all files of the state. */
static void state_picture(const char *path, struct buf *out)
{
    struct dirent **names = NULL;
    int count = scandir(path, &names, NULL, alphasort);
    assert_true(count > 2);
    for (int i = 0; i < count; i++) {
        struct stat st;
        char *file = xasprintf("%s/%s", path, names[i]->d_name);
        assert_int_equal(stat(file, &st), 0);
        if (strcmp(names[i]->d_name, "..") != 0)
            buf_printf(out, "%s %lld %lld.%09ld\n", names[i]->d_name, (long long)st.st_size,
                       (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
        free(file);
        free(names[i]);
    }
    free(names);
}

static void assert_untouched_by(struct room *room, bool read_only, int expected)
{
    struct buf before = BUF_NONE, after = BUF_NONE;
    state_picture(room->path, &before);
    assert_int_equal(open_error(room, read_only), expected);
    state_picture(room->path, &after);
    assert_string_equal(buf_cstr(&before), buf_cstr(&after));
    buf_free(&before);
    buf_free(&after);
}

static void a_read_only_look_changes_no_file(void **state)
{
    struct room *room = *state;
    struct store *store = open_plain(room);
    put_item(store, 1, "a");
    assert_untouched_by(room, true, 0);
    store_close(store);
    assert_untouched_by(room, true, 0);
}

static void a_read_only_look_at_nothing_says_so_and_makes_nothing(void **state)
{
    struct room *room = *state;
    assert_int_equal(open_error(room, true), -ENOENT);
    assert_int_equal(access(room->path, F_OK), -1);
    mkdir(room->path, 0700);
    assert_int_equal(open_error(room, true), -ENOENT);
    assert_int_equal(rmdir(room->path), 0); /* still empty */
}

static void places_that_cannot_hold_a_state_are_refused_in_words(void **state)
{
    struct room *room = *state;
    snprintf(room->path, sizeof room->path, "%s/no/state", room->dir);
    assert_int_equal(open_error(room, false), -ENOENT);
    assert_non_null(strstr(room->why, "above it"));

    snprintf(room->path, sizeof room->path, "%s/file", room->dir);
    int fd = open(room->path, O_CREAT | O_WRONLY, 0600);
    assert_true(fd >= 0 && write(fd, "x", 1) == 1);
    close(fd);
    assert_int_equal(open_error(room, false), -ENOTDIR);
    assert_non_null(strstr(room->why, "not a directory"));
    snprintf(room->path, sizeof room->path, "%s/file/below", room->dir);
    assert_int_equal(open_error(room, false), -ENOTDIR);
    assert_null(strchr(room->why, '\n'));
}

static void a_directory_without_write_permission_is_refused(void **state)
{
    struct room *room = *state;
    if (geteuid() == 0)
        skip(); /* modes do not bind root */
    mkdir(room->path, 0500);
    assert_int_equal(open_error(room, false), -EACCES);
    assert_non_null(strstr(room->why, "not writable"));
}

/* Writes one meta value with RocksDB itself, past store/. */
static void tamper_meta(struct room *room, const char *key, const void *value, size_t len,
                        const char *new_family)
{
    char *message = NULL;
    size_t count = 0;
    rocksdb_options_t *o = rocksdb_options_create();
    char **names = rocksdb_list_column_families(o, room->path, &count, &message);
    assert_null(message);
    rocksdb_column_family_handle_t *of[32];
    const rocksdb_options_t *options[32];
    assert_true(count < 32);
    for (size_t i = 0; i < count; i++)
        options[i] = o;
    rocksdb_t *db = rocksdb_open_column_families(o, room->path, (int)count,
                                                 (const char *const *)names, options, of, &message);
    assert_null(message);
    rocksdb_writeoptions_t *w = rocksdb_writeoptions_create();
    for (size_t i = 0; i < count; i++)
        if (key && strcmp(names[i], "meta") == 0)
            rocksdb_put_cf(db, w, of[i], key, strlen(key), value, len, &message);
    assert_null(message);
    if (new_family)
        rocksdb_column_family_handle_destroy(
            rocksdb_create_column_family(db, o, new_family, &message));
    assert_null(message);
    for (size_t i = 0; i < count; i++)
        rocksdb_column_family_handle_destroy(of[i]);
    rocksdb_writeoptions_destroy(w);
    rocksdb_close(db);
    rocksdb_list_column_families_destroy(names, count);
    rocksdb_options_destroy(o);
}

static void a_newer_versions_state_is_refused_and_untouched(void **state)
{
    struct room *room = *state;
    store_close(open_plain(room));
    tamper_meta(room, "schema", "\0\0\0\177", 4, NULL);
    /* The directory's own time moves by nothing; its lock leaves no file. */
    assert_untouched_by(room, false, -EPROTO);
    assert_non_null(strstr(room->why, "newer version"));
    assert_untouched_by(room, true, -EPROTO);
}

static void a_family_of_a_newer_version_is_refused_and_untouched(void **state)
{
    struct room *room = *state;
    store_close(open_plain(room));
    tamper_meta(room, NULL, NULL, 0, "hologram\n");
    assert_untouched_by(room, false, -EPROTO);
    assert_non_null(strstr(room->why, "hologram"));
    assert_null(strchr(room->why, '\n'));
}

/* ---- damage */

static void make_tables(struct room *room)
{
    struct store *store = open_plain(room);
    for (uint64_t id = 1; id <= 50; id++)
        put_item(store, id, "some work that fills a table");
    store_close(store);
    store_close(open_plain(room)); /* what was in the log is in tables now */
}

/* Flips bits of every file whose name has `part`, at `at` of its size / 100. Gives their number. */
static int damage(struct room *room, const char *part, int percent)
{
    int damaged = 0;
    DIR *dir = opendir(room->path);
    assert_non_null(dir);
    for (struct dirent *e; (e = readdir(dir));) {
        struct stat st;
        if (!strstr(e->d_name, part) || fstatat(dirfd(dir), e->d_name, &st, 0) < 0 ||
            st.st_size < 16)
            continue;
        int fd = openat(dirfd(dir), e->d_name, O_RDWR);
        assert_true(fd >= 0);
        off_t at = st.st_size * percent / 100;
        uint8_t bytes[8] = {0};
        ssize_t n = pread(fd, bytes, sizeof bytes, at);
        for (ssize_t i = 0; i < n; i++)
            bytes[i] ^= 0x55;
        assert_int_equal(pwrite(fd, bytes, (size_t)n, at), n);
        close(fd);
        damaged++;
    }
    closedir(dir);
    return damaged;
}

static void a_damaged_manifest_is_an_error_and_no_fresh_start(void **state)
{
    struct room *room = *state;
    make_tables(room);
    assert_true(damage(room, "MANIFEST", 50) > 0);
    assert_int_equal(open_error(room, false), -EUCLEAN);
    assert_non_null(strstr(room->why, "damaged"));
    assert_null(strchr(room->why, '\n'));
    assert_int_equal(open_error(room, false), -EUCLEAN); /* and stays one */
}

static void a_missing_file_is_an_error_and_no_fresh_start(void **state)
{
    struct room *room = *state;
    make_tables(room);
    char *current = xasprintf("%s/CURRENT", room->path);
    assert_int_equal(unlink(current), 0);
    free(current);
    assert_int_equal(open_error(room, false), -EUCLEAN);
    assert_non_null(strstr(room->why, "CURRENT"));
}

/* Wherever it is hit, the state says so: at open, or when the table is read. */
static void damaged_tables_are_an_error_and_no_fresh_start(void **state)
{
    struct room *room = *state;
    make_tables(room);
    for (int percent = 0; percent < 100; percent += 10) {
        assert_true(damage(room, ".sst", percent) > 1);
        struct store_options options = {.path = room->path};
        struct store *store = NULL;
        int error = store_open(&options, &store, room->why);
        if (error == 0) {
            struct buf text = BUF_NONE;
            error = store_each_queued(store, each_queued_to_text, &text);
            assert_true(error == -EIO || text.len > 1000);
            buf_free(&text);
            store_close(store);
        } else {
            assert_int_equal(error, -EUCLEAN);
            assert_non_null(strstr(room->why, "damaged"));
        }
        assert_true(damage(room, ".sst", percent) > 1); /* the same bits again: healed */
    }
}

static void stored_values_are_refused_unless_whole(void **state)
{
    (void)state;
    struct store_result result = {.seq = 1,
                                  .prev = 2,
                                  .at = -3,
                                  .topic = STR("topic"),
                                  .uri = STR("uri"),
                                  .version = STR("v")};
    uint8_t bytes[VALUE_RESULT_HEAD + 9];
    value_result_write(bytes, &result);
    memcpy(bytes + VALUE_RESULT_HEAD, "topicuriv", 9);
    struct str value = {(const char *)bytes, sizeof bytes};
    struct store_result read = {0};
    assert_int_equal(value_result(value, &read), 0);
    assert_true(read.prev == 2 && read.at == -3 && str_is(read.uri, "uri") && read.record.len == 0);
    for (size_t len = 0; len < value.len; len++) {
        /* In a block of its own, so that a read beyond the end is seen. */
        char *cut = xmalloc(len + 1);
        memcpy(cut, bytes, len);
        assert_int_equal(value_result((struct str){cut, len}, &read), -EBADMSG);
        free(cut);
    }
    bytes[17] = 0xff; /* a topic of 4 GB */
    assert_int_equal(value_result(value, &read), -EBADMSG);
    bytes[17] = 0;
    bytes[0] = 2; /* a layout of the future */
    assert_int_equal(value_result(value, &read), -EBADMSG);

    struct store_dead dead;
    assert_int_equal(value_dead(STR("\1\0\0\0\3whywork"), &dead), 0); /* the first layout */
    assert_true(str_is(dead.reason, "why") && str_is(dead.work, "work") && dead.at == 0);
    assert_int_equal(value_dead(STR("\1\0\0\0\4why"), &dead), -EBADMSG);
    assert_int_equal(value_dead(STR("\3\0\0\0\3why"), &dead), -EBADMSG);
    struct store_tries tries;
    assert_int_equal(value_tries(STR("\1\0\0\0\4\0\0\0\5x"), &tries), -EBADMSG);
    struct store_numbers numbers;
    assert_int_equal(value_numbers(STR(""), &numbers), -EBADMSG);
    uint32_t schema;
    assert_int_equal(value_schema(STR("\0\0\0\0"), &schema), -EBADMSG);
    uint64_t n;
    assert_int_equal(key_number_read(STR("1234567"), &n), -EBADMSG);
}

static void a_value_that_does_not_decode_is_passed_over_and_counted(void **state)
{
    struct room *room = *state;
    struct store *store = open_plain(room);
    put_item(store, 1, "a");
    put_item(store, 3, "c");
    store_close(store);

    char *message = NULL;
    rocksdb_options_t *o = rocksdb_options_create();
    size_t count = 0;
    char **names = rocksdb_list_column_families(o, room->path, &count, &message);
    rocksdb_column_family_handle_t *of[32];
    const rocksdb_options_t *options[32];
    for (size_t i = 0; i < count; i++)
        options[i] = o;
    rocksdb_t *db = rocksdb_open_column_families(o, room->path, (int)count,
                                                 (const char *const *)names, options, of, &message);
    assert_null(message);
    rocksdb_writeoptions_t *w = rocksdb_writeoptions_create();
    for (size_t i = 0; i < count; i++) {
        if (strcmp(names[i], "queue") == 0) {
            rocksdb_put_cf(db, w, of[i], "\0\0\0\0\0\0\0\2", 8, "\7bad", 4, &message);
            rocksdb_put_cf(db, w, of[i], "\0\0\0\0\0\0\0\4x", 9, "\1odd", 4, &message);
        }
        rocksdb_column_family_handle_destroy(of[i]);
    }
    rocksdb_writeoptions_destroy(w);
    rocksdb_close(db);
    rocksdb_list_column_families_destroy(names, count);
    rocksdb_options_destroy(o);

    store = open_plain(room);
    assert_queue(store, "1:a(0,0) 3:c(0,0) ");
    struct buf b = BUF_NONE;
    assert_int_equal(store_queue_get(store, 2, &b), -EIO);
    assert_int_equal(b.len, 0);
    buf_free(&b);
    struct store_stats stats;
    store_stats(store, &stats);
    assert_int_equal(stats.damaged, 3);
    store_close(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_ROOM(a_second_opening_is_refused_while_the_first_lasts),
        IN_ROOM(a_look_beside_the_running_one_sees_the_state_and_commits_nothing),
        IN_ROOM(a_read_only_look_changes_no_file),
        IN_ROOM(a_read_only_look_at_nothing_says_so_and_makes_nothing),
        IN_ROOM(places_that_cannot_hold_a_state_are_refused_in_words),
        IN_ROOM(a_directory_without_write_permission_is_refused),
        IN_ROOM(a_newer_versions_state_is_refused_and_untouched),
        IN_ROOM(a_family_of_a_newer_version_is_refused_and_untouched),
        IN_ROOM(a_damaged_manifest_is_an_error_and_no_fresh_start),
        IN_ROOM(a_missing_file_is_an_error_and_no_fresh_start),
        IN_ROOM(damaged_tables_are_an_error_and_no_fresh_start),
        IN_ROOM(a_value_that_does_not_decode_is_passed_over_and_counted),
        cmocka_unit_test(stored_values_are_refused_unless_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
