#include "config.h"
#include "queue/testrunner.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "lib/sandbox.h"
#include "queue/bounce.h"
#include "queue/newmessage.h"

/* Weeks of a runner to which everything happens that may: destinations that
 * answer, defer, fail, are away, hang or die, operators, crashes, settings,
 * clocks.  In the end all answer and nothing is held; then each recipient has
 * got his message once, or the sender was told once that he did not, or
 * somebody deleted it, and the queue is empty.
 *
 * OWLPOST_CHAOS_SEED=N: only that one. */

enum {
  SEEDS = 12,
  /* a life takes a sanitizer twenty times as long, and 400 more than an hour */
  SEEDS_FULL = SANDBOX_SANITIZED ? 40 : 400,
  STEPS = 120,
  MESSAGES = 40,
  RECIPIENTS = 300,
  DESTINATIONS = 12,
  DSNS = 8 /* of a message whose orders are looked for */
};

struct fate {
  unsigned successes, failures, delays; /* deliveries; DSNs that tell of it */
};

struct sent {
  struct queueid id;
  size_t count;
  bool deleted;
  struct fate fates[RECIPIENTS];
};

struct world {
  struct testrunner t;
  uint64_t random;
  size_t count;
  struct sent sent[MESSAGES];
};

/* ---- chance: xorshift64* */

static uint64_t chance(struct world *w, uint64_t of) {
  w->random ^= w->random >> 12;
  w->random ^= w->random << 25;
  w->random ^= w->random >> 27;
  return (w->random * UINT64_C(0x2545f4914f6cdd1d) >> 32) % of;
}

/* Small ones more often than large ones: 0 to 2^bits - 1. */
static uint64_t small(struct world *w, unsigned bits) { return chance(w, (uint64_t)1 << (chance(w, bits) + 1)); }

/* ---- mail */

static const char *const says[] = {"bob", "later", "never", "down", "away", "silent", "die"};

/* "later-3-17@d5.example": message 3, recipient 17. */
static void make_address(struct world *w, char to[64], size_t message, size_t recipient) {
  uint64_t d = chance(w, DESTINATIONS);
  if (d < 3) snprintf(to, 64, "%s-%zu-%zu@here.example", says[chance(w, COUNT(says))], message, recipient);
  else
    snprintf(to, 64, "%s-%zu-%zu@d%u.example", says[chance(w, COUNT(says))], message, recipient, (unsigned)d);
}

static void put_into_queue(struct world *w, struct sent *s, const struct envelope *e) {
  static const char text[] = "Subject: test\n\nbody\n";
  unsigned char octets[10];
  struct newmessage m;
  for (size_t i = 0; i < sizeof octets; i++) octets[i] = (unsigned char)chance(w, 256);
  queueid_from(&s->id, e->arrival_us, octets);
  assert_int_equal(newmessage_open(&m, w->t.queue.store.queue_fd, &s->id), NEWMESSAGE_OK);
  assert_int_equal(newmessage_write(&m, text, strlen(text)), NEWMESSAGE_OK);
  assert_int_equal(newmessage_commit(&m, e), NEWMESSAGE_OK);
  if (chance(w, 8)) runner_found(&w->t.runner, &s->id); /* or the poke is lost */
}

static void inject(struct world *w) {
  static char addresses[RECIPIENTS][64];
  char sender[64];
  if (w->count == MESSAGES) return;
  size_t number = w->count++;
  struct sent *s = &w->sent[number];
  snprintf(sender, sizeof sender, "s%zu@home.example", number);
  struct envelope e = {.sender = text_of(chance(w, 8) ? sender : ""), .arrival_us = w->t.wall_us};
  s->count = chance(w, 4) ? 1 + chance(w, 6) : 1 + chance(w, RECIPIENTS);
  for (size_t i = 0; i < s->count; i++) {
    struct envelope_recipient *r = envelope_add(&e);
    assert_non_null(r);
    make_address(w, addresses[i], number, i);
    r->address = text_of(addresses[i]);
  }
  put_into_queue(w, s, &e);
  envelope_free(&e);
}

/* ---- what happens */

static void change_minds(struct world *w) {
  static const enum say kinds[] = {SAY_DEFERRAL, SAY_FAILURE, SAY_NOTHING, SAY_DIE, SAY_UNREACHED, SAY_TURNED_AWAY};
  enum say kind = kinds[chance(w, COUNT(kinds))];
  w->t.means[kind] = chance(w, 3) ? kinds[chance(w, COUNT(kinds))] : SAY_SUCCESS;
}

/* A message, or a DSN about it. */
static void any_id(struct world *w, struct queueid *id, bool dsn, size_t message) {
  *id = w->sent[message].id;
  if (dsn) bounce_id(id, &w->sent[message].id, chance(w, 3));
}

static void order(struct world *w) {
  static const enum order orders[] = {ORDER_HOLD, ORDER_HOLD, ORDER_RELEASE, ORDER_RELEASE, ORDER_RETRY, ORDER_RETRY,
                                      ORDER_EXPIRE, ORDER_RETURN, ORDER_DELETE};
  if (w->count == 0) return;
  struct queueid id;
  size_t message = chance(w, w->count);
  bool dsn = chance(w, 4) == 0;
  any_id(w, &id, dsn, message);
  /* the end of a DSN would not be told to the sender */
  enum order what = orders[chance(w, dsn ? 6 : COUNT(orders))];
  enum outcome o = operator_order(&w->t.runner, &id, what, 0);
  assert_int_not_equal(o, OUTCOME_FAILED);
  if (what == ORDER_DELETE && o == OUTCOME_DONE) w->sent[message].deleted = true;
}

static void order_destination(struct world *w, bool held) {
  static const char *const others[] = {"local/bob", "local/later", "home.example", "relay.example:2525"};
  char name[64];
  uint64_t d = chance(w, DESTINATIONS + COUNT(others));
  if (d < DESTINATIONS) snprintf(name, sizeof name, "d%u.example", (unsigned)d);
  else snprintf(name, sizeof name, "%s", others[d - DESTINATIONS]);
  assert_int_equal(operator_hold_destination(&w->t.runner, text_of(name), held, 0), 0);
}

static void crash(struct world *w) {
  testrunner_crash(&w->t);
  if (chance(w, 2)) w->t.wall_us += chance(w, 100000) * 1000000;
  testrunner_start(&w->t);
}

static void set_number(struct world *w, const char *name, uint64_t number) {
  char content[32];
  snprintf(content, sizeof content, "%llu\n", (unsigned long long)number);
  testrunner_control(&w->t, name, content);
}

static void change_settings(struct world *w) {
  static const char *const limits[] = {"", ":1\n", ":3\nd4.example:1\n", "d5.example:30\n"};
  static const char *const rates[] = {"", "d3.example:1/600\n", ":10/60\n", "d4.example:2/3600\nhome.example:5/60\n"};
  static const char *const plans[] = {"", ":60,300,3600\n", "d6.example:86400\n"};
  static const char *const routes[] = {"", "", "d7.example:relay.example:2525\n", "d3.example:d4.example\n"};
  struct testrunner *t = &w->t;
  switch (chance(w, 9)) {
    case 0: set_number(w, "concurrencyremote", small(w, 6)); break;
    case 1: set_number(w, "concurrencylocal", small(w, 5)); break;
    case 2: set_number(w, "recipientlimit", 1 + small(w, 7)); break;
    case 3: set_number(w, "queuelifetime", 3600 + small(w, 20)); break;
    case 4: set_number(w, "delaywarning", small(w, 15)); break;
    case 5: testrunner_control(t, "concurrencydomain", limits[chance(w, COUNT(limits))]); break;
    case 6: testrunner_control(t, "ratelimit", rates[chance(w, COUNT(rates))]); break;
    case 7: testrunner_control(t, "retryschedule", plans[chance(w, COUNT(plans))]); break;
    case 8: testrunner_control(t, "smtproutes", routes[chance(w, COUNT(routes))]); break;
  }
  assert_int_equal(runner_load_settings(&t->runner), 0);
}

static void step_clock(struct world *w) {
  uint64_t by_us = small(w, 18) * 1000000;
  if (chance(w, 2)) w->t.wall_us += by_us;
  else w->t.wall_us -= by_us;
}

static void step(struct world *w) {
  uint64_t what = chance(w, 32);
  if (what < 9) inject(w);
  else if (what < 13) change_minds(w);
  else if (what < 22) order(w);
  else if (what < 26) order_destination(w, chance(w, 2));
  else if (what < 28) crash(w);
  else if (what < 31) change_settings(w);
  else step_clock(w);
  if (chance(w, 3)) testrunner_run(&w->t, chance(w, 3) ? small(w, 17) : 0);
}

/* ---- the end */

static void be_kind(struct world *w) {
  static const char *const settings[][2] = {
    {"concurrencyremote", "20\n"}, {"concurrencylocal", "10\n"}, {"concurrencydomain", ""}, {"ratelimit", ""},
    {"retryschedule", ""}, {"smtproutes", ""}, {"queuelifetime", "604800\n"}};
  for (size_t i = 0; i < COUNT(settings); i++) testrunner_control(&w->t, settings[i][0], settings[i][1]);
  assert_int_equal(runner_load_settings(&w->t.runner), 0);
  for (unsigned i = 0; i < SAY_COUNT; i++) w->t.means[i] = SAY_SUCCESS;
}

static void release(struct world *w, const struct queueid *id) {
  assert_int_not_equal(operator_order(&w->t.runner, id, ORDER_RELEASE, 0), OUTCOME_FAILED);
}

static void release_all(struct world *w) {
  struct queueid dsn;
  stralloc names = {0};
  struct text name;
  for (size_t i = 0; i < w->count; i++) {
    release(w, &w->sent[i].id);
    for (uint64_t n = 0; n < DSNS; n++) {
      bounce_id(&dsn, &w->sent[i].id, n);
      release(w, &dsn);
    }
  }
  assert_int_equal(text_cat(&names, text_of_stralloc(&w->t.runner.holds.names)), 0);
  for (struct text rest = text_of_stralloc(&names); holds_next(&rest, &name);)
    assert_int_equal(operator_hold_destination(&w->t.runner, name, false, 0), 0);
  stralloc_free(&names);
}

/* ---- what has become of everybody */

static struct fate *fate_of(struct world *w, const char *address) {
  size_t message, recipient;
  if (sscanf(address, "%*[a-z]-%zu-%zu@", &message, &recipient) != 2) return NULL;
  assert_in_range(message, 0, w->count - 1);
  assert_in_range(recipient, 0, w->sent[message].count - 1);
  return &w->sent[message].fates[recipient];
}

/* RFC 3464: Final-Recipient comes before Action. */
static void read_dsn(struct world *w, const struct attempt *a) {
  static const char recipient[] = "\nFinal-Recipient: rfc822; ", action[] = "\nAction: ";
  stralloc body = {0};
  assert_int_equal(text_cat(&body, text_of_stralloc(&a->body)), 0);
  assert_true(stralloc_0(&body));
  for (char *at = body.s; (at = strstr(at, recipient));) {
    at += strlen(recipient);
    struct fate *f = fate_of(w, at);
    assert_non_null(at = strstr(at, action));
    at += strlen(action);
    if (f && strncmp(at, "failed", 6) == 0) f->failures++;
    if (f && strncmp(at, "delayed", 7) == 0) f->delays++;
  }
  stralloc_free(&body);
}

static void add_up(struct world *w) {
  for (size_t i = 0; i < w->t.attempt_count; i++) {
    const struct attempt *a = &w->t.attempts[i];
    if (a->said != SAY_SUCCESS) continue;
    struct fate *f = fate_of(w, a->address);
    if (f) f->successes++;
    else read_dsn(w, a);
  }
}

static void check_fates(struct world *w, uint64_t seed) {
  for (size_t i = 0; i < w->count; i++)
    for (size_t n = 0; n < w->sent[i].count; n++) {
      const struct fate *f = &w->sent[i].fates[n];
      unsigned ends = f->successes + f->failures;
      if (f->delays <= 1 && (ends == 1 || (ends == 0 && w->sent[i].deleted))) continue;
      fail_msg("seed %llu: message %zu (%s), recipient %zu: %u deliveries, told of %u failures and %u delays",
               (unsigned long long)seed, i, w->sent[i].id.s, n, f->successes, f->failures, f->delays);
    }
}

static void check_queue(struct world *w) {
  assert_int_equal(testrunner_files_in(&w->t, "bad"), 0);
  assert_int_equal(w->t.runner.active_count, 0);
  assert_int_equal(waitlist_waiting(&w->t.runner.waitlist), 0);
  assert_int_equal(store_sync(&w->t.runner.store), 0); /* then logs go */
  assert_int_equal(testrunner_files(&w->t), 0);
  assert_false(testrunner_logged(&w->t, "alarm"));
}

static void live(struct world *w, uint64_t seed) {
  memset(w, 0, sizeof *w);
  w->random = seed * UINT64_C(0x9e3779b97f4a7c15) | 1;
  testrunner_make(&w->t);
  testrunner_control(&w->t, "timeoutdelivery", "3600\n");
  testrunner_start(&w->t);
  for (unsigned i = 0; i < STEPS; i++) {
    step(w);
    w->t.wall_us++; /* no two ids are the same */
  }
  be_kind(w);
  testrunner_run(&w->t, TEST_DAY_S); /* lost pokes are found, hung agents given up, DSNs made */
  release_all(w);
  testrunner_run(&w->t, TEST_DAY_S);
  release_all(w); /* what was told only now */
  testrunner_run(&w->t, 6 * TEST_DAY_S);
  add_up(w);
  check_fates(w, seed);
  check_queue(w);
  testrunner_remove(&w->t);
}

static void everybody_is_served_once_or_told_of_once(void **state) {
  static struct world w;
  const char *full = getenv("OWLPOST_CHECK_FULL"), *only = getenv("OWLPOST_CHAOS_SEED");
  uint64_t first = only ? strtoull(only, NULL, 10) : 1;
  uint64_t last = only ? first : full && *full ? SEEDS_FULL : SEEDS;
  (void)state;
  for (uint64_t seed = first; seed <= last; seed++) {
    if (getenv("TESTRUNNER_LOG")) print_message("seed %llu\n", (unsigned long long)seed);
    live(&w, seed);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(everybody_is_served_once_or_told_of_once)};
  return cmocka_run_group_tests_name("chaos", tests, NULL, NULL);
}
