/* owl-autoreply - tell people that a user is away (owl-autoreply(1))
 *
 * Runs as the user whose .qmail file names it, reads mail and its sender, which
 * are hostile, and sends to that sender.  A fault in it harms that user's mail;
 * a fault in its rules could let it answer programs for ever.
 */
#include "config.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "lib/address.h"
#include "lib/clock.h"
#include "lib/exitcode.h"
#include "lib/iofd.h"
#include "lib/log.h"
#include "local/inject.h"
#include "local/tools/complaint.h"
#include "local/tools/input.h"
#include "local/tools/replyonce.h"
#include "local/tools/replyrule.h"
#include "local/tools/replytext.h"

static const char name[] = "owl-autoreply";

enum { OWN_MAX = 64, DAYS_DEFAULT = 7, DAYS_MAX = 365, TEXT_MAX = 65536, HEADER_MAX = 1048576 };

struct order {
  uint64_t days;
  struct text own[OWN_MAX];
  size_t own_count;
  struct text subject, from, sender;
  const char *file;
  stralloc record; /* path, NUL-terminated */
};

static _Noreturn void die_usage(void) {
  complain_usage(name, "[-d days] [-a address] ... [-s subject] [-f from] [-c record] file");
  _exit(TOOL_USAGE);
}
static _Noreturn void die_text(const char *ours, const char *theirs) {
  complain(name, ours, text_of(theirs));
  _exit(DELIVERY_DEFERRAL);
}
static _Noreturn void die_memory(void) { die_text("out of memory", ""); }
static _Noreturn void die_errno(const char *what, const char *object) {
  complain_errno(name, what, object);
  _exit(DELIVERY_DEFERRAL);
}
static _Noreturn void die_environment(const char *variable) {
  complain(name, variable, text_of(" not set, or no address"));
  _exit(TOOL_USAGE);
}

static void tell(const char *ours, struct text theirs) {
  struct log l = {1, {0}};
  log_s(&l, name);
  log_s(&l, ours);
  log_t(&l, theirs);
  log_end(&l);
  stralloc_free(&l.line);
}

static _Noreturn void end_without(const char *why) {
  tell(": no reply: ", text_of(why));
  _exit(DELIVERY_OK);
}

static void add_own(struct order *o, struct text address) {
  if (o->own_count == OWN_MAX) die_usage();
  o->own[o->own_count++] = address;
}

static void set_record(struct order *o, const char *path, const char *suffix) {
  if (!stralloc_copys(&o->record, path) || !stralloc_cats(&o->record, suffix) || !stralloc_0(&o->record)) die_memory();
}

static void take_environment(struct order *o) {
  const char *sender = getenv("SENDER"), *recipient = getenv("RECIPIENT");
  struct text local, domain;
  if (!sender) die_environment("SENDER");
  if (!recipient || !address_split(text_of(recipient), &local, &domain) || !domain.len ||
      !text_is_clean(text_of(recipient)))
    die_environment("RECIPIENT");
  o->sender = text_of(sender);
  add_own(o, text_of(recipient));
}

static void take_days(struct order *o, const char *given) {
  if (text_uint(text_of(given), &o->days) == -1 || o->days > DAYS_MAX) die_usage();
}

static void take_options(struct order *o, int argc, char **argv) {
  int option;
  while ((option = getopt(argc, argv, "+d:a:s:f:c:")) != -1) switch (option) {
    case 'd': take_days(o, optarg); break;
    case 'a': add_own(o, text_of(optarg)); break;
    case 's': o->subject = text_of(optarg); break;
    case 'f': o->from = text_of(optarg); break;
    case 'c': set_record(o, optarg, ""); break;
    default: die_usage();
    }
  if (argc - optind != 1) die_usage();
  o->file = argv[optind];
  if (!o->record.len) set_record(o, o->file, ".sent");
}

static void read_text(stralloc *text, const char *path) {
  if (io_slurp_file(path, text, TEXT_MAX) == -1) die_errno("unable to read ", path);
}

struct search {
  stralloc *header;
  bool over;
};

enum { HEADER_ENDED = 1 };

static int take_piece(void *context, struct text piece) {
  struct search *s = context;
  for (size_t i = 0; i < piece.len; i++) {
    size_t len = s->header->len;
    if (piece.s[i] == '\n' && (len == 0 || s->header->s[len - 1] == '\n')) return HEADER_ENDED;
    if (len == HEADER_MAX) return s->over = true, HEADER_ENDED;
    if (!stralloc_append(s->header, piece.s + i)) return errno = ENOMEM, -1;
  }
  return 0;
}

static void read_header(stralloc *header) {
  struct body body;
  struct search s = {header, false};
  if (input_settle() == -1 || input_body(&body) == -1 || body_each(&body, take_piece, &s) == -1)
    die_errno("unable to read the message", "");
  if (s.over) end_without("the message's header is too long");
}

static void make_reply(stralloc *reply, const struct order *o, struct text text, struct text header, uint64_t now_us) {
  struct queueid id;
  const char *why;
  struct replyorder order = {.text = text, .subject = o->subject, .from = o->from, .own = o->own[0], .to = o->sender,
                             .header = header, .now_us = now_us, .id = &id};
  if (queueid_make(&id, now_us) == -1) die_errno("unable to get random octets", "");
  switch (replytext_make(reply, &order, &why)) {
  case REPLYTEXT_OK: return;
  case REPLYTEXT_MALFORMED: die_text(why, "");
  case REPLYTEXT_NO_MEMORY: die_memory();
  }
}

/* Nobody hears of what becomes of it: RFC 3834 3.3, 4. */
static int send_reply(const struct order *o, const stralloc *reply) {
  struct body body = {text_of_stralloc(reply), -1, reply->len};
  struct envelope_recipient to = {.address = o->sender, .notify = NOTIFY_NEVER};
  struct envelope e = {.sender = text_of(""), .recipients = &to, .recipient_count = 1};
  struct verdict v = {0};
  e.body = text_is_ascii(body.content) ? BODY_7BIT : BODY_8BITMIME;
  e.smtputf8 = !text_is_ascii(o->sender) || !text_is_ascii(o->own[0]);
  int r = inject_message(text_of(""), &body, &e, &v);
  if (r == -1) complain(name, "unable to send the reply: ", text_of_stralloc(&v.text));
  verdict_free(&v);
  return r;
}

int main(int argc, char **argv) {
  struct order o = {.days = DAYS_DEFAULT};
  struct replyonce once;
  stralloc text = {0}, header = {0}, reply = {0};
  signal(SIGPIPE, SIG_IGN);
  take_environment(&o);
  take_options(&o, argc, argv);
  read_text(&text, o.file);
  read_header(&header);
  struct replycase c = {o.sender, text_of_stralloc(&header), o.own, o.own_count};
  const char *objection = replyrule_objection(&c);
  if (objection) end_without(objection);
  uint64_t now_us = clock_wall_us(&clock_system), now_s = now_us / 1000000u;
  make_reply(&reply, &o, text_of_stralloc(&text), text_of_stralloc(&header), now_us);
  if (replyonce_open(&once, o.record.s, o.sender) == -1) die_errno("unable to use ", o.record.s);
  if (!replyonce_is_due(&once, now_s, o.days * 86400)) end_without("the sender has had one already");
  if (replyonce_record(&once, now_s) == -1) die_errno("unable to write ", o.record.s);
  if (send_reply(&o, &reply) == -1) {
    (void)replyonce_record(&once, once.answered_s); /* the next try is due again */
    return DELIVERY_DEFERRAL;
  }
  tell(": replied to ", o.sender);
  return DELIVERY_OK;
}
