#include "config.h"
#include "local/store/mboxes.h"
#include <stdlib.h>
#include "lib/room.h"

static struct mbox *find(struct mboxes *all, const char *path) {
  struct stat st;
  if (lstat(path, &st) == -1) return NULL;
  for (size_t i = 0; i < all->count; i++) {
    const struct stat *had = &all->list[i].at_open;
    if (had->st_dev == st.st_dev && had->st_ino == st.st_ino) return &all->list[i];
  }
  return NULL;
}

static struct mbox *add(struct mboxes *all, const char *path, struct verdict *v) {
  if (room_make(&all->list, all->count, &all->space, sizeof *all->list, 2) == -1) {
    verdict_defer(v, "4.3.0", "out of memory", "");
    return NULL;
  }
  struct mbox *m = &all->list[all->count];
  if (mbox_open(m, path, MBOX_WAIT_MS, v) == -1) return NULL;
  all->count++;
  return m;
}

int mboxes_append(struct mboxes *all, const char *path, const struct mailbox *box, const struct item *item,
                  struct verdict *v) {
  struct mbox *m = find(all, path);
  if (!m) m = add(all, path, v);
  return m ? mbox_append(m, box, item, v) : -1;
}

int mboxes_sync(struct mboxes *all, struct verdict *v) {
  for (size_t i = 0; i < all->count; i++)
    if (mbox_sync(&all->list[i], v) == -1) return -1;
  return 0;
}

void mboxes_mark(struct mboxes *all) {
  for (size_t i = 0; i < all->count; i++) mbox_mark(&all->list[i]);
}

void mboxes_back(struct mboxes *all) {
  for (size_t i = 0; i < all->count; i++) mbox_back(&all->list[i]);
}

void mboxes_undo(struct mboxes *all) {
  for (size_t i = 0; i < all->count; i++) mbox_undo(&all->list[i]);
}

void mboxes_close(struct mboxes *all) {
  for (size_t i = 0; i < all->count; i++) mbox_close(&all->list[i]);
  free(all->list);
  *all = (struct mboxes){0};
}
