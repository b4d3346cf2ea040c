/*
 * The only clock. Times are int64_t microseconds: wall times since 1970-01-01 UTC, monotonic times
 * since some start of their own. 0 stands for "unknown" where a wall time may be missing.
 *
 * Tests turn it: clock_set() freezes both clocks, clock_advance() moves them together.
 */
#ifndef DATELINE_CLOCK_H
#define DATELINE_CLOCK_H

#include <stdint.h>

#define USEC_PER_MSEC 1000LL
#define USEC_PER_SEC  1000000LL
#define USEC_PER_MIN  (60 * USEC_PER_SEC)
#define USEC_PER_HOUR (60 * USEC_PER_MIN)
#define USEC_PER_DAY  (24 * USEC_PER_HOUR)

int64_t clock_now(void);  /* wall */
int64_t clock_mono(void); /* monotonic: for every interval */

void clock_set(int64_t wall_us); /* frozen from now on; 0 lets it run again */
void clock_advance(int64_t us);  /* only when frozen */

/* "2026-11-21T18:32:12.000123Z"; the fraction is left out when it is zero. Years 0000 to 9999. */
#define CLOCK_TEXT 40 /* the longest, with an offset, has 33 bytes */
const char *clock_format(int64_t wall_us, char out[CLOCK_TEXT]);
/* The same instant as a clock so many minutes east of Greenwich shows it: "…T20:32:12+02:00"; 0 is Z. */
const char *clock_format_at(int64_t wall_us, int offset_min, char out[CLOCK_TEXT]);
/* RFC 3339 as clock_format writes it, any offset and fraction. 0 or -EINVAL. For our own data; parse/date reads the world's. */
int clock_parse(const char *text, int64_t *out_us);
/* Days since 1970-01-01 of a proleptic Gregorian date, and back. */
int64_t clock_days(int year, int month, int day);
void clock_civil(int64_t days, int *year, int *month, int *day);

#endif
