#include "config.h"
#include "lib/unittest.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include "queue/backlog.h"
#include "queue/testqueue.h"

/* A queue, a clock that goes on with each look at it, and what was found. */
struct setting {
  struct testqueue q;
  struct backlog b;
  uint64_t now_us, tick_us;
  struct queueid found[1000];
  stralloc log; /* the last one's */
  size_t count;
  unsigned refuse; /* the next so many calls of found() */
};

static uint64_t tick(void *context) {
  struct setting *t = context;
  return t->now_us += t->tick_us;
}

static int found(void *context, const struct queueid *id, struct text log) {
  struct setting *t = context;
  if (t->refuse) return t->refuse--, errno = ENOMEM, -1;
  assert_true(t->count < COUNT(t->found));
  t->found[t->count++] = *id;
  stralloc_zero(&t->log);
  return text_cat(&t->log, log);
}

static int step(struct setting *t, uint64_t limit_us) {
  const struct clock clock = {.wall_us = tick, .boot_us = tick, .context = t};
  return backlog_step(&t->b, &t->q.store, &clock, limit_us, found, t);
}

static void set_up(struct setting *t) {
  *t = (struct setting){.tick_us = 1};
  testqueue_make(&t->q);
}

static void tear_down(struct setting *t) {
  backlog_free(&t->b);
  stralloc_free(&t->log);
  testqueue_remove(&t->q);
}

static struct queueid make_id(unsigned number, unsigned folder) {
  unsigned char octets[10] = {[8] = (unsigned char)number, [9] = (unsigned char)folder};
  struct queueid id;
  queueid_from(&id, 1000000 + number, octets);
  return id;
}

static void put(struct setting *t, const struct queueid *id, const char *ending, const char *octets) {
  char path[64];
  snprintf(path, sizeof path, "wait/%02x/%s%s", queueid_folder(id), id->s, ending);
  int fd = openat(t->q.store.queue_fd, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  assert_true(fd >= 0);
  assert_int_equal(write(fd, octets, strlen(octets)), strlen(octets));
  close(fd);
}

static bool is_there(const struct setting *t, const struct queueid *id, const char *ending) {
  char path[64];
  snprintf(path, sizeof path, "wait/%02x/%s%s", queueid_folder(id), id->s, ending);
  return faccessat(t->q.store.queue_fd, path, F_OK, 0) == 0;
}

static void put_both(struct setting *t, const struct queueid *id, const char *log) {
  put(t, id, "", "a message");
  put(t, id, ".log", log);
}

static bool was_found(const struct setting *t, const struct queueid *id) {
  size_t times = 0;
  for (size_t i = 0; i < t->count; i++) times += strcmp(t->found[i].s, id->s) == 0;
  assert_in_range(times, 0, 1);
  return times;
}

static void load_all(struct setting *t) {
  assert_int_equal(step(t, UINT64_MAX / 2), 0);
  assert_true(backlog_is_loaded(&t->b));
}

/* In three folders, the first and the last among them; more than are asked for
 * ahead in one; without logs; and names that are nothing. */
static void every_message_is_found_once(void **state) {
  static const unsigned folders[] = {0x00, 0x7f, 0xff};
  struct setting t;
  (void)state;
  set_up(&t);
  for (size_t f = 0; f < COUNT(folders); f++)
    for (unsigned n = 0; n < 3 * BACKLOG_AHEAD / 2; n++) {
      struct queueid id = make_id(n, folders[f]);
      if (n % 5) put_both(&t, &id, "log");
      else put(&t, &id, "", "no log");
    }
  struct queueid orphan = make_id(200, 0x7f);
  put(&t, &orphan, ".log", "a log alone");
  put(&t, &orphan, ".logs", "");
  put(&t, &orphan, "x", "");
  unsigned before = open_descriptors();
  load_all(&t);
  assert_int_equal(open_descriptors(), before);
  assert_true(is_there(&t, &orphan, ".log")); /* its message may have gone a moment ago */
  assert_int_equal(store_sync(&t.q.store), 0);
  assert_false(is_there(&t, &orphan, ".log"));
  assert_true(is_there(&t, &orphan, ".logs"));
  assert_int_equal(t.count, COUNT(folders) * (3 * BACKLOG_AHEAD / 2));
  for (size_t f = 0; f < COUNT(folders); f++)
    for (unsigned n = 0; n < 3 * BACKLOG_AHEAD / 2; n++) {
      struct queueid id = make_id(n, folders[f]);
      assert_true(was_found(&t, &id));
    }
  tear_down(&t);
}

static void logs_come_whole(void **state) {
  static const size_t lengths[] = {0, 1, 4095, 4096, 4097, 100000};
  (void)state;
  for (size_t i = 0; i < COUNT(lengths); i++) {
    struct setting t;
    set_up(&t);
    struct queueid id = make_id(1, 9);
    char *octets = malloc(lengths[i] + 1);
    assert_non_null(octets);
    for (size_t at = 0; at < lengths[i]; at++) octets[at] = (char)('a' + at % 23);
    octets[lengths[i]] = 0;
    put_both(&t, &id, octets);
    load_all(&t);
    assert_int_equal(t.count, 1);
    assert_int_equal(t.log.len, lengths[i]);
    if (lengths[i]) assert_memory_equal(t.log.s, octets, lengths[i]);
    free(octets);
    tear_down(&t);
  }
}

/* However much there is, a step does no more than its time allows: here one
 * look at the clock. */
static void a_step_is_short(void **state) {
  struct setting t;
  unsigned steps = 0;
  (void)state;
  set_up(&t);
  for (unsigned n = 0; n < 200; n++) {
    struct queueid id = make_id(n, 3);
    put_both(&t, &id, "log");
  }
  for (size_t before = 0; !backlog_is_loaded(&t.b); before = t.count, steps++) {
    assert_int_equal(step(&t, 1), 0);
    assert_in_range(t.count - before, 0, 1);
  }
  assert_int_equal(t.count, 200);
  assert_true(steps > 200 + QUEUEID_FOLDERS);
  tear_down(&t);
}

/* Deliveries go on meanwhile, and take messages away. */
static void what_has_gone_meanwhile_is_not_found(void **state) {
  struct setting t;
  (void)state;
  set_up(&t);
  for (unsigned n = 0; n < 2 * BACKLOG_AHEAD; n++) {
    struct queueid id = make_id(n, 0);
    put_both(&t, &id, "log");
  }
  while (t.count < 5 && !backlog_is_loaded(&t.b)) assert_int_equal(step(&t, 1), 0);
  unsigned gone = 0;
  for (unsigned n = 0; n < 2 * BACKLOG_AHEAD; n++) {
    struct queueid id = make_id(n, 0);
    if (was_found(&t, &id)) continue;
    assert_int_equal(store_remove(&t.q.store, &id, PLACE_WAIT), 0);
    gone++;
  }
  load_all(&t);
  assert_int_equal(t.count, 5);
  assert_true(gone > BACKLOG_AHEAD);
  tear_down(&t);
}

static void a_message_that_finds_no_memory_comes_again(void **state) {
  struct setting t;
  (void)state;
  set_up(&t);
  for (unsigned n = 0; n < 10; n++) {
    struct queueid id = make_id(n, 0);
    put_both(&t, &id, "log");
  }
  t.refuse = 2;
  assert_int_equal(step(&t, 1000000), -1);
  assert_int_equal(errno, ENOMEM);
  assert_int_equal(step(&t, 1000000), -1);
  load_all(&t);
  assert_int_equal(t.count, 10);
  for (unsigned n = 0; n < 10; n++) {
    struct queueid id = make_id(n, 0);
    assert_true(was_found(&t, &id));
  }
  tear_down(&t);
}

static void a_folder_that_cannot_be_read_comes_when_it_can(void **state) {
  struct setting t;
  struct queueid first = make_id(1, 0x10), second = make_id(2, 0x20);
  (void)state;
  set_up(&t);
  put_both(&t, &first, "log");
  put_both(&t, &second, "log");
  int queue = t.q.store.queue_fd;
  assert_int_equal(renameat(queue, "wait/10", queue, "away"), 0);
  assert_int_equal(step(&t, UINT64_MAX / 2), -1);
  assert_int_equal(errno, ENOENT);
  assert_int_equal(step(&t, UINT64_MAX / 2), -1); /* again, after all others */
  assert_false(backlog_is_loaded(&t.b));
  assert_false(was_found(&t, &first));
  assert_true(was_found(&t, &second));
  assert_int_equal(renameat(queue, "away", queue, "wait/10"), 0);
  load_all(&t);
  assert_true(was_found(&t, &first));
  assert_true(was_found(&t, &second));
  tear_down(&t);
}

/* It would be due at once, without its log. */
static void no_message_is_taken_for_one_without_a_log_for_want_of_descriptors(void **state) {
  struct setting t;
  struct rlimit old, low;
  (void)state;
  set_up(&t);
  for (unsigned n = 0; n < 5; n++) {
    struct queueid id = make_id(n, 0);
    put_both(&t, &id, "log");
  }
  while (!t.b.listed && !backlog_is_loaded(&t.b)) assert_int_equal(step(&t, 1), 0);
  assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
  int next = dup(0);
  assert_true(next >= 0);
  close(next);
  low = (struct rlimit){(rlim_t)next, old.rlim_max};
  assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
  int got = step(&t, 1000000), error = errno;
  assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
  assert_int_equal(got, -1);
  assert_int_equal(error, EMFILE);
  assert_int_equal(t.count, 0);
  load_all(&t);
  assert_int_equal(t.count, 5);
  assert_int_equal(t.log.len, strlen("log"));
  tear_down(&t);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(every_message_is_found_once),
    cmocka_unit_test(logs_come_whole),
    cmocka_unit_test(a_step_is_short),
    cmocka_unit_test(what_has_gone_meanwhile_is_not_found),
    cmocka_unit_test(a_message_that_finds_no_memory_comes_again),
    cmocka_unit_test(a_folder_that_cannot_be_read_comes_when_it_can),
    cmocka_unit_test(no_message_is_taken_for_one_without_a_log_for_want_of_descriptors),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
