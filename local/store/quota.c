#include "config.h"
#include "local/store/quota.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "lib/iofd.h"
#include "lib/movenew.h"
#include "local/store/maildir.h"
#include "local/store/quotascan.h"

/* ---- the definition */

static int take_limit(struct text part, struct quota_limits *l) {
  uint64_t value;
  if (part.len < 2 || text_uint((struct text){part.s, part.len - 1}, &value) == -1) return -1;
  if (value > INT64_MAX) return -1;
  switch (part.s[part.len - 1]) {
  case 'S': l->octets = value; return 0;
  case 'C': l->files = value; return 0;
  default: return -1;
  }
}

int quota_parse(struct text definition, struct quota_limits *limits) {
  *limits = (struct quota_limits){0};
  for (;;) {
    const char *comma = definition.len ? memchr(definition.s, ',', definition.len) : NULL;
    size_t len = comma ? (size_t)(comma - definition.s) : definition.len;
    if (take_limit((struct text){definition.s, len}, limits) == -1) return -1;
    if (!comma) return limits->octets || limits->files ? 0 : -1;
    definition = (struct text){comma + 1, definition.len - len - 1};
  }
}

static int cat_definition(stralloc *out, const struct quota_limits *l) {
  if (l->octets && (text_cat_uint(out, l->octets) == -1 || !stralloc_cats(out, "S"))) return -1;
  if (l->octets && l->files && !stralloc_cats(out, ",")) return -1;
  if (l->files && (text_cat_uint(out, l->files) == -1 || !stralloc_cats(out, "C"))) return -1;
  return stralloc_cats(out, "\n") ? 0 : -1;
}

static int cat_line(stralloc *out, int64_t octets, int64_t files) {
  char line[64];
  int len = snprintf(line, sizeof line, "%lld %lld\n", (long long)octets, (long long)files);
  return len > 0 && stralloc_catb(out, line, (size_t)len) ? 0 : -1;
}

/* ---- the file */

static int join(stralloc *out, const char *root, const char *name) {
  return stralloc_copys(out, root) && stralloc_cats(out, name) && stralloc_0(out) ? 0 : (errno = ENOMEM, -1);
}

static int open_file(const char *root, int flags) {
  stralloc path = {0};
  int fd = join(&path, root, "maildirsize") == -1
             ? -1
             : open(path.s, flags | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  int saved = errno;
  stralloc_free(&path);
  errno = saved;
  return fd;
}

static void remove_file(const char *root) {
  stralloc path = {0};
  if (join(&path, root, "maildirsize") == 0) unlink(path.s);
  stralloc_free(&path);
}

static int take_number(struct text *t, int64_t *value) {
  bool minus = t->len && *t->s == '-';
  if (minus) *t = (struct text){t->s + 1, t->len - 1};
  size_t len = 0;
  while (len < t->len && t->s[len] >= '0' && t->s[len] <= '9') len++;
  uint64_t number;
  if (text_uint((struct text){t->s, len}, &number) == -1 || number > INT64_MAX / 4096) return -1;
  *value = minus ? -(int64_t)number : (int64_t)number;
  *t = (struct text){t->s + len, t->len - len};
  return 0;
}

static void skip_blanks(struct text *t) {
  while (t->len && (*t->s == ' ' || *t->s == '\t')) *t = (struct text){t->s + 1, t->len - 1};
}

static int take_line(struct quota *q, struct text line) {
  int64_t octets, files;
  skip_blanks(&line); /* some writers align the numbers */
  if (take_number(&line, &octets) == -1) return -1;
  skip_blanks(&line);
  if (take_number(&line, &files) == -1) return -1;
  skip_blanks(&line);
  if (line.len) return -1;
  q->octets += octets;
  q->files += files;
  return 0;
}

struct state {
  bool there, good; /* every line could be read, and there is room for more */
  unsigned lines;   /* behind the first */
  off_t size;
  time_t changed;
};

static struct text cut_line(struct text *rest) {
  const char *end = memchr(rest->s, '\n', rest->len);
  if (!end) return TEXT_ABSENT;
  struct text line = {rest->s, (size_t)(end - rest->s)};
  *rest = (struct text){end + 1, rest->len - line.len - 1};
  return line;
}

static void read_lines(struct quota *q, struct state *s, struct text rest) {
  struct text line = rest.len ? cut_line(&rest) : TEXT_ABSENT;
  q->limited = line.s && quota_parse(line, &q->limits) == 0;
  s->good = q->limited && s->size < QUOTA_FILE_MAX;
  while (s->good && rest.len) {
    line = cut_line(&rest);
    s->good = line.s && take_line(q, line) == 0;
    s->lines++;
  }
  if (s->good && s->lines == 0) s->good = false;
}

static int read_file(struct quota *q, struct state *s, int fd) {
  char octets[QUOTA_FILE_MAX];
  struct stat st;
  if (fstat(fd, &st) == -1) return -1;
  if (!S_ISREG(st.st_mode)) return errno = EINVAL, -1;
  s->there = true;
  s->size = st.st_size;
  s->changed = st.st_mtime;
  size_t len = 0;
  ssize_t n = 1;
  while (len < sizeof octets && (n = io_read(fd, octets + len, sizeof octets - len, IO_FOREVER)) > 0)
    len += (size_t)n;
  if (n == -1) return -1;
  s->size = len > (size_t)s->size ? (off_t)len : s->size;
  read_lines(q, s, (struct text){octets, len});
  return 0;
}

/* The sum begins again; what this process has taken stays in it. */
static int load(struct quota *q, struct state *s) {
  *s = (struct state){0};
  q->octets = q->came_octets;
  q->files = q->came_files;
  int fd = open_file(q->root.s, O_RDONLY);
  if (fd == -1) return errno == ENOENT ? 0 : -1;
  int r = read_file(q, s, fd);
  int saved = errno;
  close(fd);
  errno = saved;
  return r;
}

/* ---- counting anew */

static int write_file(const struct quota *q, const char *path, const struct quotascan *count) {
  stralloc octets = {0};
  int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  int r = fd == -1 ? -1 : 0;
  if (r == 0 && (cat_definition(&octets, &q->limits) == -1 ||
                 cat_line(&octets, count->octets, count->files) == -1))
    r = (errno = ENOMEM, -1);
  if (r == 0) r = io_write_all(fd, octets.s, octets.len, IO_FOREVER);
  /* a file that is empty after a crash would be no quota */
  if (r == 0) r = fsync(fd);
  int saved = errno;
  if (fd >= 0) close(fd);
  stralloc_free(&octets);
  errno = saved;
  return r;
}

/* Lines that others have added while the folders were read may tell of files
 * that were counted, or of such that were not. */
static bool has_grown(int old, off_t size) {
  struct stat st;
  return old >= 0 && (fstat(old, &st) == -1 || st.st_size != size);
}

static int put_in_place(const char *tmp, const char *path, bool replaces) {
  if (replaces) return rename(tmp, path);
  return movenew(AT_FDCWD, tmp, path) == 0 || errno == EEXIST ? 0 : -1;
}

static int replace(struct quota *q, const struct quotascan *count, int old, off_t size) {
  static unsigned counter;
  struct maildir_namer namer = {&clock_system, counter++};
  stralloc tmp = {0}, path = {0}, unique = {0};
  int r = maildir_unique(&unique, &namer);
  if (r == 0) r = join(&path, q->root.s, "maildirsize");
  if (r == 0 && (join(&tmp, q->root.s, "tmp/quota.") == -1 || (tmp.len--, !stralloc_cats(&tmp, unique.s)) ||
                 !stralloc_0(&tmp)))
    r = (errno = ENOMEM, -1);
  if (r == 0) r = write_file(q, tmp.s, count);
  if (r == 0) r = put_in_place(tmp.s, path.s, old >= 0);
  int saved = errno;
  if (tmp.len) unlink(tmp.s);
  if (r == 0 && (has_grown(old, size) || !quotascan_is_current(count, q->root.s))) unlink(path.s);
  stralloc_free(&tmp);
  stralloc_free(&path);
  stralloc_free(&unique);
  errno = saved;
  return r;
}

static off_t size_of(int fd) {
  struct stat st;
  return fd >= 0 && fstat(fd, &st) == 0 ? st.st_size : 0;
}

/* What cannot be counted or written leaves the sum as it was: a quota is no
 * reason to keep mail back. */
static int count_anew(struct quota *q) {
  struct quotascan count;
  int old = open_file(q->root.s, O_RDONLY);
  off_t size = size_of(old);
  int r = quotascan_count(&count, q->root.s, q->deadline_us);
  if (r == 0) {
    q->octets = count.octets + q->came_octets;
    q->files = count.files + q->came_files;
    q->exact = true;
    r = q->only_looks ? 0 : replace(q, &count, old, size);
  }
  int saved = errno;
  if (old >= 0) close(old);
  errno = saved;
  return r;
}

/* ---- what others call */

static int find_root(struct quota *q, const char *root) {
  stralloc mark = {0};
  int r = join(&mark, root, "maildirfolder");
  if (r == 0) r = join(&q->root, root, access(mark.s, F_OK) == 0 ? "../" : "");
  stralloc_free(&mark);
  return r;
}

static void use_fallback(struct quota *q, const char *fallback) {
  q->limited = fallback && quota_parse(text_of(fallback), &q->limits) == 0;
}

int quota_open(struct quota *q, const char *root, const char *fallback, struct verdict *v) {
  struct state s;
  q->limited = q->exact = false;
  if (find_root(q, root) == -1 || load(q, &s) == -1)
    return verdict_defer_errno(v, "unable to read the quota of ", root);
  if (!q->limited) use_fallback(q, fallback);
  if (q->limited && !s.good && count_anew(q) == -1 && errno == ENOMEM)
    return verdict_defer_errno(v, "unable to count ", root);
  q->may_count = s.lines > 1 || time(NULL) - s.changed >= QUOTA_STALE_S;
  return 0;
}

static bool has_room(uint64_t limit, int64_t used, uint64_t more) {
  if (limit == 0) return true;
  uint64_t taken = used > 0 ? (uint64_t)used : 0;
  return taken <= limit && more <= limit - taken;
}

static bool fits(const struct quota *q, uint64_t octets) {
  return has_room(q->limits.octets, q->octets, octets) && has_room(q->limits.files, q->files, 1);
}

bool quota_fits(struct quota *q, uint64_t octets) {
  if (!q->limited || fits(q, octets)) return true;
  if (q->exact || !q->may_count) return false;
  (void)count_anew(q);
  return fits(q, octets);
}

void quota_take(struct quota *q, int64_t octets, int64_t files) {
  q->octets += octets;
  q->files += files;
  q->came_octets += octets;
  q->came_files += files;
}

/* One that was replaced while the line was written took no notice of it. */
static int append(const struct quota *q, const stralloc *line) {
  struct stat st;
  int fd = open_file(q->root.s, O_WRONLY | O_APPEND);
  if (fd == -1) return errno == ENOENT ? 0 : -1;
  int r = write(fd, line->s, line->len) == (ssize_t)line->len && fstat(fd, &st) == 0 && st.st_nlink == 1 ? 0 : -1;
  close(fd);
  return r;
}

void quota_note(struct quota *q) {
  stralloc line = {0};
  if (!q->limited || (q->came_octets == 0 && q->came_files == 0)) return;
  if (cat_line(&line, q->came_octets, q->came_files) == -1 || append(q, &line) == -1) remove_file(q->root.s);
  q->came_octets = q->came_files = 0;
  stralloc_free(&line);
}

int quota_make(const char *root, const char *definition, struct verdict *v) {
  struct quota q = {0};
  int r;
  if (quota_parse(text_of(definition), &q.limits) == -1)
    return verdict_fail(v, "5.3.5", "malformed quota: ", definition);
  r = join(&q.root, root, "");
  if (r == 0) r = count_anew(&q);
  if (r == -1) verdict_defer_errno(v, "unable to set the quota of ", root);
  quota_free(&q);
  return r;
}

void quota_free(struct quota *q) {
  stralloc_free(&q->root);
  *q = (struct quota){0};
}
