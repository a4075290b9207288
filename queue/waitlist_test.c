#include "config.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include "queue/waitlist.h"

static const uint64_t never_us = UINT64_MAX;

static struct queueid make_id(uint64_t arrival_us, unsigned char mark) {
  unsigned char octets[10] = {mark};
  struct queueid id;
  queueid_from(&id, arrival_us, octets);
  return id;
}

static void put(struct waitlist *w, const struct queueid *id, uint64_t due_us) {
  const struct wait how = {.due_us = due_us, .age_s = 7};
  assert_int_equal(waitlist_put(w, id, &how), 0);
}

static void put_parked(struct waitlist *w, const struct queueid *id, uint32_t lane, uint64_t tag) {
  const struct wait how = {.due_us = 5000, .age_s = 7, .lane = lane, .parked = true, .tag = tag};
  assert_int_equal(waitlist_put(w, id, &how), 0);
}

static void the_earliest_comes_first(void **state) {
  struct waitlist w = {0};
  struct due taken;
  struct queueid id;
  uint64_t last = 0;
  (void)state;
  assert_int_equal(waitlist_due(&w), never_us);
  for (unsigned i = 0; i < 1000; i++) {
    id = make_id(1000 + i, (unsigned char)i);
    put(&w, &id, i * 7919 % 1009);
  }
  for (unsigned i = 0; i < 1000; i++) {
    uint64_t due = waitlist_due(&w);
    assert_true(due >= last);
    last = due;
    assert_true(waitlist_take(&w, &id, &taken, 1000000000));
    assert_int_equal((queueid_arrival_us(&id) - 1000) * 7919 % 1009, due);
    waitlist_drop(&w, &id);
  }
  assert_false(waitlist_take(&w, &id, &taken, 1000000000));
  waitlist_free(&w);
}

static void ids_stay_whole_and_new_mail_keeps_its_order(void **state) {
  struct waitlist w = {0};
  struct due taken;
  struct queueid out;
  static const char name[] = "1795438835383624.80fc9ebc9f3b888e94de";
  (void)state;
  assert_true(queueid_parse(&out, text_of(name)));
  struct queueid later = make_id(UINT64_C(1795438835383700), 1);
  put(&w, &later, 0);
  put(&w, &out, 0);
  assert_true(waitlist_take(&w, &out, &taken, 1000000000));
  assert_true(taken.new);
  assert_string_equal(out.s, name);
  assert_true(waitlist_take(&w, &out, &taken, 1000000000));
  assert_string_equal(out.s, later.s);
  waitlist_free(&w);
}

static void hurry_makes_one_or_all_due(void **state) {
  struct waitlist w = {0};
  struct due taken;
  struct queueid a = make_id(1, 1), b = make_id(2, 2), c = make_id(3, 3), out;
  (void)state;
  put(&w, &a, 500);
  put(&w, &b, 600);
  assert_int_equal(waitlist_hurry(&w, &c, 100), 0);
  assert_int_equal(waitlist_hurry(&w, &b, 100), 1);
  assert_true(waitlist_take(&w, &out, &taken, 1000000000));
  assert_string_equal(out.s, b.s);
  assert_true(taken.hurried);
  assert_int_equal(waitlist_due(&w), 500);
  assert_true(waitlist_take(&w, &out, &taken, 1000000000));
  assert_false(taken.hurried);
  put(&w, &a, 500);
  put(&w, &b, 600);
  assert_int_equal(waitlist_hurry(&w, NULL, 100), 2);
  assert_int_equal(waitlist_due(&w), 1);
  waitlist_free(&w);
}

static void a_message_is_there_once_until_it_is_dropped(void **state) {
  struct waitlist w = {0};
  struct due taken;
  struct queueid a = make_id(1, 1), out;
  (void)state;
  assert_false(waitlist_has(&w, &a));
  put(&w, &a, 500);
  put(&w, &a, 700);
  assert_int_equal(waitlist_waiting(&w), 1);
  assert_int_equal(waitlist_due(&w), 700);
  assert_true(waitlist_take(&w, &out, &taken, 700));
  assert_true(waitlist_has(&w, &a)); /* in hand */
  assert_int_equal(waitlist_waiting(&w), 0);
  assert_int_equal(waitlist_hurry(&w, &a, 700), 0);
  waitlist_drop(&w, &a);
  assert_false(waitlist_has(&w, &a));
  waitlist_free(&w);
}

static void lanes_fetch_in_the_order_of_tags(void **state) {
  struct waitlist w = {0};
  struct due due;
  struct queueid a = make_id(1, 1), b = make_id(2, 2), c = make_id(3, 3), out;
  (void)state;
  put_parked(&w, &a, 4, 30);
  put_parked(&w, &b, 4, 10);
  put_parked(&w, &c, 200, 20);
  assert_int_equal(waitlist_parked(&w, 4), 2);
  assert_int_equal(waitlist_parked(&w, 200), 1);
  assert_int_equal(waitlist_parked(&w, 100000), 0);
  assert_true(waitlist_fetch(&w, 4, &out, &due, 1));
  assert_string_equal(out.s, b.s);
  assert_int_equal(due.lane, 4);
  assert_int_equal(due.tag, 10);
  assert_true(waitlist_take(&w, &out, &due, 5000)); /* its time comes all the same */
  assert_string_equal(out.s, a.s);
  assert_int_equal(due.lane, NO_LANE);
  assert_false(waitlist_fetch(&w, 4, &out, &due, 1));
  assert_int_equal(waitlist_in_lane(&w, 200), 1);
  waitlist_drop(&w, &c);
  assert_int_equal(waitlist_in_lane(&w, 200), 0);
  waitlist_free(&w);
}

static void held_ones_wait_whatever_happens(void **state) {
  struct waitlist w = {0};
  struct due due;
  struct queueid a = make_id(1, 1), out;
  (void)state;
  put_parked(&w, &a, 4, 30);
  assert_true(waitlist_hold(&w, &a, 100));
  assert_int_equal(waitlist_due(&w), never_us);
  assert_int_equal(waitlist_hurry(&w, NULL, 100), 0);
  assert_false(waitlist_fetch(&w, 4, &out, &due, 1));
  assert_int_equal(waitlist_waiting(&w), 1);
  assert_int_equal(waitlist_in_lane(&w, 4), 1);
  assert_int_equal(waitlist_state(&w, &a, NULL), WAITING_HELD);
  assert_true(waitlist_release(&w, &a));
  assert_false(waitlist_release(&w, &a));
  assert_true(waitlist_take(&w, &out, &due, 100));
  assert_true(due.hurried);
  waitlist_free(&w);
}

/* Against a plain list, with everything that can be done. */
static void random_changes_keep_the_books(void **state) {
  enum { IDS = 300, LANES = 7 };
  static struct { bool known, waits, parked; uint64_t due; uint32_t lane; } model[IDS];
  struct waitlist w = {0};
  struct due due;
  struct queueid id;
  (void)state;
  srand(7);
  for (unsigned n = 0; n < 60000; n++) {
    unsigned i = (unsigned)rand() % IDS, waits = 0, parked = 0, lane = 1 + (unsigned)rand() % LANES;
    struct wait how = {.due_us = 2 + (unsigned)rand() % 1000, .lane = lane, .parked = rand() % 2, .tag = (unsigned)rand() % 50};
    id = make_id(i + 1, (unsigned char)i);
    switch (rand() % 4) {
      case 0:
      case 1:
        assert_int_equal(waitlist_put(&w, &id, &how), 0);
        model[i].known = model[i].waits = true;
        model[i].parked = how.parked;
        model[i].due = how.due_us;
        model[i].lane = lane;
        break;
      case 2:
        waitlist_drop(&w, &id);
        model[i].known = model[i].waits = false;
        break;
      case 3:
        if (!waitlist_fetch(&w, lane, &id, &due, 1)) break;
        i = (unsigned)queueid_arrival_us(&id) - 1;
        assert_true(model[i].waits && model[i].parked && model[i].lane == lane);
        model[i].waits = false;
        break;
    }
    uint64_t first = never_us;
    for (unsigned k = 0; k < IDS; k++) {
      if (!model[k].waits) continue;
      waits++;
      if (model[k].parked && model[k].lane == lane) parked++;
      if (model[k].due < first) first = model[k].due;
    }
    assert_int_equal(waitlist_waiting(&w), waits);
    assert_int_equal(waitlist_parked(&w, lane), parked);
    assert_int_equal(waitlist_due(&w), first);
    id = make_id(i + 1, (unsigned char)i);
    assert_int_equal(waitlist_has(&w, &id), model[i].known);
  }
  waitlist_free(&w);
}

/* A million of them fit into 96 MB; what malloc does not touch counts, too. */
static void one_costs_less_than_96_octets(void **state) {
  (void)state;
  assert_true(sizeof(struct waiting) + 3 * sizeof(uint32_t) + 2 * sizeof(uint32_t) <= 96);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(the_earliest_comes_first),
    cmocka_unit_test(ids_stay_whole_and_new_mail_keeps_its_order),
    cmocka_unit_test(hurry_makes_one_or_all_due),
    cmocka_unit_test(a_message_is_there_once_until_it_is_dropped),
    cmocka_unit_test(lanes_fetch_in_the_order_of_tags),
    cmocka_unit_test(held_ones_wait_whatever_happens),
    cmocka_unit_test(random_changes_keep_the_books),
    cmocka_unit_test(one_costs_less_than_96_octets),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
