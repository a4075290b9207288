/* query.h - put questions to name servers, by c-ares (RFC 1035, 6891)
 *
 * c-ares has the sockets, the servers' list, repetition and the change to TCP;
 * what comes back is read by remote/answer.h.
 */
#ifndef OWL_QUERY_H
#define OWL_QUERY_H

#include "remote/answer.h"

struct query {
  struct text name; /* askable (name_is_askable()) */
  enum answer_type type;
  stralloc packet;     /* the answer; empty: there is none */
  const char *problem; /* NULL, or static: why there is none */
};

/* query_run(): asks all at once and waits for the answers, until the deadline
 * (lib/iofd.h).  The caller frees the packets. */
void query_run(struct query *const *queries, size_t count, uint64_t deadline);

enum query_place {
  QUERY_HERE, /* there are servers, and each has a loopback address */
  QUERY_ELSEWHERE,
  QUERY_UNKNOWN /* the list cannot be read now */
};

/* query_place(): where the servers are that would be asked. */
enum query_place query_place(void);

#endif
