/* link.h - owlq's end of the runner's control socket (owlpost-ctl(7)) */
#ifndef OWL_OWLQ_LINK_H
#define OWL_OWLQ_LINK_H

#include "lib/control.h"
#include "lib/ctl.h"

struct link {
  int sock;
  struct frame_reader reader;
};

/* link_open(): 0, or -1 with errno: nobody listens there. */
int link_open(struct link *l, struct control *c);

/* link_send(): 0, or -1 after it has said what is wrong. */
int link_send(struct link *l, unsigned type, const struct ctl_request *request);

/* link_receive(): the answer to the first request that has none yet: 0, or -1
 * after it has said what is wrong; an ERROR is wrong, too.  The reply is valid
 * until the next call. */
int link_receive(struct link *l, struct ctl_reply *reply);

/* For requests and answers of other forms.  link_send_payload(): as link_send().
 * link_receive_frame(): the next frame that is no ERROR; valid until the next
 * call. */
int link_send_payload(struct link *l, unsigned type, struct text payload);
int link_receive_frame(struct link *l, struct frame *f);

void link_close(struct link *l);

#endif
