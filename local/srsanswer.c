#include "config.h"
#include "local/srsanswer.h"
#include "lib/clock.h"

static void decide(enum srs_status status, struct verdict *v) {
  switch (status) {
  case SRS_OK: verdict_succeed(v, "ok"); break;
  case SRS_NONE:
  case SRS_FORGED: verdict_fail(v, "5.1.1", "not an address that this host has made", ""); break;
  case SRS_EXPIRED: verdict_fail(v, "5.1.1", "this address has expired", ""); break;
  case SRS_NO_MEMORY: verdict_defer(v, "4.3.0", "out of memory", ""); break;
  }
}

bool srsanswer_find(struct text address, const struct settings *s, struct verdict *v) {
  stralloc meant = {0};
  if (!srsrules_concern(&s->srs, address)) return false;
  decide(srsrules_reverse(&s->srs, address, clock_wall_us(&clock_system), &meant), v);
  stralloc_free(&meant);
  return true;
}
