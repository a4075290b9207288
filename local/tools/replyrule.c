#include "config.h"
#include "local/tools/replyrule.h"
#include <string.h>
#include <strings.h>
#include "lib/address.h"
#include "lib/addrlist.h"
#include "lib/header.h"

static bool starts(struct text t, const char *with) {
  size_t n = strlen(with);
  return t.len >= n && strncasecmp(t.s, with, n) == 0;
}

static bool ends(struct text t, const char *with) {
  size_t n = strlen(with);
  return t.len >= n && strncasecmp(t.s + t.len - n, with, n) == 0;
}

static bool is(struct text t, const char *word) { return text_equal_nocase(t, text_of(word)); }

/* Local-parts that no person writes with. */
static bool is_machine(struct text local) {
  static const char *const names[] = {"MAILER-DAEMON", "LISTSERV",   "majordomo", "mailman",
                                      "noreply",       "no-reply",   "no_reply",  "donotreply",
                                      "do-not-reply",  "do_not_reply", "bounce",  "bounces"};
  static const char *const beginnings[] = {"owner-", "noreply+", "noreply-", "no-reply+", "no-reply-", "bounce-", "bounces-", "bounce+", "bounces+"};
  static const char *const endings[] = {"-request", "-owner", "-bounce", "-bounces", "-noreply", "-no-reply"};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
    if (is(local, names[i])) return true;
  for (size_t i = 0; i < sizeof beginnings / sizeof beginnings[0]; i++)
    if (starts(local, beginnings[i])) return true;
  for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++)
    if (ends(local, endings[i])) return true;
  return false;
}

static bool is_own(const struct replycase *c, struct text address) {
  for (size_t i = 0; i < c->own_count; i++)
    if (text_equal_nocase(address, c->own[i])) return true;
  return false;
}

static const char *object_to_sender(const struct replycase *c) {
  struct text local, domain;
  if (c->sender.len == 0 || text_equals(c->sender, "#@[]")) return "the sender is null";
  if (!address_split(c->sender, &local, &domain) || local.len == 0 || domain.len == 0 ||
      !text_is_clean(c->sender))
    return "the sender is no address";
  if (is_own(c, c->sender)) return "the sender is the user";
  return is_machine(local) ? "the sender is a program or a mailing list" : NULL;
}

/* The value's first word: up to a blank, a comment or a parameter. */
static struct text first_word(struct text value) {
  while (value.len && strchr(" \t\r\n", *value.s)) value = (struct text){value.s + 1, value.len - 1};
  size_t n = 0;
  while (n < value.len && value.s[n] && !strchr(" \t\r\n;(,", value.s[n])) n++;
  return (struct text){value.s, n};
}

static bool holds_word(struct text value, const char *word) {
  while (value.len) {
    struct text w = first_word(value);
    if (is(w, word)) return true;
    size_t used = (size_t)(w.s - value.s) + w.len;
    if (used < value.len) used++;
    value = (struct text){value.s + used, value.len - used};
  }
  return false;
}

static const char *object_to_field(const struct header_field *f) {
  struct text word = first_word(f->value);
  if (is(f->name, "Auto-Submitted") && !is(word, "no")) return "the message was sent by a program";
  if (starts(f->name, "List-") || is(f->name, "Mailing-List")) return "the message is a mailing list's";
  if (is(f->name, "Precedence") && (is(word, "bulk") || is(word, "list") || is(word, "junk")))
    return "the message is bulk mail";
  if (is(f->name, "X-Auto-Response-Suppress") &&
      (holds_word(f->value, "All") || holds_word(f->value, "OOF") || holds_word(f->value, "AutoReply")))
    return "the message asks for no reply";
  return NULL;
}

static bool lists_mailbox(const struct replycase *c, const struct addrlist_mailbox *m) {
  struct text local, domain;
  for (size_t i = 0; i < c->own_count; i++)
    if (address_split(c->own[i], &local, &domain) && text_equal_nocase(local, m->local) &&
        text_equal_nocase(domain, m->domain))
      return true;
  return false;
}

static bool lists_user(const struct replycase *c, struct text value) {
  struct addrlist l = {0};
  bool found = false;
  if (addrlist_parse(&l, value) != ADDRLIST_OK) return false;
  for (size_t i = 0; i < l.count && !found; i++) found = !l.mailboxes[i].null && lists_mailbox(c, &l.mailboxes[i]);
  addrlist_free(&l);
  return found;
}

static bool names_user(const struct replycase *c, const struct header_field *f) {
  unsigned traits = header_traits(header_classify(f->name));
  return (traits & HEADER_RECIPIENTS) && lists_user(c, f->value);
}

static const char *object_to_header(const struct replycase *c) {
  struct text rest = c->header;
  struct header_field f;
  bool named = false;
  while (header_next(&rest, &f)) {
    const char *objection = object_to_field(&f);
    if (objection) return objection;
    named = named || names_user(c, &f);
  }
  return named ? NULL : "the message does not name the user as a recipient";
}

const char *replyrule_objection(const struct replycase *c) {
  const char *objection = object_to_sender(c);
  return objection ? objection : object_to_header(c);
}
