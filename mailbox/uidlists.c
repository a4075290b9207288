/* The files in which other servers keep UIDs (mailbox/takeover.h). */
#include "config.h"
#include <stdio.h>
#include "mailbox/takeover.h"
#include "mailbox/uidlformat.h"

void takeover_free(struct takeover *t) {
  roster_free(&t->known);
  roster_free(&t->uidls);
  *t = (struct takeover){0};
}

static bool take_uint32(struct text t, uint32_t *to) {
  uint64_t n;
  if (text_uint(t, &n) == -1 || n > UINT32_MAX) return false;
  *to = (uint32_t)n;
  return true;
}

static struct text base_of(struct text name) {
  struct filename f;
  filename_read(&f, name);
  return f.base;
}

struct text takeover_uidl(const struct takeover *t, struct text base) {
  size_t n = roster_find(&t->uidls, base);
  return n == ROSTER_NONE ? TEXT_ABSENT : roster_uidl(&t->uidls, n);
}

/* A number that does not rise or a base that comes twice is passed over.  0, or
 * -1 without memory. */
static int add(struct roster *r, uint32_t uid, struct text name, struct text uidl) {
  struct text base = base_of(name);
  if (uid <= roster_last_uid(r) || base.len == 0 || base.len > ROSTER_BASE_MAX || uidl.len > ROSTER_UIDL_MAX ||
      roster_find(r, base) != ROSTER_NONE)
    return 0;
  return roster_add(r, uid, base, uidl) == ROSTER_NONE ? -1 : 0;
}

static int add_uidl(struct takeover *t, struct text name, struct text uidl) {
  return add(&t->uidls, roster_last_uid(&t->uidls) + 1, name, uidl);
}

/* ---- Dovecot */

/* "VERSION VALIDITY NEXT" or "3 VVALIDITY NNEXT GGUID". */
static bool take_dovecot_head(struct takeover *t, struct text line, bool *is_old) {
  struct text field;
  *is_old = false;
  if (!text_cut(&line, ' ', &field)) return false;
  if (text_equals(field, "1")) {
    *is_old = true;
    return text_cut(&line, ' ', &field) && take_uint32(field, &t->validity) && text_cut(&line, ' ', &field) &&
           take_uint32(field, &t->next);
  }
  if (!text_equals(field, "3")) return false;
  while (text_cut(&line, ' ', &field)) {
    struct text value = {field.s + 1, field.len - 1};
    if (field.len < 2) continue;
    if (field.s[0] == 'V' && !take_uint32(value, &t->validity)) return false;
    if (field.s[0] == 'N' && !take_uint32(value, &t->next)) return false;
  }
  return t->validity > 0;
}

static int add_formatted(struct takeover *t, struct text name, uint32_t uid) {
  const struct uidlformat_facts facts = {uid, t->validity, base_of(name)};
  stralloc uidl = {0};
  int r = uidlformat_put(&uidl, t->format.s ? t->format : text_of(UIDLFORMAT_USUAL), &facts);
  if (r == 0) r = add_uidl(t, name, text_of_stralloc(&uidl));
  stralloc_free(&uidl);
  return r;
}

/* "UID NAME", or "UID [XVALUE]... :NAME", where P is the UIDL; an empty one stands for
 * the base name. */
static int take_dovecot_line(struct takeover *t, struct text line, bool is_old) {
  struct text field, uidl = TEXT_ABSENT;
  uint32_t uid;
  if (!text_cut(&line, ' ', &field) || !take_uint32(field, &uid)) return 0;
  while (!is_old && line.len && line.s[0] != ':') {
    if (!text_cut(&line, ' ', &field)) return 0;
    if (field.len && field.s[0] == 'P') uidl = (struct text){field.s + 1, field.len - 1};
  }
  if (line.len < 2) return 0;
  struct text name = is_old ? line : (struct text){line.s + 1, line.len - 1};
  if (add(&t->known, uid, name, TEXT_ABSENT) == -1) return -1;
  return uidl.s ? add_uidl(t, name, uidl) : add_formatted(t, name, uid);
}

int takeover_dovecot(struct takeover *t, struct text octets) {
  struct text line;
  bool is_old;
  if (!text_cut(&octets, '\n', &line) || !take_dovecot_head(t, line, &is_old)) return 0;
  while (text_cut(&octets, '\n', &line))
    if (take_dovecot_line(t, line, is_old) == -1) return -1;
  return 1;
}

/* ---- Courier */

/* "1 VALIDITY NEXT", then "UID NAME". */
int takeover_courier_imap(struct takeover *t, struct text octets) {
  struct text line, field;
  uint32_t uid;
  if (!text_cut(&octets, '\n', &line) || !text_cut(&line, ' ', &field) || !text_equals(field, "1")) return 0;
  if (!text_cut(&line, ' ', &field) || !take_uint32(field, &t->validity) || t->validity == 0) return 0;
  if (!text_cut(&line, ' ', &field) || !take_uint32(field, &t->next)) return 0;
  while (text_cut(&octets, '\n', &line)) {
    if (!text_cut(&line, ' ', &field) || !take_uint32(field, &uid) || !line.len) continue;
    if (add(&t->known, uid, line, TEXT_ABSENT) == -1) return -1;
  }
  return 1;
}

/* "SIZE UID:VALIDITY", and in version 3 ":STATE". */
static bool take_courier_numbers(struct text t, uint32_t *uid, uint32_t *validity) {
  struct text size, field;
  return text_cut(&t, ' ', &size) && text_cut(&t, ':', &field) && take_uint32(field, uid) &&
         text_cut(&t, ':', &field) && take_uint32(field, validity);
}

/* "/VERSION NEXT VALIDITY", then "NAME SIZE UID:VALIDITY...".  UID 0: it is called
 * by its base name. */
int takeover_courier_pop3(struct takeover *t, struct text octets) {
  struct text line, name;
  char uidl[32];
  uint32_t uid, validity;
  if (!text_cut(&octets, '\n', &line) || line.len < 2 || line.s[0] != '/' || line.s[1] < '2' || line.s[1] > '3') return 0;
  while (text_cut(&octets, '\n', &line)) {
    if (!text_cut(&line, ' ', &name) || !take_courier_numbers(line, &uid, &validity) || uid == 0) continue;
    if (validity) snprintf(uidl, sizeof uidl, "UID%u-%u", uid, validity);
    else snprintf(uidl, sizeof uidl, "UID%u", uid);
    if (add_uidl(t, name, text_of(uidl)) == -1) return -1;
  }
  return 1;
}
