#include "config.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include "lib/unittest.h"
#include "queue/dispatch.h"

/* A runner without input and output: workers finish when a test says so. */

static struct waitlist waitlist;
static struct lanes lanes;

/* Destinations are known here: their windows are open. */
static void open_window(struct lane *l) {
  l->window.size = 1000;
  l->heard = true;
  l->slow = false;
}

static struct dispatcher make(uint64_t local, uint64_t remote) {
  static struct list_line line = {{"", 0}, {"1000", 4}};
  static const struct list open = {.lines = &line, .count = 1};
  const struct lane_rules rules = {&open, NULL, 60, 3600};
  const uint64_t concurrency[2] = {local, remote};
  lanes = (struct lanes){.waitlist = &waitlist};
  lanes_configure(&lanes, &rules, concurrency, 0);
  return (struct dispatcher){.limit = {local, remote}, .lanes = &lanes};
}

static struct destination *remote(struct dispatcher *d, const char *host) {
  struct route r = {.channel = CHANNEL_REMOTE, .port = 25};
  assert_true(stralloc_copys(&r.host, host));
  struct destination *x = dispatch_destination(d, &r);
  route_free(&r);
  open_window(x->lane);
  return x;
}

static struct destination *local(struct dispatcher *d, const char *address) {
  struct route r = {.channel = CHANNEL_LOCAL};
  assert_true(stralloc_copys(&r.address, address));
  struct destination *x = dispatch_destination(d, &r);
  route_free(&r);
  return x;
}

static struct destination *by_lmtp(struct dispatcher *d, const char *host, uint64_t port) {
  struct route r = {.channel = CHANNEL_REMOTE, .protocol = PROTOCOL_LMTP, .port = port};
  assert_true(stralloc_copys(&r.host, host));
  struct destination *x = dispatch_destination(d, &r);
  route_free(&r);
  return x;
}

static void queue_jobs(struct destination *x, unsigned count) {
  for (unsigned i = 0; i < count; i++) dispatch_queue(x, calloc(1, sizeof(struct job)));
}

enum { STARTED_MAX = 1000 };

struct counts {
  unsigned started, sent, closed;
};

static void drop_closed(struct dispatcher *d) {
  for (struct worker *w = d->workers, *next; w; w = next) {
    next = w->next;
    if (!w->closing || w->outstanding) continue;
    dispatch_drop_worker(d, w);
    free(w);
  }
}

static struct counts carry_out_all(struct dispatcher *d) {
  struct counts c = {0, 0, 0};
  for (;;) {
    struct decision x = dispatch_next(d);
    switch (x.kind) {
      case DECIDE_NOTHING: return c;
      case DECIDE_SEND:
        x.worker->outstanding++;
        x.worker->next_number++;
        free(x.job);
        c.sent++;
        break;
      case DECIDE_START:
        dispatch_add_worker(d, calloc(1, sizeof(struct worker)), x.destination);
        assert_true(++c.started < STARTED_MAX); /* else there is no end */
        break;
      case DECIDE_CLOSE:
        dispatch_close_worker(d, x.worker);
        c.closed++;
        break;
    }
    drop_closed(d);
  }
}

static void finish_all(struct dispatcher *d) {
  for (struct worker *w = d->workers; w; w = w->next) w->outstanding = 0;
}

static void finish_of(struct dispatcher *d, const struct destination *x) {
  for (struct worker *w = d->workers; w; w = w->next)
    if (w->destination == x) w->outstanding = 0;
}

static void end(struct dispatcher *d) {
  finish_all(d);
  for (unsigned round = 0; round < 1000 && carry_out_all(d).sent; round++) finish_all(d);
  while (d->workers) {
    struct worker *w = d->workers;
    dispatch_drop_worker(d, w);
    free(w);
  }
  dispatch_forget_idle(d);
  assert_null(d->by_key);
  lanes_free(&lanes);
  waitlist_free(&waitlist);
}

static void one_next_hop_is_one_whatever_its_case(void **state) {
  struct dispatcher d = make(10, 20);
  (void)state;
  assert_ptr_equal(remote(&d, "Example.ORG"), remote(&d, "example.org"));
  assert_ptr_not_equal(remote(&d, "example.org"), remote(&d, "example.net"));
  assert_ptr_not_equal(remote(&d, "example.org"), local(&d, "example.org"));
  end(&d);
}

static void a_local_address_keeps_its_case(void **state) {
  struct dispatcher d = make(10, 20);
  (void)state;
  struct destination *small = local(&d, "joe-list@a.test"), *large = local(&d, "Joe-List@a.test");
  assert_ptr_not_equal(small, large);
  assert_int_equal(large->host.len, strlen("Joe-List@a.test"));
  assert_memory_equal(large->host.s, "Joe-List@a.test", large->host.len);
  assert_ptr_equal(small->lane, large->lane);
  end(&d);
}

static void remote_workers_get_one_job_each_up_to_the_limit(void **state) {
  struct dispatcher d = make(10, 20);
  (void)state;
  queue_jobs(remote(&d, "a.test"), 50);
  struct counts c = carry_out_all(&d);
  assert_int_equal(c.started, 15); /* a quarter is for others */
  assert_int_equal(c.sent, 15);
  assert_int_equal(d.running[CHANNEL_REMOTE], 15);
  finish_all(&d);
  c = carry_out_all(&d);
  assert_int_equal(c.started, 0); /* connections are used again */
  assert_int_equal(c.sent, 15);
  end(&d);
}

static void one_local_worker_takes_a_batch(void **state) {
  struct dispatcher d = make(10, 20);
  (void)state;
  queue_jobs(local(&d, "joe@a.test"), AGENT_JOBS_AHEAD);
  struct counts c = carry_out_all(&d);
  assert_int_equal(c.started, 1);
  assert_int_equal(c.sent, AGENT_JOBS_AHEAD);
  end(&d);
}

static void a_busy_destination_does_not_starve_another(void **state) {
  struct dispatcher d = make(10, 4);
  (void)state;
  struct destination *slow = remote(&d, "slow.test");
  queue_jobs(slow, 1000);
  queue_jobs(remote(&d, "slower.test"), 1000);
  assert_int_equal(carry_out_all(&d).sent, 4);
  struct destination *late = remote(&d, "late.test");
  queue_jobs(late, 1);
  assert_int_equal(carry_out_all(&d).sent, 0); /* all places are busy */
  for (struct worker *w = d.workers; w; w = w->next)
    if (w->destination == slow) {
      w->outstanding = 0; /* one job of the busy destination ends */
      break;
    }
  struct counts c = carry_out_all(&d);
  assert_int_equal(c.closed, 1);
  assert_int_equal(c.started, 1);
  assert_int_equal(late->queued, 0);
  end(&d);
}

static void single_workers_give_way_after_a_quantum(void **state) {
  struct dispatcher d = make(1, 1);
  (void)state;
  struct destination *busy = remote(&d, "busy.test"), *late = remote(&d, "late.test");
  queue_jobs(busy, 1000);
  carry_out_all(&d);
  queue_jobs(late, 1);
  unsigned jobs = 0;
  while (late->queued && jobs < 1000) {
    finish_of(&d, busy);
    carry_out_all(&d);
    jobs++;
  }
  assert_in_range(jobs, 2, DISPATCH_QUANTUM + 1);
  end(&d);
}

/* Stopped or slow, one user keeps only his share, whatever extensions he uses. */
static void one_user_cannot_hold_all_places(void **state) {
  struct dispatcher d = make(10, 20);
  char address[32];
  (void)state;
  for (int i = 0; i < 12; i++) {
    snprintf(address, sizeof address, "joe-%d@a.test", i);
    queue_jobs(local(&d, address), 1);
  }
  assert_int_equal(carry_out_all(&d).started, 8);
  queue_jobs(local(&d, "joe@b.test"), 1);
  assert_int_equal(carry_out_all(&d).started, 0);
  struct destination *ann = local(&d, "ann@a.test");
  queue_jobs(ann, 1);
  assert_int_equal(carry_out_all(&d).sent, 1);
  assert_int_equal(ann->queued, 0);
  end(&d);
}

static void one_slow_next_hop_cannot_hold_all_places(void **state) {
  struct dispatcher d = make(10, 20);
  (void)state;
  queue_jobs(remote(&d, "slow.test"), 1000);
  assert_int_equal(carry_out_all(&d).started, 15);
  queue_jobs(remote(&d, "other.test"), 1);
  assert_int_equal(carry_out_all(&d).sent, 1);
  end(&d);
}

static void a_window_bounds_the_workers(void **state) {
  struct dispatcher d = make(10, 20);
  (void)state;
  struct destination *x = remote(&d, "a.test");
  queue_jobs(x, 100);
  x->lane->window.size = 3;
  assert_int_equal(carry_out_all(&d).started, 3);
  x->lane->window.size = 1; /* a setback */
  finish_all(&d);
  struct counts c = carry_out_all(&d);
  assert_int_equal(c.closed, 2);
  assert_int_equal(c.sent, 1);
  x->lane->window.size = 1000;
  end(&d);
}

/* One job for each of so many destinations that are slow. */
static void queue_slow(struct dispatcher *d, unsigned count) {
  char host[32];
  for (unsigned i = 0; i < count; i++) {
    snprintf(host, sizeof host, "slow%u.test", i);
    struct destination *x = remote(d, host);
    x->lane->slow = true;
    queue_jobs(x, 1);
  }
}

/* Each of them answers slowly: all together they leave a quarter. */
static void slow_ones_together_cannot_hold_all_places(void **state) {
  struct dispatcher d = make(10, 20);
  (void)state;
  queue_slow(&d, 40);
  assert_int_equal(carry_out_all(&d).started, 15);
  queue_jobs(remote(&d, "fast.test"), 1);
  assert_int_equal(carry_out_all(&d).sent, 1);
  end(&d);
}

/* 15 slow ones have their share: a place of the busy host is of no use to the
 * others of them.  It used to be taken and given for ever. */
static void places_that_slow_ones_may_not_have_are_not_taken_for_them(void **state) {
  struct dispatcher d = make(10, 20);
  (void)state;
  queue_slow(&d, 40);
  queue_jobs(remote(&d, "fast.test"), 10);
  struct counts c = carry_out_all(&d);
  assert_int_equal(c.started, 20);
  assert_int_equal(c.sent, 20);
  assert_int_equal(c.closed, 0);
  /* a new one, not known as slow, is behind them in the line */
  struct destination *late = remote(&d, "late.test");
  queue_jobs(late, 1);
  finish_of(&d, remote(&d, "fast.test"));
  assert_int_equal(carry_out_all(&d).closed, 1);
  assert_int_equal(late->queued, 0);
  end(&d);
}

static void an_idle_worker_makes_room(void **state) {
  struct dispatcher d = make(10, 1);
  (void)state;
  queue_jobs(remote(&d, "first.test"), 1);
  carry_out_all(&d);
  finish_all(&d);
  queue_jobs(remote(&d, "second.test"), 1);
  struct counts c = carry_out_all(&d);
  assert_int_equal(c.closed, 1);
  assert_int_equal(c.sent, 1);
  end(&d);
}

static void who_has_no_worker_comes_before_who_has_one(void **state) {
  struct dispatcher d = make(10, 4);
  (void)state;
  struct destination *busy = remote(&d, "busy.test");
  queue_jobs(busy, 1000);
  queue_jobs(remote(&d, "a.test"), 1);
  queue_jobs(remote(&d, "b.test"), 1);
  assert_int_equal(carry_out_all(&d).started, 4);
  assert_int_equal(busy->workers, 2);
  end(&d);
}

static void a_spawner_that_takes_no_more_is_left_alone(void **state) {
  struct dispatcher d = make(10, 4);
  d.blocked[CHANNEL_REMOTE] = true;
  (void)state;
  queue_jobs(remote(&d, "a.test"), 2);
  queue_jobs(local(&d, "joe@a.test"), 1);
  assert_int_equal(carry_out_all(&d).started, 1);
  d.blocked[CHANNEL_REMOTE] = false;
  assert_int_equal(carry_out_all(&d).started, 2);
  end(&d);
}

static void a_worker_that_does_not_read_gets_no_more(void **state) {
  struct dispatcher d = make(1, 1);
  (void)state;
  queue_jobs(local(&d, "joe@a.test"), 1);
  carry_out_all(&d);
  d.workers->writer.out.len = 1; /* an octet waits */
  queue_jobs(d.workers->destination, 1);
  assert_int_equal(carry_out_all(&d).sent, 0);
  d.workers->writer.out.len = 0;
  assert_int_equal(carry_out_all(&d).sent, 1);
  end(&d);
}

/* LMTP and SMTP at one port are two next hops; a path's case counts, a host's
 * does not. */
static void lmtp_is_a_destination_of_its_own(void **state) {
  (void)state;
  struct dispatcher d = make(1, 1);
  const struct {
    struct destination *x;
    const char *lane, *host;
  } cases[] = {
    {remote(&d, "Store.example"), "store.example", "store.example"},
    {by_lmtp(&d, "store.example", 25), "lmtp:store.example:25", "store.example"},
    {by_lmtp(&d, "store.example", PORT_LMTP), "lmtp:store.example", "store.example"},
    {by_lmtp(&d, "[::1]", 2424), "lmtp:[::1]:2424", "[::1]"},
    {by_lmtp(&d, "/run/Lmtp", PORT_NONE), "lmtp:unix:/run/Lmtp", "/run/Lmtp"},
    {by_lmtp(&d, "/run/lmtp", PORT_NONE), "lmtp:unix:/run/lmtp", "/run/lmtp"},
  };
  for (size_t i = 0; i < COUNT(cases); i++) {
    assert_text(text_of_stralloc(&cases[i].x->lane->name), text_of(cases[i].lane));
    assert_true(lanes_named(&lanes, text_of(cases[i].lane), false) == cases[i].x->lane);
    if (!text_equals(lane_host(cases[i].x->lane), cases[i].host))
      fail_msg("%s", cases[i].lane);
    for (size_t k = 0; k < i; k++) assert_true(cases[i].x != cases[k].x);
  }
  assert_true(by_lmtp(&d, "STORE.example", PORT_LMTP) == cases[2].x);
  end(&d);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(one_next_hop_is_one_whatever_its_case),
    cmocka_unit_test(a_local_address_keeps_its_case),
    cmocka_unit_test(lmtp_is_a_destination_of_its_own),
    cmocka_unit_test(remote_workers_get_one_job_each_up_to_the_limit),
    cmocka_unit_test(one_local_worker_takes_a_batch),
    cmocka_unit_test(a_busy_destination_does_not_starve_another),
    cmocka_unit_test(single_workers_give_way_after_a_quantum),
    cmocka_unit_test(one_user_cannot_hold_all_places),
    cmocka_unit_test(one_slow_next_hop_cannot_hold_all_places),
    cmocka_unit_test(a_window_bounds_the_workers),
    cmocka_unit_test(slow_ones_together_cannot_hold_all_places),
    cmocka_unit_test(places_that_slow_ones_may_not_have_are_not_taken_for_them),
    cmocka_unit_test(an_idle_worker_makes_room),
    cmocka_unit_test(who_has_no_worker_comes_before_who_has_one),
    cmocka_unit_test(a_spawner_that_takes_no_more_is_left_alone),
    cmocka_unit_test(a_worker_that_does_not_read_gets_no_more),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
