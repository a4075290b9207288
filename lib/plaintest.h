/* plaintest.h - what a *_test.c starts from that links no libowfat */
#ifndef OWL_PLAINTEST_H
#define OWL_PLAINTEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <string.h>

#define COUNT(ARRAY) (sizeof(ARRAY) / sizeof *(ARRAY))

/* Descriptors of this process, the one that counts included. */
static inline unsigned open_descriptors(void) {
  unsigned n = 0;
  DIR *d = opendir("/proc/self/fd");
  assert_non_null(d);
  while (readdir(d)) n++;
  closedir(d);
  return n;
}

#endif
