#include "config.h"
#include "remote/verify/ask.h"
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>
#include "lib/clock.h"
#include "lib/queueid.h"
#include "lib/unixsock.h"

/* Of one question: four times as many as there is time for. */
enum { WORDS_MAX = 4 * 2 * ASK_LIMIT_S * 1000 / AGENT_SILENCE_MS };

static uint64_t now_us(void) { return clock_boot_us(&clock_system); }

void ask_open(struct ask *a) {
  for (size_t i = 0; i < ASK_AGENTS_MAX; i++) a->agents[i].fd = -1;
}

int ask_host(stralloc *out, const struct route *r) {
  const char *way = r->protocol == PROTOCOL_LMTP ? "lmtp " : r->protocol == PROTOCOL_QMTP ? "qmtp " : r->use_mx ? "mx " : "relay ";
  stralloc_zero(out);
  if (!stralloc_cats(out, way) || !stralloc_cat(out, &r->host) || !stralloc_cats(out, " ")) return -1;
  return text_cat_uint(out, r->port);
}

struct question *ask_find(struct ask *a, struct text address) {
  for (size_t i = 0; i < ASK_QUESTIONS_MAX; i++)
    if (a->questions[i].open && !a->questions[i].ends &&
        text_equal_nocase(text_of_stralloc(&a->questions[i].route.address), address))
      return &a->questions[i];
  return NULL;
}

static bool copy_route(struct route *to, const struct route *from) {
  to->channel = from->channel;
  to->protocol = from->protocol;
  to->port = from->port;
  to->use_mx = from->use_mx;
  return stralloc_copy(&to->address, &from->address) && stralloc_copy(&to->host, &from->host);
}

struct question *ask_begin(struct ask *a, const struct route *r) {
  struct question *q = NULL;
  for (size_t i = 0; i < ASK_QUESTIONS_MAX && !q; i++)
    if (!a->questions[i].open) q = &a->questions[i];
  if (!q || !copy_route(&q->route, r) || ask_host(&q->host, r) == -1) return NULL;
  q->open = true;
  q->agent = NULL;
  q->number = ++a->last_number;
  q->until_us = now_us() + ASK_LIMIT_S * 1000000ull;
  return q;
}

static void close_question(struct ask *a, struct question *q, const struct verdict *v) {
  q->ends = true;
  a->answered(a->context, q, v);
  q->open = q->ends = false;
  q->agent = NULL;
}

static void defer(struct ask *a, struct question *q, const char *status, const char *why) {
  struct verdict v = {.class = RESULT_NONE};
  verdict_set(&v, RESULT_DEFERRAL, status, why);
  close_question(a, q, &v);
  verdict_free(&v);
}

/* ---- agents */

static void drop_agent(struct ask_agent *g) {
  close(g->fd);
  frame_reader_free(&g->in);
  g->fd = -1;
  g->question = NULL;
}

/* It says QUIT to its server, if nothing is under way. */
static void dismiss(struct ask_agent *g) {
  (void)frame_send(g->fd, &agent_protocol, AGENT_CLOSE, text_of(""), -1, 0);
  drop_agent(g);
}

static struct agent_worker worker_of(const struct route *r) {
  struct agent_worker w = {.channel = CHANNEL_REMOTE, .protocol = r->protocol, .use_mx = r->use_mx};
  struct text host = text_of_stralloc(&r->host);
  w.port = r->port;
  if (r->port == PORT_NONE) w.socket_path = host;
  else w.host = host;
  return w;
}

static int start_agent(const struct ask *a, struct ask_agent *g, const struct question *q) {
  const struct agent_worker w = worker_of(&q->route);
  int pair[2];
  if (!stralloc_copy(&g->host, &q->host) || unixsock_pair(pair) == -1) return -1;
  pid_t pid = fork();
  if (pid == 0) {
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    launch_exec(a->launch, &w, pair[1], true);
    _exit(111);
  }
  close(pair[1]);
  if (pid == -1) return close(pair[0]), -1;
  g->fd = pair[0];
  g->in = (struct frame_reader){.protocol = &agent_protocol, .no_descriptors = true};
  return 0;
}

static int send_job(const struct ask *a, struct ask_agent *g, struct question *q) {
  struct queueid id;
  stralloc payload = {0};
  struct envelope_recipient to = {.address = text_of_stralloc(&q->route.address)};
  if (queueid_make(&id, clock_wall_us(&clock_system)) == -1) return -1;
  struct agent_job job = {.message = text_of(id.s), .content = text_of("")};
  job.envelope.sender = text_of_stralloc(a->sender);
  job.envelope.recipients = &to;
  job.envelope.recipient_count = 1;
  int r = agent_put_job(&payload, &job);
  /* the socket is empty: it holds a job without a message at once */
  if (r == 0) r = frame_send(g->fd, &agent_protocol, AGENT_JOB, text_of_stralloc(&payload), -1, 0);
  stralloc_free(&payload);
  if (r == -1) return -1;
  g->question = q;
  g->words = 0;
  q->agent = g;
  return 0;
}

static void set_idle(struct ask_agent *g) {
  g->question = NULL;
  g->idle_until_us = now_us() + ASK_IDLE_S * 1000000ull;
}

static void take_verdict(struct ask *a, struct ask_agent *g, const struct result *r) {
  struct question *q = g->question;
  struct verdict v = {.class = RESULT_NONE};
  verdict_copy(&v, r);
  set_idle(g);
  close_question(a, q, &v);
  verdict_free(&v);
}

static void lose_agent(struct ask *a, struct ask_agent *g) {
  struct question *q = g->question;
  drop_agent(g);
  if (q) defer(a, q, "4.3.0", "the process that asks the next host ended early");
}

static bool take_frame(struct ask *a, struct ask_agent *g, const struct frame *f) {
  struct agent_result said;
  struct result refusal;
  if (f->type == AGENT_SILENT || f->type == AGENT_HEARD) return ++g->words <= WORDS_MAX;
  if (!g->question) return false;
  if (f->type == AGENT_RESULT && agent_read_result(&said, f->payload) == 0)
    return take_verdict(a, g, &said.result), true;
  if (f->type != AGENT_REFUSE || agent_read_refuse(&refusal, f->payload) == -1) return false;
  return take_verdict(a, g, &refusal), true;
}

static void read_agent(struct ask *a, struct ask_agent *g) {
  struct frame f;
  enum frame_status s;
  while ((s = frame_poll(&g->in, g->fd, &f)) == FRAME_READY)
    if (!take_frame(a, g, &f)) break;
  if (s != FRAME_AGAIN) lose_agent(a, g);
}

/* ---- who asks next */

static bool is_at(const struct ask_agent *g, const struct question *q) {
  return text_equal_nocase(text_of_stralloc(&g->host), text_of_stralloc(&q->host));
}

/* An idle agent of that host, else a free place for one, else that of an idle
 * one of another host; NULL: the question has to wait. */
static struct ask_agent *choose_agent(struct ask *a, const struct question *q) {
  struct ask_agent *empty = NULL, *idle = NULL;
  unsigned busy = 0;
  for (size_t i = 0; i < ASK_AGENTS_MAX; i++) {
    struct ask_agent *g = &a->agents[i];
    if (g->fd == -1) empty = g;
    else if (g->question) busy += is_at(g, q);
    else if (is_at(g, q)) return g;
    else idle = g;
  }
  if (busy >= ASK_AGENTS_PER_HOST) return NULL;
  if (!empty && idle) dismiss(idle);
  return empty ? empty : idle;
}

static struct question *next_waiting(struct ask *a, uint64_t behind) {
  struct question *next = NULL;
  for (size_t i = 0; i < ASK_QUESTIONS_MAX; i++) {
    struct question *q = &a->questions[i];
    if (q->open && !q->agent && q->number > behind && (!next || q->number < next->number)) next = q;
  }
  return next;
}

/* One that has ended while it was idle is replaced. */
static void begin(struct ask *a, struct question *q) {
  struct ask_agent *g = choose_agent(a, q);
  if (!g) return;
  if (g->fd >= 0 && send_job(a, g, q) == 0) return;
  if (g->fd >= 0) drop_agent(g);
  if (start_agent(a, g, q) == -1 || send_job(a, g, q) == -1) {
    if (g->fd >= 0) drop_agent(g);
    defer(a, q, "4.3.0", "unable to start the process that asks the next host");
  }
}

static void begin_waiting(struct ask *a) {
  struct question *q;
  for (uint64_t last = 0; (q = next_waiting(a, last));) {
    last = q->number;
    begin(a, q);
  }
}

static void expire(struct ask *a) {
  uint64_t now = now_us();
  for (size_t i = 0; i < ASK_QUESTIONS_MAX; i++) {
    struct question *q = &a->questions[i];
    if (!q->open || q->until_us > now) continue;
    if (q->agent) drop_agent(q->agent);
    /* who waited for a process has not been asked */
    defer(a, q, q->agent ? "4.4.1" : "4.3.0", "the next host has not answered in time");
  }
  for (size_t i = 0; i < ASK_AGENTS_MAX; i++) {
    struct ask_agent *g = &a->agents[i];
    if (g->fd >= 0 && !g->question && g->idle_until_us <= now) dismiss(g);
  }
}

void ask_prepare(const struct ask *a, struct pollfd *p) {
  for (size_t i = 0; i < ASK_AGENTS_MAX; i++) p[i] = (struct pollfd){a->agents[i].fd, POLLIN, 0};
}

void ask_handle(struct ask *a, const struct pollfd *p) {
  for (size_t i = 0; i < ASK_AGENTS_MAX; i++)
    if (p[i].revents && a->agents[i].fd == p[i].fd) read_agent(a, &a->agents[i]);
  expire(a);
  begin_waiting(a);
}

uint64_t ask_due_us(const struct ask *a) {
  uint64_t first = UINT64_MAX;
  for (size_t i = 0; i < ASK_QUESTIONS_MAX; i++)
    if (a->questions[i].open && a->questions[i].until_us < first) first = a->questions[i].until_us;
  for (size_t i = 0; i < ASK_AGENTS_MAX; i++) {
    const struct ask_agent *g = &a->agents[i];
    if (g->fd >= 0 && !g->question && g->idle_until_us < first) first = g->idle_until_us;
  }
  return first;
}
