/* Between the files of the configuration: nothing here is for callers. */
#ifndef DATELINE_CONFIG_PARTS_H
#define DATELINE_CONFIG_PARTS_H

#include "conf.h"
#include "config.h"

/* A configuration as it is read: `config` is what callers see, it comes first. */
struct loading {
    struct config config;
    char **include; /* patterns, absolute; NULL-terminated, or NULL */
};

/* ---- config_table.c */
extern const struct conf_table config_root_table;   /* struct loading */
extern const struct conf_table config_source_table; /* struct config_source */

/* ---- config_check.c: what a text has to be */
int config_check_id(struct str text, struct buf *why);
int config_check_url(struct str text, struct buf *why);
int config_check_line(struct str text, struct buf *why);
int config_check_language(struct str text, struct buf *why);
int config_check_user_agent(struct str text, struct buf *why);
int config_check_selector(struct str text, struct buf *why);
int config_check_sql_name(struct str text, struct buf *why);
int config_check_listen(struct str text, struct buf *why);
int config_check_endpoint(struct str text, struct buf *why);
int config_check_intake(struct str text, struct buf *why); /* or "off" */
int config_check_free(struct str text, struct buf *why);
int config_check_pattern(struct str text, struct buf *why);
/* The path of an ipc:// endpoint, or nothing. */
struct str config_ipc_path(struct str endpoint);
/* Replaces *endpoint by what is bound or connected to: a relative socket path starts at `dir`, localhost
 * is a number (a name cannot be bound). */
void config_settle_endpoint(char **endpoint, const char *dir);

/* ---- config_sources.c: the list of sources, from the file itself and from those it includes */
int config_settle_sources(struct loading *loading, const struct conf_origin *origin,
                          const struct node *root, char why[CONF_WHY]);

/* ---- config.c */
/* -ENOENT, -EACCES, … or -EINVAL, `why` is set. *out owns the tree. */
int config_read_file(const struct conf_origin *origin, struct node **out, char why[CONF_WHY]);
/* Absolute folder of a file. The caller owns it. */
char *config_folder(const char *path);

#endif
