/* table.h - a file of aliases, in sendmail's form, checked as a whole
 *
 * A line "name: value, value"; lines that start with a blank go on with the
 * one before; empty lines and those whose first octet other than a blank is '#'
 * are passed over, wherever they stand.  Names are kept in lower case.
 */
#ifndef OWL_LOCAL_ALIAS_TABLE_H
#define OWL_LOCAL_ALIAS_TABLE_H

#include "local/alias/value.h"

enum { ALIASTABLE_FILE_MAX = 256 * 1024 * 1024 /* octets */ };

struct aliasrow {
  struct text name;
  struct text values; /* for aliasvalue_next() */
  size_t line;        /* where its name stands; lines of a file count from 1 */
  size_t mark;        /* of who looks for loops */
};

struct aliastable {
  stralloc octets;       /* owned; names and values lie in it */
  struct aliasrow *rows; /* owned; in the order of names */
  size_t count, space;
};

/* Where complaints go: a constant, then an excerpt, as it stands in the source,
 * hostile and of any length. */
typedef void aliastable_complain(void *context, size_t line, const char *why, struct text at);

/* aliastable_parse(): *t must be zeroed; free it whatever comes back.  0; -1
 * when there was a complaint: a syntax error, a name that stands there twice,
 * or names that stand for one another in a circle.  A name may stand for
 * itself: that means the mailbox of this name. */
int aliastable_parse(struct aliastable *t, struct text source, aliastable_complain *complain, void *context);

/* aliastable_find(): of a name whatever its case (ASCII), or NULL. */
struct aliasrow *aliastable_find(const struct aliastable *t, struct text name);

void aliastable_free(struct aliastable *t);

#endif
