/*
 * A watched directory: every regular file in it is handed up once it is complete (closed after
 * writing, or moved in), those that were there before the start too, one at a time.
 *
 *  1. The watch is set before the scan, so that no file falls between the two.
 *  2. No file is handed up while a scan runs: only its end says what was taken before (taken.h).
 *  3. Whether a file was taken is decided by its stamp when it is opened, not when it was noticed; an event
 *     too many costs nothing.
 *  4. Links are not followed, what is no regular file is not opened.
 *  5. The directory itself is open only while a turn or a scan needs it: the kernel tells that it was removed
 *     only when nobody holds it.
 *
 * When the kernel lost events all directories are scanned again; every directory is from time to
 * time, because network mounts tell no events. Files straight in the directory count, not those below.
 */
#include "kind.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/inotify.h>
#include <unistd.h>
#include <utlist.h>

#include "clock.h"
#include "limits.h"
#include "log.h"
#include "taken.h"

#define EVENTS                                                                                     \
    (IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_DELETE_SELF |        \
     IN_MOVE_SELF | IN_ONLYDIR)
#define NAMES_A_TURN 64 /* looked at before one of them is read */

struct pending { /* in the order in which they are taken */
    UT_hash_handle hh;
    int64_t modified_at;
    char name[];
};

struct directory {
    struct source *source;
    int wd; /* the watch; -1: not attached */
    int fd; /* the directory, during a turn that takes files; else -1 */
    struct taken taken;
    bool begun; /* the first scan has ended */
    struct pending *pending;
    /* a scan that runs */
    DIR *scan;
    struct taken_found *found;
    size_t found_count, found_cap;
    /* the file under way */
    char *current;
    uint64_t current_stamp;
    bool busy; /* on the list of those with something to do */
    struct directory *next, *prev;
    UT_hash_handle by_wd;
};

struct directories {
    struct ev_loop *loop;
    int inotify;
    ev_io io;
    ev_timer turn; /* one step of one directory, then the loop sees to everything else */
    struct directory *busy, *by_wd;
};

/* ---- turns */

static bool may_take(const struct directory *d)
{
    const struct source *s = d->source;
    return d->begun && d->wd >= 0 && d->pending && s->phase == SOURCE_IDLE && !s->paused && !s->leaving &&
           !sources_held(s->sources);
}

static void wake(struct directory *d)
{
    struct directories *all = sources_directories(d->source->sources);
    if (!d->busy && (d->scan || may_take(d))) {
        d->busy = true;
        DL_APPEND(all->busy, d);
    }
    if (all->busy && !ev_is_active(&all->turn)) {
        ev_timer_set(&all->turn, 0., 0.);
        ev_timer_start(all->loop, &all->turn);
    }
}

static void rest(struct directory *d)
{
    if (d->busy)
        DL_DELETE(sources_directories(d->source->sources)->busy, d);
    d->busy = false;
}

/* ---- pending files */

static bool is_ours(struct str name)
{
    return name.len > 0 && name.len <= LIMIT_FILE_NAME && name.at[0] != '.' &&
           !(name.len > 4 && str_eqi(str_from(name, name.len - 4), STR(".tmp"))) &&
           !(name.len > 5 && str_eqi(str_from(name, name.len - 5), STR(".part")));
}

static void want(struct directory *d, const char *name, int64_t modified_at)
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
    HASH_DEL(d->pending, p);
    free(p);
}

static void forget(struct directory *d, const char *name)
{
    struct pending *p;
    HASH_FIND_STR(d->pending, name, p);
    if (p)
        unwant(d, p);
    taken_drop(&d->taken, name);
}

/* ---- scans */

static void end_scan(struct directory *d)
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

static int begin_scan(struct directory *d)
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
    wake(d);
    return 0;
}

static int64_t modified(const struct stat *st)
{
    return (int64_t)st->st_mtim.tv_sec * USEC_PER_SEC + st->st_mtim.tv_nsec / 1000;
}

static void see(struct directory *d, const char *name)
{
    struct stat st;
    /* An empty file is not written yet: its end will be told. */
    if (!is_ours(str_of(name)) || fstatat(dirfd(d->scan), name, &st, AT_SYMLINK_NOFOLLOW) ||
        !S_ISREG(st.st_mode) || st.st_size == 0)
        return;
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
    if (d->begun)
        taken_prune(&d->taken, d->found, d->found_count);
    else
        taken_begin(&d->taken, d->found, d->found_count);
    d->begun = true;
    for (size_t i = 0; i < d->found_count; i++) {
        const struct taken_found *f = &d->found[i];
        bool under_way = d->current && strcmp(d->current, f->name) == 0 && d->current_stamp == f->stamp;
        if (!under_way && !taken_has(&d->taken, f->name, f->stamp))
            want(d, f->name, f->modified_at);
    }
    HASH_SORT(d->pending, older_first);
    log_debug("source: directory scanned source=%s files=%zu pending=%u", d->source->def.id,
              d->found_count, HASH_COUNT(d->pending));
    end_scan(d);
}

static void scan_step(struct directory *d)
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
    if (fstatat(d->fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
        taken_put(&d->taken, name, taken_stamp(name, &st));
}

/* Up to LIMIT_FILE and one byte: a file may grow under our hands. */
static int read_all(int fd, struct buf *out)
{
    while (out->len <= LIMIT_FILE) {
        buf_reserve(out, 65536);
        ssize_t n = read(fd, out->at + out->len, 65536);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (n == 0)
            return 0;
        out->len += (size_t)n;
        out->at[out->len] = '\0';
    }
    return -EFBIG;
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
    int err = st.st_size > (off_t)LIMIT_FILE ? -EFBIG : read_all(fd, &bytes);
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

/* 1 when a file was handed up: then the directory may be gone. 0, or a negative errno. */
static int take_next(struct directory *d)
{
    bool taken = false;
    if (!may_take(d))
        return 0;
    int fd = open_path(d);
    if (fd < 0)
        return fd;
    d->fd = fd;
    for (int i = 0; i < NAMES_A_TURN && !taken && may_take(d); i++) {
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

static void fail(struct directory *d, int err);

static void on_turn(struct ev_loop *loop, ev_timer *w, int events)
{
    (void)loop, (void)events;
    struct directories *all = w->data;
    struct directory *d = all->busy;
    if (!d)
        return;
    rest(d);
    if (all->busy) {
        ev_timer_set(&all->turn, 0., 0.);
        ev_timer_start(all->loop, &all->turn);
    }
    int taken = 0;
    if (d->scan)
        scan_step(d);
    else
        taken = take_next(d);
    if (taken < 0)
        fail(d, taken);
    else if (!taken)
        wake(d);
}

/* ---- attaching to the path */

static void detach(struct directory *d)
{
    struct directories *all = sources_directories(d->source->sources);
    rest(d);
    end_scan(d);
    if (d->wd >= 0) {
        HASH_DELETE(by_wd, all->by_wd, d);
        inotify_rm_watch(all->inotify, d->wd); /* fails when the kernel did so already */
    }
    d->wd = -1;
}

static int attach(struct directory *d)
{
    struct directories *all = sources_directories(d->source->sources);
    if (all->inotify < 0)
        return -ENOSYS;
    int wd = inotify_add_watch(all->inotify, d->source->def.path, EVENTS);
    if (wd < 0)
        return -errno;
    struct directory *other;
    HASH_FIND(by_wd, all->by_wd, &wd, sizeof(wd), other);
    if (other)
        return -EEXIST;
    d->wd = wd;
    HASH_ADD(by_wd, all->by_wd, wd, sizeof(d->wd), d);
    return begin_scan(d);
}

static void plan_after(struct source *s, int64_t wait_us, const char *why)
{
    s->schedule.next_at = clock_now() + wait_us;
    snprintf(s->schedule.why, sizeof(s->schedule.why), "%s", why);
    sources_plan(s);
}

static void fail(struct directory *d, int err)
{
    struct schedule *s = &d->source->schedule;
    detach(d);
    if (s->failures++ == 0)
        log_warning("source: directory cannot be watched source=%s path=%s error=%s", d->source->def.id,
                    log_safez(d->source->def.path), log_safez(strerror(-err)));
    snprintf(s->class, sizeof(s->class), "unreadable");
    snprintf(s->error, sizeof(s->error), "%s",
             err == -EEXIST ? "another source watches this directory" : strerror(-err));
    plan_after(d->source, LIMIT_DIRECTORY_MS * USEC_PER_MSEC, "the directory is looked for again");
}

static void directory_due(struct source *source)
{
    struct directory *d = source->directory;
    int err = d->wd < 0 ? attach(d) : begin_scan(d);
    if (err) {
        fail(d, err);
        return;
    }
    source->schedule.failures = 0;
    source->schedule.class[0] = source->schedule.error[0] = '\0';
    int64_t wait = source->def.every_us ? source->def.every_us : LIMIT_RESCAN_MS * USEC_PER_MSEC;
    plan_after(source, wait, "files are taken as they come; this is the next full look");
}

/* ---- what the kernel tells */

static void scan_again(struct directory *d)
{
    int err = begin_scan(d);
    if (err)
        fail(d, err);
}

static void on_overflow(struct directories *all)
{
    struct directory *d, *tmp;
    log_warning("source: events of directories were lost, scanning them again");
    HASH_ITER (by_wd, all->by_wd, d, tmp)
        scan_again(d);
}

/* A hard link is complete when it appears, and nothing else is told of it. */
static bool is_link(const struct directory *d, const char *name)
{
    struct stat st;
    int fd = open_path(d);
    if (fd < 0)
        return false;
    bool linked = fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) && st.st_nlink > 1;
    close(fd);
    return linked;
}

static void on_told(struct directory *d, const struct inotify_event *e)
{
    if (e->mask & (IN_IGNORED | IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT)) {
        fail(d, -ENOENT);
        return;
    }
    if (e->len == 0 || (e->mask & IN_ISDIR) || !is_ours(str_of(e->name)))
        return;
    if (e->mask & (IN_DELETE | IN_MOVED_FROM))
        forget(d, e->name);
    else if (!(e->mask & IN_CREATE) || is_link(d, e->name))
        want(d, e->name, clock_now());
    wake(d);
}

static void on_inotify(struct ev_loop *loop, ev_io *w, int events)
{
    (void)loop, (void)events;
    struct directories *all = w->data;
    char bytes[16384] __attribute__((aligned(__alignof__(struct inotify_event))));
    ssize_t len = read(all->inotify, bytes, sizeof(bytes)); /* the rest in the next turn */
    for (ssize_t at = 0; at < len;) {
        const struct inotify_event *e = (const void *)(bytes + at);
        struct directory *d;
        at += (ssize_t)(sizeof(*e) + e->len);
        if (e->mask & IN_Q_OVERFLOW) {
            on_overflow(all);
            continue;
        }
        HASH_FIND(by_wd, all->by_wd, &e->wd, sizeof(e->wd), d);
        if (d)
            on_told(d, e);
    }
}

struct directories *directories_new(struct ev_loop *loop)
{
    struct directories *all = xcalloc(1, sizeof(*all));
    all->loop = loop;
    all->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (all->inotify < 0)
        log_error("source: no directory can be watched error=%s", log_safez(strerror(errno)));
    ev_io_init(&all->io, on_inotify, all->inotify, EV_READ);
    all->io.data = all;
    ev_timer_init(&all->turn, on_turn, 0., 0.);
    all->turn.data = all;
    if (all->inotify >= 0)
        ev_io_start(loop, &all->io);
    return all;
}

void directories_free(struct directories *all)
{
    if (!all)
        return;
    assert(!all->by_wd && !all->busy);
    ev_io_stop(all->loop, &all->io);
    ev_timer_stop(all->loop, &all->turn);
    if (all->inotify >= 0)
        close(all->inotify);
    free(all);
}

/* ---- the kind */

static struct directory *own(struct source *source)
{
    if (!source->directory) {
        struct directory *d = xcalloc(1, sizeof(*d));
        d->source = source;
        d->fd = d->wd = -1;
        source->directory = d;
    }
    return source->directory;
}

static int directory_check(const struct source_def *def, char why[SOURCE_WHY])
{
    if (!def->path || !*def->path)
        snprintf(why, SOURCE_WHY, "path: a directory is needed");
    else if (def->url)
        snprintf(why, SOURCE_WHY, "url: a directory has a path instead");
    else
        return 0;
    return -EINVAL;
}

static void directory_start(struct source *source)
{
    own(source);
    plan_after(source, 0, "the start");
}

static void directory_wake(struct source *source)
{
    if (source->directory)
        wake(source->directory);
}

static void directory_stop(struct source *source)
{
    struct directory *d = source->directory;
    struct pending *p, *tmp;
    if (!d)
        return;
    detach(d);
    HASH_ITER (hh, d->pending, p, tmp)
        unwant(d, p);
    taken_done(&d->taken);
    free(d->current);
    free(d);
    source->directory = NULL;
}

void directory_done(struct source *source, const char *name, const char *class)
{
    struct directory *d = source->directory;
    assert(d && d->current && strcmp(d->current, name) == 0);
    taken_put(&d->taken, name, d->current_stamp);
    free(d->current);
    d->current = NULL;
    if (class)
        source->bad_files++;
}

size_t directory_pending(const struct source *source)
{
    return source->directory ? HASH_COUNT(source->directory->pending) : 0;
}

void directory_state(const struct source *source, struct buf *out)
{
    if (source->directory)
        taken_write(&source->directory->taken, out);
}

void directory_restore(struct source *source, struct str sums)
{
    if (taken_read(&own(source)->taken, sums))
        log_warning("source: stored list of taken files is damaged, all are read again source=%s",
                    source->def.id);
}

const struct source_kind source_directory = {
    .name = "directory",
    .check = directory_check,
    .start = directory_start,
    .due = directory_due,
    .wake = directory_wake,
    .stop = directory_stop,
};
