/* ctlserver.h - the runner's end of the control socket (owlpost-ctl(7))
 *
 * The socket lies in a folder that only those may enter who may administer the
 * queue.  A second one is for receivers, who may order nothing but START, and
 * cannot take a place from the operator.  Several clients are served at a time, none of them is waited for,
 * and a turn of the runner does no more than CTLSERVER_ORDERS of what they
 * order.  What has changed the queue is answered when it is on stable storage.
 * A client that sends nonsense is hung up on; so is, when there are too many,
 * the one that has been silent the longest.
 */
#ifndef OWL_CTLSERVER_H
#define OWL_CTLSERVER_H

#include "queue/statistics.h"

enum { CTLSERVER_CLIENTS = 16, CTLSERVER_ORDERS = 100 };

struct ctlclient {
  int sock; /* -1: nobody */
  uint64_t uid; /* SO_PEERCRED */
  uint64_t heard; /* number of the turn in which it last asked something */
  bool ready; /* the socket, or the reader, may have more */
  bool unsynced; /* its answers wait for the disk */
  struct frame_reader reader;
  struct frame_writer writer;
  /* a request that names messages, and how far it has come */
  bool busy;
  unsigned type; /* enum ctl_frame */
  stralloc messages, outcomes;
  int error; /* of the first that failed */
  struct statistics statistics; /* a STATS that is being answered */
};

enum ctlserver_kind {
  CTLSERVER_OPERATOR, /* RUNDIR/control/socket: every request */
  CTLSERVER_NODES,    /* RUNDIR/etrn/socket: START */
  CTLSERVERS
};

struct ctlserver {
  enum ctlserver_kind kind;
  int listener;
  uint64_t deaf_until_us; /* boot clock: nobody can be accepted before */
  uint64_t turn;
  unsigned unsynced_turns; /* how long some answer has waited for the disk */
  struct ctlclient clients[CTLSERVER_CLIENTS];
};

/* ctlserver_open(): 0, or -1 with errno. */
int ctlserver_open(struct ctlserver *s, struct control *c, enum ctlserver_kind kind);

/* ctlserver_events(): what to wait for on a client's socket, with poll(2). */
short ctlserver_events(const struct ctlclient *c);

/* ctlserver_listener(): what to wait for clients on; -1 while the system has no
 * descriptor for another one, which would be said without end.  Then *next_us,
 * of the boot clock, is at most when that is tried again. */
int ctlserver_listener(const struct ctlserver *s, uint64_t now_us, uint64_t *next_us);

/* ctlserver_accept(), ctlserver_event(): what poll(2) said about the listener,
 * and about a client. */
void ctlserver_accept(struct ctlserver *s, uint64_t now_us);
void ctlserver_event(struct ctlclient *c, short events);

/* ctlserver_work(): one turn.  True: there is more to do at once. */
bool ctlserver_work(struct ctlserver *s, struct runner *r);

/* ctlserver_close(): hangs up on everybody. */
void ctlserver_close(struct ctlserver *s);

#endif
