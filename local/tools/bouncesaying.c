/* bouncesaying - refuse a message if a program says so (bouncesaying(1))
 *
 * Runs as the user whose .qmail file names it.  A fault in it harms that user's
 * mail, nobody else's.
 */
#include "config.h"
#include "lib/exitcode.h"
#include "lib/log.h"
#include "local/tools/child.h"
#include "local/tools/complaint.h"

static const char name[] = "bouncesaying";

static int bounce(const char *error) {
  struct log l = {2, {0}};
  log_t(&l, text_of(error));
  log_end(&l);
  stralloc_free(&l.line);
  return DELIVERY_FAILURE;
}

int main(int argc, char **argv) {
  if (argc < 2) return complain_usage(name, "error [ program [ arg ... ] ]"), DELIVERY_FAILURE;
  if (argc == 2) return bounce(argv[1]);
  switch (child_ask(name, argv + 2)) {
  case CHILD_YES: return bounce(argv[1]);
  case CHILD_NO: return DELIVERY_OK;
  case CHILD_DEFERRED: break;
  }
  return DELIVERY_DEFERRAL;
}
