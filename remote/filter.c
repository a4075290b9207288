#include "config.h"
#include "remote/filter.h"
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "lib/child.h"
#include "lib/exitcode.h"
#include "lib/iofd.h"
#include "lib/unixsock.h"
#include "remote/outside.h"

enum { SAME = 99 }; /* the message is to go as it is */

struct filter {
  int runner, agent;
  char *program;
  struct frame_reader jobs, answers;
  enum filter_end end;
  bool over;
};

static void give_up(struct filter *f, enum filter_end end) {
  f->end = end;
  f->over = true;
}

/* ---- a job */

static int set_variable(const char *name, struct text value) {
  stralloc s = {0};
  int r = text_cat_cleaned(&s, value) == 0 && stralloc_0(&s) ? setenv(name, s.s, 1) : -1;
  stralloc_free(&s);
  return r;
}

static int run_program(const struct filter *f, const struct agent_job *job, int message, int *out) {
  char *arguments[] = {f->program, NULL};
  const struct outside o = {arguments, message, f->runner};
  *out = -1;
  if (message == -1 || set_variable("SENDER", job->envelope.sender) == -1) return CHILD_NO_CODE;
  return outside_run(&o, out);
}

static void refuse(struct filter *f, const struct agent_job *job, bool fails) {
  struct agent_result r = {.job = job->job};
  r.result.class = fails ? RESULT_FAILURE : RESULT_DEFERRAL;
  r.result.status = text_of(fails ? "5.7.1" : "4.3.0");
  r.result.text = text_of(fails ? "the filter for outgoing mail refuses the message"
                                : "the filter for outgoing mail does not work");
  for (size_t i = 0; i < job->envelope.recipient_count; i++) {
    r.index = job->envelope.recipients[i].index;
    if (agent_send_result(f->runner, &r, IO_FOREVER) == -1) give_up(f, FILTER_FAILED);
  }
}

static void pass_on(struct filter *f, const struct agent_job *job, int message) {
  struct agent_job changed = *job;
  struct stat st;
  stralloc payload = {0};
  changed.content = TEXT_ABSENT;
  bool ok = fstat(message, &st) == 0;
  if (ok) changed.size = (uint64_t)st.st_size;
  ok = ok && agent_put_job(&payload, &changed) == 0 &&
       frame_send(f->agent, &agent_protocol, AGENT_JOB, text_of_stralloc(&payload), message, IO_FOREVER) == 0;
  if (!ok) give_up(f, FILTER_FAILED);
  stralloc_free(&payload);
}

/* No message has nothing in it: a filter that says nothing has failed. */
static bool has_octets(int fd) {
  struct stat st;
  return fd >= 0 && fstat(fd, &st) == 0 && st.st_size > 0;
}

static void take_job(struct filter *f, const struct frame *frame) {
  struct agent_job job;
  int out;
  if (agent_read_job(&job, frame->payload, frame->fd >= 0) == -1) {
    give_up(f, FILTER_BAD_FRAME);
    return;
  }
  int message = outside_message(&job, frame->fd);
  int code = run_program(f, &job, message, &out);
  if (code == SAME) pass_on(f, &job, message);
  else if (code == 0 && has_octets(out)) pass_on(f, &job, out);
  else refuse(f, &job, code == DELIVERY_FAILURE);
  if (out >= 0) close(out);
  if (message >= 0 && message != frame->fd) close(message);
  envelope_free(&job.envelope);
}

/* ---- both sides */

static void hand_on(struct filter *f, int to, const struct frame *frame) {
  if (frame_send(to, &agent_protocol, frame->type, frame->payload, -1, IO_FOREVER) == -1)
    give_up(f, FILTER_FAILED);
}

static void take_frame(struct filter *f, bool from_runner, const struct frame *frame) {
  if (from_runner && frame->type == AGENT_JOB) take_job(f, frame);
  else hand_on(f, from_runner ? f->agent : f->runner, frame);
  if (frame->fd >= 0) close(frame->fd);
}

static void read_side(struct filter *f, bool from_runner) {
  struct frame frame;
  enum frame_status s = FRAME_AGAIN;
  while (!f->over && (s = frame_poll(from_runner ? &f->jobs : &f->answers,
                                     from_runner ? f->runner : f->agent, &frame)) == FRAME_READY)
    take_frame(f, from_runner, &frame);
  if (f->over || s == FRAME_AGAIN) return;
  give_up(f, s == FRAME_EOF ? FILTER_DONE : s == FRAME_MALFORMED ? FILTER_BAD_FRAME : FILTER_FAILED);
}

static void serve(struct filter *f) {
  while (!f->over) {
    struct pollfd p[] = {{f->runner, POLLIN, 0}, {f->agent, POLLIN, 0}};
    if (poll(p, 2, -1) == -1 && errno != EINTR) give_up(f, FILTER_FAILED);
    if (!f->over && p[1].revents) read_side(f, false);
    if (!f->over && p[0].revents) read_side(f, true);
  }
}

static int start_agent(const struct launch *l, const struct agent_worker *w) {
  int pair[2];
  if (unixsock_pair(pair) == -1) return -1;
  pid_t pid = fork();
  if (pid == 0) {
    launch_exec(l, w, pair[1], false);
    _exit(TOOL_SYSTEM);
  }
  close(pair[1]);
  return pid == -1 ? close(pair[0]), -1 : pair[0];
}

enum filter_end filter_serve(int runner, char *program, const struct launch *l,
                             const struct agent_worker *w) {
  struct filter f = {.runner = runner, .program = program};
  f.jobs.protocol = f.answers.protocol = &agent_protocol;
  f.agent = start_agent(l, w);
  if (f.agent == -1) return FILTER_FAILED;
  serve(&f);
  close(f.agent);
  frame_reader_free(&f.jobs);
  frame_reader_free(&f.answers);
  return f.end;
}
