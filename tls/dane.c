#include "config.h"
#include "tls/dane.h"
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>
#include "tls/names.h"

enum usage { DANE_TA = 2, DANE_EE = 3 }; /* RFC 7218 */

struct record {
  unsigned char usage, selector, matching;
  unsigned char data[TLSWIRE_TLSA_MAX / 2];
  size_t len;
};

bool dane_prepare(SSL_CTX *context) {
  return SSL_CTX_dane_enable(context) == 1 &&
         SSL_CTX_dane_set_flags(context, DANE_FLAG_NO_DANE_EE_NAMECHECKS) != (unsigned long)-1;
}

/* ---- "3 1 1 HEX" */

static bool read_number(const char **s, unsigned char *n) {
  unsigned value = 0;
  const char *p = *s;
  while (*p >= '0' && *p <= '9' && value < 256) value = value * 10 + (unsigned)(*p++ - '0');
  if (p == *s || value > 255 || *p != ' ') return false;
  *n = (unsigned char)value;
  *s = p + 1;
  return true;
}

static bool read_data(const char *s, struct record *r) {
  for (r->len = 0; *s; s += 2) {
    int high = OPENSSL_hexchar2int((unsigned char)s[0]), low = high < 0 ? -1 : OPENSSL_hexchar2int((unsigned char)s[1]);
    if (low < 0 || r->len == sizeof r->data) return false;
    r->data[r->len++] = (unsigned char)(high << 4 | low);
  }
  return true;
}

static bool read_record(const char *s, struct record *r) {
  return read_number(&s, &r->usage) && read_number(&s, &r->selector) && read_number(&s, &r->matching) && read_data(s, r);
}

/* ---- */

static bool for_mail(const struct record *r) {
  return r->usage == DANE_TA || r->usage == DANE_EE;
}

/* 1: usable, 0: not, -1: no memory. */
static int add_record(SSL *ssl, const struct record *r) {
  if (!for_mail(r)) return 0;
  int added = SSL_dane_tlsa_add(ssl, r->usage, r->selector, r->matching, r->data, r->len);
  ERR_clear_error();
  return added;
}

/* RFC 7672 3.2.3: the names of usage 2. */
static bool add_names(SSL *ssl, const struct tls_request *r) {
  SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  for (unsigned i = 1; i < r->names_count && i < TLSWIRE_NAMES; i++)
    if (!names_is_address(r->names[i]) && !SSL_add1_host(ssl, r->names[i])) return false;
  return true;
}

/* The first name is the TLSA base domain, which is no address. */
static bool is_complete(const struct tls_request *r) {
  return r->tlsa_count > 0 && r->names_count > 0 && *r->names[0] && !names_is_address(r->names[0]);
}

enum dane_taken dane_take(SSL *ssl, const struct tls_request *r) {
  bool usable = false;
  if (!is_complete(r)) return DANE_MALFORMED;
  if (SSL_dane_enable(ssl, r->names[0]) != 1 || !add_names(ssl, r)) return DANE_NO_MEMORY;
  for (unsigned i = 0; i < r->tlsa_count && i < TLSWIRE_TLSA; i++) {
    struct record record;
    if (!read_record(r->tlsa[i], &record)) return DANE_MALFORMED;
    int added = add_record(ssl, &record);
    if (added < 0) return DANE_NO_MEMORY;
    usable = usable || added > 0;
  }
  return usable ? DANE_USABLE : DANE_NONE_USABLE;
}
