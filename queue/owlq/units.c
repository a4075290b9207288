#include "config.h"
#include "queue/owlq/units.h"
#include <stddef.h>

/* Digits at *word, which is moved behind them. */
static bool take_number(const char **word, uint64_t *number) {
  const char *s = *word;
  uint64_t n = 0;
  for (; *s >= '0' && *s <= '9'; s++) {
    uint64_t digit = (uint64_t)(*s - '0');
    if (n > (UINT64_MAX - digit) / 10) return false;
    n = n * 10 + digit;
  }
  if (s == *word) return false;
  *word = s;
  *number = n;
  return true;
}

static uint64_t seconds_of(char unit) {
  switch (unit) {
    case 'w': return 7 * 86400;
    case 'd': return 86400;
    case 'h': return 3600;
    case 'm': return 60;
    case 's': return 1;
  }
  return 0;
}

bool units_seconds(const char *word, uint64_t *seconds) {
  uint64_t sum = 0, number;
  bool first = true;
  do {
    if (!take_number(&word, &number)) return false;
    uint64_t unit = first && !*word ? 1 : seconds_of(*word);
    if (!unit || number > (UINT64_MAX - sum) / unit) return false;
    sum += number * unit;
    if (*word) word++;
    first = false;
  } while (*word);
  *seconds = sum;
  return true;
}

static unsigned shift_of(char unit) {
  switch (unit) {
    case 'k':
    case 'K': return 10;
    case 'm':
    case 'M': return 20;
    case 'g':
    case 'G': return 30;
  }
  return 0;
}

bool units_octets(const char *word, uint64_t *octets) {
  uint64_t number;
  if (!take_number(&word, &number)) return false;
  unsigned shift = shift_of(*word);
  if (shift) word++;
  if (*word || number > UINT64_MAX >> shift) return false;
  *octets = number << shift;
  return true;
}
