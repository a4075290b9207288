#include "config.h"
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>
#include "lib/iofd.h"
#include "mailbox/takeover.h"

enum { OCTETS_MAX = 1 << 28 };

/* A file that cannot be read is an error: without it all clients would fetch
 * everything once more. */
static int try_file(struct takeover *t, int folder, const char *name, takeover_fn *read) {
  stralloc octets = {0};
  int r = io_slurp_at(folder, name, O_NOFOLLOW | O_NONBLOCK, &octets, OCTETS_MAX);
  if (r == -1) r = errno == ENOENT ? 0 : -1;
  else r = read(t, text_of_stralloc(&octets));
  stralloc_free(&octets);
  return r;
}

static const char begun[] = "owlpost-begun";

int takeover_close(int folder) {
  int fd = openat(folder, begun, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd == -1) return errno == EEXIST ? 0 : -1;
  close(fd);
  return fsync(folder);
}

static int read_files(struct takeover *t, int folder) {
  int r = try_file(t, folder, "dovecot-uidlist", takeover_dovecot);
  if (r != 0) return r == 1 ? 0 : -1;
  t->validity = t->next = 0; /* what its first line had before it went wrong */
  if (try_file(t, folder, "courierimapuiddb", takeover_courier_imap) == -1) return -1;
  return try_file(t, folder, "courierpop3dsizelist", takeover_courier_pop3) == -1 ? -1 : 0;
}

int takeover_read(struct takeover *t, int folder) {
  if (read_files(t, folder) == -1) return -1;
  if (faccessat(folder, begun, F_OK, AT_SYMLINK_NOFOLLOW) == -1) return errno == ENOENT ? 0 : -1;
  roster_free(&t->known);
  t->validity = t->next = 0;
  return 0;
}
