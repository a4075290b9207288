/* owl-lspawn as a whole program, with the test in the runner's and in the
 * receiver's place. */
#include "config.h"
#include "local/testing.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "lib/agent.h"
#include "lib/clock.h"
#include "lib/door.h"
#include "lib/exitcode.h"
#include "lib/srs.h"
#include "lib/unixsock.h"

enum { WAIT_MS = 20000, LISTEN_TRIES = 1000 };

static const char *folder;
static char home[256];
static pid_t spawner;
static int to_spawner;

static const char *in_folder(const char *name) { return test_path(folder, name); }
static const char *in_home(const char *name) { return test_path(home, name); }

static void write_passwd(void) {
  char lines[2000];
  snprintf(lines, sizeof lines,
           "joe:x:%u:%u::%s:/bin/sh\nother:x:%u:%u::%s:/bin/sh\nroot:x:0:0::%s:/bin/sh\n", test_uid(),
           test_gid(), home, test_uid() + 1, test_gid(), in_folder("other"), home);
  test_write(in_folder("passwd"), lines, 0644);
}

static void set(const char *name, const char *value) {
  test_write(test_path(in_folder("control"), name), value, 0644);
}

static int start_spawner(const char *default_delivery) {
  int pair[2];
  assert_int_equal(unixsock_pair(pair), 0);
  spawner = fork();
  if (spawner == 0) {
    setenv("OWLPOST_CONTROL", in_folder("control"), 1);
    setenv("OWLPOST_LIBEXEC", folder, 1);
    setenv("SECRET_OF_ROOT", "x", 1);
    alarm(60);
    dup2(pair[1], 20); /* left open by somebody */
    signal(SIGUSR1, SIG_IGN); /* and ignored */
    dup2(pair[1], 0);
    execl("local/owl-lspawn", "owl-lspawn", default_delivery, (char *)NULL);
    _exit(126);
  }
  close(pair[1]);
  to_spawner = pair[0];
  return 0;
}

static int end_spawner(void) {
  int status;
  if (to_spawner >= 0) close(to_spawner);
  to_spawner = -1;
  assert_int_equal(waitpid(spawner, &status, 0), spawner);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

struct peer {
  int sock;
  struct frame_reader in;
};

static void leave(struct peer *p) {
  close(p->sock);
  frame_reader_free(&p->in);
}

static void want_worker(struct peer *p, const char *address) {
  struct agent_worker w = {.address = text_of(address)};
  stralloc payload = {0};
  int pair[2];
  assert_int_equal(unixsock_pair(pair), 0);
  assert_int_equal(agent_put_worker(&payload, &w), 0);
  assert_int_equal(frame_send(to_spawner, &agent_protocol, AGENT_WORKER, text_of_stralloc(&payload),
                              pair[1], WAIT_MS),
                   0);
  close(pair[1]);
  stralloc_free(&payload);
  *p = (struct peer){pair[0], {.protocol = &agent_protocol}};
}

static void send_job(struct peer *p, const char *recipient) {
  struct envelope_recipient to = {.address = text_of(recipient)};
  struct agent_job job = {.message = text_of("1700000000000000.0123456789abcdef0123"),
                          .size = 3,
                          .content = text_of("\nx\n"),
                          .envelope = {.sender = text_of(""), .recipients = &to, .recipient_count = 1}};
  stralloc payload = {0};
  assert_int_equal(agent_put_job(&payload, &job), 0);
  /* a worker that refuses may be gone already */
  (void)frame_send(p->sock, &agent_protocol, AGENT_JOB, text_of_stralloc(&payload), -1, WAIT_MS);
  stralloc_free(&payload);
}

static void expect_refusal(const char *address, unsigned class, const char *status, const char *words) {
  struct peer p;
  struct frame f;
  struct result r;
  want_worker(&p, address);
  send_job(&p, address);
  assert_int_equal(frame_receive(&p.in, p.sock, &f, WAIT_MS), FRAME_READY);
  assert_int_equal(f.type, AGENT_REFUSE);
  assert_int_equal(agent_read_refuse(&r, f.payload), 0);
  print_message("%.*s\n", (int)r.text.len, r.text.s);
  assert_int_equal(r.class, class);
  assert_true(text_equals(r.status, status));
  assert_non_null(memmem(r.text.s, r.text.len, words, strlen(words)));
  leave(&p);
}

static void expect_delivery(const char *address) {
  struct peer p;
  struct frame f;
  struct agent_result r;
  want_worker(&p, address);
  send_job(&p, address);
  assert_int_equal(frame_receive(&p.in, p.sock, &f, WAIT_MS), FRAME_READY);
  assert_int_equal(f.type, AGENT_RESULT);
  assert_int_equal(agent_read_result(&r, f.payload), 0);
  assert_true(text_equals(r.result.text, "did 1+0+0"));
  leave(&p);
}

static void mail_is_delivered_as_the_user(void **state) {
  struct stat st;
  (void)state;
  expect_delivery("Joe@example.org");
  const char *name = test_only_name(in_home("Maildir/new"));
  assert_non_null(name);
  assert_int_equal(stat(test_path(in_home("Maildir/new"), name), &st), 0);
  assert_int_equal(st.st_uid, test_uid());
  assert_int_equal(st.st_gid, test_gid());
  assert_int_equal(end_spawner(), 0);
}

static void who_cannot_be_served_is_told(void **state) {
  (void)state;
  expect_refusal("nobody-here@example.org", RESULT_FAILURE, "5.1.1", "no mailbox");
  expect_refusal("root@example.org", RESULT_FAILURE, "5.1.1", "no mailbox");
  if (geteuid() != 0) expect_refusal("other@example.org", RESULT_FAILURE, "5.1.1", "no mailbox");
  assert_int_equal(rename(in_folder("passwd"), in_folder("away")), 0);
  expect_refusal("joe@example.org", RESULT_DEFERRAL, "4.3.0", "unable to look up user joe");
  assert_int_equal(rename(in_folder("away"), in_folder("passwd")), 0);
  assert_int_equal(unlink(in_folder("owl-local")), 0);
  expect_refusal("joe@example.org", RESULT_DEFERRAL, "4.3.0", "unable to run");
  assert_int_equal(end_spawner(), 0);
}

static void a_look_up_that_hangs_holds_nobody_up(void **state) {
  struct peer p;
  struct frame f;
  (void)state;
  assert_int_equal(rename(in_folder("passwd"), in_folder("away")), 0);
  assert_int_equal(mkfifo(in_folder("passwd"), 0600), 0);
  want_worker(&p, "joe@example.org"); /* opens the FIFO, for timeoutlookup */
  usleep(100000);
  assert_int_equal(rename(in_folder("away"), in_folder("passwd")), 0);
  expect_delivery("joe@example.org");
  assert_int_equal(frame_receive(&p.in, p.sock, &f, WAIT_MS), FRAME_EOF);
  leave(&p);
  assert_int_equal(end_spawner(), 0);
}

static void a_malformed_frame_ends_it(void **state) {
  (void)state;
  assert_int_equal(frame_send(to_spawner, &agent_protocol, AGENT_WORKER, text_of("rubbish"), 2, WAIT_MS),
                   0);
  assert_int_equal(end_spawner(), 111);
}

static void a_frame_without_a_socket_ends_it(void **state) {
  struct agent_worker w = {.address = text_of("joe@example.org")};
  stralloc payload = {0};
  (void)state;
  assert_int_equal(agent_put_worker(&payload, &w), 0);
  assert_int_equal(
    frame_send(to_spawner, &agent_protocol, AGENT_WORKER, text_of_stralloc(&payload), -1, WAIT_MS), 0);
  stralloc_free(&payload);
  assert_int_equal(end_spawner(), 111);
}

/* A program in owl-local's place tells what it was given.  The status is that
 * of a child: a shell blocks signals itself while it makes one. */
static void the_worker_gets_nothing_of_roots(void **state) {
  char script[1000], told[256];
  struct peer p;
  struct frame f;
  (void)state;
  snprintf(told, sizeof told, "%s", in_folder("told"));
  snprintf(script, sizeof script,
           "#!/bin/sh\nexec >%s\ntr '\\0' '\\n' </proc/$$/environ\n"
           "grep -E '^(Uid|Gid|Groups|SigBlk|SigIgn|CapEff)' /proc/self/status\n"
           /* no pipeline: the shell itself may hold its pipe for a moment */
           "ls -l /proc/$$/fd >%s.fd\ngrep -v ' 2 -> ' %s.fd\necho \"$@\"\n",
           told, told, told);
  test_write(in_folder("owl-local"), script, 0755);
  want_worker(&p, "joe-A.b@x@example.org");
  assert_int_equal(frame_receive(&p.in, p.sock, &f, WAIT_MS), FRAME_EOF);
  leave(&p);
  const char *got = test_slurp(told);
  print_message("%s\n", got);
  assert_non_null(strstr(got, "/dotqmail:/usr/local/bin:/usr/bin:/bin\n"));
  assert_non_null(strstr(got, "OWLPOST_LIBEXEC="));
  assert_null(strstr(got, "SECRET_OF_ROOT"));
  assert_null(strstr(got, "HOME="));
  assert_non_null(strstr(got, "SigBlk:\t0000000000000000"));
  const char *ignored = strstr(got, "SigIgn:\t");
  assert_non_null(ignored);
  /* what lies above belongs to the C library of whoever runs the test */
  assert_int_equal(strtoull(ignored + 8, NULL, 16) & 0x7fffffff, 0);
  if (geteuid() == 0) {
    assert_non_null(strstr(got, "Uid:\t65534\t65534\t65534\t65534\n"));
    assert_non_null(strstr(got, "Gid:\t65534\t65534\t65534\t65534\n"));
    assert_non_null(strstr(got, "Groups:\t65534 \n"));
    assert_non_null(strstr(got, "CapEff:\t0000000000000000"));
  }
  const char *socket = strstr(got, "socket:");
  assert_non_null(socket);
  assert_null(strstr(socket + 1, "socket:")); /* its own, and no other */
  assert_null(strstr(got, "pipe:"));
  assert_non_null(strstr(got, " joe-A.b@x - A.b@x example.org ./Maildir/\n"));
  assert_int_equal(end_spawner(), 0);
}

static void connect_to_answers(struct peer *p) {
  const char *path = in_folder("run/rcpt/socket");
  *p = (struct peer){-1, {.protocol = &door_protocol}};
  for (int i = 0; p->sock == -1 && i < LISTEN_TRIES; i++) {
    p->sock = unixsock_connect(path);
    if (p->sock == -1) usleep(10000);
  }
  assert_in_range(p->sock, 0, 10000);
}

static void put_question(const struct peer *p, const char *address) {
  struct envelope_recipient to = {.address = text_of(address)};
  struct door_request r = {.envelope = {.recipients = &to, .recipient_count = 1}};
  stralloc payload = {0};
  assert_int_equal(door_put_request(&payload, &r), 0);
  assert_int_equal(
    frame_send(p->sock, &door_protocol, DOOR_QUESTION, text_of_stralloc(&payload), -1, WAIT_MS), 0);
  stralloc_free(&payload);
}

static uint64_t take_answer(struct peer *p) {
  struct frame f;
  struct door_answer a;
  assert_int_equal(frame_receive(&p->in, p->sock, &f, WAIT_MS), FRAME_READY);
  assert_int_equal(f.type, DOOR_ANSWER);
  assert_int_equal(door_read_answer(&a, f.payload), 0);
  print_message("%u %.*s\n", (unsigned)a.result.reply_code, (int)a.result.text.len, a.result.text.s);
  assert_int_equal(a.result.class, a.result.reply_code == 250   ? RESULT_SUCCESS
                                   : a.result.reply_code == 550 ? RESULT_FAILURE
                                                                : RESULT_DEFERRAL);
  if (a.result.class == RESULT_FAILURE) assert_true(text_equals(a.result.status, "5.1.1"));
  return a.result.reply_code;
}

static uint64_t ask(struct peer *p, const char *address) {
  put_question(p, address);
  return take_answer(p);
}

static void questions_are_answered_as_delivery_would(void **state) {
  struct peer p;
  (void)state;
  connect_to_answers(&p);
  assert_int_equal(ask(&p, "joe@example.org"), 250);
  assert_int_equal(ask(&p, "nobody@example.org"), 550);
  assert_int_equal(ask(&p, "root@example.org"), 550);
  assert_int_equal(ask(&p, "joe-list@example.org"), 550);
  test_write(in_home(".qmail-list-default"), "./M/\n", 0600);
  assert_int_equal(ask(&p, "joe-list@example.org"), 550);
  assert_int_equal(ask(&p, "joe-LIST-x@example.org"), 250);
  assert_int_equal(ask(&p, "joe"), 250);
  assert_int_equal(mkfifo(in_home(".qmail-fifo"), 0666), 0);
  assert_int_equal(ask(&p, "joe-fifo@example.org"), 550);
  assert_int_equal(chmod(home, 01755), 0);
  assert_int_equal(ask(&p, "joe-other@example.org"), 451);
  leave(&p);
  assert_int_equal(end_spawner(), 0);
}

/* Signed ones are sent on by the runner, unless it reads other files. */
static void addresses_of_srs_are_nobody_s(void **state) {
  struct peer p;
  stralloc good = {0};
  (void)state;
  assert_int_equal(end_spawner(), 0);
  set("srsdomains", "example.org:srs.test\n");
  test_write(test_path(in_folder("control"), "srssecret"), "secret\n", 0600);
  start_spawner(NULL);
  uint64_t now_us = clock_wall_us(&clock_system);
  assert_int_equal(srs_sign(&good, text_of("secret"), text_of("ann@a.test"), text_of("srs.test"), now_us), 1);
  assert_true(stralloc_0(&good));
  connect_to_answers(&p);
  assert_int_equal(ask(&p, good.s), 250);
  assert_int_equal(ask(&p, "SRS0=aaaa=AA=a.test=ann@srs.test"), 550);
  assert_int_equal(ask(&p, "joe@srs.test"), 250);
  test_write(in_home(".qmail-default"), "./M/\n", 0600);
  assert_int_equal(ask(&p, "SRS0=aaaa=AA=a.test=ann@example.org"), 550);
  leave(&p);
  expect_refusal("SRS0=aaaa=AA=a.test=ann@srs.test", RESULT_FAILURE, "5.1.1", "has made");
  expect_refusal(good.s, RESULT_DEFERRAL, "4.3.5", "does not know");
  expect_refusal("SRS0=aaaa=AA=a.test=ann@example.org", RESULT_FAILURE, "5.1.1", "no mailbox");
  stralloc_free(&good);
  assert_int_equal(end_spawner(), 0);
  test_write(test_path(in_folder("control"), "srssecret"), "\n", 0600);
  start_spawner(NULL);
  assert_int_equal(end_spawner(), TOOL_SYSTEM);
}

static void questions_sent_ahead_are_answered_in_order(void **state) {
  struct peer p;
  (void)state;
  connect_to_answers(&p);
  for (int i = 0; i < 20; i++) put_question(&p, i % 2 ? "joe@example.org" : "jim@example.org");
  for (int i = 0; i < 20; i++) assert_int_equal(take_answer(&p), i % 2 ? 250 : 550);
  leave(&p);
  assert_int_equal(end_spawner(), 0);
}

static void a_question_that_hangs_is_deferred(void **state) {
  struct peer slow, quick;
  uint64_t start = clock_boot_us(&clock_system);
  (void)state;
  connect_to_answers(&slow);
  connect_to_answers(&quick);
  assert_int_equal(rename(in_folder("passwd"), in_folder("away")), 0);
  assert_int_equal(mkfifo(in_folder("passwd"), 0600), 0);
  put_question(&slow, "joe@example.org");
  usleep(100000);
  assert_int_equal(rename(in_folder("away"), in_folder("passwd")), 0);
  assert_int_equal(ask(&quick, "jim@example.org"), 550);
  assert_in_range(clock_boot_us(&clock_system) - start, 0, 999999);
  assert_int_equal(take_answer(&slow), 451);
  assert_in_range(clock_boot_us(&clock_system) - start, 1000000, 10000000);
  assert_int_equal(ask(&slow, "joe@example.org"), 250);
  leave(&slow);
  leave(&quick);
  assert_int_equal(end_spawner(), 0);
}

static void good_answers_are_kept_for_a_while(void **state) {
  struct peer p;
  (void)state;
  connect_to_answers(&p);
  assert_int_equal(ask(&p, "joe@example.org"), 250);
  assert_int_equal(rename(in_folder("passwd"), in_folder("away")), 0);
  assert_int_equal(ask(&p, "JOE@example.com"), 250);
  usleep(2100000); /* rcptcache */
  assert_int_equal(ask(&p, "joe@example.org"), 451);
  leave(&p);
  assert_int_equal(end_spawner(), 0);
}

static void rubbish_closes_its_connection_only(void **state) {
  struct peer bad, good;
  struct frame f;
  static const char rubbish[] = "EHLO x\r\nEHLO y\r\n";
  (void)state;
  connect_to_answers(&good);
  connect_to_answers(&bad);
  assert_int_equal(write(bad.sock, rubbish, sizeof rubbish), (ssize_t)sizeof rubbish);
  assert_int_not_equal(frame_receive(&bad.in, bad.sock, &f, WAIT_MS), FRAME_AGAIN);
  leave(&bad);
  connect_to_answers(&bad);
  stralloc dirty = {0};
  assert_int_equal(tlv_put(&dirty, TAG_RECIPIENT_ADDRESS, text_of("jo\001e@example.org")), 0);
  assert_int_equal(
    frame_send(bad.sock, &door_protocol, DOOR_QUESTION, text_of_stralloc(&dirty), -1, WAIT_MS), 0);
  stralloc_free(&dirty);
  assert_int_not_equal(frame_receive(&bad.in, bad.sock, &f, WAIT_MS), FRAME_AGAIN);
  leave(&bad);
  connect_to_answers(&bad);
  assert_int_equal(
    frame_send(bad.sock, &door_protocol, DOOR_QUESTION, text_of("rubbish"), 2, WAIT_MS), 0);
  assert_int_not_equal(frame_receive(&bad.in, bad.sock, &f, WAIT_MS), FRAME_AGAIN);
  leave(&bad);
  assert_int_equal(ask(&good, "joe@example.org"), 250);
  leave(&good);
  assert_int_equal(end_spawner(), 0);
}

static void idle_connections_give_way(void **state) {
  struct peer idle[200], p;
  (void)state;
  for (int i = 0; i < 200; i++) {
    connect_to_answers(&idle[i]);
    assert_int_equal(write(idle[i].sock, "\0\0", 2), 2); /* a frame that never comes */
  }
  connect_to_answers(&p);
  assert_int_equal(ask(&p, "joe@example.org"), 250);
  struct frame f;
  assert_int_equal(frame_receive(&idle[0].in, idle[0].sock, &f, WAIT_MS), FRAME_EOF);
  assert_int_equal(frame_receive(&idle[199].in, idle[199].sock, &f, 0), FRAME_AGAIN);
  for (int i = 0; i < 200; i++) leave(&idle[i]);
  assert_int_equal(ask(&p, "jim@example.org"), 550);
  leave(&p);
  assert_int_equal(end_spawner(), 0);
}

static void a_dead_child_is_replaced(void **state) {
  struct peer p;
  struct ucred who;
  socklen_t len = sizeof who;
  (void)state;
  connect_to_answers(&p);
  assert_int_equal(getsockopt(p.sock, SOL_SOCKET, SO_PEERCRED, &who, &len), 0);
  assert_int_not_equal(who.pid, spawner);
  assert_int_equal(kill(who.pid, SIGKILL), 0);
  leave(&p);
  usleep(100000);
  expect_delivery("joe@example.org");
  connect_to_answers(&p);
  assert_int_equal(ask(&p, "joe@example.org"), 250);
  leave(&p);
  assert_int_equal(end_spawner(), 0);
  assert_int_equal(unixsock_connect(in_folder("run/rcpt/socket")), -1);
  assert_int_equal(errno, ECONNREFUSED);
}

static void hup_rereads_the_control_files(void **state) {
  struct peer p;
  (void)state;
  connect_to_answers(&p);
  assert_int_equal(ask(&p, "jim@example.org"), 550);
  char line[400];
  snprintf(line, sizeof line, "jim:x:%u:%u::%s:/bin/sh\n", test_uid(), test_gid(), home);
  test_write(in_folder("passwd2"), line, 0644);
  set("passwdfile", in_folder("passwd2"));
  assert_int_equal(kill(spawner, SIGHUP), 0);
  usleep(300000);
  assert_int_equal(ask(&p, "jim@example.org"), 250);
  expect_delivery("jim@example.org");
  set("timeoutrcpt", "soon");
  assert_int_equal(kill(spawner, SIGHUP), 0);
  usleep(300000);
  assert_int_equal(ask(&p, "joe@example.org"), 550);
  leave(&p);
  assert_int_equal(end_spawner(), 0);
}

static void an_argument_is_the_default_delivery(void **state) {
  (void)state;
  assert_int_equal(end_spawner(), 0);
  start_spawner("# ours\n./Other/");
  expect_delivery("joe@example.org");
  assert_int_equal(test_entries(in_home("Other/new")), 1);
  assert_int_equal(end_spawner(), 0);
}

static int make(void **state) {
  (void)state;
  folder = test_folder();
  snprintf(home, sizeof home, "%s/home", folder);
  test_mkdir(home, 0755);
  test_mkdir(in_folder("control"), 0755);
  test_mkdir(in_folder("run"), 0755);
  if (geteuid() == 0) test_mkdir(in_folder("run/rcpt"), 0755);
  write_passwd();
  set("passwdfile", in_folder("passwd"));
  set("rundir", in_folder("run"));
  set("timeoutrcpt", "1");
  set("timeoutlookup", "2");
  set("rcptcache", "2");
  test_install("local/owl-local", folder);
  return start_spawner(NULL);
}

static int clean(void **state) {
  (void)state;
  if (to_spawner >= 0) { /* the test failed */
    kill(spawner, SIGKILL);
    waitpid(spawner, NULL, 0);
    close(to_spawner);
  }
  test_remove(folder);
  return 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make, clean)

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(mail_is_delivered_as_the_user),
    TEST(who_cannot_be_served_is_told),
    TEST(a_look_up_that_hangs_holds_nobody_up),
    TEST(a_malformed_frame_ends_it),
    TEST(a_frame_without_a_socket_ends_it),
    TEST(the_worker_gets_nothing_of_roots),
    TEST(questions_are_answered_as_delivery_would),
    TEST(addresses_of_srs_are_nobody_s),
    TEST(questions_sent_ahead_are_answered_in_order),
    TEST(a_question_that_hangs_is_deferred),
    TEST(good_answers_are_kept_for_a_while),
    TEST(rubbish_closes_its_connection_only),
    TEST(idle_connections_give_way),
    TEST(a_dead_child_is_replaced),
    TEST(an_argument_is_the_default_delivery),
    TEST(hup_rereads_the_control_files),
  };
  alarm(120);
  signal(SIGPIPE, SIG_IGN);
  return cmocka_run_group_tests(tests, NULL, NULL);
}
