/*
 * Settings by table. A table lists the settings of one mapping: name, type, range, initial value, a
 * line of help, and where the value lands in a struct. The same table reads a file, fills in what is
 * not given, frees it, and writes the help; nothing is written twice.
 *
 *     static const struct conf_setting fetch_settings[] = {
 *         {.key = "spacing", .type = CONF_DURATION, .at = offsetof(struct config, fetch.spacing_us),
 *          .initial = "5s", .max = USEC_PER_HOUR, .help = "between two requests to one host"},
 *     };
 *
 * Values are text until this room has converted them with unit and range; errors name file, line and
 * setting: "dateline.yaml:12: fetch.spacing: '5 parsecs' is not a duration (such as 5s, 10m, 1h)".
 */
#ifndef DATELINE_CONF_H
#define DATELINE_CONF_H

#include "node.h"
#include "str.h"

#include <stdbool.h>
#include <stdint.h>

/* The comments say what a setting lands as. */
enum conf_type {
    CONF_INT,      /* unsigned, min..max */
    CONF_SIZE,     /* uint64_t bytes, min..max */
    CONF_DURATION, /* int64_t microseconds, min..max */
    CONF_BOOL,     /* bool */
    CONF_WORD,     /* int: the value beside the word */
    CONF_NAME,     /* char *: one of the words itself */
    CONF_TEXT,     /* char *, or NULL */
    CONF_PATH,     /* char *, absolute, or NULL: relative ones start where the file stands */
    CONF_NAMES,    /* char **, NULL-terminated: of the words */
    CONF_TEXTS,    /* char **, NULL-terminated; one text alone is a list of one */
    CONF_PATHS,    /* char **, NULL-terminated */
    CONF_SECTION,  /* the settings of .table, in the same struct */
    CONF_RECORDS,  /* an array of .table->size each, the count at .count_at */
    CONF_REFUSED   /* known, and not to be had: .help says why */
};

struct conf_word {
    const char *word; /* NULL ends the list */
    int value;
};

struct conf_setting {
    const char *key;
    enum conf_type type;
    size_t at, count_at;
    const char *initial; /* as one would write it; NULL: 0, NULL, none */
    const char *derived; /* the help's word for a default .initial is not: "made from runtime" */
    int64_t min, max;
    const char *zero; /* word that stands for 0, whatever the range: "auto" */
    const struct conf_word *words;
    const char *noun; /* what the words are, for errors: "kind" */
    const struct conf_table *table;
    /* 0, or -EINVAL with a reason appended to `why`: "'x' is not a web address". Text is NUL-terminated. */
    int (*check)(struct str text, struct buf *why);
    const char *help;
};

struct conf_table {
    const struct conf_setting *settings;
    size_t count;
    size_t size;        /* of the struct of one of CONF_RECORDS */
    const char *others; /* why no other name is known here; NULL: "no such setting" */
};

/* Where a file came from. */
struct conf_origin {
    const char *name; /* what errors call it */
    const char *dir;  /* absolute; where its relative paths start */
};

#define CONF_WHY 512 /* bytes of an error, NUL included */

/* `record` is all zero. */
void conf_init(const struct conf_table *table, void *record);
/* Frees what the values own; the record may be half read. */
void conf_done(const struct conf_table *table, void *record);
/* What `node` gives replaces what `record` holds. 0, -EINVAL with `why`. */
int conf_read(const struct conf_origin *origin, const struct node *node,
              const struct conf_table *table, void *record, char why[CONF_WHY]);

/* "NAME:LINE: SETTING: reason" into `why`; returns -EINVAL. */
int conf_complain(const struct conf_origin *origin, const struct node *node, char why[CONF_WHY],
                  const char *format, ...) __attribute__((format(printf, 4, 5)));
/* The same for a line without a setting; line 0 for the whole file. */
int conf_complain_line(const struct conf_origin *origin, unsigned line, char why[CONF_WHY],
                       const char *format, ...) __attribute__((format(printf, 4, 5)));
/* Text in single quotes, harmless, cut after 80 columns. Appends. */
void conf_quote(struct buf *out, struct str text);
/* dir/path, or path when it is absolute. The caller owns it. */
char *conf_absolute(const char *dir, struct str path);

/* One entry a setting: on_setting("fetch.spacing", "duration, 0s to 1h; 5s unless given", help). */
void conf_describe(const struct conf_table *table,
                   void (*on_setting)(void *ctx, const char *path, const char *what,
                                      const char *help),
                   void *ctx);

#endif
