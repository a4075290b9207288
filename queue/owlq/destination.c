/* hold-destination, release-destination: what is for a next hop or a local user
 * waits, now and later. */
#include "config.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "lib/exitcode.h"
#include "queue/holds.h"
#include "queue/owlq/jsonline.h"
#include "queue/owlq/link.h"
#include "queue/owlq/owlq.h"
#include "queue/owlq/owner.h"

static int put_name(struct text name) {
  struct jsonline j;
  jsonline_begin(&j);
  jsonline_text(&j, "destination", name);
  return jsonline_put(&j);
}

static int list(struct store *s, bool json) {
  struct holds h = {0};
  struct text name;
  int code = TOOL_OK;
  if (holds_load(&h, s->queue_fd) == -1) return owlq_unable("read", "the queue's file holds");
  for (struct text rest = text_of_stralloc(&h.names); code == TOOL_OK && holds_next(&rest, &name);)
    if (json) code = put_name(name);
    else printf("%.*s\n", (int)name.len, name.s);
  holds_free(&h);
  return code;
}

static int ask_runner(struct link *l, char **names, bool held) {
  struct ctl_reply reply;
  for (; *names; names++) {
    struct ctl_request request = {.destination = text_of(*names)};
    if (link_send(l, held ? CTL_HOLD_DESTINATION : CTL_RELEASE_DESTINATION, &request) == -1 ||
        link_receive(l, &reply) == -1)
      return TOOL_SYSTEM;
  }
  return TOOL_OK;
}

static int change(struct store *s, char **names, bool held) {
  struct holds h = {0};
  int code = owner_lock(s);
  if (code == TOOL_OK && holds_load(&h, s->queue_fd) == -1) code = owlq_unable("read", "the queue's file holds");
  for (; code == TOOL_OK && *names; names++)
    if (holds_change(&h, s->queue_fd, text_of(*names), held) == -1)
      code = errno == EINVAL ? owlq_complain(*names, "this is no destination") : owlq_unable("write", "the queue's file holds");
  holds_free(&h);
  return code;
}

static int by_ourselves(struct store *s, char **names, bool held) {
  if (owner_become(s->queue_fd) == -1) return owlq_unable("become", "the queue's owner");
  int code = change(s, names, held);
  owner_end();
  return code;
}

int owlq_destination(struct control *c, int argc, char **argv) {
  struct store s;
  struct link l;
  bool held = strcmp(argv[0], "hold-destination") == 0;
  bool json = held && argc == 2 && strcmp(argv[1], "--json") == 0;
  if (json) argc = 1;
  if (argc < 2 && !held) return owlq_usage("release-destination NAME...");
  for (int i = 1; i < argc; i++)
    if (argv[i][0] == '-' || !text_is_clean(text_of(argv[i])) || strlen(argv[i]) > CTL_DESTINATION_MAX)
      return owlq_usage("hold-destination [--json | NAME...] | release-destination NAME...");
  int code = owlq_open_store(c, &s);
  if (code != TOOL_OK) return code;
  if (argc < 2) code = list(&s, json);
  else if (link_open(&l, c) == -1) code = by_ourselves(&s, argv + 1, held);
  else {
    code = ask_runner(&l, argv + 1, held);
    link_close(&l);
  }
  store_close(&s);
  return code;
}
