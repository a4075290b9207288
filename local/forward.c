#include "config.h"
#include "local/forward.h"
#include <string.h>
#include "local/alias/aliasplan.h"
#include "local/dotqmail.h"
#include "local/inject.h"

static int out_of_memory(struct verdict *v) { return verdict_defer(v, "4.3.0", "out of memory", ""); }

/* Bounces, and bounces of bounces, keep their sender: nobody answers them. */
static bool sender_stays(struct text sender) { return sender.len == 0 || text_equals(sender, "#@[]"); }

int forward_owner(stralloc *owner, struct text sender, const struct mailbox *box, struct verdict *v) {
  if (sender_stays(sender)) return 0;
  if (box->aliases) return aliasplan_owner(owner, box, v);
  int r = dotqmail_has(box->dash, text_of(box->ext), "-owner", v);
  if (r != 1) return r;
  int each = dotqmail_has(box->dash, text_of(box->ext), "-owner-default", v);
  if (each == -1) return -1;
  if (!stralloc_copys(owner, box->local) || !stralloc_cats(owner, each ? "-owner-@" : "-owner@") ||
      !stralloc_cats(owner, box->host) || !stralloc_cats(owner, each ? "-@[]" : ""))
    return out_of_memory(v);
  return 1;
}

/* RFC 3461 5.2.7: a success was that of this mailbox; what the sender wants to
 * hear of failures and delays goes on. */
static uint64_t notify_on(uint64_t notify) {
  uint64_t rest = notify & ~(uint64_t)NOTIFY_SUCCESS;
  return notify && !rest ? NOTIFY_NEVER : rest;
}

/* What the message is stays with it. */
static void keep_kind(struct envelope *e, const struct envelope *from) {
  e->body = from->body;
  e->smtputf8 = from->smtputf8;
  e->requiretls = from->requiretls;
  e->priority = from->priority;
}

/* What its sender asked for stays only while he is its sender. */
static void keep_terms(struct envelope *e, const struct envelope *from) {
  e->envid = from->envid;
  e->ret = from->ret;
  e->deadline_us = from->deadline_us;
  e->deadline_mode = from->deadline_mode;
}

static int add_recipients(struct envelope *e, const struct item *item, const struct plan *plan,
                          size_t count, bool same_sender) {
  for (size_t i = 0; e->recipient_count < count && i < plan->instructions.count; i++) {
    const struct instruction *one = &plan->instructions.list[i];
    if (one->kind != INSTRUCTION_FORWARD) continue;
    struct envelope_recipient *r = envelope_add(e);
    if (!r) return -1;
    r->address = one->value;
    if (same_sender) {
      r->orcpt = item->recipient->orcpt;
      r->notify = notify_on(item->recipient->notify);
    }
  }
  return 0;
}

static int make_envelope(struct envelope *e, stralloc *owner, const struct item *item,
                         const struct mailbox *box, const struct plan *plan, size_t count,
                         struct verdict *v) {
  int r = forward_owner(owner, item->envelope->sender, box, v);
  if (r == -1) return -1;
  if (strlen(box->host) <= RESULT_HOST_MAX) e->forwarder = text_of(box->host);
  e->sender = r == 1 ? text_of_stralloc(owner) : item->envelope->sender;
  keep_kind(e, item->envelope);
  if (r == 0) keep_terms(e, item->envelope);
  return add_recipients(e, item, plan, count, r == 0) == -1 ? out_of_memory(v) : 0;
}

static int inject(const struct item *item, const struct mailbox *box, const struct envelope *e,
                  struct verdict *v) {
  stralloc line = {0};
  int r;
  if (mailbox_cat_delivered_to(&line, box) == -1 || !stralloc_cats(&line, "\n"))
    r = out_of_memory(v);
  else
    r = inject_message(text_of_stralloc(&line), &item->body, e, v);
  stralloc_free(&line);
  return r;
}

int forward_send(const struct item *item, const struct mailbox *box, const struct plan *plan,
                 size_t count, struct verdict *v) {
  struct envelope e = {0};
  stralloc owner = {0};
  int r = make_envelope(&e, &owner, item, box, plan, count, v);
  if (r == 0) r = inject(item, box, &e, v);
  envelope_free(&e);
  stralloc_free(&owner);
  return r;
}
