/* account.h - the users that owl-start's programs run as
 *
 * Without root an instance is a private one: everything runs as its one user.
 */
#ifndef OWL_START_ACCOUNT_H
#define OWL_START_ACCOUNT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct account {
  uid_t uid;
  gid_t gid;
};

bool account_is_private(void);

/* account_find(), account_group(): ends owl-start where there is none, or where it is root. */
struct account account_find(const char *name);
gid_t account_group(const char *name);

/* account_exists(): false where there is no such user, which is no failure of the look-up. */
bool account_exists(const char *name);

/* account_become(): for good, with these groups beside its own; ends the process where it cannot. */
void account_become(struct account a, const gid_t *groups, size_t count);

#endif
