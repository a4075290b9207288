#include "config.h"
#include "queue/start/account.h"
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <unistd.h>
#include "queue/start/say.h"

bool account_is_private(void) { return geteuid() != 0; }

struct account account_find(const char *name) {
  if (account_is_private()) return (struct account){geteuid(), getegid()};
  errno = 0;
  struct passwd *p = getpwnam(name);
  if (!p) start_die("there is no user", name);
  if (p->pw_uid == 0) start_die("this user must not be root", name);
  return (struct account){p->pw_uid, p->pw_gid};
}

bool account_exists(const char *name) {
  errno = 0;
  if (account_is_private() || getpwnam(name)) return true;
  if (errno != 0 && errno != ENOENT && errno != ESRCH) start_die_errno("unable to look up a user");
  return false;
}

gid_t account_group(const char *name) {
  if (account_is_private()) return getegid();
  struct group *g = getgrnam(name);
  if (!g) start_die("there is no group", name);
  return g->gr_gid;
}

void account_become(struct account a, const gid_t *groups, size_t count) {
  if (account_is_private()) return;
  if (setgroups(count, groups) == -1 || setgid(a.gid) == -1 || setuid(a.uid) == -1)
    start_die_errno("unable to become another user");
  if (setuid(0) == 0) start_die("unable to become another user", "still root");
}
