/* Dialogs with a scripted server, which is a child at the other end of a
 * socketpair.  In a script "S " is a line that the server sends, "C " one that
 * it must get, "T" makes the body's file short, and "X" is a hang-up; '|' divides lines that are sent together; a script that ends without one waits for the
 * client's end of file and for nothing else. */
#include "config.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include "lib/iofd.h"
#include "remote/credentials.h"
#include "remote/smtp.h"

enum { RECIPIENTS_MAX = 4, LIMIT_MS = 500 };

static const int short_limits[SMTP_STEPS] = {LIMIT_MS, LIMIT_MS, LIMIT_MS, LIMIT_MS, LIMIT_MS, LIMIT_MS, LIMIT_MS, LIMIT_MS};
static const int long_limits[SMTP_STEPS] = {5000, 5000, 5000, 5000, 5000, 5000, 5000, 5000};

#define HELLO "S 220 mx\nC EHLO client.test\nS 250 mx\n"
#define HELLO_PIPELINING "S 220 mx\nC EHLO client.test\nS 250-mx\nS 250 PIPELINING\n"
#define HELLO_WITH(keywords) "S 220 mx\nC EHLO client.test\nS 250-mx\nS 250-" keywords "\nS 250 HELP\n"
#define HELLO_CHUNKING HELLO_WITH("CHUNKING")
#define QUIT "C QUIT\nS 221 bye\n"
#define MAIL "C MAIL FROM:<a@b>\n"
#define RCPT "C RCPT TO:<x@y>\n"
#define DATA "C DATA\n"
#define BODY "C hello\nC .\n"

static const struct dialog_case {
  const char *name, *script;
  const char *sender, *recipients[RECIPIENTS_MAX + 1];
  const char *body; /* NULL: the server is asked about the recipients only */
  enum envelope_body body_type;
  unsigned messages; /* the same one, sent in one session */
  const char *results; /* lines of: recipient, class, code, status, text */
} cases[] = {
  {"plain", HELLO MAIL "S 250 ok\n" RCPT "S 250 ok\n" DATA "S 354 go\n" BODY "S 250 2.0.0 done\n" QUIT,
   "a@b", {"x@y"}, "hello\n", 0, 1, "0 K 250 2.0.0 2.0.0 done\n"},
  {"pipelined", HELLO_PIPELINING MAIL RCPT DATA "S 250 ok\nS 250 ok\nS 354 go\n" BODY "S 250 done\n" QUIT,
   "a@b", {"x@y"}, "hello\n", 0, 1, "0 K 250 2.0.0 done\n"},
  {"asked only", HELLO MAIL "S 250 ok\n" RCPT "S 250 2.1.5 yes\nC RCPT TO:<z@y>\nS 550 no\n" QUIT,
   "a@b", {"x@y", "z@y"}, NULL, 0, 1, "0 K 250 2.1.5 2.1.5 yes\n1 D 550 5.0.0 no\n"},
  {"asked only, pipelined and twice", HELLO_PIPELINING MAIL RCPT
   "S 250 ok\nS 250 yes\nC RSET\n" MAIL RCPT "S 250 ok\nS 250 ok\nS 450 wait\n" QUIT,
   "a@b", {"x@y"}, NULL, 0, 2, "0 K 250 2.0.0 yes\n0 Z 450 4.2.0 wait\n"},
  {"asked only, and the sender is refused", HELLO MAIL "S 550 5.7.1 no\n" QUIT, "a@b", {"x@y"}, NULL, 0, 1,
   "0 Z 550 4.7.0 5.7.1 no\n"},
  {"HELO", "S 220 mx\nC EHLO client.test\nS 502 what?\nC HELO client.test\nS 250 mx\n" MAIL "S 250 ok\n" RCPT
   "S 250 ok\n" DATA "S 354 go\n" BODY "S 250 done\n" QUIT,
   "a@b", {"x@y"}, "hello\n", 0, 1, "0 K 250 2.0.0 done\n"},
  {"greeting of several lines", "S 220-mx\nS 220-no spam\nS 220 please\nC EHLO client.test\nS 250 mx\n" QUIT,
   "a@b", {"x@y"}, "hello\n", 0, 0, ""},
  {"greeting refuses", "S 554 no service\n", "a@b", {"x@y"}, "hello\n", 0, 1, "hello: Z 554 4.3.2 no service\n"},
  {"greeting defers", "S 421 4.7.0 busy\n", "a@b", {"x@y"}, "hello\n", 0, 1, "hello: Z 421 4.7.0 4.7.0 busy\n"},
  {"greeting is none", "S SSH-2.0\n", "a@b", {"x@y"}, "hello\n", 0, 1,
   "hello: Z 0 4.5.0 malformed reply at the greeting\n"},
  {"no greeting", "X\n", "a@b", {"x@y"}, "hello\n", 0, 1, "hello: Z 0 4.4.2 connection closed at the greeting\n"},
  {"greeting does not come", "", "a@b", {"x@y"}, "hello\n", 0, 1, "hello: Z 0 4.4.2 timed out at the greeting\n"},
  {"EHLO deferred", "S 220 mx\nC EHLO client.test\nS 450 wait\n", "a@b", {"x@y"}, "hello\n", 0, 1,
   "hello: Z 450 4.2.0 wait\n"},
  {"HELO refused", "S 220 mx\nC EHLO client.test\nS 550 no\nC HELO client.test\nS 550 no\n", "a@b", {"x@y"},
   "hello\n", 0, 1, "hello: Z 550 4.3.2 no\n"},
  {"parameters", "S 220 mx\nC EHLO client.test\nS 250-mx\nS 250-size 1000\nS 250-8BITMIME\nS 250 HELP\n"
   "C MAIL FROM:<a@b> SIZE=7 BODY=8BITMIME\nS 250 ok\n" RCPT "S 250 ok\n" DATA "S 354 go\n" BODY
   "S 250 done\n" QUIT,
   "a@b", {"x@y"}, "hello\n", BODY_8BITMIME, 1, "0 K 250 2.0.0 done\n"},
  {"parameters not offered", HELLO MAIL "S 250 ok\n" RCPT "S 250 ok\n" DATA "S 354 go\n" BODY "S 250 done\n" QUIT,
   "a@b", {"x@y"}, "hello\n", BODY_8BITMIME, 1, "0 K 250 2.0.0 done\n"},
  {"extensions that only look alike", "S 220 mx\nC EHLO client.test\nS 250-SIZE\nS 250-SIZEX\nS 250 XPIPELINING\n"
   MAIL "S 250 ok\n" RCPT "S 550 no\n" QUIT,
   "a@b", {"x@y"}, "hello\n", 0, 1, "0 D 550 5.0.0 no\n"},
  {"null reverse-path, quoted local-part", HELLO "C MAIL FROM:<>\nS 250 ok\nC RCPT TO:<\"x y\"@z>\nS 550 no\n" QUIT,
   "", {"x y@z"}, "hello\n", 0, 1, "0 D 550 5.0.0 no\n"},
  {"MAIL refused", HELLO MAIL "S 550 5.1.8 no\n" QUIT, "a@b", {"x@y", "z@y"}, "hello\n", 0, 1,
   "0 D 550 5.1.8 5.1.8 no\n1 D 550 5.1.8 5.1.8 no\n"},
  {"MAIL refused, pipelined", HELLO_PIPELINING MAIL RCPT "C RCPT TO:<z@y>\n" DATA
   "S 550 5.1.8 no\nS 503 what\nS 503 what\nS 503 what\n" QUIT,
   "a@b", {"x@y", "z@y"}, "hello\n", 0, 1, "0 D 550 5.1.8 5.1.8 no\n1 D 550 5.1.8 5.1.8 no\n"},
  {"MAIL refused, pipelined, and hung up", HELLO_PIPELINING MAIL RCPT DATA "S 550 5.1.8 no\nX\n",
   "a@b", {"x@y"}, "hello\n", 0, 1, "0 D 550 5.1.8 5.1.8 no\n"},
  {"some recipients refused", HELLO MAIL "S 250 ok\n" RCPT "S 550 5.1.1 who\nC RCPT TO:<z@y>\nS 251 ok\n"
   "C RCPT TO:<w@y>\nS 450 wait\n" DATA "S 354 go\n" BODY "S 250 done\n" QUIT,
   "a@b", {"x@y", "z@y", "w@y"}, "hello\n", 0, 1,
   "0 D 550 5.1.1 5.1.1 who\n2 Z 450 4.2.0 wait\n1 K 250 2.0.0 done\n"},
  {"some recipients refused, pipelined", HELLO_PIPELINING MAIL RCPT "C RCPT TO:<z@y>\nC RCPT TO:<w@y>\n" DATA
   "S 250 ok\nS 550 5.1.1 who\nS 250 ok\nS 450 wait\nS 354 go\n" BODY "S 250 done\n" QUIT,
   "a@b", {"x@y", "z@y", "w@y"}, "hello\n", 0, 1,
   "0 D 550 5.1.1 5.1.1 who\n2 Z 450 4.2.0 wait\n1 K 250 2.0.0 done\n"},
  {"too many recipients by 552", HELLO MAIL "S 250 ok\n" RCPT "S 250 ok\nC RCPT TO:<z@y>\nS 552 too many\n" DATA
   "S 354 go\n" BODY "S 250 done\n" MAIL "S 250 ok\nC RCPT TO:<z@y>\nS 250 ok\n" DATA "S 354 go\n" BODY "S 550 no\n" QUIT,
   "a@b", {"x@y", "z@y"}, "hello\n", 0, 1, "0 K 250 2.0.0 done\n1 D 550 5.0.0 no\n"},
  {"too many recipients by 452, pipelined", HELLO_PIPELINING MAIL RCPT "C RCPT TO:<z@y>\nC RCPT TO:<w@y>\n" DATA
   "S 250 ok\nS 250 ok\nS 452 4.5.3 too many\nS 452 4.5.3 too many\nS 354 go\n" BODY "S 250 done\n" MAIL
   "C RCPT TO:<z@y>\nC RCPT TO:<w@y>\n" DATA "S 250 ok\nS 452 4.5.3 none at all\nS 250 ok\nS 354 go\n" BODY "S 250 done\n" QUIT,
   "a@b", {"x@y", "z@y", "w@y"}, "hello\n", 0, 1,
   "0 K 250 2.0.0 done\n1 Z 452 4.5.3 4.5.3 none at all\n2 K 250 2.0.0 done\n"},
  {"too many recipients, and the session ends", HELLO MAIL "S 250 ok\n" RCPT "S 250 ok\nC RCPT TO:<z@y>\nS 452 too many\n"
   DATA "S 354 go\n" BODY "S 421 4.3.2 down\n",
   "a@b", {"x@y", "z@y"}, "hello\n", 0, 1, "lost: Z 421 4.3.2 4.3.2 down\n"},
  {"452 for the disk", HELLO MAIL "S 250 ok\n" RCPT "S 250 ok\nC RCPT TO:<z@y>\nS 452 4.3.1 disk\n" DATA
   "S 354 go\n" BODY "S 250 done\n" QUIT,
   "a@b", {"x@y", "z@y"}, "hello\n", 0, 1, "1 Z 452 4.3.1 4.3.1 disk\n0 K 250 2.0.0 done\n"},
  {"RCPTMAX", HELLO_WITH("LIMITS RCPTMAX=2 FOO RCPTMAX=x") MAIL "S 250 ok\n" RCPT "S 250 ok\nC RCPT TO:<z@y>\nS 250 ok\n" DATA
   "S 354 go\n" BODY "S 250 done\n" MAIL "S 250 ok\nC RCPT TO:<w@y>\nS 250 ok\n" DATA "S 354 go\n" BODY "S 250 done\n" QUIT,
   "a@b", {"x@y", "z@y", "w@y"}, "hello\n", 0, 1,
   "0 K 250 2.0.0 done\n1 K 250 2.0.0 done\n2 K 250 2.0.0 done\n"},
  {"RCPTDOMAINMAX", HELLO_WITH("limits rcptdomainmax=1") MAIL "S 250 ok\n" RCPT "S 250 ok\nC RCPT TO:<w@Y>\nS 550 no\n" DATA
   "S 354 go\n" BODY "S 250 done\n" MAIL "S 250 ok\nC RCPT TO:<z@w>\nS 250 ok\n" DATA "S 354 go\n" BODY "S 250 done\n" QUIT,
   "a@b", {"x@y", "w@Y", "z@w"}, "hello\n", 0, 1,
   "1 D 550 5.0.0 no\n0 K 250 2.0.0 done\n2 K 250 2.0.0 done\n"},
  {"MAILMAX", HELLO_WITH("LIMITS MAILMAX=1") MAIL "S 250 ok\n" RCPT "S 250 ok\n" DATA "S 354 go\n" BODY "S 250 done\n" QUIT,
   "a@b", {"x@y"}, "hello\n", 0, 2, "0 K 250 2.0.0 done\nagain: K 250 2.0.0 done\n"},
  {"CHUNKING", HELLO_CHUNKING MAIL "S 250 ok\n" RCPT "S 250 ok\nC BDAT 13 LAST\nC .\nC a b\nC .\nC \nS 250 done\n" QUIT,
   "a@b", {"x@y"}, ".\na\rb\n.\r\n\n", 0, 1, "0 K 250 2.0.0 done\n"},
  {"CHUNKING, an empty message", HELLO_CHUNKING MAIL "S 250 ok\n" RCPT "S 250 ok\nC BDAT 0 LAST\nS 250 done\n" QUIT,
   "a@b", {"x@y"}, "", 0, 1, "0 K 250 2.0.0 done\n"},
  {"CHUNKING, pipelined, waits for somebody to get it", HELLO_WITH("PIPELINING\nS 250-CHUNKING") MAIL RCPT "C RCPT TO:<z@y>\n"
   "S 250 ok\nS 550 no\nS 250 ok\nC BDAT 7 LAST\nC hello\nS 250 done\n" QUIT,
   "a@b", {"x@y", "z@y"}, "hello\n", 0, 1, "0 D 550 5.0.0 no\n1 K 250 2.0.0 done\n"},
  {"CHUNKING, nobody left", HELLO_CHUNKING MAIL "S 250 ok\n" RCPT "S 550 no\nC RSET\nS 250 ok\n" MAIL "S 550 no\n" QUIT,
   "a@b", {"x@y"}, "hello\n", 0, 2, "0 D 550 5.0.0 no\n0 D 550 5.0.0 no\n"},
  {"CHUNKING, message refused", HELLO_CHUNKING MAIL "S 250 ok\n" RCPT "S 250 ok\nC BDAT 7 LAST\nC hello\nS 554 5.6.0 no\n"
   "C RSET\nS 250 ok\n" MAIL "S 550 no\n" QUIT,
   "a@b", {"x@y"}, "hello\n", 0, 2, "0 D 554 5.6.0 5.6.0 no\n0 D 550 5.0.0 no\n"},
  {"CHUNKING, no answer", HELLO_CHUNKING MAIL "S 250 ok\n" RCPT "S 250 ok\nC BDAT 7 LAST\nC hello\nX\n",
   "a@b", {"x@y"}, "hello\n", 0, 1,
   "0 Z 0 4.4.2 connection closed at the end of the data: the message may have been delivered\n"},
  {"CHUNKING, a success before the chunk", HELLO_CHUNKING MAIL "S 250 ok\n" RCPT "S 250 ok|250 again\n",
   "a@b", {"x@y"}, "hello\n", 0, 1, "lost: Z 0 4.5.0 reply without a command at the data\n"},
  {"BINARYMIME", HELLO_WITH("BINARYMIME\nS 250-CHUNKING") "C MAIL FROM:<a@b> BODY=BINARYMIME\nS 250 ok\n" RCPT
   "S 250 ok\nC BDAT 7 LAST\nC hello\nS 250 done\n" QUIT,
   "a@b", {"x@y"}, "hello\n", BODY_BINARYMIME, 1, "0 K 250 2.0.0 done\n"},
  {"BINARYMIME is nothing without CHUNKING", HELLO_WITH("BINARYMIME") QUIT, "a@b", {"x@y"}, "hello\n", BODY_BINARYMIME, 1,
   "0 D 0 5.6.1 the server does not take binary mail (BINARYMIME)\n"},
  {"552 for a full mailbox", HELLO MAIL "S 250 ok\n" RCPT "S 250 ok\nC RCPT TO:<z@y>\nS 552 5.2.2 full\n" DATA
   "S 354 go\n" BODY "S 250 done\n" QUIT,
   "a@b", {"x@y", "z@y"}, "hello\n", 0, 1, "1 D 552 5.2.2 5.2.2 full\n0 K 250 2.0.0 done\n"},
  {"nobody left, no DATA", HELLO MAIL "S 250 ok\n" RCPT "S 550 no\n" QUIT, "a@b", {"x@y"}, "hello\n", 0, 1,
   "0 D 550 5.0.0 no\n"},
  {"nobody left, pipelined, 354", HELLO_PIPELINING MAIL RCPT DATA "S 250 ok\nS 550 no\nS 354 go\nC .\n"
   "S 554 no recipients\n" QUIT,
   "a@b", {"x@y"}, "hello\n", 0, 1, "0 D 550 5.0.0 no\n"},
  {"RSET when a transaction was left open", HELLO MAIL "S 250 ok\n" RCPT "S 550 no\nC RSET\nS 250 ok\n" MAIL
   "S 250 ok\n" RCPT "S 550 no\n" QUIT,
   "a@b", {"x@y"}, "hello\n", 0, 2, "0 D 550 5.0.0 no\n0 D 550 5.0.0 no\n"},
  {"RSET travels with the pipeline", HELLO_PIPELINING MAIL RCPT DATA "S 250 ok\nS 550 no\nS 503 no\nC RSET\n" MAIL RCPT
   DATA "S 250 ok\nS 250 ok\nS 550 no\nS 503 no\n" QUIT,
   "a@b", {"x@y"}, "hello\n", 0, 2, "0 D 550 5.0.0 no\n0 D 550 5.0.0 no\n"},
  {"no RSET after a message", HELLO MAIL "S 250 ok\n" RCPT "S 250 ok\n" DATA "S 354 go\n" BODY "S 250 done\n" MAIL
   "S 250 ok\n" RCPT "S 250 ok\n" DATA "S 354 go\n" BODY "S 554 spam\n" MAIL "S 250 ok\n" RCPT "S 250 ok\n" DATA
   "S 354 go\n" BODY "S 250 done\n" QUIT,
   "a@b", {"x@y"}, "hello\n", 0, 3, "0 K 250 2.0.0 done\n0 D 554 5.0.0 spam\n0 K 250 2.0.0 done\n"},
  {"no RSET after MAIL was refused", HELLO MAIL "S 450 no\n" MAIL "S 450 no\n" QUIT, "a@b", {"x@y"}, "hello\n", 0, 2,
   "0 Z 450 4.2.0 no\n0 Z 450 4.2.0 no\n"},
  {"DATA refused", HELLO MAIL "S 250 ok\n" RCPT "S 250 ok\n" DATA "S 451 4.3.1 disk\n" QUIT, "a@b", {"x@y"}, "hello\n",
   0, 1, "lost: Z 451 4.3.1 4.3.1 disk\n"},
  {"DATA refused for the message", HELLO MAIL "S 250 ok\n" RCPT "S 250 ok\n" DATA "S 451 4.7.1 wait\n" QUIT, "a@b", {"x@y"}, "hello\n",
   0, 1, "0 Z 451 4.7.1 4.7.1 wait\n"},
  {"busy at MAIL", HELLO MAIL "S 452 no room\n" QUIT, "a@b", {"x@y"}, "hello\n", 0, 1, "lost: Z 452 4.3.1 no room\n"},
  {"busy at the end", HELLO MAIL "S 250 ok\n" RCPT "S 250 ok\n" DATA "S 354 go\n" BODY "S 451 4.4.1 no\n" QUIT, "a@b", {"x@y"},
   "hello\n", 0, 1, "lost: Z 451 4.4.1 4.4.1 no\n"},
  {"busy at the end for one", HELLO MAIL "S 250 ok\n" RCPT "S 550 no\nC RCPT TO:<z@y>\nS 250 ok\n" DATA "S 354 go\n" BODY
   "S 451 4.3.0 no\n" QUIT, "a@b", {"x@y", "z@y"}, "hello\n", 0, 1, "0 D 550 5.0.0 no\nlost: Z 451 4.3.0 4.3.0 no\n"},
  {"DATA gets 250", HELLO MAIL "S 250 ok\n" RCPT "S 250 ok\n" DATA "S 250 done\n", "a@b", {"x@y"}, "hello\n", 0, 1,
   "lost: Z 250 4.5.0 done\n"},
  {"message refused", HELLO MAIL "S 250 ok\n" RCPT "S 250 ok\nC RCPT TO:<z@y>\nS 250 ok\n" DATA "S 354 go\n" BODY
   "S 554 5.6.0 no\n" QUIT,
   "a@b", {"x@y", "z@y"}, "hello\n", 0, 1, "0 D 554 5.6.0 5.6.0 no\n1 D 554 5.6.0 5.6.0 no\n"},
  {"body is stuffed", HELLO MAIL "S 250 ok\n" RCPT "S 250 ok\n" DATA "S 354 go\nC a\nC ..\nC ..b\nC c d\nC .\n"
   "S 250 done\n" QUIT,
   "a@b", {"x@y"}, "a\n.\n.b\r\nc\rd", 0, 1, "0 K 250 2.0.0 done\n"},
  {"421 at MAIL", HELLO MAIL "S 421 4.3.2 enough\n", "a@b", {"x@y"}, "hello\n", 0, 1,
   "lost: Z 421 4.3.2 4.3.2 enough\n"},
  {"421 at the second RCPT", HELLO MAIL "S 250 ok\n" RCPT "S 550 no\nC RCPT TO:<z@y>\nS 421 enough\n", "a@b",
   {"x@y", "z@y"}, "hello\n", 0, 1, "0 D 550 5.0.0 no\nlost: Z 421 4.3.2 enough\n"},
  {"closed at MAIL", HELLO MAIL "X\n", "a@b", {"x@y"}, "hello\n", 0, 1, "lost: Z 0 4.4.2 connection closed at MAIL\n"},
  {"closed at DATA", HELLO MAIL "S 250 ok\n" RCPT "S 250 ok\n" DATA "X\n", "a@b", {"x@y"}, "hello\n", 0, 1,
   "lost: Z 0 4.4.2 connection closed at DATA\n"},
  {"closed after the message", HELLO MAIL "S 250 ok\n" RCPT "S 250 ok\n" DATA "S 354 go\n" BODY "X\n", "a@b", {"x@y"},
   "hello\n", 0, 1, "0 Z 0 4.4.2 connection closed at the end of the data: the message may have been delivered\n"},
  {"no answer to the message", HELLO MAIL "S 250 ok\n" RCPT "S 250 ok\n" DATA "S 354 go\n" BODY, "a@b", {"x@y"},
   "hello\n", 0, 1, "0 Z 0 4.4.2 timed out at the end of the data: the message may have been delivered\n"},
  {"421 to the message", HELLO MAIL "S 250 ok\n" RCPT "S 250 ok\n" DATA "S 354 go\n" BODY "S 421 no\n", "a@b", {"x@y"},
   "hello\n", 0, 1, "lost: Z 421 4.3.2 no\n"},
  {"nonsense at MAIL", HELLO MAIL "S 354 go\n", "a@b", {"x@y"}, "hello\n", 0, 1, "lost: Z 354 4.5.0 go\n"},
  {"nonsense at RCPT", HELLO MAIL "S 250 ok\n" RCPT "S hello\n", "a@b", {"x@y"}, "hello\n", 0, 1,
   "lost: Z 0 4.5.0 malformed reply at RCPT\n"},
  {"a reply too many", HELLO MAIL "S 250 ok\n" RCPT "S 250 ok\n" DATA "S 354 go\n" BODY "S 250 done|250 again\n",
   "a@b", {"x@y"}, "hello\n", 0, 2, "0 K 250 2.0.0 done\nlost: Z 0 4.5.0 reply without a command at MAIL\n"},
  {"a success before the end of the data", HELLO MAIL "S 250 ok\n" RCPT "S 250 ok\n" DATA "S 354 go|250 again\n",
   "a@b", {"x@y"}, "hello\n", 0, 1, "lost: Z 0 4.5.0 reply without a command at the data\n"},
  {"nonsense before the end of the data", HELLO MAIL "S 250 ok\n" RCPT "S 250 ok\n" DATA "S 354 go|hello\n",
   "a@b", {"x@y"}, "hello\n", 0, 1, "lost: Z 0 4.5.0 reply without a command at the data\n"},
  {"a refusal before the end of the data", HELLO MAIL "S 250 ok\n" RCPT "S 250 ok\n" DATA "S 354 go|554 spam\n" BODY QUIT,
   "a@b", {"x@y"}, "hello\n", 0, 1, "0 D 554 5.0.0 spam\n"},
  {"8-bit text, not offered", HELLO_WITH("SIZE") "C MAIL FROM:<a@b> SIZE=129\nS 250 ok\n" RCPT "S 250 ok\n" DATA "S 354 go\nC a: b\n"
   "C MIME-Version: 1.0\nC Content-Type: text/plain; charset=unknown-8bit\nC Content-Transfer-Encoding: quoted-printable\n"
   "C \nC ..=C3=BC\nC .\nS 250 done\n" QUIT,
   "a@b", {"x@y"}, "a: b\n\n.\303\274\n", BODY_8BITMIME, 1, "0 K 250 2.0.0 done\n"},
  {"8-bit text, not offered, by BDAT", HELLO_CHUNKING MAIL "S 250 ok\n" RCPT "S 250 ok\nC BDAT 129 LAST\nC a: b\n"
   "C MIME-Version: 1.0\nC Content-Type: text/plain; charset=unknown-8bit\nC Content-Transfer-Encoding: quoted-printable\n"
   "C \nC .=C3=BC\nS 250 done\n" QUIT,
   "a@b", {"x@y"}, "a: b\n\n.\303\274\n", BODY_8BITMIME, 1, "0 K 250 2.0.0 done\n"},
  {"8-bit text that cannot be changed", HELLO QUIT, "a@b", {"x@y"}, "Content-Type: message/partial\n\n\303\274\n", BODY_8BITMIME, 1,
   "0 D 0 5.6.3 the server does not take 8-bit data (8BITMIME), and the message cannot be changed\n"},
  {"8-bit text that nobody told of", HELLO_WITH("8BITMIME") "C MAIL FROM:<a@b> BODY=8BITMIME\nS 550 no\n" QUIT, "a@b", {"x@y"},
   "a: b\n\n\303\274\n", BODY_7BIT, 1, "0 D 550 5.0.0 no\n"},
  {"8-bit octets in the header alone", HELLO MAIL "S 550 no\n" QUIT, "a@b", {"x@y"}, "a: \303\274\n\nb\n", 0, 1,
   "0 D 550 5.0.0 no\n"},
  {"SMTPUTF8 needed", HELLO QUIT, "a@b", {"\303\274@y"}, "hello\n", 0, 1,
   "0 D 0 5.6.7 the server does not take internationalized mail (SMTPUTF8)\n"},
  {"SMTPUTF8 used", "S 220 mx\nC EHLO client.test\nS 250-mx\nS 250 SMTPUTF8\nC MAIL FROM:<a@b> SMTPUTF8\nS 550 no\n" QUIT,
   "a@b", {"\303\274@y"}, "hello\n", 0, 1, "0 D 550 5.0.0 no\n"},
};

#define LHLO "S 220 store\nC LHLO client.test\nS 250 store\n"
#define LHLO_PIPELINING "S 220 store\nC LHLO client.test\nS 250-store\nS 250-PIPELINING\nS 250 ENHANCEDSTATUSCODES\n"
#define RCPT2 "C RCPT TO:<z@y>\n"
#define ACCEPTED2 MAIL "S 250 ok\n" RCPT "S 250 ok\n" RCPT2 "S 250 ok\n" DATA "S 354 go\n"

/* Servers of mailboxes. */
static const struct dialog_case lmtp_cases[] = {
  {"LMTP, two answers", LHLO_PIPELINING MAIL RCPT RCPT2 DATA "S 250 ok\nS 250 ok\nS 250 ok\nS 354 go\n" BODY
   "S 250 2.0.0 kept\nS 452 4.2.2 full\n" QUIT,
   "a@b", {"x@y", "z@y"}, "hello\n", 0, 1, "0 K 250 2.0.0 2.0.0 kept\n1 Z 452 4.2.2 4.2.2 full\n"},
  {"LMTP, answers in one packet", LHLO ACCEPTED2 BODY "S 552 5.2.2 full|250 2.0.0 kept\n" QUIT,
   "a@b", {"x@y", "z@y"}, "hello\n", 0, 1, "0 D 552 5.2.2 5.2.2 full\n1 K 250 2.0.0 2.0.0 kept\n"},
  {"LMTP, the answer is for who was accepted", LHLO MAIL "S 250 ok\n" RCPT "S 550 5.1.1 who?\n" RCPT2
   "S 250 ok\n" DATA "S 354 go\n" BODY "S 250 2.0.0 kept\n" QUIT,
   "a@b", {"x@y", "z@y"}, "hello\n", 0, 1, "0 D 550 5.1.1 5.1.1 who?\n1 K 250 2.0.0 2.0.0 kept\n"},
  {"LMTP, two messages", LHLO MAIL "S 250 ok\n" RCPT "S 250 ok\n" DATA "S 354 go\n" BODY "S 250 one\n"
   MAIL "S 250 ok\n" RCPT "S 250 ok\n" DATA "S 354 go\n" BODY "S 250 two\n" QUIT,
   "a@b", {"x@y"}, "hello\n", 0, 2, "0 K 250 2.0.0 one\n0 K 250 2.0.0 two\n"},
  {"LMTP, closed between the answers", LHLO ACCEPTED2 BODY "S 250 kept\nX\n", "a@b", {"x@y", "z@y"}, "hello\n",
   0, 1, "0 K 250 2.0.0 kept\n1 Z 0 4.4.2 connection closed at the end of the data: the message may have been delivered\n"},
  {"LMTP, one answer is missing", LHLO ACCEPTED2 BODY "S 550 no\n", "a@b", {"x@y", "z@y"}, "hello\n",
   0, 1, "0 D 550 5.0.0 no\n1 Z 0 4.4.2 timed out at the end of the data: the message may have been delivered\n"},
  {"LMTP, 421 ends the session behind the answers", LHLO ACCEPTED2 BODY "S 421 4.3.2 down\nS 250 kept\n",
   "a@b", {"x@y", "z@y"}, "hello\n", 0, 2, "0 Z 421 4.3.2 4.3.2 down\n1 K 250 2.0.0 kept\n"},
  {"LMTP, an answer that is none", LHLO ACCEPTED2 BODY "S 354 go|250 kept\n", "a@b", {"x@y", "z@y"}, "hello\n",
   0, 1, "0 Z 354 4.5.0 go\n1 Z 354 4.5.0 go\n"},
  {"LMTP, an answer before the end of the data", LHLO MAIL "S 250 ok\n" RCPT "S 250 ok\n" RCPT2 "S 250 ok\n" DATA
   "S 354 go|550 no\n", "a@b", {"x@y", "z@y"}, "hello\n", 0, 1,
   "lost: Z 0 4.5.0 reply without a command at the data\n"},
  {"LMTP, an answer too many", LHLO ACCEPTED2 BODY "S 250 one|250 two|550 three\n", "a@b", {"x@y", "z@y"},
   "hello\n", 0, 2, "0 K 250 2.0.0 one\n1 K 250 2.0.0 two\nlost: Z 0 4.5.0 reply without a command at MAIL\n"},
  {"LMTP, nobody is accepted", LHLO MAIL "S 250 ok\n" RCPT "S 550 5.1.1 who?\n" QUIT, "a@b", {"x@y"}, "hello\n",
   0, 1, "0 D 550 5.1.1 5.1.1 who?\n"},
  {"LMTP, go on for nobody", LHLO_PIPELINING MAIL RCPT DATA "S 250 ok\nS 550 who?\nS 354 go\n", "a@b", {"x@y"},
   "hello\n", 0, 1, "0 D 550 5.0.0 who?\n"},
  {"LMTP, DATA refused", LHLO MAIL "S 250 ok\n" RCPT "S 250 ok\n" RCPT2 "S 250 ok\n" DATA "S 451 4.3.0 disk\n" QUIT,
   "a@b", {"x@y", "z@y"}, "hello\n", 0, 1, "0 Z 451 4.3.0 4.3.0 disk\n1 Z 451 4.3.0 4.3.0 disk\n"},
  {"LMTP, no HELO", "S 220 mx\nC LHLO client.test\nS 500 what?\n", "a@b", {"x@y"}, "hello\n", 0, 1,
   "hello: Z 500 4.3.2 what?\n"},
  {"LMTP, parameters", "S 220 store\nC LHLO client.test\nS 250-store\nS 250-SIZE\nS 250-SMTPUTF8\nS 250 8BITMIME\n"
   "C MAIL FROM:<a@b> SIZE=7 BODY=8BITMIME SMTPUTF8\nS 250 ok\nC RCPT TO:<\303\274@y>\nS 250 ok\n" DATA "S 354 go\n"
   BODY "S 250 kept\n" QUIT,
   "a@b", {"\303\274@y"}, "hello\n", BODY_8BITMIME, 1, "0 K 250 2.0.0 kept\n"},
  {"LMTP, the null sender", LHLO "C MAIL FROM:<>\nS 250 ok\n" RCPT "S 250 ok\n" DATA "S 354 go\n" BODY "S 250 kept\n" QUIT,
   "", {"x@y"}, "hello\n", 0, 1, "0 K 250 2.0.0 kept\n"},
};

/* ---- the server */

static void fail_server(const char *what, const char *got) {
  fprintf(stderr, "server: expected %s, got %s\n", what, got);
  _exit(1);
}

static void expect_line(int fd, const char *line, size_t len) {
  char got[512], wanted[512];
  size_t n = 0;
  snprintf(wanted, sizeof wanted, "%.*s\r\n", (int)len, line);
  while (n < strlen(wanted) && io_read(fd, got + n, 1, 2000) == 1) n++;
  got[n] = 0;
  if (strcmp(got, wanted) != 0) fail_server(wanted, got);
}

static void take_line(int fd) {
  char c = 0;
  while (c != '\n' && io_read(fd, &c, 1, 2000) == 1) continue;
}

static void send_line(int fd, const char *line, size_t len) {
  char out[512];
  int n = snprintf(out, sizeof out, "%.*s\r\n", (int)len, line);
  for (char *bar; (bar = strchr(out, '|'));) *bar = '\n';
  if (io_write_all(fd, out, (size_t)n, 2000) == -1) fail_server("to write", "an error");
}

static int shortened_fd; /* the body, for "T" */

static void serve(int fd, const char *script) {
  for (const char *end; (end = strchr(script, '\n')); script = end + 1) {
    if (*script == 'X') _exit(0);
    if (*script == 'T' && ftruncate(shortened_fd, 1) == -1) _exit(1);
    size_t len = (size_t)(end - script) - 2;
    if (*script == 'S') send_line(fd, script + 2, len);
    if (*script == 'R') take_line(fd);
    if (*script == 'C') expect_line(fd, script + 2, len);
  }
  char c;
  if (io_read(fd, &c, 1, 2000) != 0) fail_server("the end", "more");
  _exit(0);
}

static pid_t start_server(int *client, const char *script) {
  int pair[2];
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
  pid_t pid = fork();
  assert_true(pid >= 0);
  if (pid == 0) {
    close(pair[0]);
    serve(pair[1], script);
  }
  close(pair[1]);
  *client = pair[0];
  assert_int_equal(io_set_nonblocking(*client), 0);
  return pid;
}

/* ---- the client */

static stralloc results;

static void note(const char *who, const struct verdict *v) {
  const char letters[] = "?KZD";
  char line[512];
  snprintf(line, sizeof line, "%s %c %u %s %.*s\n", who, letters[v->class], v->code, v->status, (int)v->text.len,
           v->text.s);
  assert_true(stralloc_cats(&results, line));
}

static void report(void *context, size_t n, const struct verdict *v) {
  char who[] = {(char)('0' + n), 0};
  (void)context;
  note(who, v);
}

static void send_messages(struct smtp *s, const struct dialog_case *c) {
  struct envelope e = {.sender = text_of(c->sender), .body = c->body_type};
  enum recipient_state states[RECIPIENTS_MAX];
  struct transaction t = {.envelope = &e,
                          .states = states,
                          .body = {text_of(c->body), -1, c->body ? strlen(c->body) : 0, c->body_type == BODY_BINARYMIME, NULL},
                          .asks_only = !c->body,
                          .report = report};
  for (size_t n = 0; c->recipients[n]; n++) envelope_add(&e)->address = text_of(c->recipients[n]);
  for (unsigned i = 0; i < c->messages && s->open; i++) {
    memset(states, 0, sizeof states);
    enum smtp_end end = smtp_send(s, &t);
    if (end == SMTP_LOST) note("lost:", &s->verdict);
    if (end == SMTP_AGAIN) note("again:", &s->verdict);
  }
  envelope_free(&e);
}

/* Sessions with who is logged in at, by the server's address; + before it: its certificate
 * has been checked; !: that does not matter. */
static const struct {
  struct dialog_case c;
  const char *address;
} logins[] = {
  {{"log in by CRAM-MD5", "S 220 mx\nC EHLO client.test\nS 250-mx\nS 250 AUTH LOGIN PLAIN CRAM-MD5\n" "C AUTH CRAM-MD5\nS 334 PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+\nC dGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw\nS 235 ok\n" QUIT, "a@b", {"x@y"}, "hello\n", 0, 0, ""}, "+192.0.2.1"},
  {{"log in by PLAIN on loopback", "S 220 mx\nC EHLO client.test\nS 250-mx\nS 250 AUTH LOGIN PLAIN\n" "C AUTH PLAIN AHRpbQB0YW5zdGFhZnRhbnN0YWFm\nS 235 ok\n" QUIT, "a@b", {"x@y"}, "hello\n", 0, 0, ""}, "127.0.0.1"},
  {{"log in by LOGIN on loopback", "S 220 mx\nC EHLO client.test\nS 250-mx\nS 250 AUTH LOGIN\n" "C AUTH LOGIN\nS 334 VXNlcm5hbWU6\nC dGlt\nS 334 UGFzc3dvcmQ6\nC dGFuc3RhYWZ0YW5zdGFhZg==\nS 235 ok\n" QUIT, "a@b", {"x@y"}, "hello\n", 0, 0, ""}, "::1"},
  {{"log in, then a message", "S 220 mx\nC EHLO client.test\nS 250-mx\nS 250 AUTH PLAIN\n" "C AUTH PLAIN AHRpbQB0YW5zdGFhZnRhbnN0YWFm\nS 235 ok\n" MAIL "S 250 ok\n" RCPT "S 250 ok\n" DATA "S 354 go\n" BODY "S 250 done\n" QUIT, "a@b", {"x@y"}, "hello\n", 0, 1, "0 K 250 2.0.0 done\n"}, "127.0.0.1"},
  {{"no password over the network", "S 220 mx\nC EHLO client.test\nS 250-mx\nS 250 AUTH LOGIN PLAIN\n" QUIT, "a@b", {"x@y"}, "hello\n", 0, 0, "hello: Z 0 4.7.0 the relay's certificate has not been checked, so it is told no password\n"}, "192.0.2.1"},
  {{"an IPv6 network", "S 220 mx\nC EHLO client.test\nS 250-mx\nS 250 AUTH PLAIN\n" QUIT, "a@b", {"x@y"}, "hello\n", 0, 0, "hello: Z 0 4.7.0 the relay's certificate has not been checked, so it is told no password\n"}, "2001:db8::1"},
  {{"no CRAM-MD5 over the network", "S 220 mx\nC EHLO client.test\nS 250-mx\nS 250 AUTH CRAM-MD5\n" QUIT, "a@b", {"x@y"}, "hello\n", 0, 0, "hello: Z 0 4.7.0 the relay's certificate has not been checked, so it is told no password\n"}, "192.0.2.1"},
  {{"log in by PLAIN where the certificate is checked", "S 220 mx\nC EHLO client.test\nS 250-mx\nS 250 AUTH LOGIN PLAIN\n" "C AUTH PLAIN AHRpbQB0YW5zdGFhZnRhbnN0YWFm\nS 235 ok\n" QUIT, "a@b", {"x@y"}, "hello\n", 0, 0, ""}, "+192.0.2.1"},
  {{"log in by PLAIN where it may be anybody", "S 220 mx\nC EHLO client.test\nS 250-mx\nS 250 AUTH LOGIN PLAIN\n" "C AUTH PLAIN AHRpbQB0YW5zdGFhZnRhbnN0YWFm\nS 235 ok\n" QUIT, "a@b", {"x@y"}, "hello\n", 0, 0, ""}, "!192.0.2.1"},
  {{"SCRAM is believed only with a signature", "S 220 mx\nC EHLO client.test\nS 250-mx\nS 250 AUTH SCRAM-SHA-256\nR .\nS 235 ok\n", "a@b", {"x@y"}, "hello\n", 0, 0, "hello: Z 0 4.7.8 the relay does not show that it knows the password\n"}, "+192.0.2.1"},
  {{"no mechanism that is known", "S 220 mx\nC EHLO client.test\nS 250-mx\nS 250 AUTH GSSAPI\n" QUIT, "a@b", {"x@y"}, "hello\n", 0, 0, "hello: Z 0 4.7.0 the relay offers no way to log in\n"}, "127.0.0.1"},
  {{"the password is wrong", "S 220 mx\nC EHLO client.test\nS 250-mx\nS 250 AUTH PLAIN\n" "C AUTH PLAIN AHRpbQB0YW5zdGFhZnRhbnN0YWFm\nS 535 5.7.8 no\n", "a@b", {"x@y"}, "hello\n", 0, 0, "hello: Z 535 4.7.8 5.7.8 no\n"}, "127.0.0.1"},
  {{"the challenge is none", "S 220 mx\nC EHLO client.test\nS 250-mx\nS 250 AUTH CRAM-MD5\n" "C AUTH CRAM-MD5\nS 334 ?!\n", "a@b", {"x@y"}, "hello\n", 0, 0, "hello: Z 334 4.5.0 ?!\n"}, "+192.0.2.1"},
  {{"no challenge", "S 220 mx\nC EHLO client.test\nS 250-mx\nS 250 AUTH CRAM-MD5\n" "C AUTH CRAM-MD5\nS 504 what?\n", "a@b", {"x@y"}, "hello\n", 0, 0, "hello: Z 504 4.7.8 what?\n"}, "+192.0.2.1"},
};

/* address: NULL where nobody logs in */
static void run_with(const struct dialog_case *c, bool is_lmtp, const char *address, const int *limits_ms) {
  struct credentials tim = {.user = {"tim", 3, 3}, .password = {"tanstaaftanstaaf", 16, 16}}; /* RFC 2195 */
  tim.anywhere = address && *address == '!';
  struct smtp s = {.is_lmtp = is_lmtp,
                   .credentials = address ? &tim : NULL,
                   .is_verified = address && *address == '+',
                   .address = address ? text_of(address + (*address == '+' || *address == '!')) : TEXT_ABSENT,
                   .stream = {.fd = -1, .watched = -1},
                   .limits_ms = limits_ms};
  int fd, status;
  print_message("%s\n", c->name);
  assert_true(stralloc_copys(&results, ""));
  pid_t pid = start_server(&fd, c->script);
  if (smtp_hello(&s, fd, text_of("client.test"))) {
    send_messages(&s, c);
    smtp_quit(&s);
  } else
    note("hello:", &s.verdict);
  smtp_free(&s);
  assert_int_equal(waitpid(pid, &status, 0), pid);
  assert_int_equal(status, 0);
  assert_true(stralloc_0(&results));
  assert_string_equal(results.s, c->results);
}

static void run(const struct dialog_case *c, bool is_lmtp) { run_with(c, is_lmtp, NULL, short_limits); }

static void logging_in(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof logins / sizeof *logins; i++) run_with(&logins[i].c, false, logins[i].address, short_limits);
}

/* The others have a limit that nobody would wait for. */
static void each_step_has_its_limit(void **state) {
  static const struct {
    enum smtp_step step;
    const char *script, *results;
    const char *address; /* of who is logged in at */
  } steps[] = {
    {STEP_GREETING, "", "hello: Z 0 4.4.2 timed out at the greeting\n", NULL},
    {STEP_HELLO, "S 220 mx\nC EHLO client.test\n", "hello: Z 0 4.4.2 timed out at EHLO\n", NULL},
    {STEP_HELLO, "S 220 mx\nC EHLO client.test\nS 500 no\nC HELO client.test\n", "hello: Z 0 4.4.2 timed out at HELO\n", NULL},
    {STEP_MAIL, HELLO MAIL, "lost: Z 0 4.4.2 timed out at MAIL\n", NULL},
    {STEP_RCPT, HELLO MAIL "S 250 ok\n" RCPT, "lost: Z 0 4.4.2 timed out at RCPT\n", NULL},
    {STEP_RCPT, HELLO_PIPELINING MAIL RCPT DATA "S 250 ok\n", "lost: Z 0 4.4.2 timed out at RCPT\n", NULL},
    {STEP_DATA, HELLO MAIL "S 250 ok\n" RCPT "S 250 ok\n" DATA, "lost: Z 0 4.4.2 timed out at DATA\n", NULL},
    {STEP_END, HELLO MAIL "S 250 ok\n" RCPT "S 250 ok\n" DATA "S 354 go\n" BODY,
     "0 Z 0 4.4.2 timed out at the end of the data: the message may have been delivered\n", NULL},
    {STEP_END, HELLO_CHUNKING MAIL "S 250 ok\n" RCPT "S 250 ok\nC BDAT 7 LAST\nC hello\n",
     "0 Z 0 4.4.2 timed out at the end of the data: the message may have been delivered\n", NULL},
    {STEP_QUIT, HELLO "C QUIT\n", "hello: Z 0 4.7.0 the relay offers no way to log in\n", "127.0.0.1"},
  };
  (void)state;
  for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
    int limits_ms[SMTP_STEPS];
    for (int step = 0; step < SMTP_STEPS; step++) limits_ms[step] = 3600 * 1000;
    limits_ms[steps[i].step] = 100;
    struct dialog_case c = {"limit", steps[i].script, "a@b", {"x@y"}, "hello\n", 0, 1, steps[i].results};
    alarm(60);
    run_with(&c, false, steps[i].address, limits_ms);
    alarm(0);
  }
  stralloc_free(&results);
}

static void dialogs(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) run(&cases[i], false);
  for (size_t i = 0; i < sizeof lmtp_cases / sizeof *lmtp_cases; i++) run(&lmtp_cases[i], true);
  stralloc_free(&results);
}

/* What is reported is what the server said of the message. */
static void no_answer_to_quit_is_no_news(void **state) {
  static const char *const scripts[] = {HELLO MAIL "S 451 4.3.2 busy\nC QUIT\nX\n", HELLO MAIL "S 451 4.3.2 busy\nC QUIT\n"};
  (void)state;
  for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++) {
    struct smtp s = {.stream = {.fd = -1, .watched = -1}, .limits_ms = short_limits};
    struct dialog_case c = {"QUIT", scripts[i], "a@b", {"x@y"}, "hello\n", 0, 1, ""};
    int fd, status;
    assert_true(stralloc_copys(&results, ""));
    pid_t pid = start_server(&fd, c.script);
    assert_true(smtp_hello(&s, fd, text_of("client.test")));
    send_messages(&s, &c);
    smtp_quit(&s);
    note("then:", &s.verdict);
    smtp_free(&s);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_true(stralloc_0(&results));
    assert_string_equal(results.s, "lost: Z 451 4.3.2 4.3.2 busy\nthen: Z 451 4.3.2 4.3.2 busy\n");
  }
  stralloc_free(&results);
}

/* The runner's end of the watched socket is closed: no dot may follow. */
static void stops_without_the_runner(void **state) {
  struct dialog_case c = cases[0];
  struct smtp s = {.stream = {.fd = -1}, .limits_ms = long_limits};
  int fd, runner[2], status;
  (void)state;
  c.script = HELLO MAIL;
  assert_true(stralloc_copys(&results, ""));
  pid_t pid = start_server(&fd, c.script);
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, runner), 0);
  s.stream.watched = runner[0];
  assert_true(smtp_hello(&s, fd, text_of("client.test")));
  close(runner[1]);
  send_messages(&s, &c);
  smtp_free(&s);
  close(runner[0]);
  assert_int_equal(waitpid(pid, &status, 0), pid);
  assert_int_equal(status, 0);
  assert_true(stralloc_0(&results));
  assert_string_equal(results.s, "lost: Z 0 4.4.2 the queue runner is gone at MAIL\n");
  stralloc_free(&results);
}

/* A thousand recipients each way at once: more than the sockets hold. */
static void serve_crowd(int fd, unsigned count) {
  char line[1100], reply[512];
  memset(reply, 'x', sizeof reply);
  memcpy(reply, "250 ", 4);
  memcpy(reply + sizeof reply - 2, "\r\n", 2);
  send_line(fd, "220 mx", 6);
  expect_line(fd, "EHLO client.test", 16);
  send_line(fd, "250-mx", 6);
  send_line(fd, "250 PIPELINING", 14);
  for (unsigned i = 0; i < count + 1; i++) {
    size_t n = 0;
    while (n < sizeof line && io_read(fd, line + n, 1, 2000) == 1 && line[n] != '\n') n++;
    if (io_write_all(fd, reply, sizeof reply, 5000) == -1) fail_server("to write", "an error");
  }
  expect_line(fd, "DATA", 4);
  send_line(fd, "354 go", 6);
  expect_line(fd, "hello", 5);
  expect_line(fd, ".", 1);
  send_line(fd, "250 done", 8);
  _exit(0);
}

static void count_success(void *context, size_t n, const struct verdict *v) {
  (void)n;
  *(unsigned *)context += v->class == RESULT_SUCCESS;
}

static void many_recipients_pipelined(void **state) {
  enum { COUNT = 1000 };
  struct smtp s = {.stream = {.fd = -1, .watched = -1}, .limits_ms = long_limits};
  struct envelope e = {.sender = text_of("a@b")};
  unsigned successes = 0;
  char address[1000];
  int pair[2], status;
  (void)state;
  memset(address, 'x', sizeof address);
  address[500] = '@';
  for (unsigned i = 0; i < COUNT; i++) envelope_add(&e)->address = (struct text){address, sizeof address};
  struct transaction t = {.envelope = &e,
                          .states = calloc(COUNT, sizeof(enum recipient_state)),
                          .body = {text_of("hello\n"), -1, 6, false, NULL},
                          .report = count_success,
                          .context = &successes};
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
  pid_t pid = fork();
  if (pid == 0) {
    close(pair[0]);
    serve_crowd(pair[1], COUNT);
  }
  close(pair[1]);
  assert_int_equal(io_set_nonblocking(pair[0]), 0);
  assert_true(smtp_hello(&s, pair[0], text_of("client.test")));
  assert_int_equal(smtp_send(&s, &t), SMTP_DONE);
  assert_int_equal(successes, COUNT);
  smtp_free(&s);
  assert_int_equal(waitpid(pid, &status, 0), pid);
  assert_int_equal(status, 0);
  free(t.states);
  envelope_free(&e);
}

/* A server that refuses a large message while it still comes. */
static void serve_impatient(int fd) {
  char c;
  send_line(fd, "220 mx", 6);
  expect_line(fd, "EHLO client.test", 16);
  send_line(fd, "250 mx", 6);
  expect_line(fd, "MAIL FROM:<a@b>", 15);
  send_line(fd, "250 ok", 6);
  expect_line(fd, "RCPT TO:<x@y>", 13);
  send_line(fd, "250 ok", 6);
  expect_line(fd, "DATA", 4);
  send_line(fd, "354 go", 6);
  if (io_read(fd, &c, 1, 2000) != 1) fail_server("data", "none");
  send_line(fd, "552 5.3.4 too big", 17);
  shutdown(fd, SHUT_RDWR);
  _exit(0);
}

static void refused_in_the_middle(void **state) {
  enum { SIZE = 4 * 1024 * 1024 };
  struct smtp s = {.stream = {.fd = -1, .watched = -1}, .limits_ms = long_limits};
  struct envelope e = {.sender = text_of("a@b")};
  enum recipient_state waits = RECIPIENT_WAITS;
  char *body = malloc(SIZE);
  int pair[2], status;
  (void)state;
  assert_non_null(body);
  memset(body, 'x', SIZE);
  envelope_add(&e)->address = text_of("x@y");
  struct transaction t = {.envelope = &e, .states = &waits, .body = {{body, SIZE}, -1, SIZE, false, NULL}, .report = report};
  assert_true(stralloc_copys(&results, ""));
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
  pid_t pid = fork();
  if (pid == 0) {
    close(pair[0]);
    serve_impatient(pair[1]);
  }
  close(pair[1]);
  assert_int_equal(io_set_nonblocking(pair[0]), 0);
  assert_true(smtp_hello(&s, pair[0], text_of("client.test")));
  assert_int_equal(smtp_send(&s, &t), SMTP_DONE);
  assert_false(s.open);
  assert_true(stralloc_0(&results));
  assert_string_equal(results.s, "0 D 552 5.3.4 5.3.4 too big\n");
  smtp_free(&s);
  assert_int_equal(waitpid(pid, &status, 0), pid);
  assert_int_equal(status, 0);
  stralloc_free(&results);
  envelope_free(&e);
  free(body);
}

/* The body's file is shorter than its job says: the server must not get a whole
 * message made of a part. */
static void short_body_is_not_ended(void **state) {
  struct dialog_case c = cases[0];
  struct smtp s = {.stream = {.fd = -1, .watched = -1}, .limits_ms = long_limits};
  struct envelope e = {.sender = text_of("a@b")};
  enum recipient_state waits = RECIPIENT_WAITS;
  FILE *f = tmpfile();
  int fd, status;
  (void)state;
  assert_non_null(f);
  fputs("hello\n", f);
  fflush(f);
  shortened_fd = fileno(f);
  c.script = HELLO MAIL "S 250 ok\n" RCPT "S 250 ok\n" DATA "T \nS 354 go\n";
  envelope_add(&e)->address = text_of("x@y");
  struct transaction t = {.envelope = &e, .states = &waits, .body = {TEXT_ABSENT, fileno(f), 6, false, NULL}, .report = report};
  pid_t pid = start_server(&fd, c.script);
  assert_true(smtp_hello(&s, fd, text_of("client.test")));
  assert_int_equal(smtp_send(&s, &t), SMTP_LOST);
  assert_int_equal(waits, RECIPIENT_WAITS);
  assert_string_equal(s.verdict.status, "4.3.0");
  smtp_free(&s);
  assert_int_equal(waitpid(pid, &status, 0), pid);
  assert_int_equal(status, 0);
  envelope_free(&e);
  fclose(f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(logging_in),
    cmocka_unit_test(dialogs),
    cmocka_unit_test(each_step_has_its_limit),
    cmocka_unit_test(no_answer_to_quit_is_no_news),
    cmocka_unit_test(stops_without_the_runner),
    cmocka_unit_test(many_recipients_pipelined),
    cmocka_unit_test(refused_in_the_middle),
    cmocka_unit_test(short_body_is_not_ended),
  };
  signal(SIGPIPE, SIG_IGN);
  return cmocka_run_group_tests(tests, NULL, NULL);
}
