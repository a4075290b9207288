#include "config.h"
#include "lib/readyinjector.h"
#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include "lib/injectordoor.h"
#include "lib/sample.h"
#include "lib/testfolder.h"
#include "lib/unixsock.h"

enum { PID = 77 };

static struct envelope envelope;
static int listener;
static pid_t server;

static int set_up(void **state) {
  sample_envelope(&envelope);
  unsetenv("QMAILQUEUE");
  if (test_folder_make(state) == -1) return -1;
  setenv("OWLPOST_LIBEXEC", test_folder, 1);
  test_write("owl-queue", TEXT("#!/bin/sh\ncat >/dev/null; cat <&1 >/dev/null; exit 71\n"), 0700);
  listener = unixsock_listen(test_path("socket"), 0600, 4);
  return listener >= 0 ? 0 : -1;
}

static int tear_down(void **state) {
  envelope_free(&envelope);
  if (listener >= 0) close(listener);
  return test_folder_remove(state);
}

static void expect(bool true_here) {
  if (!true_here) _exit(1);
}

static void answer(int door, uint64_t code, struct text text) {
  struct injectordoor_answer a = {.code = code, .pid = PID, .arrival_taken = code == 0, .text = text};
  stralloc payload = {0};
  expect(injectordoor_put(&payload, &a) == 0);
  expect(frame_send(door, &injectordoor_protocol, INJECTORDOOR_ANSWER, text_of_stralloc(&payload), -1, 1000) == 0);
}

/* What an injector does by these letters: takes the Message, reads the Body to its end, takes
 * the enVelope, Answers 0, Refuses; and goes. */
static void serve(const char *steps) {
  struct frame_reader in = {.protocol = &injectordoor_protocol};
  struct frame f;
  stralloc body = {0};
  int door = accept(listener, NULL, NULL), end = -1;
  expect(door >= 0);
  for (; *steps; steps++) {
    if (*steps == 'M') {
      struct envelope e = {0};
      expect(frame_receive(&in, door, &f, 10000) == FRAME_READY && f.type == INJECTORDOOR_MESSAGE && f.fd >= 0);
      expect(envelope_decode(&e, f.payload) == ENVELOPE_OK && e.recipient_count == envelope.recipient_count);
      end = f.fd;
    }
    if (*steps == 'B') expect(io_slurp(end, &body, 100, 10000) == 0 && text_equals(text_of_stralloc(&body), "body\n"));
    if (*steps == 'V') {
      expect(frame_receive(&in, door, &f, 10000) == FRAME_READY && f.type == INJECTORDOOR_ENVELOPE && f.fd == -1);
      expect(text_equal(f.payload, TEXT("Fsender@example.org\0Tone@example.com\0T\xc3\xb6ne@example.com\0\0")));
    }
    if (*steps == 'A') answer(door, 0, TEXT_ABSENT);
    if (*steps == 'R') answer(door, INJECTOR_REFUSED, TEXT("too much"));
  }
  _exit(0);
}

static void start_server(const char *steps) {
  server = fork();
  assert_true(server >= 0);
  if (server == 0) serve(steps);
}

static void end_server(void) {
  int status;
  assert_int_equal(waitpid(server, &status, 0), server);
  assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void begin(struct injector *i) {
  assert_int_equal(injector_start_ready(i, &envelope, test_path("socket")), 0);
  assert_true(i->door >= 0);
}

static void one_that_is_ready_takes_the_message(void **state) {
  (void)state;
  struct injector i;
  unsigned before = open_descriptors();
  start_server("MBVA");
  begin(&i);
  assert_int_equal(io_write_all(i.message_fd, "body\n", 5, 1000), 0);
  assert_int_equal(injector_finish(&i, &envelope), INJECTOR_OK);
  assert_int_equal(i.queued_by, PID);
  assert_true(i.arrival_taken);
  end_server();
  injector_free(&i);
  assert_int_equal(open_descriptors(), before);
}

static void without_an_answer_nothing_is_said_to_be_queued(void **state) {
  (void)state;
  static const struct {
    const char *steps;
    bool aborts;
    int code;
  } cases[] = {
    {"MB", false, INJECTOR_BUG},  {"MBV", false, INJECTOR_BUG}, {"", false, INJECTOR_BUG},
    {"MB", true, INJECTOR_READ_ERROR}, {"MR", false, INJECTOR_REFUSED}, {"MR", true, INJECTOR_REFUSED},
    {"MA", false, INJECTOR_BUG}, /* which has not seen the envelope */
  };
  for (size_t n = 0; n < COUNT(cases); n++) {
    struct injector i;
    start_server(cases[n].steps);
    begin(&i);
    (void)io_write_all(i.message_fd, "body\n", 5, 1000);
    if (!strchr(cases[n].steps, 'B')) end_server();
    int code = cases[n].aborts ? injector_abort(&i) : injector_finish(&i, &envelope);
    assert_int_equal(code, cases[n].code);
    assert_text(text_of_stralloc(&i.text), code == INJECTOR_REFUSED ? TEXT("too much") : TEXT(""));
    if (strchr(cases[n].steps, 'B')) end_server();
    injector_free(&i);
  }
}

static void assert_started(const char *socket) {
  struct injector i;
  assert_int_equal(injector_start_ready(&i, &envelope, socket), 0);
  assert_true(i.door == -1 && i.pid > 0 && i.queued_by == i.pid);
  assert_int_equal(injector_finish(&i, &envelope), INJECTOR_REFUSED_NOW);
  injector_free(&i);
}

static void where_none_is_ready_one_is_started(void **state) {
  (void)state;
  assert_started(NULL);
  assert_started(test_path("nothing"));
  close(listener);
  listener = -1;
  assert_started(test_path("socket"));
}

static void a_program_that_is_named_is_started(void **state) {
  (void)state;
  setenv("QMAILQUEUE", test_path("owl-queue"), 1);
  assert_started(test_path("socket"));
  assert_int_equal(io_set_nonblocking(listener), 0);
  assert_int_equal(accept(listener, NULL, NULL), -1);
  assert_int_equal(errno, EAGAIN);
}

static void answers_are_checked(void **state) {
  (void)state;
  struct injectordoor_answer a;
  const struct injectordoor_answer whole = {255, 1, true, TEXT("why")}, none = {.code = 0};
  stralloc payload = {0};
  assert_int_equal(injectordoor_put(&payload, &whole), 0);
  assert_int_equal(injectordoor_read(&a, text_of_stralloc(&payload)), 0);
  assert_true(a.code == 255 && a.pid == 1 && a.arrival_taken);
  assert_text(a.text, TEXT("why"));
  assert_int_equal(injectordoor_read(&a, (struct text){payload.s, payload.len - 1}), -1);
  stralloc_zero(&payload);
  assert_int_equal(injectordoor_put(&payload, &none), 0);
  assert_int_equal(injectordoor_read(&a, text_of_stralloc(&payload)), 0);
  assert_int_equal(a.code, 0);
  assert_int_equal(injectordoor_read(&a, TEXT("")), -1); /* no code */
  stralloc_free(&payload);
}

#define WITH_SERVER(TEST) cmocka_unit_test_setup_teardown(TEST, set_up, tear_down)

int main(void) {
  alarm(120);
  signal(SIGPIPE, SIG_IGN);
  const struct CMUnitTest tests[] = {
    WITH_SERVER(one_that_is_ready_takes_the_message),
    WITH_SERVER(without_an_answer_nothing_is_said_to_be_queued),
    WITH_SERVER(where_none_is_ready_one_is_started),
    WITH_SERVER(a_program_that_is_named_is_started),
    cmocka_unit_test(answers_are_checked),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
