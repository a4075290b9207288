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
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include "lib/address.h"
#include "lib/claim.h"
#include "lib/clock.h"
#include "lib/control.h"
#include "lib/exitcode.h"
#include "lib/injector.h"
#include "lib/iofd.h"
#include "queue/callerenvelope.h"
#include "queue/newmessage.h"

enum { MESSAGE_FD = 0, ENVELOPE_FD = 1, DEFAULT_ERROR_FD = 6, CHUNK_OCTETS = 65536, SPACE_CHECK_OCTETS = 1 << 20 };

/* minfree keeps files free as well: a waiting message needs one for its log. */
enum { OCTETS_PER_FILE = 65536 };

struct limits {
  uint64_t message_octets, recipients, free_octets, seconds;
};

static struct newmessage message;
static bool message_open;

static void die(int code) {
  if (message_open) newmessage_abort(&message);
  _exit(code);
}

static void die_timeout(int signal_number) {
  (void)signal_number;
  /* what has no name vanishes; a file in tmp/ loses its lock */
  _exit(INJECTOR_TIMEOUT);
}

/* A caller that knows of an error descriptor says so in the environment; any
 * other's descriptor 6 may be a file of its own. */
static void die_text(int code, const char *text) {
  uint64_t fd = DEFAULT_ERROR_FD;
  const char *named = getenv("ERROR_FD");
  if (named && text_uint(text_of(named), &fd) == -1) fd = DEFAULT_ERROR_FD;
  if ((named || getenv(INJECTOR_ENVELOPE_VARIABLE)) && fd > 2 && fd < 256)
    (void)!write((int)fd, text, strlen(text));
  die(code);
}

static void die_status(enum newmessage_status s) {
  switch (s) {
    case NEWMESSAGE_OK: return;
    case NEWMESSAGE_NO_MEMORY: die(INJECTOR_NO_MEMORY); return;
    case NEWMESSAGE_NOT_CREATED: die(INJECTOR_QUEUE_FILE); return;
    case NEWMESSAGE_NOT_WRITTEN: die(INJECTOR_WRITE_ERROR); return;
    case NEWMESSAGE_EXISTS:
    case NEWMESSAGE_UNKNOWN: die(INJECTOR_BUG); return;
  }
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

static void read_limits(struct control *c, struct limits *l) {
  if (control_number(c, CONTROL_QUEUEBYTES, &l->message_octets) == -1 ||
      control_number(c, CONTROL_MAXRECIPIENTS, &l->recipients) == -1 ||
      control_number(c, CONTROL_MINFREE, &l->free_octets) == -1 ||
      control_number(c, CONTROL_TIMEOUTQUEUE, &l->seconds) == -1)
    die(INJECTOR_CONFIGURATION);
}

static int open_queue(struct control *c) {
  stralloc folder = {0};
  if (control_text(c, CONTROL_QUEUEDIR, &folder) == -1) die(INJECTOR_CONFIGURATION);
  int fd = open(folder.s, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (fd == -1) die(INJECTOR_QUEUE_FOLDER);
  stralloc_free(&folder);
  return fd;
}

static void check_space(int queue_fd, uint64_t wanted) {
  struct statvfs v;
  if (fstatvfs(queue_fd, &v) == -1) die(INJECTOR_QUEUE_FOLDER);
  if ((uint64_t)v.f_bavail * v.f_frsize < wanted)
    die_text(INJECTOR_WRITE_ERROR, "too little free space in the queue");
  if (v.f_files && v.f_favail < wanted / OCTETS_PER_FILE)
    die_text(INJECTOR_WRITE_ERROR, "too few free files in the queue");
}

static void put(const void *octets, size_t len) { die_status(newmessage_write(&message, octets, len)); }

static void put_trace(uint64_t now_us, bool from_network) {
  stralloc field = {0};
  if (!stralloc_cats(&field, "Received: (owlpost ") ||
      text_cat_uint(&field, (uint64_t)getpid()) == -1 ||
      !stralloc_cats(&field, from_network ? " invoked from network" : " invoked by uid ") ||
      (!from_network && text_cat_uint(&field, getuid()) == -1) || !stralloc_cats(&field, "); ") ||
      clock_cat_date(&field, now_us) == -1 || !stralloc_cats(&field, "\n"))
    die(INJECTOR_NO_MEMORY);
  put(field.s, field.len);
  stralloc_free(&field);
}

/* One message can be larger than all that was free at its start. */
static void copy_message(int queue_fd, const struct limits *l) {
  static char chunk[CHUNK_OCTETS];
  uint64_t checked = 0;
  for (;;) {
    ssize_t n = io_read(MESSAGE_FD, chunk, sizeof chunk, IO_FOREVER);
    if (n == -1) die(INJECTOR_READ_ERROR);
    if (n == 0) return;
    put(chunk, (size_t)n);
    if (l->message_octets && message.octets > l->message_octets)
      die_text(INJECTOR_REFUSED, "the message is larger than the queue takes");
    if (message.octets - checked < SPACE_CHECK_OCTETS) continue;
    check_space(queue_fd, l->free_octets);
    checked = message.octets;
  }
}

static void die_envelope(enum callerenvelope_status s) {
  switch (s) {
    case CALLERENVELOPE_OK: break;
    case CALLERENVELOPE_TRUNCATED:
    case CALLERENVELOPE_READ_ERROR: die(INJECTOR_READ_ERROR); break;
    case CALLERENVELOPE_MALFORMED: die(INJECTOR_ENVELOPE); break;
    case CALLERENVELOPE_TOO_LONG: die(INJECTOR_ADDRESS_TOO_LONG); break;
    case CALLERENVELOPE_CONTROL:
      die_text(INJECTOR_REFUSED, "a control octet in an envelope address");
      break;
    case CALLERENVELOPE_TOO_MANY: die_text(INJECTOR_REFUSED, "too many recipients"); break;
    case CALLERENVELOPE_UNKNOWN: die(INJECTOR_ENVELOPE); break;
    case CALLERENVELOPE_NO_MEMORY: die(INJECTOR_NO_MEMORY); break;
  }
}

/* QUEUE/door belongs to the user that the doorkeeper runs as. */
static bool caller_is_doorkeeper(int queue_fd) {
  struct stat st;
  return fstatat(queue_fd, "door", &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_uid == getuid();
}

/* The log's number of the message, which is its time of arrival: the
 * doorkeeper's, so that its log has the same, or now. */
static uint64_t choose_arrival(const struct callerenvelope_facts *f, int extra_fd, uint64_t now_us) {
  bool usable = callerenvelope_is_recent(f->arrival_us, now_us) && claim_take(extra_fd);
  return usable ? f->arrival_us : now_us;
}

static void need_descriptors(void) {
  if (fcntl(MESSAGE_FD, F_GETFD) == -1 || fcntl(ENVELOPE_FD, F_GETFD) == -1) _exit(INJECTOR_READ_ERROR);
}

int main(void) {
  struct control c;
  struct limits l;
  struct queueid id;
  struct callerenvelope ce = {0};
  stralloc instance = {0};
  need_descriptors();
  umask(0);
  if (control_open(&c) == -1) die(INJECTOR_NO_MEMORY);
  read_limits(&c, &l);
  if (control_text(&c, CONTROL_INSTANCE, &instance) == -1) die(INJECTOR_CONFIGURATION);
  catch_signals(l.seconds);
  int queue_fd = open_queue(&c);
  check_space(queue_fd, l.free_octets);

  uint64_t now_us = clock_wall_us(&clock_system);
  int extra_fd = callerenvelope_load_extra(&ce, getenv(INJECTOR_ENVELOPE_VARIABLE));
  bool doorkeeper = caller_is_doorkeeper(queue_fd);
  struct callerenvelope_facts facts = {0};
  if (doorkeeper) facts = callerenvelope_facts(&ce);
  uint64_t arrival_us = choose_arrival(&facts, extra_fd, now_us);
  if (queueid_make(&id, arrival_us) == -1) die(INJECTOR_BUG);
  die_status(newmessage_open(&message, queue_fd, &id));
  message_open = true;
  put_trace(now_us, facts.names_client);
  copy_message(queue_fd, &l);
  die_envelope(callerenvelope_read(&ce, ENVELOPE_FD, l.recipients));
  die_envelope(callerenvelope_merge(&ce, doorkeeper));
  ce.envelope.arrival_us = arrival_us;
  ce.envelope.submitter_uid = getuid();
  ce.envelope.submitter_pid = (uint64_t)getpid();
  ce.envelope.instance = text_of_stralloc(&instance);

  alarm(0); /* between link and sync there is no way back to "not queued" */
  enum newmessage_status s = newmessage_commit(&message, &ce.envelope);
  message_open = false;
  die_status(s);
  newmessage_poke(queue_fd, &id);
  _exit(INJECTOR_OK); /* the process's end frees everything */
}
