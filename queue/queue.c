/* owl-queue - the injector: one message, made durable
 *
 * Started by anyone; set-group-id, which lets it create files in todo/ and
 * nothing else.  Reads a message and an envelope from its caller, who is not
 * trusted: paths from the environment are ignored when set-id, and facts about
 * a network client are believed from the doorkeeper's user only.  A fault here
 * could let a local user see or disturb messages that are on their way in.
 *
 * owl-queue(8) has the interface and the exit codes.
 */
#include "config.h"
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "lib/injector.h"
#include "lib/iofd.h"
#include "queue/injection.h"

enum { MESSAGE_FD = 0, ENVELOPE_FD = 1, DEFAULT_ERROR_FD = 6, CHUNK_OCTETS = 65536 };

static struct injection in;

static void die_timeout(int signal_number) {
  (void)signal_number;
  /* what has no name vanishes; a file in tmp/ loses its lock */
  _exit(INJECTOR_TIMEOUT);
}

/* A caller that knows of an error descriptor says so in the environment; any
 * other's descriptor 6 may be a file of its own. */
static void say(const char *text) {
  uint64_t fd = DEFAULT_ERROR_FD;
  const char *named = getenv("ERROR_FD");
  if (named && text_uint(text_of(named), &fd) == -1) fd = DEFAULT_ERROR_FD;
  if ((named || getenv(INJECTOR_ENVELOPE_VARIABLE)) && fd > 2 && fd < 256)
    (void)!write((int)fd, text, strlen(text));
}

static void die(int code) {
  if (in.text) say(in.text);
  injection_close(&in);
  _exit(code);
}

static void go_on_if(int code) {
  if (code != INJECTOR_OK) die(code);
}

static void catch_signals(uint64_t seconds) {
  static const int ignored[] = {SIGPIPE, SIGHUP, SIGINT, SIGQUIT, SIGXCPU, SIGXFSZ, SIGVTALRM, SIGPROF};
  struct sigaction a = {.sa_handler = die_timeout};
  sigset_t none;
  for (size_t i = 0; i < sizeof ignored / sizeof ignored[0]; i++) signal(ignored[i], SIG_IGN);
  sigaction(SIGALRM, &a, NULL);
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  alarm(seconds > UINT32_MAX ? UINT32_MAX : (unsigned)seconds);
}

static void copy_message(void) {
  static char chunk[CHUNK_OCTETS];
  ssize_t n;
  while ((n = io_read(MESSAGE_FD, chunk, sizeof chunk, IO_FOREVER)) > 0)
    go_on_if(injection_take(&in, chunk, (size_t)n));
  if (n == -1) die(INJECTOR_READ_ERROR);
}

static void need_descriptors(void) {
  if (fcntl(MESSAGE_FD, F_GETFD) == -1 || fcntl(ENVELOPE_FD, F_GETFD) == -1) _exit(INJECTOR_READ_ERROR);
}

int main(void) {
  struct control c;
  int queue_fd = -1;
  need_descriptors();
  umask(0);
  if (control_open(&c) == -1) die(INJECTOR_NO_MEMORY);
  go_on_if(injection_configure(&in, &c));
  catch_signals(in.limits.seconds);
  go_on_if(injection_open_queue(&c, &queue_fd));
  go_on_if(injection_check_space(&in, queue_fd));

  in.caller_uid = getuid();
  int shared_fd = callerenvelope_load_extra(&in.envelope, getenv(INJECTOR_ENVELOPE_VARIABLE));
  go_on_if(injection_begin(&in, queue_fd, shared_fd));
  copy_message();
  go_on_if(injection_address(&in, callerenvelope_read(&in.envelope, ENVELOPE_FD, in.limits.recipients)));

  alarm(0); /* between link and sync there is no way back to "not queued" */
  struct queueid id = in.message.id;
  go_on_if(injection_commit(&in));
  newmessage_poke(queue_fd, &id);
  _exit(INJECTOR_OK); /* the process's end frees everything */
}
