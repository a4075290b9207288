/* account.h - after the sockets are bound root becomes the program's user */
#ifndef OWL_ACCOUNT_H
#define OWL_ACCOUNT_H

/* account_drop_root(): for good; who is not root stays what he is.  The account
 * stands in /etc/passwd, for a static program can ask nobody else.  0, or -1:
 * the log has said why. */
int account_drop_root(void);

#endif
