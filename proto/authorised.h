/*
 * The authorised keys: who is let in, and for what. One line each:
 *
 *     KEY NAME ROLE[,ROLE…] [until=2027-01-01 | until=2027-01-01T12:00:00Z]
 *
 * KEY is a public key in Z85, NAME is for people (several keys may have one, so that keys can be
 * changed one by one), roles are worker, subscriber, publisher, operator. From `until` on (a day begins
 * at 00:00 UTC) the key is refused. Lines that are empty or begin with '#' do not count; `dateline keygen`
 * makes no key that begins so.
 */
#ifndef DATELINE_AUTHORISED_H
#define DATELINE_AUTHORISED_H

#include "hash.h"
#include "keyfile.h"

enum authorised_role {
    ROLE_WORKER = 1,
    ROLE_SUBSCRIBER = 2,
    ROLE_PUBLISHER = 4,
    ROLE_OPERATOR = 8
};

struct authorised_key {
    char key[KEY_TEXT], name[LIMIT_KEY_NAME + 1];
    unsigned roles;
    int64_t until; /* wall; INT64_MAX: for ever */
    unsigned line;
    UT_hash_handle hh;
};

struct authorised; /* a list that was read */

/* 0, or -EBADMSG with "FILE:LINE: reason" in `why`. */
int authorised_parse(struct str text, const char *file, struct authorised **out, char why[KEY_WHY]);
/* By path or credential:NAME. Errors of the file too; -EPERM when everybody may write it. */
int authorised_read(const char *where, struct authorised **out, char why[KEY_WHY]);
void authorised_free(struct authorised *list); /* NULL is fine */
/* Lent, or NULL. */
const struct authorised_key *authorised_find(const struct authorised *list, const char *key);
unsigned authorised_count(const struct authorised *list);

/* "worker,subscriber" as a set of roles. 0, or -EINVAL. */
int authorised_roles(struct str text, unsigned *out);

#endif
