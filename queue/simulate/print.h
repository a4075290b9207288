/* print.h - what a simulation has shown, for people or for programs */
#ifndef OWL_SIMULATE_PRINT_H
#define OWL_SIMULATE_PRINT_H

#include "queue/simulate/simulation.h"

/* print_tables(): destinations and senders, at most rows lines of each, those
 * with the longest delays first, and totals.  print_json(): all of them.  0, or
 * an exit code, which has been said. */
int print_tables(struct simulation *s, size_t rows);
int print_json(struct simulation *s);

#endif
