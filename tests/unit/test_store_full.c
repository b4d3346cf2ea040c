/* A small disk of its own (tmpfs, so root) fills up in the middle of commits and gets space again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <unistd.h>

#include "clock.h"
#include "store_help.h"

#define WORK      20000
#define PATIENCE  (60 * USEC_PER_SEC)
#define IN_FLIGHT 20

struct disk {
    struct room *room;
    char dir[72];
    struct ev_loop *loop;
    struct store *store;
    uint64_t committed, durable;
    unsigned full, room_again, failed;
    bool sources; /* rows whose memtable is small, so that flushes meet the full disk as well */
};

static void on_event(void *ctx, enum store_event_type event, int error)
{
    struct disk *disk = ctx;
    disk->full += event == STORE_FULL;
    disk->room_again += event == STORE_ROOM;
    disk->failed += event == STORE_FAILED;
    assert_int_equal(error, event == STORE_ROOM ? 0 : -ENOSPC);
}

static void on_durable(void *ctx)
{
    ((struct disk *)ctx)->durable++;
}

/* Bytes that do not compress. */
static struct str work_of(uint64_t n)
{
    static char bytes[WORK];
    uint64_t x = n * 0x9e3779b97f4a7c15 + 1;
    for (size_t i = 0; i < sizeof bytes; i++) {
        x = x * 6364136223846793005u + 1442695040888963407u;
        bytes[i] = (char)(x >> 56);
    }
    return (struct str){bytes, sizeof bytes};
}

static void commit_one(struct disk *disk)
{
    uint64_t n = ++disk->committed;
    char id[32];
    struct store_change *change = store_change_new(disk->store);
    snprintf(id, sizeof id, "s%llu", (unsigned long long)n);
    if (disk->sources)
        store_put_source(change, str_of(id), work_of(n));
    store_queue_put(change, n, disk->sources ? str_of(id) : work_of(n));
    assert_int_equal(store_commit(disk->store, &change, on_durable, disk), 0);
    if (disk->sources && n % 20 == 0)
        store_settle(disk->store);
}

static char *ballast_of(const struct disk *disk)
{
    return xasprintf("%s/ballast", disk->dir);
}

/* Flushes are met only where layers are frozen, and RocksDB wants more room to go on. */
static bool make_disk(struct disk *disk)
{
    const char *size = disk->sources ? "size=256m" : "size=64m";
    int ballast_mb = disk->sources ? 200 : 40;
    static const char bytes[1 << 20];
    snprintf(disk->dir, sizeof disk->dir, "%.60s/small", disk->room->dir);
    mkdir(disk->dir, 0700);
    if (mount("tmpfs", disk->dir, "tmpfs", 0, size) < 0)
        return false;
    char *ballast = ballast_of(disk);
    int fd = open(ballast, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    for (int i = 0; i < ballast_mb; i++)
        assert_int_equal(write(fd, bytes, sizeof bytes), sizeof bytes);
    close(fd);
    free(ballast);
    snprintf(disk->room->path, sizeof disk->room->path, "%s/state", disk->dir);
    return true;
}

static void run_until(struct disk *disk, const unsigned *event, bool committing)
{
    int64_t end = clock_mono() + PATIENCE;
    while (!*event && clock_mono() < end && !disk->failed) {
        while (committing && disk->committed < disk->durable + IN_FLIGHT && disk->committed < 4000)
            commit_one(disk);
        ev_run(disk->loop, EVRUN_ONCE);
    }
    assert_int_equal(disk->failed, 0);
    assert_true(*event > 0);
}

static void fill_up(struct disk *disk)
{
    disk->loop = ev_loop_new(EVFLAG_AUTO);
    assert_int_equal(store_open(&(struct store_options){.path = disk->room->path,
                                                        .loop = disk->loop,
                                                        .up = on_event,
                                                        .ctx = disk},
                                &disk->store, disk->room->why),
                     0);
    run_until(disk, &disk->full, true);
}

static int count_rows(void *ctx, uint64_t id, struct store_tries tries, struct str work)
{
    struct disk *disk = ctx;
    (void)tries;
    disk->durable++;
    assert_int_equal(id, disk->durable);
    assert_true(disk->sources || str_eq(work, work_of(id)));
    return 0;
}

static void end_disk(struct disk *disk)
{
    if (disk->loop)
        ev_loop_destroy(disk->loop);
    assert_int_equal(umount2(disk->dir, MNT_DETACH), 0);
}

static void fill_and_free(struct room *room, bool sources)
{
    struct disk disk = {.room = room, .sources = sources};
    if (!make_disk(&disk))
        skip();
    fill_up(&disk);
    uint64_t durable = disk.durable;
    assert_true(durable > 0 && (sources || durable < disk.committed));
    for (int i = 0; i < 10; i++)
        commit_one(&disk);
    char *ballast = ballast_of(&disk);
    assert_int_equal(unlink(ballast), 0);
    free(ballast);
    run_until(&disk, &disk.room_again, false);
    while (disk.durable < disk.committed)
        ev_run(disk.loop, EVRUN_ONCE);
    assert_true(sources ? disk.full > 0 : disk.full == 1);
    store_close(disk.store);
    uint64_t committed = disk.committed;
    disk.durable = 0;
    disk.store = open_plain(room);
    assert_int_equal(store_each_queued(disk.store, count_rows, &disk), 0);
    assert_int_equal(disk.durable, committed);
    store_close(disk.store);
    end_disk(&disk);
}

static void a_full_disk_is_waited_for_and_nothing_is_lost(void **state)
{
    fill_and_free(*state, false);
}

static void a_disk_that_fills_up_under_a_flush_is_waited_for_as_well(void **state)
{
    fill_and_free(*state, true);
}

static void a_close_on_a_full_disk_ends_and_keeps_what_was_durable(void **state)
{
    struct disk disk = {.room = *state};
    if (!make_disk(&disk))
        skip();
    fill_up(&disk);
    uint64_t durable = disk.durable;
    store_close(disk.store);
    assert_int_equal(disk.failed, 1);
    assert_int_equal(disk.durable, durable);
    end_disk(&disk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_ROOM(a_full_disk_is_waited_for_and_nothing_is_lost),
        IN_ROOM(a_disk_that_fills_up_under_a_flush_is_waited_for_as_well),
        IN_ROOM(a_close_on_a_full_disk_ends_and_keeps_what_was_durable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
