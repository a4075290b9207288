#include "config.h"
#include "lib/environment.h"
#include <errno.h>

int environment_add(struct environment *e, const char *name, struct text value) {
  if (!value.s) return 0;
  if (e->count == ENVIRONMENT_MAX) return errno = E2BIG, -1;
  stralloc *line = &e->texts[e->count];
  if (!stralloc_copys(line, name) || !stralloc_cats(line, "=") || text_cat(line, value) == -1 || !stralloc_0(line))
    return errno = ENOMEM, -1;
  e->list[e->count++] = line->s;
  e->list[e->count] = NULL;
  return 0;
}

int environment_add_u(struct environment *e, const char *name, uint64_t value) {
  stralloc digits = {0};
  if (value == 0) return 0;
  int r = text_cat_uint(&digits, value) == 0 ? environment_add(e, name, text_of_stralloc(&digits)) : (errno = ENOMEM, -1);
  stralloc_free(&digits);
  return r;
}

static int add_known(struct environment *e, const char *name, struct text value) {
  return value.len ? environment_add(e, name, value) : 0;
}

int environment_add_ends(struct environment *e, const struct environment_ends *ends) {
  if (environment_add(e, "PROTO", text_of("TCP")) == -1) return -1;
  if (add_known(e, "TCPREMOTEIP", ends->client_address) == -1) return -1;
  if (environment_add_u(e, "TCPREMOTEPORT", ends->client_port) == -1) return -1;
  if (add_known(e, "TCPREMOTEHOST", ends->client_name) == -1) return -1;
  if (add_known(e, "TCPLOCALIP", ends->local_address) == -1) return -1;
  return environment_add_u(e, "TCPLOCALPORT", ends->local_port);
}

void environment_free(struct environment *e) {
  for (size_t i = 0; i < ENVIRONMENT_MAX; i++) stralloc_free(&e->texts[i]);
  *e = (struct environment){0};
}
