/*
 * A date while it is read: what stood in the text, before anybody has judged whether it is a day.
 * Inside date.c, datescan.c and zone.c only.
 */
#ifndef DATELINE_MOMENT_H
#define DATELINE_MOMENT_H

#include "date.h"

/* When a zone's clocks stand an hour ahead. */
enum zone_rule { ZONE_FIXED, ZONE_EU, ZONE_US, ZONE_AU, ZONE_NZ };

struct moment {
    int year, month, day; /* 0 not given */
    int hour, minute, second;
    int64_t micros;
    int offset_min; /* east of Greenwich, in winter where the rule has summers */
    enum zone_rule rule;
    bool has_time, has_zone, pm, am;
};

bool moment_is_digit(char c);
/* How many digits s begins with, and the number in the first n of them, n <= 9. */
size_t moment_digits(struct str s);
int moment_number(struct str s, size_t n);
/* Exactly n digits off *s. */
bool moment_take(struct str *s, size_t n, int *out);
bool moment_take_char(struct str *s, char c);
void moment_take_fraction(struct str *s, struct moment *m);
/* "+01:00", "-0500", "+3", with U+2212 for the minus too. */
bool moment_take_offset(struct str *s, struct moment *m);

/* Everything but ISO 8601: a row of numbers, words and separators. 0; -EINVAL; -EDOM when day and
 * month could be either way round. */
int moment_scan(struct str text, enum date_order order, struct moment *out);

/* A name or abbreviation: "EST", "Europe/Berlin", "PST8PDT". Fills offset, rule and has_zone. */
bool zone_set(struct moment *m, struct str name);
/* Minutes east of Greenwich at the moment's own time of day. */
int zone_offset(const struct moment *m);

#endif
