#include "config.h"
#include "smtpd/talker/channel.h"
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <unistd.h>
#include "lib/clock.h"
#include "lib/iofd.h"

enum {
  DOOR_MS = 60000, /* for a doorkeeper to take a request */
  LAST_WORDS_MS = 2000
};

const char *talker_explain(int end) {
  static const char *const words[TALKER_END_COUNT] = {
    "client quit", "client left",   "client timed out",           "shut down",
    "hung up",     "out of memory", "hung up on an HTTP client", "hung up on a message before 354",
    "client spoke before the greeting", "client too slow", "no PROXY header",
    "too many sessions of this client", "ended with STARTTLS", "hung up on octets behind STARTTLS"};
  return end >= 0 && end < TALKER_END_COUNT ? words[end] : "talker failed";
}

/* Waits for the client or the pipe, and for the doorkeeper, who says nothing
 * unasked: what comes from there is its end.  0, or -1 with errno ESHUTDOWN
 * for that, or ETIMEDOUT. */
static int wait_within(const struct channel *c, int fd, short events, int limit_ms) {
  struct pollfd p[2] = {{fd, events, 0}, {c->door, POLLIN, 0}};
  int r;
  do r = poll(p, 2, limit_ms);
  while (r == -1 && errno == EINTR);
  if (r == -1) return -1;
  if (r == 0) return errno = ETIMEDOUT, -1;
  if (p[1].revents) return errno = ESHUTDOWN, -1;
  return 0;
}

static int wait_for(const struct channel *c, int fd, short events) {
  return wait_within(c, fd, events, c->limit_ms);
}

static unsigned pace_factor(const struct channel *c) { return strain_holds(c->strain) ? STRAIN_RATE_FACTOR : 1; }

static uint64_t now_us(void) { return clock_boot_us(&clock_system); }

void channel_begin_command(struct channel *c) {
  c->awaits_command = true;
  c->waited_us = 0;
}

void channel_end_command(struct channel *c) { c->awaits_command = false; }

/* 1: the client's octets are there; 0: not yet; -1 with errno. */
static int wait_some(struct channel *c, uint64_t *waited_us) {
  uint64_t since = now_us();
  int left = strain_left_ms(c->strain, c->limit_ms, *waited_us);
  if (left == 0) return errno = ETIMEDOUT, -1;
  int r = wait_within(c, c->in, POLLIN, pace_wait_ms(&c->pace, strain_slice_ms(c->strain, c->limit_ms, left)));
  int reason = errno;
  uint64_t waited = now_us() - since;
  *waited_us += waited;
  if (!pace_take(&c->pace, waited, 0, pace_factor(c))) return errno = ETIME, -1;
  if (r == 0) return 1;
  return reason == ETIMEDOUT ? 0 : (errno = reason, -1);
}

/* For the client's octets.  That a window of its pace ends first is no end of
 * the wait, if the pace was kept. */
static int wait_for_input(struct channel *c) {
  uint64_t waited_us = c->awaits_command ? c->waited_us : 0;
  int r;
  do r = wait_some(c, &waited_us);
  while (r == 0);
  c->waited_us = waited_us;
  return r == 1 ? 0 : -1;
}

bool channel_speaks(const struct channel *c) {
  struct pollfd p = {c->in, POLLIN, 0};
  return poll(&p, 1, 0) == 1;
}

int channel_pause(const struct channel *c, uint64_t time_ms, bool listens) {
  uint64_t end = now_us() + time_ms * 1000, now;
  while ((now = now_us()) < end) {
    uint64_t left_ms = (end - now) / 1000 + 1;
    int r = wait_within(c, c->in, listens ? POLLIN : 0, left_ms > INT_MAX ? INT_MAX : (int)left_ms);
    if (r == 0) return listens;
    if (errno != ETIMEDOUT) return -1;
  }
  return 0;
}

int channel_write(const struct channel *c, int fd, const char *octets, size_t len) {
  while (len) {
    ssize_t n = write(fd, octets, len);
    if (n >= 0) {
      octets += n;
      len -= (size_t)n;
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      if (wait_for(c, fd, POLLOUT) == -1) return -1;
    } else if (errno != EINTR)
      return -1;
  }
  return 0;
}

int channel_flush(struct channel *c) {
  int r = channel_write(c, c->out, c->output.s, c->output.len);
  if (c->tally) c->tally->octets_out += c->output.len;
  stralloc_zero(&c->output);
  return r;
}

ssize_t channel_read(void *channel, char *to, size_t size) {
  struct channel *c = channel;
  if (channel_flush(c) == -1 || wait_for_input(c) == -1) return -1;
  for (;;) {
    ssize_t n = read(c->in, to, size);
    if (n > 0) (void)pace_take(&c->pace, 0, (size_t)n, 1);
    if (n > 0 && c->tally) c->tally->octets_in += (uint64_t)n;
    if (n >= 0) return n;
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
      if (wait_for_input(c) == -1) return -1;
    } else if (errno != EINTR)
      return -1;
  }
}

int channel_ask(struct channel *c, enum door_frame what, const struct door_request *request,
                struct door_answer *answer, int *fd) {
  struct frame f = {.fd = -1};
  stralloc payload = {0};
  int sent = door_put_request(&payload, request);
  if (sent == 0)
    sent = frame_send(c->door, &door_protocol, what, text_of_stralloc(&payload), -1, DOOR_MS);
  text_wipe(&payload); /* of AUTH it has the password */
  if (sent == -1) return -1;
  c->answers.protocol = &door_protocol;
  /* the queue's injector, or a filter, may take its time */
  if (frame_receive(&c->answers, c->door, &f, IO_FOREVER) != FRAME_READY) return -1;
  *fd = f.fd;
  return f.type == DOOR_ANSWER ? door_read_answer(answer, f.payload) : -1;
}

enum talker_end channel_end_of(int error) {
  switch (error) {
    case ETIMEDOUT: return TALKER_TIMEOUT;
    case ESHUTDOWN: return TALKER_SHUTDOWN;
    case EBADMSG: return TALKER_NO_HEADER;
    case ENOMEM: return TALKER_NO_MEMORY;
    case EPROTO: return TALKER_UNGREETED;
    case ETIME: return TALKER_SLOW;
    case EUSERS: return TALKER_CROWDED;
    default: return TALKER_CLIENT_LEFT;
  }
}

void channel_part(struct channel *c) {
  if (c->tally) c->tally->octets_out += c->output.len;
  io_last_words(c->in, c->out, c->output.s, c->output.len, LAST_WORDS_MS);
}

void channel_linger(const struct channel *c) { io_last_words(c->in, c->out, NULL, 0, LAST_WORDS_MS); }
