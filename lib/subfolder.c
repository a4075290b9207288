#include "config.h"
#include "lib/subfolder.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

int subfolder_enter(int at, const char *name) {
  if (mkdirat(at, name, 0700) == -1 && errno != EEXIST) return -1;
  return openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}
