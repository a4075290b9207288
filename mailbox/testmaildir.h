/* testmaildir.h - an empty Maildir for a test, and files in it */
#ifndef OWL_MAILBOX_TESTMAILDIR_H
#define OWL_MAILBOX_TESTMAILDIR_H

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "lib/iofd.h"
#include "lib/unittest.h"

static char test_maildir[64];

static inline int test_maildir_make(void **state) {
  char command[256];
  (void)state;
  snprintf(test_maildir, sizeof test_maildir, "/tmp/owlpost-test.XXXXXX");
  if (!mkdtemp(test_maildir)) return -1;
  snprintf(command, sizeof command, "mkdir %s/new %s/cur %s/tmp", test_maildir, test_maildir, test_maildir);
  return system(command);
}

static inline int test_maildir_remove(void **state) {
  char command[256];
  (void)state;
  snprintf(command, sizeof command, "rm -rf %s", test_maildir);
  return system(command);
}

static inline const char *test_maildir_path(const char *name) {
  static char path[2][512];
  static unsigned n;
  char *p = path[n++ % 2];
  snprintf(p, sizeof path[0], "%s/%s", test_maildir, name);
  return p;
}

static inline void test_maildir_write(const char *name, const char *content) {
  int fd = open(test_maildir_path(name), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  assert_true(fd >= 0);
  assert_int_equal(io_write_all(fd, content, strlen(content), IO_FOREVER), 0);
  close(fd);
}

#endif
