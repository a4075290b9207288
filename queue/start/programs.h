/* programs.h - start owl-start's programs, pass signals on to them, wait for them
 *
 * A program that ends with an error and comes back is started again, after a growing
 * pause.  Where what ends all ends, so do the others.
 */
#ifndef OWL_START_PROGRAMS_H
#define OWL_START_PROGRAMS_H

#include <stdint.h>
#include "queue/start/account.h"

enum { PROGRAMS_MAX = 8 };

/* The signals that a program hears from us; the spawners end by themselves with the runner. */
enum { HEARS_END = 1, HEARS_HUP = 2, HEARS_ALRM = 4, HEARS_USR2 = 8 };
enum {
  RUNNER_HEARS = HEARS_END | HEARS_HUP | HEARS_ALRM,
  SPAWNER_HEARS = HEARS_HUP,
  LISTENER_HEARS = HEARS_END | HEARS_HUP | HEARS_USR2,
  DAEMON_HEARS = HEARS_END | HEARS_HUP
};

struct program {
  const char *name;
  const char *argument; /* or NULL */
  int descriptors[2];   /* become 0 and 1; -1: /dev/null */
  unsigned hears;
  bool keep_root;
  bool gets_key;   /* of the passes (lib/pass.h) */
  bool ends_all;   /* where it ends, all the others are told to */
  bool comes_back; /* is started again where it fails */
  struct account account;
  gid_t group; /* one more */

  /* programs.c's */
  volatile pid_t pid; /* 0: it does not run */
  uint64_t began_us, due_us; /* boot clock; due: when to start again, or 0 */
  unsigned pause_s;
};

/* programs_make_key(): of the passes, for who gets it. */
void programs_make_key(void);

/* programs_catch_signals(): before the first is added: those of TERM, INT, HUP, ALRM and USR2 are passed on. */
void programs_catch_signals(void);

/* programs_add(): starts it; the caller keeps *p for as long as the process lives.  Ends owl-start where it cannot. */
void programs_add(struct program *p);

/* programs_wait(): until none is left.  The runner's exit code. */
int programs_wait(const struct program *runner);

#endif
