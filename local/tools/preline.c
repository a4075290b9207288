/* preline - put lines in front of a message for a program (preline(1))
 *
 * Runs as the user whose .qmail file names it.  A fault in it harms that user's
 * mail, nobody else's.
 */
#include "config.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>
#include "lib/exitcode.h"
#include "lib/iofd.h"
#include "lib/text.h"
#include "local/tools/child.h"
#include "local/tools/complaint.h"

static const char name[] = "preline";

enum { PIECE_OCTETS = 65536 };

static _Noreturn void die(int code) { _exit(code); }

static _Noreturn void die_usage(void) {
  complain_usage(name, "cmd [ arg ... ]");
  die(DELIVERY_FAILURE);
}
static _Noreturn void die_unset(const char *variable) {
  complain(name, variable, text_of(" not set"));
  die(DELIVERY_FAILURE);
}
static _Noreturn void die_errno(const char *what) {
  complain_errno(name, what, "");
  die(DELIVERY_DEFERRAL);
}

/* In the order that they come out. */
static struct line {
  const char *variable;
  char without, with;
  bool wanted;
  struct text text;
} lines[] = {
  {"UFLINE", 'f', 'F', true, {0}},
  {"RPLINE", 'r', 'R', true, {0}},
  {"DTLINE", 'd', 'D', true, {0}},
};

enum { LINE_COUNT = sizeof lines / sizeof lines[0] };

static void take_option(int option) {
  for (size_t i = 0; i < LINE_COUNT; i++) {
    if (option == lines[i].without) lines[i].wanted = false;
    if (option == lines[i].with) lines[i].wanted = true;
  }
  if (option == '?') die_usage();
}

static void load_lines(void) {
  for (size_t i = 0; i < LINE_COUNT; i++) {
    const char *value = getenv(lines[i].variable);
    if (!value && lines[i].wanted) die_unset(lines[i].variable);
    lines[i].text = text_of(value);
  }
}

/* A program that has read enough closes its input, and that is its right. */
static bool put(int fd, struct text t) {
  if (io_write_all(fd, t.s, t.len, IO_FOREVER) == 0) return true;
  if (errno != EPIPE) die_errno("unable to write to the command");
  return false;
}

static void feed(int fd) {
  char piece[PIECE_OCTETS];
  bool open = true;
  for (size_t i = 0; i < LINE_COUNT && open; i++)
    if (lines[i].wanted) open = put(fd, lines[i].text);
  while (open) {
    ssize_t n = io_read(0, piece, sizeof piece, IO_FOREVER);
    if (n == -1) die_errno("unable to copy input");
    if (n == 0) return;
    open = put(fd, (struct text){piece, (size_t)n});
  }
}

int main(int argc, char **argv) {
  int option, ends[2];
  while ((option = getopt(argc, argv, "+frdFRD")) != -1) take_option(option);
  if (optind == argc) die_usage();
  load_lines();
  signal(SIGPIPE, SIG_IGN);
  if (pipe2(ends, O_CLOEXEC) == -1) die_errno("unable to create pipe");
  pid_t pid = child_start(argv + optind, ends[0]);
  if (pid == -1) die_errno("unable to fork");
  close(ends[0]);
  feed(ends[1]);
  close(ends[1]);
  int code = child_wait(pid);
  if (code >= 0) die(code);
  complain(name, code == CHILD_CRASHED ? "child crashed" : "wait failed", TEXT_ABSENT);
  die(DELIVERY_DEFERRAL);
}
