/* testtlsd.h - a stand-in for owl-tlsd in a child, in a temporary folder that is
 * its run folder
 *
 * It takes one request, checks it, answers octets that the test gives, and passes
 * five octets of plaintext on to the connection as they come: it speaks no TLS.
 */
#ifndef OWL_TESTTLSD_H
#define OWL_TESTTLSD_H

#include <errno.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include "lib/bigendian.h"
#include "lib/testfolder.h"
#include "lib/tlswire.h"
#include "lib/unixsock.h"

static inline int testtlsd_make(void **state) {
  if (test_folder_make(state) == -1) return -1;
  return mkdir(test_path("tls"), 0700);
}

static inline int testtlsd_remove(void **state) {
  unlink(test_path("tls/socket"));
  unlink(test_path("tls/certificate"));
  return test_folder_remove(state);
}

static inline int testtlsd_listen(void) {
  int listener = unixsock_listen(test_path("tls/socket"), 0600, 5);
  assert_true(listener >= 0);
  return listener;
}

static inline void testtlsd_must(bool holds) {
  if (!holds) _exit(1);
}

static inline void testtlsd_read(int fd, char *to, size_t len) {
  while (len) {
    ssize_t n = read(fd, to, len);
    testtlsd_must(n > 0);
    to += n;
    len -= (size_t)n;
  }
}

/* The connection's descriptor: it comes with the first octet. */
static inline int testtlsd_take_descriptor(int sock, char *first) {
  union {
    struct cmsghdr head;
    char room[CMSG_SPACE(sizeof(int))];
  } control;
  struct iovec piece = {first, 1};
  struct msghdr m = {
    .msg_iov = &piece, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
  int fd;
  testtlsd_must(recvmsg(sock, &m, MSG_CMSG_CLOEXEC) == 1);
  struct cmsghdr *head = CMSG_FIRSTHDR(&m);
  testtlsd_must(head && head->cmsg_type == SCM_RIGHTS && head->cmsg_len == CMSG_LEN(sizeof fd));
  memcpy(&fd, CMSG_DATA(head), sizeof fd);
  return fd;
}

static inline int testtlsd_take_request(int sock, struct tls_request *r) {
  static char line[TLSWIRE_MAX];
  char length[4];
  int network = testtlsd_take_descriptor(sock, length);
  testtlsd_read(sock, length + 1, 3);
  testtlsd_must(get_u32(length) <= sizeof line);
  testtlsd_read(sock, line, get_u32(length));
  testtlsd_must(tlswire_read_request(r, line, get_u32(length)));
  return network;
}

/* Answers octets, and what comes back in plaintext is what the network is told. */
static inline pid_t testtlsd_serve(int listener, struct text answer, bool (*expects)(const struct tls_request *)) {
  pid_t pid = fork();
  assert_true(pid >= 0);
  if (pid > 0) return pid;
  static struct tls_request r;
  char octets[5];
  alarm(60);
  int sock = accept(listener, NULL, NULL);
  testtlsd_must(sock >= 0);
  int network = testtlsd_take_request(sock, &r);
  testtlsd_must(!expects || expects(&r));
  for (size_t i = 0; i < answer.len; i++) testtlsd_must(write(sock, answer.s + i, 1) == 1);
  shutdown(sock, SHUT_WR);
  if (answer.len && read(sock, octets, 1) == 1) {
    testtlsd_read(sock, octets + 1, sizeof octets - 1);
    testtlsd_must(write(network, octets, sizeof octets) == sizeof octets);
  }
  _exit(0);
}

static inline struct text testtlsd_facts(const char *plaintext, const struct tls_facts *f) {
  static char wire[2048];
  size_t len = tlswire_put_facts(wire, sizeof wire, f);
  assert_true(len > 0);
  memcpy(wire + len, plaintext, strlen(plaintext));
  return (struct text){wire, len + strlen(plaintext)};
}

static inline void testtlsd_went_well(pid_t pid) {
  int status;
  assert_int_equal(waitpid(pid, &status, 0), pid);
  assert_int_equal(status, 0);
}

#endif
