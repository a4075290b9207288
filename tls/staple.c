#include "config.h"
#include "tls/staple.h"
#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <stdio.h>
#include <string.h>

static int fail(char *why, const char *path, const char *reason) {
  snprintf(why, IDENTITY_WHY, "unable to use OCSP answer %s: %s", path, reason);
  ERR_clear_error();
  return -1;
}

static OCSP_BASICRESP *parse(const unsigned char *octets, size_t len) {
  OCSP_RESPONSE *all = d2i_OCSP_RESPONSE(NULL, &octets, (long)len);
  OCSP_BASICRESP *basic = NULL;
  if (all && OCSP_response_status(all) == OCSP_RESPONSE_STATUS_SUCCESSFUL) basic = OCSP_response_get1_basic(all);
  OCSP_RESPONSE_free(all);
  return basic;
}

static int is_in_time(const ASN1_GENERALIZEDTIME *from, const ASN1_GENERALIZEDTIME *until, time_t now) {
  time_t soon = now + 300; /* clocks differ */
  if (from && X509_cmp_time(from, &soon) > 0) return 0;
  return !until || X509_cmp_time(until, &now) > 0;
}

/* What the first answer says: V_OCSP_CERTSTATUS_..., or -1: out of time. */
static int status_of(OCSP_BASICRESP *basic, time_t now) {
  ASN1_GENERALIZEDTIME *revoked, *from, *until;
  int reason;
  OCSP_SINGLERESP *one = OCSP_resp_get0(basic, 0);
  int status = one ? OCSP_single_get0_status(one, &reason, &revoked, &from, &until) : -1;
  return status >= 0 && is_in_time(from, until, now) ? status : -1;
}

static int is_about(OCSP_BASICRESP *basic, const X509 *leaf) {
  ASN1_INTEGER *serial = NULL;
  OCSP_SINGLERESP *one = OCSP_resp_get0(basic, 0);
  if (!one) return 0;
  OCSP_id_get0_info(NULL, NULL, NULL, &serial, (OCSP_CERTID *)(uintptr_t)OCSP_SINGLERESP_get0_id(one));
  return serial && ASN1_INTEGER_cmp(serial, X509_get0_serialNumber(leaf)) == 0;
}

static int check(const struct identity *i, const char *path, time_t now, char *why) {
  OCSP_BASICRESP *basic = parse(i->staple, i->staple_len);
  if (!basic) return fail(why, path, "it is none, or says that there is none");
  int about = is_about(basic, i->leaf), status = status_of(basic, now);
  OCSP_BASICRESP_free(basic);
  if (!about) return fail(why, path, "it is about another certificate");
  if (status == -1) return fail(why, path, "it is out of date");
  return status == V_OCSP_CERTSTATUS_GOOD ? 0 : fail(why, path, OCSP_cert_status_str(status));
}

int staple_load(struct identity *i, const char *path, time_t now, char why[IDENTITY_WHY]) {
  FILE *f = fopen(path, "re");
  if (!f) return fail(why, path, "unable to open it");
  i->staple = OPENSSL_malloc(STAPLE_MAX);
  i->staple_len = i->staple ? fread(i->staple, 1, STAPLE_MAX, f) : 0;
  fclose(f);
  if (i->staple_len == 0 || i->staple_len == STAPLE_MAX) return fail(why, path, "unreadable, empty or too long");
  return check(i, path, now, why);
}

int staple_is_current(const unsigned char *octets, size_t len, time_t now) {
  OCSP_BASICRESP *basic = parse(octets, len);
  int status = basic ? status_of(basic, now) : -1;
  OCSP_BASICRESP_free(basic);
  ERR_clear_error();
  return status == V_OCSP_CERTSTATUS_GOOD;
}
