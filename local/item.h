/* item.h - one message for one recipient of ours: views, for as long as it is
 * being delivered */
#ifndef OWL_LOCAL_ITEM_H
#define OWL_LOCAL_ITEM_H

#include "lib/envelope.h"
#include "local/body.h"

struct item {
  struct body body;
  const struct envelope *envelope;
  const struct envelope_recipient *recipient;
};

#endif
