/* endpoint.h - an address and port to listen at, as people write it
 *
 * "0.0.0.0:25", "[::]:25", "192.0.2.1", "::1" or "[::1]": an IPv6 address with
 * a port has brackets; without a port it is the service's (listen/service.h).
 * Words behind it say what is spoken there: "/tls", TLS from the first octet on
 * (RFC 8314 3.3); "/submission", mail of people (RFC 6409); the service's own, "/smtp".
 * With each set of words goes another port, and the service knows only those
 * that have one.
 */
#ifndef OWL_ENDPOINT_H
#define OWL_ENDPOINT_H

#include "lib/ip.h"

enum { ENDPOINT_WORDS_MAX = 32 };

enum endpoint_words { ENDPOINT_TLS = 1, ENDPOINT_SUBMISSION = 2, ENDPOINT_WORDS_END = 4 };

struct endpoint {
  struct ip ip;
  unsigned port; /* 0: whichever is free */
  unsigned words; /* enum endpoint_words, a set */
};

/* endpoint_parse(): false where the text is none. */
bool endpoint_parse(struct endpoint *e, struct text t);

/* endpoint_parse_words(): words with a slash between; *words gets those that are known.
 * Whether all are. */
bool endpoint_parse_words(unsigned *words, struct text t);

/* endpoint_format_words(): into a string that endpoint_parse_words() reads; without any
 * it is the service's own. */
void endpoint_format_words(unsigned words, char to[ENDPOINT_WORDS_MAX]);

#endif
