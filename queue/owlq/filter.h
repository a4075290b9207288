/* filter.h - which messages a command is about
 *
 * Taken from the command line: --sender PATTERN, --recipient PATTERN,
 * --destination DOMAIN, --older-than TIME, --newer-than TIME, --larger-than
 * SIZE, --smaller-than SIZE, --state STATE[,STATE...], and ids as plain
 * arguments.  A message fits when it fits each kind that was given; of several
 * patterns, destinations or ids it must fit one.
 *
 * A pattern is an address, @domain, or either with the shell's * ? and [...];
 * upper and lower case are the same, and <> is the null reverse-path.  A
 * destination is a recipient's domain, or where a deferred one was to go: the
 * next hop, or the local user, by the name that the log gives it.  A
 * recipient counts until it is delivered: one that has failed does, too.
 * Patterns and ids are kept as pointers to the arguments, which must outlive
 * the filter.
 */
#ifndef OWL_OWLQ_FILTER_H
#define OWL_OWLQ_FILTER_H

#include "queue/message.h"

/* What state a message is in, to an operator: one of these. */
enum queue_state {
  STATE_NEW,     /* not tried yet */
  STATE_WAITING, /* tried; waits for its next attempt, or is under way */
  STATE_HELD,    /* held by the operator */
  STATE_FAILED,  /* no recipient waits; what failed is still to be told */
  STATE_BAD,     /* does not check, or lies in bad/ */
  STATES
};

const char *state_name(enum queue_state s); /* "new", ... */
enum queue_state state_of(const struct message *m); /* a loaded one: never STATE_BAD */

struct filter_words {
  const char **words; /* owned; the words are not */
  size_t count;
};

struct filter {
  struct filter_words senders, recipients, destinations;
  struct filter_words ids; /* as typed; queue/owlq/ids.h makes queue ids of them */
  bool has_older, has_newer, has_larger, has_smaller;
  uint64_t older_s, newer_s, larger_octets, smaller_octets;
  unsigned states; /* bit 1 << enum queue_state; 0: all but what lies in bad/ */
  stralloc error;  /* see filter_error() */
};

enum filter_taken {
  FILTER_TAKEN,    /* *at is behind what was taken */
  FILTER_NOT_MINE, /* some other option; *at is unchanged */
  FILTER_WRONG     /* the caller's mistake: filter_error() says which */
};

/* filter_take(): looks at argv[*at]; values may be a word of their own or stand
 * behind '='.  A word without a dash in front is an id; so are all behind
 * "--".  *f must be zeroed before the first call, and freed in any case. */
enum filter_taken filter_take(struct filter *f, int argc, char **argv, int *at);

/* filter_error(): a sentence, after FILTER_WRONG. */
const char *filter_error(const struct filter *f);

/* filter_is_empty(): nothing was given: every message would fit. */
bool filter_is_empty(const struct filter *f);

/* filter_needs_messages(): whether more than a message's name is needed. */
bool filter_needs_messages(const struct filter *f);

/* filter_wants(): whether the state is among those asked for. */
bool filter_wants(const struct filter *f, enum queue_state s);

/* filter_fits(): everything but the ids.  now_us is the wall clock; what is
 * older than it by a clock that was set has the age 0. */
bool filter_fits(const struct filter *f, const struct message *m, uint64_t now_us);

/* filter_fits_bad(): the same for what cannot be read, of which only arrival
 * and size are known: it has no sender and no recipients that could fit. */
bool filter_fits_bad(const struct filter *f, uint64_t arrival_us, uint64_t octets, uint64_t now_us);

void filter_free(struct filter *f);

/* pattern_fits(): one pattern, one address; both as above. */
bool pattern_fits(const char *pattern, struct text address);

#endif
