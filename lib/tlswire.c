#include "config.h"
#include "lib/tlswire.h"
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "lib/bigendian.h"

enum field_type { NUMBER, STRING, LIST };

struct field {
  const char *name;
  enum field_type type;
  size_t offset, size; /* of a string, or of each of a list */
  size_t count_at, count_max;
};

#define FIELD_NUMBER(TYPE, MEMBER) {#MEMBER, NUMBER, offsetof(TYPE, MEMBER), 0, 0, 0}
#define FIELD_STRING(TYPE, MEMBER) \
  {#MEMBER, STRING, offsetof(TYPE, MEMBER), sizeof ((TYPE *)0)->MEMBER, 0, 0}
#define FIELD_LIST(TYPE, MEMBER)                                                   \
  {#MEMBER, LIST, offsetof(TYPE, MEMBER), sizeof ((TYPE *)0)->MEMBER[0],           \
   offsetof(TYPE, MEMBER##_count), sizeof ((TYPE *)0)->MEMBER / sizeof ((TYPE *)0)->MEMBER[0]}

static const struct field request_fields[] = {
  FIELD_NUMBER(struct tls_request, role),
  FIELD_NUMBER(struct tls_request, limit_s),
  FIELD_STRING(struct tls_request, minversion),
  FIELD_STRING(struct tls_request, ciphers),
  FIELD_NUMBER(struct tls_request, peer_asked),
  FIELD_NUMBER(struct tls_request, check),
  FIELD_STRING(struct tls_request, sni),
  FIELD_LIST(struct tls_request, names),
  FIELD_LIST(struct tls_request, fingerprints),
  FIELD_LIST(struct tls_request, tlsa),
  FIELD_STRING(struct tls_request, session),
  {NULL, NUMBER, 0, 0, 0, 0},
};

static const struct field facts_fields[] = {
  FIELD_NUMBER(struct tls_facts, ok),
  FIELD_STRING(struct tls_facts, error),
  FIELD_STRING(struct tls_facts, result),
  FIELD_NUMBER(struct tls_facts, temporary),
  FIELD_STRING(struct tls_facts, version),
  FIELD_STRING(struct tls_facts, cipher),
  FIELD_NUMBER(struct tls_facts, bits),
  FIELD_NUMBER(struct tls_facts, resumed),
  FIELD_STRING(struct tls_facts, sni),
  FIELD_STRING(struct tls_facts, peer),
  FIELD_STRING(struct tls_facts, verified),
  FIELD_STRING(struct tls_facts, fingerprint),
  FIELD_STRING(struct tls_facts, key_fingerprint),
  FIELD_STRING(struct tls_facts, exporter),
  FIELD_STRING(struct tls_facts, endpoint),
  {NULL, NUMBER, 0, 0, 0, 0},
};

/* ---- writing */

struct line {
  char *out;
  size_t room, len;
  bool full;
};

static void put_octet(struct line *l, char octet) {
  if (l->len < l->room) l->out[l->len++] = octet;
  else l->full = true;
}

static void put_plain(struct line *l, const char *s) {
  while (*s) put_octet(l, *s++);
}

static bool is_plain(unsigned char c) {
  return c > ' ' && c <= '~' && c != '%';
}

static void put_value(struct line *l, const char *s) {
  static const char digits[] = "0123456789abcdef";
  for (; *s; s++) {
    unsigned char c = (unsigned char)*s;
    if (is_plain(c)) {
      put_octet(l, *s);
      continue;
    }
    put_octet(l, '%');
    put_octet(l, digits[c >> 4]);
    put_octet(l, digits[c & 15]);
  }
}

static void put_pair(struct line *l, const char *name, const char *value) {
  if (l->len > 4) put_octet(l, ' ');
  put_plain(l, name);
  put_octet(l, '=');
  put_value(l, value);
}

static void put_field(struct line *l, const struct field *f, const char *object, bool always) {
  const char *member = object + f->offset;
  char number[16];
  unsigned n;
  switch (f->type) {
    case NUMBER:
      memcpy(&n, member, sizeof n);
      snprintf(number, sizeof number, "%u", n);
      if (n > 0 || always) put_pair(l, f->name, number);
      break;
    case STRING:
      if (*member) put_pair(l, f->name, member);
      break;
    case LIST:
      memcpy(&n, object + f->count_at, sizeof n);
      for (unsigned i = 0; i < n && i < f->count_max; i++) put_pair(l, f->name, member + i * f->size);
      break;
  }
}

static size_t put(char *out, size_t room, const struct field *fields, const void *object) {
  struct line l = {out, room < TLSWIRE_MAX + 4 ? room : TLSWIRE_MAX + 4, 4, room < 4};
  /* no line is empty */
  for (const struct field *f = fields; f->name && !l.full; f++) put_field(&l, f, object, f == fields);
  if (l.full) return 0;
  put_u32(out, (uint32_t)(l.len - 4));
  return l.len;
}

size_t tlswire_put_request(char *out, size_t room, const struct tls_request *r) {
  return put(out, room, request_fields, r);
}

size_t tlswire_put_facts(char *out, size_t room, const struct tls_facts *f) {
  return put(out, room, facts_fields, f);
}

/* ---- reading */

static int digit_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* A value never brings a control octet: it may end in a log line or a header. */
static bool take_string(char *to, size_t size, const char *s, size_t len) {
  size_t stored = 0;
  for (size_t i = 0; i < len; i++) {
    unsigned char c = (unsigned char)s[i];
    if (c == '%') {
      int high = i + 2 < len ? digit_of(s[i + 1]) : -1;
      int low = i + 2 < len ? digit_of(s[i + 2]) : -1;
      if (high < 0 || low < 0) return false;
      c = (unsigned char)(high << 4 | low);
      i += 2;
    } else if (!is_plain(c))
      return false;
    if (c < ' ' || c == 127 || stored + 1 >= size) return false;
    to[stored++] = (char)c;
  }
  to[stored] = 0;
  return true;
}

static bool take_number(char *member, const char *s, size_t len) {
  unsigned n = 0;
  if (len == 0 || len > 9) return false;
  for (size_t i = 0; i < len; i++) {
    if (s[i] < '0' || s[i] > '9') return false;
    n = n * 10 + (unsigned)(s[i] - '0');
  }
  memcpy(member, &n, sizeof n);
  return true;
}

static bool take_one_more(const struct field *f, char *object, const char *s, size_t len) {
  unsigned n;
  memcpy(&n, object + f->count_at, sizeof n);
  if (n >= f->count_max || !take_string(object + f->offset + n * f->size, f->size, s, len)) return false;
  n++;
  memcpy(object + f->count_at, &n, sizeof n);
  return true;
}

static bool take_value(const struct field *f, char *object, const char *s, size_t len) {
  if (f->type == NUMBER) return take_number(object + f->offset, s, len);
  if (f->type == STRING) return take_string(object + f->offset, f->size, s, len);
  return take_one_more(f, object, s, len);
}

static bool take_pair(const struct field *fields, char *object, const char *s, size_t len) {
  const char *equals = memchr(s, '=', len);
  if (!equals) return false;
  size_t name_len = (size_t)(equals - s);
  for (const struct field *f = fields; f->name; f++)
    if (strlen(f->name) == name_len && memcmp(f->name, s, name_len) == 0)
      return take_value(f, object, equals + 1, len - name_len - 1);
  return false;
}

static bool read_line(const struct field *fields, void *object, const char *line, size_t len) {
  if (len > TLSWIRE_MAX) return false;
  for (;;) {
    const char *space = memchr(line, ' ', len);
    size_t pair = space ? (size_t)(space - line) : len;
    if (!take_pair(fields, object, line, pair)) return false;
    if (!space) return true;
    line += pair + 1;
    len -= pair + 1;
  }
}

/* A list ends where its count says. */
static void clear(const struct field *fields, char *object) {
  for (const struct field *f = fields; f->name; f++) {
    if (f->type == STRING) object[f->offset] = 0;
    else memset(object + (f->type == LIST ? f->count_at : f->offset), 0, sizeof(unsigned));
  }
}

void tlswire_clear_request(struct tls_request *r) { clear(request_fields, (char *)r); }

bool tlswire_read_request(struct tls_request *r, const char *line, size_t len) {
  tlswire_clear_request(r);
  return read_line(request_fields, r, line, len) && r->role >= TLS_SERVER && r->role <= TLS_CLIENT &&
         r->check <= TLS_CHECK_DANE;
}

bool tlswire_read_facts(struct tls_facts *f, const char *line, size_t len) {
  memset(f, 0, sizeof *f);
  return read_line(facts_fields, f, line, len);
}
