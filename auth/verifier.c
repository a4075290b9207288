#include "config.h"
#include "auth/verifier.h"
#include <crypt.h>
#include <errno.h>
#include <nettle/memops.h>
#include <string.h>
#include <sys/random.h>
#include "auth/prepare.h"
#include "lib/base64.h"
#include "lib/hex.h"

static int malformed(void) { return errno = EPROTO, -1; }

typedef int decoder(stralloc *out, struct text form);

static int decode_exactly(decoder *decode, void *to, size_t len, struct text form) {
  stralloc octets = {0};
  int r = decode(&octets, form) == 0 && octets.len == len ? 0 : malformed();
  if (r == 0) memcpy(to, octets.s, len);
  stralloc_free(&octets);
  return r;
}

static int read_scram(struct verifier *v, struct text value) {
  struct text rest = value, iterations, salt, stored, server;
  uint64_t number;
  if (!text_cut(&rest, ',', &iterations) || !text_cut(&rest, ',', &salt) || !text_cut(&rest, ',', &stored)) return malformed();
  if (!text_cut(&rest, ',', &server) || rest.s) return malformed();
  if (text_uint(iterations, &number) == -1 || number == 0 || number > VERIFIER_ITERATIONS_MAX) return malformed();
  v->iterations = (uint32_t)number;
  v->has_scram = true;
  if (base64_decode(&v->salt, salt) == -1 || v->salt.len == 0 || v->salt.len > 64) return malformed();
  if (decode_exactly(base64_decode, v->keys.stored, SCRAM_OCTETS, stored) == -1) return -1;
  return decode_exactly(base64_decode, v->keys.server, SCRAM_OCTETS, server);
}

static int read_crypt(struct verifier *v, struct text value) {
  if (value.len == 0 || value.len >= CRYPT_OUTPUT_SIZE || v->has_crypt) return malformed();
  v->has_crypt = true;
  return text_cat(&v->crypt, value) == 0 && stralloc_0(&v->crypt) ? 0 : (errno = ENOMEM, -1);
}

static int read_cram(struct verifier *v, struct text value) {
  v->has_cram = true;
  return decode_exactly(hex_decode, v->cram, sizeof v->cram, value);
}

static int read_plain(struct verifier *v, struct text value) {
  v->has_plain = true;
  return base64_decode(&v->plain, value) == 0 && v->plain.len ? 0 : malformed();
}

static int read_field(struct verifier *v, struct text field) {
  struct text rest = field, scheme;
  if (!text_cut(&rest, '}', &scheme) || !rest.s) return malformed();
  if (text_equals(scheme, "{SCRAM-SHA-256") && !v->has_scram) return read_scram(v, rest);
  if (text_equals(scheme, "{CRYPT")) return read_crypt(v, rest);
  if (text_equals(scheme, "{CRAM-MD5")) return read_cram(v, rest);
  if (text_equals(scheme, "{PLAIN.B64") && !v->has_plain) return read_plain(v, rest);
  if (text_equals(scheme, "{SECRET") && v->secret.len == 0) return base64_decode(&v->secret, rest) == 0 ? 0 : malformed();
  return malformed();
}

int verifier_read(struct verifier *v, struct text fields) {
  struct text rest = fields, field;
  *v = (struct verifier){0};
  if (fields.len > VERIFIER_OCTETS_MAX || fields.len == 0) return malformed();
  while (text_cut(&rest, ':', &field))
    if (read_field(v, field) == -1) return -1;
  return 0;
}

void verifier_free(struct verifier *v) {
  stralloc_free(&v->salt);
  stralloc_free(&v->secret);
  stralloc_free(&v->crypt);
  text_wipe(&v->plain);
  explicit_bzero(v, sizeof *v);
}

static bool crypt_matches(const struct verifier *v, const stralloc *password) {
  struct crypt_data data = {0};
  const char *hash = crypt_r(password->s, v->crypt.s, &data);
  size_t len = v->crypt.len - 1;
  /* a hash that crypt() does not know gives "*0" or "*1" */
  bool same = hash && hash[0] != '*' && strlen(hash) == len && memeql_sec(hash, v->crypt.s, len);
  explicit_bzero(&data, sizeof data);
  return same;
}

int verifier_password(const struct verifier *v, struct text password) {
  stralloc prepared = {0};
  int right = -1;
  if (!stralloc_ready(&prepared, 4 * password.len + 1) || prepare_password(&prepared, password) == -1) return errno = ENOMEM, -1;
  if (v->has_scram) {
    struct scram_keys derived;
    scram_derive(&derived, text_of_stralloc(&prepared), text_of_stralloc(&v->salt), v->iterations);
    right = scram_same_password(&v->keys, &derived);
  } else if (v->has_crypt && stralloc_0(&prepared)) {
    right = crypt_matches(v, &prepared);
  } else if (v->has_cram) {
    uint8_t context[CRAMMD5_CONTEXT_OCTETS];
    crammd5_context(context, text_of_stralloc(&prepared));
    right = memeql_sec(context, v->cram, sizeof context);
  } else if (v->has_plain) {
    right = prepared.len == v->plain.len && memeql_sec(prepared.s, v->plain.s, v->plain.len);
  }
  if (prepared.s) explicit_bzero(prepared.s, prepared.a);
  stralloc_free(&prepared);
  if (right == -1) errno = EPROTO;
  return right;
}

/* The digest is made for all: time does not tell whose password is kept. */
bool verifier_apop(const struct verifier *v, struct text challenge, struct text response) {
  return apop_check(text_of_stralloc(&v->plain), challenge, response) && v->has_plain;
}

/* ---- making */

static int put_base64(stralloc *out, const char *before, const void *octets, size_t len) {
  return stralloc_cats(out, before) ? base64_cat(out, (struct text){octets, len}) : -1;
}

static int put_scram(stralloc *out, uint32_t iterations, struct text password) {
  struct scram_keys k;
  uint8_t salt[SCRAM_SALT_OCTETS];
  if (getrandom(salt, sizeof salt, 0) != sizeof salt) return -1;
  scram_derive(&k, password, (struct text){(char *)salt, sizeof salt}, iterations);
  if (!stralloc_cats(out, "{SCRAM-SHA-256}") || text_cat_uint(out, iterations) == -1) return -1;
  if (put_base64(out, ",", salt, sizeof salt) == -1 || put_base64(out, ",", k.stored, SCRAM_OCTETS) == -1) return -1;
  return put_base64(out, ",", k.server, SCRAM_OCTETS);
}

static int put_crypt(stralloc *out, stralloc *password) {
  struct crypt_data data = {0};
  char setting[CRYPT_GENSALT_OUTPUT_SIZE];
  if (!stralloc_0(password)) return -1;
  password->len--;
  if (!crypt_gensalt_rn("$y$", 0, NULL, 0, setting, sizeof setting)) return -1;
  const char *hash = crypt_r(password->s, setting, &data);
  if (!hash || hash[0] == '*') return errno = EINVAL, -1;
  return stralloc_cats(out, "{CRYPT}") && stralloc_cats(out, hash) ? 0 : -1;
}

static int put_cram(stralloc *out, struct text password) {
  uint8_t context[CRAMMD5_CONTEXT_OCTETS];
  crammd5_context(context, password);
  return stralloc_cats(out, "{CRAM-MD5}") ? hex_cat(out, (struct text){(char *)context, sizeof context}) : -1;
}

int verifier_put(stralloc *out, unsigned schemes, uint32_t iterations, struct text password) {
  stralloc prepared = {0};
  const char *between = "";
  int r = stralloc_ready(&prepared, 4 * password.len + 1) ? prepare_password(&prepared, password) : -1;
  for (unsigned scheme = VERIFIER_SCRAM; r == 0 && scheme <= VERIFIER_PLAIN; scheme <<= 1) {
    if (!(schemes & scheme)) continue;
    if (!stralloc_cats(out, between)) r = -1;
    else if (scheme == VERIFIER_SCRAM) r = put_scram(out, iterations, text_of_stralloc(&prepared));
    else if (scheme == VERIFIER_CRYPT) r = put_crypt(out, &prepared);
    else if (scheme == VERIFIER_CRAM) r = put_cram(out, text_of_stralloc(&prepared));
    else r = put_base64(out, "{PLAIN.B64}", prepared.s, prepared.len);
    between = ":";
  }
  if (prepared.s) explicit_bzero(prepared.s, prepared.a);
  stralloc_free(&prepared);
  return r;
}
