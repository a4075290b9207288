/* fillqueue - fills a queue with messages, for tests and benchmarks
 *
 *   fillqueue [OPTION...] QUEUEDIR COUNT
 *
 * Writes COUNT messages that wait after one deferral (wait/XX/ID and its log),
 * or new ones (-t: todo/ID).  QUEUEDIR is as "owlq setup" makes it.  Do it before
 * the runner starts: it looks for waiting messages then, and for new ones that
 * nobody names to it every rescaninterval.  Nothing is synced before the end,
 * and the file system once then.  As root the files belong to the owner of
 * QUEUEDIR/wait.
 *
 *   -t             new messages, without a log
 *   -s PATTERN     sender; sender%n@sender.test
 *   -r PATTERN     recipients; user%n@dest%d.test
 *   -q PATTERN     next hops as the log names them; what follows the recipient's @
 *   -R NUMBER      recipients of each message; 1
 *   -d NUMBER      destinations; 1
 *   -b OCTETS      size of each message, its header included; 1000
 *   -a MIN-MAX     age at the last attempt, in seconds; 400-86400 (-t: 0)
 *   -n MIN-MAX     the next attempt, in seconds from now; 7200-90000
 *   -T TEXT        what the deferrals say
 *   -j NUMBER      processes; 2
 *   -S NUMBER      seed of ages, times and the random part of ids; 1
 *
 * In patterns %n is the message's number from 0, %r the recipient's number in
 * the message, %d the destination's: (n + r) modulo their number.  Ages and
 * times are spread evenly.  The recipients of a message share one next attempt.
 */
#include "config.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "lib/clock.h"
#include "lib/crc32c.h"
#include "lib/exitcode.h"
#include "lib/iofd.h"
#include "lib/queuefile.h"
#include "queue/msglog.h"

struct range {
  uint64_t min, max;
};

static struct {
  bool new;
  const char *sender, *recipient, *hop, *text, *folder;
  uint64_t recipients, destinations, octets, processes, seed, count;
  struct range age_s, wait_s;
} options = {
  .sender = "sender%n@sender.test",
  .recipient = "user%n@dest%d.test",
  .text = "the next hop does not answer",
  .recipients = 1,
  .destinations = 1,
  .octets = 1000,
  .processes = 2,
  .seed = 1,
  .age_s = {400, 86400}, /* of new messages: 0 */
  .wait_s = {7200, 90000},
};

static void die_usage(void) {
  fprintf(stderr, "usage: fillqueue [-t] [-s SENDER] [-r RECIPIENT] [-q NEXTHOP] [-R RECIPIENTS]\n"
                  "  [-d DESTINATIONS] [-b OCTETS] [-a MIN-MAX] [-n MIN-MAX] [-T TEXT] [-j PROCESSES]\n"
                  "  [-S SEED] QUEUEDIR COUNT\n");
  exit(TOOL_USAGE);
}

static void die_errno(const char *verb, const char *object) {
  fprintf(stderr, "fillqueue: unable to %s %s: %s\n", verb, object, strerror(errno));
  exit(TOOL_SYSTEM);
}

static void die_memory(void) {
  errno = ENOMEM;
  die_errno("make", "a message");
}

static void need(bool there_is_memory) {
  if (!there_is_memory) die_memory();
}

/* ---- the command line */

static uint64_t number(const char *s) {
  uint64_t value;
  if (text_uint(text_of(s), &value) == -1) die_usage();
  return value;
}

static uint64_t at_least_one(const char *s) {
  uint64_t value = number(s);
  if (value == 0) die_usage();
  return value;
}

static struct range range(const char *s) {
  struct range r;
  const char *dash = strchr(s, '-');
  if (!dash) return (struct range){number(s), number(s)};
  if (text_uint((struct text){s, (size_t)(dash - s)}, &r.min) == -1) die_usage();
  r.max = number(dash + 1);
  if (r.max < r.min) die_usage();
  return r;
}

static void read_options(int argc, char **argv) {
  for (int c; (c = getopt(argc, argv, "ts:r:q:R:d:b:a:n:T:j:S:")) != -1;) switch (c) {
      case 't': options.new = true, options.age_s = (struct range){0, 0}; break;
      case 's': options.sender = optarg; break;
      case 'r': options.recipient = optarg; break;
      case 'q': options.hop = optarg; break;
      case 'R': options.recipients = at_least_one(optarg); break;
      case 'd': options.destinations = at_least_one(optarg); break;
      case 'b': options.octets = number(optarg); break;
      case 'a': options.age_s = range(optarg); break;
      case 'n': options.wait_s = range(optarg); break;
      case 'T': options.text = optarg; break;
      case 'j': options.processes = at_least_one(optarg); break;
      case 'S': options.seed = number(optarg); break;
      default: die_usage();
    }
  if (argc - optind != 2) die_usage();
  options.folder = argv[optind];
  options.count = number(argv[optind + 1]);
}

/* ---- one message */

/* What the n-th message has of its own; the buffers serve all of a process. */
struct one {
  uint64_t n, now_us, age_s, wait_s, random;
  struct queueid id;
  stralloc sender, addresses, hop, envelope, file, log;
  size_t *address_ends;
  struct envelope e;
};

/* splitmix64: the same numbers from the same seed, whichever process asks. */
static uint64_t next_random(struct one *m) {
  uint64_t x = m->random += UINT64_C(0x9e3779b97f4a7c15);
  x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
  x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
  return x ^ x >> 31;
}

static uint64_t between(struct one *m, struct range r) {
  return r.min + next_random(m) % (r.max - r.min + 1);
}

static void cat_pattern(stralloc *out, const char *pattern, uint64_t n, uint64_t r) {
  for (const char *p = pattern; *p; p++) {
    if (*p != '%') need(stralloc_append(out, p));
    else if (*++p == 'n') need(text_cat_uint(out, n) == 0);
    else if (*p == 'r') need(text_cat_uint(out, r) == 0);
    else if (*p == 'd') need(text_cat_uint(out, (n + r) % options.destinations) == 0);
    else die_usage();
  }
}

static void name(struct one *m) {
  unsigned char octets[10];
  uint64_t a = next_random(m), b = next_random(m);
  memcpy(octets, &a, 8);
  memcpy(octets + 8, &b, 2);
  /* no two in one microsecond: the log knows a message by its arrival */
  queueid_from(&m->id, m->now_us - m->age_s * 1000000u - options.count + m->n, octets);
}

/* The addresses' octets lie behind one another; views of them are taken when
 * they no longer move. */
static void address(struct one *m) {
  stralloc_zero(&m->sender);
  cat_pattern(&m->sender, options.sender, m->n, 0);
  stralloc_zero(&m->addresses);
  for (size_t r = 0; r < options.recipients; r++) {
    cat_pattern(&m->addresses, options.recipient, m->n, r);
    m->address_ends[r] = m->addresses.len;
  }
  m->e.sender = text_of_stralloc(&m->sender);
  m->e.recipient_count = 0;
  for (size_t r = 0, start = 0; r < options.recipients; start = m->address_ends[r++]) {
    struct envelope_recipient *to = envelope_add(&m->e);
    need(to != NULL);
    to->address = (struct text){m->addresses.s + start, m->address_ends[r] - start};
  }
  m->e.arrival_us = queueid_arrival_us(&m->id);
  m->e.submitter_uid = getuid();
}

static void cat_body(struct one *m) {
  static const char line[] = "0123456789012345678901234567890123456789012345678901234567890123456789\n";
  stralloc *f = &m->file;
  need(stralloc_cats(f, "From: <") && stralloc_cat(f, &m->sender) &&
       stralloc_cats(f, ">\nTo: undisclosed-recipients:;\nSubject: message ") &&
       text_cat_uint(f, m->n) == 0 && stralloc_cats(f, "\nDate: ") &&
       clock_cat_date(f, m->e.arrival_us) == 0 && stralloc_cats(f, "\nMessage-ID: <") &&
       stralloc_cats(f, m->id.s) && stralloc_cats(f, "@fillqueue.test>\n\n"));
  while (f->len < options.octets) {
    size_t left = options.octets - f->len, len = sizeof line - 1;
    need(stralloc_catb(f, left < len ? line + len - left : line, left < len ? left : len));
  }
}

static void make_file(struct one *m) {
  stralloc_zero(&m->file);
  cat_body(m);
  uint64_t octets = m->file.len;
  uint32_t crc = crc32c(0, m->file.s, m->file.len);
  stralloc_zero(&m->envelope);
  if (envelope_encode(&m->envelope, &m->e) == -1) die_errno("encode", "an envelope");
  need(stralloc_cat(&m->file, &m->envelope) &&
       queuefile_cat_trailer(&m->file, octets, crc, text_of_stralloc(&m->envelope)) == 0);
}

static struct text next_hop(struct one *m, struct text recipient, uint64_t r) {
  stralloc_zero(&m->hop);
  if (options.hop) cat_pattern(&m->hop, options.hop, m->n, r);
  else {
    const char *at = memrchr(recipient.s, '@', recipient.len);
    if (!at) return TEXT_ABSENT;
    need(stralloc_catb(&m->hop, at + 1, (size_t)(recipient.s + recipient.len - at - 1)));
  }
  return text_of_stralloc(&m->hop);
}

static void make_log(struct one *m) {
  struct logrecord r = {
    .time_us = m->now_us,
    .age_s = m->age_s,
    .next_age_s = m->age_s + m->wait_s,
    .result = {.class = RESULT_DEFERRAL, .status = text_of("4.4.1"), .text = text_of(options.text)}};
  stralloc_zero(&m->log);
  need(msglog_cat_magic(&m->log) == 0);
  for (r.recipient = 0; r.recipient < options.recipients; r.recipient++) {
    r.route = next_hop(m, m->e.recipients[r.recipient].address, r.recipient);
    need(msglog_cat(&m->log, &r) == 0);
  }
}

static void make(struct one *m, uint64_t n) {
  m->n = n;
  m->random = options.seed << 40 ^ n << 3;
  m->age_s = between(m, options.age_s);
  m->wait_s = between(m, options.wait_s);
  name(m);
  address(m);
  make_file(m);
  if (!options.new) make_log(m);
}

/* ---- onto disk */

static void put(int queue_fd, const char *path, mode_t mode, const stralloc *octets) {
  int fd = openat(queue_fd, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  if (fd == -1) die_errno("create", path);
  if (io_write_all(fd, octets->s, octets->len, IO_FOREVER) == -1) die_errno("write", path);
  close(fd);
}

/* A waiting message has been in todo/, and that is where a file system puts its
 * inode. */
static void put_message(int queue_fd, const struct one *m) {
  char todo[64], wait[64];
  snprintf(todo, sizeof todo, options.new ? "todo/%s" : "todo/.%s", m->id.s);
  put(queue_fd, todo, 0440, &m->file);
  if (options.new) return;
  snprintf(wait, sizeof wait, "wait/%02x/%s", queueid_folder(&m->id), m->id.s);
  if (renameat(queue_fd, todo, queue_fd, wait) == -1) die_errno("move to", wait);
  memcpy(wait + strlen(wait), ".log", 5);
  put(queue_fd, wait, 0600, &m->log);
}

static void fill(int queue_fd, uint64_t first) {
  struct one m = {.now_us = clock_wall_us(&clock_system)};
  m.address_ends = calloc(options.recipients, sizeof *m.address_ends);
  need(m.address_ends != NULL);
  for (uint64_t n = first; n < options.count; n += options.processes) {
    make(&m, n);
    put_message(queue_fd, &m);
  }
}

static void fill_in_processes(int queue_fd) {
  int status = 0;
  bool failed = false;
  for (uint64_t p = 0; p < options.processes; p++) {
    pid_t pid = fork();
    if (pid == -1) die_errno("start", "a process");
    if (pid) continue;
    fill(queue_fd, p);
    _exit(0);
  }
  while (wait(&status) > 0) failed |= status != 0;
  if (failed) exit(TOOL_SYSTEM);
}

static int open_queue(void) {
  struct stat st;
  int fd = open(options.folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd == -1) die_errno("open", options.folder);
  if (fstatat(fd, "wait", &st, 0) == -1) die_errno("find wait/ in", options.folder);
  if (geteuid() == 0 && (setegid(st.st_gid) == -1 || seteuid(st.st_uid) == -1))
    die_errno("become the owner of", options.folder);
  return fd;
}

int main(int argc, char **argv) {
  read_options(argc, argv);
  umask(0);
  uint64_t start_us = clock_boot_us(&clock_system);
  int queue_fd = open_queue();
  fill_in_processes(queue_fd);
  if (syncfs(queue_fd) == -1) die_errno("sync", options.folder);
  uint64_t ms = (clock_boot_us(&clock_system) - start_us) / 1000;
  printf("%llu messages in %llu.%03llu s\n", (unsigned long long)options.count,
         (unsigned long long)(ms / 1000), (unsigned long long)(ms % 1000));
  return 0;
}
