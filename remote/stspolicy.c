#include "config.h"
#include "remote/stspolicy.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "lib/child.h"
#include "lib/control.h"
#include "lib/idn.h"
#include "lib/iofd.h"
#include "remote/resolve.h"

/* ---- what is announced */

enum announcement { ANNOUNCED, NOT_ANNOUNCED, NOT_KNOWN };

static void take_record(void *context, struct text record) { sts_records_add(context, record.s, record.len); }

static enum announcement look_up(struct sts_records *r, const char *domain, unsigned limit_s, char problem[STSCACHE_REASON_MAX + 1]) {
  stralloc name = {0};
  struct lookup l = {RESOLVE_TEMPORARY, false, "out of memory"};
  *r = (struct sts_records){0};
  if (stralloc_copys(&name, "_mta-sts.") && stralloc_cats(&name, domain))
    l = resolve_txt(text_of_stralloc(&name), limit_s, take_record, r);
  stralloc_free(&name);
  if (l.status != RESOLVE_TEMPORARY) return sts_records_announce(r) ? ANNOUNCED : NOT_ANNOUNCED;
  snprintf(problem, STSCACHE_REASON_MAX + 1, "unable to look up _mta-sts.%.253s: %.60s", domain, l.problem);
  return NOT_KNOWN;
}

/* ---- owl-sts */

/* s over the limit that it has itself: until it is ended by us, or by its alarm where we have gone */
enum { GRACE_S = 5, ALARM_S = 7 };

/* The alarm goes on in the program, which has a limit of its own.  Who ends it ends
 * its child, too (lib/child.h). */
static void become_fetcher(const char *program, const char *domain, const char *id, unsigned limit_s) {
  int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
  if (nothing == -1 || dup2(nothing, 0) == -1 || dup2(nothing, 1) == -1) _exit(111);
  (void)setsid();
  signal(SIGALRM, SIG_DFL);
  signal(SIGPIPE, SIG_DFL);
  alarm(limit_s + ALARM_S);
  execl(program, "owl-sts", domain, id, (char *)NULL);
  _exit(111);
}

/* 0 when it says that the policy is in the files. */
static int fetch(const char *domain, const char *id, unsigned limit_s) {
  stralloc program = {0};
  if (program_path(&program, "owl-sts") == -1) return -1;
  pid_t pid = fork();
  if (pid == 0) become_fetcher(program.s, domain, id, limit_s);
  stralloc_free(&program);
  if (pid == -1) return -1;
  return child_await(pid, io_limit_ms(limit_s + GRACE_S), -1) == 0 ? 0 : -1;
}

/* ---- the decision */

static struct stscache_entry entry; /* large */

struct search {
  struct stspolicy *p;
  const struct stspolicy_settings *settings;
  char domain[254];
  int folder;
  int64_t now_s;
  bool has_entry; /* and it is not over */
};

static void use_entry(struct search *s, enum stspolicy_source source) {
  s->p->source = source;
  s->p->mode = entry.policy.mode;
  s->p->policy = entry.policy;
}

static void use_kept(struct search *s) {
  if (s->has_entry) use_entry(s, STSPOLICY_KEPT);
}

static void set_unreadable(struct stspolicy *p, const char *what) {
  *p = (struct stspolicy){.source = STSPOLICY_UNREADABLE};
  snprintf(p->problem, sizeof p->problem, "unable to read %.253s: %.60s", what, strerror(errno));
}

/* false: what there is, is not known. */
static bool read_entry(struct search *s) {
  int r = stscache_read(&entry, s->folder, s->domain);
  s->has_entry = r == 1 && !stscache_is_over(&entry, s->now_s);
  if (r == -1) set_unreadable(s->p, s->domain);
  return r != -1;
}

static bool failed_lately(struct search *s, const struct stscache_failure *f, const char *id) {
  return strcmp(f->id, id) == 0 && f->tried_s <= s->now_s && s->now_s - f->tried_s < STSCACHE_RETRY_S;
}

static void set_failure(struct search *s, const struct stscache_failure *f) {
  s->p->source = STSPOLICY_FAILED;
  snprintf(s->p->result, sizeof s->p->result, "%s", f->result);
  snprintf(s->p->problem, sizeof s->p->problem, "%s", f->reason);
  use_kept(s);
}

static void fetch_anew(struct search *s, const char *id) {
  struct stscache_failure f;
  if (stscache_read_failure(&f, s->folder, s->domain) == 1 && failed_lately(s, &f, id)) {
    set_failure(s, &f);
    return;
  }
  int fetched = fetch(s->domain, id, s->settings->timeoutsts_s);
  if (!read_entry(s)) return;
  if (fetched == 0 && s->has_entry) {
    use_entry(s, STSPOLICY_FETCHED);
    return;
  }
  if (stscache_read_failure(&f, s->folder, s->domain) != 1 || strcmp(f.id, id) != 0)
    f = (struct stscache_failure){.result = "sts-policy-fetch-error", .reason = "owl-sts did not end as it should"};
  set_failure(s, &f);
}

static void decide(struct search *s) {
  struct sts_records records;
  if (!read_entry(s)) return;
  if (s->settings->timeoutsts_s == 0) {
    if (s->has_entry) use_entry(s, STSPOLICY_CACHED);
    return;
  }
  enum announcement a = look_up(&records, s->domain, s->settings->timeoutdns_s, s->p->problem);
  if (a == NOT_KNOWN) s->p->source = STSPOLICY_UNKNOWN;
  if (a != ANNOUNCED) use_kept(s);
  else if (s->has_entry && strcmp(records.id, entry.id) == 0 && !stscache_is_old(&entry, s->now_s))
    use_entry(s, STSPOLICY_CACHED);
  else fetch_anew(s, records.id);
}

/* Whether files that could not be opened may hold a policy: there are none where
 * nobody could make the folder, and another user's are not this instance's. */
static bool may_hold(const char *remotedir) {
  struct stat st;
  stralloc path = {0};
  bool made = stralloc_copys(&path, remotedir) && stralloc_cats(&path, "/sts/policies") && stralloc_0(&path);
  bool is_absent = made && stat(path.s, &st) == -1 && errno == ENOENT;
  stralloc_free(&path);
  if (is_absent) return false;
  return stat(remotedir, &st) == -1 ? errno != EACCES : st.st_uid == geteuid();
}

/* false: it is no policy domain, or with ENOMEM. */
static bool take_domain(struct search *s, struct text domain) {
  stralloc ascii = {0};
  errno = 0;
  bool ok = text_is_ascii(domain) ? text_cat(&ascii, domain) == 0 : idn_to_ascii(&ascii, domain) == 0;
  int saved = errno;
  ok = ok && ascii.len && sts_domain(s->domain, sizeof s->domain, ascii.s, ascii.len);
  stralloc_free(&ascii);
  return errno = saved, ok;
}

void stspolicy_find(struct stspolicy *p, struct text domain, const struct stspolicy_settings *settings) {
  struct search s = {.p = p, .settings = settings, .now_s = (int64_t)(clock_wall_us(settings->clock) / 1000000)};
  *p = (struct stspolicy){0};
  if (!take_domain(&s, domain)) {
    if (errno == ENOMEM) set_unreadable(p, "the name of a domain");
    return;
  }
  s.folder = stscache_open(settings->remotedir);
  if (s.folder == -1) {
    set_unreadable(p, settings->remotedir);
    if (!may_hold(settings->remotedir)) p->source = STSPOLICY_ABSENT;
    return;
  }
  decide(&s);
  close(s.folder);
}

bool stspolicy_allows(const struct stspolicy *p, struct text mx) {
  return p->mode == STS_NONE || sts_policy_allows(&p->policy, mx.s ? mx.s : "", mx.len);
}
