/*
 * The settings: one YAML file for daemon, worker and command line, so it stands on the floor that all
 * three see. Every key has a default except the sources. config_table.c is the table: key, type, range,
 * default and a line of help; reading, `dateline --help-config`, the manual and the tests go by it.
 *
 * An error names file, line and setting, and is one harmless line (base/conf.h).
 */
#ifndef DATELINE_CONFIG_H
#define DATELINE_CONFIG_H

#include "str.h"

#include <stdint.h>

enum config_lane { CONFIG_LANE_LIVE, CONFIG_LANE_BACKFILL };
enum config_full_text { CONFIG_FULL_TEXT_AUTO, CONFIG_FULL_TEXT_ALWAYS, CONFIG_FULL_TEXT_NEVER };

#define CONFIG_SINCE_US ((int64_t)172800 * 1000000) /* the default of since: */

struct config_source {
    char *kind, *url, *path, *id,
        *title; /* url or path NULL, both of a push source; id made of the other if need be */
    char *links, *skip; /* selectors, NULL none */
    int64_t every_us;   /* 0: auto */
    int64_t since_us;   /* 0: all */
    enum config_full_text full_text;
    enum config_lane lane;
    bool allow_private;
};

struct config_sink {
    char *kind, *path;               /* path absolute; NULL for postgres */
    char *conninfo, *schema, *table; /* postgres; conninfo NULL for others */
    char *password_file;             /* absolute, or credential:NAME, or NULL */
    char *fsync;                     /* always | interval | never */
    uint64_t rotate_bytes;           /* 0: never */
    unsigned keep;                   /* rotated files kept */
};

struct config {
    char *state, *runtime; /* absolute */
    int log_level;         /* enum log_level of base/log.h */
    struct config_source *sources;
    size_t source_count;
    struct {
        char *user_agent;
        unsigned per_host;
        int64_t spacing_us, timeout_us;
        uint64_t max_body;
        unsigned asks_a_day; /* 0: no budget */
    } fetch;
    struct {
        unsigned children;
        char *jail;
    } parser;
    struct {
        char **bind; /* NULL-terminated, made from runtime when not given */
        int64_t lease_us;
        unsigned max_deliveries;
    } work;
    struct {
        unsigned max_items; /* unfinished items */
        uint64_t max_bytes; /* of their work */
        char *min_free;     /* for config_free_space() */
        int64_t max_age_us; /* 0: never too old */
    } queue;
    struct {
        char **bind;
        int64_t heartbeat_us;
    } live;
    struct {
        char **bind;
        int64_t keep_us;
        uint64_t max_size; /* bytes, 0: no limit */
    } replay;
    struct {
        int64_t keep_us; /* 0: for ever */
    } seen;
    struct {
        char **bind; /* empty: nobody hands in anything */
    } intake;
    struct {
        char *bind;
    } control;
    struct {
        char *listen; /* "off" turns the web side off */
    } web;
    struct {
        char *key, *authorised_keys; /* absolute paths, or credential:NAME; NULL: none */
        char *server_key;            /* the same, or the key itself */
    } security;
    struct {
        char **connect;
        unsigned credit;
        char **languages; /* NULL-terminated; NULL or none: all */
        char **analyzers; /* NULL-terminated, in order */
        char *models;     /* NULL: looked for */
    } worker;
    struct config_sink *sinks;
    size_t sink_count;
};

struct config_error {
    /* "dateline.yaml:12: fetch.spacing: '5 parsecs' is not a duration (such as 5s, 10m, 1h)" */
    char text[512];
};

/* 0; -ENOENT, -EACCES, -EISDIR, -EFBIG, … it, or a file it includes, cannot be read; -EINVAL what it says is
 * wrong. *out is untouched then. */
int config_load(const char *path, struct config **out, struct config_error *error);
/* As config_load of an empty file that stood in the current directory: all defaults, no sources. */
struct config *config_defaults(void);
void config_free(struct config *config);
/* From memory, for tests and the fuzzer: `name` is what errors call it, `dir` what relative paths start from;
 * include: is refused. */
int config_parse(struct str text, const char *name, const char *dir, struct config **out,
                 struct config_error *error);
/* Every setting with its type, default and help, as `dateline.yaml` comments. Appends. */
void config_help(struct buf *out);
/* Bytes that a setting like "1G", "5%" or "1G|5%" (the lesser of the two) means on a file system of `total`
 * bytes. 0, -EINVAL not understood, *out untouched. */
int config_free_space(struct str text, uint64_t total, uint64_t *out);
/* True for ipc:// and loopback addresses: what may be bound without keys. */
bool config_is_local(const char *endpoint);
/* Where a client on this host connects to what is bound at `endpoint`: an address that stands for all
 * becomes loopback. The caller owns it. */
char *config_reach(const char *endpoint);

#endif
