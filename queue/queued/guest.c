#include "config.h"
#include "queue/queued/guest.h"
#include <errno.h>
#include <unistd.h>
#include "lib/injectordoor.h"
#include "lib/iofd.h"
#include "lib/log.h"

/* The reads of a turn are few, so that nobody waits for a large message. */
enum { STEP_OCTETS = 2048, CHUNK_OCTETS = 65536, CHUNKS = 4, SECOND_US = 1000000 };

void guest_open(struct guest *g, int door, uint64_t caller_uid, uint64_t now_us) {
  enum { BEGIN_S = 60 };
  *g = (struct guest){.state = GUEST_NEW, .door = door, .pipe = -1, .limit_us = now_us + BEGIN_S * (uint64_t)SECOND_US};
  g->in = (struct frame_reader){.protocol = &injectordoor_protocol, .step_octets = STEP_OCTETS};
  g->message.caller_uid = caller_uid;
}

void guest_answer(struct guest *g, int code) {
  struct injectordoor_answer a = {.code = (uint64_t)code, .pid = (uint64_t)getpid(),
                                  .arrival_taken = g->message.arrival_taken, .text = text_of(g->message.text)};
  stralloc payload = {0};
  /* the socket is empty in that direction */
  if (injectordoor_put(&payload, &a) == 0)
    (void)frame_send(g->door, &injectordoor_protocol, INJECTORDOOR_ANSWER, text_of_stralloc(&payload), -1, 0);
  stralloc_free(&payload);
  g->state = GUEST_OVER;
}

/* The caller learns why before its pipe breaks. */
static void go_on_if(struct guest *g, int code) {
  if (code != INJECTOR_OK) guest_answer(g, code);
}

static void note_whole(struct guest *g) {
  if (g->state == GUEST_COMES && g->is_addressed && g->is_read) g->state = GUEST_WHOLE;
}

/* Once for each message, as whoever sent it has only a temporary error. */
static void log_fault(const struct control *c) {
  struct log l = {.fd = 2};
  log_say(&l, "owl-queued", "configuration: ", text_of(c->error.s ? c->error.s : "out of memory"));
  stralloc_free(&l.line);
}

static int begin(struct guest *g, int queue_fd) {
  struct injection *in = &g->message;
  struct control c;
  int code = control_open(&c) == 0 ? injection_configure(in, &c) : INJECTOR_NO_MEMORY;
  if (code == INJECTOR_CONFIGURATION) log_fault(&c);
  control_free(&c);
  if (code == INJECTOR_OK) code = injection_check_space(in, queue_fd);
  return code == INJECTOR_OK ? injection_begin(in, queue_fd, INJECTION_SOLE_OWNER) : code;
}

/* 0 sets none, as with an exec'd injector. */
static uint64_t limit_of(uint64_t seconds, uint64_t now_us) {
  return seconds && seconds < (UINT64_MAX - now_us) / SECOND_US ? now_us + seconds * SECOND_US : UINT64_MAX;
}

static void take_message(struct guest *g, const struct frame *f, int queue_fd, uint64_t now_us) {
  g->pipe = f->fd;
  g->state = GUEST_COMES;
  bool taken = io_set_nonblocking(g->pipe) == 0 && text_cat(&g->message.envelope.extra, f->payload) == 0;
  go_on_if(g, taken ? begin(g, queue_fd) : INJECTOR_NO_MEMORY);
  g->limit_us = limit_of(g->message.limits.seconds, now_us);
}

static void take_envelope(struct guest *g, const struct frame *f) {
  struct callerenvelope *ce = &g->message.envelope;
  enum callerenvelope_status s = CALLERENVELOPE_NO_MEMORY;
  if (text_cat(&ce->classic, f->payload) == 0) s = callerenvelope_parse(ce, g->message.limits.recipients);
  g->is_addressed = true;
  frame_reader_free(&g->in);
  go_on_if(g, injection_address(&g->message, s));
}

static bool take_frame(struct guest *g, const struct frame *f, int queue_fd, uint64_t now_us) {
  if (f->type == INJECTORDOOR_MESSAGE && g->state == GUEST_NEW && f->fd >= 0)
    return take_message(g, f, queue_fd, now_us), true;
  if (f->type == INJECTORDOOR_ENVELOPE && g->state == GUEST_COMES && f->fd == -1) return take_envelope(g, f), true;
  if (f->fd >= 0) close(f->fd);
  return false;
}

bool guest_is_deaf(const struct guest *g) { return g->is_addressed || g->state == GUEST_OVER; }

/* Of who goes before the envelope nothing is queued; afterwards it is as with an
 * exec'd injector, which has all that it needs. */
void guest_hear(struct guest *g, int queue_fd, uint64_t now_us) {
  struct frame f;
  while (!guest_is_deaf(g)) {
    enum frame_status s = frame_poll(&g->in, g->door, &f);
    if (s == FRAME_AGAIN) break;
    if (s != FRAME_READY || !take_frame(g, &f, queue_fd, now_us)) guest_answer(g, INJECTOR_READ_ERROR);
  }
  note_whole(g);
}

void guest_read(struct guest *g) {
  static char chunk[CHUNK_OCTETS];
  for (int n = 0; n < CHUNKS && g->state == GUEST_COMES && !g->is_read; n++) {
    ssize_t got = read(g->pipe, chunk, sizeof chunk);
    if (got == -1 && (errno == EAGAIN || errno == EINTR)) break;
    if (got == -1) guest_answer(g, INJECTOR_READ_ERROR);
    g->is_read = got == 0;
    if (got > 0) go_on_if(g, injection_take(&g->message, chunk, (size_t)got));
  }
  note_whole(g);
}

void guest_close(struct guest *g) {
  injection_close(&g->message);
  frame_reader_free(&g->in);
  if (g->pipe >= 0) close(g->pipe);
  close(g->door);
  *g = (struct guest){0};
}
