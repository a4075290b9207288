/* owl-inject - take a message from a user or a script, complete it, queue it
 *
 * Runs as its caller, with its caller's rights, on its caller's own words.
 * May start owl-queue, which is the fence: a fault here harms nobody but the
 * caller.
 *
 * owl-inject(8) has the interface and the exit codes.
 */
#include "config.h"
#include <signal.h>
#include <unistd.h>
#include "lib/exitcode.h"
#include "lib/log.h"
#include "queue/inject/submit.h"

static struct log errors = {2, {0}};

static void die(int code, const char *ours, struct text theirs) {
  log_say(&errors, "owl-inject", ours, theirs);
  _exit(code);
}

static void die_usage(void) {
  die(TOOL_USAGE, "usage: owl-inject [-nNaAhH] [-f sender] [recipient ...]", TEXT_ABSENT);
}

static int exit_code(enum inject_outcome o) {
  switch (o) {
    case INJECT_OK: return TOOL_OK;
    case INJECT_USAGE:
    case INJECT_MALFORMED:
    case INJECT_REFUSED: return TOOL_USAGE;
    case INJECT_TEMPORARY: break;
  }
  return TOOL_SYSTEM;
}

/* The last letter counts. */
static void choose_recipients(struct injectsubmit *s, int letter) {
  bool given = *s->arguments != NULL;
  s->use_arguments = letter != 'h';
  s->use_header = letter == 'h' || letter == 'H' || (letter == 'A' && !given);
}

int main(int argc, char **argv) {
  struct injectsubmit s = {0};
  stralloc why = {0};
  int letter = 'A', c;
  while ((c = getopt(argc, argv, "+aAhHnNf:")) != -1) switch (c) {
      case 'n': s.print = true; break;
      case 'N': s.print = false; break;
      case 'f': s.sender = optarg; break;
      case 'a':
      case 'A':
      case 'h':
      case 'H': letter = c; break;
      default: die_usage();
    }
  s.arguments = argv + optind;
  choose_recipients(&s, letter);
  signal(SIGPIPE, SIG_IGN);
  enum inject_outcome o = injectsubmit(&s, 0, &why);
  if (o != INJECT_OK) die(exit_code(o), "", text_of_stralloc(&why));
  return TOOL_OK;
}
