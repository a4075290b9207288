#include "config.h"
#include "lib/srs.h"
#include <nettle/base64.h>
#include <nettle/hmac.h>
#include <string.h>
#include "lib/address.h"

enum { TAG_OCTETS = 4, DAY_OCTETS = 2, DAYS = 1024, DAY_S = 86400 };

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

static bool is_separator(char c) { return c == '=' || c == '+' || c == '-'; }

static bool is_tagged(struct text local, const char *tag) {
  return local.len > TAG_OCTETS && text_equal_nocase((struct text){local.s, TAG_OCTETS}, text_of(tag)) &&
         is_separator(local.s[TAG_OCTETS]);
}

bool srs_is(struct text local) { return is_tagged(local, "SRS0") || is_tagged(local, "SRS1"); }

static struct text behind(struct text t, size_t octets) {
  return (struct text){t.s + octets, t.len - octets};
}

static unsigned day_of(uint64_t wall_us) { return (unsigned)(wall_us / 1000000u / DAY_S % DAYS); }

static int digit_of(char c) {
  if (c >= 'a' && c <= 'z') c = (char)(c - 'a' + 'A');
  const char *found = c ? strchr(digits, c) : NULL;
  return found ? (int)(found - digits) : -1;
}

/* -1: none */
static int read_day(struct text t) {
  if (t.len != DAY_OCTETS) return -1;
  int high = digit_of(t.s[0]), low = digit_of(t.s[1]);
  return high == -1 || low == -1 ? -1 : high * 32 + low;
}

/* ---- the hash */

struct signed_parts {
  struct text part[3];
};

struct hash {
  char octets[BASE64_ENCODE_RAW_LENGTH(SHA1_DIGEST_SIZE)];
};

static int make_hash(struct hash *h, struct text secret, const struct signed_parts *p) {
  stralloc whole = {0};
  struct hmac_sha1_ctx context;
  uint8_t digest[SHA1_DIGEST_SIZE];
  int r = 0;
  for (size_t i = 0; r == 0 && i < sizeof p->part / sizeof p->part[0]; i++)
    if (p->part[i].len) r = text_cat_lower(&whole, p->part[i]);
  if (r == 0) {
    hmac_sha1_set_key(&context, secret.len, (const uint8_t *)secret.s);
    hmac_sha1_update(&context, whole.len, (const uint8_t *)whole.s);
    hmac_sha1_digest(&context, sizeof digest, digest);
    base64_encode_raw(h->octets, sizeof digest, digest);
  }
  stralloc_free(&whole);
  return r;
}

static enum srs_status check_hash(struct text given, const struct text *secrets, size_t secret_count,
                                  const struct signed_parts *p) {
  struct hash h;
  if (given.len < SRS_HASH_OCTETS || given.len > SRS_HASH_OCTETS_MAX) return SRS_FORGED;
  for (size_t i = 0; i < secret_count; i++) {
    if (make_hash(&h, secrets[i], p) == -1) return SRS_NO_MEMORY;
    if (text_equal_nocase(given, (struct text){h.octets, given.len})) return SRS_OK;
  }
  return SRS_FORGED;
}

/* ---- signing */

static int cat_texts(stralloc *out, const struct text *texts, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (text_cat(out, texts[i]) == -1) return -1;
  return 1;
}

static int sign_first(stralloc *out, struct text secret, struct text local, struct text host, struct text domain,
                      uint64_t wall_us) {
  unsigned day = day_of(wall_us);
  char octets[DAY_OCTETS] = {digits[day / 32], digits[day % 32]};
  struct text stamp = {octets, DAY_OCTETS};
  struct hash h;
  if (make_hash(&h, secret, &(struct signed_parts){{stamp, host, local}}) == -1) return -1;
  const struct text parts[] = {text_of("SRS0="), {h.octets, SRS_HASH_OCTETS}, text_of("="), stamp, text_of("="),
                               host, text_of("="), local, text_of("@"), domain};
  return cat_texts(out, parts, sizeof parts / sizeof parts[0]);
}

static int sign_further(stralloc *out, struct text secret, struct text opaque, struct text host, struct text domain) {
  struct hash h;
  if (make_hash(&h, secret, &(struct signed_parts){{host, opaque, TEXT_ABSENT}}) == -1) return -1;
  const struct text parts[] = {text_of("SRS1="), {h.octets, SRS_HASH_OCTETS}, text_of("="), host, text_of("="),
                               opaque, text_of("@"), domain};
  return cat_texts(out, parts, sizeof parts / sizeof parts[0]);
}

static bool can_stand(struct text host) {
  return host.len && !memchr(host.s, '=', host.len) && !memchr(host.s, '@', host.len);
}

/* HASH=HOST=OPAQUE behind SRS1 and its separator. */
static bool read_further(struct text local, struct text *hash, struct text *host, struct text *opaque) {
  if (!is_tagged(local, "SRS1")) return false;
  *opaque = behind(local, TAG_OCTETS + 1);
  return text_cut(opaque, '=', hash) && text_cut(opaque, '=', host) && can_stand(*host) && opaque->len &&
         is_separator(opaque->s[0]);
}

int srs_sign(stralloc *out, struct text secret, struct text sender, struct text domain, uint64_t wall_us) {
  struct text local, host, hash, first, opaque;
  size_t before = out->len;
  int r;
  if (!address_split(sender, &local, &host) || !local.len || !can_stand(host)) return 0;
  if (read_further(local, &hash, &first, &opaque))
    r = sign_further(out, secret, opaque, first, domain);
  else if (is_tagged(local, "SRS0"))
    r = sign_further(out, secret, behind(local, TAG_OCTETS), host, domain);
  else
    r = sign_first(out, secret, local, host, domain, wall_us);
  if (r == -1) out->len = before;
  return r;
}

/* ---- and back */

struct checker {
  const struct text *secrets;
  size_t secret_count;
  uint64_t wall_us, maxage_s;
};

static bool is_expired(unsigned day, const struct checker *c) {
  unsigned age = (day_of(c->wall_us) + DAYS - day) % DAYS;
  return (uint64_t)age * DAY_S > c->maxage_s;
}

/* HASH=DAY=HOST=LOCAL */
static enum srs_status reverse_first(stralloc *out, struct text rest, const struct checker *c) {
  struct text hash, stamp, host;
  if (!text_cut(&rest, '=', &hash) || !text_cut(&rest, '=', &stamp) || !text_cut(&rest, '=', &host)) return SRS_FORGED;
  int day = read_day(stamp);
  if (day == -1 || !can_stand(host) || !rest.len) return SRS_FORGED;
  enum srs_status s =
    check_hash(hash, c->secrets, c->secret_count, &(struct signed_parts){{stamp, host, rest}});
  if (s != SRS_OK) return s;
  if (is_expired((unsigned)day, c)) return SRS_EXPIRED;
  const struct text parts[] = {rest, text_of("@"), host};
  return cat_texts(out, parts, sizeof parts / sizeof parts[0]) == 1 ? SRS_OK : SRS_NO_MEMORY;
}

static enum srs_status reverse_further(stralloc *out, struct text local, const struct checker *c) {
  struct text hash, host, opaque;
  if (!read_further(local, &hash, &host, &opaque)) return SRS_FORGED;
  enum srs_status s =
    check_hash(hash, c->secrets, c->secret_count, &(struct signed_parts){{host, opaque, TEXT_ABSENT}});
  if (s != SRS_OK) return s;
  const struct text parts[] = {text_of("SRS0"), opaque, text_of("@"), host};
  return cat_texts(out, parts, sizeof parts / sizeof parts[0]) == 1 ? SRS_OK : SRS_NO_MEMORY;
}

enum srs_status srs_reverse(stralloc *out, const struct text *secrets, size_t secret_count, struct text address,
                            uint64_t wall_us, uint64_t maxage_s) {
  const struct checker c = {secrets, secret_count, wall_us, maxage_s};
  struct text local, domain;
  enum srs_status s = SRS_NONE;
  stralloc_zero(out);
  (void)address_split(address, &local, &domain);
  if (is_tagged(local, "SRS0")) s = reverse_first(out, behind(local, TAG_OCTETS + 1), &c);
  else if (is_tagged(local, "SRS1")) s = reverse_further(out, local, &c);
  if (s != SRS_OK) stralloc_zero(out);
  return s;
}
