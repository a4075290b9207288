/* maildirmake - make a Maildir (maildirmake(1))
 *
 * Runs as the user who starts it.
 */
#include "config.h"
#include <sys/stat.h>
#include <unistd.h>
#include "lib/exitcode.h"
#include "local/store/folder.h"
#include "local/store/maildir.h"
#include "local/store/quota.h"
#include "local/tools/complaint.h"

static const char name[] = "maildirmake";

static int usage(void) {
  complain_usage(name, "[-q quota] [-f folder] maildir");
  return TOOL_USAGE;
}

static int fail_errno(const char *ours, const char *object) {
  complain_errno(name, ours, object);
  return TOOL_SYSTEM;
}

static int fail(const struct verdict *v) {
  complain(name, "", text_of_stralloc(&v->text));
  return v->class == RESULT_FAILURE ? TOOL_USAGE : TOOL_SYSTEM;
}

static int made(int r, struct verdict *v) {
  int code = r == 0 ? TOOL_OK : fail(v);
  verdict_free(v);
  return code;
}

/* maildir_make() would take a folder that is there. */
static int make_new(const char *path) {
  struct verdict v = {0};
  if (mkdir(path, 0700) == -1) return fail_errno("unable to mkdir ", path);
  return made(maildir_make(path, &v), &v);
}

static int make_folder(const char *maildir, const char *folder) {
  struct verdict v = {0};
  stralloc path = {0};
  const char *fault = folder_fault(text_of(folder));
  int code = TOOL_SYSTEM;
  if (fault) return complain(name, "malformed folder name: ", text_of(fault)), TOOL_USAGE;
  if (access(maildir, X_OK) == -1) return fail_errno("unable to enter ", maildir);
  if (folder_path(&path, maildir, text_of(folder)) == -1)
    complain(name, "out of memory", TEXT_ABSENT);
  else if (mkdir(path.s, 0700) == -1)
    code = fail_errno("unable to mkdir ", path.s);
  else
    code = made(maildir_make_folder(path.s, &v), &v);
  stralloc_free(&path);
  return code;
}

static int set_quota(const char *maildir, const char *definition) {
  struct verdict v = {0};
  struct quota_limits limits;
  if (quota_parse(text_of(definition), &limits) == -1)
    return complain(name, "malformed quota: ", text_of(definition)), TOOL_USAGE;
  int r = maildir_make(maildir, &v);
  if (r == 0) r = quota_make(maildir, definition, &v);
  return made(r, &v);
}

static int run(const char *maildir, const char *folder, const char *quota) {
  int code = TOOL_OK;
  if (quota) code = set_quota(maildir, quota);
  if (code == TOOL_OK && folder) code = make_folder(maildir, folder);
  return quota || folder ? code : make_new(maildir);
}

int main(int argc, char **argv) {
  const char *folder = NULL, *quota = NULL;
  stralloc maildir = {0};
  int option, code = TOOL_SYSTEM;
  umask(077);
  while ((option = getopt(argc, argv, "+f:q:")) != -1) switch (option) {
    case 'f': folder = optarg; break;
    case 'q': quota = optarg; break;
    default: return usage();
    }
  if (argc - optind != 1 || !*argv[optind]) return usage();
  if (stralloc_copys(&maildir, argv[optind]) && stralloc_cats(&maildir, "/") && stralloc_0(&maildir))
    code = run(maildir.s, folder, quota);
  else
    complain(name, "out of memory", TEXT_ABSENT);
  stralloc_free(&maildir);
  return code;
}
