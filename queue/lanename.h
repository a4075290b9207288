/* lanename.h - what a lane (lane.h) is called: by the runner, by logs, by operators, on files
 *
 * "example.org", "relay.example.org:2525", "lmtp:store.example.org",
 * "lmtp:unix:/path", "qmtp:relay.example.org", "local/bob".  One lane has one
 * name: folded to lower case but for a path, and with a domain in the form that
 * the DNS knows.
 */
#ifndef OWL_LANENAME_H
#define OWL_LANENAME_H

#include "lib/route.h"

/* lane_cat_name(): appends the name of a route's lane, its case not yet folded.
 * 0, or -1 without memory. */
int lane_cat_name(stralloc *out, const struct route *r);

/* lane_cat_given(): to an empty *out, a name that somebody gives, as its lane has
 * it: folded, and with a domain in the form that the DNS knows (lib/idn.h).  0,
 * or -1 without memory. */
int lane_cat_given(stralloc *out, struct text given);

/* lanename_host(): the name without protocol and port; of a socket: its path. */
struct text lanename_host(struct text name);

enum route_channel lanename_channel(struct text name);

#endif
