#include "config.h"
#include "lib/mailboxdoor.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "lib/iofd.h"
#include "lib/unittest.h"
#include "lib/unixsock.h"

enum { LIMIT_MS = 10000 };

static const struct mailboxdoor_request sample = {
  .service = {"pop3", 4}, .pass = {"\0\1sealed", 8}, .client_address = {"192.0.2.1", 9},
  .local_address = {"192.0.2.2", 9}, .client_name = {"a.example", 9}, .client_port = 40000, .local_port = 995,
  .tls = {"TLSv1.3", 7}, .utf8 = true, .language = {"de", 2}};

static const struct mailboxdoor_end sample_end = {.seen = 4, .retrieved = 3, .sent = 5000000000u, .removed = 2, .why = {"quit", 4}};

static void assert_same_request(const struct mailboxdoor_request *r) {
  assert_text(r->service, sample.service);
  assert_text(r->pass, sample.pass);
  assert_text(r->client_address, sample.client_address);
  assert_text(r->local_address, sample.local_address);
  assert_text(r->client_name, sample.client_name);
  assert_int_equal(r->client_port, sample.client_port);
  assert_int_equal(r->local_port, sample.local_port);
  assert_text(r->tls, sample.tls);
  assert_true(r->utf8);
  assert_text(r->language, sample.language);
}

static void assert_same_end(const struct mailboxdoor_end *e) {
  assert_int_equal(e->seen, sample_end.seen);
  assert_int_equal(e->retrieved, sample_end.retrieved);
  assert_int_equal(e->sent, sample_end.sent);
  assert_int_equal(e->removed, sample_end.removed);
  assert_text(e->why, sample_end.why);
}

static void requests_come_back(void **state) {
  struct mailboxdoor_request back, less = sample;
  stralloc out = {0};
  (void)state;
  assert_int_equal(mailboxdoor_put_request(&out, &sample), 0);
  assert_int_equal(mailboxdoor_read_request(&back, text_of_stralloc(&out)), 0);
  assert_same_request(&back);
  stralloc_zero(&out);
  less.pass = TEXT_ABSENT;
  assert_int_equal(mailboxdoor_put_request(&out, &less), 0);
  assert_int_equal(mailboxdoor_read_request(&back, text_of_stralloc(&out)), -1);
  stralloc_zero(&out);
  less = sample;
  less.client_name = text_of("a\nb");
  assert_int_equal(mailboxdoor_put_request(&out, &less), -1);
  assert_int_equal(errno, EILSEQ);
  stralloc_free(&out);
}

static void answers_have_a_class(void **state) {
  struct result r = {.class = RESULT_DEFERRAL, .status = text_of("4.3.2"), .text = text_of("later")}, back;
  stralloc out = {0};
  (void)state;
  assert_int_equal(mailboxdoor_put_answer(&out, &r), 0);
  assert_int_equal(mailboxdoor_read_answer(&back, text_of_stralloc(&out)), 0);
  assert_int_equal(back.class, RESULT_DEFERRAL);
  assert_text(back.text, r.text);
  assert_int_equal(mailboxdoor_read_answer(&back, TEXT_ABSENT), -1);
  stralloc_free(&out);
}

/* ---- a server in this process: nothing waits for it, as all fits into the socket's buffer */

struct place {
  char rundir[64], folder[96], path[128];
  int listener;
};

static int make_place(void **state) {
  static struct place p;
  snprintf(p.rundir, sizeof p.rundir, "/tmp/owlpost-door.XXXXXX");
  if (!mkdtemp(p.rundir)) return -1;
  snprintf(p.folder, sizeof p.folder, "%s/mailbox", p.rundir);
  snprintf(p.path, sizeof p.path, "%s/socket", p.folder);
  if (mkdir(p.folder, 0700) == -1) return -1;
  p.listener = unixsock_listen(p.path, 0600, 4);
  *state = &p;
  return p.listener == -1 ? -1 : 0;
}

static int remove_place(void **state) {
  struct place *p = *state;
  close(p->listener);
  return unlink(p->path) == 0 && rmdir(p->folder) == 0 ? rmdir(p->rundir) : -1;
}

/* In a child: one connection, which gets the answer, and an end where there is one. */
static pid_t serve(const struct place *p, uint64_t class, const struct mailboxdoor_end *end) {
  pid_t pid = fork();
  assert_true(pid >= 0);
  if (pid > 0) return pid;
  struct frame f;
  struct frame_reader in = {.protocol = &mailboxdoor_protocol};
  struct mailboxdoor_request r;
  struct result a = {.class = class, .text = text_of("words")};
  (void)io_wait(p->listener, POLLIN, LIMIT_MS);
  int sock = accept(p->listener, NULL, NULL);
  bool good = frame_receive(&in, sock, &f, LIMIT_MS) == FRAME_READY && f.type == MAILBOXDOOR_OPEN && f.fd >= 0 &&
              mailboxdoor_read_request(&r, f.payload) == 0;
  if (good && class == RESULT_SUCCESS) good = write(f.fd, "+OK\r\n", 5) == 5;
  if (good) good = mailboxdoor_send_answer(sock, &a) == 0;
  if (good && end) good = mailboxdoor_send_end(sock, end) == 0;
  _exit(good ? 0 : 1);
}

static void assert_served(pid_t pid) {
  int status;
  assert_int_equal(waitpid(pid, &status, 0), pid);
  assert_int_equal(status, 0);
}

static void opens(void **state) {
  int stream[2];
  char words[8];
  struct mailboxdoor d;
  struct mailboxdoor_end e;
  struct result a;
  const struct place *p = *state;
  assert_int_equal(unixsock_pair(stream), 0);
  pid_t server = serve(p, RESULT_SUCCESS, &sample_end);
  assert_int_equal(mailboxdoor_open(&d, p->rundir, &sample, stream[1], &a, LIMIT_MS), 0);
  assert_int_equal(a.class, RESULT_SUCCESS);
  close(stream[1]);
  assert_int_equal(io_read(stream[0], words, sizeof words, LIMIT_MS), 5);
  assert_true(mailboxdoor_wait(&d, &e));
  assert_same_end(&e);
  assert_false(mailboxdoor_wait(&d, &e));
  assert_int_equal(io_read(stream[0], words, sizeof words, LIMIT_MS), 0); /* no copy is left */
  assert_served(server);
  mailboxdoor_close(&d);
  close(stream[0]);
}

static void is_refused(void **state) {
  struct mailboxdoor d;
  struct mailboxdoor_end e;
  struct result a;
  const struct place *p = *state;
  pid_t server = serve(p, RESULT_FAILURE, NULL);
  assert_int_equal(mailboxdoor_open(&d, p->rundir, &sample, 1, &a, LIMIT_MS), 0);
  assert_int_equal(a.class, RESULT_FAILURE);
  assert_text(a.text, text_of("words"));
  assert_false(mailboxdoor_wait(&d, &e));
  assert_served(server);
  mailboxdoor_close(&d);
}

static void nobody_answers(void **state) {
  struct mailboxdoor d;
  struct result a;
  (void)state;
  assert_int_equal(mailboxdoor_open(&d, "/nonexistent", &sample, 1, &a, LIMIT_MS), -1);
  assert_int_equal(errno, ENOENT);
  mailboxdoor_close(&d);
}

/* The server takes the connection when the caller has given up. */
static void no_answer_comes_too_late(void **state) {
  struct mailboxdoor d;
  struct result a, yes = {.class = RESULT_SUCCESS};
  const struct place *p = *state;
  assert_int_equal(mailboxdoor_open(&d, p->rundir, &sample, 1, &a, 1), -1);
  assert_int_equal(errno, ETIMEDOUT);
  int sock = accept(p->listener, NULL, NULL);
  assert_true(sock >= 0);
  assert_int_equal(mailboxdoor_send_answer(sock, &yes), -1);
  assert_int_equal(errno, EPIPE);
  close(sock);
  mailboxdoor_close(&d);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(requests_come_back),
    cmocka_unit_test(answers_have_a_class),
    cmocka_unit_test_setup_teardown(opens, make_place, remove_place),
    cmocka_unit_test_setup_teardown(is_refused, make_place, remove_place),
    cmocka_unit_test_setup_teardown(no_answer_comes_too_late, make_place, remove_place),
    cmocka_unit_test(nobody_answers),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
