#include "config.h"
#include "listen/endpoint.h"
#include <stdio.h>
#include <string.h>
#include "listen/service.h"

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
} known[] = {{"submission", ENDPOINT_SUBMISSION}, {"tls", ENDPOINT_TLS}};

enum { KNOWN = sizeof known / sizeof known[0] };

static bool add_word(unsigned *words, struct text word) {
  for (unsigned i = 0; i < KNOWN; i++)
    if (text_equals(word, known[i].word) && listen_service.ports[known[i].bit]) return *words |= known[i].bit, true;
  return text_equals(word, listen_service.word);
}

bool endpoint_parse_words(unsigned *words, struct text t) {
  struct text word;
  bool all = true;
  *words = 0;
  while (text_cut(&t, '/', &word))
    if (!add_word(words, word)) all = false;
  return all;
}

void endpoint_format_words(unsigned words, char to[ENDPOINT_WORDS_MAX]) {
  size_t len = 0;
  if (!words) snprintf(to, ENDPOINT_WORDS_MAX, "%s", listen_service.word);
  for (unsigned i = 0; i < KNOWN; i++)
    if (words & known[i].bit)
      len += (size_t)snprintf(to + len, ENDPOINT_WORDS_MAX - len, "%s%s", len ? "/" : "", known[i].word);
}

bool endpoint_parse(struct endpoint *e, struct text t) {
  struct text address;
  if (!text_cut(&t, '/', &address)) return false;
  e->words = 0;
  if (t.s && !endpoint_parse_words(&e->words, t)) return false;
  t = address;
  const char *colon = port_colon(t);
  e->port = listen_service.ports[e->words];
  if (colon) {
    address.len = (size_t)(colon - t.s);
    struct text port = {colon + 1, t.len - address.len - 1};
    if (!parse_port(&e->port, port)) return false;
  }
  return ip_parse_literal(&e->ip, address, true);
}
