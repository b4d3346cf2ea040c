/*
 * A watched directory: every regular file in it is handed up once it is complete (closed after
 * writing, or moved in), those that were there before the start too, one at a time.
 *
 *  1. The watch is set before the scan, so that no file falls between the two.
 *  2. No file is handed up while a scan runs: only its end says what was taken before (taken.h).
 *  3. Whether a file was taken is decided by its stamp when it is opened, not when it was
 *     noticed: an event too many costs nothing.
 *  4. Links are not followed, what is no regular file is not opened.
 *  5. The directory itself is open only while a turn or a scan needs it: the kernel tells of its
 *     removal only when nobody holds it.
 *
 * When the kernel lost events all directories are scanned again; each is from time to time, because
 * network mounts tell no events. Files straight in the directory count, not those below it.
 */
#include "directory.h"

#include <assert.h>
#include <errno.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "clock.h"
#include "limits.h"
#include "list.h"
#include "log.h"

#define EVENTS                                                                                     \
    (IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_DELETE_SELF |       \
     IN_MOVE_SELF | IN_ONLYDIR)

struct directories {
    struct ev_loop *loop;
    int inotify;
    ev_io io;
    ev_timer turn; /* one step of one directory, then the loop sees to everything else */
    ev_timer tell; /* those unsaved: a directory that is emptied is one write, not one a file */
    struct directory *busy, *unsaved, *by_wd;
};

/* ---- turns */

static void wake(struct directory *d)
{
    struct directories *all = sources_directories(d->source->sources);
    if (!d->busy && (d->scan || files_may_take(d))) {
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

static void start_telling(struct directories *all)
{
    if (!all->unsaved || ev_is_active(&all->tell))
        return;
    ev_timer_set(&all->tell, LIMIT_CHANGED_MS / 1000., 0.);
    ev_timer_start(all->loop, &all->tell);
}

void directory_unsaved(struct directory *d)
{
    struct directories *all = sources_directories(d->source->sources);
    if (d->unsaved)
        return;
    d->unsaved = true;
    DL_APPEND2(all->unsaved, d, unsaved_prev, unsaved_next);
    start_telling(all);
}

static void saved(struct directory *d)
{
    struct directories *all = sources_directories(d->source->sources);
    if (d->unsaved)
        DL_DELETE2(all->unsaved, d, unsaved_prev, unsaved_next);
    d->unsaved = false;
}

static void on_tell(struct ev_loop *loop, ev_timer *w, int events)
{
    (void)loop, (void)events;
    struct directories *all = w->data;
    struct directory *d, *next;
    DL_FOREACH_SAFE2(all->unsaved, d, next, unsaved_next)
    {
        if (d->source->phase != SOURCE_IDLE)
            continue; /* the file under way may carry it; else the next time */
        saved(d);
        sources_changed(d->source);
    }
    start_telling(all);
}

static int scan(struct directory *d)
{
    int err = files_begin_scan(d);
    if (!err)
        wake(d);
    return err;
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
        files_scan_step(d);
    else
        taken = files_take_next(d);
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
    files_end_scan(d);
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
    return scan(d);
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
        log_warning("source: directory cannot be watched source=%s path=%s error=%s",
                    d->source->def.id, log_safez(d->source->def.path), log_safez(strerror(-err)));
    snprintf(s->class, sizeof(s->class), "unreadable");
    snprintf(s->error, sizeof(s->error), "%s",
             err == -EEXIST ? "another source watches this directory" : strerror(-err));
    plan_after(d->source, LIMIT_DIRECTORY_MS * USEC_PER_MSEC, "the directory is looked for again");
}

static void directory_due(struct source *source)
{
    struct directory *d = source->directory;
    int err = d->wd < 0 ? attach(d) : scan(d);
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
    int err = scan(d);
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

static void on_told(struct directory *d, const struct inotify_event *e)
{
    if (e->mask & (IN_IGNORED | IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT)) {
        fail(d, -ENOENT);
        return;
    }
    if (e->len == 0 || (e->mask & IN_ISDIR) || !files_is_ours(str_of(e->name)))
        return;
    if (e->mask & (IN_DELETE | IN_MOVED_FROM))
        files_forget(d, e->name);
    else if (!(e->mask & IN_CREATE) || files_is_link(d, e->name))
        files_want(d, e->name, clock_now());
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
    ev_timer_init(&all->tell, on_tell, 0., 0.);
    all->tell.data = all;
    if (all->inotify >= 0)
        ev_io_start(loop, &all->io);
    return all;
}

void directories_free(struct directories *all)
{
    if (!all)
        return;
    assert(!all->by_wd && !all->busy && !all->unsaved);
    ev_io_stop(all->loop, &all->io);
    ev_timer_stop(all->loop, &all->turn);
    ev_timer_stop(all->loop, &all->tell);
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
    if (!d)
        return;
    detach(d);
    saved(d);
    files_done(d);
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
    saved(d); /* source_state() is taken now */
    if (class)
        source->bad_files++;
}

void directory_abandon(struct source *source)
{
    struct directory *d = source->directory;
    if (!d || !d->current)
        return; /* it was done already, and only its writing was awaited */
    files_want(d, d->current, clock_now());
    free(d->current);
    d->current = NULL;
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
    .at_rest = "watching",
    .check = directory_check,
    .start = directory_start,
    .due = directory_due,
    .wake = directory_wake,
    .stop = directory_stop,
};
