#include "config.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "queue/newmessage.h"
#include "queue/testqueue.h"

static const char *const one[] = {"joe@a.test"};

enum place { TODO, WAIT, LOG };

static void path_of(char path[64], const struct queueid *id, enum place p) {
  if (p == TODO) snprintf(path, 64, "todo/%.*s", QUEUEID_LENGTH, id->s);
  else
    snprintf(path, 64, "wait/%02x/%.*s%s", queueid_folder(id), QUEUEID_LENGTH, id->s, p == LOG ? ".log" : "");
}

static bool has(struct testqueue *q, const struct queueid *id, enum place p) {
  char path[64];
  path_of(path, id, p);
  return faccessat(q->store.queue_fd, path, F_OK, 0) == 0;
}

static void touch(struct testqueue *q, const char *path) {
  int fd = openat(q->store.queue_fd, path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  assert_true(fd >= 0);
  close(fd);
}

static struct queueid inject(struct testqueue *q) {
  return testqueue_inject(q, "Subject: test\n\nhello\n", "s@c.test", one, 1);
}

static void append(struct testqueue *q, const struct queueid *id) {
  assert_int_equal(store_append_log(&q->store, id, text_of("a record"), 0), 0);
}

/* As after a crash in the middle of a rename. */
static void give_both_names(struct testqueue *q, const struct queueid *id) {
  char from[64], to[64];
  path_of(from, id, TODO);
  path_of(to, id, WAIT);
  assert_int_equal(linkat(q->store.queue_fd, from, q->store.queue_fd, to, 0), 0);
}

/* A crash must not bring a message back without what is known about it. */
static void a_log_outlives_its_message_until_that_is_durable(void **state) {
  struct testqueue *q = *state;
  struct queueid id = inject(q);
  assert_int_equal(store_move_to_wait(&q->store, &id), 0);
  append(q, &id);
  assert_int_equal(store_sync(&q->store), 0);
  assert_int_equal(store_remove(&q->store, &id, PLACE_WAIT), 0);
  assert_false(has(q, &id, WAIT));
  assert_true(has(q, &id, LOG));
  assert_true(store_is_dirty(&q->store));
  assert_int_equal(store_sync(&q->store), 0);
  assert_false(has(q, &id, LOG));
}

static void more_messages_may_end_than_are_remembered(void **state) {
  struct testqueue *q = *state;
  static struct queueid ids[STORE_SPENT_MAX + 2];
  for (unsigned i = 0; i < STORE_SPENT_MAX + 2; i++) {
    char path[64];
    assert_int_equal(queueid_make(&ids[i], 1), 0);
    path_of(path, &ids[i], LOG);
    touch(q, path);
    assert_int_equal(store_remove(&q->store, &ids[i], PLACE_WAIT), 0);
  }
  assert_false(has(q, &ids[0], LOG));
  assert_true(has(q, &ids[STORE_SPENT_MAX + 1], LOG));
  assert_int_equal(store_sync(&q->store), 0);
  assert_false(has(q, &ids[STORE_SPENT_MAX + 1], LOG));
}

static void both_names_of_a_message_are_removed(void **state) {
  struct testqueue *q = *state;
  for (int place = PLACE_TODO; place <= PLACE_WAIT; place++) {
    struct queueid id = inject(q);
    give_both_names(q, &id);
    assert_int_equal(store_remove(&q->store, &id, (enum store_place)place), 0);
    assert_false(has(q, &id, TODO));
    assert_false(has(q, &id, WAIT));
    assert_true(q->store.dirty_todo && q->store.dirty_wait[queueid_folder(&id)]);
    assert_int_equal(store_sync(&q->store), 0);
  }
}

static void a_message_with_both_names_moves(void **state) {
  struct testqueue *q = *state;
  struct queueid id = inject(q);
  give_both_names(q, &id);
  assert_int_equal(store_move_to_wait(&q->store, &id), 0);
  assert_false(has(q, &id, TODO));
  assert_true(has(q, &id, WAIT));
}

/* An error of the disk can end the first call behind its rename. */
static void a_message_that_has_moved_moves_again(void **state) {
  struct testqueue *q = *state;
  struct queueid id = inject(q);
  assert_int_equal(store_move_to_wait(&q->store, &id), 0);
  assert_int_equal(store_move_to_wait(&q->store, &id), 0);
  assert_int_equal(store_remove(&q->store, &id, PLACE_WAIT), 0);
  assert_int_equal(store_move_to_wait(&q->store, &id), -1);
}

static void logs_without_messages_are_cleared(void **state) {
  struct testqueue *q = *state;
  char name[64], path[64];
  struct queueid alone, new = inject(q), waiting = inject(q);
  assert_int_equal(store_move_to_wait(&q->store, &waiting), 0);
  assert_int_equal(queueid_make(&alone, 1), 0);
  struct queueid *ids[] = {&alone, &new, &waiting};
  for (int i = 0; i < 3; i++) {
    path_of(path, ids[i], LOG);
    touch(q, path);
    snprintf(path, sizeof path, "wait/%02x/new.log", queueid_folder(ids[i]));
    touch(q, path);
    assert_int_equal(store_clear_log(&q->store, queueid_folder(ids[i]), strrchr(path, '/') + 1), 0);
    assert_int_equal(store_clear_log(&q->store, queueid_folder(ids[i]), "something else"), 0);
    snprintf(name, sizeof name, "%s.log", ids[i]->s);
    assert_int_equal(store_clear_log(&q->store, queueid_folder(ids[i]), name), 0);
    assert_int_equal(faccessat(q->store.queue_fd, path, F_OK, 0), -1);
  }
  assert_true(has(q, &alone, LOG)); /* its message may have gone a moment ago */
  assert_int_equal(store_sync(&q->store), 0);
  assert_false(has(q, &alone, LOG));
  assert_true(has(q, &new, LOG));
  assert_true(has(q, &waiting, LOG));
}

static void a_copy_left_in_tmp_is_cleared(void **state) {
  struct testqueue *q = *state;
  touch(q, "tmp/copy");
  assert_int_equal(store_clear_tmp(&q->store), 0);
  assert_int_equal(faccessat(q->store.queue_fd, "tmp/copy", F_OK, 0), -1);
}

/* Without todo/ a file has a name in tmp/, as where a file system has no
 * unnamed ones. */
static void open_with_a_name(struct testqueue *q, struct newmessage *m) {
  struct queueid id;
  int queue_fd = q->store.queue_fd;
  assert_int_equal(queueid_make(&id, 1), 0);
  assert_int_equal(renameat(queue_fd, "todo", queue_fd, "away"), 0);
  assert_int_equal(newmessage_open(m, queue_fd, &id), NEWMESSAGE_OK);
  assert_int_equal(renameat(queue_fd, "away", queue_fd, "todo"), 0);
  assert_true(m->named);
}

/* Whatever the moment at which they meet. */
static void who_clears_tmp_leaves_what_is_being_written(void **state) {
  struct testqueue *q = *state;
  struct envelope e = {.sender = text_of("ann@a.example")};
  struct envelope_recipient *r = envelope_add(&e);
  assert_non_null(r);
  r->address = text_of("bob@b.example");
  pid_t clearer = fork();
  if (clearer == 0) prctl(PR_SET_PDEATHSIG, SIGKILL);
  while (clearer == 0) (void)store_clear_tmp(&q->store);
  for (int i = 0; i < 3000; i++) {
    struct newmessage m;
    open_with_a_name(q, &m);
    assert_int_equal(newmessage_write(&m, "hello\n", 6), NEWMESSAGE_OK);
    assert_int_equal(newmessage_commit(&m, &e), NEWMESSAGE_OK);
  }
  kill(clearer, SIGKILL);
  waitpid(clearer, NULL, 0);
  envelope_free(&e);
}

static void a_copy_of_a_body_keeps_its_holes(void **state) {
  struct testqueue *q = *state;
  const off_t size = (off_t)1 << 40;
  char octets[4] = "";
  struct stat st;
  int fd = openat(q->store.queue_fd, "tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  assert_int_equal(pwrite(fd, "head", 4, 0), 4);
  assert_int_equal(pwrite(fd, "body", 4, size / 2), 4);
  assert_int_equal(ftruncate(fd, size + 1000), 0); /* the envelope is not copied */
  int copy = store_body_copy(&q->store, fd, (uint64_t)size);
  assert_true(copy >= 0);
  assert_int_equal(fstat(copy, &st), 0);
  assert_true(st.st_size == size && st.st_blocks < 1 << 16);
  assert_int_equal(pread(copy, octets, 4, 0), 4);
  assert_memory_equal(octets, "head", 4);
  assert_int_equal(pread(copy, octets, 4, size / 2), 4);
  assert_memory_equal(octets, "body", 4);
  close(copy);
  close(fd);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(a_log_outlives_its_message_until_that_is_durable, testqueue_set_up, testqueue_tear_down),
    cmocka_unit_test_setup_teardown(more_messages_may_end_than_are_remembered, testqueue_set_up, testqueue_tear_down),
    cmocka_unit_test_setup_teardown(both_names_of_a_message_are_removed, testqueue_set_up, testqueue_tear_down),
    cmocka_unit_test_setup_teardown(a_message_with_both_names_moves, testqueue_set_up, testqueue_tear_down),
    cmocka_unit_test_setup_teardown(a_message_that_has_moved_moves_again, testqueue_set_up, testqueue_tear_down),
    cmocka_unit_test_setup_teardown(logs_without_messages_are_cleared, testqueue_set_up, testqueue_tear_down),
    cmocka_unit_test_setup_teardown(who_clears_tmp_leaves_what_is_being_written, testqueue_set_up, testqueue_tear_down),
    cmocka_unit_test_setup_teardown(a_copy_of_a_body_keeps_its_holes, testqueue_set_up, testqueue_tear_down),
    cmocka_unit_test_setup_teardown(a_copy_left_in_tmp_is_cleared, testqueue_set_up, testqueue_tear_down),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
