#include "directory.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "clock.h"
#include "limits.h"
#include "log.h"
#include "slurp.h"

#define NAMES_A_TURN 64 /* looked at before one of them is read */

bool files_may_take(const struct directory *d)
{
    const struct source *s = d->source;
    return d->begun && d->wd >= 0 && d->pending && s->phase == SOURCE_IDLE && !s->paused &&
           !s->leaving && !sources_held(s->sources);
}

/* ---- pending files */

bool files_is_ours(struct str name)
{
    return name.len > 0 && name.len <= LIMIT_FILE_NAME && name.at[0] != '.' &&
           !(name.len > 4 && str_eqi(str_from(name, name.len - 4), STR(".tmp"))) &&
           !(name.len > 5 && str_eqi(str_from(name, name.len - 5), STR(".part")));
}

void files_want(struct directory *d, const char *name, int64_t modified_at)
{
    struct pending *p;
    HASH_FIND_STR(d->pending, name, p);
    if (p)
        return;
    size_t size = strlen(name) + 1;
    p = xcalloc(1, sizeof(*p) + size);
    memcpy(p->name, name, size);
    p->modified_at = modified_at;
    HASH_ADD_STR(d->pending, name, p);
}

static void unwant(struct directory *d, struct pending *p)
{
    /* The analyzer loses count of what uthash links. NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
    HASH_DEL(d->pending, p);
    free(p);
}

void files_forget(struct directory *d, const char *name)
{
    struct pending *p;
    HASH_FIND_STR(d->pending, name, p);
    if (p)
        unwant(d, p);
    if (taken_drop(&d->taken, name))
        directory_unsaved(d);
}
/* ---- scans */

void files_end_scan(struct directory *d)
{
    if (d->scan)
        closedir(d->scan);
    d->scan = NULL;
    for (size_t i = 0; i < d->found_count; i++)
        free(d->found[i].name);
    free(d->found);
    d->found = NULL;
    d->found_count = d->found_cap = 0;
}

static int open_path(const struct directory *d)
{
    int fd = open(d->source->def.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

int files_begin_scan(struct directory *d)
{
    if (d->scan)
        return 0;
    int fd = open_path(d);
    if (fd < 0)
        return fd;
    d->scan = fdopendir(fd);
    if (!d->scan) {
        int err = -errno;
        close(fd);
        return err;
    }
    return 0;
}

static int64_t modified(const struct stat *st)
{
    return (int64_t)st->st_mtim.tv_sec * USEC_PER_SEC + st->st_mtim.tv_nsec / 1000;
}

static void see(struct directory *d, const char *name)
{
    struct stat st;
    if (!files_is_ours(str_of(name)) || fstatat(dirfd(d->scan), name, &st, AT_SYMLINK_NOFOLLOW) ||
        !S_ISREG(st.st_mode))
        return;
    if (st.st_size == 0) { /* not written yet: its end will be told */
        log_info("source: file is empty, it is read once something is written source=%s file=%s",
                 d->source->def.id, log_safez(name));
        return;
    }
    if (d->found_count == d->found_cap) {
        d->found_cap = d->found_cap ? d->found_cap * 2 : 256;
        d->found = xrealloc(d->found, d->found_cap * sizeof(d->found[0]));
    }
    d->found[d->found_count++] = (struct taken_found){
        .name = xstrdup(name), .stamp = taken_stamp(name, &st), .modified_at = modified(&st)};
}

static int older_first(const struct pending *a, const struct pending *b)
{
    if (a->modified_at != b->modified_at)
        return a->modified_at < b->modified_at ? -1 : 1;
    return strcmp(a->name, b->name);
}

static void finish_scan(struct directory *d)
{
    bool changed = d->begun ? taken_prune(&d->taken, d->found, d->found_count)
                            : taken_begin(&d->taken, d->found, d->found_count);
    d->begun = true;
    if (changed)
        directory_unsaved(d);
    for (size_t i = 0; i < d->found_count; i++) {
        const struct taken_found *f = &d->found[i];
        bool under_way =
            d->current && strcmp(d->current, f->name) == 0 && d->current_stamp == f->stamp;
        if (!under_way && !taken_has(&d->taken, f->name, f->stamp))
            files_want(d, f->name, f->modified_at);
    }
    HASH_SORT(d->pending, older_first);
    log_debug("source: directory scanned source=%s files=%zu pending=%u", d->source->def.id,
              d->found_count, HASH_COUNT(d->pending));
    files_end_scan(d);
}

void files_scan_step(struct directory *d)
{
    for (int i = 0; i < LIMIT_SCAN_STEP; i++) {
        const struct dirent *entry = readdir(d->scan);
        if (!entry) {
            finish_scan(d);
            return;
        }
        see(d, entry->d_name);
    }
}
/* ---- taking one file */

static void refuse_file(struct directory *d, const char *name, const char *class, int err)
{
    struct source *s = d->source;
    struct stat st;
    s->bad_files++;
    log_warning("source: file not taken source=%s file=%s class=%s error=%s", s->def.id,
                log_safez(name), class, err ? log_safez(strerror(-err)) : "-");
    /* Not again, unless it changes. */
    if (fstatat(d->fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
        taken_put(&d->taken, name, taken_stamp(name, &st));
        directory_unsaved(d);
    }
}

static void hand_up(struct directory *d, const char *name, struct buf *bytes, const struct stat *st)
{
    struct source *s = d->source;
    d->current = xstrdup(name);
    d->current_stamp = taken_stamp(name, st);
    d->fd = -1; /* the turn ends here */
    s->phase = SOURCE_UNDER_WAY;
    s->files++;
    schedule_asked(&s->schedule, clock_now());
    struct source_event event = {
        .type = SOURCE_FILE,
        .source = s,
        .name = d->current,
        .bytes = bytes,
        .modified_at = modified(st),
    };
    sources_up(s, &event); /* may have ended it, and the source with it */
}

/* True when a file was handed up. */
static bool take_opened(struct directory *d, const char *name, int fd)
{
    struct stat st;
    struct buf bytes = BUF_NONE;
    if (fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_size == 0 ||
        taken_has(&d->taken, name, taken_stamp(name, &st)))
        return false;
    int err = st.st_size > (off_t)LIMIT_FILE ? -EFBIG : slurp_fd(fd, LIMIT_FILE, &bytes);
    if (err)
        refuse_file(d, name, err == -EFBIG ? "too-large" : "unreadable", err);
    else
        hand_up(d, name, &bytes, &st);
    buf_free(&bytes);
    return !err;
}

static bool take(struct directory *d, const char *name)
{
    struct stat st;
    /* A device must not even be opened. */
    if (fstatat(d->fd, name, &st, AT_SYMLINK_NOFOLLOW)) {
        log_info("source: file vanished source=%s file=%s", d->source->def.id, log_safez(name));
        d->source->bad_files++;
        return false;
    }
    if (!S_ISREG(st.st_mode))
        return false;
    int fd = openat(d->fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0) {
        if (errno != ELOOP)
            refuse_file(d, name, errno == ENOENT ? "vanished" : "unreadable", -errno);
        return false;
    }
    bool taken = take_opened(d, name, fd);
    close(fd);
    return taken;
}

int files_take_next(struct directory *d)
{
    bool taken = false;
    if (!files_may_take(d))
        return 0;
    int fd = open_path(d);
    if (fd < 0)
        return fd;
    d->fd = fd;
    for (int i = 0; i < NAMES_A_TURN && !taken && files_may_take(d); i++) {
        struct pending *first = d->pending;
        char *name = xstrdup(first->name);
        unwant(d, first);
        taken = take(d, name);
        free(name);
    }
    if (!taken)
        d->fd = -1;
    close(fd);
    return taken;
}

bool files_is_link(const struct directory *d, const char *name)
{
    struct stat st;
    int fd = open_path(d);
    if (fd < 0)
        return false;
    bool linked =
        fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) && st.st_nlink > 1;
    close(fd);
    return linked;
}

void files_done(struct directory *d)
{
    struct pending *p, *tmp;
    files_end_scan(d);
    HASH_ITER (hh, d->pending, p, tmp)
        unwant(d, p);
    taken_done(&d->taken);
    free(d->current);
    d->current = NULL;
}
