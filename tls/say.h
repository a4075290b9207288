/* say.h - owl-tlsd's lines in the log
 *
 * "owl-tlsd: TEXT" in one write to descriptor 2.  The formatted text is cleaned of
 * control octets and cut at SAY_MAX.
 */
#ifndef OWL_TLS_SAY_H
#define OWL_TLS_SAY_H

enum { SAY_MAX = 1000 };

void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
