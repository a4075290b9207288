#include "config.h"
#include "auth/account.h"
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int account_listen(int ends[2]) {
  const int on = 1;
  if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends) == -1) return -1;
  if (setsockopt(ends[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof on) == 0) return 0;
  int saved = errno;
  close(ends[0]);
  close(ends[1]);
  return errno = saved, -1;
}

int account_note(struct reply *r, uint64_t uid, uint64_t gid, struct text home) {
  if (home.len == 0 || home.len > PASS_HOME_MAX || home.s[0] != '/' || !text_is_clean(home)) return errno = EINVAL, -1;
  if (text_copy(&r->home, home) == -1) return errno = ENOMEM, -1;
  r->has_account = true;
  r->uid = uid;
  r->gid = gid;
  return 0;
}

static bool find_sender(struct msghdr *m, struct ucred *who) {
  for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
    if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_CREDENTIALS || c->cmsg_len != CMSG_LEN(sizeof *who)) continue;
    memcpy(who, CMSG_DATA(c), sizeof *who);
    return true;
  }
  return false;
}

int account_hear(int end, struct reply *r) {
  char home[PASS_HOME_MAX];
  union {
    char room[CMSG_SPACE(sizeof(struct ucred))];
    struct cmsghdr align;
  } passed;
  struct iovec part = {home, sizeof home};
  struct msghdr m = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &passed, .msg_controllen = sizeof passed};
  struct ucred who;
  ssize_t n = recvmsg(end, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (n == -1) return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -1;
  if (m.msg_flags & (MSG_TRUNC | MSG_CTRUNC) || !find_sender(&m, &who)) return errno = EINVAL, -1;
  return account_note(r, who.uid, who.gid, (struct text){home, (size_t)n});
}
