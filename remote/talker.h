/* talker.h - the half of owl-remote that speaks with the server
 *
 * Takes jobs from the runner (owlpost-agent(7)), asks the connector for
 * connections (remote/net.h), and speaks SMTP or LMTP.  It runs shut in: it uses only
 * the two sockets it is given and the descriptors that come in by them.
 */
#ifndef OWL_TALKER_H
#define OWL_TALKER_H

#include "remote/credentials.h"
#include "remote/identity.h"
#include "remote/smtp.h"

struct talker_settings {
  const struct identities *identities;
  struct text destination; /* a key of theirs */
  struct facts *facts; /* NULL, or who wants to know what is said */
  const struct credentials *credentials; /* NULL: nobody logs in */
  bool is_lmtp;   /* the server is one of mailboxes (RFC 2033) */
  bool is_qmtp;   /* remote/qmtp.h */
  bool asks_only; /* whether recipients would be taken; no message is sent */
  int limits_ms[SMTP_STEPS];
};

enum talker_end {
  TALKER_DONE = 0,
  TALKER_BAD_FRAME = 1,    /* what came from the runner is no frame or no job */
  TALKER_NO_CONNECTOR = 2, /* the connector is gone or answers nonsense */
  TALKER_NO_RUNNER = 3,    /* gone in the middle of a job */
  TALKER_NO_MEMORY = 4
};

/* talker_run(): until CLOSE or the end of file from the runner. */
enum talker_end talker_run(int runner, int connector, const struct talker_settings *s);

#endif
