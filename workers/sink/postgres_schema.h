/*
 * The table of the PostgreSQL sink: made, migrated and checked by whoever connects.
 *
 *     SCHEMA.dateline_schema(relation, version)   what version each of our tables has
 *     SCHEMA.TABLE(uri, version, event, language, headline, published, record, written_at)
 *
 * A migration is one entry of the list in the .c and is never changed once released. All that a table
 * is behind by is done in one transaction under an advisory lock, so workers that start at once find
 * it whole or make it whole; each has to fit into a statement's time limit (a new column with a
 * default does, filling an old one does not).
 */
#ifndef DATELINE_POSTGRES_SCHEMA_H
#define DATELINE_POSTGRES_SCHEMA_H

#include "postgres_link.h"

/* 0: the table is ours and of this version. -EPROTO: of a later one, and left alone. -EACCES: it has
 * to be made or changed and we may not. Otherwise as pg_link_ask(). A link that is up stays so unless
 * the connection was lost. */
int pg_schema_settle(struct pg_link *l, const char *schema, const char *table, int64_t until);

#endif
