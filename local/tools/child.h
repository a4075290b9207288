/* child.h - run a user's program and learn how it ended */
#ifndef OWL_LOCAL_TOOLS_CHILD_H
#define OWL_LOCAL_TOOLS_CHILD_H

#include <sys/types.h>

/* child_start(): arguments[0] is looked for in PATH; input becomes descriptor
 * 0.  The child exits 100 where there is no such program, 111 where it cannot
 * be run for now.  Its pid, or -1 with errno. */
pid_t child_start(char *const *arguments, int input);

enum { CHILD_CRASHED = -1, CHILD_LOST = -2 };

/* child_wait(): its exit code, CHILD_CRASHED after a signal, or CHILD_LOST. */
int child_wait(pid_t pid);

enum child_answer {
  CHILD_YES,     /* exit 0 */
  CHILD_NO,      /* any exit but 0 and 111 */
  CHILD_DEFERRED /* a line on descriptor 2 says why */
};

/* child_ask(): runs it on this process's descriptor 0. */
enum child_answer child_ask(const char *program, char *const *arguments);

#endif
