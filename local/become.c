#include "config.h"
#include "local/become.h"
#include <grp.h>
#include <unistd.h>

static int drop(const struct account *a) {
  int r = a->system_groups ? initgroups(a->name.s, a->gid) : setgroups(1, &a->gid);
  if (r == -1 || setresgid(a->gid, a->gid, a->gid) == -1) return -1;
  return setresuid(a->uid, a->uid, a->uid);
}

/* The numbers as well: for the greatest one the calls succeed and do nothing. */
static bool is_for_good(const struct account *a) {
  uid_t uid[3];
  gid_t gid[3];
  if (getresuid(&uid[0], &uid[1], &uid[2]) == -1 || getresgid(&gid[0], &gid[1], &gid[2]) == -1)
    return false;
  for (size_t i = 0; i < 3; i++)
    if (uid[i] != a->uid || gid[i] != a->gid) return false;
  return setuid(0) == -1 && seteuid(0) == -1;
}

int become_user(const struct account *a, struct verdict *v) {
  if (a->uid == 0) return verdict_defer(v, "4.3.5", "uid 0 gets no mail: user ", a->name.s);
  if (geteuid() != 0) {
    if (a->uid == geteuid()) return 0;
    return verdict_defer(
      v, "4.3.5", "this instance runs without root and delivers to its own uid only, not to user ",
      a->name.s);
  }
  if (drop(a) == -1) return verdict_defer_errno(v, "unable to become user ", a->name.s);
  if (!is_for_good(a)) return verdict_defer(v, "4.3.5", "unable to give up root for user ", a->name.s);
  return 0;
}
