#include "config.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "queue/simulate/simulation.h"

/* An agent connects when it has its first job, and does one after the other. */

enum { SEND_MS = 1000 };

struct task {
  struct task *next;
  uint64_t job, arrival_us, kind;
  size_t recipients;
  struct figures *sender;
};

enum role_state { ROLE_IDLE, ROLE_CONNECTING, ROLE_DELIVERING };

struct role {
  struct played_agent *agent; /* NULL: it has hung up, but is on the agenda */
  struct figures *figures;
  enum role_state state;
  enum host_answer answer; /* to what it does now */
  bool connected, probes;
  struct task *first, *last;
};

static struct host *host_of(const struct role *r) { return r->figures->host; }

/* ---- how a destination behaves now */

/* How many octets fit; 0: not at all.  A star is for all others of the channel. */
static size_t fit(struct text pattern, struct text name, enum route_channel channel) {
  if (text_equal_nocase(pattern, name)) return SIZE_MAX;
  if (text_equals(pattern, channel == CHANNEL_LOCAL ? "local/*" : "*")) return 1;
  if (channel == CHANNEL_LOCAL || pattern.len < 2 || pattern.s[0] != '.' || pattern.len >= name.len) return 0;
  struct text end = {name.s + name.len - pattern.len, pattern.len};
  return text_equal_nocase(pattern, end) ? pattern.len : 0;
}

static const struct model *model_for(const struct simulation *s, struct text name, enum route_channel channel) {
  const struct model *model = &s->default_models[channel];
  size_t best = 1;
  for (size_t i = 0; i < s->changes; i++) {
    const struct change *o = &s->scenario->changes[i];
    size_t fits = o->kind == CHANGE_DESTINATION ? fit(o->name, name, channel) : 0;
    if (fits < best) continue;
    best = fits;
    model = &o->model;
  }
  return model;
}

static int refresh_host(const struct simulation *s, struct role *r) {
  struct host *h = host_of(r);
  if (h && h->changes == s->changes) return 0;
  if (!h && !(h = r->figures->host = calloc(1, sizeof *h))) return -1;
  h->changes = s->changes;
  h->model = model_for(s, text_of_stralloc(&r->figures->name), r->agent->channel);
  return 0;
}

/* ---- what is counted */

static void count_up(uint64_t *all, uint64_t *now, uint64_t *most) {
  ++*all;
  if (++*now > *most) *most = *now;
}

static void count_begin(struct simulation *s, struct role *r) {
  struct figures *f = r->figures;
  const struct lane *l = lanes_named(&s->runner.lanes, text_of_stralloc(&f->name), false);
  r->probes = l && l->window.down;
  count_up(&f->connections, &f->connections_now, &f->connections_most);
  if (r->probes) count_up(&f->probes, &f->probes_now, &f->probes_most);
}

static void count_end(struct role *r) {
  r->figures->connections_now--;
  if (r->probes) r->figures->probes_now--;
}

static int count_one(struct simulation *s, struct figures *f, const struct task *t, uint64_t class) {
  f->attempts++;
  if (class == RESULT_DEFERRAL) f->deferrals++;
  else if (t->kind != KIND_MAIL) f->sent++; /* nobody knew before that it comes */
  if (class != RESULT_SUCCESS) return 0;
  f->delivered++;
  return figures_delay(f, s->wall_us - t->arrival_us);
}

static int count_result(struct simulation *s, struct role *r, const struct task *t, uint64_t class) {
  return count_one(s, r->figures, t, class) == 0 && count_one(s, t->sender, t, class) == 0 ? 0 : -1;
}

static void deferred(struct simulation *s, struct role *r, struct task *t) {
  for (size_t i = 0; i < t->recipients; i++) (void)count_result(s, r, t, RESULT_DEFERRAL);
  free(t);
}

/* ---- jobs */

static void leave(struct role *r) {
  if (r->connected || (r->state == ROLE_CONNECTING && r->answer == HOST_TAKES)) host_of(r)->open--;
  count_end(r);
}

static void role_end(void *context, struct played_agent *a) {
  struct simulation *s = context;
  struct role *r = a->role;
  if (!r) return;
  while (r->first) {
    struct task *t = r->first;
    r->first = t->next;
    deferred(s, r, t);
  }
  leave(r);
  r->agent = NULL;
  if (r->state == ROLE_IDLE) free(r);
}

/* After this there is no agent, and the role is the agenda's no more. */
static void refuse(struct simulation *s, struct role *r) {
  struct result refusal = host_refusal(r->answer, r->connected);
  (void)agent_send_refuse(r->agent->sock, &refusal, SEND_MS);
  r->state = ROLE_IDLE;
  played_end(&s->played, r->agent);
}

static int go_on(struct simulation *s, struct role *r) {
  uint64_t takes_us = 0;
  if (!r->first) return r->state = ROLE_IDLE, 0;
  if (refresh_host(s, r) == -1) return -1;
  r->state = r->connected ? ROLE_DELIVERING : ROLE_CONNECTING;
  r->answer = r->connected ? host_begin(host_of(r), &s->chance, simulation_now_us(s), &takes_us)
                           : host_connect(host_of(r), &s->chance, simulation_now_us(s), &takes_us);
  return agenda_add(&s->agenda, s->boot_us + takes_us, r);
}

/* In one write: none of them waits for the runner, who sleeps. */
static int send_results(struct simulation *s, struct role *r, const struct task *t) {
  struct frame_writer writer = {0};
  stralloc payload = {0};
  int done = 0;
  for (size_t i = 0; done == 0 && i < t->recipients; i++) {
    struct agent_result result = {.job = t->job, .index = i, .result = host_result(host_of(r), &s->chance)};
    stralloc_zero(&payload);
    done = count_result(s, r, t, result.result.class);
    if (done == 0) done = agent_put_result(&payload, &result);
    if (done == 0) done = frame_queue(&writer, &agent_protocol, AGENT_RESULT, text_of_stralloc(&payload), -1);
  }
  if (done == 0) done = frame_flush(&writer, r->agent->sock);
  if (done == 0 && frame_pending(&writer)) done = -1, errno = ENOBUFS;
  stralloc_free(&payload);
  frame_writer_free(&writer);
  return done;
}

static int deliver(struct simulation *s, struct role *r) {
  struct task *t = r->first;
  r->first = t->next;
  int done = send_results(s, r, t);
  free(t);
  return done == 0 ? go_on(s, r) : -1;
}

/* Its host has greeted. */
static int connect_role(struct simulation *s, struct role *r) {
  bool is_remote = r->agent->channel == CHANNEL_REMOTE;
  r->connected = true;
  if (is_remote && frame_send(r->agent->sock, &agent_protocol, AGENT_HEARD, text_of(""), -1, SEND_MS) == -1) return -1;
  return go_on(s, r);
}

static int act(struct simulation *s, struct role *r) {
  if (!r->agent) return free(r), 0;
  if (r->answer == HOST_TAKES && r->state == ROLE_DELIVERING && host_is_down(host_of(r), simulation_now_us(s)))
    r->answer = HOST_DOWN;
  if (r->answer != HOST_TAKES) return refuse(s, r), 0;
  return r->state == ROLE_DELIVERING ? deliver(s, r) : connect_role(s, r);
}

int roles_due(struct simulation *s) {
  struct role *r;
  while ((r = agenda_take(&s->agenda, s->boot_us)))
    if (act(s, r) == -1) return simulation_fail(s, "an agent", strerror(errno));
  return 0;
}

/* ---- what the runner asks for */

static struct figures *figures_of(struct simulation *s, const struct agent_worker *w) {
  struct route *route = &s->route;
  struct text host = w->socket_path.len ? w->socket_path : w->host;
  route->channel = (enum route_channel)w->channel;
  route->protocol = (enum route_protocol)w->protocol;
  route->port = w->port;
  route->use_mx = w->use_mx;
  stralloc_zero(&route->address);
  stralloc_zero(&route->host);
  stralloc_zero(&s->name);
  if (text_cat(&route->address, w->address) == -1 || text_cat(&route->host, host) == -1 ||
      lane_cat_name(&s->name, route) == -1)
    return NULL;
  return figures_named(&s->destinations, text_of_stralloc(&s->name), true);
}

static int role_begin(void *context, struct played_agent *a, const struct agent_worker *w) {
  struct simulation *s = context;
  struct role *r = calloc(1, sizeof *r);
  if (!r) return -1;
  r->agent = a;
  r->figures = figures_of(s, w);
  if (!r->figures) return free(r), -1;
  a->role = r;
  count_begin(s, r);
  return 0;
}

static bool role_job(void *context, struct played_agent *a, const struct agent_job *j, int fd) {
  struct simulation *s = context;
  struct role *r = a->role;
  struct task *t = calloc(1, sizeof *t);
  (void)fd;
  if (!t) return false;
  *t = (struct task){.job = j->job,
                     .arrival_us = j->envelope.arrival_us,
                     .kind = j->envelope.kind,
                     .recipients = j->envelope.recipient_count,
                     .sender = figures_named(&s->senders, j->envelope.sender, false)};
  if (!t->sender) return free(t), false;
  if (r->first) r->last->next = t;
  else r->first = t;
  r->last = t;
  return r->state != ROLE_IDLE || go_on(s, r) == 0;
}

const struct player roles_player = {.job = role_job, .begin = role_begin, .end = role_end};

void roles_leave(struct simulation *s) {
  while (s->played.agent_count) played_end(&s->played, s->played.agents[0]);
}

void roles_free(struct simulation *s) {
  while (s->agenda.count) free(agenda_take(&s->agenda, UINT64_MAX));
  agenda_free(&s->agenda);
}
