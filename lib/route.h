/* route.h - where a recipient's mail goes
 *
 * The same answer for the receiver's RCPT and for the runner.  Rules are
 * qmail's: envnoathost, percenthack, locals, virtualdomains, then smtproutes;
 * lmtproutes and qmtproutes come before smtproutes.  Domains are matched in either form
 * (lib/idn.h).
 */
#ifndef OWL_ROUTE_H
#define OWL_ROUTE_H

#include "lib/control.h"
#include "lib/fact.h"
#include "lib/target.h"

enum route_channel { CHANNEL_LOCAL = 0, CHANNEL_REMOTE = 1 };

/* What is spoken with the next hop. */
enum route_protocol { PROTOCOL_SMTP = 0, PROTOCOL_LMTP = 1, PROTOCOL_QMTP = 2 };

struct route_table {
  struct list locals, virtualdomains, percenthack, lmtproutes, qmtproutes, senderroutes, smtproutes;
  stralloc envnoathost;
};

struct route {
  enum route_channel channel;
  stralloc address; /* rewritten; local: what owl-lspawn is asked for */
  enum route_protocol protocol;
  stralloc host; /* remote: the relay, or the domain itself; literals keep their brackets;
                  * of a Unix socket: its path (lib/target.h) */
  uint64_t port; /* PORT_NONE: host is a path */
  bool use_mx; /* host is a domain whose MX records count */
  bool is_named; /* by the recipient: a line for the domain or a suffix of it says so, not one for all */
};

/* 0, or -1 with c->error set, also for a port or a path that is none. */
int route_load(struct route_table *t, struct control *c);
void route_unload(struct route_table *t);

/* route_find(): overwrites *r, which must be zeroed before its first use;
 * neither address may lie in it.  senderroutes count where smtproutes has no
 * line for the domain or a suffix of it; an absent or empty sender has none.  0, or -1 without memory.  Whatever address may
 * be, there is an answer: the host of a remote one can be empty or of any
 * length. */
int route_find(const struct route_table *t, struct text sender, struct text address, struct route *r);

/* route_explain(): the same, and notes each rule of each control file that was
 * looked for (lib/fact.h), by the file's name; then what came of it, as "route"
 * with channel, address, and for a remote one host, port and by (mx, relay,
 * lmtp); a socket has no port. */
int route_explain(const struct route_table *t, struct text sender, struct text address, struct route *r,
                  struct facts *f);

/* route_domain(): where mail for any address of a domain goes that is not
 * delivered here, as qmail-remote sees it: by lmtproutes and smtproutes alone.
 * As route_find(), but without an address. */
int route_domain(const struct route_table *t, struct text domain, struct route *r);

/* route_leads_nowhere(): remote, and the host is empty or longer than any
 * ("user@"): nobody can be asked to take mail there, now or ever. */
bool route_leads_nowhere(const struct route *r);

/* route_way(): the word of owl-remote(8) for how a host is reached. */
const char *route_way(enum route_protocol protocol, bool use_mx);

void route_free(struct route *r);

#endif
