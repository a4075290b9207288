/* owl-attest - tell owl-authd whom a check program has become
 *
 * Run by a site's check program, as the user who is right.  Says what HOME is
 * on descriptor 4, where owl-authd listens; as whom, the kernel says.  A fault
 * here would hurt that user only.
 *
 * owl-attest(8) has the interface.
 */
#include "config.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include "auth/account.h"
#include "lib/exitcode.h"
#include "lib/log.h"

/* Without HOME the program has no accounts of its own, and there is nothing to say. */
int main(void) {
  struct log errors = {.fd = 2, .line = {0}};
  const char *home = getenv("HOME");
  if (!getenv("OWL_ATTEST") || !home || !*home) return TOOL_OK;
  if (send(ACCOUNT_FD, home, strlen(home), MSG_NOSIGNAL | MSG_DONTWAIT) >= 0) return TOOL_OK;
  log_say_errno(&errors, "owl-attest", "unable to tell owl-authd of the account", TEXT_ABSENT);
  stralloc_free(&errors.line);
  return TOOL_SYSTEM;
}
