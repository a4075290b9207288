#include "config.h"
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include "lib/unixsock.h"
#include "lib/verp.h"
#include "queue/runner.h"

enum { WORDS_AT_ONCE = 4 }; /* twice as many as an honest worker can send in AGENT_SILENCE_MS */

static const struct result agent_gone = {
  .class = RESULT_DEFERRAL,
  .status = {"4.3.0", 5},
  .text = {"the delivery program ended without a report", 43},
};
static const struct result agent_overdue = {
  .class = RESULT_DEFERRAL,
  .status = {"4.3.0", 5},
  .text = {"the delivery program took longer than timeoutdelivery", 53},
};
static const struct result not_started = {
  .class = RESULT_DEFERRAL,
  .status = {"4.3.0", 5},
  .text = {"unable to start a delivery program", 34},
};
static const struct result no_body = {
  .class = RESULT_DEFERRAL,
  .status = {"4.3.0", 5},
  .text = {"unable to hand the message to the delivery program", 50},
};

static void report_all(struct runner *r, struct job *j, struct result result) {
  for (size_t i = 0; i < j->count; i++) {
    if (j->recipients[i].reported) continue;
    j->recipients[i].reported = true;
    j->unreported--;
    rounds_result(r, j, i, result);
  }
  jobs_over(r, j);
}

static void report_jobs(struct runner *r, struct worker *w, struct result result) {
  while (w->jobs) {
    struct job *j = w->jobs;
    w->jobs = j->next;
    w->outstanding--;
    report_all(r, j, result);
  }
}

static void end_worker(struct worker *w) {
  frame_reader_free(&w->reader);
  frame_writer_free(&w->writer);
  close(w->sock);
  free(w);
}

static void drop(struct runner *r, struct worker *w, struct result why) {
  dispatch_drop_worker(&r->dispatcher, w);
  report_jobs(r, w, why);
  end_worker(w);
}

void workers_abandon(struct runner *r, struct worker *w) {
  dispatch_drop_worker(&r->dispatcher, w);
  while (w->jobs) {
    struct job *j = w->jobs;
    w->jobs = j->next;
    job_free(j);
  }
  end_worker(w);
}

/* ---- starting */

/* Takes one job away, so that a spawner which cannot start anything does not
 * make the runner try for ever. */
static void fail_first_job(struct runner *r, struct destination *to) {
  struct job *j = dispatch_unqueue(to);
  if (j) report_all(r, j, not_started);
}

static struct agent_worker worker_for(const struct destination *to) {
  struct agent_worker w = {.channel = to->channel, .protocol = to->protocol};
  struct text host = text_of_stralloc(&to->host);
  if (to->channel == CHANNEL_LOCAL) w.address = host;
  else if (to->port == PORT_NONE) w.socket_path = host;
  else {
    w.host = host;
    w.port = to->port;
    w.use_mx = to->use_mx;
  }
  return w;
}

static int ask_spawner(struct spawner *s, const struct destination *to, int sock) {
  struct agent_worker wanted = worker_for(to);
  stralloc payload = {0};
  int result = agent_put_worker(&payload, &wanted);
  if (result == 0)
    result = frame_queue(&s->writer, &agent_protocol, AGENT_WORKER, text_of_stralloc(&payload), sock);
  stralloc_free(&payload);
  if (result == 0) (void)frame_flush(&s->writer, s->sock);
  return result;
}

void workers_start(struct runner *r, struct destination *to) {
  int pair[2];
  struct worker *w = calloc(1, sizeof *w);
  if (!w || unixsock_pair(pair) == -1) {
    free(w);
    fail_first_job(r, to);
    return;
  }
  if (ask_spawner(&r->spawners[to->channel], to, pair[1]) == -1) {
    close(pair[0]);
    close(pair[1]);
    free(w);
    fail_first_job(r, to);
    return;
  }
  w->sock = pair[0];
  w->reader.protocol = &agent_protocol;
  w->started_us = w->idle_since_us = clock_boot_us(r->clock);
  dispatch_add_worker(&r->dispatcher, w, to);
}

/* ---- sending */

/* Other hosts know no "#@[]": to them a double bounce comes from nobody, like
 * any bounce.  What a mailbox here sends on comes from its domain, where that is
 * wanted; to a mailbox server of ours from who wrote it.  *own is for a sender
 * that is not the envelope's. */
static int choose_sender(struct text *out, stralloc *own, const struct runner *r, const struct job *j) {
  const struct envelope *e = &j->active->message.file.envelope;
  const struct destination *to = j->destination;
  int other;
  *out = e->sender;
  if (to->channel == CHANNEL_REMOTE && text_equals(e->sender, "#@[]")) *out = text_of("");
  if (verp_is_wanted(e->sender))
    other = verp_cat(own, e->sender, e->recipients[j->recipients[0].place].address) == 0 ? 1 : -1;
  else if (to->channel == CHANNEL_REMOTE && to->protocol == PROTOCOL_SMTP)
    other = srsrules_sign(&r->settings.srs, &r->settings.routes, e->forwarder, e->sender, clock_wall_us(r->clock), own);
  else return 0;
  if (other == 1) *out = text_of_stralloc(own);
  return other == -1 ? -1 : 0;
}

static int copy_recipients(struct envelope *to, const struct job *j) {
  const struct envelope *from = &j->active->message.file.envelope;
  for (size_t i = 0; i < j->count; i++) {
    struct envelope_recipient *r = envelope_add(to);
    if (!r) return -1;
    *r = from->recipients[j->recipients[i].place];
    r->unknown = TEXT_ABSENT;
    r->address = text_of_stralloc(&j->recipients[i].address);
    r->index = i;
  }
  return 0;
}

/* A small body travels in the job; a large one as a copy without the envelope,
 * which names every recipient. */
static int give_body(const struct active *a, struct agent_job *job, int *fd) {
  *fd = -1;
  job->size = a->message.file.body_octets;
  if (a->body_copy == -1) {
    job->content = text_of_stralloc(&a->content);
    return 0;
  }
  *fd = store_reopen(a->body_copy);
  return *fd == -1 ? -1 : 0;
}

static int queue_job(const struct runner *r, struct worker *w, struct job *j) {
  struct agent_job job = {.job = j->number, .message = text_of(j->active->message.id.s)};
  stralloc payload = {0}, own = {0};
  int fd = -1;
  const struct envelope *whole = &j->active->message.file.envelope;
  envelope_copy_terms(&job.envelope, whole);
  job.envelope.kind = whole->kind;
  job.envelope.arrival_us = whole->arrival_us;
  int result = choose_sender(&job.envelope.sender, &own, r, j);
  if (result == 0) result = copy_recipients(&job.envelope, j);
  if (result == 0) result = give_body(j->active, &job, &fd);
  if (result == 0) result = agent_put_job(&payload, &job);
  if (result == 0)
    result = frame_queue(&w->writer, &agent_protocol, AGENT_JOB, text_of_stralloc(&payload), fd);
  if (result == -1 && fd >= 0) close(fd);
  envelope_free(&job.envelope);
  stralloc_free(&own);
  stralloc_free(&payload);
  return result;
}

static void set_deadline(const struct runner *r, struct worker *w) {
  w->deadline_us = clock_boot_us(r->clock) + r->settings.timeoutdelivery_s * 1000000u;
}

void workers_send(struct runner *r, struct worker *w, struct job *j) {
  j->number = w->next_number++ & UINT32_MAX;
  j->delivery = r->deliveries;
  j->sent_us = clock_boot_us(r->clock);
  r->deliveries += j->count;
  j->next = w->jobs;
  w->jobs = j;
  w->outstanding++;
  w->idle_since_us = 0;
  set_deadline(r, w);
  report_start(r, j);
  if (queue_job(r, w, j) == -1) {
    w->jobs = j->next;
    w->outstanding--;
    report_all(r, j, no_body);
    return;
  }
  /* when the worker is gone its end of file tells */
  (void)frame_flush(&w->writer, w->sock);
}

void workers_close(struct runner *r, struct worker *w) {
  dispatch_close_worker(&r->dispatcher, w);
  set_deadline(r, w);
  (void)frame_queue(&w->writer, &agent_protocol, AGENT_CLOSE, text_of(""), -1);
  (void)frame_flush(&w->writer, w->sock);
}

/* ---- receiving */

static struct job **find_job(struct worker *w, uint64_t number) {
  for (struct job **link = &w->jobs; *link; link = &(*link)->next)
    if ((*link)->number == number) return link;
  return NULL;
}

/* False: the worker says something that it cannot say. */
static bool take_result(struct runner *r, struct worker *w, struct text payload) {
  struct agent_result got;
  if (agent_read_result(&got, payload) == -1) return false;
  struct job **link = find_job(w, got.job);
  if (!link || got.index >= (*link)->count || (*link)->recipients[got.index].reported) return false;
  struct job *j = *link;
  j->recipients[got.index].reported = true;
  j->unreported--;
  if (j->unreported == 0) {
    *link = j->next;
    w->outstanding--;
    dispatch_silent(&r->dispatcher, w, false);
    if (!w->outstanding) w->idle_since_us = clock_boot_us(r->clock);
  }
  rounds_result(r, j, got.index, got.result);
  if (j->unreported == 0) jobs_over(r, j);
  return true;
}

/* What a refusal says holds for every job that would come to this worker. */
static bool take_refusal(struct runner *r, struct worker *w, struct text payload) {
  struct result refusal;
  if (agent_read_refuse(&refusal, payload) == -1) return false;
  dispatch_close_worker(&r->dispatcher, w);
  report_jobs(r, w, refusal);
  return true;
}

/* A silence takes its time: who has said more than there was time for keeps the
 * runner from its work.  What was said in time may be read late, and together. */
static bool had_time_to_say(const struct runner *r, struct worker *w) {
  uint64_t lasts_us = clock_boot_us(r->clock) - w->started_us;
  return w->words++ < WORDS_AT_ONCE * (1 + lasts_us / (AGENT_SILENCE_MS * UINT64_C(1000)));
}

/* A word behind the last result of a job says nothing of the next one. */
static bool take_word(struct runner *r, struct worker *w, bool silent) {
  if (w->destination->channel != CHANNEL_REMOTE || !had_time_to_say(r, w)) return false;
  if (w->outstanding) dispatch_silent(&r->dispatcher, w, silent);
  if (!silent) lane_hear(&r->lanes, w->destination->lane, clock_boot_us(r->clock));
  return true;
}

static bool take_frame(struct runner *r, struct worker *w, const struct frame *f) {
  if (f->fd >= 0) close(f->fd);
  if (f->fd >= 0) return false;
  if (f->type == AGENT_RESULT) return take_result(r, w, f->payload);
  if (f->type == AGENT_REFUSE) return take_refusal(r, w, f->payload);
  if (f->type == AGENT_SILENT || f->type == AGENT_HEARD) return take_word(r, w, f->type == AGENT_SILENT);
  return false;
}

static void complain(struct runner *r) {
  log_s(r->log, "alarm: a delivery program sent a malformed report");
  log_end(r->log);
}

/* False: the worker is done with.  Results are no more than the jobs have
 * recipients, and a refusal is the last word: whoever goes on talking must not
 * keep the runner here. */
static bool take_frames(struct runner *r, struct worker *w) {
  struct frame f;
  enum frame_status s;
  while ((s = frame_poll(&w->reader, w->sock, &f)) == FRAME_READY) {
    bool valid = take_frame(r, w, &f);
    if (!valid) complain(r);
    if (!valid || f.type == AGENT_REFUSE) return false;
  }
  return s == FRAME_AGAIN;
}

void workers_event(struct runner *r, struct worker *w, short events) {
  if (events & POLLOUT) (void)frame_flush(&w->writer, w->sock);
  if (events & (POLLIN | POLLHUP | POLLERR) && !take_frames(r, w)) drop(r, w, agent_gone);
}

/* ---- time */

static bool is_overdue(const struct worker *w, uint64_t now_us) {
  return w->deadline_us && (w->outstanding || w->closing) && now_us >= w->deadline_us;
}

/* When an idle worker is closed: at once when nothing more will be sent. */
static uint64_t closing_time(const struct runner *r, const struct worker *w) {
  if (r->exiting) return 0;
  if (w->destination->queued) return UINT64_MAX;
  return w->idle_since_us + r->settings.timeoutidle_s * 1000000u;
}

static uint64_t time_of(struct runner *r, struct worker *w, uint64_t now_us) {
  if (!w->outstanding && !w->closing) {
    uint64_t at = closing_time(r, w);
    if (now_us < at) return at;
    workers_close(r, w);
  }
  return w->deadline_us;
}

uint64_t workers_time(struct runner *r, uint64_t now_us) {
  uint64_t next = UINT64_MAX;
  for (struct worker *w = r->dispatcher.workers, *following; w; w = following) {
    following = w->next;
    if (is_overdue(w, now_us)) {
      drop(r, w, agent_overdue);
      next = 0; /* its place is free */
      continue;
    }
    uint64_t at = time_of(r, w, now_us);
    if (at < next) next = at;
  }
  return next;
}
