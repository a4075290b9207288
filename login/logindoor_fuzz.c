/* The first octet is the kind of a request, the second says who asks whom.  What decodes
 * encodes to something that decodes to the same; the doorkeeper, whom no owl-authd answers, lets nobody in. */
#include "config.h"
#include <fcntl.h>
#include "lib/fuzz.h"
#include "login/doorkeeper.h"

static void check_request(unsigned kind, struct text payload) {
  struct logindoor_request r, again;
  stralloc one = {0}, two = {0};
  if (logindoor_read_request(&r, kind, payload) == -1) return;
  check(r.user.len <= SASL_USER_MAX && r.secret.len <= SASL_SECRET_MAX && text_is_clean(r.user));
  check(logindoor_put_request(&one, &r) == 0);
  check(logindoor_read_request(&again, kind, text_of_stralloc(&one)) == 0);
  check(logindoor_put_request(&two, &again) == 0);
  check(text_equal(text_of_stralloc(&one), text_of_stralloc(&two)));
  stralloc_free(&one);
  stralloc_free(&two);
}

static void check_answer(struct text payload) {
  struct logindoor_answer a, again;
  stralloc one = {0};
  if (logindoor_read_answer(&a, payload) == -1) return;
  check(logindoor_put_answer(&one, &a) == 0);
  check(logindoor_read_answer(&again, text_of_stralloc(&one)) == 0);
  check(a.result.class == again.result.class && text_equal(a.challenge, again.challenge) && text_equal(a.offered, again.offered));
  stralloc_free(&one);
}

static void ask(unsigned who, unsigned kind, struct text payload) {
  static struct log nothing = {.fd = -1};
  static struct client nobody;
  struct login_settings s = {.authwithouttls = who & 1, .maxauthtries = 1};
  struct login_doorkeeper k = {.settings = &s, .client = &nobody, .clock = &clock_system, .log = &nothing, .program = "fuzz",
                               .service = "pop3", .stream = -1, .offers_tls = who & 2};
  struct logindoor_answer a;
  if (nothing.fd == -1) nothing.fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
  check(stralloc_copys(&s.me, "me.example") && stralloc_0(&s.me) && stralloc_copys(&s.rundir, "/nonexistent") && stralloc_0(&s.rundir));
  login_doorkeeper_open(&k);
  k.guard.offered = who & 4 ? SASL_ALL : 0;
  k.may_apop = who & 8;
  if (who & 16) check(stralloc_copys(&k.user, "joe"));
  int r = login_doorkeeper_answer(&k, kind, payload, &a);
  check(r == -1 || kind == LOGINDOOR_OFFER || a.result.class != RESULT_SUCCESS || a.challenge.s);
  check(k.user.len == 0 || (r == -1 && who & 16));
  login_doorkeeper_close(&k);
  login_settings_free(&s);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size) {
  struct text payload = fuzz_input(octets, size);
  unsigned kind = fuzz_choice(&payload), who = fuzz_choice(&payload);
  check_request(kind, payload);
  check_answer(payload);
  ask(who, kind, payload);
  return 0;
}
