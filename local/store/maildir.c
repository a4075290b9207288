#include "config.h"
#include "local/store/maildir.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/utsname.h>
#include <unistd.h>
#include "lib/iofd.h"
#include "lib/movenew.h"

static int out_of_memory(struct verdict *v) { return verdict_defer(v, "4.3.0", "out of memory", ""); }

static int join(stralloc *out, const char *a, const char *b) {
  return stralloc_copys(out, a) && stralloc_cats(out, b) && stralloc_0(out) ? 0 : -1;
}

static int make_folder(const char *path) {
  return mkdir(path, 0700) == 0 || errno == EEXIST ? 0 : -1;
}

static int make_part(const char *path, const char *part) {
  stralloc name = {0};
  int r = join(&name, path, part);
  if (r == -1) errno = ENOMEM;
  if (r == 0) r = make_folder(name.s);
  int saved = errno;
  stralloc_free(&name);
  errno = saved;
  return r;
}

static int sync_above(const char *path) {
  stralloc above = {0};
  int r = join(&above, path, "..");
  if (r == -1) errno = ENOMEM;
  if (r == 0) r = io_sync_folder(AT_FDCWD, above.s);
  int saved = errno;
  stralloc_free(&above);
  errno = saved;
  return r;
}

static int mark_folder(const char *path) {
  stralloc name = {0};
  int fd = join(&name, path, "maildirfolder") == -1
             ? (errno = ENOMEM, -1)
             : open(name.s, O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
  int saved = errno;
  stralloc_free(&name);
  errno = saved;
  return fd == -1 ? -1 : close(fd);
}

/* tmp/ comes last, when the rest is on the disk: whoever finds it may deliver,
 * and after a crash in between it is missing, so that all this is done again. */
static int make(const char *path, bool is_folder) {
  if (make_folder(path) == -1 || sync_above(path) == -1 || (is_folder && mark_folder(path) == -1)) return -1;
  if (make_part(path, "new") == -1 || make_part(path, "cur") == -1) return -1;
  if (io_sync_folder(AT_FDCWD, path) == -1 || make_part(path, "tmp") == -1) return -1;
  return io_sync_folder(AT_FDCWD, path);
}

int maildir_make(const char *path, struct verdict *v) {
  return make(path, false) == 0 ? 0 : verdict_defer_errno(v, "unable to make Maildir ", path);
}

static int has_tmp(const char *path) {
  stralloc tmp = {0};
  int r = join(&tmp, path, "tmp");
  if (r == -1) errno = ENOMEM;
  if (r == 0) r = access(tmp.s, F_OK) == 0 ? 1 : errno == ENOENT ? 0 : -1;
  int saved = errno;
  stralloc_free(&tmp);
  errno = saved;
  return r;
}

static int make_both(const char *above, const char *path) {
  int r = has_tmp(above);
  if (r == 0) r = make(above, false);
  return r == -1 ? -1 : make(path, true);
}

int maildir_make_folder(const char *path, struct verdict *v) {
  stralloc above = {0};
  size_t len = strlen(path) - 1;
  while (len && path[len - 1] != '/') len--;
  int r = text_cat(&above, (struct text){path, len}) == 0 && stralloc_0(&above) ? 0 : (errno = ENOMEM, -1);
  if (r == 0) r = make_both(above.s, path);
  if (r == -1) verdict_defer_errno(v, "unable to make folder ", path);
  stralloc_free(&above);
  return r;
}

/* '/' and ':' mean something in a Maildir, so its specification spells them in
 * octal; a comma would begin our sizes. */
static int cat_host(stralloc *out) {
  struct utsname u;
  if (uname(&u) == -1) return -1;
  for (const char *p = u.nodename; *p; p++) {
    char octal[5];
    bool special = *p == '/' || *p == ':' || *p == ',';
    snprintf(octal, sizeof octal, "\\%03o", (unsigned)(unsigned char)*p);
    if (!(special ? stralloc_cats(out, octal) : stralloc_append(out, p))) return -1;
  }
  return 0;
}

int maildir_unique(stralloc *out, struct maildir_namer *namer) {
  uint64_t now_us = clock_wall_us(namer->clock);
  char head[96];
  snprintf(head, sizeof head, "%llu.M%06lluP%ldQ%u.", (unsigned long long)(now_us / 1000000u),
           (unsigned long long)(now_us % 1000000u), (long)getpid(), ++namer->counter);
  return stralloc_copys(out, head) && cat_host(out) == 0 && stralloc_0(out) ? 0 : -1;
}

static int cat_sizes(stralloc *name, const struct maildir_file *f) {
  char sizes[64];
  snprintf(sizes, sizeof sizes, ",S=%llu,W=%llu", (unsigned long long)f->size,
           (unsigned long long)f->crlf_size);
  return stralloc_cats(name, sizes) && stralloc_0(name) ? 0 : -1;
}

static int prepare(struct maildir_file *f, const char *path, struct maildir_namer *namer) {
  if (maildir_unique(&f->unique, namer) == -1) return -1;
  if (join(&f->folder, path, "new/") == -1 || join(&f->tmp, path, "tmp/") == -1) return -1;
  f->tmp.len--; /* its NUL */
  return stralloc_cats(&f->tmp, f->unique.s) && stralloc_0(&f->tmp) ? 0 : -1;
}

static void create(struct maildir_file *f) {
  f->fd = open(f->tmp.s, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  f->in_tmp = f->fd >= 0;
}

static int make_missing(const char *path, enum maildir_missing missing, struct verdict *v) {
  return missing == MAILDIR_FOLDER_IS_MADE ? maildir_make_folder(path, v) : maildir_make(path, v);
}

int maildir_open(struct maildir_file *f, const char *path, enum maildir_missing missing,
                 struct maildir_namer *namer, struct verdict *v) {
  f->fd = -1;
  if (prepare(f, path, namer) == -1) return out_of_memory(v);
  create(f);
  if (!f->in_tmp && errno == ENOENT && missing != MAILDIR_STAYS_MISSING) {
    if (make_missing(path, missing, v) == -1) return -1;
    create(f);
  }
  if (f->in_tmp) return 0;
  if (errno == ENOENT || errno == ENOTDIR) return verdict_defer(v, "4.2.1", "no such Maildir: ", path);
  return verdict_defer_errno(v, "unable to create ", f->tmp.s);
}

/* What cannot keep a message over a crash, or only with somebody's help. */
static const char *doubt_about(const char *path) {
  struct statfs s;
  if (statfs(path, &s) == -1) return NULL;
  switch ((unsigned long)s.f_type) {
  case TMPFS_MAGIC:
  case RAMFS_MAGIC: return "it is in memory alone: a crash of the machine loses its mail";
  case NFS_SUPER_MAGIC: return "it is on NFS: the server keeps it over a crash if it exports with \"sync\"";
  case FUSE_SUPER_MAGIC: return "it is on FUSE: whether syncs reach a disk is up to that program";
  case OVERLAYFS_SUPER_MAGIC: return "it is on an overlay: with the mount option volatile a crash loses its mail";
  default: return NULL;
  }
}

static void note_doubt(struct facts *f, const char *path) {
  const char *doubt = f ? doubt_about(path) : NULL;
  if (doubt) fact_say(f, "filesystem", doubt, TEXT_ABSENT);
}

static void note_place(struct facts *f, const char *path, const char *state) {
  if (!f) return;
  fact_begin(f, "maildir");
  fact_t(f, text_of(path));
  fact_s(f, ": ");
  fact_s(f, state);
  fact_detail(f, "path", text_of(path));
  fact_end(f);
}

int maildir_look(const char *path, bool make, struct verdict *v) {
  stralloc part = {0};
  int r = join(&part, path, "tmp/") == -1 ? out_of_memory(v) : 0;
  if (r == 0 && access(part.s, W_OK | X_OK) == -1) {
    if (errno == ENOENT && make) note_place(v->facts, path, "missing, it would be made");
    else if (errno == ENOENT || errno == ENOTDIR) r = verdict_defer(v, "4.2.1", "no such Maildir: ", path);
    else r = verdict_defer_errno(v, "unable to write in ", part.s);
  } else if (r == 0 && (r = join(&part, path, "new/")) == 0 && access(part.s, W_OK | X_OK) == -1)
    r = verdict_defer_errno(v, "unable to write in ", part.s);
  else if (r == 0) {
    note_place(v->facts, path, "it is there and can be written");
    note_doubt(v->facts, path);
  }
  stralloc_free(&part);
  return r;
}

int maildir_put(struct maildir_file *f, struct text octets, struct verdict *v) {
  if (io_write_all(f->fd, octets.s, octets.len, IO_FOREVER) == -1)
    return verdict_defer_errno(v, "unable to write ", f->tmp.s);
  for (size_t i = 0; i < octets.len; i++) {
    f->crlf_size += octets.s[i] == '\n' && f->last != '\r' ? 2u : 1u;
    f->last = octets.s[i];
  }
  f->size += octets.len;
  return 0;
}

/* Their blocks are allocated in one transaction of the journal. */
void maildir_start_sync(const struct maildir_file *f) {
  (void)sync_file_range(f->fd, 0, 0, SYNC_FILE_RANGE_WRITE);
}

/* No file is synced twice: the second time would succeed and prove nothing. */
static int sync_octets(const struct maildir_file *f) {
  if (!f->synced) return fsync(f->fd);
  errno = f->sync_error;
  return f->sync_error ? -1 : 0;
}

int maildir_sync(struct maildir_file *f, struct verdict *v) {
  if (sync_octets(f) == -1) return verdict_defer_errno(v, "unable to sync ", f->tmp.s);
  int r = close(f->fd);
  f->fd = -1;
  if (r == -1) return verdict_defer_errno(v, "unable to close ", f->tmp.s);
  if (!stralloc_copys(&f->final, f->folder.s) || !stralloc_cats(&f->final, f->unique.s) ||
      cat_sizes(&f->final, f) == -1)
    return out_of_memory(v);
  return 0;
}

int maildir_place(struct maildir_file *f, struct verdict *v) {
  if (movenew(AT_FDCWD, f->tmp.s, f->final.s) == -1) return verdict_defer_errno(v, "unable to place ", f->final.s);
  f->in_tmp = false;
  f->in_new = true;
  return 0;
}

int maildir_sync_folder(const struct maildir_file *f, struct verdict *v) {
  if (io_sync_folder(AT_FDCWD, f->folder.s) == 0) return 0;
  return verdict_defer_errno(v, "unable to sync ", f->folder.s);
}

void maildir_withdraw(struct maildir_file *f) {
  if (f->in_new) unlink(f->final.s);
  f->in_new = false;
}

void maildir_close(struct maildir_file *f) {
  if (f->fd >= 0) close(f->fd);
  if (f->in_tmp) unlink(f->tmp.s);
  stralloc_free(&f->unique);
  stralloc_free(&f->tmp);
  stralloc_free(&f->final);
  stralloc_free(&f->folder);
  *f = (struct maildir_file){.fd = -1};
}
