#include "config.h"
#include "lib/sandbox.h"
#include <sys/prctl.h>

int sandbox_enter(const char **step) {
  *step = "no_new_privs";
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}
void sandbox_close_others(const int *keep, unsigned count) { (void)keep; (void)count; }
