/* lookup.h - is a local part an alias?  (owlpost-aliases(5)) */
#ifndef OWL_LOCAL_ALIAS_LOOKUP_H
#define OWL_LOCAL_ALIAS_LOOKUP_H

#include "local/account.h"
#include "local/user.h"

/* aliaslookup_find(): folder is that of the control files.  USER_FOUND: *a is
 * the account ALIAS_USER, marked to deliver by the database.  USER_NONE: no such
 * alias, or no database at all. */
enum user_status aliaslookup_find(struct account *a, const char *folder, const struct user_rules *rules,
                                  struct text local, struct verdict *v);

/* aliaslookup_is_final(): a backslash in front: no alias is meant.  Then it is
 * cut off. */
bool aliaslookup_is_final(struct text *local);

#endif
