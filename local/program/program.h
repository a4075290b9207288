/* program.h - run a command of a .qmail file on a message (dot-qmail(5))
 *
 * /bin/sh -c COMMAND, in a session of its own, in the current folder, with
 * three descriptors: the message, which it can read and seek in and nobody
 * shares with it, and twice a pipe for what it says.  The command comes from
 * the user's file alone: what strangers choose reaches it in the environment
 * only.
 *
 * What it says is read to the end of its life, and its last part kept, so that
 * a program that never ceases to write neither waits nor fills anything.  The
 * end of the program itself counts: what it leaves behind runs on, as under
 * qmail, and is not waited for.  At the end of its time the process group is
 * told to end, and after PROGRAM_GRACE_MS killed.
 */
#ifndef OWL_LOCAL_PROGRAM_PROGRAM_H
#define OWL_LOCAL_PROGRAM_PROGRAM_H

#include "local/body.h"
#include "local/verdict.h"

enum {
  PROGRAM_OUTPUT_MAX = 900, /* octets of what it says; leaves room in a verdict */
  PROGRAM_GRACE_MS = 5000
};

struct program_order {
  const char *command;
  const struct body *body;
  char *const *environment;
  uint64_t limit_s; /* 0: none */
};

enum program_end {
  PROGRAM_DONE,  /* exit 0 */
  PROGRAM_STOP,  /* exit 99: done, and the lines that follow do not count */
  PROGRAM_FAILED /* *v is the deferral or the failure, in the program's own words */
};

/* program_run(): what a program that is done has said is appended to *said in
 * one clean line, behind a '/' when there is something already. */
enum program_end program_run(const struct program_order *o, stralloc *said, struct verdict *v);

#endif
