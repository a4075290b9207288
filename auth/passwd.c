/* owl-passwd - manages the password file
 *
 * Run by whoever may write it.  Passwords come from the terminal or descriptor
 * 0, never from arguments.  A fault here loses the users' passwords, or lets
 * somebody in.
 *
 * owl-passwd(8) has the interface.
 */
#include "config.h"
#include <crypt.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include "auth/passwdfile.h"
#include "auth/secretinput.h"
#include "lib/control.h"
#include "lib/credential.h"
#include "lib/exitcode.h"
#include "lib/sandbox.h"

enum { ITERATIONS = 100000, ITERATIONS_MIN = 4096, WRONG = 1 };

static _Noreturn void die(int code, const char *what, const char *why) {
  fprintf(stderr, "owl-passwd: %s%s%s\n", what, why ? ": " : "", why ? why : "");
  exit(code);
}

static _Noreturn void die_usage(void) {
  die(TOOL_USAGE,
      "usage: owl-passwd [-f FILE] [-s SCHEME,...] [-i ITERATIONS] add|change|delete|verify USER, or list|rebuild", NULL);
}

struct order {
  stralloc path;
  unsigned schemes;
  uint32_t iterations;
  struct text user;
  struct passwdfile file;
};

static void read_schemes(struct order *o, const char *list) {
  struct text rest = text_of(list), name;
  o->schemes = 0;
  while (text_cut(&rest, ',', &name)) {
    if (text_equals(name, "scram")) o->schemes |= VERIFIER_SCRAM;
    else if (text_equals(name, "crypt")) o->schemes |= VERIFIER_CRYPT;
    else if (text_equals(name, "cram-md5")) o->schemes |= VERIFIER_CRAM;
    else if (text_equals(name, "plain")) o->schemes |= VERIFIER_PLAIN;
    else die(TOOL_USAGE, "schemes are scram, crypt, cram-md5 and plain", NULL);
  }
}

static void read_iterations(struct order *o, const char *number) {
  uint64_t n;
  if (text_uint(text_of(number), &n) == -1 || n < ITERATIONS_MIN || n > VERIFIER_ITERATIONS_MAX)
    die(TOOL_USAGE, "iterations are a number from 4096 to 10000000", NULL);
  o->iterations = (uint32_t)n;
}

static void find_path(struct order *o) {
  struct control c;
  if (o->path.len) return;
  if (control_open(&c) == -1 || !stralloc_copys(&o->path, c.folder.s) || !stralloc_cats(&o->path, "/auth/passwords") ||
      !stralloc_0(&o->path))
    die(TOOL_SYSTEM, "out of memory", NULL);
  control_free(&c);
}

static void save(struct order *o) {
  if (passwdfile_write(&o->file) == -1) die(TOOL_SYSTEM, "unable to write the password file", strerror(errno));
}

static void read_secret(stralloc *secret, bool confirm) {
  const char *why;
  if (secretinput_read(secret, confirm, &why) == -1) {
    credential_wipe(secret);
    die(TOOL_USAGE, "unable to take the password", why);
  }
}

static void put(struct order *o) {
  stralloc secret = {0}, fields = {0};
  read_secret(&secret, true);
  if (o->schemes & VERIFIER_CRYPT && secret.len >= CRYPT_MAX_PASSPHRASE_SIZE)
    die(TOOL_USAGE, "unable to take the password", "it is too long for crypt");
  int r = verifier_put(&fields, o->schemes, o->iterations, text_of_stralloc(&secret));
  text_wipe(&secret);
  if (r == 0) r = passwdfile_set_nobody(&o->file, o->schemes, o->iterations);
  if (r == 0) r = passwdfile_set(&o->file, o->user, text_of_stralloc(&fields));
  if (r == -1) die(TOOL_SYSTEM, "unable to make the user's line", strerror(errno));
  stralloc_free(&fields);
  save(o);
}

static bool is_there(struct order *o) {
  struct text fields;
  return passwdfile_find(&o->file, o->user, &fields);
}

/* ---- orders */

static int add(struct order *o) {
  if (is_there(o)) die(TOOL_USAGE, "there is such a user already", NULL);
  put(o);
  return TOOL_OK;
}

static int change(struct order *o) {
  if (!is_there(o)) die(TOOL_USAGE, "there is no such user", NULL);
  put(o);
  return TOOL_OK;
}

static int delete(struct order *o) {
  if (!is_there(o)) die(TOOL_USAGE, "there is no such user", NULL);
  if (passwdfile_set(&o->file, o->user, TEXT_ABSENT) == -1) die(TOOL_SYSTEM, "out of memory", NULL);
  save(o);
  return TOOL_OK;
}

static int verify(struct order *o) {
  struct text fields;
  struct verifier v;
  stralloc secret = {0};
  if (!passwdfile_find(&o->file, o->user, &fields)) die(TOOL_USAGE, "there is no such user", NULL);
  if (verifier_read(&v, fields) == -1) die(TOOL_SYSTEM, "the user's line is malformed", NULL);
  read_secret(&secret, false);
  int right = verifier_password(&v, text_of_stralloc(&secret));
  text_wipe(&secret);
  verifier_free(&v);
  if (right == -1) die(TOOL_SYSTEM, "unable to check the password", strerror(errno));
  puts(right ? "right" : "wrong");
  return right ? TOOL_OK : WRONG;
}

static int list(struct order *o) {
  struct text rest = text_of_stralloc(&o->file.text), user, fields, field, scheme;
  while (passwdfile_next(&rest, &user, &fields)) {
    if (!user.len) continue;
    printf("%.*s", (int)user.len, user.s);
    while (text_cut(&fields, ':', &field))
      if (text_cut(&field, '}', &scheme) && scheme.len) printf(" %.*s", (int)scheme.len - 1, scheme.s + 1);
    putchar('\n');
  }
  return TOOL_OK;
}

/* Of a file that was edited by hand: it may lack nobody's line. */
static int rebuild(struct order *o) {
  struct text fields;
  if (passwdfile_find(&o->file, text_of(""), &fields)) {
    if (passwdfile_rebuild(&o->file) == -1) die(TOOL_SYSTEM, "unable to write the database", strerror(errno));
    return TOOL_OK;
  }
  if (passwdfile_set_nobody(&o->file, o->schemes, o->iterations) == -1) die(TOOL_SYSTEM, "unable to make nobody's line", strerror(errno));
  save(o);
  return TOOL_OK;
}

static const struct {
  const char *name;
  int (*run)(struct order *o);
  bool has_user;
} orders[] = {
  {"add", add, true},       {"change", change, true}, {"delete", delete, true},
  {"verify", verify, true}, {"list", list, false},    {"rebuild", rebuild, false},
};

static void open_file(struct order *o) {
  find_path(o);
  if (passwdfile_open(&o->file, o->path.s) == -1) die(TOOL_SYSTEM, o->path.s, strerror(errno));
  size_t line = passwdfile_check(&o->file);
  if (line == 0) return;
  fprintf(stderr, "owl-passwd: %s: line %zu is malformed\n", o->path.s, line);
  exit(TOOL_SYSTEM);
}

static int run(struct order *o, int argc, char **argv) {
  for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++) {
    if (strcmp(argv[0], orders[i].name) != 0) continue;
    if (argc != (orders[i].has_user ? 2 : 1)) die_usage();
    if (argc == 2) o->user = text_of(argv[1]);
    if (argc == 2 && !passwdfile_is_user(o->user)) die(TOOL_USAGE, "no line can begin with that user", NULL);
    open_file(o);
    return orders[i].run(o);
  }
  die_usage();
}

int main(int argc, char **argv) {
  struct order o = {.schemes = VERIFIER_SCRAM, .iterations = ITERATIONS};
  struct rlimit none = {0, 0};
  int option;
  if (setrlimit(RLIMIT_CORE, &none) == -1 || sandbox_forbid_cores() == -1) die(TOOL_SYSTEM, "unable to forbid core files", strerror(errno));
  while ((option = getopt(argc, argv, "f:s:i:")) != -1) {
    if (option == 'f') {
      if (!stralloc_copys(&o.path, optarg) || !stralloc_0(&o.path)) die(TOOL_SYSTEM, "out of memory", NULL);
    } else if (option == 's') read_schemes(&o, optarg);
    else if (option == 'i') read_iterations(&o, optarg);
    else die_usage();
  }
  if (optind == argc) die_usage();
  int code = run(&o, argc - optind, argv + optind);
  passwdfile_close(&o.file);
  stralloc_free(&o.path);
  return fflush(stdout) == 0 ? code : TOOL_SYSTEM;
}
