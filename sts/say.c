#include "config.h"
#include "sts/say.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

void say(const char *reason, const char *object) { fprintf(stderr, "owl-sts: %s: %s\n", object, reason); }

void say_errno(const char *what, const char *object) {
  fprintf(stderr, "owl-sts: %s %s: %s\n", what, object, strerror(errno));
}
