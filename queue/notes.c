#include "config.h"
#include "queue/notes.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include "lib/iofd.h"

enum { NOTES_MAX = 1 << 30 };
static const char file[] = "orders";

int notes_cat(stralloc *out, enum order what, const struct queueid *id, uint64_t uid) {
  return stralloc_cats(out, "order: ") && stralloc_cats(out, order_name(what)) &&
             stralloc_cats(out, " msg ") && stralloc_catb(out, id->s, QUEUEID_DIGITS) &&
             stralloc_cats(out, " by uid ") && text_cat_uint(out, uid) == 0 && stralloc_cats(out, "\n")
           ? 0
           : -1;
}

int notes_write(int queue_fd, const stralloc *lines) {
  if (lines->len == 0) return 0;
  int fd = openat(queue_fd, file, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd == -1) return -1;
  int r = io_write_all(fd, lines->s, lines->len, IO_FOREVER) == 0 && fsync(fd) == 0 ? 0 : -1;
  int saved = errno;
  close(fd);
  return errno = saved, r;
}

static void log_lines(struct log *l, struct text rest) {
  const char *end;
  while (rest.len && (end = memchr(rest.s, '\n', rest.len))) {
    size_t len = (size_t)(end - rest.s);
    log_t(l, (struct text){rest.s, len});
    log_end(l);
    rest = (struct text){end + 1, rest.len - len - 1};
  }
}

int notes_log(int queue_fd, struct log *l) {
  stralloc lines = {0};
  int r = io_slurp_at(queue_fd, file, O_NOFOLLOW | O_NONBLOCK, &lines, NOTES_MAX);
  bool none = r == -1 && errno == ENOENT;
  if (r == 0) log_lines(l, text_of_stralloc(&lines));
  if (r == 0) r = unlinkat(queue_fd, file, 0);
  int saved = errno;
  stralloc_free(&lines);
  return none ? 0 : (errno = saved, r);
}
