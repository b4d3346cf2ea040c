/*
 * What a line about authors says: "By Jane Doe, Staff writer | 5 min read" names Jane Doe. Lines
 * come from the metadata, where they are only cleaned, and from the visible page, where they must
 * look like a name as well. Everything is lent from the line.
 */
#ifndef DATELINE_BYLINE_H
#define DATELINE_BYLINE_H

#include "str.h"

/* Without "By" and its kin in front, and without what stands behind the names: dates, reading
 * times, roles. */
struct str byline_clean(struct str line);
/* The same of a line that an element of the page is called the author for; empty when it cannot be
 * names. */
struct str byline_said(struct str line);
/* Words with capitals and nothing else, as many as names have: for lines nobody calls an author. */
bool byline_is_name(struct str text);
/* "By", "Written by:" and nothing else: the names stand in the next text. language: of the page, or
 * empty. */
bool byline_is_lead(struct str text, struct str language);
/* "By Jane Doe": the names; empty when the line does not begin so, or goes on as prose. */
struct str byline_after_lead(struct str text, struct str language);
/* "Jane Doe, Reuters", "Jane Doe (AP)": takes the agency off *line, unless it is all of it. Its
 * usual name, or NULL when there is none. */
const char *byline_agency(struct str *line);
/* "Site Admin"; "jane.doe", "jdoe2": the name of an account, not of a person. */
bool byline_is_house(struct str name);

#endif
