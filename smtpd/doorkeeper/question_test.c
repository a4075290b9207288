/* Questions to delivery about recipients. */
#include "config.h"
#include "smtpd/doorkeeper/testtalker.h"

/* Delivery's side: answers two questions with what it is told, then hangs up. */
static pid_t start_delivery(uint64_t class, unsigned questions) {
  int listener = unixsock_listen(settings.rcpt_socket.s, 0600, 4);
  assert_true(listener >= 0);
  pid_t pid = fork();
  if (pid) return close(listener), pid;
  int fd = accept(listener, NULL, NULL);
  struct frame_reader r = {.protocol = &door_protocol};
  struct frame f;
  while (questions-- && frame_receive(&r, fd, &f, LIMIT_MS) == FRAME_READY) {
    struct door_request q;
    struct door_answer a = {.result = {.class = class}};
    stralloc payload = {0};
    if (f.type != DOOR_QUESTION || door_read_request(&q, f.payload) == -1) _exit(1);
    if (!text_equals(q.envelope.recipients[0].address, "u@local.example")) _exit(2);
    envelope_free(&q.envelope);
    if (door_put_answer(&payload, &a) == -1) _exit(3);
    frame_send(fd, &door_protocol, DOOR_ANSWER, text_of_stralloc(&payload), -1, LIMIT_MS);
    stralloc_free(&payload);
  }
  if (class == RESULT_NONE) sleep(3);
  _exit(0);
}

static void end_delivery(pid_t pid) {
  int status;
  waitpid(pid, &status, 0);
  unlink(settings.rcpt_socket.s);
  assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void local_recipients_are_asked_about(void **state) {
  (void)state;
  pid_t delivery = start_delivery(RESULT_SUCCESS, 2);
  start();
  assert_int_equal(ask_mail(""), 250);
  assert_int_equal(ask_rcpt("u@local.example"), 250);
  assert_int_equal(ask_rcpt("u@local.example"), 250);
  end_delivery(delivery);
  delivery = start_delivery(RESULT_FAILURE, 1); /* it was restarted */
  assert_int_equal(ask_rcpt("u@local.example"), 550);
  end_delivery(delivery);
  delivery = start_delivery(RESULT_DEFERRAL, 1);
  assert_int_equal(ask_rcpt("u@local.example"), 451);
  end_delivery(delivery);
  assert_int_equal(ask_rcpt("u@local.example"), 451); /* nobody answers */
  delivery = start_delivery(RESULT_NONE, 0);
  assert_int_equal(ask_rcpt("u@local.example"), 451); /* it is silent */
  end_delivery(delivery);
  end();
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(local_recipients_are_asked_about),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
