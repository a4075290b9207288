/* sessions.h - the running sessions, and from which clients they are
 *
 * A client is a network: an address without the bits in which a client's
 * addresses may differ.
 */
#ifndef OWL_SESSIONS_H
#define OWL_SESSIONS_H

#include "lib/ip.h"

struct sessions {
  struct sessions_row {
    pid_t pid;
    struct ip client;
  } *rows; /* owned */
  size_t count, room;
};

/* sessions_add(): 0, or -1 without memory. */
int sessions_add(struct sessions *s, pid_t pid, const struct ip *client);

/* sessions_end(): whether it was one. */
bool sessions_end(struct sessions *s, pid_t pid);

size_t sessions_of(const struct sessions *s, const struct ip *client);
void sessions_signal(const struct sessions *s, int signal_number);

/* sessions_save(): appends lines "PID ADDRESS"; sessions_restore() adds what
 * such lines say.  0, or -1: no memory, or a line is none. */
int sessions_save(const struct sessions *s, stralloc *out);
int sessions_restore(struct sessions *s, struct text lines);

void sessions_free(struct sessions *s);

#endif
