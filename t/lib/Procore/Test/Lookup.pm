package Procore::Test::Lookup;

# What the tests of the lookup share: an nginx that has seen nothing, questions
# for projects, and the lists that the module asked for.

use strict;
use warnings;

use Exporter 'import';

use Procore::Test ();

our @EXPORT = qw(fresh lookups project reason);
our @EXPORT_OK = qw(LIST);

use constant LIST => '/rest/v1.1/projects';


# A nginx that has seen nothing, a token that it has bound, and the whole
# token answer.
sub fresh {
    my (%opt) = @_;

    my $nginx = Procore::Test::nginx(%opt);
    my $token = Procore::Test::bind_token(
        $nginx, company => Procore::Test::world()->{home});
    Procore::Test::standin()->reset;
    return ($nginx, $token->{access_token}, $token);
}


sub project {
    my ($nginx, $token, $id, %opt) = @_;

    return $nginx->request('GET', "/rest/v1.0/projects/$id",
                           token => $token, %opt);
}


# Status and reason of a refusal, "200 -" for what passed.
sub reason {
    my ($response) = @_;

    return "$response->{status} "
        . ($response->{header}{'procore-scope-reason'} // '-');
}


# What the module itself has asked for.
sub lookups {
    return grep { $_->{target} =~ m{^\Q@{[LIST]}\E\?} }
        Procore::Test::standin()->requests;
}


1;
