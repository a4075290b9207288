#include "config.h"
#include "lib/idn.h"
#include <idn2.h>
#include <stdint.h>
#include <string.h>
#include "lib/address.h"

/* What makes a name longer than the DNS has room for fails there, but not here. */
enum { DOMAIN_MAX = 1024 };

static bool may_be_coded(struct text domain) {
  static const char prefix[] = "xn--";
  for (size_t i = 0; i + sizeof prefix - 1 <= domain.len; i++)
    if (text_equal_nocase((struct text){domain.s + i, sizeof prefix - 1}, text_of(prefix))) return true;
  return false;
}

typedef int convert_fn(const char *from, char **to);

static int encode(const char *from, char **to) {
  return idn2_to_ascii_8z(from, to, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
}

static int decode(const char *from, char **to) { return idn2_to_unicode_8z8z(from, to, 0); }

static int convert(stralloc *out, struct text domain, convert_fn *f) {
  char from[DOMAIN_MAX + 1], *to = NULL;
  if (domain.len > DOMAIN_MAX || memchr(domain.s, 0, domain.len)) return -1;
  memcpy(from, domain.s, domain.len);
  from[domain.len] = 0;
  if (f(from, &to) != IDN2_OK) return -1;
  int r = stralloc_copys(out, to) ? 0 : -1;
  idn2_free(to);
  return r;
}

int idn_to_ascii(stralloc *out, struct text domain) {
  if (text_is_ascii(domain)) return stralloc_copyb(out, domain.s, domain.len) ? 0 : -1;
  return convert(out, domain, encode);
}

int idn_to_unicode(stralloc *out, struct text domain) {
  if (!may_be_coded(domain)) return stralloc_copyb(out, domain.s, domain.len) ? 0 : -1;
  return convert(out, domain, decode);
}

/* ---- lists */

typedef const struct list_line *find_fn(const struct list *l, struct text domain);

/* How much of a domain a line names: its labels are as many in all forms.  The
 * domain itself is more than any suffix, and the line for every domain the last resort. */
static size_t reach_of(const struct list_line *line) {
  size_t labels = 0;
  if (!line) return 0;
  if (line->key.len && line->key.s[0] != '.') return SIZE_MAX;
  for (size_t i = 0; i < line->key.len; i++) labels += line->key.s[i] == '.';
  return 1 + labels;
}

static const struct list_line *better(const struct list_line *a, const struct list_line *b) {
  return reach_of(b) > reach_of(a) ? b : a;
}

static const struct list_line *find(const struct list *l, struct text domain, find_fn *f) {
  const struct list_line *line = f(l, domain);
  stralloc ascii = {0}, unicode = {0};
  if (reach_of(line) == SIZE_MAX || l->count == 0) return line;
  if (text_is_ascii(domain) && !may_be_coded(domain)) return line;
  if (idn_to_ascii(&ascii, domain) == 0) {
    line = better(line, f(l, text_of_stralloc(&ascii)));
    if (idn_to_unicode(&unicode, text_of_stralloc(&ascii)) == 0)
      line = better(line, f(l, text_of_stralloc(&unicode)));
  }
  stralloc_free(&ascii);
  stralloc_free(&unicode);
  return line;
}

const struct list_line *idn_find_domain(const struct list *l, struct text domain) {
  return find(l, domain, list_find_domain);
}

const struct list_line *idn_find(const struct list *l, struct text domain) {
  return find(l, domain, list_find);
}

/* ---- addresses */

static bool add_form(struct idn_forms *f, struct text before_domain, struct text domain) {
  stralloc *a = &f->address[f->count];
  if (!stralloc_copyb(a, before_domain.s, before_domain.len) || !stralloc_catb(a, domain.s, domain.len)) return false;
  for (size_t i = 0; i < f->count; i++)
    if (text_equal_nocase(text_of_stralloc(&f->address[i]), text_of_stralloc(a))) return true;
  f->count++;
  return true;
}

static bool add_domains(struct idn_forms *f, struct text before, struct text domain) {
  stralloc ascii = {0}, unicode = {0};
  bool added = true;
  if (idn_to_ascii(&ascii, domain) == 0) {
    added = add_form(f, before, text_of_stralloc(&ascii));
    if (added && idn_to_unicode(&unicode, text_of_stralloc(&ascii)) == 0)
      added = add_form(f, before, text_of_stralloc(&unicode));
  }
  stralloc_free(&ascii);
  stralloc_free(&unicode);
  return added;
}

size_t idn_forms(struct idn_forms *f, struct text address) {
  struct text local, domain;
  *f = (struct idn_forms){.count = 0};
  if (!add_form(f, address, text_of(""))) return 0;
  if (!address_split(address, &local, &domain) || (text_is_ascii(domain) && !may_be_coded(domain))) return f->count;
  struct text before = {address.s, (size_t)(domain.s - address.s)};
  return add_domains(f, before, domain) ? f->count : 0;
}

void idn_forms_free(struct idn_forms *f) {
  for (size_t i = 0; i < IDN_FORMS; i++) stralloc_free(&f->address[i]);
}
