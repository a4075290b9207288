#include "config.h"
#include "lib/syncall.h"
#include <aio.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static int sync_one(int fd) { return fsync(fd) == 0 ? 0 : errno; }

static int wait_for(struct aiocb *a) {
  const struct aiocb *const list[] = {a};
  int error;
  while ((error = aio_error(a)) == EINPROGRESS) (void)aio_suspend(list, 1, NULL);
  (void)aio_return(a);
  return error;
}

/* Whose thread cannot be had waits here. */
void syncall(const int *fds, int *errors, size_t count) {
  struct aiocb asked[SYNCALL_MAX];
  for (size_t i = 0; i < count; i++) {
    asked[i] = (struct aiocb){.aio_fildes = fds[i], .aio_sigevent.sigev_notify = SIGEV_NONE};
    errors[i] = i + 1 < count && aio_fsync(O_SYNC, &asked[i]) == 0 ? EINPROGRESS : sync_one(fds[i]);
  }
  for (size_t i = 0; i < count; i++)
    if (errors[i] == EINPROGRESS) errors[i] = wait_for(&asked[i]);
}
