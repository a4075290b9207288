/* owlq - the operator's tool
 *
 * Runs as whoever starts it: root or the queue's owner see the queue, others
 * the configuration.  What changes the queue goes through the runner's control
 * socket.  Shows octets that strangers sent: they are cleaned before they
 * reach a terminal.
 */
#include "config.h"
#include "queue/owlq/owlq.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "lib/exitcode.h"

struct command {
  const char *name;
  int (*run)(struct control *c, int argc, char **argv);
  const char *help;
};

static const struct command commands[] = {
  {"list", owlq_list, "what waits, since when, for whom, the next try, the last result"},
  {"show", owlq_show, "ID: everything about one message"},
  {"status", owlq_ctl, "how many deliveries run, how many messages wait"},
  {"flush", owlq_ctl, "everything that waits is tried now"},
  {"retry", owlq_ctl, "ID: this message is tried now"},
  {"rescan", owlq_ctl, "look for new messages now"},
  {"simulate", owlq_simulate, "SCENARIO: what the scheduler would do with a load"},
  {"config", owlq_config, "[NAME]: the control files, their values and defaults"},
  {"setup", owlq_setup, "make the folders of the queue"},
};

enum { COMMANDS = sizeof commands / sizeof commands[0] };

static int help(FILE *to, int code) {
  fprintf(to, "usage: owlq COMMAND [ARGUMENT]\n");
  for (size_t i = 0; i < COMMANDS; i++)
    fprintf(to, "  %-8s %s\n", commands[i].name, commands[i].help);
  return code;
}

int main(int argc, char **argv) {
  struct control c;
  if (argc < 2) return help(stderr, TOOL_USAGE);
  if (strcmp(argv[1], "help") == 0 || strcmp(argv[1], "--help") == 0) return help(stdout, TOOL_OK);
  if (control_open(&c) == -1) return owlq_complain("unable to start", "out of memory");
  for (size_t i = 0; i < COMMANDS; i++)
    if (strcmp(argv[1], commands[i].name) == 0) {
      int code = commands[i].run(&c, argc - 1, argv + 1);
      control_free(&c);
      if (fflush(stdout) == EOF) return owlq_complain("standard output", strerror(errno));
      return code;
    }
  control_free(&c);
  return help(stderr, TOOL_USAGE);
}
