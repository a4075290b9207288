#include "config.h"
#include "queue/testrunner.h"
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static const char sender[] = "ann@far.example";

/* ---- DSNs */

static void each_recipient_of_a_message_goes_its_own_way(void **state) {
  static const char *const to[] = {"bob@here.example", "later@here.example", "never@here.example"};
  struct testrunner *t = *state;
  testrunner_inject(t, sender, 0, to, 3);
  testrunner_run(t, 10);
  assert_int_equal(testrunner_told(t, "", sender), 1);
  const struct attempt *dsn = testrunner_attempt(t, sender, 0);
  assert_true(testrunner_body_has(dsn, "never@here.example"));
  assert_false(testrunner_body_has(dsn, "bob@here.example"));
  assert_false(testrunner_body_has(dsn, "later@here.example"));
  t->means[SAY_DEFERRAL] = SAY_SUCCESS;
  testrunner_run(t, 3600);
  assert_int_equal(testrunner_attempts(t, "bob@here.example"), 1);
  assert_int_equal(testrunner_attempts(t, "later@here.example"), 2);
  assert_int_equal(testrunner_attempts(t, "never@here.example"), 1);
  assert_int_equal(testrunner_told(t, "", sender), 1);
  assert_int_equal(testrunner_files(t), 0);
}

static void a_sender_may_name_each_recipient(void **state) {
  static const char *const to[] = {"bob@here.example", "a@far.example", "b@far.example", "never@far.example",
                                   "never@here.example"};
  struct testrunner *t = *state;
  testrunner_inject(t, "list-owner-@here.example-@[]", 0, to, 5);
  testrunner_run(t, 10);
  assert_int_equal(testrunner_told(t, "list-owner-bob=here.example@here.example", to[0]), 1);
  assert_int_equal(testrunner_told(t, "list-owner-a=far.example@here.example", to[1]), 1);
  assert_int_equal(testrunner_told(t, "list-owner-b=far.example@here.example", to[2]), 1);
  assert_int_equal(testrunner_told(t, "list-owner-never=far.example@here.example", to[3]), 1);
  assert_int_equal(testrunner_attempt(t, to[1], 0)->recipients, 1);
  assert_int_equal(testrunner_told(t, "", "list-owner-never=far.example@here.example"), 1);
  assert_int_equal(testrunner_told(t, "", "list-owner-never=here.example@here.example"), 1);
  assert_int_equal(testrunner_attempts(t, "list-owner-@here.example"), 0);
  assert_int_equal(testrunner_files(t), 0);
}

static void of_a_delay_nobody_is_told_in_a_recipients_name(void **state) {
  static const char *const to[] = {"later@far.example", "bob@here.example"};
  struct testrunner t;
  (void)state;
  testrunner_make(&t);
  testrunner_control(&t, "delaywarning", "14400\n");
  testrunner_start(&t);
  testrunner_inject(&t, "list-owner-@here.example-@[]", 0, to, 2);
  testrunner_run(&t, 5 * 3600);
  assert_int_equal(testrunner_told(&t, "", "list-owner-@here.example"), 1);
  assert_int_equal(testrunner_attempts(&t, "list-owner-later=far.example@here.example"), 0);
  testrunner_remove(&t);
}

static void of_many_failures_the_sender_is_told_once(void **state) {
  static const char first[] = "list-owner-never=h0.example@here.example", plain[] = "list-owner-@here.example";
  static char names[101][24];
  const char *to[101];
  struct testrunner *t = *state;
  for (size_t i = 0; i < 101; i++) {
    snprintf(names[i], sizeof names[i], "never@h%zu.example", i);
    to[i] = names[i];
  }
  testrunner_inject(t, "list-owner-@here.example-@[]", 0, to, 101);
  testrunner_run(t, 10);
  assert_int_equal(testrunner_told(t, "", plain), 1);
  assert_int_equal(testrunner_attempts(t, first), 0);
  testrunner_inject(t, "list-owner-@here.example-@[]", 0, to, 100);
  testrunner_run(t, 10);
  assert_int_equal(testrunner_told(t, "", plain), 1);
  assert_int_equal(testrunner_told(t, "", first), 1);
}

static void who_wants_no_dsn_gets_none(void **state) {
  struct testrunner *t = *state;
  const char *to = "never@here.example";
  testrunner_inject(t, sender, NOTIFY_NEVER, &to, 1);
  testrunner_run(t, 10);
  assert_int_equal(testrunner_attempts(t, to), 1);
  assert_int_equal(testrunner_told(t, "", sender), 0);
  assert_int_equal(testrunner_files(t), 0);
}

static void a_failing_bounce_goes_to_doublebounceto(void **state) {
  struct testrunner *t = *state;
  testrunner_inject_one(t, "", "never@here.example");
  testrunner_run(t, 10);
  assert_int_equal(testrunner_told(t, "#@[]", "postmaster@here.example"), 1);
  assert_int_equal(testrunner_files(t), 0);
}

static void a_failing_double_bounce_is_discarded(void **state) {
  struct testrunner *t = *state;
  testrunner_control(t, "doublebounceto", "never\n");
  assert_int_equal(runner_load_settings(&t->runner), 0);
  testrunner_inject_one(t, "never-sender@here.example", "never-1@here.example");
  testrunner_run(t, 10);
  assert_int_equal(testrunner_told(t, "", "never-sender@here.example"), 1);
  assert_int_equal(testrunner_told(t, "#@[]", "never@here.example"), 1);
  assert_true(testrunner_logged(t, "triple bounce: discarding bounce/"));
  assert_int_equal(testrunner_files(t), 0);
}

static size_t longest_line(struct text t) {
  size_t longest = 0, start = 0;
  for (size_t i = 0; i < t.len; i++)
    if (t.s[i] == '\n') {
      if (i - start > longest) longest = i - start;
      start = i + 1;
    }
  return longest;
}

static bool is_ascii(const char *from, const char *to) {
  while (from < to && !(*from & 0x80)) from++;
  return from == to;
}

static void hostile_words_leave_a_dsn_well_formed(void **state) {
  static char words[RESULT_TEXT_MAX], host[RESULT_HOST_MAX], address[RESULT_ADDRESS_MAX];
  static const char odd_sender[] = "ann,\"<x@far.example>,<bob@far.example";
  struct testrunner *t = *state;
  for (size_t i = 0; i < sizeof words; i++) words[i] = "\xE2\x82\xAC"[i % 3];
  memset(host, 'h', sizeof host);
  memset(address, '1', sizeof address);
  t->failure = &(struct result){.class = RESULT_FAILURE,
                                .reply_code = 550,
                                .status = TEXT("5.1.1"),
                                .text = {words, sizeof words - 1},
                                .host = {host, sizeof host},
                                .address = {address, sizeof address}};
  testrunner_inject_one(t, odd_sender, "never-\xC3\xBC@here.example");
  testrunner_run(t, 10);
  const struct attempt *dsn = testrunner_attempt(t, odd_sender, 0);
  assert_non_null(dsn);
  assert_int_equal(dsn->body_type, BODY_8BITMIME);
  assert_in_range(longest_line(text_of_stralloc(&dsn->body)), 800, 998);
  assert_true(testrunner_body_has(dsn, "Content-Transfer-Encoding: 8bit\n"));
  assert_true(testrunner_body_has(dsn, "\nTo: \"ann,\\\"<x@far.example>,<bob\"@far.example\n"));
  assert_true(testrunner_body_has(dsn, "\xE2\x82\xAC (#5.1.1)\n"));
  const char *status = memmem(dsn->body.s, dsn->body.len, "Reporting-MTA", 13);
  const char *end = memmem(dsn->body.s, dsn->body.len, "Content-Type: message/rfc822", 28);
  assert_true(status && end && is_ascii(status, end));
}

static void a_plain_dsn_is_7bit(void **state) {
  struct testrunner *t = *state;
  testrunner_inject_one(t, "ann@far.example,bob", "never@here.example");
  testrunner_run(t, 10);
  const struct attempt *dsn = testrunner_attempt(t, "ann@far.example,bob", 0);
  assert_non_null(dsn);
  assert_int_equal(dsn->body_type, BODY_DEFAULT);
  assert_false(testrunner_body_has(dsn, "8bit"));
  assert_true(testrunner_body_has(dsn, "\nTo: ann@far.example?bob\n"));
}

/* ---- crashes between the steps of telling, and disks that fail */

static void log_path(char path[96], const struct queueid *id) {
  snprintf(path, 96, "wait/%02x/%s.log", queueid_folder(id), id->s);
}

static size_t log_size(struct testrunner *t, const struct queueid *id) {
  char path[96];
  struct stat st;
  log_path(path, id);
  assert_int_equal(fstatat(t->queue.store.queue_fd, path, &st, 0), 0);
  return (size_t)st.st_size;
}

enum last_record { RECORD_WHOLE, RECORD_TORN, RECORD_GONE, RECORD_ZEROED };

/* What a crash can leave of the octets from at on. */
static void damage_log(struct testrunner *t, const struct queueid *id, size_t at,
                       enum last_record what) {
  char path[96];
  size_t size = log_size(t, id);
  log_path(path, id);
  int fd = openat(t->queue.store.queue_fd, path, O_RDWR | O_CLOEXEC);
  assert_true(fd >= 0);
  if (what == RECORD_TORN) assert_int_equal(ftruncate(fd, (off_t)(at + (size - at) / 2)), 0);
  if (what == RECORD_GONE || what == RECORD_ZEROED) assert_int_equal(ftruncate(fd, (off_t)at), 0);
  if (what == RECORD_ZEROED) assert_int_equal(ftruncate(fd, (off_t)size), 0);
  close(fd);
}

static size_t size_before_told(struct testrunner *t, const struct queueid *id) {
  struct message m;
  const char *reason;
  struct text rest;
  struct logrecord record;
  size_t at = 0;
  assert_int_equal(message_load(&m, &t->runner.store, id, &reason), MESSAGE_OK);
  assert_true(msglog_first(text_of_stralloc(&m.log), &rest));
  for (;;) {
    size_t here = m.log.len - rest.len;
    if (msglog_next(&rest, &record) != MSGLOG_RECORD) break;
    if (record.told) at = here;
  }
  message_free(&m);
  assert_true(at > 0);
  return at;
}

static void drop_dsn(struct testrunner *t) {
  int fd = openat(t->queue.store.queue_fd, "todo", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *d = fdopendir(fd);
  assert_non_null(d);
  for (struct dirent *e; (e = readdir(d));)
    if (e->d_name[0] != '.') assert_int_equal(unlinkat(dirfd(d), e->d_name, 0), 0);
  closedir(d);
}

/* What there is to tell when the crash comes, and how soon it is told after it. */
struct news {
  const char *to[3];
  uint64_t notify, until_s, told_within_s;
};

/* One more is told of than before, and never again. */
static void crash_while_telling(const struct news *news, enum last_record told, bool dsn_there, size_t more) {
  static const char silent[] = "silent-ann@here.example";
  struct testrunner t;
  testrunner_make(&t);
  testrunner_control(&t, "delaywarning", "14400\n");
  testrunner_start(&t);
  struct queueid id = testrunner_inject(&t, silent, news->notify, news->to, 3);
  testrunner_run(&t, news->until_s);
  assert_int_equal(testrunner_told(&t, "", silent), 1); /* under way, the DSN lies in todo/ */
  assert_int_equal(testrunner_files_in(&t, "todo"), 1);
  testrunner_crash(&t);
  assert_int_equal(store_open(&t.runner.store, t.queue.path), 0);
  damage_log(&t, &id, size_before_told(&t, &id), told);
  store_close(&t.runner.store);
  if (!dsn_there) drop_dsn(&t);
  t.means[SAY_NOTHING] = SAY_SUCCESS;
  size_t attempts = testrunner_attempts(&t, news->to[0]);
  testrunner_start(&t);
  testrunner_run(&t, news->told_within_s);
  assert_int_equal(testrunner_told(&t, "", silent), 1 + more);
  testrunner_crash(&t); /* and that it was told is remembered */
  testrunner_start(&t);
  testrunner_run(&t, TEST_HOUR_S);
  assert_int_equal(testrunner_told(&t, "", silent), 1 + more);
  if (*news->to[0] != 'l') assert_int_equal(testrunner_attempts(&t, news->to[0]), attempts);
  const struct attempt *dsn = testrunner_attempt(&t, silent, more);
  assert_true(testrunner_body_has(dsn, news->to[0]) && testrunner_body_has(dsn, news->to[1]));
  testrunner_remove(&t);
}

static void a_crash_while_telling_makes_one_dsn(void **state) {
  static const struct news news[] = {
    {{"never-1@here.example", "never-2@here.example", "later@here.example"}, 0, 10, 20},
    {{"later-1@here.example", "later-2@there.example", "later-3@here.example"}, 0, 14410, 4000},
    {{"bob-1@here.example", "bob-2@there.example", "later@here.example"}, NOTIFY_SUCCESS, 10, 200},
    {{"bob-1@here.example", "never-2@there.example", "later@here.example"}, NOTIFY_SUCCESS | NOTIFY_FAILURE, 10, 20},
  };
  static const struct {
    enum last_record told;
    bool dsn;
    size_t more; /* attempts for the DSN after the crash */
  } cases[] = {
    {RECORD_WHOLE, true, 1}, {RECORD_WHOLE, false, 0} /* it was delivered */,
    {RECORD_TORN, true, 1},  {RECORD_TORN, false, 1},
    {RECORD_GONE, true, 1},  {RECORD_GONE, false, 1},
    {RECORD_ZEROED, true, 1},
  };
  (void)state;
  for (size_t n = 0; n < COUNT(news); n++)
    for (size_t i = 0; i < COUNT(cases); i++)
      crash_while_telling(&news[n], cases[i].told, cases[i].dsn, cases[i].more);
}

/* Nothing new can be made: as on a disk that is full. */
static void break_todo(struct testrunner *t) {
  assert_int_equal(renameat(t->queue.store.queue_fd, "todo", t->queue.store.queue_fd, "away"), 0);
}

static void mend_todo(struct testrunner *t) {
  assert_int_equal(renameat(t->queue.store.queue_fd, "away", t->queue.store.queue_fd, "todo"), 0);
}

static void a_dsn_that_cannot_be_made_is_made_later(void **state) {
  static const char *const to = "later@here.example";
  for (unsigned i = 0; i < 4; i++) {
    struct testrunner t;
    bool crash = i & 1, success = i & 2;
    (void)state;
    testrunner_make(&t);
    testrunner_start(&t);
    testrunner_inject(&t, sender, NOTIFY_FAILURE | NOTIFY_SUCCESS, &to, 1);
    testrunner_run(&t, 10);
    t.means[SAY_DEFERRAL] = success ? SAY_SUCCESS : SAY_FAILURE;
    break_todo(&t);
    testrunner_run(&t, 1000);
    assert_int_equal(testrunner_attempts(&t, "later@here.example"), 2);
    assert_int_equal(testrunner_told(&t, "", sender), 0);
    assert_true(testrunner_logged(&t, "alarm: unable to record the end of a round"));
    mend_todo(&t);
    if (crash) testrunner_crash(&t);
    if (crash) testrunner_start(&t);
    testrunner_run(&t, 1000);
    assert_int_equal(testrunner_told(&t, "", sender), 1);
    assert_int_equal(testrunner_attempts(&t, to), 2);
    assert_int_equal(testrunner_files(&t), 0);
    testrunner_remove(&t);
  }
}

static void a_message_that_cannot_leave_todo_is_tried_once(void **state) {
  struct testrunner *t = *state;
  const char *to = "later@here.example";
  char folder[16];
  struct queueid id = testrunner_inject(t, sender, 0, &to, 1);
  store_wait_folder(folder, queueid_folder(&id));
  assert_int_equal(unlinkat(t->queue.store.queue_fd, folder, AT_REMOVEDIR), 0);
  testrunner_run(t, 95);
  assert_int_equal(t->attempt_count, 1);
  assert_int_equal(mkdirat(t->queue.store.queue_fd, folder, 0700), 0);
  testrunner_run(t, 10);
  assert_int_equal(testrunner_files_in(t, folder), 2);
  testrunner_run(t, 100);
  assert_int_equal(t->attempt_count, 2);
  assert_in_range(t->attempts[1].at_s, 100, 110);
}

/* A descriptor that no sync works on. */
static void break_next_sync(struct testrunner *t) {
  struct store *s = &t->runner.store;
  s->dirty_logs[s->dirty_log_count++] = dup(t->played.spawners[0]);
}

static ino_t log_inode(struct testrunner *t, const struct queueid *id) {
  char path[96];
  struct stat st;
  log_path(path, id);
  assert_int_equal(fstatat(t->queue.store.queue_fd, path, &st, 0), 0);
  return st.st_ino;
}

static void a_failed_sync_is_not_made_good_by_a_later_one(void **state) {
  static const char *const to[] = {"die@there.example", "later@here.example"};
  struct testrunner *t = *state;
  struct queueid id = testrunner_inject(t, sender, 0, to, 2);
  testrunner_run(t, 10);
  ino_t believed = log_inode(t, &id);
  break_next_sync(t);
  testrunner_run(t, 100); /* the log grows, its sync fails */
  assert_true(t->runner.store.doubtful);
  assert_true(testrunner_logged(t, "alarm: unable to sync the queue"));
  assert_true(log_inode(t, &id) == believed);
  t->means[SAY_DIE] = SAY_FAILURE;
  testrunner_run(t, 300); /* syncs succeed again, but the log is written anew */
  assert_int_equal(testrunner_told(t, "", sender), 1);
  assert_true(log_inode(t, &id) != believed);
  testrunner_crash(t);
  testrunner_start(t);
  testrunner_run(t, TEST_HOUR_S);
  assert_int_equal(testrunner_told(t, "", sender), 1);
  assert_int_equal(testrunner_attempts(t, to[0]), 2);
}

static void a_log_of_rubbish_is_begun_anew(void **state) {
  struct testrunner *t = *state;
  const char *to = "later@there.example";
  struct queueid id = testrunner_inject(t, sender, 0, &to, 1);
  for (unsigned octets = 1; octets < 30; octets += 9) {
    testrunner_run(t, 10);
    testrunner_crash(t);
    damage_log(t, &id, 0, RECORD_GONE);
    char path[96];
    log_path(path, &id);
    int fd = openat(t->queue.store.queue_fd, path, O_WRONLY | O_CLOEXEC);
    assert_int_equal(ftruncate(fd, octets), 0);
    close(fd);
    testrunner_start(t);
    size_t before = t->attempt_count;
    testrunner_run(t, 10);
    assert_int_equal(t->attempt_count, before + 1); /* nothing is known of it */
    testrunner_crash(t);
    testrunner_start(t);
    testrunner_run(t, 100);
    assert_int_equal(t->attempt_count, before + 1); /* now something is */
  }
}

int main(void) {
#define TEST_CASE(NAME) cmocka_unit_test_setup_teardown(NAME, testrunner_set_up, testrunner_tear_down)
  const struct CMUnitTest tests[] = {
    TEST_CASE(each_recipient_of_a_message_goes_its_own_way),
    TEST_CASE(a_sender_may_name_each_recipient),
    cmocka_unit_test(of_a_delay_nobody_is_told_in_a_recipients_name),
    TEST_CASE(of_many_failures_the_sender_is_told_once),
    TEST_CASE(who_wants_no_dsn_gets_none),
    TEST_CASE(a_failing_bounce_goes_to_doublebounceto),
    TEST_CASE(a_failing_double_bounce_is_discarded),
    TEST_CASE(hostile_words_leave_a_dsn_well_formed),
    TEST_CASE(a_plain_dsn_is_7bit),
    cmocka_unit_test(a_crash_while_telling_makes_one_dsn),
    cmocka_unit_test(a_dsn_that_cannot_be_made_is_made_later),
    TEST_CASE(a_message_that_cannot_leave_todo_is_tried_once),
    TEST_CASE(a_failed_sync_is_not_made_good_by_a_later_one),
    TEST_CASE(a_log_of_rubbish_is_begun_anew),
  };
  return cmocka_run_group_tests_name("tell", tests, NULL, NULL);
}
