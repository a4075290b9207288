/* account.h - the user that mail is for, as a look-up found him */
#ifndef OWL_LOCAL_ACCOUNT_H
#define OWL_LOCAL_ACCOUNT_H

#include "local/verdict.h"

struct account {
  stralloc name, home, dash, ext; /* NUL-terminated; len does not count the NUL */
  uid_t uid;
  gid_t gid;
  bool system_groups; /* the groups that the system has for the name count, too */
  bool by_alias;      /* delivers by the database of aliases, not by .qmail files */
};

/* What those who know users answer. */
enum user_status {
  USER_FOUND,
  USER_NONE,
  USER_TROUBLE /* not known just now: *v is the deferral */
};

/* account_set(), account_add(): one of the texts; value holds no NUL and may
 * be absent.  0, or -1 without memory: *v is the deferral. */
int account_set(stralloc *field, struct text value, struct verdict *v);
int account_add(stralloc *field, struct text value, struct verdict *v);

/* account_note(): what was found, as the fact "account". */
void account_note(const struct account *a, struct facts *f);

void account_free(struct account *a);

#endif
