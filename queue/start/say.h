/* say.h - what owl-start tells the log, and how it gives up */
#ifndef OWL_START_SAY_H
#define OWL_START_SAY_H

/* start_say(): what, or what: why. */
void start_say(const char *what, const char *why);

/* Say so and exit; whoever has been started ends with us. */
_Noreturn void start_die(const char *what, const char *why);
_Noreturn void start_die_errno(const char *what);

#endif
