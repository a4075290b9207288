#include "config.h"
#include "listen/sockets.h"
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "lib/iofd.h"

enum { FIRST_FD = 3, BACKLOG = 1024, NUMBER_OCTETS = 24 };

static int set(int fd, int level, int option) {
  int on = 1;
  return setsockopt(fd, level, option, &on, sizeof on);
}

static int listen_at(int fd, const struct endpoint *e) {
  struct sockaddr_storage a;
  socklen_t len = ip_to_sockaddr(&a, &e->ip, e->port);
  if (set(fd, SOL_SOCKET, SO_REUSEADDR) == -1) return -1;
  if (e->ip.family == AF_INET6 && set(fd, IPPROTO_IPV6, IPV6_V6ONLY) == -1) return -1;
  return bind(fd, (struct sockaddr *)&a, len) == 0 ? listen(fd, BACKLOG) : -1;
}

int sockets_bind(struct sockets *s, const struct endpoint *e) {
  if (s->count == SOCKETS_MAX) return errno = EMFILE, -1;
  int fd = socket(e->ip.family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd == -1) return -1;
  if (listen_at(fd, e) == -1) {
    int saved = errno;
    close(fd);
    return errno = saved, -1;
  }
  s->words[s->count] = e->words;
  s->fds[s->count++] = fd;
  return 0;
}

static bool is_listening(int fd) {
  int value = 0;
  socklen_t len = sizeof value;
  return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &value, &len) == 0 && value;
}

static uint64_t variable(const char *name) {
  uint64_t value;
  return text_uint(text_of(getenv(name)), &value) == 0 ? value : 0;
}

static int inherit(struct sockets *s, int fd, struct text name) {
  if (!is_listening(fd)) return errno = ENOTSOCK, -1;
  if (io_set_nonblocking(fd) == -1 || io_set_cloexec(fd) == -1) return -1;
  (void)endpoint_parse_words(&s->words[s->count], name);
  s->fds[s->count++] = fd;
  return 0;
}

static int inherit_all(struct sockets *s, uint64_t count) {
  struct text names = text_of(getenv("LISTEN_FDNAMES")), name;
  for (int fd = FIRST_FD; fd < FIRST_FD + (int)count; fd++) {
    if (!text_cut(&names, ':', &name)) name = text_of("");
    if (inherit(s, fd, name) == -1) return -1;
  }
  return 0;
}

int sockets_inherit(struct sockets *s) {
  uint64_t count = variable("LISTEN_PID") == (uint64_t)getpid() ? variable("LISTEN_FDS") : 0;
  unsetenv("LISTEN_PID");
  unsetenv("LISTEN_FDS");
  if (count > SOCKETS_MAX) return errno = EMFILE, -1;
  int r = inherit_all(s, count);
  unsetenv("LISTEN_FDNAMES");
  return r == -1 ? -1 : count > 0;
}

static int publish(const char *name, uint64_t value) {
  char number[NUMBER_OCTETS];
  snprintf(number, sizeof number, "%llu", (unsigned long long)value);
  return setenv(name, number, 1);
}

/* Out of the way first, so that no dup2() closes one that is still to move. */
static int lift_all(struct sockets *s) {
  for (size_t i = 0; i < s->count; i++) {
    int high = fcntl(s->fds[i], F_DUPFD_CLOEXEC, FIRST_FD + SOCKETS_MAX);
    if (high == -1) return -1;
    close(s->fds[i]);
    s->fds[i] = high;
  }
  return 0;
}

static int publish_names(const struct sockets *s) {
  char names[SOCKETS_MAX * (ENDPOINT_WORDS_MAX + 1)] = "";
  size_t len = 0;
  for (size_t i = 0; i < s->count; i++) {
    if (i) names[len++] = ':';
    endpoint_format_words(s->words[i], names + len);
    len += strlen(names + len);
  }
  return setenv("LISTEN_FDNAMES", names, 1);
}

int sockets_bequeath(struct sockets *s) {
  if (lift_all(s) == -1) return -1;
  for (size_t i = 0; i < s->count; i++) {
    int fd = dup2(s->fds[i], FIRST_FD + (int)i); /* without close-on-exec */
    if (fd == -1) return -1;
    close(s->fds[i]);
    s->fds[i] = fd;
  }
  if (publish_names(s) == -1 || publish("LISTEN_PID", (uint64_t)getpid()) == -1) return -1;
  return publish("LISTEN_FDS", s->count);
}

void sockets_close(struct sockets *s) {
  while (s->count) close(s->fds[--s->count]);
}
