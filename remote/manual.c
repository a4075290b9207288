#include "config.h"
#include "remote/manual.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "lib/exitcode.h"
#include "lib/iofd.h"
#include "lib/unixsock.h"
#include "remote/report.h"

/* The socket to it, and *pid; or -1 with errno. */
static int start_agent(const struct manual *m, pid_t *pid) {
  int pair[2];
  if (unixsock_pair(pair) == -1) return -1;
  *pid = fork();
  if (*pid == 0) {
    close(pair[0]);
    _exit(m->agent(pair[1], m->context));
  }
  int saved = errno;
  close(pair[1]);
  if (*pid == -1) close(pair[0]);
  return errno = saved, *pid == -1 ? -1 : pair[0];
}

/* Its session may take time to end. */
static void end_agent(pid_t pid) {
  while (waitpid(pid, NULL, 0) == -1 && errno == EINTR) continue;
}

static int say_report(const struct verdict *v, size_t count) {
  stralloc report = {0};
  int r = report_put(&report, v, count);
  if (r == 0) r = io_write_all(1, report.s, report.len, IO_FOREVER);
  stralloc_free(&report);
  return r == 0 ? TOOL_OK : TOOL_SYSTEM;
}

/* Before anything is sent, all recipients have to wait. */
static int put_off(const struct byhand *b, struct verdict *v, const char *why) {
  int reason = errno;
  for (size_t n = 0; n < b->count; n++) {
    verdict_set(&v[n], RESULT_DEFERRAL, "4.3.0", why);
    verdict_add(&v[n], ": ");
    verdict_add(&v[n], strerror(reason));
  }
  return say_report(v, b->count);
}

static int send_message(const struct manual *m, struct byhand *b, struct verdict *v) {
  pid_t pid;
  if (byhand_open(b, 0) == -1) return put_off(b, v, "unable to read the message");
  int socket = start_agent(m, &pid);
  if (socket == -1) return put_off(b, v, "unable to start the sender");
  byhand_send(socket, b, v);
  close(socket);
  int code = say_report(v, b->count);
  end_agent(pid);
  return code;
}

int manual_send(const struct manual *m, struct byhand *b) {
  struct verdict *v = calloc(b->count, sizeof *v);
  if (!v) return TOOL_SYSTEM;
  int code = send_message(m, b, v);
  for (size_t n = 0; n < b->count; n++) verdict_free(&v[n]);
  free(v);
  return code;
}

int manual_test(const struct manual *m, struct byhand *b, struct facts *facts) {
  struct verdict v = {.class = RESULT_NONE};
  pid_t pid;
  if (byhand_open(b, open("/dev/null", O_RDONLY | O_CLOEXEC)) == -1) return -1;
  int socket = start_agent(m, &pid);
  if (socket == -1) return -1;
  byhand_send(socket, b, &v);
  close(socket);
  end_agent(pid);
  struct result r = verdict_result(&v);
  fact_outcome(facts, &r);
  verdict_free(&v);
  return 0;
}
