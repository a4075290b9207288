#include "config.h"
#include "local/dotqmail.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static void note_mode(struct facts *f, const char *kind, const char *name, const struct stat *st) {
  char mode[] = "0000";
  if (!f) return;
  for (unsigned i = 0; i < 4; i++) mode[i] = (char)('0' + (st->st_mode >> (9 - 3 * i) & 7));
  fact_begin(f, kind);
  fact_s(f, name);
  fact_s(f, *name ? ": owner " : "owner ");
  fact_u(f, st->st_uid);
  fact_s(f, ", mode ");
  fact_s(f, mode);
  if (*name) fact_detail(f, "name", text_of(name));
  fact_detail(f, "found", text_of("yes"));
  fact_detail_u(f, "owner", st->st_uid);
  fact_detail(f, "mode", text_of(mode));
  fact_end(f);
}

static void note_absent(struct facts *f, const char *name, const char *how) {
  if (!f) return;
  fact_begin(f, "file");
  fact_t(f, text_of(name));
  fact_s(f, how);
  fact_detail(f, "name", text_of(name));
  fact_detail(f, "found", text_of("no"));
  fact_end(f);
}

static int check_home(bool sticky_matters, struct verdict *v) {
  struct stat st;
  if (stat(".", &st) == -1) return verdict_defer_errno(v, "unable to look at the home", "");
  note_mode(v->facts, "home", "", &st);
  if (st.st_mode & S_IWOTH) return verdict_defer(v, "4.7.0", "the home can be written by others", "");
  if (sticky_matters && st.st_mode & S_ISVTX)
    return verdict_defer(v, "4.2.1", "the home is sticky: its .qmail files are being edited", "");
  return 0;
}

static char safe(char c) {
  if (c == '.') return ':';
  return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static int make_name(stralloc *name, const char *dash, struct text ext, const char *suffix) {
  if (!stralloc_copys(name, ".qmail") || !stralloc_cats(name, dash)) return -1;
  for (size_t i = 0; i < ext.len; i++) {
    char c = safe(ext.s[i]);
    if (!stralloc_append(name, &c)) return -1;
  }
  return stralloc_cats(name, suffix) && stralloc_0(name) ? 0 : -1;
}

static bool means_absent(int number) {
  /* an extension over the file system's limit, or with a slash, can have no file */
  return number == ENOENT || number == ENOTDIR || number == ENAMETOOLONG;
}

/* 1: regular file; 0: there is none; -1: trouble */
static int look(const char *name, struct stat *st, struct verdict *v) {
  if (stat(name, st) == 0) return S_ISREG(st->st_mode);
  if (means_absent(errno)) return 0;
  return verdict_defer_errno(v, "unable to look at ", name);
}

static int out_of_memory(struct verdict *v) { return verdict_defer(v, "4.3.0", "out of memory", ""); }

/* 1: open; 0: there is none; -1: trouble */
static int open_regular(struct dotqmail *d, struct verdict *v) {
  struct stat st;
  int r = look(d->name.s, &st, v);
  if (r == 0) note_absent(v->facts, d->name.s, ": there is no such file");
  if (r != 1) return r;
  d->fd = open(d->name.s, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (d->fd == -1 && means_absent(errno)) {
    note_absent(v->facts, d->name.s, ": gone this moment");
    return 0;
  }
  if (d->fd == -1 || fstat(d->fd, &st) == -1) return verdict_defer_errno(v, "unable to open ", d->name.s);
  note_mode(v->facts, "file", d->name.s, &st);
  if (!S_ISREG(st.st_mode)) return verdict_defer(v, "4.2.1", "not a file any more: ", d->name.s);
  if (st.st_mode & S_IWOTH) return verdict_defer(v, "4.7.0", "can be written by others: ", d->name.s);
  d->forward_only = st.st_mode & S_IXUSR;
  return 1;
}

static int try_name(struct dotqmail *d, const char *dash, struct text ext, const char *suffix,
                    struct verdict *v) {
  if (make_name(&d->name, dash, ext, suffix) == -1) return out_of_memory(v);
  int r = open_regular(d, v);
  if (r != 1 && d->fd >= 0) {
    close(d->fd);
    d->fd = -1;
  }
  return r;
}

static int try_names(struct dotqmail *d, const char *dash, struct text ext, struct verdict *v) {
  int r = try_name(d, dash, ext, "", v);
  if (!*dash) return r;
  for (size_t i = ext.len + 1; r == 0 && i-- > 0;)
    if (i == 0 || ext.s[i - 1] == '-') {
      d->by_default = true;
      d->default_at = i;
      r = try_name(d, dash, (struct text){ext.s, i}, "default", v);
    }
  return r;
}

enum dotqmail_status dotqmail_find(struct dotqmail *d, const char *dash, struct text ext,
                                   bool sticky_matters, struct verdict *v) {
  d->fd = -1;
  d->forward_only = d->by_default = false;
  if (check_home(sticky_matters, v) == -1) return DOTQMAIL_TROUBLE;
  int r = try_names(d, dash, ext, v);
  if (r == -1) return DOTQMAIL_TROUBLE;
  if (r == 1) return DOTQMAIL_FILE;
  if (!*dash) return DOTQMAIL_DEFAULT;
  verdict_fail(v, "5.1.1", "sorry, no mailbox here by that name", "");
  return DOTQMAIL_NONE;
}

int dotqmail_has(const char *dash, struct text ext, const char *suffix, struct verdict *v) {
  stralloc name = {0};
  struct stat st;
  int r = make_name(&name, dash, ext, suffix) == -1 ? out_of_memory(v) : look(name.s, &st, v);
  stralloc_free(&name);
  return r;
}
