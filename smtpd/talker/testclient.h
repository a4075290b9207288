/* testclient.h - a talker in a process of its own, between a client and a
 * doorkeeper that the test plays
 *
 * start() and end() make a session; say() and hear() are the client, expect() and
 * answer() the doorkeeper.
 */
#ifndef OWL_TESTCLIENT_H
#define OWL_TESTCLIENT_H

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "lib/iofd.h"
#include "lib/unittest.h"
#include "lib/unixsock.h"
#include "smtpd/talker/talker.h"

enum { LIMIT_MS = 20000 };

static int client, door;
static int kept; /* begins_with_tls: the talker's end of the client, whose octets wait there */
static pid_t pid;
static struct frame_reader requests;

static struct talker limits; /* what a test asks for beside the usual */

static inline void start_with(int limit_ms) {
  int clients[2], doors[2];
  assert_int_equal(unixsock_pair(clients), 0);
  assert_int_equal(unixsock_pair(doors), 0);
  kept = limits.begins_with_tls ? dup(clients[0]) : -1;
  fflush(NULL);
  pid = fork();
  if (pid == 0) {
    static struct talker t;
    static const struct list nobody;
    t.xclients = &nobody;
    t.greetdelay_ms = limits.greetdelay_ms;
    t.is_proxied = limits.is_proxied;
    t.goes_on = limits.goes_on;
    t.begins_with_tls = limits.begins_with_tls;
    t.session.offers_starttls = limits.session.offers_starttls;
    t.session.is_secured = limits.session.is_secured;
    t.session.needs_tls = limits.session.needs_tls;
    t.channel.pace = limits.channel.pace;
    close(clients[1]);
    close(doors[1]);
    io_set_nonblocking(clients[0]);
    t.channel.in = t.channel.out = clients[0];
    t.channel.door = doors[0];
    t.channel.limit_ms = limit_ms;
    t.maxhops = 2;
    t.session.me = "mx";
    t.session.databytes = 1000;
    t.session.maxerrors = 10;
    t.session.tarpitcount = limits.session.tarpitcount;
    t.session.tarpitdelay_ms = limits.session.tarpitdelay_ms;
    _exit((int)talker_run(&t, "mx"));
  }
  close(clients[0]);
  close(doors[0]);
  client = clients[1];
  door = doors[1];
  requests = (struct frame_reader){.protocol = &door_protocol};
}

static inline void start(void) { start_with(LIMIT_MS); }

static inline void say(const char *octets) {
  assert_int_equal(io_write_all(client, octets, strlen(octets), LIMIT_MS), 0);
}

/* The next octets are these. */
static inline void hear(const char *expected) {
  char got[2000];
  size_t len = strlen(expected), n = 0;
  while (n < len) {
    ssize_t r = io_read(client, got + n, len - n, LIMIT_MS);
    if (r <= 0) break;
    n += (size_t)r;
  }
  if (n != len || memcmp(got, expected, len)) fail_msg("heard %.*s, not %s", (int)n, got, expected);
}

/* All that comes with one read: what was sent together. */
static inline void hear_at_once(const char *expected) {
  char got[2000];
  ssize_t n = io_read(client, got, sizeof got, LIMIT_MS);
  if (n != (ssize_t)strlen(expected) || memcmp(got, expected, (size_t)n))
    fail_msg("heard %.*s, not %s", (int)n, got, expected);
}

static inline void assert_silent(void) {
  struct pollfd p = {client, POLLIN, 0};
  assert_int_equal(poll(&p, 1, 100), 0);
}

static inline int end(void) {
  int status;
  close(client);
  assert_int_equal(waitpid(pid, &status, 0), pid);
  if (door >= 0) close(door);
  frame_reader_free(&requests);
  assert_true(WIFEXITED(status));
  return WEXITSTATUS(status);
}

static inline void answer(uint64_t class, uint64_t code, const char *status, const char *text, int fd) {
  struct door_answer a = {.result = {.class = class, .reply_code = code, .status = text_of(status),
                                     .text = text_of(text)}};
  stralloc payload = {0};
  assert_int_equal(door_put_answer(&payload, &a), 0);
  assert_int_equal(frame_send(door, &door_protocol, DOOR_ANSWER, text_of_stralloc(&payload), fd, LIMIT_MS), 0);
  stralloc_free(&payload);
}

/* The next request is of this type; *octets and status of it are returned. */
static inline uint64_t expect(unsigned type, char status[12]) {
  struct frame f;
  struct door_request r;
  assert_int_equal(frame_receive(&requests, door, &f, LIMIT_MS), FRAME_READY);
  assert_int_equal(f.type, type);
  assert_int_equal(door_read_request(&r, f.payload), 0);
  if (status) snprintf(status, 12, "%.*s", (int)r.status.len, r.status.s ? r.status.s : "");
  envelope_free(&r.envelope);
  return r.octets;
}

static inline void grant(unsigned type) {
  expect(type, NULL);
  answer(RESULT_SUCCESS, 250, "2.0.0", "ok", -1);
}

#endif
