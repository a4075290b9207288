#include "config.h"
#include "queue/owlq/owner.h"
#include <errno.h>
#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>
#include "lib/exitcode.h"
#include "queue/owlq/owlq.h"

int owner_become(int queue_fd) {
  struct stat st;
  if (getuid() != 0 || geteuid() != 0) return 0;
  if (fstat(queue_fd, &st) == -1 || setgroups(1, &st.st_gid) == -1) return -1;
  return setegid(st.st_gid) == -1 ? -1 : seteuid(st.st_uid);
}

void owner_end(void) {
  int saved = errno;
  if (getuid() == 0) {
    (void)!seteuid(0);
    (void)!setegid(0);
  }
  errno = saved;
}

int owner_lock(struct store *s) {
  if (store_lock(s) == 0) return TOOL_OK;
  if (errno != EWOULDBLOCK) return owlq_unable("lock", "the queue");
  return owlq_complain("unable to reach the runner", "somebody holds the queue's lock, but does not listen");
}
