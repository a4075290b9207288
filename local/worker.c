#include "config.h"
#include "local/worker.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "lib/address.h"
#include "lib/agent.h"
#include "lib/control.h"
#include "lib/exitcode.h"
#include "lib/sandbox.h"
#include "local/alias/db.h"
#include "local/become.h"
#include "local/inherit.h"
#include "local/lookup.h"
#include "local/signals.h"
#include "local/srsanswer.h"

enum { REFUSE_MS = 1000 };

static void refuse(int sock, const struct verdict *v) {
  struct result r = verdict_result(v);
  (void)agent_send_refuse(sock, &r, REFUSE_MS);
}

/* 0: the socket; 1 and 2: nothing.  All else is close-on-exec.  What a user's
 * process holds is the user's: with the log he could forge lines in it, cut a
 * log file off, or make its descriptor one that does not wait.  With a
 * sanitizer the log stays, for its reports. */
static int deal_descriptors(int sock) {
  bool explains = sock == -1; /* to descriptor 1 */
  int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
  if (nothing == -1) return -1;
  if (!explains && dup2(nothing, 1) == -1) return -1;
  if (!SANDBOX_SANITIZED && dup2(nothing, 2) == -1) return -1;
  return dup2(explains ? nothing : sock, 0) == -1 ? -1 : 0;
}

enum { ARGUMENTS_MAX = 24 };

struct arguments {
  char *list[ARGUMENTS_MAX + 1];
  size_t count;
  stralloc aliases;
};

static void add(struct arguments *a, const char *s) {
  a->list[a->count++] = (char *)(uintptr_t)s; /* execve() leaves it alone */
}

static int add_options(struct arguments *to, const struct settings *s, const struct account *a) {
  add(to, "-t");
  add(to, s->program_s.s);
  add(to, "-q");
  add(to, s->quota.s);
  add(to, "-f");
  add(to, s->folders_max.s);
  if (s->full_defers) add(to, "-d");
  if (s->ext_is_folder) add(to, "-x");
  if (s->dotforward) add(to, "-F");
  if (!a->by_alias) return 0;
  if (aliasdb_path(&to->aliases, s->folder.s) == -1) return -1;
  add(to, "-A");
  add(to, to->aliases.s);
  return 0;
}

static int make_arguments(struct arguments *to, const struct worker_order *order, const struct settings *s,
                          const struct account *a, const char *local, const char *host) {
  const char *operands[] = {a->name.s, a->home.s, local, a->dash.s, a->ext.s, host, s->default_delivery.s};
  add(to, "owl-local");
  add(to, order->sock == -1 ? "-e" : "-a");
  if (add_options(to, s, a) == -1) return -1;
  add(to, "--"); /* a user's name may begin with a dash */
  for (size_t i = 0; i < sizeof operands / sizeof operands[0]; i++) add(to, operands[i]);
  add(to, NULL);
  return 0;
}

static int run(const struct worker_order *order, const struct settings *s, const struct account *a,
               const char *local, const char *host, struct verdict *v) {
  struct environment environment = {0};
  struct arguments arguments = {0};
  if (inherit_environment(&environment) == -1 || make_arguments(&arguments, order, s, a, local, host) == -1)
    return verdict_defer(v, "4.3.0", "out of memory", "");
  if (setsid() == -1 && errno != EPERM) return verdict_defer_errno(v, "unable to leave the session", "");
  if (deal_descriptors(order->sock) == -1) return verdict_defer_errno(v, "unable to deal descriptors", "");
  execve(order->program, arguments.list, environment.list);
  return verdict_defer_errno(v, "unable to run ", order->program);
}

/* The folder of the sockets belongs to whom the instance runs as. */
static bool is_out_of_reach(const struct account *a, const struct settings *s) {
  struct stat st;
  if (geteuid() == 0 || geteuid() == a->uid) return false;
  return stat(s->rundir.s, &st) == -1 || st.st_uid != geteuid();
}

static int become(const struct worker_order *order, const struct account *a, const struct settings *s,
                  struct verdict *v) {
  if (order->sock == -1 && is_out_of_reach(a, s))
    return verdict_unknown(v, "to look into his home needs root, or the user himself: ", a->name.s);
  return become_user(a, v);
}

static int copy(stralloc *to, struct text from) {
  return text_cat(to, from) == 0 && stralloc_0(to) ? 0 : -1;
}

static int split(const struct worker_order *order, stralloc *local, stralloc *host, struct verdict *v) {
  struct text l, h;
  (void)address_split(order->address, &l, &h);
  if (copy(local, l) == -1 || copy(host, h) == -1) return verdict_defer(v, "4.3.0", "out of memory", "");
  return 0;
}

/* Of what checks the runner has another mind: it must have read other files. */
static int refuse_srs(const struct worker_order *order, const struct settings *s, struct verdict *v) {
  if (!srsanswer_find(order->address, s, v)) return 0;
  if (v->class != RESULT_SUCCESS) return -1;
  return verdict_defer(v, "4.3.5", "the address stands for another one, which owl-send does not know", "");
}

/* In the child.  Returns only when the worker could not be started. */
static void become_worker(const struct worker_order *order, const struct settings *s,
                          struct verdict *v) {
  struct account account = {0};
  stralloc local = {0}, host = {0};
  signals_release();
  alarm((unsigned)s->lookup_s);
  int r = refuse_srs(order, s, v);
  if (r == 0) r = split(order, &local, &host, v);
  if (r == 0) r = lookup_account(&account, s, (struct text){local.s, local.len - 1}, v);
  if (r == 0) r = become(order, &account, s, v);
  if (order->sock != -1) alarm(0); /* an explanation is a look-up to its end */
  if (r == 0) run(order, s, &account, local.s, host.s, v);
  account_free(&account);
  stralloc_free(&local);
  stralloc_free(&host);
}

int worker_start(const struct worker_order *order, const struct settings *s) {
  struct verdict v = {0};
  pid_t pid = fork();
  if (pid == 0) {
    become_worker(order, s, &v);
    refuse(order->sock, &v);
    _exit(DELIVERY_OK); /* the runner has been told */
  }
  if (pid > 0) return 0;
  verdict_defer_errno(&v, "unable to fork", "");
  refuse(order->sock, &v);
  verdict_free(&v);
  return -1;
}

void worker_explain(const struct worker_order *order, const struct settings *s, struct verdict *v) {
  become_worker(order, s, v);
}
