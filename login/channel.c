#include "config.h"
#include "login/channel.h"
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "lib/clock.h"
#include "lib/iofd.h"

enum { DOOR_MS = 60000, LINGER_MS = 2000, PEEK_OCTETS = 4096 };

const char *login_explain(int end) {
  static const char *const words[LOGIN_END_COUNT] = {
    "client quit", "client left", "client timed out", "shut down", "hung up", "out of memory",
    "hung up on octets before TLS", "ended with TLS", "logged in"};
  return end >= 0 && end < LOGIN_END_COUNT ? words[end] : "talker failed";
}

static uint64_t now_us(void) { return clock_boot_us(&clock_system); }

/* The doorkeeper says nothing unasked: what comes from there is its end. */
static int wait_for(const struct login_channel *c, short events, int limit_ms) {
  struct pollfd p[2] = {{c->client, events, 0}, {c->door, POLLIN, 0}};
  int r;
  do r = poll(p, 2, limit_ms);
  while (r == -1 && errno == EINTR);
  if (r == -1) return -1;
  if (r == 0) return errno = ETIMEDOUT, -1;
  return p[1].revents ? (errno = ESHUTDOWN, -1) : 0;
}

/* As long as the strain leaves us, which may come while we wait. */
static int wait_for_input(const struct login_channel *c) {
  uint64_t began_us = c->line_began_us ? c->line_began_us : now_us();
  int left;
  while ((left = strain_left_ms(c->strain, c->limit_ms, now_us() - began_us)) != 0) {
    if (wait_for(c, POLLIN, strain_slice_ms(c->strain, c->limit_ms, left)) == 0) return 0;
    if (errno != ETIMEDOUT) return -1;
  }
  return errno = ETIMEDOUT, -1;
}

static ssize_t receive(int from, char *to, size_t size, int flags) {
  struct iovec v = {to, size};
  struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1};
  ssize_t n;
  do n = recvmsg(from, &m, flags);
  while (n == -1 && errno == EINTR);
  return n;
}

static ssize_t peek(const struct login_channel *c, char *to, size_t size) {
  ssize_t n;
  while ((n = receive(c->client, to, size, MSG_PEEK)) == -1 && (errno == EAGAIN || errno == EWOULDBLOCK))
    if (wait_for_input(c) == -1) return -1;
  return n;
}

ssize_t login_read(void *channel, char *to, size_t size) {
  struct login_channel *c = channel;
  if (login_flush(c) == -1) return -1;
  ssize_t n = peek(c, to, size < PEEK_OCTETS ? size : PEEK_OCTETS);
  if (n <= 0) return n;
  const char *newline = memchr(to, '\n', (size_t)n);
  return receive(c->client, to, newline ? (size_t)(newline - to) + 1 : (size_t)n, 0);
}

enum line_status login_line(struct login_channel *c, struct line_reader *reader, stralloc *line, size_t max) {
  c->line_began_us = now_us();
  enum line_status s = line_read(reader, line, max);
  c->line_began_us = 0;
  return s;
}

int login_flush(struct login_channel *c) {
  size_t sent = 0;
  while (sent < c->output.len) {
    ssize_t n = write(c->client, c->output.s + sent, c->output.len - sent);
    if (n >= 0) sent += (size_t)n;
    else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      if (wait_for(c, POLLOUT, c->limit_ms) == -1) return -1;
    } else if (errno != EINTR)
      return -1;
  }
  stralloc_zero(&c->output);
  return 0;
}

bool login_speaks(const struct login_channel *c) {
  struct pollfd p = {c->client, POLLIN, 0};
  return poll(&p, 1, 0) == 1;
}

int login_ask(struct login_channel *c, enum logindoor_frame what, const struct logindoor_request *request,
              struct logindoor_answer *answer) {
  struct frame f = {.fd = -1};
  stralloc payload = {0};
  if (login_flush(c) == -1) return -1; /* what is asked may take long, or be the last */
  int sent = logindoor_put_request(&payload, request);
  if (sent == 0) sent = frame_send(c->door, &logindoor_protocol, what, text_of_stralloc(&payload), -1, DOOR_MS);
  text_wipe(&payload);
  /* a doorkeeper that is told to end reads no more */
  if (sent == -1) return errno = errno == ENOMEM ? ENOMEM : ESHUTDOWN, -1;
  c->answers.protocol = &logindoor_protocol;
  c->answers.no_descriptors = true;
  /* owl-authd takes its time, on purpose */
  if (frame_receive(&c->answers, c->door, &f, IO_FOREVER) != FRAME_READY) return errno = ESHUTDOWN, -1;
  return f.type == LOGINDOOR_ANSWER ? logindoor_read_answer(answer, f.payload) : (errno = EPROTO, -1);
}

enum login_end login_end_of(int error) {
  switch (error) {
    case ETIMEDOUT: return LOGIN_TIMEOUT;
    case ESHUTDOWN: case EPROTO: return LOGIN_SHUTDOWN;
    case ENOMEM: return LOGIN_NO_MEMORY;
    default: return LOGIN_CLIENT_LEFT;
  }
}

void login_part(struct login_channel *c) {
  io_last_words(c->client, c->client, c->output.s, c->output.len, LINGER_MS);
}
