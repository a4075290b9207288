/* ask.h - questions to next hops about recipients, a bounded number at one time
 *
 * Each is a job without a message for an owl-remote that asks only
 * (owl-remote(8), --check), which is kept for a moment for the next question to
 * the same host.  An address that is asked about is not asked about a second
 * time until there is an answer: two hosts that ask each other about it ask
 * once each.  Nothing here waits.
 */
#ifndef OWL_VERIFY_ASK_H
#define OWL_VERIFY_ASK_H

#include <poll.h>
#include "lib/agent.h"
#include "lib/route.h"
#include "remote/launch.h"
#include "remote/verdict.h"

enum {
  ASK_QUESTIONS_MAX = 128, /* under way */
  ASK_AGENTS_MAX = 32,     /* processes */
  ASK_AGENTS_PER_HOST = 4,
  ASK_LIMIT_S = 120, /* of one question */
  ASK_IDLE_S = 5     /* how long an agent without a question is kept */
};

struct question {
  bool open, ends; /* ends: its answer is being given */
  struct route route; /* owned */
  stralloc host;      /* ask_host() */
  uint64_t number;    /* older ones are less */
  uint64_t until_us;
  struct ask_agent *agent; /* NULL: waits for one */
};

struct ask_agent {
  int fd; /* -1: none */
  stralloc host;
  struct frame_reader in;
  struct question *question; /* NULL: idle */
  unsigned words; /* SILENT and HEARD since the last question was put */
  uint64_t idle_until_us;
};

struct ask {
  const struct launch *launch;
  const stralloc *sender;   /* that next hops are asked with */
  /* answered(): the question is closed when it returns. */
  void (*answered)(void *context, struct question *q, const struct verdict *v);
  void *context;
  struct question questions[ASK_QUESTIONS_MAX];
  struct ask_agent agents[ASK_AGENTS_MAX];
  uint64_t last_number;
};

/* ask_open(): the rest zeroed. */
void ask_open(struct ask *a);

/* ask_host(): the next hop of a remote route, for comparisons.  0, or -1
 * without memory. */
int ask_host(stralloc *out, const struct route *r);

/* ask_find(): the question about this address that is under way, or NULL. */
struct question *ask_find(struct ask *a, struct text address);

/* ask_begin(): about r->address, at the remote next hop that r names; it is
 * sent by ask_handle().  NULL: too many are under way, or no memory. */
struct question *ask_begin(struct ask *a, const struct route *r);

/* ask_prepare(), ask_handle(): ASK_AGENTS_MAX places to be polled; what came of
 * it, what took too long, and the start of what can be started now. */
void ask_prepare(const struct ask *a, struct pollfd *p);
void ask_handle(struct ask *a, const struct pollfd *p);

/* ask_due_us(): boot clock; when ask_handle() is to be called at the latest. */
uint64_t ask_due_us(const struct ask *a);

#endif
