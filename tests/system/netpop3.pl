#!/usr/bin/perl
# Fetches by Perl's Net::POP3 what is in a mailbox: prints "SIZE UIDL" lines, writes files.
use strict;
use warnings;
use JSON::PP;
use Net::POP3;

my $door = decode_json(do { local $/; <STDIN> });
my %tls = (SSL_ca_file => $door->{authority}, SSL_verifycn_name => 'localhost');
my $pop = Net::POP3->new('localhost', Port => $door->{port}, Timeout => 60,
  $door->{tls} eq 'implicit' ? (SSL => 1, %tls) : ()) or die "unable to connect: $@\n";
if ($door->{tls} eq 'stls') { $pop->starttls(%tls) or die 'unable to start TLS: ', $pop->message, "\n" }

my $login = $door->{apop} ? 'apop' : 'login';
defined $pop->$login($door->{user}, $door->{password}) or die 'unable to log in: ', $pop->message, "\n";
my ($sizes, $uidls) = ($pop->list, $pop->uidl);
my @numbers = sort { $a <=> $b } keys %$sizes;
my ($count, $octets) = $pop->popstat;
$count == @numbers or die "$count is not ", scalar @numbers, "\n";

for my $number (@numbers) {
  my $lines = $pop->get($number) or die 'unable to fetch: ', $pop->message, "\n";
  open my $file, '>:raw', "$door->{folder}/$number" or die "$door->{folder}/$number: $!\n";
  print $file @$lines;
  close $file or die "$door->{folder}/$number: $!\n";
  !$door->{delete} || $pop->delete($number) or die 'unable to delete: ', $pop->message, "\n";
  print "$sizes->{$number} $uidls->{$number}\n";
}
$pop->quit or die 'unable to end: ', $pop->message, "\n";
