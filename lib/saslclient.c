#include "config.h"
#include "lib/saslclient.h"
#include <nettle/hmac.h>
#include <nettle/memops.h>
#include <string.h>
#include "lib/base64.h"
#include "lib/hex.h"
#include "lib/scram.h"

static bool has(const char *binding) { return binding && *binding; }

static bool has_binding(const struct saslclient *c) { return has(c->exporter) || has(c->endpoint); }

bool saslclient_choose(const struct saslclient *c, unsigned offered, bool in_clear, enum sasl_mechanism *m) {
  for (unsigned i = SASL_SCRAM_SHA_256_PLUS; i < SASL_MECHANISM_COUNT; i++) {
    bool shows = i == SASL_PLAIN || i == SASL_LOGIN;
    if (!(offered & 1u << i) || (shows && !in_clear)) continue;
    if (i == SASL_SCRAM_SHA_256_PLUS && !has_binding(c)) continue;
    return *m = (enum sasl_mechanism)i, true;
  }
  return false;
}

static enum saslclient_status send_out(struct saslclient *c, bool ok) {
  c->message = c->out.len ? text_of_stralloc(&c->out) : text_of("");
  return ok ? SASLCLIENT_OK : SASLCLIENT_NO_MEMORY;
}

static enum saslclient_status send_text(struct saslclient *c, struct text t) {
  c->message = t.len ? t : text_of("");
  return SASLCLIENT_OK;
}

/* ---- PLAIN, LOGIN, CRAM-MD5 */

static enum saslclient_status plain(struct saslclient *c) {
  return send_out(c, stralloc_copys(&c->out, "") && stralloc_0(&c->out) && text_cat(&c->out, c->user) == 0 &&
                       stralloc_0(&c->out) && text_cat(&c->out, c->password) == 0);
}

static enum saslclient_status cram_md5(struct saslclient *c, struct text challenge) {
  uint8_t digest[MD5_DIGEST_SIZE];
  struct hmac_md5_ctx h;
  hmac_md5_set_key(&h, c->password.len, (const uint8_t *)c->password.s);
  hmac_md5_update(&h, challenge.len, (const uint8_t *)challenge.s);
  hmac_md5_digest(&h, sizeof digest, digest);
  explicit_bzero(&h, sizeof h);
  stralloc_zero(&c->out);
  return send_out(c, text_cat(&c->out, c->user) == 0 && stralloc_cats(&c->out, " ") &&
                       hex_cat(&c->out, (struct text){(const char *)digest, sizeof digest}) == 0);
}

/* ---- SCRAM */

/* "y" tells a server that it could have offered -PLUS: RFC 5802 6. */
static int write_header(struct saslclient *c) {
  const char *header = has_binding(c) ? "y,," : "n,,";
  if (c->mechanism == SASL_SCRAM_SHA_256_PLUS)
    header = has(c->exporter) ? "p=tls-exporter,," : "p=tls-server-end-point,,";
  return stralloc_copys(&c->header, header) ? 0 : -1;
}

static enum saslclient_status scram_first(struct saslclient *c, struct text nonce) {
  stralloc_zero(&c->nonce);
  bool ok = write_header(c) == 0 && text_cat(&c->nonce, nonce) == 0 && stralloc_copys(&c->first, "n=") &&
            sasl_cat_name(&c->first, c->user) == 0 && stralloc_cats(&c->first, ",r=") &&
            stralloc_cat(&c->first, &c->nonce) && stralloc_copy(&c->out, &c->header) && stralloc_cat(&c->out, &c->first);
  return send_out(c, ok);
}

static bool take_attribute(struct text *rest, const char *head, struct text *value) {
  if (!text_cut(rest, ',', value) || value->len < 2 || memcmp(value->s, head, 2) != 0) return false;
  *value = (struct text){value->s + 2, value->len - 2};
  return true;
}

struct server_first {
  struct text nonce, salt;
  uint64_t iterations;
};

/* The nonce is ours with something behind it. */
static bool read_first(const struct saslclient *c, struct text rest, struct server_first *f) {
  struct text iterations;
  if (!take_attribute(&rest, "r=", &f->nonce) || !take_attribute(&rest, "s=", &f->salt)) return false;
  if (!take_attribute(&rest, "i=", &iterations) || text_uint(iterations, &f->iterations) == -1) return false;
  if (f->nonce.len <= c->nonce.len || memcmp(f->nonce.s, c->nonce.s, c->nonce.len) != 0) return false;
  return f->iterations >= SASLCLIENT_ITERATIONS_MIN && f->iterations <= SASLCLIENT_ITERATIONS_MAX;
}

/* Over the messages so far; keeps what the server has to show. */
static int prove(struct saslclient *c, struct text salt, uint32_t iterations, uint8_t proof[SCRAM_OCTETS]) {
  uint8_t signature[SCRAM_OCTETS];
  scram_prove(c->password, salt, iterations, text_of_stralloc(&c->first), proof, signature);
  return stralloc_copyb(&c->signature, (const char *)signature, sizeof signature) ? 0 : -1;
}

/* client-final-message-without-proof */
static bool write_final(struct saslclient *c, struct text nonce) {
  const char *binding = "";
  if (c->mechanism == SASL_SCRAM_SHA_256_PLUS) binding = has(c->exporter) ? c->exporter : c->endpoint;
  return hex_decode(&c->header, text_of(binding)) == 0 && stralloc_copys(&c->out, "c=") &&
         base64_cat(&c->out, text_of_stralloc(&c->header)) == 0 && stralloc_cats(&c->out, ",r=") &&
         text_cat(&c->out, nonce) == 0;
}

static enum saslclient_status scram_final(struct saslclient *c, struct text challenge) {
  struct server_first f;
  stralloc salt = {0};
  uint8_t proof[SCRAM_OCTETS];
  if (!read_first(c, challenge, &f) || base64_decode(&salt, f.salt) == -1 || salt.len == 0)
    return stralloc_free(&salt), SASLCLIENT_MALFORMED;
  bool ok = write_final(c, f.nonce) && stralloc_cats(&c->first, ",") && text_cat(&c->first, challenge) == 0 &&
            stralloc_cats(&c->first, ",") && stralloc_cat(&c->first, &c->out) &&
            prove(c, text_of_stralloc(&salt), (uint32_t)f.iterations, proof) == 0 &&
            stralloc_cats(&c->out, ",p=") && base64_cat(&c->out, (struct text){(const char *)proof, SCRAM_OCTETS}) == 0;
  stralloc_free(&salt);
  return send_out(c, ok);
}

/* server-final-message: an error, "e=", shows nothing. */
static enum saslclient_status scram_verify(struct saslclient *c, struct text challenge) {
  struct text value;
  stralloc_zero(&c->out);
  if (!take_attribute(&challenge, "v=", &value) || base64_decode(&c->out, value) == -1 || c->out.len != SCRAM_OCTETS)
    return SASLCLIENT_FORGED;
  if (!memeql_sec(c->out.s, c->signature.s, SCRAM_OCTETS)) return SASLCLIENT_FORGED;
  c->is_proven = true;
  return send_text(c, TEXT_ABSENT);
}

/* ---- */

enum saslclient_status saslclient_begin(struct saslclient *c, enum sasl_mechanism m, struct text nonce) {
  c->mechanism = m;
  c->step = 0;
  c->is_proven = false;
  c->message = TEXT_ABSENT;
  if (m == SASL_PLAIN) return plain(c);
  if (m != SASL_SCRAM_SHA_256 && m != SASL_SCRAM_SHA_256_PLUS) return SASLCLIENT_OK;
  return scram_first(c, nonce);
}

enum saslclient_status saslclient_take(struct saslclient *c, struct text challenge) {
  unsigned step = c->step++;
  if (challenge.len > SASLCLIENT_CHALLENGE_MAX) return SASLCLIENT_MALFORMED;
  switch (c->mechanism) {
    case SASL_LOGIN: return step < 2 ? send_text(c, step == 0 ? c->user : c->password) : SASLCLIENT_MALFORMED;
    case SASL_CRAM_MD5: return step == 0 && challenge.len ? cram_md5(c, challenge) : SASLCLIENT_MALFORMED;
    case SASL_SCRAM_SHA_256:
    case SASL_SCRAM_SHA_256_PLUS:
      if (step == 0) return scram_final(c, challenge);
      return step == 1 ? scram_verify(c, challenge) : SASLCLIENT_MALFORMED;
    default: return SASLCLIENT_MALFORMED;
  }
}

bool saslclient_may_end(const struct saslclient *c) {
  if (c->mechanism == SASL_SCRAM_SHA_256 || c->mechanism == SASL_SCRAM_SHA_256_PLUS) return c->is_proven;
  return c->mechanism == SASL_PLAIN || c->step > (c->mechanism == SASL_LOGIN ? 1 : 0);
}

void saslclient_free(struct saslclient *c) {
  text_wipe(&c->out);
  text_wipe(&c->first);
  text_wipe(&c->header);
  text_wipe(&c->nonce);
  text_wipe(&c->signature);
}
