#include "conf.h"

#include <errno.h>

#include "conf_value.h"
#include "show.h"
#include "units.h"

struct reading {
    const struct conf_origin *origin;
    const struct conf_table *table;
    char *record;
    char *why;
};

/* ---- errors */

/* A reason never ends inside a character. */
static int say(char why[CONF_WHY], const struct buf *text)
{
    size_t len = text->len < CONF_WHY ? text->len : CONF_WHY - 1;
    while (len < text->len && len && ((unsigned char)text->at[len] & 0xc0) == 0x80)
        len--;
    memcpy(why, text->at, len);
    why[len] = '\0';
    return -EINVAL;
}

int conf_complain_line(const struct conf_origin *origin, unsigned line, char why[CONF_WHY],
                       const char *format, ...)
{
    struct buf text = BUF_NONE;
    show_fit(&text, str_of(origin->name), 160);
    if (line)
        buf_printf(&text, ":%u", line);
    buf_putz(&text, ": ");
    va_list args;
    va_start(args, format);
    buf_vprintf(&text, format, args);
    va_end(args);
    int r = say(why, &text);
    buf_free(&text);
    return r;
}

int conf_complain(const struct conf_origin *origin, const struct node *node, char why[CONF_WHY],
                  const char *format, ...)
{
    struct buf path = BUF_NONE, reason = BUF_NONE;
    node_path(node, &path);
    if (path.len)
        buf_putz(&path, ": ");
    va_list args;
    va_start(args, format);
    buf_vprintf(&reason, format, args);
    va_end(args);
    int r = conf_complain_line(origin, node->line, why, "%s%s", buf_cstr(&path), buf_cstr(&reason));
    buf_free(&path);
    buf_free(&reason);
    return r;
}

/* ---- lists of texts */

static void list_free(char **list)
{
    for (char **p = list; p && *p; p++)
        free(*p);
    free(list);
}

static bool is_list(enum conf_type type)
{
    return type == CONF_NAMES || type == CONF_TEXTS || type == CONF_PATHS;
}

static int list_put(const struct conf_setting *setting, const char *dir, struct str text,
                    char ***list, size_t *count, struct buf *why)
{
    char *copy = NULL;
    if (conf_value_text(setting, dir, text, &copy, why) < 0)
        return -EINVAL;
    *list = xrealloc(*list, (*count + 2) * sizeof **list);
    (*list)[(*count)++] = copy;
    (*list)[*count] = NULL;
    return 0;
}

static int read_list(const struct reading *r, const struct conf_setting *setting,
                     const struct node *node, char *at)
{
    char **list = xcalloc(1, sizeof *list);
    size_t count = 0;
    struct buf why = BUF_NONE;
    int error = 0;
    const struct node *item = node->type == NODE_LIST ? node->first : node;
    if (node_is_nothing(node))
        item = NULL;
    for (; item && error == 0; item = node->type == NODE_LIST ? item->next : NULL)
        if (item->type != NODE_TEXT)
            error = conf_complain(r->origin, item, r->why, "a text is expected here");
        else if (list_put(setting, r->origin->dir, item->text, &list, &count, &why) < 0)
            error = conf_complain(r->origin, item, r->why, "%s", buf_cstr(&why));
    buf_free(&why);
    if (error < 0) {
        list_free(list);
        return error;
    }
    char ***target = (char ***)(void *)at;
    list_free(*target);
    *target = list;
    return 0;
}

/* ---- records and sections */

static int read_records(const struct reading *r, const struct conf_setting *setting,
                        const struct node *node)
{
    char **array = (char **)(void *)(r->record + setting->at);
    size_t *count = (size_t *)(void *)(r->record + setting->count_at);
    size_t size = setting->table->size, wanted = 0;
    if (node_is_nothing(node))
        return 0;
    if (node->type != NODE_LIST)
        return conf_complain(r->origin, node, r->why, "a list (\"- …\" lines) is expected here");
    for (const struct node *item = node->first; item; item = item->next)
        wanted++;
    if ((size_t)setting->max < wanted)
        return conf_complain(r->origin, node, r->why, "%zu are too many (%lld at most)", wanted,
                             (long long)setting->max);
    *array = xrealloc(*array, (*count + wanted) * size);
    for (const struct node *item = node->first; item; item = item->next) {
        char *record = *array + *count * size;
        memset(record, 0, size);
        conf_init(setting->table, record);
        ++*count;
        int error = conf_read(r->origin, item, setting->table, record, r->why);
        if (error < 0)
            return error;
    }
    return 0;
}

static int read_value(const struct reading *r, const struct conf_setting *setting,
                      const struct node *node)
{
    struct buf why = BUF_NONE;
    char *at = r->record + setting->at;
    if (setting->type == CONF_REFUSED)
        return conf_complain(r->origin, node, r->why, "%s", setting->help);
    if (setting->type == CONF_SECTION)
        return node_is_nothing(node)
                   ? 0
                   : conf_read(r->origin, node, setting->table, r->record, r->why);
    if (setting->type == CONF_RECORDS)
        return read_records(r, setting, node);
    if (is_list(setting->type))
        return node->type == NODE_MAP
                   ? conf_complain(r->origin, node, r->why, "a list (\"[…]\") is expected here")
                   : read_list(r, setting, node, at);
    if (node->type != NODE_TEXT)
        return conf_complain(r->origin, node, r->why, "one value is expected here, not a %s",
                             node->type == NODE_LIST ? "list" : "mapping");
    if (node_is_nothing(node))
        return conf_complain(r->origin, node, r->why, "has no value");
    int error = conf_value_put(setting, r->origin->dir, node->text, at, &why);
    if (error < 0)
        error = conf_complain(r->origin, node, r->why, "%s", buf_cstr(&why));
    buf_free(&why);
    return error;
}

static const struct conf_setting *find(const struct conf_table *table, struct str key)
{
    for (size_t i = 0; i < table->count; i++)
        if (str_is(key, table->settings[i].key))
            return &table->settings[i];
    return NULL;
}

#define SETTINGS_MAX 32 /* of one table of ours */

static int unknown(const struct conf_origin *origin, const struct node *node,
                   const struct conf_table *table, char why[CONF_WHY])
{
    const char *words[SETTINGS_MAX + 1];
    size_t count = 0;
    if (table->others)
        return conf_complain(origin, node, why, "%s", table->others);
    for (size_t i = 0; i < table->count && count < SETTINGS_MAX; i++)
        if (table->settings[i].type != CONF_REFUSED)
            words[count++] = table->settings[i].key;
    words[count] = NULL;
    const char *nearest = units_nearest(node->key, words);
    if (nearest)
        return conf_complain(origin, node, why, "no such setting; did you mean '%s'?", nearest);
    return conf_complain(origin, node, why, "no such setting");
}

int conf_read(const struct conf_origin *origin, const struct node *node,
              const struct conf_table *table, void *record, char why[CONF_WHY])
{
    struct reading r = {origin, table, record, why};
    unsigned lines[SETTINGS_MAX] = {0}; /* where each was given */
    if (node->type != NODE_MAP)
        return conf_complain(origin, node, why, "settings (\"name: value\") are expected here");
    for (const struct node *child = node->first; child; child = child->next) {
        const struct conf_setting *setting = find(table, child->key);
        if (!setting)
            return unknown(origin, child, table, why);
        unsigned *line = &lines[setting - table->settings];
        if (*line)
            return conf_complain(origin, child, why, "given twice, first on line %u", *line);
        *line = child->line;
        int error = read_value(&r, setting, child);
        if (error < 0)
            return error;
    }
    return 0;
}

/* Initial values are ours: one that its own setting refuses is our mistake. */
static void init_value(const struct conf_setting *setting, char *record)
{
    struct buf why = BUF_NONE;
    int error = 0;
    if (is_list(setting->type)) {
        char ***list = (char ***)(void *)(record + setting->at);
        struct str rest = str_of(setting->initial), one;
        size_t count = 0;
        while (error == 0 && str_cut(&rest, ',', &one))
            error = list_put(setting, "/", str_trim(one), list, &count, &why);
    } else {
        error = conf_value_put(setting, "/", str_of(setting->initial), record + setting->at, &why);
    }
    if (error < 0)
        abort();
    buf_free(&why);
}

void conf_init(const struct conf_table *table, void *record)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct conf_setting *setting = &table->settings[i];
        if (setting->type == CONF_SECTION)
            conf_init(setting->table, record);
        else if (setting->initial)
            init_value(setting, record);
    }
}

static void records_done(const struct conf_setting *setting, char *record)
{
    char **array = (char **)(void *)(record + setting->at);
    size_t *count = (size_t *)(void *)(record + setting->count_at);
    for (size_t i = 0; i < *count; i++)
        conf_done(setting->table, *array + i * setting->table->size);
    free(*array);
    *array = NULL;
    *count = 0;
}

void conf_done(const struct conf_table *table, void *record)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct conf_setting *setting = &table->settings[i];
        char *at = (char *)record + setting->at;
        if (setting->type == CONF_SECTION) {
            conf_done(setting->table, record);
        } else if (setting->type == CONF_RECORDS) {
            records_done(setting, record);
        } else if (is_list(setting->type)) {
            list_free(*(char ***)(void *)at);
            *(char ***)(void *)at = NULL;
        } else if (setting->type == CONF_NAME || setting->type == CONF_TEXT ||
                   setting->type == CONF_PATH) {
            free(*(char **)(void *)at);
            *(char **)(void *)at = NULL;
        }
    }
}

/* ---- help */

static void put_words(struct buf *out, const struct conf_setting *setting)
{
    for (const struct conf_word *w = setting->words; w->word; w++)
        buf_printf(out, "%s%s", w == setting->words ? "" : " | ", w->word);
}

static void put_type(struct buf *out, const struct conf_setting *setting)
{
    static const char *const names[] = {
        [CONF_INT] = "number",   [CONF_SIZE] = "size",           [CONF_DURATION] = "duration",
        [CONF_BOOL] = "boolean", [CONF_TEXT] = "text",           [CONF_PATH] = "path",
        [CONF_TEXTS] = "list",   [CONF_PATHS] = "list of paths",
    };
    if (setting->type == CONF_NAMES)
        buf_putz(out, "list of ");
    if (setting->words)
        put_words(out, setting);
    else
        buf_putz(out, names[setting->type]);
    if (setting->type == CONF_INT || setting->type == CONF_SIZE || setting->type == CONF_DURATION) {
        buf_putz(out, ", ");
        conf_value_range(out, setting);
    }
    if (setting->zero)
        buf_printf(out, " or %s", setting->zero);
    if (setting->initial || setting->derived)
        buf_printf(out, "; default %s", setting->derived ? setting->derived : setting->initial);
}

static void describe(const struct conf_table *table, const char *prefix,
                     void (*on_setting)(void *ctx, const char *path, const char *what,
                                        const char *help),
                     void *ctx)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct conf_setting *setting = &table->settings[i];
        if (setting->type == CONF_REFUSED)
            continue;
        bool nested = setting->type == CONF_SECTION || setting->type == CONF_RECORDS;
        char *path = xasprintf("%s%s%s", prefix, setting->key,
                               !nested                         ? ""
                               : setting->type == CONF_RECORDS ? "[]."
                                                               : ".");
        struct buf what = BUF_NONE;
        if (nested) {
            describe(setting->table, path, on_setting, ctx);
        } else {
            put_type(&what, setting);
            on_setting(ctx, path, buf_cstr(&what), setting->help);
        }
        buf_free(&what);
        free(path);
    }
}

void conf_describe(const struct conf_table *table,
                   void (*on_setting)(void *ctx, const char *path, const char *what,
                                      const char *help),
                   void *ctx)
{
    describe(table, "", on_setting, ctx);
}
