#include "config.h"
#include "local/classic.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "local/program/program.h"

/* What strangers choose reaches the shell in variables alone. */
static const char command[] = "exec \"$QMAILLOCAL\" -- \"$CLASSIC1\" \"$CLASSIC2\" \"$CLASSIC3\" \"$CLASSIC4\""
                              " \"$CLASSIC5\" \"$CLASSIC6\" \"$CLASSIC7\" \"$CLASSIC8\"";

enum { ARGUMENTS = 8 };

bool classic_is_set(const struct mailbox *box) {
  const char *program = getenv("QMAILLOCAL");
  return !box->aliases && program && *program;
}

static int set_argument(size_t number, struct text value) {
  char name[] = "CLASSIC1";
  stralloc s = {0};
  name[sizeof name - 2] = (char)('0' + number);
  int r = text_cat_cleaned(&s, value) == 0 && stralloc_0(&s) ? setenv(name, s.s, 1) : -1;
  stralloc_free(&s);
  return r;
}

static int set_arguments(const struct mailbox *box, const struct item *item) {
  const struct text values[ARGUMENTS] = {
    text_of(box->user), text_of(box->home), text_of(box->local), text_of(box->dash),
    text_of(box->ext),  text_of(box->host), item->envelope->sender, text_of(box->default_delivery),
  };
  for (size_t i = 0; i < ARGUMENTS; i++)
    if (set_argument(i + 1, values[i]) == -1) return -1;
  return 0;
}

void classic_deliver(const struct mailbox *box, const struct item *item, struct verdict *v) {
  stralloc said = {0};
  if (set_arguments(box, item) == -1) {
    verdict_defer(v, "4.3.0", "out of memory", "");
    return;
  }
  const struct program_order order = {command, &item->body, environ, box->program_limit_s};
  if (program_run(&order, &said, v) != PROGRAM_FAILED) {
    bool whole = said.len == 0 || stralloc_0(&said);
    verdict_succeed(v, said.len && whole ? said.s : "delivered");
  }
  stralloc_free(&said);
}
