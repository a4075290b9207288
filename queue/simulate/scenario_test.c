#include "config.h"
#include <stdio.h>
#include "lib/unittest.h"
#include "queue/simulate/recording.h"
#include "queue/simulate/scenario.h"

/* What a scenario and a log say. */

static void a_scenario_says(const char *text, struct scenario *s) {
  if (scenario_parse(s, text_of(text)) == -1) fail_msg("%s", s->error.s);
}

static void loads_and_changes_are_read(void **state) {
  struct scenario s;
  (void)state;
  a_scenario_says("# a comment\n\n at 1.5m send count 3 about 0.25 size 1000 recipients 7 from <> to a@b c@d \r\n"
                  "at 1h destination .Example latency 1-2.5 down 0-5 down 1h-2d fail 10 rate 5/60 connections 3\n"
                  "set ratelimit a.example:1/2\nat 10 hold b.example\nend 2d", &s);
  assert_int_equal(s.load_count, 1);
  const struct load *l = &s.loads[0];
  assert_true(l->at_us == 90000000 && l->gap_us == 250000 && l->random && l->count == 3 && l->size == 1000);
  assert_true(l->recipients == 7 && l->to_count == 2 && l->from.len == 0);
  assert_text(l->to[1], text_of("c@d"));
  assert_int_equal(s.change_count, 3);
  assert_int_equal(s.changes[0].setting, CONTROL_RATELIMIT);
  assert_text(s.changes[0].value, text_of("a.example:1/2"));
  assert_int_equal(s.changes[1].kind, CHANGE_HOLD);
  const struct model *m = &s.changes[2].model;
  assert_true(m->latency.from_us == 1000000 && m->latency.to_us == 2500000 && m->connect.to_us == 100000);
  assert_true(m->down_count == 2 && m->downs[1].to_us == UINT64_C(172800000000));
  assert_true(m->fail == 10 && m->rate == 5 && m->rate_us == 60000000 && m->connections == 3);
  assert_true(s.end_us == UINT64_C(172800000000));
  scenario_free(&s);
}

static void mistakes_are_named_with_their_line(void **state) {
  static const char *const cases[][2] = {
    {"\nsend from a@b", "line 2: send needs from and to"},
    {"send from a@b to", "line 1: nobody gets it"},
    {"send count x from a@b to c@d", "line 1: a number is none"},
    {"send every 1.x from a@b to c@d", "line 1: a time is no number of seconds"},
    {"send sometimes from a@b to c@d", "line 1: send has no such part"},
    {"destination", "line 1: the line ends too early"},
    {"destination a colour", "line 1: a destination has no such property"},
    {"destination a latency 3-2", "line 1: a span of time ends before it begins"},
    {"destination a fail 101", "line 1: a percentage is over 100"},
    {"destination a fail 60 defer 60", "line 1: defer, fail and slower are over 100 percent together"},
    {"destination a rate 5", "line 1: a rate is not of the form NUMBER/SECONDS"},
    {"set ratelimits a:1/2", "line 1: there is no control file of this name"},
    {"flush now", "line 1: there is more on it than belongs there"},
    {"at", "line 1: the line ends too early"},
    {"at 99999999d flush", "line 1: a time is no number of seconds"},
    {"go", "line 1: it begins with none of send, destination, set, hold, release, flush, restart, at, end"}};
  (void)state;
  for (size_t i = 0; i < COUNT(cases); i++) {
    struct scenario s;
    assert_int_equal(scenario_parse(&s, text_of(cases[i][0])), -1);
    assert_string_equal(s.error.s, cases[i][1]);
    scenario_free(&s);
  }
}

static void addresses_are_numbered(void **state) {
  static const char *const cases[][2] = {{"u{}@a", "u12@a"}, {"u@d{5}.a", "u@d2.a"}, {"{}{3}", "120"},
                                         {"{x}{", "{x}{"},   {"{0}", "{0}"},         {"", ""}};
  (void)state;
  for (size_t i = 0; i < COUNT(cases); i++) {
    stralloc out = {0};
    assert_int_equal(scenario_cat_address(&out, text_of(cases[i][0]), 12), 0);
    assert_text(text_of_stralloc(&out), text_of(cases[i][1]));
    stralloc_free(&out);
  }
}

/* ---- logs */

static void recorded_as(const char *log, struct recording *r) {
  stralloc octets = {0};
  assert_true(stralloc_copys(&octets, log));
  assert_int_equal(recording_read(r, &octets), 0);
}

static void messages_come_from_a_log(void **state) {
  struct recording r;
  (void)state;
  recorded_as("@4000abcd new msg 20\n@4000abcd info msg 20: bytes 7 from <a@b> qp 5 uid 0\n"
              "Nov 24 18:00:00 host owl-send: info msg 10: bytes 9 from <c d> qp 6 uid 0> qp 7 uid 8\n"
              "starting delivery 1: msg 20 to remote x@y\nstarting delivery 2: msg 20 to local z\n"
              "delivery 1: deferral: starting_delivery_9:/\n"
              "starting delivery 3: msg 20 to remote x@y\nstarting delivery 4: msg 10 to remote q@y\n"
              "info msg 30: bytes 1 from <n@n> qp 5 uid 0\n", &r);
  assert_int_equal(r.count, 2);
  assert_int_equal(r.incomplete, 1);
  assert_true(r.messages[0].arrival_us == 10 && r.messages[1].arrival_us == 20 && r.messages[1].size == 7);
  assert_text(r.messages[0].sender, text_of("c d> qp 6 uid 0"));
  assert_int_equal(r.messages[1].count, 2);
  assert_text(r.recipients[r.messages[1].first].address, text_of("x@y"));
  assert_text(r.recipients[r.messages[1].first + 1].address, text_of("z"));
  recording_free(&r);
}

static void the_runners_own_dsns_are_left_out(void **state) {
  struct recording r;
  (void)state;
  recorded_as("info msg 1: bytes 1 from <> qp 77 uid 0\nstarting delivery 1: msg 1 to remote a@b\n"
              "info msg 2: bytes 1 from <> qp 78 uid 0\nstarting delivery 2: msg 2 to remote a@b\n"
              "bounce msg 1 qp 77\n", &r);
  assert_int_equal(r.count, 1);
  assert_true(r.messages[0].arrival_us == 2);
  recording_free(&r);
}

/* A sender or a recipient can hold words that look like a line. */
static void nobody_forges_a_line(void **state) {
  struct recording r;
  (void)state;
  recorded_as("info msg 1: bytes 1 from <x starting delivery 1: msg 1 to remote v@w> qp 5 uid 0\n"
              "starting delivery 1: msg 1 to remote info msg 9: bytes 1 from <a> qp 1 uid 1\n"
              "status: to bounce msg 1 qp 5\n", &r);
  assert_int_equal(r.count, 1);
  assert_int_equal(r.messages[0].count, 1);
  assert_int_equal(r.own_count, 0);
  recording_free(&r);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(loads_and_changes_are_read),      cmocka_unit_test(mistakes_are_named_with_their_line),
    cmocka_unit_test(addresses_are_numbered),         cmocka_unit_test(messages_come_from_a_log),
    cmocka_unit_test(the_runners_own_dsns_are_left_out), cmocka_unit_test(nobody_forges_a_line),
  };
  return cmocka_run_group_tests_name("scenario", tests, NULL, NULL);
}
