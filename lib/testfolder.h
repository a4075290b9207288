/* testfolder.h - a temporary folder with files in it, for tests */
#ifndef OWL_TESTFOLDER_H
#define OWL_TESTFOLDER_H

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "lib/iofd.h"
#include "lib/unittest.h"

static char test_folder[64];

static inline int test_folder_make(void **state) {
  (void)state;
  snprintf(test_folder, sizeof test_folder, "/tmp/owlpost-test.XXXXXX");
  return mkdtemp(test_folder) ? 0 : -1;
}

static inline const char *test_path(const char *name) {
  static char path[512];
  snprintf(path, sizeof path, "%s/%s", test_folder, name);
  return path;
}

static inline void test_write(const char *name, struct text content, mode_t mode) {
  int fd = open(test_path(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
  assert_true(fd >= 0);
  assert_int_equal(io_write_all(fd, content.s, content.len, IO_FOREVER), 0);
  close(fd);
}

static inline int test_folder_remove(void **state) {
  DIR *d = opendir(test_folder);
  (void)state;
  if (!d) return -1;
  for (struct dirent *e; (e = readdir(d));)
    if (unlinkat(dirfd(d), e->d_name, 0) == -1) unlinkat(dirfd(d), e->d_name, AT_REMOVEDIR);
  closedir(d);
  return rmdir(test_folder);
}

#endif
