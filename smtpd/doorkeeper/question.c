#include "config.h"
#include "smtpd/doorkeeper/question.h"
#include <errno.h>
#include <unistd.h>
#include "lib/unixsock.h"

void question_open(struct question *q, const char *path) {
  *q = (struct question){.path = path, .fd = -1, .reader = {.protocol = &door_protocol}};
}

void question_close(struct question *q) {
  int saved = errno;
  if (q->fd >= 0) close(q->fd);
  q->fd = -1;
  frame_reader_free(&q->reader);
  errno = saved;
}

static int send_question(struct question *q, struct text address, int limit_ms) {
  struct envelope_recipient recipient = {.address = address};
  struct door_request r = {.envelope = {.recipients = &recipient, .recipient_count = 1}};
  stralloc payload = {0};
  int sent = door_put_request(&payload, &r);
  if (sent == 0)
    sent = frame_send(q->fd, &door_protocol, DOOR_QUESTION, text_of_stralloc(&payload), -1, limit_ms);
  stralloc_free(&payload);
  return sent;
}

static int read_answer(struct frame *f, struct result *answer) {
  struct door_answer a;
  if (f->fd >= 0) close(f->fd);
  if (f->fd >= 0 || f->type != DOOR_ANSWER || door_read_answer(&a, f->payload) == -1)
    return errno = EPROTO, -1;
  *answer = a.result;
  return 0;
}

static int await_answer(struct question *q, int limit_ms, struct result *answer) {
  struct frame f;
  switch (frame_receive(&q->reader, q->fd, &f, limit_ms)) {
    case FRAME_READY: return read_answer(&f, answer);
    case FRAME_AGAIN: return errno = ETIMEDOUT, -1;
    case FRAME_EOF: return errno = ECONNRESET, -1;
    case FRAME_MALFORMED: return errno = EPROTO, -1;
    case FRAME_ERROR: return -1;
  }
  return -1;
}

static int try_once(struct question *q, struct text address, int limit_ms, struct result *answer) {
  if (q->fd == -1) q->fd = unixsock_connect_within(q->path, limit_ms);
  if (q->fd == -1) return -1;
  if (send_question(q, address, limit_ms) == 0 && await_answer(q, limit_ms, answer) == 0) return 0;
  /* an answer that comes late must not be taken for that to the next question */
  question_close(q);
  return -1;
}

int question_ask(struct question *q, struct text address, int limit_ms, struct result *answer) {
  bool kept = q->fd >= 0;
  if (try_once(q, address, limit_ms, answer) == 0) return 0;
  if (!kept || (errno != ECONNRESET && errno != EPIPE)) return -1;
  return try_once(q, address, limit_ms, answer);
}
