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

ssize_t passfd_receive(int from, void *to, size_t size, int *fd) {
  union passed passed;
  struct iovec part = {to, size};
  struct msghdr m = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &passed, .msg_controllen = sizeof passed};
  ssize_t n = recvmsg(from, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  struct cmsghdr *c = n > 0 ? CMSG_FIRSTHDR(&m) : NULL;
  int came;
  if (!c || c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS || c->cmsg_len != CMSG_LEN(sizeof came)) return n;
  memcpy(&came, CMSG_DATA(c), sizeof came);
  if (*fd == -1) *fd = came;
  else close(came);
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
