#include "config.h"
#include "tls/sessions.h"
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { WAYS = 4 };

struct entry {
  unsigned char key[SESSIONS_KEY];
  uint64_t checked_s;
  size_t len; /* 0: free */
  unsigned char octets[SESSIONS_MAX];
};

struct sessions {
  struct entry entries[SESSIONS_ENTRIES];
};

struct sessions *sessions_new(void) {
  struct sessions *s = mmap(NULL, sizeof *s, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (s == MAP_FAILED) return NULL;
  if (madvise(s, sizeof *s, MADV_WIPEONFORK) == 0) return s;
  munmap(s, sizeof *s);
  return NULL;
}

void sessions_free(struct sessions *s) {
  if (!s) return;
  for (size_t i = 0; i < SESSIONS_ENTRIES; i++)
    if (s->entries[i].len > 0) OPENSSL_cleanse(&s->entries[i], sizeof s->entries[i]);
  munmap(s, sizeof *s);
}

/* The key is a digest: any of its octets are as good as others. */
static size_t first_way(const unsigned char key[SESSIONS_KEY]) {
  return (size_t)(key[0] << 8 | key[1]) % (SESSIONS_ENTRIES / WAYS) * WAYS;
}

static bool is_of(const struct entry *e, const unsigned char key[SESSIONS_KEY]) {
  return e->len > 0 && memcmp(e->key, key, SESSIONS_KEY) == 0;
}

static struct entry *place_for(struct sessions *s, const unsigned char key[SESSIONS_KEY]) {
  struct entry *ways = s->entries + first_way(key), *place = ways;
  for (struct entry *e = ways; e < ways + WAYS; e++) {
    if (is_of(e, key)) return e;
    if (place->len > 0 && (e->len == 0 || e->checked_s < place->checked_s)) place = e;
  }
  return place;
}

void sessions_put(struct sessions *s, const unsigned char key[SESSIONS_KEY], const void *octets, size_t len, uint64_t checked_s) {
  if (len == 0 || len > SESSIONS_MAX) return;
  struct entry *e = place_for(s, key);
  memcpy(e->key, key, SESSIONS_KEY);
  memcpy(e->octets, octets, len);
  e->len = len;
  e->checked_s = checked_s;
}

size_t sessions_get(const struct sessions *s, const unsigned char key[SESSIONS_KEY], void *to, size_t room, uint64_t now_s,
                    uint64_t *checked_s) {
  const struct entry *ways = s->entries + first_way(key);
  for (const struct entry *e = ways; e < ways + WAYS; e++)
    if (is_of(e, key) && e->len <= room && now_s - e->checked_s < SESSIONS_LIFE_S) {
      memcpy(to, e->octets, e->len);
      *checked_s = e->checked_s;
      return e->len;
    }
  return 0;
}

/* ---- */

static int compare(const void *a, const void *b) {
  return strcmp(a, b);
}

/* The request itself, without what has no part in the check. */
static size_t put_dependencies(char *line, size_t room, const struct tls_request *r) {
  struct tls_request *copy = malloc(sizeof *copy);
  if (!copy) return 0;
  *copy = *r;
  copy->limit_s = 0;
  qsort(copy->tlsa, copy->tlsa_count, sizeof *copy->tlsa, compare);
  qsort(copy->fingerprints, copy->fingerprints_count, sizeof *copy->fingerprints, compare);
  size_t len = tlswire_put_request(line, room, copy);
  free(copy);
  return len;
}

bool sessions_key(const struct tls_request *r, unsigned char key[SESSIONS_KEY]) {
  char *line = *r->session ? malloc(TLSWIRE_MAX + 4) : NULL;
  if (!line) return false;
  size_t len = put_dependencies(line, TLSWIRE_MAX + 4, r);
  int done = len > 0 && EVP_Digest(line, len, key, NULL, EVP_sha256(), NULL);
  free(line);
  return done;
}
