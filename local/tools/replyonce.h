/* replyonce.h - who has been answered, and when
 *
 * One file of bounded size: REPLYONCE_MAX senders; then the one answered
 * longest ago is forgotten.  Senders stand there as digests, which are all of
 * one length whatever a sender calls itself.  The file is locked from
 * replyonce_open() to replyonce_close(), so that of several deliveries at one
 * time one replies.
 */
#ifndef OWL_LOCAL_TOOLS_REPLYONCE_H
#define OWL_LOCAL_TOOLS_REPLYONCE_H

#include <stdint.h>
#include "lib/text.h"

enum { REPLYONCE_MAX = 10000, REPLYONCE_DIGEST = 16 };

struct replyonce {
  int fd;
  stralloc octets; /* of the file */
  unsigned char digest[REPLYONCE_DIGEST];
  size_t slot; /* where the sender stands, or will */
  uint64_t answered_s; /* wall clock; 0: not known */
};

/* replyonce_open(): makes the file when it is missing, waits for the lock and
 * looks the sender up.  ASCII case is ignored.  0, or -1 with errno: EBADMSG
 * when the file is another one.  Close it in both cases. */
int replyonce_open(struct replyonce *r, const char *path, struct text sender);

/* replyonce_is_due(): a time in the future is not believed. */
bool replyonce_is_due(const struct replyonce *r, uint64_t now_s, uint64_t period_s);

/* replyonce_record(): 0, or -1 with errno. */
int replyonce_record(struct replyonce *r, uint64_t now_s);

void replyonce_close(struct replyonce *r);

#endif
