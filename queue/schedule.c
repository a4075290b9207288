#include "config.h"
#include "queue/schedule.h"
#include <string.h>

uint64_t schedule_age(uint64_t last_age_s, uint64_t last_us, uint64_t now_us) {
  uint64_t gap_s = now_us > last_us ? (now_us - last_us) / 1000000u : 0;
  return last_age_s + (gap_s < SCHEDULE_GAP_MAX_S ? gap_s : SCHEDULE_GAP_MAX_S);
}

static uint64_t floor_sqrt(uint64_t n) {
  uint64_t root = 0;
  for (uint64_t bit = (uint64_t)1 << 31; bit; bit >>= 1)
    if ((root | bit) * (root | bit) <= n) root |= bit;
  return root;
}

uint64_t schedule_next_age(uint64_t age_s, uint64_t skip_s) {
  uint64_t root = floor_sqrt(age_s) + (skip_s ? skip_s : 1);
  return root < UINT32_MAX && skip_s < UINT32_MAX ? root * root : UINT64_MAX - 1;
}

/* The next gap of a plan; what is none counts as 0. */
static uint64_t take_gap(struct text *plan) {
  uint64_t gap_s = 0;
  const char *comma = memchr(plan->s, ',', plan->len);
  size_t len = comma ? (size_t)(comma - plan->s) : plan->len;
  if (text_uint((struct text){plan->s, len}, &gap_s) == -1) gap_s = 0;
  *plan = comma ? (struct text){comma + 1, plan->len - len - 1} : (struct text){plan->s + len, 0};
  return gap_s;
}

bool schedule_plan_checks(struct text plan) {
  if (plan.len == 0 || plan.s[plan.len - 1] == ',') return false;
  while (plan.len) {
    uint64_t gap_s = take_gap(&plan);
    if (gap_s == 0 || gap_s > SCHEDULE_GAP_MAX_S) return false;
  }
  return true;
}

uint64_t schedule_planned_age(uint64_t age_s, struct text plan) {
  uint64_t next_s = 0, gap_s = 1;
  while (plan.len) {
    gap_s = take_gap(&plan);
    if (gap_s == 0) gap_s = 1;
    next_s += gap_s;
    if (next_s > age_s) return next_s;
  }
  return next_s + ((age_s - next_s) / gap_s + 1) * gap_s;
}

static uint32_t scatter(uint32_t n) {
  n = (n ^ (n >> 16)) * 0x7feb352du;
  n = (n ^ (n >> 15)) * 0x846ca68bu;
  return n ^ (n >> 16);
}

uint64_t schedule_jitter(uint64_t age_s, uint64_t next_age_s, uint64_t percent, uint32_t seed) {
  if (next_age_s <= age_s) return next_age_s;
  uint64_t gap_s = next_age_s - age_s;
  if (gap_s > SCHEDULE_GAP_MAX_S) return next_age_s;
  uint64_t room_s = gap_s * percent / 100;
  return next_age_s + scatter(seed ^ (uint32_t)age_s) % (room_s + 1);
}
