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
#include "lib/iowait.h"

enum { LISTEN_BACKLOG = 128, LISTEN_PAUSE_MS = 100, PATH_OCTETS = 4096 };

/* Fills *a; *folder is -1 or a descriptor to close afterwards. */
static int make_address(struct sockaddr_un *a, const char *path, int *folder) {
  const char *slash = strrchr(path, '/');
  int n;
  *a = (struct sockaddr_un){.sun_family = AF_UNIX};
  *folder = -1;
  if (strlen(path) < sizeof a->sun_path || !slash)
    n = snprintf(a->sun_path, sizeof a->sun_path, "%s", path);
  else {
    char name[PATH_OCTETS];
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

static int set_limit(int fd, int limit_ms) {
  struct timeval limit = {limit_ms / 1000, limit_ms % 1000 * 1000};
  return setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}

/* A listener's full backlog makes connect() wait for as long as a write would. */
static int connect_within(int fd, const struct sockaddr_un *a, int limit_ms) {
  int r;
  if (set_limit(fd, limit_ms) == -1) return -1;
  do r = connect(fd, (const struct sockaddr *)a, sizeof *a);
  while (r == -1 && errno == EINTR);
  if (r == -1 && errno == EAGAIN) errno = ETIMEDOUT;
  return r == -1 ? -1 : set_limit(fd, 0);
}

int unixsock_connect(const char *path) {
  return unixsock_connect_within(path, UNIXSOCK_CONNECT_MS);
}

int unixsock_connect_within(const char *path, int limit_ms) {
  struct sockaddr_un a;
  int folder;
  if (make_address(&a, path, &folder) == -1) return -1;
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  return done(fd, folder, fd == -1 ? -1 : connect_within(fd, &a, limit_ms));
}

/* 0 when nobody listens there; what an earlier listener left is removed. */
static int clear_the_place(const char *path) {
  struct stat st;
  int other = unixsock_connect(path);
  if (other >= 0) close(other);
  if (other >= 0 || errno == ETIMEDOUT) return errno = EADDRINUSE, -1;
  if (errno == ECONNREFUSED && lstat(path, &st) == 0 && S_ISSOCK(st.st_mode)) return unlink(path);
  return 0;
}

int unixsock_listen(const char *path, mode_t mode, int backlog) {
  struct sockaddr_un a;
  int folder;
  if (clear_the_place(path) == -1) return -1;
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

/* An instance that went down this moment may still hold the socket. */
static int listen_patiently(const char *path) {
  int fd = unixsock_listen(path, 0666, LISTEN_BACKLOG);
  for (int waited_ms = 0; fd == -1 && errno == EADDRINUSE && waited_ms < UNIXSOCK_CONNECT_MS;
       waited_ms += LISTEN_PAUSE_MS) {
    usleep(LISTEN_PAUSE_MS * 1000);
    fd = unixsock_listen(path, 0666, LISTEN_BACKLOG);
  }
  return fd == -1 || io_set_nonblocking(fd) == 0 ? fd : done(fd, -1, -1);
}

static const char socket_name[] = "/socket";

/* "RUNDIR/NAME", with room behind it for the socket's name.  Its length, or 0. */
static size_t make_folder_name(char path[PATH_OCTETS], const char *rundir, const char *name) {
  int n = snprintf(path, PATH_OCTETS, "%s/%s", rundir, name);
  if (n >= 0 && (size_t)n + sizeof socket_name <= PATH_OCTETS) return (size_t)n;
  errno = ENAMETOOLONG;
  return 0;
}

int unixsock_connect_in(const char *rundir, const char *name, int limit_ms) {
  char path[PATH_OCTETS];
  size_t len = make_folder_name(path, rundir, name);
  if (!len) return -1;
  memcpy(path + len, socket_name, sizeof socket_name);
  return unixsock_connect_within(path, limit_ms);
}

int unixsock_listen_in(const char *rundir, const char *name) {
  char path[PATH_OCTETS];
  size_t len = make_folder_name(path, rundir, name);
  if (!len) return -1;
  if (geteuid() != 0) (void)mkdir(path, 0700);
  memcpy(path + len, socket_name, sizeof socket_name);
  return listen_patiently(path);
}

int unixsock_pair(int pair[2]) { return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair); }
