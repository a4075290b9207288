/* stscache.h - the files in which MTA-STS policies are kept (owlpost-sts(5))
 *
 * FOLDER/policies/DOMAIN holds a policy as it was fetched, FOLDER/failures/DOMAIN
 * why the last try to fetch one failed.  Each is replaced as a whole.  FOLDER is
 * remotedir/sts and owlremote's; domains are those that sts_domain() makes.
 * Times are seconds since 1970 by the wall clock.  Plain C, without libowfat.
 */
#ifndef OWL_STSCACHE_H
#define OWL_STSCACHE_H

#include "lib/sts.h"

enum {
  STSCACHE_RETRY_S = 300,  /* RFC 8461 3.3: no sooner again after a failure, for the same id */
  STSCACHE_REASON_MAX = 399
};

struct stscache_entry {
  char id[STS_ID_MAX + 1];
  int64_t fetched_s;
  struct sts_policy policy; /* a view of octets */
  char octets[STS_POLICY_MAX + 512];
};

struct stscache_failure {
  char id[STS_ID_MAX + 1];
  int64_t tried_s;
  char result[40];                      /* RFC 8460 4.3 */
  char reason[STSCACHE_REASON_MAX + 1]; /* for people; clean */
};

/* stscache_open(): the folder in remotedir, with its own, made where they are
 * not.  A descriptor, or -1 with errno. */
int stscache_open(const char *remotedir);

/* stscache_read(): 1; 0: there is none, or what is there is not sound; or -1
 * with errno.  Also one that is over: see stscache_is_over(). */
int stscache_read(struct stscache_entry *e, int folder, const char *domain);
bool stscache_is_over(const struct stscache_entry *e, int64_t now_s);

/* stscache_is_old(): its last quarter has begun, and nobody has fetched it anew. */
bool stscache_is_old(const struct stscache_entry *e, int64_t now_s);

/* stscache_write(): replaces it, and removes the failure.  0, or -1 with errno. */
int stscache_write(int folder, const char *domain, const char *id, int64_t fetched_s, const char *text, size_t len);

int stscache_remove(int folder, const char *domain);

/* The same of failures. */
int stscache_read_failure(struct stscache_failure *f, int folder, const char *domain);
int stscache_write_failure(int folder, const char *domain, const struct stscache_failure *f);

#endif
