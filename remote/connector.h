/* connector.h - the half of owl-remote that looks up and connects
 *
 * Walks the destination's hosts and addresses (RFC 5321 5) at the talker's
 * request (remote/net.h), lets those of one preference race (remote/race.h), and
 * hands it connected sockets, of which it keeps no copy.  It reads what name servers send, but not an octet of SMTP.
 */
#ifndef OWL_CONNECTOR_H
#define OWL_CONNECTOR_H

#include "lib/fact.h"
#include "lib/list.h"
#include "lib/log.h"
#include "lib/text.h"
#include "remote/attempts.h"
#include "remote/deadlist.h"
#include "remote/dnssec.h"
#include "remote/identity.h"
#include "remote/stspolicy.h"

struct destination {
  struct text host; /* domain, relay, or address literal */
  unsigned port;
  bool use_mx;
  bool is_lmtp;     /* a mailbox server, RFC 2033 */
  bool is_qmtp;     /* cr.yp.to/proto/qmtp.txt */
  char *socket_path; /* in place of host and port, or NULL */
};

struct connector_settings {
  struct text me, helohost; /* names under which this host can stand in an MX set */
  unsigned timeoutconnect_s, timeoutdns_s, deadaddresstime_s;
  const struct identities *identities;
  struct attempts attempts;
  struct facts *facts; /* NULL, or who wants to know what is looked up and tried */
  struct dnssec *dnssec;
  struct stspolicy_settings sts;
  const struct list *tlspolicy; /* remote/tlspolicy.h */
  bool has_no_tls; /* the site has none: what domains publish does not count, lines of tlspolicy do */
  bool notes_tls; /* in the folder of sts, for reports */
  const char *rundir;           /* where owl-tlsd has its socket */
  const int *limits_ms;         /* of each step before TLS: remote/smtp.h */
  bool may_lack_seccomp;
  struct log *log;
  struct deadlist *deadlist; /* NULL: nothing is known of addresses */
};

/* connector_run(): serves the talker until it closes.  0, or -1: it asked for
 * something that does not exist, or memory ran out. */
int connector_run(int talker, const struct destination *d, const struct connector_settings *s);

#endif
