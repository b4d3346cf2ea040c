/*
 * Numbers and times as people read them at a glance, and what the terminal in front of them can do.
 */
#ifndef DATELINE_HUMAN_H
#define DATELINE_HUMAN_H

#include "str.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum human_tone { HUMAN_PLAIN, HUMAN_GOOD, HUMAN_WARN, HUMAN_BAD, HUMAN_DIM, HUMAN_BOLD };

/* A terminal that shows colours, and NO_COLOR (no-color.org) is not set. */
bool human_colours(FILE *to);
/* Columns of the terminal; 0 when it is none. */
size_t human_width(FILE *to);
/* Begins a tone; HUMAN_PLAIN ends it. */
const char *human_tone(enum human_tone tone);

void human_count(struct buf *out, uint64_t n);     /* 1,234,567 */
void human_bytes(struct buf *out, uint64_t bytes); /* 12.3 MiB */
void human_span(struct buf *out, int64_t us);      /* 45 s, 3 min, 2 h 5 min, 4 d 3 h */
/* "3 min ago", "in 5 min", "now". */
void human_when(struct buf *out, int64_t at_us, int64_t now_us);

/* ---- out of an answer: what is missing or of another type is 0, "" or "-" */
uint64_t json_count(const json_t *object, const char *key);
int64_t json_seconds_us(const json_t *object, const char *key); /* a number of seconds, as µs */
struct str json_text(const json_t *object, const char *key);
/* An RFC 3339 time of the object as human_when() puts it, "-" when there is none. */
void json_when(struct buf *out, const json_t *object, const char *key, int64_t now_us);

#endif
