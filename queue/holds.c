#include "config.h"
#include "queue/holds.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "lib/iofd.h"
#include "queue/lanename.h"

static const char file[] = "holds", new_file[] = "holds.new";

bool holds_next(struct text *rest, struct text *name) {
  const char *end = rest->len ? memchr(rest->s, '\n', rest->len) : NULL;
  if (!end) return false;
  *name = (struct text){rest->s, (size_t)(end - rest->s)};
  *rest = (struct text){end + 1, rest->len - name->len - 1};
  return true;
}

static bool is_name(struct text t) {
  return t.len > 0 && t.len <= HOLDS_NAME_MAX && text_is_clean(t) && !memchr(t.s, ' ', t.len);
}

static bool is_whole(struct text rest) {
  struct text name;
  while (holds_next(&rest, &name))
    if (!is_name(name)) return false;
  return rest.len == 0;
}

int holds_load(struct holds *h, int queue_fd) {
  stralloc_zero(&h->names);
  if (io_slurp_at(queue_fd, file, O_NOFOLLOW | O_NONBLOCK, &h->names, HOLDS_OCTETS_MAX) == -1)
    return errno == ENOENT ? 0 : -1;
  return is_whole(text_of_stralloc(&h->names)) ? 0 : (errno = EBADMSG, -1);
}

/* ---- changes */

/* As lanes are called, in whatever form it was given or stands in the file. */
static int cat_line(stralloc *out, struct text given) {
  stralloc name = {0};
  int r = lane_cat_given(&name, given);
  if (r == 0) r = stralloc_cat(out, &name) && stralloc_cats(out, "\n") ? 0 : -1;
  stralloc_free(&name);
  return r;
}

/* line: the one that is left out. */
static int cat_others(stralloc *out, const struct holds *h, const stralloc *line) {
  struct text rest = text_of_stralloc(&h->names), each;
  while (holds_next(&rest, &each)) {
    size_t before = out->len;
    if (cat_line(out, each) == -1) return -1;
    struct text added = {out->s + before, out->len - before};
    if (text_equal(added, text_of_stralloc(line))) out->len = before;
  }
  return 0;
}

static int write_new(int queue_fd, struct text names) {
  int fd = openat(queue_fd, new_file, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd == -1) return -1;
  int r = io_write_all(fd, names.s, names.len, IO_FOREVER) == 0 && fsync(fd) == 0 ? 0 : -1;
  int saved = errno;
  close(fd);
  return errno = saved, r;
}

static int store_names(int queue_fd, const stralloc *names) {
  if (names->len > HOLDS_OCTETS_MAX) return errno = EFBIG, -1;
  if (write_new(queue_fd, (struct text){names->s ? names->s : "", names->len}) == -1) return -1;
  if (renameat(queue_fd, new_file, queue_fd, file) == -1) return -1;
  return io_sync_folder(queue_fd, ".");
}

int holds_change(struct holds *h, int queue_fd, struct text name, bool held) {
  stralloc names = {0}, line = {0};
  if (!is_name(name)) return errno = EINVAL, -1;
  int r = cat_line(&line, name);
  if (r == 0) r = cat_others(&names, h, &line);
  if (r == 0 && held) r = stralloc_cat(&names, &line) ? 0 : -1;
  if (r == -1) errno = ENOMEM;
  else r = store_names(queue_fd, &names);
  if (r == 0) {
    stralloc old = h->names;
    h->names = names;
    names = old;
  }
  int saved = errno;
  stralloc_free(&names);
  stralloc_free(&line);
  return errno = saved, r;
}

void holds_free(struct holds *h) { stralloc_free(&h->names); }
