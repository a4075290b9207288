#include "config.h"
#include "remote/talker.h"
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>
#include "lib/address.h"
#include "lib/agent.h"
#include "lib/iofd.h"
#include "remote/net.h"
#include "remote/smtp.h"
#include "remote/tlswish.h"

/* Sessions that one message may wear out before it has to wait: it could be the
 * message that servers stumble over. */
enum { LOST_SESSIONS_MAX = 5 };

struct talker {
  int runner, connector;
  const struct talker_settings *settings;
  struct frame_reader jobs, answers;
  struct frame_writer results;
  struct smtp smtp;
  struct identity identity; /* of the job, and so of the session */
  enum tls_wish wish;       /* of the job */
  enum tls_wish session_wish;
  stralloc host, address, hello, tls, exporter, endpoint; /* of the server */
  bool host_waits;        /* a host could not have the message now, and may later */
  bool was_heard;         /* the runner was told that a server has spoken */
  enum talker_end end;    /* why the talker cannot go on; TALKER_DONE: it can */
};

/* ---- waiting */

/* Until fd can be read.  beside: another descriptor that ends the wait with
 * false when it has one of the events, or its peer is gone.  *in_time: whether
 * one of them did within limit_ms. */
static bool wait_readable_for(int fd, int beside, short events, int limit_ms, bool *in_time) {
  struct pollfd p[] = {{fd, POLLIN, 0}, {beside, events, 0}};
  int n;
  do n = poll(p, 2, limit_ms);
  while (n == -1 && errno == EINTR);
  *in_time = n != 0;
  return n > 0 && p[1].revents == 0;
}

static bool wait_readable(int fd, int beside, short events) {
  bool in_time;
  return wait_readable_for(fd, beside, events, IO_FOREVER, &in_time);
}

/* Look-ups and connecting are silence of the host's as well. */
static bool wait_for_connector(struct talker *t) {
  bool in_time, ready = wait_readable_for(t->connector, t->runner, 0, AGENT_SILENCE_MS, &in_time);
  if (in_time) return ready;
  stream_silence(&t->smtp.stream.silence, true);
  return wait_readable(t->connector, t->runner, 0);
}

/* The runner is told without waiting for it: who waits is it, or a server. */
static void tell(struct talker *t, enum agent_frame what) {
  if (frame_queue(&t->results, &agent_protocol, what, text_of(""), -1) == -1) t->end = TALKER_NO_MEMORY;
  else (void)frame_flush(&t->results, t->runner); /* send_results() sees an error */
}

static void note_silence(void *context, bool silent) {
  struct talker *t = context;
  if (!silent) t->was_heard = true;
  tell(t, silent ? AGENT_SILENT : AGENT_HEARD);
}

/* A greeting that came at once is news only when it is the first. */
static void note_greeting(struct talker *t) {
  stream_silence(&t->smtp.stream.silence, false);
  if (!t->was_heard) note_silence(t, false);
}

/* ---- connecting */

static bool give_up(struct talker *t, enum talker_end end) {
  t->end = end;
  return false;
}

static bool receive_answer(struct talker *t, struct frame *f) {
  for (;;) {
    enum frame_status s = frame_poll(&t->answers, t->connector, f);
    if (s == FRAME_READY) return true;
    if (s != FRAME_AGAIN) return give_up(t, TALKER_NO_CONNECTOR);
    if (!wait_for_connector(t)) return give_up(t, TALKER_NO_RUNNER);
  }
}

static int keep_binding(stralloc *to, struct text t) {
  return text_copy(to, t) == 0 && stralloc_0(to) ? 0 : -1;
}

/* smtp.host and smtp.address view what is kept here. */
static bool note_peer(struct talker *t, const struct net_peer *p) {
  if (text_copy(&t->host, p->host) == -1 || text_copy(&t->address, p->address) == -1 ||
      text_copy(&t->hello, p->hello) == -1 || text_copy(&t->tls, p->tls) == -1)
    return give_up(t, TALKER_NO_MEMORY);
  t->smtp.stage = (enum smtp_stage)p->stage;
  if (keep_binding(&t->exporter, p->exporter) == -1 || keep_binding(&t->endpoint, p->endpoint) == -1)
    return give_up(t, TALKER_NO_MEMORY);
  t->smtp.is_verified = p->verified;
  t->smtp.exporter = t->exporter.s;
  t->smtp.endpoint = t->endpoint.s;
  t->smtp.hello = text_of_stralloc(&t->hello);
  t->smtp.host = text_of_stralloc(&t->host);
  t->smtp.address = text_of_stralloc(&t->address);
  return true;
}

/* What a server has said is worth more than that another cannot be reached. */
static bool take_none(struct talker *t, const struct frame *f) {
  struct net_none n;
  if (net_read_none(&n, f->payload) == -1) return give_up(t, TALKER_NO_CONNECTOR);
  if (n.host_waits) t->host_waits = true;
  if (n.result.text.len && t->smtp.verdict.host.len == 0) {
    verdict_copy(&t->smtp.verdict, &n.result);
    stralloc_zero(&t->tls);
  }
  return false;
}

static bool take_connected(struct talker *t, const struct frame *f) {
  struct net_peer peer;
  if (f->fd >= 0 && net_read_connected(&peer, f->payload) == 0 && note_peer(t, &peer)) return true;
  if (f->fd >= 0) close(f->fd);
  return t->end == TALKER_DONE ? give_up(t, TALKER_NO_CONNECTOR) : false;
}

static int ask(const struct talker *t, enum net_frame question) {
  const struct net_wish wish = {.source = t->identity.source, .helohost = t->identity.helohost,
                               .requiretls = t->wish == WISH_REQUIRED, .tls_optional = t->wish == WISH_OPTIONAL};
  stralloc payload = {0};
  int r = question == NET_CONNECT ? net_put_connect(&payload, &wish) : 0;
  if (r == 0)
    r = frame_send(t->connector, &net_protocol, question,
                   question == NET_CONNECT ? text_of_stralloc(&payload) : text_of(""), -1, IO_FOREVER);
  stralloc_free(&payload);
  return r;
}

/* true: connected, in *fd */
static bool ask_connector(struct talker *t, enum net_frame question, int *fd) {
  struct frame f;
  if (ask(t, question) == -1) return give_up(t, TALKER_NO_CONNECTOR);
  if (!receive_answer(t, &f)) return false;
  *fd = f.fd;
  if (f.type == NET_CONNECTED) return take_connected(t, &f);
  if (f.fd >= 0) close(f.fd);
  return f.type == NET_NONE ? take_none(t, &f) : give_up(t, TALKER_NO_CONNECTOR);
}

/* RFC 8689 4.2.1: who is handed the message has to promise the same of the next hop. */
static bool lacks_requiretls(struct talker *t) {
  if (t->wish != WISH_REQUIRED || t->smtp.offer.requiretls) return false;
  verdict_set(&t->smtp.verdict, RESULT_FAILURE, "5.7.30", "the message requires TLS on all of its way (REQUIRETLS), which the server does not offer");
  verdict_who(&t->smtp.verdict, t->smtp.host, t->smtp.address);
  smtp_quit(&t->smtp);
  return true;
}

/* That servers lack what the message requires is for good only when all were asked. */
static void weigh_failure(struct talker *t) {
  struct verdict *v = &t->smtp.verdict;
  if (t->wish != WISH_REQUIRED || v->class != RESULT_FAILURE || !t->host_waits) return;
  verdict_defer(v, "4.7.10");
  verdict_add(v, "; another server cannot be asked now");
}

/* A session that greets us, at the best server that has one, or with NET_NEXT at
 * the best of those behind the last one.  On false and t->end DONE, smtp.verdict
 * says why there is none. */
static bool connect_session(struct talker *t, enum net_frame question) {
  int fd;
  if (question == NET_CONNECT)
    verdict_set(&t->smtp.verdict, RESULT_DEFERRAL, "4.4.1", "no server could be used");
  while (ask_connector(t, question, &fd)) {
    t->session_wish = t->wish;
    bool greets = smtp_hello(&t->smtp, fd, t->identity.helohost);
    if (greets && !lacks_requiretls(t)) return note_greeting(t), true;
    if (!greets && t->smtp.verdict.class == RESULT_DEFERRAL) t->host_waits = true;
    question = NET_NEXT;
  }
  weigh_failure(t);
  return false;
}

/* ---- results */

struct job_run {
  struct talker *talker;
  const struct agent_job *job;
};

/* A mailbox server's yes is the final delivery (RFC 2033 4.2). */
static enum result_action action_of(const struct talker *t) {
  if (t->settings->is_lmtp) return ACTION_DELIVERED;
  return t->smtp.offer.dsn ? ACTION_HANDED_OVER : ACTION_RELAYED;
}

/* Results are gathered and leave together at the end of the job; those of a
 * mailbox server, who may take its time for each recipient, at once if they can. */
static void queue_result(void *context, size_t n, const struct verdict *v) {
  const struct job_run *run = context;
  struct agent_result r = {run->job->job, run->job->envelope.recipients[n].index,
                           verdict_result(v)};
  r.result.action = action_of(run->talker);
  if (run->talker->tls.len) r.result.tls = text_of_stralloc(&run->talker->tls);
  stralloc payload = {0};
  if (agent_put_result(&payload, &r) == -1 ||
      frame_queue(&run->talker->results, &agent_protocol, AGENT_RESULT, text_of_stralloc(&payload),
                  -1) == -1)
    run->talker->end = TALKER_NO_MEMORY;
  else if (run->talker->settings->is_lmtp)
    (void)frame_flush(&run->talker->results, run->talker->runner); /* send_results() sees an error */
  stralloc_free(&payload);
}

static void send_results(struct talker *t) {
  while (frame_flush(&t->results, t->runner) == 0) {
    if (!frame_pending(&t->results)) return;
    if (io_wait(t->runner, POLLOUT, IO_FOREVER) == -1) break;
  }
  t->end = TALKER_NO_RUNNER;
}

/* ---- what cannot be sent */

/* An address is what its own SMTP form means, and nothing more: no octet of it
 * can reach the server as another argument or command. */
static bool is_sendable(struct text address) {
  stralloc path = {0}, parsed = {0};
  bool ok =
      stralloc_copys(&path, "<") && address_cat(&path, address) == 0 && stralloc_cats(&path, ">");
  struct text rest = text_of_stralloc(&path);
  ok = ok && address_parse_path(&rest, &parsed) == ADDRESS_OK && rest.len == 0 &&
       text_equal(text_of_stralloc(&parsed), address);
  stralloc_free(&path);
  stralloc_free(&parsed);
  return ok;
}

static void fail_all(const struct transaction *x, struct verdict *v, const char *status,
                     const char *text) {
  verdict_set(v, RESULT_FAILURE, status, text);
  smtp_report_rest(x, v);
}

/* Reports at once what no server needs to be asked about. */
static void refuse_unsendable(struct talker *t, const struct transaction *x) {
  struct verdict *v = &t->smtp.verdict;
  const struct envelope *e = x->envelope;
  if (!is_sendable(e->sender))
    fail_all(x, v, "5.1.7", "the sender's address has no form in SMTP");
  for (size_t n = 0; n < e->recipient_count; n++) {
    struct text address = e->recipients[n].address;
    if (x->states[n] == RECIPIENT_REPORTED || (address.len && is_sendable(address))) continue;
    verdict_set(v, RESULT_FAILURE, "5.1.3", "the address has no form in SMTP");
    smtp_report(x, n, v);
  }
}

static bool any_waits(const struct transaction *x) {
  for (size_t n = 0; n < x->envelope->recipient_count; n++)
    if (x->states[n] == RECIPIENT_WAITS) return true;
  return false;
}

/* ---- jobs */

/* A session that has served before may have run out its time or its number of
 * messages: that says nothing about the server, and the message gets a fresh one.
 * A fresh one that is lost, or that says that the server is busy, says that this one
 * cannot have the message now, and the next may (RFC 5321 5.1): nothing has been
 * handed over. */
static void send_message(struct talker *t, const struct transaction *x) {
  enum net_frame question = NET_CONNECT;
  t->host_waits = false;
  for (unsigned lost = 0; lost < LOST_SESSIONS_MAX && any_waits(x);) {
    bool used = t->smtp.open && t->smtp.transactions > 0;
    if (!t->smtp.open && !connect_session(t, question)) break;
    enum smtp_end end = smtp_send(&t->smtp, x);
    if (end == SMTP_DONE) return;
    if (t->smtp.is_our_fault) break;
    if (t->smtp.open) smtp_quit(&t->smtp);
    bool is_server_fault = end == SMTP_LOST && !used;
    question = is_server_fault ? NET_NEXT : NET_CONNECT;
    lost += is_server_fault;
    if (is_server_fault) t->host_waits = true;
  }
  if (t->end == TALKER_DONE) smtp_report_rest(x, &t->smtp.verdict);
}

/* What the message asks for was asked of the session, or less. */
static void take_wish(struct talker *t, const struct transaction *x) {
  t->wish = tlswish_find(x->envelope, &x->body, &t->smtp.space);
  if (t->smtp.open && !tlswish_suits(t->session_wish, t->wish)) smtp_quit(&t->smtp);
}

/* A session belongs to the name and the address that it was begun with. */
static void take_identity(struct talker *t, struct text sender) {
  struct identity i = identity_find(t->settings->identities, sender, t->settings->destination);
  if (t->smtp.open && !identity_equal(&i, &t->identity)) smtp_quit(&t->smtp);
  t->identity = i;
}

static void run_job(struct talker *t, struct agent_job *job, int fd) {
  struct job_run run = {t, job};
  struct transaction x = {
    .envelope = &job->envelope,
    .states = calloc(job->envelope.recipient_count, sizeof *x.states),
    .body = {job->content, fd, job->size, job->envelope.body == BODY_BINARYMIME, NULL},
    .asks_only = t->settings->asks_only,
    .report = queue_result,
    .context = &run,
  };
  if (!x.states) {
    t->end = TALKER_NO_MEMORY;
    return;
  }
  t->smtp.stream.silence.noted = false;
  refuse_unsendable(t, &x);
  take_wish(t, &x);
  take_identity(t, job->envelope.sender);
  send_message(t, &x);
  send_results(t);
  free(x.states);
}

static void take_job(struct talker *t, const struct frame *f) {
  struct agent_job job;
  if (agent_read_job(&job, f->payload, f->fd >= 0) == -1) {
    t->end = TALKER_BAD_FRAME;
    return;
  }
  run_job(t, &job, f->fd);
  envelope_free(&job.envelope);
}

/* false: the runner is done */
static bool take_frame(struct talker *t, const struct frame *f) {
  bool go_on = f->type == AGENT_JOB;
  if (f->type == AGENT_JOB)
    take_job(t, f);
  else if (f->type != AGENT_CLOSE)
    t->end = TALKER_BAD_FRAME;
  if (f->fd >= 0) close(f->fd);
  return go_on && t->end == TALKER_DONE;
}

/* The server has nothing to say between transactions: if it does, it ends the
 * session (421), or has closed it. */
static bool wait_for_job(struct talker *t) {
  int server = t->smtp.open ? t->smtp.stream.fd : -1;
  if (wait_readable(t->runner, server, POLLIN)) return true;
  smtp_close(&t->smtp);
  return server >= 0;
}

static void serve(struct talker *t) {
  struct frame f;
  for (;;) {
    switch (frame_poll(&t->jobs, t->runner, &f)) {
      case FRAME_READY:
        if (!take_frame(t, &f)) return;
        break;
      case FRAME_AGAIN:
        if (!wait_for_job(t)) t->end = TALKER_NO_RUNNER;
        if (t->end != TALKER_DONE) return;
        break;
      case FRAME_EOF: return;
      case FRAME_MALFORMED: t->end = TALKER_BAD_FRAME; return;
      case FRAME_ERROR: t->end = errno == ENOMEM ? TALKER_NO_MEMORY : TALKER_NO_RUNNER; return;
    }
  }
}

static void talker_free(struct talker *t) {
  frame_reader_free(&t->jobs);
  frame_reader_free(&t->answers);
  frame_writer_free(&t->results);
  smtp_free(&t->smtp);
  stralloc_free(&t->host);
  stralloc_free(&t->address);
  stralloc_free(&t->hello);
  stralloc_free(&t->exporter);
  stralloc_free(&t->endpoint);
  stralloc_free(&t->tls);
}

enum talker_end talker_run(int runner, int connector, const struct talker_settings *s) {
  struct talker t = {.runner = runner,
                     .connector = connector,
                     .settings = s,
                     .jobs = {.protocol = &agent_protocol},
                     .answers = {.protocol = &net_protocol}};
  t.smtp.is_lmtp = s->is_lmtp;
  t.smtp.is_qmtp = s->is_qmtp;
  t.smtp.credentials = s->credentials;
  t.smtp.facts = s->facts;
  t.smtp.limits_ms = s->limits_ms;
  t.smtp.stream = (struct stream){.fd = -1, .watched = runner, .silence = {AGENT_SILENCE_MS, note_silence, &t, false}};
  serve(&t);
  if (t.end == TALKER_DONE) smtp_quit(&t.smtp);
  enum talker_end end = t.end;
  talker_free(&t);
  return end;
}
