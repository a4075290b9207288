/* testrunner.h - a whole runner in virtual time, for unit tests
 *
 * The test plays both spawners and every agent, and turns the clocks.  What an
 * agent says about a recipient is the start of the recipient's local part:
 * "later-3@far.example" is deferred.  Failures end the test.
 */
#ifndef OWL_TESTRUNNER_H
#define OWL_TESTRUNNER_H

#include "lib/unittest.h"
#include "queue/played.h"
#include "queue/testqueue.h"

enum say {
  SAY_SUCCESS,  /* every other address */
  SAY_DEFERRAL, /* "later" */
  SAY_FAILURE,  /* "never" */
  SAY_NOTHING,  /* "silent" */
  SAY_DIE,      /* "die": the socket closes */
  SAY_REFUSE,   /* "refuse": the spawner can start nobody */
  SAY_UNREACHED, /* "down": no connection */
  SAY_TURNED_AWAY, /* "away": 421 */
  SAY_ODD_JOB,  /* "oddjob": a result for a job that was not given */
  SAY_ODD_INDEX,
  SAY_ODD_CLASS,
  SAY_TWICE,
  SAY_WAITING,  /* "waiting": the next hop is silent */
  SAY_HEARD,    /* "heard": it has spoken, and no result comes */
  SAY_CHATTER,  /* "chatter": both again and again */
  SAY_WORDS,    /* "words": both twice before the result */
  SAY_AFTERWARDS, /* "afterwards": silent, heard, and silent behind the result */
  SAY_COUNT
};

enum { TEST_ADDRESS_MAX = 128, TEST_HOUR_S = 3600, TEST_DAY_S = 86400 };

/* One recipient of one job. */
struct attempt {
  uint64_t at_s; /* boot clock, from the first start */
  enum route_channel channel;
  size_t recipients; /* of its job */
  bool by_descriptor;
  enum say said; /* SAY_COUNT: the agent did not come to it */
  uint64_t body_type; /* enum envelope_body */
  bool smtputf8, requiretls;
  char sender[TEST_ADDRESS_MAX], address[TEST_ADDRESS_MAX];
  stralloc body;
};

struct testrunner {
  struct testqueue queue;
  char control[280];
  struct runner runner;
  struct log log;
  struct clock clock;
  uint64_t wall_us, boot_us;
  struct played played;
  enum say means[SAY_COUNT]; /* what each is turned into; the identity at first */
  const struct result *failure; /* what "never" says; NULL: something short */
  const struct result *success; /* the same of a success */
  struct attempt *attempts;
  size_t attempt_count;
};

void testrunner_make(struct testrunner *t);
void testrunner_remove(struct testrunner *t);

/* A control file; before testrunner_start() or runner_load_settings(). */
void testrunner_control(struct testrunner *t, const char *name, const char *content);

/* testrunner_start(): a new runner on the same queue.  testrunner_crash(): the
 * runner is gone without a word; queue and clocks stay. */
void testrunner_start(struct testrunner *t);
void testrunner_crash(struct testrunner *t);

/* testrunner_run(): for so much virtual time; 0: what can be done now. */
void testrunner_run(struct testrunner *t, uint64_t seconds);

/* testrunner_inject(): into todo/, and a poke.  notify 0: not given. */
struct queueid testrunner_inject(struct testrunner *t, const char *sender, uint64_t notify,
                                 const char *const *recipients, size_t count);
struct queueid testrunner_inject_envelope(struct testrunner *t, struct text body,
                                          const struct envelope *e);
struct queueid testrunner_inject_body(struct testrunner *t, struct text body, const char *sender,
                                      uint64_t notify, const char *const *recipients, size_t count);

/* Attempts for an address; DSNs count when a success is said. */
size_t testrunner_attempts(const struct testrunner *t, const char *address);
const struct attempt *testrunner_attempt(const struct testrunner *t, const char *address,
                                         size_t nth);

/* testrunner_files(): messages and logs in the queue, bad/ left out. */
size_t testrunner_files(struct testrunner *t);
size_t testrunner_files_in(struct testrunner *t, const char *folder);

/* testrunner_logged(): whether the runner has logged this. */
bool testrunner_logged(struct testrunner *t, const char *words);

/* testrunner_set_up(), testrunner_tear_down(): one for each test of a group. */
int testrunner_set_up(void **state);
int testrunner_tear_down(void **state);

void testrunner_inject_one(struct testrunner *t, const char *from, const char *to);

/* testrunner_told(): attempts to deliver to address in the name of from. */
size_t testrunner_told(const struct testrunner *t, const char *from, const char *address);

bool testrunner_body_has(const struct attempt *a, const char *words);

#endif
