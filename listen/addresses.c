#include "config.h"
#include "listen/addresses.h"
#include <errno.h>
#include <string.h>
#include "lib/control.h"
#include "listen/report.h"
#include "listen/service.h"

static int parse(struct endpoint *e, struct text address) {
  if (endpoint_parse(e, address)) return 0;
  return report_failure("unable to listen at ", address, "it is no ADDRESS, ADDRESS:PORT or [IPV6ADDRESS]:PORT, with or without /tls");
}

static int bind_one(struct sockets *s, struct text address) {
  struct endpoint e;
  if (parse(&e, address) == -1) return -1;
  return sockets_bind(s, &e) == 0 ? 0 : report_failure("unable to listen at ", address, strerror(errno));
}

static int read_configured(struct list *l) {
  struct control c;
  int r = control_open(&c) == 0 ? control_list(&c, listen_service.addresses, l) : -1;
  if (r == -1) report(text_of(c.error.s));
  control_free(&c);
  return r;
}

static int bind_configured(struct sockets *s) {
  struct list l = {0};
  int r = read_configured(&l);
  if (r == 0 && l.count == 0) r = report_failure("unable to listen: ", text_of(control_table[listen_service.addresses].name), "it has no address");
  for (size_t i = 0; r == 0 && i < l.count; i++) r = bind_one(s, l.lines[i].key);
  list_free(&l);
  return r;
}

int addresses_check(void) {
  struct list l = {0};
  struct endpoint e;
  int r = read_configured(&l);
  for (size_t i = 0; r == 0 && i < l.count; i++) r = parse(&e, l.lines[i].key);
  list_free(&l);
  return r;
}

int addresses_bind(struct sockets *s, char **addresses) {
  if (!*addresses) return bind_configured(s);
  for (; *addresses; addresses++)
    if (bind_one(s, text_of(*addresses)) == -1) return -1;
  return 0;
}
