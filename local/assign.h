/* assign.h - whom users/cdb gives a local part to (owlpost-users(5))
 *
 * An entry for the whole local part counts first, then the longest prefix with
 * an entry; prefixes are tried at the characters alone that the empty key
 * lists.  An entry gives everything: uid, gid (and no other groups), home, and
 * what the .qmail files are named by.  Keys are lower-cased, what is left of
 * the local part behind a prefix is kept as it is.
 *
 * The file is opened anew by each call, so that one which has just been put in
 * its place counts.  It is root's, but may be broken: whatever does not check
 * is trouble, never "no such user".
 */
#ifndef OWL_LOCAL_ASSIGN_H
#define OWL_LOCAL_ASSIGN_H

#include "local/account.h"

/* assign_find(): folder is that of the control files.  Without users/cdb in it
 * nobody is assigned (USER_NONE).  *a must be
 * zeroed or freed before; free it whatever comes back.  The local part is
 * hostile, but holds no NUL. */
enum user_status assign_find(struct account *a, const char *folder, struct text local,
                             struct verdict *v);

#endif
