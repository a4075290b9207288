#include "config.h"
#include "lib/control.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>
#include "lib/iofd.h"

enum { REASON_OCTETS = 256 }; /* a name and what is wrong with it */

#define ROW(NAME, LOWER, TYPE, FALLBACK, READERS, HELP)                                          \
  [CONTROL_##NAME] = {LOWER, CONTROL_##TYPE, FALLBACK, READERS, HELP}

const struct control_row control_table[CONTROL_COUNT] = {
  ROW(ME, "me", TEXT, "=hostname", "all", "fully qualified name of this host; default of many others"),
  ROW(ALIASFILE, "aliasfile", TEXT, ALIAS_FILE, "newaliases", "the file of aliases that newaliases reads"),
  ROW(ALIASFILES, "aliasfiles", NUMBER, "1", "newaliases", "whether aliases may deliver to files: 0 no, 1 yes, 2 in included files, too"),
  ROW(ALIASPROGRAMS, "aliasprograms", NUMBER, "1", "newaliases", "whether aliases may run programs: 0 no, 1 yes, 2 in included files, too"),
  ROW(ALLOWUNFENCED, "allowunfenced", NUMBER, "0", "remote, smtpd", "whether mail is sent and received where the kernel has no seccomp: 0 no, 1 yes"),
  ROW(BACKOFFFIRST, "backofffirst", SECONDS, "60", "send", "wait before the first probe of a destination that is down"),
  ROW(BACKOFFMAX, "backoffmax", SECONDS, "3600", "send", "longest wait between two probes of it"),
  ROW(BADHELO, "badhelo", LIST, "", "smtpd", "names in HELO and EHLO that are refused: name, .domain, patterns with *"),
  ROW(BADMAILFROM, "badmailfrom", LIST, "", "smtpd", "senders refused: address, @host, .domain, patterns with *"),
  ROW(BADRCPTTO, "badrcptto", LIST, "", "smtpd", "recipients refused: address, @host, .domain, patterns with *"),
  ROW(BOUNCEFORMAT, "bounceformat", TEXT, "mime", "send", "form of bounces: mime (RFC 3464), or qsbmf, plain text"),
  ROW(BOUNCEFROM, "bouncefrom", TEXT, "MAILER-DAEMON", "send", "local part of the author of bounces"),
  ROW(BOUNCEHOST, "bouncehost", TEXT, "=me", "send", "domain of the author of bounces"),
  ROW(BOUNCELIFETIME, "bouncelifetime", SECONDS, "=queuelifetime", "send", "age after which a bounce gets its last try"),
  ROW(BOUNCEMAXBYTES, "bouncemaxbytes", OCTETS, "50000", "send", "largest message returned whole in a bounce; above it the header alone"),
  ROW(BREAKCHARACTER, "breakcharacter", TEXT, "-", "lspawn", "characters that end a user's name in a local part"),
  ROW(CONCURRENCYDOMAIN, "concurrencydomain", MAP, "", "send", "domain:number, .suffix:number, :number for all: deliveries to one destination at one time"),
  ROW(CONCURRENCYLOCAL, "concurrencylocal", NUMBER, "10", "send", "local deliveries at one time"),
  ROW(CONCURRENCYREMOTE, "concurrencyremote", NUMBER, "20", "send", "remote deliveries at one time"),
  ROW(CONCURRENCYSILENT, "concurrencysilent", NUMBER, "200", "send", "remote deliveries beside these whose host has said nothing for half a second"),
  ROW(CONNECTSPERIP, "connectsperip", NUMBER, "10", "remote", "connection attempts under way to one address; 0 = no limit"),
  ROW(CONNECTSPERNETWORK, "connectspernetwork", NUMBER, "40", "remote", "the same to one network, /24 or /48"),
  ROW(DATABYTES, "databytes", OCTETS, "0", "smtpd", "largest message taken by SMTP; 0 = no limit"),
  ROW(DEADADDRESSTIME, "deadaddresstime", SECONDS, "600", "remote", "how long an address that did not answer is tried last; 0 = not at all"),
  ROW(DEFAULTDELIVERY, "defaultdelivery", TEXT, "./Maildir/", "lspawn", "instruction for users without a .qmail file"),
  ROW(DEFAULTDOMAIN, "defaultdomain", TEXT, "=me", "inject", "added to host names without a dot"),
  ROW(DEFAULTHOST, "defaulthost", TEXT, "=me", "inject", "added to addresses without a host"),
  ROW(DELAYWARNING, "delaywarning", SECONDS, "14400", "send", "age at which the sender is told that a message waits; 0 = never"),
  ROW(DOTFORWARD, "dotforward", NUMBER, "0", "lspawn", "whether users' .forward files count: 0 no, 1 yes"),
  ROW(DOUBLEBOUNCEHOST, "doublebouncehost", TEXT, "=me", "send", "domain of the address that gets double bounces"),
  ROW(DOUBLEBOUNCETO, "doublebounceto", TEXT, "postmaster", "send", "local part of the address that gets double bounces"),
  ROW(ENVNOATHOST, "envnoathost", TEXT, "=me", "send, smtpd", "domain of envelope recipients without one"),
  ROW(ETRNCLIENTS, "etrnclients", LIST, "", "smtpd", "domain:network, .domain:network: clients that may ask for a domain's mail"),
  ROW(FOLDEREXTENSION, "folderextension", TEXT, "no", "lspawn", "an extension without a .qmail file as a folder's name: no, existing, make"),
  ROW(GREETDELAY, "greetdelay", SECONDS, "0", "smtpd", "wait before the greeting; a client that speaks before it is refused"),
  ROW(HELOHOST, "helohost", TEXT, "=me", "remote", "the name given in EHLO or LHLO"),
  ROW(HELOHOSTS, "helohosts", MAP, "", "remote", "domain:name, .suffix:name of destinations, @domain:name of senders: other names in EHLO"),
  ROW(IDHOST, "idhost", TEXT, "=me", "inject", "domain of Message-IDs"),
  ROW(INSTANCE, "instance", TEXT, "owlpost", "queue", "name of this instance, kept with each message"),
  ROW(LMTPROUTES, "lmtproutes", MAP, "", "send", "domain:server, .suffix:..., :server for all; server is host[:port], /path or unix:/path"),
  ROW(LOCALIPHOST, "localiphost", TEXT, "=me", "smtpd", "domain put in place of [address of this host] in recipients"),
  ROW(LOCALS, "locals", LIST, "=me", "send, smtpd", "domains whose mail is delivered here"),
  ROW(MAILDIRFULL, "maildirfull", TEXT, "failure", "lspawn", "what becomes of a message that a quota has no room for: failure, deferral"),
  ROW(MAILDIRQUOTA, "maildirquota", TEXT, "", "lspawn", "quota of Maildirs that have none of their own: 10000000S,1000C"),
  ROW(MAXERRORS, "maxerrors", NUMBER, "50", "smtpd", "errors of a client after which its session is ended"),
  ROW(MAXFOLDERS, "maxfolders", NUMBER, "100", "lspawn", "folders of a Maildir above which mail makes no more"),
  ROW(MAXHOPS, "maxhops", NUMBER, "100", "smtpd", "Received fields at which a message is taken for looping"),
  ROW(MAXRECIPIENTS, "maxrecipients", NUMBER, "20000", "smtpd, queue", "recipients of one message"),
  ROW(MAXREQUESTS, "maxrequests", NUMBER, "1000000", "smtpd", "senders, recipients and messages that one session may bring; 0 = no limit"),
  ROW(MAXSESSIONS, "maxsessions", NUMBER, "1000", "smtpd", "sessions that the listener has at a time"),
  ROW(MAXSESSIONSPERIP, "maxsessionsperip", NUMBER, "50", "smtpd", "of these, the sessions of one client; 0: no limit"),
  ROW(MAXTRANSACTIONS, "maxtransactions", NUMBER, "10000", "smtpd", "MAIL commands of one session; 0 = no limit"),
  ROW(MINDATARATE, "mindatarate", OCTETS, "0", "smtpd", "octets a second at which a message must come; 0 = any"),
  ROW(MINDATAWINDOW, "mindatawindow", SECONDS, "180", "smtpd", "seconds of waiting at whose end mindatarate must have been kept"),
  ROW(MINFREE, "minfree", OCTETS, "67108864", "queue", "free space under which no message is taken"),
  ROW(OUTGOINGIP, "outgoingip", TEXT, "", "remote", "addresses that connections come from: an IPv4 one, an IPv6 one, or both"),
  ROW(OUTGOINGIPS, "outgoingips", MAP, "", "remote", "domain:addresses, .suffix:..., of senders @domain:...: other ones"),
  ROW(PASSWDFILE, "passwdfile", TEXT, "", "lspawn", "password file used in place of the system's accounts"),
  ROW(PERCENTHACK, "percenthack", LIST, "", "send, smtpd", "domains for which user%host@domain is rewritten"),
  ROW(PLUSDOMAIN, "plusdomain", TEXT, "=me", "inject", "added to host names that end with a plus sign"),
  ROW(PROXYCLIENTS, "proxyclients", LIST, "", "smtpd", "addresses and networks of proxies, which say who the client is"),
  ROW(QMTPROUTES, "qmtproutes", MAP, "", "send", "domain:host[:port], .suffix:..., :host for all that is not local: servers of QMTP"),
  ROW(QUEUEBYTES, "queuebytes", OCTETS, "0", "queue", "largest message taken by the injector; 0 = no limit"),
  ROW(QUEUEDIR, "queuedir", TEXT, SPOOL_DIR, "all", "folder of the queue"),
  ROW(QUEUELIFETIME, "queuelifetime", SECONDS, "604800", "send", "age after which a message gets its last try"),
  ROW(RATELIMIT, "ratelimit", MAP, "", "send", "domain:messages/seconds, .suffix:..., :... for all"),
  ROW(RCPTCACHE, "rcptcache", SECONDS, "5", "lspawn", "how long a positive answer about a recipient is kept"),
  ROW(RCPTHOSTS, "rcpthosts", LIST, "", "smtpd", "domains that mail is taken for; without the file, for none"),
  ROW(RECIPIENTLIMIT, "recipientlimit", NUMBER, "100", "send", "recipients of one transaction with the next hop"),
  ROW(RELAYCLIENTS, "relayclients", LIST, "", "smtpd", "addresses and networks that may send to any domain"),
  ROW(REMOTEFILTER, "remotefilter", TEXT, "", "rspawn", "a program that mail to other hosts goes through, as one that signs it"),
  ROW(RESCANINTERVAL, "rescaninterval", SECONDS, "600", "send", "how often todo/ is looked through for messages without a poke"),
  ROW(RETRYFAULT, "retryfault", SECONDS, "10", "send", "when what failed in the queue itself is tried again"),
  ROW(RETRYJITTER, "retryjitter", NUMBER, "10", "send", "percent by which the time to a retry may be longer"),
  ROW(RETRYSCHEDULE, "retryschedule", MAP, "", "send", "domain:seconds,seconds,..., .suffix:..., :... for all: times between tries"),
  ROW(RETRYSKIPLOCAL, "retryskiplocal", SECONDS, "10", "send", "skip in the retry formula, local"),
  ROW(RETRYSKIPREMOTE, "retryskipremote", SECONDS, "20", "send", "skip in the retry formula, remote"),
  ROW(RUNDIR, "rundir", TEXT, RUN_DIR, "all", "folder of the sockets"),
  ROW(SENDERROUTES, "senderroutes", MAP, "", "send", "sender:relay[:port], domain:..., .suffix:...: routes by the sender"),
  ROW(SESSIONSPREFIX4, "sessionsprefix4", NUMBER, "32", "smtpd", "bits of an IPv4 address that tell one client from another"),
  ROW(SESSIONSPREFIX6, "sessionsprefix6", NUMBER, "64", "smtpd", "bits of an IPv6 address that tell one client from another"),
  ROW(SMTPAUTH, "smtpauth", MAP, "", "remote", "lines of smtproutes with |user|password behind them; nobody else may read it"),
  ROW(SMTPGREETING, "smtpgreeting", TEXT, "=me", "smtpd", "text of the greeting; starts with the host name"),
  ROW(SMTPLISTEN, "smtplisten", LIST, "", "smtpd, start", "addresses that mail is received at"),
  ROW(SMTPNEWLINES, "smtpnewlines", TEXT, "refuse", "smtpd", "what becomes of a CR or LF that stands alone: refuse or normalise"),
  ROW(SMTPROUTES, "smtproutes", MAP, "", "send", "domain:relay[:port], .suffix:..., :relay for all"),
  ROW(SRSDOMAINS, "srsdomains", MAP, "", "send, lspawn", "domain:srs-domain, .suffix:..., :srs-domain for all: forwards with senders of SRS"),
  ROW(SRSMAXAGE, "srsmaxage", SECONDS, "1814400", "send, lspawn", "how long mail to an SRS address is taken"),
  ROW(SRSSECRET, "srssecret", LIST, "", "send, lspawn", "secrets that sign SRS addresses: the first; and check them: all"),
  ROW(SYNCINTERVAL, "syncinterval", SECONDS, "1", "send", "how late results may reach the disk"),
  ROW(TARPITCOUNT, "tarpitcount", NUMBER, "0", "smtpd", "recipients after which each further one is answered late; 0 = never"),
  ROW(TARPITDELAY, "tarpitdelay", SECONDS, "5", "smtpd", "wait before such an answer"),
  ROW(TIMEOUTCONNECT, "timeoutconnect", SECONDS, "60", "remote", "limit of one connection attempt"),
  ROW(TIMEOUTDELIVERY, "timeoutdelivery", SECONDS, "86400", "send", "limit of one job of a worker"),
  ROW(TIMEOUTDNS, "timeoutdns", SECONDS, "60", "remote", "limit of one name look-up"),
  ROW(TIMEOUTIDLE, "timeoutidle", SECONDS, "2", "send", "how long a worker without a job is kept"),
  ROW(TIMEOUTLOOKUP, "timeoutlookup", SECONDS, "60", "lspawn", "limit of finding the user of a delivery"),
  ROW(TIMEOUTPROGRAM, "timeoutprogram", SECONDS, "3600", "lspawn", "limit of a program in a .qmail file; 0 for none"),
  ROW(TIMEOUTQUEUE, "timeoutqueue", SECONDS, "86400", "queue", "limit of one injection"),
  ROW(TIMEOUTQUIT, "timeoutquit", SECONDS, "5", "remote", "limit of a remote server's answer to QUIT"),
  ROW(TIMEOUTRCPT, "timeoutrcpt", SECONDS, "5", "smtpd, lspawn", "limit of one question about a recipient"),
  ROW(TIMEOUTREMOTE, "timeoutremote", SECONDS, "300", "remote", "limit of one wait for a remote server"),
  ROW(TIMEOUTREMOTEBLOCK, "timeoutremoteblock", SECONDS, "=timeoutremote|180", "remote", "limit of a remote server for taking 64 KiB of a message"),
  ROW(TIMEOUTREMOTEDATA, "timeoutremotedata", SECONDS, "=timeoutremote|120", "remote", "limit of a remote server's answer to DATA"),
  ROW(TIMEOUTREMOTEEND, "timeoutremoteend", SECONDS, "=timeoutremote|600", "remote", "limit of a remote server's answer to the end of a message"),
  ROW(TIMEOUTREMOTEGREETING, "timeoutremotegreeting", SECONDS, "=timeoutremote", "remote", "limit of a remote server's greeting"),
  ROW(TIMEOUTREMOTEHELLO, "timeoutremotehello", SECONDS, "=timeoutremote", "remote", "limit of a remote server's answer to EHLO, LHLO or HELO"),
  ROW(TIMEOUTREMOTEMAIL, "timeoutremotemail", SECONDS, "=timeoutremote", "remote", "limit of a remote server's answer to MAIL or RSET"),
  ROW(TIMEOUTREMOTERCPT, "timeoutremotercpt", SECONDS, "=timeoutremote", "remote", "limit of a remote server's answer to one RCPT"),
  ROW(TIMEOUTSMTPD, "timeoutsmtpd", SECONDS, "1200", "smtpd", "limit of one wait for the client"),
  ROW(TIMEOUTVERIFY, "timeoutverify", SECONDS, "10", "smtpd", "how long a client waits for the next hop's word about a recipient"),
  ROW(VERIFYCACHE, "verifycache", SECONDS, "3600", "rspawn", "how long the next hop's yes about a recipient is kept"),
  ROW(VERIFYCACHENO, "verifycacheno", SECONDS, "60", "rspawn", "how long its no is kept"),
  ROW(VERIFYRECIPIENTS, "verifyrecipients", MAP, "", "smtpd", "domain:defer, domain:accept, .suffix:..., :... for all: recipients that the next hop is asked about"),
  ROW(VERIFYSENDER, "verifysender", TEXT, "", "rspawn", "the sender that it is asked with"),
  ROW(VIRTUALDOMAINS, "virtualdomains", MAP, "", "send, smtpd", "domain:prefix, user@domain:prefix, .suffix:prefix"),
  ROW(XCLIENTS, "xclients", LIST, "", "smtpd", "addresses and networks that may use XCLIENT"),
};

bool environment_is_trusted(void) { return getauxval(AT_SECURE) == 0; }

static const char *from_environment(const char *name, const char *otherwise) {
  const char *value = environment_is_trusted() ? getenv(name) : NULL;
  return value && *value ? value : otherwise;
}

int program_path(stralloc *out, const char *name) {
  if (!stralloc_copys(out, from_environment("OWLPOST_LIBEXEC", LIBEXEC_DIR))) return -1;
  return stralloc_cats(out, "/") && stralloc_cats(out, name) && stralloc_0(out) ? 0 : -1;
}

int control_open(struct control *c) {
  *c = (struct control){0};
  if (!stralloc_copys(&c->folder, from_environment("OWLPOST_CONTROL", CONTROL_DIR))) return -1;
  if (!stralloc_0(&c->folder)) return -1;
  /* reserved now, so that a failure for want of memory can be told */
  if (!stralloc_ready(&c->error, c->folder.len + REASON_OCTETS)) return -1;
  c->error.s[0] = 0;
  return 0;
}

int control_fail(struct control *c, enum control_name name, const char *reason) {
  snprintf(c->error.s, c->error.a, "unable to read %s/%s: %s", c->folder.s,
           control_table[name].name, reason);
  c->error.len = strlen(c->error.s) + 1;
  return -1;
}

static int cat_path(const struct control *c, enum control_name name, stralloc *path) {
  return stralloc_copys(path, c->folder.s) && stralloc_cats(path, "/") &&
             stralloc_cats(path, control_table[name].name) && stralloc_0(path)
           ? 0
           : -1;
}

/* 1: read; 0: no such file; -1: failed.  A folder that is missing is a mistake in
 * its name rather than a wish for defaults. */
static int slurp(struct control *c, enum control_name name, stralloc *out) {
  stralloc path = {0};
  int r = -1;
  stralloc_zero(out);
  if (cat_path(c, name, &path) == 0) {
    if (io_slurp_file(path.s, out, CONTROL_FILE_MAX) == 0) r = 1;
    else r = errno == ENOENT && access(c->folder.s, F_OK) == 0 ? 0 : control_fail(c, name, strerror(errno));
  } else
    control_fail(c, name, "out of memory");
  stralloc_free(&path);
  return r;
}

static int host_name(stralloc *out) {
  struct utsname u;
  if (uname(&u) == -1 || !*u.nodename || strcmp(u.nodename, "(none)") == 0) return -1;
  return stralloc_copys(out, u.nodename) ? 0 : -1;
}

static enum control_name named(const char *name, size_t len) {
  for (unsigned i = 0; i < CONTROL_COUNT; i++)
    if (strlen(control_table[i].name) == len && memcmp(control_table[i].name, name, len) == 0)
      return (enum control_name)i;
  return CONTROL_ME;
}

/* *name becomes the file that the value came from, or the last of the chain. */
static int value_or_default(struct control *c, enum control_name *name, stralloc *out) {
  const char *last = NULL; /* of "=NAME|VALUE" */
  for (;;) {
    const char *fallback = last ? last : control_table[*name].fallback;
    int r = slurp(c, *name, out);
    if (r != 0) return r == 1 ? 0 : -1;
    if (strcmp(fallback, "=hostname") == 0)
      return host_name(out) == 0 ? 0 : control_fail(c, *name, "there is none, and no host name");
    if (*fallback != '=')
      return stralloc_copys(out, fallback) ? 0 : control_fail(c, *name, "out of memory");
    size_t len = strcspn(fallback + 1, "|");
    *name = named(fallback + 1, len);
    if (fallback[1 + len]) last = fallback + 1 + len + 1;
  }
}

static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

/* The first line, without trailing blanks. */
static void first_line(stralloc *s) {
  const char *newline = s->len ? memchr(s->s, '\n', s->len) : NULL;
  if (newline) s->len = (size_t)(newline - s->s);
  while (s->len && is_blank(s->s[s->len - 1])) s->len--;
}

/* name is the file that the value came from. */
static int check_text(struct control *c, enum control_name name, struct text value) {
  if (!text_is_clean(value)) return control_fail(c, name, "it holds a control octet");
  if (name == CONTROL_ME && value.len == 0) return control_fail(c, name, "it is empty");
  return 0;
}

int control_text(struct control *c, enum control_name name, stralloc *out) {
  if (value_or_default(c, &name, out) == -1) return -1;
  first_line(out);
  if (check_text(c, name, text_of_stralloc(out)) == -1) return -1;
  if (!stralloc_0(out)) return control_fail(c, name, "out of memory");
  out->len--;
  return 0;
}

/* So that sums of times, and offsets in files, cannot overflow. */
static uint64_t greatest(enum control_type type) {
  return type == CONTROL_OCTETS ? INT64_MAX : UINT32_MAX;
}

int control_number(struct control *c, enum control_name name, uint64_t *out) {
  stralloc text = {0};
  int r = control_text(c, name, &text);
  if (r == 0 && text_uint(text_of_stralloc(&text), out) == -1)
    r = control_fail(c, name, "it is not a number");
  if (r == 0 && *out > greatest(control_table[name].type))
    r = control_fail(c, name, "the number is too great");
  stralloc_free(&text);
  return r;
}

static int check_lines(struct control *c, enum control_name name, const struct list *l) {
  for (size_t i = 0; i < l->count; i++)
    if (!text_is_clean(l->lines[i].key) || !text_is_clean(l->lines[i].value))
      return control_fail(c, name, "it holds a control octet");
  return 0;
}

static int parse(struct list *out, enum control_type type, struct text text) {
  return type == CONTROL_MAP ? list_parse_map(out, text) : list_parse(out, text);
}

int control_list(struct control *c, enum control_name name, struct list *out) {
  stralloc text = {0};
  enum control_name from = name;
  int r = value_or_default(c, &from, &text);
  *out = (struct list){0};
  if (from != name) first_line(&text); /* the default is one line, whatever stands below it */
  if (r == 0 && from == CONTROL_ME) r = check_text(c, from, text_of_stralloc(&text));
  if (r == 0 && parse(out, control_table[name].type, text_of_stralloc(&text)) == -1)
    r = control_fail(c, name, "out of memory");
  if (r == 0 && (r = check_lines(c, from, out)) == -1) list_free(out);
  stralloc_free(&text);
  return r;
}

int control_exists(struct control *c, enum control_name name) {
  stralloc text = {0};
  int r = slurp(c, name, &text);
  stralloc_free(&text);
  return r;
}

int control_is_private(struct control *c, enum control_name name) {
  stralloc path = {0};
  struct stat st;
  int r;
  if (cat_path(c, name, &path) == -1) r = control_fail(c, name, "out of memory");
  else if (stat(path.s, &st) == 0) r = !(st.st_mode & S_IROTH);
  else r = errno == ENOENT ? 1 : control_fail(c, name, strerror(errno));
  stralloc_free(&path);
  return r;
}

void control_free(struct control *c) {
  stralloc_free(&c->folder);
  stralloc_free(&c->error);
}
