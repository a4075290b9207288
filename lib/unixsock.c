#include "config.h"
#include "lib/unixsock.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

/* Fills *a; *folder is -1 or a descriptor to close afterwards. */
static int make_address(struct sockaddr_un *a, const char *path, int *folder) {
  const char *slash = strrchr(path, '/');
  int n;
  *a = (struct sockaddr_un){.sun_family = AF_UNIX};
  *folder = -1;
  if (strlen(path) < sizeof a->sun_path || !slash)
    n = snprintf(a->sun_path, sizeof a->sun_path, "%s", path);
  else {
    char name[4096];
    if ((size_t)(slash - path) >= sizeof name) return errno = ENAMETOOLONG, -1;
    memcpy(name, path, (size_t)(slash - path));
    name[slash - path] = 0;
    *folder = open(name, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (*folder == -1) return -1;
    n = snprintf(a->sun_path, sizeof a->sun_path, "/proc/self/fd/%d%s", *folder, slash);
  }
  if (n >= 0 && (size_t)n < sizeof a->sun_path) return 0;
  if (*folder >= 0) close(*folder);
  return errno = ENAMETOOLONG, -1;
}

static int done(int fd, int folder, int r) {
  int saved = errno;
  if (folder >= 0) close(folder);
  if (r == -1 && fd >= 0) close(fd);
  errno = saved;
  return r == -1 ? -1 : fd;
}

static int limit_waits(int fd, int limit_ms) {
  struct timeval t = {limit_ms / 1000, limit_ms % 1000 * 1000};
  return setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &t, sizeof t);
}

int unixsock_connect(const char *path) { return unixsock_connect_within(path, 0); }

int unixsock_connect_within(const char *path, int limit_ms) {
  struct sockaddr_un a;
  int folder;
  if (make_address(&a, path, &folder) == -1) return -1;
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int r = fd == -1 ? -1 : 0;
  if (r == 0 && limit_ms > 0) r = limit_waits(fd, limit_ms);
  if (r == 0) r = connect(fd, (struct sockaddr *)&a, sizeof a);
  return done(fd, folder, r);
}

int unixsock_listen(const char *path, mode_t mode, int backlog) {
  struct sockaddr_un a;
  int folder;
  int other = unixsock_connect(path);
  if (other >= 0) return close(other), errno = EADDRINUSE, -1;
  if (errno == ECONNREFUSED) unlink(path);
  if (make_address(&a, path, &folder) == -1) return -1;
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int r = fd == -1 ? -1 : 0;
  /* no moment with a wider mode: bind() applies the umask */
  mode_t old = umask((mode_t)~mode & 0777);
  if (r == 0) r = bind(fd, (struct sockaddr *)&a, sizeof a);
  umask(old);
  if (r == 0) r = listen(fd, backlog);
  return done(fd, folder, r);
}

int unixsock_pair(int pair[2]) { return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair); }
