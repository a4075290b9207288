#include "config.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include "lib/iofd.h"
#include "mailbox/takeover.h"

/* A file that cannot be read is an error: without it all clients would fetch
 * everything once more. */
static int try_file(struct takeover *t, int folder, const char *name, takeover_fn *read) {
  stralloc octets = {0};
  int r = io_slurp_at(folder, name, O_NOFOLLOW | O_NONBLOCK, &octets, TAKEOVER_OCTETS_MAX);
  if (r == -1) r = errno == ENOENT ? 0 : -1;
  else r = read(t, text_of_stralloc(&octets));
  stralloc_free(&octets);
  return r;
}

static const char begun[] = "owlpost-begun";

static int make_begun(int folder, uint32_t validity) {
  const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = validity}};
  int fd = openat(folder, begun, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
  if (fd == -1) return -1;
  int r = futimens(fd, times);
  int saved = errno;
  close(fd);
  errno = saved;
  return r == 0 ? fsync(folder) : -1;
}

int takeover_close(int folder, uint32_t validity) {
  struct stat st;
  if (fstatat(folder, begun, &st, AT_SYMLINK_NOFOLLOW) == -1) return errno == ENOENT ? make_begun(folder, validity) : -1;
  return st.st_mtim.tv_sec >= validity ? 0 : make_begun(folder, validity);
}

static int read_files(struct takeover *t, int folder) {
  int r = try_file(t, folder, TAKEOVER_DOVECOT, takeover_dovecot);
  if (r != 0) return r == 1 ? 0 : -1;
  t->validity = t->next = 0; /* what its first line had before it went wrong */
  if (try_file(t, folder, TAKEOVER_COURIER_IMAP, takeover_courier_imap) == -1) return -1;
  return try_file(t, folder, TAKEOVER_COURIER_POP3, takeover_courier_pop3) == -1 ? -1 : 0;
}

int takeover_read(struct takeover *t, int folder) {
  if (read_files(t, folder) == -1) return -1;
  struct stat st;
  if (fstatat(folder, begun, &st, AT_SYMLINK_NOFOLLOW) == -1) return errno == ENOENT ? 0 : -1;
  roster_free(&t->known);
  t->validity = t->next = 0;
  if (st.st_mtim.tv_sec > 0 && st.st_mtim.tv_sec < UINT32_MAX) t->least_validity = (uint32_t)st.st_mtim.tv_sec + 1;
  return 0;
}
