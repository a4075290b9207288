#include "config.h"
#include "auth/peer.h"
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include "lib/text.h"

enum { GROUPS_MAX = 64 };

static gid_t asking_group = (gid_t)-1;

int peer_learn(const char *rundir) {
  struct stat st;
  stralloc path = {0};
  bool made = stralloc_copys(&path, rundir) && stralloc_cats(&path, "/auth") && stralloc_0(&path);
  int r = made ? stat(path.s, &st) : (errno = ENOMEM, -1);
  if (r == 0) asking_group = st.st_gid;
  stralloc_free(&path);
  return r;
}

static bool has_group(int sock) {
  gid_t groups[GROUPS_MAX];
  socklen_t len = sizeof groups;
  if (getsockopt(sock, SOL_SOCKET, SO_PEERGROUPS, groups, &len) == -1) return false;
  for (size_t i = 0; i < len / sizeof groups[0]; i++)
    if (groups[i] == asking_group) return true;
  return false;
}

bool peer_may_ask(int sock) {
  struct ucred who;
  socklen_t len = sizeof who;
  if (getsockopt(sock, SOL_SOCKET, SO_PEERCRED, &who, &len) == -1) return false;
  return who.uid == 0 || who.uid == geteuid() || who.gid == asking_group || has_group(sock);
}
