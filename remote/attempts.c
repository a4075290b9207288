#include "config.h"
#include "remote/attempts.h"
#include <fcntl.h>
#include "lib/network.h"

/* Locks lie behind all that the file could hold. */
enum { PLACES = 65536 };
static const off_t first_ip = (off_t)1 << 40, first_network = (off_t)1 << 41;

static bool lock(const struct attempts *a, off_t at, short type) {
  struct flock l = {.l_type = type, .l_whence = SEEK_SET, .l_start = at, .l_len = 1};
  return fcntl(a->fd, F_SETLK, &l) == 0;
}

static bool is_held(const struct permit *held, size_t count, off_t at) {
  for (size_t i = 0; i < count; i++)
    if (held[i].ip == at || held[i].network == at) return true;
  return false;
}

/* One of the limit's places for that hash.  0: all are taken. */
static off_t take(const struct attempts *a, off_t first, const struct ip *ip, unsigned limit,
                  const struct permit *held, size_t count) {
  off_t at = first + (off_t)(ip_hash(ip) % PLACES) * ATTEMPTS_MAX;
  for (unsigned i = 0; i < limit && i < ATTEMPTS_MAX; i++, at++)
    if (!is_held(held, count, at) && lock(a, at, F_WRLCK)) return at;
  return 0;
}

bool attempts_take(const struct attempts *a, const struct ip *ip, const struct permit *held, size_t count,
                   struct permit *p) {
  struct ip network = *ip;
  *p = (struct permit){0, 0};
  if (a->fd == -1) return true;
  network_mask(&network, ip->family == AF_INET ? NETWORK_BITS_4 : NETWORK_BITS_6);
  if (a->per_ip && !(p->ip = take(a, first_ip, ip, a->per_ip, held, count))) return false;
  if (!a->per_network) return true;
  p->network = take(a, first_network, &network, a->per_network, held, count);
  if (p->network) return true;
  attempts_give_back(a, p);
  return false;
}

void attempts_give_back(const struct attempts *a, const struct permit *p) {
  if (p->ip) lock(a, p->ip, F_UNLCK);
  if (p->network) lock(a, p->network, F_UNLCK);
}
