#include "config.h"
#include "smtpd/talker/pace.h"

static bool is_kept(const struct pace *p) { return p->is_measured && p->rate && p->window_us; }

void pace_begin(struct pace *p) { p->is_measured = true; }
void pace_end(struct pace *p) { p->is_measured = false; }

int pace_wait_ms(const struct pace *p, int limit_ms) {
  if (!is_kept(p)) return limit_ms;
  uint64_t left_ms = (p->window_us - p->waited_us) / 1000 + 1;
  return limit_ms >= 0 && left_ms > (uint64_t)limit_ms ? limit_ms : (int)left_ms;
}

bool pace_take(struct pace *p, uint64_t waited_us, size_t octets, unsigned factor) {
  if (!is_kept(p)) return true;
  p->waited_us += waited_us;
  p->octets += octets;
  if (p->waited_us < p->window_us) return true;
  uint64_t second = 1000000, wanted = factor * p->rate * (p->waited_us / second);
  bool fast_enough = p->octets >= wanted;
  p->waited_us = p->octets = 0;
  return fast_enough;
}
