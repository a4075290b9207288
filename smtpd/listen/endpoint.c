#include "config.h"
#include "smtpd/listen/endpoint.h"
#include <stdio.h>
#include <string.h>

static bool parse_port(unsigned *port, struct text t) {
  uint64_t number;
  if (text_uint(t, &number) == -1 || number > 65535) return false;
  *port = (unsigned)number;
  return true;
}

/* The colon that divides address and port, or NULL. */
static const char *port_colon(struct text t) {
  const char *colon = t.len ? memrchr(t.s, ':', t.len) : NULL;
  if (!colon || colon == t.s) return NULL;
  if (t.s[0] == '[') return colon[-1] == ']' ? colon : NULL;
  return colon == memchr(t.s, ':', t.len) ? colon : NULL;
}

static const struct {
  const char *word;
  unsigned bit;
} known[] = {{"smtp", 0}, {"submission", ENDPOINT_SUBMISSION}, {"tls", ENDPOINT_TLS}};

enum { KNOWN = sizeof known / sizeof known[0] };

bool endpoint_parse_words(unsigned *words, struct text t) {
  struct text word;
  bool all = true;
  *words = 0;
  while (text_cut(&t, '/', &word)) {
    unsigned i = 0;
    while (i < KNOWN && !text_equals(word, known[i].word)) i++;
    if (i < KNOWN) *words |= known[i].bit;
    else all = false;
  }
  return all;
}

void endpoint_format_words(unsigned words, char to[ENDPOINT_WORDS_MAX]) {
  size_t len = 0;
  for (unsigned i = 0; i < KNOWN; i++)
    if (words & known[i].bit || (!words && !known[i].bit))
      len += (size_t)snprintf(to + len, ENDPOINT_WORDS_MAX - len, "%s%s", len ? "/" : "", known[i].word);
}

static unsigned port_of(unsigned words) {
  if (words & ENDPOINT_TLS) return ENDPOINT_TLS_PORT;
  return words & ENDPOINT_SUBMISSION ? ENDPOINT_SUBMISSION_PORT : ENDPOINT_SMTP_PORT;
}

bool endpoint_parse(struct endpoint *e, struct text t) {
  struct text address;
  if (!text_cut(&t, '/', &address)) return false;
  e->words = 0;
  if (t.s && !endpoint_parse_words(&e->words, t)) return false;
  t = address;
  const char *colon = port_colon(t);
  e->port = port_of(e->words);
  if (colon) {
    address.len = (size_t)(colon - t.s);
    struct text port = {colon + 1, t.len - address.len - 1};
    if (!parse_port(&e->port, port)) return false;
  }
  return ip_parse_literal(&e->ip, address, true);
}
