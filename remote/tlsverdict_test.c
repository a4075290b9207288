#include "config.h"
#include <stdio.h>
#include "lib/unittest.h"
#include "remote/tlsverdict.h"

/* The letters of a row: policy's level and where it comes from, what the host's
 * name rests on, TLSA, MTA-STS, the message, port and owl-tlsd. */
static struct tls_case case_of(enum tls_level level, const char *letters) {
  struct tls_case c = {.level = level, .has_tlsd = true};
  for (; *letters; letters++) switch (*letters) {
      case 'o': c.is_ours = true; break;
      case 's': c.host_is_secure = true; break;
      case 'T': c.tlsa = TLSA_USABLE; break;
      case 'U': c.tlsa = TLSA_UNUSABLE; break;
      case 'F': c.tlsa = TLSA_FAILED; break;
      case 't': c.sts = STS_TESTING; break;
      case 'e': c.sts = STS_ENFORCE; break;
      case 'n': c.sts_names_host = true; break;
      case 'u': c.sts_unknown = true; break;
      case 'r': c.sts_unreadable = true; break;
      case 'R': c.requiretls = true; break;
      case 'N': c.tls_optional = true; break;
      case 'i': c.is_implicit = true; break;
      case '-': c.has_tlsd = false; break;
      default: fail_msg("no letter: %c", *letters);
    }
  return c;
}

static const struct {
  enum tls_level level;
  const char *letters, *plan; /* action, check, must; or status */
} plans[] = {
  /* nothing is asked for */
  {LEVEL_NONE, "o", "plain"},
  {LEVEL_NONE, "osT", "plain"},
  {LEVEL_NONE, "oen", "plain"},
  {LEVEL_NONE, "oi", "plain"},
  {LEVEL_MAY, "", "may any"},
  {LEVEL_MAY, "s", "may any"},
  {LEVEL_MAY, "o", "may any"},
  {LEVEL_MAY, "i", "must any"},
  {LEVEL_ENCRYPT, "o", "must any"},
  {LEVEL_VERIFY, "o", "must names"},
  {LEVEL_FINGERPRINT, "o", "must fingerprint"},
  /* DANE */
  {LEVEL_MAY, "sT", "must dane"},
  {LEVEL_MAY, "osT", "must dane"},
  {LEVEL_MAY, "sU", "must any"},
  {LEVEL_MAY, "sF", "4.4.3"},
  {LEVEL_ENCRYPT, "osT", "must dane"},
  {LEVEL_ENCRYPT, "osU", "must any"},
  {LEVEL_ENCRYPT, "osF", "4.4.3"},
  {LEVEL_VERIFY, "osT", "must names"},
  {LEVEL_VERIFY, "osF", "must names"},
  {LEVEL_FINGERPRINT, "osF", "must fingerprint"},
  {LEVEL_DANE, "osT", "must dane"},
  {LEVEL_DANE, "os", "4.7.5"},
  {LEVEL_DANE, "o", "4.7.5"},
  {LEVEL_DANE, "osU", "4.7.5"},
  {LEVEL_DANE, "osF", "4.4.3"},
  {LEVEL_DANE, "oen", "4.7.5"},
  /* MTA-STS, and DANE that wins over it */
  {LEVEL_MAY, "tn", "may names"},
  {LEVEL_MAY, "t", "may any"},
  {LEVEL_MAY, "en", "must names"},
  {LEVEL_MAY, "e", "4.7.5"},
  {LEVEL_MAY, "sTe", "must dane"},
  {LEVEL_MAY, "sTen", "must dane"},
  {LEVEL_MAY, "sFen", "4.4.3"},
  {LEVEL_MAY, "sUen", "must names"},
  {LEVEL_MAY, "sUtn", "must any"},
  {LEVEL_ENCRYPT, "otn", "must any"},
  {LEVEL_ENCRYPT, "oen", "must names"},
  {LEVEL_ENCRYPT, "oe", "4.7.5"},
  {LEVEL_STS, "oen", "must names"},
  {LEVEL_STS, "otn", "must names"},
  {LEVEL_STS, "oe", "4.7.5"},
  {LEVEL_STS, "ot", "4.7.5"},
  {LEVEL_STS, "o", "4.7.5"},
  {LEVEL_STS, "osT", "must dane"},
  {LEVEL_STS, "osTe", "must dane"},
  {LEVEL_STS, "osFen", "4.4.3"},
  {LEVEL_STS, "osUen", "must names"},
  {LEVEL_MAY, "u", "may any"},
  {LEVEL_MAY, "r", "4.3.0"},
  {LEVEL_MAY, "rN", "may any"},
  {LEVEL_MAY, "sUr", "4.3.0"},
  {LEVEL_ENCRYPT, "or", "4.3.0"},
  {LEVEL_STS, "or", "4.3.0"},
  {LEVEL_STS, "ou", "4.7.5"},
  /* REQUIRETLS */
  {LEVEL_MAY, "uR", "4.7.10"},
  {LEVEL_MAY, "rR", "4.3.0"},
  {LEVEL_VERIFY, "orR", "4.3.0"},
  {LEVEL_VERIFY, "ouR", "4.7.10"},
  {LEVEL_VERIFY, "osuR", "must names"},
  {LEVEL_MAY, "R", "5.7.10"},
  {LEVEL_MAY, "sR", "must names"},
  {LEVEL_MAY, "sTR", "must dane"},
  {LEVEL_MAY, "sUR", "must names"},
  {LEVEL_MAY, "sFR", "4.4.3"},
  {LEVEL_MAY, "enR", "must names"},
  {LEVEL_MAY, "tnR", "must names"},
  {LEVEL_MAY, "tR", "5.7.10"},
  {LEVEL_MAY, "eR", "4.7.5"},
  {LEVEL_NONE, "osR", "5.7.10"},
  {LEVEL_ENCRYPT, "oR", "5.7.10"},
  {LEVEL_ENCRYPT, "osR", "must names"},
  {LEVEL_VERIFY, "oR", "5.7.10"},
  {LEVEL_VERIFY, "osR", "must names"},
  {LEVEL_FINGERPRINT, "oR", "must fingerprint"},
  {LEVEL_DANE, "osTR", "must dane"},
  {LEVEL_STS, "oenR", "must names"},
  {LEVEL_MAY, "sRN", "must names"},
  {LEVEL_MAY, "sR-", "4.7.5"},
  /* TLS-Required: No */
  {LEVEL_MAY, "N", "may any"},
  {LEVEL_MAY, "sTN", "may any"},
  {LEVEL_MAY, "sFN", "may any"},
  {LEVEL_MAY, "enN", "may any"},
  {LEVEL_MAY, "eN", "may any"},
  {LEVEL_MAY, "iN", "must any"},
  {LEVEL_NONE, "oN", "plain"},
  {LEVEL_ENCRYPT, "osTN", "must any"},
  {LEVEL_VERIFY, "oN", "must names"},
  {LEVEL_FINGERPRINT, "oN", "must fingerprint"},
  {LEVEL_DANE, "osTN", "must dane"},
  {LEVEL_DANE, "oN", "4.7.5"},
  {LEVEL_STS, "oenN", "must names"},
  /* no owl-tlsd */
  {LEVEL_NONE, "o-", "plain"},
  {LEVEL_MAY, "-", "plain"},
  {LEVEL_MAY, "o-", "plain"},
  {LEVEL_MAY, "tn-", "plain"},
  {LEVEL_MAY, "sTN-", "plain"},
  {LEVEL_MAY, "sT-", "4.7.5"},
  {LEVEL_MAY, "sU-", "4.7.5"},
  {LEVEL_MAY, "sF-", "4.4.3"},
  {LEVEL_MAY, "en-", "4.7.5"},
  {LEVEL_MAY, "i-", "4.7.5"},
  {LEVEL_ENCRYPT, "o-", "4.7.5"},
  {LEVEL_VERIFY, "o-", "4.7.5"},
  {LEVEL_FINGERPRINT, "o-", "4.7.5"},
  {LEVEL_DANE, "osT-", "4.7.5"},
  {LEVEL_STS, "oen-", "4.7.5"},
};

static void is_plan(const struct tls_plan *p, const char *expected) {
  static const char *const checks[] = {"any", "names", "fingerprint", "dane"};
  char text[32];
  switch (p->action) {
    case TLS_PLAIN: assert_string_equal("plain", expected); return;
    case TLS_AVOID:
      assert_string_equal(p->status, expected);
      assert_int_equal(p->class, expected[0] == '5' ? RESULT_FAILURE : RESULT_DEFERRAL);
      assert_true(p->must);
      return;
    case TLS_BEGIN: break;
  }
  snprintf(text, sizeof text, "%s %s", p->must ? "must" : "may", checks[p->check]);
  assert_string_equal(text, expected);
}

static void has_plans(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT(plans); i++) {
    struct tls_case c = case_of(plans[i].level, plans[i].letters);
    struct tls_plan p = tlsverdict_plan(&c);
    print_message("%s %s\n", tls_level_name(plans[i].level), plans[i].letters);
    is_plan(&p, plans[i].plan);
    assert_non_null(p.why);
  }
}

/* Over all combinations: what is demanded is never met by less. */
static void keeps_demands(struct tls_case c) {
  struct tls_plan p = tlsverdict_plan(&c);
  bool demands_of_domain = c.tlsa != TLSA_ABSENT || c.sts == STS_ENFORCE || c.sts_unreadable;
  bool demands = c.level > LEVEL_MAY || c.requiretls || (c.level == LEVEL_MAY && demands_of_domain && !c.tls_optional);
  if (c.level == LEVEL_NONE && !c.requiretls) assert_int_equal(p.action, TLS_PLAIN);
  if (demands) assert_true(p.must);
  if (demands) assert_int_not_equal(p.action, TLS_PLAIN);
  if (c.requiretls && p.action == TLS_BEGIN) assert_int_not_equal(p.check, TLS_CHECK_NOTHING);
  if (c.requiretls && p.action == TLS_BEGIN) assert_string_equal(p.status, "4.7.10"); /* RFC 8689 4.2.1 */
  if (!c.has_tlsd) assert_int_not_equal(p.action, TLS_BEGIN);
  if (p.must)
    for (int f = TLS_NOT_OFFERED; f <= TLS_FAILED; f++)
      assert_int_equal(tlsverdict_after(&p, (enum tls_failure)f), NEXT_HOST);
}

static void never_meets_a_demand_by_less(void **state) {
  (void)state;
  for (unsigned level = 0; level < TLS_LEVELS; level++)
    for (unsigned tlsa = TLSA_ABSENT; tlsa <= TLSA_FAILED; tlsa++)
      for (unsigned sts = STS_NONE; sts <= STS_ENFORCE; sts++)
        for (unsigned bits = 0; bits < 512; bits++)
          keeps_demands((struct tls_case){.level = (enum tls_level)level, .tlsa = (enum tlsa_state)tlsa,
                                          .sts = (enum sts_mode)sts, .is_ours = bits & 1, .host_is_secure = bits & 2,
                                          .sts_names_host = bits & 4, .requiretls = bits & 8, .tls_optional = bits & 16,
                                          .is_implicit = bits & 32, .has_tlsd = bits & 64,
                                          .sts_unknown = bits & 128, .sts_unreadable = bits & 256});
}

static void goes_on_after_failures(void **state) {
  (void)state;
  const struct tls_plan any = {.action = TLS_BEGIN, .check = TLS_CHECK_NOTHING};
  const struct tls_plan names = {.action = TLS_BEGIN, .check = TLS_CHECK_NAMES};
  assert_int_equal(tlsverdict_after(&any, TLS_NOT_OFFERED), NEXT_PLAIN);
  assert_int_equal(tlsverdict_after(&any, TLS_REFUSED), NEXT_PLAIN);
  assert_int_equal(tlsverdict_after(&any, TLS_FAILED), NEXT_PLAIN_ANEW);
  assert_int_equal(tlsverdict_after(&names, TLS_FAILED), NEXT_UNCHECKED);
  assert_int_equal(tlsverdict_after(&names, TLS_NOT_OFFERED), NEXT_PLAIN);
}

static void has_names_of_levels(void **state) {
  (void)state;
  for (unsigned i = 0; i < TLS_LEVELS; i++)
    assert_int_equal(tls_level_find(text_of(tls_level_name((enum tls_level)i))), i);
  assert_int_equal(tls_level_find(text_of("Verify")), TLS_LEVELS);
  assert_int_equal(tls_level_find(text_of("")), TLS_LEVELS);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(has_plans),
    cmocka_unit_test(never_meets_a_demand_by_less),
    cmocka_unit_test(goes_on_after_failures),
    cmocka_unit_test(has_names_of_levels),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
