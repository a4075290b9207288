/* owl-local as a whole program, with the test in the runner's place. */
#include "config.h"
#include "local/testing.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "lib/agent.h"
#include "lib/unixsock.h"

enum { WAIT_MS = 20000 };

static const char *folder;
static char program[256], home[256];

static const char *in_home(const char *name) { return test_path(home, name); }

struct worker {
  pid_t pid;
  int sock;
  struct frame_reader in;
};

static void run(char *const arguments[], int descriptor) {
  test_become();
  alarm(60);
  dup2(descriptor, 0);
  setenv("QMAILQUEUE", test_path(folder, "queue"), 1);
  execv(program, arguments);
  _exit(126);
}

static void start_in(struct worker *w, const char *where, const char *dash, const char *ext) {
  char address[300], *dir = strdup(where), *d = strdup(dash), *e = strdup(ext);
  int pair[2];
  snprintf(address, sizeof address, "joe%s%s", dash, ext);
  char *arguments[] = {"owl-local", "-a", "joe", dir, address, d, e, "example.org", "./Maildir/", NULL};
  assert_int_equal(unixsock_pair(pair), 0);
  *w = (struct worker){.sock = pair[0], .in = {.protocol = &agent_protocol}};
  w->pid = fork();
  if (w->pid == 0) run(arguments, pair[1]);
  close(pair[1]);
  free(dir), free(d), free(e);
}

static void start(struct worker *w, const char *dash, const char *ext) { start_in(w, home, dash, ext); }

static int end_of(pid_t pid) {
  int status;
  assert_int_equal(waitpid(pid, &status, 0), pid);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int finish(struct worker *w) {
  close(w->sock);
  frame_reader_free(&w->in);
  return end_of(w->pid);
}

static void send_job(struct worker *w, unsigned number, const char *sender, const char *recipient,
                     const char *body, bool by_descriptor) {
  struct envelope_recipient to = {.address = text_of(recipient), .index = number + 100};
  struct agent_job job = {.job = number,
                          .message = text_of("1700000000000000.0123456789abcdef0123"),
                          .size = strlen(body),
                          .envelope = {.sender = text_of(sender)}};
  stralloc payload = {0};
  int fd = -1;
  job.envelope.recipients = &to;
  job.envelope.recipient_count = 1;
  if (by_descriptor) {
    fd = memfd_create("body", MFD_CLOEXEC);
    assert_int_equal(write(fd, body, strlen(body)), (ssize_t)strlen(body));
  } else
    job.content = text_of(body);
  assert_int_equal(agent_put_job(&payload, &job), 0);
  assert_int_equal(
    frame_send(w->sock, &agent_protocol, AGENT_JOB, text_of_stralloc(&payload), fd, WAIT_MS), 0);
  if (fd >= 0) close(fd);
  stralloc_free(&payload);
}

static void next_frame(struct worker *w, struct frame *f, unsigned type) {
  assert_int_equal(frame_receive(&w->in, w->sock, f, WAIT_MS), FRAME_READY);
  assert_int_equal(f->type, type);
  assert_int_equal(f->fd, -1);
}

static struct agent_result next_result(struct worker *w) {
  struct frame f;
  struct agent_result r;
  next_frame(w, &f, AGENT_RESULT);
  assert_int_equal(agent_read_result(&r, f.payload), 0);
  print_message("%.*s %.*s\n", (int)r.result.status.len, r.result.status.s, (int)r.result.text.len,
                r.result.text.s);
  return r;
}

static void expect(struct worker *w, unsigned class, const char *status, const char *words) {
  struct agent_result r = next_result(w);
  assert_int_equal(r.result.class, class);
  assert_true(text_equals(r.result.status, status));
  assert_non_null(memmem(r.result.text.s, r.result.text.len, words, strlen(words)));
}

/* One job for joe, or for joe-ext. */
static void one(const char *ext, unsigned class, const char *status, const char *words) {
  struct worker w;
  char recipient[300];
  snprintf(recipient, sizeof recipient, "joe%s%s@example.org", *ext ? "-" : "", ext);
  start(&w, *ext ? "-" : "", ext);
  send_job(&w, 1, "sue@example.net", recipient, "Subject: x\n\nhello\n", false);
  expect(&w, class, status, words);
  assert_int_equal(finish(&w), 0);
}

static void default_delivery_makes_the_maildir(void **state) {
  struct worker w;
  struct agent_result r;
  (void)state;
  start(&w, "", "");
  send_job(&w, 7, "sue@example.net", "Joe@Example.org", "Subject: x\n\nhello\n", false);
  r = next_result(&w);
  assert_int_equal(r.job, 7);
  assert_int_equal(r.index, 107);
  assert_int_equal(r.result.class, RESULT_SUCCESS);
  assert_int_equal(r.result.action, ACTION_DELIVERED);
  assert_true(text_equals(r.result.text, "did 1+0+0"));
  const char *name = test_only_name(in_home("Maildir/new"));
  assert_non_null(name);
  assert_string_equal(test_slurp(test_path(in_home("Maildir/new"), name)),
                      "Return-Path: <sue@example.net>\nDelivered-To: joe@example.org\n"
                      "Subject: x\n\nhello\n");
  assert_non_null(strstr(name, ",S=79,W=84"));
  assert_int_equal(finish(&w), 0);
}

static void a_batch_is_delivered_whole(void **state) {
  static char large[200000];
  struct worker w;
  bool seen[10] = {false};
  (void)state;
  memset(large, 'x', sizeof large - 2);
  large[sizeof large - 2] = '\n';
  start(&w, "", "");
  for (unsigned i = 0; i < 10; i++)
    send_job(&w, i, "sue@example.net", "joe@example.org", i == 3 ? large : "\nsmall\n", i == 3 || i == 4);
  for (unsigned i = 0; i < 10; i++) {
    struct agent_result r = next_result(&w);
    assert_in_range(r.job, 0, 9);
    assert_false(seen[r.job]);
    seen[r.job] = true;
    assert_int_equal(r.result.class, RESULT_SUCCESS);
  }
  assert_int_equal(finish(&w), 0);
  assert_int_equal(test_entries(in_home("Maildir/new")), 10);
  assert_int_equal(test_entries(in_home("Maildir/tmp")), 0);
}

static void bad_jobs_of_a_batch_hurt_no_others(void **state) {
  struct worker w;
  (void)state;
  start(&w, "", "");
  send_job(&w, 0, "sue@example.net", "joe@example.org", "\na\n", false);
  send_job(&w, 1, "sue@example.net", "jim@example.org", "\nb\n", false);
  send_job(&w, 2, "", "joe@example.org", "Delivered-To: joe@example.org\n\nc\n", false);
  send_job(&w, 3, "#@[]", "joe@example.org", "\nd\n", true);
  unsigned classes[4] = {0};
  for (int i = 0; i < 4; i++) {
    struct agent_result r = next_result(&w);
    assert_in_range(r.job, 0, 3);
    classes[r.job] = (unsigned)r.result.class;
    if (r.job == 2) assert_true(text_equals(r.result.status, "5.4.6"));
  }
  assert_int_equal(classes[0], RESULT_SUCCESS);
  assert_int_equal(classes[1], RESULT_DEFERRAL);
  assert_int_equal(classes[2], RESULT_FAILURE);
  assert_int_equal(classes[3], RESULT_SUCCESS);
  assert_int_equal(finish(&w), 0);
  assert_int_equal(test_entries(in_home("Maildir/new")), 2);
}

static void a_close_frame_ends_it(void **state) {
  struct worker w;
  (void)state;
  start(&w, "", "");
  send_job(&w, 0, "", "joe@example.org", "\na\n", false);
  assert_int_equal(frame_send(w.sock, &agent_protocol, AGENT_CLOSE, text_of(""), -1, WAIT_MS), 0);
  expect(&w, RESULT_SUCCESS, "2.0.0", "did 1+0+0");
  struct frame f;
  assert_int_equal(frame_receive(&w.in, w.sock, &f, WAIT_MS), FRAME_EOF);
  assert_int_equal(finish(&w), 0);
}

static void a_malformed_frame_ends_it_after_what_came_before(void **state) {
  struct worker w;
  (void)state;
  start(&w, "", "");
  send_job(&w, 0, "", "joe@example.org", "\na\n", false);
  assert_int_equal(frame_send(w.sock, &agent_protocol, AGENT_JOB, text_of("rubbish"), -1, WAIT_MS), 0);
  expect(&w, RESULT_SUCCESS, "2.0.0", "did 1+0+0");
  assert_int_equal(finish(&w), 111);
}

static void a_body_shorter_than_promised_is_not_delivered(void **state) {
  struct worker w;
  struct envelope_recipient to = {.address = text_of("joe@example.org")};
  struct agent_job job = {.message = text_of("1700000000000000.0123456789abcdef0123"),
                          .size = 1000,
                          .envelope = {.sender = text_of(""), .recipients = &to, .recipient_count = 1}};
  stralloc payload = {0};
  int fd = memfd_create("body", MFD_CLOEXEC);
  (void)state;
  start(&w, "", "");
  assert_int_equal(agent_put_job(&payload, &job), 0);
  assert_int_equal(write(fd, "\nx\n", 3), 3);
  assert_int_equal(
    frame_send(w.sock, &agent_protocol, AGENT_JOB, text_of_stralloc(&payload), fd, WAIT_MS), 0);
  expect(&w, RESULT_DEFERRAL, "4.3.0", "unable to read the message");
  assert_int_equal(finish(&w), 0);
  close(fd);
  stralloc_free(&payload);
}

static void an_unusable_home_is_refused(void **state) {
  struct worker w;
  struct frame f;
  struct result r;
  (void)state;
  start_in(&w, test_path(folder, "nowhere"), "", "");
  next_frame(&w, &f, AGENT_REFUSE);
  assert_int_equal(agent_read_refuse(&r, f.payload), 0);
  assert_int_equal(r.class, RESULT_DEFERRAL);
  assert_int_equal(finish(&w), 0);
}

static void extensions_are_delivered_by_their_files(void **state) {
  (void)state;
  one("list", RESULT_FAILURE, "5.1.1", "no mailbox");
  test_mkdir(in_home("M"), 0700);
  test_mkdir(in_home("M/tmp"), 0700);
  test_mkdir(in_home("M/new"), 0700);
  test_write(in_home(".qmail-default"), "# all\n./M/\n", 0600);
  one("list", RESULT_SUCCESS, "2.0.0", "did 1+0+0");
  assert_int_equal(test_entries(in_home("M/new")), 1);
}

static void two_maildirs_or_none(void **state) {
  (void)state;
  test_mkdir(in_home("M"), 0700);
  test_mkdir(in_home("M/tmp"), 0700);
  test_mkdir(in_home("M/new"), 0700);
  test_write(in_home(".qmail"), "./M/\n./N/\n", 0600);
  one("", RESULT_DEFERRAL, "4.2.1", "no such Maildir: ./N/");
  assert_int_equal(test_entries(in_home("M/new")), 0);
  assert_int_equal(test_entries(in_home("M/tmp")), 0);
  test_mkdir(in_home("N"), 0700);
  test_mkdir(in_home("N/tmp"), 0700);
  test_mkdir(in_home("N/new"), 0700);
  one("", RESULT_SUCCESS, "2.0.0", "did 2+0+0");
  assert_int_equal(test_entries(in_home("M/new")), 1);
  assert_int_equal(test_entries(in_home("N/new")), 1);
  /* the second cannot be placed: the first is taken back */
  assert_int_equal(rename(in_home("N/new"), in_home("N/gone")), 0);
  one("", RESULT_DEFERRAL, "4.3.0", "unable to place");
  assert_int_equal(test_entries(in_home("M/new")), 1);
  assert_int_equal(test_entries(in_home("N/tmp")), 0);
}

static void make_maildir(void) {
  test_mkdir(in_home("Maildir"), 0700);
  test_mkdir(in_home("Maildir/tmp"), 0700);
  test_mkdir(in_home("Maildir/new"), 0700);
}

static int delivered(void) { return test_entries(in_home("Maildir/new")); }

static void a_program_finds_what_the_lines_before_it_did(void **state) {
  (void)state;
  make_maildir();
  test_write(in_home(".qmail"), "|ls Maildir/new | grep -c .; exit 0\n./Maildir/\n|ls Maildir/new | grep -c .\n|cat >copy\n",
             0600);
  one("", RESULT_SUCCESS, "2.0.0", "0/1/did 1+0+3");
  assert_string_equal(test_slurp(in_home("copy")), "Subject: x\n\nhello\n");
}

static void a_deferral_takes_back_what_was_delivered(void **state) {
  (void)state;
  make_maildir();
  test_write(in_home(".qmail"), "./Maildir/\n|ls Maildir/new | grep -c .; exit 75\n", 0600);
  one("", RESULT_DEFERRAL, "4.3.0", "1");
  assert_int_equal(delivered(), 0);
  test_write(in_home(".qmail"), "./Maildir/\n|exit 0\n./N/\n", 0600);
  one("", RESULT_DEFERRAL, "4.2.1", "no such Maildir: ./N/");
  assert_int_equal(delivered(), 0);
  assert_int_equal(test_entries(in_home("Maildir/tmp")), 0);
}

static void a_failure_leaves_what_was_delivered(void **state) {
  (void)state;
  make_maildir();
  test_write(in_home(".qmail"), "./Maildir/\n|echo go away; exit 100\n|touch never\n", 0600);
  one("", RESULT_FAILURE, "5.3.0", "go away");
  assert_int_equal(delivered(), 1);
  assert_int_equal(access(in_home("never"), F_OK), -1);
}

/* A queue in the injector's place that keeps what it gets. */
static void make_queue(int code) {
  char script[1000];
  snprintf(script, sizeof script, "#!/bin/sh\ncat >%s/message\ncat <&1 >%s/envelope\nexit %d\n", folder,
           folder, code);
  test_write(test_path(folder, "queue"), script, 0755);
}

static void expect_envelope(const char *wanted, size_t len) {
  struct stat st;
  const char *got = test_slurp(test_path(folder, "envelope"));
  assert_int_equal(stat(test_path(folder, "envelope"), &st), 0);
  assert_int_equal(st.st_size, len);
  assert_memory_equal(got, wanted, len);
}

static void forwards_are_one_injection(void **state) {
  static const char envelope[] = "Fsue@example.net\0Ta@b\0Tc@d\0";
  (void)state;
  make_queue(0);
  test_write(in_home(".qmail"), "a@b\n&c@d\n", 0700);
  one("", RESULT_SUCCESS, "2.0.0", "did 0+2+0");
  expect_envelope(envelope, sizeof envelope);
  assert_string_equal(test_slurp(test_path(folder, "message")),
                      "Delivered-To: joe@example.org\nSubject: x\n\nhello\n");
}

static void the_owner_gets_the_bounces(void **state) {
  static const char envelope[] = "Fjoe-list-owner@example.org\0Ta@b\0";
  (void)state;
  make_queue(0);
  test_write(in_home(".qmail-list"), "a@b\n", 0600);
  test_write(in_home(".qmail-list-owner"), "./Maildir/\n", 0600);
  one("list", RESULT_SUCCESS, "2.0.0", "did 0+1+0");
  expect_envelope(envelope, sizeof envelope);
}

static void the_owner_may_get_them_by_recipient(void **state) {
  static const char kept[] = "Fsue@example.net\0Ta@b\0", envelope[] = "Fjoe-list-owner-@example.org-@[]\0Ta@b\0";
  (void)state;
  make_queue(0);
  test_write(in_home(".qmail-list"), "a@b\n", 0600);
  test_write(in_home(".qmail-list-owner-default"), "#\n", 0600);
  one("list", RESULT_SUCCESS, "2.0.0", "did 0+1+0");
  expect_envelope(kept, sizeof kept);
  test_write(in_home(".qmail-list-owner"), "#\n", 0600);
  one("list", RESULT_SUCCESS, "2.0.0", "did 0+1+0");
  expect_envelope(envelope, sizeof envelope);
}

static void a_forward_refused_for_now_leaves_no_copy(void **state) {
  (void)state;
  make_queue(53);
  test_write(in_home(".qmail"), "./Maildir/\na@b\n", 0600);
  make_maildir();
  one("", RESULT_DEFERRAL, "4.3.1", "queue");
  assert_int_equal(delivered(), 0);
  assert_int_equal(test_entries(in_home("Maildir/tmp")), 0);
  make_queue(0);
  one("", RESULT_SUCCESS, "2.0.0", "did 1+1+0");
  assert_int_equal(delivered(), 1);
}

static void a_forward_refused_for_good_leaves_the_copy(void **state) {
  (void)state;
  make_queue(31);
  test_write(in_home(".qmail"), "./Maildir/\na@b\n", 0600);
  make_maildir();
  one("", RESULT_FAILURE, "5.7.0", "refuses");
  assert_int_equal(delivered(), 1);
}

static void exit_99_skips_the_lines_that_follow(void **state) {
  static const char envelope[] = "Fsue@example.net\0Ta@b\0";
  (void)state;
  make_queue(0);
  test_write(in_home(".qmail"), "a@b\n|exit 99\nc@d\n|touch never\n./Maildir/\n", 0600);
  one("", RESULT_SUCCESS, "2.0.0", "did 0+1+1");
  expect_envelope(envelope, sizeof envelope);
  assert_int_equal(access(in_home("never"), F_OK), -1);
  test_write(in_home(".qmail"), "|exit 99\nc@d\n", 0600);
  assert_int_equal(unlink(test_path(folder, "message")), 0);
  one("", RESULT_SUCCESS, "2.0.0", "did 0+0+1");
  assert_int_equal(access(test_path(folder, "message"), F_OK), -1);
}

static void no_forward_follows_a_program_that_failed(void **state) {
  (void)state;
  make_queue(0);
  test_write(in_home(".qmail"), "a@b\n|exit 1\n", 0600);
  one("", RESULT_DEFERRAL, "4.3.0", "exit code 1");
  assert_int_equal(access(test_path(folder, "message"), F_OK), -1);
}

static void programs_are_told_of_the_message(void **state) {
  (void)state;
  test_write(in_home(".qmail-list-owner"), "#\n", 0600);
  test_write(in_home(".qmail-default"), "|echo $DEFAULT $EXT2 $LOCAL $HOST $SENDER $NEWSENDER; pwd; umask; env | grep -c OWLPOST_ENV; true\n", 0600);
  char wanted[600];
  snprintf(wanted, sizeof wanted, "list joe-list example.org sue@example.net joe-list-owner@example.org/%s/0077/0/did 0+0+1", home);
  one("list", RESULT_SUCCESS, "2.0.0", wanted);
}

static void an_mbox_gets_a_batch(void **state) {
  struct worker w;
  (void)state;
  make_maildir();
  test_write(in_home(".qmail"), "./mbox\n./Maildir/\n", 0600);
  start(&w, "", "");
  for (unsigned i = 0; i < 3; i++) send_job(&w, i, "", "joe@example.org", "\nx\n", i == 1);
  for (unsigned i = 0; i < 3; i++) {
    struct agent_result r = next_result(&w);
    assert_int_equal(r.result.class, RESULT_SUCCESS);
    assert_true(text_equals(r.result.text, "did 2+0+0"));
  }
  assert_int_equal(finish(&w), 0);
  const char *mbox = test_slurp(in_home("mbox"));
  for (int i = 0; i < 3; i++) {
    mbox = strstr(mbox, "From MAILER-DAEMON ");
    assert_non_null(mbox);
    mbox = strstr(mbox, "\nReturn-Path: <>\nDelivered-To: joe@example.org\n\nx\n\n");
    assert_non_null(mbox);
  }
  assert_int_equal(delivered(), 3);
  assert_int_equal(access(in_home("mbox.lock"), F_OK), -1);
}

static void an_mbox_has_no_copy_of_what_is_deferred(void **state) {
  (void)state;
  make_queue(53);
  test_write(in_home(".qmail"), "./mbox\na@b\n", 0600);
  one("", RESULT_DEFERRAL, "4.3.1", "queue");
  assert_string_equal(test_slurp(in_home("mbox")), "");
  make_maildir();
  assert_int_equal(rename(in_home("Maildir/new"), in_home("Maildir/gone")), 0);
  test_write(in_home(".qmail"), "./mbox\n./Maildir/\n", 0600);
  one("", RESULT_DEFERRAL, "4.3.0", "");
  assert_string_equal(test_slurp(in_home("mbox")), "");
  test_write(in_home(".qmail"), "./mbox\n/nowhere/mbox\n", 0600);
  one("", RESULT_DEFERRAL, "4.3.0", "/nowhere/mbox");
  assert_string_equal(test_slurp(in_home("mbox")), "");
  make_queue(31);
  test_write(in_home(".qmail"), "./mbox\na@b\n", 0600);
  one("", RESULT_FAILURE, "5.7.0", "refuses");
  assert_non_null(strstr(test_slurp(in_home("mbox")), "hello"));
}

static void a_program_finds_the_mbox_unlocked(void **state) {
  (void)state;
  test_write(in_home(".qmail"), "./mbox\n|test ! -e mbox.lock && grep -c ^From mbox\n./mbox\n", 0600);
  one("", RESULT_SUCCESS, "2.0.0", "1/did 2+0+1");
}

/* Runs before any other message of the batch is looked at. */
static void a_batch_with_programs_is_one_message_at_a_time(void **state) {
  struct worker w;
  (void)state;
  test_write(in_home(".qmail"), "|cat >>all\n", 0600);
  start(&w, "", "");
  for (unsigned i = 0; i < 3; i++) send_job(&w, i, "", "joe@example.org", i == 0 ? "\n0\n" : i == 1 ? "\n1\n" : "\n2\n", i == 1);
  for (unsigned i = 0; i < 3; i++) {
    struct agent_result r = next_result(&w);
    assert_int_equal(r.job, i);
    assert_int_equal(r.result.class, RESULT_SUCCESS);
  }
  assert_int_equal(finish(&w), 0);
  assert_string_equal(test_slurp(in_home("all")), "\n0\n\n1\n\n2\n");
}

static void a_program_that_kills_its_parent_harms_itself(void **state) {
  struct worker w;
  struct frame f;
  (void)state;
  test_write(in_home(".qmail"), "|kill -KILL $PPID\n", 0600);
  start(&w, "", "");
  send_job(&w, 1, "", "joe@example.org", "\nx\n", false);
  assert_int_equal(frame_receive(&w.in, w.sock, &f, WAIT_MS), FRAME_EOF); /* the runner defers */
  assert_int_equal(finish(&w), -1);
}

static int by_hand(const char *flag, const char *dash, const char *ext, const char *message) {
  char local[300];
  int fd = open(test_path(folder, "in"), O_RDWR | O_CREAT | O_TRUNC, 0644);
  char *arguments[12] = {"owl-local"};
  unsigned n = 1;
  if (flag) arguments[n++] = strdup(flag);
  snprintf(local, sizeof local, "joe%s%s", dash, ext);
  const char *rest[] = {"joe", home, local, dash, ext, "example.org", "sue@example.net", "./Maildir/"};
  for (unsigned i = 0; i < 8; i++) arguments[n++] = strdup(rest[i]);
  assert_int_equal(write(fd, message, strlen(message)), (ssize_t)strlen(message));
  pid_t pid = fork();
  if (pid == 0) {
    dup2(open(test_path(folder, "out"), O_WRONLY | O_CREAT | O_TRUNC, 0644), 1);
    run(arguments, fd);
  }
  close(fd);
  for (unsigned i = 1; i < n; i++) free(arguments[i]);
  return end_of(pid);
}

static void the_classic_interface_works(void **state) {
  (void)state;
  assert_int_equal(by_hand(NULL, "", "", "\nx\n"), 0);
  assert_string_equal(test_slurp(test_path(folder, "out")), "did 1+0+0\n");
  assert_int_equal(test_entries(in_home("Maildir/new")), 1);
  assert_int_equal(by_hand(NULL, "", "", "Delivered-To: joe@example.org\n\nx\n"), 100);
  assert_int_equal(by_hand(NULL, "-", "x", "\nx\n"), 100);
  test_write(in_home(".qmail-x"), "\n", 0600);
  assert_int_equal(by_hand(NULL, "-", "x", "\nx\n"), 111);
  test_write(in_home(".qmail-x"), "#\na@b\n./M/\n./m\n|p q\n", 0600);
  assert_int_equal(by_hand("-n", "-", "x", ""), 0);
  assert_string_equal(test_slurp(test_path(folder, "out")),
                      "forward a@b\nmaildir ./M/\nmbox ./m\nprogram p q\n");
  assert_int_equal(by_hand("-n", "-", "y", ""), 100);
  assert_int_equal(by_hand("-q", "", "", ""), 100);
  assert_int_equal(test_entries(in_home("Maildir/new")), 1);
}

static void programs_have_the_classic_interface_too(void **state) {
  (void)state;
  test_write(in_home(".qmail-x"), "|cat >copy; echo $SENDER\n./mbox\n|exit 99\n|exit 1\n", 0600);
  assert_int_equal(by_hand(NULL, "-", "x", "\nx\n"), 0);
  assert_string_equal(test_slurp(test_path(folder, "out")), "sue@example.net/did 1+0+2\n");
  assert_string_equal(test_slurp(in_home("copy")), "\nx\n");
  test_write(in_home(".qmail-x"), "|exit 64\n", 0600);
  assert_int_equal(by_hand(NULL, "-", "x", "\nx\n"), 100);
  test_write(in_home(".qmail-x"), "|exit 75\n", 0600);
  assert_int_equal(by_hand(NULL, "-", "x", "\nx\n"), 111);
  test_write(in_home(".qmail-x"), "|sleep 1000\n", 0600);
  assert_int_equal(by_hand("-t1", "-", "x", "\nx\n"), 111);
  assert_int_equal(by_hand("-tx", "-", "x", "\nx\n"), 100);
}

static int make(void **state) {
  (void)state;
  folder = test_folder();
  snprintf(program, sizeof program, "%s", test_install("local/owl-local", folder));
  snprintf(home, sizeof home, "%s/home", folder);
  test_mkdir(home, 0755);
  return 0;
}

static int clean(void **state) {
  (void)state;
  test_remove(folder);
  return 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make, clean)

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(default_delivery_makes_the_maildir),
    TEST(a_batch_is_delivered_whole),
    TEST(bad_jobs_of_a_batch_hurt_no_others),
    TEST(a_close_frame_ends_it),
    TEST(a_malformed_frame_ends_it_after_what_came_before),
    TEST(a_body_shorter_than_promised_is_not_delivered),
    TEST(an_unusable_home_is_refused),
    TEST(extensions_are_delivered_by_their_files),
    TEST(two_maildirs_or_none),
    TEST(forwards_are_one_injection),
    TEST(the_owner_gets_the_bounces),
    TEST(the_owner_may_get_them_by_recipient),
    TEST(a_forward_refused_for_now_leaves_no_copy),
    TEST(a_forward_refused_for_good_leaves_the_copy),
    TEST(a_program_finds_what_the_lines_before_it_did),
    TEST(a_deferral_takes_back_what_was_delivered),
    TEST(a_failure_leaves_what_was_delivered),
    TEST(exit_99_skips_the_lines_that_follow),
    TEST(no_forward_follows_a_program_that_failed),
    TEST(an_mbox_gets_a_batch),
    TEST(an_mbox_has_no_copy_of_what_is_deferred),
    TEST(a_program_finds_the_mbox_unlocked),
    TEST(programs_are_told_of_the_message),
    TEST(a_batch_with_programs_is_one_message_at_a_time),
    TEST(a_program_that_kills_its_parent_harms_itself),
    TEST(the_classic_interface_works),
    TEST(programs_have_the_classic_interface_too),
  };
  alarm(120);
  return cmocka_run_group_tests(tests, NULL, NULL);
}
