/* condredirect - send a message elsewhere if a program says so (condredirect(1))
 *
 * Runs as the user whose .qmail file names it.  A fault in it harms that user's
 * mail, nobody else's.
 */
#include "config.h"
#include <unistd.h>
#include "lib/exitcode.h"
#include "local/tools/child.h"
#include "local/tools/complaint.h"
#include "local/tools/input.h"
#include "local/tools/resend.h"

static const char name[] = "condredirect";

static int redirect(char *address) {
  char *recipients[] = {address, NULL};
  struct resend r = {name, "SENDER", recipients};
  int code = resend(&r);
  return code == DELIVERY_OK ? DELIVERY_STOP : code;
}

int main(int argc, char **argv) {
  if (argc < 3) return complain_usage(name, "newaddress program [ arg ... ]"), DELIVERY_FAILURE;
  if (input_settle() == -1) {
    complain_errno(name, "unable to read message", "");
    return DELIVERY_DEFERRAL;
  }
  switch (child_ask(name, argv + 2)) {
  case CHILD_YES: return redirect(argv[1]);
  case CHILD_NO: return DELIVERY_OK;
  case CHILD_DEFERRED: break;
  }
  return DELIVERY_DEFERRAL;
}
