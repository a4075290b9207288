#include "config.h"
#include "smtpd/listen/endpoint.h"
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

bool endpoint_parse(struct endpoint *e, struct text t) {
  struct text address = t;
  const char *colon = port_colon(t);
  e->port = ENDPOINT_SMTP_PORT;
  if (colon) {
    address.len = (size_t)(colon - t.s);
    struct text port = {colon + 1, t.len - address.len - 1};
    if (!parse_port(&e->port, port)) return false;
  }
  return ip_parse_literal(&e->ip, address, true);
}
