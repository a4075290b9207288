/* sts.h - MTA-STS: the TXT record and the policy (RFC 8461 3.1, 3.2, 4.1)
 *
 * Plain C, without libowfat: owl-sts links libcurl.  All octets are hostile.
 * Pure; nothing is kept but views of the caller's text.
 */
#ifndef OWL_STS_H
#define OWL_STS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
  STS_ID_MAX = 32,           /* octets of an id */
  STS_POLICY_MAX = 65536,    /* octets of a policy that is read */
  STS_MAX_AGE_MAX = 31557600 /* seconds: a year; a longer time counts as this one */
};

enum sts_mode { STS_NONE, STS_TESTING, STS_ENFORCE };

/* sts_is_record(): begins as an MTA-STS record does; others do not count. */
bool sts_is_record(const char *s, size_t len);

/* sts_record_id(): reads a whole record, its strings put together.  id gets the
 * policy's id, NUL-terminated.  false: malformed. */
bool sts_record_id(char id[STS_ID_MAX + 1], const char *s, size_t len);

/* sts_records_id(): of all TXT records of _mta-sts.DOMAIN, exactly one must be
 * one of MTA-STS.  The caller sets count to 0 and calls sts_records_add() for
 * each; false at the end: no policy is announced. */
struct sts_records {
  size_t count; /* that begin as MTA-STS records */
  bool ok;      /* the last of them is well formed */
  char id[STS_ID_MAX + 1];
};
void sts_records_add(struct sts_records *r, const char *s, size_t len);
bool sts_records_announce(const struct sts_records *r);

struct sts_policy {
  enum sts_mode mode;
  uint32_t max_age_s;
  size_t mx_count;
  const char *text; /* the caller's, whole */
  size_t len;
};

/* sts_policy_read(): NULL, or why it is none.  Lines end with LF or CRLF, empty
 * ones are passed over.  Fields may come in any order; of one that is there
 * twice, mx apart, the first counts; unknown ones count for nothing. */
const char *sts_policy_read(struct sts_policy *p, const char *text, size_t len);

/* sts_policy_next_line(): the next line that is not empty, without its end;
 * *at starts at 0.  sts_policy_next_mx(): the next mx pattern.  false at the end. */
bool sts_policy_next_line(const struct sts_policy *p, size_t *at, const char **s, size_t *len);
bool sts_policy_next_mx(const struct sts_policy *p, size_t *at, const char **s, size_t *len);

/* sts_policy_allows(): one of the patterns is host, or "*." and host without
 * its first label.  A final dot of host does not count. */
bool sts_policy_allows(const struct sts_policy *p, const char *host, size_t len);

/* sts_domain(): name as a policy domain: lower case, without a final dot, "."
 * between labels of letters, digits, '-' and '_', so that it can be a file's
 * name and stand in a URL.  room is at least 254.  false: it is none. */
bool sts_domain(char *out, size_t room, const char *s, size_t len);

/* sts_mode_name(): "none", "testing", "enforce". */
const char *sts_mode_name(enum sts_mode mode);

#endif
