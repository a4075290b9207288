#include "config.h"
#include "remote/auth.h"
#include <sys/random.h>
#include "lib/base64.h"
#include "lib/hex.h"
#include "lib/ip.h"
#include "lib/saslclient.h"
#include "remote/exchange.h"

enum { CODE_GO_ON = 334, CODE_LOGGED_IN = 235, NONCE_OCTETS = 16 };

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

/* A line with what it says in base64, and the reply to it.  Nothing is "=" behind the
 * command (RFC 4954 4). */
static bool say(struct smtp *s, const char *before, struct text secret) {
  bool ok = true;
  exchange_put(s, &ok, before);
  ok = ok && base64_cat(&s->stream.out, secret) == 0;
  exchange_put(s, &ok, "\r\n");
  return ok ? send_hidden(s) && exchange_answered(s, "AUTH") : exchange_no_memory(s);
}

static bool refused(struct smtp *s) {
  exchange_judge(s);
  verdict_defer(&s->verdict, "4.7.8");
  smtp_close(s);
  return false;
}

/* A server that does not know the password may be anybody's. */
static bool not_believed(struct smtp *s) {
  verdict_set(&s->verdict, RESULT_DEFERRAL, "4.7.8", "the relay does not show that it knows the password");
  verdict_who(&s->verdict, s->host, s->address);
  smtp_close(s);
  return false;
}

static bool act(struct smtp *s, enum saslclient_status status) {
  switch (status) {
    case SASLCLIENT_OK: return true;
    case SASLCLIENT_FORGED: return not_believed(s);
    case SASLCLIENT_MALFORMED: return exchange_confused(s);
    case SASLCLIENT_NO_MEMORY: break;
  }
  return exchange_no_memory(s);
}

/* The octets of a reply's text are hostile: what is no base64 has no answer. */
static bool answer(struct smtp *s, struct saslclient *c) {
  stralloc challenge = {0};
  bool formed = s->reply.text.len <= 2 * SASLCLIENT_CHALLENGE_MAX &&
                base64_decode(&challenge, text_of_stralloc(&s->reply.text)) == 0;
  bool ok = formed ? act(s, saslclient_take(c, text_of_stralloc(&challenge))) : exchange_confused(s);
  stralloc_free(&challenge);
  return ok && say(s, "", c->message);
}

static bool begin(struct smtp *s, struct saslclient *c) {
  stralloc command = {0};
  bool ok = stralloc_copys(&command, "AUTH ") && stralloc_cats(&command, sasl_name(c->mechanism)) &&
            (!c->message.s || stralloc_cats(&command, " ")) && stralloc_0(&command);
  if (!ok) (void)exchange_no_memory(s);
  else if (c->message.s) ok = say(s, command.s, c->message);
  else ok = exchange_command(s, command.s, TEXT_ABSENT);
  stralloc_free(&command);
  return ok;
}

static bool converse(struct smtp *s, struct saslclient *c) {
  if (!begin(s, c)) return false;
  while (s->reply.code == CODE_GO_ON)
    if (!answer(s, c)) return false;
  if (s->reply.code != CODE_LOGGED_IN) return refused(s);
  return saslclient_may_end(c) || not_believed(s);
}

static int make_nonce(stralloc *out) {
  char octets[NONCE_OCTETS];
  if (getrandom(octets, sizeof octets, 0) != sizeof octets) return -1;
  return hex_cat(out, (struct text){octets, sizeof octets});
}

static bool no_way(struct smtp *s, const char *why) {
  verdict_set(&s->verdict, RESULT_DEFERRAL, "4.7.0", why);
  verdict_who(&s->verdict, s->host, s->address);
  smtp_quit(s);
  return false;
}

static bool run(struct smtp *s, struct saslclient *c, enum sasl_mechanism m) {
  stralloc nonce = {0};
  bool ok = make_nonce(&nonce) == 0 ? act(s, saslclient_begin(c, m, text_of_stralloc(&nonce))) : exchange_no_memory(s);
  stralloc_free(&nonce);
  return ok && converse(s, c);
}

bool auth_log_in(struct smtp *s, const struct credentials *with) {
  struct saslclient c = {.user = text_of_stralloc(&with->user), .password = text_of_stralloc(&with->password),
                         .exporter = s->exporter, .endpoint = s->endpoint};
  enum sasl_mechanism m;
  exchange_limit(s, STEP_HELLO);
  if (is_overheard(s) && !s->is_verified && !with->anywhere)
    return no_way(s, "the relay's certificate has not been checked, so it is told no password");
  if (!saslclient_choose(&c, s->offer.mechanisms, true, &m)) return no_way(s, "the relay offers no way to log in");
  bool ok = run(s, &c, m);
  saslclient_free(&c);
  return ok;
}
