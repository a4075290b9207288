#include "config.h"
#include "smtpd/talker/transfer.h"
#include <errno.h>
#include <unistd.h>
#include "lib/clock.h"
#include "smtpd/talker/talker.h"

static bool is_lost(const struct transfer *x) {
  return x->too_large || x->pipe_broken || data_is_spoilt(&x->data);
}

int transfer_store(struct transfer *x, const struct channel *c, int pipe, uint64_t databytes,
                   struct text decoded) {
  if (databytes && x->data.size > databytes) x->too_large = true;
  if (is_lost(x) || decoded.len == 0) return 0;
  if (channel_write(c, pipe, decoded.s, decoded.len) == 0) {
    x->stored += decoded.len;
    return 0;
  }
  x->pipe_broken = errno == EPIPE;
  return x->pipe_broken ? 0 : -1;
}

static int store(struct talker *t, struct transfer *x, struct text decoded) {
  return transfer_store(x, &t->channel, t->session.data_fd, t->session.databytes, decoded);
}

/* The fields that the header lacks. */
static int store_missing(struct talker *t, struct transfer *x) {
  stralloc fields = {0};
  int r = complete_cat(&x->complete, &fields) == 0 ? 0 : (errno = ENOMEM, -1);
  if (r == 0) r = store(t, x, text_of_stralloc(&fields));
  stralloc_free(&fields);
  return r;
}

static int store_decoded(struct talker *t, struct transfer *x, size_t len) {
  struct text decoded = {t->decoded, len};
  size_t at = complete_scan(&x->complete, decoded);
  if (at > len) return store(t, x, decoded);
  if (store(t, x, (struct text){t->decoded, at}) == -1 || store_missing(t, x) == -1) return -1;
  return store(t, x, (struct text){t->decoded + at, len - at});
}

/* A message may end within its header. */
static int finish(struct talker *t, struct transfer *x) {
  if (store_decoded(t, x, data_finish(&x->data, t->decoded)) == -1) return -1;
  return complete_is_open(&x->complete) ? store_missing(t, x) : 0;
}

static struct complete complete_of(const struct session *s) {
  return (struct complete){.is_wanted = s->completes, .sender = text_of_stralloc(&s->sender),
                           .message_id = text_of_stralloc(&s->message_id), .wall_us = clock_wall_us(&clock_system)};
}

/* What has been read of the client, after a wait where that is nothing. */
static int fill(struct talker *t, struct text *in) {
  ssize_t n = t->reader.at < t->reader.end ? 1 : line_fill(&t->reader);
  if (n == 0) errno = ECONNRESET;
  if (n <= 0) return -1;
  *in = (struct text){t->reader.octets + t->reader.at, t->reader.end - t->reader.at};
  return 0;
}

static int take(struct talker *t, struct transfer *x, struct text *in) {
  size_t given = in->len;
  size_t len = data_decode(&x->data, in, t->decoded);
  t->reader.at += given - in->len;
  return store_decoded(t, x, len);
}

static int take_data(struct talker *t, struct transfer *x) {
  struct text in;
  while (x->data.state != DATA_END)
    if (fill(t, &in) == -1 || take(t, x, &in) == -1) return -1;
  return finish(t, x);
}

/* x: NULL, and the octets are dropped. */
static int take_chunk(struct talker *t, struct transfer *x) {
  struct bdat *chunk = &t->session.bdat;
  struct text in;
  while (chunk->left) {
    if (fill(t, &in) == -1) return -1;
    if (in.len > chunk->left) in.len = (size_t)chunk->left;
    chunk->left -= in.len;
    if (!x) t->reader.at += in.len;
    else if (take(t, x, &in) == -1)
      return -1;
  }
  return x && chunk->last ? finish(t, x) : 0;
}

struct reply transfer_verdict(const struct transfer *x, uint64_t maxhops) {
  if (data_is_spoilt(&x->data))
    return reply_say(550, "5.6.11", "the message has a CR or LF alone; only CRLF ends a line");
  if (x->too_large) return reply_say(552, "5.3.4", "that message is too large for this server");
  if (x->data.hops >= maxhops)
    return reply_say(554, "5.4.6", "too many hops, this message is looping");
  if (x->pipe_broken) return reply_say(451, "4.3.0", "the queue took only a part of the message");
  return reply_say(250, "2.0.0", "ok");
}

/* The answer to ABORT tells why the injector ended early; otherwise the client
 * is told what we found. */
static struct reply settle(struct talker *t, const struct transfer *x, struct reply found) {
  struct door_request r = {0};
  struct door_answer a;
  int fd = -1;
  bool complete = found.code == 250;
  if (complete) r.octets = x->stored;
  else r.status = found.status;
  if (t->session.ask(t->session.context, complete ? DOOR_COMPLETE : DOOR_ABORT, &r, &a, &fd) == -1)
    return reply_hang_up(421, "4.3.2", "the server is shutting down, closing");
  if (fd >= 0) close(fd);
  struct reply said = reply_of(&a.result);
  if (a.ends_session) said.next = NEXT_END;
  return complete || found.code == 451 ? said : found;
}

static struct reply end(struct talker *t, const struct transfer *x) {
  command_close_data(&t->session);
  struct reply r = settle(t, x, transfer_verdict(x, t->maxhops));
  command_end_transaction(&t->session, r.code == 250);
  return r;
}

/* In a binary body no octet may become another. */
static bool normalises(const struct talker *t) { return t->normalises && !t->session.binary; }

int transfer_data(struct talker *t, struct reply *r) {
  struct transfer x = {.data = {.normalises = normalises(t)}, .complete = complete_of(&t->session)};
  if (take_data(t, &x) == -1) return -1;
  *r = end(t, &x);
  return 0;
}

int transfer_chunk(struct talker *t, struct reply *r) {
  struct bdat *chunk = &t->session.bdat;
  struct transfer *x = &t->chunks;
  r->next = NEXT_COMMAND;
  if (r->code != 250) return take_chunk(t, NULL);
  if (chunk->state == BDAT_FIRST)
    *x = (struct transfer){.data = {.chunked = true, .normalises = normalises(t)}, .complete = complete_of(&t->session)};
  chunk->state = BDAT_TAKING;
  if (take_chunk(t, x) == -1) return -1;
  if (chunk->last || is_lost(x)) *r = end(t, x);
  return 0;
}
