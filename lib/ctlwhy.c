#include "config.h"
#include "lib/ctlwhy.h"

#define ROW(TAG, TYPE, MEMBER, MAX) {TAG, TYPE, offsetof(struct ctl_why, MEMBER), MAX, false}
static const struct field fields[] = {
  ROW(TAG_WHY_STATE, FIELD_UINT, state, WHY_STATES - 1),
  ROW(TAG_WHY_JOBS, FIELD_UINT, jobs, UINT64_MAX),
  ROW(TAG_WHY_NEVER, FIELD_FLAG, never, 0),
  ROW(TAG_WHY_DUE, FIELD_UINT, due_s, UINT64_MAX),
  ROW(TAG_ROUTE, FIELD_TEXT, destination, 512),
  ROW(TAG_WHY_REFUSAL, FIELD_UINT, refusal, WHY_REFUSALS - 1),
  ROW(TAG_WHY_OPENS, FIELD_UINT, opens_s, UINT64_MAX),
  ROW(TAG_WHY_WINDOW, FIELD_UINT, window, UINT64_MAX),
  ROW(TAG_WHY_RUNNING, FIELD_UINT, running, UINT64_MAX),
  ROW(TAG_WHY_PARKED, FIELD_UINT, parked, UINT64_MAX),
  ROW(TAG_TEXT, FIELD_TEXT, error, 4096),
  ROW(TAG_TIME, FIELD_UINT, error_us, UINT64_MAX),
  FIELD_END
};

int ctlwhy_put(stralloc *out, const struct ctl_why *w) { return record_put(out, fields, w); }

int ctlwhy_read(struct ctl_why *w, struct text payload) {
  *w = (struct ctl_why){0};
  return record_read(fields, w, payload);
}
