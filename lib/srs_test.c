#include "config.h"
#include "lib/srs.h"
#include "lib/unittest.h"

/* Day 304 modulo 1024: JQ.  The addresses below were made by Mail::SRS then. */
static const uint64_t day_s = 86400, now_us = (UINT64_C(20784) * 86400 + 4711) * 1000000u, maxage_s = 21 * 86400;

#define SECRET "tops3cr3t"
#define FIRST "SRS0=rQ0z=JQ=Example.ORG=Joe.User@srs.test"
#define SECOND "SRS1=8bj/=srs.test==rQ0z=JQ=Example.ORG=Joe.User@hop2.test"
#define PLUS "SRS1=KSsS=srs.test=+rQ0z=JQ=Example.ORG=Joe.User@hop2.test"

struct signing {
  const char *sender, *domain, *expected; /* NULL: cannot be signed */
};

static void signs_as_others_do(void **state) {
  (void)state;
  static const struct signing cases[] = {
    {"Joe.User@Example.ORG", "srs.test", FIRST},
    {FIRST, "hop2.test", SECOND},
    {"SRS0+rQ0z=JQ=Example.ORG=Joe.User@srs.test", "hop2.test", PLUS},
    {SECOND, "hop3.test", "SRS1=8bj/=srs.test==rQ0z=JQ=Example.ORG=Joe.User@hop3.test"},
    {"srs1-xxxx=srs.test==rQ0z=JQ=Example.ORG=Joe.User@x.test", "hop3.test",
     "SRS1=8bj/=srs.test==rQ0z=JQ=Example.ORG=Joe.User@hop3.test"},
    {"SRS0-xxxx@foo.test", "hop2.test", "SRS1=DTG/=foo.test=-xxxx@hop2.test"},
    {"@a.test", "srs.test", NULL},
    {"joe@", "srs.test", NULL},
    {"joe", "srs.test", NULL},
    {"joe@a=b", "srs.test", NULL},
    {"", "srs.test", NULL},
  };
  for (size_t i = 0; i < COUNT(cases); i++) {
    stralloc out = {0};
    assert_true(stralloc_copys(&out, "x"));
    int r = srs_sign(&out, text_of(SECRET), text_of(cases[i].sender), text_of(cases[i].domain), now_us);
    struct text made = {out.s + 1, out.len - 1};
    if (r != (cases[i].expected != NULL)) fail_msg("%s: %d", cases[i].sender, r);
    if (!text_equals(made, cases[i].expected ? cases[i].expected : ""))
      fail_msg("%s: %.*s", cases[i].sender, (int)made.len, made.s);
    stralloc_free(&out);
  }
}

/* Whatever merely resembles SRS1 is a sender like any other. */
static void a_sender_that_resembles_one_comes_back(void **state) {
  (void)state;
  static const char *const senders[] = {"SRS1-xxxx@foo.test", "SRS1=a=b@foo.test", "SRS1=a==-x@foo.test",
                                        "SRS1=a=b=@foo.test", "SRS1=a=b@c==@foo.test", "SRS2=a@foo.test",   "SRS0@foo.test",
                                        "a=b=c@foo.test",     "a@b@foo.test",      "\xc3\xb6 x@\xc3\xb6.test"};
  const struct text secret = text_of(SECRET);
  for (size_t i = 0; i < COUNT(senders); i++) {
    stralloc there = {0}, back = {0};
    assert_int_equal(srs_sign(&there, secret, text_of(senders[i]), text_of("srs.test"), now_us), 1);
    if (memcmp(there.s, "SRS0=", 5) != 0) fail_msg("%.*s", (int)there.len, there.s);
    assert_int_equal(srs_reverse(&back, &secret, 1, text_of_stralloc(&there), now_us, maxage_s), SRS_OK);
    if (!text_equals(text_of_stralloc(&back), senders[i])) fail_msg("%.*s", (int)back.len, back.s);
    stralloc_free(&there);
    stralloc_free(&back);
  }
}

struct reversal {
  const char *address;
  enum srs_status status;
  const char *expected;
};

static void check_reversals(const struct reversal *cases, size_t count) {
  const struct text secrets[] = {text_of("newer"), text_of(SECRET)};
  for (size_t i = 0; i < count; i++) {
    stralloc out = {0};
    assert_true(stralloc_copys(&out, "rest"));
    enum srs_status s = srs_reverse(&out, secrets, 2, text_of(cases[i].address), now_us, maxage_s);
    if (s != cases[i].status || !text_equals(text_of_stralloc(&out), cases[i].expected))
      fail_msg("%s: %d, %.*s", cases[i].address, (int)s, (int)out.len, out.s);
    stralloc_free(&out);
  }
}

static void reverses_what_was_signed(void **state) {
  (void)state;
  static const struct reversal cases[] = {
    {FIRST, SRS_OK, "Joe.User@Example.ORG"},
    {"srs0=rq0z=jq=example.org=joe.user@SRS.test", SRS_OK, "joe.user@example.org"},
    {"SRS0+rQ0z=JQ=Example.ORG=Joe.User@srs.test", SRS_OK, "Joe.User@Example.ORG"},
    {"SRS0-rQ0z=JQ=Example.ORG=Joe.User@srs.test", SRS_OK, "Joe.User@Example.ORG"},
    {SECOND, SRS_OK, FIRST},
    {PLUS, SRS_OK, "SRS0+rQ0z=JQ=Example.ORG=Joe.User@srs.test"},
    {"joe@srs.test", SRS_NONE, ""},
    {"SRS0@srs.test", SRS_NONE, ""},
    {"SRS0:rQ0z=JQ=Example.ORG=Joe.User@srs.test", SRS_NONE, ""},
    {"SRS2=rQ0z=JQ=Example.ORG=Joe.User@srs.test", SRS_NONE, ""},
    {"", SRS_NONE, ""},
  };
  check_reversals(cases, COUNT(cases));
}

static void refuses_what_was_not(void **state) {
  (void)state;
  static const struct reversal cases[] = {
    {"SRS0=rQ0y=JQ=Example.ORG=Joe.User@srs.test", SRS_FORGED, ""},
    {"SRS0=rQ0z=JR=Example.ORG=Joe.User@srs.test", SRS_FORGED, ""},
    {"SRS0=rQ0z=JQ=Example.COM=Joe.User@srs.test", SRS_FORGED, ""},
    {"SRS0=rQ0z=JQ=Example.ORG=Joe.Users@srs.test", SRS_FORGED, ""},
    {"SRS0=rQ0=JQ=Example.ORG=Joe.User@srs.test", SRS_FORGED, ""},
    {"SRS0==JQ=Example.ORG=Joe.User@srs.test", SRS_FORGED, ""},
    {"SRS0=rQ0zrQ0zrQ0zrQ0zrQ0zrQ0zrQ0zr=JQ=Example.ORG=Joe.User@srs.test", SRS_FORGED, ""},
    {"SRS0=rQ0z=J1=Example.ORG=Joe.User@srs.test", SRS_FORGED, ""},
    {"SRS0=rQ0z=J=Example.ORG=Joe.User@srs.test", SRS_FORGED, ""},
    {"SRS0=rQ0z=JQ==Joe.User@srs.test", SRS_FORGED, ""},
    {"SRS0=rQ0z=JQ=Example.ORG=@srs.test", SRS_FORGED, ""},
    {"SRS0=rQ0z=JQ=Example@ORG=Joe.User@srs.test", SRS_FORGED, ""},
    {"SRS0=rQ0z=JQ=Example.ORG@srs.test", SRS_FORGED, ""},
    {"SRS0=rQ0z=JQ@srs.test", SRS_FORGED, ""},
    {"SRS0=@srs.test", SRS_FORGED, ""},
    {"SRS1=8bj/=srs.tent==rQ0z=JQ=Example.ORG=Joe.User@hop2.test", SRS_FORGED, ""},
    {"SRS1=8bj/=srs.test=+rQ0z=JQ=Example.ORG=Joe.User@hop2.test", SRS_FORGED, ""},
    {"SRS1=8bj/=srs.test=rQ0z=JQ=Example.ORG=Joe.User@hop2.test", SRS_FORGED, ""},
    {"SRS1=8bj/@hop2.test", SRS_FORGED, ""},
  };
  check_reversals(cases, COUNT(cases));
}

static enum srs_status at_day(uint64_t days) {
  const struct text secret = text_of(SECRET);
  stralloc out = {0};
  enum srs_status s = srs_reverse(&out, &secret, 1, text_of(FIRST), now_us + days * day_s * 1000000u, maxage_s);
  stralloc_free(&out);
  return s;
}

static void an_address_grows_old(void **state) {
  (void)state;
  assert_int_equal(at_day(1), SRS_OK);
  assert_int_equal(at_day(21), SRS_OK);
  assert_int_equal(at_day(22), SRS_EXPIRED);
  assert_int_equal(at_day(1023), SRS_EXPIRED);
  assert_int_equal(at_day(1024), SRS_OK); /* the stamp cannot tell */
}

static void longer_hashes_are_compared_whole(void **state) {
  (void)state;
  static const struct text secret = {SECRET, sizeof SECRET - 1};
  stralloc out = {0};
  /* others can be told to write the whole */
  assert_int_equal(srs_reverse(&out, &secret, 1, text_of("SRS0=rQ0zKgghAi64VIwD+XITI83xMIk=JQ=Example.ORG=Joe.User@srs.test"), now_us, maxage_s),
                   SRS_OK);
  assert_int_equal(srs_reverse(&out, &secret, 1, text_of("SRS0=rQ0zA=JQ=Example.ORG=Joe.User@srs.test"), now_us, maxage_s),
                   SRS_FORGED);
  stralloc_free(&out);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(signs_as_others_do),
    cmocka_unit_test(a_sender_that_resembles_one_comes_back),
    cmocka_unit_test(reverses_what_was_signed),
    cmocka_unit_test(refuses_what_was_not),
    cmocka_unit_test(an_address_grows_old),
    cmocka_unit_test(longer_hashes_are_compared_whole),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
