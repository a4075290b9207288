/* lane.h - what the runner knows of those that mail goes to
 *
 * A lane is a next hop (the domain, or the relay of smtproutes or lmtproutes) or a local
 * user under all his extensions.  It knows what it can take now (window.h),
 * how many jobs it has, whether the operator holds it, and which messages are
 * parked in it (waitlist.h).  Two more lanes, one for each channel, are for
 * messages that wait for room in the channel itself.  No input or output.
 */
#ifndef OWL_LANE_H
#define OWL_LANE_H

#include "queue/lanename.h"
#include "queue/waitlist.h"
#include "queue/window.h"

enum { LANE_ERROR_MAX = 200, LANES_FIRST_OWN = 3 /* before them: none, and the channels' own */ };

struct lane {
  uint32_t number; /* in the waitlist, too */
  enum route_channel channel;
  stralloc name; /* "example.org", "relay.example.org:2525", "lmtp:store.example.org",
                  * "lmtp:unix:/path", "local/bob"; but for a path folded to lower case */
  struct window window;
  struct window_limits limits;
  bool held;
  bool heard;       /* a next hop: it has answered since the lane is known */
  bool slow;        /* its last job took long or found nobody; a next hop: or none has ended yet */
  size_t jobs;      /* in memory, sent or not */
  size_t silent_jobs; /* of these, whose next hop keeps the worker waiting */
  size_t references; /* lane_refer() */
  unsigned workers; /* not closing */
  unsigned destinations;
  uint64_t used_us; /* boot clock */
  uint64_t delivered, deferred, failed; /* recipients, since the lane is known */
  uint64_t unreached; /* of the deferred: no connection, or it broke */
  stralloc last_error;
  uint64_t last_error_us; /* wall clock */
  /* of the lanes that could fetch a parked message */
  struct lane *next, *previous;
  bool ready;
  /* of those that could later */
  bool timed;
  uint64_t wake_us;
  size_t timer_at;
};

/* What the control files say about lanes; the lists are the caller's. */
struct lane_rules {
  const struct list *concurrencydomain, *ratelimit;
  uint64_t backoff_first_s, backoff_max_s;
};

struct lanes {
  struct waitlist *waitlist;
  struct lane_rules rules;
  size_t room[2];  /* jobs in memory at most, by channel */
  size_t jobs[2];  /* and now */
  void *by_name;   /* tsearch(3) */
  struct lane **at; /* by number; NULL: unused */
  uint32_t count, space, maybe_free;
  size_t slow_jobs[2];             /* of slow lanes, who leave a quarter of the room; without silent ones */
  size_t slow_workers[2];          /* the same of workers */
  size_t silent_jobs, silent_most; /* remote ones, and how many of them take no room, and their workers no place */
  struct lane *first[2][2], *last[2][2]; /* ready ones, slow ones by themselves */
  unsigned turn[2];                /* whose it is: slow ones', others', the channel's own lane's */
  struct lane **timers;            /* heap by wake_us */
  size_t timer_count, timer_space;
};

/* lanes_check(): whether a line of concurrencydomain (a number) and one of
 * ratelimit (jobs/seconds) make sense. */
bool lanes_check_concurrency(struct text value);
bool lanes_check_rate(struct text value);

/* lanes_configure(): new rules, for all. */
void lanes_configure(struct lanes *s, const struct lane_rules *rules, const uint64_t concurrency[2],
                     uint64_t now_us);

/* lanes_for(): the lane of a route; lanes_named(): by its name (which is how
 * logs and operators call it), made when make is set.  NULL without memory, or
 * not there. */
struct lane *lanes_for(struct lanes *s, const struct route *r);
struct lane *lanes_named(struct lanes *s, struct text name, bool make);
struct lane *lanes_at(const struct lanes *s, uint32_t number);

/* lane_refer(): *place names this lane now, and not the one that it named: as
 * long as it is named a lane is not forgotten. */
void lane_refer(const struct lanes *s, uint32_t *place, uint32_t number);

/* lane_host(): the name without protocol and port; of a socket: its path. */
struct text lane_host(const struct lane *l);

/* lanes_overflow(): number of the lane of those that wait for room in the channel. */
uint32_t lanes_overflow(enum route_channel channel);

enum lane_refusal {
  LANE_TAKES,
  LANE_FULL,         /* has enough to do, or slow lanes together have */
  LANE_CHANNEL_FULL, /* all lanes together have */
  LANE_SHUT,         /* backs off, or its rate is used up */
  LANE_HELD
};

/* lane_refuses(): whether a job may go there now. */
enum lane_refusal lane_refuses(const struct lanes *s, const struct lane *l, uint64_t now_us);

/* lane_begin(), lane_end(): a job's time in memory; lane_end() with what came
 * of it and how long it took. */
void lane_begin(struct lanes *s, struct lane *l, uint64_t now_us);
void lane_end(struct lanes *s, struct lane *l, enum window_event e, uint64_t took_us, uint64_t now_us);

/* lane_add_worker(), lane_drop_worker(): one that does its jobs, until it closes. */
void lane_add_worker(struct lanes *s, struct lane *l);
void lane_drop_worker(struct lanes *s, struct lane *l);

/* lane_silent(): a job in it, and its worker with it, waits for the next hop,
 * or no longer does.
 * lane_hear(): the next hop has said something. */
void lane_silent(struct lanes *s, struct lane *l, bool silent);
void lane_hear(struct lanes *s, struct lane *l, uint64_t now_us);

/* lanes_silent(): such jobs that take neither room nor a place; lanes_too_silent():
 * those beyond silent_most, which do.  0 for the local channel. */
size_t lanes_silent(const struct lanes *s, enum route_channel channel);
size_t lanes_too_silent(const struct lanes *s, enum route_channel channel);

/* lane_window(): deliveries at one time; one alone until the next hop was heard. */
unsigned lane_window(const struct lane *l);

/* lane_note(): what became of a recipient. */
void lane_note(struct lane *l, const struct result *r, uint64_t wall_us);

void lane_hold(struct lanes *s, struct lane *l, bool held, uint64_t now_us);
void lane_hurry(struct lanes *s, struct lane *l, uint64_t now_us);
void lanes_hurry(struct lanes *s, uint64_t now_us);

/* lane_changed(): to be called when messages were parked in it. */
void lane_changed(struct lanes *s, struct lane *l, uint64_t now_us);

/* lane_rest(): it fetches nothing, now or later. */
void lane_rest(struct lanes *s, struct lane *l);

/* lanes_fetch(): the lane whose turn it is to fetch a parked message: slow
 * lanes, the others, and what waits for the channel take turns; NO_LANE when
 * none can. */
uint32_t lanes_fetch(struct lanes *s, enum route_channel channel);

/* lanes_may_fetch(): whether it would be one. */
bool lanes_may_fetch(const struct lanes *s, enum route_channel channel);

/* lanes_wake(): makes those ready whose time has come; when the next is. */
uint64_t lanes_wake(struct lanes *s, uint64_t now_us);

/* lanes_forget_idle(): those that nothing waits for. */
void lanes_forget_idle(struct lanes *s, uint64_t now_us);
void lanes_free(struct lanes *s);

#endif
