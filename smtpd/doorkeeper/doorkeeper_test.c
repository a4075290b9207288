/* A talker that has been taken over: it sends the doorkeeper whatever it likes. */
#include "config.h"
#include "smtpd/doorkeeper/doorkeeper.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
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
#include "lib/unixsock.h"

enum { LIMIT_MS = 20000 };

static char folder[] = "/tmp/doorkeeper_test.XXXXXX";
static struct settings settings;
static struct client client;
static struct log silent = {.fd = -1};

/* The session under test. */
static int door = -1;
static pid_t doorkeeper;
static struct frame_reader answers;

static void path_of(char to[200], const char *name) { snprintf(to, 200, "%s/%s", folder, name); }

static void write_script(const char *name, const char *body) {
  char path[200];
  path_of(path, name);
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0700);
  assert_true(fd >= 0);
  assert_int_equal(io_write_all(fd, body, strlen(body), IO_FOREVER), 0);
  close(fd);
}

/* Stands in for the injector: keeps the message and envelope it is given. */
static void use_injector(const char *last_line) {
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

static struct text slurp(const char *name) {
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

static bool is_queued(void) { return slurp("message").s != NULL; }

static void forget_message(void) {
  char path[200];
  path_of(path, "message");
  unlink(path);
  path_of(path, "envelope");
  unlink(path);
}

/* Its exit code is how the session ended. */
static void be_doorkeeper(int end) {
  struct doorkeeper k;
  signal(SIGPIPE, SIG_IGN);
  doorkeeper_open(&k, &settings, &client, &clock_system, &silent);
  enum doorkeeper_end e = doorkeeper_serve(&k, end);
  close(end);
  doorkeeper_close(&k);
  _exit((int)e);
}

static void start(void) {
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

static int end(void) {
  int status;
  if (door >= 0) close(door);
  door = -1;
  frame_reader_free(&answers);
  assert_int_equal(waitpid(doorkeeper, &status, 0), doorkeeper);
  assert_true(WIFEXITED(status));
  return WEXITSTATUS(status);
}

/* The reply code of the answer; 0: the session was ended. *fd as it came. */
static unsigned await(int *fd) {
  struct frame f;
  struct door_answer a;
  *fd = -1;
  if (frame_receive(&answers, door, &f, LIMIT_MS) != FRAME_READY) return 0;
  assert_int_equal(f.type, DOOR_ANSWER);
  assert_int_equal(door_read_answer(&a, f.payload), 0);
  *fd = f.fd;
  return (unsigned)a.result.reply_code;
}

static unsigned send_payload(unsigned type, struct text payload, int *fd) {
  if (frame_send(door, &door_protocol, type, payload, -1, LIMIT_MS) == -1) return 0;
  return await(fd);
}

static unsigned send_request(unsigned type, const struct door_request *r, int *fd) {
  stralloc payload = {0};
  assert_int_equal(door_put_request(&payload, r), 0);
  unsigned code = send_payload(type, text_of_stralloc(&payload), fd);
  stralloc_free(&payload);
  return code;
}

static struct door_request mail_request(const char *sender) {
  return (struct door_request){.envelope = {.sender = text_of(sender), .helo = text_of("h.example"),
                                            .protocol = text_of("ESMTP")}};
}

static unsigned ask_mail(const char *sender) {
  struct door_request r = mail_request(sender);
  int fd;
  return send_request(DOOR_MAIL, &r, &fd);
}

static unsigned ask_rcpt(const char *address) {
  struct envelope_recipient recipient = {.address = text_of(address)};
  struct door_request r = {.envelope = {.recipients = &recipient, .recipient_count = 1}};
  int fd;
  return send_request(DOOR_RCPT, &r, &fd);
}

static unsigned ask_plain(unsigned type, int *fd) {
  return send_payload(type, text_of(""), fd);
}

static unsigned ask_complete(uint64_t octets) {
  struct door_request r = {.octets = octets};
  int fd;
  return send_request(DOOR_COMPLETE, &r, &fd);
}

static void put_data(int fd, const char *octets) {
  assert_int_equal(io_write_all(fd, octets, strlen(octets), LIMIT_MS), 0);
  close(fd);
}

static void a_granted_message_is_queued_as_granted(void **state) {
  int fd;
  (void)state;
  use_injector("exit 0");
  start();
  assert_int_equal(ask_mail("s@a.example"), 250);
  assert_int_equal(ask_rcpt("one@ok.example"), 250);
  assert_int_equal(ask_rcpt("two@ok.example"), 250);
  assert_int_equal(ask_plain(DOOR_DATA, &fd), 354);
  put_data(fd, "Subject: x\n\nhello\n");
  assert_int_equal(ask_complete(18), 250);
  assert_int_equal(end(), DOORKEEPER_TALKER_LEFT);
  struct text envelope = slurp("envelope"), message = slurp("message");
  static const char expected[] = "Fs@a.example\0Tone@ok.example\0Ttwo@ok.example\0";
  assert_true(text_equal(envelope, (struct text){expected, sizeof expected}));
  static const char trace[] = "Received: from h.example (";
  assert_true(message.len > 100);
  assert_memory_equal(message.s, trace, sizeof trace - 1);
  assert_memory_equal(message.s + message.len - 18, "Subject: x\n\nhello\n", 18);
  forget_message();
}

static void recipients_that_were_not_granted_get_nothing(void **state) {
  int fd;
  (void)state;
  start();
  assert_int_equal(ask_mail("s@a.example"), 250);
  assert_int_equal(ask_rcpt("one@ok.example"), 250);
  assert_int_equal(ask_rcpt("two@evil.example"), 553);
  assert_int_equal(ask_plain(DOOR_DATA, &fd), 354);
  assert_int_equal(ask_rcpt("two@ok.example"), 503); /* too late */
  put_data(fd, "x\n");
  assert_int_equal(ask_complete(2), 250);
  end();
  struct text envelope = slurp("envelope");
  static const char expected[] = "Fs@a.example\0Tone@ok.example\0";
  assert_true(text_equal(envelope, (struct text){expected, sizeof expected}));
  forget_message();
}

static void requests_out_of_turn_are_refused(void **state) {
  int fd;
  (void)state;
  start();
  assert_int_equal(ask_rcpt("one@ok.example"), 503);
  assert_int_equal(ask_plain(DOOR_DATA, &fd), 503);
  assert_int_equal(ask_complete(0), 503);
  assert_int_equal(ask_plain(DOOR_ABORT, &fd), 250);
  assert_int_equal(ask_mail("s@a.example"), 250);
  assert_int_equal(ask_mail("s@a.example"), 503);
  assert_int_equal(ask_plain(DOOR_DATA, &fd), 503); /* no recipient */
  assert_int_equal(ask_complete(0), 503);
  assert_int_equal(ask_rcpt("two@evil.example"), 553);
  assert_int_equal(ask_plain(DOOR_DATA, &fd), 503); /* none granted */
  assert_int_equal(ask_plain(DOOR_TLS, &fd), 502);
  assert_int_equal(ask_plain(DOOR_AUTH, &fd), 502);
  assert_int_equal(end(), DOORKEEPER_TALKER_LEFT);
  assert_false(is_queued());
}

/* As in QMTP: *fd is the place for the data. */
static unsigned ask_early_data(int *fd) {
  struct door_request r = {.envelope = {.protocol = text_of("QMTP")}};
  return send_request(DOOR_DATA, &r, fd);
}

static unsigned ask_early_mail(const char *protocol) {
  struct door_request r = mail_request("s@a.example");
  int fd;
  r.envelope.helo = text_of("");
  r.envelope.protocol = text_of(protocol);
  return send_request(DOOR_MAIL, &r, &fd);
}

static void an_envelope_may_come_behind_its_message(void **state) {
  int fd;
  (void)state;
  use_injector("exit 0");
  start();
  for (unsigned i = 0; i < 2; i++) {
    assert_int_equal(ask_early_data(&fd), 354);
    put_data(fd, "hello\n");
    assert_int_equal(ask_early_mail("QMTP"), 250);
    assert_int_equal(ask_rcpt("two@evil.example"), 553);
    assert_int_equal(ask_rcpt("one@ok.example"), 250);
    assert_int_equal(ask_complete(6), 250);
    struct text envelope = slurp("envelope"), message = slurp("message");
    static const char expected[] = "Fs@a.example\0Tone@ok.example\0";
    assert_true(text_equal(envelope, (struct text){expected, sizeof expected}));
    assert_non_null(strstr(message.s, " with QMTP id "));
    assert_memory_equal(message.s + message.len - 6, "hello\n", 6);
    forget_message();
  }
  assert_int_equal(end(), DOORKEEPER_TALKER_LEFT);
}

static void early_requests_out_of_turn_are_refused(void **state) {
  int fd, second;
  (void)state;
  start();
  assert_int_equal(ask_early_mail("QMTP"), 503); /* needs data */
  assert_int_equal(ask_early_data(&fd), 354);
  assert_int_equal(ask_early_data(&second), 503);
  assert_int_equal(ask_rcpt("one@ok.example"), 503);
  assert_int_equal(ask_mail("s@a.example"), 503);    /* of ESMTP */
  assert_int_equal(ask_early_mail("QMQP"), 503);
  assert_int_equal(ask_complete(0), 503);
  assert_int_equal(ask_early_mail("QMTP"), 250);
  assert_int_equal(ask_early_mail("QMTP"), 503);
  assert_int_equal(ask_rcpt("two@evil.example"), 553);
  close(fd);
  assert_int_equal(ask_complete(0), 503); /* nobody granted */
  assert_int_equal(ask_plain(DOOR_ABORT, &fd), 451);
  assert_int_equal(ask_mail("s@a.example"), 250);
  assert_int_equal(ask_early_data(&fd), 503);
  assert_int_equal(end(), DOORKEEPER_TALKER_LEFT);
  assert_false(is_queued());
}

static void one_grant_is_for_one_message(void **state) {
  int fd;
  (void)state;
  start();
  assert_int_equal(ask_mail("s@a.example"), 250);
  assert_int_equal(ask_rcpt("one@ok.example"), 250);
  assert_int_equal(ask_plain(DOOR_DATA, &fd), 354);
  int second;
  assert_int_equal(ask_plain(DOOR_DATA, &second), 503);
  assert_int_equal(second, -1);
  put_data(fd, "x\n");
  assert_int_equal(ask_complete(2), 250);
  assert_true(is_queued());
  forget_message();
  assert_int_equal(ask_complete(2), 503);
  assert_int_equal(ask_plain(DOOR_DATA, &fd), 503);
  assert_int_equal(ask_rcpt("one@ok.example"), 503);
  assert_int_equal(end(), DOORKEEPER_TALKER_LEFT);
  assert_false(is_queued());
}

static void nothing_is_queued_after_abort(void **state) {
  int fd;
  (void)state;
  start();
  assert_int_equal(ask_mail("s@a.example"), 250);
  assert_int_equal(ask_rcpt("one@ok.example"), 250);
  assert_int_equal(ask_plain(DOOR_DATA, &fd), 354);
  put_data(fd, "x\n");
  int none;
  assert_int_equal(ask_plain(DOOR_ABORT, &none), 451);
  assert_int_equal(ask_complete(2), 503);
  assert_int_equal(end(), DOORKEEPER_TALKER_LEFT);
  assert_false(is_queued());
}

static void nothing_is_queued_when_the_talker_dies(void **state) {
  int fd;
  (void)state;
  start();
  assert_int_equal(ask_mail("s@a.example"), 250);
  assert_int_equal(ask_rcpt("one@ok.example"), 250);
  assert_int_equal(ask_plain(DOOR_DATA, &fd), 354);
  put_data(fd, "x\n");
  assert_int_equal(end(), DOORKEEPER_TALKER_LEFT);
  assert_false(is_queued());
}

static void addresses_that_do_not_fit_are_refused(void **state) {
  struct door_request r = mail_request("s@a.example");
  int fd;
  (void)state;
  start();
  assert_int_equal(ask_mail("spam@bad.example"), 553);
  r.octets = settings.databytes + 1;
  assert_int_equal(send_request(DOOR_MAIL, &r, &fd), 552);
  assert_int_equal(ask_mail("s@a.example"), 250);
  assert_int_equal(ask_rcpt(""), 501);
  assert_int_equal(ask_rcpt("one@ok.example"), 250);
  assert_int_equal(ask_rcpt("two@ok.example"), 250);
  assert_int_equal(ask_rcpt("three@ok.example"), 250);
  assert_int_equal(ask_rcpt("four@ok.example"), 452);
  assert_int_equal(end(), DOORKEEPER_TALKER_LEFT);
}

static int limits_forget(void **state) {
  (void)state;
  settings.maxtransactions = settings.maxrequests = 0;
  return 0;
}

static void transactions_are_counted(void **state) {
  int fd;
  (void)state;
  settings.maxtransactions = 2;
  start();
  assert_int_equal(ask_mail("s@a.example"), 250);
  assert_int_equal(ask_plain(DOOR_ABORT, &fd), 250);
  assert_int_equal(ask_mail("spam@bad.example"), 553);
  assert_int_equal(ask_mail("s@a.example"), 421);
  assert_int_equal(ask_rcpt("one@ok.example"), 503);
  assert_int_equal(end(), DOORKEEPER_TALKER_LEFT);
}

static void requests_are_counted(void **state) {
  int fd;
  unsigned n = 0;
  (void)state;
  settings.maxrequests = 3;
  start();
  assert_int_equal(ask_mail("s@a.example"), 250);
  assert_int_equal(ask_rcpt("one@ok.example"), 250);
  assert_int_equal(ask_rcpt("x@evil.example"), 553);
  assert_int_equal(ask_rcpt("two@ok.example"), 421);
  assert_int_equal(ask_plain(DOOR_DATA, &fd), 354); /* what is under way comes to its end */
  put_data(fd, "x\n");
  assert_int_equal(ask_complete(2), 250);
  forget_message();
  assert_int_equal(ask_mail("s@a.example"), 421);
  while (n < 2000 && ask_plain(DOOR_ABORT, &fd)) n++;
  assert_in_range(n, 900, 1000);
  assert_int_equal(end(), DOORKEEPER_MALFORMED);
}

static void more_data_than_allowed_is_not_queued(void **state) {
  int fd;
  (void)state;
  start();
  assert_int_equal(ask_mail("s@a.example"), 250);
  assert_int_equal(ask_rcpt("one@ok.example"), 250);
  assert_int_equal(ask_plain(DOOR_DATA, &fd), 354);
  put_data(fd, "x\n");
  assert_int_equal(ask_complete(settings.databytes + 1), 552);
  end();
  assert_false(is_queued());
}

static const struct {
  const char *name;
  const char *octets;
  size_t len;
} broken[] = {
#define BROKEN(NAME, OCTETS) {NAME, OCTETS, sizeof(OCTETS) - 1}
  BROKEN("wrong protocol", "\0\0\0\0A\1\0\3"),
  BROKEN("wrong version", "\0\0\0\0D\2\0\3"),
  BROKEN("unknown flag", "\0\0\0\0D\1\2\3"),
  BROKEN("descriptor promised, none sent", "\0\0\0\0D\1\1\3"),
  BROKEN("longer than any request", "\0\1\0\0D\1\0\3"),
  BROKEN("longest length", "\xff\xff\xff\xff" "D\1\0\3"),
  BROKEN("no such request", "\0\0\0\0D\1\0\143"),
  BROKEN("a question", "\0\0\0\0D\1\0\10"),
  BROKEN("an answer", "\0\0\0\0D\1\0\11"),
  BROKEN("item cut short", "\0\0\0\5D\1\0\1\0\1\0\0\0"),
  BROKEN("item longer than the payload", "\0\0\0\10D\1\0\1\0\1\0\0\0\11ab"),
  BROKEN("number of three octets", "\0\0\0\11D\1\0\4\4\0\0\0\0\3abc"),
  BROKEN("octets beyond the greatest", "\0\0\0\16D\1\0\4\4\0\0\0\0\10\xff\xff\xff\xff\xff\xff\xff\xff"),
  BROKEN("unknown item", "\0\0\0\6D\1\0\3\x7f\x7f\0\0\0\0"),
  BROKEN("MAIL without anything", "\0\0\0\0D\1\0\1"),
  BROKEN("RCPT without a recipient", "\0\0\0\0D\1\0\2"),
  BROKEN("two recipients", "\0\0\0\20D\1\0\2\100\1\0\0\0\2ab\100\1\0\0\0\2ab"),
  BROKEN("recipient's terms alone", "\0\0\0\7D\1\0\2\100\2\0\0\0\1a"),
  BROKEN("line feed in a recipient", "\0\0\0\22D\1\0\2\100\1\0\0\0\14a\n@ok.example"),
  BROKEN("DEL in a recipient", "\0\0\0\22D\1\0\2\100\1\0\0\0\14\177a@ok.example"),
  BROKEN("DATA with an item", "\0\0\0\7D\1\0\3\0\1\0\0\0\1a"),
  BROKEN("frame cut short", "\0\0\0\6D\1\0\3\x7f"),
#undef BROKEN
};

/* A recipient of 1004 octets in a frame that is well formed. */
static void a_recipient_that_is_too_long_ends_the_session(void **state) {
  static char request[14 + ENVELOPE_ADDRESS_MAX + 1] = "\0\0\3\362D\1\0\2\100\1\0\0\3\354";
  int fd;
  (void)state;
  memset(request + 14, 'a', sizeof request - 14);
  start();
  assert_int_equal(ask_mail("s@a.example"), 250);
  assert_int_equal(io_write_all(door, request, sizeof request, LIMIT_MS), 0);
  assert_int_equal(await(&fd), 0);
  assert_int_equal(end(), DOORKEEPER_MALFORMED);
}

static void malformed_frames_end_the_session(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
    int fd;
    start();
    assert_int_equal(ask_mail("s@a.example"), 250);
    assert_int_equal(io_write_all(door, broken[i].octets, broken[i].len, LIMIT_MS), 0);
    shutdown(door, SHUT_WR);
    unsigned code = await(&fd);
    int how = end();
    if (code || how != DOORKEEPER_MALFORMED)
      fail_msg("%s: code %u, end %d", broken[i].name, code, how);
  }
}

/* What only the doorkeeper may say of a message. */
static void facts_are_not_taken_from_the_talker(void **state) {
  struct door_request r[] = {
    mail_request("s@a.example"), mail_request("s@a.example"), mail_request("s@a.example"),
    mail_request("s@a.example"), mail_request("s@a.example"), mail_request("s@a.example"),
    mail_request("s@a.example"),
  };
  (void)state;
  r[0].envelope.auth_user = text_of("root");
  r[1].envelope.client_address = text_of("127.0.0.1");
  r[2].envelope.kind = KIND_DSN;
  r[3].envelope.protocol = text_of("ESMTPSA");
  r[4].envelope.tls = text_of("TLSv1.3");
  r[5].envelope.submitter_uid = 1;
  r[6].envelope.priority = 19;
  for (size_t i = 0; i < sizeof r / sizeof r[0]; i++) {
    int fd;
    start();
    assert_int_equal(send_request(DOOR_MAIL, &r[i], &fd), 0);
    if (end() != DOORKEEPER_MALFORMED) fail_msg("request %zu", i);
  }
}

/* What an honest talker would not ask for, and the encoding allows. */
static void terms_beyond_their_limits_end_the_session(void **state) {
  static char long_text[600];
  struct envelope_recipient to[8];
  struct door_request mail[5];
  int fd;
  (void)state;
  memset(long_text, 'x', sizeof long_text - 1);
  for (size_t i = 0; i < sizeof mail / sizeof mail[0]; i++) mail[i] = mail_request("s@a.example");
  mail[0].envelope.envid = text_of("");
  mail[2].envelope.envid = text_of("\xC3\xA9");
  mail[4].envelope.sender = text_of("\xC3\xA9@a.example");
  mail[3].envelope.sender = text_of("\xC3@a.example");
  mail[3].envelope.smtputf8 = true;
  mail[1].envelope.protocol = text_of("SMTP");
  mail[1].envelope.smtputf8 = true;
  for (size_t i = 0; i < sizeof mail / sizeof mail[0]; i++) {
    start();
    assert_int_equal(send_request(DOOR_MAIL, &mail[i], &fd), 0);
    if (end() != DOORKEEPER_MALFORMED) fail_msg("MAIL %zu", i);
  }
  for (size_t i = 0; i < sizeof to / sizeof to[0]; i++)
    to[i] = (struct envelope_recipient){.address = text_of("one@ok.example")};
  to[0].notify = NOTIFY_NEVER | NOTIFY_DELAY;
  to[2].orcpt = text_of("");
  to[3].orcpt = text_of("rfc822");
  to[4].orcpt = text_of("rfc822;\xC3\xA9");
  to[5].orcpt = (struct text){long_text, 501};
  to[6].address = text_of("\xC3\xA9@ok.example");
  to[7].index = 1;
  to[1].orcpt = text_of("utf-8;\xFF");
  for (size_t i = 0; i < sizeof to / sizeof to[0]; i++) {
    struct door_request r = {.envelope = {.recipients = &to[i], .recipient_count = 1}};
    start();
    assert_int_equal(ask_mail("s@a.example"), 250);
    assert_int_equal(send_request(DOOR_RCPT, &r, &fd), 0);
    if (end() != DOORKEEPER_MALFORMED) fail_msg("RCPT %zu", i);
  }
}

/* The injector that notes them. */
static void granted_terms_reach_the_injector(void **state) {
  struct envelope_recipient to = {.address = text_of("\xC3\xA9@ok.example"), .notify = NOTIFY_SUCCESS,
                                  .orcpt = text_of("utf-8;\xC3\xA9@x")};
  struct door_request mail = mail_request("\xC3\xA9@a.example"),
                      rcpt = {.envelope = {.recipients = &to, .recipient_count = 1}};
  struct envelope e = {0};
  int fd;
  (void)state;
  mail.envelope.smtputf8 = true;
  mail.envelope.ret = RET_HEADERS;
  mail.envelope.envid = text_of("QQ 1");
  char line[300];
  snprintf(line, sizeof line, "cat /proc/self/fd/$OWLPOST_ENVELOPE >%s/extra; exit 0", folder);
  use_injector(line);
  start();
  assert_int_equal(send_request(DOOR_MAIL, &mail, &fd), 250);
  assert_int_equal(send_request(DOOR_RCPT, &rcpt, &fd), 250);
  assert_int_equal(ask_plain(DOOR_DATA, &fd), 354);
  put_data(fd, "x\n");
  assert_int_equal(ask_complete(2), 250);
  end();
  assert_int_equal(envelope_decode(&e, slurp("extra")), ENVELOPE_OK);
  assert_true(text_equals(e.envid, "QQ 1") && text_equals(e.protocol, "UTF8SMTP"));
  assert_true(e.smtputf8 && e.ret == RET_HEADERS && e.recipient_count == 1);
  assert_true(text_equals(e.recipients[0].orcpt, "utf-8;\xC3\xA9@x"));
  assert_int_equal(e.recipients[0].notify, NOTIFY_SUCCESS);
  envelope_free(&e);
  forget_message();
  use_injector("exit 0");
}

static void a_descriptor_from_the_talker_ends_the_session(void **state) {
  int fd;
  (void)state;
  start();
  assert_int_equal(frame_send(door, &door_protocol, DOOR_DATA, text_of(""), 0, LIMIT_MS), 0);
  assert_int_equal(await(&fd), 0);
  assert_int_equal(end(), DOORKEEPER_MALFORMED);
}

static unsigned queue_with(const char *last_line) {
  int fd;
  use_injector(last_line);
  start();
  assert_int_equal(ask_mail("s@a.example"), 250);
  assert_int_equal(ask_rcpt("one@ok.example"), 250);
  assert_int_equal(ask_plain(DOOR_DATA, &fd), 354);
  put_data(fd, "x\n");
  unsigned code = ask_complete(2);
  end();
  forget_message();
  return code;
}

static void the_injectors_exit_code_is_the_reply(void **state) {
  (void)state;
  assert_int_equal(queue_with("exit 31"), 554);
  assert_int_equal(queue_with("exit 53"), 452);
  assert_int_equal(queue_with("exit 71"), 451);
  assert_int_equal(queue_with("exit 120"), 451);
  assert_int_equal(queue_with("kill -9 $$"), 451);
  assert_int_equal(queue_with("echo no viruses here >&6; exit 88"), 554);
  use_injector("exit 0");
}

static void a_filter_that_takes_no_data_tells_why(void **state) {
  int fd, none;
  (void)state;
  write_script("injector", "#!/bin/sh\nexec <&-\nexit 53\n");
  start();
  assert_int_equal(ask_mail("s@a.example"), 250);
  assert_int_equal(ask_rcpt("one@ok.example"), 250);
  assert_int_equal(ask_plain(DOOR_DATA, &fd), 354);
  close(fd);
  assert_int_equal(ask_plain(DOOR_ABORT, &none), 452);
  end();
  use_injector("exit 0");
}

/* Delivery's side: answers two questions with what it is told, then hangs up. */
static pid_t start_delivery(uint64_t class, unsigned questions) {
  int listener = unixsock_listen(settings.rcpt_socket.s, 0600, 4);
  assert_true(listener >= 0);
  pid_t pid = fork();
  if (pid) return close(listener), pid;
  int fd = accept(listener, NULL, NULL);
  struct frame_reader r = {.protocol = &door_protocol};
  struct frame f;
  while (questions-- && frame_receive(&r, fd, &f, LIMIT_MS) == FRAME_READY) {
    struct door_request q;
    struct door_answer a = {.result = {.class = class}};
    stralloc payload = {0};
    if (f.type != DOOR_QUESTION || door_read_request(&q, f.payload) == -1) _exit(1);
    if (!text_equals(q.envelope.recipients[0].address, "u@local.example")) _exit(2);
    envelope_free(&q.envelope);
    if (door_put_answer(&payload, &a) == -1) _exit(3);
    frame_send(fd, &door_protocol, DOOR_ANSWER, text_of_stralloc(&payload), -1, LIMIT_MS);
    stralloc_free(&payload);
  }
  if (class == RESULT_NONE) sleep(3);
  _exit(0);
}

static void end_delivery(pid_t pid) {
  int status;
  waitpid(pid, &status, 0);
  unlink(settings.rcpt_socket.s);
  assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void local_recipients_are_asked_about(void **state) {
  (void)state;
  pid_t delivery = start_delivery(RESULT_SUCCESS, 2);
  start();
  assert_int_equal(ask_mail(""), 250);
  assert_int_equal(ask_rcpt("u@local.example"), 250);
  assert_int_equal(ask_rcpt("u@local.example"), 250);
  end_delivery(delivery);
  delivery = start_delivery(RESULT_FAILURE, 1); /* it was restarted */
  assert_int_equal(ask_rcpt("u@local.example"), 550);
  end_delivery(delivery);
  delivery = start_delivery(RESULT_DEFERRAL, 1);
  assert_int_equal(ask_rcpt("u@local.example"), 451);
  end_delivery(delivery);
  assert_int_equal(ask_rcpt("u@local.example"), 451); /* nobody answers */
  delivery = start_delivery(RESULT_NONE, 0);
  assert_int_equal(ask_rcpt("u@local.example"), 451); /* it is silent */
  end_delivery(delivery);
  end();
}

static int set_up(void **state) {
  (void)state;
  signal(SIGPIPE, SIG_IGN);
  if (!mkdtemp(folder)) return -1;
  setenv("OWLPOST_LIBEXEC", folder, 1);
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

static int tear_down(void **state) {
  char command[300];
  (void)state;
  snprintf(command, sizeof command, "rm -r %s", folder);
  settings_free(&settings);
  return system(command);
}

static struct door_request named(const char *address) {
  struct door_request r = {.local_address = text_of("192.0.2.2"), .local_port = 25};
  r.envelope.client_address = text_of(address);
  r.envelope.client_port = 1;
  return r;
}

static void believe(const char *proxies, const char *xclients) {
  assert_true(stralloc_copys(&client.address, *proxies ? "198.51.100.7" : ""));
  list_free(&settings.proxyclients);
  list_free(&settings.xclients);
  assert_int_equal(list_parse(&settings.proxyclients, text_of(proxies)), 0);
  assert_int_equal(list_parse(&settings.xclients, text_of(xclients)), 0);
}

static void strangers_name_no_client(void **state) {
  struct door_request r = named("192.0.2.9");
  int fd;
  (void)state;
  believe("198.51.101.0/24", "198.51.101.0/24");
  start();
  assert_int_equal(send_request(DOOR_PROXY, &r, &fd), 550);
  assert_int_equal(send_request(DOOR_XCLIENT, &r, &fd), 550);
  assert_int_equal(end(), DOORKEEPER_TALKER_LEFT);
  believe("", "");
}

static void a_client_is_named_once(void **state) {
  struct door_request r = named("192.0.2.9");
  int fd;
  (void)state;
  believe("0.0.0.0/0", "192.0.2.9");
  start();
  assert_int_equal(send_request(DOOR_PROXY, &r, &fd), 250);
  assert_int_equal(send_request(DOOR_PROXY, &r, &fd), 503);
  assert_int_equal(send_request(DOOR_XCLIENT, &r, &fd), 250); /* the named one may */
  assert_int_equal(send_request(DOOR_XCLIENT, &r, &fd), 503);
  assert_int_equal(end(), DOORKEEPER_TALKER_LEFT);
  believe("", "");
}

static void a_name_that_is_none_ends_the_session(void **state) {
  static const char *const addresses[] = {"example.org", "1.2.3", "", "1.2.3.4 "};
  (void)state;
  believe("0.0.0.0/0", "");
  for (size_t i = 0; i < sizeof addresses / sizeof addresses[0]; i++) {
    struct door_request r = named(addresses[i]);
    int fd;
    start();
    assert_int_equal(send_request(DOOR_PROXY, &r, &fd), 0);
    assert_int_equal(end(), DOORKEEPER_MALFORMED);
  }
  believe("", "");
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_granted_message_is_queued_as_granted),
    cmocka_unit_test(recipients_that_were_not_granted_get_nothing),
    cmocka_unit_test(strangers_name_no_client),
    cmocka_unit_test(a_client_is_named_once),
    cmocka_unit_test(a_name_that_is_none_ends_the_session),
    cmocka_unit_test(requests_out_of_turn_are_refused),
    cmocka_unit_test(an_envelope_may_come_behind_its_message),
    cmocka_unit_test(early_requests_out_of_turn_are_refused),
    cmocka_unit_test(one_grant_is_for_one_message),
    cmocka_unit_test(nothing_is_queued_after_abort),
    cmocka_unit_test(nothing_is_queued_when_the_talker_dies),
    cmocka_unit_test(addresses_that_do_not_fit_are_refused),
    cmocka_unit_test_teardown(transactions_are_counted, limits_forget),
    cmocka_unit_test_teardown(requests_are_counted, limits_forget),
    cmocka_unit_test(more_data_than_allowed_is_not_queued),
    cmocka_unit_test(a_recipient_that_is_too_long_ends_the_session),
    cmocka_unit_test(malformed_frames_end_the_session),
    cmocka_unit_test(facts_are_not_taken_from_the_talker),
    cmocka_unit_test(terms_beyond_their_limits_end_the_session),
    cmocka_unit_test(granted_terms_reach_the_injector),
    cmocka_unit_test(a_descriptor_from_the_talker_ends_the_session),
    cmocka_unit_test(the_injectors_exit_code_is_the_reply),
    cmocka_unit_test(a_filter_that_takes_no_data_tells_why),
    cmocka_unit_test(local_recipients_are_asked_about),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
