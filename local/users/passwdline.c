#include "config.h"
#include "local/users/passwdline.h"
#include <errno.h>
#include <sys/stat.h>
#include "local/assignentry.h"

enum { PASSWD_FIELDS = 6 }; /* with the home; the shell behind it may be missing */

static bool divide(struct passwdline *p, struct text line) {
  struct text fields[PASSWD_FIELDS];
  for (size_t i = 0; i < PASSWD_FIELDS; i++)
    if (!text_cut(&line, ':', &fields[i])) return false;
  *p = (struct passwdline){fields[0], fields[2], fields[3], fields[5]};
  return true;
}

static bool has_capitals(struct text t) {
  for (size_t i = 0; i < t.len; i++)
    if (t.s[i] >= 'A' && t.s[i] <= 'Z') return true;
  return false;
}

static enum passwdline_status check_home(const struct passwdline *p, uint64_t uid, enum rules_homes homes) {
  struct stat st;
  stralloc path = {0};
  if (homes == HOMES_UNCHECKED) return PASSWDLINE_TAKEN;
  if (text_cat(&path, p->home) == -1 || !stralloc_0(&path)) return PASSWDLINE_NO_MEMORY;
  int r = stat(path.s, &st), number = errno;
  stralloc_free(&path);
  errno = number;
  if (r == 0) return S_ISDIR(st.st_mode) && st.st_uid == uid ? PASSWDLINE_TAKEN : PASSWDLINE_SKIPPED;
  bool hidden = errno == ENOENT || errno == ENOTDIR || errno == EACCES;
  return hidden && homes == HOMES_SKIP ? PASSWDLINE_SKIPPED : PASSWDLINE_HOMELESS;
}

enum passwdline_status passwdline_read(struct passwdline *p, struct text line, const struct rules *r,
                                       const char **why) {
  uint64_t uid, gid;
  *why = "it has fewer than six fields";
  if (!divide(p, line)) return PASSWDLINE_WRONG;
  if (text_uint(p->uid, &uid) == 0 && uid == 0) return PASSWDLINE_SKIPPED;
  if (!rules_allow(r, p->user)) return PASSWDLINE_SKIPPED;
  if (!r->uppercase && has_capitals(p->user)) return PASSWDLINE_SKIPPED;
  /* what owl-newu would refuse */
  const struct text fields[ASSIGN_FIELDS] = {p->user, p->uid, p->gid, p->home, text_of(""), text_of("")};
  *why = assignentry_check(fields, &uid, &gid);
  return *why ? PASSWDLINE_WRONG : check_home(p, uid, r->homes);
}
