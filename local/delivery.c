#include "config.h"
#include "local/delivery.h"
#include <stdio.h>
#include <stdlib.h>
#include "lib/room.h"
#include "local/program/program.h"

static int out_of_memory(struct verdict *v) { return verdict_defer(v, "4.3.0", "out of memory", ""); }

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

static struct maildir_file *next_file(struct delivery *d) {
  if (room_make(&d->files, d->file_count, &d->file_space, sizeof *d->files, 2) == -1) return NULL;
  d->files[d->file_count] = (struct maildir_file){.fd = -1};
  return &d->files[d->file_count++];
}

static enum maildir_missing if_missing(const struct plan *plan, const struct instruction *one) {
  if (one->is_folder) return MAILDIR_FOLDER_IS_MADE;
  return plan->is_default ? MAILDIR_IS_MADE : MAILDIR_STAYS_MISSING;
}

static int count(struct delivery *d, struct maildir_file *f, const char *maildir, const struct mailbox *box) {
  if (!d->quotas) return 0;
  if (quotas_take(d->quotas, maildir, f->size, box, &d->verdict) == -1) return -1;
  f->counted = true;
  return 0;
}

/* The Maildir's name is what stands before new/. */
static void uncount(struct delivery *d, struct maildir_file *f) {
  if (!f->counted || f->in_new) return;
  f->folder.s[f->folder.len - 5] = 0;
  quotas_give_back(d->quotas, f->folder.s, f->size);
  f->counted = false;
}

int delivery_stage(struct delivery *d, const struct instruction *one, const struct plan *plan,
                   const struct mailbox *box, const struct item *item, struct maildir_namer *namer) {
  stralloc head = {0};
  struct maildir_file *f = next_file(d);
  int r;
  if (!f || make_head(&head, item, box) == -1)
    r = out_of_memory(&d->verdict);
  else if ((r = maildir_open(f, one->value.s, if_missing(plan, one), namer, &d->verdict)) == 0)
    r = write_file(f, item, text_of_stralloc(&head), &d->verdict);
  if (r == 0) r = count(d, f, one->value.s, box);
  if (r == -1 && f) {
    maildir_close(f);
    d->file_count--;
  }
  stralloc_free(&head);
  return r;
}

int delivery_sync(struct delivery *d) {
  for (size_t i = 0; i < d->file_count; i++)
    if (d->files[i].fd >= 0 && maildir_sync(&d->files[i], &d->verdict) == -1) return -1;
  return 0;
}

static int place_all(struct delivery *d) {
  if (delivery_sync(d) == -1) return -1;
  for (size_t i = 0; i < d->file_count; i++) {
    struct maildir_file *f = &d->files[i];
    if (f->in_tmp && (maildir_place(f, &d->verdict) == -1 || maildir_sync_folder(f, &d->verdict) == -1)) return -1;
  }
  return 0;
}

int delivery_publish(struct delivery *d) {
  if (place_all(d) == 0) return 0;
  delivery_give_up(d);
  return -1;
}

void delivery_give_up(struct delivery *d) {
  d->failed = true;
  for (size_t i = 0; d->verdict.class != RESULT_FAILURE && i < d->file_count; i++)
    maildir_withdraw(&d->files[i]);
  for (size_t i = 0; i < d->file_count; i++) uncount(d, &d->files[i]);
  delivery_close_files(d);
}

int delivery_keep(struct delivery *d) {
  struct verdict failure = {0};
  struct result why = verdict_result(&d->verdict);
  if (d->verdict.class != RESULT_FAILURE) return -1;
  verdict_copy(&failure, &why);
  why = verdict_result(&failure);
  int r = delivery_publish(d);
  if (r == 0) verdict_copy(&d->verdict, &why);
  verdict_free(&failure);
  return r;
}

static void cat_counts(stralloc *text, const struct delivery *d) {
  char counts[80];
  snprintf(counts, sizeof counts, "did %zu+%zu+%zu", d->file_count + d->mboxes, d->forwards, d->programs);
  (void)(stralloc_cats(text, counts) && stralloc_0(text));
}

/* The last words of all programs, as of one. */
static int cat_said(stralloc *text, struct text said) {
  size_t cut = said.len > PROGRAM_OUTPUT_MAX ? said.len - PROGRAM_OUTPUT_MAX : 0;
  if (said.len == 0) return 0;
  if (cut && !stralloc_cats(text, "...")) return -1;
  if (text_cat(text, (struct text){said.s + cut, said.len - cut}) == -1) return -1;
  return stralloc_cats(text, "/") ? 0 : -1;
}

void delivery_succeed(struct delivery *d) {
  stralloc text = {0};
  if (cat_said(&text, text_of_stralloc(&d->said)) == 0) cat_counts(&text, d);
  verdict_succeed(&d->verdict, text.s ? text.s : "");
  stralloc_free(&text);
  d->action = d->forwards && !d->file_count && !d->mboxes && !d->programs ? ACTION_EXPANDED : ACTION_DELIVERED;
}

void delivery_close_files(struct delivery *d) {
  for (size_t i = 0; i < d->file_count; i++) maildir_close(&d->files[i]);
  free(d->files);
  d->files = NULL;
  d->file_count = d->file_space = 0;
}

void delivery_free(struct delivery *d) {
  delivery_close_files(d);
  stralloc_free(&d->said);
  verdict_free(&d->verdict);
}
