/*
 * Reading the journal. Where no record can be read the bytes behind are searched for the next one that is whole,
 * so that its number says whether one is missing: then what lies before it is damaged. What the database
 * has already is not missed.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "journal_inside.h"
#include "slurp.h"

#define SEGMENT_MOST (SIZE_MAX / 2) /* what we wrote; it was bounded then */

static int by_first(const void *a, const void *b)
{
    uint64_t x = ((const struct journal_segment *)a)->first,
             y = ((const struct journal_segment *)b)->first;
    return (x > y) - (x < y);
}

static int segment_open(DIR *dir, const char *name, struct journal_segments *out)
{
    uint64_t first;
    if (segment_first(name, &first) < 0)
        return 0;
    int fd = openat(dirfd(dir), name, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? 0 : -errno; /* a running daemon has just removed it */
    out->of = xrealloc(out->of, (out->count + 1) * sizeof *out->of);
    out->of[out->count++] = (struct journal_segment){first, fd};
    return 0;
}

int journal_segments_open(const char *path, struct journal_segments *out)
{
    DIR *dir = opendir(path);
    int error = dir ? 0 : -errno;
    *out = (struct journal_segments){0};
    for (struct dirent *e; error == 0 && (errno = 0, e = readdir(dir));)
        error = segment_open(dir, e->d_name, out);
    if (error == 0 && errno)
        error = -errno;
    if (dir)
        closedir(dir);
    if (out->count > 1)
        qsort(out->of, out->count, sizeof *out->of, by_first);
    if (error < 0)
        journal_segments_close(out);
    return error;
}

void journal_segments_close(struct journal_segments *segments)
{
    for (size_t i = 0; i < segments->count; i++)
        close(segments->of[i].fd);
    free(segments->of);
    *segments = (struct journal_segments){0};
}

/* ---- one segment */

struct reading {
    uint64_t last; /* number of the last good record */
    int (*each)(void *ctx, uint64_t number, struct buf *rows);
    void *ctx;
    struct journal_found *found;
    bool torn; /* what was read last ends in something that is no record */
};

/* Moves *at to the first whole record from there on; false: there is none. */
static bool find_record(struct str bytes, uint64_t salt, size_t *at, uint64_t *out_number,
                        struct str *out_rows)
{
    while (*at < bytes.len && !record_read(str_from(bytes, *at), salt, out_number, out_rows)) {
        size_t next = str_find(str_from(bytes, *at + 1), RECORD_MAGIC);
        *at = next == SIZE_MAX ? bytes.len : *at + 1 + next;
    }
    return *at < bytes.len;
}

static int tell(const struct reading *reading, uint64_t number, struct str rows)
{
    struct buf copy = BUF_NONE;
    buf_puts(&copy, rows);
    int result = reading->each(reading->ctx, number, &copy);
    buf_free(&copy);
    return result;
}

static void good_up_to(struct reading *reading, uint64_t segment, size_t bytes)
{
    segment_name(segment, reading->found->segment);
    reading->found->good_bytes = bytes;
}

/* The zeros behind the last record, or the file's end. */
static bool is_end(struct str rest)
{
    static const char zeros[RECORD_END];
    return str_eq(str_upto(rest, RECORD_END), str_upto((struct str){zeros, RECORD_END}, rest.len));
}

/* To its end, or to the first record that does not follow. */
static int records_read(struct reading *reading, uint64_t first, uint64_t salt, struct str bytes)
{
    struct str rows;
    uint64_t number;
    size_t at = SEGMENT_HEAD, end = SEGMENT_HEAD;
    while (find_record(bytes, salt, &at, &number, &rows)) {
        if (number > reading->last + 1) {
            reading->found->state = JOURNAL_DAMAGED;
            return 0;
        }
        end = at += RECORD_HEAD + rows.len;
        good_up_to(reading, first, end);
        if (number <= reading->last)
            continue;
        reading->last = number;
        int result = tell(reading, number, rows);
        if (result)
            return result;
    }
    reading->torn = !is_end(str_from(bytes, end));
    return 0;
}

/* A head of zeros, or of the file's life before this one: nothing was written under its present name. And one that
 * was begun says that all records before its first were there. */
static int one_read(struct reading *reading, uint64_t first, struct str bytes)
{
    uint64_t salt, named;
    good_up_to(reading, first, 0);
    if (is_end(bytes))
        return 0;
    bool begun = segment_read(bytes, &salt, &named) == 0;
    if (begun && named != first)
        return 0;
    if (begun && first <= reading->last + 1)
        return records_read(reading, first, salt, bytes);
    reading->found->state = JOURNAL_DAMAGED;
    return 0;
}

/* ---- all of them */

static int segment_slurp(struct reading *reading, const struct journal_segment *segment)
{
    struct buf bytes = BUF_NONE;
    int error = lseek(segment->fd, 0, SEEK_SET) < 0 ? -errno : 0;
    if (error == 0)
        error = slurp_fd(segment->fd, SEGMENT_MOST, &bytes);
    if (error == 0)
        error = one_read(reading, segment->first, buf_str(&bytes));
    buf_free(&bytes);
    return error;
}

/* All its records are before the next one's first. */
static bool is_done_with(const struct journal_segments *segments, size_t i, uint64_t after)
{
    return i + 1 < segments->count && segments->of[i + 1].first <= after + 1;
}

int journal_read(const struct journal_segments *segments, uint64_t after,
                 int (*each)(void *ctx, uint64_t number, struct buf *rows), void *ctx,
                 struct journal_found *out)
{
    struct reading reading = {.last = after, .each = each, .ctx = ctx, .found = out};
    int error = 0;
    *out = (struct journal_found){.state = JOURNAL_WHOLE};
    for (size_t i = 0; error == 0 && out->state == JOURNAL_WHOLE && i < segments->count; i++)
        if (!is_done_with(segments, i, after))
            error = segment_slurp(&reading, &segments->of[i]);
    if (out->state == JOURNAL_WHOLE && reading.torn)
        out->state = JOURNAL_TORN;
    out->last = reading.last;
    return error;
}

/* One with nothing good in it goes: records that are numbered anew would come before its name. */
static int segment_cut(int dir, const char *name, uint64_t good_bytes)
{
    if (good_bytes == 0)
        return unlinkat(dir, name, 0) < 0 ? -errno : 0;
    int fd = openat(dir, name, O_WRONLY | O_CLOEXEC);
    int error = fd < 0 || ftruncate(fd, (off_t)good_bytes) < 0 || fsync(fd) < 0 ? -errno : 0;
    if (fd >= 0)
        close(fd);
    return error;
}

int journal_cut(const char *path, const struct journal_found *found)
{
    uint64_t bad, first;
    int error = 0;
    DIR *dir = opendir(path);
    if (!dir)
        return -errno;
    if (segment_first(found->segment, &bad) < 0)
        bad = UINT64_MAX;
    for (struct dirent *e; error == 0 && (errno = 0, e = readdir(dir));) {
        if (segment_first(e->d_name, &first) < 0 || first < bad)
            continue;
        error = segment_cut(dirfd(dir), e->d_name, first > bad ? 0 : found->good_bytes);
    }
    if (error == 0 && errno)
        error = -errno;
    if (error == 0 && fsync(dirfd(dir)) < 0)
        error = -errno;
    closedir(dir);
    return error;
}
