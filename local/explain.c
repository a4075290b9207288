#include "config.h"
#include "local/explain.h"
#include <stdio.h>
#include "local/forward.h"
#include "local/maildir.h"

static void note_instruction(struct facts *f, const struct instruction *one) {
  const char *name = instruction_name(one->kind);
  fact_begin(f, "instruction");
  fact_s(f, name);
  fact_s(f, " ");
  fact_t(f, one->value);
  fact_detail(f, "action", text_of(name));
  fact_detail(f, "value", one->value);
  fact_end(f);
}

static int look_at_files(const struct plan *p, struct verdict *v) {
  for (size_t i = 0; i < p->instructions.count; i++) {
    const struct instruction *one = &p->instructions.list[i];
    if (one->kind == INSTRUCTION_MAILDIR && maildir_look(one->value.s, p->is_default, v) == -1)
      return -1;
  }
  return 0;
}

/* For any sender but the null one, which always stays. */
static int look_at_sender(const struct plan *p, const struct mailbox *box, struct verdict *v) {
  stralloc owner = {0};
  if (instruction_count(&p->instructions, INSTRUCTION_FORWARD) == 0) return 0;
  int r = forward_owner(&owner, text_of("anybody"), box, v);
  if (r == 0) fact_say(v->facts, "sender", "it stays when the message is forwarded", TEXT_ABSENT);
  if (r == 1)
    fact_say(v->facts, "sender", "when the message is forwarded, it becomes ",
             text_of_stralloc(&owner));
  stralloc_free(&owner);
  return r == -1 ? -1 : 0;
}

static void foretell(const struct plan *p, struct verdict *v) {
  char text[80];
  snprintf(text, sizeof text, "it would be delivered: %zu Maildir%s, %zu forward%s",
           instruction_count(&p->instructions, INSTRUCTION_MAILDIR),
           instruction_count(&p->instructions, INSTRUCTION_MAILDIR) == 1 ? "" : "s",
           instruction_count(&p->instructions, INSTRUCTION_FORWARD),
           instruction_count(&p->instructions, INSTRUCTION_FORWARD) == 1 ? "" : "s");
  verdict_succeed(v, text);
}

void explain_mailbox(const struct mailbox *box, struct verdict *v) {
  struct plan plan = {0};
  int r = plan_load(&plan, box, true, v);
  for (size_t i = 0; i < plan.instructions.count; i++)
    note_instruction(v->facts, &plan.instructions.list[i]);
  if (r == 0 && plan_check(&plan, v) == 0 && look_at_files(&plan, v) == 0 &&
      look_at_sender(&plan, box, v) == 0)
    foretell(&plan, v);
  plan_free(&plan);
}
