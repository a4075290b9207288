/* alias.h - follow the CNAME records of a name server's answer
 *
 * Not every server follows aliases to the end: an answer may have nothing but
 * the alias.  Names are in the form that libowfat's dns.h uses, allocated.  The
 * packet is hostile.
 */
#ifndef OWL_ALIAS_H
#define OWL_ALIAS_H

/* alias_follow(): 1: *name is an alias and has become what it stands for; 0: it
 * is none; -1: malformed, or no memory. */
int alias_follow(const char *packet, unsigned len, char **name);

#endif
