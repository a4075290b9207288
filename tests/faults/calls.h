/* calls.h - the system calls that faults are put into: what they act on
 *
 * For tests only, x86-64 only.
 */
#ifndef OWL_FAULTS_CALLS_H
#define OWL_FAULTS_CALLS_H

#include <stddef.h>
#include <sys/types.h>
#include <sys/user.h>

enum { OBJECT_SPACE = 512 };

/* Where a call says what it acts on: its argument of that number, or nothing. */
enum call_object { OBJECT_NONE, OBJECT_FD, OBJECT_AT, OBJECT_TO, OBJECT_PATH, OBJECT_SECOND };

struct call {
  long number;
  const char *name;
  enum call_object object;
  int length; /* the argument that a short write or read makes less; -1: none */
};

/* call_find(): NULL when no fault is put into calls of that number. */
const struct call *call_find(long number);

/* call_describe(): what the call acts on, in a form that is the same in each run:
 * the path below root, with ID for queue ids, XX for their folders, UNIQUE for
 * names in a Maildir, "unnamed", "socket", "pipe".  The process is stopped at
 * the call's beginning. */
void call_describe(char out[OBJECT_SPACE], pid_t pid, const struct call *c,
                   const struct user_regs_struct *r, const char *root);

/* call_argument(): a place in *r, so that it can be changed; 2 and 3 are what is
 * changed. */
unsigned long long *call_argument(struct user_regs_struct *r, int number);

#endif
