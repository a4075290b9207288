#include "config.h"
#include "smtpd/doorkeeper/settings.h"
#include <stdlib.h>
#include <unistd.h>
#include "lib/network.h"
#include "smtpd/doorkeeper/authsettings.h"
#include "smtpd/doorkeeper/nodes.h"
#include "smtpd/doorkeeper/variables.h"

static int load_numbers(struct settings *s, struct control *c) {
  uint64_t forcetls;
  const struct {
    enum control_name name;
    uint64_t *to;
  } numbers[] = {
    {CONTROL_ALLOWUNFENCED, &s->allowunfenced},
    {CONTROL_AUTHWITHOUTTLS, &s->authwithouttls}, {CONTROL_MAXAUTHTRIES, &s->maxauthtries},
    {CONTROL_SUBMISSIONRECIPIENTS, &s->submissionrecipients},
    {CONTROL_DATABYTES, &s->databytes},         {CONTROL_MAXERRORS, &s->maxerrors},
    {CONTROL_GREETDELAY, &s->greetdelay_s},     {CONTROL_MAXREQUESTS, &s->maxrequests},
    {CONTROL_MAXHOPS, &s->maxhops},             {CONTROL_MAXRECIPIENTS, &s->maxrecipients},
    {CONTROL_MAXTRANSACTIONS, &s->maxtransactions},
    {CONTROL_MINDATARATE, &s->mindatarate},     {CONTROL_MINDATAWINDOW, &s->mindatawindow_s},
    {CONTROL_TARPITCOUNT, &s->tarpitcount},
    {CONTROL_TARPITDELAY, &s->tarpitdelay_s},
    {CONTROL_TIMEOUTRCPT, &s->timeoutrcpt_s},   {CONTROL_TIMEOUTSMTPD, &s->timeoutsmtpd_s},
    {CONTROL_TIMEOUTVERIFY, &s->timeoutverify_s},
  };
  for (unsigned i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
    if (control_number(c, numbers[i].name, numbers[i].to) == -1) return -1;
  if (control_number(c, CONTROL_FORCETLS, &forcetls) == -1) return -1;
  s->needs_tls = forcetls;
  return 0;
}

static int explain(struct control *c, const char *error) {
  (void)!(stralloc_copys(&c->error, error) && stralloc_0(&c->error));
  return -1;
}

static int load_texts(struct settings *s, struct control *c) {
  if (control_text(c, CONTROL_ME, &s->me) == -1) return -1;
  if (control_text(c, CONTROL_SMTPGREETING, &s->greeting) == -1) return -1;
  if (control_text(c, CONTROL_LOCALIPHOST, &s->localiphost) == -1) return -1;
  if (control_text(c, CONTROL_RUNDIR, &s->rundir) == -1) return -1;
  bool ok = stralloc_copy(&s->etrn_socket, &s->rundir) && stralloc_copy(&s->nexthop_socket, &s->rundir) &&
            stralloc_copy(&s->rcpt_socket, &s->rundir) && stralloc_copy(&s->inject_socket, &s->rundir);
  return ok ? 0 : explain(c, "out of memory");
}

static int load_verified(struct settings *s, struct control *c) {
  if (control_list(c, CONTROL_VERIFYRECIPIENTS, &s->verifyrecipients) == -1) return -1;
  for (size_t i = 0; i < s->verifyrecipients.count; i++) {
    struct text value = s->verifyrecipients.lines[i].value;
    if (value.len && !text_equals(value, "accept") && !text_equals(value, "defer"))
      return control_fail(c, CONTROL_VERIFYRECIPIENTS, "a value is neither accept nor defer");
  }
  return 0;
}

static int load_lists(struct settings *s, struct control *c) {
  if (control_list(c, CONTROL_BADHELO, &s->badhelo) == -1) return -1;
  if (control_list(c, CONTROL_BADMAILFROM, &s->badmailfrom) == -1) return -1;
  if (control_list(c, CONTROL_BADRCPTTO, &s->badrcptto) == -1) return -1;
  if (control_list(c, CONTROL_RCPTHOSTS, &s->rcpthosts) == -1) return -1;
  return load_verified(s, c) == -1 ? -1 : route_load(&s->routes, c);
}

static int load_networks(struct settings *s, struct control *c) {
  if (network_load(&s->proxyclients, c, CONTROL_PROXYCLIENTS) == -1) return -1;
  if (network_load(&s->relayclients, c, CONTROL_RELAYCLIENTS) == -1) return -1;
  if (nodes_load(&s->etrnclients, c) == -1) return -1;
  if (control_list(c, CONTROL_TLSCLIENTS, &s->tlsclients) == -1) return -1;
  return network_load(&s->xclients, c, CONTROL_XCLIENTS);
}

/* The connection's own word comes before the control file's. */
static int load_newlines(struct settings *s, struct control *c) {
  stralloc said = {0};
  struct text value = text_of(getenv("SMTPNEWLINES"));
  int r = value.s ? 0 : control_text(c, CONTROL_SMTPNEWLINES, &said);
  if (!value.s) value = text_of_stralloc(&said);
  s->normalises_newlines = text_equals(value, "normalise");
  if (r == 0 && !s->normalises_newlines && !text_equals(value, "refuse"))
    r = explain(c, "unable to read smtpnewlines: it is neither refuse nor normalise");
  stralloc_free(&said);
  return r;
}

/* owl-tlsd's, which only it may read. */
static int look_for_certificates(struct settings *s, struct control *c) {
  stralloc path = {0};
  int has_list = control_exists(c, CONTROL_TLSCERTIFICATES);
  bool ok = stralloc_copys(&path, c->folder.s) && stralloc_cats(&path, "/") &&
            stralloc_cats(&path, control_table[CONTROL_TLSCERTIFICATES].fallback) && stralloc_0(&path);
  s->expects_tls = has_list > 0 || (ok && access(path.s, F_OK) == 0);
  stralloc_free(&path);
  return has_list == -1 ? -1 : ok ? 0 : explain(c, "out of memory");
}

int settings_load(struct settings *s, struct control *c) {
  *s = (struct settings){0};
  if (load_texts(s, c) == -1 || load_numbers(s, c) == -1 || load_lists(s, c) == -1) return -1;
  if (load_networks(s, c) == -1 || load_newlines(s, c) == -1 || look_for_certificates(s, c) == -1) return -1;
  if (!stralloc_cats(&s->rcpt_socket, "/rcpt/socket") || !stralloc_0(&s->rcpt_socket) ||
      !stralloc_cats(&s->etrn_socket, "/etrn/socket") || !stralloc_0(&s->etrn_socket) ||
      !stralloc_cats(&s->nexthop_socket, "/nexthop/socket") || !stralloc_0(&s->nexthop_socket) ||
      !stralloc_cats(&s->inject_socket, "/inject/socket") || !stralloc_0(&s->inject_socket) ||
      !stralloc_copy(&s->folder, &c->folder))
    return explain(c, "out of memory");
  return variables_load(s, c) == -1 ? -1 : authsettings_load(s, c);
}

void settings_free(struct settings *s) {
  stralloc_free(&s->me);
  stralloc_free(&s->greeting);
  stralloc_free(&s->localiphost);
  stralloc_free(&s->rundir);
  stralloc_free(&s->rcpt_socket);
  stralloc_free(&s->etrn_socket);
  stralloc_free(&s->nexthop_socket);
  stralloc_free(&s->inject_socket);
  stralloc_free(&s->folder);
  list_free(&s->badhelo);
  list_free(&s->badmailfrom);
  list_free(&s->badrcptto);
  list_free(&s->rcpthosts);
  list_free(&s->sendermap);
  list_free(&s->verifyrecipients);
  list_free(&s->proxyclients);
  list_free(&s->relayclients);
  list_free(&s->xclients);
  list_free(&s->etrnclients);
  list_free(&s->tlsclients);
  route_unload(&s->routes);
}
