#include "config.h"
#include "queue/mend.h"
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include "lib/iofd.h"
#include "lib/unittest.h"
#include "queue/testqueue.h"

static const char *const two[] = {"joe@a.test", "ann@b.test"};

static const char *path_of(const struct queueid *id, const char *ending) {
  static char path[64];
  snprintf(path, sizeof path, "wait/%02x/%s%s", queueid_folder(id), id->s, ending);
  return path;
}

/* In wait/, with a log of two records. */
static struct queueid inject_waiting(struct testqueue *q) {
  struct queueid id = testqueue_inject(q, "Subject: test\n\nhello\n", "s@c.test", two, 2);
  stralloc octets = {0};
  assert_int_equal(store_move_to_wait(&q->store, &id), 0);
  for (uint64_t i = 0; i < 2; i++) {
    struct logrecord r = {.recipient = i, .next_age_s = 400, .result = {.class = RESULT_DEFERRAL}};
    assert_int_equal(msglog_cat(&octets, &r), 0);
  }
  assert_int_equal(store_append_log(&q->store, &id, text_of_stralloc(&octets), UINT64_MAX), 0);
  stralloc_free(&octets);
  return id;
}

static bool is_bad(struct testqueue *q, const struct queueid *id) {
  char path[64];
  snprintf(path, sizeof path, "bad/%s", id->s);
  return faccessat(q->store.queue_fd, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static enum outcome mend(struct testqueue *q, const struct queueid *id) {
  bool was_bad = is_bad(q, id), set_aside;
  enum outcome o = mend_message(&q->store, id, &set_aside);
  assert_int_equal(set_aside, !was_bad && is_bad(q, id));
  return o;
}

static uint64_t records(struct testqueue *q, const struct queueid *id) {
  struct message m;
  const char *reason;
  assert_int_equal(message_load(&m, &q->store, id, &reason), MESSAGE_OK);
  uint64_t n = m.states[0].attempts + m.states[1].attempts;
  message_free(&m);
  return n;
}

static off_t log_size(struct testqueue *q, const struct queueid *id) {
  struct stat st;
  assert_int_equal(fstatat(q->store.queue_fd, path_of(id, ".log"), &st, 0), 0);
  return st.st_size;
}

static void cut(struct testqueue *q, const char *path, off_t size) {
  assert_int_equal(fchmodat(q->store.queue_fd, path, 0600, 0), 0);
  int fd = openat(q->store.queue_fd, path, O_RDWR | O_CLOEXEC);
  assert_true(fd >= 0);
  assert_int_equal(ftruncate(fd, size), 0);
  close(fd);
}

/* ---- the tests */

static void what_is_in_order_is_left_alone(void **state) {
  struct testqueue *q = *state;
  struct queueid id = inject_waiting(q), new = testqueue_inject(q, "x\n", "s@c.test", two, 1);
  assert_int_equal(mend(q, &id), OUTCOME_ALREADY);
  assert_int_equal(mend(q, &new), OUTCOME_ALREADY);
  struct queueid none = {"1700000000123456.00112233445566778fff"};
  assert_int_equal(mend(q, &none), OUTCOME_GONE);
}

/* Cut at every octet of its log, a message keeps the records that are whole. */
static void a_torn_log_keeps_its_whole_records(void **state) {
  struct testqueue *q = *state;
  struct queueid whole = inject_waiting(q);
  off_t size = log_size(q, &whole), first = MSGLOG_MAGIC_OCTETS + (size - MSGLOG_MAGIC_OCTETS) / 2;
  for (off_t at = size - 1; at > 0; at--) {
    struct queueid id = inject_waiting(q);
    cut(q, path_of(&id, ".log"), at);
    bool clean = at == first || at == MSGLOG_MAGIC_OCTETS;
    assert_int_equal(mend(q, &id), clean ? OUTCOME_ALREADY : OUTCOME_DONE);
    assert_int_equal(records(q, &id), at >= first);
    assert_int_equal(log_size(q, &id), at >= first ? first : MSGLOG_MAGIC_OCTETS);
    assert_int_equal(mend(q, &id), OUTCOME_ALREADY);
  }
}

static void a_log_without_its_message_goes(void **state) {
  struct testqueue *q = *state;
  struct queueid id = inject_waiting(q);
  assert_int_equal(unlinkat(q->store.queue_fd, path_of(&id, ""), 0), 0);
  assert_int_equal(mend(q, &id), OUTCOME_DONE);
  assert_int_equal(mend(q, &id), OUTCOME_GONE);
}

static void what_does_not_check_goes_to_bad_with_its_log(void **state) {
  struct testqueue *q = *state;
  struct queueid id = inject_waiting(q), new = testqueue_inject(q, "x\n", "s@c.test", two, 1);
  char path[64];
  snprintf(path, sizeof path, "todo/%s", new.s);
  cut(q, path_of(&id, ""), 100);
  cut(q, path, 10);
  assert_int_equal(mend(q, &id), OUTCOME_DONE);
  assert_int_equal(mend(q, &new), OUTCOME_DONE);
  assert_true(is_bad(q, &id) && is_bad(q, &new));
  assert_int_equal(mend(q, &id), OUTCOME_GONE); /* its log lies there, too */
}

static void of_two_copies_the_one_with_the_log_stays(void **state) {
  struct testqueue *q = *state;
  struct queueid id = inject_waiting(q);
  char path[64];
  snprintf(path, sizeof path, "todo/%s", id.s);
  assert_int_equal(linkat(q->store.queue_fd, path_of(&id, ""), q->store.queue_fd, path, 0), 0);
  assert_int_equal(mend(q, &id), OUTCOME_DONE);
  assert_false(store_is_at(&q->store, &id, PLACE_TODO));
  assert_int_equal(records(q, &id), 2);
}

#define TEST_OF(NAME) cmocka_unit_test_setup_teardown(NAME, testqueue_set_up, testqueue_tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST_OF(what_is_in_order_is_left_alone),
    TEST_OF(a_torn_log_keeps_its_whole_records),
    TEST_OF(a_log_without_its_message_goes),
    TEST_OF(what_does_not_check_goes_to_bad_with_its_log),
    TEST_OF(of_two_copies_the_one_with_the_log_stays),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
