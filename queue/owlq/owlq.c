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
  {"list", owlq_list, "[FILTER]: what is in the queue, a line for each message"},
  {"show", owlq_show, "ID: everything about one message"},
  {"body", owlq_body, "ID: the message itself"},
  {"why", owlq_why, "ID: every attempt, what comes next, and why not now"},
  {"explain", owlq_explain, "ADDRESS: what would happen to mail for it, and why"},
  {"send-test", owlq_explain, "ADDRESS: go through a delivery up to the message, and show all of it"},
  {"tls-check", owlq_tlscheck, "DOMAIN: what would be asked of TLS with its hosts, and why"},
  {"stats", owlq_stats, "[DESTINATION]: the runner's numbers, and each destination"},
  {"top", owlq_top, "the same on a screen that lives"},
  {"metrics", owlq_metrics, "the same for Prometheus"},
  {"status", owlq_ctl, "how many deliveries run, how many messages wait"},
  {"flush", owlq_ctl, "everything that waits is tried now"},
  {"rescan", owlq_ctl, "look for new messages now"},
  {"hold", owlq_change, "ID... | FILTER: not tried until released"},
  {"release", owlq_change, "ID... | FILTER: held no longer, and tried now"},
  {"retry", owlq_change, "ID... | FILTER: tried now"},
  {"expire", owlq_change, "ID... | FILTER: tried now a last time, then returned"},
  {"bounce", owlq_change, "ID... | FILTER: returned to the sender at once"},
  {"delete", owlq_change, "ID... | FILTER: gone, and nobody is told"},
  {"hold-destination", owlq_destination, "[NAME...]: nothing goes there until released"},
  {"release-destination", owlq_destination, "NAME...: what is for it is tried again"},
  {"check", owlq_check, "[--repair]: is everything in the queue as it should be?"},
  {"simulate", owlq_simulate, "SCENARIO: what the scheduler would do with a load"},
  {"config", owlq_config, "[NAME]: the control files, their values and defaults"},
  {"setup", owlq_setup, "make the folders of the queue"},
};

enum { COMMANDS = sizeof commands / sizeof commands[0] };

static int help(FILE *to, int code) {
  fprintf(to, "usage: owlq COMMAND [ARGUMENT]\n");
  for (size_t i = 0; i < COMMANDS; i++)
    fprintf(to, "  %-19s %s\n", commands[i].name, commands[i].help);
  return code;
}

/* Links to this program: qmail's operators know them. */
static const struct command names[] = {{"qmail-qread", owlq_qread, ""}, {"qmail-qstat", owlq_qstat, ""}};

static const struct command *find(const struct command *table, size_t count, const char *name) {
  for (size_t i = 0; i < count; i++)
    if (strcmp(table[i].name, name) == 0) return &table[i];
  return NULL;
}

static int run(const struct command *command, int argc, char **argv) {
  struct control c;
  if (control_open(&c) == -1) return owlq_complain("unable to start", "out of memory");
  int code = command->run(&c, argc, argv);
  control_free(&c);
  if (fflush(stdout) == EOF) return owlq_complain("standard output", strerror(errno));
  return code;
}

int main(int argc, char **argv) {
  const char *slash = argc ? strrchr(argv[0], '/') : NULL;
  const struct command *command = argc ? find(names, sizeof names / sizeof names[0], slash ? slash + 1 : argv[0]) : NULL;
  if (command) return run(command, argc, argv);
  if (argc < 2) return help(stderr, TOOL_USAGE);
  if (strcmp(argv[1], "help") == 0 || strcmp(argv[1], "--help") == 0) return help(stdout, TOOL_OK);
  command = find(commands, COMMANDS, argv[1]);
  return command ? run(command, argc - 1, argv + 1) : help(stderr, TOOL_USAGE);
}
