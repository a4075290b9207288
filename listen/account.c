#include "config.h"
#include "listen/account.h"
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>
#include "listen/report.h"
#include "listen/service.h"

static struct passwd *find_account(const char *name) {
  FILE *f = fopen("/etc/passwd", "re");
  struct passwd *p = NULL;
  while (f && (p = fgetpwent(f)) && strcmp(p->pw_name, name) != 0) continue;
  if (f) fclose(f);
  return p;
}

/* A change of the user forgets that the starter's end is to end us, and the
 * starter may have ended just then. */
static int keep_to_parent(int signal, pid_t parent) {
  if (signal == 0) return 0;
  if (prctl(PR_SET_PDEATHSIG, signal) == -1) return -1;
  return getppid() == parent ? 0 : (errno = ESRCH, -1);
}

int account_drop_root(void) {
  pid_t parent = getppid();
  int signal = 0;
  if (geteuid() != 0) return 0;
  struct passwd *p = find_account(listen_service.account);
  if (!p) return report_failure("unable to become ", text_of(listen_service.account), "/etc/passwd has no such user");
  if (p->pw_uid == 0) return report_failure("unable to become ", text_of(listen_service.account), "this user must not be root");
  if (prctl(PR_GET_PDEATHSIG, &signal) == -1) signal = 0;
  if (setgroups(1, &p->pw_gid) == -1 || setgid(p->pw_gid) == -1 || setuid(p->pw_uid) == -1)
    return report_failure("unable to become ", text_of(listen_service.account), strerror(errno));
  if (keep_to_parent(signal, parent) == -1) return report_failure("unable to keep to ", text_of("owl-start"), strerror(errno));
  if (setuid(0) == 0) return report_failure("unable to become ", text_of(listen_service.account), "still root");
  return 0;
}
