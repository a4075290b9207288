/* testdsn.h - for tests that look into DSNs, in virtual time */
#ifndef OWL_TESTDSN_H
#define OWL_TESTDSN_H

#include "queue/bounce.h"
#include "queue/testrunner.h"

/* A control file, in force at once. */
static inline void testdsn_set(struct testrunner *t, const char *name, const char *value) {
  testrunner_control(t, name, value);
  assert_int_equal(runner_load_settings(&t->runner), 0);
}

/* The nth DSN that went there; NULL: none. */
static inline const struct attempt *testdsn_to(const struct testrunner *t, const char *address, size_t nth) {
  for (size_t i = 0; i < t->attempt_count; i++)
    if (strcmp(t->attempts[i].address, address) == 0 && !*t->attempts[i].sender && nth-- == 0)
      return &t->attempts[i];
  return NULL;
}

/* Each of the words, which NULL ends. */
#define assert_has(DSN, ...) assert_has_all((DSN), (const char *const[]){__VA_ARGS__, NULL}, __LINE__)
static inline void assert_has_all(const struct attempt *dsn, const char *const *words, int line) {
  if (!dsn) fail_msg("line %d: no DSN", line);
  for (; *words; words++)
    if (!testrunner_body_has(dsn, *words))
      fail_msg("line %d: no \"%s\" in:\n%.*s", line, *words, (int)dsn->body.len, dsn->body.s);
}

#define assert_lacks(DSN, ...) assert_lacks_all((DSN), (const char *const[]){__VA_ARGS__, NULL}, __LINE__)
static inline void assert_lacks_all(const struct attempt *dsn, const char *const *words, int line) {
  for (; *words; words++)
    if (testrunner_body_has(dsn, *words))
      fail_msg("line %d: \"%s\" in:\n%.*s", line, *words, (int)dsn->body.len, dsn->body.s);
}

#endif
