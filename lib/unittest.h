/* unittest.h - what every *_test.c here starts from */
#ifndef OWL_UNITTEST_H
#define OWL_UNITTEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <string.h>
#include "lib/text.h"

#define COUNT(ARRAY) (sizeof(ARRAY) / sizeof *(ARRAY))

/* A literal that may hold NULs. */
#define TEXT(LITERAL) ((struct text){"" LITERAL, sizeof(LITERAL) - 1})

#define assert_text(T, EXPECTED) assert_same((T), (EXPECTED), __FILE__, __LINE__)

/* Absent and empty are told apart. */
static inline void assert_same(struct text t, struct text expected, const char *file, int line) {
  _assert_true(!t.s == !expected.s && text_equal(t, expected), "same text", file, line);
}

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
