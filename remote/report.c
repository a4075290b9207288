#include "config.h"
#include "remote/report.h"
#include <string.h>
#include "lib/ip.h"

#define SAID "Remote host said: "

/* ---- writing */

static int put_who(stralloc *out, const struct verdict *v) {
  const stralloc *who = v->address.len ? &v->address : &v->host;
  return stralloc_cat(out, who) ? 0 : -1;
}

static int put_said(stralloc *out, const struct verdict *v, const char *what) {
  bool ok = put_who(out, v) == 0 && stralloc_cats(out, what) && stralloc_cats(out, SAID);
  ok = ok && text_cat_uint(out, v->code) == 0;
  return ok && stralloc_cats(out, " ") && stralloc_cat(out, &v->text) && stralloc_cats(out, "\n") ? 0 : -1;
}

/* A reason of ours has its status behind it in brackets. */
static int put_ours(stralloc *out, const struct verdict *v) {
  bool ok = stralloc_cat(out, &v->text);
  if (ok && v->status[0]) ok = stralloc_cats(out, " (#") && stralloc_cats(out, v->status) && stralloc_cats(out, ")");
  return ok && stralloc_cats(out, "\n") ? 0 : -1;
}

static int put_reason(stralloc *out, const struct verdict *v) {
  return v->code ? put_said(out, v, " did not take the mail.\n") : put_ours(out, v);
}

static int put_recipient(stralloc *out, const struct verdict *v) {
  const char *letter = v->class == RESULT_SUCCESS ? "r" : v->class == RESULT_FAILURE ? "h" : "s";
  int r = stralloc_cats(out, letter) ? 0 : -1;
  if (r == 0 && v->class != RESULT_SUCCESS) r = put_reason(out, v);
  return r == 0 && stralloc_0(out) ? 0 : -1;
}

static const struct verdict *first_of(const struct verdict *v, size_t count, enum result_class class) {
  for (size_t i = 0; i < count; i++)
    if (v[i].class == class) return &v[i];
  return NULL;
}

static int put_message(stralloc *out, const struct verdict *v, size_t count) {
  const struct verdict *taken = first_of(v, count, RESULT_SUCCESS), *later = first_of(v, count, RESULT_DEFERRAL);
  int r = stralloc_cats(out, taken ? "K" : later ? "Z" : "D") ? 0 : -1;
  if (r == 0) r = taken ? put_said(out, taken, " accepted message.\n") : put_reason(out, later ? later : v);
  return r == 0 && stralloc_0(out) ? 0 : -1;
}

int report_put(stralloc *out, const struct verdict *verdicts, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (put_recipient(out, &verdicts[i]) == -1) return -1;
  return put_message(out, verdicts, count);
}

/* ---- reading */

static enum result_class class_of(char letter) {
  switch (letter) {
    case 'r':
    case 'K': return RESULT_SUCCESS;
    case 'h':
    case 'D': return RESULT_FAILURE;
    default: return RESULT_DEFERRAL;
  }
}

/* Status codes of a success have the class 2, and so on. */
static bool fits(enum result_class class, char digit) {
  return digit == (class == RESULT_SUCCESS ? '2' : class == RESULT_FAILURE ? '5' : '4');
}

static void take_status(struct verdict *v, struct text from) {
  size_t len = 0;
  while (len < from.len && ((from.s[len] >= '0' && from.s[len] <= '9') || from.s[len] == '.')) len++;
  if (len >= STATUS_MAX) return;
  memcpy(v->status, from.s, len);
  v->status[len] = 0;
  struct result r = {.class = v->class, .status = text_of(v->status)};
  if (len == 0 || !fits(v->class, v->status[0]) || !result_is_valid(&r)) v->status[0] = 0;
}

static struct text behind(struct text t, const char *mark) {
  size_t len = strlen(mark);
  const char *found = memmem(t.s, t.len, mark, len);
  if (!found) return TEXT_ABSENT;
  return (struct text){found + len, t.len - (size_t)(found - t.s) - len};
}

/* "550 5.1.1 no such user": the server's own words become the text. */
static bool take_reply(struct verdict *v, struct text said) {
  uint64_t code;
  if (said.len < 4 || said.s[3] != ' ' || text_uint((struct text){said.s, 3}, &code) == -1) return false;
  if (code > 599 || !fits(v->class, said.s[0])) return false;
  v->code = (unsigned)code;
  take_status(v, (struct text){said.s + 4, said.len - 4});
  return true;
}

/* The lines as one. */
static void take_text(struct verdict *v, struct text lines) {
  struct text line;
  while (text_cut(&lines, '\n', &line)) {
    if (line.len == 0) continue;
    if (v->text.len) verdict_add(v, " ");
    verdict_add_text(v, line);
  }
}

/* Such programs begin with the server's address. */
static void take_address(struct verdict *v, struct text all) {
  static const char connected[] = "Connected to ";
  struct text word, rest = all;
  struct ip ip;
  if (memmem(all.s, all.len < sizeof connected ? all.len : sizeof connected - 1, connected, sizeof connected - 1))
    rest = behind(all, connected);
  if (text_cut(&rest, ' ', &word) && ip_parse_literal(&ip, word, true)) verdict_who(v, word, word);
}

static void take_record(struct verdict *v, struct text record) {
  struct text all = {record.s + 1, record.len - 1}, said = behind(all, SAID);
  verdict_set(v, class_of(record.s[0]), "", "");
  take_address(v, all);
  if (said.s && take_reply(v, said)) {
    take_text(v, (struct text){said.s + 4, said.len - 4});
    return;
  }
  struct text status = behind(all, "(#");
  if (status.s) take_status(v, status);
  take_text(v, all);
}

static void defer_all(struct verdict *v, size_t count, const char *why) {
  for (size_t i = 0; i < count; i++) verdict_set(&v[i], RESULT_DEFERRAL, "4.3.0", why);
}

/* The next whole record that is not empty. */
static bool next_record(struct text *rest, struct text *record) {
  do
    if (!rest->s || !memchr(rest->s, 0, rest->len) || !text_cut(rest, 0, record)) return false;
  while (record->len == 0);
  return true;
}

static bool is_one_of(struct text record, const char *letters) { return strchr(letters, record.s[0]); }

/* How many records recipients have; *message: what is behind them. */
static size_t count_recipients(struct text rest, struct text *message) {
  size_t given = 0;
  struct text record;
  *message = TEXT_ABSENT;
  while (next_record(&rest, &record)) {
    if (!is_one_of(record, "rhs")) return *message = record, given;
    given++;
  }
  return given;
}

/* A recipient is what its own record says; r leaves it to the message's. */
static void take_own(struct verdict *v, struct text own, struct text message) {
  if (!own.s)
    verdict_set(v, RESULT_DEFERRAL, "4.3.0", "the program said nothing about this recipient");
  else
    take_record(v, own.s[0] == 'r' ? message : own);
}

void report_read(struct verdict *verdicts, size_t count, struct text octets) {
  struct text message, own, rest = octets;
  size_t given = count_recipients(octets, &message);
  if (!message.s || !is_one_of(message, "KZD") || given > count) {
    defer_all(verdicts, count, octets.len ? "the program's report makes no sense" : "the program said nothing");
    return;
  }
  for (size_t i = 0; i < count; i++) {
    if (i >= given || !next_record(&rest, &own)) own = given ? TEXT_ABSENT : message;
    take_own(&verdicts[i], own, message);
  }
}
