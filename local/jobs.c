#include "config.h"
#include "local/jobs.h"
#include <errno.h>
#include <unistd.h>
#include "lib/agent.h"
#include "lib/iofd.h"
#include "local/batch.h"
#include "local/classic.h"

struct server {
  int sock;
  struct frame_reader in;
  struct batch batch;
  int send_error; /* the runner is gone: errno */
};

static void report(void *context, const struct delivery *d) {
  struct server *s = context;
  struct agent_result r = {d->job, d->index, verdict_result(&d->verdict)};
  r.result.action = d->action;
  if (s->send_error) return;
  if (agent_send_result(s->sock, &r, IO_FOREVER) == -1) s->send_error = errno;
}

static void deliver_classic(struct server *s, uint64_t job, const struct item *item) {
  struct delivery d = {.job = job, .index = item->recipient->index, .action = ACTION_DELIVERED};
  classic_deliver(s->batch.box, item, &d.verdict);
  report(s, &d);
  verdict_free(&d.verdict);
}

static int deliver(struct server *s, const struct agent_job *job, int fd) {
  struct item item = {{job->content, fd, job->size}, &job->envelope, NULL};
  bool is_classic = classic_is_set(s->batch.box);
  for (size_t i = 0; i < job->envelope.recipient_count; i++) {
    item.recipient = &job->envelope.recipients[i];
    if (is_classic)
      deliver_classic(s, job->job, &item);
    else if (batch_add(&s->batch, job->job, item.recipient->index, &item) == -1) return errno = ENOMEM, -1;
  }
  return s->send_error ? errno = s->send_error, -1 : 0;
}

enum next { NEXT_JOB, NEXT_NONE, NEXT_CLOSE, NEXT_MALFORMED, NEXT_ERROR };

static enum next take_job(struct server *s, const struct frame *f) {
  struct agent_job job;
  if (agent_read_job(&job, f->payload, f->fd >= 0) == -1) return NEXT_MALFORMED;
  int r = deliver(s, &job, f->fd);
  envelope_free(&job.envelope);
  return r == 0 ? NEXT_JOB : NEXT_ERROR;
}

static enum next take_frame(struct server *s, const struct frame *f) {
  switch (f->type) {
  case AGENT_JOB: return take_job(s, f);
  case AGENT_CLOSE: return NEXT_CLOSE;
  default: return NEXT_MALFORMED;
  }
}

static enum next take_next(struct server *s, bool wait) {
  struct frame f;
  enum frame_status status = wait ? frame_receive(&s->in, s->sock, &f, IO_FOREVER)
                                  : frame_poll(&s->in, s->sock, &f);
  switch (status) {
  case FRAME_READY: break;
  case FRAME_AGAIN: return NEXT_NONE;
  case FRAME_EOF: return NEXT_CLOSE;
  case FRAME_MALFORMED: return NEXT_MALFORMED;
  case FRAME_ERROR: return NEXT_ERROR;
  }
  enum next n = take_frame(s, &f);
  int saved = errno;
  if (f.fd >= 0) close(f.fd);
  errno = saved;
  return n;
}

/* What came before a fault is delivered and reported all the same. */
static enum next run_batch(struct server *s) {
  enum next n = take_next(s, true);
  for (unsigned jobs = 1; n == NEXT_JOB && jobs < AGENT_JOBS_AHEAD; jobs++) n = take_next(s, false);
  int saved = errno;
  batch_settle(&s->batch);
  errno = saved;
  if (!s->send_error) return n;
  errno = s->send_error;
  return NEXT_ERROR;
}

enum jobs_end jobs_serve(int sock, const struct mailbox *box) {
  struct server s = {.sock = sock, .in = {.protocol = &agent_protocol}};
  s.batch = (struct batch){.box = box, .namer = {&clock_system, 0}, .report = report, .context = &s};
  enum next n;
  do n = run_batch(&s);
  while (n == NEXT_JOB || n == NEXT_NONE);
  int saved = errno;
  batch_free(&s.batch);
  frame_reader_free(&s.in);
  errno = saved;
  return n == NEXT_CLOSE ? JOBS_DONE : n == NEXT_MALFORMED ? JOBS_MALFORMED : JOBS_ERROR;
}
