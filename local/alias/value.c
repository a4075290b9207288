#include "config.h"
#include "local/alias/value.h"
#include <string.h>
#include "lib/addrlist.h"
#include "lib/address.h"
#include "lib/envelope.h"

static const char no_memory[] = "out of memory";

static int complain(struct aliasfault *f, const char *why, struct text at) {
  *f = (struct aliasfault){why, at};
  return -1;
}

static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

static struct text trim(struct text t) {
  while (t.len && is_blank(t.s[0])) t = (struct text){t.s + 1, t.len - 1};
  while (t.len && is_blank(t.s[t.len - 1])) t.len--;
  return t;
}

static struct text behind(struct text t, size_t len) { return trim((struct text){t.s + len, t.len - len}); }

/* Where the quoted string that starts at t ends: the octets with both quotes;
 * 0 when it does not. */
static size_t quoted_len(struct text t) {
  for (size_t i = 1; i < t.len; i++)
    if (t.s[i] == '"') return i + 1;
    else if (t.s[i] == '\\') i++;
  return 0;
}

static bool is_all_quoted(struct text t) { return t.len > 1 && t.s[0] == '"' && quoted_len(t) == t.len; }

/* What a value is shows in its beginning; -1: not by this. */
static int kind_of(struct text t) {
  static const char include[] = ":include:";
  if (t.len && (t.s[0] == '|' || t.s[0] == '/' || t.s[0] == '\\')) return t.s[0];
  if (t.len < sizeof include - 1) return -1;
  return text_equal_nocase((struct text){t.s, sizeof include - 1}, text_of(include)) ? ALIASVALUE_INCLUDE : -1;
}

/* A comma parts values, but not within quotes, and in an address not within
 * comments or <>.  What is open at the end is found by who looks at the value. */
static size_t value_len(struct text t) {
  bool is_address = kind_of(trim(t)) == -1, route = false;
  size_t comments = 0;
  for (size_t i = 0; i < t.len; i++) {
    char c = t.s[i];
    if (c == '\\') i++;
    else if (c == '"') {
      size_t len = quoted_len((struct text){t.s + i, t.len - i});
      if (len == 0) return t.len;
      i += len - 1;
    } else if (c == ',' && !comments && !route) return i;
    else if (!is_address) continue;
    else if (c == '(') comments++;
    else if (c == ')' && comments) comments--;
    else if (c == '<' || c == '>') route = c == '<';
  }
  return t.len;
}

/* Takes the quotes away.  0, or -1 without memory. */
static int cat_unquoted(stralloc *out, struct text t) {
  for (size_t i = 1; i + 1 < t.len; i++) {
    if (t.s[i] == '\\') i++;
    if (!stralloc_append(out, t.s + i)) return -1;
  }
  return 0;
}

static int put(stralloc *out, enum aliasvalue_kind kind, struct text t, struct aliasfault *f) {
  char first = (char)kind;
  if (stralloc_append(out, &first) && text_cat(out, t) == 0 && stralloc_append(out, "")) return 0;
  return complain(f, no_memory, t);
}

/* Its blanks may be tabs. */
static int put_program(stralloc *out, struct text t, struct aliasfault *f) {
  if (t.len == 0) return complain(f, "a program without a command", t);
  for (size_t i = 0; i < t.len; i++)
    if (t.s[i] != '\t' && !text_is_clean((struct text){t.s + i, 1}))
      return complain(f, "a control octet in a command", t);
  return put(out, ALIASVALUE_PROGRAM, t, f);
}

static int put_path(stralloc *out, enum aliasvalue_kind kind, struct text t, struct aliasfault *f) {
  if (t.len == 0 || t.s[0] != '/') return complain(f, "not an absolute path", t);
  if (t.len > ALIASVALUE_PATH_MAX) return complain(f, "path too long", t);
  if (!text_is_clean(t) || is_blank(t.s[t.len - 1]))
    return complain(f, "a control octet, or a blank at the end, in a path", t);
  return put(out, kind, t, f);
}

static int put_name(stralloc *out, enum aliasvalue_kind kind, struct text t, struct aliasfault *f) {
  if (t.len == 0) return complain(f, "an empty name", t);
  if (memchr(t.s, '@', t.len)) return complain(f, "an @ in a name: quote the part before the @ of an address alone", t);
  if (t.len > ENVELOPE_ADDRESS_MAX) return complain(f, "name too long", t);
  if (!address_is_clean(t)) return complain(f, "a control octet in a name", t);
  if (kind == ALIASVALUE_NAME && kind_of(t) != -1)
    return complain(f, "a name that looks like a program or a file: put quotes around all of it", t);
  return put(out, kind, t, f);
}

static int put_special(stralloc *out, int kind, struct text t, struct aliasfault *f) {
  switch (kind) {
  case ALIASVALUE_PROGRAM: return put_program(out, behind(t, 1), f);
  case ALIASVALUE_FILE: return put_path(out, ALIASVALUE_FILE, t, f);
  case ALIASVALUE_INCLUDE: return put_path(out, ALIASVALUE_INCLUDE, behind(t, sizeof ":include:" - 1), f);
  default: return put_name(out, ALIASVALUE_FINAL, (struct text){t.s + 1, t.len - 1}, f);
  }
}

/* "|x y", |"x y", :include:"/x y": in quotes wholly, or behind their sign.  What
 * stands for the value in *plain may be in *space. */
static int take_quotes(struct text t, stralloc *space, struct text *plain) {
  int kind = kind_of(t);
  size_t sign = kind == ALIASVALUE_INCLUDE ? sizeof ":include:" - 1 : kind == -1 || kind == '/' ? 0 : 1;
  struct text rest = behind(t, sign);
  *plain = t;
  if (!is_all_quoted(rest)) return 0;
  if (!stralloc_copyb(space, t.s, sign) || cat_unquoted(space, rest) == -1) return -1;
  *plain = (struct text){space->s, space->len};
  return 0;
}

/* A colon or semicolon that would make it a group: more likely a line that
 * lacks its beginning. */
static bool has_group(struct text t) {
  for (size_t i = 0; i < t.len; i++) {
    char c = t.s[i];
    if (c == '"') {
      size_t len = quoted_len((struct text){t.s + i, t.len - i});
      i += len ? len - 1 : 0;
    } else if (c == '\\') i++;
    else if (c == '[' || c == '(' || c == '<') return false; /* left to the grammar of addresses */
    else if (c == ':' || c == ';') return true;
  }
  return false;
}

static int check_mailbox(const struct addrlist *l, struct text t, struct aliasfault *f) {
  if (l->count == 0) return complain(f, "no address", t);
  if (l->count > 1) return complain(f, "a comma is missing between two addresses", t);
  if (l->mailboxes[0].null) return complain(f, "the empty address", t);
  return 0;
}

static int put_full(stralloc *out, const struct addrlist_mailbox *m, struct text t, struct aliasfault *f) {
  stralloc full = {0};
  int r = -1;
  if (text_cat(&full, m->local) == -1 || !stralloc_cats(&full, "@") || text_cat(&full, m->domain) == -1)
    complain(f, no_memory, t);
  else if (full.len > ENVELOPE_ADDRESS_MAX)
    complain(f, "address too long", t);
  else if (!address_is_clean(text_of_stralloc(&full)))
    complain(f, "a control octet in an address", t);
  else
    r = put(out, ALIASVALUE_ADDRESS, text_of_stralloc(&full), f);
  stralloc_free(&full);
  return r;
}

static int put_address(stralloc *out, struct text t, struct aliasfault *f) {
  struct addrlist l = {0};
  if (has_group(t)) return complain(f, "a colon or semicolon in a value", t);
  enum addrlist_status s = addrlist_parse(&l, t);
  if (s == ADDRLIST_NO_MEMORY) return complain(f, no_memory, t);
  if (s != ADDRLIST_OK) return complain(f, "not an address", t);
  int r = check_mailbox(&l, t, f);
  if (r == 0) {
    const struct addrlist_mailbox *m = &l.mailboxes[0];
    r = m->domain.s ? put_full(out, m, t, f) : put_name(out, ALIASVALUE_NAME, m->local, f);
  }
  addrlist_free(&l);
  return r;
}

static int take_value(stralloc *out, struct text t, struct aliasfault *f) {
  stralloc space = {0};
  struct text plain;
  int r = take_quotes(t, &space, &plain);
  if (r == -1) complain(f, no_memory, t);
  else if (memchr(plain.s, 0, plain.len)) r = complain(f, "a NUL octet", t);
  else if (kind_of(plain) != -1) r = put_special(out, kind_of(plain), plain, f);
  else if (plain.s == t.s) r = put_address(out, t, f);
  else r = put_name(out, ALIASVALUE_NAME, plain, f);
  if (r == -1) f->at = t; /* not in what is freed */
  stralloc_free(&space);
  return r;
}

int aliasvalue_parse(stralloc *out, struct text source, struct aliasfault *fault) {
  size_t before = out->len;
  struct text rest = source;
  while (rest.len) {
    size_t len = value_len(rest);
    struct text value = trim((struct text){rest.s, len});
    if (value.len && take_value(out, value, fault) == -1) {
      out->len = before;
      return -1;
    }
    len += len < rest.len; /* the comma */
    rest = (struct text){rest.s + len, rest.len - len};
  }
  return 0;
}

size_t aliasvalue_name_len(struct text line) {
  for (size_t i = 0; i < line.len; i++) {
    if (line.s[i] == ':') return i;
    if (line.s[i] == '\\') i++;
    else if (line.s[i] == '"') {
      size_t len = quoted_len((struct text){line.s + i, line.len - i});
      i += len ? len - 1 : 0;
    }
  }
  return line.len;
}

int aliasvalue_parse_name(stralloc *out, struct text source, struct aliasfault *fault) {
  stralloc value = {0};
  struct aliasvalue v;
  struct text name = trim(source);
  int r = name.len ? take_value(&value, name, fault) : complain(fault, "no name before the colon", name);
  struct text rest = text_of_stralloc(&value);
  if (r == 0 && (aliasvalue_next(&rest, &v) != 1 || v.kind != ALIASVALUE_NAME))
    r = complain(fault, "only a name without domain can be an alias", name);
  if (r == 0 && text_cat(out, v.text) == -1) r = complain(fault, no_memory, name);
  stralloc_free(&value);
  return r;
}

static bool is_kind(char c) { return c && strchr("&=\\|/:", c); }

int aliasvalue_next(struct text *rest, struct aliasvalue *value) {
  if (rest->len == 0) return 0;
  const char *end = memchr(rest->s, 0, rest->len);
  if (!end || !is_kind(rest->s[0])) return -1;
  size_t len = (size_t)(end - rest->s);
  *value = (struct aliasvalue){(enum aliasvalue_kind)rest->s[0], {rest->s + 1, len - 1}};
  *rest = (struct text){end + 1, rest->len - len - 1};
  return 1;
}

void aliasvalue_lower(char *s, size_t len) {
  for (size_t i = 0; i < len; i++)
    if (s[i] >= 'A' && s[i] <= 'Z') s[i] = (char)(s[i] - 'A' + 'a');
}
