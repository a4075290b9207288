/* rules.h - what owl-pw2u goes by: its options, and the files include, exclude,
 * mailnames, subusers and append of users/ in the folder of the control files
 * (owl-pw2u(8)) */
#ifndef OWL_USERS_RULES_H
#define OWL_USERS_RULES_H

#include "lib/control.h"

enum rules_homes {
  HOMES_SKIP,   /* who has none, or one that he does not own, is skipped */
  HOMES_NEEDED, /* who has none is an error */
  HOMES_UNCHECKED
};

struct rules {
  enum rules_homes homes;
  bool uppercase;         /* names with capitals count */
  const char *dash;       /* "-" or "-/" */
  const char *breaks;     /* "": no extensions */
  bool has_include;
  struct list include, exclude, mailnames; /* owned */
  stralloc subusers, append;               /* owned: the files' octets */
};

/* rules_load(): the files; what is absent is empty.  0, or -1 with c->error
 * set. */
int rules_load(struct rules *r, struct control *c);

/* rules_allow(): whether include and exclude let this user pass. */
bool rules_allow(const struct rules *r, struct text user);

void rules_free(struct rules *r);

#endif
