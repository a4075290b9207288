/* scenario.h - what is to be simulated: loads, destinations, and what the
 * operator does in between (owlpost-simulate(5))
 *
 * Times count from the beginning, in microseconds.  Texts point into the
 * scenario's octets.
 */
#ifndef OWL_SIMULATE_SCENARIO_H
#define OWL_SIMULATE_SCENARIO_H

#include "lib/route.h"

enum { DOWNS_MAX = 16, SCENARIO_MAX = 64 * 1024 * 1024 };

struct span {
  uint64_t from_us, to_us;
};

/* How a destination behaves. */
struct model {
  struct span connect, latency; /* of a connection, of a delivery: evenly spread between */
  uint64_t timeout_us;          /* until a connection that does not come about is given up */
  struct span downs[DOWNS_MAX];
  size_t down_count;
  uint64_t defer, fail, slower; /* percent of the recipients */
  uint64_t connections;         /* at one time, more get 421; 0: no limit */
  uint64_t rate, rate_us;       /* deliveries in this time, more get 421; 0: no limit */
};

/* A line that sends.  Number n of all its recipients gets pattern n % to_count. */
struct load {
  uint64_t at_us, gap_us;
  bool random; /* gap_us is a mean */
  uint64_t count, recipients, size;
  struct text from;
  struct text *to; /* owned */
  size_t to_count;
};

enum change_kind { CHANGE_SET, CHANGE_DESTINATION, CHANGE_HOLD, CHANGE_RELEASE, CHANGE_FLUSH, CHANGE_RESTART };

struct change {
  uint64_t at_us;
  enum change_kind kind;
  enum control_name setting;
  struct text name;  /* of the destination */
  struct text value; /* of the setting */
  struct model model;
};

struct scenario {
  stralloc octets;
  struct load *loads; /* owned, as all is */
  size_t load_count;
  struct change *changes; /* by time, and by line where that is the same */
  size_t change_count;
  uint64_t end_us; /* UINT64_MAX: when all is done */
  stralloc error;  /* NUL-terminated sentence after a failure */
};

/* scenario_model(): how a destination without a line behaves. */
struct model scenario_model(enum route_channel channel);

/* scenario_parse(): *s gets what the text says; octets are copied.  0, or -1
 * with s->error; scenario_free() in either case. */
int scenario_parse(struct scenario *s, struct text octets);
void scenario_free(struct scenario *s);

/* scenario_cat_address(): the pattern with "{}" replaced by number, "{N}" by
 * number modulo N.  0, or -1 without memory. */
int scenario_cat_address(stralloc *out, struct text pattern, uint64_t number);

#endif
