#include "config.h"
#include "remote/tlswish.h"
#include "lib/header.h"

static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

static struct text trimmed(struct text t) {
  while (t.len && is_blank(t.s[0])) t.s++, t.len--;
  while (t.len && is_blank(t.s[t.len - 1])) t.len--;
  return t;
}

enum tls_wish tlswish_find(const struct envelope *e, const struct body *b, stralloc *space) {
  struct text header;
  struct header_field field;
  if (e->requiretls) return WISH_REQUIRED;
  if (body_chunk(b, 0, space, &header) == -1 || !header_find(header, "TLS-Required", &field)) return WISH_NOTHING;
  return text_equal_nocase(trimmed(field.value), text_of("No")) ? WISH_OPTIONAL : WISH_NOTHING;
}

bool tlswish_suits(enum tls_wish session, enum tls_wish message) {
  return session == message || (message == WISH_NOTHING && session == WISH_REQUIRED) || message == WISH_OPTIONAL;
}
