/* owl-local - deliver mail to a user, by his .qmail files (owl-local(8))
 *
 * Runs as the user, in the user's home, and may do what the user may.  It
 * reads messages, which are hostile, and .qmail files, which are the user's.
 * A fault in it can hurt this user's mail and files, nobody else's: it holds
 * nothing of the queue but the message that it delivers, and was never root.
 */
#include "config.h"
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "lib/agent.h"
#include "lib/exitcode.h"
#include "lib/iofd.h"
#include "lib/log.h"
#include "local/byhand.h"
#include "local/explain.h"
#include "local/jobs.h"

enum { PROGRAM_LIMIT_S = 3600 /* unless told otherwise */ };

static struct log logger = {2, {0}};

static void say(const char *text, const char *object) { log_say(&logger, "owl-local", text, text_of(object)); }

static _Noreturn void die_usage(void) {
  say("usage: owl-local [-nN | -e] [-F] [-A ALIASES] [-t SECONDS] USER HOME LOCAL DASH EXT HOST SENDER "
      "DEFAULTDELIVERY", "");
  _exit(DELIVERY_FAILURE);
}
static _Noreturn void die_malformed(void) {
  say("malformed frame from the runner", "");
  _exit(DELIVERY_DEFERRAL);
}
static _Noreturn void die_sock(void) {
  say("unable to talk with the runner: ", strerror(errno));
  _exit(DELIVERY_DEFERRAL);
}

/* A .qmail file that somebody else could write would have root's rights. */
static _Noreturn void die_root(void) {
  say("will not run as root", "");
  _exit(DELIVERY_DEFERRAL);
}

static int enter_home(const struct mailbox *box, struct verdict *v) {
  umask(077);
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN); /* an error of the write, where files have a limit */
  return chdir(box->home) == 0 ? 0 : verdict_defer_errno(v, "unable to enter home ", box->home);
}

static int serve(const struct mailbox *box) {
  struct verdict v = {0};
  if (enter_home(box, &v) == -1) {
    struct result r = verdict_result(&v);
    if (agent_send_refuse(0, &r, IO_FOREVER) == -1) die_sock();
    verdict_free(&v);
    return DELIVERY_OK;
  }
  switch (jobs_serve(0, box)) {
  case JOBS_DONE: break;
  case JOBS_MALFORMED: die_malformed();
  case JOBS_ERROR: die_sock();
  }
  return DELIVERY_OK;
}

static int exit_code(const struct verdict *v) {
  switch (v->class) {
  case RESULT_SUCCESS: return DELIVERY_OK;
  case RESULT_FAILURE: return DELIVERY_FAILURE;
  case RESULT_DEFERRAL:
  case RESULT_NONE: break;
  }
  return DELIVERY_DEFERRAL;
}

static void tell(const struct verdict *v) {
  struct log out = {v->class == RESULT_SUCCESS ? 1 : 2, {0}};
  log_t(&out, text_of_stralloc(&v->text));
  if (v->class != RESULT_SUCCESS) {
    log_s(&out, " (#");
    log_s(&out, v->status);
    log_s(&out, ")");
  }
  log_end(&out);
  stralloc_free(&out.line);
}

static int by_hand(const struct mailbox *box, const char *sender, bool only_print) {
  struct verdict v = {0};
  int code = DELIVERY_OK;
  bool silent = false;
  if (enter_home(box, &v) == 0) {
    if (only_print)
      silent = byhand_print(box, &v) == 0;
    else
      byhand_deliver(0, box, sender, &v);
  }
  if (!silent) {
    tell(&v);
    code = exit_code(&v);
  }
  verdict_free(&v);
  return code;
}

static int explain(const struct mailbox *box) {
  struct facts facts = {.fd = 1};
  struct verdict v = {.facts = &facts};
  if (enter_home(box, &v) == 0) explain_mailbox(box, &v);
  struct result r = verdict_result(&v);
  fact_outcome(&facts, &r);
  verdict_free(&v);
  stralloc_free(&facts.lines);
  return DELIVERY_OK;
}

static void name_mailbox(struct mailbox *box, char **argv, const char *default_delivery) {
  box->user = argv[0];
  box->home = argv[1];
  box->local = argv[2];
  box->dash = argv[3];
  box->ext = argv[4];
  box->host = argv[5];
  box->default_delivery = default_delivery;
}

int main(int argc, char **argv) {
  bool agent = false, only_print = false, only_explain = false;
  struct mailbox box = {.program_limit_s = PROGRAM_LIMIT_S};
  int option;
  while ((option = getopt(argc, argv, "+aA:deFf:nNq:t:x")) != -1) switch (option) {
    case 'a': agent = true; break;
    case 'A': box.aliases = optarg; break;
    case 'd': box.full_defers = true; break;
    case 'e': only_explain = true; break;
    case 'F': box.dotforward = true; break;
    case 'f':
      if (text_uint(text_of(optarg), &box.folders_max) == -1) die_usage();
      break;
    case 'n': only_print = true; break;
    case 'N': only_print = false; break;
    case 'q': box.quota = optarg; break;
    case 't':
      if (text_uint(text_of(optarg), &box.program_limit_s) == -1) die_usage();
      break;
    case 'x': box.ext_is_folder = true; break;
    default: die_usage();
    }
  argv += optind;
  bool without_sender = agent || only_explain;
  if (argc - optind != (without_sender ? 7 : 8)) die_usage();
  name_mailbox(&box, argv, argv[without_sender ? 6 : 7]);
  if (geteuid() == 0) die_root();
  if (only_explain) return explain(&box);
  return agent ? serve(&box) : by_hand(&box, argv[6], only_print);
}
