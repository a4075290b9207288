#include "config.h"
#include "smtpd/doorkeeper/explain.h"
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>
#include "lib/address.h"
#include "lib/iofd.h"
#include "lib/terms.h"
#include "lib/unixsock.h"
#include "smtpd/doorkeeper/doorkeeper.h"

static void say_reply(struct facts *f, uint64_t class, uint64_t code, const char *status,
                      const char *text) {
  struct result r = {
      .class = class, .reply_code = code, .status = text_of(status), .text = text_of(text)};
  fact_outcome(f, &r);
}

/* As the talker reads it (smtpd/talker/command.c).  false: refused, and said. */
static bool read_path(stralloc *address, struct text path, struct facts *f) {
  stralloc whole = {0};
  enum address_status status = ADDRESS_NO_MEMORY;
  if (stralloc_cats(&whole, "<") && text_cat(&whole, path) == 0 && stralloc_cats(&whole, ">")) {
    struct text rest = text_of_stralloc(&whole);
    status = address_parse_path(&rest, address);
    if (status == ADDRESS_OK && (rest.len || !address_is_clean(text_of_stralloc(address)) ||
                                 !terms_address_is_valid(text_of_stralloc(address), true)))
      status = ADDRESS_SYNTAX;
  }
  stralloc_free(&whole);
  switch (status) {
  case ADDRESS_OK: return true;
  case ADDRESS_SYNTAX: say_reply(f, RESULT_FAILURE, 501, "5.1.3", "that is no <address>"); break;
  case ADDRESS_TOO_LONG:
    say_reply(f, RESULT_FAILURE, 501, "5.1.3", "that address is too long");
    break;
  case ADDRESS_NO_MEMORY: say_reply(f, RESULT_DEFERRAL, 451, "4.3.0", "out of memory"); break;
  }
  return false;
}

static int request(int door, unsigned type, const struct door_request *r) {
  stralloc payload = {0};
  int sent = door_put_request(&payload, r);
  if (sent == 0)
    sent = frame_send(door, &door_protocol, type, text_of_stralloc(&payload), -1, IO_FOREVER);
  stralloc_free(&payload);
  return sent;
}

/* A talker's MAIL and RCPT; few octets, which the socket holds. */
static int ask(int door, struct text sender, struct text recipient) {
  struct envelope_recipient to = {.address = recipient};
  struct door_request mail = {
      .envelope = {.sender = sender, .helo = text_of("explain"), .protocol = text_of("ESMTP")}};
  mail.envelope.smtputf8 = !text_is_ascii(sender) || !text_is_ascii(recipient);
  struct door_request rcpt = {.envelope = {.recipients = &to, .recipient_count = 1}};
  if (request(door, DOOR_MAIL, &mail) == -1 || request(door, DOOR_RCPT, &rcpt) == -1) return -1;
  return shutdown(door, SHUT_WR);
}

/* The reply to MAIL where that refuses, else the one to RCPT. */
static int say_answers(int door, struct facts *f) {
  struct frame_reader reader = {.protocol = &door_protocol};
  struct frame frame;
  struct door_answer a = {0};
  int r = 0;
  for (int n = 0; r == 0 && n < 2 && (n == 0 || a.result.class == RESULT_SUCCESS); n++) {
    bool whole = frame_receive(&reader, door, &frame, IO_FOREVER) == FRAME_READY &&
                 door_read_answer(&a, frame.payload) == 0;
    if (!whole) r = (errno = EPROTO, -1);
  }
  if (r == 0) fact_outcome(f, &a.result);
  frame_reader_free(&reader);
  return r;
}

/* Delivery answers to the receiver's user and to root alone. */
static bool may_ask(const struct settings *s, struct facts *f) {
  if (access(s->rcpt_socket.s, W_OK) == 0 || errno != EACCES) return true;
  fact_say(f, "unseen", "this user may not ask delivery about local addresses at ",
           text_of(s->rcpt_socket.s));
  return false;
}

static int ask_doorkeeper(struct doorkeeper *k, struct text sender, struct text recipient) {
  int doors[2];
  if (unixsock_pair(doors) == -1) return -1;
  int r = ask(doors[0], sender, recipient);
  if (r == 0 && doorkeeper_serve(k, doors[1]) != DOORKEEPER_TALKER_LEFT) r = (errno = EPROTO, -1);
  bool unknown =
      k->route.address.len && k->route.channel == CHANNEL_LOCAL && !may_ask(k->settings, k->facts);
  if (r == 0 && unknown) say_reply(k->facts, RESULT_NONE, 0, "", "as delivery would answer");
  if (r == 0 && !unknown) r = say_answers(doors[0], k->facts);
  close(doors[0]);
  close(doors[1]);
  return r;
}

int explain_recipient(const struct settings *s, const struct client *c, struct text sender,
                      struct text recipient, struct facts *f) {
  struct doorkeeper k;
  struct log silent = {.fd = -1};
  stralloc from = {0}, to = {0};
  int r = 0;
  doorkeeper_open(&k, s, c, &clock_system, &silent);
  k.facts = f;
  if (read_path(&from, sender, f) && read_path(&to, recipient, f))
    r = ask_doorkeeper(&k, text_of_stralloc(&from), text_of_stralloc(&to));
  doorkeeper_close(&k);
  stralloc_free(&silent.line);
  stralloc_free(&from);
  stralloc_free(&to);
  return r;
}
