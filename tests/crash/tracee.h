/* tracee.h - the processes that are followed, and whose turn it is
 *
 * Of the programs whose name begins with "owl-" every call is seen; others are
 * followed only into what they start.  A call that changes the recorded folder
 * is let into the kernel alone: who comes meanwhile is held at the door.  So
 * the order of the trace is the order in which things happened.
 */
#ifndef OWL_CRASH_TRACEE_H
#define OWL_CRASH_TRACEE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum { PATH_SPACE = 4096, PROGRAM_SPACE = 64 };

/* One call, from its entry to its exit. */
struct call {
  long number;
  uint64_t args[6];
  bool alone;   /* it changes the folder: nobody else is let in meanwhile */
  bool existed; /* open: the name was there; link, rename: nothing to record */
  bool denied;  /* it was made to fail */
  uint64_t inode;
  char path[PATH_SPACE], to[PATH_SPACE]; /* absolute */
};

struct tracee {
  struct tracee *next;
  pid_t pid;
  pid_t process; /* whose thread it is; its own pid, when it is the first one */
  bool watched; /* one of ours: stop it at each call */
  bool held;    /* stopped at a call's entry until the one before has come out */
  bool in_call;
  char program[PROGRAM_SPACE];
  struct call call;
};

/* tracee_find(): the entry of pid, made at need; NULL: out of memory. */
struct tracee *tracee_find(pid_t pid);
void tracee_forget(pid_t pid);

/* tracee_identify(): reads which program it runs, and whose thread it is. */
void tracee_identify(struct tracee *t);

/* tracee_kill_at(): who runs this program is killed when it comes to the n-th
 * call that changes the folder.  The name is kept. */
void tracee_kill_at(const char *program, unsigned long n);

/* tracee_resume(): lets it run to its next stop, with a signal or 0. */
void tracee_resume(const struct tracee *t, int signal_number);

/* tracee_enter(): t stands at the entry of a call.  It goes on, or is held.
 * tracee_leave(): its call is over, or it has ended. */
void tracee_enter(struct tracee *t);
void tracee_leave(struct tracee *t);

#endif
