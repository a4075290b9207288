/* played.h - a runner whose spawners and agents are played by its own process
 *
 * For tests and the simulator: no process is started and nobody waits.  The
 * other ends of the runner's sockets are here; a player says what each agent
 * does with its jobs, at once or later.  Clocks are the owner's: he turns them
 * when played_settle() has found nothing more to do.  Functions return 0, or -1
 * with errno.
 */
#ifndef OWL_PLAYED_H
#define OWL_PLAYED_H

#include "queue/runner.h"

struct played_agent {
  int sock;
  enum route_channel channel;
  struct frame_reader reader;
  size_t place; /* in the array */
  void *role;   /* the player's */
};

/* An agent for w begins: 0, or -1.  It has a job, whose body is fd unless that
 * is -1; false: it ends now.  It ends, for whatever reason. */
typedef int played_begin(void *context, struct played_agent *a, const struct agent_worker *w);
typedef bool played_job(void *context, struct played_agent *a, const struct agent_job *j, int fd);
typedef void played_over(void *context, struct played_agent *a);

struct player {
  void *context;
  played_job *job;
  played_begin *begin; /* these may be NULL */
  played_over *end;
};

struct played {
  struct player player;
  int spawners[2]; /* the other ends of the runner's */
  struct frame_reader readers[2];
  struct played_agent **agents, **by_sock; /* owned */
  size_t agent_count, agent_space, by_sock_space;
  size_t agents_now[2], agents_most[2];
  int ready; /* epoll(7): who has something to read */
};

/* played_open(): gives the runner its spawners.  played_close(): all agents
 * are gone, without a word to the player, and the spawners; the runner's own
 * ends are closed, too. */
int played_open(struct played *p, struct runner *r, const struct player *player);
void played_close(struct played *p, struct runner *r);

/* played_settle(): everything that can be done at this time; *next_us: when the
 * runner has something to do next.  EDEADLK: it finds no rest. */
int played_settle(struct played *p, struct runner *r, uint64_t *next_us);

/* played_end(): an agent hangs up; *a is gone. */
void played_end(struct played *p, struct played_agent *a);

#endif
