#include "config.h"
#include "remote/command.h"
#include "lib/address.h"
#include "lib/terms.h"
#include "lib/unitext.h"
#include "lib/xtext.h"

static bool put(stralloc *out, const char *ours) { return stralloc_cats(out, ours); }

static bool put_path(stralloc *out, struct text address) {
  return put(out, "<") && address_cat(out, address) == 0 && put(out, ">");
}

static bool put_size(stralloc *out, uint64_t size) {
  return put(out, " SIZE=") && text_cat_uint(out, size) == 0;
}

static bool put_body(stralloc *out, const struct offer *o, uint64_t body) {
  if (o->binary && body == BODY_BINARYMIME) return put(out, " BODY=BINARYMIME");
  return !o->eightbit || body != BODY_8BITMIME || put(out, " BODY=8BITMIME");
}

/* As they came, and where there were none, none (RFC 3461 5.2.1). */
static bool put_dsn_of_mail(stralloc *out, const struct envelope *e) {
  if (e->ret == RET_FULL && !put(out, " RET=FULL")) return false;
  if (e->ret == RET_HEADERS && !put(out, " RET=HDRS")) return false;
  if (!e->envid.len || !terms_envid_is_valid(e->envid)) return true;
  return put(out, " ENVID=") && xtext_encode(out, e->envid) == 0;
}

bool command_put_mail(stralloc *out, const struct offer *o, const struct mail_terms *m) {
  return put(out, "MAIL FROM:") && put_path(out, m->envelope->sender) &&
         (!o->size || m->size == 0 || put_size(out, m->size)) && put_body(out, o, m->body) &&
         (!m->utf8 || put(out, " SMTPUTF8")) &&
         (!o->requiretls || !m->envelope->requiretls || put(out, " REQUIRETLS")) && (!o->dsn || put_dsn_of_mail(out, m->envelope)) &&
         put(out, "\r\n");
}

static bool put_notify(stralloc *out, uint64_t notify) {
  static const struct {
    uint64_t bit;
    const char *word;
  } words[] = {{NOTIFY_NEVER, "NEVER"}, {NOTIFY_SUCCESS, "SUCCESS"}, {NOTIFY_FAILURE, "FAILURE"}, {NOTIFY_DELAY, "DELAY"}};
  const char *before = " NOTIFY=";
  for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
    if (!(notify & words[i].bit)) continue;
    if (!put(out, before) || !put(out, words[i].word)) return false;
    before = ",";
  }
  return true;
}

/* Of type utf-8: in the form that is ASCII, which may stand in any envelope
 * (RFC 6533 3). */
static bool put_orcpt(stralloc *out, struct text orcpt) {
  struct text address = orcpt, type;
  stralloc form = {0};
  if (!text_cut(&address, ';', &type) || !address.s) return true;
  bool utf8 = text_equal_nocase(type, text_of("utf-8"));
  bool ok = put(out, " ORCPT=") && text_cat(out, type) == 0 && put(out, ";") &&
            (!utf8 || unitext_encode(&form, address) == 0) &&
            xtext_encode(out, utf8 ? text_of_stralloc(&form) : address) == 0;
  stralloc_free(&form);
  return ok;
}

static bool put_dsn_of_rcpt(stralloc *out, const struct envelope_recipient *r) {
  if (terms_notify_is_valid(r->notify) && !put_notify(out, r->notify)) return false;
  return !r->orcpt.len || !terms_orcpt_is_valid(r->orcpt) || put_orcpt(out, r->orcpt);
}

bool command_put_rcpt(stralloc *out, const struct offer *o, const struct envelope_recipient *r) {
  return put(out, "RCPT TO:") && put_path(out, r->address) && (!o->dsn || put_dsn_of_rcpt(out, r)) &&
         put(out, "\r\n");
}
