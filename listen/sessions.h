/* sessions.h - the running sessions, and from which clients they are
 *
 * A client is a network: an address without the bits in which a client's
 * addresses may differ.  The table is shared with the sessions' doorkeepers,
 * which write into their own rows of whom a proxy says that they are.
 */
#ifndef OWL_SESSIONS_H
#define OWL_SESSIONS_H

#include <sys/types.h>
#include "lib/ip.h"

enum { SESSIONS_MAX = 65536 };

struct sessions_row {
  pid_t pid; /* 0: free; -1: not known yet */
  struct ip client;
};

struct sessions {
  struct sessions_table *table;
  size_t count;
};

/* sessions_open(): none yet.  0, or -1 with errno. */
int sessions_open(struct sessions *s);

/* sessions_add(): a row, whose pid the caller sets, or NULL: there are
 * SESSIONS_MAX.  sessions_drop(): it is free again. */
struct sessions_row *sessions_add(struct sessions *s, const struct ip *client);
void sessions_drop(struct sessions *s, struct sessions_row *row);

/* sessions_end(): whether it was one. */
bool sessions_end(struct sessions *s, pid_t pid);

size_t sessions_of(const struct sessions *s, const struct ip *client);
void sessions_signal(const struct sessions *s, int signal_number);

/* sessions_hide(): processes that this one forks from now on do not have the
 * table.  0, or -1 with errno. */
int sessions_hide(const struct sessions *s);

/* sessions_save(): appends lines "PID ADDRESS"; sessions_restore() adds what
 * such lines say.  0, or -1: no memory, or a line is none. */
int sessions_save(const struct sessions *s, stralloc *out);
int sessions_restore(struct sessions *s, struct text lines);

void sessions_close(struct sessions *s);

#endif
