/* batch.h - deliver several messages to one mailbox and make them durable
 * together
 *
 * batch_add() writes a message's files.  batch_settle() then syncs the files,
 * moves all of them into place, syncs each new/ once, and only then reports
 * each delivery.  A message that is also forwarded is a batch of its own: it
 * is forwarded after its files are on the disk and before they are placed, the
 * step that fails seldom, so that a queue that takes no mail does not leave a
 * new copy at every attempt.
 *
 * The .qmail file is read once per batch.
 */
#ifndef OWL_LOCAL_BATCH_H
#define OWL_LOCAL_BATCH_H

#include "local/forward.h"
#include "local/maildir.h"

enum { BATCH_FILES_MAX = 64 /* open at one time, unless one message has more instructions */ };

struct delivery {
  uint64_t job, index;
  struct verdict verdict; /* of success, once it is settled */
  uint64_t action;        /* enum result_action */
  bool failed;            /* the verdict is a deferral or a failure */
  struct maildir_file *files;
  size_t file_count;
};

typedef void batch_reporter(void *context, const struct delivery *d);

struct batch {
  const struct mailbox *box;
  struct maildir_namer namer;
  batch_reporter *report;
  void *context;

  struct plan plan;
  struct verdict plan_verdict;
  bool plan_loaded, plan_failed;
  struct delivery *deliveries;
  size_t count, space, files;
};

/* batch_add(): the item is needed only during the call.  Whatever goes wrong is
 * reported; -1 only without memory, when nothing could be noted. */
int batch_add(struct batch *b, uint64_t job, uint64_t index, const struct item *item);
void batch_settle(struct batch *b);
void batch_free(struct batch *b);

#endif
