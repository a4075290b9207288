#include "config.h"
#include "smtpd/doorkeeper/client.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { NAME_MAX_OCTETS = 255 }; /* RFC 1035 3.1 */

/* TCPREMOTEIP, or TCP6REMOTEIP where the server gives only that. */
static struct text variable(const char *suffix) {
  static const char *const prefixes[] = {"TCP", "TCP6"};
  for (unsigned i = 0; i < 2; i++) {
    char name[32];
    snprintf(name, sizeof name, "%s%s", prefixes[i], suffix);
    const char *value = getenv(name);
    if (value && *value) return text_of(value);
  }
  return text_of("");
}

/* An address from the environment goes into trace fields and the envelope. */
static struct text address_variable(const char *suffix) {
  struct text t = variable(suffix);
  for (size_t i = 0; i < t.len; i++)
    if (!strchr("0123456789abcdefABCDEF.:%", t.s[i])) return text_of("");
  return t.len < INET6_ADDRSTRLEN ? t : text_of("");
}

static int from_environment(struct client *c) {
  struct text name = variable("REMOTEHOST");
  if (name.len > NAME_MAX_OCTETS) name.len = NAME_MAX_OCTETS;
  if (text_cat(&c->address, address_variable("REMOTEIP")) == -1) return -1;
  if (text_cat(&c->local_address, address_variable("LOCALIP")) == -1) return -1;
  if (!text_equals(name, "unknown") && text_cat_cleaned(&c->name, name) == -1) return -1;
  if (text_uint(variable("REMOTEPORT"), &c->port) == -1 || c->port > 65535) c->port = 0;
  return 0;
}

static const void *host_of(const struct sockaddr_storage *a, int *family, in_port_t *port) {
  const struct sockaddr_in *v4 = (const void *)a;
  const struct sockaddr_in6 *v6 = (const void *)a;
  *family = a->ss_family;
  *port = a->ss_family == AF_INET ? v4->sin_port : v6->sin6_port;
  if (a->ss_family == AF_INET) return &v4->sin_addr;
  if (!IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr)) return &v6->sin6_addr;
  *family = AF_INET;
  return v6->sin6_addr.s6_addr + 12;
}

static int from_address(stralloc *out, uint64_t *port, const struct sockaddr_storage *a) {
  char text[INET6_ADDRSTRLEN];
  int family;
  in_port_t network_port;
  if (a->ss_family != AF_INET && a->ss_family != AF_INET6) return 0;
  const void *host = host_of(a, &family, &network_port);
  *port = ntohs(network_port);
  if (!inet_ntop(family, host, text, sizeof text)) return 0;
  return stralloc_copys(out, text) ? 0 : -1;
}

static int from_socket(struct client *c, int fd) {
  struct sockaddr_storage a = {0};
  socklen_t len = sizeof a;
  uint64_t local_port;
  if (getpeername(fd, (struct sockaddr *)&a, &len) == -1) return 0;
  if (from_address(&c->address, &c->port, &a) == -1) return -1;
  len = sizeof a;
  if (getsockname(fd, (struct sockaddr *)&a, &len) == -1) return 0;
  return from_address(&c->local_address, &local_port, &a);
}

int client_find(struct client *c, int fd) {
  *c = (struct client){0};
  if (from_environment(c) == -1) return -1;
  return c->address.len ? 0 : from_socket(c, fd);
}

void client_free(struct client *c) {
  stralloc_free(&c->address);
  stralloc_free(&c->name);
  stralloc_free(&c->local_address);
}
