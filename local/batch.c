#include "config.h"
#include "local/batch.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "lib/address.h"
#include "lib/room.h"
#include "local/carry.h"

static int out_of_memory(struct verdict *v) { return verdict_defer(v, "4.3.0", "out of memory", ""); }

static void load_plan(struct batch *b) {
  if (b->plan_loaded) return;
  b->plan_loaded = true;
  b->plan_failed = plan_load(&b->plan, b->box, true, &b->plan_verdict) == -1;
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

static int stage_one(struct batch *b, struct delivery *d, const struct item *item, const struct instruction *one) {
  if (one->kind == INSTRUCTION_MAILDIR) return delivery_stage(d, one, &b->plan, b->box, item, &b->namer);
  d->mboxes++;
  return mboxes_append(&b->mboxes, one->value.s, b->box, item, &d->verdict);
}

static int stage_all(struct batch *b, struct delivery *d, const struct item *item) {
  const struct instructions *list = &b->plan.instructions;
  for (size_t i = 0; i < list->count; i++)
    if (stage_one(b, d, item, &list->list[i]) == -1) return -1;
  return 0;
}

static int stage(struct batch *b, struct delivery *d, const struct item *item) {
  mboxes_mark(&b->mboxes);
  if (stage_all(b, d, item) == 0) return 0;
  if (delivery_keep(d) == -1) mboxes_back(&b->mboxes);
  return -1;
}

static int check(struct batch *b, struct delivery *d, const struct item *item) {
  load_plan(b);
  if (check_item(item, b->box, &d->verdict) == -1) return -1;
  if (b->plan_failed) {
    struct result why = verdict_result(&b->plan_verdict);
    return verdict_copy(&d->verdict, &why);
  }
  return check_loop(item, b->box, &d->verdict);
}

static size_t staged_files(const struct batch *b) {
  size_t files = 0;
  for (size_t n = 0; n < b->count; n++) files += b->deliveries[n].file_count;
  return files;
}

/* Without memory for this, each is synced by itself later. */
static void sync_together(const struct batch *b) {
  struct maildir_file **files = calloc(staged_files(b), sizeof *files);
  size_t count = 0;
  if (!files) return;
  for (size_t n = 0; n < b->count; n++)
    for (size_t i = 0; i < b->deliveries[n].file_count; i++)
      if (b->deliveries[n].files[i].fd >= 0) files[count++] = &b->deliveries[n].files[i];
  for (size_t i = 0; count > 1 && i < count; i++) maildir_start_sync(files[i]);
  maildir_sync_together(files, count);
  free(files);
}

static void sync_files(struct delivery *d) {
  if (!d->failed && delivery_sync(d) == -1) delivery_give_up(d);
}

static void place_files(struct delivery *d) {
  for (size_t i = 0; !d->failed && i < d->file_count; i++)
    if (maildir_place(&d->files[i], &d->verdict) == -1) delivery_give_up(d);
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
    delivery_give_up(d);
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
    delivery_give_up(d);
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

static void report_all(struct batch *b) {
  quotas_note(&b->quotas);
  for (size_t n = 0; n < b->count; n++) {
    struct delivery *d = &b->deliveries[n];
    if (!d->failed) delivery_succeed(d);
    b->report(b->context, d);
    delivery_free(d);
  }
  b->count = b->files = 0;
}

static void forget_plan(struct batch *b) {
  plan_free(&b->plan);
  quotas_free(&b->quotas);
  b->plan_loaded = false;
}

static size_t count_failed(const struct batch *b) {
  size_t failed = 0;
  for (size_t n = 0; n < b->count; n++) failed += b->deliveries[n].failed;
  return failed;
}

static void fail_all(struct batch *b, const struct verdict *why) {
  struct result result = verdict_result(why);
  for (size_t n = 0; n < b->count; n++) {
    struct delivery *d = &b->deliveries[n];
    if (d->failed) continue;
    verdict_copy(&d->verdict, &result);
    delivery_give_up(d);
  }
}

/* An mbox cannot give one of several messages back, only all. */
static void settle_mboxes(struct batch *b, struct verdict *why, bool fails) {
  if (fails) {
    verdict_defer(why, "4.3.0", "taken back, as another message that came with it could not be delivered", "");
    mboxes_undo(&b->mboxes);
    fail_all(b, why);
  }
  mboxes_close(&b->mboxes);
}

static void settle(struct batch *b) {
  struct verdict why = {0};
  size_t failed = count_failed(b);
  sync_together(b);
  for (size_t n = 0; n < b->count; n++) sync_files(&b->deliveries[n]);
  if (mboxes_sync(&b->mboxes, &why) == -1) fail_all(b, &why);
  for (size_t n = 0; n < b->count; n++) place_files(&b->deliveries[n]);
  sync_folders(b);
  settle_mboxes(b, &why, b->mboxes.count && count_failed(b) > failed);
  report_all(b);
  verdict_free(&why);
}

void batch_settle(struct batch *b) {
  settle(b);
  forget_plan(b);
}

static struct delivery *next_delivery(struct batch *b) {
  if (room_make(&b->deliveries, b->count, &b->space, sizeof *b->deliveries, 16) == -1) return NULL;
  b->deliveries[b->count] = (struct delivery){0};
  return &b->deliveries[b->count++];
}

int batch_add(struct batch *b, uint64_t job, uint64_t index, const struct item *item) {
  struct delivery *d = next_delivery(b);
  if (!d) return -1;
  d->job = job;
  d->index = index;
  d->quotas = &b->quotas;
  if (check(b, d, item) == -1)
    delivery_give_up(d);
  else if (carry_needed(&b->plan)) {
    carry_out(d, &b->plan, b->box, item, &b->namer);
    report_all(b);
  } else if (stage(b, d, item) == -1)
    delivery_give_up(d);
  else if ((b->files += d->file_count) >= BATCH_FILES_MAX)
    settle(b);
  return 0;
}

void batch_free(struct batch *b) {
  for (size_t n = 0; n < b->count; n++) {
    delivery_give_up(&b->deliveries[n]);
    delivery_free(&b->deliveries[n]);
  }
  mboxes_undo(&b->mboxes);
  mboxes_close(&b->mboxes);
  free(b->deliveries);
  quotas_free(&b->quotas);
  plan_free(&b->plan);
  verdict_free(&b->plan_verdict);
  b->deliveries = NULL;
  b->count = b->space = 0;
}
