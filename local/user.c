#include "config.h"
#include "local/user.h"
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { ENTRY_OCTETS = 4096, ENTRY_OCTETS_MAX = 1 << 20 };

struct source {
  const struct user_rules *rules;
  stralloc octets; /* of the last entry */
  struct passwd entry;
};

static int next_of_file(FILE *f, struct source *s, struct passwd **found) {
  return fgetpwent_r(f, &s->entry, s->octets.s, s->octets.a, found);
}

static int look_in_file(struct source *s, const char *name, struct passwd **found) {
  FILE *f = fopen(s->rules->passwdfile, "re");
  int r;
  if (!f) return errno;
  while ((r = next_of_file(f, s, found)) == 0 && *found && strcmp((*found)->pw_name, name) != 0)
    ;
  fclose(f);
  /* end of file is no error */
  return r == ENOENT && !*found ? 0 : r;
}

static int look_in_system(struct source *s, const char *name, struct passwd **found) {
  int r = getpwnam_r(name, &s->entry, s->octets.s, s->octets.a, found);
  return r == ENOENT || r == ESRCH ? 0 : r;
}

/* 0 with *found NULL: no such account.  Otherwise errno's number. */
static int look_up(struct source *s, const char *name, struct passwd **found) {
  size_t space = ENTRY_OCTETS;
  int r;
  do {
    *found = NULL;
    if (!stralloc_ready(&s->octets, space)) return ENOMEM;
    r = *s->rules->passwdfile ? look_in_file(s, name, found) : look_in_system(s, name, found);
    space *= 4;
  } while (r == ERANGE && space <= ENTRY_OCTETS_MAX);
  return r;
}

/* 1: the account gets mail; 0: it does not, and *why; -1 with errno: not known now. */
static int gets_mail(const struct passwd *p, const char **why) {
  struct stat st;
  *why = "uid 0 gets no mail";
  if (p->pw_uid == 0) return 0;
  *why = "its home is no absolute path";
  if (p->pw_dir[0] != '/') return 0;
  *why = "its home does not belong to it";
  if (stat(p->pw_dir, &st) == 0) return S_ISDIR(st.st_mode) && st.st_uid == p->pw_uid;
  *why = "its home is missing";
  return errno == ENOENT || errno == ENOTDIR ? 0 : -1;
}

static void note_none(struct facts *f, const char *name, const char *why) {
  if (!f) return;
  fact_begin(f, "account");
  fact_s(f, why ? "not " : "there is no user ");
  fact_t(f, text_of(name));
  if (why) fact_s(f, ": ");
  if (why) fact_s(f, why);
  fact_detail(f, "user", text_of(name));
  fact_detail(f, "found", text_of("no"));
  fact_end(f);
}

static enum user_status take(struct account *a, const struct source *s, const struct passwd *p,
                             const char *dash, struct text ext, struct verdict *v) {
  a->uid = p->pw_uid;
  a->gid = p->pw_gid;
  a->system_groups = !*s->rules->passwdfile;
  if (account_set(&a->name, text_of(p->pw_name), v) == -1 ||
      account_set(&a->home, text_of(p->pw_dir), v) == -1 ||
      account_set(&a->dash, text_of(dash), v) == -1 || account_set(&a->ext, ext, v) == -1)
    return USER_TROUBLE;
  account_note(a, v->facts);
  return USER_FOUND;
}

static enum user_status trouble(struct verdict *v, int number, const char *text,
                                const char *object) {
  errno = number;
  verdict_defer_errno(v, text, object);
  return USER_TROUBLE;
}

/* What is in no account's name is not asked for: name services have been seen
 * to trip over it. */
static bool lower_name(char name[USER_NAME_MAX + 1], struct text t) {
  if (t.len == 0 || t.len > USER_NAME_MAX) return false;
  for (size_t i = 0; i < t.len; i++) {
    char c = t.s[i];
    if ((unsigned char)c <= ' ' || c == ':' || c == '/' || c == 127) return false;
    name[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
  }
  name[t.len] = 0;
  return true;
}

/* The account of the first length octets. */
static enum user_status try_name(struct account *a, struct source *s, struct text local,
                                 size_t length, struct verdict *v) {
  char name[USER_NAME_MAX + 1];
  struct passwd *p;
  const char *why = NULL;
  bool whole = length == local.len;
  if (!lower_name(name, (struct text){local.s, length})) return USER_NONE;
  int r = look_up(s, name, &p);
  if (r) return trouble(v, r, "unable to look up user ", name);
  if (p && (r = gets_mail(p, &why)) == -1)
    return trouble(v, errno, "unable to reach the home of ", name);
  if (r == 0) return note_none(v->facts, name, why), USER_NONE;
  size_t skip = whole ? length : length + 1;
  return take(a, s, p, whole ? "" : "-", (struct text){local.s + skip, local.len - skip}, v);
}

static enum user_status try_alias(struct account *a, struct source *s, struct text local,
                                  struct verdict *v) {
  struct passwd *p;
  const char *why;
  int r = look_up(s, ALIAS_USER, &p);
  if (r) return trouble(v, r, "unable to look up user ", ALIAS_USER);
  if (!p) return note_none(v->facts, ALIAS_USER, NULL), USER_NONE;
  r = gets_mail(p, &why);
  if (r == 1) return take(a, s, p, "-", local, v);
  if (r == -1) return trouble(v, errno, "unable to reach the home of ", ALIAS_USER);
  /* all names without an account depend on it: better ask the operator than
   * tell the world that they do not exist */
  verdict_defer(v, "4.3.5", "no usable home for user ", ALIAS_USER);
  return USER_TROUBLE;
}

static bool ends_name(const struct user_rules *rules, struct text local, size_t i) {
  return i == local.len || (local.s[i] && strchr(rules->breaks, local.s[i]));
}

enum user_status user_find_alias(struct account *a, const struct user_rules *rules, struct text local,
                                 struct verdict *v) {
  struct source s = {rules, {0}, {0}};
  enum user_status status = try_alias(a, &s, local, v);
  stralloc_free(&s.octets);
  return status;
}

enum user_status user_find(struct account *a, const struct user_rules *rules, struct text local,
                           struct verdict *v) {
  struct source s = {rules, {0}, {0}};
  enum user_status status = USER_NONE;
  for (size_t i = local.len; status == USER_NONE && i > 0; i--)
    if (ends_name(rules, local, i)) status = try_name(a, &s, local, i, v);
  if (status == USER_NONE) status = try_alias(a, &s, local, v);
  stralloc_free(&s.octets);
  return status;
}
