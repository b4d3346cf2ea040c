/*
 * News agencies by the names that stand in datelines and credits.
 */
#ifndef DATELINE_AGENCIES_H
#define DATELINE_AGENCIES_H

#include "str.h"

/* The agency's usual name ("TASS" for "ITAR-TASS"), NULL when not known. Case is ignored. */
const char *agency_find(struct str name);

#endif
