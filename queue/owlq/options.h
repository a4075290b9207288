/* options.h - words of the command line that begin with -- */
#ifndef OWL_OWLQ_OPTIONS_H
#define OWL_OWLQ_OPTIONS_H

#include <stdbool.h>

/* option_flag(): argv[*at] is name: *at is moved behind it. */
bool option_flag(char **argv, int *at, const char *name);

/* option_value(): argv[*at] is name, or name=VALUE: *at is moved behind the
 * value; *value is NULL where none is left. */
bool option_value(int argc, char **argv, int *at, const char *name, const char **value);

#endif
