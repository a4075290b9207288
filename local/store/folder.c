#include "config.h"
#include "local/store/folder.h"
#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include "lib/mutf7.h"

static bool divides(char c) { return c == '.' || c == '/'; }

/* ".." would be such a part too. */
static bool has_empty_part(struct text name) {
  bool empty = true; /* the part so far */
  for (size_t i = 0; i < name.len; i++) {
    if (divides(name.s[i]) && empty) return true;
    empty = divides(name.s[i]);
  }
  return empty;
}

/* The name as it is on the disk, its leading dot included, appended.  -1: not
 * UTF-8, a control character, or no memory. */
static int cat_name(stralloc *out, struct text name) {
  if (!stralloc_cats(out, ".")) return -1;
  size_t start = out->len;
  if (mutf7_encode(out, name) == -1) return -1;
  for (size_t i = start; i < out->len; i++)
    if (out->s[i] == '/') out->s[i] = '.';
  return 0;
}

const char *folder_fault(struct text name) {
  stralloc encoded = {0};
  const char *fault = NULL;
  if (has_empty_part(name)) fault = "folder with an empty name";
  else if (cat_name(&encoded, name) == -1) fault = "folder's name is not UTF-8, or holds a control character";
  else if (encoded.len > FOLDER_NAME_MAX + 1) fault = "folder's name is too long";
  stralloc_free(&encoded);
  return fault;
}

int folder_path(stralloc *path, const char *maildir, struct text name) {
  if (!stralloc_copys(path, maildir) || cat_name(path, name) == -1) return -1;
  return stralloc_cats(path, "/") && stralloc_0(path) ? 0 : -1;
}

static bool may_be_in_ext(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_' || c == '.' || (unsigned char)c > 127;
}

static bool is_kept_for_others(struct text ext) {
  return text_equal_nocase(ext, text_of("inbox")) || text_equal_nocase(ext, text_of("trash"));
}

static bool ext_is_good(struct text ext) {
  for (size_t i = 0; i < ext.len; i++)
    if (!may_be_in_ext(ext.s[i])) return false;
  return !is_kept_for_others(ext) && !folder_fault(ext);
}

struct search {
  struct text wanted; /* with its dot */
  stralloc best;      /* NUL-terminated; empty: none */
  uint64_t folders;
};

/* The first by its octets: the same one whatever the order they are read in. */
static int consider(struct search *s, const struct dirent *e) {
  const char *name = e->d_name;
  if (e->d_type != DT_DIR && e->d_type != DT_LNK && e->d_type != DT_UNKNOWN) return 0;
  if (*name != '.' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0) return 0;
  s->folders++;
  if (!text_equal_nocase(text_of(name), s->wanted)) return 0;
  if (s->best.len && strcmp(s->best.s, name) <= 0) return 0;
  return stralloc_copys(&s->best, name) && stralloc_0(&s->best) ? 0 : (errno = ENOMEM, -1);
}

static int look_through(struct search *s, DIR *d) {
  struct dirent *e;
  int r = 0;
  errno = 0;
  for (unsigned n = 0; r == 0 && n < FOLDER_ENTRIES_MAX && (e = readdir(d)); n++) r = consider(s, e);
  return errno ? -1 : 0;
}

static int search(struct search *s, const char *maildir) {
  DIR *d = opendir(maildir);
  if (!d) return errno == ENOENT ? 0 : -1;
  int r = look_through(s, d);
  int saved = errno;
  closedir(d);
  errno = saved;
  return r;
}

/* *path is maildir, the name, '/' and NUL; the name takes its own length. */
static int take_best(stralloc *path, const char *maildir, const struct search *s) {
  return stralloc_copys(path, maildir) && stralloc_cats(path, s->best.s) && stralloc_cats(path, "/") &&
                 stralloc_0(path)
             ? 1
             : (errno = ENOMEM, -1);
}

static int find(stralloc *path, const char *maildir, uint64_t may_exist) {
  struct stat st;
  if (stat(path->s, &st) == 0) return 1;
  if (errno == ENOTDIR) return stralloc_zero(path), 0; /* the name is taken */
  if (errno != ENOENT) return -1;
  size_t start = strlen(maildir);
  struct search s = {.wanted = {path->s + start, path->len - start - 2}};
  stralloc copy = {0};
  int r = text_cat(&copy, s.wanted) == 0 ? 0 : (errno = ENOMEM, -1);
  s.wanted = text_of_stralloc(&copy);
  if (r == 0) r = search(&s, maildir);
  if (r == 0 && s.best.len) r = take_best(path, maildir, &s);
  if (r == 0 && s.folders >= may_exist) stralloc_zero(path);
  stralloc_free(&copy);
  stralloc_free(&s.best);
  return r;
}

int folder_find(stralloc *path, const char *maildir, struct text ext, uint64_t may_exist,
                struct verdict *v) {
  stralloc_zero(path);
  if (!ext_is_good(ext)) return 0;
  errno = ENOMEM;
  int r = folder_path(path, maildir, ext) == -1 ? -1 : find(path, maildir, may_exist);
  return r == -1 ? verdict_defer_errno(v, "unable to look for a folder in ", maildir) : r;
}
