#include "config.h"
#include "lib/claim.h"
#include <fcntl.h>

bool claim_take(int fd) { return fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL) == 0; }

bool claim_is_taken(int fd) {
  int seals = fcntl(fd, F_GET_SEALS);
  return seals != -1 && (seals & F_SEAL_SEAL);
}
