#include "analyze.h"

#include <errno.h>
#include <math.h>
#include <unistd.h>

#include "clock.h"
#include "limits.h"

const struct analyzer *const analyzers[] = {
    &analyzer_language, /* first: the others read its answer */
    &analyzer_topics,
    &analyzer_dateline,
    NULL,
};

struct chosen {
    const struct analyzer *analyzer;
    void *state;
};

struct analyze {
    struct chosen chosen[ARRAY_LEN(analyzers)];
    size_t count;
};

/* ----------------------------------------------------------------------------------- opening */

static bool named(char *const *names, const char *name)
{
    for (; names && *names; names++) {
        if (strcmp(*names, name) == 0)
            return true;
    }
    return false;
}

static int check_names(char *const *names, char why[ANALYZE_WHY])
{
    for (; names && *names; names++) {
        size_t i = 0;
        while (analyzers[i] && strcmp(analyzers[i]->name, *names) != 0)
            i++;
        if (!analyzers[i]) {
            (void)snprintf(why, ANALYZE_WHY, "there is no analyzer '%.64s'", *names);
            return -EINVAL;
        }
    }
    return 0;
}

int analyze_open(char *const *names, const struct analyze_options *options, char why[ANALYZE_WHY],
                 struct analyze **out)
{
    int r = check_names(names, why);
    if (r != 0)
        return r;
    struct analyze *set = xcalloc(1, sizeof(*set));
    for (size_t i = 0; analyzers[i]; i++) {
        const struct analyzer *a = analyzers[i];
        struct chosen *c = &set->chosen[set->count];
        if (names && !named(names, a->name))
            continue;
        c->analyzer = a;
        r = a->open ? a->open(options, why, &c->state) : 0;
        if (r != 0) {
            analyze_close(set);
            return r;
        }
        set->count++;
    }
    *out = set;
    return 0;
}

void analyze_close(struct analyze *set)
{
    if (!set)
        return;
    for (size_t i = 0; i < set->count; i++) {
        if (set->chosen[i].analyzer->close)
            set->chosen[i].analyzer->close(set->chosen[i].state);
    }
    free(set);
}

/* Takes `path`; NULL when it cannot be looked into. */
static char *readable(char *path)
{
    if (access(path, R_OK | X_OK) == 0)
        return path;
    free(path);
    return NULL;
}

static char *models_at(const char *dir, int up)
{
    char *tree = xasprintf("%s/CMakeLists.txt", dir), *found = NULL;
    if (access(tree, R_OK) == 0)
        found = readable(xasprintf("%s/workers/models", dir));
    else if (up == 1) /* bin's prefix, perhaps another than the one it was built for */
        found = readable(xasprintf("%s/share/dateline/models", dir));
    free(tree);
    return found;
}

/* The program's folder and those above it, as far as a build tree is deep. */
static char *models_near_program(void)
{
    char dir[4096], *found = NULL;
    ssize_t len = readlink("/proc/self/exe", dir, sizeof(dir) - 1);
    if (len <= 0)
        return NULL;
    dir[len] = '\0';
    for (int up = 0; up < 4 && !found; up++) {
        char *slash = strrchr(dir, '/');
        if (!slash)
            return NULL;
        *slash = '\0';
        found = models_at(dir, up);
    }
    return found;
}

char *analyze_models_dir(const char *given)
{
    if (given && given[0])
        return xstrdup(given);
    char *near = models_near_program();
    return near ? near : xstrdup(DATELINE_MODELS);
}

/* ----------------------------------------------------------------------------------- running */

json_t *analyze_part(json_t *record)
{
    return json_object_get(record, "analysis");
}

json_t *analyze_item(json_t *record)
{
    return json_object_get(record, "item");
}

json_t *analyze_confidence(double confidence)
{
    return json_real(round(confidence * 1000) / 1000);
}

static struct str text_of(const json_t *value)
{
    return json_is_string(value) ? (struct str){json_string_value(value), json_string_length(value)}
                                 : STR_NONE;
}

/* The plain text among headlines, descriptions or bodies, else the first. */
static struct str value_of(const json_t *item, const char *key)
{
    const json_t *list = json_object_get(item, key), *entry;
    struct str first = STR_NONE;
    size_t i;
    json_array_foreach (list, i, entry) {
        struct str text = text_of(json_object_get(entry, "value"));
        if (str_is(text_of(json_object_get(entry, "contentType")), "text/plain"))
            return text;
        if (i == 0)
            first = text;
    }
    return first;
}

static void declared_language(const json_t *item, char out[ARTICLE_LANGUAGE])
{
    struct str tag = text_of(json_object_get(item, "language"));
    size_t len = 0;
    for (; len < tag.len && tag.at[len] != '-' && tag.at[len] != '_'; len++) {
        char c = (char)(tag.at[len] | 0x20);
        if (c < 'a' || c > 'z' || len >= 8) { /* not a language tag (RFC 5646, 2.2.1) */
            len = 0;
            break;
        }
        out[len] = c;
    }
    if (len != 2 && len != 3) /* nobody's language: ISO 639 has two letters, or three */
        len = 0;
    out[len] = '\0';
}

static int64_t created_at(const json_t *record, const json_t *item)
{
    static const char *const keys[] = {"firstCreated", "versionCreated", "contentCreated"};
    const char *text = json_string_value(json_object_get(record, "fetched"));
    int64_t at = 0;
    if (text && clock_parse(text, &at) == 0)
        return at;
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        text = json_string_value(json_object_get(item, keys[i]));
        if (text && clock_parse(text, &at) == 0)
            return at;
    }
    return 0;
}

static void read_article(const json_t *record, const json_t *item, struct article *out)
{
    *out = (struct article){.uri = text_of(json_object_get(item, "uri")),
                            .headline = value_of(item, "headlines"),
                            .summary = value_of(item, "descriptions"),
                            .body = value_of(item, "bodies"),
                            .created_at = created_at(record, item)};
    out->text = out->body.len > 0 ? out->body : out->summary;
    declared_language(item, out->language);
}

static void note_provenance(json_t *provenance, const struct chosen *c)
{
    json_t *entry = json_pack("{ss}", "version", c->analyzer->version);
    if (c->analyzer->model)
        json_object_set_new(entry, "model", json_string(c->analyzer->model(c->state)));
    json_object_set_new(provenance, c->analyzer->name, entry);
}

int analyze_run(struct analyze *set, json_t *record)
{
    json_t *item = json_object_get(record, "item");
    if (!json_is_object(item))
        return -EINVAL;
    struct article article;
    read_article(record, item, &article);
    json_t *provenance = json_object();
    json_object_set_new(record, "analysis", json_object());
    for (size_t i = 0; i < set->count; i++) {
        const struct chosen *c = &set->chosen[i];
        c->analyzer->run(c->state, &article, record);
        note_provenance(provenance, c);
    }
    json_object_set_new(record, "provenance", provenance);
    return 0;
}
