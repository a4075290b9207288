#include "config.h"
#include "remote/tlsreport/rua.h"
#include "lib/address.h"

static const char version[] = "v=TLSRPTv1";

static bool is_blank(char c) { return c == ' ' || c == '\t'; }

static struct text trimmed(struct text t) {
  while (t.len && is_blank(t.s[0])) t.s++, t.len--;
  while (t.len && is_blank(t.s[t.len - 1])) t.len--;
  return t;
}

static bool starts(struct text t, const char *word) {
  struct text w = text_of(word);
  return t.len >= w.len && text_equal_nocase((struct text){t.s, w.len}, w);
}

static int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* 0, -1 without memory, 1: malformed. */
static int decode(stralloc *out, struct text uri) {
  for (size_t i = 0; i < uri.len; i++) {
    char c = uri.s[i];
    if (c == '%') {
      int high = i + 2 < uri.len ? digit(uri.s[i + 1]) : -1, low = high == -1 ? -1 : digit(uri.s[i + 2]);
      if (low == -1) return 1;
      c = (char)(high << 4 | low);
      i += 2;
    }
    if (!stralloc_append(out, &c)) return -1;
  }
  return 0;
}

static bool is_domain_octet(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' ||
         (unsigned char)c > 127;
}

static bool is_address(struct text t) {
  struct text local, domain;
  if (t.len > 320 || !address_is_clean(t) || !address_split(t, &local, &domain)) return false;
  for (size_t i = 0; i < domain.len; i++)
    if (!is_domain_octet(domain.s[i])) return false;
  return local.len && domain.len;
}

/* What a mailto: URI says behind '?' is left out. */
static int add_mail(struct rua *r, struct text uri) {
  struct text address = {uri.s + 7, uri.len - 7}, rest = address;
  if (r->count == RUA_MAX) return 0;
  text_cut(&rest, '?', &address);
  stralloc *to = &r->addresses[r->count];
  stralloc_zero(to);
  int d = decode(to, address);
  if (d == -1) return -1;
  if (d == 0 && is_address(text_of_stralloc(to))) r->count++;
  else r->malformed = true;
  return 0;
}

static int add_uri(struct rua *r, struct text uri) {
  if (starts(uri, "mailto:")) return add_mail(r, uri);
  if (uri.len == 0) r->malformed = true;
  r->others++;
  return 0;
}

static int add_field(struct rua *r, struct text field) {
  struct text list = field, uri, name;
  if (!text_cut(&list, '=', &name) || !list.s) return r->malformed = true, 0;
  if (!text_equals(trimmed(name), "rua")) return 0;
  while (text_cut(&list, ',', &uri))
    if (add_uri(r, trimmed(uri)) == -1) return -1;
  return 0;
}

int rua_add_record(struct rua *r, struct text record) {
  struct text field, rest = record;
  if (!text_cut(&rest, ';', &field) || !rest.s || !text_equals(trimmed(field), version)) return 0;
  r->records++;
  while (text_cut(&rest, ';', &field)) {
    field = trimmed(field);
    if (field.len == 0 && !rest.s) break;
    if (add_field(r, field) == -1) return -1;
  }
  return 0;
}

bool rua_counts(const struct rua *r) { return r->records == 1 && !r->malformed && r->count > 0; }

void rua_free(struct rua *r) {
  for (size_t i = 0; i < RUA_MAX; i++) stralloc_free(&r->addresses[i]);
  *r = (struct rua){0};
}
