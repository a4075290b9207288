#include "config.h"
#include "smtpd/talker/command.h"
#include <string.h>
#include <unistd.h>
#include "lib/address.h"
#include "lib/terms.h"
#include "smtpd/talker/parameter.h"
#include "smtpd/talker/xclient.h"

typedef struct reply command_fn(struct session *s, struct text argument);

/* The reply when the doorkeeper is gone: nothing more can be done here. */
static struct reply lost(void) {
  return reply_hang_up(421, "4.3.2", "the server is shutting down, closing");
}

/* What the fields are made of that a message lacks. */
static int keep_text(struct session *s, stralloc *to, struct text t) {
  return s->completes ? text_copy(to, t) : 0;
}

static struct reply ask(struct session *s, enum door_frame what, const struct door_request *r) {
  struct door_answer a;
  int fd = -1;
  if (s->ask(s->context, what, r, &a, &fd) == -1) return lost();
  struct reply reply = reply_of(&a.result);
  if (a.ends_session) reply.next = NEXT_END;
  if (what == DOOR_TLS && a.result.class == RESULT_SUCCESS) reply.next = NEXT_TLS;
  if (what == DOOR_DATA && keep_text(s, &s->message_id, a.message_id) == -1) reply = lost();
  if (what == DOOR_XCLIENT && a.result.class == RESULT_SUCCESS) s->may_etrn = a.may_etrn;
  if (fd >= 0 && what == DOOR_DATA && a.result.class == RESULT_SUCCESS) {
    s->data_fd = fd;
    s->data_is_open = true;
    reply.next = NEXT_DATA;
  } else if (fd >= 0)
    close(fd);
  return reply;
}

static bool is_granted(struct reply r) { return r.code < 400; }

void command_close_data(struct session *s) {
  if (s->data_is_open) close(s->data_fd);
  s->data_is_open = false;
}

struct reply command_drop_transaction(struct session *s) {
  struct door_request r = {0};
  struct reply reply = {.code = 250};
  command_close_data(s);
  if (s->in_transaction) reply = ask(s, DOOR_ABORT, &r);
  command_end_transaction(s, false);
  return reply;
}

void command_end_transaction(struct session *s, bool accepted) {
  s->in_transaction = s->has_recipient = s->binary = s->smtputf8 = false;
  s->bdat.state = BDAT_NONE;
  if (accepted) s->errors = s->named = 0;
}

static bool is_blank(char c) { return c == ' ' || c == '\t'; }

static struct text trim(struct text t) {
  while (t.len && is_blank(t.s[0])) t = (struct text){t.s + 1, t.len - 1};
  while (t.len && is_blank(t.s[t.len - 1])) t.len--;
  return t;
}

/* A literal must be one; of a name no more is asked than that it could stand
 * in a line, for real ones have all kinds of octets. */
static bool is_host(struct text name) {
  if (name.len > COMMAND_HELO_MAX || !text_is_clean(name) || !text_is_ascii(name)) return false;
  if (name.s[0] == '[') return address_is_literal(name);
  return !memchr(name.s, ' ', name.len);
}

/* EHLO and HELO begin anew, RFC 5321 4.1.4. */
static struct reply greet(struct session *s, struct text name, bool esmtp) {
  if (name.len == 0) return reply_say(501, "5.5.4", "say EHLO or HELO with your name");
  if (!is_host(name)) return reply_say(501, "5.5.4", "that is no host name");
  struct reply dropped = command_drop_transaction(s);
  if (dropped.next == NEXT_END) return dropped;
  if (text_copy(&s->helo, name) == -1) return lost();
  s->greeted = true;
  s->esmtp = esmtp;
  return reply_say(250, NULL, s->me);
}

static int cat_number(struct session *s, const char *before, uint64_t number) {
  if (number == 0) return 0;
  return stralloc_cats(&s->text, before) ? text_cat_uint(&s->text, number) : -1;
}

/* RFC 9422 4 */
static int cat_limits(struct session *s) {
  if (!s->maxtransactions && !s->maxrecipients) return 0;
  if (!stralloc_cats(&s->text, "\nLIMITS")) return -1;
  if (cat_number(s, " MAILMAX=", s->maxtransactions) == -1) return -1;
  return cat_number(s, " RCPTMAX=", s->maxrecipients);
}

static int cat_extensions(struct session *s) {
  if (!stralloc_copys(&s->text, s->me)) return -1;
  if (!stralloc_cats(&s->text, "\nPIPELINING\n8BITMIME\nCHUNKING\nSMTPUTF8\nENHANCEDSTATUSCODES\nDSN\nHELP"))
    return -1;
  if (s->may_xclient && !stralloc_cats(&s->text, "\n" XCLIENT_KEYWORD)) return -1;
  if (s->may_etrn && !stralloc_cats(&s->text, "\nETRN")) return -1;
  if (s->offers_starttls && !stralloc_cats(&s->text, "\nSTARTTLS")) return -1;
  if (s->is_secured && !stralloc_cats(&s->text, "\nREQUIRETLS")) return -1;
  if (auth_cat_offer(s, &s->text) == -1) return -1;
  if (cat_limits(s) == -1) return -1;
  return stralloc_cats(&s->text, "\nSIZE") ? cat_number(s, " ", s->databytes) : -1;
}

static struct reply ehlo(struct session *s, struct text argument) {
  struct reply r = greet(s, argument, true);
  if (r.code != 250) return r;
  if (cat_extensions(s) == -1) return lost();
  r.text = text_of_stralloc(&s->text);
  return r;
}

static struct reply helo(struct session *s, struct text argument) {
  return greet(s, argument, false);
}

/* "FROM:" or "TO:", then a path, with blanks before it where a client puts
 * them; *rest gets the parameters. */
static struct reply take_path(struct session *s, const char *keyword, struct text *rest) {
  struct text head = {rest->s, strlen(keyword)};
  const char *malformed = *keyword == 'F' ? "5.1.7" : "5.1.3";
  if (rest->len < head.len || !text_equal_nocase(head, text_of(keyword)))
    return reply_say(501, "5.5.4", "MAIL goes with FROM:<address>, RCPT with TO:<address>");
  *rest = trim((struct text){rest->s + head.len, rest->len - head.len});
  switch (address_parse_path(rest, &s->address)) {
    case ADDRESS_OK: break;
    case ADDRESS_SYNTAX: return reply_say(501, malformed, "that is no <address>");
    case ADDRESS_TOO_LONG: return reply_say(501, malformed, "that address is too long");
    case ADDRESS_NO_MEMORY: return lost();
  }
  if (!address_is_clean(text_of_stralloc(&s->address)))
    return reply_say(501, malformed, "a control octet in an address");
  if (rest->len && !s->esmtp) return reply_say(555, "5.5.4", "parameters go with EHLO");
  return (struct reply){.code = 250};
}

/* RFC 6531 3.3, 3.5 */
static struct reply check_octets(struct text address, bool smtputf8) {
  if (terms_address_is_valid(address, smtputf8)) return (struct reply){.code = 250};
  if (!smtputf8) return reply_say(553, "5.6.7", "an address that is not ASCII goes with SMTPUTF8");
  return reply_say(501, "5.5.4", "that address is not UTF-8");
}

static struct reply mail(struct session *s, struct text argument) {
  struct door_request request = {0};
  if (!s->greeted) return reply_say(503, "5.5.1", "EHLO or HELO first");
  if (s->in_transaction) return reply_say(503, "5.5.1", "one MAIL at a time; RSET drops it");
  struct reply r = take_path(s, "FROM:", &argument);
  if (r.code != 250) return r;
  r = parameters_of_mail(argument, s->auth.is_possible, &request, &s->decoded);
  if (r.code == 250 && request.envelope.requiretls && !s->is_secured)
    r = reply_say(555, "5.5.4", "REQUIRETLS goes under TLS only"); /* RFC 8689 4.1 */
  if (r.code == 250) r = check_octets(text_of_stralloc(&s->address), request.envelope.smtputf8);
  if (r.code != 250) return r;
  request.envelope.helo = text_of_stralloc(&s->helo);
  request.envelope.protocol = text_of(s->esmtp ? "ESMTP" : "SMTP");
  request.envelope.sender = text_of_stralloc(&s->address);
  r = ask(s, DOOR_MAIL, &request);
  s->in_transaction = is_granted(r);
  if (keep_text(s, &s->sender, request.envelope.sender) == -1) return lost();
  s->binary = s->in_transaction && request.envelope.body == BODY_BINARYMIME;
  s->smtputf8 = s->in_transaction && request.envelope.smtputf8;
  return r;
}

/* Whoever guesses addresses waits for each that is over the count. */
static void count_recipient(struct session *s) {
  if (s->tarpitcount && ++s->named > s->tarpitcount) s->pause_ms = s->tarpitdelay_ms;
}

static struct reply rcpt(struct session *s, struct text argument) {
  struct door_request request = {0};
  struct envelope_recipient recipient = {0};
  if (!s->in_transaction) return reply_say(503, "5.5.1", "MAIL first");
  if (s->bdat.state != BDAT_NONE) return reply_say(503, "5.5.1", "not between the chunks of a message");
  count_recipient(s);
  struct reply r = take_path(s, "TO:", &argument);
  if (r.code != 250) return r;
  if (s->address.len == 0) return reply_say(501, "5.1.3", "a recipient needs an address");
  r = parameters_of_rcpt(argument, s->smtputf8, &recipient, &s->decoded);
  if (r.code == 250) r = check_octets(text_of_stralloc(&s->address), s->smtputf8);
  if (r.code != 250) return r;
  recipient.address = text_of_stralloc(&s->address);
  request.envelope.recipients = &recipient;
  request.envelope.recipient_count = 1;
  r = ask(s, DOOR_RCPT, &request);
  s->has_recipient |= is_granted(r);
  return r;
}

struct reply command_begin_data(struct session *s) {
  struct door_request request = {0};
  if (!s->in_transaction) return reply_say(503, "5.5.1", "MAIL first");
  if (!s->has_recipient) return reply_say(554, "5.5.1", "no recipient has been taken");
  struct reply r = ask(s, DOOR_DATA, &request);
  if (r.next == NEXT_DATA) r.status = TEXT_ABSENT; /* RFC 2034 4 */
  else command_end_transaction(s, false); /* the doorkeeper has dropped it too */
  return r;
}

static struct reply data(struct session *s, struct text argument) {
  if (argument.len) return reply_say(501, "5.5.4", "DATA takes no argument");
  if (s->bdat.state != BDAT_NONE) return reply_say(503, "5.5.1", "this message comes by BDAT");
  if (s->binary) return reply_say(503, "5.5.1", "a BINARYMIME body needs BDAT");
  return command_begin_data(s);
}

static struct reply rset(struct session *s, struct text argument) {
  if (argument.len) return reply_say(501, "5.5.4", "RSET takes no argument");
  struct reply r = command_drop_transaction(s);
  return r.next == NEXT_END ? r : reply_say(250, "2.0.0", "flushed");
}

static struct reply noop(struct session *s, struct text argument) {
  (void)s;
  (void)argument;
  return reply_say(250, "2.0.0", "ok");
}

static struct reply vrfy(struct session *s, struct text argument) {
  (void)s;
  bool smtputf8 = parameters_take_smtputf8(&argument);
  if (argument.len == 0) return reply_say(501, "5.5.4", "VRFY whom?");
  struct reply r = check_octets(argument, smtputf8);
  if (r.code != 250) return r;
  return reply_say(252, "2.0.0", "send some mail, I'll try my best");
}

static struct reply help(struct session *s, struct text argument) {
  (void)s;
  (void)argument;
  return reply_say(214, "2.0.0", "commands: EHLO HELO MAIL RCPT DATA BDAT RSET NOOP VRFY HELP QUIT\n"
                                "owlpost, owl-smtpd(8)");
}

static struct reply quit(struct session *s, struct text argument) {
  (void)s;
  if (argument.len) return reply_say(501, "5.5.4", "QUIT takes no argument");
  return reply_hang_up(221, "2.0.0", "bye");
}

/* RFC 3207 4 */
static struct reply starttls(struct session *s, struct text argument) {
  struct door_request request = {0};
  if (argument.len) return reply_say(501, "5.5.4", "STARTTLS takes no argument");
  if (s->is_secured) return reply_say(503, "5.5.1", "TLS is on already");
  if (!s->offers_starttls) return reply_say(502, "5.5.1", "STARTTLS is not available here");
  if (s->greeted && !s->esmtp) return reply_say(503, "5.5.1", "EHLO first"); /* some clients do without */
  if (s->in_transaction) return reply_say(503, "5.5.1", "no STARTTLS in a transaction");
  return ask(s, DOOR_TLS, &request);
}

static struct reply expn(struct session *s, struct text argument) {
  (void)s;
  (void)argument;
  return reply_say(502, "5.5.1", "lists are not expanded here");
}

/* RFC 1985 5.3; who may ask for what the doorkeeper knows. */
static struct reply etrn(struct session *s, struct text argument) {
  struct door_request request = {.node = argument};
  if (!s->esmtp) return reply_say(503, "5.5.1", "EHLO first");
  if (s->in_transaction) return reply_say(503, "5.5.1", "no ETRN in a transaction");
  if (argument.len == 0) return reply_say(500, "5.5.2", "ETRN which node?");
  if (argument.s[0] == '#') return reply_say(458, "4.3.0", "there are no queues with names here");
  if (!terms_node_is_valid(argument)) return reply_say(501, "5.5.4", "ETRN goes with a domain, or with @ and a domain");
  return ask(s, DOOR_ETRN, &request);
}

static struct reply unknown(struct session *s, struct text argument) {
  (void)s;
  (void)argument;
  return reply_say(500, "5.5.1", "that command is not known here");
}

enum { ENDS_GROUP = 1, BEFORE_TLS = 2 };

/* As at the start of a connection, but for what XCLIENT says itself. */
static struct reply begin_anew(struct session *s, const struct xclient *x) {
  s->greeted = x->helo.len > 0;
  s->esmtp = text_equal_nocase(x->protocol, text_of("ESMTP"));
  if (text_copy(&s->helo, x->helo) == -1) return lost();
  if (!stralloc_copys(&s->text, s->greeting) || !stralloc_cats(&s->text, " ESMTP")) return lost();
  return (struct reply){.code = 220, .text = text_of_stralloc(&s->text)};
}

static struct reply name_client(struct session *s, const struct xclient *x) {
  if (x->helo.len && !is_host(x->helo)) return reply_say(501, "5.5.4", "that is no host name");
  struct reply r = ask(s, DOOR_XCLIENT, &x->request);
  if (!is_granted(r) || r.next == NEXT_END) return r;
  s->may_xclient = false; /* once */
  return begin_anew(s, x);
}

static struct reply xclient(struct session *s, struct text argument) {
  struct xclient x;
  struct reply r;
  if (!s->may_xclient) return unknown(s, argument);
  if (s->in_transaction) return reply_say(503, "5.5.1", "no XCLIENT in a transaction");
  switch (xclient_parse(&x, argument)) {
    case XCLIENT_OK: r = name_client(s, &x); break;
    case XCLIENT_MALFORMED: r = reply_say(501, "5.5.4", "XCLIENT goes with NAME=VALUE ..., of what EHLO names"); break;
    case XCLIENT_NO_MEMORY: r = lost(); break;
  }
  xclient_free(&x);
  return r;
}

static const struct command {
  const char *verb;
  command_fn *run;
  unsigned flags;
} commands[] = {
  {"EHLO", ehlo, ENDS_GROUP | BEFORE_TLS},         /* RFC 5321 4.1.1.1 */
  {"HELO", helo, ENDS_GROUP | BEFORE_TLS},         /* RFC 5321 4.1.1.1 */
  {"MAIL", mail, 0},                  /* RFC 5321 4.1.1.2 */
  {"RCPT", rcpt, 0},                  /* RFC 5321 4.1.1.3 */
  {"DATA", data, ENDS_GROUP},         /* RFC 5321 4.1.1.4 */
  {"BDAT", bdat_command, BEFORE_TLS},  /* takes what follows it */        /* RFC 3030 2 */
  {"RSET", rset, BEFORE_TLS},                  /* RFC 5321 4.1.1.5 */
  {"VRFY", vrfy, ENDS_GROUP},         /* RFC 5321 4.1.1.6 */
  {"EXPN", expn, ENDS_GROUP},         /* RFC 5321 4.1.1.7 */
  {"HELP", help, ENDS_GROUP | BEFORE_TLS},         /* RFC 5321 4.1.1.8 */
  {"NOOP", noop, ENDS_GROUP | BEFORE_TLS},         /* RFC 5321 4.1.1.9 */
  {"QUIT", quit, ENDS_GROUP | BEFORE_TLS},         /* RFC 5321 4.1.1.10 */
  {"STARTTLS", starttls, ENDS_GROUP | BEFORE_TLS}, /* RFC 3207; advertised where there is TLS */
  {"AUTH", auth_begin, ENDS_GROUP},   /* RFC 4954 */
  {"ETRN", etrn, ENDS_GROUP},         /* RFC 1985; advertised to whom may use it */
  {"XCLIENT", xclient, ENDS_GROUP | BEFORE_TLS},   /* Postfix's; advertised to whom may use it */
  {NULL, unknown, ENDS_GROUP | BEFORE_TLS}         /* RFC 5321 4.2.4 */
};

static struct text verb_of(struct text line) {
  size_t n = 0;
  while (n < line.len && !is_blank(line.s[n])) n++;
  return (struct text){line.s, n};
}

static const struct command *find(struct text line) {
  const struct command *c = commands;
  struct text verb = verb_of(line);
  while (c->verb && !text_equal_nocase(verb, text_of(c->verb))) c++;
  return c;
}

bool command_ends_group(struct text line) { return find(line)->flags & ENDS_GROUP; }

struct reply command_refuse(struct session *s, struct reply r) {
  if (++s->errors < s->maxerrors) return r;
  return reply_hang_up(421, "4.7.0", "too many errors, closing");
}

/* A recipient that is not taken is no error of the client's: lists have some. */
static bool is_error(struct reply r) {
  return (r.code >= 500 && r.code <= 504) || r.code == 555;
}

/* Mail that must wait for TLS waits, when there is none now. */
static struct reply need_tls(const struct session *s) {
  if (s->offers_starttls) return reply_say(530, "5.7.0", "must issue a STARTTLS command first");
  return reply_say(454, "4.7.0", "TLS is not available now, please come again later");
}

/* Failed guesses count: who makes them has other limits, too. */
static struct reply count_refusal(struct session *s, struct reply r) {
  return is_error(r) || r.code == 535 ? command_refuse(s, r) : r;
}

struct reply command_run(struct session *s, struct text line) {
  struct text verb = verb_of(line);
  struct text argument = trim((struct text){line.s + verb.len, line.len - verb.len});
  s->pause_ms = 0;
  const struct command *c = find(line);
  bool is_early = s->needs_tls && !s->is_secured && !(c->flags & BEFORE_TLS);
  struct reply r = is_early ? need_tls(s) : c->run(s, argument);
  return count_refusal(s, r);
}

struct reply command_continue(struct session *s, struct text line) {
  return count_refusal(s, auth_take(s, line));
}

struct reply command_overflow(struct session *s, struct reply r) {
  if (s->auth.is_under_way) r = auth_stop(s, reply_say(500, "5.5.6", "that line is too long, or no line"));
  return command_refuse(s, r);
}

void session_free(struct session *s) {
  stralloc_free(&s->helo);
  stralloc_free(&s->address);
  stralloc_free(&s->decoded);
  stralloc_free(&s->text);
  stralloc_free(&s->sender);
  stralloc_free(&s->message_id);
  auth_free(&s->auth);
}
