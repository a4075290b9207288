#include "config.h"
#include "auth/guesses.h"
#include <nettle/hmac.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include "lib/bigendian.h"

enum { ONE = 256, GOOD_FACTOR = 144 };

struct guesses *guesses_new(uint64_t half_life_us) {
  struct guesses *g = calloc(1, sizeof *g);
  if (!g) return NULL;
  g->half_life_us = half_life_us;
  if (getrandom(g->key, sizeof g->key, 0) == sizeof g->key) return g;
  free(g);
  return NULL;
}

/* A back end may know a user in whichever case: to write it otherwise gives no new tries. */
static void add_lower(struct hmac_sha256_ctx *h, struct text t) {
  for (size_t i = 0; i < t.len; i++) {
    uint8_t c = (uint8_t)t.s[i];
    if (c >= 'A' && c <= 'Z') c = (uint8_t)(c - 'A' + 'a');
    hmac_sha256_update(h, 1, &c);
  }
}

static void digest(const struct guesses *g, struct guesses_name n, unsigned char out[GUESSES_NAME_OCTETS]) {
  struct hmac_sha256_ctx h;
  char head[5] = {(char)n.kind};
  put_u32(head + 1, (uint32_t)n.address.len);
  hmac_sha256_set_key(&h, sizeof g->key, g->key);
  hmac_sha256_update(&h, sizeof head, (const uint8_t *)head);
  hmac_sha256_update(&h, n.address.len, (const uint8_t *)(n.address.s ? n.address.s : ""));
  add_lower(&h, n.user);
  hmac_sha256_digest(&h, GUESSES_NAME_OCTETS, out);
}

static uint32_t left_of(const struct guesses *g, const struct guess *e, uint64_t now_us) {
  uint64_t passed = now_us > e->at_us ? now_us - e->at_us : 0;
  uint64_t half_life_us = e->slow ? GOOD_FACTOR * g->half_life_us : g->half_life_us;
  uint64_t halvings = passed / half_life_us, rest = passed % half_life_us;
  if (e->at_us == 0 || halvings > 31) return 0;
  uint64_t left = e->count >> halvings;
  /* between two halvings in a straight line */
  return (uint32_t)(left - left * (rest >> 10) / 2 / ((half_life_us >> 10) + 1));
}

static struct guess *find(struct guesses *g, const unsigned char *name) {
  struct guess *way = g->table[(name[0] << 8 | name[1]) % GUESSES_PLACES];
  for (size_t i = 0; i < GUESSES_WAYS; i++)
    if (way[i].at_us && memcmp(way[i].name, name, GUESSES_NAME_OCTETS) == 0) return &way[i];
  return NULL;
}

static struct guess *take_place(struct guesses *g, const unsigned char *name, uint64_t now_us) {
  struct guess *way = g->table[(name[0] << 8 | name[1]) % GUESSES_PLACES], *least = way;
  for (size_t i = 1; i < GUESSES_WAYS; i++)
    if (left_of(g, &way[i], now_us) < left_of(g, least, now_us)) least = &way[i];
  *least = (struct guess){.at_us = 0};
  memcpy(least->name, name, GUESSES_NAME_OCTETS);
  return least;
}

uint32_t guesses_count(const struct guesses *g, struct guesses_name n, uint64_t now_us) {
  unsigned char name[GUESSES_NAME_OCTETS];
  digest(g, n, name);
  const struct guess *e = find((struct guesses *)(uintptr_t)g, name);
  return e ? (left_of(g, e, now_us) + ONE / 2) / ONE : 0;
}

void guesses_add(struct guesses *g, struct guesses_name n, uint64_t now_us) {
  unsigned char name[GUESSES_NAME_OCTETS];
  digest(g, n, name);
  struct guess *e = find(g, name);
  if (!e) e = take_place(g, name, now_us);
  uint32_t left = left_of(g, e, now_us);
  e->slow = n.kind == GUESSES_GOOD;
  e->count = left > UINT32_MAX - ONE ? left : left + ONE;
  e->at_us = now_us ? now_us : 1;
}

void guesses_forgive(struct guesses *g, struct guesses_name n, uint64_t now_us) {
  unsigned char name[GUESSES_NAME_OCTETS];
  digest(g, n, name);
  struct guess *e = find(g, name);
  if (!e) return;
  uint32_t left = left_of(g, e, now_us);
  e->count = left > ONE ? left - ONE : 0;
  e->at_us = now_us ? now_us : 1;
}
