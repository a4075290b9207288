/* What becomes of a half that hears, or does not hear, that it is to end. */
#include "config.h"
#include "lib/parting.h"
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "lib/iowait.h"
#include "lib/sandbox.h"
#include "lib/unittest.h"

enum { LIMIT_S = 60, CODE = 7, LOG_FD = 2, EVER_MS = 20000 };

static struct parting halves;

static void on_term(int signal_number) {
  (void)signal_number;
  (void)parting_wants_end(&halves);
}

static void on_alarm(int signal_number) {
  (void)signal_number;
  parting_kill(&halves);
}

/* Until the keeper is gone. */
static _Noreturn void listen_at(int door) {
  char octet;
  while (io_read(door, &octet, 1, IO_FOREVER) == 1) continue;
  _exit(CODE);
}

static _Noreturn void listen_to_nobody(int door) {
  (void)door;
  for (;;) pause();
}

static void begin(void (*half)(int door)) {
  int theirs = parting_open(&halves);
  assert_true(theirs >= 0 && halves.has_door);
  parting_catch(on_term, on_term, on_alarm);
  pid_t pid = parting_fork(&halves, theirs);
  assert_true(pid >= 0);
  if (pid > 0) return;
  close(halves.door);
  half(theirs);
}

static void a_half_ends_with_its_door(void **state) {
  (void)state;
  halves = (struct parting){0};
  begin(listen_at);
  int status = parting_end(&halves, LIMIT_S);
  assert_true(WIFEXITED(status) && WEXITSTATUS(status) == CODE);
  assert_false(halves.has_door);
}

static void or_is_killed(void **state) {
  (void)state;
  for (unsigned limit_s = 0; limit_s < 2; limit_s++) {
    halves = (struct parting){0};
    begin(listen_to_nobody);
    int status = parting_end(&halves, limit_s);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
  }
}

static ssize_t hear(void) {
  char octet;
  return io_read(halves.door, &octet, 1, EVER_MS);
}

static void the_keeper_hears_no_more_when_it_is_to_end(void **state) {
  (void)state;
  halves = (struct parting){0};
  begin(listen_at);
  assert_int_equal(kill(getpid(), SIGTERM), 0);
  assert_true(halves.is_ending);
  assert_int_equal(hear(), 0);
  parting_end(&halves, LIMIT_S);
  assert_false(parting_wants_end(&halves)); /* there is no door */
  begin(listen_at); /* nor through the next */
  assert_int_equal(hear(), 0);
  parting_end(&halves, LIMIT_S);
}

/* What it reports: its door, whether the log was there, and what became of other descriptors. */
struct report {
  int door;
  bool has_log, has_other, ignores;
};

static int other;

static _Noreturn void report_and_end(int theirs) {
  int log_fd;
  struct sigaction term;
  struct report r = {.door = parting_take_door(theirs, 0, 0, &log_fd)};
  sigaction(SIGTERM, NULL, &term);
  r.has_log = fcntl(log_fd, F_GETFD) == FD_CLOEXEC && log_fd > LOG_FD;
  r.has_other = fcntl(other, F_GETFD) != -1;
  r.ignores = term.sa_handler == SIG_IGN;
  _exit(io_write_all(r.door, &r, sizeof r, EVER_MS) == 0 ? CODE : 1);
}

static void the_door_takes_the_place_of_the_log(void **state) {
  struct report r = {0};
  (void)state;
  halves = (struct parting){0};
  other = fcntl(0, F_DUPFD_CLOEXEC, 100);
  assert_true(other >= 0);
  begin(report_and_end);
  assert_int_equal(io_read(halves.door, &r, sizeof r, EVER_MS), sizeof r);
  assert_true(r.has_log && r.ignores && !r.has_other);
  if (!SANDBOX_SANITIZED) assert_int_equal(r.door, LOG_FD);
  int status = parting_end(&halves, LIMIT_S);
  assert_true(WIFEXITED(status) && WEXITSTATUS(status) == CODE);
  close(other);
}

static const char *word(int code) { return code == CODE ? "seven" : "other"; }

static void an_end_has_words(void **state) {
  (void)state;
  assert_string_equal(parting_explain(CODE << 8, "lost it, ", word), "lost it, seven");
  assert_string_equal(parting_explain(0, "", word), "other");
  assert_string_equal(parting_explain(SIGKILL, "", word), "talker killed by signal 9");
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_half_ends_with_its_door),
    cmocka_unit_test(or_is_killed),
    cmocka_unit_test(the_keeper_hears_no_more_when_it_is_to_end),
    cmocka_unit_test(the_door_takes_the_place_of_the_log),
    cmocka_unit_test(an_end_has_words),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
