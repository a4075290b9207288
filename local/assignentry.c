#include "config.h"
#include "local/assignentry.h"

static bool is_id(struct text t, uint64_t *out) { return text_uint(t, out) == 0 && *out < UINT32_MAX; }

const char *assignentry_check(const struct text fields[ASSIGN_FIELDS], uint64_t *uid, uint64_t *gid) {
  if (fields[ASSIGN_USER].len == 0) return "there is no user";
  if (!is_id(fields[ASSIGN_UID], uid)) return "the uid is no number below 4294967295";
  if (!is_id(fields[ASSIGN_GID], gid)) return "the gid is no number below 4294967295";
  if (*uid == 0) return "the uid is 0, which gets no mail";
  if (fields[ASSIGN_HOME].len == 0 || fields[ASSIGN_HOME].s[0] != '/') return "the home is no absolute path";
  for (size_t i = 0; i < ASSIGN_FIELDS; i++)
    if (!text_is_clean(fields[i])) return "there is a control octet in a field";
  return NULL;
}
