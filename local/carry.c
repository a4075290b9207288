#include "config.h"
#include "local/carry.h"
#include "local/forward.h"
#include "local/program.h"
#include "local/programenv.h"

struct carrier {
  struct delivery *d;
  const struct plan *plan;
  const struct mailbox *box;
  const struct item *item;
  struct maildir_namer *namer;
  struct programenv environment; /* made for the first program */
};

enum step { STEP_ON, STEP_STOP, STEP_FAILED };

bool carry_needed(const struct plan *plan) {
  return instruction_count(&plan->instructions, INSTRUCTION_PROGRAM) ||
         instruction_count(&plan->instructions, INSTRUCTION_FORWARD);
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
  return delivery_publish(c->d) == -1 ? STEP_FAILED : run(c, one);
}

static enum step carry_one(struct carrier *c, const struct instruction *one) {
  switch (one->kind) {
  case INSTRUCTION_FORWARD: return c->d->forwards++, STEP_ON;
  case INSTRUCTION_PROGRAM: return carry_program(c, one);
  case INSTRUCTION_MAILDIR:
    return delivery_stage(c->d, one, c->plan, c->box, c->item, c->namer) == 0 ? STEP_ON : STEP_FAILED;
  case INSTRUCTION_MBOX: break; /* refused by plan_check() */
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
static void end_failed(struct delivery *d) {
  struct verdict failure = {0};
  struct result why = verdict_result(&d->verdict);
  if (d->verdict.class == RESULT_FAILURE) {
    verdict_copy(&failure, &why);
    why = verdict_result(&failure);
    if (delivery_publish(d) == 0) verdict_copy(&d->verdict, &why);
  }
  delivery_give_up(d);
  verdict_free(&failure);
}

void carry_out(struct delivery *d, const struct plan *plan, const struct mailbox *box,
               const struct item *item, struct maildir_namer *namer) {
  struct carrier c = {.d = d, .plan = plan, .box = box, .item = item, .namer = namer};
  enum step step = carry_lines(&c);
  if (step != STEP_FAILED && delivery_sync(d) == -1) step = STEP_FAILED;
  if (step != STEP_FAILED && d->forwards && forward_send(item, box, plan, d->forwards, &d->verdict) == -1)
    step = STEP_FAILED;
  if (step != STEP_FAILED && delivery_publish(d) == -1) step = STEP_FAILED;
  if (step == STEP_FAILED) end_failed(d);
  programenv_free(&c.environment);
}
