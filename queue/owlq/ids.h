/* ids.h - queue ids in the queue, and the beginnings of ids that operators type
 *
 * A list of ids takes 38 octets for each message.  Messages come and go and
 * move from todo/ to wait/ while the folders are read: what was there all the
 * time is found, and found once.
 */
#ifndef OWL_OWLQ_IDS_H
#define OWL_OWLQ_IDS_H

#include "queue/owlq/filter.h"

struct ids {
  struct queueid *each; /* owned */
  size_t count, space;
};

/* ids_add(): 0, or -1 without memory. */
int ids_add(struct ids *list, const struct queueid *id);

/* ids_scan(): everything in todo/ and wait/, or in bad/, sorted, each once.  An
 * exit code; the folder that cannot be read has been named. */
int ids_scan(struct ids *list, struct store *s);
int ids_scan_bad(struct ids *list, struct store *s);

/* ids_beginning_with(): how many of a sorted list begin with prefix; they stand
 * together from *first. */
size_t ids_beginning_with(const struct ids *list, const char *prefix, size_t *first);

/* ids_resolve(): the queue ids that the words mean, in their order: whole ids,
 * which need not be there, or unambiguous beginnings of what is in the queue
 * or in bad/.  An exit code; what is wrong has been said. */
int ids_resolve(struct ids *list, struct store *s, const struct filter_words *words);

/* ids_find(): the same for one word. */
int ids_find(struct queueid *id, struct store *s, const char *word);

void ids_free(struct ids *list);

#endif
