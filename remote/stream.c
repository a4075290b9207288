#include "config.h"
#include "remote/stream.h"
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>
#include "lib/iofd.h"

enum { READ_OCTETS = 8192 };

void stream_open(struct stream *s, int fd) {
  s->fd = fd;
  s->in.len = s->out.len = s->taken = 0;
  s->answered = false;
}

void stream_close(struct stream *s) {
  if (s->fd >= 0) close(s->fd);
  s->fd = -1;
}

void stream_free(struct stream *s) {
  stream_close(s);
  stralloc_free(&s->in);
  stralloc_free(&s->out);
}

uint64_t stream_deadline(const struct stream *s) {
  return io_deadline(s->limit_ms);
}

/* What the server's descriptor is ready for, in *ready. */
static enum stream_status wait_for(const struct stream *s, short events, uint64_t deadline,
                                   short *ready) {
  struct pollfd p[] = {{s->fd, events, 0}, {s->watched, 0, 0}};
  int n;
  do n = poll(p, 2, io_remaining_ms(deadline));
  while (n == -1 && errno == EINTR);
  if (n == -1) return STREAM_FAILED;
  if (n == 0) return STREAM_TIMED_OUT;
  if (p[1].revents) return STREAM_ABANDONED;
  *ready = p[0].revents;
  return STREAM_OK;
}

static enum stream_status read_some(struct stream *s) {
  if (!stralloc_readyplus(&s->in, READ_OCTETS)) return errno = ENOMEM, STREAM_FAILED;
  ssize_t n = read(s->fd, s->in.s + s->in.len, READ_OCTETS);
  if (n == 0) return STREAM_CLOSED;
  if (n == -1) return errno == EAGAIN || errno == EINTR ? STREAM_OK : STREAM_FAILED;
  s->in.len += (size_t)n;
  s->answered = true;
  return STREAM_OK;
}

static enum stream_status wait_for_room(struct stream *s, uint64_t deadline) {
  short ready = 0;
  bool may_read = s->in.len - s->taken < STREAM_IN_MAX;
  enum stream_status r =
      wait_for(s, (short)(may_read ? POLLOUT | POLLIN : POLLOUT), deadline, &ready);
  return r == STREAM_OK && may_read && ready & POLLIN ? read_some(s) : r;
}

enum stream_status stream_flush(struct stream *s) {
  uint64_t deadline = stream_deadline(s);
  size_t sent = 0;
  enum stream_status r = STREAM_OK;
  while (r == STREAM_OK && sent < s->out.len) {
    ssize_t n = write(s->fd, s->out.s + sent, s->out.len - sent);
    if (n >= 0)
      sent += (size_t)n;
    else if (errno == EAGAIN)
      r = wait_for_room(s, deadline);
    else if (errno != EINTR)
      r = STREAM_FAILED;
  }
  s->out.len = 0;
  s->answered = false;
  return r;
}

void stream_silence(struct stream_silence *s, bool silent) {
  if (s->noted == silent) return;
  s->noted = silent;
  s->note(s->context, silent);
}

/* A first wait, after which it may be told that the server is silent. */
static enum stream_status wait_for_reply(struct stream *s, uint64_t deadline, short *ready) {
  uint64_t patience = io_deadline(s->silence.limit_ms);
  if (!s->silence.limit_ms || s->silence.noted || patience >= deadline) return wait_for(s, POLLIN, deadline, ready);
  enum stream_status r = wait_for(s, POLLIN, patience, ready);
  if (r != STREAM_TIMED_OUT) return r;
  stream_silence(&s->silence, true);
  return wait_for(s, POLLIN, deadline, ready);
}

/* The kernel forgets it by and by; a Unix socket has none. */
static void acknowledge(const struct stream *s) {
  int on = 1;
  (void)setsockopt(s->fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);
}

enum stream_status stream_fill(struct stream *s, uint64_t deadline) {
  short ready;
  if (s->answered) acknowledge(s);
  enum stream_status r = wait_for_reply(s, deadline, &ready);
  if (r != STREAM_OK) return r;
  stream_silence(&s->silence, false);
  return read_some(s);
}

void stream_peek(struct stream *s) {
  if (s->in.len - s->taken < STREAM_IN_MAX) (void)read_some(s);
}

struct text stream_unread(const struct stream *s) {
  struct text all = text_of_stralloc(&s->in);
  return (struct text){all.s + s->taken, all.len - s->taken};
}

void stream_drop(struct stream *s, size_t octets) {
  s->taken += octets;
  if (s->taken < s->in.len) return;
  s->in.len = s->taken = 0;
}
