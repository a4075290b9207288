/* control.h - the control files: one table for all programs
 *
 * A control file holds one value, or one line per entry.  An absent file means
 * the default of the table; an unreadable or malformed one is an error, never
 * the default.  owlpost-control(5) describes them and is compared with the
 * table by a test.
 */
#ifndef OWL_CONTROL_H
#define OWL_CONTROL_H

#include <stdint.h>
#include "lib/list.h"

enum control_name {
  CONTROL_ME,
  CONTROL_ALIASFILE,
  CONTROL_ALIASFILES,
  CONTROL_ALIASPROGRAMS,
  CONTROL_ALLOWUNFENCED,
  CONTROL_BACKOFFFIRST,
  CONTROL_BACKOFFMAX,
  CONTROL_BADHELO,
  CONTROL_BADMAILFROM,
  CONTROL_BADRCPTTO,
  CONTROL_BOUNCEFORMAT,
  CONTROL_BOUNCEFROM,
  CONTROL_BOUNCEHOST,
  CONTROL_BOUNCELIFETIME,
  CONTROL_BOUNCEMAXBYTES,
  CONTROL_BREAKCHARACTER,
  CONTROL_CONCURRENCYDOMAIN,
  CONTROL_CONCURRENCYLOCAL,
  CONTROL_CONCURRENCYREMOTE,
  CONTROL_CONCURRENCYSILENT,
  CONTROL_CONNECTSPERIP,
  CONTROL_CONNECTSPERNETWORK,
  CONTROL_DATABYTES,
  CONTROL_DEADADDRESSTIME,
  CONTROL_DEFAULTDELIVERY,
  CONTROL_DEFAULTDOMAIN,
  CONTROL_DEFAULTHOST,
  CONTROL_DELAYWARNING,
  CONTROL_DOTFORWARD,
  CONTROL_DOUBLEBOUNCEHOST,
  CONTROL_DOUBLEBOUNCETO,
  CONTROL_ENVNOATHOST,
  CONTROL_ETRNCLIENTS,
  CONTROL_FOLDEREXTENSION,
  CONTROL_GREETDELAY,
  CONTROL_HELOHOST,
  CONTROL_HELOHOSTS,
  CONTROL_IDHOST,
  CONTROL_INSTANCE,
  CONTROL_LMTPROUTES,
  CONTROL_LOCALIPHOST,
  CONTROL_LOCALS,
  CONTROL_MAILDIRFULL,
  CONTROL_MAILDIRQUOTA,
  CONTROL_MAXERRORS,
  CONTROL_MAXFOLDERS,
  CONTROL_MAXHOPS,
  CONTROL_MAXRECIPIENTS,
  CONTROL_MAXREQUESTS,
  CONTROL_MAXSESSIONS,
  CONTROL_MAXSESSIONSPERIP,
  CONTROL_MAXTRANSACTIONS,
  CONTROL_MINDATARATE,
  CONTROL_MINDATAWINDOW,
  CONTROL_MINFREE,
  CONTROL_OUTGOINGIP,
  CONTROL_OUTGOINGIPS,
  CONTROL_PASSWDFILE,
  CONTROL_PERCENTHACK,
  CONTROL_PLUSDOMAIN,
  CONTROL_PROXYCLIENTS,
  CONTROL_QMTPROUTES,
  CONTROL_QUEUEBYTES,
  CONTROL_QUEUEDIR,
  CONTROL_QUEUELIFETIME,
  CONTROL_RATELIMIT,
  CONTROL_RCPTCACHE,
  CONTROL_RCPTHOSTS,
  CONTROL_RECIPIENTLIMIT,
  CONTROL_RELAYCLIENTS,
  CONTROL_REMOTEFILTER,
  CONTROL_RESCANINTERVAL,
  CONTROL_RETRYFAULT,
  CONTROL_RETRYJITTER,
  CONTROL_RETRYSCHEDULE,
  CONTROL_RETRYSKIPLOCAL,
  CONTROL_RETRYSKIPREMOTE,
  CONTROL_RUNDIR,
  CONTROL_SENDERROUTES,
  CONTROL_SESSIONSPREFIX4,
  CONTROL_SESSIONSPREFIX6,
  CONTROL_SMTPAUTH,
  CONTROL_SMTPGREETING,
  CONTROL_SMTPLISTEN,
  CONTROL_SMTPNEWLINES,
  CONTROL_SMTPROUTES,
  CONTROL_SRSDOMAINS,
  CONTROL_SRSMAXAGE,
  CONTROL_SRSSECRET,
  CONTROL_SYNCINTERVAL,
  CONTROL_TARPITCOUNT,
  CONTROL_TARPITDELAY,
  CONTROL_TIMEOUTCONNECT,
  CONTROL_TIMEOUTDELIVERY,
  CONTROL_TIMEOUTDNS,
  CONTROL_TIMEOUTIDLE,
  CONTROL_TIMEOUTLOOKUP,
  CONTROL_TIMEOUTPROGRAM,
  CONTROL_TIMEOUTQUEUE,
  CONTROL_TIMEOUTQUIT,
  CONTROL_TIMEOUTRCPT,
  CONTROL_TIMEOUTREMOTE,
  CONTROL_TIMEOUTREMOTEBLOCK,
  CONTROL_TIMEOUTREMOTEDATA,
  CONTROL_TIMEOUTREMOTEEND,
  CONTROL_TIMEOUTREMOTEGREETING,
  CONTROL_TIMEOUTREMOTEHELLO,
  CONTROL_TIMEOUTREMOTEMAIL,
  CONTROL_TIMEOUTREMOTERCPT,
  CONTROL_TIMEOUTSMTPD,
  CONTROL_TIMEOUTVERIFY,
  CONTROL_VERIFYCACHE,
  CONTROL_VERIFYCACHENO,
  CONTROL_VERIFYRECIPIENTS,
  CONTROL_VERIFYSENDER,
  CONTROL_VIRTUALDOMAINS,
  CONTROL_XCLIENTS,
  CONTROL_COUNT
};

enum control_type {
  CONTROL_TEXT,
  CONTROL_LIST,
  CONTROL_MAP,
  CONTROL_NUMBER,  /* up to UINT32_MAX, as seconds are */
  CONTROL_SECONDS,
  CONTROL_OCTETS   /* up to INT64_MAX */
};

struct control_row {
  const char *name;
  enum control_type type;
  const char *fallback; /* "=NAME": the value of that control file;
                         * "=NAME|VALUE": the same, or VALUE where there is none */
  const char *readers;
  const char *help;
};

extern const struct control_row control_table[CONTROL_COUNT];

enum { CONTROL_FILE_MAX = 16 * 1024 * 1024 };

struct control {
  stralloc folder; /* NUL-terminated */
  stralloc error;  /* NUL-terminated sentence after a failure */
};

/* control_open(): chooses the folder: OWLPOST_CONTROL from the environment,
 * unless the process is set-id, else the one that was compiled in.  0 or -1. */
int control_open(struct control *c);

/* Each gives the file's value or the default.  0, or -1 with c->error set:
 * unreadable, a control octet, not a number or too great a one, an empty "me".
 * *out is overwritten (control_list(): without being freed).  control_text()
 * ends *out with a NUL that its len does not count; control_list() is for lists
 * and maps. */
int control_text(struct control *c, enum control_name name, stralloc *out);
int control_number(struct control *c, enum control_name name, uint64_t *out);
int control_list(struct control *c, enum control_name name, struct list *out);

/* control_exists(): 1, 0, or -1 with c->error set. */
int control_exists(struct control *c, enum control_name name);

/* control_is_private(): not everybody may read it.  1, as when there is no such
 * file; 0; or -1 with c->error set. */
int control_is_private(struct control *c, enum control_name name);

/* control_fail(): for who finds a value malformed: sets c->error.  -1. */
int control_fail(struct control *c, enum control_name name, const char *reason);

void control_free(struct control *c);

/* Whether paths from the environment may be believed: not in a set-id program. */
bool environment_is_trusted(void);

/* program_path(): where owlpost's own programs lie: OWLPOST_LIBEXEC from the
 * environment, unless the process is set-id, else the compiled-in folder.
 * *out gets folder/name, NUL-terminated.  0, or -1 without memory. */
int program_path(stralloc *out, const char *name);

#endif
