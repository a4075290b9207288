/* runner.h - the runner's state and what may happen to it
 *
 * send.c waits and calls; runner.c decides what can be done now; rounds.c takes
 * a due message through a round of attempts, jobs.c its recipients; tell.c makes DSNs; workers.c talks
 * with agents; report.c writes the log lines.
 */
#ifndef OWL_RUNNER_H
#define OWL_RUNNER_H

#include "lib/clock.h"
#include "lib/ctl.h"
#include "lib/log.h"
#include "queue/backlog.h"
#include "queue/dispatch.h"
#include "queue/fair.h"
#include "queue/holds.h"
#include "queue/order.h"
#include "queue/schedule.h"
#include "queue/settings.h"

/* A message with deliveries under way. */
struct active {
  struct active *next, *previous;
  struct message message;
  size_t jobs_left;      /* of this round */
  size_t next_recipient; /* to be given a job; those before it were seen */
  bool has_body;
  bool hurried;          /* this round is for all that wait, whatever their times */
  uint32_t hurry;        /* ... or an earlier one was that had no room for all: struct wait */
  uint32_t fetched;      /* ... or for those of this lane */
  uint32_t deferred_by;  /* a lane that deferred a recipient */
  uint32_t *order;       /* of a long list: recipients by domain; owned */
  uint32_t refused_by;   /* of the lanes that had no room the one that is likely to have some first */
  unsigned refusal_hope; /* how likely; jobs.c */
  bool refused_elsewhere; /* other lanes had none either */
  uint64_t tag;          /* among the parked ones, once it was one */
  uint32_t tag_lane;     /* in this lane */
  uint64_t age_s, since_us; /* the message's age at this time of the boot clock */
  stralloc unlogged;     /* records that could not be appended yet */
  stralloc content;      /* a small body */
  int body_copy;         /* a large body's copy, or -1 */
  uint64_t settle_us;    /* boot clock: settling failed, try again then; 0 = no */
  bool deleted;          /* its files are gone; what its workers still say counts no more */
};

struct spawner {
  int sock;
  struct frame_writer writer;
};

/* Since the runner's start; for whoever asks on the control socket. */
struct counters {
  uint64_t started_us; /* wall clock */
  uint64_t taken, finished, bounced;
  uint64_t recipients[2][RESULT_FAILURE + 1]; /* by enum route_channel and enum result_class */
};

struct runner {
  const struct clock *clock;
  struct log *log;
  struct control control;
  struct settings settings;
  struct store store;
  struct waitlist waitlist;
  struct lanes lanes;
  struct fair fair;
  struct holds holds;
  struct dispatcher dispatcher;
  struct spawner spawners[2]; /* by enum route_channel */
  struct active *actives;
  size_t active_count;
  uint64_t deliveries;       /* number of the next one in the log */
  uint64_t scans;            /* of todo/, so far */
  struct backlog backlog;
  uint64_t load_us;          /* boot clock: goes on with it; 0 = at once */
  uint64_t sync_us, rescan_us, alarm_us, forget_us; /* boot clock; 0 = not set */
  uint64_t node_us;          /* boot clock: no node's mail is looked for before (node.h) */
  struct counters counters;
  bool exiting;
};

/* ---- runner.c */

extern const uint64_t runner_alarm_interval_us;

/* runner_found(): a new message, by poke or scan. */
void runner_found(struct runner *r, const struct queueid *id);

/* runner_found_waiting(): one in wait/, which may be known. */
void runner_found_waiting(struct runner *r, const struct queueid *id);

/* runner_scan_todo(): looks through todo/, which is synced first, so that what
 * is seen there is believed. */
void runner_scan_todo(struct runner *r);

/* runner_load_backlog(): a few milliseconds' worth of what waits; nothing when
 * all is loaded. */
void runner_load_backlog(struct runner *r);

/* runner_hurry(): all that wait (id NULL), or one, are due now.  How many. */
size_t runner_hurry(struct runner *r, const struct queueid *id);

/* runner_work(): everything that can be done now; returns when there is
 * something to do next (boot clock, UINT64_MAX: only events). */
uint64_t runner_work(struct runner *r);

/* runner_load_settings(): 0, or -1 with control.error set and what was in
 * force before. */
int runner_load_settings(struct runner *r);

/* runner_free(): lets go of everything, whatever is under way; the sockets to
 * the spawners are the caller's. */
void runner_free(struct runner *r);

/* runner_wait_for_age(): a message of this age waits until it has the next;
 * how->due_us and age_s are set by that.  0, or -1 without memory. */
int runner_wait_for_age(struct runner *r, const struct queueid *id, uint64_t age_s,
                        uint64_t next_age_s, struct wait *how);

/* ---- rounds.c: from due to settled */

/* rounds_begin(): the message is due: reads it, makes its jobs. */
void rounds_begin(struct runner *r, const struct queueid *id, const struct due *due);

/* rounds_result(): what became of one recipient of a job (its place there). */
void rounds_result(struct runner *r, struct job *j, size_t place, struct result result);

/* rounds_note(): what became of a recipient without a job: for him there was no
 * room in lane l, or (NULL) there is none for him. */
void rounds_note(struct runner *r, struct active *a, size_t recipient, const struct lane *l,
                 struct result *result);

/* rounds_fail(): errno says why there can be no round now; frees a. */
void rounds_fail(struct runner *r, struct active *a, const char *what);

uint64_t rounds_age(const struct runner *r, const struct active *a);
bool rounds_is_expired(const struct runner *r, const struct active *a);

/* rounds_settle(): all jobs are over: records, tells, and lets the message go
 * or wait; what fails is tried again later. */
void rounds_settle(struct runner *r, struct active *a);

/* rounds_append(): writes a->unlogged to the message's log.  0, or -1 with
 * errno: it stays there. */
int rounds_append(struct runner *r, struct active *a);

/* rounds_return(): recipients who wait and for whom no delivery is under way
 * have failed. */
void rounds_return(struct runner *r, struct active *a);

/* rounds_find(): NULL when the message is not active. */
struct active *rounds_find(struct runner *r, const struct queueid *id);

/* rounds_drop(): forgets an active message; nothing on disk changes. */
void rounds_drop(struct runner *r, struct active *a);

/* ---- jobs.c: from a message's recipients to jobs */

/* jobs_make(): jobs for recipients that are due and whose lanes have room, not
 * too many at a time; a message that gets none is settled. */
void jobs_make(struct runner *r, struct active *a);

/* jobs_over(): the job's recipients are all reported; frees it. */
void jobs_over(struct runner *r, struct job *j);

/* jobs_take_back(): what waits in memory for a lane that went down, or is held
 * now, waits in the queue again. */
void jobs_take_back(struct runner *r, const struct lane *l);

/* jobs_withdraw(): what no worker has is given up, and nothing more is made in
 * this round. */
void jobs_withdraw(struct runner *r, struct active *a);

/* ---- operator.c: what the operator orders */

/* operator_order(): for one message, wherever it is; written to the runner's
 * log when it is done, and durable with the next store_sync().  After
 * OUTCOME_FAILED errno says why. */
enum outcome operator_order(struct runner *r, const struct queueid *id, enum order what,
                            uint64_t uid);

/* operator_load_holds(): destinations that were held before.  0, or -1 with
 * errno.  operator_hold_destination(): whatever is for it waits, or waits no
 * longer; durable when it returns 0.  -1 with errno, EINVAL: no such name. */
int operator_load_holds(struct runner *r);
int operator_hold_destination(struct runner *r, struct text name, bool held, uint64_t uid);

/* operator_mend(): puts its files right (queue/mend.h), and takes into the list
 * what was missing there. */
enum outcome operator_mend(struct runner *r, const struct queueid *id, uint64_t uid);

/* ---- tell.c: DSNs */

/* tell_news(): makes the DSN about failures, delays and wanted successes that
 * are not told yet, so that exactly one is sent whatever crashes.  0, or -1 with
 * errno: try again. */
int tell_news(struct runner *r, struct message *m);

/* tell_about_parent(): before a DSN goes out: the message that it is about
 * knows of it. */
int tell_about_parent(struct runner *r, struct text parent, const struct queueid *dsn);

/* ---- workers.c */

void workers_start(struct runner *r, struct destination *to);
void workers_send(struct runner *r, struct worker *w, struct job *j);
void workers_close(struct runner *r, struct worker *w);

/* workers_event(): poll(2) said something about the worker's socket.  The
 * worker may be gone afterwards. */
void workers_event(struct runner *r, struct worker *w, short events);

/* workers_abandon(): the worker's socket closes; its jobs are freed, unreported. */
void workers_abandon(struct runner *r, struct worker *w);

/* workers_time(): idle and overdue ones; the next such time, 0 when somebody's
 * place has become free. */
uint64_t workers_time(struct runner *r, uint64_t now_us);

/* ---- report.c */

void report_new(struct runner *r, const struct message *m);
void report_start(struct runner *r, const struct job *j);
void report_delivery(struct runner *r, uint64_t delivery, const struct result *result);
void report_status(struct runner *r);
/* failures: the line of a bounce that other programs know */
void report_dsn(struct runner *r, const struct queueid *about, uint64_t pid, bool failures);
void report_lane(struct runner *r, const struct lane *l); /* that went down, or came back */
void report_end(struct runner *r, const struct queueid *id);

void report_hold(struct runner *r, const char *what, struct text destination, uint64_t uid);
void report_node(struct runner *r, struct text node, uint64_t started, uint64_t uid);
void report_order(struct runner *r, const char *what, const struct queueid *id, uint64_t uid);

/* report_problem(): "alarm: WHAT: ID: strerror(errno)" */
void report_problem(struct runner *r, const char *what, const struct queueid *id);

#endif
