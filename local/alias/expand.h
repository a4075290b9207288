/* expand.h - from the values of an alias to the lines of a .qmail file
 *
 * Names that are aliases are replaced by what they stand for, each once, and
 * included files are read.  A name that is none is sent on without a domain,
 * "&joe", which the queue completes.  A name that its own alias lists, and one
 * with a backslash, is sent on as "&\joe", which is looked for past the aliases.
 * An alias with an owner is sent on, too, so that its members get their mail
 * from him.  Nothing is there twice.
 */
#ifndef OWL_LOCAL_ALIAS_EXPAND_H
#define OWL_LOCAL_ALIAS_EXPAND_H

#include "local/alias/db.h"
#include "local/mailbox.h"
#include "local/alias/textset.h"

enum {
  ALIASEXPAND_MAX = 100000, /* lines, and names */
  ALIASEXPAND_DEPTH_MAX = 10, /* of included files in one another */
  ALIASEXPAND_FILES_MAX = 1000 /* included in all: ten of ten of ten would never end */
};

struct aliasexpand {
  /* given; all else is zero at first */
  struct aliasdb *db; /* NULL: no name is an alias */
  struct aliasdb_rules rules;
  const struct mailbox *self; /* NULL, or whose name means: deliver to himself */
  struct verdict *v;

  struct textset lines; /* the result */
  bool has_self;        /* the result, too */
  struct textset names; /* that are to be expanded, or have been */
  size_t noted;         /* facts about names */
  size_t files;         /* included so far */
};

/* Both give 0, or -1 with the deferral in *v. */
int aliasexpand_name(struct aliasexpand *e, struct text name);
int aliasexpand_values(struct aliasexpand *e, struct text values);

void aliasexpand_free(struct aliasexpand *e);

#endif
