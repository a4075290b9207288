#include "config.h"
#include "queue/queued/batch.h"

static void write_all(struct guest *const *list, size_t count) {
  for (size_t i = 0; i < count; i++) {
    list[i]->code = injection_write(&list[i]->message);
    /* alone it would only be one more call */
    if (count > 1 && list[i]->code == INJECTOR_OK) newmessage_start_sync(&list[i]->message.message);
  }
}

static size_t name_all(struct guest *const *list, size_t count) {
  size_t named = 0;
  for (size_t i = 0; i < count; i++) {
    if (list[i]->code == INJECTOR_OK) list[i]->code = injection_name(&list[i]->message);
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
  write_all(list, count);
  bool synced = name_all(list, count) > 0 && newmessage_sync_names(queue_fd) == 0;
  for (size_t i = 0; i < count; i++) settle(list[i], synced, queue_fd);
}
