/* injectormodel.h - in the place of lib/injector.c, for the doorkeeper's fuzzer:
 * an injector that is no process.  What it is given lies in a file in memory. */
#ifndef OWL_INJECTORMODEL_H
#define OWL_INJECTORMODEL_H

#include "lib/injector.h"

struct injectormodel {
  /* set by the owner */
  bool starts;
  bool takes_octets; /* or nobody can write to it */
  int code;          /* its exit code */
  struct text text;  /* of a refusal */
  void (*see)(const struct envelope *e); /* the envelope of a message that it takes */

  int message;   /* -1, or the file, while it is at work */
  unsigned taken; /* messages */
};

extern struct injectormodel injectormodel;

#endif
