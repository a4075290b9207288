/* http.h - the part of a fetch that reads what the server sends, by libcurl */
#ifndef OWL_STS_HTTP_H
#define OWL_STS_HTTP_H

#include "sts/fetch.h"

struct http_request {
  const char *host; /* mta-sts.DOMAIN */
  const char *resolved; /* CURLOPT_RESOLVE's form: HOST:443:ADDRESS,... */
  const char *authorities; /* PEM octets */
  size_t authorities_len;
  unsigned limit_s;
};

/* http_begin(): what libcurl and its libraries do once, and read files for. */
int http_begin(void);

void http_get(struct fetch *f, const struct http_request *r);

#endif
