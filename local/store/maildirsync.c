#include "config.h"
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>
#include "local/store/maildir.h"

/* More at one time hardly make fewer flushes of the disk, which takes each of
 * them along with those that have been waiting. */
enum { SYNCS_AT_ONCE = 16, STACK_OCTETS = 256 * 1024 };

struct syncs {
  struct maildir_file *const *files;
  size_t count;
  atomic_size_t next;
};

/* Each file is one thread's. */
static void *sync_some(void *context) {
  struct syncs *s = context;
  for (size_t i; (i = atomic_fetch_add(&s->next, 1)) < s->count;) {
    s->files[i]->sync_error = fsync(s->files[i]->fd) == -1 ? errno : 0;
    s->files[i]->synced = true;
  }
  return NULL;
}

static size_t start_threads(pthread_t *threads, size_t count, struct syncs *s) {
  pthread_attr_t small;
  size_t n = 0;
  if (pthread_attr_init(&small) != 0) return 0;
  (void)pthread_attr_setstacksize(&small, STACK_OCTETS);
  while (n < count && pthread_create(&threads[n], &small, sync_some, s) == 0) n++;
  (void)pthread_attr_destroy(&small);
  return n;
}

/* The caller does what no thread could be had for. */
void maildir_sync_together(struct maildir_file *const *files, size_t count) {
  pthread_t threads[SYNCS_AT_ONCE - 1];
  struct syncs s = {.files = files, .count = count};
  if (count == 0) return;
  size_t n = start_threads(threads, count < SYNCS_AT_ONCE ? count - 1 : SYNCS_AT_ONCE - 1, &s);
  sync_some(&s);
  while (n) (void)pthread_join(threads[--n], NULL);
}
