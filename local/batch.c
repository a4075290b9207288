#include "config.h"
#include "local/batch.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "lib/address.h"

static int out_of_memory(struct verdict *v) { return verdict_defer(v, "4.3.0", "out of memory", ""); }

static void load_plan(struct batch *b) {
  if (b->plan_loaded) return;
  b->plan_loaded = true;
  b->plan_failed = plan_load(&b->plan, b->box, true, &b->plan_verdict) == -1 ||
                   plan_check(&b->plan, &b->plan_verdict) == -1;
}

/* The spawner was told one address, and found one user for it. */
static bool is_ours(struct text recipient, const struct mailbox *box) {
  struct text local, host;
  (void)address_split(recipient, &local, &host);
  return text_equal_nocase(local, text_of(box->local)) && text_equal_nocase(host, text_of(box->host));
}

static int check_item(const struct item *item, const struct mailbox *box, struct verdict *v) {
  struct text sender = item->envelope->sender, recipient = item->recipient->address;
  if (sender.len > ENVELOPE_ADDRESS_MAX || !address_is_clean(sender))
    return verdict_fail(v, "5.1.7", "malformed sender", "");
  if (recipient.len == 0 || recipient.len > ENVELOPE_ADDRESS_MAX || !address_is_clean(recipient))
    return verdict_fail(v, "5.1.3", "malformed recipient", "");
  if (!is_ours(recipient, box))
    return verdict_defer(v, "4.3.5", "this worker is for another address: ", box->local);
  return 0;
}

static int check_loop(const struct item *item, const struct mailbox *box, struct verdict *v) {
  stralloc line = {0};
  int r = -1;
  errno = ENOMEM;
  if (mailbox_cat_delivered_to(&line, box) == 0)
    r = body_header_has(&item->body, text_of_stralloc(&line));
  if (r == -1) verdict_defer_errno(v, "unable to read the message", "");
  if (r == 1)
    r = verdict_fail(v, "5.4.6", "this message is looping: it was delivered here already: ", box->local);
  stralloc_free(&line);
  return r;
}

struct writing {
  struct maildir_file *file;
  struct verdict *v;
};

static int write_piece(void *context, struct text piece) {
  struct writing *w = context;
  return maildir_put(w->file, piece, w->v) == -1 ? 1 : 0; /* 1: *v tells already */
}

static int write_file(struct maildir_file *f, const struct item *item, struct text head,
                      struct verdict *v) {
  struct writing w = {f, v};
  if (maildir_put(f, head, v) == -1) return -1;
  int r = body_each(&item->body, write_piece, &w);
  if (r == -1) return verdict_defer_errno(v, "unable to read the message", "");
  return r ? -1 : 0;
}

static int make_head(stralloc *head, const struct item *item, const struct mailbox *box) {
  if (mailbox_cat_return_path(head, item->envelope->sender) == -1 || !stralloc_cats(head, "\n"))
    return -1;
  return mailbox_cat_delivered_to(head, box) == 0 && stralloc_cats(head, "\n") ? 0 : -1;
}

static int write_files(struct batch *b, struct delivery *d, const struct item *item, struct text head) {
  const struct instructions *list = &b->plan.instructions;
  for (size_t i = 0; i < list->count; i++) {
    if (list->list[i].kind != INSTRUCTION_MAILDIR) continue;
    struct maildir_file *f = &d->files[d->file_count++];
    if (maildir_open(f, list->list[i].value.s,
                     b->plan.is_default ? MAILDIR_IS_MADE : MAILDIR_STAYS_MISSING, &b->namer, &d->verdict) == -1)
      return -1;
    if (write_file(f, item, head, &d->verdict) == -1) return -1;
  }
  return 0;
}

static int stage_files(struct batch *b, struct delivery *d, const struct item *item) {
  size_t files = instruction_count(&b->plan.instructions, INSTRUCTION_MAILDIR);
  stralloc head = {0};
  int r;
  if (files == 0) return 0;
  d->files = calloc(files, sizeof *d->files);
  if (!d->files || make_head(&head, item, b->box) == -1)
    r = out_of_memory(&d->verdict);
  else
    r = write_files(b, d, item, text_of_stralloc(&head));
  stralloc_free(&head);
  return r;
}

static void close_files(struct delivery *d) {
  for (size_t i = 0; i < d->file_count; i++) maildir_close(&d->files[i]);
  free(d->files);
  d->files = NULL;
  d->file_count = 0;
}

static int stage(struct batch *b, struct delivery *d, const struct item *item) {
  load_plan(b);
  if (check_item(item, b->box, &d->verdict) == -1) return -1;
  if (b->plan_failed) {
    struct result why = verdict_result(&b->plan_verdict);
    return verdict_copy(&d->verdict, &why);
  }
  if (check_loop(item, b->box, &d->verdict) == -1) return -1;
  return stage_files(b, d, item);
}

static void give_up(struct delivery *d) {
  d->failed = true;
  for (size_t i = 0; i < d->file_count; i++) maildir_withdraw(&d->files[i]);
  close_files(d);
}

static void sync_files(struct delivery *d) {
  for (size_t i = 0; !d->failed && i < d->file_count; i++)
    if (maildir_sync(&d->files[i], &d->verdict) == -1) give_up(d);
}

static void place_files(struct delivery *d) {
  for (size_t i = 0; !d->failed && i < d->file_count; i++)
    if (maildir_place(&d->files[i], &d->verdict) == -1) give_up(d);
}

/* The first file of the batch, by order, that lies in this folder. */
static bool is_first_of_folder(const struct batch *b, const struct maildir_file *f) {
  for (size_t n = 0; n < b->count; n++)
    for (size_t i = 0; i < b->deliveries[n].file_count; i++) {
      const struct maildir_file *other = &b->deliveries[n].files[i];
      if (other == f) return true;
      if (strcmp(other->folder.s, f->folder.s) == 0) return false;
    }
  return true;
}

static void give_up_folder(struct batch *b, const char *folder, const struct verdict *why) {
  struct result result = verdict_result(why);
  for (size_t n = 0; n < b->count; n++) {
    struct delivery *d = &b->deliveries[n];
    bool concerned = false;
    for (size_t i = 0; i < d->file_count; i++) concerned |= strcmp(d->files[i].folder.s, folder) == 0;
    if (!concerned) continue;
    verdict_copy(&d->verdict, &result);
    give_up(d);
  }
}

/* false: a folder could not be synced; its deliveries are given up now */
static bool sync_next_folder(struct batch *b, struct delivery *d, size_t i) {
  struct verdict why = {0};
  const struct maildir_file *f = &d->files[i];
  if (!is_first_of_folder(b, f) || maildir_sync_folder(f, &why) == 0) return true;
  stralloc folder = {0};
  if (text_cat(&folder, text_of(f->folder.s)) == -1 || !stralloc_0(&folder)) {
    out_of_memory(&d->verdict);
    give_up(d);
  } else
    give_up_folder(b, folder.s, &why);
  stralloc_free(&folder);
  verdict_free(&why);
  return false;
}

static void sync_folders(struct batch *b) {
  for (size_t n = 0; n < b->count; n++) {
    struct delivery *d = &b->deliveries[n];
    for (size_t i = 0; i < d->file_count; i++)
      if (!sync_next_folder(b, d, i)) break;
  }
}

static void succeed(const struct batch *b, struct delivery *d) {
  char text[64];
  size_t forwards = instruction_count(&b->plan.instructions, INSTRUCTION_FORWARD);
  snprintf(text, sizeof text, "did %zu+%zu+0", d->file_count, forwards);
  verdict_succeed(&d->verdict, text);
  d->action = forwards && !d->file_count ? ACTION_EXPANDED : ACTION_DELIVERED;
}

static void report_all(struct batch *b) {
  for (size_t n = 0; n < b->count; n++) {
    struct delivery *d = &b->deliveries[n];
    if (!d->failed) succeed(b, d);
    b->report(b->context, d);
    close_files(d);
    verdict_free(&d->verdict);
  }
  b->count = b->files = 0;
}

static void forget_plan(struct batch *b) {
  plan_free(&b->plan);
  b->plan_loaded = false;
}

static void settle(struct batch *b, const struct item *forwarded) {
  for (size_t n = 0; n < b->count; n++) sync_files(&b->deliveries[n]);
  if (forwarded && !b->deliveries[0].failed &&
      forward_send(forwarded, b->box, &b->plan, &b->deliveries[0].verdict) == -1)
    give_up(&b->deliveries[0]);
  for (size_t n = 0; n < b->count; n++) place_files(&b->deliveries[n]);
  sync_folders(b);
  report_all(b);
}

void batch_settle(struct batch *b) {
  settle(b, NULL);
  forget_plan(b);
}

static struct delivery *next_delivery(struct batch *b) {
  if (b->count == b->space) {
    size_t space = b->space ? b->space * 2 : 16;
    struct delivery *more = realloc(b->deliveries, space * sizeof *more);
    if (!more) return NULL;
    b->deliveries = more;
    b->space = space;
  }
  b->deliveries[b->count] = (struct delivery){0};
  return &b->deliveries[b->count++];
}

int batch_add(struct batch *b, uint64_t job, uint64_t index, const struct item *item) {
  struct delivery *d = next_delivery(b);
  if (!d) return -1;
  d->job = job;
  d->index = index;
  if (stage(b, d, item) == -1) give_up(d);
  b->files += d->file_count;
  if (instruction_count(&b->plan.instructions, INSTRUCTION_FORWARD) && !b->plan_failed)
    settle(b, item);
  else if (b->files >= BATCH_FILES_MAX)
    settle(b, NULL);
  return 0;
}

void batch_free(struct batch *b) {
  for (size_t n = 0; n < b->count; n++) {
    give_up(&b->deliveries[n]);
    verdict_free(&b->deliveries[n].verdict);
  }
  free(b->deliveries);
  plan_free(&b->plan);
  verdict_free(&b->plan_verdict);
  b->deliveries = NULL;
  b->count = b->space = 0;
}
