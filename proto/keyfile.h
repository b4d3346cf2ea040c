/*
 * Keys in files.
 *
 * A key file is text; only its owner may read it (0600):
 *
 *     dateline-key-1
 *     name: desk-2
 *     public: <40 characters>
 *     secret: <40 characters>
 *
 * Keys are Curve25519's, written in Z85 (ZeroMQ RFC 32). Lines that are empty or begin with '#' do not
 * count; the first line is the format and its version. Beside FILE stands FILE.pub, the public half as one
 * line of an authorised-keys file (authorised.h).
 *
 * Wherever a file is named, `credential:NAME` is the file NAME that the service manager put into
 * $CREDENTIALS_DIRECTORY (systemd.exec(5), LoadCredential=).
 */
#ifndef DATELINE_KEYFILE_H
#define DATELINE_KEYFILE_H

#include "limits.h"
#include "str.h"

#define KEY_TEXT 41 /* a key in Z85, NUL included */
#define KEY_WHY  512

struct key_pair {
    char name[LIMIT_KEY_NAME + 1]; /* for people, may be empty */
    char public_key[KEY_TEXT], secret_key[KEY_TEXT];
};

/* True for the text of a key: 40 characters of Z85 that stand for 32 bytes. */
bool key_is(struct str text);
/* True for a name: 1 to LIMIT_KEY_NAME letters, digits and "._-@". */
bool key_is_name(struct str text);
/* A new pair. 0, -ENOTSUP when libzmq was built without CURVE. */
int key_make(const char *name, struct key_pair *out);
/* Forgets the secret. */
void key_wipe(struct key_pair *pair);

/* 0; -ENOENT, -EACCES, …; -EPERM others may read it; -EBADMSG not a key file, or its halves do not belong
 * together. `why` names the file. */
int key_read(const char *where, struct key_pair *out, char why[KEY_WHY]);
/* Of a key's own text, or of a file whose first line begins with one (FILE.pub). Errors as above. */
int key_read_public(const char *where, char out[KEY_TEXT], char why[KEY_WHY]);
/* FILE (0600) and FILE.pub (0644, "KEY NAME ROLES"), synced; nothing is overwritten: -EEXIST. */
int key_write(const char *path, const struct key_pair *pair, const char *roles, char why[KEY_WHY]);
/* "KEY NAME ROLES\n", appended. */
void key_put_line(struct buf *out, const struct key_pair *pair, const char *roles);

/* Opens a file by path or credential:NAME for reading. `forbidden`: mode bits that it may not have (a
 * credential is guarded by the service manager: only those for others count then). A descriptor; or a negative
 * errno with `why`. */
int key_open_file(const char *where, unsigned forbidden, char why[KEY_WHY]);

#endif
