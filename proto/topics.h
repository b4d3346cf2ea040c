/*
 * The seventeen first levels of IPTC Media Topics (https://cv.iptc.org/newscodes/mediatopic/, CC
 * BY 4.0), with the short name of ours that stands in topics of the live feed. The slugs are part
 * of the wire contract: they never change, and hold no dots.
 */
#ifndef DATELINE_TOPICS_H
#define DATELINE_TOPICS_H

#include "str.h"

struct topic {
    const char *code; /* "11000000" */
    const char *uri;  /* "http://cv.iptc.org/newscodes/mediatopic/11000000" */
    const char *name; /* English, as the vocabulary has it */
    const char *slug; /* "politics" */
};

extern const struct topic topics[];
extern const size_t topic_count;

/* NULL when it is none of the seventeen. */
const struct topic *topic_by_uri(struct str uri);
const struct topic *topic_by_code(struct str code); /* "11000000", "medtop:11000000" */
const struct topic *topic_by_slug(struct str slug);

#endif
