#!/usr/bin/perl
# Asks spikelossd for a loss and its gradient, with the modules that come with Perl.
#
#     perl examples/first_call.pl      SPIKELOSSD_URL names the server, default http://127.0.0.1:8080
use strict;
use warnings;
use HTTP::Tiny;
use JSON::PP;

my $url = $ENV{SPIKELOSSD_URL} // 'http://127.0.0.1:8080';

# [batch, time, neurons]: two samples, four time steps, two classes of two neurons each. The gradient
# is the same at every time step, so "broadcast" asks for one row a sample.
#
# A number that was used as text, such as one that was read from a file, is sent as text: add 0.
my @spikes = map { [map { [map { $_ + 0 } split //] } split ' '] }
  '1001 1100 1000 0100', '0011 0010 1011 0010';
my %request = (
    spk               => \@spikes,
    targets           => [0, 0],
    num_classes       => 2,
    neurons_per_class => 2,
    correct_rate      => 0.75,
    incorrect_rate    => 0.125,
    gradient          => 'broadcast',
);

my $response = HTTP::Tiny->new->post(
    "$url/v1/losses/balanced_population_mse",
    {headers => {'Content-Type' => 'application/json'}, content => encode_json(\%request)}
);
# 599 is HTTP::Tiny's own: there was no answer.
die $response->{content} if $response->{status} == 599;
my $answer = decode_json($response->{content});
die "$answer->{detail}\n" unless $response->{success};

my @gradient = @{$answer->{gradients}{spk}{data}};    # [2, 1, 4], the last axis fastest
print "loss: $answer->{loss}\n";
print "gradient: @gradient\n";
