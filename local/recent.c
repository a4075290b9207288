#include "config.h"
#include "local/recent.h"
#include <ctype.h>
#include <stdlib.h>

enum { SECOND_US = 1000000 };

struct recent_login {
  uint64_t user; /* its hash: a site's own users do not look for others with the same */
  uint64_t at_us;
};

/* FNV-1a. */
static uint64_t hash(struct text user) {
  uint64_t h = 0xcbf29ce484222325;
  for (size_t i = 0; i < user.len; i++) h = (h ^ (uint64_t)tolower((unsigned char)user.s[i])) * 0x100000001b3;
  return h;
}

bool recent_is_in(const struct recent *r, struct text user, uint64_t now_us, uint64_t seconds) {
  if (!r->places) return false;
  uint64_t h = hash(user);
  const struct recent_login *place = &r->places[h % RECENT_PLACES];
  return place->at_us && place->user == h && (now_us - place->at_us) / SECOND_US < seconds;
}

void recent_note(struct recent *r, struct text user, uint64_t now_us) {
  if (!r->places) r->places = calloc(RECENT_PLACES, sizeof *r->places);
  if (!r->places) return;
  uint64_t h = hash(user);
  r->places[h % RECENT_PLACES] = (struct recent_login){h, now_us};
}

void recent_forget(struct recent *r, struct text user) {
  uint64_t h = hash(user);
  if (r->places && r->places[h % RECENT_PLACES].user == h) r->places[h % RECENT_PLACES] = (struct recent_login){0};
}

void recent_free(struct recent *r) { free(r->places); }
