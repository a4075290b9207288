#include "config.h"
#include "queue/played.h"
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>
#include "lib/unixsock.h"

enum { EVENTS = 1024, ROUNDS_MAX = 1000000, STILL_MAX = 1000, PARKED_IN_A_ROUND = 16 };

/* ---- who has something to read */

static int watch(const struct played *p, int sock) {
  struct epoll_event e = {.events = EPOLLIN, .data.fd = sock};
  return epoll_ctl(p->ready, EPOLL_CTL_ADD, sock, &e);
}

/* New workers are the first ones of the list; who has gone has taken himself
 * off the watch. */
static int watch_workers(const struct played *p, const struct runner *r) {
  for (const struct worker *w = r->dispatcher.workers; w; w = w->next)
    if (watch(p, w->sock) == -1) return errno == EEXIST ? 0 : -1;
  return 0;
}

/* ---- agents */

static bool make_room(struct played *p, size_t sock) {
  if (p->agent_count == p->agent_space) {
    size_t space = p->agent_space ? p->agent_space * 2 : 64;
    struct played_agent **grown = reallocarray(p->agents, space, sizeof *grown);
    if (!grown) return false;
    p->agents = grown;
    p->agent_space = space;
  }
  if (sock < p->by_sock_space) return true;
  size_t space = 2 * sock + 1;
  struct played_agent **grown = reallocarray(p->by_sock, space, sizeof *grown);
  if (!grown) return false;
  memset(grown + p->by_sock_space, 0, (space - p->by_sock_space) * sizeof *grown);
  p->by_sock = grown;
  p->by_sock_space = space;
  return true;
}

static struct played_agent *add_agent(struct played *p, enum route_channel channel, int sock) {
  struct played_agent *a = make_room(p, (size_t)sock) ? calloc(1, sizeof *a) : NULL;
  if (!a || watch(p, sock) == -1) return free(a), NULL;
  *a = (struct played_agent){
    .sock = sock, .channel = channel, .reader = {.protocol = &agent_protocol}, .place = p->agent_count};
  p->agents[p->agent_count++] = a;
  p->by_sock[sock] = a;
  if (++p->agents_now[channel] > p->agents_most[channel]) p->agents_most[channel] = p->agents_now[channel];
  return a;
}

static void remove_agent(struct played *p, struct played_agent *a) {
  struct played_agent *last = p->agents[--p->agent_count];
  p->agents[a->place] = last;
  last->place = a->place;
  p->by_sock[a->sock] = NULL;
  p->agents_now[a->channel]--;
  close(a->sock);
  frame_reader_free(&a->reader);
  free(a);
}

void played_end(struct played *p, struct played_agent *a) {
  if (p->player.end) p->player.end(p->player.context, a);
  remove_agent(p, a);
}

/* False: the agent is done with. */
static bool take_frame(struct played *p, struct played_agent *a, const struct frame *f) {
  struct agent_job j;
  if (f->type != AGENT_JOB || agent_read_job(&j, f->payload, f->fd >= 0) == -1) return false;
  bool lives = p->player.job(p->player.context, a, &j, f->fd);
  envelope_free(&j.envelope);
  return lives;
}

static void run_agent(struct played *p, struct played_agent *a) {
  struct frame f;
  enum frame_status s;
  bool lives = true;
  while (lives && (s = frame_poll(&a->reader, a->sock, &f)) != FRAME_AGAIN) {
    lives = s == FRAME_READY && take_frame(p, a, &f);
    if (s == FRAME_READY && f.fd >= 0) close(f.fd);
  }
  if (!lives) played_end(p, a);
}

/* ---- spawners */

static int begin_agent(struct played *p, enum route_channel channel, const struct frame *f) {
  struct agent_worker w;
  if (f->type != AGENT_WORKER || f->fd == -1 || agent_read_worker(&w, f->payload) == -1 || w.channel != channel)
    return errno = EPROTO, -1;
  struct played_agent *a = add_agent(p, channel, f->fd);
  if (!a) return -1;
  return p->player.begin ? p->player.begin(p->player.context, a, &w) : 0;
}

static int run_spawner(struct played *p, struct runner *r, enum route_channel channel) {
  struct frame f;
  if (watch_workers(p, r) == -1) return -1;
  while (frame_poll(&p->readers[channel], p->spawners[channel], &f) == FRAME_READY)
    if (begin_agent(p, channel, &f) == -1) return -1;
  return 0;
}

/* ---- workers, the runner's view of agents */

static void run_worker(struct runner *r, int sock) {
  for (struct worker *w = r->dispatcher.workers; w; w = w->next)
    if (w->sock == sock) {
      workers_event(r, w, POLLIN);
      return;
    }
}

/* What did not go at once goes now that its reader has read. */
static bool flush_writers(struct runner *r) {
  bool moved = false;
  for (int channel = 0; channel < 2; channel++) {
    struct spawner *s = &r->spawners[channel];
    if (!frame_pending(&s->writer)) continue;
    size_t sent = s->writer.sent;
    if (frame_flush(&s->writer, s->sock) == 0 && s->writer.sent != sent) moved = true;
  }
  for (struct worker *w = r->dispatcher.workers; w; w = w->next) {
    if (!frame_pending(&w->writer)) continue;
    size_t sent = w->writer.sent;
    workers_event(r, w, POLLOUT);
    if (w->writer.sent != sent) moved = true;
  }
  return moved;
}

/* ---- everything that can be done now */

enum socket_kind { OF_AGENT, OF_SPAWNER, OF_WORKER, SOCKET_KINDS };

static struct played_agent *agent_at(const struct played *p, int sock) {
  return (size_t)sock < p->by_sock_space ? p->by_sock[sock] : NULL;
}

static enum socket_kind kind_of(const struct played *p, int sock) {
  if (agent_at(p, sock)) return OF_AGENT;
  return sock == p->spawners[0] || sock == p->spawners[1] ? OF_SPAWNER : OF_WORKER;
}

static int run_socket(struct played *p, struct runner *r, int sock) {
  switch (kind_of(p, sock)) {
    case OF_AGENT: run_agent(p, agent_at(p, sock)); return 0;
    case OF_SPAWNER:
      return run_spawner(p, r, sock == p->spawners[CHANNEL_LOCAL] ? CHANNEL_LOCAL : CHANNEL_REMOTE);
    case OF_WORKER:
    case SOCKET_KINDS: run_worker(r, sock); return 0;
  }
  return 0;
}

/* 1: something moved; 0: nothing did; -1.  Who was told to go has gone before
 * others come. */
static int move_frames(struct played *p, struct runner *r) {
  struct epoll_event events[EVENTS];
  int n = epoll_wait(p->ready, events, EVENTS, 0);
  if (n == -1) return errno == EINTR ? 1 : -1;
  for (int kind = 0; kind < SOCKET_KINDS; kind++)
    for (int i = 0; i < n; i++)
      if (kind_of(p, events[i].data.fd) == (enum socket_kind)kind &&
          run_socket(p, r, events[i].data.fd) == -1)
        return -1;
  return flush_writers(r) || n > 0;
}

static bool load_more(struct runner *r) {
  if (r->exiting || backlog_is_loaded(&r->backlog) || r->load_us > clock_boot_us(r->clock)) return false;
  runner_load_backlog(r);
  return true;
}

/* Messages that are parked move no frame. */
static unsigned most_still(const struct runner *r) {
  return STILL_MAX + r->waitlist.count / PARKED_IN_A_ROUND;
}

int played_settle(struct played *p, struct runner *r, uint64_t *next_us) {
  unsigned still = 0;
  for (unsigned round = 0; round < ROUNDS_MAX; round++) {
    *next_us = runner_work(r);
    int moved = move_frames(p, r);
    if (moved == -1) return -1;
    if (moved || load_more(r)) {
      still = 0;
      continue;
    }
    if (*next_us > clock_boot_us(r->clock)) return 0;
    if (++still > most_still(r)) break;
  }
  return errno = EDEADLK, -1;
}

/* ---- begin and end */

int played_open(struct played *p, struct runner *r, const struct player *player) {
  *p = (struct played){.player = *player, .spawners = {-1, -1}};
  r->spawners[CHANNEL_LOCAL].sock = r->spawners[CHANNEL_REMOTE].sock = -1;
  p->ready = epoll_create1(EPOLL_CLOEXEC);
  if (p->ready == -1) return -1;
  for (int channel = 0; channel < 2; channel++) {
    int pair[2];
    if (unixsock_pair(pair) == -1) return -1;
    r->spawners[channel].sock = pair[0];
    p->spawners[channel] = pair[1];
    p->readers[channel] = (struct frame_reader){.protocol = &agent_protocol};
    if (watch(p, pair[1]) == -1) return -1;
  }
  return 0;
}

void played_close(struct played *p, struct runner *r) {
  for (int channel = 0; channel < 2; channel++) {
    if (r->spawners[channel].sock >= 0) close(r->spawners[channel].sock);
    if (p->spawners[channel] >= 0) close(p->spawners[channel]);
    frame_reader_free(&p->readers[channel]);
  }
  while (p->agent_count) remove_agent(p, p->agents[0]);
  free(p->agents);
  free(p->by_sock);
  if (p->ready >= 0) close(p->ready);
  *p = (struct played){.ready = -1, .spawners = {-1, -1}};
}
