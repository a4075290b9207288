/* unittest.h - what every *_test.c here starts from */
#ifndef OWL_UNITTEST_H
#define OWL_UNITTEST_H

#include "lib/plaintest.h"
#include "lib/text.h"

/* A literal that may hold NULs. */
#define TEXT(LITERAL) ((struct text){"" LITERAL, sizeof(LITERAL) - 1})

#define assert_text(T, EXPECTED) assert_same((T), (EXPECTED), __FILE__, __LINE__)

/* Absent and empty are told apart. */
static inline void assert_same(struct text t, struct text expected, const char *file, int line) {
  _assert_true(!t.s == !expected.s && text_equal(t, expected), "same text", file, line);
}

#endif
