#include "config.h"
#include "mailbox/uidlines.h"
#include <string.h>
#include "lib/crc32c.h"

enum { CRC_DIGITS = 8, FORMAT = 1, LINE_OCTETS_MAX = 1200, FIELDS_MAX = 6 };

static const char magic[] = "owlpost-uids";
static const char digits[] = "0123456789abcdef";

/* ---- writing */

static int cat_number(stralloc *out, uint64_t n) {
  return stralloc_cats(out, " ") ? text_cat_uint(out, n) : -1;
}

static int cat_size(stralloc *out, uint64_t n) {
  if (n == SIZE_UNKNOWN) return stralloc_cats(out, " -") ? 0 : -1;
  return cat_number(out, n);
}

static bool is_plain(unsigned char c) { return c > ' ' && c <= '~' && c != '%'; }

static int cat_escaped(stralloc *out, struct text t) {
  if (!stralloc_cats(out, " ")) return -1;
  for (size_t i = 0; i < t.len; i++) {
    unsigned char c = (unsigned char)t.s[i];
    const char escape[3] = {'%', digits[c >> 4], digits[c & 15]};
    if (is_plain(c) ? !stralloc_catb(out, t.s + i, 1) : !stralloc_catb(out, escape, 3)) return -1;
  }
  return 0;
}

/* from: where the line begins. */
static int end_line(stralloc *out, size_t from) {
  uint32_t crc = crc32c(0, out->s + from, out->len - from);
  char end[CRC_DIGITS + 2] = " ";
  for (int i = 0; i < CRC_DIGITS; i++) end[1 + i] = digits[crc >> (28 - 4 * i) & 15];
  end[CRC_DIGITS + 1] = '\n';
  return stralloc_catb(out, end, sizeof end) ? 0 : -1;
}

int uidlines_put_first(stralloc *out, uint32_t validity, uint64_t next) {
  size_t from = out->len;
  if (!stralloc_cats(out, magic) || cat_number(out, FORMAT) == -1 || cat_number(out, validity) == -1 ||
      cat_number(out, next) == -1)
    return -1;
  return end_line(out, from);
}

int uidlines_put_message(stralloc *out, const struct roster *r, size_t number) {
  const struct roster_entry *e = &r->entries[number];
  struct text uidl = roster_uidl(r, number);
  size_t from = out->len;
  if (!stralloc_cats(out, "+") || cat_number(out, e->uid) == -1 || cat_size(out, e->size) == -1 ||
      cat_size(out, e->wire_size) == -1 || cat_escaped(out, roster_base(r, number)) == -1 ||
      cat_escaped(out, uidl.len ? uidl : text_of("-")) == -1)
    return -1;
  return end_line(out, from);
}

static int put_number(stralloc *out, const char *what, uint64_t n) {
  size_t from = out->len;
  if (!stralloc_cats(out, what) || cat_number(out, n) == -1) return -1;
  return end_line(out, from);
}

int uidlines_put_gone(stralloc *out, uint32_t uid) { return put_number(out, "-", uid); }

int uidlines_put_mark(stralloc *out, uint64_t next) { return put_number(out, "=", next); }

/* ---- reading */

static int digit_of(char c) {
  const char *at = c ? strchr(digits, c) : NULL;
  return at ? (int)(at - digits) : -1;
}

/* Takes the checksum off the line. */
static bool checks(struct text *line) {
  uint32_t crc = 0;
  if (line->len < CRC_DIGITS + 1 || line->len > LINE_OCTETS_MAX) return false;
  const char *at = line->s + line->len - CRC_DIGITS;
  for (int i = 0; i < CRC_DIGITS; i++) {
    int digit = digit_of(at[i]);
    if (digit == -1) return false;
    crc = crc << 4 | (uint32_t)digit;
  }
  line->len -= CRC_DIGITS + 1;
  return at[-1] == ' ' && crc32c(0, line->s, line->len) == crc;
}

static size_t split(struct text line, struct text fields[FIELDS_MAX + 1]) {
  size_t n = 0;
  while (n <= FIELDS_MAX && text_cut(&line, ' ', &fields[n])) n++;
  return n;
}

static bool take_size(struct text t, uint64_t *size) {
  *size = SIZE_UNKNOWN;
  return text_equals(t, "-") || (text_uint(t, size) == 0 && *size <= INT64_MAX);
}

/* At most max octets, at least one. */
static bool unescape(struct text t, char *to, size_t max, struct text *out) {
  size_t len = 0;
  for (size_t i = 0; i < t.len; i++) {
    int c = (unsigned char)t.s[i];
    if (len == max) return false;
    if (c == '%') {
      int high = i + 2 < t.len ? digit_of(t.s[i + 1]) : -1, low = i + 2 < t.len ? digit_of(t.s[i + 2]) : -1;
      if (high == -1 || low == -1) return false;
      c = high << 4 | low;
      i += 2;
    }
    to[len++] = (char)c;
  }
  *out = (struct text){to, len};
  return len > 0;
}

/* What could be a file's name and begins none that is hidden. */
static bool is_base(struct text t) {
  return t.s[0] != '.' && !memchr(t.s, '/', t.len) && !memchr(t.s, ':', t.len) && !memchr(t.s, 0, t.len);
}

enum taken { TAKEN, WRONG, NO_MEMORY };

static enum taken take_first(struct uidlines *u, const struct text *field, size_t count) {
  uint64_t version, validity, next;
  if (u->validity || count < 2 || text_uint(field[1], &version) == -1) return WRONG;
  u->is_newer = version > FORMAT;
  if (version != FORMAT || count != 4 ||
      text_uint(field[2], &validity) == -1 || validity == 0 || validity > UINT32_MAX ||
      text_uint(field[3], &next) == -1 || next == 0 || next > (uint64_t)UINT32_MAX + 1)
    return WRONG;
  u->validity = (uint32_t)validity;
  u->next = next;
  u->unmarked = true;
  return TAKEN;
}

static enum taken take_message(struct uidlines *u, const struct text *field, size_t count) {
  uint64_t uid, size, wire_size;
  char base_octets[ROSTER_BASE_MAX], uidl_octets[ROSTER_UIDL_MAX];
  struct text base, uidl;
  if (count != 6 || text_uint(field[1], &uid) == -1 || uid == 0 || uid > UINT32_MAX ||
      !take_size(field[2], &size) || !take_size(field[3], &wire_size) ||
      !unescape(field[4], base_octets, ROSTER_BASE_MAX, &base) || !is_base(base) ||
      !unescape(field[5], uidl_octets, ROSTER_UIDL_MAX, &uidl))
    return WRONG;
  size_t number = roster_find(&u->roster, base);
  if (number != ROSTER_NONE && uid > roster_last_uid(&u->roster)) { /* another one, where the line that says so is lost */
    u->roster.entries[number].gone = true;
    number = ROSTER_NONE;
  }
  if (number == ROSTER_NONE) {
    if (uid <= roster_last_uid(&u->roster)) return WRONG;
    number = roster_add(&u->roster, (uint32_t)uid, base, text_equals(uidl, "-") ? text_of("") : uidl);
    if (number == ROSTER_NONE) return NO_MEMORY;
    u->unmarked = true;
  } else if (u->roster.entries[number].uid != uid)
    return WRONG;
  else
    u->superfluous++;
  u->roster.entries[number].size = size;
  u->roster.entries[number].wire_size = wire_size;
  if (uid >= u->next) u->next = uid + 1;
  return TAKEN;
}

static enum taken take_gone(struct uidlines *u, const struct text *field, size_t count) {
  uint64_t uid;
  if (count != 2 || text_uint(field[1], &uid) == -1) return WRONG;
  size_t number = roster_find_uid(&u->roster, uid);
  if (number == ROSTER_NONE) return WRONG;
  u->roster.entries[number].gone = true;
  u->superfluous += 2;
  return TAKEN;
}

static enum taken take_mark(struct uidlines *u, const struct text *field, size_t count) {
  uint64_t next;
  if (count != 2 || text_uint(field[1], &next) == -1 || next > (uint64_t)UINT32_MAX + 1) return WRONG;
  if (next > u->next) u->next = next;
  u->unmarked = false;
  u->superfluous++;
  return TAKEN;
}

static enum taken take_line(struct uidlines *u, struct text line) {
  struct text field[FIELDS_MAX + 1];
  if (!checks(&line)) return WRONG;
  size_t count = split(line, field);
  if (text_equals(field[0], magic)) return take_first(u, field, count);
  if (!u->validity) return WRONG;
  if (text_equals(field[0], "+")) return take_message(u, field, count);
  if (text_equals(field[0], "-")) return take_gone(u, field, count);
  if (text_equals(field[0], "=")) return take_mark(u, field, count);
  return WRONG;
}

int uidlines_read(struct uidlines *u, struct text t) {
  const char *lf;
  while (t.len && (lf = memchr(t.s, '\n', t.len))) {
    struct text line = {t.s, (size_t)(lf - t.s)};
    switch (take_line(u, line)) {
      case TAKEN: break;
      case WRONG: u->wrong++; break;
      case NO_MEMORY: return -1;
    }
    u->read += line.len + 1;
    t = (struct text){lf + 1, t.len - line.len - 1};
  }
  return 0;
}

void uidlines_free(struct uidlines *u) {
  roster_free(&u->roster);
  *u = (struct uidlines){0};
}
