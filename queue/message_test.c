#include "config.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "queue/bounce.h"
#include "queue/message.h"
#include "queue/newmessage.h"
#include "queue/testqueue.h"

static const char body[] = "Subject: test\n\nhello\n";
static const char *const two[] = {"joe@a.test", "ann@b.test"};

static struct message load(struct testqueue *q, const struct queueid *id) {
  struct message m;
  const char *reason = "";
  if (message_load(&m, &q->store, id, &reason) != MESSAGE_OK) fail_msg("%s", reason);
  return m;
}

static struct logrecord deferral(uint64_t recipient) {
  return (struct logrecord){.time_us = UINT64_C(1795438835383624),
                            .age_s = 5,
                            .recipient = recipient,
                            .next_age_s = 400,
                            .result = {.class = RESULT_DEFERRAL,
                                       .status = text_of("4.4.1"),
                                       .text = text_of("no answer"),
                                       .host = text_of("mx.b.test")}};
}

static void append(struct testqueue *q, const struct queueid *id, struct logrecord r, uint64_t keep) {
  stralloc octets = {0};
  assert_int_equal(msglog_cat(&octets, &r), 0);
  assert_int_equal(store_append_log(&q->store, id, text_of_stralloc(&octets), keep), 0);
  stralloc_free(&octets);
}

static void a_new_message_reads_back(void **state) {
  struct testqueue *q = *state;
  struct queueid id = testqueue_inject(q, body, "s@c.test", two, 2);
  struct message m = load(q, &id);
  stralloc read = {0};
  assert_int_equal(m.place, PLACE_TODO);
  assert_int_equal(m.file.envelope.recipient_count, 2);
  assert_true(text_equals(m.file.envelope.recipients[1].address, "ann@b.test"));
  assert_false(message_is_finished(&m));
  assert_int_equal(message_read_body(&m, &read, UINT64_MAX), 0);
  assert_true(text_equals(text_of_stralloc(&read), body));
  stralloc_free(&read);
  message_free(&m);
}

static void the_log_follows_the_message_to_wait(void **state) {
  struct testqueue *q = *state;
  struct queueid id = testqueue_inject(q, body, "s@c.test", two, 2);
  assert_int_equal(store_move_to_wait(&q->store, &id), 0);
  append(q, &id, deferral(1), UINT64_MAX);
  struct logrecord done = {.recipient = 0, .age_s = 6, .result = {.class = RESULT_SUCCESS}};
  append(q, &id, done, UINT64_MAX);
  assert_true(store_is_dirty(&q->store));
  assert_int_equal(store_sync(&q->store), 0);
  assert_false(store_is_dirty(&q->store));
  struct message m = load(q, &id);
  assert_int_equal(m.place, PLACE_WAIT);
  assert_int_equal(m.states[0].progress, RECIPIENT_DONE);
  assert_int_equal(m.states[1].progress, RECIPIENT_WAITING);
  assert_int_equal(m.states[1].attempts, 1);
  assert_int_equal(message_next_age(&m), 400);
  assert_int_equal(m.last_age_s, 6);
  assert_true(text_equals(m.states[1].last.result.host, "mx.b.test"));
  message_free(&m);
  assert_int_equal(store_remove(&q->store, &id, PLACE_WAIT), 0);
  const char *reason;
  assert_int_equal(message_load(&m, &q->store, &id, &reason), MESSAGE_GONE);
}

static off_t log_size(struct testqueue *q, const struct queueid *id, off_t cut_to) {
  char path[64];
  struct stat st;
  snprintf(path, sizeof path, "wait/%02x/%s.log", queueid_folder(id), id->s);
  int fd = openat(q->store.queue_fd, path, O_RDWR);
  assert_true(fd >= 0);
  if (cut_to) assert_int_equal(ftruncate(fd, cut_to), 0);
  assert_int_equal(fstat(fd, &st), 0);
  close(fd);
  return st.st_size;
}

/* Cut at every octet of the second record, the first one still counts, and the
 * next append goes behind it. */
static void a_torn_tail_is_cut(void **state) {
  struct testqueue *q = *state;
  struct queueid id = testqueue_inject(q, body, "s@c.test", two, 2);
  assert_int_equal(store_move_to_wait(&q->store, &id), 0);
  append(q, &id, deferral(0), UINT64_MAX);
  off_t first = log_size(q, &id, 0);
  append(q, &id, deferral(1), UINT64_MAX);
  off_t both = log_size(q, &id, 0);
  for (off_t at = both - 1; at > first; at--) {
    log_size(q, &id, at);
    struct message m = load(q, &id);
    assert_int_equal(m.states[0].attempts, 1);
    assert_int_equal(m.states[1].attempts, 0);
    assert_int_equal(m.log_octets, first);
    message_free(&m);
  }
  log_size(q, &id, first);
  log_size(q, &id, first + 64); /* zeroes, as a file system leaves them after a crash */
  struct message torn = load(q, &id);
  assert_int_equal(torn.states[0].attempts, 1);
  assert_int_equal(torn.log_octets, first);
  message_free(&torn);
  append(q, &id, deferral(1), (uint64_t)first);
  assert_int_equal(log_size(q, &id, 0), both);
  struct message m = load(q, &id);
  assert_int_equal(m.states[1].attempts, 1);
  assert_int_equal(m.log_octets, m.log.len);
  message_free(&m);
}

static void what_is_no_message_is_bad(void **state) {
  struct testqueue *q = *state;
  struct queueid id;
  struct message m;
  const char *reason = NULL;
  char path[64];
  assert_int_equal(queueid_make(&id, 1), 0);
  snprintf(path, sizeof path, "todo/%s", id.s);
  assert_int_equal(mkfifoat(q->store.queue_fd, path, 0600), 0); /* must not hang */
  assert_int_equal(message_load(&m, &q->store, &id, &reason), MESSAGE_BAD);
  assert_int_equal(unlinkat(q->store.queue_fd, path, 0), 0);
  int fd = openat(q->store.queue_fd, path, O_WRONLY | O_CREAT, 0600);
  assert_int_equal(write(fd, body, strlen(body)), (ssize_t)strlen(body));
  close(fd);
  assert_int_equal(message_load(&m, &q->store, &id, &reason), MESSAGE_BAD);
  assert_non_null(reason);
  assert_int_equal(store_move_to_bad(&q->store, &id, PLACE_TODO), 0);
  assert_int_equal(message_load(&m, &q->store, &id, &reason), MESSAGE_GONE);
}

static void a_message_of_the_same_id_is_not_made_twice(void **state) {
  struct testqueue *q = *state;
  struct queueid id = testqueue_inject(q, body, "s@c.test", two, 1);
  struct newmessage again;
  struct envelope e = {.sender = text_of("")};
  envelope_add(&e)->address = text_of("x@y");
  assert_int_equal(newmessage_open(&again, q->store.queue_fd, &id), NEWMESSAGE_OK);
  assert_int_equal(newmessage_commit(&again, &e), NEWMESSAGE_EXISTS);
  envelope_free(&e);
}

static void logs_are_summarized_without_the_message(void **state) {
  stralloc log = {0};
  struct log_summary s;
  (void)state;
  assert_int_equal(message_summarize_log(text_of_stralloc(&log), &s), -1);
  struct logrecord r = deferral(0);
  assert_int_equal(msglog_cat_magic(&log), 0);
  assert_int_equal(msglog_cat(&log, &r), 0);
  r.recipient = 1;
  r.next_age_s = 300;
  assert_int_equal(msglog_cat(&log, &r), 0);
  struct logrecord done = {.time_us = r.time_us + 9000000, .age_s = 14, .result = {.class = RESULT_SUCCESS}};
  assert_int_equal(msglog_cat(&log, &done), 0);
  assert_int_equal(message_summarize_log(text_of_stralloc(&log), &s), 0);
  assert_int_equal(s.next_age_s, 300);
  assert_int_equal(s.last_age_s, 14);
  assert_int_equal(s.last_us, done.time_us);
  r.age_s = 400;
  r.next_age_s = 1600;
  assert_int_equal(msglog_cat(&log, &r), 0);
  assert_int_equal(message_summarize_log(text_of_stralloc(&log), &s), 0);
  assert_int_equal(s.next_age_s, 1600);
  stralloc_free(&log);
}

static void dsn_ids_derive_from_their_message(void **state) {
  struct queueid parent, a, b, c;
  (void)state;
  assert_true(queueid_parse(&parent, text_of("1795438835383624.80fc9ebc9f3b888e94de")));
  bounce_id(&a, &parent, 0);
  bounce_id(&b, &parent, 0);
  bounce_id(&c, &parent, 1);
  assert_string_equal(a.s, b.s);
  assert_string_not_equal(a.s, c.s);
  assert_string_not_equal(a.s, parent.s);
  assert_true(queueid_parse(&c, text_of(a.s)));
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(a_new_message_reads_back, testqueue_set_up, testqueue_tear_down),
    cmocka_unit_test_setup_teardown(the_log_follows_the_message_to_wait, testqueue_set_up, testqueue_tear_down),
    cmocka_unit_test_setup_teardown(a_torn_tail_is_cut, testqueue_set_up, testqueue_tear_down),
    cmocka_unit_test_setup_teardown(what_is_no_message_is_bad, testqueue_set_up, testqueue_tear_down),
    cmocka_unit_test_setup_teardown(a_message_of_the_same_id_is_not_made_twice, testqueue_set_up, testqueue_tear_down),
    cmocka_unit_test(logs_are_summarized_without_the_message),
    cmocka_unit_test(dsn_ids_derive_from_their_message),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
