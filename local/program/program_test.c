/* What real programs do, well-behaved and not. */
#include "config.h"
#include "local/testing.h"
#include "local/program/program.h"
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include "lib/clock.h"
#include "lib/iofd.h"
#include "lib/unittest.h"

static char *environment[] = {"PATH=/usr/local/bin:/usr/bin:/bin", "GREETING=hello; exit 1 #", NULL};
static const struct body small = {{"one\ntwo\nthree\n", 14}, -1, 14};

struct outcome {
  enum program_end end;
  stralloc said;
  struct verdict v;
};

static void run(struct outcome *o, const char *command, const struct body *body, unsigned limit_s) {
  struct program_order order = {command, body, environment, limit_s};
  unsigned before = open_descriptors();
  *o = (struct outcome){.v = {0}};
  o->end = program_run(&order, &o->said, &o->v);
  assert_int_equal(open_descriptors(), before);
}

static void forget(struct outcome *o) {
  stralloc_free(&o->said);
  verdict_free(&o->v);
}

static void says(const char *command, const char *words) {
  struct outcome o;
  print_message("%s\n", command);
  run(&o, command, &small, 60);
  print_message(" -> %.*s%.*s\n", (int)o.said.len, o.said.s ? o.said.s : "", (int)o.v.text.len,
                o.v.text.s ? o.v.text.s : "");
  assert_int_equal(o.end, PROGRAM_DONE);
  assert_true(text_equals(text_of_stralloc(&o.said), words));
  forget(&o);
}

static void the_message_is_on_descriptor_0(void **state) {
  (void)state;
  says("cat", "one/two/three");
  says("head -n 1 >/dev/null; cat </proc/self/fd/0 >/dev/null; exit 0", "");
  says("dd bs=1 skip=4 count=3 2>/dev/null", "two");
  says("(echo oops >&0) 2>/dev/null || echo it is read-only", "it is read-only");
}

static void each_gets_a_file_of_its_own(void **state) {
  int fd = memfd_create("body", MFD_CLOEXEC);
  struct body body = {TEXT_ABSENT, fd, 14};
  (void)state;
  assert_int_equal(io_write_all(fd, small.content.s, 14, IO_FOREVER), 0);
  for (int i = 0; i < 2; i++) {
    struct outcome o;
    run(&o, "head -c 3; head -c 100 >/dev/null", &body, 60);
    assert_true(text_equals(text_of_stralloc(&o.said), "one"));
    forget(&o);
  }
  assert_int_equal(lseek(fd, 0, SEEK_CUR), 14);
  close(fd);
}

static void a_body_in_a_longer_file_is_copied(void **state) {
  int fd = memfd_create("body", MFD_CLOEXEC);
  struct body body = {TEXT_ABSENT, fd, 7};
  struct outcome o;
  (void)state;
  assert_int_equal(io_write_all(fd, small.content.s, 14, IO_FOREVER), 0);
  run(&o, "cat", &body, 60);
  assert_true(text_equals(text_of_stralloc(&o.said), "one/two"));
  forget(&o);
  body.size = 100;
  run(&o, "cat", &body, 60);
  assert_int_equal(o.end, PROGRAM_FAILED);
  assert_int_equal(o.v.class, RESULT_DEFERRAL);
  forget(&o);
  close(fd);
}

static void it_gets_nothing_else(void **state) {
  int other = dup2(1, 77); /* not close-on-exec */
  (void)state;
  signal(SIGPIPE, SIG_IGN);
  says("n=0; while test $n -lt 200; do test -e /proc/$$/fd/$n && echo $n; n=$((n+1)); done; true", "0/1/2");
  /* signals 32 and 33 are the C library's */
  says("grep -E '^Sig(Blk|Ign)' /proc/$$/status | grep -vE '[08]0000000$'; true", "");
  close(other);
}

static void the_environment_is_not_the_shells(void **state) {
  (void)state;
  says("echo \"$GREETING\"", "hello; exit 1 #");
  says("echo $0-$#; echo \"${HOME-none}\"", "sh-0/none");
}

static void its_exit_code_decides(void **state) {
  struct outcome o;
  (void)state;
  run(&o, "echo stop; exit 99", &small, 60);
  assert_int_equal(o.end, PROGRAM_STOP);
  assert_true(text_equals(text_of_stralloc(&o.said), "stop"));
  forget(&o);
  run(&o, "echo no; echo never >&2; exit 100", &small, 60);
  assert_int_equal(o.end, PROGRAM_FAILED);
  assert_int_equal(o.v.class, RESULT_FAILURE);
  assert_true(text_equals(text_of_stralloc(&o.v.text), "no/never"));
  assert_int_equal(o.said.len, 0);
  forget(&o);
  run(&o, "no-such-program", &small, 60);
  assert_int_equal(o.v.class, RESULT_DEFERRAL);
  forget(&o);
  run(&o, "kill -KILL $$", &small, 60);
  assert_int_equal(o.v.class, RESULT_DEFERRAL);
  assert_true(text_equals(text_of_stralloc(&o.v.text), "the program died of signal 9"));
  forget(&o);
}

static void a_command_may_be_too_long(void **state) {
  static char command[300000];
  struct outcome o;
  (void)state;
  memset(command, ' ', sizeof command - 1);
  run(&o, command, &small, 60);
  assert_int_equal(o.v.class, RESULT_DEFERRAL);
  assert_non_null(memmem(o.v.text.s, o.v.text.len, "unable to run /bin/sh: ", 23));
  forget(&o);
}

static void much_output_neither_blocks_nor_fills(void **state) {
  struct outcome o;
  (void)state;
  run(&o, "head -c 50000000 /dev/zero; echo; echo the end; exit 111", &small, 60);
  assert_int_equal(o.v.class, RESULT_DEFERRAL);
  assert_non_null(memmem(o.v.text.s, o.v.text.len, "/the end", 8));
  assert_true(o.v.text.len <= PROGRAM_OUTPUT_MAX + 3);
  forget(&o);
}

static void closed_output_is_not_waited_for(void **state) {
  (void)state;
  says("exec >&- 2>&- <&-; i=0; while test $i -lt 2000; do i=$((i+1)); done", "");
}

/* The child holds the pipe, and would for an hour. */
static void what_it_leaves_behind_is_not_waited_for(void **state) {
  (void)state;
  struct outcome o;
  run(&o, "sleep 3600 & echo $!", &small, 60);
  assert_int_equal(o.end, PROGRAM_DONE);
  assert_true(stralloc_0(&o.said));
  assert_int_equal(kill((pid_t)atol(o.said.s), SIGKILL), 0); /* it was left alone */
  forget(&o);
}

static void ends(const char *command, int wait_min_ms) {
  struct outcome o;
  uint64_t start = clock_boot_us(&clock_system);
  print_message("%s\n", command);
  run(&o, command, &small, 1);
  assert_int_equal(o.end, PROGRAM_FAILED);
  assert_int_equal(o.v.class, RESULT_DEFERRAL);
  assert_non_null(memmem(o.v.text.s, o.v.text.len, "longer than 1 s", 15));
  assert_true(clock_boot_us(&clock_system) - start >= (uint64_t)wait_min_ms * 1000u);
  forget(&o);
}

static void at_the_end_of_its_time_it_is_ended(void **state) {
  (void)state;
  ends("exec sleep 3600", 1000);
  ends("sleep 3600; sleep 3600", 1000);
  ends("while :; do echo y; done", 1000);
  ends("trap '' TERM; while :; do :; done", 1000 + PROGRAM_GRACE_MS);
}

static void its_group_is_ended_with_it(void **state) {
  int link[2];
  char octet;
  struct outcome o;
  (void)state;
  assert_int_equal(pipe2(link, 0), 0);
  /* the pipe reaches the program as no descriptor does, so through a name */
  char command[200];
  snprintf(command, sizeof command, "exec 3>/proc/%d/fd/%d; sleep 3600 & sleep 3600", (int)getpid(), link[1]);
  run(&o, command, &small, 1);
  close(link[1]);
  assert_int_equal(io_read(link[0], &octet, 1, 10000), 0); /* nobody holds it any more */
  close(link[0]);
  forget(&o);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(the_message_is_on_descriptor_0),
    cmocka_unit_test(each_gets_a_file_of_its_own),
    cmocka_unit_test(a_body_in_a_longer_file_is_copied),
    cmocka_unit_test(it_gets_nothing_else),
    cmocka_unit_test(the_environment_is_not_the_shells),
    cmocka_unit_test(its_exit_code_decides),
    cmocka_unit_test(a_command_may_be_too_long),
    cmocka_unit_test(much_output_neither_blocks_nor_fills),
    cmocka_unit_test(closed_output_is_not_waited_for),
    cmocka_unit_test(what_it_leaves_behind_is_not_waited_for),
    cmocka_unit_test(at_the_end_of_its_time_it_is_ended),
    cmocka_unit_test(its_group_is_ended_with_it),
  };
  alarm(120);
  return cmocka_run_group_tests(tests, NULL, NULL);
}
