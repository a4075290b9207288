#include "config.h"
#include "local/tools/replyonce.h"
#include <errno.h>
#include <fcntl.h>
#include <nettle/sha2.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>
#include "lib/bigendian.h"
#include "lib/iofd.h"

static const char magic[] = "owl-autoreply 1\n";

enum { HEAD = sizeof magic - 1, RECORD = REPLYONCE_DIGEST + 8, FILE_MAX_OCTETS = HEAD + REPLYONCE_MAX * RECORD };

static void digest(unsigned char to[REPLYONCE_DIGEST], struct text sender) {
  struct sha256_ctx h;
  sha256_init(&h);
  for (size_t i = 0; i < sender.len; i++) {
    char c = sender.s[i];
    uint8_t lower = (uint8_t)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
    sha256_update(&h, 1, &lower);
  }
  sha256_digest(&h, REPLYONCE_DIGEST, to);
}

static const char *record(const struct replyonce *r, size_t slot) { return r->octets.s + HEAD + slot * RECORD; }

static uint64_t record_time(const struct replyonce *r, size_t slot) {
  return get_u64(record(r, slot) + REPLYONCE_DIGEST);
}

/* What a crash left of a last record is none. */
static size_t count(const struct replyonce *r) { return (r->octets.len - HEAD) / RECORD; }

static void look_up(struct replyonce *r) {
  size_t oldest = 0, known = count(r);
  for (size_t i = 0; i < known; i++) {
    if (memcmp(record(r, i), r->digest, REPLYONCE_DIGEST) == 0) {
      r->slot = i;
      r->answered_s = record_time(r, i);
      return;
    }
    if (record_time(r, i) < record_time(r, oldest)) oldest = i;
  }
  r->slot = known < REPLYONCE_MAX ? known : oldest;
}

static int lock(int fd) {
  int r;
  do r = flock(fd, LOCK_EX);
  while (r == -1 && errno == EINTR);
  return r;
}

static int load(struct replyonce *r) {
  if (io_slurp(r->fd, &r->octets, FILE_MAX_OCTETS, IO_FOREVER) == -1) return errno == EFBIG ? errno = EBADMSG, -1 : -1;
  if (r->octets.len == 0) {
    if (io_write_all(r->fd, magic, HEAD, IO_FOREVER) == -1) return -1;
    return stralloc_copyb(&r->octets, magic, HEAD) ? 0 : (errno = ENOMEM, -1);
  }
  if (r->octets.len >= HEAD && memcmp(r->octets.s, magic, HEAD) == 0) return 0;
  errno = EBADMSG;
  return -1;
}

int replyonce_open(struct replyonce *r, const char *path, struct text sender) {
  *r = (struct replyonce){.fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600)};
  if (r->fd == -1 || lock(r->fd) == -1 || load(r) == -1) return -1;
  digest(r->digest, sender);
  look_up(r);
  return 0;
}

bool replyonce_is_due(const struct replyonce *r, uint64_t now_s, uint64_t period_s) {
  return r->answered_s == 0 || r->answered_s > now_s || now_s - r->answered_s >= period_s;
}

int replyonce_record(struct replyonce *r, uint64_t now_s) {
  char octets[RECORD];
  memcpy(octets, r->digest, REPLYONCE_DIGEST);
  put_u64(octets + REPLYONCE_DIGEST, now_s);
  off_t at = (off_t)(HEAD + r->slot * RECORD);
  ssize_t n = pwrite(r->fd, octets, sizeof octets, at);
  if (n == -1) return -1;
  return n == (ssize_t)sizeof octets ? 0 : (errno = ENOSPC, -1);
}

void replyonce_close(struct replyonce *r) {
  if (r->fd >= 0) close(r->fd);
  stralloc_free(&r->octets);
  r->fd = -1;
}
