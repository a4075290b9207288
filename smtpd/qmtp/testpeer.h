/* testpeer.h - client and doorkeeper of a QMTP or QMQP session in unit tests
 *
 * The doorkeeper grants every address but those that begin with
 *   no@     refused: 550 5.1.1
 *   later@  deferred: 451 4.3.0
 *   end@    granted; the session ends after this message
 *   gone@   no answer: the doorkeeper is gone
 * What it is asked is written down: "data mail:a@b rcpt:c@d complete:12",
 * "abort:5.6.11", or "mail:a@b:30" with the announced octets.  Failures end the test.
 */
#ifndef OWL_TESTPEER_H
#define OWL_TESTPEER_H

#include "smtpd/qmtp/letter.h"

enum place { PLACE_FILE, PLACE_BROKEN_PIPE, PLACE_NONE };

struct testpeer {
  struct letter *letter; /* databytes 22, maxhops 2 */
  stralloc input;
  size_t given, at_once; /* octets */
  enum place place;      /* what there is for the data */
  stralloc asked;
  stralloc stored; /* the data of the message completed last */
  int out, message;
};

void testpeer_open(struct testpeer *p, const char *protocol, size_t at_once);
void testpeer_close(struct testpeer *p);

/* testpeer_netstring(): appends one; testpeer_netstrings(): one of each part of
 * the list, whose last may lack its end. */
void testpeer_netstring(stralloc *to, struct text octets);
void testpeer_netstrings(stralloc *to, const char *list, char end);

/* testpeer_expect(): after the session: the responses, divided by "|"; the
 * questions; the data of the last message. */
void testpeer_expect(struct testpeer *p, const char *responses, const char *asked, const char *stored);

#endif
