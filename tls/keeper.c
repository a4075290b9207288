#include "config.h"
#include "tls/keeper.h"
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include "tls/netbio.h"

int keeper_open(struct keeper *k, unsigned max) {
  *k = (struct keeper){.sessions = sessions_new(), .seats = calloc(max + 1u, sizeof *k->seats), .max = max};
  return k->sessions && k->seats ? 0 : -1;
}

int keeper_seat(struct keeper *k) {
  int pair[2];
  if (k->count == k->max || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == -1) return -1;
  k->seats[k->count++] = (struct keeper_seat){.fd = pair[0]};
  return pair[1];
}

void keeper_polls(const struct keeper *k, struct pollfd *polls) {
  for (unsigned i = 0; i < k->count; i++) polls[i] = (struct pollfd){k->seats[i].fd, POLLIN, 0};
}

static uint64_t now_s(void) {
  struct timespec t;
  clock_gettime(CLOCK_BOOTTIME, &t);
  return (uint64_t)t.tv_sec;
}

/* One packet; false: the seat is given up. */
static bool serve(struct keeper_seat *s, struct sessions *sessions) {
  static unsigned char packet[RESUME_PACKET + 1], answer[RESUME_PACKET];
  ssize_t got = socket_take(s->fd, packet, sizeof packet);
  if (got <= 0) return got == -1 && (errno == EAGAIN || errno == EINTR);
  int len = resume_serve(&s->seat, sessions, packet, (size_t)got, answer, now_s());
  bool stays = len == 0 || (len > 0 && socket_give(s->fd, answer, (size_t)len) == len);
  /* a fork is next, perhaps */
  OPENSSL_cleanse(packet, (size_t)got);
  if (len > 0) OPENSSL_cleanse(answer, (size_t)len);
  return stays;
}

/* From the last on, so that the one that moves to a free place has had its turn. */
void keeper_serve(struct keeper *k, const struct pollfd *polls) {
  for (unsigned i = k->count; i-- > 0;) {
    if (!polls[i].revents || serve(&k->seats[i], k->sessions)) continue;
    close(k->seats[i].fd);
    k->seats[i] = k->seats[--k->count];
  }
}
