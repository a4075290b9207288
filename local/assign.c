#include "config.h"
#include "local/assign.h"
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include "lib/cdbfile.h"
#include "local/assignentry.h"

struct search {
  const char *path;
  struct cdbfile file;
  struct text local;
  stralloc key;       /* '!', the local part in lower case, NUL */
  stralloc wildcards; /* what a prefix may end with */
  stralloc entry;
};

static int broken(const struct search *s, const char *what, struct verdict *v) {
  stralloc text = {0};
  bool good = stralloc_cats(&text, s->path) && stralloc_cats(&text, ": ") &&
              stralloc_cats(&text, what) && stralloc_0(&text);
  verdict_defer(v, "4.3.5", "unable to use ", good ? text.s : s->path);
  stralloc_free(&text);
  return -1;
}

static int unreadable(const struct search *s, struct verdict *v) {
  /* what libowfat says of a file that ends early or points nowhere */
  if (errno == EPROTO || errno == EINVAL) return broken(s, "it is damaged", v);
  return verdict_defer_errno(v, "unable to read ", s->path);
}

/* As in users/assign: "=local" or "+prefix". */
static void note(const struct search *s, size_t len, bool found, struct facts *f) {
  bool exact = len == s->key.len;
  stralloc key = {0};
  if (!f) return;
  if (stralloc_cats(&key, exact ? "=" : "+") &&
      stralloc_catb(&key, s->key.s + 1, len - (exact ? 2 : 1))) {
    fact_begin(f, "assign");
    fact_s(f, found ? "users/cdb has " : "users/cdb does not have ");
    fact_t(f, text_of_stralloc(&key));
    fact_detail(f, "found", text_of(found ? "yes" : "no"));
    fact_detail(f, "key", text_of_stralloc(&key));
    fact_end(f);
  }
  stralloc_free(&key);
}

/* Exactly so many texts, parted by NUL. */
static bool divide(struct text entry, struct text fields[ASSIGN_FIELDS]) {
  for (size_t i = 0; i < ASSIGN_FIELDS; i++)
    if (!text_cut(&entry, 0, &fields[i])) return false;
  return !entry.s;
}

static int wrong_entry(const struct search *s, const char *what, struct verdict *v) {
  stralloc text = {0};
  bool good = stralloc_cats(&text, "an entry is wrong: ") && stralloc_cats(&text, what) && stralloc_0(&text);
  broken(s, good ? text.s : what, v);
  stralloc_free(&text);
  return -1;
}

/* rest: what is left of the local part behind a prefix. */
static int take(const struct search *s, struct account *a, struct text rest, struct verdict *v) {
  struct text fields[ASSIGN_FIELDS];
  uint64_t uid, gid;
  if (!divide(text_of_stralloc(&s->entry), fields)) return wrong_entry(s, "it does not have six fields", v);
  const char *wrong = assignentry_check(fields, &uid, &gid);
  if (wrong) return wrong_entry(s, wrong, v);
  a->uid = (uid_t)uid;
  a->gid = (gid_t)gid;
  a->system_groups = false;
  if (account_set(&a->name, fields[ASSIGN_USER], v) == -1 ||
      account_set(&a->home, fields[ASSIGN_HOME], v) == -1 ||
      account_set(&a->dash, fields[ASSIGN_DASH], v) == -1 ||
      account_set(&a->ext, fields[ASSIGN_EXT], v) == -1 || account_add(&a->ext, rest, v) == -1)
    return -1;
  account_note(a, v->facts);
  return 0;
}

/* 1: the account; 0: no entry of this key; -1: trouble */
static int try_key(struct search *s, struct account *a, size_t len, struct verdict *v) {
  int r = cdbfile_find(&s->file, (struct text){s->key.s, len}, &s->entry);
  if (r == -1) return unreadable(s, v);
  note(s, len, r == 1, v->facts);
  if (r == 0) return 0;
  /* the key of the whole local part has a '!' and a NUL around it */
  size_t used = len == s->key.len ? s->local.len : len - 1;
  return take(s, a, (struct text){s->local.s + used, s->local.len - used}, v) == -1 ? -1 : 1;
}

static bool may_end(const struct search *s, size_t len) {
  return len == 1 || (s->wildcards.len && memchr(s->wildcards.s, s->key.s[len - 1], s->wildcards.len));
}

static int try_keys(struct search *s, struct account *a, struct verdict *v) {
  int r = try_key(s, a, s->key.len, v);
  for (size_t len = s->key.len - 1; r == 0 && len > 0; len--)
    if (may_end(s, len)) r = try_key(s, a, len, v);
  return r;
}

static int prepare(struct search *s, struct verdict *v) {
  struct stat st;
  if (fstat(s->file.fd, &st) == -1) return verdict_defer_errno(v, "unable to look at ", s->path);
  /* with an entry of his own choice anybody could become anybody */
  if (st.st_mode & S_IWOTH) return broken(s, "it can be written by others", v);
  int r = cdbfile_find(&s->file, text_of(""), &s->wildcards);
  if (r == -1) return unreadable(s, v);
  if (r == 0) return broken(s, "it has no list of wildcards", v);
  if (stralloc_copys(&s->key, "!") && text_cat_lower(&s->key, s->local) == 0 && stralloc_0(&s->key))
    return 0;
  return verdict_defer(v, "4.3.0", "out of memory", "");
}

/* A control folder that is not there says nothing about users. */
static enum user_status without_file(const char *folder, struct verdict *v) {
  struct stat st;
  if (stat(folder, &st) == -1) return verdict_defer_errno(v, "unable to reach ", folder), USER_TROUBLE;
  fact_say(v->facts, "assign", "there is no users/cdb", TEXT_ABSENT);
  return USER_NONE;
}

static enum user_status look(struct search *s, struct account *a, const char *folder, struct verdict *v) {
  int r = cdbfile_open(&s->file, s->path);
  if (r == 0) return without_file(folder, v);
  if (r == -1) return unreadable(s, v), USER_TROUBLE;
  r = prepare(s, v);
  if (r == 0) r = try_keys(s, a, v);
  cdbfile_close(&s->file);
  return r == -1 ? USER_TROUBLE : r == 1 ? USER_FOUND : USER_NONE;
}

enum user_status assign_find(struct account *a, const char *folder, struct text local,
                             struct verdict *v) {
  struct search s = {.local = local};
  stralloc path = {0};
  enum user_status status = USER_TROUBLE;
  if (stralloc_copys(&path, folder) && stralloc_cats(&path, "/users/cdb") && stralloc_0(&path)) {
    s.path = path.s;
    status = look(&s, a, folder, v);
  } else
    verdict_defer(v, "4.3.0", "out of memory", "");
  stralloc_free(&path);
  stralloc_free(&s.key);
  stralloc_free(&s.wildcards);
  stralloc_free(&s.entry);
  return status;
}
