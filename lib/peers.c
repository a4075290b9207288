#include "config.h"
#include "lib/peers.h"
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { GROUPS_MAX = 64 };

int peers_name(struct peers *p, struct text uids) {
  struct text one;
  uint64_t uid;
  while (uids.s && text_cut(&uids, ',', &one)) {
    if (text_uint(one, &uid) == -1 || uid >= UINT32_MAX || p->count == PEERS_MAX) return errno = EINVAL, -1;
    p->uids[p->count++] = (uid_t)uid;
  }
  return 0;
}

int peers_learn(struct peers *p, const char *rundir, const char *name) {
  struct stat st;
  stralloc path = {0};
  bool made = stralloc_copys(&path, rundir) && stralloc_cats(&path, "/") && stralloc_cats(&path, name) && stralloc_0(&path);
  int r = made ? stat(path.s, &st) : (errno = ENOMEM, -1);
  if (r == 0) p->group = st.st_gid;
  stralloc_free(&path);
  return r;
}

static bool has_group(const struct peers *p, int sock) {
  gid_t groups[GROUPS_MAX];
  socklen_t len = sizeof groups;
  if (getsockopt(sock, SOL_SOCKET, SO_PEERGROUPS, groups, &len) == -1) return false;
  for (size_t i = 0; i < len / sizeof groups[0]; i++)
    if (groups[i] == p->group) return true;
  return false;
}

static bool is_named(const struct peers *p, uid_t uid) {
  for (size_t i = 0; i < p->count; i++)
    if (p->uids[i] == uid) return true;
  return false;
}

bool peers_may_ask(const struct peers *p, int sock) {
  struct ucred who;
  socklen_t len = sizeof who;
  if (getsockopt(sock, SOL_SOCKET, SO_PEERCRED, &who, &len) == -1) return false;
  return who.uid == 0 || who.uid == geteuid() || is_named(p, who.uid) || who.gid == p->group || has_group(p, sock);
}
