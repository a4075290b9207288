/* db.h - the database of aliases: CONTROLDIR/aliases.cdb
 *
 * Made by owl-newaliases, read by whoever finds users and by the deliverer.  The
 * key is a name in lower case, the data are its values (local/alias/value.h).
 * The empty key holds the rules for included files, so that a file that somebody
 * else made is told apart from one that has no such name.
 */
#ifndef OWL_LOCAL_ALIAS_DB_H
#define OWL_LOCAL_ALIAS_DB_H

#include "lib/cdbfile.h"
#include "local/alias/value.h"
#include "local/verdict.h"

/* How far programs, or files, are trusted. */
enum aliasdb_trust { ALIASDB_NOWHERE, ALIASDB_ALIASES, ALIASDB_INCLUDES };

struct aliasdb_rules {
  enum aliasdb_trust programs, files;
};

/* aliasdb_put_rules(): 0, or -1 with errno. */
int aliasdb_put_rules(struct cdbfile_maker *m, struct aliasdb_rules r);

struct aliasdb {
  struct cdbfile file;
  struct aliasdb_rules rules;
};

/* aliasdb_path(): the database of a folder of control files, NUL-terminated.  0,
 * or -1 without memory. */
int aliasdb_path(stralloc *out, const char *folder);

/* aliasdb_open(): 1, close it; 0: there is none; -1 with the deferral in *v. */
int aliasdb_open(struct aliasdb *db, const char *path, struct verdict *v);

/* aliasdb_find(): name in any case.  1 and *values, which are well formed; 0:
 * no such alias; -1 with *v. */
int aliasdb_find(struct aliasdb *db, struct text name, stralloc *values, struct verdict *v);

/* aliasdb_owner(): whom mail to a list comes from when it is sent on: the name
 * owner-NAME, or owner-owner for owner-... and ...-request, where there is such
 * an alias.  1 and *owner; 0: none; -1 with *v. */
int aliasdb_owner(struct aliasdb *db, struct text name, stralloc *owner, struct verdict *v);

void aliasdb_close(struct aliasdb *db);

#endif
