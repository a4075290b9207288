/* select.h - go through the messages that a filter is about
 *
 * In the order of their ids, or, when the filter names ids, in the order in
 * which it does.  Runs beside a live runner: a message that vanishes meanwhile
 * is passed over, unless its id was given.
 */
#ifndef OWL_OWLQ_SELECT_H
#define OWL_OWLQ_SELECT_H

#include "queue/owlq/ids.h"

struct selected {
  const struct queueid *id;
  enum queue_state state;
  struct message *message; /* freed when found() returns; NULL where state is STATE_BAD */
  uint64_t arrival_us;     /* of a bad one: by its id */
  uint64_t octets;         /* of the message; of a bad one: of its file */
  const char *reason;      /* STATE_BAD: why */
  bool in_bad_folder;      /* else it lies at place */
  enum store_place place;
};

struct selection {
  struct store *store;
  const struct filter *filter;
  uint64_t now_us; /* wall clock */
  bool reverse;    /* the newest first; not where the filter names ids */
  int (*found)(void *context, const struct selected *m); /* -1: enough */
  void (*passed)(void *context, size_t done, size_t of); /* or NULL: before each message */
  void *context;
};

/* select_messages(): an exit code; what went wrong with single messages has been
 * said, and did not stop it. */
int select_messages(const struct selection *s);

/* select_listed(): the same for those of list that are still there and fit. */
int select_listed(const struct selection *s, const struct ids *list);

/* select_wants_bad_folder(): what lies in bad/ is only for who asks for it. */
bool select_wants_bad_folder(const struct filter *f);

/* select_open(): the file of m, read-only; -1 with errno. */
int select_open(struct store *s, const struct selected *m);

#endif
