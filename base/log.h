/*
 * The log: one line, one event, on stderr with the journal's <N> priority in front when stderr is
 * not a terminal.
 *
 *     log_info("fetch: not modified source=%s status=%d", id, status);
 *
 * "room: what happened key=value …". Lower floors return errors; the room that decides logs once.
 * Text from outside goes through log_safe(): control bytes, quotes and backslashes are escaped, what
 * is longer than LOG_SAFE_MAX is cut. Equal lines in a flood are counted, not repeated: at most
 * LOG_BURST lines a second from one call site, then "suppressed=N" with the next one let through.
 */
#ifndef DATELINE_LOG_H
#define DATELINE_LOG_H

#include "str.h"

#include <stdbool.h>

enum log_level { LOG_ERROR = 3, LOG_WARNING = 4, LOG_INFO = 6, LOG_DEBUG = 7 };

#define LOG_SAFE_MAX 240
#define LOG_BURST    20

struct log_site { /* one a call site: its flood counter */
    int64_t second_us;
    unsigned count, suppressed;
};

void log_set_level(enum log_level level);
bool log_wants(enum log_level level);
void log_write(struct log_site *site, enum log_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Quoted when needed and escaped. The text lives until the eighth call of the same thread from now. */
const char *log_safe(struct str s);
const char *log_safez(const char *z); /* NULL gives "-" */

#define LOG_AT(level, ...)                                                                         \
    do {                                                                                           \
        static struct log_site log_here_;                                                          \
        if (log_wants(level))                                                                      \
            log_write(&log_here_, level, __VA_ARGS__);                                             \
    } while (0)
#define log_error(...)   LOG_AT(LOG_ERROR, __VA_ARGS__)
#define log_warning(...) LOG_AT(LOG_WARNING, __VA_ARGS__)
#define log_info(...)    LOG_AT(LOG_INFO, __VA_ARGS__)
#define log_debug(...)   LOG_AT(LOG_DEBUG, __VA_ARGS__)

#endif
