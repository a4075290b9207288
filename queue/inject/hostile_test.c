/* The real owl-inject and sendmail on hostile input.  This program is the
 * injector too: it takes what they pass on, and checks that it is an envelope. */
#include "config.h"
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include "lib/iofd.h"
#include "lib/unittest.h"

enum { MALFORMED_ENVELOPE = 91, LIMIT_S = 60, MEBIBYTE = 1048576 };

static bool is_envelope(struct text e) {
  size_t recipients = 0;
  if (e.len < 2 || e.s[0] != 'F' || e.s[e.len - 1] || e.s[e.len - 2]) return false;
  for (size_t i = 0; i < e.len - 1; i += strlen(e.s + i) + 1) {
    if (!text_is_clean(text_of(e.s + i))) return false;
    if (i && (e.s[i] != 'T' || !strchr(e.s + i, '@'))) return false;
    recipients += i > 0;
  }
  return recipients > 0;
}

static int be_injector(void) {
  stralloc message = {0}, envelope = {0};
  bool good = io_slurp(0, &message, 64 * MEBIBYTE, IO_FOREVER) == 0 && message.len > 0 &&
              io_slurp(1, &envelope, 64 * MEBIBYTE, IO_FOREVER) == 0 &&
              is_envelope(text_of_stralloc(&envelope));
  stralloc_free(&message);
  stralloc_free(&envelope);
  return good ? 0 : MALFORMED_ENVELOPE;
}

struct hostile_case {
  const char *what;
  struct text start;  /* of the message */
  struct text filler; /* repeated behind it */
  size_t times;
  int inject_code; /* of "owl-inject" */
  int list_code;   /* of "sendmail -t -i" */
  int plain_code;  /* of "sendmail -f x root": arguments alone */
};

static int message_of(const struct hostile_case *c) {
  stralloc m = {0};
  int fd = memfd_create("message", MFD_CLOEXEC);
  assert_int_equal(text_cat(&m, c->start), 0);
  for (size_t i = 0; i < c->times; i++) assert_int_equal(text_cat(&m, c->filler), 0);
  assert_true(fd >= 0);
  assert_int_equal(io_write_all(fd, m.s, m.len, IO_FOREVER), 0);
  assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
  stralloc_free(&m);
  return fd;
}

static void become(char *const argv[], int message_fd) {
  int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
  if (dup2(message_fd, 0) < 0 || dup2(nowhere, 1) < 0) _exit(126);
  if (!getenv("VERBOSE") && dup2(nowhere, 2) < 0) _exit(126);
  alarm(LIMIT_S);
  execv(argv[0], argv);
  _exit(126);
}

/* The exit code, or -1 for a death by signal. */
static int run(char *const argv[], int message_fd) {
  int status;
  pid_t pid = fork();
  assert_true(pid >= 0);
  if (pid == 0) become(argv, message_fd);
  assert_int_equal(waitpid(pid, &status, 0), pid);
  close(message_fd);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void expect(const char *what, char *const argv[], int message_fd, int code) {
  int got = run(argv, message_fd);
  if (got != code) fail_msg("%s: %s exits %d, not %d", what, argv[0], got, code);
}

static char *const inject[] = {"queue/inject/owl-inject", NULL};
static char *const list[] = {"queue/inject/sendmail", "-t", "-i", NULL};
static char *const plain[] = {"queue/inject/sendmail", "-f", "x", "root", NULL};

static void messages(void **state) {
  (void)state;
  const struct hostile_case cases[] = {
    {"nothing", TEXT(""), TEXT(""), 0, 100, 64, 0},
    {"NULs", TEXT(""), TEXT("\0"), MEBIBYTE * 2, 100, 64, 0},
    {"NULs in an address", TEXT("To: a\0b@c.d\n\n\0"), TEXT(""), 0, 100, 65, 0},
    {"NULs in quotes", TEXT("To: \"a\0b\"@c.d\n\n"), TEXT(""), 0, 100, 65, 0},
    {"NULs in a display name and the body", TEXT("To: \"a\0b\" <a@c.d>\nX: \0\n\n\0\0"), TEXT(""), 0, 0, 0, 0},
    {"open quote", TEXT("To: \"a@b.c\n\n"), TEXT(""), 0, 100, 65, 0},
    {"open comment", TEXT("To: a@b.c (\n\n"), TEXT(""), 0, 100, 65, 0},
    {"a million open comments", TEXT("To: "), TEXT("("), MEBIBYTE - 10, 100, 65, 0},
    {"a million <", TEXT("To: "), TEXT("<"), MEBIBYTE - 10, 100, 65, 0},
    {"a million commas", TEXT("To: a@b.c"), TEXT(","), MEBIBYTE - 10, 0, 0, 0},
    {"many recipients", TEXT("To: a@b.c"), TEXT(",\n d"), 200000, 0, 0, 0},
    {"many different lines", TEXT("To: a@b.c\n"), TEXT("To: e\n"), 100000, 0, 0, 0},
    {"an address without end", TEXT("To: "), TEXT("a"), 100000, 100, 65, 0},
    {"a domain without end", TEXT("To: a@b"), TEXT(".b"), 100000, 100, 65, 0},
    {"a header without end", TEXT("To: a@b.c\n"), TEXT("X: y\n"), MEBIBYTE, 100, 65, 65},
    {"a line without end", TEXT("To: a@b.c\nX: "), TEXT("y"), MEBIBYTE * 2, 100, 65, 65},
    {"a folded line without end", TEXT("To: a@b.c\n"), TEXT(" ,\n"), MEBIBYTE, 100, 65, 65},
    {"a long body", TEXT("To: a@b.c\n\n"), TEXT("0123456789abcdef"), MEBIBYTE, 0, 0, 0},
    {"a body of line ends", TEXT("To: a@b.c\r\n\r\n"), TEXT("\r\n"), MEBIBYTE, 0, 0, 0},
    {"a body of dots and CR", TEXT("To: a@b.c\r\n\r\n"), TEXT(".\r"), MEBIBYTE, 0, 0, 0},
    {"no colon", TEXT(""), TEXT("x"), MEBIBYTE * 2, 100, 64, 0},
    {"no name", TEXT(": a@b.c\n\n"), TEXT(""), 0, 100, 64, 0},
    {"Return-Path with a control octet", TEXT("Return-Path: <\"\1\"@x>\nTo: a@b.c\n"), TEXT(""), 0, 100, 65, 0},
  };
  for (size_t i = 0; i < COUNT(cases); i++) {
    expect(cases[i].what, inject, message_of(&cases[i]), cases[i].inject_code);
    expect(cases[i].what, list, message_of(&cases[i]), cases[i].list_code);
    expect(cases[i].what, plain, message_of(&cases[i]), cases[i].plain_code);
  }
}

static void arguments(void **state) {
  (void)state;
  static char endless[100001];
  const struct hostile_case hello = {.start = TEXT("hello\n"), .filler = TEXT("")};
  memset(endless, 'a', sizeof endless - 1);
  const struct {
    const char *argument;
    int inject_code, sendmail_code;
  } cases[] = {
    {"", 100, 64},        {"\"", 0, 65},        {"(", 0, 65},          {"a\nb@c.d", 100, 0},
    {"a@", 100, 65},      {"@", 100, 65},       {"@b.c", 100, 65},     {"<>", 0, 64},
    {"a@b@c.d", 0, 65},   {"\"a\nb\"@c.d", 100, 0}, {"\"\1\"@c.d", 100, 65}, {endless, 100, 65},
    {"\xff\xfe@c.d", 0, 0}, {"a, b; g: c;", 0, 0}, {"-f", 0, 0},
  };
  for (size_t i = 0; i < COUNT(cases); i++) {
    char argument[sizeof endless];
    memcpy(argument, cases[i].argument, strlen(cases[i].argument) + 1);
    char *const to_inject[] = {"queue/inject/owl-inject", "--", argument, NULL};
    char *const to_sendmail[] = {"queue/inject/sendmail", "--", argument, NULL};
    expect(cases[i].argument, to_inject, message_of(&hello), cases[i].inject_code);
    expect(cases[i].argument, to_sendmail, message_of(&hello), cases[i].sendmail_code);
  }
}

/* Octets that look like a header more often than chance would have it. */
static void scramble(stralloc *m, unsigned *seed) {
  static const char *const pieces[] = {"To: ", "Bcc:", "From: ", "\n", "\r\n", "\n ", "\n\n", "@", "<",
                                       ">",    "(",    ")",      "\"", "\\",   ",",   ";",    ":", "a",
                                       "b.c",  "[",    "]",      "+",  ".",    "Resent-To: "};
  for (int i = rand_r(seed) % 200; i > 0; i--) {
    char octet = (char)rand_r(seed);
    if (rand_r(seed) % 8 == 0) assert_true(stralloc_append(m, &octet));
    else assert_true(stralloc_cats(m, pieces[(size_t)rand_r(seed) % COUNT(pieces)]));
  }
}

static void random_messages(void **state) {
  (void)state;
  for (unsigned n = 0; n < 150; n++) {
    unsigned seed = n;
    stralloc m = {0};
    scramble(&m, &seed);
    struct hostile_case c = {.what = "random", .start = text_of_stralloc(&m), .filler = TEXT("")};
    int code = run(inject, message_of(&c));
    if (code != 0 && code != 100) fail_msg("seed %u: owl-inject exits %d", n, code);
    code = run(list, message_of(&c));
    if (code != 0 && code != 64 && code != 65) fail_msg("seed %u: sendmail exits %d", n, code);
    stralloc_free(&m);
  }
}

static void prepare(void) {
  static char self[4096];
  ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
  if (n <= 0) _exit(99);
  setenv("INJECTHOSTILE_TEST_INJECTOR", "1", 1);
  setenv("QMAILQUEUE", self, 1);
  setenv("QMAILUSER", "me", 1);
  setenv("QMAILDEFAULTHOST", "host.example", 1);
  setenv("QMAILDEFAULTDOMAIN", "example", 1);
  setenv("QMAILPLUSDOMAIN", "example", 1);
  setenv("QMAILIDHOST", "host.example", 1);
  unsetenv("QMAILINJECT");
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(messages),
    cmocka_unit_test(arguments),
    cmocka_unit_test(random_messages),
  };
  if (getenv("INJECTHOSTILE_TEST_INJECTOR")) return be_injector();
  prepare();
  return cmocka_run_group_tests(tests, NULL, NULL);
}
