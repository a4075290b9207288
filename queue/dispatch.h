/* dispatch.h - which job goes to which worker next
 *
 * Decides, and does no input or output: a pure function of what is queued and
 * who works.  Destinations take turns, and each gets its first worker before
 * another gets its second.  While one of them finds no place for its first
 * worker, the others give places back: those with several workers at the end
 * of a job, those with one after DISPATCH_QUANTUM jobs.  No lane gets more
 * workers than its window.  The last quarter of a channel's places is kept
 * from whoever has all the others: one lane, or all those together that answer
 * slowly or never.  A worker whose next hop says nothing takes no place, as long
 * as these are not too many.  A decision costs as much as there are workers; only behind
 * a lane that has used up its share each of its destinations costs that.
 */
#ifndef OWL_DISPATCH_H
#define OWL_DISPATCH_H

#include "lib/agent.h"
#include "queue/lane.h"
#include "queue/message.h"

enum { DISPATCH_QUANTUM = 32 };

struct active;
struct destination;
struct dispatcher;

struct job_recipient {
  size_t place;     /* in the envelope */
  stralloc address; /* as the agent is to see it */
  bool reported;
};

/* Some recipients of one message, for one destination. */
struct job {
  struct job *next;
  struct active *active; /* the message */
  struct destination *destination;
  struct job_recipient *recipients; /* owned */
  size_t count, space, unreported;
  uint64_t delivery; /* number of the first recipient's delivery in the log */
  uint64_t number;   /* on its worker */
  uint64_t sent_us;  /* boot clock; 0: not yet */
  enum window_event event; /* what its results say about the destination */
};

struct worker {
  struct worker *next; /* of all workers */
  struct destination *destination;
  struct job *jobs; /* sent, not yet wholly reported */
  unsigned outstanding;
  bool closing;
  bool silent; /* its next hop, as it said last; only while a job is out */
  uint64_t words; /* SILENT and HEARD that it has sent */
  uint64_t started_us; /* boot clock */
  uint64_t idle_since_us, deadline_us; /* boot clock; 0 = none */
  uint64_t next_number;
  int sock;
  struct frame_reader reader;
  struct frame_writer writer;
};

enum destination_need {
  NEED_NOTHING, /* no jobs, no workers: can be forgotten */
  NEED_NO_MORE, /* all jobs are with workers */
  NEED_FIRST,   /* jobs, and no worker yet */
  NEED_MORE,    /* jobs, and workers */
  NEEDS
};

struct destination {
  struct destination *next, *previous; /* of the same need */
  struct dispatcher *dispatcher;
  enum destination_need need;
  enum route_channel channel;
  enum route_protocol protocol;
  stralloc host; /* local: the address; of a socket: its path */
  uint64_t port;
  bool use_mx;
  struct lane *lane;
  struct job *first, *last; /* queued */
  size_t queued;
  struct job *filling; /* of the message that is being made active */
  unsigned workers;  /* not closing */
  unsigned attached; /* closing ones too */
};

struct destination_line {
  struct destination *first, *last; /* whose turn it is comes first */
};

struct dispatcher {
  struct destination_line lines[2][NEEDS]; /* by channel */
  struct worker *workers;
  void *by_key; /* tsearch(3) tree of destinations */
  uint64_t limit[2];
  /* who has jobs, no worker, and no place for one, as the last decision found */
  const struct destination *starved[2];
  struct lanes *lanes;
  bool blocked[2];     /* the spawner takes no more for now */
  unsigned running[2]; /* workers not closing, by channel */
};

/* dispatch_destination(): finds or makes one.  NULL without memory. */
struct destination *dispatch_destination(struct dispatcher *d, const struct route *r);

/* dispatch_queue(): puts a job behind the others of its destination. */
void dispatch_queue(struct destination *to, struct job *j);

/* dispatch_of_lane(): a destination of the lane that has jobs, or NULL. */
struct destination *dispatch_of_lane(const struct dispatcher *d, const struct lane *l);

/* dispatch_unqueue(): takes the first one away; NULL when none waits. */
struct job *dispatch_unqueue(struct destination *from);

/* dispatch_withdraw(): takes the jobs of this message away that no worker has
 * yet: the first of a list. */
struct job *dispatch_withdraw(struct dispatcher *d, const struct active *a);

enum decision_kind {
  DECIDE_NOTHING,
  DECIDE_SEND,  /* job to worker; the job has left the queue */
  DECIDE_START, /* a worker for destination */
  DECIDE_CLOSE  /* worker, which is idle: its place is needed */
};

struct decision {
  enum decision_kind kind;
  struct worker *worker;
  struct destination *destination;
  struct job *job;
};

/* dispatch_next(): call until DECIDE_NOTHING, carrying each decision out. */
struct decision dispatch_next(struct dispatcher *d);

/* dispatch_add_worker(), dispatch_close_worker(), dispatch_drop_worker(): the
 * books of who works.  A closing worker gets no more jobs and no longer
 * counts.  Drop unlinks it; the caller frees it. */
void dispatch_add_worker(struct dispatcher *d, struct worker *w, struct destination *to);
void dispatch_close_worker(struct dispatcher *d, struct worker *w);
void dispatch_drop_worker(struct dispatcher *d, struct worker *w);

/* dispatch_silent(): the next hop keeps this worker and his job waiting, or no
 * longer does, as at the end of the job.  The books are the lanes'. */
void dispatch_silent(struct dispatcher *d, struct worker *w, bool silent);

/* dispatch_forget_idle(): frees destinations without jobs and workers. */
void dispatch_forget_idle(struct dispatcher *d);

/* dispatch_busy(): workers with jobs that take places; lanes_silent() others have
 * jobs and take none. */
unsigned dispatch_busy(const struct dispatcher *d, enum route_channel channel);

/* job_add(): 0, or -1 without memory. */
int job_add(struct job *j, size_t place, const stralloc *address);
void job_free(struct job *j);

#endif
