/* privatequeue.h - a queue for one process alone, made and removed by it
 *
 * For tests and the simulator.  It lies in memory where there is /dev/shm,
 * unless TMPDIR says otherwise: thousands of virtual days are not to wait for
 * a disk.  Functions return 0, or -1 with errno.
 */
#ifndef OWL_PRIVATEQUEUE_H
#define OWL_PRIVATEQUEUE_H

#include "lib/envelope.h"
#include "queue/store.h"

enum { PRIVATEQUEUE_PATH_MAX = 256 };

/* privatequeue_make(): the folder with all that belongs into it; opens it, too.
 * What was made before a failure is removed again. */
int privatequeue_make(char path[PRIVATEQUEUE_PATH_MAX], struct store *s);

/* privatequeue_remove(): with everything in it; the store is the caller's to
 * close. */
int privatequeue_remove(const char *path);

/* privatequeue_put(): a new message in todo/. */
int privatequeue_put(const struct store *s, const struct queueid *id, const struct envelope *e,
                     struct text body);

#endif
