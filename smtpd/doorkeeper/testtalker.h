/* testtalker.h - a doorkeeper in a process of its own, and a talker that the test plays
 *
 * start() and end() make a session; ask_...() send a request and return the
 * answer's reply code, 0 when the doorkeeper has hung up.  The injector is a
 * script that keeps what it is given in files.
 */
#ifndef OWL_TESTTALKER_H
#define OWL_TESTTALKER_H

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "lib/iofd.h"
#include "lib/unittest.h"
#include "lib/unixsock.h"
#include "smtpd/doorkeeper/doorkeeper.h"

enum { LIMIT_MS = 20000 };

static char folder[] = "/tmp/doorkeeper_test.XXXXXX";
static struct settings settings;
static struct client client;
static const struct place *place;
static struct log silent = {.fd = -1};

/* The session under test. */
static int door = -1;
static pid_t doorkeeper;
static struct frame_reader answers;

static inline void path_of(char to[200], const char *name) { snprintf(to, 200, "%s/%s", folder, name); }

static inline void write_script(const char *name, const char *body) {
  char path[200];
  path_of(path, name);
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0700);
  assert_true(fd >= 0);
  assert_int_equal(io_write_all(fd, body, strlen(body), IO_FOREVER), 0);
  close(fd);
}

/* Stands in for the injector: keeps the message and envelope it is given. */
static inline void use_injector(const char *last_line) {
  char script[1000], path[200];
  snprintf(script, sizeof script,
           "#!/bin/sh\ncat > %s/message.$$ || exit 54\ncat <&1 > %s/envelope.$$ || exit 54\n"
           "[ \"$(tail -c1 %s/envelope.$$ | od -An -tx1)\" = ' 00' ] || exit 54\n"
           "mv %s/message.$$ %s/message; mv %s/envelope.$$ %s/envelope\n%s\n",
           folder, folder, folder, folder, folder, folder, folder, last_line);
  write_script("injector", script);
  path_of(path, "injector");
  setenv("QMAILQUEUE", path, 1);
}

static inline struct text slurp(const char *name) {
  static stralloc octets[2];
  static unsigned turn;
  stralloc *s = &octets[turn++ & 1];
  char path[200];
  path_of(path, name);
  stralloc_zero(s);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd == -1) return TEXT_ABSENT;
  assert_int_equal(io_slurp(fd, s, 100000, IO_FOREVER), 0);
  close(fd);
  return text_of_stralloc(s);
}

static inline bool is_queued(void) { return slurp("message").s != NULL; }

static inline void forget_message(void) {
  char path[200];
  path_of(path, "message");
  unlink(path);
  path_of(path, "envelope");
  unlink(path);
}

/* Its exit code is how the session ended. */
static inline void be_doorkeeper(int end) {
  struct doorkeeper k;
  signal(SIGPIPE, SIG_IGN);
  doorkeeper_open(&k, &settings, &client, &clock_system, &silent);
  k.place = place;
  enum doorkeeper_end e = doorkeeper_serve(&k, end);
  close(end);
  doorkeeper_close(&k);
  _exit((int)e);
}

static inline void start(void) {
  int pair[2];
  assert_int_equal(unixsock_pair(pair), 0);
  fflush(NULL);
  doorkeeper = fork();
  if (doorkeeper == 0) {
    close(pair[1]);
    be_doorkeeper(pair[0]);
  }
  assert_true(doorkeeper > 0);
  close(pair[0]);
  door = pair[1];
  answers = (struct frame_reader){.protocol = &door_protocol};
}

static inline int end(void) {
  int status;
  if (door >= 0) close(door);
  door = -1;
  frame_reader_free(&answers);
  assert_int_equal(waitpid(doorkeeper, &status, 0), doorkeeper);
  assert_true(WIFEXITED(status));
  return WEXITSTATUS(status);
}

/* The reply code of the answer; 0: the session was ended. *fd as it came. */
static inline unsigned await(int *fd) {
  struct frame f;
  struct door_answer a;
  *fd = -1;
  if (frame_receive(&answers, door, &f, LIMIT_MS) != FRAME_READY) return 0;
  assert_int_equal(f.type, DOOR_ANSWER);
  assert_int_equal(door_read_answer(&a, f.payload), 0);
  *fd = f.fd;
  return (unsigned)a.result.reply_code;
}

static inline unsigned send_payload(unsigned type, struct text payload, int *fd) {
  *fd = -1;
  if (frame_send(door, &door_protocol, type, payload, -1, LIMIT_MS) == -1) return 0;
  return await(fd);
}

static inline unsigned send_request(unsigned type, const struct door_request *r, int *fd) {
  stralloc payload = {0};
  assert_int_equal(door_put_request(&payload, r), 0);
  unsigned code = send_payload(type, text_of_stralloc(&payload), fd);
  stralloc_free(&payload);
  return code;
}

static inline struct door_request mail_request(const char *sender) {
  return (struct door_request){.envelope = {.sender = text_of(sender), .helo = text_of("h.example"),
                                            .protocol = text_of("ESMTP")}};
}

static inline unsigned ask_mail(const char *sender) {
  struct door_request r = mail_request(sender);
  int fd;
  return send_request(DOOR_MAIL, &r, &fd);
}

static inline unsigned ask_rcpt(const char *address) {
  struct envelope_recipient recipient = {.address = text_of(address)};
  struct door_request r = {.envelope = {.recipients = &recipient, .recipient_count = 1}};
  int fd;
  return send_request(DOOR_RCPT, &r, &fd);
}

static inline unsigned ask_plain(unsigned type, int *fd) {
  return send_payload(type, text_of(""), fd);
}

static inline unsigned ask_complete(uint64_t octets) {
  struct door_request r = {.octets = octets};
  int fd;
  return send_request(DOOR_COMPLETE, &r, &fd);
}

static inline void put_data(int fd, const char *octets) {
  assert_int_equal(io_write_all(fd, octets, strlen(octets), LIMIT_MS), 0);
  close(fd);
}

static inline int set_up(void **state) {
  (void)state;
  signal(SIGPIPE, SIG_IGN);
  if (!mkdtemp(folder)) return -1;
  setenv("OWLPOST_LIBEXEC", folder, 1);
  use_injector("exit 0");
  char path[200];
  path_of(path, "rcpt");
  settings.databytes = 1000;
  settings.maxrecipients = 3;
  settings.timeoutrcpt_s = 1;
  if (list_parse(&settings.rcpthosts, text_of("ok.example\nlocal.example\n")) == -1) return -1;
  if (list_parse(&settings.badmailfrom, text_of("@bad.example\n")) == -1) return -1;
  if (list_parse(&settings.routes.locals, text_of("local.example\n")) == -1) return -1;
  if (!stralloc_copys(&settings.me, "me.example") || !stralloc_copys(&settings.routes.envnoathost, "me.example"))
    return -1;
  if (!stralloc_copys(&settings.folder, folder) || !stralloc_0(&settings.folder)) return -1;
  return stralloc_copys(&settings.rcpt_socket, path) && stralloc_0(&settings.rcpt_socket) ? 0 : -1;
}

static inline int tear_down(void **state) {
  char command[300];
  (void)state;
  snprintf(command, sizeof command, "rm -r %s", folder);
  settings_free(&settings);
  return system(command);
}

#endif
