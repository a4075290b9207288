/* resend.h - send the message on descriptor 0 on to other addresses */
#ifndef OWL_LOCAL_TOOLS_RESEND_H
#define OWL_LOCAL_TOOLS_RESEND_H

struct resend {
  const char *program;     /* for complaints */
  const char *sender;      /* name of the environment variable that has it */
  char *const *recipients; /* ended by NULL */
};

/* resend(): the line in DTLINE stands in front.  Settles descriptor 0.  0 when
 * the message is in the queue; then a line on descriptor 2 says so.  Otherwise
 * 100 or 111, and the line tells why. */
int resend(const struct resend *r);

#endif
