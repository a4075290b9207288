/* order.h - what the operator can order for a message, carried out on its files
 *
 * The runner calls this for messages that it does not have in hand; owlq calls
 * it while it holds the runner's lock.  Nothing here is durable before
 * store_sync().
 */
#ifndef OWL_ORDER_H
#define OWL_ORDER_H

#include "queue/message.h"

enum order {
  ORDER_HOLD,    /* not tried until it is released */
  ORDER_RELEASE, /* no longer held, and due now */
  ORDER_RETRY,   /* due now */
  ORDER_EXPIRE,  /* due now; what is then deferred has failed */
  ORDER_RETURN,  /* whoever waits has failed: the sender is told */
  ORDER_DELETE,  /* gone, and nobody is told */
  ORDERS
};

/* As they stand in answers on the control socket (owlpost-ctl(7)). */
enum outcome {
  OUTCOME_DONE = 'd',
  OUTCOME_ALREADY = 'a', /* it was so before */
  OUTCOME_HELD = 'h',    /* a held message is not tried: release it */
  OUTCOME_GONE = 'g',    /* no such message in the queue */
  OUTCOME_BUSY = 'b',    /* deliveries are under way: it is not mended now */
  OUTCOME_FAILED = 'f'   /* errno */
};

struct orderer {
  uint64_t uid; /* on whose word, for the message's log */
  uint64_t now_us; /* wall clock */
};

struct ordered {
  bool moved;     /* from todo/ to wait/, also when it has failed then */
  uint64_t age_s; /* of the message */
};

/* order_carry_out(): *after is set whatever the outcome. */
enum outcome order_carry_out(struct store *s, const struct queueid *id, enum order what,
                             const struct orderer *by, struct ordered *after);

/* order_event(): the record of an order that the log keeps; not for
 * ORDER_DELETE.  held: whether the message is held now. */
struct logrecord order_event(enum order what, const struct orderer *by, uint64_t age_s, bool held);

/* order_needless(): OUTCOME_DONE, or why the order changes nothing. */
enum outcome order_needless(enum order what, bool held, bool expired, bool returned);

/* order_name(): as owlq calls it, "hold". */
const char *order_name(enum order what);

#endif
