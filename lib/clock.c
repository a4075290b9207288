#include "config.h"
#include "lib/clock.h"
#include <stdio.h>
#include <time.h>

static uint64_t read_clock(clockid_t id) {
  struct timespec t;
  clock_gettime(id, &t);
  return (uint64_t)t.tv_sec * 1000000u + (uint64_t)t.tv_nsec / 1000u;
}

static uint64_t system_wall(void *context) {
  (void)context;
  return read_clock(CLOCK_REALTIME);
}

static uint64_t system_boot(void *context) {
  (void)context;
  return read_clock(CLOCK_BOOTTIME);
}

const struct clock clock_system = {system_wall, system_boot, NULL};

uint64_t clock_wall_us(const struct clock *c) { return c->wall_us(c->context); }
uint64_t clock_boot_us(const struct clock *c) { return c->boot_us(c->context); }

int clock_cat_date(stralloc *out, uint64_t wall_us) {
  static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  time_t seconds = (time_t)(wall_us / 1000000u);
  struct tm t;
  char date[64];
  if (!gmtime_r(&seconds, &t)) return -1;
  int n = snprintf(date, sizeof date, "%d %s %d %02d:%02d:%02d -0000", t.tm_mday, months[t.tm_mon],
                   t.tm_year + 1900, t.tm_hour, t.tm_min, t.tm_sec);
  return n > 0 && stralloc_catb(out, date, (size_t)n) ? 0 : -1;
}
