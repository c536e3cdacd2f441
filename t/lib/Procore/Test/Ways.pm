package Procore::Test::Ways;

# What the tests of the ways to bind ask of a gateway.

use strict;
use warnings;

use Exporter 'import';

our @EXPORT_OK = qw(answer told);


# What a request of this token that names the company gets.
sub answer {
    my ($to, $token, $company, %opt) = @_;

    my $response = $to->request('GET', "/rest/v1.0/companies/$company/users",
                                token => $token->{access_token}, %opt,
                                company => $company);
    return $response->{status} == 200
        ? 'passes' : join ' ', $response->{status},
                          $response->{json}{reason} // ();
}


# What the token endpoint has said, in short: "400 invalid_request rebind".
sub told {
    my ($response) = @_;

    return join ' ', $response->{status}, $response->{json}{error} // '-',
        $response->{json}{reason} // '-';
}


1;
