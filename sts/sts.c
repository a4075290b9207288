/* owl-sts - fetch MTA-STS policies (owl-sts(8), RFC 8461)
 *
 * Runs as the user of the remote sender, who starts it; links libcurl and no
 * libowfat.  It writes the files of policies and nothing else.  What a server
 * sends is read by a child that can open no file.  A fault in it can give a
 * domain a wrong policy, which makes mail for it wait, or go without TLS.
 */
#include "config.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "lib/exitcode.h"
#include "lib/stscache.h"
#include "sts/refresh.h"
#include "sts/say.h"

static void die_usage(void) {
  fputs("usage: owl-sts DOMAIN ID\n       owl-sts --refresh\n", stderr);
  exit(TOOL_USAGE);
}

static void die_folder(const char *path) { say_errno("unable to open the folder sts in", path), exit(TOOL_SYSTEM); }

static bool is_id(const char *id) {
  char record[80], read[STS_ID_MAX + 1];
  int n = snprintf(record, sizeof record, "v=STSv1; id=%.60s", id);
  return sts_record_id(read, record, (size_t)n) && strcmp(read, id) == 0;
}

int main(int argc, char **argv) {
  struct settings s;
  char domain[254];
  bool all = argc == 2 && strcmp(argv[1], "--refresh") == 0;
  if (!all && (argc != 3 || !sts_domain(domain, sizeof domain, argv[1], strlen(argv[1])) || !is_id(argv[2]))) die_usage();
  umask(077);
  signal(SIGPIPE, SIG_IGN);
  if (settings_read(&s) == -1) return TOOL_SYSTEM;
  if (s.timeout_s == 0) return say("it is 0: no policies are fetched", "timeoutsts"), all ? TOOL_OK : TOOL_SYSTEM;
  int folder = stscache_open(s.remotedir);
  if (folder == -1) die_folder(s.remotedir);
  int r = all ? refresh_all(folder, &s) : refresh_one(folder, domain, argv[2], &s);
  return r == 0 ? TOOL_OK : TOOL_SYSTEM;
}
