#include "config.h"
#include "queue/ctlserver.h"
#include <poll.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include "lib/unixsock.h"
#include "queue/testrunner.h"

enum { ANSWER_MS = 1000, TURNS_MAX = 1000 };

static struct ctlserver server;
static struct testrunner *runner;

/* The socket's folder is there: control/, where the settings are. */
static int set_up(void **state) {
  assert_int_equal(testrunner_set_up(state), 0);
  runner = *state;
  testrunner_control(runner, "rundir", runner->queue.path);
  assert_int_equal(ctlserver_open(&server, &runner->runner.control, CTLSERVER_OPERATOR), 0);
  return 0;
}

static int tear_down(void **state) {
  ctlserver_close(&server);
  return testrunner_tear_down(state);
}

/* A turn of the loop in send.c; true: there is more to do. */
static bool turn(void) {
  for (size_t i = 0; i < CTLSERVER_CLIENTS; i++) {
    struct ctlclient *c = &server.clients[i];
    struct pollfd p = {c->sock, ctlserver_events(c), 0};
    if (c->sock >= 0 && poll(&p, 1, 0) > 0) ctlserver_event(c, p.revents);
  }
  uint64_t now_us = clock_boot_us(runner->runner.clock), next_us = UINT64_MAX;
  if (ctlserver_listener(&server, now_us, &next_us) >= 0) ctlserver_accept(&server, now_us);
  return ctlserver_work(&server, &runner->runner);
}

static void settle(void) {
  for (unsigned still = 0, n = 0; still < 4; n++) {
    still = turn() ? 0 : still + 1;
    assert_true(n < TURNS_MAX);
  }
}

/* ---- a client */

struct client {
  int sock;
  struct frame_reader reader;
};

static struct client reach(void) {
  char path[320];
  snprintf(path, sizeof path, "%s/control/socket", runner->queue.path);
  struct client c = {unixsock_connect(path), {.protocol = &ctl_protocol}};
  assert_true(c.sock >= 0);
  return c;
}

static struct client connect_client(void) {
  struct client c = reach();
  turn();
  return c;
}

static void disconnect(struct client *c) {
  close(c->sock);
  frame_reader_free(&c->reader);
}

static void send_request(struct client *c, unsigned type, struct text messages) {
  stralloc payload = {0};
  struct ctl_request request = {.messages = messages};
  assert_int_equal(ctl_put_request(&payload, &request), 0);
  assert_int_equal(frame_send(c->sock, &ctl_protocol, type, text_of_stralloc(&payload), -1, ANSWER_MS), 0);
  stralloc_free(&payload);
}

static bool has_answer(struct client *c) {
  struct pollfd p = {c->sock, POLLIN, 0};
  return poll(&p, 1, 0) > 0;
}

static struct ctl_reply expect(struct client *c, unsigned type) {
  struct frame f;
  struct ctl_reply reply;
  assert_int_equal(frame_receive(&c->reader, c->sock, &f, ANSWER_MS), FRAME_READY);
  assert_int_equal(f.type, type);
  assert_int_equal(ctl_read_reply(&reply, f.payload), 0);
  return reply;
}

static void expect_end(struct client *c) {
  struct frame f;
  assert_int_equal(frame_receive(&c->reader, c->sock, &f, ANSWER_MS), FRAME_EOF);
}

static stralloc inject_many(size_t count) {
  const char *to = "bob@here.example";
  stralloc ids = {0};
  for (size_t i = 0; i < count; i++) {
    struct queueid id = testrunner_inject(runner, "ann@far.example", 0, &to, 1);
    assert_true(stralloc_cats(&ids, id.s));
  }
  return ids;
}

static size_t count_done(struct text outcomes) {
  size_t done = 0;
  for (size_t i = 0; i < outcomes.len; i++) done += outcomes.s[i] == OUTCOME_DONE;
  return done;
}

/* ---- the tests */

static void an_answer_has_a_letter_for_each_message(void **state) {
  struct client c = connect_client();
  stralloc ids = inject_many(2);
  (void)state;
  assert_true(stralloc_cats(&ids, "1700000000123456.00112233445566778fff" "no queue id, but as long as an id is."));
  send_request(&c, CTL_HOLD, text_of_stralloc(&ids));
  settle();
  assert_text(expect(&c, CTL_OK).outcomes, TEXT("ddgg"));
  send_request(&c, CTL_HOLD, text_of_stralloc(&ids));
  send_request(&c, CTL_STATUS, TEXT_ABSENT);
  settle();
  assert_text(expect(&c, CTL_OK).outcomes, TEXT("aagg"));
  assert_int_equal(expect(&c, CTL_OK).local_limit, 10);
  assert_false(store_is_dirty(&runner->runner.store)); /* before the answer */
  stralloc_free(&ids);
  disconnect(&c);
}

static void a_turn_carries_out_so_many_orders_and_no_more(void **state) {
  struct client c = connect_client(), other = connect_client();
  stralloc ids = inject_many(3 * CTLSERVER_ORDERS);
  (void)state;
  send_request(&c, CTL_DELETE, text_of_stralloc(&ids));
  assert_true(turn());
  assert_true(testrunner_files(runner) >= 2 * CTLSERVER_ORDERS);
  assert_false(has_answer(&c));
  send_request(&other, CTL_STATUS, TEXT_ABSENT);
  turn();
  assert_true(has_answer(&other)); /* while the first one's orders are carried out */
  expect(&other, CTL_OK);
  settle();
  assert_int_equal(count_done(expect(&c, CTL_OK).outcomes), 3 * CTLSERVER_ORDERS);
  assert_int_equal(testrunner_files(runner), 0);
  stralloc_free(&ids);
  disconnect(&c);
  disconnect(&other);
}

static void an_answer_can_wait_for_the_disk(void **state) {
  struct client c = connect_client();
  stralloc ids = inject_many(1);
  struct queueid id;
  (void)state;
  assert_true(queueid_parse(&id, text_of_stralloc(&ids)));
  assert_int_equal(store_move_to_wait(&runner->runner.store, &id), 0);
  send_request(&c, CTL_SYNC, TEXT_ABSENT);
  settle();
  expect(&c, CTL_OK);
  assert_false(store_is_dirty(&runner->runner.store));
  stralloc_free(&ids);
  disconnect(&c);
}

static void requests_sent_ahead_are_answered_in_their_order(void **state) {
  static const unsigned types[] = {CTL_HOLD, CTL_RELEASE, CTL_RELEASE, CTL_DELETE, CTL_DELETE};
  static const char *const outcomes[] = {"d", "d", "a", "d", "g"};
  struct client c = connect_client();
  stralloc ids = inject_many(1);
  (void)state;
  for (size_t i = 0; i < COUNT(types); i++) send_request(&c, types[i], text_of_stralloc(&ids));
  settle();
  for (size_t i = 0; i < COUNT(types); i++) assert_text(expect(&c, CTL_OK).outcomes, text_of(outcomes[i]));
  stralloc_free(&ids);
  disconnect(&c);
}

static void a_client_that_stalls_holds_up_nobody(void **state) {
  struct client staller = connect_client(), c = connect_client();
  (void)state;
  assert_int_equal(write(staller.sock, "\0\0\0\10C\1\0\1half", 12), 12);
  settle();
  send_request(&c, CTL_STATUS, TEXT_ABSENT);
  settle();
  expect(&c, CTL_OK);
  disconnect(&staller);
  disconnect(&c);
}

static void nonsense_is_answered_with_an_error_or_the_end(void **state) {
  struct client c = connect_client();
  (void)state;
  send_request(&c, 99, TEXT_ABSENT);
  settle();
  expect(&c, CTL_ERROR);
  send_request(&c, CTL_HOLD, TEXT("1700000000123456."));
  settle();
  expect(&c, CTL_ERROR);
  assert_int_equal(write(c.sock, "\0\0\0\0C\11\0\1", 8), 8); /* another version */
  settle();
  expect_end(&c);
  disconnect(&c);
}

static void who_has_been_silent_the_longest_makes_place(void **state) {
  struct client clients[CTLSERVER_CLIENTS + 1];
  (void)state;
  for (size_t i = 0; i < CTLSERVER_CLIENTS; i++) clients[i] = connect_client();
  send_request(&clients[0], CTL_STATUS, TEXT_ABSENT);
  settle();
  expect(&clients[0], CTL_OK);
  clients[CTLSERVER_CLIENTS] = connect_client();
  expect_end(&clients[1]);
  send_request(&clients[CTLSERVER_CLIENTS], CTL_STATUS, TEXT_ABSENT);
  send_request(&clients[0], CTL_STATUS, TEXT_ABSENT);
  settle();
  expect(&clients[CTLSERVER_CLIENTS], CTL_OK);
  expect(&clients[0], CTL_OK);
  for (size_t i = 0; i <= CTLSERVER_CLIENTS; i++) disconnect(&clients[i]);
}

static void statistics_keep_their_place_among_answers(void **state) {
  struct client c = connect_client();
  stralloc ids = inject_many(1);
  struct frame f;
  unsigned destinations = 0;
  (void)state;
  testrunner_run(runner, 1); /* one local user has become known */
  send_request(&c, CTL_HOLD, text_of_stralloc(&ids));
  send_request(&c, CTL_STATS, TEXT_ABSENT);
  send_request(&c, CTL_STATUS, TEXT_ABSENT);
  settle();
  expect(&c, CTL_OK);
  expect(&c, CTL_TOTALS);
  assert_int_equal(frame_receive(&c.reader, c.sock, &f, ANSWER_MS), FRAME_READY);
  for (; f.type == CTL_DESTINATION; destinations++)
    assert_int_equal(frame_receive(&c.reader, c.sock, &f, ANSWER_MS), FRAME_READY);
  assert_int_equal(f.type, CTL_OK);
  assert_int_equal(destinations, 1);
  assert_int_equal(expect(&c, CTL_OK).local_limit, 10);
  stralloc_free(&ids);
  disconnect(&c);
}

static void what_was_ordered_is_done_although_the_client_has_gone(void **state) {
  struct client c = connect_client();
  stralloc ids = inject_many(2 * CTLSERVER_ORDERS);
  (void)state;
  send_request(&c, CTL_DELETE, text_of_stralloc(&ids));
  turn();
  disconnect(&c);
  settle();
  assert_int_equal(testrunner_files(runner), 0);
  stralloc_free(&ids);
}

/* Answers that nobody reads do not pile up: the rest is read when they go. */
static void a_client_that_does_not_read_is_not_listened_to(void **state) {
  struct client c = connect_client();
  char frame[8] = {0, 0, 0, 0, 'C', 1, 0, CTL_STATUS};
  size_t sent = 0, answered = 0;
  (void)state;
  while (send(c.sock, frame, sizeof frame, MSG_DONTWAIT) == (ssize_t)sizeof frame) {
    sent++;
    if (sent % 1000 == 0) turn();
    assert_true(sent < 10000000);
  }
  for (size_t i = 0; i < CTLSERVER_CLIENTS; i++) assert_true(server.clients[i].writer.out.len < 1 << 20);
  while (answered < sent) {
    turn();
    for (; has_answer(&c) && answered < sent; answered++) expect(&c, CTL_OK);
  }
  disconnect(&c);
}

/* Its requests never come to an end, and it reads every answer. */
static void who_asks_without_end_keeps_nobody_from_his_answer(void **state) {
  struct client flooder = connect_client(), c = connect_client();
  stralloc ids = inject_many(1);
  bool answered = false;
  (void)state;
  send_request(&c, CTL_HOLD, text_of_stralloc(&ids));
  for (unsigned n = 0; !answered && n < TURNS_MAX; n++) {
    send_request(&flooder, CTL_STATUS, TEXT_ABSENT);
    if (n < 16) continue;
    turn();
    expect(&flooder, CTL_OK);
    answered = has_answer(&c);
  }
  assert_true(answered);
  assert_text(expect(&c, CTL_OK).outcomes, TEXT("d"));
  stralloc_free(&ids);
  disconnect(&c);
  disconnect(&flooder);
}

/* poll(2) would say without end that there is somebody. */
static void without_descriptors_it_listens_again_after_a_second(void **state) {
  uint64_t next_us = UINT64_MAX, now_us = clock_boot_us(runner->runner.clock);
  struct rlimit before;
  (void)state;
  struct client c = reach();
  getrlimit(RLIMIT_NOFILE, &before);
  setrlimit(RLIMIT_NOFILE, &(struct rlimit){1, before.rlim_max});
  turn();
  setrlimit(RLIMIT_NOFILE, &before);
  assert_int_equal(ctlserver_listener(&server, now_us, &next_us), -1);
  assert_true(next_us == now_us + 1000000);
  testrunner_run(runner, 1);
  assert_int_equal(ctlserver_listener(&server, next_us, &next_us), server.listener);
  send_request(&c, CTL_STATUS, TEXT(""));
  settle();
  expect(&c, CTL_OK);
  disconnect(&c);
}

/* Receivers have a socket of their own. */
static struct ctl_reply ask_as_receiver(unsigned type, struct text destination, unsigned expected) {
  char path[320];
  stralloc payload = {0};
  snprintf(path, sizeof path, "%s/etrn/socket", runner->queue.path);
  struct client c = {unixsock_connect(path), {.protocol = &ctl_protocol}};
  assert_true(c.sock >= 0);
  struct ctl_request request = {.destination = destination};
  assert_int_equal(ctl_put_request(&payload, &request), 0);
  assert_int_equal(frame_send(c.sock, &ctl_protocol, type, text_of_stralloc(&payload), -1, ANSWER_MS), 0);
  stralloc_free(&payload);
  settle();
  struct ctl_reply reply = expect(&c, expected);
  disconnect(&c);
  return reply;
}

static void a_receiver_may_start_a_node_and_nothing_else(void **state) {
  const unsigned others[] = {CTL_STATUS, CTL_FLUSH, CTL_RETRY, CTL_RESCAN, CTL_HOLD, CTL_DELETE, CTL_MEND,
                             CTL_HOLD_DESTINATION, CTL_RELEASE_DESTINATION, CTL_SYNC, CTL_STATS, CTL_WHY, 99};
  char folder[320];
  snprintf(folder, sizeof folder, "%s/etrn", runner->queue.path);
  assert_int_equal(mkdir(folder, 0700), 0);
  ctlserver_close(&server);
  assert_int_equal(ctlserver_open(&server, &runner->runner.control, CTLSERVER_NODES), 0);
  testrunner_inject_one(*state, "ann@far.example", "later@a.example");
  testrunner_run(*state, 1);
  for (size_t i = 0; i < COUNT(others); i++) (void)ask_as_receiver(others[i], text_of("a.example"), CTL_ERROR);
  assert_int_equal(testrunner_attempts(*state, "later@a.example"), 1);
  assert_int_equal(ask_as_receiver(CTL_START, text_of("b.example"), CTL_OK).waiting, 0);
  assert_int_equal(ask_as_receiver(CTL_START, text_of("a.example"), CTL_OK).waiting, 1);
  (void)ask_as_receiver(CTL_START, text_of(""), CTL_ERROR);
  testrunner_run(*state, 1);
  assert_int_equal(testrunner_attempts(*state, "later@a.example"), 2);
}

#define TEST_OF(NAME) cmocka_unit_test_setup_teardown(NAME, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST_OF(an_answer_has_a_letter_for_each_message),
    TEST_OF(a_turn_carries_out_so_many_orders_and_no_more),
    TEST_OF(an_answer_can_wait_for_the_disk),
    TEST_OF(requests_sent_ahead_are_answered_in_their_order),
    TEST_OF(a_client_that_stalls_holds_up_nobody),
    TEST_OF(nonsense_is_answered_with_an_error_or_the_end),
    TEST_OF(who_has_been_silent_the_longest_makes_place),
    TEST_OF(statistics_keep_their_place_among_answers),
    TEST_OF(what_was_ordered_is_done_although_the_client_has_gone),
    TEST_OF(a_client_that_does_not_read_is_not_listened_to),
    TEST_OF(without_descriptors_it_listens_again_after_a_second),
    TEST_OF(who_asks_without_end_keeps_nobody_from_his_answer),
    TEST_OF(a_receiver_may_start_a_node_and_nothing_else),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
