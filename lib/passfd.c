#include "config.h"
#include "lib/passfd.h"
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

union passed {
  char room[CMSG_SPACE(sizeof(int))];
  struct cmsghdr align;
};

bool passfd_keep(const struct msghdr *m, int *fds, unsigned *count, unsigned most) {
  struct msghdr *of = (struct msghdr *)(uintptr_t)m; /* CMSG_NXTHDR() has no const */
  bool kept = !(m->msg_flags & MSG_CTRUNC);
  for (struct cmsghdr *c = CMSG_FIRSTHDR(of); c; c = CMSG_NXTHDR(of, c)) {
    if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) continue;
    size_t came = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < came; i++) {
      int fd;
      memcpy(&fd, CMSG_DATA(c) + i * sizeof fd, sizeof fd);
      if (*count < most) fds[(*count)++] = fd;
      else close(fd), kept = false;
    }
  }
  return kept;
}

/* The room is aligned, and may hold more than the one. */
ssize_t passfd_receive(int from, void *to, size_t size, int *fd) {
  union passed passed;
  struct iovec part = {to, size};
  struct msghdr m = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &passed, .msg_controllen = sizeof passed};
  ssize_t n = recvmsg(from, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  unsigned count = *fd != -1;
  if (n >= 0) (void)passfd_keep(&m, fd, &count, 1);
  return n;
}

ssize_t passfd_send(int to, const void *octets, size_t len, int fd) {
  union passed passed = {0};
  struct iovec part = {(void *)(uintptr_t)octets, len};
  struct msghdr m = {.msg_iov = &part, .msg_iovlen = 1};
  if (fd >= 0) {
    m.msg_control = &passed;
    m.msg_controllen = sizeof passed;
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(c), &fd, sizeof fd);
  }
  ssize_t sent;
  do sent = sendmsg(to, &m, MSG_DONTWAIT | MSG_NOSIGNAL);
  while (sent == -1 && errno == EINTR);
  return sent;
}
