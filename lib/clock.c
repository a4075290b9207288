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

struct date {
  unsigned year, month, day; /* month and day from 1 */
};

/* Days since 1970-01-01 in the Gregorian calendar.  gmtime_r() would read
 * /etc/localtime in every process.  Years here start in March, so that the
 * leap day is the last one; 719468 days lie between 0000-03-01 and 1970. */
static struct date date_of(uint64_t days) {
  uint64_t shifted = days + 719468;
  uint64_t era = shifted / 146097, in_era = shifted % 146097;
  uint64_t year = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
  uint64_t in_year = in_era - (365 * year + year / 4 - year / 100);
  uint64_t march_month = (5 * in_year + 2) / 153;
  struct date d;
  d.day = (unsigned)(in_year - (153 * march_month + 2) / 5 + 1);
  d.month = (unsigned)(march_month < 10 ? march_month + 3 : march_month - 9);
  d.year = (unsigned)(year + era * 400 + (d.month <= 2));
  return d;
}

int clock_cat_date(stralloc *out, uint64_t wall_us) {
  static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  uint64_t seconds = wall_us / 1000000u;
  unsigned in_day = (unsigned)(seconds % 86400u);
  struct date d = date_of(seconds / 86400u);
  char date[64];
  int n = snprintf(date, sizeof date, "%u %s %u %02u:%02u:%02u -0000", d.day, months[d.month - 1],
                   d.year, in_day / 3600, in_day / 60 % 60, in_day % 60);
  return n > 0 && stralloc_catb(out, date, (size_t)n) ? 0 : -1;
}
