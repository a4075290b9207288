#include "config.h"
#include "lib/injector.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include "lib/claim.h"
#include "lib/control.h"
#include "lib/iofd.h"
#include "lib/readyinjector.h"

enum { ERROR_TEXT_MAX = 1024, ERROR_TEXT_MS = 1000, CLASSIC_ERROR_FD = 4, DEFAULT_ERROR_FD = 6 };

static int error_descriptor(void) {
  uint64_t n;
  if (text_uint(text_of(getenv("ERROR_FD")), &n) == -1 || n < 3 || n > 255) return DEFAULT_ERROR_FD;
  return (int)n;
}

/* The extra envelope in a memory file: any size, and nobody need read it. */
static int make_extra(const struct envelope *e) {
  stralloc octets = {0};
  int fd = memfd_create("envelope", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (fd >= 0 && (envelope_encode(&octets, e) == -1 ||
                  io_write_all(fd, octets.s, octets.len, IO_FOREVER) == -1 ||
                  lseek(fd, 0, SEEK_SET) == -1)) {
    int saved = errno;
    close(fd);
    fd = -1;
    errno = saved;
  }
  stralloc_free(&octets);
  return fd;
}

struct pipes {
  int message[2], envelope[2], error[2], extra;
};

static void close_one(int *fd) {
  if (*fd >= 0) close(*fd);
  *fd = -1;
}

static void close_pipes(struct pipes *p) {
  int saved = errno;
  for (int end = 0; end < 2; end++) {
    close_one(&p->message[end]);
    close_one(&p->envelope[end]);
    close_one(&p->error[end]);
  }
  close_one(&p->extra);
  errno = saved;
}

static int open_pipes(struct pipes *p, const struct envelope *e) {
  *p = (struct pipes){{-1, -1}, {-1, -1}, {-1, -1}, -1};
  /* nobody reads a refusal before the program has ended: one that writes more
   * than the pipe holds must not wait for a reader */
  if (pipe2(p->message, O_CLOEXEC) == 0 && pipe2(p->envelope, O_CLOEXEC) == 0 &&
      pipe2(p->error, O_CLOEXEC) == 0 && io_set_nonblocking(p->error[1]) == 0 &&
      (p->extra = make_extra(e)) >= 0)
    return 0;
  close_pipes(p);
  return -1;
}

/* Moved above those that are dealt out, so that no dup2() closes one that is still needed. */
static int move_above(int *fd, int above) {
  int moved = fcntl(*fd, F_DUPFD_CLOEXEC, above);
  if (moved == -1) return -1;
  close(*fd);
  *fd = moved;
  return 0;
}

static int move_all(struct pipes *p, int above) {
  bool done = move_above(&p->message[0], above) == 0 && move_above(&p->envelope[0], above) == 0 &&
              move_above(&p->error[1], above) == 0 && move_above(&p->extra, above) == 0;
  return done ? 0 : -1;
}

/* 0 or an errno, as the functions of posix_spawn() do. */
static int deal_out(posix_spawn_file_actions_t *to, const struct pipes *p, int error_fd) {
  const int dealt[][2] = {{p->message[0], 0}, {p->envelope[0], 1}, {p->error[1], CLASSIC_ERROR_FD},
                          {p->error[1], error_fd}, {p->extra, p->extra}};
  int r = 0;
  for (size_t n = 0; n < sizeof dealt / sizeof dealt[0] && r == 0; n++)
    r = posix_spawn_file_actions_adddup2(to, dealt[n][0], dealt[n][1]);
  return r;
}

static int reset_signals(posix_spawnattr_t *a) {
  sigset_t none, pipe;
  sigemptyset(&none);
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);
  int r = posix_spawnattr_setsigmask(a, &none);
  if (r == 0) r = posix_spawnattr_setsigdefault(a, &pipe);
  return r ? r : posix_spawnattr_setflags(a, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
}

/* The environment with our variable first; the caller frees the array. */
static char **environment_with(char *variable) {
  size_t count = 0, kept = 1, name_len = strlen(INJECTOR_ENVELOPE_VARIABLE "=");
  while (environ && environ[count]) count++;
  char **all = calloc(count + 2, sizeof *all);
  if (!all) return NULL;
  all[0] = variable;
  for (size_t n = 0; n < count; n++)
    if (strncmp(environ[n], variable, name_len) != 0) all[kept++] = environ[n];
  return all;
}

/* It shares the memory until it is another program: a fork() would copy every page
 * that either of the two writes to.  The pid, or -1 with errno. */
static pid_t spawn(const struct pipes *p, char *path, int error_fd) {
  char variable[sizeof INJECTOR_ENVELOPE_VARIABLE + 16], *arguments[] = {path, NULL};
  posix_spawn_file_actions_t descriptors;
  posix_spawnattr_t attributes;
  pid_t pid = -1;
  snprintf(variable, sizeof variable, INJECTOR_ENVELOPE_VARIABLE "=%d", p->extra);
  char **all = environment_with(variable);
  if (!all) return -1;
  int r = posix_spawn_file_actions_init(&descriptors);
  if (r == 0 && (r = posix_spawnattr_init(&attributes)) == 0) {
    if ((r = deal_out(&descriptors, p, error_fd)) == 0 && (r = reset_signals(&attributes)) == 0)
      r = posix_spawn(&pid, path, &descriptors, &attributes, arguments, all);
    posix_spawnattr_destroy(&attributes);
  }
  posix_spawn_file_actions_destroy(&descriptors);
  free(all);
  if (r == 0) return pid;
  errno = r;
  return -1;
}

/* A program that is not there is reported like one that ends so. */
static pid_t start_missing(void) {
  pid_t pid = fork();
  if (pid == 0) _exit(INJECTOR_EXEC);
  return pid;
}

static bool is_of_memory(int e) { return e == EAGAIN || e == ENOMEM; }

static pid_t start(struct pipes *p, char *path) {
  int error_fd = error_descriptor();
  if (move_all(p, (error_fd > DEFAULT_ERROR_FD ? error_fd : DEFAULT_ERROR_FD) + 1) == -1) return -1;
  pid_t pid = spawn(p, path, error_fd);
  return pid == -1 && !is_of_memory(errno) ? start_missing() : pid;
}

/* or NULL */
static const char *named_program(void) {
  const char *name = environment_is_trusted() ? getenv("QMAILQUEUE") : NULL;
  return name && *name ? name : NULL;
}

static int choose_program(stralloc *path) {
  const char *other = named_program();
  if (!other) return program_path(path, "owl-queue");
  return stralloc_copys(path, other) && stralloc_0(path) ? 0 : -1;
}

/* Where SIGCHLD is ignored, as a parent may have left it, the kernel keeps no
 * exit code, and a message that was queued would be reported as refused. */
static void keep_exit_codes(void) {
  struct sigaction now;
  if (sigaction(SIGCHLD, NULL, &now) == 0 && now.sa_handler == SIG_IGN) signal(SIGCHLD, SIG_DFL);
}

int injector_start(struct injector *i, const struct envelope *e) {
  struct pipes p;
  stralloc path = {0};
  *i = (struct injector){.pid = -1, .door = -1, .message_fd = -1, .envelope_fd = -1, .error_fd = -1, .extra_fd = -1};
  if (choose_program(&path) == -1 || open_pipes(&p, e) == -1) return stralloc_free(&path), -1;
  keep_exit_codes();
  i->pid = start(&p, path.s);
  stralloc_free(&path);
  if (i->pid == -1) return close_pipes(&p), -1;
  i->queued_by = i->pid;
  i->message_fd = p.message[1];
  i->envelope_fd = p.envelope[1];
  i->error_fd = p.error[0];
  i->extra_fd = p.extra;
  p.message[1] = p.envelope[1] = p.error[0] = p.extra = -1;
  close_pipes(&p);
  return 0;
}

int injector_start_ready(struct injector *i, const struct envelope *e, const char *socket) {
  if (socket && !named_program() && readyinjector_start(i, e, socket) == 0) return 0;
  return injector_start(i, e);
}

void injector_end_message(struct injector *i) { close_one(&i->message_fd); }

/* A NUL within an address would begin another recipient. */
static int cat_address(stralloc *out, const char *letter, struct text address) {
  if (!text_is_clean(address) || !stralloc_cats(out, letter)) return -1;
  return text_cat(out, address) == 0 && stralloc_0(out) ? 0 : -1;
}

static int classic_envelope(stralloc *out, const struct envelope *e) {
  if (cat_address(out, "F", e->sender) == -1) return -1;
  for (size_t n = 0; n < e->recipient_count; n++)
    if (cat_address(out, "T", e->recipients[n].address) == -1) return -1;
  return stralloc_0(out) ? 0 : -1;
}

static int wait_for(struct injector *i) {
  int status;
  pid_t r;
  do r = waitpid(i->pid, &status, 0);
  while (r == -1 && errno == EINTR);
  i->pid = -1;
  return r != -1 && WIFEXITED(status) ? WEXITSTATUS(status) : INJECTOR_BUG;
}

/* A background child of a filter may hold the descriptor for ever: what is
 * there now, and within the limit, is enough. */
static void read_refusal(struct injector *i) {
  stralloc raw = {0};
  (void)io_slurp(i->error_fd, &raw, ERROR_TEXT_MAX, ERROR_TEXT_MS);
  struct text t = text_of_stralloc(&raw);
  if (t.len > ERROR_TEXT_MAX) t.len = ERROR_TEXT_MAX;
  while (t.len && (t.s[t.len - 1] == '\n' || t.s[t.len - 1] == '\r')) t.len--;
  (void)text_cat_cleaned(&i->text, t);
  stralloc_free(&raw);
}

/* The envelope has been written, or will not be. */
static int end(struct injector *i) {
  close_one(&i->envelope_fd);
  int code = wait_for(i);
  i->arrival_taken = claim_is_taken(i->extra_fd);
  close_one(&i->extra_fd);
  if (code == INJECTOR_TEXT || code == INJECTOR_TEXT_PERMANENT || code == INJECTOR_REFUSED ||
      code == INJECTOR_REFUSED_NOW)
    read_refusal(i);
  close_one(&i->error_fd);
  return code;
}

/* a program that has not seen the envelope cannot have queued the message */
static int finish_program(struct injector *i, struct text classic) {
  bool whole = classic.len && io_write_all(i->envelope_fd, classic.s, classic.len, IO_FOREVER) == 0;
  int code = end(i);
  return code == INJECTOR_OK && !whole ? INJECTOR_BUG : code;
}

int injector_finish(struct injector *i, const struct envelope *e) {
  stralloc octets = {0};
  injector_end_message(i);
  struct text classic = classic_envelope(&octets, e) == 0 ? text_of_stralloc(&octets) : TEXT_ABSENT;
  int code = i->door >= 0 ? readyinjector_finish(i, classic) : finish_program(i, classic);
  stralloc_free(&octets);
  return code;
}

int injector_abort(struct injector *i) {
  injector_end_message(i);
  if (i->door >= 0) return readyinjector_abort(i);
  return i->pid > 0 ? end(i) : INJECTOR_BUG;
}

void injector_free(struct injector *i) { stralloc_free(&i->text); }
