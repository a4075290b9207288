#include "config.h"
#include "lib/pass.h"
#include <errno.h>
#include <fcntl.h>
#include <nettle/hmac.h>
#include <nettle/memops.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "lib/iofd.h"

enum { SEAL_OCTETS = SHA256_DIGEST_SIZE };

static const char key_name[] = "PASS_KEY_FD";

/* What else is sealed under the key one day is no pass. */
static const char purpose[] = "owlpost pass 1";

static const struct field fields[] = {
  {TAG_AUTH_USER, FIELD_TEXT, offsetof(struct pass, user), PASS_USER_MAX, false},
  {TAG_SERVICE, FIELD_TEXT, offsetof(struct pass, service), PASS_SERVICE_MAX, false},
  {TAG_CLIENT_ADDRESS, FIELD_TEXT, offsetof(struct pass, client_address), PASS_CLIENT_MAX, false},
  {TAG_EXPIRES, FIELD_UINT, offsetof(struct pass, expires_us), UINT64_MAX, false},
  {TAG_HAS_ACCOUNT, FIELD_FLAG, offsetof(struct pass, has_account), 0, false},
  {TAG_UID, FIELD_UINT, offsetof(struct pass, uid), UINT32_MAX, false},
  {TAG_GID, FIELD_UINT, offsetof(struct pass, gid), UINT32_MAX, false},
  {TAG_HOME, FIELD_TEXT, offsetof(struct pass, home), PASS_HOME_MAX, false},
  FIELD_END
};

bool pass_service(struct text service) { return text_equals(service, "pop3") || text_equals(service, "imap"); }

static bool is_whole(const struct pass *p) {
  if (!p->user.len || !p->service.len || !p->expires_us) return false;
  return !p->has_account || (p->home.len && p->home.s[0] == '/');
}

static void make_seal(uint8_t seal[SEAL_OCTETS], const uint8_t key[PASS_KEY_OCTETS], struct text payload) {
  struct hmac_sha256_ctx c;
  hmac_sha256_set_key(&c, PASS_KEY_OCTETS, key);
  hmac_sha256_update(&c, sizeof purpose, (const uint8_t *)purpose);
  hmac_sha256_update(&c, payload.len, (const uint8_t *)payload.s);
  hmac_sha256_digest(&c, SEAL_OCTETS, seal);
  explicit_bzero(&c, sizeof c);
}

int pass_seal(stralloc *out, const uint8_t key[PASS_KEY_OCTETS], const struct pass *p) {
  uint8_t seal[SEAL_OCTETS];
  size_t begin = out->len;
  if (!is_whole(p)) return errno = EINVAL, -1;
  if (record_put(out, fields, p) == -1) return -1;
  make_seal(seal, key, (struct text){out->s + begin, out->len - begin});
  return stralloc_catb(out, (const char *)seal, sizeof seal) ? 0 : (errno = ENOMEM, -1);
}

int pass_open(struct pass *p, const uint8_t key[PASS_KEY_OCTETS], struct text sealed, uint64_t now_us) {
  uint8_t seal[SEAL_OCTETS];
  *p = (struct pass){0};
  if (sealed.len <= SEAL_OCTETS || sealed.len > PASS_OCTETS_MAX) return errno = EBADMSG, -1;
  struct text payload = {sealed.s, sealed.len - SEAL_OCTETS};
  make_seal(seal, key, payload);
  bool is_ours = memeql_sec(seal, sealed.s + payload.len, SEAL_OCTETS);
  explicit_bzero(seal, sizeof seal);
  if (!is_ours || record_read(fields, p, payload) == -1 || !is_whole(p)) return *p = (struct pass){0}, errno = EBADMSG, -1;
  return now_us < p->expires_us ? 0 : (*p = (struct pass){0}, errno = ETIME, -1);
}

/* ---- the key */

int pass_give_key(const uint8_t key[PASS_KEY_OCTETS]) {
  int ends[2];
  char digits[16];
  if (pipe(ends) == -1) return -1;
  (void)fcntl(ends[1], F_SETFD, FD_CLOEXEC);
  ssize_t n = write(ends[1], key, PASS_KEY_OCTETS); /* less than a pipe holds */
  close(ends[1]);
  snprintf(digits, sizeof digits, "%d", ends[0]);
  if (n == PASS_KEY_OCTETS && setenv(key_name, digits, 1) == 0) return 0;
  close(ends[0]);
  return errno = EIO, -1;
}

static int read_key(int fd, uint8_t key[PASS_KEY_OCTETS]) {
  size_t got = 0;
  while (got < PASS_KEY_OCTETS) {
    ssize_t n = io_read(fd, (char *)key + got, PASS_KEY_OCTETS - got, IO_FOREVER);
    if (n == 0) errno = EPROTO;
    if (n <= 0) return -1;
    got += (size_t)n;
  }
  return 0;
}

int pass_take_key(uint8_t key[PASS_KEY_OCTETS]) {
  const char *name = getenv(key_name);
  uint64_t fd;
  if (!name) return errno = ENOENT, -1;
  if (text_uint(text_of(name), &fd) == -1 || fd > INT32_MAX) return errno = EBADF, -1;
  int r = read_key((int)fd, key), saved = errno;
  close((int)fd);
  unsetenv(key_name);
  return errno = saved, r;
}
