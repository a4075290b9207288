#include "config.h"
#include "sts/http.h"
#include <curl/curl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

int http_begin(void) { return curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? 0 : -1; }

static void fail(struct fetch *f, enum fetch_status status, const char *what, const char *more) {
  f->status = status;
  f->len = 0;
  snprintf(f->reason, sizeof f->reason, "%s%s", what, more);
}

/* Less than it was given ends the transfer. */
static size_t take(char *octets, size_t one, size_t n, void *context) {
  struct fetch *f = context;
  (void)one;
  if (n > sizeof f->text - f->len) return fail(f, FETCH_INVALID, "the policy is too long", ""), 0;
  memcpy(f->text + f->len, octets, n);
  f->len += n;
  return n;
}

static bool is_plain_text(const char *type) {
  static const char plain[] = "text/plain";
  size_t n = sizeof plain - 1;
  return type && strncasecmp(type, plain, n) == 0 && (type[n] == 0 || strchr("; \t", type[n]));
}

/* Names in the subject do not count (RFC 8461 3.3: a DNS-ID). */
static bool has_alternative_name(CURL *c) {
  struct curl_certinfo *all = NULL;
  if (curl_easy_getinfo(c, CURLINFO_CERTINFO, &all) != CURLE_OK || !all || all->num_of_certs < 1) return false;
  for (const struct curl_slist *l = all->certinfo[0]; l; l = l->next)
    if (strncmp(l->data, "X509v3 Subject Alternative Name:", 32) == 0 && strstr(l->data, "DNS:")) return true;
  return false;
}

static void judge(struct fetch *f, CURL *c) {
  long code = 0;
  char number[32];
  const char *type = NULL;
  curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &code);
  curl_easy_getinfo(c, CURLINFO_CONTENT_TYPE, &type);
  snprintf(number, sizeof number, "%ld", code);
  if (!has_alternative_name(c)) fail(f, FETCH_UNTRUSTED, "the certificate has no name of a host", "");
  else if (code != 200) fail(f, FETCH_FAILED, "the server answered ", number);
  else if (!is_plain_text(type)) fail(f, FETCH_INVALID, "the policy is not text/plain", "");
}

static void explain(struct fetch *f, CURLcode r, const char *text) {
  if (f->status != FETCH_OK) return;
  bool untrusted = r == CURLE_PEER_FAILED_VERIFICATION || r == CURLE_SSL_ISSUER_ERROR;
  fail(f, untrusted ? FETCH_UNTRUSTED : FETCH_FAILED, *text ? text : curl_easy_strerror(r), "");
}

static bool set_up(CURL *c, struct fetch *f, const struct http_request *r, struct curl_slist *resolved, char *problem) {
  char url[400];
  struct curl_blob authorities = {(void *)(uintptr_t)r->authorities, r->authorities_len, CURL_BLOB_NOCOPY};
  snprintf(url, sizeof url, "https://%s/.well-known/mta-sts.txt", r->host);
  return curl_easy_setopt(c, CURLOPT_URL, url) == CURLE_OK &&
         curl_easy_setopt(c, CURLOPT_ERRORBUFFER, problem) == CURLE_OK &&
         curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "https") == CURLE_OK &&
         curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
         curl_easy_setopt(c, CURLOPT_PROXY, "") == CURLE_OK &&
         curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
         curl_easy_setopt(c, CURLOPT_TIMEOUT, (long)r->limit_s) == CURLE_OK &&
         curl_easy_setopt(c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) == CURLE_OK &&
         curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 1L) == CURLE_OK &&
         curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 2L) == CURLE_OK &&
         curl_easy_setopt(c, CURLOPT_CERTINFO, 1L) == CURLE_OK &&
         curl_easy_setopt(c, CURLOPT_CAINFO_BLOB, &authorities) == CURLE_OK &&
         curl_easy_setopt(c, CURLOPT_RESOLVE, resolved) == CURLE_OK &&
         curl_easy_setopt(c, CURLOPT_USERAGENT, "owlpost/" VERSION) == CURLE_OK &&
         curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take) == CURLE_OK &&
         curl_easy_setopt(c, CURLOPT_WRITEDATA, f) == CURLE_OK;
}

void http_get(struct fetch *f, const struct http_request *r) {
  char problem[CURL_ERROR_SIZE] = "";
  CURL *c = curl_easy_init();
  struct curl_slist *resolved = curl_slist_append(NULL, r->resolved);
  f->status = FETCH_OK;
  f->len = 0;
  if (!c || !resolved || !set_up(c, f, r, resolved, problem)) {
    fail(f, FETCH_FAILED, "unable to set up libcurl", "");
  } else {
    CURLcode done = curl_easy_perform(c);
    if (done == CURLE_OK) judge(f, c);
    else explain(f, done, problem);
  }
  curl_easy_cleanup(c);
  curl_slist_free_all(resolved);
}
