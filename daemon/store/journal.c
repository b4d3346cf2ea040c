#include "journal.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "inside.h"
#include "journal_inside.h"
#include "limits.h"

#define SPARE     "spare" JOURNAL_SUFFIX /* filled with zeros */
#define FILLING   "spare.new"
#define DONE_KEPT (LIMIT_STORE_JOURNAL / LIMIT_STORE_LAYER + 1) /* more came of a stall */
#define FILL_STEP (512U << 10) /* bytes a sync: the writer's own come in between */

struct segment {
    uint64_t first, last; /* numbers of its records; last < first: none yet, or not known */
    uint64_t bytes;       /* that are written */
    struct segment *next;
};

struct journal {
    char *path;
    int dir, fd;  /* fd: of the current segment; -1: the next record begins one */
    bool growing; /* it is no file that was written before */
    uint64_t next, salt;
    struct buf record; /* as it is written, in one piece */
    pthread_mutex_t lock;
    /* under the lock; lists oldest first */
    struct segment *segments;
    struct segment *current; /* what fd belongs to, NULL: -1 */
    struct segment *done;    /* to be used again, under the names that they have */
    bool spare;              /* SPARE is there */
};

/* The one that begins with this record; made when there is none. */
static struct segment *segment_of(struct journal *journal, uint64_t first)
{
    struct segment **at = &journal->segments;
    while (*at && (*at)->first < first)
        at = &(*at)->next;
    if (!*at || (*at)->first != first) {
        struct segment *segment = xcalloc(1, sizeof *segment);
        segment->first = first;
        segment->next = *at;
        *at = segment;
    }
    return *at;
}

static struct segment *pop(struct segment **list)
{
    struct segment *segment = *list;
    if (segment)
        *list = segment->next;
    return segment;
}

static void count_old(struct journal *journal)
{
    uint64_t first;
    struct stat st;
    DIR *dir = opendir(journal->path);
    for (struct dirent *e; dir && (e = readdir(dir));)
        if (segment_first(e->d_name, &first) == 0 && fstatat(dirfd(dir), e->d_name, &st, 0) == 0)
            segment_of(journal, first)->bytes = (uint64_t)st.st_size;
    if (dir)
        closedir(dir);
    for (struct segment *s = journal->segments; s; s = s->next)
        s->last = (s->next ? s->next->first : journal->next) - 1;
}

int journal_open(const char *path, uint64_t next, struct journal **out)
{
    int dir = open(path, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
    if (dir < 0)
        return -errno;
    struct journal *journal = xcalloc(1, sizeof *journal);
    journal->path = xstrdup(path);
    journal->dir = dir;
    journal->fd = -1;
    journal->next = next;
    pthread_mutex_init(&journal->lock, NULL);
    count_old(journal);
    journal->spare = faccessat(dir, SPARE, F_OK, 0) == 0;
    *out = journal;
    return 0;
}

static void remove_segment(struct journal *journal, struct segment *segment)
{
    char name[SEGMENT_NAME];
    segment_name(segment->first, name);
    unlinkat(journal->dir, name, 0); /* one that stays is passed over at the next start */
    free(segment);
}

void journal_close(struct journal *journal)
{
    struct segment *segment;
    if (!journal)
        return;
    journal_rotate(journal);
    while ((segment = pop(&journal->done)))
        remove_segment(journal, segment);
    while ((segment = pop(&journal->segments)))
        free(segment);
    unlinkat(journal->dir, SPARE, 0);
    unlinkat(journal->dir, FILLING, 0);
    close(journal->dir);
    pthread_mutex_destroy(&journal->lock);
    buf_free(&journal->record);
    free(journal->path);
    free(journal);
}

/* ---- segments */

void journal_rotate(struct journal *journal)
{
    if (journal->fd >= 0)
        close(journal->fd);
    journal->fd = -1;
    pthread_mutex_lock(&journal->lock);
    journal->current = NULL;
    pthread_mutex_unlock(&journal->lock);
}

/* Under the lock. Gives an old file the new name; false: there is none. */
static bool use_again(struct journal *journal, const char *name)
{
    char old[SEGMENT_NAME] = SPARE;
    struct segment *segment = pop(&journal->done);
    if (segment)
        segment_name(segment->first, old);
    else if (!journal->spare)
        return false;
    else
        journal->spare = false;
    free(segment);
    return renameat(journal->dir, old, journal->dir, name) == 0;
}

static uint64_t new_salt(void)
{
    uint64_t salt;
    if (getrandom(&salt, sizeof salt, 0) != sizeof salt)
        salt = (uint64_t)clock_now(); /* it has to be another one, not a secret */
    return salt;
}

/* A file of that name can only be one of which nothing was taken: it would have been read. */
static int segment_begin(struct journal *journal)
{
    char name[SEGMENT_NAME];
    segment_name(journal->next, name);
    pthread_mutex_lock(&journal->lock);
    bool again = use_again(journal, name);
    pthread_mutex_unlock(&journal->lock);
    int fd =
        openat(journal->dir, name, O_WRONLY | O_CREAT | O_CLOEXEC | (again ? 0 : O_TRUNC), 0640);
    if (fd < 0)
        return -errno;
    if (fsync(journal->dir) < 0) {
        int error = -errno;
        close(fd);
        return error;
    }
    journal->fd = fd;
    journal->growing = !again;
    journal->salt = new_salt();
    pthread_mutex_lock(&journal->lock);
    journal->current = segment_of(journal, journal->next);
    journal->current->bytes = 0;
    journal->current->last = journal->next - 1;
    pthread_mutex_unlock(&journal->lock);
    return 0;
}

/* Without one, or when it grows and need not. */
static bool wants_segment(struct journal *journal)
{
    if (journal->fd >= 0 && journal->growing) {
        pthread_mutex_lock(&journal->lock);
        bool better = journal->done || journal->spare;
        pthread_mutex_unlock(&journal->lock);
        if (better)
            journal_rotate(journal);
    }
    return journal->fd < 0;
}

/* ---- writing */

/* Gives how many of its bytes count: the end is written over. */
static size_t record_put(struct journal *journal, const struct str *parts, size_t count)
{
    static const char end[RECORD_END];
    struct buf *record = &journal->record;
    uint8_t first[SEGMENT_HEAD], head[RECORD_HEAD] = {0};
    buf_reset(record);
    if (journal->current->bytes == 0) {
        segment_write(first, journal->salt, journal->next);
        buf_put(record, first, sizeof first);
    }
    size_t at = record->len;
    buf_put(record, head, sizeof head);
    for (size_t i = 0; i < count; i++)
        buf_puts(record, parts[i]);
    struct str rows = str_from(buf_str(record), at + RECORD_HEAD);
    assert(rows.len <= UINT32_MAX);
    record_write(head, journal->salt, journal->next, rows);
    memcpy(record->at + at, head, sizeof head);
    buf_put(record, end, sizeof end);
    return record->len - sizeof end;
}

static int write_all(int fd, struct str bytes, off_t at)
{
    while (bytes.len > 0) {
        ssize_t n = pwrite(fd, bytes.at, bytes.len, at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        bytes = str_from(bytes, (size_t)n);
        at += n;
    }
    return fdatasync(fd) < 0 ? -errno : 0;
}

/* What was written of a record that did not fit is taken back; the pages of it that failed go with it. */
static int take_back(struct journal *journal, uint64_t bytes, int error)
{
    if (error != -ENOSPC && error != -EDQUOT)
        return error;
    return ftruncate(journal->fd, (off_t)bytes) < 0 ? -errno : -ENOSPC;
}

int journal_append(struct journal *journal, const struct str *parts, size_t count,
                   uint64_t *out_number)
{
    int error = wants_segment(journal) ? segment_begin(journal) : 0;
    if (error < 0)
        return error == -EDQUOT ? -ENOSPC : error;
    struct segment *segment = journal->current; /* nobody else frees it */
    size_t len = record_put(journal, parts, count);
    error = write_all(journal->fd, buf_str(&journal->record), (off_t)segment->bytes);
    if (error < 0)
        return take_back(journal, segment->bytes, error);
    pthread_mutex_lock(&journal->lock);
    segment->bytes += len;
    segment->last = journal->next;
    pthread_mutex_unlock(&journal->lock);
    *out_number = journal->next++;
    return 0;
}

/* ---- beside it */

void journal_trim(struct journal *journal, uint64_t applied)
{
    pthread_mutex_lock(&journal->lock);
    struct segment **end = &journal->done;
    while (*end)
        end = &(*end)->next;
    while (journal->segments && journal->segments->last <= applied &&
           journal->segments->first <= applied && journal->segments != journal->current) {
        *end = pop(&journal->segments);
        (*end)->next = NULL;
        end = &(*end)->next;
    }
    unsigned kept = 0;
    for (end = &journal->done; *end; kept++)
        if (kept < DONE_KEPT)
            end = &(*end)->next;
        else
            remove_segment(journal, pop(end));
    pthread_mutex_unlock(&journal->lock);
}

static bool has_one_waiting(struct journal *journal)
{
    pthread_mutex_lock(&journal->lock);
    bool has = journal->done || journal->spare;
    pthread_mutex_unlock(&journal->lock);
    return has;
}

static int fill(int fd, size_t bytes)
{
    static const char zeros[FILL_STEP];
    int error = 0;
    for (size_t at = 0; error == 0 && at < bytes; at += sizeof zeros)
        error = write_all(fd, (struct str){zeros, sizeof zeros}, (off_t)at);
    return error;
}

void journal_prepare(struct journal *journal, size_t bytes)
{
    if (has_one_waiting(journal) || place_free(journal->path) < LIMIT_STORE_PLENTY)
        return;
    int fd = openat(journal->dir, FILLING, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
    if (fd < 0)
        return;
    int error = fill(fd, bytes);
    close(fd);
    if (error < 0 || renameat(journal->dir, FILLING, journal->dir, SPARE) < 0) {
        unlinkat(journal->dir, FILLING, 0);
        return;
    }
    pthread_mutex_lock(&journal->lock);
    journal->spare = true;
    pthread_mutex_unlock(&journal->lock);
}

uint64_t journal_bytes(struct journal *journal)
{
    uint64_t bytes = 0;
    pthread_mutex_lock(&journal->lock);
    for (const struct segment *s = journal->segments; s; s = s->next)
        bytes += s->bytes;
    pthread_mutex_unlock(&journal->lock);
    return bytes;
}
