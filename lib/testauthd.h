/* testauthd.h - an owl-authd that answers as the test says, in a process of its own */
#ifndef OWL_TESTAUTHD_H
#define OWL_TESTAUTHD_H

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "lib/credential.h"
#include "lib/iofd.h"
#include "lib/unittest.h"
#include "lib/unixsock.h"

/* text is freed when the answer has been sent. */
typedef struct credential_answer test_answer_fn(unsigned kind, const struct credential_request *r, stralloc *text);

static pid_t test_authd;

static inline int test_authd_answer(int sock, const struct frame *f, test_answer_fn *answer_to) {
  stralloc text = {0}, payload = {0};
  struct credential_request r;
  if (credential_read_request(&r, f->type, f->payload) == -1) return -1;
  struct credential_answer a = answer_to(f->type, &r, &text);
  int sent = credential_put_answer(&payload, &a);
  if (sent == 0) sent = frame_send(sock, &credential_protocol, CREDENTIAL_ANSWER, text_of_stralloc(&payload), -1, IO_FOREVER);
  stralloc_free(&text);
  stralloc_free(&payload);
  return sent;
}

static inline void test_authd_serve(int sock, test_answer_fn *answer_to) {
  struct frame_reader reader = {.protocol = &credential_protocol};
  struct frame f;
  while (frame_receive(&reader, sock, &f, IO_FOREVER) == FRAME_READY)
    if (test_authd_answer(sock, &f, answer_to) == -1) break;
  frame_reader_free(&reader);
  close(sock);
}

static inline void test_authd_start(const char *rundir, test_answer_fn *answer_to) {
  char path[300];
  snprintf(path, sizeof path, "%s/auth", rundir);
  assert_int_equal(mkdir(path, 0700), 0);
  snprintf(path, sizeof path, "%s/auth/socket", rundir);
  int listener = unixsock_listen(path, 0600, 8);
  assert_true(listener >= 0);
  fflush(NULL);
  test_authd = fork();
  if (test_authd == 0)
    while (io_wait(listener, POLLIN, IO_FOREVER) == 0)
      test_authd_serve(accept4(listener, NULL, NULL, SOCK_CLOEXEC), answer_to);
  assert_true(test_authd > 0);
  close(listener);
}

static inline void test_authd_stop(const char *rundir) {
  char path[300];
  kill(test_authd, SIGKILL);
  assert_int_equal(waitpid(test_authd, NULL, 0), test_authd);
  snprintf(path, sizeof path, "%s/auth/socket", rundir);
  unlink(path);
}

#endif
