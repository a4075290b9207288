#include "config.h"
#include "queue/inject/submit.h"
#include <errno.h>
#include <string.h>
#include "lib/address.h"
#include "lib/clock.h"
#include "lib/injector.h"
#include "lib/injectorreply.h"
#include "lib/iofd.h"
#include "queue/inject/header.h"
#include "queue/inject/input.h"

enum { PRINT_FD = 1 };

struct submission {
  const struct injectsubmit *order;
  struct injectauthor author;
  struct addrlist_completion completion;
  struct injectinput input;
  struct injectheader header;
  stralloc sender; /* that was given */
  stralloc *why;
};

static enum inject_outcome fail_errno(stralloc *why, const char *what) {
  return inject_fail(why, INJECT_TEMPORARY, what, text_of(strerror(errno)));
}

/* An address as programs pass it: what stands before the last '@' is the
 * local-part, whatever it holds. */
static enum inject_outcome complete_raw(struct submission *s, struct text raw, stralloc *out) {
  struct text local, domain;
  address_split(raw, &local, &domain);
  if (local.len == 0 || (domain.s && domain.len == 0))
    return inject_fail(s->why, INJECT_MALFORMED, "not an address: ", raw);
  if (!stralloc_copyb(out, local.s, local.len) || !stralloc_cats(out, "@") ||
      addrlist_cat_domain(out, domain, &s->completion) == -1)
    return inject_no_memory(s->why);
  return INJECT_OK;
}

static enum inject_outcome parse(struct submission *s, struct addrlist *l, struct text argument) {
  switch (addrlist_parse(l, argument)) {
    case ADDRLIST_OK: return INJECT_OK;
    case ADDRLIST_NO_MEMORY: return inject_no_memory(s->why);
    case ADDRLIST_SYNTAX: break;
  }
  return inject_fail(s->why, INJECT_MALFORMED, "unable to parse the address ", argument);
}

static enum inject_outcome add_list(struct submission *s, struct text argument) {
  struct addrlist l = {0};
  enum inject_outcome o = parse(s, &l, argument);
  if (o == INJECT_OK) o = injectrecipients_add_all(&s->header.recipients, &l, &s->completion, s->why);
  addrlist_free(&l);
  return o;
}

static enum inject_outcome add_raw(struct submission *s, struct text argument) {
  stralloc address = {0};
  enum inject_outcome o = complete_raw(s, argument, &address);
  if (o == INJECT_OK) o = injectrecipients_add(&s->header.recipients, text_of_stralloc(&address), s->why);
  stralloc_free(&address);
  return o;
}

static enum inject_outcome take_arguments(struct submission *s) {
  enum inject_outcome o = INJECT_OK;
  if (!s->order->use_arguments) return o;
  for (char *const *a = s->order->arguments; *a && o == INJECT_OK; a++)
    o = s->order->arguments_are_lists ? add_list(s, text_of(*a)) : add_raw(s, text_of(*a));
  return o;
}

/* The forms of VERP senders are no addresses that a header could have. */
static bool is_verp(struct text t) {
  return t.len > 4 && memcmp(t.s + t.len - 4, "-@[]", 4) == 0;
}

static enum inject_outcome take_sender_list(struct submission *s, struct text given) {
  struct addrlist l = {0};
  enum inject_outcome o = parse(s, &l, given);
  if (o == INJECT_OK && l.count > 1)
    o = inject_fail(s->why, INJECT_MALFORMED, "more than one sender: ", given);
  if (o == INJECT_OK && l.count &&
      addrlist_cat_address(&s->sender, &l.mailboxes[0], &s->completion) == -1)
    o = inject_no_memory(s->why);
  addrlist_free(&l);
  return o;
}

static enum inject_outcome take_sender(struct submission *s) {
  struct text given = text_of(s->order->sender);
  enum inject_outcome o;
  if (given.len == 0 || text_equals(given, "<>")) return INJECT_OK;
  if (s->order->arguments_are_lists && !is_verp(given)) o = take_sender_list(s, given);
  else o = complete_raw(s, given, &s->sender);
  if (o != INJECT_OK) return o;
  if (!address_is_clean(text_of_stralloc(&s->sender)))
    return inject_fail(s->why, INJECT_MALFORMED, "a control octet in the sender ", given);
  if (s->sender.len > ENVELOPE_ADDRESS_MAX)
    return inject_fail(s->why, INJECT_MALFORMED, "the sender's address is too long", TEXT_ABSENT);
  return INJECT_OK;
}

static enum inject_outcome load_author(struct submission *s) {
  struct control c;
  if (control_open(&c) == -1) return inject_no_memory(s->why);
  enum inject_outcome o = injectauthor_load(&s->author, &c, s->why);
  control_free(&c);
  s->completion = injectauthor_completion(&s->author);
  return o;
}

static enum inject_outcome explain_input(struct submission *s, enum injectinput_status status) {
  switch (status) {
    case INJECTINPUT_OK: break;
    case INJECTINPUT_TOO_LONG:
      return inject_fail(s->why, INJECT_MALFORMED, "the header is longer than 1048576 octets", TEXT_ABSENT);
    case INJECTINPUT_READ_ERROR: return fail_errno(s->why, "unable to read the message: ");
    case INJECTINPUT_NO_MEMORY: return inject_no_memory(s->why);
  }
  return INJECT_OK;
}

static enum inject_outcome make_header(struct submission *s, struct text header) {
  struct queueid id;
  struct injectheader_order order = {.author = &s->author,
                                     .use_recipients = s->order->use_header,
                                     .use_sender = !s->order->sender,
                                     .now_us = clock_wall_us(&clock_system),
                                     .id = &id};
  if (s->order->from_is_sender && s->sender.len) order.from = text_of_stralloc(&s->sender);
  if (queueid_make(&id, order.now_us) == -1) return fail_errno(s->why, "unable to get random octets: ");
  enum inject_outcome o = injectheader_make(&s->header, &order, header, s->why);
  if (o == INJECT_OK && !stralloc_cats(&s->header.header, "\n")) o = inject_no_memory(s->why);
  return o;
}

static enum inject_outcome take_header(struct submission *s, int message_fd) {
  stralloc header = {0};
  injectinput_start(&s->input, message_fd, s->order->dot_ends);
  enum inject_outcome o = explain_input(s, injectinput_header(&s->input, &header));
  if (o == INJECT_OK) o = make_header(s, text_of_stralloc(&header));
  stralloc_free(&header);
  return o;
}

/* Who reads may end early, by its own will: *gone, and no failure. */
static enum inject_outcome write_message(struct submission *s, int fd, bool *gone) {
  struct text octets = text_of_stralloc(&s->header.header);
  *gone = false;
  while (octets.len) {
    if (io_write_all(fd, octets.s, octets.len, IO_FOREVER) == -1) return *gone = true, INJECT_OK;
    enum inject_outcome o = explain_input(s, injectinput_body(&s->input, &octets));
    if (o != INJECT_OK) return o;
  }
  return INJECT_OK;
}

static struct text choose_sender(const struct submission *s) {
  if (s->order->sender) return text_of_stralloc(&s->sender);
  if (s->header.has_sender) return text_of_stralloc(&s->header.sender);
  return text_of_stralloc(&s->author.sender);
}

/* The sender, which no field of the message has. */
static int print_sender(const struct submission *s) {
  stralloc line = {0};
  int r = -1;
  errno = ENOMEM;
  if (stralloc_copys(&line, "Return-Path: <") && address_cat(&line, choose_sender(s)) == 0 &&
      stralloc_cats(&line, ">\n"))
    r = io_write_all(PRINT_FD, line.s, line.len, IO_FOREVER);
  int saved = errno;
  stralloc_free(&line);
  errno = saved;
  return r;
}

static enum inject_outcome print(struct submission *s) {
  bool gone;
  if (print_sender(s) == -1) return fail_errno(s->why, "unable to write the message: ");
  enum inject_outcome o = write_message(s, PRINT_FD, &gone);
  return gone ? fail_errno(s->why, "unable to write the message: ") : o;
}

static enum inject_outcome explain_injector(struct submission *s, const struct injector *i, int code) {
  struct result r = injector_explain(code, text_of_stralloc(&i->text));
  if (r.class == RESULT_SUCCESS) return INJECT_OK;
  return inject_fail(s->why, r.class == RESULT_FAILURE ? INJECT_REFUSED : INJECT_TEMPORARY, "", r.text);
}

static enum inject_outcome queue(struct submission *s, const struct envelope *e) {
  struct injector i;
  bool gone;
  if (injector_start(&i, e) == -1) return fail_errno(s->why, "unable to start the queue's injector: ");
  enum inject_outcome o = write_message(s, i.message_fd, &gone);
  if (o == INJECT_OK) o = explain_injector(s, &i, injector_finish(&i, e));
  else injector_abort(&i);
  injector_free(&i);
  return o;
}

static enum inject_outcome queue_message(struct submission *s) {
  struct envelope e = {.sender = choose_sender(s),
                       .envid = s->order->envid,
                       .ret = s->order->ret,
                       .body = s->order->body};
  enum inject_outcome o;
  if (injectrecipients_fill(&s->header.recipients, &e, s->order->notify) == -1)
    o = inject_fail(s->why, INJECT_TEMPORARY, "out of memory, or too many recipients", TEXT_ABSENT);
  else if (e.recipient_count == 0)
    o = inject_fail(s->why, INJECT_USAGE, "no recipients: neither arguments nor header name any", TEXT_ABSENT);
  else o = queue(s, &e);
  envelope_free(&e);
  return o;
}

/* Before a message is read that could go nowhere. */
static enum inject_outcome check_recipients(const struct submission *s) {
  if (s->order->print || s->order->use_header || s->header.recipients.count) return INJECT_OK;
  return inject_fail(s->why, INJECT_USAGE, "no recipients given", TEXT_ABSENT);
}

static enum inject_outcome run(struct submission *s, int message_fd) {
  enum inject_outcome o = load_author(s);
  if (o == INJECT_OK) o = take_arguments(s);
  if (o == INJECT_OK) o = check_recipients(s);
  if (o == INJECT_OK && s->order->sender) o = take_sender(s);
  if (o == INJECT_OK) o = take_header(s, message_fd);
  if (o != INJECT_OK) return o;
  return s->order->print ? print(s) : queue_message(s);
}

enum inject_outcome injectsubmit(const struct injectsubmit *order, int message_fd, stralloc *why) {
  struct submission s = {.order = order, .why = why};
  enum inject_outcome o = run(&s, message_fd);
  injectauthor_free(&s.author);
  injectinput_free(&s.input);
  injectheader_free(&s.header);
  stralloc_free(&s.sender);
  return o;
}
