#include "config.h"
#include "queue/testrunner.h"
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static const char sender[] = "ann@far.example";

static int set_up(void **state) {
  static struct testrunner t;
  testrunner_make(&t);
  testrunner_start(&t);
  *state = &t;
  return 0;
}

static int tear_down(void **state) {
  testrunner_remove(*state);
  return 0;
}

static void inject_one(struct testrunner *t, const char *from, const char *to) {
  testrunner_inject(t, from, 0, &to, 1);
}

/* Attempts to deliver to address in the name of from. */
static size_t told(const struct testrunner *t, const char *from, const char *address) {
  size_t n = 0;
  for (size_t i = 0; i < t->attempt_count; i++)
    n += strcmp(t->attempts[i].address, address) == 0 && strcmp(t->attempts[i].sender, from) == 0;
  return n;
}

static bool body_has(const struct attempt *a, const char *words) {
  return memmem(a->body.s, a->body.len, words, strlen(words)) != NULL;
}

/* ---- the plain ways */

static void a_message_delivered_at_its_first_try_leaves_nothing(void **state) {
  struct testrunner *t = *state;
  inject_one(t, sender, "bob@here.example");
  testrunner_run(t, 10);
  assert_int_equal(testrunner_attempts(t, "bob@here.example"), 1);
  assert_int_equal(t->attempts[0].channel, CHANNEL_LOCAL);
  assert_string_equal(t->attempts[0].sender, sender);
  assert_int_equal(testrunner_files(t), 0);
  assert_true(testrunner_logged(t, "end msg "));
}

static void a_deferral_moves_the_message_to_wait_and_begins_its_log(void **state) {
  struct testrunner *t = *state;
  const char *to = "later@here.example";
  char folder[16];
  struct queueid id = testrunner_inject(t, sender, 0, &to, 1);
  testrunner_run(t, 10);
  store_wait_folder(folder, queueid_folder(&id));
  assert_int_equal(testrunner_files_in(t, "todo"), 0);
  assert_int_equal(testrunner_files_in(t, folder), 2);
  t->means[SAY_DEFERRAL] = SAY_SUCCESS;
  testrunner_run(t, 100);
  assert_int_equal(testrunner_attempts(t, to), 2);
  assert_int_equal(testrunner_files(t), 0);
}

static uint64_t root(uint64_t n) {
  uint64_t r = 0;
  while ((r + 1) * (r + 1) <= n) r++;
  return r;
}

static void retries_are_qmails_until_the_lifetime_is_over(void **state) {
  static const struct {
    const char *address;
    uint64_t skip_s;
  } channels[] = {{"later@here.example", 10}, {"later@there.example", 20}};
  struct testrunner *t = *state;
  for (size_t c = 0; c < COUNT(channels); c++) inject_one(t, sender, channels[c].address);
  testrunner_run(t, 9 * TEST_DAY_S);
  for (size_t c = 0; c < COUNT(channels); c++) {
    uint64_t expected_s = 0;
    for (size_t n = 0;; n++) {
      const struct attempt *a = testrunner_attempt(t, channels[c].address, n);
      assert_non_null(a);
      assert_int_equal(a->at_s, expected_s);
      if (expected_s >= 604800) {
        assert_null(testrunner_attempt(t, channels[c].address, n + 1));
        break;
      }
      uint64_t next = root(expected_s) + channels[c].skip_s;
      expected_s = next * next;
    }
  }
}

static void one_dsn_tells_of_an_expired_message(void **state) {
  struct testrunner *t = *state;
  inject_one(t, sender, "later@there.example");
  testrunner_run(t, 6 * TEST_DAY_S);
  assert_int_equal(told(t, "", sender), 0);
  testrunner_run(t, 14 * TEST_DAY_S);
  assert_int_equal(told(t, "", sender), 1);
  const struct attempt *dsn = testrunner_attempt(t, sender, 0);
  assert_true(body_has(dsn, "Status: 5.4.7\n"));
  assert_true(body_has(dsn, "come back"));
  assert_int_equal(testrunner_files(t), 0);
}

/* ---- scheduled once */

static void a_late_poke_does_not_schedule_a_message_twice(void **state) {
  struct testrunner *t = *state;
  const char *to = "later@there.example";
  struct queueid id = testrunner_inject(t, sender, 0, &to, 1);
  testrunner_run(t, 10);
  assert_int_equal(t->runner.waitlist.count, 1); /* its folder was loaded after it came there */
  runner_found(&t->runner, &id); /* it lies in wait/ by now */
  testrunner_run(t, 0);
  assert_int_equal(t->runner.waitlist.count, 1);
  testrunner_run(t, 1000);
  assert_int_equal(t->attempt_count, 2);
  t->means[SAY_DEFERRAL] = SAY_NOTHING;
  testrunner_run(t, 1000); /* the third is under way */
  runner_found(&t->runner, &id);
  testrunner_run(t, 1000);
  assert_int_equal(t->attempt_count, 3);
}

static void a_late_poke_before_the_backlog_is_loaded_loses_nothing(void **state) {
  struct testrunner *t = *state;
  const char *to = "later@there.example";
  struct queueid id = testrunner_inject(t, sender, 0, &to, 1);
  testrunner_run(t, 10);
  testrunner_crash(t);
  testrunner_start(t);
  runner_found(&t->runner, &id);
  testrunner_run(t, 1000);
  assert_int_equal(t->attempt_count, 2);
  assert_int_equal(t->attempts[1].at_s, 400);
}

/* ---- clocks */

static void two_weeks_switched_off_bounce_nothing(void **state) {
  struct testrunner *t = *state;
  inject_one(t, sender, "later@there.example");
  testrunner_run(t, 2 * TEST_DAY_S);
  testrunner_crash(t);
  t->wall_us += (uint64_t)14 * TEST_DAY_S * 1000000;
  testrunner_start(t);
  size_t before = t->attempt_count;
  testrunner_run(t, 3600);
  assert_int_equal(t->attempt_count, before + 1); /* it was due */
  assert_int_equal(told(t, "", sender), 0);
  testrunner_run(t, 3 * TEST_DAY_S);
  assert_int_equal(told(t, "", sender), 0);
  testrunner_run(t, 2 * TEST_DAY_S);
  assert_int_equal(told(t, "", sender), 1);
}

static void a_step_of_the_wall_clock_changes_no_schedule(void **state) {
  static const int64_t steps_s[] = {-30 * TEST_DAY_S, 30 * TEST_DAY_S, -7200, 7200};
  (void)state;
  for (size_t i = 0; i < COUNT(steps_s); i++) {
    struct testrunner t;
    testrunner_make(&t);
    testrunner_start(&t);
    inject_one(&t, sender, "later@there.example");
    testrunner_run(&t, 1000);
    assert_int_equal(t.attempt_count, 2); /* 0, 400 */
    t.wall_us += (uint64_t)(steps_s[i] * 1000000);
    testrunner_run(&t, 3000);
    assert_int_equal(t.attempt_count, 4);
    assert_int_equal(t.attempts[2].at_s, 1600);
    assert_int_equal(t.attempts[3].at_s, 3600);
    testrunner_run(&t, 6 * TEST_DAY_S + 43200);
    assert_int_equal(told(&t, "", sender), 0);
    testrunner_run(&t, TEST_DAY_S);
    assert_int_equal(told(&t, "", sender), 1);
    testrunner_remove(&t);
  }
}

static void a_skip_of_nothing_makes_no_hot_loop(void **state) {
  struct testrunner *t = *state;
  testrunner_control(t, "retryskiplocal", "0\n");
  testrunner_control(t, "rescaninterval", "0\n");
  testrunner_control(t, "timeoutidle", "0\n");
  assert_int_equal(runner_load_settings(&t->runner), 0);
  inject_one(t, sender, "later@here.example");
  testrunner_run(t, 100);
  assert_int_equal(t->attempt_count, 11); /* 0, 1, 4, 9... */
}

static void who_is_hurried_keeps_its_age(void **state) {
  struct testrunner *t = *state;
  inject_one(t, sender, "later@there.example");
  testrunner_run(t, 1000);
  assert_int_equal(runner_hurry(&t->runner, NULL), 1);
  testrunner_run(t, 0);
  assert_int_equal(t->attempts[2].at_s, 1000);
  testrunner_run(t, 2000);
  assert_int_equal(t->attempt_count, 4);
  assert_int_equal(t->attempts[3].at_s, 51 * 51); /* 31 is the root of 1000 */
}

/* ---- DSNs */

static void each_recipient_of_a_message_goes_its_own_way(void **state) {
  static const char *const to[] = {"bob@here.example", "later@here.example", "never@here.example"};
  struct testrunner *t = *state;
  testrunner_inject(t, sender, 0, to, 3);
  testrunner_run(t, 10);
  assert_int_equal(told(t, "", sender), 1);
  const struct attempt *dsn = testrunner_attempt(t, sender, 0);
  assert_true(body_has(dsn, "never@here.example"));
  assert_false(body_has(dsn, "bob@here.example"));
  assert_false(body_has(dsn, "later@here.example"));
  t->means[SAY_DEFERRAL] = SAY_SUCCESS;
  testrunner_run(t, 3600);
  assert_int_equal(testrunner_attempts(t, "bob@here.example"), 1);
  assert_int_equal(testrunner_attempts(t, "later@here.example"), 2);
  assert_int_equal(testrunner_attempts(t, "never@here.example"), 1);
  assert_int_equal(told(t, "", sender), 1);
  assert_int_equal(testrunner_files(t), 0);
}

static void who_wants_no_dsn_gets_none(void **state) {
  struct testrunner *t = *state;
  const char *to = "never@here.example";
  testrunner_inject(t, sender, NOTIFY_NEVER, &to, 1);
  testrunner_run(t, 10);
  assert_int_equal(testrunner_attempts(t, to), 1);
  assert_int_equal(told(t, "", sender), 0);
  assert_int_equal(testrunner_files(t), 0);
}

static void a_failing_bounce_goes_to_doublebounceto(void **state) {
  struct testrunner *t = *state;
  inject_one(t, "", "never@here.example");
  testrunner_run(t, 10);
  assert_int_equal(told(t, "#@[]", "postmaster@here.example"), 1);
  assert_int_equal(testrunner_files(t), 0);
}

static void a_failing_double_bounce_is_discarded(void **state) {
  struct testrunner *t = *state;
  testrunner_control(t, "doublebounceto", "never\n");
  assert_int_equal(runner_load_settings(&t->runner), 0);
  inject_one(t, "never-sender@here.example", "never-1@here.example");
  testrunner_run(t, 10);
  assert_int_equal(told(t, "", "never-sender@here.example"), 1);
  assert_int_equal(told(t, "#@[]", "never@here.example"), 1);
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
  inject_one(t, odd_sender, "never-\xC3\xBC@here.example");
  testrunner_run(t, 10);
  const struct attempt *dsn = testrunner_attempt(t, odd_sender, 0);
  assert_non_null(dsn);
  assert_int_equal(dsn->body_type, BODY_8BITMIME);
  assert_in_range(longest_line(text_of_stralloc(&dsn->body)), 800, 998);
  assert_true(body_has(dsn, "Content-Transfer-Encoding: 8bit\n"));
  assert_true(body_has(dsn, "\nTo: \"ann,\\\"<x@far.example>,<bob\"@far.example\n"));
  assert_true(body_has(dsn, "\xE2\x82\xAC (#5.1.1)\n"));
  const char *status = memmem(dsn->body.s, dsn->body.len, "Reporting-MTA", 13);
  const char *end = memmem(dsn->body.s, dsn->body.len, "Content-Type: message/rfc822", 28);
  assert_true(status && end && is_ascii(status, end));
}

static void a_plain_dsn_is_7bit(void **state) {
  struct testrunner *t = *state;
  inject_one(t, "ann@far.example,bob", "never@here.example");
  testrunner_run(t, 10);
  const struct attempt *dsn = testrunner_attempt(t, "ann@far.example,bob", 0);
  assert_non_null(dsn);
  assert_int_equal(dsn->body_type, BODY_DEFAULT);
  assert_false(body_has(dsn, "8bit"));
  assert_true(body_has(dsn, "\nTo: ann@far.example?bob\n"));
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

static size_t size_after_failures(struct testrunner *t, const struct queueid *id) {
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

static void a_crash_while_telling_makes_one_dsn(void **state) {
  static const char *const to[] = {"never-1@here.example", "never-2@here.example",
                                   "later@here.example"};
  static const char silent[] = "silent-ann@here.example";
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
  for (size_t i = 0; i < COUNT(cases); i++) {
    struct testrunner t;
    testrunner_make(&t);
    testrunner_start(&t);
    struct queueid id = testrunner_inject(&t, silent, 0, to, 3);
    testrunner_run(&t, 10);
    assert_int_equal(told(&t, "", silent), 1); /* under way, the DSN lies in todo/ */
    assert_int_equal(testrunner_files_in(&t, "todo"), 1);
    testrunner_crash(&t);
    assert_int_equal(store_open(&t.runner.store, t.queue.path), 0);
    damage_log(&t, &id, size_after_failures(&t, &id), cases[i].told);
    store_close(&t.runner.store);
    if (!cases[i].dsn) drop_dsn(&t);
    t.means[SAY_NOTHING] = SAY_SUCCESS;
    testrunner_start(&t);
    testrunner_run(&t, 20);
    assert_int_equal(told(&t, "", silent), 1 + cases[i].more);
    testrunner_crash(&t); /* and that it was told is remembered */
    testrunner_start(&t);
    testrunner_run(&t, TEST_DAY_S);
    assert_int_equal(told(&t, "", silent), 1 + cases[i].more);
    assert_int_equal(testrunner_attempts(&t, to[0]), 1);
    const struct attempt *dsn = testrunner_attempt(&t, silent, cases[i].more);
    assert_true(body_has(dsn, to[0]) && body_has(dsn, to[1]));
    testrunner_remove(&t);
  }
}

/* Nothing new can be made: as on a disk that is full. */
static void break_todo(struct testrunner *t) {
  assert_int_equal(renameat(t->queue.store.queue_fd, "todo", t->queue.store.queue_fd, "away"), 0);
}

static void mend_todo(struct testrunner *t) {
  assert_int_equal(renameat(t->queue.store.queue_fd, "away", t->queue.store.queue_fd, "todo"), 0);
}

static void a_dsn_that_cannot_be_made_is_made_later(void **state) {
  for (unsigned crash = 0; crash < 2; crash++) {
    struct testrunner t;
    (void)state;
    testrunner_make(&t);
    testrunner_start(&t);
    inject_one(&t, sender, "later@here.example");
    testrunner_run(&t, 10);
    t.means[SAY_DEFERRAL] = SAY_FAILURE;
    break_todo(&t);
    testrunner_run(&t, 1000);
    assert_int_equal(testrunner_attempts(&t, "later@here.example"), 2);
    assert_int_equal(told(&t, "", sender), 0);
    assert_true(testrunner_logged(&t, "alarm: unable to record the end of a round"));
    mend_todo(&t);
    if (crash) testrunner_crash(&t);
    if (crash) testrunner_start(&t);
    testrunner_run(&t, 1000);
    assert_int_equal(told(&t, "", sender), 1);
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
  s->dirty_logs[s->dirty_log_count++] = dup(t->spawners[0]);
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
  assert_int_equal(told(t, "", sender), 1);
  assert_true(log_inode(t, &id) != believed);
  testrunner_crash(t);
  testrunner_start(t);
  testrunner_run(t, TEST_HOUR_S);
  assert_int_equal(told(t, "", sender), 1);
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

/* ---- agents that fail */

static void an_agent_that_misbehaves_defers_its_job(void **state) {
  static const struct {
    const char *address;
    bool alarm;
  } cases[] = {{"die@here.example", false},      {"die@there.example", false},
               {"refuse@here.example", false},   {"oddjob@here.example", true},
               {"oddindex@there.example", true}, {"oddclass@here.example", true}};
  (void)state;
  for (size_t i = 0; i < COUNT(cases); i++) {
    struct testrunner t;
    testrunner_make(&t);
    testrunner_start(&t);
    inject_one(&t, sender, cases[i].address);
    testrunner_run(&t, 10);
    assert_int_equal(t.attempt_count, 1);
    assert_int_equal(testrunner_files(&t), 2);
    assert_true(testrunner_logged(&t, "deferral: "));
    assert_int_equal(testrunner_logged(&t, "malformed report"), cases[i].alarm);
    for (unsigned say = 0; say < SAY_COUNT; say++) t.means[say] = SAY_SUCCESS;
    testrunner_run(&t, 3600);
    assert_int_equal(testrunner_attempts(&t, cases[i].address), 2);
    assert_int_equal(testrunner_files(&t), 0);
    testrunner_remove(&t);
  }
}

static void a_second_report_of_one_recipient_ends_the_worker(void **state) {
  static const char *const to[] = {"twice@there.example", "silent@there.example"};
  struct testrunner *t = *state;
  testrunner_inject(t, sender, 0, to, 2);
  testrunner_run(t, 10);
  assert_true(testrunner_logged(t, "malformed report"));
  assert_int_equal(testrunner_files(t), 2);
  t->means[SAY_NOTHING] = t->means[SAY_TWICE] = SAY_SUCCESS;
  testrunner_run(t, 3600);
  assert_int_equal(testrunner_attempts(t, to[0]), 1);
  assert_int_equal(testrunner_attempts(t, to[1]), 2);
  assert_int_equal(testrunner_files(t), 0);
}

static void a_silent_agent_is_given_up_in_the_end(void **state) {
  struct testrunner *t = *state;
  inject_one(t, sender, "silent@here.example");
  testrunner_run(t, TEST_DAY_S + 1);
  assert_true(testrunner_logged(t, "ended_without_a_report"));
  assert_int_equal(t->agent_count, 0);
}

static void an_exit_with_jobs_waiting_makes_no_hot_loop(void **state) {
  static const char *const to[] = {"silent@here.example", "bob@here.example"};
  struct testrunner *t = *state;
  testrunner_control(t, "concurrencyremote", "1\n");
  assert_int_equal(runner_load_settings(&t->runner), 0);
  testrunner_inject(t, sender, 0, to, 2);
  inject_one(t, sender, "silent-1@there.example");
  testrunner_run(t, 1);
  inject_one(t, sender, "bob@there.example");
  testrunner_run(t, 1);
  t->runner.exiting = true;
  struct agent_result done = {.result = {.class = RESULT_SUCCESS}};
  size_t far = t->agents[0].channel == CHANNEL_REMOTE ? 0 : 1;
  assert_int_equal(agent_send_result(t->agents[far].sock, &done, 1000), 0);
  testrunner_run(t, 10);
  assert_int_equal(testrunner_attempts(t, "bob@there.example"), 0);
}

/* ---- many destinations, many recipients, large bodies */

enum { MANY = 1000 };
struct many {
  char names[MANY][40];
  const char *to[MANY];
};

/* "START0END", "START1END"... */
static const struct many *make_many(const char *start, const char *end, size_t count) {
  static struct many m;
  for (size_t i = 0; i < count; i++) {
    snprintf(m.names[i], sizeof m.names[i], "%s%u%s", start, (unsigned)i, end);
    m.to[i] = m.names[i];
  }
  return &m;
}

static void thirty_destinations_share_five_places(void **state) {
  struct testrunner *t = *state;
  testrunner_control(t, "concurrencyremote", "5\n");
  assert_int_equal(runner_load_settings(&t->runner), 0);
  testrunner_inject(t, sender, 0, make_many("bob@far-", ".example", 30)->to, 30);
  testrunner_run(t, 60);
  assert_int_equal(t->attempt_count, 30);
  assert_in_range(t->agents_most[CHANNEL_REMOTE], 1, 5);
  assert_int_equal(testrunner_files(t), 0);
}

static void new_mail_passes_old_mail_for_a_dead_host(void **state) {
  struct testrunner *t = *state;
  for (unsigned i = 0; i < ACTIVE_MAX + 100; i++) inject_one(t, sender, "later@dead.example");
  testrunner_run(t, 10);
  t->means[SAY_DEFERRAL] = SAY_NOTHING; /* its connections hang */
  testrunner_run(t, 500);
  assert_int_equal(t->runner.active_count, ACTIVE_MAX);
  inject_one(t, sender, "bob@here.example");
  testrunner_run(t, 1);
  assert_int_equal(testrunner_attempts(t, "bob@here.example"), 1);
}

/* Slow where something costs the square of it. */
static void a_long_list_of_destinations_goes_out(void **state) {
  static const char *const ends[] = {"@here.example", "@there.example"};
  struct testrunner *t = *state;
  for (size_t i = 0; i < 20; i++) {
    char start[16];
    snprintf(start, sizeof start, "u%zu-", i);
    testrunner_inject(t, sender, 0, make_many(start, ends[i % 2], MANY)->to, MANY);
  }
  testrunner_run(t, 600);
  assert_int_equal(t->attempt_count, 20 * MANY);
  assert_int_equal(testrunner_files(t), 0);
}

static void recipientlimit_bounds_a_job(void **state) {
  struct testrunner *t = *state;
  testrunner_control(t, "recipientlimit", "100\n");
  assert_int_equal(runner_load_settings(&t->runner), 0);
  testrunner_inject(t, sender, 0, make_many("bob-", "@there.example", 500)->to, 500);
  testrunner_run(t, 60);
  assert_int_equal(t->attempt_count, 500);
  for (size_t i = 0; i < 500; i++) assert_int_equal(t->attempts[i].recipients, 100);
  assert_int_equal(testrunner_files(t), 0);
}

static void a_large_body_travels_alone(void **state) {
  static char body[200 * 1024];
  static const char *const to[] = {"bob@here.example", "secret@there.example",
                                   "later@here.example"};
  struct testrunner *t = *state;
  for (size_t i = 0; i < sizeof body; i++) body[i] = i % 64 == 63 ? '\n' : (char)('a' + i % 23);
  testrunner_inject_body(t, (struct text){body, sizeof body}, sender, 0, to, 3);
  unsigned before = open_descriptors();
  testrunner_run(t, 10);
  assert_int_equal(t->attempt_count, 3);
  for (size_t i = 0; i < 3; i++) {
    assert_true(t->attempts[i].by_descriptor);
    assert_int_equal(t->attempts[i].body.len, sizeof body);
    assert_memory_equal(t->attempts[i].body.s, body, sizeof body);
  }
  assert_true(open_descriptors() <= before + 1); /* a log that is not yet synced */
}

static void corrupt(struct testrunner *t, const struct queueid *id) {
  char path[64];
  snprintf(path, sizeof path, "todo/%s", id->s);
  assert_int_equal(fchmodat(t->queue.store.queue_fd, path, 0600, 0), 0);
  int fd = openat(t->queue.store.queue_fd, path, O_WRONLY | O_CLOEXEC);
  assert_int_equal(pwrite(fd, "X", 1, 3), 1);
  close(fd);
}

static void a_corrupted_body_goes_to_bad(void **state) {
  struct testrunner *t = *state;
  const char *to = "bob@here.example";
  struct queueid id = testrunner_inject(t, sender, 0, &to, 1);
  corrupt(t, &id);
  testrunner_run(t, 2 * TEST_HOUR_S);
  assert_int_equal(t->attempt_count, 0);
  assert_int_equal(testrunner_files(t), 0);
  assert_int_equal(testrunner_files_in(t, "bad"), 1);
  assert_true(testrunner_logged(t, "alarm: messages in bad/: 1"));
}

/* ---- settings */

static void settings_that_do_not_check_change_nothing(void **state) {
  struct testrunner *t = *state;
  testrunner_control(t, "concurrencylocal", "3\n");
  testrunner_control(t, "concurrencyremote", "many\n");
  assert_int_equal(runner_load_settings(&t->runner), -1);
  assert_non_null(strstr(t->runner.control.error.s, "concurrencyremote"));
  assert_int_equal(t->runner.settings.concurrency[CHANNEL_LOCAL], 10);
  inject_one(t, sender, "bob@here.example");
  testrunner_run(t, 10);
  assert_int_equal(t->attempt_count, 1);
}

static void changed_locals_move_queued_mail(void **state) {
  struct testrunner *t = *state;
  inject_one(t, sender, "later@moving.example");
  testrunner_run(t, 10);
  assert_int_equal(t->attempts[0].channel, CHANNEL_REMOTE);
  testrunner_control(t, "locals", "here.example\nmoving.example\n");
  assert_int_equal(runner_load_settings(&t->runner), 0);
  testrunner_run(t, 3600);
  assert_true(t->attempt_count >= 2);
  assert_int_equal(t->attempts[1].channel, CHANNEL_LOCAL);
}

int main(void) {
#define TEST_CASE(NAME) cmocka_unit_test_setup_teardown(NAME, set_up, tear_down)
  const struct CMUnitTest tests[] = {
    TEST_CASE(a_message_delivered_at_its_first_try_leaves_nothing),
    TEST_CASE(a_deferral_moves_the_message_to_wait_and_begins_its_log),
    TEST_CASE(retries_are_qmails_until_the_lifetime_is_over),
    TEST_CASE(one_dsn_tells_of_an_expired_message),
    TEST_CASE(a_late_poke_does_not_schedule_a_message_twice),
    TEST_CASE(a_late_poke_before_the_backlog_is_loaded_loses_nothing),
    TEST_CASE(two_weeks_switched_off_bounce_nothing),
    cmocka_unit_test(a_step_of_the_wall_clock_changes_no_schedule),
    TEST_CASE(a_skip_of_nothing_makes_no_hot_loop),
    TEST_CASE(who_is_hurried_keeps_its_age),
    TEST_CASE(each_recipient_of_a_message_goes_its_own_way),
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
    cmocka_unit_test(an_agent_that_misbehaves_defers_its_job),
    TEST_CASE(a_second_report_of_one_recipient_ends_the_worker),
    TEST_CASE(a_silent_agent_is_given_up_in_the_end),
    TEST_CASE(an_exit_with_jobs_waiting_makes_no_hot_loop),
    TEST_CASE(thirty_destinations_share_five_places),
    TEST_CASE(new_mail_passes_old_mail_for_a_dead_host),
    TEST_CASE(a_long_list_of_destinations_goes_out),
    TEST_CASE(recipientlimit_bounds_a_job),
    TEST_CASE(a_large_body_travels_alone),
    TEST_CASE(a_corrupted_body_goes_to_bad),
    TEST_CASE(settings_that_do_not_check_change_nothing),
    TEST_CASE(changed_locals_move_queued_mail),
  };
  return cmocka_run_group_tests_name("runner", tests, NULL, NULL);
}
