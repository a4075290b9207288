/* links.h - who is connected to owl-authd, and what becomes of their questions
 *
 * A link asks one question at a time.  It then waits for a place among the
 * workers, for its worker, or for the end of the delay that a refusal costs,
 * and is not read from meanwhile.
 */
#ifndef OWL_AUTH_LINKS_H
#define OWL_AUTH_LINKS_H

#include "auth/backend.h"
#include "auth/guesses.h"
#include "lib/ip.h"
#include "lib/peers.h"

enum { LINKS_MAX = 2000 };

enum link_state { LINK_LISTENS, LINK_WAITS, LINK_RUNS, LINK_DELAYED };

struct link {
  int fd; /* -1: free */
  enum link_state state;
  struct frame_reader in;
  struct question question; /* its texts lie in the reader, its user in user */
  stralloc user;            /* of the question, and of the SCRAM that a PROOF belongs to */
  bool scram;               /* the last answer was to a SCRAM */
  char net[IP_TEXT_MAX];    /* the client's address, or network, as failures are counted; "": not known */
  uint64_t limit_us;        /* WAITS, RUNS: give up then */
  uint64_t due_us;          /* DELAYED: answer then */
  uint64_t ticket;          /* WAITS: first come, first served */
  stralloc payload;         /* DELAYED: the answer */
  pid_t worker;
  int pipe;                 /* RUNS: from the worker */
};

struct links {
  struct link list[LINKS_MAX];
  size_t count, running; /* fds in use; workers */
  uint64_t tickets;
  struct guesses *guesses;
  struct settings *settings;
  struct log *log;
  int listener;
  struct peers peers;
  const uint8_t *pass_key; /* NULL: there is none */
  struct remembered *remembered; /* NULL: passwords are checked each time */
};

/* links_open(): takes a new connection that the listener has. */
void links_accept(struct links *l, uint64_t now_us);
/* links_hear(): something has come on a link: a question, or the end. */
void links_hear(struct links *l, struct link *k, uint64_t now_us);
/* links_worker_said(): something has come on a link's pipe. */
void links_worker_said(struct links *l, struct link *k, uint64_t now_us);
/* links_turn(): starts workers, sends what is due, ends what lasts too long.
 * Returns when there is more to do: boot clock, or UINT64_MAX. */
uint64_t links_turn(struct links *l, uint64_t now_us);

/* links_end_all(): ends all workers. */
void links_end_all(struct links *l);

#endif
