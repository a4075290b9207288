/* settings.h - everything that owl-smtpd reads before its first octet from a client */
#ifndef OWL_SETTINGS_H
#define OWL_SETTINGS_H

#include "lib/route.h"

struct settings {
  stralloc me, greeting, localiphost; /* NUL-terminated behind their len */
  stralloc rcpt_socket;               /* NUL-terminated path: where delivery answers questions */
  stralloc etrn_socket;               /* the same: where the runner takes what ETRN asks for */
  stralloc inject_socket;             /* the same: where injectors are ready */
  struct list proxyclients, relayclients, xclients; /* lib/network.h */
  struct list etrnclients;            /* nodes.h */
  stralloc folder;                    /* NUL-terminated path: of the control files */
  stralloc nexthop_socket;            /* the same: where next hops' answers are had */
  struct list verifyrecipients;       /* the domains that they are asked about, and "accept" or "defer" */
  struct list badhelo, badmailfrom, badrcptto, rcpthosts;
  struct route_table routes;
  uint64_t allowunfenced, databytes, maxerrors, maxhops, maxrecipients, timeoutrcpt_s, timeoutsmtpd_s, timeoutverify_s;
  bool normalises_newlines;
  uint64_t maxtransactions, maxrequests; /* of a session; 0: no limit */
  uint64_t greetdelay_s, tarpitcount, tarpitdelay_s, mindatarate, mindatawindow_s; /* 0: none */
  const char *rcptcheck; /* a program; NULL: none */
  bool may_etrn; /* of a session */
  stralloc rundir;                    /* NUL-terminated */
  struct list tlsclients;             /* certificates whose owners may relay (certified.h) */
  bool begins_with_tls;               /* the connection, before anything is said (RFC 8314 3.3) */
  bool expects_tls;                   /* there are certificates */
  bool needs_tls;                     /* no mail without */
  unsigned mechanisms;                /* enum sasl_mechanism, a set: that may be offered (authsettings.h) */
  bool offers_auth, needs_auth, is_submission;
  uint64_t authwithouttls, maxauthtries, submissionrecipients;
  struct list sendermap;              /* sendermap.h */
  const char *auth_host;              /* for CRAM-MD5's challenge; NULL: me */
  bool offers_starttls, is_secured; /* of a session: TLS may begin, for the talker: and can; it has */
  bool goes_on;                     /* of a talker: after STARTTLS */
  bool is_proxied, may_xclient; /* of a session (trust.h): its connection begins with a PROXY header... */
  struct text relayclient; /* absent: the client may not relay */
  bool trusts_recipients;  /* who is not there gets no refusal, but the sender a DSN */
};

/* settings_load(): control files, then the environment (variables.h).
 * 0, or -1 with c->error set. */
int settings_load(struct settings *s, struct control *c);

void settings_free(struct settings *s);

#endif
