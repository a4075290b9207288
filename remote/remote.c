/* owl-remote: brings one destination's mail to its SMTP or LMTP servers (owlpost-agent(7))
 *
 * By hand, as qmail-remote, it starts itself as an agent and takes the runner's
 * part.
 *
 * Two processes.  The connector looks up names and connects; it never reads a
 * server's octets.  The talker reads them, shut in: it holds the socket to the
 * runner, the socketpair to the connector, the connection, and the body that it
 * is sending; a fault in it reaches the messages of this one destination that
 * pass through this one process.  Neither sees the queue.
 */
#include "config.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "lib/agent.h"
#include "lib/clock.h"
#include "lib/control.h"
#include "lib/exitcode.h"
#include "lib/iofd.h"
#include "lib/log.h"
#include "lib/route.h"
#include "lib/sandbox.h"
#include "lib/target.h"
#include "lib/unixsock.h"
#include "remote/connector.h"
#include "remote/explain.h"
#include "remote/manual.h"
#include "remote/talker.h"
#include "remote/tlscheck.h"
#include "remote/tlspolicy.h"

/* The talker's: jobs of 4 MiB, replies of 1 MiB, and room.  A worker of a busy
 * destination lives for many messages, so its time is a bound on loops only. */
enum { TALKER_MEMORY_OCTETS = 32 * 1024 * 1024, TALKER_CPU_S = 3600 };
enum { RUNNER = 0, FACTS = 1 };

static struct log out = {.fd = 2};
static struct control control;
static struct facts *told; /* when testing: what is looked up, tried and said */
static struct {
  stralloc me, rundir, remotedir;
  struct list tlspolicy;
  stralloc dnssectest;
  struct dnssec dnssec;
  struct identities identities;
  uint64_t tlsdaemon, tlsreports, timeoutsts_s, timeoutconnect_s, timeoutdns_s, deadaddresstime_s;
  uint64_t allowunfenced, connectsperip, connectspernetwork;
  int steps_ms[SMTP_STEPS];
} settings;

static const enum control_name limits_of_steps[SMTP_STEPS] = {
  [STEP_GREETING] = CONTROL_TIMEOUTREMOTEGREETING,
  [STEP_HELLO] = CONTROL_TIMEOUTREMOTEHELLO,
  [STEP_MAIL] = CONTROL_TIMEOUTREMOTEMAIL,
  [STEP_RCPT] = CONTROL_TIMEOUTREMOTERCPT,
  [STEP_DATA] = CONTROL_TIMEOUTREMOTEDATA,
  [STEP_BLOCK] = CONTROL_TIMEOUTREMOTEBLOCK,
  [STEP_END] = CONTROL_TIMEOUTREMOTEEND,
  [STEP_QUIT] = CONTROL_TIMEOUTQUIT,
};

/* The runner sees the talker's end by the end of its socket, so the connector
 * must not hold a copy.  Where there is no runner, who calls gets none of its
 * frames. */
static void leave_runner(void) {
  int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  if (null == -1 || dup2(null, RUNNER) == -1) _exit(TOOL_SYSTEM);
  if (null > out.fd) close(null);
}

static void die_usage(void) {
  log_say(&out, "owl-remote", "usage: owl-remote host sender recipient..., or [--check|--explain] mx|relay|lmtp|qmtp host port, or lmtp /path, or --test with sender and recipient behind that", TEXT_ABSENT);
  _exit(TOOL_USAGE);
}

/* Tells the runner as well. */
static void die_class(enum result_class class, const char *status, const char *problem, const char *detail) {
  struct result r = {.class = class, .status = text_of(status), .text = text_of(problem)};
  log_s(&out, "owl-remote: fatal: ");
  log_s(&out, problem);
  log_s(&out, ": ");
  log_s(&out, detail);
  log_end(&out);
  (void)agent_send_refuse(RUNNER, &r, IO_FOREVER);
  _exit(TOOL_SYSTEM);
}

static void die(const char *status, const char *problem, const char *detail) {
  die_class(RESULT_DEFERRAL, status, problem, detail);
}

static void die_control(void) { die("4.3.5", "unable to read the configuration", control.error.s); }
static void die_system(const char *what) { die("4.3.0", what, strerror(errno)); }

static void read_number(enum control_name name, uint64_t *value) {
  if (control_number(&control, name, value) == -1) die_control();
  if (*value > INT_MAX / 1000) *value = INT_MAX / 1000;
}

static void read_steps(void) {
  for (unsigned i = 0; i < SMTP_STEPS; i++) {
    uint64_t seconds;
    read_number(limits_of_steps[i], &seconds);
    settings.steps_ms[i] = io_limit_ms(seconds);
  }
}

enum { DNSSEC_TEST_S = 5 };

static void read_dnssectest(void) {
  if (control_text(&control, CONTROL_DNSSECTEST, &settings.dnssectest) == -1) die_control();
  settings.dnssec = (struct dnssec){.names = text_of_stralloc(&settings.dnssectest), .limit_s = DNSSEC_TEST_S};
  if (dnssec_names_are_valid(settings.dnssec.names)) return;
  (void)control_fail(&control, CONTROL_DNSSECTEST, "it has neither two names nor off");
  die_control();
}

static void read_settings(void) {
  if (!control.folder.s && control_open(&control) == -1) die_system("unable to start");
  if (control_text(&control, CONTROL_ME, &settings.me) == -1) die_control();
  read_number(CONTROL_ALLOWUNFENCED, &settings.allowunfenced);
  if (identities_load(&settings.identities, &control) == -1) die_control();
  if (control_text(&control, CONTROL_RUNDIR, &settings.rundir) == -1) die_control();
  read_dnssectest();
  if (tlspolicy_load(&settings.tlspolicy, &control) == -1) die_control();
  if (control_text(&control, CONTROL_REMOTEDIR, &settings.remotedir) == -1) die_control();
  read_number(CONTROL_TLSDAEMON, &settings.tlsdaemon);
  read_number(CONTROL_TLSREPORTS, &settings.tlsreports);
  read_number(CONTROL_TIMEOUTSTS, &settings.timeoutsts_s);
  read_number(CONTROL_CONNECTSPERIP, &settings.connectsperip);
  read_number(CONTROL_CONNECTSPERNETWORK, &settings.connectspernetwork);
  read_number(CONTROL_DEADADDRESSTIME, &settings.deadaddresstime_s);
  read_number(CONTROL_TIMEOUTCONNECT, &settings.timeoutconnect_s);
  read_number(CONTROL_TIMEOUTDNS, &settings.timeoutdns_s);
  read_steps();
}

static bool is_kind(const char *word) {
  return strcmp(word, "mx") == 0 || strcmp(word, "relay") == 0 || strcmp(word, "lmtp") == 0 ||
         strcmp(word, "qmtp") == 0;
}

/* argv: what follows the options */
static void read_arguments(int argc, char **argv, struct destination *d) {
  uint64_t port;
  if (argc < 2) die_usage();
  d->use_mx = strcmp(argv[0], "mx") == 0;
  d->is_lmtp = strcmp(argv[0], "lmtp") == 0;
  d->is_qmtp = strcmp(argv[0], "qmtp") == 0;
  d->host = text_of(argv[1]);
  if (d->is_lmtp && argc == 2 && target_is_path(d->host)) {
    d->socket_path = argv[1];
    return;
  }
  if (argc != 3 || !is_kind(argv[0])) die_usage();
  if (text_uint(text_of(argv[2]), &port) == -1 || port == 0 || port > 65535) die_usage();
  if (d->host.len == 0 || !text_is_clean(d->host)) die_usage();
  d->port = (unsigned)port;
}

/* Those of a domain's mail exchangers are nobody's. */
static const struct credentials *find_credentials(const struct destination *d) {
  static struct credentials c;
  if (d->use_mx || d->is_lmtp || d->is_qmtp) return NULL;
  if (credentials_load(&c, &control, d->host, d->port) == -1) die_control();
  if (!c.user.len) return NULL;
  if (sandbox_forbid_cores() == -1) die_system("unable to forbid core files");
  return &c;
}

static int run_talker(int connector, const struct destination *d, bool asks_only) {
  const int keep[] = {RUNNER, connector, out.fd, FACTS};
  struct sandbox sandbox = {.memory_octets = TALKER_MEMORY_OCTETS,
                            .cpu_s = TALKER_CPU_S,
                            .may_lack_seccomp = settings.allowunfenced != 0};
  struct talker_settings s = {
    .identities = &settings.identities,
    .destination = d->host,
    .is_lmtp = d->is_lmtp,
    .is_qmtp = d->is_qmtp,
    .credentials = find_credentials(d),
    .asks_only = asks_only,
    .facts = told,
  };
  memcpy(s.limits_ms, settings.steps_ms, sizeof s.limits_ms);
  sandbox_close_others(keep, told ? 4 : 3);
  if (sandbox_enter(&sandbox) == -1) die("4.3.5", "unable to shut the talker in", sandbox.step);
  close(out.fd); /* nothing that the network says can forge a line of the log */
  return (int)talker_run(RUNNER, connector, &s);
}

static const char *talker_end_text(int end) {
  switch ((enum talker_end)end) {
    case TALKER_DONE: break;
    case TALKER_BAD_FRAME: return "unable to understand the runner";
    case TALKER_NO_CONNECTOR: return "unable to reach the connector";
    case TALKER_NO_RUNNER: return "the runner went away";
    case TALKER_NO_MEMORY: return "out of memory";
  }
  return "failed";
}

/* The talker cannot log: its end says what happened. */
static int report_end(const struct destination *d, int status) {
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return 0;
  log_s(&out, "owl-remote: talker for ");
  log_t(&out, d->host);
  log_s(&out, ": ");
  if (WIFEXITED(status))
    log_s(&out, talker_end_text(WEXITSTATUS(status)));
  else {
    log_s(&out, "killed by signal ");
    log_u(&out, (uint64_t)WTERMSIG(status));
  }
  log_end(&out);
  return TOOL_SYSTEM;
}

static struct connector_settings settings_of_connector(void) {
  return (struct connector_settings){
    .me = text_of_stralloc(&settings.me),
    .helohost = text_of_stralloc(&settings.identities.helohost),
    .identities = &settings.identities,
    .facts = told,
    .dnssec = &settings.dnssec,
    .sts = {settings.remotedir.s, (unsigned)settings.timeoutdns_s, (unsigned)settings.timeoutsts_s, &clock_system},
    .tlspolicy = &settings.tlspolicy,
    .has_no_tls = settings.tlsdaemon == 0,
    .notes_tls = settings.tlsreports != 0,
    .rundir = settings.rundir.s,
    .limits_ms = settings.steps_ms,
    .may_lack_seccomp = settings.allowunfenced != 0,
    .log = &out,
    .attempts = {-1, (unsigned)settings.connectsperip, (unsigned)settings.connectspernetwork},
    .timeoutconnect_s = (unsigned)settings.timeoutconnect_s,
    .timeoutdns_s = (unsigned)settings.timeoutdns_s,
    .deadaddresstime_s = (unsigned)settings.deadaddresstime_s,
  };
}

/* For owlq explain and owlq tls-check. */
static int explain(const struct destination *d, bool tls) {
  struct connector_settings s = settings_of_connector();
  struct facts facts = {.fd = 1};
  if (tls) tlscheck_destination(d, &s, &facts);
  else explain_destination(d, &s, &facts);
  stralloc_free(&facts.lines);
  return TOOL_OK;
}

static int run_connector(int talker, pid_t pid, const struct destination *d) {
  struct connector_settings s = settings_of_connector();
  struct deadlist deadlist;
  int status;
  leave_runner();
  deadlist_open(&deadlist, DEADLIST_FD);
  s.deadlist = &deadlist;
  if (deadlist.entries) s.attempts.fd = deadlist.fd;
  if (connector_run(talker, d, &s) == -1)
    log_say(&out, "owl-remote", "fatal: connector: malformed request, or out of memory", TEXT_ABSENT);
  close(talker);
  while (waitpid(pid, &status, 0) == -1)
    if (errno != EINTR) return TOOL_SYSTEM;
  return report_end(d, status);
}

/* What the kernel lacks for shutting a talker in. */
static void check_kernel(void) {
  if (!sandbox_has_landlock())
    log_say(&out, "owl-remote", "talker without Landlock, which the kernel does not have", TEXT_ABSENT);
  if (sandbox_has_seccomp()) return;
  if (!settings.allowunfenced)
    die("4.3.5", "unable to shut the talker in", "the kernel has no seccomp, and allowunfenced is not set");
  log_say(&out, "owl-remote", "talker without seccomp, which the kernel does not have: allowunfenced is set", TEXT_ABSENT);
}

static int run_agent(const struct destination *d, bool asks_only) {
  int pair[2];
  check_kernel();
  if (unixsock_pair(pair) == -1) die_system("unable to make a socketpair");
  pid_t pid = fork();
  if (pid == -1) die_system("unable to fork");
  if (pid == 0) {
    close(pair[0]);
    _exit(run_talker(pair[1], d, asks_only));
  }
  close(pair[1]);
  return run_connector(pair[0], pid, d);
}

/* ---- by hand */

static bool is_option(const char *word) {
  return strcmp(word, "--check") == 0 || strcmp(word, "--explain") == 0 || strcmp(word, "--tls-check") == 0;
}

/* A recipient that is called as a port is no address: there is an @ in them. */
static bool is_by_hand(int argc, char **argv) {
  uint64_t port;
  if (argc < 4 || is_option(argv[1])) return false;
  return argc > 4 || !is_kind(argv[1]) || text_uint(text_of(argv[3]), &port) == -1;
}

/* As in qmail the host is a recipient's domain. */
static void find_route(const char *host, struct destination *d) {
  static struct route_table table;
  static struct route route;
  if (control_open(&control) == -1) die_system("unable to start");
  if (route_load(&table, &control) == -1) die_control();
  if (route_domain(&table, text_of(host), &route) == -1 || !stralloc_0(&route.host))
    die_system("unable to find the route");
  route.host.len--;
  if (route_leads_nowhere(&route) || !text_is_clean(text_of(host)))
    die_class(RESULT_FAILURE, "5.1.2", "there is no such host", "malformed");
  *d = (struct destination){.host = text_of_stralloc(&route.host),
                            .port = (unsigned)route.port,
                            .use_mx = route.use_mx,
                            .is_lmtp = route.protocol == PROTOCOL_LMTP,
                            .is_qmtp = route.protocol == PROTOCOL_QMTP};
  if (route.port == PORT_NONE) d->socket_path = route.host.s;
}

/* For manual.h, in a process of its own. */
static int serve_host(int socket, const void *host) {
  struct destination d;
  if (dup2(socket, RUNNER) == -1) die_system("unable to start");
  close(socket);
  find_route(host, &d);
  read_settings();
  return run_agent(&d, false);
}

static int by_hand(char **argv, int count) {
  struct byhand b = {.sender = argv[2], .recipients = argv + 3, .count = (size_t)count};
  const struct manual m = {serve_host, argv[1]};
  return manual_send(&m, &b);
}

static int serve_test(int socket, const void *destination) {
  if (dup2(socket, RUNNER) == -1) die_system("unable to start");
  close(socket);
  return run_agent(destination, true);
}

/* argv: the destination, sender, recipient */
static int test(int argc, char **argv) {
  static struct facts facts = {.fd = FACTS};
  struct destination d = {0};
  const struct manual m = {serve_test, &d};
  if (argc < 4) die_usage();
  struct byhand b = {.sender = argv[argc - 2], .recipients = argv + argc - 1, .count = 1};
  read_arguments(argc - 2, argv, &d);
  leave_runner();
  read_settings();
  told = &facts;
  explain_identity(&settings.identities, text_of(b.sender), d.host, &facts);
  if (manual_test(&m, &b, &facts) == -1) die_system("unable to start");
  stralloc_free(&facts.lines);
  return TOOL_OK;
}

/* Senders say it as well, but only those to relays. */
static void check_credentials(void) {
  struct credentials c;
  if (credentials_load(&c, &control, text_of(""), 0) == -1) die_control();
  credentials_free(&c);
}

/* owl-rspawn asks each minute as long as they are: the log has heard it, and what is wrong
 * with the control files, from the one before. */
static bool is_still_elsewhere(const char *word) {
  const char *before = getenv(DNSSEC_VARIABLE);
  return before && strcmp(before, DNSSEC_WORD_ELSEWHERE) == 0 && strcmp(word, before) == 0;
}

/* For owl-rspawn: whether DANE is possible; nothing where that is not known.  The log
 * hears what is wrong with the control files. */
static int test_dnssec(void) {
  leave_runner();
  read_settings();
  dnssec_test(&settings.dnssec);
  const char *word = dnssec_word(&settings.dnssec);
  bool is_told = is_still_elsewhere(word);
  if (!is_told) dnssec_report(&settings.dnssec, &out);
  if (io_write_all(FACTS, word, strlen(word), IO_FOREVER) == -1) return TOOL_SYSTEM;
  if (!is_told) check_credentials();
  return TOOL_OK;
}

int main(int argc, char **argv) {
  struct destination d = {0};
  const char *option = argc > 1 && is_option(argv[1]) ? argv[1] : "";
  signal(SIGPIPE, SIG_IGN);
  signal(SIGCHLD, SIG_DFL); /* the spawner ignores it */
  if (argc > 1 && strcmp(argv[1], "--test") == 0) return test(argc - 2, argv + 2);
  if (argc == 2 && strcmp(argv[1], "--dnssec-test") == 0) return test_dnssec();
  if (is_by_hand(argc, argv)) return by_hand(argv, argc - 3);
  int first = *option ? 2 : 1;
  read_arguments(argc - first, argv + first, &d);
  bool tls = strcmp(option, "--tls-check") == 0, explains = tls || strcmp(option, "--explain") == 0;
  if (explains) leave_runner();
  read_settings();
  return explains ? explain(&d, tls) : run_agent(&d, *option != 0);
}
