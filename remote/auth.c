#include "config.h"
#include "remote/auth.h"
#include <nettle/base64.h>
#include <nettle/hmac.h>
#include <string.h>
#include "lib/ip.h"
#include "remote/exchange.h"

enum { CODE_GO_ON = 334, CODE_LOGGED_IN = 235, CHALLENGE_MAX = 1024 };

static int cat_base64(stralloc *out, struct text t) {
  size_t len = BASE64_ENCODE_RAW_LENGTH(t.len);
  if (!stralloc_readyplus(out, len)) return -1;
  base64_encode_raw(out->s + out->len, t.len, (const uint8_t *)t.s);
  out->len += len;
  return 0;
}

/* Only on loopback is nobody between us and the server; a Unix socket has no
 * address at all. */
static bool is_overheard(const struct smtp *s) {
  struct ip ip;
  if (!ip_parse_literal(&ip, s->address, true)) return s->address.len > 0;
  if (ip.family == AF_INET) return ip.octets[0] != 127;
  for (size_t i = 0; i < sizeof ip.octets - 1; i++)
    if (ip.octets[i]) return true;
  return ip.octets[sizeof ip.octets - 1] != 1;
}

/* Who wants to know what is said is not told this. */
static bool send_hidden(struct smtp *s) {
  struct facts *facts = s->facts;
  fact_say(facts, "command", "AUTH, with what is secret", TEXT_ABSENT);
  s->facts = NULL;
  bool ok = exchange_flush(s, "AUTH");
  s->facts = facts;
  return ok;
}

/* A line with what it says in base64, and the reply to it. */
static bool say(struct smtp *s, const char *before, struct text secret) {
  bool ok = true;
  exchange_put(s, &ok, before);
  ok = ok && cat_base64(&s->stream.out, secret) == 0;
  exchange_put(s, &ok, "\r\n");
  return ok ? send_hidden(s) && exchange_answered(s, "AUTH") : exchange_no_memory(s);
}

static bool refused(struct smtp *s) {
  exchange_judge(s);
  verdict_defer(&s->verdict, "4.7.8");
  smtp_close(s);
  return false;
}

static bool is_over(struct smtp *s) { return s->reply.code == CODE_LOGGED_IN || refused(s); }
static bool goes_on(struct smtp *s) { return s->reply.code == CODE_GO_ON || refused(s); }

static bool plain(struct smtp *s, const struct credentials *c) {
  stralloc message = {0};
  bool ok = stralloc_0(&message) && stralloc_cat(&message, &c->user) && stralloc_0(&message) &&
            stralloc_cat(&message, &c->password);
  ok = ok ? say(s, "AUTH PLAIN ", text_of_stralloc(&message)) && is_over(s) : exchange_no_memory(s);
  stralloc_free(&message);
  return ok;
}

static bool login(struct smtp *s, const struct credentials *c) {
  return exchange_command(s, "AUTH LOGIN", TEXT_ABSENT) && goes_on(s) &&
         say(s, "", text_of_stralloc(&c->user)) && goes_on(s) &&
         say(s, "", text_of_stralloc(&c->password)) && is_over(s);
}

/* The octets of a reply's text are hostile: what is no base64 has no answer. */
static bool read_challenge(const struct smtp *s, uint8_t challenge[CHALLENGE_MAX], size_t *len) {
  struct base64_decode_ctx decode;
  const stralloc *text = &s->reply.text;
  *len = CHALLENGE_MAX;
  base64_decode_init(&decode);
  return text->len <= CHALLENGE_MAX && base64_decode_update(&decode, len, challenge, text->len, text->s) &&
         base64_decode_final(&decode);
}

static int cat_digest(stralloc *out, const struct credentials *c, const uint8_t *challenge, size_t len) {
  static const char hex[] = "0123456789abcdef";
  uint8_t digest[MD5_DIGEST_SIZE];
  struct hmac_md5_ctx h;
  hmac_md5_set_key(&h, c->password.len, (const uint8_t *)c->password.s);
  hmac_md5_update(&h, len, challenge);
  hmac_md5_digest(&h, sizeof digest, digest);
  for (size_t i = 0; i < sizeof digest; i++)
    if (!stralloc_catb(out, &hex[digest[i] >> 4], 1) || !stralloc_catb(out, &hex[digest[i] & 15], 1)) return -1;
  return 0;
}

static bool answer(struct smtp *s, const struct credentials *c, const uint8_t *challenge, size_t len) {
  stralloc message = {0};
  bool ok = stralloc_copy(&message, &c->user) && stralloc_cats(&message, " ") &&
            cat_digest(&message, c, challenge, len) == 0;
  ok = ok ? say(s, "", text_of_stralloc(&message)) && is_over(s) : exchange_no_memory(s);
  stralloc_free(&message);
  return ok;
}

static bool cram_md5(struct smtp *s, const struct credentials *c) {
  uint8_t challenge[CHALLENGE_MAX];
  size_t len;
  if (!exchange_command(s, "AUTH CRAM-MD5", TEXT_ABSENT) || !goes_on(s)) return false;
  return read_challenge(s, challenge, &len) ? answer(s, c, challenge, len) : exchange_confused(s);
}

static bool no_way(struct smtp *s) {
  verdict_set(&s->verdict, RESULT_DEFERRAL, "4.7.0",
              is_overheard(s) ? "the relay offers no way to log in that hides the password"
                              : "the relay offers no way to log in");
  verdict_who(&s->verdict, s->host, s->address);
  smtp_quit(s);
  return false;
}

bool auth_log_in(struct smtp *s, const struct credentials *c) {
  exchange_limit(s, STEP_HELLO);
  if (s->offer.cram_md5) return cram_md5(s, c);
  if (is_overheard(s)) return no_way(s);
  if (s->offer.plain) return plain(s, c);
  return s->offer.login ? login(s, c) : no_way(s);
}
