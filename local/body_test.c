#include "config.h"
#include "local/testing.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "local/body.h"

static const char line[] = "Delivered-To: joe@example.org";

struct row {
  const char *message;
  int has;
};

static const struct row rows[] = {
  {"Delivered-To: joe@example.org\n\nbody\n", 1},
  {"From: x\ndelivered-to: JOE@example.org \t\nTo: y\n\n", 1},
  {"From: x\nDelivered-To: joe@example.org", 1},
  {"From: x\n\nDelivered-To: joe@example.org\n", 0},
  {"Delivered-To: joe@example.orgy\n\n", 0},
  {"X-Delivered-To: joe@example.org\n\n", 0},
  {"Delivered-To: jim@example.org\n\n", 0},
  {"\nDelivered-To: joe@example.org\n", 0},
  {"", 0},
};

static int in_file(const char *message, size_t len) {
  int fd = memfd_create("test", MFD_CLOEXEC);
  assert_int_equal(write(fd, message, len), (ssize_t)len);
  return fd;
}

static void header_is_searched(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    size_t len = strlen(rows[i].message);
    int fd = in_file(rows[i].message, len);
    struct body inline_body = {{rows[i].message, len}, -1, len}, file = {TEXT_ABSENT, fd, len};
    print_message("%s\n", rows[i].message);
    assert_int_equal(body_header_has(&inline_body, text_of(line)), rows[i].has);
    assert_int_equal(body_header_has(&file, text_of(line)), rows[i].has);
    close(fd);
  }
}

/* Our line across the border of two pieces, after a line longer than both. */
static void long_lines_and_borders(void **state) {
  size_t len = 3 * 65536 - 10;
  char *message = calloc(1, len + sizeof line + 2);
  (void)state;
  assert_non_null(message);
  memset(message, 'x', len);
  message[len] = '\n';
  memcpy(message + len + 1, line, sizeof line - 1);
  message[len + sizeof line] = '\n';
  size_t total = len + sizeof line + 1;
  int fd = in_file(message, total);
  struct body b = {TEXT_ABSENT, fd, total};
  assert_int_equal(body_header_has(&b, text_of(line)), 1);
  memset(message, ' ', total - 2); /* a line that only begins as ours */
  memcpy(message, line, sizeof line - 1);
  message[total - 2] = 'x';
  assert_int_equal(pwrite(fd, message, total, 0), (ssize_t)total);
  assert_int_equal(body_header_has(&b, text_of(line)), 0);
  close(fd);
  free(message);
}

static int count(void *context, struct text piece) {
  *(size_t *)context += piece.len;
  return 0;
}

static void a_short_file_is_an_error(void **state) {
  size_t seen = 0;
  int fd = in_file("abc", 3);
  struct body b = {TEXT_ABSENT, fd, 4};
  (void)state;
  assert_int_equal(body_each(&b, count, &seen), -1);
  assert_int_equal(errno, EIO);
  b.size = 3;
  seen = 0;
  assert_int_equal(body_each(&b, count, &seen), 0);
  assert_int_equal(seen, 3);
  close(fd);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(header_is_searched),
    cmocka_unit_test(long_lines_and_borders),
    cmocka_unit_test(a_short_file_is_an_error),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
