/*
 * Bits flipped in every kind of file of a state: it is refused with one clear line, or what is missing is told.
 * Never fewer rows in silence, never an abort. `test_store_damage flips N [SEED]` takes more of them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "inside.h"
#include "store_help.h"
#include "survey.h"
#include "upkeep.h"

#ifdef DATELINE_SANITIZED /* a second each, there; `flips N SEED` takes as many as wanted */
#define FLIPS 100
#else
#define FLIPS 240
#endif
#define ROWS        300
#define REPAIR_EACH 5 /* rounds through all files */

/* ---- a state with something in every family, in tables and in the journal */

static void put_row(struct store *store, uint64_t n, struct store_numbers *numbers)
{
    struct store_change *change = store_change_new(store);
    uint8_t id[16] = {0};
    char work[200], uri[32];
    memset(work, 'a' + (int)(n % 26), sizeof work);
    snprintf(work, sizeof work, "%06llu", (unsigned long long)n);
    work[6] = '.';
    snprintf(uri, sizeof uri, "urn:x:%llu", (unsigned long long)n);
    memcpy(id, uri, strnlen(uri, sizeof id));
    store_put_seen(change, id, str_of(uri));
    store_put_text(change, id, str_of(uri));
    store_put_url(change, id, str_of(uri));
    store_put_source(change, str_of(uri), str_of(uri));
    store_queue_put(change, n, (struct str){work, sizeof work});
    store_queue_tries(change, n, (struct store_tries){(uint32_t)n % 5, 0});
    numbers->accepted++;
    numbers->next_queue_id = n + 1;
    if (n % 3 == 0) {
        store_queue_drop(change, n, true);
        store_put_result(change, &(struct store_result){.seq = numbers->next_seq++,
                                                        .topic = STR("t"),
                                                        .uri = str_of(uri),
                                                        .version = STR("1"),
                                                        .record = {work, sizeof work}});
        numbers->done++;
    } else if (n % 10 == 1) {
        store_queue_bury(change, n,
                         &(struct store_dead){.reason = STR("r"), .work = {work, sizeof work}});
        numbers->dead++;
    }
    store_set_numbers(change, numbers);
    commit(store, change);
}

/* The state becomes what a kill would have left: the last rows stand in the journal alone. */
static void leave_crashed(struct room *room, struct store *store)
{
    char *crashed = xasprintf("%s/crashed", room->dir);
    assert_int_equal(copy_state(room->path, crashed), 0);
    store_close(store);
    assert_int_equal(copy_remove(room->path), 0);
    assert_int_equal(rename(crashed, room->path), 0);
    free(crashed);
}

static void fill(struct room *room)
{
    struct store_numbers numbers = {.next_queue_id = 1, .next_seq = 1};
    for (uint64_t n = 1; n <= ROWS; n++) {
        struct store *store = n % 100 == 1 ? open_plain(room) : NULL;
        for (uint64_t end = n + 99; n <= end; n++)
            put_row(store, n, &numbers);
        n--;
        if (n == ROWS)
            leave_crashed(room, store);
        else
            store_close(store); /* all of it is in tables */
    }
}

static int source_of(void *ctx, struct str id, struct str text)
{
    buf_printf(ctx, "%.*s=%.*s\n", STR_ARG(id), STR_ARG(text));
    return 0;
}

static int queued_of(void *ctx, uint64_t id, struct store_tries tries, struct str work)
{
    buf_printf(ctx, "q%llu %u %.*s\n", (unsigned long long)id, tries.deliveries, STR_ARG(work));
    return 0;
}

static int head_of(void *ctx, uint64_t id, struct store_tries tries, size_t size, struct str head)
{
    (void)tries;
    buf_printf(ctx, "h%llu %zu %.*s\n", (unsigned long long)id, size, STR_ARG(head));
    return 0;
}

static int dead_of(void *ctx, uint64_t id, const struct store_dead *dead)
{
    buf_printf(ctx, "d%llu %.*s\n", (unsigned long long)id, STR_ARG(dead->work));
    return 0;
}

static int result_of(void *ctx, const struct store_result *result)
{
    buf_printf(ctx, "r%llu %.*s %.*s\n", (unsigned long long)result->seq, STR_ARG(result->uri),
               STR_ARG(result->record));
    return 0;
}

/* All rows as text. True when the store said that something is missing. */
static bool dump(struct store *store, struct buf *out)
{
    struct store_stats stats;
    bool told = store_each_source(store, source_of, out) < 0;
    told |= store_each_queued(store, queued_of, out) < 0;
    told |= store_each_head(store, head_of, out) < 0;
    told |= store_each_dead(store, 0, dead_of, out) < 0;
    told |= store_each_result(store, 0, result_of, out) < 0;
    for (uint64_t n = 1; n <= ROWS; n++) {
        uint8_t id[16] = {0};
        uint64_t seq = 0;
        char uri[32];
        snprintf(uri, sizeof uri, "urn:x:%llu", (unsigned long long)n);
        memcpy(id, uri, strnlen(uri, sizeof id));
        int seen = store_get_seen(store, id, out, NULL);
        int text = store_get_text(store, id, out, NULL);
        int url = store_get_url(store, id, out);
        int recorded = store_result_of(store, str_of(uri), STR("1"), &seq);
        told |= seen == -EIO || text == -EIO || url == -EIO || recorded == -EIO;
        buf_printf(out, " %llu\n", (unsigned long long)seq);
    }
    store_stats(store, &stats);
    return told || stats.damaged > 0;
}

/* ---- one flip */

static size_t list_files(const char *path, char names[][64], size_t most)
{
    size_t count = 0;
    struct stat st;
    DIR *dir = opendir(path);
    assert_non_null(dir);
    for (struct dirent *e; (e = readdir(dir)) && count < most;)
        if (fstatat(dirfd(dir), e->d_name, &st, 0) == 0 && S_ISREG(st.st_mode) && st.st_size > 0 &&
            strcmp(e->d_name, "LOCK") != 0 && strncmp(e->d_name, "LOG", 3) != 0)
            snprintf(names[count++], 64, "%.60s", e->d_name);
    closedir(dir);
    return count;
}

/* Tables are hard links to the whole state's: a file of its own first. */
static void flip(const char *path, const char *name, double where, unsigned bit)
{
    char *file = xasprintf("%s/%s", path, name), *copy = xasprintf("%s/flipped", path);
    struct buf bytes = BUF_NONE;
    scratch_read(file, &bytes);
    bytes.at[(size_t)((double)bytes.len * where)] ^= (char)(1U << bit);
    FILE *to = fopen(copy, "wb");
    assert_non_null(to);
    assert_int_equal(fwrite(bytes.at, 1, bytes.len, to), bytes.len);
    fclose(to);
    assert_int_equal(rename(copy, file), 0);
    buf_free(&bytes);
    free(copy);
    free(file);
}

struct outcome {
    unsigned refused, told, harmless, repaired;
};

static void wrong_outcome(const char *name, double where, unsigned bit, const char *what)
{
    fail_msg("%s at %.6f bit %u: %s", name, where, bit, what);
}

static bool clear_line(const char *why)
{
    return strlen(why) > 20 && !strchr(why, '\n');
}

/* What could be read is a whole state again. */
static void try_repair(const char *path, bool bad, const char *name, double where, unsigned bit,
                       struct outcome *outcome)
{
    char why[STORE_WHY] = "";
    const struct upkeep_told quiet = {0};
    struct upkeep_check check;
    struct upkeep_repair repair;
    struct store *store = NULL;
    struct buf rows = BUF_NONE;
    int error = store_repair(path, &quiet, &repair, why);
    if (error < 0 && error != -EPROTO)
        wrong_outcome(name, where, bit, why);
    if (error < 0)
        return;
    if (bad != repair.needed)
        wrong_outcome(name, where, bit, "check and repair are of two minds");
    if (store_check(path, &quiet, &check, why) < 0)
        wrong_outcome(name, where, bit, why);
    assert_int_equal(store_open(&(struct store_options){.path = path}, &store, why), 0);
    if (dump(store, &rows))
        wrong_outcome(name, where, bit, "damaged rows after the repair");
    store_close(store);
    outcome->repaired += repair.needed;
    if (repair.kept[0])
        assert_int_equal(copy_remove(repair.kept), 0);
    buf_free(&rows);
}

/* Its last record cannot be read: a power cut leaves that as well, so nobody can call it damage. */
static bool ends_torn(const char *path)
{
    struct survey survey;
    char text[STATUS_TEXT];
    bool torn = survey_open(path, &survey, text) == 0;
    if (torn) {
        torn = survey.journal == JOURNAL_TORN;
        survey_close(&survey);
    }
    return torn;
}

/* A check and an opening, each of a flipped copy of its own; a repair takes longer than both. */
static void try_flip(struct room *room, const struct buf *whole, const char *name, double where,
                     unsigned bit, bool repairing, struct outcome *outcome)
{
    char path[96], opened[96], why[STORE_WHY] = "";
    const struct upkeep_told quiet = {0};
    struct upkeep_check check;
    struct store *store = NULL;
    struct buf rows = BUF_NONE;
    snprintf(path, sizeof path, "%.60s/flip", room->dir);
    snprintf(opened, sizeof opened, "%.60s/open", room->dir);
    assert_int_equal(copy_state(room->path, path), 0);
    flip(path, name, where, bit);
    assert_int_equal(copy_state(path, opened), 0);

    int checked = store_check(path, &quiet, &check, why);
    bool bad = checked < 0 || check.wrong > 0;
    if (checked < 0 && !clear_line(why))
        wrong_outcome(name, where, bit, "the check was refused without a reason");
    bool torn = ends_torn(path);

    int error = store_open(&(struct store_options){.path = opened}, &store, why);
    if (error < 0) {
        outcome->refused++;
        if (!clear_line(why) || !bad)
            wrong_outcome(name, where, bit, why);
    } else {
        bool told = dump(store, &rows);
        bool same = str_eq(buf_str(&rows), buf_str(whole));
        store_close(store);
        if (!same && !told && !bad && !torn)
            wrong_outcome(name, where, bit, "rows are missing and nobody said so");
        outcome->told += !same;
        outcome->harmless += same;
    }
    if (repairing)
        try_repair(path, bad, name, where, bit, outcome);
    buf_free(&rows);
    assert_int_equal(copy_remove(path), 0);
    assert_int_equal(copy_remove(opened), 0);
}

static unsigned flips = FLIPS, seed = 1;

static void a_flipped_bit_is_refused_or_told_and_can_be_repaired(void **state)
{
    struct room *room = *state;
    char names[64][64];
    struct buf whole = BUF_NONE;
    struct outcome outcome = {0};
    fill(room);
    struct store *store = NULL;
    const struct store_options look = {.path = room->path, .read_only = true};
    assert_int_equal(store_open(&look, &store, room->why), 0);
    assert_false(dump(store, &whole));
    store_close(store);
    size_t count = list_files(room->path, names, ARRAY_LEN(names));
    assert_true(count > 10);
    for (unsigned i = 0; i < flips; i++) {
        double where = (double)rand_r(&seed) / ((double)RAND_MAX + 1);
        try_flip(room, &whole, names[i % count], where, (unsigned)rand_r(&seed) % 8,
                 i / count % REPAIR_EACH == 0, &outcome);
    }
    print_message(
        "%u flips: %u refused, %u opened with the damage told, %u harmless; %u repaired\n", flips,
        outcome.refused, outcome.told, outcome.harmless, outcome.repaired);
    assert_true(outcome.refused > 0 && outcome.repaired > flips / REPAIR_EACH / 2);
    buf_free(&whole);
}

int main(int argc, char **argv)
{
    uint64_t n;
    if (argc >= 3 && strcmp(argv[1], "flips") == 0 && str_u64(str_of(argv[2]), &n) == 0)
        flips = (unsigned)n;
    if (argc >= 4 && str_u64(str_of(argv[3]), &n) == 0)
        seed = (unsigned)n;
    const struct CMUnitTest tests[] = {
        IN_ROOM(a_flipped_bit_is_refused_or_told_and_can_be_repaired),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
