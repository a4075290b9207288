# Sends the message on standard input by Net::SMTP: PORT SENDER RECIPIENT...
use strict;
use warnings;
use Net::SMTP;

my ($port, $sender, @recipients) = @ARGV;
my $smtp = Net::SMTP->new("127.0.0.1", Port => $port, Hello => "perl.test", Timeout => 60)
  or die "unable to connect: $@\n";
my $fine = $smtp->mail($sender) && $smtp->to(@recipients) && $smtp->data(do { local $/; <STDIN> });
my $said = join "", $smtp->code, " ", $smtp->message;
$smtp->quit;
print $said;
exit($fine ? 0 : 1);
