#include "config.h"
#include "queue/owlq/filter.h"
#include <stdio.h>
#include "lib/unittest.h"
#include "queue/owlq/units.h"

#define HOUR_S 3600
#define NOW_US (UINT64_C(1795438835) * 1000000)

/* ---- times and sizes */

static void times_are_read(void **state) {
  static const struct {
    const char *word;
    bool taken;
    uint64_t seconds;
  } cases[] = {
    {"45", true, 45},
    {"0", true, 0},
    {"2d3h", true, 2 * 86400 + 3 * 3600},
    {"1w1d1h1m1s", true, 694861},
    {"90m", true, 5400},
    {"18446744073709551615", true, UINT64_MAX},
    {"", false, 0},
    {"d", false, 0},
    {"2d3", false, 0},
    {"3x", false, 0},
    {"-1", false, 0},
    {" 1", false, 0},
    {"1.5h", false, 0},
    {"18446744073709551616", false, 0},
    {"18446744073709551615m", false, 0},
    {"18446744073709551615s1s", false, 0},
  };
  (void)state;
  for (size_t i = 0; i < COUNT(cases); i++) {
    uint64_t seconds = 0;
    if (units_seconds(cases[i].word, &seconds) != cases[i].taken) fail_msg("\"%s\"", cases[i].word);
    if (cases[i].taken) assert_int_equal(seconds, cases[i].seconds);
  }
}

static void sizes_are_read(void **state) {
  static const struct {
    const char *word;
    bool taken;
    uint64_t octets;
  } cases[] = {
    {"1000", true, 1000},
    {"512k", true, 512 << 10},
    {"10M", true, 10 << 20},
    {"2g", true, UINT64_C(2) << 30},
    {"", false, 0},
    {"M", false, 0},
    {"10MB", false, 0},
    {"1T", false, 0},
    {"17179869184G", false, 0},
  };
  (void)state;
  for (size_t i = 0; i < COUNT(cases); i++) {
    uint64_t octets = 0;
    if (units_octets(cases[i].word, &octets) != cases[i].taken) fail_msg("\"%s\"", cases[i].word);
    if (cases[i].taken) assert_int_equal(octets, cases[i].octets);
  }
}

/* ---- patterns */

static void patterns_fit_addresses(void **state) {
  static const struct {
    const char *pattern, *address;
    bool fits;
  } cases[] = {
    {"joe@example.org", "joe@example.org", true},
    {"Joe@Example.ORG", "joe@example.org", true},
    {"joe@example.org", "joe@example.org.test", false},
    {"joe", "joe", true},
    {"joe", "joe@example.org", false},
    {"@example.org", "joe@example.org", true},
    {"@example.org", "joe@sub.example.org", false},
    {"@*.example.org", "joe@sub.example.org", true},
    {"@example.org", "joe@odd@example.org", true},
    {"@example.org", "example.org", false},
    {"joe*", "joe-list@example.org", true},
    {"*@example.org", "@example.org", true},
    {"joe-?@*", "joe-1@example.org", true},
    {"joe-[0-9]@*", "joe-x@example.org", false},
    {"joe@[192.0.2.1]", "joe@[192.0.2.1]", true}, /* not a set of characters */
    {"*\\**", "a*b@example.org", true},
    {"*\\**", "ab@example.org", false},
    {"<>", "", true},
    {"", "", true},
    {"<>", "joe", false},
    {"*", "", true},
    {"@*", "", false},
  };
  (void)state;
  for (size_t i = 0; i < COUNT(cases); i++)
    if (pattern_fits(cases[i].pattern, text_of(cases[i].address)) != cases[i].fits)
      fail_msg("%s and %s", cases[i].pattern, cases[i].address);
}

/* ---- the command line */

enum { WORDS_MAX = 8 };

static enum filter_taken take_all(struct filter *f, const char *const *words, int *at) {
  char *argv[WORDS_MAX];
  int argc = 0;
  enum filter_taken taken = FILTER_TAKEN;
  while (argc < WORDS_MAX && words[argc]) argv[argc] = (char *)(uintptr_t)words[argc], argc++;
  *f = (struct filter){0};
  for (*at = 0; *at < argc && taken == FILTER_TAKEN;) taken = filter_take(f, argc, argv, at);
  return taken;
}

static void mistakes_are_told(void **state) {
  static const struct {
    const char *words[WORDS_MAX];
    const char *error; /* NULL: not a mistake, and nobody's option */
    int at;
  } cases[] = {
    {{"--older-than", "soon"}, "--older-than soon: this is no time, as 45, 90m or 2d3h", 0},
    {{"a", "--larger-than=x"}, "--larger-than x: this is no size, as 1000, 512k or 10M", 1},
    {{"--state", "new,odd"}, "--state new,odd: states are new, waiting, held, failed and bad", 0},
    {{"--state="}, "--state : states are new, waiting, held, failed and bad", 0},
    {{"--recipient", ""}, "--recipient : this is empty", 0},
    {{"--sender"}, "--sender : a value is missing", 0},
    {{""}, "id : this is empty", 0},
    {{"--senders", "x"}, NULL, 0},
    {{"--state=new", "--json"}, NULL, 1},
    {{"-v"}, NULL, 0},
  };
  (void)state;
  for (size_t i = 0; i < COUNT(cases); i++) {
    struct filter f;
    int at;
    enum filter_taken taken = take_all(&f, cases[i].words, &at);
    assert_int_equal(taken, cases[i].error ? FILTER_WRONG : FILTER_NOT_MINE);
    if (cases[i].error) assert_string_equal(filter_error(&f), cases[i].error);
    assert_int_equal(at, cases[i].at);
    filter_free(&f);
  }
}

static void ids_are_plain_arguments(void **state) {
  static const char *const words[] = {"17954", "--state=bad", "--", "-x", "--sender", NULL};
  struct filter f;
  int at;
  (void)state;
  assert_int_equal(take_all(&f, words, &at), FILTER_TAKEN);
  assert_int_equal(at, 5);
  assert_int_equal(f.ids.count, 3);
  assert_string_equal(f.ids.words[2], "--sender");
  assert_int_equal(f.senders.count, 0);
  assert_false(filter_is_empty(&f));
  filter_free(&f);
  assert_true(filter_is_empty(&f));
}

/* ---- what fits */

/* From s@c.test, three hours old, 2000 octets; delivered to joe, not to ann. */
static struct message sample(struct recipient_state states[2]) {
  struct message m = {.states = states, .waiting = 1, .has_log = true};
  m.file.body_octets = 2000;
  m.file.envelope.sender = text_of("s@c.test");
  m.file.envelope.arrival_us = NOW_US - UINT64_C(3) * HOUR_S * 1000000;
  envelope_add(&m.file.envelope)->address = text_of("joe@a.test");
  envelope_add(&m.file.envelope)->address = text_of("ann@b.test");
  states[0] = (struct recipient_state){.progress = RECIPIENT_DONE};
  states[1] = (struct recipient_state){.progress = RECIPIENT_WAITING};
  states[1].last.route = text_of("relay.test:2525");
  return m;
}

static void messages_fit_all_kinds_that_are_given(void **state) {
  static const struct {
    const char *words[WORDS_MAX];
    bool fits;
  } cases[] = {
    {{NULL}, true},
    {{"--sender", "@c.test"}, true},
    {{"--sender", "@d.test"}, false},
    {{"--sender", "@d.test", "--sender=s@*"}, true},
    {{"--recipient", "ann@b.test"}, true},
    {{"--recipient", "joe@a.test"}, false}, /* has been delivered */
    {{"--destination", "B.test"}, true},
    {{"--destination", "a.test"}, false},
    {{"--destination", "relay.test:2525"}, true},
    {{"--destination", "relay.test"}, false},
    {{"--destination", "local/*"}, false},
    {{"--destination", "*.test", "--recipient", "joe*"}, false},
    {{"--older-than", "3h"}, true},
    {{"--older-than", "3h1s"}, false},
    {{"--newer-than", "3h"}, false},
    {{"--newer-than", "3h1s"}, true},
    {{"--larger-than", "1999"}, true},
    {{"--larger-than", "2000"}, false},
    {{"--smaller-than", "2000"}, false},
    {{"--smaller-than", "2001"}, true},
    {{"--state", "waiting"}, true},
    {{"--state", "new,waiting"}, true},
    {{"--state", "new"}, false},
    {{"--state", "bad"}, false},
    {{"--state", "waiting", "--larger-than", "1M"}, false},
  };
  (void)state;
  for (size_t i = 0; i < COUNT(cases); i++) {
    struct recipient_state states[2];
    struct message m = sample(states);
    struct filter f;
    int at;
    assert_int_equal(take_all(&f, cases[i].words, &at), FILTER_TAKEN);
    if (filter_fits(&f, &m, NOW_US) != cases[i].fits) fail_msg("case %zu", i);
    filter_free(&f);
    envelope_free(&m.file.envelope);
  }
}

static void states_follow_from_the_log(void **state) {
  struct message m = {.waiting = 1};
  (void)state;
  assert_int_equal(state_of(&m), STATE_NEW);
  m.has_log = true;
  assert_int_equal(state_of(&m), STATE_WAITING);
  m.waiting = 0;
  assert_int_equal(state_of(&m), STATE_FAILED);
}

static void of_a_bad_one_little_is_known(void **state) {
  static const struct {
    const char *words[WORDS_MAX];
    bool fits;
  } cases[] = {
    {{NULL}, true},          {{"--state", "bad"}, true},       {{"--state", "new"}, false},
    {{"--sender=*"}, false}, {{"--recipient", "*"}, false},    {{"--destination", "*"}, false},
    {{"--larger-than=9"}, true}, {{"--newer-than=1h"}, false},
  };
  (void)state;
  for (size_t i = 0; i < COUNT(cases); i++) {
    struct filter f;
    int at;
    assert_int_equal(take_all(&f, cases[i].words, &at), FILTER_TAKEN);
    if (filter_fits_bad(&f, NOW_US - UINT64_C(7200000000), 10, NOW_US) != cases[i].fits) fail_msg("case %zu", i);
    filter_free(&f);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(times_are_read),
    cmocka_unit_test(sizes_are_read),
    cmocka_unit_test(patterns_fit_addresses),
    cmocka_unit_test(mistakes_are_told),
    cmocka_unit_test(ids_are_plain_arguments),
    cmocka_unit_test(messages_fit_all_kinds_that_are_given),
    cmocka_unit_test(states_follow_from_the_log),
    cmocka_unit_test(of_a_bad_one_little_is_known),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
