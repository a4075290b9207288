/* except - turn a program's yes into no (except(1))
 *
 * Runs as the user whose .qmail file names it.  A fault in it harms that user's
 * mail, nobody else's.
 */
#include "config.h"
#include "lib/exitcode.h"
#include "local/tools/child.h"
#include "local/tools/complaint.h"

static const char name[] = "except";

int main(int argc, char **argv) {
  if (argc < 2) return complain_usage(name, "program [ arg ... ]"), DELIVERY_FAILURE;
  switch (child_ask(name, argv + 1)) {
  case CHILD_YES: return DELIVERY_FAILURE;
  case CHILD_NO: return DELIVERY_OK;
  case CHILD_DEFERRED: break;
  }
  return DELIVERY_DEFERRAL;
}
