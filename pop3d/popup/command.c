#include "config.h"
#include "pop3d/popup/command.h"
#include <string.h>
#include "pop3d/language.h"
#include "pop3d/pop3.h"
#include "pop3d/popup/auth.h"
#include "pop3d/popup/reply.h"

/* ---- what is offered */

/* Asked once: what owl-authd can do does not change between two commands. */
static enum popup_next ask_offer(struct popup *p, struct logindoor_answer *a) {
  struct logindoor_request nothing = {0};
  p->offered = 0;
  p->has_apop = false;
  if (p->ask(p->context, LOGINDOOR_OFFER, &nothing, a) == -1) return POPUP_LOST;
  if (a->result.class != RESULT_SUCCESS) return POPUP_LINE;
  p->is_asked = true;
  p->offered = sasl_set(a->offered);
  p->has_apop = a->challenge.s;
  return POPUP_LINE;
}

static bool know_offer(struct popup *p) {
  struct logindoor_answer a;
  return p->is_asked || ask_offer(p, &a) == POPUP_LINE;
}

static bool has_password(const struct popup *p) { return p->offered & 1u << SASL_PLAIN; }

/* RFC 1939 4: a time stamp tells that there is APOP. */
enum popup_next popup_greet(struct popup *p) {
  struct logindoor_answer a = {0};
  if (ask_offer(p, &a) == POPUP_LOST) return POPUP_LOST;
  if (!stralloc_cats(p->out, "+OK ") || !stralloc_cats(p->out, p->me) || !stralloc_cats(p->out, " POP3 server ready"))
    return reply_lost();
  if (a.challenge.s && (!stralloc_cats(p->out, " ") || text_cat(p->out, a.challenge) == -1)) return reply_lost();
  return stralloc_cats(p->out, "\r\n") ? POPUP_LINE : reply_lost();
}

static enum popup_next refuse_plaintext(struct popup *p) {
  return reply_error(p, p->offers_tls ? "please begin TLS first (STLS)"
                                      : "[SYS/PERM] log-in needs TLS, which this server does not have");
}

/* false: *next is what comes of it. */
static bool may_log_in(struct popup *p, enum popup_next *next) {
  if (!p->may_log_in) return *next = refuse_plaintext(p), false;
  if (!know_offer(p)) return *next = POPUP_LOST, false;
  if (!p->is_asked) *next = reply_error(p, "[SYS/TEMP] passwords cannot be checked now, please try later");
  return p->is_asked;
}

/* ---- USER, PASS, APOP */

/* Whether there is such a user nobody says before the password. */
static enum popup_next user_command(struct popup *p, struct text argument) {
  enum popup_next next;
  if (!may_log_in(p, &next)) return next;
  if (!has_password(p)) return reply_error(p, "USER is not available here");
  if (!sasl_is_user(argument)) return reply_error(p, "that is no user name");
  if (text_copy(&p->user, argument) == -1) return reply_lost();
  return reply_ok(p, "password, please");
}

static enum popup_next check_password(struct popup *p, struct text password) {
  struct logindoor_request r = {.mechanism = text_of(sasl_name(SASL_PLAIN)), .user = text_of_stralloc(&p->user), .secret = password};
  struct logindoor_answer a;
  if (password.len > SASL_SECRET_MAX || memchr(password.s, 0, password.len))
    return reply_error(p, "[AUTH] user or password is wrong");
  if (p->ask(p->context, LOGINDOOR_AUTH, &r, &a) == -1) return POPUP_LOST;
  return a.result.class == RESULT_SUCCESS ? popup_open(p) : reply_result(p, &a);
}

static enum popup_next pass_command(struct popup *p, struct text argument) {
  enum popup_next next;
  if (!may_log_in(p, &next)) return next;
  if (!p->user.len) return reply_error(p, "USER goes first");
  next = check_password(p, argument);
  stralloc_zero(&p->user);
  return next;
}

/* RFC 1939 7: the digest is 16 octets, in lower-case hexadecimal. */
static bool is_digest(struct text t) {
  for (size_t i = 0; i < t.len; i++)
    if (!t.s[i] || !strchr("0123456789abcdef", t.s[i])) return false;
  return t.len == 32;
}

static enum popup_next apop_command(struct popup *p, struct text argument) {
  struct logindoor_request r = {0};
  struct logindoor_answer a;
  enum popup_next next;
  if (!may_log_in(p, &next)) return next;
  if (!p->has_apop) return reply_error(p, "APOP is not available here");
  const char *blank = memrchr(argument.s, ' ', argument.len);
  if (!blank) return reply_error(p, "APOP goes with a name and a digest");
  r.user = (struct text){argument.s, (size_t)(blank - argument.s)};
  r.response = (struct text){blank + 1, argument.len - r.user.len - 1};
  if (!sasl_is_user(r.user)) return reply_error(p, "that is no user name");
  if (!is_digest(r.response)) return reply_error(p, "that is no digest");
  if (p->ask(p->context, LOGINDOOR_APOP, &r, &a) == -1) return POPUP_LOST;
  return a.result.class == RESULT_SUCCESS ? popup_open(p) : reply_result(p, &a);
}

/* ---- AUTH */

/* Without an argument: some clients ask so for the mechanisms (RFC 5034 6 has no such form). */
static enum popup_next list_mechanisms(struct popup *p) {
  if (reply_ok(p, "mechanisms follow") == POPUP_LOST) return POPUP_LOST;
  for (unsigned m = 0; m < SASL_MECHANISM_COUNT; m++)
    if (p->offered & 1u << m && reply_line(p, sasl_name((enum sasl_mechanism)m)) == POPUP_LOST) return POPUP_LOST;
  return reply_line(p, ".");
}

static enum popup_next auth_command(struct popup *p, struct text argument) {
  struct text name;
  enum sasl_mechanism m;
  enum popup_next next;
  if (!may_log_in(p, &next)) return next;
  if (!argument.s) return list_mechanisms(p);
  text_cut(&argument, ' ', &name);
  if (!sasl_find(name, &m) || !(p->offered & 1u << m)) return reply_error(p, "that mechanism is not offered here");
  return popup_begin_auth(p, m, argument);
}

/* ---- others */

static enum popup_next stls_command(struct popup *p, struct text argument) {
  struct logindoor_request nothing = {0};
  struct logindoor_answer a;
  (void)argument;
  if (p->is_secured) return reply_error(p, "there is TLS already"); /* RFC 2595 4 */
  if (!p->offers_tls) return reply_error(p, "TLS is not available here");
  if (p->ask(p->context, LOGINDOOR_TLS, &nothing, &a) == -1) return POPUP_LOST;
  if (a.result.class != RESULT_SUCCESS) return reply_result(p, &a);
  return reply_ok(p, "go ahead with TLS") == POPUP_LOST ? POPUP_LOST : POPUP_TLS;
}

static int cat_sasl(struct popup *p) {
  if (!p->offered) return 0;
  if (!stralloc_cats(p->out, "SASL") || sasl_cat_set(p->out, p->offered) == -1) return -1;
  return stralloc_cats(p->out, "\r\n") ? 0 : -1;
}

/* RFC 2449 6; SASL and USER may differ before and behind TLS (RFC 2595 4). */
static enum popup_next capa_command(struct popup *p, struct text argument) {
  (void)argument;
  if (p->may_log_in && !know_offer(p)) return POPUP_LOST;
  if (reply_ok(p, "capabilities follow") == POPUP_LOST) return POPUP_LOST;
  if (has_password(p) && reply_line(p, "USER") == POPUP_LOST) return POPUP_LOST;
  if (cat_sasl(p) == -1) return reply_lost();
  if (p->offers_tls && !p->is_secured && reply_line(p, "STLS") == POPUP_LOST) return POPUP_LOST;
  return pop3_put_capabilities(p->out, true, p->login_delay_s) == 0 ? POPUP_LINE : reply_lost();
}

/* Messages go out as they are with it and without it: the session is told, all the same. */
static enum popup_next utf8_command(struct popup *p, struct text argument) {
  (void)argument;
  p->utf8 = true;
  return reply_ok(p, "UTF-8, with pleasure");
}

static enum popup_next lang_command(struct popup *p, struct text argument) {
  const char *language = argument.s ? language_choose(argument) : NULL;
  if (language && !stralloc_copys(&p->language, language)) return reply_lost();
  return language_reply(argument, p->out) == 0 ? POPUP_LINE : reply_lost();
}

static enum popup_next quit_command(struct popup *p, struct text argument) {
  (void)argument;
  return reply_ok(p, "goodbye") == POPUP_LOST ? POPUP_LOST : POPUP_QUIT;
}

/* ---- the table */

static const struct command {
  const char *name;
  enum pop3_argument argument;
  enum popup_next (*run)(struct popup *p, struct text argument);
} commands[] = {
  {"USER", POP3_NEEDED, user_command}, /* RFC 1939 7 */
  {"PASS", POP3_NEEDED, pass_command}, {"APOP", POP3_NEEDED, apop_command},
  {"QUIT", POP3_NONE, quit_command},   /* RFC 1939 4 */
  {"AUTH", POP3_MAYBE, auth_command},  /* RFC 5034 4 */
  {"CAPA", POP3_NONE, capa_command},   /* RFC 2449 5 */
  {"STLS", POP3_NONE, stls_command},   /* RFC 2595 4 */
  {"UTF8", POP3_NONE, utf8_command},   /* RFC 6856 2 */
  {"LANG", POP3_MAYBE, lang_command},  /* RFC 6856 3 */
};

enum popup_next popup_run(struct popup *p, struct text line) {
  struct text name = text_of(""), argument = line;
  text_cut(&argument, ' ', &name); /* a password may begin and end with blanks */
  if (argument.len == 0) argument = TEXT_ABSENT;
  for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
    if (!text_equal_nocase(name, text_of(commands[i].name))) continue;
    if (!pop3_fits(commands[i].argument, argument)) return reply_error(p, "wrong number of arguments");
    return commands[i].run(p, argument);
  }
  return reply_error(p, "unknown command, or not before the log-in");
}

void popup_free(struct popup *p) {
  sasl_free(&p->sasl);
  stralloc_free(&p->user);
  stralloc_free(&p->language);
  text_wipe(&p->decoded);
}
