/* bounce.h - the message that tells a sender what became of his (RFC 3464)
 *
 * Three parts (RFC 6522): text for people, failures in QSBMF's classic form;
 * the delivery status; and the message that it is about, whole or its header.
 * One DSN tells of everything that is to be told then: failures, delays and,
 * to who asked for it, successes (RFC 3461).
 */
#ifndef OWL_BOUNCE_H
#define OWL_BOUNCE_H

#include "queue/message.h"
#include "queue/settings.h"

/* bounce_id(): the queue id of the number-th DSN about a message: always the
 * same, so that a crash cannot make a second one. */
void bounce_id(struct queueid *id, const struct queueid *parent, uint64_t number);

/* RFC 3464 2.3.3 */
enum bounce_action {
  BOUNCE_NOTHING, /* there is nothing to tell, or it has been told */
  BOUNCE_FAILED,
  BOUNCE_DELAYED,
  BOUNCE_DELIVERED,
  BOUNCE_RELAYED,
  BOUNCE_EXPANDED
};

/* bounce_news(): what is to be told of this recipient.  It rests on envelope,
 * log and settings alone, so that it is the same after a crash.  Which of the
 * three successes it was is right once the log has been read again. */
enum bounce_action bounce_news(const struct message *m, size_t recipient, const struct settings *s);

/* bounce_would_warn(): whether a deferral that is recorded at this age would be
 * news: of who waits without being tried. */
bool bounce_would_warn(const struct message *m, size_t recipient, uint64_t age_s,
                       const struct settings *s);

/* bounce_is_due(): whether there are news of any recipient. */
bool bounce_is_due(const struct message *m, const struct settings *s);

/* bounce_lifetime_s(): how long attempts go on: a bounce's own life is another. */
uint64_t bounce_lifetime_s(const struct message *m, const struct settings *s);

struct bounce {
  const struct message *m; /* its log has been read again */
  const struct settings *s;
  const struct queueid *id; /* the DSN's own */
  struct text to;           /* who its header says that it is for */
  uint64_t now_us;
  bool eightbit;      /* set by bounce_write(): it holds octets above 127, and says so */
  bool international; /* set by bounce_write(): it has the form of RFC 6533, for SMTPUTF8 */
};

/* bounce_has(): whether it tells such news. */
bool bounce_has(const struct bounce *b, enum bounce_action action);

/* bounce_write(): appends the whole DSN, LF line ends.  0, or -1 with errno. */
int bounce_write(stralloc *out, struct bounce *b);

#endif
