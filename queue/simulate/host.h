/* host.h - a destination as its model has it: does it take a connection, a
 * delivery?  Times count from the beginning of the simulation. */
#ifndef OWL_SIMULATE_HOST_H
#define OWL_SIMULATE_HOST_H

#include "lib/result.h"
#include "queue/simulate/chance.h"
#include "queue/simulate/scenario.h"

struct host {
  const struct model *model;
  size_t changes;           /* that had been carried out when model was chosen */
  uint64_t open;           /* connections */
  uint64_t rate_began_us, rate_used;
};

enum host_answer { HOST_TAKES, HOST_DOWN, HOST_BUSY };

/* host_connect(): what becomes of a connection that is begun now, and after
 * how long.  HOST_TAKES counts in open; the caller takes it off at its end. */
enum host_answer host_connect(struct host *h, struct chance *c, uint64_t now_us, uint64_t *takes_us);

/* host_begin(): a delivery begins. */
enum host_answer host_begin(struct host *h, struct chance *c, uint64_t now_us, uint64_t *takes_us);

bool host_is_down(const struct host *h, uint64_t now_us);

/* host_refusal(): HOST_DOWN and HOST_BUSY in the words of an agent.
 * host_result(): what becomes of a recipient. */
struct result host_refusal(enum host_answer answer, bool connected);
struct result host_result(const struct host *h, struct chance *c);

#endif
