#include "journal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include "inside.h"
#include "journal_inside.h"

/* ---- how it looks */

static uint64_t hash_of(uint64_t number, struct str rows)
{
    return XXH3_64bits_withSeed(rows.at, rows.len, number ^ (uint64_t)rows.len << 40);
}

static void put_le(uint8_t *out, uint64_t n, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        out[i] = (uint8_t)(n >> (8 * i));
}

void record_write(uint8_t out[RECORD_HEAD], uint64_t number, struct str rows)
{
    memcpy(out, RECORD_MAGIC, 4);
    put_le(out + 4, rows.len, 4);
    put_le(out + 8, number, 8);
    put_le(out + 16, hash_of(number, rows), 8);
}

int record_read(struct str bytes, struct record_head *out)
{
    uint64_t len, number, hash;
    if (!str_starts(bytes, STR(RECORD_MAGIC)))
        return -EBADMSG;
    struct str rest = str_from(bytes, 4);
    if (!str_take_le(&rest, 4, &len) || !str_take_le(&rest, 8, &number) ||
        !str_take_le(&rest, 8, &hash))
        return -EBADMSG;
    *out = (struct record_head){(uint32_t)len, number, hash};
    return 0;
}

bool record_matches(const struct record_head *head, struct str rows)
{
    return rows.len == head->len && hash_of(head->number, rows) == head->hash;
}

void segment_name(uint64_t first, char out[SEGMENT_NAME])
{
    snprintf(out, SEGMENT_NAME, "%016llx" JOURNAL_SUFFIX, (unsigned long long)first);
}

int segment_first(const char *name, uint64_t *out)
{
    struct str text = str_of(name);
    uint64_t first = 0;
    if (text.len != 16 + strlen(JOURNAL_SUFFIX) || !str_ends(text, STR(JOURNAL_SUFFIX)))
        return -EINVAL;
    for (size_t i = 0; i < 16; i++) {
        int digit = str_hex(name[i]);
        if (digit < 0)
            return -EINVAL;
        first = first << 4 | (unsigned)digit;
    }
    *out = first;
    return 0;
}

/* ---- writing */

struct segment {
    uint64_t first, last; /* numbers of its records; last < first: none yet, or not known */
    uint64_t bytes;
    struct segment *next;
};

struct journal {
    char *path;
    int dir, fd; /* fd: of the newest segment; -1: the next record begins one */
    uint64_t next;
    struct buf record; /* head and rows, so that they go in one write */
    pthread_mutex_t lock;
    /* under the lock */
    struct segment *segments; /* oldest first */
    struct segment *current;  /* what fd belongs to, NULL: -1 */
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
    *out = journal;
    return 0;
}

void journal_close(struct journal *journal)
{
    if (!journal)
        return;
    journal_rotate(journal);
    close(journal->dir);
    while (journal->segments) {
        struct segment *next = journal->segments->next;
        free(journal->segments);
        journal->segments = next;
    }
    pthread_mutex_destroy(&journal->lock);
    buf_free(&journal->record);
    free(journal->path);
    free(journal);
}

void journal_rotate(struct journal *journal)
{
    if (journal->fd >= 0)
        close(journal->fd);
    journal->fd = -1;
    pthread_mutex_lock(&journal->lock);
    journal->current = NULL;
    pthread_mutex_unlock(&journal->lock);
}

/* A file of that name can only be one that nothing was written to: it would have been read. */
static int segment_begin(struct journal *journal)
{
    char name[SEGMENT_NAME];
    segment_name(journal->next, name);
    int fd = openat(journal->dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
    if (fd < 0)
        return -errno;
    if (fsync(journal->dir) < 0) {
        int error = -errno;
        close(fd);
        return error;
    }
    journal->fd = fd;
    pthread_mutex_lock(&journal->lock);
    journal->current = segment_of(journal, journal->next);
    journal->current->bytes = 0;
    journal->current->last = journal->next - 1;
    pthread_mutex_unlock(&journal->lock);
    return 0;
}

static int write_all(int fd, struct str bytes)
{
    while (bytes.len > 0) {
        ssize_t n = write(fd, bytes.at, bytes.len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        bytes = str_from(bytes, (size_t)n);
    }
    return fdatasync(fd) < 0 ? -errno : 0;
}

/* What was written of a record that did not fit is taken back; the pages of it that failed go with it. */
static int take_back(struct journal *journal, uint64_t bytes, int error)
{
    if (error != -ENOSPC && error != -EDQUOT)
        return error;
    if (ftruncate(journal->fd, (off_t)bytes) < 0 ||
        lseek(journal->fd, (off_t)bytes, SEEK_SET) < 0)
        return -errno;
    return -ENOSPC;
}

static void record_put(struct journal *journal, const struct str *parts, size_t count)
{
    struct buf *record = &journal->record;
    uint8_t head[RECORD_HEAD] = {0};
    buf_reset(record);
    buf_put(record, head, sizeof head);
    for (size_t i = 0; i < count; i++)
        buf_puts(record, parts[i]);
    record_write(head, journal->next, str_from(buf_str(record), RECORD_HEAD));
    memcpy(record->at, head, sizeof head);
}

int journal_append(struct journal *journal, const struct str *parts, size_t count,
                   uint64_t *out_number)
{
    int error = journal->fd < 0 ? segment_begin(journal) : 0;
    if (error < 0)
        return error == -EDQUOT ? -ENOSPC : error;
    struct segment *segment = journal->current; /* nobody else frees it */
    record_put(journal, parts, count);
    error = write_all(journal->fd, buf_str(&journal->record));
    if (error < 0)
        return take_back(journal, segment->bytes, error);
    pthread_mutex_lock(&journal->lock);
    segment->bytes += journal->record.len;
    segment->last = journal->next;
    pthread_mutex_unlock(&journal->lock);
    *out_number = journal->next++;
    return 0;
}

/* The current one is being written; one that cannot be removed is read at the next start, and does no harm. */
void journal_trim(struct journal *journal, uint64_t applied)
{
    char name[SEGMENT_NAME];
    pthread_mutex_lock(&journal->lock);
    while (journal->segments && journal->segments->last <= applied &&
           journal->segments != journal->current) {
        struct segment *oldest = journal->segments;
        segment_name(oldest->first, name);
        unlinkat(journal->dir, name, 0);
        journal->segments = oldest->next;
        free(oldest);
    }
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
