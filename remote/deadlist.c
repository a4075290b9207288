#include "config.h"
#include "remote/deadlist.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PLACES = 1024, WAYS = 4, SEALS = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL };

struct deadlist_entry {
  uint64_t until_us;
  uint16_t family, port;
  unsigned char octets[sizeof((struct ip){0}).octets];
};

enum { SIZE = PLACES * WAYS * sizeof(struct deadlist_entry) };

int deadlist_make(void) {
  int fd = memfd_create("owlpost-deadlist", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (fd == -1) return -1;
  if (ftruncate(fd, SIZE) == 0 && fcntl(fd, F_ADD_SEALS, SEALS) == 0) return fd;
  int saved = errno;
  close(fd);
  return errno = saved, -1;
}

void deadlist_open(struct deadlist *d, int fd) {
  struct stat st;
  *d = (struct deadlist){.fd = fd};
  int seals = fcntl(fd, F_GET_SEALS);
  if (seals == -1 || (seals & SEALS) != SEALS || fstat(fd, &st) == -1 || st.st_size != SIZE) return;
  void *m = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (m == MAP_FAILED) return;
  d->entries = m;
  if (madvise(m, SIZE, MADV_DONTFORK) == -1 || fcntl(fd, F_SETFD, FD_CLOEXEC) == -1) deadlist_close(d);
}

static size_t place_of(const struct ip *ip, unsigned port) { return (ip_hash(ip) ^ port) % PLACES; }

static struct deadlist_entry entry_of(const struct ip *ip, unsigned port, uint64_t until_us) {
  struct deadlist_entry e = {.until_us = until_us, .family = (uint16_t)ip->family, .port = (uint16_t)port};
  memcpy(e.octets, ip->octets, ip->family == AF_INET ? 4 : sizeof e.octets);
  return e;
}

static bool is_same(const struct deadlist_entry *a, const struct deadlist_entry *b) {
  return a->family == b->family && a->port == b->port && memcmp(a->octets, b->octets, sizeof a->octets) == 0;
}

/* Record locks are a process's own, and go with it. */
static bool lock(struct deadlist *d, size_t place, short type) {
  struct flock l = {.l_type = type, .l_whence = SEEK_SET, .l_start = (off_t)place, .l_len = 1};
  int r;
  do r = fcntl(d->fd, F_SETLKW, &l);
  while (r == -1 && errno == EINTR);
  return r == 0;
}

/* The address's own entry, else the one to be overwritten. */
static struct deadlist_entry *find(struct deadlist *d, size_t place, const struct deadlist_entry *e) {
  struct deadlist_entry *way = &d->entries[place * WAYS], *oldest = way;
  for (size_t i = 0; i < WAYS; i++) {
    if (is_same(&way[i], e)) return &way[i];
    if (way[i].until_us < oldest->until_us) oldest = &way[i];
  }
  return oldest;
}

void deadlist_add(struct deadlist *d, const struct ip *ip, unsigned port, uint64_t until_us) {
  struct deadlist_entry e = entry_of(ip, port, until_us);
  size_t place = place_of(ip, port);
  if (!d->entries || !lock(d, place, F_WRLCK)) return;
  struct deadlist_entry *to = find(d, place, &e);
  if (until_us || is_same(to, &e)) *to = e;
  lock(d, place, F_UNLCK);
}

void deadlist_remove(struct deadlist *d, const struct ip *ip, unsigned port) {
  deadlist_add(d, ip, port, 0);
}

bool deadlist_has(struct deadlist *d, const struct ip *ip, unsigned port, uint64_t now_us) {
  struct deadlist_entry e = entry_of(ip, port, 0);
  size_t place = place_of(ip, port);
  if (!d->entries || !lock(d, place, F_RDLCK)) return false;
  struct deadlist_entry *there = find(d, place, &e);
  bool has = is_same(there, &e) && there->until_us > now_us;
  lock(d, place, F_UNLCK);
  return has;
}

void deadlist_close(struct deadlist *d) {
  if (d->entries) munmap(d->entries, SIZE);
  d->entries = NULL;
}
