#include "config.h"
#include "listen/limits.h"
#include "lib/network.h"
#include "listen/service.h"

static int load_bits(struct control *c, enum control_name name, uint64_t most, uint64_t *out) {
  if (control_number(c, name, out) == -1) return -1;
  return *out <= most ? 0 : control_fail(c, name, "an address has not so many bits");
}

int limits_load(struct limits *l, struct control *c) {
  if (control_number(c, listen_service.sessions, &l->sessions) == -1) return -1;
  if (l->sessions > SESSIONS_MAX) return control_fail(c, listen_service.sessions, "there can be 65536 at most");
  if (control_number(c, listen_service.sessions_per_client, &l->sessions_per_client) == -1) return -1;
  if (load_bits(c, CONTROL_SESSIONSPREFIX4, 32, &l->bits4) == -1) return -1;
  return load_bits(c, CONTROL_SESSIONSPREFIX6, 128, &l->bits6);
}

struct ip limits_client(const struct limits *l, const struct ip *address) {
  struct ip client = *address;
  network_mask(&client, (unsigned)(address->family == AF_INET ? l->bits4 : l->bits6));
  return client;
}

const char *limits_refuse(const struct limits *l, const struct sessions *s, const struct ip *client) {
  if (s->count >= l->sessions) return "too many sessions";
  if (client && l->sessions_per_client && sessions_of(s, client) >= l->sessions_per_client)
    return "too many sessions of this client";
  return NULL;
}

bool limits_exceeds(const struct limits *l, const struct sessions *s, const struct ip *client) {
  return l->sessions_per_client && sessions_of(s, client) > l->sessions_per_client;
}
