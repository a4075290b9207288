/* parting.h - a process that parts in two: a half that is shut in and reads what
 * strangers send, and its keeper, who answers what it asks through a door
 *
 * One struct parting, all zero at first, that outlives all halves: signal handlers
 * look into it.  It writes to no page but that and the stack.  The process has no
 * threads, and no other child whose end it waits for.
 */
#ifndef OWL_PARTING_H
#define OWL_PARTING_H

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

struct parting {
  volatile int door;              /* the keeper's end, */
  volatile sig_atomic_t has_door; /* if there is one: with this no variable need start as -1, on a page of its own */
  volatile sig_atomic_t is_ending; /* parting_wants_end() has been called */
  volatile pid_t half;
};

/* parting_open(): makes a door.  Where the keeper is to end by now, nothing comes through
 * it any more.  The half's end, close-on-exec, or -1 with errno. */
int parting_open(struct parting *p);

/* parting_catch(): handlers of SIGTERM, SIGUSR1 and SIGALRM, which restart what they
 * interrupt; then no signal is blocked. */
typedef void parting_handler(int signal_number);
void parting_catch(parting_handler *on_term, parting_handler *on_drain, parting_handler *on_alarm);

/* parting_fork(): 0 in the half; in the keeper its pid, and theirs is closed; or -1 with errno. */
pid_t parting_fork(struct parting *p, int theirs);

/* parting_wants_end(), parting_kill(): for signal handlers.  The first: no more requests, the
 * one under way is answered; false: there is no door now.  The second kills the half. */
bool parting_wants_end(struct parting *p);
void parting_kill(const struct parting *p);

/* parting_end(): closes the door, which the half sees, and waits for its end: its status, as
 * wait(2) has it.  After limit_s SIGALRM comes, whose handler is to kill it; 0: it is killed now. */
int parting_end(struct parting *p, unsigned limit_s);

/* parting_explain(): words for this status, with before in front; explain() has those for an exit
 * code.  They hold until the next call. */
const char *parting_explain(int status, const char *before, const char *(*explain)(int code));

/* parting_take_door(): in the half.  Closes all descriptors but in, out, and these: the door takes
 * the place of the log, descriptor 2, so that what a library should write there is a malformed
 * request; *log_fd is a copy of the log, or -1, to be closed at the last step.  With a
 * sanitizer the log stays, for its reports.  The keeper's signals are ignored: it tells
 * the half to end.  The door, or -1 with errno, and the log is where it was. */
int parting_take_door(int theirs, int in, int out, int *log_fd);

/* parting_suits_kernel(): tells what the kernel lacks for shutting a half in; false: it has no
 * seccomp, which may not be. */
bool parting_suits_kernel(bool may_lack_seccomp, void (*tell)(const char *weakness));

#endif
