/* owl-checkpw - a checkpassword program for owlpost's password file
 *
 * Run by whoever may read the database: a server of the family, on a client's
 * behalf.  Reads user and password on descriptor 3.  A fault here lets somebody
 * in.
 *
 * owl-checkpw(8) has the interface.
 */
#include "config.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include "auth/passwords.h"
#include "lib/checkpassword.h"
#include "lib/control.h"
#include "lib/iofd.h"
#include "lib/log.h"
#include "lib/sandbox.h"

enum { SECRET_FD = 3, WRONG = 1, MISUSED = 2, LATER = 111 };

static struct log errors = {.fd = 2, .line = {0}};

static _Noreturn void die_misused(const char *what) {
  log_say(&errors, "owl-checkpw", what, TEXT_ABSENT);
  exit(MISUSED);
}

static _Noreturn void die_later(const char *what, struct text where) {
  log_say_errno(&errors, "owl-checkpw", what, where);
  exit(LATER);
}

/* The family's limit: what a caller sends beyond it is not there for us either. */
static void read_texts(stralloc *in, struct text texts[3]) {
  if (!stralloc_ready(in, 4096)) die_later("unable to read the password", TEXT_ABSENT);
  if (io_slurp(SECRET_FD, in, CHECKPASSWORD_OCTETS_MAX, IO_FOREVER) == -1) die_misused("unable to read descriptor 3");
  close(SECRET_FD);
  struct text rest = text_of_stralloc(in);
  for (size_t i = 0; i < 3; i++)
    if (!text_cut(&rest, 0, &texts[i]) || !rest.s) die_misused("descriptor 3 has not three texts");
}

static bool is_challenge(struct text t) { return t.len > 2 && t.s[0] == '<' && t.s[t.len - 1] == '>'; }

static bool is_response(struct text t) {
  if (t.len != CRAMMD5_RESPONSE_DIGITS) return false;
  for (size_t i = 0; i < t.len; i++)
    if (!strchr("0123456789abcdef", t.s[i]) || !t.s[i]) return false;
  return true;
}

static bool answers(const struct verifier *v, struct text challenge, struct text response) {
  if (!is_challenge(challenge) || !is_response(response)) return false;
  return (v->has_cram && crammd5_check(v->cram, challenge, response)) || verifier_apop(v, challenge, response);
}

/* The third text is the server's, or makes a response of the second.  A password may
 * look like a response, and qmail-popup gives its time stamp with both. */
static int check(const struct verifier *v, const struct text texts[3]) {
  if (answers(v, texts[2], texts[1]) || answers(v, texts[1], texts[2])) return 1;
  return verifier_password(v, texts[1]);
}

static void find_database(stralloc *path) {
  struct control c;
  if (control_open(&c) == -1 || !stralloc_copys(path, c.folder.s) || !stralloc_cats(path, "/auth/passwords.cdb") ||
      !stralloc_0(path))
    die_later("unable to start", TEXT_ABSENT);
  control_free(&c);
}

int main(int argc, char **argv) {
  struct rlimit none = {0, 0};
  stralloc in = {0}, path = {0}, user = {0};
  struct text texts[3];
  struct passwords p;
  if (argc < 2) die_misused("usage: owl-checkpw PROGRAM [ARGUMENT...]");
  if (sandbox_forbid_cores() == -1 || setrlimit(RLIMIT_CORE, &none) == -1) die_later("unable to forbid core files", TEXT_ABSENT);
  find_database(&path);
  read_texts(&in, texts);
  if (passwords_find(&p, path.s, texts[0]) == -1) die_later("unable to read ", text_of(path.s));
  int right = check(passwords_verifier(&p), texts);
  passwords_free(&p);
  if (right == -1 && errno == ENOMEM) die_later("unable to check the password", TEXT_ABSENT);
  if (p.is_known && right == 1 && (text_cat(&user, texts[0]) == -1 || !stralloc_0(&user) || setenv("USER", user.s, 1) == -1))
    die_later("unable to start", TEXT_ABSENT);
  explicit_bzero(in.s, in.a);
  stralloc_free(&in);
  stralloc_free(&path);
  if (!p.is_known || right != 1) stralloc_free(&user);
  if (!p.is_known || right != 1) return WRONG;
  execvp(argv[1], argv + 1);
  die_later("unable to run ", text_of(argv[1]));
}
