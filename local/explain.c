#include "config.h"
#include "local/explain.h"
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "local/foresee.h"
#include "local/forward.h"

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

/* Only a path says by itself what would be run. */
static void look_at_program(struct text command, struct facts *f) {
  size_t len = 0;
  struct stat st;
  char path[PATH_MAX], mode[8];
  while (len < command.len && !strchr(" \t;|&<>()$`\\\"'*?[#~=%", command.s[len])) len++;
  if (!f || len == 0 || command.s[0] != '/' || len >= sizeof path) return;
  snprintf(path, sizeof path, "%.*s", (int)len, command.s);
  bool found = stat(path, &st) == 0;
  fact_begin(f, "program");
  fact_t(f, text_of(path));
  fact_s(f, !found ? ": there is no such file" : access(path, X_OK) == 0 ? ": it can be run" : ": it cannot be run");
  fact_detail(f, "path", text_of(path));
  fact_detail(f, "found", text_of(found ? "yes" : "no"));
  if (found) {
    snprintf(mode, sizeof mode, "%04o", (unsigned)st.st_mode & 07777u);
    fact_detail_u(f, "owner", st.st_uid);
    fact_detail(f, "mode", text_of(mode));
  }
  fact_end(f);
}

/* Programs are thought to do as they should. */
static int look_at_all(const struct plan *p, const struct mailbox *box, struct verdict *v) {
  const struct quotas_view how = {0, false};
  for (size_t i = 0; i < p->instructions.count; i++) {
    const struct instruction *one = &p->instructions.list[i];
    if (one->kind == INSTRUCTION_PROGRAM) look_at_program(one->value, v->facts);
    if (foresee(p, one, box, &how, v) != FORESEEN_NOTHING) return -1;
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

static void cat_count(char *text, size_t size, const struct plan *p, enum instruction_kind kind,
                      const char *one, const char *more, bool always) {
  size_t n = instruction_count(&p->instructions, kind), len = strlen(text);
  if (n || always) snprintf(text + len, size - len, "%s%zu %s", len ? ", " : "", n, n == 1 ? one : more);
}

static void foretell(const struct plan *p, struct verdict *v) {
  char counts[120] = "", text[160];
  cat_count(counts, sizeof counts, p, INSTRUCTION_MAILDIR, "Maildir", "Maildirs", true);
  cat_count(counts, sizeof counts, p, INSTRUCTION_FORWARD, "forward", "forwards", true);
  cat_count(counts, sizeof counts, p, INSTRUCTION_MBOX, "mbox", "mboxes", false);
  cat_count(counts, sizeof counts, p, INSTRUCTION_PROGRAM, "program", "programs", false);
  snprintf(text, sizeof text, "it would be delivered: %s", counts);
  verdict_succeed(v, text);
}

void explain_mailbox(const struct mailbox *box, struct verdict *v) {
  struct plan plan = {0};
  int r = plan_load(&plan, box, true, v);
  for (size_t i = 0; i < plan.instructions.count; i++)
    note_instruction(v->facts, &plan.instructions.list[i]);
  if (r == 0 && look_at_all(&plan, box, v) == 0 &&
      look_at_sender(&plan, box, v) == 0)
    foretell(&plan, v);
  plan_free(&plan);
}
