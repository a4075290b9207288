/* forward - send a message on to other addresses (forward(1))
 *
 * Runs as the user whose .qmail file names it.  A fault in it harms that user's
 * mail, nobody else's.
 */
#include "config.h"
#include "lib/exitcode.h"
#include "local/tools/complaint.h"
#include "local/tools/resend.h"

static const char name[] = "forward";

int main(int argc, char **argv) {
  if (argc < 2) return complain_usage(name, "address ..."), DELIVERY_FAILURE;
  struct resend r = {name, "NEWSENDER", argv + 1};
  return resend(&r);
}
