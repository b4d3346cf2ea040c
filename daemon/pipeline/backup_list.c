/* Which backups a directory holds. It is read on a thread of its own: the disk may be away. */
#include "inside.h"

#include <stdlib.h>
#include <sysexits.h>

#include "aside.h"
#include "clock.h"
#include "list.h"
#include "log.h"
#include "upkeep.h"

#define LOOKS_MOST 8 /* at once: a disk that does not answer holds each as long as it likes */
#define STOP_US    USEC_PER_SEC /* that a stop waits for all of them */

/* A request under way. */
struct backup_look {
    struct pipeline *pipeline;
    struct aside aside;
    struct control_call *call;
    char *dir;
    struct backup_look *prev, *next;
    /* the thread's, until it is over */
    struct upkeep_backup *all;
    size_t count;
    int error;
    char why[STORE_WHY];
};

static void look_free(struct backup_look *look)
{
    free(look->all);
    free(look->dir);
    free(look);
}

static void read_dir(void *ctx)
{
    struct backup_look *look = ctx;
    look->error = store_backup_list(look->dir, &look->all, &look->count, look->why);
}

static json_t *backup_json(const struct upkeep_backup *backup)
{
    char at[CLOCK_TEXT];
    return json_pack("{s:I, s:s, s:I, s:I}", "id", (json_int_t)backup->id, "at",
                     clock_format(backup->at, at), "bytes", (json_int_t)backup->bytes, "files",
                     (json_int_t)backup->files);
}

static void answer(const struct backup_look *look)
{
    if (look->error < 0) {
        control_fail(look->call, EX_NOINPUT, "%s", look->why);
        return;
    }
    json_t *list = json_array();
    for (size_t i = 0; i < look->count; i++)
        json_array_append_new(list, backup_json(&look->all[i]));
    control_answer(look->call, json_pack("{s:b, s:o}", "ok", 1, "backups", list));
}

static void leave(struct backup_look *look)
{
    DL_DELETE(look->pipeline->backup_looks, look);
    look_free(look);
}

static void on_read(void *ctx)
{
    answer(ctx);
    leave(ctx);
}

static unsigned look_count(const struct pipeline *p)
{
    const struct backup_look *look;
    unsigned count = 0;
    DL_COUNT(p->backup_looks, look, count);
    return count;
}

void backup_list(struct pipeline *p, const json_t *request, struct control_call *call)
{
    const char *dir = backup_dir(request, call);
    if (!dir)
        return;
    if (look_count(p) >= LOOKS_MOST) {
        control_fail(call, EX_TEMPFAIL, "directories of backups do not answer, such as %s",
                     log_safez(p->backup_looks->dir));
        return;
    }
    struct backup_look *look = xcalloc(1, sizeof *look);
    look->pipeline = p;
    look->call = call;
    look->dir = xstrdup(dir);
    look->aside = (struct aside){.work = read_dir, .then = on_read, .ctx = look};
    DL_APPEND(p->backup_looks, look);
    int error = aside_start(&look->aside, p->loop);
    if (error == 0)
        return;
    control_fail(call, EX_OSERR, "no thread to look: %s", strerror(-error));
    leave(look);
}

/* Calls are answered no more. */
bool backup_list_stop(struct pipeline *p)
{
    struct backup_look *look, *next;
    const int64_t until = clock_mono() + STOP_US;
    DL_FOREACH_SAFE (p->backup_looks, look, next) {
        if (aside_stop(&look->aside, until - clock_mono()))
            leave(look);
    }
    if (!p->backup_looks)
        return true;
    log_warning("backup: a directory does not answer dir=%s", log_safez(p->backup_looks->dir));
    return false;
}
