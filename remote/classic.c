#include "config.h"
#include "remote/classic.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "lib/address.h"
#include "lib/child.h"
#include "lib/iofd.h"
#include "remote/outside.h"
#include "remote/report.h"

enum { FIXED_ARGUMENTS = 3 }; /* program, host, sender */

struct work {
  int runner, message;
  const char *program;
  const struct agent_job *job;
  bool *done;       /* for each recipient */
  size_t *chosen;   /* those of one domain */
  size_t count;
  struct verdict *verdicts; /* of the chosen */
};

static struct text domain_of(const struct agent_job *j, size_t n) {
  struct text local, domain;
  return address_split(j->envelope.recipients[n].address, &local, &domain) ? domain : text_of("");
}

/* The first recipient without a result, and all others of its domain. */
static bool choose(struct work *w) {
  size_t total = w->job->envelope.recipient_count;
  struct text domain = TEXT_ABSENT;
  w->count = 0;
  for (size_t n = 0; n < total; n++) {
    if (w->done[n]) continue;
    struct text own = domain_of(w->job, n);
    if (w->count == 0) domain = own;
    if (!text_equal_nocase(own, domain)) continue;
    w->done[n] = true;
    w->chosen[w->count++] = n;
  }
  return w->count > 0;
}

static char *copy(struct text t) {
  char *s = malloc(t.len + 1);
  if (!s) return NULL;
  if (t.len) memcpy(s, t.s, t.len);
  s[t.len] = 0;
  return s;
}

static void free_arguments(char **a, size_t count) {
  for (size_t i = 0; a && i < count; i++) free(a[i]);
  free(a);
}

static char **make_arguments(const struct work *w) {
  size_t count = FIXED_ARGUMENTS + w->count;
  char **a = calloc(count + 1, sizeof *a);
  if (!a) return NULL;
  a[0] = copy(text_of(w->program));
  a[1] = copy(domain_of(w->job, w->chosen[0]));
  a[2] = copy(w->job->envelope.sender);
  for (size_t i = 0; i < w->count; i++)
    a[FIXED_ARGUMENTS + i] = copy(w->job->envelope.recipients[w->chosen[i]].address);
  for (size_t i = 0; i < count; i++)
    if (!a[i]) return free_arguments(a, count), NULL;
  return a;
}

static void defer(struct work *w, const char *why, int code) {
  for (size_t i = 0; i < w->count; i++) {
    verdict_set(&w->verdicts[i], RESULT_DEFERRAL, "4.3.0", why);
    if (code > 0) {
      char number[] = {(char)('0' + code / 100), (char)('0' + code / 10 % 10), (char)('0' + code % 10), 0};
      verdict_add(&w->verdicts[i], number);
    }
  }
}

/* A program that failed may have said anything before. */
static void judge(struct work *w, int code, int said) {
  stralloc octets = {0};
  if (code == CHILD_NO_CODE || said == -1) defer(w, "the program in qmail-remote's place was killed, or not run", 0);
  else if (code) defer(w, "the program in qmail-remote's place ended with exit code ", code);
  else if (io_slurp(said, &octets, REPORT_OCTETS_MAX, IO_FOREVER) == -1)
    defer(w, "unable to read what the program in qmail-remote's place reports", 0);
  else report_read(w->verdicts, w->count, text_of_stralloc(&octets));
  stralloc_free(&octets);
}

static void run(struct work *w) {
  char **arguments = make_arguments(w);
  int said = -1;
  if (!arguments) {
    defer(w, "out of memory", 0);
    return;
  }
  const struct outside o = {arguments, w->message, w->runner};
  int code = outside_run(&o, &said);
  judge(w, code, said);
  if (said >= 0) close(said);
  free_arguments(arguments, FIXED_ARGUMENTS + w->count);
}

static int report(const struct work *w) {
  for (size_t i = 0; i < w->count; i++) {
    struct agent_result r = {w->job->job, w->job->envelope.recipients[w->chosen[i]].index,
                             verdict_result(&w->verdicts[i])};
    if (agent_send_result(w->runner, &r, IO_FOREVER) == -1) return -1;
  }
  return 0;
}

/* What such programs have no way to be told. */
static const char *unfit(const struct agent_job *j) {
  if (j->envelope.requiretls) return "the message requires TLS, which qmail-remote's interface cannot ask for";
  if (j->envelope.body == BODY_BINARYMIME) return "a binary body cannot be sent by qmail-remote's interface";
  return NULL;
}

static void refuse(struct work *w, const char *why) {
  const char *status = w->job->envelope.requiretls ? "5.7.30" : "5.6.1";
  for (size_t i = 0; i < w->count; i++) verdict_set(&w->verdicts[i], RESULT_FAILURE, status, why);
}

static int run_all(struct work *w) {
  const char *why = unfit(w->job);
  int r = 0;
  while (r == 0 && choose(w)) {
    if (why) refuse(w, why);
    else run(w);
    r = report(w);
  }
  return r;
}

static int run_job(int runner, const char *program, const struct agent_job *job, int fd) {
  size_t total = job->envelope.recipient_count;
  struct work w = {.runner = runner, .program = program, .job = job, .message = outside_message(job, fd)};
  w.done = calloc(total, sizeof *w.done);
  w.chosen = calloc(total, sizeof *w.chosen);
  w.verdicts = calloc(total, sizeof *w.verdicts);
  int r = w.message >= 0 && w.done && w.chosen && w.verdicts ? run_all(&w) : -1;
  if (w.message >= 0 && w.message != fd) close(w.message);
  for (size_t i = 0; w.verdicts && i < total; i++) verdict_free(&w.verdicts[i]);
  free(w.done);
  free(w.chosen);
  free(w.verdicts);
  return r;
}

static int take_job(int runner, const char *program, const struct frame *f) {
  struct agent_job job;
  if (agent_read_job(&job, f->payload, f->fd >= 0) == -1) return errno = EPROTO, -1;
  int r = run_job(runner, program, &job, f->fd);
  envelope_free(&job.envelope);
  return r;
}

enum classic_end classic_serve(int runner, const char *program) {
  struct frame_reader in = {.protocol = &agent_protocol};
  struct frame f;
  enum frame_status s;
  int r = 0;
  while (r == 0 && (s = frame_receive(&in, runner, &f, IO_FOREVER)) == FRAME_READY) {
    if (f.type == AGENT_CLOSE) return frame_reader_free(&in), CLASSIC_DONE;
    r = f.type == AGENT_JOB ? take_job(runner, program, &f) : (errno = EPROTO, -1);
    int saved = errno;
    if (f.fd >= 0) close(f.fd);
    errno = saved;
  }
  bool malformed = r == -1 ? errno == EPROTO : s == FRAME_MALFORMED;
  frame_reader_free(&in);
  return malformed ? CLASSIC_BAD_FRAME : r == 0 && s == FRAME_EOF ? CLASSIC_DONE : CLASSIC_FAILED;
}
