#include "config.h"
#include "remote/launch.h"
#include <string.h>
#include <unistd.h>
#include "lib/route.h"
#include "remote/deadlist.h"

void launch_exec(const struct launch *l, const struct agent_worker *w, int sock, bool asks_only) {
  char port[FMT_ULONG + 1], host[RESULT_HOST_MAX + 1];
  char name[] = "owl-remote", check[] = "--check";
  bool is_socket = w->socket_path.s;
  struct text where = is_socket ? w->socket_path : w->host;
  port[fmt_ulong(port, (unsigned long)w->port)] = 0;
  memcpy(host, where.s, where.len);
  host[where.len] = 0;
  char *way = (char *)(uintptr_t)route_way((enum route_protocol)w->protocol, w->use_mx);
  char *arguments[] = {name, check, way, host, is_socket ? NULL : port, NULL};
  char **first = arguments + (asks_only ? 0 : 1);
  first[0] = name;
  if (dup2(sock, LAUNCH_FD) != -1 && (l->deadlist == -1 || dup2(l->deadlist, DEADLIST_FD) != -1))
    execv(l->program, first);
}
