#include "config.h"
#include "queue/testqueue.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "lib/clock.h"
#include "queue/newmessage.h"

void testqueue_make(struct testqueue *q) {
  static const char *const folders[] = {"todo", "tmp", "bad", "wait"};
  const char *base = getenv("TMPDIR");
  char path[16];
  snprintf(q->path, sizeof q->path, "%s/owlqueueXXXXXX", base ? base : "/tmp");
  assert_non_null(mkdtemp(q->path));
  assert_int_equal(store_open(&q->store, q->path), 0);
  for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++)
    assert_int_equal(mkdirat(q->store.queue_fd, folders[i], 0700), 0);
  for (unsigned i = 0; i < QUEUEID_FOLDERS; i++) {
    store_wait_folder(path, i);
    assert_int_equal(mkdirat(q->store.queue_fd, path, 0700), 0);
  }
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *where) {
  (void)st, (void)type, (void)where;
  return remove(path);
}

void testqueue_remove(struct testqueue *q) {
  store_close(&q->store);
  assert_int_equal(nftw(q->path, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

struct queueid testqueue_inject(struct testqueue *q, const char *body, const char *sender,
                                const char *const *recipients, size_t count) {
  struct newmessage m;
  struct queueid id;
  struct envelope e = {.sender = text_of(sender), .arrival_us = clock_wall_us(&clock_system)};
  for (size_t i = 0; i < count; i++) envelope_add(&e)->address = text_of(recipients[i]);
  assert_int_equal(queueid_make(&id, e.arrival_us), 0);
  assert_int_equal(newmessage_open(&m, q->store.queue_fd, &id), NEWMESSAGE_OK);
  assert_int_equal(newmessage_write(&m, body, strlen(body)), NEWMESSAGE_OK);
  assert_int_equal(newmessage_commit(&m, &e), NEWMESSAGE_OK);
  envelope_free(&e);
  return id;
}
