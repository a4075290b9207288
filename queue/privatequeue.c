#include "config.h"
#include "queue/privatequeue.h"
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "queue/newmessage.h"

enum { FOLDERS_AT_ONCE = 8 };

static const char *base_folder(void) {
  const char *wanted = getenv("TMPDIR");
  if (wanted && *wanted) return wanted;
  return access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
}

static int make_folders(const struct store *s) {
  static const char *const folders[] = {"todo", "tmp", "bad", "wait"};
  char path[16];
  for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++)
    if (mkdirat(s->queue_fd, folders[i], 0700) == -1) return -1;
  for (unsigned i = 0; i < QUEUEID_FOLDERS; i++) {
    store_wait_folder(path, i);
    if (mkdirat(s->queue_fd, path, 0700) == -1) return -1;
  }
  return 0;
}

int privatequeue_make(char path[PRIVATEQUEUE_PATH_MAX], struct store *s) {
  int len = snprintf(path, PRIVATEQUEUE_PATH_MAX, "%s/owlqueueXXXXXX", base_folder());
  if (len < 0 || len >= PRIVATEQUEUE_PATH_MAX) return errno = ENAMETOOLONG, -1;
  if (!mkdtemp(path)) return -1;
  if (store_open(s, path) == 0) {
    if (make_folders(s) == 0) return 0;
    store_close(s);
  }
  int saved = errno;
  (void)privatequeue_remove(path);
  return errno = saved, -1;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *where) {
  (void)st, (void)type, (void)where;
  return remove(path);
}

int privatequeue_remove(const char *path) {
  return nftw(path, remove_one, FOLDERS_AT_ONCE, FTW_DEPTH | FTW_PHYS) == 0 ? 0 : -1;
}

int privatequeue_put(const struct store *s, const struct queueid *id, const struct envelope *e,
                     struct text body) {
  struct newmessage m;
  if (newmessage_open(&m, s->queue_fd, id) != NEWMESSAGE_OK) return -1;
  if (newmessage_write(&m, body.s, body.len) != NEWMESSAGE_OK) return newmessage_abort(&m), -1;
  return newmessage_commit(&m, e) == NEWMESSAGE_OK ? 0 : -1;
}
