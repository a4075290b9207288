#include "config.h"
#include "local/byhand.h"
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include "lib/iofd.h"
#include "local/batch.h"

static int out_of_memory(struct verdict *v) { return verdict_defer(v, "4.3.0", "out of memory", ""); }

static int cat_plan(stralloc *out, const struct plan *p) {
  for (size_t i = 0; i < p->instructions.count; i++) {
    const struct instruction *one = &p->instructions.list[i];
    if (!stralloc_cats(out, instruction_name(one->kind)) || !stralloc_cats(out, " ") ||
        text_cat_cleaned(out, one->value) == -1 || !stralloc_cats(out, "\n"))
      return -1;
  }
  return 0;
}

int byhand_print(const struct mailbox *box, struct verdict *v) {
  struct plan plan = {0};
  stralloc out = {0};
  int r = plan_load(&plan, box, false, v);
  if (r == 0 && cat_plan(&out, &plan) == -1) r = out_of_memory(v);
  if (r == 0 && io_write_all(1, out.s, out.len, IO_FOREVER) == -1)
    r = verdict_defer_errno(v, "unable to write to descriptor 1", "");
  plan_free(&plan);
  stralloc_free(&out);
  return r;
}

/* A pipe is read into a memory file, so that it can be read twice. */
static int open_body(struct body *b, int fd, struct verdict *v) {
  struct stat st;
  *b = (struct body){TEXT_ABSENT, fd, 0};
  if (fstat(fd, &st) == -1) return verdict_defer_errno(v, "unable to read the message", "");
  if (!S_ISREG(st.st_mode) && ((b->fd = io_to_memory(fd)) == -1 || fstat(b->fd, &st) == -1))
    return verdict_defer_errno(v, "unable to read the message", "");
  b->size = (uint64_t)st.st_size;
  return 0;
}

static void keep(void *context, const struct delivery *d) {
  struct result r = verdict_result(&d->verdict);
  verdict_copy(context, &r);
}

static int deliver(const struct body *body, const struct mailbox *box, const char *sender,
                   struct text recipient, struct verdict *v) {
  struct envelope e = {.sender = text_of(sender)};
  struct envelope_recipient to = {.address = recipient};
  struct item item = {*body, &e, &to};
  struct batch batch = {.box = box, .namer = {&clock_system, 0}, .report = keep, .context = v};
  int r = batch_add(&batch, 0, 0, &item) == -1 ? out_of_memory(v) : 0;
  if (r == 0) batch_settle(&batch);
  batch_free(&batch);
  return r;
}

void byhand_deliver(int fd, const struct mailbox *box, const char *sender, struct verdict *v) {
  struct body body;
  stralloc recipient = {0};
  if (open_body(&body, fd, v) == -1) return;
  if (!stralloc_copys(&recipient, box->local) || !stralloc_cats(&recipient, "@") ||
      !stralloc_cats(&recipient, box->host))
    out_of_memory(v);
  else
    deliver(&body, box, sender, text_of_stralloc(&recipient), v);
  stralloc_free(&recipient);
  if (body.fd != fd) close(body.fd);
}
