/*
 * Numbers as people write them: sizes ("8M"), durations ("10m", "1h30m"), and the nearest of some
 * words for "did you mean". Used by settings and by the command line alike.
 */
#ifndef DATELINE_UNITS_H
#define DATELINE_UNITS_H

#include "str.h"

#include <stdbool.h>
#include <stdint.h>

/* Bytes: digits and nothing, K, M, G or T (powers of 1,024), or KiB … TiB. 0, -EINVAL, -ERANGE. */
int units_size(struct str text, uint64_t *out_bytes);
/* Microseconds: numbers with ms, s, m, h, d or w, largest first or not ("1h30m"); a lone 0 needs no
 * unit. Never negative. 0, -EINVAL, -ERANGE. */
int units_duration(struct str text, int64_t *out_us);
/* true, yes, on; false, no, off; any case. 0, -EINVAL. */
int units_bool(struct str text, bool *out);

/* The shortest text that reads back as the same number. Appends. */
void units_put_size(struct buf *out, uint64_t bytes);
void units_put_duration(struct buf *out, int64_t us);

/* The one of `words` (NULL-terminated) that `text` is most likely a slip of, or NULL when none is near. */
const char *units_nearest(struct str text, const char *const *words);

#endif
