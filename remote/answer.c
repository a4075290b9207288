#include "config.h"
#include "remote/answer.h"
#include <string.h>
#include "lib/bigendian.h"

enum {
  HEADER_OCTETS = 12,
  FLAGS_AT = 2,
  QUESTIONS_AT = 4,
  ANSWERS_AT = 6,
  QUESTION_OCTETS = 4, /* type and class, behind the name */
  RECORD_OCTETS = 10,  /* type, class, time to live, length of the data */
  CLASS_IN = 1,
  LABEL_MAX = 63,
  POINTER = 0xc0,
  POINTER_TARGET = 0x3fff,
  POINTERS_MAX = 127
};

enum {
  FLAG_RESPONSE = 0x8000,
  FLAG_OPCODE = 0x7800,
  FLAG_AUTHORITATIVE = 0x0400,
  FLAG_CUT_OFF = 0x0200,
  FLAG_RECURSES = 0x0080,
  FLAG_AUTHENTICATED = 0x0020,
  RCODE = 15
};
enum { RCODE_NONE = 0, RCODE_NO_NAME = 3 };

struct record {
  struct name_text owner;
  bool is_usable; /* so is its owner's name */
  unsigned type, class;
  size_t data, len;
};

/* ---- names */

static bool is_host_octet(char c) { return c > ' ' && c < 127 && c != '.' && c != '\\'; }

/* One of odd octets is no error: the name is not usable. */
static void add_label(struct name_text *to, bool *usable, struct text label) {
  for (size_t i = 0; i < label.len; i++)
    if (!is_host_octet(label.s[i])) *usable = false;
  if (to->len) to->s[to->len++] = '.';
  memcpy(to->s + to->len, label.s, label.len);
  to->len += label.len;
}

/* The labels from *at to the root or a pointer, which *at is left at. */
static bool read_labels(struct text packet, size_t *at, struct name_text *to, bool *usable) {
  while (*at < packet.len) {
    size_t len = (unsigned char)packet.s[*at];
    if (len == 0 || len >= POINTER) return true;
    if (len > LABEL_MAX || packet.len - *at <= len) return false;
    if (to->len + (to->len > 0) + len > NAME_TEXT_MAX) return false;
    add_label(to, usable, (struct text){packet.s + *at + 1, len});
    *at += 1 + len;
  }
  return false;
}

/* From *at on, which then is behind it.  A pointer leads to what stands before
 * the labels that it ends, and there are never more of them than labels. */
static bool read_name(struct text packet, size_t *at, struct name_text *to, bool *usable) {
  size_t here = *at, begin = *at;
  *usable = true;
  to->len = 0;
  for (int pointers = 0; pointers <= POINTERS_MAX; pointers++) {
    if (!read_labels(packet, &here, to, usable)) return false;
    bool is_root = packet.s[here] == 0;
    if (!is_root && packet.len - here < 2) return false;
    if (!pointers) *at = here + (is_root ? 1 : 2);
    to->s[to->len] = 0;
    if (is_root) return true;
    here = get_u16(packet.s + here) & POINTER_TARGET;
    if (here >= begin) return false;
    begin = here;
  }
  return false;
}

static struct text without_dot(struct text name) {
  if (name.len && name.s[name.len - 1] == '.') name.len--;
  return name;
}

bool name_is_askable(struct text name) {
  struct text label;
  name = without_dot(name);
  if (name.len == 0 || name.len > NAME_TEXT_MAX) return false;
  while (text_cut(&name, '.', &label)) {
    if (label.len == 0 || label.len > LABEL_MAX) return false;
    for (size_t i = 0; i < label.len; i++)
      if (!is_host_octet(label.s[i])) return false;
  }
  return true;
}

static bool is_name(const struct name_text *a, struct text b) {
  return text_equal_nocase((struct text){a->s, a->len}, b);
}

static struct text text_of_name(const struct name_text *n) { return (struct text){n->s, n->len}; }

/* ---- records */

static bool read_record(struct text packet, size_t *at, struct record *r) {
  if (!read_name(packet, at, &r->owner, &r->is_usable)) return false;
  if (*at > packet.len || packet.len - *at < RECORD_OCTETS) return false;
  const char *fixed = packet.s + *at;
  r->type = get_u16(fixed);
  r->class = get_u16(fixed + 2);
  r->len = get_u16(fixed + 8);
  r->data = *at + RECORD_OCTETS;
  if (packet.len - r->data < r->len) return false;
  *at = r->data + r->len;
  return true;
}

static bool is_of(const struct answer *a, const struct record *r, enum answer_type type) {
  return r->is_usable && r->class == CLASS_IN && r->type == type &&
         is_name(&r->owner, text_of_name(&a->alias));
}

/* The whole section is gone through, so that what answer_next() sees is sound. */
static bool look_through(struct answer *a, bool *has_alias, bool *has_records) {
  struct record r;
  struct name_text target;
  bool usable;
  size_t at = a->first;
  *has_alias = *has_records = false;
  for (size_t n = a->records; n; n--) {
    if (!read_record(a->packet, &at, &r)) return false;
    if (is_of(a, &r, a->type)) *has_records = true;
    if (*has_alias || !is_of(a, &r, ANSWER_CNAME)) continue;
    if (!read_name(a->packet, &r.data, &target, &usable) || !usable) return false;
    *has_alias = true;
    a->alias = target;
  }
  return true;
}

/* ---- the answer */

static bool read_question(struct answer *a, struct text name) {
  bool usable;
  size_t at = HEADER_OCTETS;
  if (get_u16(a->packet.s + QUESTIONS_AT) != 1) return false;
  if (!read_name(a->packet, &at, &a->alias, &usable) || !usable) return false;
  if (at > a->packet.len || a->packet.len - at < QUESTION_OCTETS) return false;
  const char *fixed = a->packet.s + at;
  a->first = at + QUESTION_OCTETS;
  a->records = get_u16(a->packet.s + ANSWERS_AT);
  return get_u16(fixed) == a->type && get_u16(fixed + 2) == CLASS_IN &&
         is_name(&a->alias, without_dot(name));
}

/* What the last alias stands for, when its records are not in the packet. */
static enum answer_status follow(struct answer *a, bool may_deny) {
  bool has_alias, has_records;
  for (int hops = 0; hops <= ANSWER_ALIASES_MAX; hops++) {
    if (!look_through(a, &has_alias, &has_records)) return ANSWER_BAD;
    if (has_records) return ANSWER_FOUND;
    if (has_alias) continue;
    if (a->rcode == RCODE_NO_NAME) return may_deny ? ANSWER_NO_NAME : ANSWER_FAILED;
    if (hops) return ANSWER_ALIAS;
    return may_deny ? ANSWER_NONE : ANSWER_FAILED;
  }
  return ANSWER_BAD;
}

enum answer_status answer_read(struct answer *a, struct text packet, struct text name,
                               enum answer_type type) {
  *a = (struct answer){.packet = packet, .type = type};
  if (packet.len < HEADER_OCTETS) return ANSWER_BAD;
  unsigned flags = get_u16(packet.s + FLAGS_AT);
  a->rcode = flags & RCODE;
  a->authenticated = flags & FLAG_AUTHENTICATED;
  if (!(flags & FLAG_RESPONSE) || flags & (FLAG_OPCODE | FLAG_CUT_OFF)) return ANSWER_BAD;
  if (a->rcode != RCODE_NONE && a->rcode != RCODE_NO_NAME) return ANSWER_FAILED;
  if (!read_question(a, name)) return ANSWER_BAD;
  enum answer_status s = follow(a, flags & (FLAG_RECURSES | FLAG_AUTHORITATIVE));
  a->at = a->first;
  a->left = a->records;
  return s;
}

static bool next_record(struct answer *a, struct record *r) {
  while (a->left) {
    a->left--;
    if (!read_record(a->packet, &a->at, r)) return false;
    if (is_of(a, r, a->type)) return true;
  }
  return false;
}

bool answer_next_mx(struct answer *a, unsigned *preference, struct name_text *host) {
  struct record r;
  while (next_record(a, &r)) {
    size_t at = r.data + 2;
    bool usable;
    if (r.len <= 2 || !read_name(a->packet, &at, host, &usable) || !usable) continue;
    if (at != r.data + r.len) continue;
    *preference = get_u16(a->packet.s + r.data);
    return true;
  }
  return false;
}

bool answer_next_ip(struct answer *a, struct ip *ip) {
  struct record r;
  size_t size = a->type == ANSWER_A ? 4 : sizeof ip->octets;
  while (next_record(a, &r)) {
    if (r.len != size) continue;
    *ip = (struct ip){.family = a->type == ANSWER_A ? AF_INET : AF_INET6};
    memcpy(ip->octets, a->packet.s + r.data, size);
    ip_unmap(ip);
    return true;
  }
  return false;
}

/* Strings that overrun the record make it none. */
static bool join_strings(struct text data, char *out, size_t *len) {
  *len = 0;
  while (data.len) {
    size_t n = (unsigned char)data.s[0];
    if (n >= data.len) return false;
    memcpy(out + *len, data.s + 1, n);
    *len += n;
    data = (struct text){data.s + 1 + n, data.len - 1 - n};
  }
  out[*len] = 0;
  return true;
}

bool answer_next_txt(struct answer *a, char out[ANSWER_TXT_ROOM], size_t *len) {
  struct record r;
  while (next_record(a, &r))
    if (r.len && join_strings((struct text){a->packet.s + r.data, r.len}, out, len)) return true;
  return false;
}

enum { TLSA_FIXED_OCTETS = 3 };

bool answer_next_tlsa(struct answer *a, struct answer_tlsa *t) {
  struct record r;
  while (next_record(a, &r)) {
    if (r.len <= TLSA_FIXED_OCTETS) continue;
    const unsigned char *fixed = (const unsigned char *)a->packet.s + r.data;
    *t = (struct answer_tlsa){fixed[0], fixed[1], fixed[2],
                              {a->packet.s + r.data + TLSA_FIXED_OCTETS, r.len - TLSA_FIXED_OCTETS}};
    return true;
  }
  return false;
}
