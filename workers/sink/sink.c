#include "sink.h"

#include <errno.h>

const struct sink_kind *const sink_kinds[] = {&sink_jsonl, &sink_sqlite, &sink_postgres, NULL};

struct sink {
    const struct sink_kind *kind;
    void *state;
    char *path;
};

int sink_open(const struct sink_config *config, char why[SINK_WHY], struct sink **out)
{
    void *state;
    size_t i = 0;
    while (sink_kinds[i] && strcmp(sink_kinds[i]->name, config->kind) != 0)
        i++;
    if (!sink_kinds[i]) {
        (void)snprintf(why, SINK_WHY, "there is no sink '%.64s'", config->kind);
        return -EINVAL;
    }
    int r = sink_kinds[i]->open(config, why, &state);
    if (r != 0)
        return r;
    struct sink *s = xcalloc(1, sizeof(*s));
    *s = (struct sink){sink_kinds[i], state,
                       xstrdup(config->path ? config->path : config->conninfo)};
    *out = s;
    return 0;
}

int sink_put(struct sink *s, const struct sink_record *record)
{
    return s->kind->put(s->state, record);
}

int sink_flush(struct sink *s)
{
    return s->kind->flush(s->state);
}

size_t sink_refused(const struct sink *s)
{
    return s->kind->refused ? s->kind->refused(s->state) : 0;
}

const char *sink_why(const struct sink *s)
{
    return s->kind->why ? s->kind->why(s->state) : "";
}

void sink_close(struct sink *s)
{
    if (!s)
        return;
    s->kind->close(s->state);
    free(s->path);
    free(s);
}

const char *sink_path(const struct sink *s)
{
    return s->path;
}

const char *sink_kind_name(const struct sink *s)
{
    return s->kind->name;
}

int sink_fsync_named(const char *name, enum sink_fsync *out)
{
    static const char *const names[] = {
        [SINK_FSYNC_ALWAYS] = "always",
        [SINK_FSYNC_INTERVAL] = "interval",
        [SINK_FSYNC_NEVER] = "never",
    };
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (strcmp(name, names[i]) == 0) {
            *out = (enum sink_fsync)i;
            return 0;
        }
    }
    return -EINVAL;
}
