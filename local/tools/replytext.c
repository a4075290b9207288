#include "config.h"
#include "local/tools/replytext.h"
#include <string.h>
#include "lib/address.h"
#include "lib/addrlist.h"
#include "lib/clock.h"
#include "lib/header.h"
#include "lib/phrase.h"
#include "lib/utf8.h"

enum { IDENTIFIER_MAX = 250 };

/* What the user's text says. */
struct script {
  struct text from, subject, reply_to; /* absent: not given */
  struct text body;
};

static struct text behind(struct text t, size_t n) { return (struct text){t.s + n, t.len - n}; }

static struct text trimmed(struct text t) {
  while (t.len && strchr(" \t\r\n", *t.s)) t = behind(t, 1);
  while (t.len && strchr(" \t\r\n", t.s[t.len - 1])) t.len--;
  return t;
}

static struct text *member(struct script *s, struct text name) {
  if (text_equal_nocase(name, text_of("From"))) return &s->from;
  if (text_equal_nocase(name, text_of("Subject"))) return &s->subject;
  if (text_equal_nocase(name, text_of("Reply-To"))) return &s->reply_to;
  return NULL;
}

static const char *read_script(struct script *s, struct text octets) {
  struct header_field f;
  struct text rest = octets;
  *s = (struct script){.body = octets};
  if (!header_next(&rest, &f) || !member(s, f.name)) return NULL;
  do {
    struct text *to = member(s, f.name);
    if (!to) return "the text's header may hold From, Subject and Reply-To only";
    *to = trimmed(f.value);
  } while (header_next(&rest, &f));
  if (rest.len && *rest.s != '\n') return "no empty line behind the text's header";
  s->body = rest.len ? behind(rest, 1) : rest;
  return NULL;
}

/* One line, as far as it goes into a Subject. */
static int cat_unfolded(stralloc *out, struct text t) {
  t = trimmed(t);
  for (size_t i = 0; i < t.len; i++) {
    if (t.s[i] == '\r' || t.s[i] == '\n') continue;
    if (!stralloc_append(out, t.s[i] == '\t' ? " " : t.s + i)) return -1;
  }
  return 0;
}

/* Between two words, so that no encoded word is cut; else between characters. */
static struct text cut(struct text t) {
  size_t n = REPLYTEXT_SUBJECT_MAX;
  if (t.len <= n) return t;
  while (n && t.s[n] != ' ') n--;
  if (n == 0)
    for (n = REPLYTEXT_SUBJECT_MAX; n && ((unsigned char)t.s[n] & 0xc0) == 0x80;) n--;
  return (struct text){t.s, n};
}

static int cat_subject(stralloc *out, const char *prefix, struct text value) {
  stralloc line = {0};
  int r = stralloc_copys(&line, prefix) ? cat_unfolded(&line, value) : -1;
  if (r == 0) r = phrase_cat_unstructured(out, cut(text_of_stralloc(&line)));
  stralloc_free(&line);
  return r;
}

static int add_subject(stralloc *out, const struct replyorder *o, const struct script *s) {
  struct header_field f;
  struct text own = o->subject.s ? o->subject : s->subject;
  if (!stralloc_cats(out, "Subject: ")) return -1;
  if (own.s) return cat_subject(out, "", own);
  bool known = header_find(o->header, "Subject", &f) && trimmed(f.value).len;
  return cat_subject(out, "Auto: ", known ? f.value : text_of("your mail"));
}

static bool is_identifier_octet(char c) { return c > 32 && c < 127 && c != '<' && c != '>'; }

/* The next "<left@right>" of a value, which is moved behind it.  Absent: none. */
static struct text next_identifier(struct text *value) {
  while (value->len) {
    const char *start = memchr(value->s, '<', value->len);
    if (!start) break;
    *value = behind(*value, (size_t)(start - value->s));
    size_t n = 1;
    while (n < value->len && is_identifier_octet(value->s[n])) n++;
    struct text found = {value->s, n + 1};
    bool whole = n < value->len && value->s[n] == '>' && n > 1;
    *value = behind(*value, whole ? n + 1 : n);
    if (whole && found.len <= IDENTIFIER_MAX && memchr(found.s, '@', found.len)) return found;
  }
  return TEXT_ABSENT;
}

static struct text first_identifier(struct text header, const char *name) {
  struct header_field f;
  return header_find(header, name, &f) ? next_identifier(&f.value) : TEXT_ABSENT;
}

/* RFC 5322 3.6.4 */
static int cat_ancestors(stralloc *out, struct text header) {
  struct header_field f;
  size_t count = 0;
  if (!header_find(header, "References", &f)) {
    struct text parent = first_identifier(header, "In-Reply-To");
    return !parent.s || (text_cat(out, parent) == 0 && stralloc_cats(out, "\n ")) ? 0 : -1;
  }
  struct text all = f.value;
  while (next_identifier(&all).s) count++;
  for (struct text one; (one = next_identifier(&f.value)).s; count--)
    if (count <= REPLYTEXT_REFERENCES_MAX && (text_cat(out, one) == -1 || !stralloc_cats(out, "\n "))) return -1;
  return 0;
}

static int add_references(stralloc *out, struct text header) {
  struct text parent = first_identifier(header, "Message-ID");
  if (!parent.s) return 0;
  if (!stralloc_cats(out, "In-Reply-To: ") || text_cat(out, parent) == -1) return -1;
  if (!stralloc_cats(out, "\nReferences: ") || cat_ancestors(out, header) == -1) return -1;
  return text_cat(out, parent) == 0 && stralloc_cats(out, "\n") ? 0 : -1;
}

/* "Name <address>": the name in a form that a header may hold. */
static int cat_named(stralloc *out, struct text written, struct text address) {
  const char *angle = memchr(written.s, '<', written.len);
  struct text name = angle ? trimmed((struct text){written.s, (size_t)(angle - written.s)}) : TEXT_ABSENT;
  if (name.len > 1 && name.s[0] == '"' && name.s[name.len - 1] == '"') name = (struct text){name.s + 1, name.len - 2};
  if (name.len && (phrase_cat(out, name) == -1 || !stralloc_cats(out, " <"))) return -1;
  if (address_cat(out, address) == -1) return -1;
  return !name.len || stralloc_cats(out, ">") ? 0 : -1;
}

static enum replytext_status cat_mailbox(stralloc *out, struct text written) {
  struct addrlist l = {0};
  stralloc address = {0};
  enum replytext_status r = REPLYTEXT_MALFORMED;
  enum addrlist_status parsed = addrlist_parse(&l, written);
  if (parsed == ADDRLIST_NO_MEMORY) r = REPLYTEXT_NO_MEMORY;
  if (parsed == ADDRLIST_OK && l.count == 1 && l.mailboxes[0].domain.s && text_is_clean(written)) {
    r = text_cat(&address, l.mailboxes[0].local) == 0 && stralloc_cats(&address, "@") &&
            text_cat(&address, l.mailboxes[0].domain) == 0 &&
            cat_named(out, written, text_of_stralloc(&address)) == 0
          ? REPLYTEXT_OK
          : REPLYTEXT_NO_MEMORY;
  }
  stralloc_free(&address);
  addrlist_free(&l);
  return r;
}

static enum replytext_status add_mailbox(stralloc *out, const char *field, struct text written, const char **why) {
  if (!stralloc_cats(out, field)) return REPLYTEXT_NO_MEMORY;
  enum replytext_status r = cat_mailbox(out, written);
  if (r == REPLYTEXT_MALFORMED) *why = "From and Reply-To want one address with a domain";
  return r == REPLYTEXT_OK && !stralloc_cats(out, "\n") ? REPLYTEXT_NO_MEMORY : r;
}

static int add_own(stralloc *out, struct text own) {
  return stralloc_cats(out, "From: ") && address_cat(out, own) == 0 && stralloc_cats(out, "\n") ? 0 : -1;
}

static int add_date_and_id(stralloc *out, const struct replyorder *o) {
  struct text local, domain;
  address_split(o->own, &local, &domain);
  if (!stralloc_cats(out, "Date: ") || clock_cat_date(out, o->now_us) == -1) return -1;
  if (!stralloc_cats(out, "\nMessage-ID: <") || !stralloc_cats(out, o->id->s)) return -1;
  return stralloc_cats(out, ".owlpost@") && text_cat(out, domain) == 0 && stralloc_cats(out, ">\n") ? 0 : -1;
}

static int add_sender_fields(stralloc *out, const struct replyorder *o, const struct script *s) {
  if (!stralloc_cats(out, "To: ") || address_cat(out, o->to) == -1 || !stralloc_cats(out, "\n")) return -1;
  if (add_subject(out, o, s) == -1 || !stralloc_cats(out, "\n") || add_date_and_id(out, o) == -1) return -1;
  if (add_references(out, o->header) == -1) return -1;
  return stralloc_cats(out, "Auto-Submitted: auto-replied\n") ? 0 : -1;
}

static bool is_utf8(struct text t) {
  uint32_t c;
  while (t.len)
    if (!utf8_take(&t, &c) || c == 0) return false;
  return true;
}

static bool has_long_line(struct text t) {
  size_t n = 0;
  for (size_t i = 0; i < t.len; i++) {
    n = t.s[i] == '\n' ? 0 : n + 1;
    if (n > REPLYTEXT_LINE_MAX) return true;
  }
  return false;
}

/* Line ends as Windows writes them go out as ours. */
static int cat_lines(stralloc *out, struct text t) {
  for (size_t i = 0; i < t.len; i++) {
    if (t.s[i] == '\r') continue;
    if (!stralloc_append(out, t.s + i)) return -1;
  }
  return t.len == 0 || t.s[t.len - 1] == '\n' || stralloc_cats(out, "\n") ? 0 : -1;
}

static int add_body(stralloc *out, struct text body) {
  const char *encoding = text_is_ascii(body) ? "7bit" : "8bit";
  if (!stralloc_cats(out, "MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n"
                          "Content-Transfer-Encoding: ") ||
      !stralloc_cats(out, encoding) || !stralloc_cats(out, "\n\n"))
    return -1;
  return cat_lines(out, body);
}

static const char *judge(const struct replyorder *o, struct script *s) {
  const char *why = read_script(s, o->text);
  if (why) return why;
  if (!is_utf8(s->body)) return "the text is not UTF-8";
  return has_long_line(s->body) ? "a line of the text is longer than 998 octets" : NULL;
}

enum replytext_status replytext_make(stralloc *out, const struct replyorder *o, const char **why) {
  struct script s;
  enum replytext_status r = REPLYTEXT_OK;
  *why = judge(o, &s);
  if (*why) return REPLYTEXT_MALFORMED;
  struct text from = o->from.s ? o->from : s.from;
  if (from.s) r = add_mailbox(out, "From: ", from, why);
  else if (add_own(out, o->own) == -1) r = REPLYTEXT_NO_MEMORY;
  if (r == REPLYTEXT_OK && s.reply_to.s) r = add_mailbox(out, "Reply-To: ", s.reply_to, why);
  if (r != REPLYTEXT_OK) return r;
  return add_sender_fields(out, o, &s) == 0 && add_body(out, s.body) == 0 ? REPLYTEXT_OK : REPLYTEXT_NO_MEMORY;
}
