#include "push.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "slurp.h"

#define STEP (256UL << 10) /* bytes read at once */

static const struct push_file *now(const struct push_reader *r)
{
    return &r->files[r->at];
}

static enum push_read refuse(struct push_reader *r, bool unreadable, const char *why)
{
    snprintf(r->why, sizeof r->why, "%s", why);
    r->unreadable = unreadable;
    return PUSH_REFUSE;
}

/* ---- files */

static void close_file(struct push_reader *r)
{
    if (r->fd > STDIN_FILENO)
        close(r->fd);
    r->fd = -1;
    r->at++;
}

static int open_file(struct push_reader *r)
{
    struct push_file *file = &r->files[r->at];
    struct stat st;
    bool standard = strcmp(file->name, "-") == 0;
    r->fd = standard ? STDIN_FILENO : open(file->name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (r->fd < 0)
        return -errno;
    if (fstat(r->fd, &st) < 0)
        return -errno;
    if ((uint64_t)st.st_ino != file->inode) /* another file than the position was about */
        file->from = file->from_line = 0;
    file->inode = (uint64_t)st.st_ino;
    if (file->from && lseek(r->fd, (off_t)file->from, SEEK_SET) < 0)
        return -errno;
    buf_reset(&r->buffer);
    r->used = 0;
    r->ended = r->skipping = false;
    r->offset = file->from;
    r->line = file->from_line;
    return 0;
}

/* ---- one document a file */

static enum push_read read_whole(struct push_reader *r, struct push_document *out)
{
    if (r->ended || now(r)->from) /* given out, or taken in an earlier run */
        return PUSH_END;
    r->ended = true;
    int err = slurp_fd(r->fd, LIMIT_MESSAGE, &r->buffer);
    if (err == -EFBIG)
        return refuse(r, false, "larger than 4 MiB");
    if (err)
        return refuse(r, true, strerror(-err));
    out->bytes = buf_str(&r->buffer);
    out->line = 0;
    out->end = r->offset + r->buffer.len;
    return PUSH_DOCUMENT;
}

/* ---- one document a line */

/* Drops what was given out. */
static void advance(struct push_reader *r, size_t bytes)
{
    memmove(r->buffer.at, r->buffer.at + bytes, r->buffer.len - bytes);
    r->buffer.len -= bytes;
    r->offset += bytes;
}

static bool would_wait(int fd)
{
    struct pollfd one = {fd, POLLIN, 0};
    return poll(&one, 1, 0) == 0;
}

/* 0, -EAGAIN nothing is there now, or another negative errno. */
static int read_more(struct push_reader *r)
{
    if (would_wait(r->fd))
        return -EAGAIN;
    buf_reserve(&r->buffer, STEP);
    ssize_t n = read(r->fd, r->buffer.at + r->buffer.len, STEP);
    if (n < 0)
        return errno == EINTR ? -EAGAIN : -errno;
    r->buffer.len += (size_t)n;
    r->ended = n == 0;
    return 0;
}

/* The end of the line that begins the buffer, or SIZE_MAX. `from`: where none was found before. */
static size_t end_of_line(const struct push_reader *r, size_t from)
{
    size_t at = str_chr(str_from(buf_str(&r->buffer), from), '\n');
    return at == SIZE_MAX ? SIZE_MAX : from + at;
}

static enum push_read give_line(struct push_reader *r, size_t len, size_t used,
                                struct push_document *out)
{
    bool skipped = r->skipping;
    out->bytes = str_trim((struct str){r->buffer.at, len});
    out->line = ++r->line;
    out->end = r->offset + used;
    r->used = used;
    r->skipping = false;
    return skipped || len > LIMIT_MESSAGE ? refuse(r, false, "a line longer than 4 MiB")
                                          : PUSH_DOCUMENT;
}

static enum push_read read_line(struct push_reader *r, struct push_document *out)
{
    size_t looked = 0;
    if (r->used)
        advance(r, r->used);
    r->used = 0;
    for (;;) {
        size_t end = end_of_line(r, looked);
        if (end != SIZE_MAX)
            return give_line(r, end, end + 1, out);
        if (r->ended)
            return r->buffer.len || r->skipping ? give_line(r, r->buffer.len, r->buffer.len, out)
                                                : PUSH_END;
        if (r->buffer.len > LIMIT_MESSAGE) {
            r->skipping = true;
            advance(r, r->buffer.len);
        }
        looked = r->buffer.len;
        int err = read_more(r);
        if (err == -EAGAIN)
            return PUSH_PAUSE;
        if (err)
            return refuse(r, true, strerror(-err));
    }
}

/* ---- all of them */

static enum push_read read_one(struct push_reader *r, struct push_document *out)
{
    if (r->fd < 0) {
        int err = open_file(r);
        if (err) {
            r->ended = true;
            return refuse(r, true, strerror(-err));
        }
    }
    if (!now(r)->lines)
        return read_whole(r, out);
    enum push_read what;
    do
        what = read_line(r, out);
    while (what == PUSH_DOCUMENT && out->bytes.len == 0); /* an empty line */
    return what;
}

enum push_read push_read(struct push_reader *r, struct push_document *out)
{
    r->unreadable = false;
    while (r->at < r->count) {
        *out = (struct push_document){.file = r->at};
        enum push_read what = read_one(r, out);
        if (what != PUSH_END) {
            if (what == PUSH_REFUSE && r->unreadable)
                close_file(r);
            return what;
        }
        close_file(r);
    }
    return PUSH_END;
}

void push_reader_done(struct push_reader *r)
{
    if (r->fd > STDIN_FILENO)
        close(r->fd);
    r->fd = -1;
    buf_free(&r->buffer);
}
