#include "config.h"
#include "remote/tlspolicy.h"
#include <string.h>
#include "lib/idn.h"

enum { HEX_OF_SHA256 = 64 };

/* ---- options */

/* The next word of a line; false: there is none. */
static bool next_word(struct text *rest, struct text *word) {
  while (text_cut(rest, ' ', word))
    if (word->len) return true;
  return false;
}

static bool fits(struct text t, size_t size) { return t.len && t.len < size && text_is_clean(t); }

/* A list of at most that many, none of which is empty. */
static bool is_list(struct text list, unsigned max, size_t size) {
  struct text item;
  unsigned count = 0;
  while (text_cut(&list, ',', &item))
    if (!fits(item, size) || ++count > max) return false;
  return count > 0;
}

static bool is_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

static bool are_fingerprints(struct text list) {
  struct text item;
  if (!is_list(list, TLSWIRE_FINGERPRINTS, HEX_OF_SHA256 + 1)) return false;
  while (text_cut(&list, ',', &item)) {
    if (item.len != HEX_OF_SHA256) return false;
    for (size_t i = 0; i < item.len; i++)
      if (!is_hex(item.s[i])) return false;
  }
  return true;
}

static const char *take_value(struct tlspolicy *p, struct text name, struct text value) {
  if (text_equals(name, "names")) {
    p->names = value;
    return is_list(value, TLSWIRE_NAMES, TLSWIRE_NAME_MAX + 1) ? NULL : "names= has no list of up to 8 names";
  }
  if (text_equals(name, "fingerprints")) {
    p->fingerprints = value;
    return are_fingerprints(value) ? NULL : "fingerprints= has no list of up to 16 SHA-256 in hexadecimal";
  }
  if (text_equals(name, "minversion")) {
    p->minversion = value;
    return text_equals(value, "1.2") || text_equals(value, "1.3") ? NULL : "minversion= is neither 1.2 nor 1.3";
  }
  if (!text_equals(name, "ciphers")) return "an option is not known";
  p->ciphers = value;
  return fits(value, sizeof((struct tls_request *)0)->ciphers) ? NULL : "ciphers= is empty or too long";
}

static const char *take_option(struct tlspolicy *p, struct text word) {
  struct text name, value = word;
  (void)text_cut(&value, '=', &name);
  if (value.s) return take_value(p, name, value);
  bool *flag = text_equals(name, "implicit") ? &p->is_implicit
               : text_equals(name, "nodane") ? &p->no_dane
               : text_equals(name, "nosts")  ? &p->no_sts
                                             : NULL;
  if (!flag) return "an option is not known";
  *flag = true;
  return NULL;
}

/* What fits no level would be taken for protection that is not there. */
static const char *check(const struct tlspolicy *p) {
  if ((p->level == LEVEL_FINGERPRINT) != (p->fingerprints.s != NULL))
    return "fingerprint and fingerprints= belong together";
  if (p->names.s && p->level != LEVEL_VERIFY) return "names= belongs to verify";
  if (p->level == LEVEL_DANE && p->no_dane) return "dane and nodane exclude each other";
  if (p->level == LEVEL_STS && p->no_sts) return "sts and nosts exclude each other";
  if (p->level == LEVEL_NONE && p->is_implicit) return "none and implicit exclude each other";
  return NULL;
}

const char *tlspolicy_parse(struct tlspolicy *p, struct text value) {
  struct text word;
  *p = (struct tlspolicy){.is_ours = true};
  if (!next_word(&value, &word) || (p->level = tls_level_find(word)) == TLS_LEVELS)
    return "the level is not none, may, encrypt, verify, fingerprint, dane or sts";
  while (next_word(&value, &word)) {
    const char *wrong = take_option(p, word);
    if (wrong) return wrong;
  }
  return check(p);
}

/* ---- the file */

static bool ends_with_dot(struct text name) { return name.len > 1 && name.s[name.len - 1] == '.'; }

int tlspolicy_load(struct list *l, struct control *c) {
  struct tlspolicy p;
  if (control_list(c, CONTROL_TLSPOLICY, l) == -1) return -1;
  struct text at = l->passed_over;
  const char *wrong = at.s ? "it has no colon" : NULL;
  for (size_t i = 0; i < l->count && !wrong; i++) {
    at = l->lines[i].key;
    wrong = ends_with_dot(at) ? "the destination ends with a dot" : tlspolicy_parse(&p, l->lines[i].value);
  }
  if (!wrong) return 0;
  (void)control_fail_line(c, CONTROL_TLSPOLICY, at, wrong);
  list_free(l);
  return -1;
}

struct tlspolicy tlspolicy_find(const struct list *l, struct text destination) {
  if (ends_with_dot(destination)) destination.len--; /* a relay may be written so */
  const struct list_line *line = idn_find_domain(l, destination);
  struct tlspolicy p = {.level = LEVEL_MAY};
  if (line) (void)tlspolicy_parse(&p, line->value); /* tlspolicy_load() has */
  return p;
}

/* ---- a request */

static void put(char *to, struct text t) {
  memcpy(to, t.s, t.len);
  to[t.len] = 0;
}

static void put_lower(char *to, struct text t) {
  put(to, t);
  for (; *to; to++)
    if (*to >= 'A' && *to <= 'F') *to = (char)(*to - 'A' + 'a');
}

bool tlspolicy_put(struct tls_request *r, const struct tlspolicy *p) {
  struct text names = p->names, fingerprints = p->fingerprints, item;
  if (p->minversion.s) put(r->minversion, p->minversion);
  if (p->ciphers.s) put(r->ciphers, p->ciphers);
  while (text_cut(&names, ',', &item)) {
    if (r->names_count == TLSWIRE_NAMES) return false;
    put(r->names[r->names_count++], item);
  }
  while (text_cut(&fingerprints, ',', &item)) put_lower(r->fingerprints[r->fingerprints_count++], item);
  return true;
}
