#include "config.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "lib/exitcode.h"
#include "queue/owlq/jsonline.h"
#include "queue/owlq/link.h"
#include "queue/owlq/owlq.h"

static void print_status(const struct ctl_reply *r) {
  printf("local deliveries: %llu of %llu\nremote deliveries: %llu of %llu\n"
         "remote deliveries to silent hosts: %llu\n"
         "active messages: %llu\nwaiting messages: %llu\n",
         (unsigned long long)r->local_running, (unsigned long long)r->local_limit,
         (unsigned long long)r->remote_running, (unsigned long long)r->remote_limit,
         (unsigned long long)r->remote_silent,
         (unsigned long long)r->active, (unsigned long long)r->waiting);
}

static int put_status(const struct ctl_reply *r) {
  struct jsonline j;
  jsonline_begin(&j);
  jsonline_number(&j, "local_running", r->local_running);
  jsonline_number(&j, "local_limit", r->local_limit);
  jsonline_number(&j, "remote_running", r->remote_running);
  jsonline_number(&j, "remote_limit", r->remote_limit);
  jsonline_number(&j, "remote_silent", r->remote_silent);
  jsonline_number(&j, "active", r->active);
  jsonline_number(&j, "waiting", r->waiting);
  return jsonline_put(&j);
}

static int put_done(const char *command) {
  struct jsonline j;
  jsonline_begin(&j);
  jsonline_string(&j, "done", command);
  return jsonline_put(&j);
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
  bool json = argc == 2 && strcmp(argv[1], "--json") == 0;
  if (argc != 1 && !json) return owlq_usage("status [--json] | flush [--json] | rescan [--json]");
  if (link_open(&l, c) == -1) return owlq_complain("unable to reach the runner (is owl-start running?)", strerror(errno));
  int code = TOOL_SYSTEM;
  if (link_send(&l, type, &(struct ctl_request){0}) == 0 && link_receive(&l, &reply) == 0) {
    code = TOOL_OK;
    if (json) code = type == CTL_STATUS ? put_status(&reply) : put_done(argv[0]);
    else if (type == CTL_STATUS) print_status(&reply);
  }
  link_close(&l);
  return code;
}
