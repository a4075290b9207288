/* owl-pw2u - make lines for users/assign of a password file (owl-pw2u(8))
 *
 * Runs as the operator, reads accounts on descriptor 0 and prints on 1; what it
 * prints has no effect before somebody puts it in its place.
 */
#include "config.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "lib/exitcode.h"
#include "lib/iofd.h"
#include "lib/log.h"
#include "lib/room.h"
#include "local/breaks.h"
#include "local/users/passwdline.h"

enum { PASSWD_OCTETS_MAX = 1 << 30, OUT_OCTETS = 65536, SPACE_MIN = 64 };

static struct log errors = {2, {0}};
static struct rules rules = {.dash = "-"};
static stralloc out;
static struct passwdline *taken; /* in the order of the file, later by name */
static size_t taken_count, taken_space;

static void say(const char *ours, struct text theirs) { log_say(&errors, "owl-pw2u", ours, theirs); }
static _Noreturn void die_usage(void) {
  say("usage: owl-pw2u [-/ohHuUC] [-c characters]", TEXT_ABSENT);
  _exit(TOOL_USAGE);
}
static _Noreturn void die_memory(void) {
  say("out of memory", TEXT_ABSENT);
  _exit(TOOL_SYSTEM);
}
static _Noreturn void die_errno(const char *what) {
  say(what, text_of(strerror(errno)));
  _exit(TOOL_SYSTEM);
}
static _Noreturn void die_control(const struct control *c) {
  say("", text_of(c->error.s));
  _exit(TOOL_SYSTEM);
}
static _Noreturn void die_input(const char *what, struct text about) {
  say(what, about);
  _exit(TOOL_USAGE);
}
static _Noreturn void die_homeless(struct text user) {
  int number = errno;
  say("unable to find the home of user ", user);
  errno = number;
  die_errno("the reason: ");
}

static void flush(void) {
  if (io_write_all(1, out.s, out.len, IO_FOREVER) == -1) die_errno("unable to write to descriptor 1: ");
  stralloc_zero(&out);
}

static void put(struct text t) {
  if (text_cat(&out, t) == -1) die_memory();
  if (out.len > OUT_OCTETS) flush();
}

static void put_s(const char *s) { put(text_of(s)); }

static void put_account(const struct passwdline *p) {
  const struct text fields[] = {p->user, p->uid, p->gid, p->home};
  for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
    put_s(":");
    put(fields[i]);
  }
  put_s(":");
}

/* The line of an address, and one for what may follow it behind each break
 * character.  file: what its .qmail files have between dash and extension. */
static void put_address(struct text address, const struct passwdline *p, const char *dash, struct text file) {
  put_s("=");
  put(address);
  put_account(p);
  put_s(dash);
  put_s(":");
  put(file);
  put_s(":\n");
  for (const char *c = rules.breaks; *c; c++) {
    put_s("+");
    put(address);
    put((struct text){c, 1});
    put_account(p);
    put_s(rules.dash);
    put_s(":");
    put(file);
    put_s(file.len ? "-:\n" : ":\n");
  }
}

static void put_user(const struct passwdline *p) {
  const struct list_line *names = list_find(&rules.mailnames, p->user);
  struct text rest = names ? names->value : p->user, name;
  while (text_cut(&rest, ':', &name))
    if (name.len) put_address(name, p, "", text_of(""));
}

static void put_all_others(const struct passwdline *alias) {
  put_s("+");
  put_account(alias);
  put_s(rules.dash);
  put_s("::\n");
}

static void keep(const struct passwdline *p) {
  if (room_make(&taken, taken_count, &taken_space, sizeof *taken, SPACE_MIN) == -1) die_memory();
  taken[taken_count++] = *p;
}

static void take_line(struct text line, uint64_t number) {
  struct passwdline p;
  const char *why;
  switch (passwdline_read(&p, line, &rules, &why)) {
  case PASSWDLINE_TAKEN:
    put_user(&p);
    keep(&p);
    break;
  case PASSWDLINE_SKIPPED: break;
  case PASSWDLINE_WRONG:
    log_s(&errors, "owl-pw2u: warning: passed over line ");
    log_u(&errors, number);
    log_s(&errors, ": ");
    log_s(&errors, why);
    log_end(&errors);
    break;
  case PASSWDLINE_HOMELESS: die_homeless(p.user);
  case PASSWDLINE_NO_MEMORY: die_memory();
  }
}

static int compare(const void *a, const void *b) {
  const struct passwdline *x = a, *y = b;
  return text_compare_nocase(x->user, y->user);
}

static const struct passwdline *find(struct text user) {
  const struct passwdline wanted = {.user = user};
  return taken_count ? bsearch(&wanted, taken, taken_count, sizeof wanted, compare) : NULL;
}

/* sub:user:pre: */
static void take_subuser(struct text line) {
  struct text rest = line, sub, user, pre;
  if (line.len == 0 || line.s[0] == '#') return;
  if (!text_cut(&rest, ':', &sub) || !text_cut(&rest, ':', &user) || !text_cut(&rest, ':', &pre) || !rest.s)
    die_input("users/subusers: a line is not sub:user:pre: but ", line);
  const struct passwdline *p = find(user);
  if (!p) die_input("users/subusers: there is no such user, or it was skipped: ", user);
  put_address(sub, p, rules.dash, pre);
}

static void put_append(void) {
  struct text t = text_of_stralloc(&rules.append);
  put(t);
  if (t.len && t.s[t.len - 1] != '\n') put_s("\n");
  put_s(".\n");
}

static void convert(struct text passwd) {
  struct text line, rest = passwd;
  for (uint64_t number = 1; rest.len && text_cut(&rest, '\n', &line); number++) take_line(line, number);
  if (taken_count) qsort(taken, taken_count, sizeof *taken, compare);
  const struct passwdline *alias = find(text_of(ALIAS_USER));
  if (!alias) die_input("there is no such user, or it was skipped: ", text_of(ALIAS_USER));
  put_all_others(alias);
  rest = text_of_stralloc(&rules.subusers);
  while (rest.len && text_cut(&rest, '\n', &line)) take_subuser(line);
  put_append();
  flush();
}

static void take_options(int argc, char **argv) {
  int option;
  while ((option = getopt(argc, argv, "+/ohHuUCc:")) != -1) switch (option) {
    case '/': rules.dash = "-/"; break;
    case 'o': rules.homes = HOMES_SKIP; break;
    case 'h': rules.homes = HOMES_NEEDED; break;
    case 'H': rules.homes = HOMES_UNCHECKED; break;
    case 'u': rules.uppercase = true; break;
    case 'U': rules.uppercase = false; break;
    case 'C': rules.breaks = ""; break;
    case 'c': rules.breaks = optarg; break;
    default: die_usage();
    }
  if (optind != argc || (rules.breaks && !breaks_are_good(text_of(rules.breaks)))) die_usage();
}

int main(int argc, char **argv) {
  struct control c;
  stralloc breaks = {0}, passwd = {0};
  take_options(argc, argv);
  if (control_open(&c) == -1) die_memory();
  if (!rules.breaks && breaks_load(&c, &breaks) == -1) die_control(&c);
  if (!rules.breaks) rules.breaks = breaks.s;
  if (rules_load(&rules, &c) == -1) die_control(&c);
  if (io_slurp(0, &passwd, PASSWD_OCTETS_MAX, IO_FOREVER) == -1) die_errno("unable to read descriptor 0: ");
  convert(text_of_stralloc(&passwd));
  rules_free(&rules);
  free(taken);
  stralloc_free(&passwd);
  stralloc_free(&breaks);
  stralloc_free(&out);
  stralloc_free(&errors.line);
  control_free(&c);
  return TOOL_OK;
}
