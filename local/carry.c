#include "config.h"
#include "local/carry.h"
#include "local/forward.h"
#include "local/store/mboxes.h"
#include "local/program/program.h"
#include "local/program/env.h"

struct carrier {
  struct delivery *d;
  const struct plan *plan;
  const struct mailbox *box;
  const struct item *item;
  struct maildir_namer *namer;
  struct mboxes mboxes;          /* locked, not synced yet */
  struct programenv environment; /* made for the first program */
};

enum step { STEP_ON, STEP_STOP, STEP_FAILED };

bool carry_needed(const struct plan *plan) {
  return instruction_count(&plan->instructions, INSTRUCTION_PROGRAM) ||
         instruction_count(&plan->instructions, INSTRUCTION_FORWARD);
}

static int publish(struct carrier *c) {
  int r = mboxes_sync(&c->mboxes, &c->d->verdict);
  if (r == 0) r = delivery_publish(c->d);
  if (r == -1) mboxes_undo(&c->mboxes);
  mboxes_close(&c->mboxes);
  return r;
}

static enum step run(struct carrier *c, const struct instruction *one) {
  struct program_order order = {one->value.s, &c->item->body, c->environment.list, c->box->program_limit_s};
  switch (program_run(&order, &c->d->said, &c->d->verdict)) {
  case PROGRAM_DONE: return c->d->programs++, STEP_ON;
  case PROGRAM_STOP: return c->d->programs++, STEP_STOP;
  case PROGRAM_FAILED: break;
  }
  return STEP_FAILED;
}

static enum step carry_program(struct carrier *c, const struct instruction *one) {
  if (!c->environment.list &&
      programenv_make(&c->environment, c->box, c->plan, c->item, &c->d->verdict) == -1)
    return STEP_FAILED;
  return publish(c) == -1 ? STEP_FAILED : run(c, one);
}

static enum step carry_mbox(struct carrier *c, const struct instruction *one) {
  if (mboxes_append(&c->mboxes, one->value.s, c->box, c->item, &c->d->verdict) == -1) return STEP_FAILED;
  return c->d->mboxes++, STEP_ON;
}

static enum step carry_one(struct carrier *c, const struct instruction *one) {
  switch (one->kind) {
  case INSTRUCTION_FORWARD: return c->d->forwards++, STEP_ON;
  case INSTRUCTION_PROGRAM: return carry_program(c, one);
  case INSTRUCTION_MAILDIR:
    return delivery_stage(c->d, one, c->plan, c->box, c->item, c->namer) == 0 ? STEP_ON : STEP_FAILED;
  case INSTRUCTION_MBOX: return carry_mbox(c, one);
  }
  return STEP_ON;
}

static enum step carry_lines(struct carrier *c) {
  const struct instructions *list = &c->plan->instructions;
  enum step step = STEP_ON;
  for (size_t i = 0; i < list->count && step == STEP_ON; i++) step = carry_one(c, &list->list[i]);
  return step;
}

/* What stands before a line that failed has been carried out. */
static void end_failed(struct carrier *c) {
  struct verdict unsynced = {0};
  if (delivery_keep(c->d) == -1) mboxes_undo(&c->mboxes);
  else if (mboxes_sync(&c->mboxes, &unsynced) == -1) {
    struct result why = verdict_result(&unsynced);
    verdict_copy(&c->d->verdict, &why);
    mboxes_undo(&c->mboxes);
  }
  mboxes_close(&c->mboxes);
  delivery_give_up(c->d);
  verdict_free(&unsynced);
}

/* The forwards, and what no program has needed. */
static enum step carry_rest(struct carrier *c) {
  struct verdict *v = &c->d->verdict;
  if (delivery_sync(c->d) == -1) return STEP_FAILED;
  if (c->d->forwards && forward_send(c->item, c->box, c->plan, c->d->forwards, v) == -1) return STEP_FAILED;
  return publish(c) == -1 ? STEP_FAILED : STEP_ON;
}

void carry_out(struct delivery *d, const struct plan *plan, const struct mailbox *box,
               const struct item *item, struct maildir_namer *namer) {
  struct carrier c = {.d = d, .plan = plan, .box = box, .item = item, .namer = namer};
  if (carry_lines(&c) == STEP_FAILED || carry_rest(&c) == STEP_FAILED) end_failed(&c);
  programenv_free(&c.environment);
}
