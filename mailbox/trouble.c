#include "config.h"
#include "mailbox/trouble.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "lib/iofd.h"
#include "mailbox/ownfile.h"
#include "mailbox/takeover.h"

/* Each tries what an opening does: 0, or -1 with errno. */
typedef int probe_fn(int folder, const char *name);

static int probe_listing(int folder, const char *name) {
  int fd = openat(folder, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
  return fd == -1 ? -1 : close(fd);
}

/* Where logs are made anew; "tmp/." is a folder or an error. */
static int probe_making(int folder, const char *name) {
  (void)name;
  return faccessat(folder, "tmp/.", W_OK | X_OK, AT_EACCESS);
}

static int probe_log(int folder, const char *name) {
  struct stat st;
  int fd = ownfile_open(folder, name, O_RDWR, &st);
  if (fd == -1) return errno == ENOENT ? 0 : -1;
  return close(fd);
}

static int probe_other_server(int folder, const char *name) {
  stralloc octets = {0};
  int r = io_slurp_at(folder, name, O_NOFOLLOW | O_NONBLOCK, &octets, TAKEOVER_OCTETS_MAX);
  int saved = errno;
  stralloc_free(&octets);
  errno = saved;
  return r == -1 && errno == ENOENT ? 0 : r;
}

static int probe_writing(int folder, const char *name) { return faccessat(folder, name, W_OK | X_OK, AT_EACCESS); }

static const struct part {
  const char *name;
  probe_fn *probe;
} parts[] = {
  {"new", probe_listing}, {"cur", probe_listing}, {"tmp", probe_making}, {UIDLOG_NAME, probe_log},
  {TAKEOVER_DOVECOT, probe_other_server}, {TAKEOVER_COURIER_IMAP, probe_other_server},
  {TAKEOVER_COURIER_POP3, probe_other_server}, {".", probe_writing},
};

/* These are of the log alone, whoever probes it later. */
static bool is_of_log(int error) { return error == ETIMEDOUT || error == EPROTONOSUPPORT; }

static const struct part *find(int folder, int error) {
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
    const struct part *p = &parts[i];
    if (is_of_log(error) ? p->probe == probe_log : p->probe(folder, p->name) == -1 && errno == error) return p;
  }
  return NULL;
}

static const char *reason(const struct part *p, int error) {
  if (p && p->probe == probe_writing) return "nothing can be made in it";
  if (!p || p->probe != probe_log) return strerror(error);
  switch (error) {
    case EPERM: return "it is no file of this user";
    case ELOOP: return "it is a symbolic link";
    case ETIMEDOUT: return "another process keeps it locked";
    case EPROTONOSUPPORT: return "a later version of owlpost has written it";
    default: return strerror(error);
  }
}

int trouble_put(stralloc *out, const struct mailbox *m, const char *path, int error) {
  const struct part *p = m->folder == -1 ? NULL : find(m->folder, error);
  bool is_inside = p && p->probe != probe_writing;
  bool stored = stralloc_cats(out, path) && (!is_inside || (stralloc_cats(out, "/") && stralloc_cats(out, p->name))) &&
                stralloc_cats(out, ": ") && stralloc_cats(out, reason(p, error));
  return stored ? 0 : -1;
}
