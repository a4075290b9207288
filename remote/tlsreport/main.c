/* owl-tlsrpt - send reports of how TLS went (owl-tlsrpt(8), RFC 8460)
 *
 * Runs as the user of the remote sender, from cron: reads the notes that
 * connectors made, asks name servers where reports are wanted, and puts messages
 * into the queue.  A fault in it can send wrong reports, or none.
 */
#include "config.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "lib/control.h"
#include "lib/exitcode.h"
#include "lib/iofd.h"
#include "lib/room.h"
#include "lib/sts.h"
#include "remote/tlsreport/deliver.h"

enum { FIRST_ROOM = 16 };

static struct reporter reporter;
static int trouble; /* something was left for the next run */

static void die_usage(void) {
  fputs("usage: owl-tlsrpt [--print] [--day YYYYMMDD]\n", stderr);
  exit(TOOL_USAGE);
}

static void die_control(const struct control *c) {
  fprintf(stderr, "owl-tlsrpt: configuration: %s\n", c->error.s);
  exit(TOOL_SYSTEM);
}

static void die_memory(void) {
  fputs("owl-tlsrpt: out of memory\n", stderr);
  exit(TOOL_SYSTEM);
}

static void say_errno(const char *what, const char *object) {
  fprintf(stderr, "owl-tlsrpt: %s %s: %s\n", what, object, strerror(errno));
  trouble = 1;
}

/* ---- files */

struct names {
  char **names;
  size_t count, space;
};

static void list(struct names *n, int folder, bool (*wanted)(const char *)) {
  DIR *d = fdopendir(dup(folder));
  *n = (struct names){0};
  if (!d) die_memory();
  rewinddir(d);
  for (struct dirent *e; (e = readdir(d));) {
    if (!wanted(e->d_name)) continue;
    if (room_make(&n->names, n->count, &n->space, sizeof *n->names, FIRST_ROOM) == -1) die_memory();
    if (!(n->names[n->count] = strdup(e->d_name))) die_memory();
    n->count++;
  }
  closedir(d);
}

static void free_names(struct names *n) {
  for (size_t i = 0; i < n->count; i++) free(n->names[i]);
  free(n->names);
}

static bool is_day(const char *name) { return strlen(name) == 8 && strspn(name, "0123456789") == 8; }

static bool is_domain(const char *name) {
  char domain[254];
  return sts_domain(domain, sizeof domain, name, strlen(name)) && strcmp(domain, name) == 0;
}

/* ---- days */

static void report_domain(int folder, const char *day, const char *domain) {
  stralloc notes = {0};
  if (io_slurp_at(folder, domain, O_NOFOLLOW | O_NONBLOCK, &notes, NOTES_MAX) == -1) say_errno("unable to read the notes of", domain);
  else switch (report_deliver(&reporter, day, domain, text_of_stralloc(&notes))) {
    case DELIVERED:
      if (unlinkat(folder, domain, 0) == -1) say_errno("unable to remove the notes of", domain);
      break;
    case PRINTED: break;
    case DEFERRED: trouble = 1; break;
  }
  stralloc_free(&notes);
}

static void report_day(int folder, const char *day) {
  struct names domains;
  int fd = openat(folder, day, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd == -1) {
    say_errno("unable to open the folder", day);
    return;
  }
  list(&domains, fd, is_domain);
  for (size_t i = 0; i < domains.count; i++) report_domain(fd, day, domains.names[i]);
  free_names(&domains);
  close(fd);
  if (!reporter.print && unlinkat(folder, day, AT_REMOVEDIR) == -1 && errno != ENOTEMPTY) say_errno("unable to remove", day);
}

/* Days that are not over are printed only where they are asked for. */
static void report_days(int folder, const char *only) {
  struct names days;
  char today[9];
  tlsrpt_day(today, clock_wall_us(&clock_system));
  list(&days, folder, is_day);
  for (size_t i = 0; i < days.count; i++)
    if (only ? strcmp(days.names[i], only) == 0 : strcmp(days.names[i], today) < 0) report_day(folder, days.names[i]);
  free_names(&days);
}

static int open_notes(struct control *c) {
  stralloc path = {0};
  if (control_text(c, CONTROL_REMOTEDIR, &path) == -1) die_control(c);
  if (!stralloc_cats(&path, "/tlsrpt") || !stralloc_0(&path)) die_memory();
  int fd = open(path.s, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd == -1 && errno != ENOENT) {
    say_errno("unable to open", path.s);
    exit(TOOL_SYSTEM);
  }
  stralloc_free(&path);
  return fd;
}

int main(int argc, char **argv) {
  struct control c;
  const char *only = NULL;
  for (int i = 1; i < argc; i++) {
    if (strcmp(argv[i], "--print") == 0) reporter.print = true;
    else if (strcmp(argv[i], "--day") == 0 && i + 1 < argc && is_day(argv[i + 1])) only = argv[++i];
    else die_usage();
  }
  signal(SIGPIPE, SIG_IGN);
  umask(077);
  if (control_open(&c) == -1 || reporter_load(&reporter, &c) == -1) die_control(&c);
  int folder = open_notes(&c);
  if (folder != -1) report_days(folder, only);
  reporter_free(&reporter);
  control_free(&c);
  if (folder != -1) close(folder);
  return trouble || fflush(stdout) == EOF ? TOOL_SYSTEM : TOOL_OK;
}
