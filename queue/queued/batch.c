#include "config.h"
#include "queue/queued/batch.h"

/* How many are to be synced: these stand first in the list of descriptors. */
static size_t write_all(struct guest *const *list, size_t count, int *fds) {
  size_t written = 0;
  for (size_t i = 0; i < count; i++) {
    list[i]->code = injection_write(&list[i]->message);
    if (list[i]->code == INJECTOR_OK) fds[written++] = list[i]->message.message.fd;
  }
  return written;
}

static size_t name_all(struct guest *const *list, size_t count, const int *errors) {
  size_t written = 0, named = 0;
  for (size_t i = 0; i < count; i++) {
    if (list[i]->code == INJECTOR_OK) list[i]->code = injection_name(&list[i]->message, errors[written++] == 0);
    named += list[i]->code == INJECTOR_OK;
  }
  return named;
}

static void settle(struct guest *g, bool synced, int queue_fd) {
  struct queueid id = g->message.message.id;
  if (g->code == INJECTOR_OK) {
    g->code = injection_settle(&g->message, synced);
    if (g->code == INJECTOR_OK) newmessage_poke(queue_fd, &id);
  }
  guest_answer(g, g->code);
}

void batch_settle(struct guest *const *list, size_t count, int queue_fd) {
  int fds[BATCH_MAX] = {0}, errors[BATCH_MAX];
  size_t written = write_all(list, count, fds);
  syncall(fds, errors, written);
  bool synced = name_all(list, count, errors) > 0 && newmessage_sync_names(queue_fd) == 0;
  for (size_t i = 0; i < count; i++) settle(list[i], synced, queue_fd);
}
