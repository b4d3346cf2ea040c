/*
 * Records as lines of one file that all workers of a host share.
 *
 *     records.jsonl            being written: O_APPEND under flock
 *     records.jsonl.1 … .N     rotated, .1 the newest
 *
 * Invariants, whoever dies when:
 *  (1) A file is written, cut and rotated only by who holds its lock and has seen, under the lock,
 * that the path still names it. (2) Under the lock the file ends with a newline: what a crash left
 * half written is cut first, what a full disk left half written is cut at once. (3) Before writing,
 * a worker has read every line that others wrote since it last looked; so a key that is in the
 *      files (the newest ones, see keys.h) is not written again.
 */
#include "sink.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "keys.h"
#include "limits.h"

#define LOCK_WAIT_US (2 * USEC_PER_SEC) /* then it is called busy, and tried again later */
#define LOCK_NAP_NS  2000000L
#define READ_BYTES   (1UL << 20)
#define SCAN_MAX     (1LL << 30) /* bytes of the newest lines that are read at open */
#define OPEN_TRIES   100         /* the path may be rotated between open and lock; not so often */

struct jsonl {
    char *path;
    struct sink_config config;
    int fd; /* -1: none */
    struct stat opened;
    off_t read_to;    /* lines before it are in keys (3) */
    struct stat left; /* the file we had before; no file at first */
    bool behind;      /* files newer than it may have been rotated away meanwhile */
    struct keys keys;
    struct buf batch; /* lines with newlines */
    uint64_t *batch_keys;
    size_t batch_count, batch_cap;
    bool unsynced;
    int64_t synced_at; /* monotonic */
};

/* ----------------------------------------------------------------------------------- reading */

/* Adds the keys of all whole lines in [from, to) and gives the offset behind the last. */
static int scan(int fd, off_t from, off_t to, struct keys *keys, off_t *out)
{
    struct buf b = BUF_NONE;
    int r = 0;
    while (from + (off_t)b.len < to) {
        buf_reserve(&b, READ_BYTES);
        off_t left = to - from - (off_t)b.len;
        ssize_t n = pread(fd, b.at + b.len, left < (off_t)READ_BYTES ? (size_t)left : READ_BYTES,
                          from + (off_t)b.len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            r = n < 0 ? -errno : 0;
            break;
        }
        b.len += (size_t)n;
        struct str rest = buf_str(&b), line;
        size_t end;
        uint64_t key;
        while ((end = str_chr(rest, '\n')) != SIZE_MAX) {
            line = str_upto(rest, end);
            if (keys_of_line(line, &key))
                keys_add(keys, key);
            rest = str_from(rest, end + 1);
        }
        from += (off_t)(b.len - rest.len);
        if (rest.len > 0)
            memmove(b.at, rest.at, rest.len);
        b.len = rest.len;
    }
    buf_free(&b);
    if (r == 0)
        *out = from;
    return r;
}

static char *rotated(const struct jsonl *j, unsigned n)
{
    return n == 0 ? xstrdup(j->path) : xasprintf("%s.%u", j->path, n);
}

static bool same_file(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* A rotated file's newest lines; that it is not there, or cannot be read, costs memory of old keys
 * only. */
static void scan_rotated(struct jsonl *j, unsigned n)
{
    struct stat st;
    char *path = rotated(j, n);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    free(path);
    if (fd < 0)
        return;
    off_t end;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
        (void)scan(fd, st.st_size > SCAN_MAX ? st.st_size - SCAN_MAX : 0, st.st_size, &j->keys,
                   &end);
    (void)close(fd);
}

/* Under the lock of the path's file, so that no name moves. Others rotated: the file we had may be
 * .1 by now, or .3, and those between it and the path are new to us; at open all are, as far as
 * SCAN_MAX reaches. */
static void catch_up(struct jsonl *j)
{
    struct stat st;
    unsigned unknown = 0;
    for (off_t bytes = 0; unknown < j->config.rotate_keep && bytes < SCAN_MAX; unknown++) {
        char *path = rotated(j, unknown + 1);
        bool there = stat(path, &st) == 0;
        free(path);
        if (there && same_file(&st, &j->left))
            break;
        bytes += there ? st.st_size : 0; /* a crash while names moved leaves a gap */
    }
    for (; unknown > 0; unknown--) /* the oldest first: the newest keys are kept longest */
        scan_rotated(j, unknown);
    j->behind = false;
}

/* ----------------------------------------------------------------------------------- locking */

static int lock(int fd)
{
    const struct timespec nap = {0, LOCK_NAP_NS};
    for (int64_t waited = 0; flock(fd, LOCK_EX | LOCK_NB) != 0; waited += LOCK_NAP_NS / 1000) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return -errno;
        if (waited >= LOCK_WAIT_US)
            return -EAGAIN;
        (void)nanosleep(&nap, NULL);
    }
    return 0;
}

static void sync_directory(const char *path)
{
    char *dir = xstrdup(path), *slash = strrchr(dir, '/');
    if (slash)
        slash[slash == dir] = '\0';
    int fd = open(slash ? dir : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        (void)fsync(fd);
        (void)close(fd);
    }
    free(dir);
}

static int open_path(struct jsonl *j)
{
    j->fd = open(j->path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
    if (j->fd < 0)
        return -errno;
    if (fstat(j->fd, &j->opened) != 0 || !S_ISREG(j->opened.st_mode)) {
        (void)close(j->fd);
        j->fd = -1;
        return -EINVAL;
    }
    j->read_to = j->opened.st_size > SCAN_MAX ? j->opened.st_size - SCAN_MAX : 0;
    if (j->opened.st_size == 0 && j->config.fsync != SINK_FSYNC_NEVER)
        sync_directory(j->path);
    return 0;
}

/* Reads the last of a file that is no longer the path's, and lets it and its lock go. */
static void leave(struct jsonl *j)
{
    struct stat st;
    if (fstat(j->fd, &st) == 0)
        (void)scan(j->fd, j->read_to, st.st_size, &j->keys, &j->read_to);
    (void)close(j->fd);
    j->fd = -1;
    if (!j->behind)
        j->left = j->opened;
    j->behind = true;
}

/* Holds (1): the lock of the file that the path names. */
static int enter(struct jsonl *j)
{
    struct stat st;
    for (int i = 0; i < OPEN_TRIES; i++) {
        int r = j->fd < 0 ? open_path(j) : 0;
        if (r != 0 || (r = lock(j->fd)) != 0)
            return r;
        if (stat(j->path, &st) == 0 && same_file(&st, &j->opened)) {
            if (j->behind)
                catch_up(j);
            return 0;
        }
        leave(j);
    }
    return -EAGAIN;
}

/* Offset behind the last newline before `end`. */
static off_t whole_lines(int fd, off_t end)
{
    char block[4096];
    while (end > 0) {
        size_t len = end < (off_t)sizeof(block) ? (size_t)end : sizeof(block);
        if (pread(fd, block, len, end - (off_t)len) != (ssize_t)len)
            return -1;
        const char *newline = memrchr(block, '\n', len);
        if (newline)
            return end - (off_t)len + (newline - block) + 1;
        end -= (off_t)len;
    }
    return 0;
}

/* Makes (2) and (3) true; the file's size in *size_out. */
static int settle(struct jsonl *j, off_t *size_out)
{
    struct stat st;
    if (fstat(j->fd, &st) != 0)
        return -errno;
    off_t whole = whole_lines(j->fd, st.st_size);
    if (whole < 0 || (whole < st.st_size && ftruncate(j->fd, whole) != 0))
        return whole < 0 ? -EIO : -errno;
    if (j->read_to > whole) /* cut by somebody else's hand: what we read there may be gone */
        j->read_to = whole;
    int r = scan(j->fd, j->read_to, whole, &j->keys, &j->read_to);
    if (r == 0)
        *size_out = whole;
    return r;
}

/* ---------------------------------------------------------------------------------- rotating */

static bool too_old(const struct jsonl *j)
{
    struct statx sx;
    if (j->config.rotate_age_us <= 0 || statx(j->fd, "", AT_EMPTY_PATH, STATX_BTIME, &sx) != 0 ||
        !(sx.stx_mask & STATX_BTIME))
        return false;
    return clock_now() - (int64_t)sx.stx_btime.tv_sec * USEC_PER_SEC >= j->config.rotate_age_us;
}

static bool must_rotate(const struct jsonl *j, off_t size, size_t more)
{
    if (size == 0 || more == 0)
        return false;
    bool too_big = j->config.rotate_bytes > 0 && (uint64_t)size + more > j->config.rotate_bytes;
    return too_big || too_old(j);
}

/* Under the lock. Each name moves up by one, the last one falls off; then a new file is entered. */
static int rotate(struct jsonl *j)
{
    if (j->config.fsync != SINK_FSYNC_NEVER && fdatasync(j->fd) != 0)
        return -errno;
    int r = 0;
    for (unsigned n = j->config.rotate_keep; r == 0 && n > 0; n--) {
        char *from = rotated(j, n - 1), *to = rotated(j, n);
        if (rename(from, to) != 0 && errno != ENOENT)
            r = -errno;
        free(from);
        free(to);
    }
    if (r == 0 && j->config.rotate_keep == 0 && unlink(j->path) != 0)
        r = -errno;
    if (r != 0)
        return r;
    leave(j);
    return enter(j);
}

/* ----------------------------------------------------------------------------------- writing */

static int write_all(int fd, struct str bytes)
{
    while (bytes.len > 0) {
        ssize_t n = write(fd, bytes.at, bytes.len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? -errno : -EIO;
        bytes = str_from(bytes, (size_t)n);
    }
    return 0;
}

/* The batch's lines that are not in the files yet. A key twice in one batch is written once. */
static void pick_new(struct jsonl *j, struct buf *out)
{
    struct str rest = buf_str(&j->batch), line;
    struct keys mine;
    keys_init(&mine, LIMIT_SINK_KEYS);
    for (size_t i = 0; i < j->batch_count && str_cut(&rest, '\n', &line); i++) {
        uint64_t key = j->batch_keys[i];
        if (keys_has(&j->keys, key) || keys_has(&mine, key))
            continue;
        keys_add(&mine, key);
        buf_puts(out, line);
        buf_putc(out, '\n');
    }
    keys_done(&mine);
}

static int sync_if_due(struct jsonl *j)
{
    int64_t interval = j->config.fsync_interval_us > 0 ? j->config.fsync_interval_us : USEC_PER_SEC;
    bool due = j->config.fsync == SINK_FSYNC_ALWAYS ||
               (j->config.fsync == SINK_FSYNC_INTERVAL && clock_mono() - j->synced_at >= interval);
    if (!j->unsynced || !due || j->fd < 0)
        return 0;
    if (fdatasync(j->fd) != 0)
        return -errno;
    j->unsynced = false;
    j->synced_at = clock_mono();
    return 0;
}

/* Under the lock, file settled and `size` long. On failure the file is as long as before (2). */
static int append(struct jsonl *j, struct str lines, off_t size)
{
    int r = write_all(j->fd, lines);
    j->unsynced |= lines.len > 0;
    if (r == 0)
        r = sync_if_due(j);
    if (r != 0)
        (void)!ftruncate(j->fd, size); /* when this fails too, the next to come cuts what is torn */
    return r;
}

static void forget_batch(struct jsonl *j)
{
    buf_reset(&j->batch);
    j->batch_count = 0;
}

/* Under the lock. */
static int write_batch(struct jsonl *j)
{
    struct buf lines = BUF_NONE;
    off_t size = 0;
    int r = settle(j, &size);
    if (r == 0)
        pick_new(j, &lines);
    if (r == 0 && must_rotate(j, size, lines.len) && (r = rotate(j)) == 0 &&
        (r = settle(j, &size)) == 0) {
        buf_reset(&lines); /* between the two files the lock was free */
        pick_new(j, &lines);
    }
    if (r == 0)
        r = append(j, buf_str(&lines), size);
    buf_free(&lines);
    return r;
}

static int jsonl_flush(void *state)
{
    struct jsonl *j = state;
    if (j->batch_count == 0)
        return sync_if_due(j);
    int r = enter(j);
    if (r == 0)
        r = write_batch(j);
    if (j->fd >= 0)
        (void)flock(j->fd, LOCK_UN);
    forget_batch(j); /* what was written is read back with everybody else's, next time */
    return r;
}

static int jsonl_put(void *state, const struct sink_record *record)
{
    struct jsonl *j = state;
    uint64_t key;
    if (str_chr(record->json, '\n') != SIZE_MAX || !keys_of_line(record->json, &key)) {
        forget_batch(j);
        return -EBADMSG;
    }
    if (j->batch_count == j->batch_cap) {
        j->batch_cap = j->batch_cap ? j->batch_cap * 2 : 64;
        j->batch_keys = xrealloc(j->batch_keys, j->batch_cap * sizeof(*j->batch_keys));
    }
    j->batch_keys[j->batch_count++] = key;
    buf_puts(&j->batch, record->json);
    buf_putc(&j->batch, '\n');
    return 0;
}

/* ----------------------------------------------------------------------------------- opening */

static void jsonl_close(void *state)
{
    struct jsonl *j = state;
    if (!j)
        return;
    if (j->fd >= 0) {
        if (j->unsynced && j->config.fsync != SINK_FSYNC_NEVER)
            (void)fdatasync(j->fd);
        (void)close(j->fd);
    }
    keys_done(&j->keys);
    buf_free(&j->batch);
    free(j->batch_keys);
    free(j->path);
    free(j);
}

static int jsonl_open(const struct sink_config *config, char why[SINK_WHY], void **state)
{
    struct jsonl *j = xcalloc(1, sizeof(*j));
    off_t size;
    j->path = xstrdup(config->path);
    j->config = *config;
    j->config.kind = j->config.path = NULL; /* lent to us for this call only */
    j->fd = -1;
    j->behind = true;
    keys_init(&j->keys, LIMIT_SINK_KEYS);
    int r = enter(j);
    if (r == 0)
        r = settle(j, &size);
    if (r != 0) {
        (void)snprintf(why, SINK_WHY, "%.400s: %s", j->path, strerror(-r));
        jsonl_close(j);
        return r;
    }
    (void)flock(j->fd, LOCK_UN);
    *state = j;
    return 0;
}

const struct sink_kind sink_jsonl = {
    .name = "jsonl",
    .open = jsonl_open,
    .put = jsonl_put,
    .flush = jsonl_flush,
    .close = jsonl_close,
};
