/*
 * store_kill ROUNDS [SEED]: kill -9 in the middle of committing.
 *
 * A child commits numbered rows to one state and tells each row that became durable through a pipe;
 * it is killed at a random moment; the state is opened again and must hold
 *   - every row that was told durable, with its payload (conservation, integrity),
 *   - nothing that was not committed, and a row whole or not at all (no invention, atomicity),
 *   - numbers that balance: accepted = queued + done + dead.
 * The same state goes through all rounds, so that recovery meets what recovery left. The number of
 * rows that were told is checked as well: a run that tested nothing fails.
 *
 * Its halves alone, for other faults than a kill: `store_kill child STATE` writes until it is stopped,
 * 8 bytes to standard output for each row that is durable; `store_kill judge STATE LAST` judges.
 */
#include <errno.h>
#include <ev.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "store.h"
#include "str.h"

#define PAYLOAD_MAX 3000
#define IN_FLIGHT   200
#define MOMENT_MS   60 /* the kill comes within, counted from the first row told */

static void die(const char *what)
{
    fprintf(stderr, "store_kill: %s\n", what);
    exit(1);
}

/* ---- rows: all of a row follows from its number */

static size_t payload_of(uint64_t n, char out[PAYLOAD_MAX])
{
    size_t len = 20 + (size_t)(n * 2654435761u % (PAYLOAD_MAX - 20));
    memset(out, 'a' + (int)(n % 26), len);
    int written = snprintf(out, 21, "%020llu", (unsigned long long)n);
    out[written] = '.';
    return len;
}

/* Every third is done, every hundredth dead, at once; the rest stays queued. */
static bool is_done(uint64_t n)
{
    return n % 3 == 0 && n % 100 != 0;
}

static bool is_dead(uint64_t n)
{
    return n % 100 == 0;
}

static void uri_of(uint64_t n, char out[32])
{
    snprintf(out, 32, "urn:row:%llu", (unsigned long long)n);
}

/* ---- the child */

struct child {
    struct ev_loop *loop;
    struct store *store;
    int told_fd;
    uint64_t next, in_flight;
};

struct row {
    struct child *child;
    uint64_t n;
};

static void commit_more(struct child *child);

static void on_durable(void *ctx)
{
    struct row *row = ctx;
    struct child *child = row->child;
    if (write(child->told_fd, &row->n, sizeof row->n) != sizeof row->n)
        _exit(3);
    free(row);
    child->in_flight--;
    commit_more(child);
}

static void row_put(struct store_change *change, struct store_numbers *numbers, uint64_t n)
{
    char payload[PAYLOAD_MAX], uri[32];
    struct str work = {payload, payload_of(n, payload)};
    uint8_t id[16] = {0};
    memcpy(id, &n, sizeof n);
    uri_of(n, uri);
    store_queue_put(change, n, work);
    store_put_seen(change, id, str_of(uri));
    numbers->accepted++;
    numbers->next_queue_id = n + 1;
    if (is_dead(n)) {
        store_queue_bury(change, n, &(struct store_dead){.reason = STR("poison"), .work = work});
        numbers->dead++;
    } else if (is_done(n)) {
        store_queue_drop(change, n, true);
        store_put_result(change, &(struct store_result){.seq = numbers->next_seq++,
                                                        .at = (int64_t)n,
                                                        .topic = STR("t"),
                                                        .uri = str_of(uri),
                                                        .version = STR("1"),
                                                        .record = work});
        numbers->done++;
    }
    store_set_numbers(change, numbers);
}

static void commit_more(struct child *child)
{
    while (child->in_flight < IN_FLIGHT) {
        struct store_numbers numbers;
        store_numbers(child->store, &numbers);
        struct row *row = xmalloc(sizeof *row);
        *row = (struct row){child, child->next++};
        struct store_change *change = store_change_new(child->store);
        row_put(change, &numbers, row->n);
        child->in_flight++;
        store_commit(child->store, &change, on_durable, row);
    }
}

static int child_main(const char *path, int told_fd)
{
    struct child child = {.loop = ev_loop_new(EVFLAG_AUTO), .told_fd = told_fd};
    struct store_options options = {.path = path, .loop = child.loop};
    char why[STORE_WHY];
    if (store_open(&options, &child.store, why) < 0) {
        fprintf(stderr, "store_kill: %s\n", why);
        return 2;
    }
    struct store_numbers numbers;
    store_numbers(child.store, &numbers);
    child.next = numbers.next_queue_id;
    commit_more(&child);
    ev_run(child.loop, 0);
    return 0;
}

/* ---- the judge */

struct judge {
    struct store *store;
    uint64_t queued, dead, results, last_id;
    const char *wrong;
};

static int judge_payload(struct judge *judge, uint64_t n, struct str work)
{
    char payload[PAYLOAD_MAX];
    if (!str_eq(work, (struct str){payload, payload_of(n, payload)}))
        judge->wrong = "a payload changed";
    return 0;
}

static int judge_queued(void *ctx, uint64_t id, struct store_tries tries, struct str work)
{
    struct judge *judge = ctx;
    judge->queued++;
    if (is_done(id) || is_dead(id) || tries.deliveries > 0)
        judge->wrong = "a row is queued that is done or dead";
    if (id <= judge->last_id)
        judge->wrong = "the queue is not in order";
    judge->last_id = id;
    return judge_payload(judge, id, work);
}

static int judge_dead(void *ctx, uint64_t id, const struct store_dead *dead)
{
    struct judge *judge = ctx;
    judge->dead++;
    if (!is_dead(id) || !str_is(dead->reason, "poison"))
        judge->wrong = "a row is dead that should not be";
    return judge_payload(judge, id, dead->work);
}

static int judge_result(void *ctx, const struct store_result *result)
{
    struct judge *judge = ctx;
    uint64_t seq = 0;
    judge->results++;
    if (result->seq != judge->results || !is_done((uint64_t)result->at))
        judge->wrong = "results have a gap or an invention";
    if (store_result_of(judge->store, result->uri, result->version, &seq) < 0 || seq != result->seq)
        judge->wrong = "a result is not recorded";
    return judge_payload(judge, (uint64_t)result->at, result->record);
}

static void judge_seen(struct judge *judge, uint64_t rows)
{
    struct buf entry = BUF_NONE;
    for (uint64_t n = 1; n <= rows + 1; n++) {
        uint8_t id[16] = {0};
        memcpy(id, &n, sizeof n);
        buf_reset(&entry);
        bool there = store_get_seen(judge->store, id, &entry, NULL) == 0;
        if (there != (n <= rows))
            judge->wrong = "a row is there in part";
    }
    buf_free(&entry);
}

/* Gives the rows that the state holds. */
static uint64_t judge_state(const char *path, uint64_t told)
{
    struct judge judge = {0};
    struct store_options options = {.path = path};
    char why[STORE_WHY];
    if (store_open(&options, &judge.store, why) < 0)
        die(why);
    struct store_numbers numbers;
    store_numbers(judge.store, &numbers);
    if (store_each_queued(judge.store, judge_queued, &judge) < 0 ||
        store_each_dead(judge.store, 0, judge_dead, &judge) < 0 ||
        store_each_result(judge.store, 0, judge_result, &judge) < 0)
        judge.wrong = "the state cannot be read";
    judge_seen(&judge, numbers.accepted);
    if (numbers.accepted < told)
        judge.wrong = "a row that was told durable is lost";
    if (judge.queued + numbers.done + numbers.dead != numbers.accepted ||
        judge.dead != numbers.dead || judge.results != numbers.done ||
        numbers.next_seq != numbers.done + 1 || numbers.next_queue_id != numbers.accepted + 1)
        judge.wrong = "the numbers do not balance";
    store_close(judge.store);
    if (judge.wrong)
        die(judge.wrong);
    return numbers.accepted;
}

/* ---- rounds */

/* Reads what was told until the pipe ends; kills at the moment. Gives the last row told, 0 none. */
static uint64_t watch(pid_t child, int fd, int moment_ms)
{
    uint64_t n, last = 0;
    int64_t kill_at = 0;
    for (;;) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        int64_t left = kill_at ? (kill_at - clock_mono()) / USEC_PER_MSEC : 10000;
        if (kill_at >= 0 && (left <= 0 || poll(&p, 1, (int)left) == 0)) {
            kill(child, SIGKILL);
            kill_at = -1; /* what was told before the kill is still read */
        }
        ssize_t len = kill_at < 0 || p.revents ? read(fd, &n, sizeof n) : -1;
        if (len == 0)
            return last;
        if (len != sizeof n)
            continue;
        if (last > 0 && n != last + 1)
            die("rows were told out of order");
        last = n;
        if (kill_at == 0)
            kill_at = clock_mono() + moment_ms * USEC_PER_MSEC;
    }
}

/* The child is a new process image: RocksDB's threads do not live through a fork. */
static uint64_t run_round(const char *path, int moment_ms)
{
    int fds[2];
    if (pipe(fds) < 0)
        die("pipe");
    pid_t child = fork();
    if (child == 0) {
        if (dup2(fds[1], STDOUT_FILENO) < 0)
            _exit(4);
        close(fds[0]);
        close(fds[1]);
        execl("/proc/self/exe", "store_kill", "child", path, (char *)NULL);
        _exit(5);
    }
    close(fds[1]);
    uint64_t last = watch(child, fds[0], moment_ms);
    close(fds[0]);
    int status;
    if (waitpid(child, &status, 0) != child || !WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
        die("the child ended by itself");
    return last;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st, (void)type, (void)at;
    return remove(path);
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "child") == 0)
        return child_main(argv[2], STDOUT_FILENO);
    uint64_t rounds, known, seed = (uint64_t)clock_now();
    if (argc == 4 && strcmp(argv[1], "judge") == 0 && str_u64(str_of(argv[3]), &known) == 0) {
        printf("%llu\n", (unsigned long long)judge_state(argv[2], known));
        return 0;
    }
    if (argc < 2 || str_u64(str_of(argv[1]), &rounds) < 0 ||
        (argc > 2 && str_u64(str_of(argv[2]), &seed) < 0)) {
        fputs("usage: store_kill ROUNDS [SEED]\n", stderr);
        return 64;
    }
    char dir[] = "/tmp/store_kill.XXXXXX";
    if (!mkdtemp(dir))
        die("no directory");
    char *path = xasprintf("%s/state", dir);
    unsigned short random[3] = {(unsigned short)seed, (unsigned short)(seed >> 16),
                                (unsigned short)(seed >> 32)};
    uint64_t told = 0, before = 0, held = 0;
    for (uint64_t i = 0; i < rounds; i++) {
        uint64_t last = run_round(path, 1 + (int)(nrand48(random) % MOMENT_MS));
        if (last > 0)
            told += last - before;
        held = judge_state(path, last);
        if (held < before)
            die("rows of an earlier round are lost");
        before = held;
    }
    nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    free(path);
    printf("store_kill: %llu rounds, %llu rows told durable, %llu held, seed %llu\n",
           (unsigned long long)rounds, (unsigned long long)told, (unsigned long long)held,
           (unsigned long long)seed);
    return told > rounds ? 0 : 1;
}
