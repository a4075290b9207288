#include "config.h"
#include <string.h>
#include "lib/exitcode.h"
#include "lib/route.h"
#include "queue/owlq/askprogram.h"
#include "queue/owlq/owlq.h"
#include "queue/owlq/showfacts.h"

static const char usage[] = "tls-check [--json] DOMAIN";

static int read_arguments(const char **domain, bool *json, int argc, char **argv) {
  *domain = NULL;
  *json = false;
  for (int i = 1; i < argc; i++) {
    if (strcmp(argv[i], "--json") == 0) *json = true;
    else if (argv[i][0] == '-' || *domain) return -1;
    else *domain = argv[i];
  }
  return *domain ? 0 : -1;
}

static int find_route(struct control *c, const char *domain, struct route *r) {
  struct route_table t;
  if (route_load(&t, c) == -1) return -1;
  int found = route_domain(&t, text_of(domain), r);
  route_unload(&t);
  return found == 0 && stralloc_0(&r->host) ? 0 : -1;
}

static void ask_remote(struct section *s, struct route *r) {
  char port[FMT_ULONG + 1];
  const char *arguments[] = {"owl-remote", "--tls-check", route_way(r->protocol, r->use_mx), r->host.s, port, NULL};
  port[fmt_ulong(port, (unsigned long)r->port)] = 0;
  if (r->port == PORT_NONE) arguments[4] = NULL;
  (void)askprogram(arguments, REMOTE_USER, &s->lines);
}

int owlq_tlscheck(struct control *c, int argc, char **argv) {
  struct section s = {"tls", "what owl-remote would ask of TLS", {0}};
  struct route r = {.port = PORT_NONE};
  struct jsonline line;
  const char *domain;
  bool json;
  int code = TOOL_OK;
  if (read_arguments(&domain, &json, argc, argv) == -1) return owlq_usage(usage);
  if (find_route(c, domain, &r) == -1) return owlq_complain("tls-check", c->error.s ? c->error.s : "out of memory");
  ask_remote(&s, &r);
  if (json) {
    jsonline_begin(&line);
    showfacts_json(&line, &s);
    code = jsonline_put(&line);
  } else showfacts_text(&s);
  stralloc_free(&s.lines);
  route_free(&r);
  return code;
}
