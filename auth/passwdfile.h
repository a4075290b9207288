/* passwdfile.h - the password file and its database (owlpost-passwords(5))
 *
 * The text is what counts; the database beside it, ".cdb", is made of it.  Both are put
 * in place whole, mode 0640, with the group of their folder where root writes
 * them.  One writer at a time: the folder is locked.
 */
#ifndef OWL_AUTH_PASSWDFILE_H
#define OWL_AUTH_PASSWDFILE_H

#include "auth/verifier.h"

enum { PASSWDFILE_OCTETS_MAX = 64 * 1024 * 1024, PASSWDFILE_USER_MAX = 255 };

struct passwdfile {
  stralloc path, database; /* NUL-terminated */
  stralloc text;
  int lock;
};

/* passwdfile_open(): locks the folder and reads the file, which need not be
 * there.  0, or -1 with errno; close it whatever comes back. */
int passwdfile_open(struct passwdfile *f, const char *path);
void passwdfile_close(struct passwdfile *f);

/* passwdfile_is_user(): a name that a line can begin with: 1 to 255 octets, no control octet, no colon, no
 * '#' at its start. */
bool passwdfile_is_user(struct text user);

/* passwdfile_find(): the fields of the user's line.  false: there is none. */
bool passwdfile_find(const struct passwdfile *f, struct text user, struct text *fields);

/* passwdfile_next(): lines that are neither empty nor comments; *rest is all of the text at first.
 * false: no more, or *fields is absent: the line is malformed. */
bool passwdfile_next(struct text *rest, struct text *user, struct text *fields);

/* passwdfile_set(): fields absent: takes the line away.  passwdfile_set_nobody(): makes nobody's
 * line cost what these schemes cost, and keeps its secret.  Both change the text only.  0, or -1. */
int passwdfile_set(struct passwdfile *f, struct text user, struct text fields);
int passwdfile_set_nobody(struct passwdfile *f, unsigned schemes, uint32_t iterations);

/* passwdfile_check(): the number of the first line that is malformed, or 0. */
size_t passwdfile_check(const struct passwdfile *f);

/* passwdfile_write(): text and database; passwdfile_rebuild(): the database
 * alone.  0, or -1 with errno. */
int passwdfile_write(struct passwdfile *f);
int passwdfile_rebuild(struct passwdfile *f);

#endif
