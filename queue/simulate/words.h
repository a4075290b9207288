/* words.h - a scenario's line, word by word
 *
 * What does not parse is remembered in error, which is a literal; then the
 * functions give nothing more.
 */
#ifndef OWL_SIMULATE_WORDS_H
#define OWL_SIMULATE_WORDS_H

#include <stdint.h>
#include "queue/simulate/scenario.h"

struct words {
  struct text rest;
  const char *error; /* NULL: none */
};

/* words_next(): false at the end of the line.  words_want(): the end is an error. */
bool words_next(struct words *w, struct text *word);
struct text words_want(struct words *w);

/* words_rest(): the rest of the line, without blanks around it. */
struct text words_rest(struct words *w);

/* Seconds with a fraction, or with s, m, h or d behind them; FROM-TO of them, or
 * one for both; a number; a percentage; NUMBER/SECONDS. */
uint64_t words_time(struct words *w);
struct span words_span(struct words *w);
uint64_t words_number(struct words *w);
uint64_t words_percent(struct words *w);
uint64_t words_rate(struct words *w, uint64_t *per_us);

#endif
