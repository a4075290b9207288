#include "config.h"
#include "queue/statistics.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "lib/unixsock.h"
#include "queue/ctlserver.h"
#include "queue/testrunner.h"

enum { ANSWER_MS = 1000, MANY = 10000 };

static const char sender[] = "ann@far.example";

static struct statistics statistics;
static struct frame_writer writer;

/* ---- who asks */

static void begin_by(struct testrunner *t, const char *name, const char *address) {
  struct ctlstats_request r = {.name = text_of(name), .address = text_of(address)};
  stralloc payload = {0};
  assert_int_equal(ctlstats_put_request(&payload, &r), 0);
  assert_int_equal(statistics_begin(&statistics, &t->runner, text_of_stralloc(&payload), &writer), 0);
  stralloc_free(&payload);
}

static void begin(struct testrunner *t, const char *name) { begin_by(t, name, NULL); }

/* What has been queued, through a socket; name's destination into *found. */
static unsigned read_all(struct ctlstats_totals *totals, struct ctlstats_destination *found,
                         const char *name, unsigned *each) {
  static struct frame_reader reader = {.protocol = &ctl_protocol};
  struct ctlstats_destination d;
  struct frame f;
  unsigned count = 0, number;
  int pair[2];
  char wanted[2];
  assert_int_equal(unixsock_pair(pair), 0);
  frame_reader_free(&reader);
  reader = (struct frame_reader){.protocol = &ctl_protocol};
  while (frame_pending(&writer)) {
    assert_int_equal(frame_flush(&writer, pair[0]), 0);
    while (frame_receive(&reader, pair[1], &f, frame_pending(&writer) ? ANSWER_MS : 0) == FRAME_READY) {
      if (f.type == CTL_TOTALS) {
        assert_int_equal(ctlstats_read_totals(totals, f.payload), 0);
        continue;
      }
      assert_int_equal(f.type, CTL_DESTINATION);
      assert_int_equal(ctlstats_read_destination(&d, f.payload), 0);
      count++;
      if (name && text_equals(d.name, name)) *found = d;
      if (each && sscanf(d.name.s, "n%u.example%1s", &number, wanted) >= 1) each[number]++;
      if (frame_pending(&writer)) assert_int_equal(frame_flush(&writer, pair[0]), 0);
    }
  }
  close(pair[0]);
  close(pair[1]);
  return count;
}

static void finish(struct testrunner *t) {
  while (statistics.busy) assert_int_equal(statistics_go_on(&statistics, &t->runner, &writer), 0);
}

static unsigned ask(struct testrunner *t, struct ctlstats_totals *totals, const char *name,
                    struct ctlstats_destination *found) {
  *totals = (struct ctlstats_totals){0};
  *found = (struct ctlstats_destination){0};
  begin(t, NULL);
  finish(t);
  return read_all(totals, found, name, NULL);
}

static int tear_down(void **state) {
  statistics_free(&statistics);
  frame_writer_free(&writer);
  return testrunner_tear_down(state);
}

/* ---- the tests */

static void what_has_happened_is_counted(void **state) {
  struct testrunner *t = *state;
  struct ctlstats_totals totals;
  struct ctlstats_destination d;
  testrunner_inject_one(t, sender, "bob@here.example");
  testrunner_inject_one(t, sender, "later@there.example");
  testrunner_inject_one(t, "bob@here.example", "never@there.example");
  testrunner_inject_one(t, sender, "bob@there.example");
  testrunner_run(t, 10);
  ask(t, &totals, "there.example", &d);
  assert_int_equal(totals.taken, 5); /* with the DSN */
  assert_int_equal(totals.finished, 4);
  assert_int_equal(totals.bounced, 1);
  assert_int_equal(totals.local_delivered, 2);
  assert_int_equal(totals.remote_delivered, 1);
  assert_int_equal(totals.remote_deferred, 1);
  assert_int_equal(totals.remote_failed, 1);
  assert_int_equal(totals.local_failed, 0);
  assert_int_equal(d.channel, CHANNEL_REMOTE);
  assert_int_equal(d.waiting, 1);
  assert_int_equal(d.delivered, 1);
  assert_int_equal(d.deferred, 1);
  assert_int_equal(d.failed, 1);
  assert_true(d.window > 0 && d.window_most == 20);
  assert_true(d.last_error.len > 0 && d.last_error_us > 0);
}

static void a_destination_that_is_down_says_so(void **state) {
  struct testrunner *t = *state;
  struct ctlstats_totals totals;
  struct ctlstats_destination d;
  const char *to = "down@dead.example";
  struct queueid first = testrunner_inject(t, sender, 0, &to, 1);
  for (int i = 0; i < 50; i++) testrunner_inject_one(t, sender, to);
  testrunner_run(t, 10);
  ask(t, &totals, "dead.example", &d);
  assert_true(d.down);
  assert_int_equal(d.waiting, 51);
  assert_int_equal(d.oldest_us, queueid_arrival_us(&first));
  assert_true(d.parked >= 40);
  assert_true(d.opens_s > 0 && d.opens_s <= d.backoff_s + d.backoff_s / 8 + 1);
  struct lane *l = lanes_named(&t->runner.lanes, text_of("dead.example"), false);
  lane_hold(&t->runner.lanes, l, true, t->boot_us);
  ask(t, &totals, "dead.example", &d);
  assert_true(d.held);
}

static void one_destination_can_be_asked_for(void **state) {
  struct testrunner *t = *state;
  struct ctlstats_totals totals;
  struct ctlstats_destination d = {0};
  testrunner_inject_one(t, sender, "later@there.example");
  testrunner_inject_one(t, sender, "later@elsewhere.example");
  testrunner_run(t, 10);
  begin(t, "THERE.example");
  finish(t);
  assert_int_equal(read_all(&totals, &d, "there.example", NULL), 1);
  assert_int_equal(d.waiting, 1);
  begin(t, "unknown.example");
  finish(t);
  assert_int_equal(read_all(&totals, &d, NULL, NULL), 0);
  assert_null(lanes_named(&t->runner.lanes, text_of("unknown.example"), false));
}

static void an_address_has_a_destination(void **state) {
  static const struct {
    const char *address, *name;
    unsigned count;
  } cases[] = {{"x@There.Example", "there.example", 1}, {"bob-x@here.example", "local/bob", 1},
               {"x@new.example", "new.example", 1}, {"x@", NULL, 0}};
  struct testrunner *t = *state;
  struct ctlstats_totals totals;
  for (size_t i = 0; i < COUNT(cases); i++) {
    struct ctlstats_destination d = {0};
    begin_by(t, NULL, cases[i].address);
    finish(t);
    assert_int_equal(read_all(&totals, &d, cases[i].name, NULL), cases[i].count);
    if (cases[i].name) assert_text(d.name, text_of(cases[i].name));
    if (cases[i].name && d.channel == CHANNEL_REMOTE) assert_int_equal(d.window_most, 20);
  }
}

/* Each turn says a little; each destination is told once. */
static void ten_thousand_destinations_take_many_turns(void **state) {
  struct testrunner *t = *state;
  struct ctlstats_totals totals = {0};
  struct ctlstats_destination d;
  static unsigned each[MANY];
  unsigned turns = 0, count = 0;
  char name[64];
  for (unsigned i = 0; i < MANY; i++) {
    snprintf(name, sizeof name, "n%u.example", i);
    assert_non_null(lanes_named(&t->runner.lanes, text_of(name), true));
  }
  begin(t, NULL);
  for (; statistics.busy; turns++) {
    assert_int_equal(statistics_go_on(&statistics, &t->runner, &writer), 0);
    assert_in_range(writer.out.len, 0, STATISTICS_OCTETS + 2048);
    count += read_all(&totals, &d, NULL, each);
  }
  assert_int_equal(totals.destinations, count);
  assert_true(turns > 30);
  for (unsigned i = 0; i < MANY; i++) assert_int_equal(each[i], 1);
}

static void put(struct testrunner *t, uint64_t arrival_us, unsigned n, uint32_t lane) {
  unsigned char octets[10] = {(unsigned char)n, (unsigned char)(n >> 8), (unsigned char)(n >> 16)};
  const struct wait how = {.due_us = UINT64_MAX, .lane = lane};
  struct queueid id;
  queueid_from(&id, arrival_us, octets);
  assert_int_equal(waitlist_put(&t->runner.waitlist, &id, &how), 0);
}

/* Many messages are looked at in several turns, and the oldest is found. */
static void the_oldest_of_many_is_found(void **state) {
  struct testrunner *t = *state;
  struct ctlstats_totals totals;
  struct ctlstats_destination d;
  struct lane *a = lanes_named(&t->runner.lanes, text_of("a.example"), true);
  struct lane *b = lanes_named(&t->runner.lanes, text_of("b.example"), true);
  for (unsigned i = 0; i < 3 * STATISTICS_MESSAGES; i++)
    put(t, 5000000 - i, i, i % 2 ? a->number : b->number);
  put(t, 77, 999999, NO_LANE); /* of nobody */
  begin(t, NULL);
  unsigned turns = 0;
  for (; statistics.busy; turns++) assert_int_equal(statistics_go_on(&statistics, &t->runner, &writer), 0);
  assert_in_range(turns, 4, 5);
  read_all(&totals, &d, "a.example", NULL);
  assert_int_equal(d.oldest_us, 5000000 - (3 * STATISTICS_MESSAGES - 1));
  assert_int_equal(d.waiting, 3 * STATISTICS_MESSAGES / 2);
  ask(t, &totals, "b.example", &d);
  assert_int_equal(d.oldest_us, 5000000 - (3 * STATISTICS_MESSAGES - 2));
}

static void a_malformed_request_is_none(void **state) {
  struct testrunner *t = *state;
  assert_int_equal(statistics_begin(&statistics, &t->runner, TEXT("\3\7\0\0\0\1\n"), &writer), -1);
  assert_false(statistics.busy);
  assert_false(frame_pending(&writer));
}

#define TEST_OF(NAME) cmocka_unit_test_setup_teardown(NAME, testrunner_set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST_OF(what_has_happened_is_counted),
    TEST_OF(a_destination_that_is_down_says_so),
    TEST_OF(one_destination_can_be_asked_for),
    TEST_OF(an_address_has_a_destination),
    TEST_OF(ten_thousand_destinations_take_many_turns),
    TEST_OF(the_oldest_of_many_is_found),
    TEST_OF(a_malformed_request_is_none),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
