#include "config.h"
#include "tls/passfd.h"
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

int passfd_send(int to, int fd) {
  union passed passed = {0};
  char octet = 0;
  struct iovec part = {&octet, 1};
  struct msghdr m = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &passed, .msg_controllen = sizeof passed};
  struct cmsghdr *c = CMSG_FIRSTHDR(&m);
  c->cmsg_level = SOL_SOCKET;
  c->cmsg_type = SCM_RIGHTS;
  c->cmsg_len = CMSG_LEN(sizeof fd);
  memcpy(CMSG_DATA(c), &fd, sizeof fd);
  return sendmsg(to, &m, MSG_DONTWAIT | MSG_NOSIGNAL) == 1 ? 0 : -1;
}
