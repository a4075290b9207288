#include "config.h"
#include "lib/address.h"
#include <arpa/inet.h>
#include <string.h>
#include "lib/envelope.h"

bool address_split(struct text address, struct text *local, struct text *domain) {
  const char *at = address.len ? memrchr(address.s, '@', address.len) : NULL;
  *local = address;
  *domain = TEXT_ABSENT;
  if (!at) return false;
  local->len = (size_t)(at - address.s);
  *domain = (struct text){at + 1, address.len - local->len - 1};
  return true;
}

/* RFC 5321 4.1.3; of the tags there is but one. */
bool address_is_literal(struct text domain) {
  unsigned char octets[16];
  char name[INET6_ADDRSTRLEN];
  if (domain.len < 2 || domain.s[0] != '[' || domain.s[domain.len - 1] != ']') return false;
  struct text inside = {domain.s + 1, domain.len - 2};
  struct text tag = {inside.s, inside.len < 5 ? inside.len : 5};
  bool six = text_equal_nocase(tag, text_of("IPv6:"));
  if (six) inside = (struct text){inside.s + 5, inside.len - 5};
  if (inside.len == 0 || inside.len >= sizeof name || memchr(inside.s, 0, inside.len)) return false;
  memcpy(name, inside.s, inside.len);
  name[inside.len] = 0;
  return inet_pton(six ? AF_INET6 : AF_INET, name, octets) == 1;
}

bool address_is_clean(struct text address) { return text_is_clean(address); }

/* atext (RFC 5322 3.2.3), and every octet above 127 (RFC 6531 3.3) */
static bool is_atext(char c) {
  unsigned char u = (unsigned char)c;
  if (u > 127 || (u >= '0' && u <= '9') || (u >= 'A' && u <= 'Z') || (u >= 'a' && u <= 'z'))
    return true;
  return u && strchr("!#$%&'*+-/=?^_`{|}~", c);
}

static bool is_dot_string(struct text t) {
  bool dot = true; /* none at the start */
  for (size_t i = 0; i < t.len; i++) {
    if (t.s[i] == '.' && dot) return false;
    dot = t.s[i] == '.';
    if (!dot && !is_atext(t.s[i])) return false;
  }
  return !dot;
}

static int cat_quoted(stralloc *out, struct text local) {
  if (!stralloc_cats(out, "\"")) return -1;
  for (size_t i = 0; i < local.len; i++) {
    if ((local.s[i] == '"' || local.s[i] == '\\') && !stralloc_cats(out, "\\")) return -1;
    if (!stralloc_append(out, local.s + i)) return -1;
  }
  return stralloc_cats(out, "\"") ? 0 : -1;
}

int address_cat(stralloc *out, struct text address) {
  struct text local, domain;
  bool at = address_split(address, &local, &domain);
  if (address.len == 0) return 0;
  if ((is_dot_string(local) ? text_cat(out, local) : cat_quoted(out, local)) == -1) return -1;
  if (!at) return 0;
  return stralloc_cats(out, "@") && text_cat(out, domain) == 0 ? 0 : -1;
}

struct scanner {
  const char *p, *end;
};

static bool at_char(const struct scanner *s, char c) { return s->p < s->end && *s->p == c; }

static bool is_qtext(char c) { return (unsigned char)c >= 32 && c != 127; }

/* quoted-pairSMTP: ASCII only */
static bool scan_pair(struct scanner *s) {
  return ++s->p < s->end && (unsigned char)*s->p < 127;
}

static bool scan_quoted(struct scanner *s, stralloc *out) {
  for (s->p++; s->p < s->end && *s->p != '"'; s->p++) {
    if (*s->p == '\\' && !scan_pair(s)) return false;
    if (!is_qtext(*s->p) || !stralloc_append(out, s->p)) return false;
  }
  if (!at_char(s, '"')) return false;
  s->p++;
  return true;
}

static bool scan_dot_string(struct scanner *s, stralloc *out) {
  const char *start = s->p;
  while (s->p < s->end && (is_atext(*s->p) || *s->p == '.')) s->p++;
  struct text t = {start, (size_t)(s->p - start)};
  return is_dot_string(t) && text_cat(out, t) == 0;
}

static bool is_domain_char(char c) {
  unsigned char u = (unsigned char)c;
  return u > 127 || (u >= '0' && u <= '9') || (u >= 'A' && u <= 'Z') || (u >= 'a' && u <= 'z') ||
         u == '-' || u == '_' || u == '.';
}

static bool is_literal_char(char c) { return is_domain_char(c) || c == ':'; }

static bool scan_domain(struct scanner *s, stralloc *out) {
  const char *start = s->p;
  bool literal = at_char(s, '[');
  if (literal) s->p++;
  const char *inside = s->p;
  while (s->p < s->end && (literal ? is_literal_char(*s->p) : is_domain_char(*s->p))) s->p++;
  struct text name = {inside, (size_t)(s->p - inside)};
  if (name.len == 0 || (!literal && !is_dot_string(name))) return false;
  if (literal && !at_char(s, ']')) return false;
  if (literal) s->p++;
  struct text whole = {start, (size_t)(s->p - start)};
  return (!literal || address_is_literal(whole)) && text_cat(out, whole) == 0;
}

/* "@one,@two:" before a mailbox */
static bool skip_source_route(struct scanner *s, stralloc *out) {
  if (!at_char(s, '@')) return true;
  for (char before = '@'; at_char(s, before); before = ',') {
    if (before == ',' && (++s->p, !at_char(s, '@'))) return false;
    s->p++;
    if (!scan_domain(s, out)) return false;
  }
  stralloc_zero(out);
  if (!at_char(s, ':')) return false;
  s->p++;
  return true;
}

static bool scan_mailbox(struct scanner *s, stralloc *out) {
  if (!(at_char(s, '"') ? scan_quoted(s, out) : scan_dot_string(s, out))) return false;
  /* "user@host" alone, in quotes, must not become user@host when they go, nor
   * "" the null reverse-path */
  if (!at_char(s, '@')) return out->len && !memchr(out->s, '@', out->len);
  s->p++;
  return stralloc_cats(out, "@") && scan_domain(s, out);
}

enum address_status address_parse_path(struct text *path, stralloc *out) {
  struct scanner s = {path->s, path->s + path->len};
  stralloc_zero(out);
  if (!stralloc_ready(out, path->len + 1)) return ADDRESS_NO_MEMORY; /* the rest cannot fail */
  if (!at_char(&s, '<')) return ADDRESS_SYNTAX;
  s.p++;
  if (!at_char(&s, '>') && (!skip_source_route(&s, out) || !scan_mailbox(&s, out)))
    return ADDRESS_SYNTAX;
  if (!at_char(&s, '>')) return ADDRESS_SYNTAX;
  s.p++;
  if (out->len > ENVELOPE_ADDRESS_MAX) return ADDRESS_TOO_LONG;
  *path = (struct text){s.p, (size_t)(s.end - s.p)};
  return ADDRESS_OK;
}
