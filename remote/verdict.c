#include "config.h"
#include "remote/verdict.h"
#include <stdio.h>
#include <string.h>

static void set_status(struct verdict *v, struct text status) {
  size_t len = status.len < STATUS_MAX ? status.len : 0;
  memcpy(v->status, status.s ? status.s : "", len);
  v->status[len] = 0;
}

void verdict_set(struct verdict *v, enum result_class class, const char *status, const char *text) {
  v->class = class;
  set_status(v, text_of(status));
  v->code = 0;
  stralloc_zero(&v->text);
  stralloc_zero(&v->host);
  stralloc_zero(&v->address);
  verdict_add(v, text);
}

void verdict_add(struct verdict *v, const char *ours) { verdict_add_text(v, text_of(ours)); }

void verdict_add_text(struct verdict *v, struct text theirs) {
  (void)text_cat_cleaned(&v->text, theirs);
}

void verdict_who(struct verdict *v, struct text host, struct text address) {
  stralloc_zero(&v->host);
  stralloc_zero(&v->address);
  (void)text_cat_cleaned(&v->host, host);
  (void)text_cat_cleaned(&v->address, address);
}

/* For servers without ENHANCEDSTATUSCODES: what RFC 5321 4.2.3 says about a
 * code, in RFC 3463's terms.  Codes that stand for many things are undefined. */
static const struct {
  unsigned code;
  const char *status;
} statuses[] = {
  {421, "4.3.2"}, {450, "4.2.0"}, {451, "4.3.0"}, {452, "4.3.1"}, {454, "4.7.0"}, {455, "4.5.4"},
  {500, "5.5.2"}, {501, "5.5.4"}, {502, "5.5.1"}, {503, "5.5.1"}, {504, "5.5.4"}, {521, "5.3.2"},
  {530, "5.7.0"}, {535, "5.7.8"}, {551, "5.1.6"}, {552, "5.2.2"}, {553, "5.1.3"}, {555, "5.5.4"},
  {556, "5.1.10"},
};

static void derive_status(struct verdict *v, unsigned code) {
  for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++)
    if (statuses[i].code == code) {
      set_status(v, text_of(statuses[i].status));
      return;
    }
  char undefined[] = {(char)('0' + code / 100), '.', '0', '.', '0', 0};
  set_status(v, text_of(undefined));
}

static enum result_class class_of(unsigned code) {
  switch (code / 100) {
    case 2: return RESULT_SUCCESS;
    case 5: return RESULT_FAILURE;
    default: return RESULT_DEFERRAL;
  }
}

void verdict_of_reply(struct verdict *v, const struct reply *r) {
  char status[STATUS_MAX];
  verdict_set(v, class_of(r->code), "", "");
  v->code = r->code;
  if (r->code / 100 == 3)
    set_status(v, text_of("4.5.0"));
  else if (reply_enhanced(r, status))
    set_status(v, text_of(status));
  else
    derive_status(v, r->code);
  struct text rest = text_of_stralloc(&r->text), line;
  while (reply_line(&rest, &line)) {
    if (v->text.len) verdict_add(v, " ");
    verdict_add_text(v, line);
  }
}

void verdict_defer(struct verdict *v, const char *status) {
  v->class = RESULT_DEFERRAL;
  if (v->status[0] != '4') set_status(v, text_of(status));
}

void verdict_copy(struct verdict *v, const struct result *r) {
  verdict_set(v, (enum result_class)r->class, "", "");
  set_status(v, r->status);
  v->code = (unsigned)r->reply_code;
  verdict_add_text(v, r->text);
  verdict_who(v, r->host, r->address);
}

/* At most max octets, not ending within a UTF-8 character. */
static struct text view(const stralloc *s, size_t max) {
  struct text t = text_of_stralloc(s);
  if (t.len == 0) return TEXT_ABSENT;
  if (t.len <= max) return t;
  for (t.len = max; t.len && ((unsigned char)t.s[t.len] & 0xc0) == 0x80;) t.len--;
  return t;
}

struct result verdict_result(const struct verdict *v) {
  return (struct result){
    .class = v->class,
    .status = v->status[0] ? text_of(v->status) : TEXT_ABSENT,
    .reply_code = v->code,
    .text = view(&v->text, RESULT_TEXT_MAX),
    .host = view(&v->host, RESULT_HOST_MAX),
    .address = view(&v->address, RESULT_ADDRESS_MAX),
    .action = ACTION_RELAYED,
  };
}

void verdict_free(struct verdict *v) {
  stralloc_free(&v->text);
  stralloc_free(&v->host);
  stralloc_free(&v->address);
}
