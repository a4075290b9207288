#include "config.h"
#include "auth/judge.h"
#include <string.h>
#include "lib/network.h"

enum { IPV6_BITS = 64, USER_FACTOR = 10, SECOND_US = 1000000 };

void judge_net(char net[IP_TEXT_MAX], struct text address) {
  struct ip ip;
  net[0] = 0;
  if (!address.len || !ip_parse_literal(&ip, address, true)) return;
  ip_unmap(&ip);
  if (ip.family == AF_INET6) network_mask(&ip, IPV6_BITS);
  ip_format(&ip, net);
}

static struct guesses_name name_of(const struct link *k, enum guesses_kind kind) {
  struct guesses_name n = {.kind = kind};
  if (kind != GUESSES_USER) n.address = text_of(k->net);
  if (kind != GUESSES_ADDRESS) n.user = text_of_stralloc(&k->user);
  return n;
}

static uint32_t count(const struct links *l, const struct link *k, enum guesses_kind kind, uint64_t now_us) {
  if (kind != GUESSES_USER && !k->net[0]) return 0;
  if (kind != GUESSES_ADDRESS && !k->user.len) return 0;
  return guesses_count(l->guesses, name_of(k, kind), now_us);
}

static bool is_guess(const struct link *k) {
  unsigned kind = k->question.kind;
  return kind != CREDENTIAL_SCRAM && kind != CREDENTIAL_MECHANISMS;
}

static const enum guesses_kind failures[] = {GUESSES_ADDRESS, GUESSES_USER, GUESSES_PAIR};

bool judge_refuses(struct links *l, const struct link *k, uint64_t now_us) {
  uint64_t most = l->settings->failures_max;
  bool good = count(l, k, GUESSES_GOOD, now_us) > 0;
  if (most && count(l, k, GUESSES_PAIR, now_us) >= most) return true;
  if (most && !good && count(l, k, GUESSES_ADDRESS, now_us) >= most) return true;
  if (most && !good && count(l, k, GUESSES_USER, now_us) >= most * USER_FACTOR) return true;
  for (size_t i = 0; is_guess(k) && i < sizeof failures / sizeof failures[0]; i++)
    guesses_add(l->guesses, name_of(k, failures[i]), now_us);
  return false;
}

static void forgive(struct links *l, const struct link *k, uint64_t now_us) {
  for (size_t i = 0; i < sizeof failures / sizeof failures[0]; i++)
    guesses_forgive(l->guesses, name_of(k, failures[i]), now_us);
}

static uint32_t failures_of(const struct links *l, const struct link *k, uint64_t now_us) {
  uint32_t here = count(l, k, GUESSES_ADDRESS, now_us), user = count(l, k, GUESSES_USER, now_us);
  return here > user ? here : user;
}

/* Doubles from failure to failure. */
static uint64_t delay_s(const struct links *l, uint32_t failed) {
  uint64_t delay = l->settings->delay_s, most = l->settings->delay_max_s;
  for (uint32_t i = 1; i < failed && delay < most; i++) delay *= 2;
  return delay < most ? delay : most;
}

static void put(struct log *log, const char *name, struct text value) {
  if (!value.s) return;
  log_s(log, name);
  log_t(log, value);
}

static void say(struct log *log, const struct link *k, const char *result, uint32_t failed, uint64_t delay) {
  const struct credential_request *r = &k->question.request;
  log_s(log, "auth: ");
  log_s(log, result);
  put(log, " ", r->mechanism);
  put(log, " service=", r->service);
  put(log, " client=", r->client_address);
  if (r->client_port) log_s(log, " port="), log_u(log, r->client_port);
  if (failed) log_s(log, " failures="), log_u(log, failed);
  if (delay) log_s(log, " delay="), log_u(log, delay);
  if (r->tls.s) log_s(log, " tls");
  /* last, since it may hold blanks and what looks like the above */
  put(log, " user=", text_of_stralloc(&k->user));
  log_end(log);
}

uint64_t judge_answer(struct links *l, const struct link *k, const struct credential_answer *a, uint64_t now_us) {
  bool right = a->result.class == RESULT_SUCCESS;
  if (k->question.kind == CREDENTIAL_MECHANISMS || (k->question.kind == CREDENTIAL_SCRAM && right)) return now_us;
  if (is_guess(k) && a->result.class != RESULT_FAILURE) forgive(l, k, now_us);
  if (right && k->net[0]) guesses_add(l->guesses, name_of(k, GUESSES_GOOD), now_us);
  bool wrong = a->result.class == RESULT_FAILURE;
  uint32_t failed = wrong ? failures_of(l, k, now_us) : 0;
  uint64_t delay = wrong ? delay_s(l, failed) : 0;
  say(l->log, k, right ? "right" : wrong ? "wrong" : "deferred", failed, delay);
  return now_us + delay * SECOND_US;
}

uint64_t judge_refused(struct links *l, const struct link *k, uint64_t now_us) {
  say(l->log, k, "refused", failures_of(l, k, now_us), l->settings->delay_max_s);
  return now_us + l->settings->delay_max_s * SECOND_US;
}
