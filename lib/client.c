#include "config.h"
#include "lib/client.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include "lib/variable.h"

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
  if (text_uint(variable("LOCALPORT"), &c->local_port) == -1 || c->local_port > 65535) c->local_port = 0;
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

static int publish(const char *name, struct text value) {
  return value.len ? variable_set(name, value) : 0;
}

static int publish_end(const char *address_name, const stralloc *address, const char *port_name, uint64_t port) {
  stralloc s = {0};
  if (address->len == 0) return 0;
  int r = text_cat_uint(&s, port) == 0 ? publish(port_name, text_of_stralloc(&s)) : -1;
  stralloc_free(&s);
  return r == 0 ? publish(address_name, text_of_stralloc(address)) : -1;
}

/* What the server in front said of an end beside what *c holds: true as long as
 * it is that end. */
static int keep(stralloc *to, const char *suffix, const char *address_suffix, const stralloc *address) {
  if (!text_equal(address_variable(address_suffix), text_of_stralloc(address))) return 0;
  return text_cat(to, variable(suffix));
}

static int publish_all(const struct client *c, const stralloc *info, const stralloc *local_name) {
  if (publish("PROTO", text_of("TCP")) == -1) return -1;
  if (publish_end("TCPREMOTEIP", &c->address, "TCPREMOTEPORT", c->port) == -1) return -1;
  if (publish_end("TCPLOCALIP", &c->local_address, "TCPLOCALPORT", c->local_port) == -1) return -1;
  if (publish("TCPREMOTEHOST", text_of_stralloc(&c->name)) == -1) return -1;
  if (publish("TCPREMOTEINFO", text_of_stralloc(info)) == -1) return -1;
  return publish("TCPLOCALHOST", text_of_stralloc(local_name));
}

int client_publish(const struct client *c) {
  stralloc info = {0}, local_name = {0};
  int r = -1;
  if (keep(&info, "REMOTEINFO", "REMOTEIP", &c->address) == 0 &&
      keep(&local_name, "LOCALHOST", "LOCALIP", &c->local_address) == 0) {
    client_forget_environment();
    r = publish_all(c, &info, &local_name);
  }
  stralloc_free(&info);
  stralloc_free(&local_name);
  return r;
}

void client_forget_environment(void) {
  static const char *const names[] = {
    "PROTO",          "TCPREMOTEIP",    "TCPREMOTEPORT", "TCPREMOTEHOST", "TCPREMOTEINFO",
    "TCPLOCALIP",     "TCPLOCALPORT",   "TCPLOCALHOST",  "TCP6REMOTEIP",  "TCP6REMOTEPORT",
    "TCP6REMOTEHOST", "TCP6REMOTEINFO", "TCP6LOCALIP",   "TCP6LOCALPORT", "TCP6LOCALHOST"};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) unsetenv(names[i]);
}

void client_see(struct client_ends *e, int fd) {
  socklen_t len = sizeof e->client;
  *e = (struct client_ends){0};
  if (getpeername(fd, (struct sockaddr *)&e->client, &len) == -1) return;
  len = sizeof e->local;
  (void)getsockname(fd, (struct sockaddr *)&e->local, &len);
}

int client_find(struct client *c, const struct client_ends *e) {
  *c = (struct client){0};
  if (from_environment(c) == -1) return -1;
  if (c->address.len) return 0;
  if (from_address(&c->address, &c->port, &e->client) == -1) return -1;
  c->unpublished = c->address.len > 0;
  return from_address(&c->local_address, &c->local_port, &e->local);
}

int client_copy(struct client *to, const struct client *from) {
  *to = (struct client){.hidden = from->hidden, .port = from->port, .local_port = from->local_port};
  return stralloc_copy(&to->address, &from->address) && stralloc_copy(&to->name, &from->name) &&
             stralloc_copy(&to->local_address, &from->local_address) && stralloc_copy(&to->login, &from->login)
           ? 0
           : -1;
}

void client_log(const struct client *c, struct log *l) {
  if (c->address.len == 0) {
    log_s(l, c->hidden ? "an unknown address" : "a local program");
    return;
  }
  log_s(l, "[");
  log_t(l, text_of_stralloc(&c->address));
  log_s(l, "]:");
  log_u(l, c->port);
  if (c->name.len) log_s(l, " "), log_t(l, text_of_stralloc(&c->name));
}

void client_free(struct client *c) {
  stralloc_free(&c->address);
  stralloc_free(&c->name);
  stralloc_free(&c->login);
  stralloc_free(&c->local_address);
}
