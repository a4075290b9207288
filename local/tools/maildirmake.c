/* maildirmake - make a Maildir (maildirmake(1))
 *
 * Runs as the user who starts it.
 */
#include "config.h"
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "lib/exitcode.h"
#include "local/maildir.h"
#include "local/tools/complaint.h"

static const char name[] = "maildirmake";

static int fail_errno(const char *ours, const char *object) {
  complain_errno(name, ours, object);
  return TOOL_SYSTEM;
}

static int make(const char *path) {
  struct verdict v = {0};
  int r = maildir_make(path, &v);
  if (r == -1) complain(name, "", text_of_stralloc(&v.text));
  verdict_free(&v);
  return r == 0 ? TOOL_OK : TOOL_SYSTEM;
}

/* maildir_make() would take a folder that is there. */
static int make_new(const char *given) {
  stralloc path = {0};
  int code = TOOL_SYSTEM;
  if (!stralloc_copys(&path, given) || !stralloc_cats(&path, "/") || !stralloc_0(&path))
    complain(name, "out of memory", TEXT_ABSENT);
  else if (mkdir(path.s, 0700) == -1)
    code = fail_errno("unable to mkdir ", given);
  else
    code = make(path.s);
  stralloc_free(&path);
  return code;
}

int main(int argc, char **argv) {
  umask(077);
  if (argc != 2 || !*argv[1]) return complain_usage(name, "name"), TOOL_USAGE;
  return make_new(argv[1]);
}
