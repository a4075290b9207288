/* byhand.h - the classic interface: one message, one delivery, an exit code */
#ifndef OWL_LOCAL_BYHAND_H
#define OWL_LOCAL_BYHAND_H

#include "local/mailbox.h"
#include "local/verdict.h"

/* byhand_print(): what would be done, one instruction a line, on descriptor 1.
 * 0, or -1 with *v. */
int byhand_print(const struct mailbox *box, struct verdict *v);

/* byhand_deliver(): the message is on fd, from its start when it is a file.
 * *v is filled in any case. */
void byhand_deliver(int fd, const struct mailbox *box, const char *sender, struct verdict *v);

#endif
