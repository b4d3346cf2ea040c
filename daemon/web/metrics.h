/* The status JSON as Prometheus text, https://prometheus.io/docs/instrumenting/exposition_formats/
 */
#ifndef DATELINE_METRICS_H
#define DATELINE_METRICS_H

#include <jansson.h>

#include "str.h"

/* Appends. What the status does not hold is left out. */
void metrics_write(const json_t *status, struct buf *out);

#endif
