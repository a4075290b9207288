/* owl-simulate - what the scheduler would do with a load
 *
 * Started by "owlq simulate", as whoever wants to know.  Reads control files,
 * a scenario and perhaps a log, all of which the caller can read; makes a queue
 * of its own in memory and removes it.  Talks with nobody: the runner's code
 * runs here against agents that are played.  The log's octets come from
 * strangers: they become addresses and are cleaned when printed.
 */
#include "config.h"
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include "lib/exitcode.h"
#include "lib/iofd.h"
#include "queue/owlq/owlq.h"
#include "queue/simulate/print.h"

enum { RECORDING_MAX = 1 << 30, ROWS_DEFAULT = 20 };

struct options {
  const char *control, *log, *replay, *scenario;
  uint64_t seed, rows;
  bool json;
};

static volatile sig_atomic_t stopped;

static void stop(int number) {
  (void)number;
  stopped = 1;
}

static int usage(void) {
  return owlq_usage("simulate [--control DIR] [--json] [--log FILE] [--rows N] [--seed N] SCENARIO\n"
                    "       owlq simulate [OPTION]... --replay LOG [SCENARIO]");
}

/* ---- files */

static int read_file(const char *path, size_t max, stralloc *out) {
  bool standard_input = strcmp(path, "-") == 0;
  int fd = standard_input ? 0 : open(path, O_RDONLY | O_CLOEXEC);
  int r = fd == -1 ? -1 : io_slurp(fd, out, max, IO_FOREVER);
  int saved = errno;
  if (fd > 0) close(fd);
  errno = saved;
  return r == 0 ? TOOL_OK : owlq_unable("read", path);
}

static int read_scenario(const char *path, struct scenario *s) {
  stralloc octets = {0};
  int code = path ? read_file(path, SCENARIO_MAX, &octets) : TOOL_OK;
  if (code == TOOL_OK && scenario_parse(s, text_of_stralloc(&octets)) == -1) {
    owlq_complain(path, s->error.s);
    code = TOOL_USAGE;
  }
  stralloc_free(&octets);
  return code;
}

static int read_recording(const char *path, struct recording *r) {
  stralloc octets = {0};
  int code = read_file(path, RECORDING_MAX, &octets);
  if (code == TOOL_OK && recording_read(r, &octets) == -1) code = owlq_complain(path, "out of memory");
  stralloc_free(&octets);
  if (code == TOOL_OK && r->incomplete)
    fprintf(stderr, "owlq: %s: %zu messages without a delivery are left out\n", path, r->incomplete);
  return code;
}

static int open_log(const char *path) {
  return open(path ? path : "/dev/null", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

/* Where there is no instance the defaults are as good as anything; a folder
 * that was named must be there. */
static int open_control(const struct options *o, struct control *c, const struct control **base) {
  if (control_open(c) == -1) return owlq_complain("unable to start", "out of memory");
  if (o->control && (!stralloc_copys(&c->folder, o->control) || !stralloc_0(&c->folder)))
    return owlq_complain("unable to start", "out of memory");
  *base = access(c->folder.s, F_OK) == 0 ? c : NULL;
  if (!*base && (o->control || getenv("OWLPOST_CONTROL"))) return owlq_unable("read", c->folder.s);
  return TOOL_OK;
}

/* ---- the simulation */

/* Each worker takes two descriptors here. */
static void raise_descriptor_limit(void) {
  struct rlimit l;
  if (getrlimit(RLIMIT_NOFILE, &l) == -1) return;
  l.rlim_cur = l.rlim_max;
  (void)setrlimit(RLIMIT_NOFILE, &l);
}

static void catch_signals(void) {
  const struct sigaction end = {.sa_handler = stop, .sa_flags = SA_RESTART};
  sigaction(SIGINT, &end, NULL);
  sigaction(SIGTERM, &end, NULL);
  signal(SIGPIPE, SIG_IGN);
}

static int run(const struct options *o, const struct scenario *scenario, const struct recording *recording,
               const struct control *base) {
  static struct simulation s; /* too large for a stack that others use */
  int log_fd = open_log(o->log);
  if (log_fd == -1) return owlq_unable("write", o->log);
  int code = TOOL_OK;
  if (simulation_run(&s, scenario, recording, base, o->seed, log_fd, &stopped) == -1) code = owlq_complain("simulation", s.error);
  if (code == TOOL_OK && stopped) fprintf(stderr, "owlq: stopped; this is how far it came\n");
  if (code == TOOL_OK) code = o->json ? print_json(&s) : print_tables(&s, (size_t)o->rows);
  simulation_free(&s);
  close(log_fd);
  return code;
}

static int simulate(const struct options *o) {
  struct scenario scenario = {0};
  struct recording recording = {0};
  struct control control;
  const struct control *base = NULL;
  int code = open_control(o, &control, &base);
  if (code == TOOL_OK) code = read_scenario(o->scenario, &scenario);
  if (code == TOOL_OK && o->replay) code = read_recording(o->replay, &recording);
  if (code == TOOL_OK) code = run(o, &scenario, o->replay ? &recording : NULL, base);
  scenario_free(&scenario);
  recording_free(&recording);
  control_free(&control);
  return code;
}

static bool take_option(struct options *o, int letter) {
  switch (letter) {
    case 'c': o->control = optarg; return true;
    case 'j': o->json = true; return true;
    case 'l': o->log = optarg; return true;
    case 'r': o->replay = optarg; return true;
    case 'n': return text_uint(text_of(optarg), &o->rows) == 0;
    case 's': return text_uint(text_of(optarg), &o->seed) == 0;
  }
  return false;
}

int main(int argc, char **argv) {
  static const struct option known[] = {
    {"control", required_argument, NULL, 'c'}, {"json", no_argument, NULL, 'j'},
    {"log", required_argument, NULL, 'l'},     {"replay", required_argument, NULL, 'r'},
    {"rows", required_argument, NULL, 'n'},    {"seed", required_argument, NULL, 's'},
    {NULL, 0, NULL, 0}};
  struct options o = {.rows = ROWS_DEFAULT, .seed = 1};
  int letter;
  while ((letter = getopt_long(argc, argv, "", known, NULL)) != -1)
    if (!take_option(&o, letter)) return usage();
  if (argc - optind > 1 || (optind == argc && !o.replay)) return usage();
  o.scenario = argv[optind];
  umask(0);
  raise_descriptor_limit();
  catch_signals();
  int code = simulate(&o);
  if (fflush(stdout) == EOF) return owlq_complain("standard output", strerror(errno));
  return code;
}
