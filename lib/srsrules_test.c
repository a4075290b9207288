#include "config.h"
#include "lib/srsrules.h"
#include "lib/testfolder.h"

static const uint64_t now_us = UINT64_C(1700000000) * 1000000u;

static struct srsrules rules;
static struct route_table routes;

#define DOMAINS                                                                                  \
  "fwd.test:srs.test\n"                                                                          \
  ".fwd.test:other.test\n"                                                                       \
  "not.fwd.test:\n"
#define SECRETS "# signs\nzebra\nancient \nAncient\nmiddle\n"

static int load(const char *domains, const char *secrets, mode_t mode, char *error, size_t space) {
  struct control c;
  test_write("me", TEXT("here.test\n"), 0644);
  test_write("locals", TEXT("here.test\nsrs.test\n"), 0644);
  test_write("virtualdomains", TEXT("virtual.test:joe\n"), 0644);
  test_write("srsdomains", text_of(domains), 0644);
  (void)unlink(test_path("srssecret"));
  if (secrets) test_write("srssecret", text_of(secrets), mode);
  setenv("OWLPOST_CONTROL", test_folder, 1);
  assert_int_equal(control_open(&c), 0);
  assert_int_equal(route_load(&routes, &c), 0);
  int r = srsrules_load(&rules, &c);
  if (error) snprintf(error, space, "%s", c.error.s);
  control_free(&c);
  return r;
}

static void load_well(void) { assert_int_equal(load(DOMAINS, SECRETS, 0640, NULL, 0), 0); }

static void unload(void) {
  srsrules_unload(&rules);
  route_unload(&routes);
}

static void off_without_domains(void **state) {
  (void)state;
  stralloc out = {0};
  assert_int_equal(load("# none\n", NULL, 0, NULL, 0), 0);
  assert_text(srsrules_domain(&rules, TEXT("fwd.test")), TEXT_ABSENT);
  assert_int_equal(srsrules_sign(&rules, &routes, TEXT("fwd.test"), TEXT("ann@a.org"), now_us, &out), 0);
  assert_int_equal(srsrules_reverse(&rules, TEXT("SRS0=aaaa=AA=a.org=ann@srs.test"), now_us, &out), SRS_NONE);
  stralloc_free(&out);
  unload();
}

static void domains_are_found_as_in_other_maps(void **state) {
  (void)state;
  load_well();
  assert_text(srsrules_domain(&rules, TEXT("FWD.test")), TEXT("srs.test"));
  assert_text(srsrules_domain(&rules, TEXT("a.fwd.test")), TEXT("other.test"));
  assert_text(srsrules_domain(&rules, TEXT("not.fwd.test")), TEXT_ABSENT);
  assert_text(srsrules_domain(&rules, TEXT("here.test")), TEXT_ABSENT);
  assert_text(srsrules_domain(&rules, TEXT_ABSENT), TEXT_ABSENT);
  unload();
  assert_int_equal(load(":srs.test\n", "x\n", 0640, NULL, 0), 0);
  assert_text(srsrules_domain(&rules, TEXT("here.test")), TEXT("srs.test"));
  assert_text(srsrules_domain(&rules, TEXT_ABSENT), TEXT_ABSENT);
  unload();
}

static void the_first_secret_signs_and_all_check(void **state) {
  (void)state;
  stralloc out = {0}, expected = {0};
  load_well();
  assert_int_equal(srsrules_sign(&rules, &routes, TEXT("fwd.test"), TEXT("ann@a.org"), now_us, &out), 1);
  assert_int_equal(srs_sign(&expected, TEXT("zebra"), TEXT("ann@a.org"), TEXT("srs.test"), now_us), 1);
  assert_text(text_of_stralloc(&out), text_of_stralloc(&expected));
  stralloc_zero(&expected);
  assert_int_equal(srs_sign(&expected, TEXT("middle"), TEXT("ann@a.org"), TEXT("other.test"), now_us), 1);
  assert_int_equal(srsrules_reverse(&rules, text_of_stralloc(&expected), now_us, &out), SRS_OK);
  assert_text(text_of_stralloc(&out), TEXT("ann@a.org"));
  stralloc_free(&out);
  stralloc_free(&expected);
  unload();
}

static void some_senders_stay(void **state) {
  (void)state;
  static const char *const senders[] = {"",           "#@[]",           "list-@host-@[]", "postmaster",
                                        "ann@here.test", "ann@virtual.test", "SRS0=aaaa=AA=a.org=ann@SRS.test", "ann@other.test", "ann@a=b"};
  stralloc out = {0};
  load_well();
  for (size_t i = 0; i < COUNT(senders); i++)
    if (srsrules_sign(&rules, &routes, TEXT("fwd.test"), text_of(senders[i]), now_us, &out) != 0)
      fail_msg("%s: %.*s", senders[i], (int)out.len, out.s);
  assert_int_equal(srsrules_sign(&rules, &routes, TEXT("here.test"), TEXT("ann@a.org"), now_us, &out), 0);
  stralloc_free(&out);
  unload();
}

static void only_our_domains_are_reversed(void **state) {
  (void)state;
  stralloc out = {0}, there = {0};
  load_well();
  assert_int_equal(srs_sign(&there, TEXT("zebra"), TEXT("ann@a.org"), TEXT("here.test"), now_us), 1);
  assert_int_equal(srsrules_reverse(&rules, text_of_stralloc(&there), now_us, &out), SRS_NONE);
  assert_int_equal(srsrules_reverse(&rules, TEXT("ann@srs.test"), now_us, &out), SRS_NONE);
  assert_int_equal(srsrules_reverse(&rules, TEXT("SRS0=aaaa=AA=a.org=ann@srs.test"), now_us, &out), SRS_FORGED);
  stralloc_free(&out);
  stralloc_free(&there);
  unload();
}

/* Our own address, guarded by another host of ours with the same secret. */
static void both_steps_are_taken_where_both_are_ours(void **state) {
  (void)state;
  stralloc out = {0}, first = {0}, second = {0};
  load_well();
  assert_int_equal(srs_sign(&first, TEXT("zebra"), TEXT("ann@a.org"), TEXT("srs.test"), now_us), 1);
  assert_int_equal(srs_sign(&second, TEXT("middle"), text_of_stralloc(&first), TEXT("other.test"), now_us), 1);
  assert_int_equal(srsrules_reverse(&rules, text_of_stralloc(&second), now_us, &out), SRS_OK);
  assert_text(text_of_stralloc(&out), TEXT("ann@a.org"));
  stralloc_zero(&second);
  assert_int_equal(srs_sign(&second, TEXT("middle"), TEXT("SRS0=aaaa=AA=a.org=ann@srs.test"), TEXT("other.test"), now_us), 1);
  assert_int_equal(srsrules_reverse(&rules, text_of_stralloc(&second), now_us, &out), SRS_FORGED);
  stralloc_free(&out);
  stralloc_free(&first);
  stralloc_free(&second);
  unload();
}

static void mail_goes_where_the_address_leads(void **state) {
  (void)state;
  stralloc there = {0};
  struct route r = {0};
  load_well();
  assert_int_equal(srs_sign(&there, TEXT("zebra"), TEXT("ann@a.org"), TEXT("srs.test"), now_us), 1);
  assert_int_equal(srsrules_route(&rules, &routes, TEXT_ABSENT, text_of_stralloc(&there), now_us, &r, NULL), 0);
  assert_int_equal(r.channel, CHANNEL_REMOTE);
  assert_text(text_of_stralloc(&r.address), TEXT("ann@a.org"));
  there.s[5]++;
  assert_int_equal(srsrules_route(&rules, &routes, TEXT_ABSENT, text_of_stralloc(&there), now_us, &r, NULL), 0);
  assert_int_equal(r.channel, CHANNEL_LOCAL);
  assert_text(text_of_stralloc(&r.address), text_of_stralloc(&there));
  stralloc_free(&there);
  route_free(&r);
  unload();
}

static void bad_files_are_errors(void **state) {
  (void)state;
  static const struct {
    const char *domains, *secrets;
    mode_t mode;
    const char *file, *why;
  } cases[] = {
    {DOMAINS, NULL, 0, "srssecret", "srsdomains needs a secret, and there is none"},
    {DOMAINS, "# none\n", 0640, "srssecret", "srsdomains needs a secret, and there is none"},
    {DOMAINS, SECRETS, 0644, "srssecret", "everybody may read it; give it mode 0640"},
    {"a.test:b@c.test\n", SECRETS, 0640, "srsdomains", "a line names no domain for the senders"},
  };
  char error[600], expected[600];
  for (size_t i = 0; i < COUNT(cases); i++) {
    assert_int_equal(load(cases[i].domains, cases[i].secrets, cases[i].mode, error, sizeof error), -1);
    snprintf(expected, sizeof expected, "unable to read %s/%s: %s", test_folder, cases[i].file, cases[i].why);
    assert_string_equal(error, expected);
    assert_int_equal(rules.secret_count, 0);
    unload();
  }
}

int main(void) {
  umask(022);
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(off_without_domains, test_folder_make, test_folder_remove),
    cmocka_unit_test_setup_teardown(domains_are_found_as_in_other_maps, test_folder_make, test_folder_remove),
    cmocka_unit_test_setup_teardown(the_first_secret_signs_and_all_check, test_folder_make, test_folder_remove),
    cmocka_unit_test_setup_teardown(some_senders_stay, test_folder_make, test_folder_remove),
    cmocka_unit_test_setup_teardown(only_our_domains_are_reversed, test_folder_make, test_folder_remove),
    cmocka_unit_test_setup_teardown(both_steps_are_taken_where_both_are_ours, test_folder_make, test_folder_remove),
    cmocka_unit_test_setup_teardown(mail_goes_where_the_address_leads, test_folder_make, test_folder_remove),
    cmocka_unit_test_setup_teardown(bad_files_are_errors, test_folder_make, test_folder_remove),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
