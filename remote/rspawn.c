/* owl-rspawn: starts an owl-remote for every worker that the runner wants (owlpost-agent(7))
 *
 * It has the rights of the remote user, passes sockets on and reads nothing but
 * the runner's WORKER frames.  A fault in it stops remote deliveries; it sees
 * no mail.
 */
#include "config.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>
#include "lib/agent.h"
#include "lib/control.h"
#include "lib/exitcode.h"
#include "lib/iofd.h"
#include "lib/log.h"
#include "lib/route.h"
#include "remote/deadlist.h"

enum { RUNNER = 0, REFUSE_MS = 1000 };

static struct log out = {.fd = 2};
static stralloc program;
static int deadlist = -1;

static void die(const char *problem) {
  log_s(&out, "owl-rspawn: fatal: ");
  log_s(&out, problem);
  log_end(&out);
  _exit(TOOL_SYSTEM);
}

static void die_system(const char *what) {
  log_s(&out, "owl-rspawn: fatal: ");
  log_s(&out, what);
  log_s(&out, ": ");
  log_s(&out, strerror(errno));
  log_end(&out);
  _exit(TOOL_SYSTEM);
}

/* Tells the runner on the worker's own socket; without a reader there it goes
 * without saying. */
static void refuse(int sock, const char *problem, int error) {
  stralloc text = {0};
  struct result r = {.class = RESULT_DEFERRAL, .status = text_of("4.3.0")};
  (void)!stralloc_cats(&text, problem);
  if (error) (void)!stralloc_cats(&text, ": ");
  if (error) (void)!stralloc_cats(&text, strerror(error));
  r.text = text_of_stralloc(&text);
  log_s(&out, "owl-rspawn: ");
  log_t(&out, r.text);
  log_end(&out);
  (void)agent_send_refuse(sock, &r, REFUSE_MS);
  stralloc_free(&text);
}

static void exec_remote(const struct agent_worker *w, int sock) {
  char port[FMT_ULONG + 1], host[RESULT_HOST_MAX + 1];
  char mx[] = "mx", relay[] = "relay", lmtp[] = "lmtp", name[] = "owl-remote";
  bool is_socket = w->socket_path.s;
  struct text where = is_socket ? w->socket_path : w->host;
  port[fmt_ulong(port, (unsigned long)w->port)] = 0;
  memcpy(host, where.s, where.len);
  host[where.len] = 0;
  char *mode = w->protocol == PROTOCOL_LMTP ? lmtp : w->use_mx ? mx : relay;
  char *const arguments[] = {name, mode, host, is_socket ? NULL : port, NULL};
  if (dup2(sock, RUNNER) == -1) {
    refuse(sock, "unable to start owl-remote", errno);
    return;
  }
  /* which may take the place of the worker's socket */
  if (deadlist == -1 || dup2(deadlist, DEADLIST_FD) != -1) execv(program.s, arguments);
  refuse(RUNNER, "unable to start owl-remote", errno);
}

static void start(const struct agent_worker *w, int sock) {
  pid_t pid = fork();
  if (pid == -1) refuse(sock, "unable to fork", errno);
  if (pid != 0) return;
  exec_remote(w, sock);
  _exit(TOOL_SYSTEM);
}

static void take(const struct frame *f) {
  struct agent_worker w;
  if (f->type != AGENT_WORKER || f->fd < 0) die("unable to understand the runner");
  if (agent_read_worker(&w, f->payload) == -1) die("unable to understand the runner's worker");
  if (w.channel != CHANNEL_REMOTE)
    refuse(f->fd, "asked for a worker of another channel", 0);
  else
    start(&w, f->fd);
  close(f->fd);
}

/* Senders do without it when it cannot be had. */
static void make_deadlist(void) {
  int fd = deadlist_make();
  if (fd == -1) return;
  deadlist = fcntl(fd, F_DUPFD_CLOEXEC, DEADLIST_FD + 1); /* so that dup2() makes one that execs */
  close(fd);
}

/* A missing standard descriptor would be taken by the next socket. */
static void fill_standard_descriptors(void) {
  int fd;
  do fd = open("/dev/null", O_RDWR);
  while (fd >= 0 && fd <= 2);
  if (fd > 2) close(fd);
}

int main(void) {
  struct frame_reader reader = {.protocol = &agent_protocol};
  struct frame f;
  enum frame_status status;
  fill_standard_descriptors();
  signal(SIGPIPE, SIG_IGN);
  signal(SIGCHLD, SIG_IGN); /* nobody asks how a worker ended: the kernel reaps it */
  if (program_path(&program, "owl-remote") == -1) die("out of memory");
  make_deadlist();
  while ((status = frame_receive(&reader, RUNNER, &f, IO_FOREVER)) == FRAME_READY) take(&f);
  if (status == FRAME_ERROR) die_system("unable to read from the runner");
  if (status != FRAME_EOF) die("unable to understand the runner");
  frame_reader_free(&reader);
  stralloc_free(&program);
  return 0;
}
