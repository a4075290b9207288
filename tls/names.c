#include "config.h"
#include "tls/names.h"
#include <arpa/inet.h>
#include <openssl/x509v3.h>
#include <string.h>

bool names_is_address(const char *name) {
  unsigned char octets[16];
  return inet_pton(AF_INET, name, octets) == 1 || inet_pton(AF_INET6, name, octets) == 1;
}

static bool matches(X509 *certificate, const char *name, unsigned flags) {
  size_t len = strlen(name);
  if (names_is_address(name)) return X509_check_ip_asc(certificate, name, 0) == 1;
  while (len > 0 && name[len - 1] == '.') len--;
  return len > 0 && X509_check_host(certificate, name, len, flags, NULL) == 1;
}

const char *names_match(X509 *certificate, const struct tls_request *r, bool common_names) {
  unsigned flags = X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS;
  if (!common_names) flags |= X509_CHECK_FLAG_NEVER_CHECK_SUBJECT;
  for (unsigned i = 0; i < r->names_count && i < TLSWIRE_NAMES; i++)
    if (matches(certificate, r->names[i], flags)) return r->names[i];
  return NULL;
}
