package Procore::Test::Chooser;

# What the tests of the chooser ask of a gateway.

use strict;
use warnings;

use Exporter 'import';
use Procore::Test::Process qw(wait_for);

our @EXPORT_OK = qw(link_in link_for token);


# A token without a company, as a string, that came by "to".
sub token {
    my ($to, %opt) = @_;

    return Procore::Test::bind_token($to, company => undef, %opt)->{access_token};
}


# The link in a refusal, where there is one.
sub link_in {
    my ($answer) = @_;

    my $link = $answer->{json}{choose_url};
    Procore::Test::remember($link =~ /\?l=(.+)/) if defined $link;
    return $link;
}


# The link that the app gets: where many were made in the same second, a little
# later.
sub link_for {
    my ($to, $token) = @_;

    my $link;
    wait_for(10, sub {
        $link = link_in($to->request('GET', '/rest/v1.0/projects',
                                     token => $token, company => 7));
    });
    return $link;
}


1;
