/* units.h - times and sizes as an operator types them
 *
 * units_seconds(): "2d3h", "90m", "45": weeks, days, hours, minutes, seconds;
 * a number alone is seconds.  units_octets(): "10M", "512k", "1000": powers of
 * 1024.  Both are false for anything else and for what does not fit.
 */
#ifndef OWL_OWLQ_UNITS_H
#define OWL_OWLQ_UNITS_H

#include <stdbool.h>
#include <stdint.h>

bool units_seconds(const char *word, uint64_t *seconds);
bool units_octets(const char *word, uint64_t *octets);

#endif
