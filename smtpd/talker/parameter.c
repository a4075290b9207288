#include "config.h"
#include "smtpd/talker/parameter.h"
#include <string.h>
#include "lib/terms.h"
#include "lib/unitext.h"
#include "lib/utf8.h"
#include "lib/xtext.h"

static bool is_blank(char c) { return c == ' ' || c == '\t'; }

struct parameter {
  struct text keyword, value; /* value absent: no '=' */
};

static struct parameter next_parameter(struct text *rest) {
  while (rest->len && is_blank(rest->s[0])) *rest = (struct text){rest->s + 1, rest->len - 1};
  size_t n = 0;
  while (n < rest->len && !is_blank(rest->s[n])) n++;
  struct parameter p = {{rest->s, n}, TEXT_ABSENT};
  const char *equals = n ? memchr(rest->s, '=', n) : NULL;
  if (equals) {
    p.keyword.len = (size_t)(equals - rest->s);
    p.value = (struct text){equals + 1, n - p.keyword.len - 1};
  }
  *rest = (struct text){rest->s + n, rest->len - n};
  return p;
}

static bool is_keyword(struct text t) {
  for (size_t i = 0; i < t.len; i++) {
    char c = t.s[i];
    bool alnum = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    if (!alnum && (c != '-' || i == 0)) return false;
  }
  return t.len;
}

/* esmtp-param, with the UTF-8 of RFC 6531 3.3 */
static bool is_formed(const struct parameter *p) {
  if (!is_keyword(p->keyword)) return false;
  if (!p->value.s) return true;
  return p->value.len && text_is_clean(p->value) && !memchr(p->value.s, '=', p->value.len) &&
         utf8_is_valid(p->value);
}

/* Where the parameters of one command go. */
struct target {
  struct door_request *request;         /* of MAIL */
  struct envelope_recipient *recipient; /* of RCPT */
  stralloc *decoded;
  bool smtputf8;
  bool has_auth; /* MAIL had AUTH= */
};

static bool take_size(struct text value, struct target *t) {
  uint64_t *octets = &t->request->octets;
  return value.len <= 20 && text_uint(value, octets) == 0 && *octets <= INT64_MAX;
}

/* One of few words; the place that is found plus one, or 0. */
static unsigned choose(struct text value, const char *const *words, unsigned count) {
  for (unsigned i = 0; i < count; i++)
    if (text_equal_nocase(value, text_of(words[i]))) return i + 1;
  return 0;
}

static bool take_body(struct text value, struct target *t) {
  static const char *const words[] = {"7BIT", "8BITMIME", "BINARYMIME"}; /* enum envelope_body less one */
  return (t->request->envelope.body = choose(value, words, 3)) != BODY_DEFAULT;
}

static bool take_ret(struct text value, struct target *t) {
  static const char *const words[] = {"FULL", "HDRS"}; /* enum envelope_ret less one */
  return (t->request->envelope.ret = choose(value, words, 2)) != RET_DEFAULT;
}

static bool take_envid(struct text value, struct target *t) {
  stralloc_zero(t->decoded);
  if (value.len > TERMS_ENVID_MAX || xtext_decode(t->decoded, value) == -1) return false;
  t->request->envelope.envid = text_of_stralloc(t->decoded);
  return terms_envid_is_valid(t->request->envelope.envid);
}

/* Who it comes from in the words of the client, which are not believed here: RFC
 * 4954 5 has a server go on as if it were AUTH=<>. */
static bool take_auth(struct text value, struct target *t) {
  stralloc mailbox = {0};
  t->has_auth = true;
  bool formed = value.s && (text_equals(value, "<>") || xtext_decode(&mailbox, value) == 0);
  stralloc_free(&mailbox);
  return formed;
}

static bool take_smtputf8(struct text value, struct target *t) {
  t->request->envelope.smtputf8 = true;
  return !value.s;
}

static bool take_requiretls(struct text value, struct target *t) {
  t->request->envelope.requiretls = true;
  return !value.s;
}

static bool take_notify(struct text value, struct target *t) {
  static const char *const words[] = {"NEVER", "SUCCESS", "FAILURE", "DELAY"};
  struct text word;
  uint64_t notify = 0;
  if (!value.s) return false;
  while (text_cut(&value, ',', &word)) {
    unsigned place = choose(word, words, 4);
    if (place == 0) return false;
    notify |= UINT64_C(1) << (place - 1); /* enum envelope_notify */
  }
  t->recipient->notify = notify;
  return terms_notify_is_valid(notify);
}

/* Of type utf-8 there are two forms in ASCII, one around the other, and one in
 * UTF-8. */
static int decode_orcpt(stralloc *out, struct text type, struct text address) {
  bool utf8 = text_equal_nocase(type, text_of("utf-8"));
  stralloc form = {0};
  int r = text_copy(out, type) == 0 && stralloc_cats(out, ";") ? 0 : -1;
  if (!utf8) return r == 0 ? xtext_decode(out, address) : -1;
  if (r == 0) r = text_is_ascii(address) ? xtext_decode(&form, address) : text_cat(&form, address);
  if (r == 0) r = unitext_decode(out, text_of_stralloc(&form));
  stralloc_free(&form);
  return r;
}

static bool take_orcpt(struct text value, struct target *t) {
  struct text address = value, type;
  if (value.len > TERMS_ORCPT_MAX || (!t->smtputf8 && !text_is_ascii(value))) return false;
  if (!text_cut(&address, ';', &type) || !address.s) return false;
  if (decode_orcpt(t->decoded, type, address) == -1) return false;
  t->recipient->orcpt = text_of_stralloc(t->decoded);
  return terms_orcpt_is_valid(t->recipient->orcpt);
}

struct row {
  const char *keyword;
  bool (*take)(struct text value, struct target *t);
};

static const struct row of_mail[] = {
  {"SIZE", take_size},         /* RFC 1870 */
  {"BODY", take_body},         /* RFC 6152 */
  {"RET", take_ret},           /* RFC 3461 4.3 */
  {"ENVID", take_envid},       /* RFC 3461 4.4 */
  {"SMTPUTF8", take_smtputf8}, /* RFC 6531 3.4 */
  {"AUTH", take_auth},         /* RFC 4954 5 */
  {"REQUIRETLS", take_requiretls}, /* RFC 8689 2 */
  {NULL, NULL}
};

static const struct row of_rcpt[] = {
  {"NOTIFY", take_notify}, /* RFC 3461 4.1 */
  {"ORCPT", take_orcpt},   /* RFC 3461 4.2 */
  {NULL, NULL}
};

static struct reply take(struct text parameters, const struct row *rows, struct target *t) {
  unsigned seen = 0; /* a bit for each row */
  while (parameters.len) {
    if (!is_blank(parameters.s[0])) return reply_say(501, "5.5.4", "a blank goes behind the address");
    struct parameter p = next_parameter(&parameters);
    unsigned i = 0;
    if (!is_formed(&p)) return reply_say(501, "5.5.4", "a parameter is malformed");
    while (rows[i].keyword && !text_equal_nocase(p.keyword, text_of(rows[i].keyword))) i++;
    if (!rows[i].keyword) return reply_say(555, "5.5.4", "a parameter that is not known here");
    if (seen & 1u << i) return reply_say(501, "5.5.4", "a parameter is given twice");
    if (!rows[i].take(p.value, t)) return reply_say(501, "5.5.4", "a parameter has a value that cannot be");
    seen |= 1u << i;
  }
  return (struct reply){.code = 250};
}

struct reply parameters_of_mail(struct text parameters, bool with_auth, struct door_request *r, stralloc *decoded) {
  struct target t = {.request = r, .decoded = decoded};
  struct reply reply = take(parameters, of_mail, &t);
  if (reply.code == 250 && t.has_auth && !with_auth) reply = reply_say(555, "5.5.4", "AUTH is not available here");
  return reply;
}

struct reply parameters_of_rcpt(struct text parameters, bool smtputf8, struct envelope_recipient *r,
                                stralloc *decoded) {
  struct target t = {.recipient = r, .decoded = decoded, .smtputf8 = smtputf8};
  return take(parameters, of_rcpt, &t);
}

bool parameters_take_smtputf8(struct text *argument) {
  const struct text word = text_of(" SMTPUTF8");
  if (argument->len < word.len) return false;
  size_t before = argument->len - word.len;
  if (!text_equal_nocase((struct text){argument->s + before, word.len}, word)) return false;
  argument->len = before;
  return true;
}
