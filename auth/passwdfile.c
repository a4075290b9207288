#include "config.h"
#include "auth/passwdfile.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>
#include "lib/base64.h"
#include "lib/cdbfile.h"
#include "lib/iofd.h"

enum { MODE = 0640 };

/* Where root writes, owl-authd is to read: what is made gets the folder's group. */
static int take_group(int folder) {
  struct stat st;
  if (geteuid() != 0) return 0;
  return fstat(folder, &st) == -1 ? -1 : setegid(st.st_gid);
}

static int open_folder(struct passwdfile *f) {
  stralloc folder = {0};
  f->lock = io_folder_of(&folder, f->path.s) == 0 ? open(folder.s, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
  int saved = errno;
  stralloc_free(&folder);
  errno = saved;
  return f->lock == -1 || flock(f->lock, LOCK_EX) == -1 ? -1 : take_group(f->lock);
}

int passwdfile_open(struct passwdfile *f, const char *path) {
  *f = (struct passwdfile){.lock = -1};
  errno = ENOMEM;
  if (!stralloc_copys(&f->path, path) || !stralloc_0(&f->path)) return -1;
  if (!stralloc_copys(&f->database, path) || !stralloc_cats(&f->database, ".cdb") || !stralloc_0(&f->database)) return -1;
  if (open_folder(f) == -1) return -1;
  return io_slurp_file(path, &f->text, PASSWDFILE_OCTETS_MAX) == -1 && errno != ENOENT ? -1 : 0;
}

void passwdfile_close(struct passwdfile *f) {
  if (f->lock >= 0) close(f->lock);
  stralloc_free(&f->path);
  stralloc_free(&f->database);
  stralloc_free(&f->text);
  f->lock = -1;
}

bool passwdfile_is_user(struct text user) {
  return user.len > 0 && user.len <= PASSWDFILE_USER_MAX && text_is_clean(user) && user.s[0] != '#' &&
         !memchr(user.s, ':', user.len);
}

/* *line is what stands before the next LF. */
static bool next_line(struct text *rest, struct text *line) {
  if (rest->len == 0) return false;
  return text_cut(rest, '\n', line);
}

static bool is_entry(struct text line) { return line.len > 0 && line.s[0] != '#'; }

bool passwdfile_next(struct text *rest, struct text *user, struct text *fields) {
  struct text line;
  do
    if (!next_line(rest, &line)) return false;
  while (!is_entry(line));
  *fields = line;
  return text_cut(fields, ':', user);
}

bool passwdfile_find(const struct passwdfile *f, struct text user, struct text *fields) {
  struct text rest = text_of_stralloc(&f->text), name;
  while (passwdfile_next(&rest, &name, fields))
    if (fields->s && text_equal(name, user)) return true;
  return false;
}

static int put_line(stralloc *out, struct text user, struct text fields) {
  return text_cat(out, user) == 0 && stralloc_cats(out, ":") && text_cat(out, fields) == 0 && stralloc_cats(out, "\n") ? 0 : -1;
}

static bool begins_with(struct text line, struct text user) {
  return is_entry(line) && line.len > user.len && line.s[user.len] == ':' && (!user.len || memcmp(line.s, user.s, user.len) == 0);
}

int passwdfile_set(struct passwdfile *f, struct text user, struct text fields) {
  struct text rest = text_of_stralloc(&f->text), line;
  stralloc out = {0};
  bool placed = !fields.s;
  int r = 0;
  while (r == 0 && next_line(&rest, &line)) {
    if (!begins_with(line, user)) r = text_cat(&out, line) == 0 && stralloc_cats(&out, "\n") ? 0 : -1;
    else if (!placed) r = put_line(&out, user, fields), placed = true;
  }
  if (r == 0 && !placed) r = put_line(&out, user, fields);
  if (r == -1) return stralloc_free(&out), errno = ENOMEM, -1;
  stralloc_free(&f->text);
  f->text = out;
  return 0;
}

static int copy_secret(stralloc *out, const struct passwdfile *f) {
  struct verifier v;
  struct text fields;
  uint8_t fresh[VERIFIER_SECRET_OCTETS];
  bool kept = passwdfile_find(f, text_of(""), &fields) && verifier_read(&v, fields) == 0 && v.secret.len > 0;
  if (!kept && getrandom(fresh, sizeof fresh, 0) != sizeof fresh) return -1;
  struct text secret = kept ? text_of_stralloc(&v.secret) : (struct text){(char *)fresh, sizeof fresh};
  int r = stralloc_cats(out, "{SECRET}") ? base64_cat(out, secret) : -1;
  if (kept) verifier_free(&v);
  return r;
}

/* Nobody's password is 32 octets that nobody knows. */
int passwdfile_set_nobody(struct passwdfile *f, unsigned schemes, uint32_t iterations) {
  stralloc fields = {0}, password = {0};
  uint8_t unknown[VERIFIER_SECRET_OCTETS];
  int r = getrandom(unknown, sizeof unknown, 0) == sizeof unknown ? 0 : -1;
  if (r == 0) r = base64_cat(&password, (struct text){(char *)unknown, sizeof unknown});
  if (r == 0) r = copy_secret(&fields, f);
  if (r == 0 && !stralloc_cats(&fields, ":")) r = -1;
  if (r == 0) r = verifier_put(&fields, schemes, iterations, text_of_stralloc(&password));
  if (r == 0) r = passwdfile_set(f, text_of(""), text_of_stralloc(&fields));
  stralloc_free(&fields);
  stralloc_free(&password);
  return r;
}

size_t passwdfile_check(const struct passwdfile *f) {
  struct text rest = text_of_stralloc(&f->text), line, user;
  for (size_t number = 1; next_line(&rest, &line); number++) {
    struct verifier v;
    struct text fields = line;
    if (!is_entry(line)) continue;
    if (!text_cut(&fields, ':', &user) || !fields.s || (user.len && !passwdfile_is_user(user))) return number;
    int r = verifier_read(&v, fields);
    verifier_free(&v);
    if (r == -1) return number;
  }
  return 0;
}

static int add_all(struct cdbfile_maker *m, const void *context) {
  const struct passwdfile *f = context;
  struct text rest = text_of_stralloc(&f->text), user, fields;
  while (passwdfile_next(&rest, &user, &fields))
    if (cdbfile_add(m, user, fields) == -1) return -1;
  return 0;
}

int passwdfile_rebuild(struct passwdfile *f) { return cdbfile_write(f->database.s, MODE, add_all, f); }

static int write_text(struct passwdfile *f, const char *temporary) {
  int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  int r = fd == -1 ? -1 : io_write_all(fd, f->text.s, f->text.len, IO_FOREVER);
  if (r == 0) r = fchmod(fd, MODE);
  if (r == 0) r = fsync(fd);
  if (fd >= 0) close(fd);
  if (r == 0) r = rename(temporary, f->path.s);
  return r == 0 ? io_sync_above(f->path.s) : -1;
}

int passwdfile_write(struct passwdfile *f) {
  stralloc temporary = {0};
  bool made = stralloc_copys(&temporary, f->path.s) && stralloc_cats(&temporary, ".new") && stralloc_0(&temporary);
  int r = made ? write_text(f, temporary.s) : (errno = ENOMEM, -1);
  int saved = errno;
  if (r == -1 && made) (void)unlink(temporary.s);
  stralloc_free(&temporary);
  errno = saved;
  return r == 0 ? passwdfile_rebuild(f) : -1;
}
