#include "config.h"
#include "auth/remembered.h"
#include <nettle/hmac.h>
#include <nettle/memops.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>

enum { SLOTS = 1024, SECOND_US = 1000000 };

/* Two workers may write one at a time: then it holds for nobody. */
struct slot {
  uint64_t until_us;
  uint8_t sum[REMEMBERED_OCTETS];
};

struct remembered {
  uint8_t key[REMEMBERED_OCTETS];
  struct slot slots[SLOTS];
};

struct remembered *remembered_new(void) {
  struct remembered *r = mmap(NULL, sizeof *r, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (r == MAP_FAILED) return NULL;
  if (getrandom(r->key, sizeof r->key, 0) == sizeof r->key) return r;
  munmap(r, sizeof *r);
  return NULL;
}

void remembered_free(struct remembered *r) {
  if (r) munmap(r, sizeof *r);
}

/* With its length: what ends one text begins no other. */
static void add(struct hmac_sha256_ctx *c, struct text t) {
  uint64_t len = t.len;
  hmac_sha256_update(c, sizeof len, (const uint8_t *)&len);
  if (t.len) hmac_sha256_update(c, t.len, (const uint8_t *)t.s);
}

void remembered_sum(const struct remembered *r, const struct verifier *v, struct text user, struct text password,
                    uint8_t sum[REMEMBERED_OCTETS]) {
  struct hmac_sha256_ctx c;
  hmac_sha256_set_key(&c, sizeof r->key, r->key);
  add(&c, user);
  add(&c, password);
  add(&c, text_of_stralloc(&v->salt));
  add(&c, text_of_stralloc(&v->crypt));
  add(&c, text_of_stralloc(&v->plain));
  if (v->has_scram) add(&c, (struct text){(const char *)v->keys.stored, sizeof v->keys.stored});
  if (v->has_cram) add(&c, (struct text){(const char *)v->cram, sizeof v->cram});
  hmac_sha256_digest(&c, REMEMBERED_OCTETS, sum);
  explicit_bzero(&c, sizeof c);
}

static size_t slot_of(const uint8_t *sum) { return (sum[0] | (size_t)sum[1] << 8) % SLOTS; }

bool remembered_holds(const struct remembered *r, const uint8_t sum[REMEMBERED_OCTETS], uint64_t now_us) {
  const struct slot *s = &r->slots[slot_of(sum)];
  return memeql_sec(s->sum, sum, REMEMBERED_OCTETS) && now_us < s->until_us;
}

void remembered_put(struct remembered *r, const uint8_t sum[REMEMBERED_OCTETS], uint64_t now_us) {
  struct slot *s = &r->slots[slot_of(sum)];
  s->until_us = now_us + (uint64_t)REMEMBERED_S * SECOND_US;
  memcpy(s->sum, sum, REMEMBERED_OCTETS);
}
