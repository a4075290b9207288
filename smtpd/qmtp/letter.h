/* letter.h - a message that comes before its envelope: QMTP's and QMQP's
 *
 * Message, sender, recipients, end, in this order.  All of them is read
 * whatever is wrong with it, so that client and server stay in step; what is
 * wrong with the whole is the verdict.  Input is hostile.
 *
 * Functions return 0, or -1 with errno (netstring.h, channel.h): the session
 * ends, and nothing is queued.
 */
#ifndef OWL_LETTER_H
#define OWL_LETTER_H

#include "smtpd/qmtp/netstring.h"
#include "smtpd/talker/channel.h"
#include "smtpd/talker/command.h"
#include "smtpd/talker/transfer.h"

struct letter {
  /* set by the owner */
  struct channel channel;
  const char *protocol; /* "QMTP" or "QMQP" */
  uint64_t databytes;   /* 0: no limit */
  uint64_t maxhops;
  bool normalises; /* bare CR and LF (data.h) */

  /* set by letter_open(), unless the owner did: how to ask, and to read */
  ask_fn *ask;
  void *context;
  struct line_reader reader;

  struct transfer transfer;
  int fd;           /* the pipe to the injector, or -1 */
  bool begun;       /* the doorkeeper has a transaction */
  uint64_t too_large_octets; /* announced, where the message is not read for that; or 0 */
  bool ends;        /* it wants no more of them */
  uint64_t granted; /* recipients */
  char status[12];  /* of the last refusal, for the log */
  stralloc verdict; /* response (response.h) for the whole; empty: nothing wrong so far */
  char expanded[LINE_BUFFER_OCTETS];
  char decoded[LINE_BUFFER_OCTETS + DATA_HELD_OCTETS];
};

/* letter_open(): before the first; the owner's members are set. */
void letter_open(struct letter *l);

/* letter_take_message(): what is left of n, to its end.  With crlf that ends
 * its lines, otherwise LF does. */
int letter_take_message(struct letter *l, struct netstring *n, bool crlf);

/* letter_take_sender(), letter_take_recipient(): a netstring with an address.
 * A recipient that is refused leaves *response filled; one that is granted, or
 * that the verdict is about, leaves it empty. */
int letter_take_sender(struct letter *l, struct netstring *outer);
int letter_take_recipient(struct letter *l, struct netstring *outer, stralloc *response);

/* letter_refuse(): this response is the verdict. */
int letter_refuse(struct letter *l, struct text response);

/* letter_close(): queues it, or drops it; the verdict is filled. */
int letter_close(struct letter *l);

/* letter_part(): the session's end by that errno; 0: an orderly one. */
enum talker_end letter_part(struct letter *l, int error);

void letter_free(struct letter *l);

#endif
