#include "config.h"
#include "lib/addrlist.h"
#include <stdlib.h>
#include <string.h>
#include "lib/address.h"
#include "lib/room.h"

struct parser {
  const char *p, *end;
  const char *token_end; /* of the last token or comment */
  const char *word_end;  /* of the last word, dot or literal */
  struct addrlist *list;
  size_t first;   /* mailboxes from here on turn out to be a display name before '<' or ':' */
  bool divided;   /* a comma or the like stands before what comes now */
  bool malformed; /* one of those mailboxes can be nothing but a display name */
};

static bool at(const struct parser *p, char c) { return p->p < p->end && *p->p == c; }

static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
static bool is_divider(char c) { return is_blank(c) || (c && strchr("()<>@,;:", c)); }

/* atext (RFC 5322 3.2.3), the dot, and what RFC 6532 adds */
static bool is_word_octet(char c) {
  return (unsigned char)c > 32 && c != 127 && !is_divider(c) && !strchr("\"[]\\", c);
}

/* Nesting is counted, so that no input can use up the stack. */
static bool skip_comment(struct parser *p) {
  size_t depth = 0;
  for (; p->p < p->end; p->p++) {
    if (*p->p == '(') depth++;
    else if (*p->p == ')' && --depth == 0) return p->token_end = ++p->p, true;
    else if (*p->p == '\\' && ++p->p == p->end) return false;
  }
  return false;
}

static bool skip_blanks_and_comments(struct parser *p) {
  for (; p->p < p->end; p->p++) {
    while (at(p, '('))
      if (!skip_comment(p)) return false;
    if (p->p == p->end || !is_blank(*p->p)) break;
  }
  return true;
}

/* There is room: addrlist_parse() made it for the whole source. */
static void keep(struct parser *p, char c) { p->list->octets.s[p->list->octets.len++] = c; }

static bool scan_quoted(struct parser *p) {
  for (p->p++; p->p < p->end && *p->p != '"'; p->p++) {
    if (*p->p == '\\' && ++p->p == p->end) return false;
    if (*p->p != '\n' && *p->p != '\r') keep(p, *p->p); /* folding, RFC 5322 3.2.4 */
  }
  if (!at(p, '"')) return false;
  p->p++;
  return true;
}

/* Words, dots and quoted strings with nothing between them. */
static bool scan_run(struct parser *p) {
  while (p->p < p->end && !is_divider(*p->p)) {
    if (*p->p == '"') {
      if (!scan_quoted(p)) return false;
      continue;
    }
    if (!is_word_octet(*p->p)) p->malformed = true;
    keep(p, *p->p++);
  }
  p->token_end = p->word_end = p->p;
  return true;
}

/* Whether what was kept from start on goes on behind blanks: they are allowed
 * around dots. */
static bool goes_on(const struct parser *p, size_t start) {
  const stralloc *o = &p->list->octets;
  if (p->p == p->end || is_divider(*p->p)) return false;
  return *p->p == '.' || (o->len > start && o->s[o->len - 1] == '.');
}

static bool scan_dotted(struct parser *p) {
  size_t start = p->list->octets.len;
  do
    if (!scan_run(p) || !skip_blanks_and_comments(p)) return false;
  while (goes_on(p, start));
  return true;
}

static bool scan_literal(struct parser *p) {
  for (; p->p < p->end && *p->p != ']'; p->p++) {
    if ((unsigned char)*p->p <= 32 || *p->p == 127 || strchr("\\\"()<>@", *p->p)) p->malformed = true;
    keep(p, *p->p);
  }
  if (!at(p, ']')) return false;
  keep(p, *p->p++);
  p->token_end = p->word_end = p->p;
  return skip_blanks_and_comments(p);
}

/* No label is empty; a dot may stand at the end. */
static bool is_domain(struct text t) {
  for (size_t i = 0; i < t.len; i++)
    if (t.s[i] == '.' && (i == 0 || t.s[i - 1] == '.')) return false;
  return t.len > 0;
}

/* p is at the '@'. */
static bool scan_domain(struct parser *p, struct text *domain) {
  size_t start = p->list->octets.len;
  const char *written = ++p->p;
  if (!skip_blanks_and_comments(p)) return false;
  if (!(at(p, '[') ? scan_literal(p) : scan_dotted(p))) return false;
  *domain = (struct text){p->list->octets.s + start, p->list->octets.len - start};
  if (!is_domain(*domain) || memchr(written, '"', (size_t)(p->word_end - written))) p->malformed = true;
  return true;
}

static bool scan_address(struct parser *p, struct addrlist_mailbox *m) {
  size_t start = p->list->octets.len;
  if (!scan_dotted(p)) return false;
  m->local = (struct text){p->list->octets.s + start, p->list->octets.len - start};
  if (m->local.len == 0) p->malformed = true;
  return !at(p, '@') || scan_domain(p, &m->domain);
}

static bool add(struct parser *p, const struct addrlist_mailbox *m) {
  struct addrlist *l = p->list;
  if (room_make(&l->mailboxes, l->count, &l->space, sizeof *l->mailboxes, 4) == -1) return false;
  l->mailboxes[l->count++] = *m;
  p->divided = false;
  return true;
}

static enum addrlist_status take_bare(struct parser *p) {
  struct addrlist_mailbox m = {.written = {p->p, 0}, .comma = p->divided ? NULL : p->token_end};
  if (!scan_address(p, &m)) return ADDRLIST_SYNTAX;
  m.written.len = (size_t)(p->word_end - m.written.s);
  return add(p, &m) ? ADDRLIST_OK : ADDRLIST_NO_MEMORY;
}

/* What stood before '<' or ':' was a display name.  The comma that was missing
 * before it. */
static const char *drop_display_name(struct parser *p) {
  const char *comma = p->divided ? NULL : p->token_end;
  if (p->list->count > p->first) comma = p->list->mailboxes[p->first].comma;
  p->list->count = p->first;
  p->malformed = false;
  return comma;
}

/* "@one,@two:" */
static bool skip_route(struct parser *p, struct addrlist_mailbox *m) {
  struct text domain;
  while (at(p, '@') || at(p, ',')) {
    m->routed = true;
    if (at(p, '@') ? !scan_domain(p, &domain) : (p->p++, !skip_blanks_and_comments(p))) return false;
  }
  if (!m->routed) return true;
  if (!at(p, ':')) return false;
  p->p++;
  return skip_blanks_and_comments(p);
}

static bool scan_angle(struct parser *p, struct addrlist_mailbox *m) {
  p->p++;
  if (!skip_blanks_and_comments(p)) return false;
  m->written = (struct text){p->p, 0};
  m->null = at(p, '>');
  if (!m->null) {
    if (!skip_route(p, m) || !scan_address(p, m)) return false;
    m->written.len = (size_t)(p->word_end - m->written.s);
  }
  if (!at(p, '>') || p->malformed) return false;
  p->token_end = ++p->p;
  return true;
}

static enum addrlist_status take_angle(struct parser *p) {
  struct addrlist_mailbox m = {.comma = drop_display_name(p)};
  if (!scan_angle(p, &m)) return ADDRLIST_SYNTAX;
  if (!add(p, &m)) return ADDRLIST_NO_MEMORY;
  p->first = p->list->count;
  return ADDRLIST_OK;
}

static enum addrlist_status end_member(struct parser *p) {
  p->first = p->list->count;
  p->divided = true;
  return p->malformed ? ADDRLIST_SYNTAX : ADDRLIST_OK;
}

static enum addrlist_status take_token(struct parser *p) {
  switch (*p->p) {
    case ':': /* of a group; its members follow as if there were none */
      drop_display_name(p);
      /* fall through */
    case ',':
    case ';':
      p->token_end = ++p->p;
      return end_member(p);
    case '<': return take_angle(p);
    case '>':
    case ')': return ADDRLIST_SYNTAX;
    default: return take_bare(p);
  }
}

static enum addrlist_status parse(struct parser *p) {
  enum addrlist_status s = ADDRLIST_OK;
  while (s == ADDRLIST_OK) {
    if (!skip_blanks_and_comments(p)) return ADDRLIST_SYNTAX;
    if (p->p == p->end) return end_member(p);
    s = take_token(p);
  }
  return s;
}

enum addrlist_status addrlist_parse(struct addrlist *l, struct text source) {
  struct parser p = {source.s, source.s + source.len, source.s, source.s, l, 0, true, false};
  if (source.len == 0) return ADDRLIST_OK;
  if (!stralloc_ready(&l->octets, source.len)) return ADDRLIST_NO_MEMORY;
  enum addrlist_status s = parse(&p);
  if (s != ADDRLIST_OK) addrlist_free(l);
  return s;
}

void addrlist_free(struct addrlist *l) {
  free(l->mailboxes);
  stralloc_free(&l->octets);
  *l = (struct addrlist){0};
}

static bool needs_domain(struct text name, const struct addrlist_completion *c) {
  if (name.len && (name.s[0] == '[' || memchr(name.s, '.', name.len))) return false;
  return !text_equal_nocase(name, text_of("localhost")) && !text_equal_nocase(name, c->domain);
}

static char last_octet(struct text t) { return t.len ? t.s[t.len - 1] : '\0'; }

static int cat_name(stralloc *out, struct text name, struct text more) {
  if (text_cat(out, name) == -1) return -1;
  if (last_octet(name) != '.' && !stralloc_cats(out, ".")) return -1;
  return text_cat(out, more);
}

/* "host.example.": the dot says that nothing is to be added. */
static bool is_full(struct text name) {
  struct text rest = {name.s, name.len - (name.len > 0)};
  return last_octet(name) == '.' && memchr(name.s, '.', rest.len) && last_octet(rest) != '+';
}

int addrlist_cat_domain(stralloc *out, struct text name, const struct addrlist_completion *c) {
  if (!name.s) name = c->host;
  struct text without_last = {name.s, name.len - (name.len > 1)};
  if (name.len > 1 && last_octet(name) == '+') return cat_name(out, without_last, c->plus_domain);
  if (is_full(name)) return text_cat(out, without_last);
  return needs_domain(name, c) ? cat_name(out, name, c->domain) : text_cat(out, name);
}

int addrlist_cat_address(stralloc *out, const struct addrlist_mailbox *m,
                         const struct addrlist_completion *c) {
  if (m->null) return 0;
  if (text_cat(out, m->local) == -1 || !stralloc_cats(out, "@")) return -1;
  return addrlist_cat_domain(out, m->domain, c);
}

/* Octets up to where, and a comma there where one is missing. */
static int copy_until(stralloc *out, const char **from, const char *where) {
  if (text_cat(out, (struct text){*from, (size_t)(where - *from)}) == -1) return -1;
  *from = where;
  return 0;
}

static int cat_completed(stralloc *out, const struct addrlist_mailbox *m, struct text full) {
  struct text local, domain;
  address_split(full, &local, &domain);
  if (!m->routed && m->domain.s && text_equal(domain, m->domain)) return text_cat(out, m->written);
  return address_cat(out, full);
}

static int rewrite_mailbox(stralloc *out, const char **from, const struct addrlist_mailbox *m,
                           const struct addrlist_completion *c) {
  stralloc full = {0};
  int r = -1;
  if ((!m->comma || (copy_until(out, from, m->comma) == 0 && stralloc_cats(out, ","))) &&
      copy_until(out, from, m->written.s) == 0 && addrlist_cat_address(&full, m, c) == 0)
    r = m->null ? 0 : cat_completed(out, m, text_of_stralloc(&full));
  *from = m->written.s + m->written.len;
  stralloc_free(&full);
  return r;
}

int addrlist_cat_rewritten(stralloc *out, struct text source, const struct addrlist *l,
                           const struct addrlist_completion *c) {
  const char *from = source.s;
  if (source.len == 0) return 0;
  for (size_t i = 0; i < l->count; i++)
    if (rewrite_mailbox(out, &from, &l->mailboxes[i], c) == -1) return -1;
  return copy_until(out, &from, source.s + source.len);
}
