#include "config.h"
#include "local/instruction.h"
#include <stdlib.h>
#include <string.h>
#include "lib/address.h"
#include "lib/envelope.h"
#include "lib/room.h"
#include "local/store/folder.h"

struct parser {
  struct instructions *to;
  struct verdict *v;
  const char *name; /* of the file */
  size_t line;      /* number of this line */
  bool forward_only;
};

static int complain(struct parser *p, const char *status, const char *text) {
  stralloc where = {0};
  int r = verdict_defer(p->v, status, text, "");
  if (stralloc_copys(&where, ": line ") && text_cat_uint(&where, p->line) == 0 &&
      stralloc_cats(&where, " of ") && stralloc_cats(&where, p->name) && stralloc_0(&where))
    r = verdict_defer(p->v, status, text, where.s);
  stralloc_free(&where);
  return r;
}

static int add(struct parser *p, enum instruction_kind kind, struct text value) {
  struct instructions *to = p->to;
  if (room_make(&to->list, to->count, &to->space, sizeof *to->list, 8) == -1)
    return complain(p, "4.3.0", "out of memory");
  to->list[to->count++] = (struct instruction){kind, value, false};
  return 0;
}

static int take_forward(struct parser *p, struct text address) {
  if (address.len == 0) return complain(p, "4.2.1", "empty address");
  if (address.len > ENVELOPE_ADDRESS_MAX) return complain(p, "4.2.1", "address too long");
  if (address.s[0] == ' ' || address.s[0] == '\t')
    return complain(p, "4.2.1", "line starts with a blank");
  if (!address_is_clean(address)) return complain(p, "4.2.1", "control octet in an address");
  return add(p, INSTRUCTION_FORWARD, address);
}

static int take_path(struct parser *p, struct text path) {
  if (p->forward_only) return complain(p, "4.7.0", "file delivery, but forwarding only is allowed");
  if (path.len > INSTRUCTION_PATH_MAX) return complain(p, "4.2.1", "path too long");
  bool maildir = path.s[path.len - 1] == '/';
  return add(p, maildir ? INSTRUCTION_MAILDIR : INSTRUCTION_MBOX, path);
}

static int take_program(struct parser *p, struct text command) {
  if (p->forward_only) return complain(p, "4.7.0", "program, but forwarding only is allowed");
  return add(p, INSTRUCTION_PROGRAM, command);
}

static int take_folder(struct parser *p, struct text name) {
  if (p->forward_only) return complain(p, "4.7.0", "file delivery, but forwarding only is allowed");
  if (name.len && name.s[0] == '.') name = (struct text){name.s + 1, name.len - 1};
  const char *fault = folder_fault(name);
  if (fault) return complain(p, "4.2.1", fault);
  if (add(p, INSTRUCTION_MAILDIR, name) == -1) return -1;
  p->to->list[p->to->count - 1].is_folder = true;
  return 0;
}

static int take_option(struct parser *p, struct text option) {
  if (!text_equals(option, "list")) return take_folder(p, option);
  p->forward_only = true;
  return 0;
}

static struct text after_first(struct text t) { return (struct text){t.s + 1, t.len - 1}; }

static int take_line(struct parser *p, struct text line) {
  if (line.len == 0) return p->line == 1 ? complain(p, "4.2.1", "blank first line") : 0;
  if (memchr(line.s, 0, line.len)) return complain(p, "4.2.1", "NUL octet");
  switch (line.s[0]) {
  case '#': return 0;
  case '+': return take_option(p, after_first(line));
  case '|': return take_program(p, after_first(line));
  case '.':
  case '/': return take_path(p, line);
  case '&': return take_forward(p, after_first(line));
  default: return take_forward(p, line);
  }
}

/* Cuts trailing blanks and ends the line with a NUL in their place. */
static struct text cut(char *start, char *end) {
  while (end > start && (end[-1] == ' ' || end[-1] == '\t')) end--;
  *end = 0;
  return (struct text){start, (size_t)(end - start)};
}

static int ends_with_newline(stralloc *octets) {
  if (octets->len && octets->s[octets->len - 1] == '\n') return 0;
  return stralloc_cats(octets, "\n") ? 0 : -1;
}

int instruction_parse(struct instructions *i, stralloc *octets, bool forward_only, const char *name,
                      struct verdict *v) {
  struct parser p = {i, v, name, 0, forward_only};
  int r = ends_with_newline(octets);
  i->octets = *octets;
  *octets = (stralloc){0};
  if (r == -1) return complain(&p, "4.3.0", "out of memory");
  char *end = i->octets.s + i->octets.len;
  for (char *start = i->octets.s; r == 0 && start < end;) {
    char *newline = memchr(start, '\n', (size_t)(end - start));
    p.line++;
    r = take_line(&p, cut(start, newline));
    start = newline + 1;
  }
  return r;
}

size_t instruction_count(const struct instructions *i, enum instruction_kind kind) {
  size_t n = 0;
  for (size_t k = 0; k < i->count; k++) n += i->list[k].kind == kind;
  return n;
}

const char *instruction_name(enum instruction_kind kind) {
  switch (kind) {
  case INSTRUCTION_FORWARD: return "forward";
  case INSTRUCTION_MAILDIR: return "maildir";
  case INSTRUCTION_MBOX: return "mbox";
  case INSTRUCTION_PROGRAM: return "program";
  }
  return "";
}

void instructions_free(struct instructions *i) {
  stralloc_free(&i->octets);
  free(i->list);
  *i = (struct instructions){0};
}
