/*
 * Analyzers read an article and say what it is: its language, its topics, where and when it was
 * filed.
 *
 * One analyzer is one const struct in one file, listed by hand in analyze.c; the list's order is
 * the order they run in, because later ones build on earlier ones (topics reads the language). Each
 * writes its part of record.analysis and of the ninjs item; who said so, and with which model, is
 * noted in record.provenance for all of them here. An analyzer that finds nothing writes nothing;
 * none can fail on an article.
 */
#ifndef DATELINE_ANALYZE_H
#define DATELINE_ANALYZE_H

#include "str.h"

#include <jansson.h>

#define ANALYZE_WHY      512
#define ARTICLE_LANGUAGE 24

struct article { /* lends its texts from the record's item */
    struct str uri, headline, summary, body;
    struct str text; /* the body, or the summary where there is none: what there is to read */
    /* Primary subtag, lower case: as declared, "" when not; the language analyzer puts its answer
     * here. */
    char language[ARTICLE_LANGUAGE];
    int64_t created_at; /* µs UTC: fetched, or first created; 0 not known */
};

struct analyze_options {
    const char *models; /* the folder of the model files */
};

struct analyzer {
    const char *name;    /* as in settings and provenance */
    const char *version; /* raised whenever the same article may get another answer */
    /* 0 and *state, or a negative errno and the reason in words. NULL when there is no state. */
    int (*open)(const struct analyze_options *options, char why[ANALYZE_WHY], void **state);
    /* Adds to record.analysis and record.item, both objects. */
    void (*run)(void *state, struct article *article, json_t *record);
    const char *(*model)(void *state); /* the model's name; NULL for analyzers without one */
    void (*close)(void *state);
};

extern const struct analyzer *const analyzers[]; /* ends with NULL */

struct analyze; /* a chosen, opened set of analyzers; one thread's */

/* names: NULL-terminated, or NULL for all; they run in the list's order whatever theirs is. -EINVAL
 * for a name there is no analyzer of, or what an analyzer's open gave; the reason in `why`. */
int analyze_open(char *const *names, const struct analyze_options *options, char why[ANALYZE_WHY],
                 struct analyze **out);
/* Sets record.analysis and record.provenance and completes record.item. -EINVAL when record.item is
 * no object. */
int analyze_run(struct analyze *set, json_t *record);
void analyze_close(struct analyze *set);

/* Where models are: the given folder, else the build tree's when this program was run from one,
 * else the installed one. The caller frees it. */
char *analyze_models_dir(const char *given);

/* For analyzers: record.analysis and record.item. */
json_t *analyze_part(json_t *record);
json_t *analyze_item(json_t *record);
/* A confidence as the records show it: three decimals. */
json_t *analyze_confidence(double confidence);

extern const struct analyzer analyzer_language, analyzer_topics, analyzer_dateline;

#endif
