#include "config.h"
#include "smtpd/listen/account.h"
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "smtpd/listen/report.h"

static struct passwd *find_account(const char *name) {
  FILE *f = fopen("/etc/passwd", "re");
  struct passwd *p = NULL;
  while (f && (p = fgetpwent(f)) && strcmp(p->pw_name, name) != 0) continue;
  if (f) fclose(f);
  return p;
}

int account_drop_root(void) {
  if (geteuid() != 0) return 0;
  struct passwd *p = find_account(SMTPD_USER);
  if (!p) return report_failure("unable to become ", text_of(SMTPD_USER), "/etc/passwd has no such user");
  if (p->pw_uid == 0) return report_failure("unable to become ", text_of(SMTPD_USER), "this user must not be root");
  if (setgroups(1, &p->pw_gid) == -1 || setgid(p->pw_gid) == -1 || setuid(p->pw_uid) == -1)
    return report_failure("unable to become ", text_of(SMTPD_USER), strerror(errno));
  if (setuid(0) == 0) return report_failure("unable to become ", text_of(SMTPD_USER), "still root");
  return 0;
}
