/* owl-tlsa - print the TLSA records of a host's port (owl-tlsa(8), RFC 6698)
 *
 * owl-tlsd starts it, whose user can read keys; name servers' answers are hostile.
 * So it can open no file but resolv.conf before it asks, where the kernel has
 * Landlock.  A fault in it can make owl-tlsd warn, or be silent, without a reason.
 */
#include "config.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "lib/control.h"
#include "lib/exitcode.h"
#include "lib/sandbox.h"
#include "remote/resolve.h"

enum { PORT_MAX = 65535 };

static _Noreturn void die_usage(void) {
  fputs("usage: owl-tlsa HOST PORT\n", stderr);
  exit(TOOL_USAGE);
}
static _Noreturn void die(const char *what, const char *reason) {
  fprintf(stderr, "owl-tlsa: %s%s%s\n", what, *reason ? ": " : "", reason);
  _exit(TOOL_SYSTEM);
}
static _Noreturn void die_lookup(const char *host, unsigned port, const char *problem) {
  fprintf(stderr, "owl-tlsa: unable to look up the TLSA records of _%u._tcp.%s: %s\n", port, host, problem);
  _exit(TOOL_SYSTEM);
}

static unsigned read_port(const char *s) {
  uint64_t n;
  if (text_uint(text_of(s), &n) == -1 || n == 0 || n > PORT_MAX) die_usage();
  return (unsigned)n;
}

static unsigned read_limit(void) {
  struct control c;
  uint64_t limit_s;
  if (control_open(&c) == -1) die("out of memory", "");
  if (control_number(&c, CONTROL_TIMEOUTDNS, &limit_s) == -1) die(c.error.s, "");
  control_free(&c);
  return (unsigned)limit_s;
}

static void shut_in(void) {
  int servers = open("/etc/resolv.conf", O_PATH | O_CLOEXEC); /* a host without it asks itself */
  if (sandbox_forbid_files_but(servers) == -1) die("unable to forbid files", strerror(errno));
  if (servers != -1) close(servers);
}

static void print(const struct tlsa_set *set, enum resolve_status found) {
  puts(found == RESOLVE_FOUND ? "found" : "none");
  for (unsigned i = 0; i < set->count; i++) puts(set->lines[i]);
  if (fflush(stdout) == EOF) die("unable to write", strerror(errno));
}

int main(int argc, char **argv) {
  static struct tlsa_set set;
  if (argc != 3) die_usage();
  unsigned port = read_port(argv[2]), limit_s = read_limit();
  shut_in();
  struct lookup l = resolve_tlsa(&set, text_of(argv[1]), port, limit_s);
  if (l.status == RESOLVE_TEMPORARY) die_lookup(argv[1], port, l.problem);
  print(&set, l.status);
  _exit(0); /* a sanitizer would look into /proc, which is closed */
}
