#include "config.h"
#include "smtpd/doorkeeper/trace.h"
#include <string.h>
#include "lib/clock.h"
#include "smtpd/doorkeeper/early.h"

enum { NAME_MAX_OCTETS = 255 };

static bool is_name_octet(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
         (c && strchr(".-_:[]", c));
}

static int cat_with(stralloc *out, struct text name, const char *also) {
  size_t start = out->len;
  if (name.len == 0) name = text_of("unknown");
  if (name.len > NAME_MAX_OCTETS) name.len = NAME_MAX_OCTETS;
  if (text_cat(out, name) == -1) return -1;
  for (size_t i = start; i < out->len; i++)
    if (!is_name_octet(out->s[i]) && !(out->s[i] && strchr(also, out->s[i]))) out->s[i] = '?';
  return 0;
}

static int cat_name(stralloc *out, struct text name) { return cat_with(out, name, ""); }

/* Who has logged in, as a comment. */
static int cat_user(stralloc *out, const struct client *c) {
  if (c->login.len == 0) return 0;
  if (!stralloc_cats(out, " (user ") || cat_with(out, text_of_stralloc(&c->login), "@+=/~!#$&'*^`{|}") == -1) return -1;
  return stralloc_cats(out, ")") ? 0 : -1;
}

/* An address literal, RFC 5321 4.1.3 */
static int cat_literal(stralloc *out, struct text address) {
  const char *open = memchr(address.s, ':', address.len) ? "[IPv6:" : "[";
  return stralloc_cats(out, open) && cat_name(out, address) == 0 && stralloc_cats(out, "]") ? 0 : -1;
}

static int cat_client(stralloc *out, const struct client *c) {
  if (c->address.len == 0) return stralloc_cats(out, c->hidden ? "unknown" : "local") ? 0 : -1;
  if (c->name.len && (cat_name(out, text_of_stralloc(&c->name)) == -1 || !stralloc_cats(out, " ")))
    return -1;
  return cat_literal(out, text_of_stralloc(&c->address));
}

const char *trace_protocol(const struct envelope *e) {
  static const char *const names[2][2][2] = {
    {{"ESMTP", "ESMTPA"}, {"ESMTPS", "ESMTPSA"}},
    {{"UTF8SMTP", "UTF8SMTPA"}, {"UTF8SMTPS", "UTF8SMTPSA"}},
  };
  const char *early = early_protocol(e->protocol);
  if (early) return early;
  if (!text_equals(e->protocol, "ESMTP")) return "SMTP";
  return names[e->smtputf8][e->tls.len > 0][e->auth_user.len > 0];
}

static int cat_tls(stralloc *out, const struct tls_facts *tls) {
  if (!stralloc_cats(out, "\n  tls ") || cat_name(out, text_of(tls->cipher)) == -1) return -1;
  if (!stralloc_cats(out, " (") || cat_name(out, text_of(tls->version)) == -1) return -1;
  return stralloc_cats(out, ")") ? 0 : -1;
}

int trace_cat(stralloc *out, const struct client *c, struct text helo, struct text protocol,
              struct text me, uint64_t number, const struct tls_facts *tls, uint64_t wall_us) {
  if (!stralloc_cats(out, "Received: from ") || cat_name(out, helo) == -1) return -1;
  if (!stralloc_cats(out, " (") || cat_client(out, c) == -1) return -1;
  if (!stralloc_cats(out, ")\n  by ") || cat_name(out, me) == -1) return -1;
  if (!stralloc_cats(out, " with ") || cat_name(out, protocol) == -1) return -1;
  if (cat_user(out, c) == -1) return -1;
  if (!stralloc_cats(out, " id ") || text_cat_uint(out, number) == -1) return -1;
  if (tls && cat_tls(out, tls) == -1) return -1;
  if (!stralloc_cats(out, "; ") || clock_cat_date(out, wall_us) == -1) return -1;
  return stralloc_cats(out, "\n") ? 0 : -1;
}
