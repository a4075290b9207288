/* A server that wants exactly these octets, gives these answers, and hangs up. */
#include "config.h"
#include "remote/qmtp.h"
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "lib/iofd.h"
#include "lib/unittest.h"

enum { LIMIT_MS = 5000, RECIPIENTS = 2 };

static const int limits[SMTP_STEPS] = {LIMIT_MS, LIMIT_MS, LIMIT_MS, LIMIT_MS, LIMIT_MS, LIMIT_MS, LIMIT_MS, LIMIT_MS};

#define LETTER "8:\rhello\r\n,3:a@b,12:3:x@y,3:z@y,,"

static const struct {
  const char *name, *sender, *body, *wanted, *answers;
  const char *results; /* a letter for each recipient */
  const char *text;    /* of the last one */
  bool open;           /* afterwards */
} cases[] = {
  {"taken", "a@b", "hello\n", LETTER, "6:Kok 12,3:Kok,", "KK", "ok", true},
  {"one refused, one later", "a@b", "hello\n", LETTER, "8:Dno user,5:Zwait,", "DZ", "wait", true},
  {"no end of line", "a@b", "hello", LETTER, "2:K1,2:K2,", "KK", "2", true},
  {"CRLF and bare CR", "a@b", "x\r\ny\rz\n", "9:\rx\r\ny z\r\n,3:a@b,12:3:x@y,3:z@y,,", "1:K,1:K,", "KK", "", true},
  {"dots stay", "a@b", ".\n", "4:\r.\r\n,3:a@b,12:3:x@y,3:z@y,,", "1:K,1:K,", "KK", "", true},
  {"null sender", "", "hello\n", "8:\rhello\r\n,0:,12:3:x@y,3:z@y,,", "1:K,1:K,", "KK", "", true},
  {"unknown letter", "a@b", "hello\n", LETTER, "3:Xok,3:Kok,", "ZK", "ok", true},
  {"one answer only", "a@b", "hello\n", LETTER, "3:Kok,", "KZ",
   "connection closed at the answers: the message may have been delivered", false},
  {"no answer", "a@b", "hello\n", LETTER, "", "ZZ",
   "connection closed at the answers: the message may have been delivered", false},
  {"cut off", "a@b", "hello\n", LETTER, "3:Kok,3:Ko", "KZ",
   "connection closed at the answers: the message may have been delivered", false},
  {"no netstring", "a@b", "hello\n", LETTER, "250 ok\r\n", "ZZ",
   "malformed answer at the answers: the message may have been delivered", false},
  {"no comma", "a@b", "hello\n", LETTER, "3:Kok;3:Kok,", "ZZ",
   "malformed answer at the answers: the message may have been delivered", false},
  {"empty answer", "a@b", "hello\n", LETTER, "0:,3:Kok,", "ZZ",
   "malformed answer at the answers: the message may have been delivered", false},
  {"too long an answer", "a@b", "hello\n", LETTER, "99999:K", "ZZ",
   "malformed answer at the answers: the message may have been delivered", false},
};

static char results[RECIPIENTS + 1];
static stralloc last;

static void report(void *context, size_t n, const struct verdict *v) {
  static const char letters[] = {[RESULT_SUCCESS] = 'K', [RESULT_DEFERRAL] = 'Z', [RESULT_FAILURE] = 'D'};
  struct result r = verdict_result(v);
  (void)context;
  assert_true(result_is_valid(&r));
  assert_int_equal(results[n], 0);
  results[n] = letters[v->class];
  assert_true(stralloc_copy(&last, &v->text));
}

/* Exit code 0: it has read what it wanted. */
static pid_t start_server(int *client, const char *wanted, const char *answers) {
  char got[256];
  int pair[2];
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
  pid_t pid = fork();
  if (pid == 0) {
    close(pair[0]);
    size_t len = 0, all = strlen(wanted);
    ssize_t n;
    while (len < all && (n = read(pair[1], got + len, all - len)) > 0) len += (size_t)n;
    (void)!write(pair[1], answers, strlen(answers));
    shutdown(pair[1], SHUT_WR);
    while ((n = read(pair[1], got + all, 1)) > 0) _exit(2);
    _exit(len == all && memcmp(got, wanted, all) == 0 ? 0 : 1);
  }
  close(pair[1]);
  *client = pair[0];
  assert_int_equal(io_set_nonblocking(*client), 0);
  return pid;
}

static void run(size_t i) {
  struct envelope e = {.sender = text_of(cases[i].sender)};
  enum recipient_state states[RECIPIENTS] = {RECIPIENT_WAITS, RECIPIENT_WAITS};
  struct smtp s = {.is_qmtp = true, .stream = {.fd = -1, .watched = -1}, .limits_ms = limits,
                   .host = text_of("host"), .address = text_of("192.0.2.1")};
  int fd, status;
  envelope_add(&e)->address = text_of("x@y");
  envelope_add(&e)->address = text_of("z@y");
  struct transaction t = {.envelope = &e,
                          .states = states,
                          .body = {text_of(cases[i].body), -1, strlen(cases[i].body), false, NULL},
                          .report = report};
  pid_t pid = start_server(&fd, cases[i].wanted, cases[i].answers);
  memset(results, 0, sizeof results);
  assert_true(smtp_hello(&s, fd, text_of("client.test")));
  assert_int_equal(smtp_send(&s, &t), SMTP_DONE);
  assert_string_equal(results, cases[i].results);
  assert_true(text_equals(text_of_stralloc(&last), cases[i].text));
  assert_int_equal(s.open, cases[i].open);
  smtp_quit(&s);
  assert_int_equal(waitpid(pid, &status, 0), pid);
  assert_int_equal(status, 0);
  smtp_free(&s);
  envelope_free(&e);
}

static void letters_and_answers(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT(cases); i++) {
    print_message("%s\n", cases[i].name);
    run(i);
  }
  stralloc_free(&last);
}

/* A server that is gone before the message was there: another may have it. */
static void nobody_reads(void **state) {
  enum { SIZE = 4 * 1024 * 1024 };
  struct envelope e = {.sender = text_of("a@b")};
  enum recipient_state states[1] = {RECIPIENT_WAITS};
  struct smtp s = {.is_qmtp = true, .stream = {.fd = -1, .watched = -1}, .limits_ms = limits};
  char *body = malloc(SIZE);
  int pair[2];
  (void)state;
  assert_non_null(body);
  memset(body, 'x', SIZE);
  envelope_add(&e)->address = text_of("x@y");
  struct transaction t = {.envelope = &e, .states = states, .body = {{body, SIZE}, -1, SIZE, false, NULL}, .report = report};
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
  assert_int_equal(io_set_nonblocking(pair[0]), 0);
  close(pair[1]);
  assert_true(smtp_hello(&s, pair[0], text_of("client.test")));
  assert_int_equal(smtp_send(&s, &t), SMTP_LOST);
  assert_int_equal(states[0], RECIPIENT_WAITS);
  assert_int_equal(s.verdict.class, RESULT_DEFERRAL);
  assert_false(s.open);
  smtp_free(&s);
  envelope_free(&e);
  free(body);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(letters_and_answers), cmocka_unit_test(nobody_reads)};
  signal(SIGPIPE, SIG_IGN);
  return cmocka_run_group_tests(tests, NULL, NULL);
}
