#include "config.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "lib/exitcode.h"
#include "queue/owlq/link.h"
#include "queue/owlq/owlq.h"

static void print_status(const struct ctl_reply *r) {
  printf("local deliveries: %llu of %llu\nremote deliveries: %llu of %llu\n"
         "active messages: %llu\nwaiting messages: %llu\n",
         (unsigned long long)r->local_running, (unsigned long long)r->local_limit,
         (unsigned long long)r->remote_running, (unsigned long long)r->remote_limit,
         (unsigned long long)r->active, (unsigned long long)r->waiting);
}

static unsigned type_of(const char *name) {
  static const struct {
    const char *name;
    unsigned type;
  } types[] = {{"status", CTL_STATUS}, {"flush", CTL_FLUSH}};
  for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
    if (strcmp(types[i].name, name) == 0) return types[i].type;
  return CTL_RESCAN;
}

int owlq_ctl(struct control *c, int argc, char **argv) {
  struct link l;
  struct ctl_reply reply;
  unsigned type = type_of(argv[0]);
  if (argc != 1) return owlq_usage("status | flush | rescan");
  if (link_open(&l, c) == -1) return owlq_complain("unable to reach the runner (is owl-start running?)", strerror(errno));
  int code = TOOL_SYSTEM;
  if (link_send(&l, type, &(struct ctl_request){0}) == 0 && link_receive(&l, &reply) == 0) {
    if (type == CTL_STATUS) print_status(&reply);
    code = TOOL_OK;
  }
  link_close(&l);
  return code;
}
