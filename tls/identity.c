#include "config.h"
#include "tls/identity.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "lib/bigendian.h"

enum { RSA_BITS_MIN = 2048 };

static int fail(char *why, const char *what, const char *file, const char *reason) {
  if (!reason) reason = ERR_reason_error_string(ERR_peek_last_error());
  snprintf(why, IDENTITY_WHY, "unable to %s %s: %s", what, file, reason ? reason : "unknown error");
  ERR_clear_error();
  return -1;
}

/* By the errno; a key of mode 0600 is root's as a rule. */
static const char *open_fault(void) {
  return errno == EACCES ? "Permission denied: owl-tlsd's user must be able to read it (by its group, mode 0640)"
                         : strerror(errno);
}

static BIO *open_file(const char *what, const char *path, char *why) {
  BIO *b = BIO_new_file(path, "r");
  if (!b) fail(why, what, path, open_fault());
  return b;
}

/* ---- the certificate and its chain */

static int take_chain(struct identity *i, BIO *b) {
  X509 *x;
  while ((x = PEM_read_bio_X509(b, NULL, NULL, NULL)) != NULL)
    if (sk_X509_num(i->chain) == IDENTITY_CHAIN_MAX || !sk_X509_push(i->chain, x)) return X509_free(x), -1;
  /* the end of the file is an error, too */
  int end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  ERR_clear_error();
  return end ? 0 : -1;
}

static int load_certificate(struct identity *i, const char *path, char *why) {
  BIO *b = open_file("open certificate", path, why);
  if (!b) return -1;
  i->leaf = PEM_read_bio_X509_AUX(b, NULL, NULL, NULL);
  int r = i->leaf ? 0 : fail(why, "read certificate", path, NULL);
  if (r == 0 && take_chain(i, b) == -1) r = fail(why, "read the chain of certificate", path, "malformed, or too long");
  BIO_free(b);
  return r;
}

/* ---- the key */

static int no_passphrase(char *to, int size, int writing, void *unused) {
  (void)to, (void)size, (void)writing, (void)unused;
  return -1;
}

static int check_private(const char *path, char *why) {
  struct stat st;
  if (stat(path, &st) == -1) return fail(why, "open key", path, open_fault());
  return st.st_mode & (S_IROTH | S_IWOTH) ? fail(why, "use key", path, "everybody may read or write the file") : 0;
}

static int check_strength(const struct identity *i, const char *path, char *why) {
  int type = EVP_PKEY_get_base_id(i->key);
  if (type == EVP_PKEY_EC) return 0;
  if (type != EVP_PKEY_RSA) return fail(why, "use key", path, "it is neither RSA nor EC");
  return EVP_PKEY_get_bits(i->key) < RSA_BITS_MIN ? fail(why, "use key", path, "it has under 2048 bits") : 0;
}

static int load_key(struct identity *i, const char *path, char *why) {
  if (check_private(path, why) == -1) return -1;
  BIO *b = open_file("open key", path, why);
  if (!b) return -1;
  i->key = PEM_read_bio_PrivateKey(b, NULL, no_passphrase, NULL);
  BIO_free(b);
  if (!i->key) return fail(why, "read key", path, NULL);
  if (check_strength(i, path, why) == -1) return -1;
  return X509_check_private_key(i->leaf, i->key) == 1 ? 0 : fail(why, "use key", path, "it is not the certificate's");
}

/* ---- together */

int identity_load(struct identity *i, const struct certificate_files *f, char why[IDENTITY_WHY]) {
  *i = (struct identity){.chain = sk_X509_new_null()};
  int r = i->chain ? 0 : fail(why, "load", f->certificate, "out of memory");
  if (r == 0) r = load_certificate(i, f->certificate, why);
  if (r == 0) r = load_key(i, f->key, why);
  if (r == -1) identity_free(i);
  return r;
}

void identity_free(struct identity *i) {
  X509_free(i->leaf);
  sk_X509_pop_free(i->chain, X509_free);
  EVP_PKEY_free(i->key);
  OPENSSL_free(i->staple);
  *i = (struct identity){0};
}

const char *identity_date_fault(const struct identity *i, time_t now) {
  if (X509_cmp_time(X509_get0_notBefore(i->leaf), &now) > 0) return "it is not yet valid";
  return X509_cmp_time(X509_get0_notAfter(i->leaf), &now) < 0 ? "it has expired" : NULL;
}

static void take_name(char *to, size_t size, const ASN1_STRING *name) {
  int len = ASN1_STRING_length(name);
  snprintf(to, size, "%.*s", len, (const char *)ASN1_STRING_get0_data(name));
  if (to[0] == '*') to[0] = 'x'; /* any host that the wildcard is for */
}

void identity_name(const struct identity *i, char *to, size_t size) {
  GENERAL_NAMES *names = X509_get_ext_d2i(i->leaf, NID_subject_alt_name, NULL, NULL);
  *to = 0;
  for (int n = 0; n < sk_GENERAL_NAME_num(names) && !*to; n++) {
    const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, n);
    if (name->type == GEN_DNS) take_name(to, size, name->d.dNSName);
  }
  GENERAL_NAMES_free(names);
  if (!*to) X509_NAME_get_text_by_NID(X509_get_subject_name(i->leaf), NID_commonName, to, (int)size);
}

int identity_is_for(const struct identity *i, const char *host) {
  return X509_check_host(i->leaf, host, 0, 0, NULL) == 1;
}

/* ---- as octets: each part with its length before it; staple, leaf, chain */

static size_t put_part(unsigned char *out, size_t room, const unsigned char *part, size_t len) {
  if (room < 4 || room - 4 < len) return 0;
  put_u32((char *)out, (uint32_t)len);
  if (len) memcpy(out + 4, part, len);
  return len + 4;
}

static size_t put_certificate(unsigned char *out, size_t room, X509 *x) {
  unsigned char *der = NULL;
  int len = i2d_X509(x, &der);
  size_t stored = len > 0 ? put_part(out, room, der, (size_t)len) : 0;
  OPENSSL_free(der);
  return stored;
}

size_t identity_put(const struct identity *i, unsigned char *out, size_t room) {
  size_t len = put_part(out, room, i->staple, i->staple_len);
  for (int n = -1; len > 0 && n < sk_X509_num(i->chain); n++) {
    size_t part = put_certificate(out + len, room - len, n == -1 ? i->leaf : sk_X509_value(i->chain, n));
    len = part ? len + part : 0;
  }
  return len;
}

/* The octets of the next part, whose length *part gets; NULL: malformed. */
static const unsigned char *next_part(const unsigned char **at, size_t *left, size_t *part) {
  if (*left < 4) return NULL;
  *part = get_u32((const char *)*at);
  if (*part > *left - 4) return NULL;
  const unsigned char *start = *at + 4;
  *at += *part + 4;
  *left -= *part + 4;
  return start;
}

static int read_certificates(struct identity *i, const unsigned char *at, size_t left) {
  size_t part;
  while (left) {
    const unsigned char *der = next_part(&at, &left, &part);
    X509 *x = der && part <= LONG_MAX ? d2i_X509(NULL, &der, (long)part) : NULL;
    if (!x) return -1;
    if (!i->leaf) i->leaf = x;
    else if (!sk_X509_push(i->chain, x)) return X509_free(x), -1;
  }
  return i->leaf ? 0 : -1;
}

int identity_read(struct identity *i, const unsigned char *octets, size_t len) {
  *i = (struct identity){.chain = sk_X509_new_null()};
  const unsigned char *staple = next_part(&octets, &len, &i->staple_len);
  int r = i->chain && staple ? read_certificates(i, octets, len) : -1;
  if (r == 0 && i->staple_len && !(i->staple = OPENSSL_memdup(staple, i->staple_len))) r = -1;
  if (r == 0 && !(i->key = X509_get_pubkey(i->leaf))) r = -1;
  if (r == -1) identity_free(i);
  return r;
}
