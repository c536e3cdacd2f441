#!/usr/bin/perl

# What was learnt runs out.  Shortly before, a request that uses it has the list
# fetched anew behind its back.

use Procore::Test;
use Procore::Test::Clock;
use Procore::Test::Lookup qw(:DEFAULT LIST);

use Time::HiRes qw(sleep);

use constant HOUR => 3600;

my $clock = Procore::Test::Clock->new;
my $home = world()->{home};
my $standin = standin();
my $list = LIST;


# A nginx, a token, and 54 minutes ago a list, which is believed for an hour.
sub aged {
    my (%opt) = @_;

    my ($nginx, $token) = fresh(%opt);
    is(reason(project($nginx, $token, 1001, company => $home)), '200 -',
       'learnt');
    is(scalar lookups(), 1, 'by one list');
    sleep 0.3;    # more than a commit takes
    $clock->forward(0.9 * HOUR + 60);
    sleep 0.6;    # nginx looks at the clock twice a second
    $standin->reset;
    return ($nginx, $token);
}


sub lists {
    my ($count) = @_;

    return wait_for(5, sub { lookups() >= $count });
}


for my $mode (qw(enforce monitor)) {
    subtest "$mode: a list is refreshed before it runs out" => sub {
        my ($nginx, $token) = aged(mode => $mode, workers => 2);

        $standin->behave({ match => "GET $list", delay => 2 });
        my @answers = map { project($nginx, $token, $_, company => $home) }
                      1001, 1002, 1001, 1002;
        is_deeply([map { reason($_) } @answers], [('200 -') x 4], 'all pass');
        my $answered = grep { $_->{target} !~ /view=ids/ }
                       $standin->requests;
        is($answered, 4, 'and have gone up');
        ok(lists(1), 'a list is asked for');
        is((lookups())[0]{headers}{authorization}, "Bearer $token",
           'with the token of the request');
        sleep 2.5;
        $standin->behave;
        is(scalar lookups(), 1, 'once');

        $clock->forward(0.5 * HOUR);
        sleep 0.6;
        is(reason(project($nginx, $token, 1001, company => $home)), '200 -',
           'half an hour later it is still known');
        is(scalar lookups(), 1, 'without another call');
    };
}


subtest 'nobody waits for it' => sub {
    my ($nginx, $token) = aged();

    $standin->behave({ match => "GET $list", delay => 3 });
    my $connection = $nginx->connect;
    is(reason($connection->request('GET', '/rest/v1.0/projects/1001',
                                   token => $token, keep => 1)),
       '200 -', 'passes');
    is(scalar grep({ $_->{target} =~ /view=ids/ } $standin->requests), 1,
       'with the list still under way');
    is(reason(project($nginx, $token, 1002)), '200 -', 'another one, too');
    sleep 3.2;
};


subtest 'a refresh that fails does no harm, and is not repeated at once' => sub {
    my ($nginx, $token) = aged(server => 'procore_scope_miss_ttl 0;');

    $standin->behave({ match => "GET $list", status => 500, body => '' });
    for (1 .. 5) {
        is(reason(project($nginx, $token, 1001)), '200 -', 'passes');
    }
    ok(lists(1), 'a list was asked for');
    sleep 2.5;    # longer than a failure is remembered otherwise
    is(reason(project($nginx, $token, 1001)), '200 -', 'passes');
    sleep 0.3;
    is(scalar lookups(), 1, 'once');

    $standin->behave;
    $clock->forward(100);
    sleep 0.6;
    is(reason(project($nginx, $token, 1001)), '200 -', 'a little later');
    ok(lists(2), 'it is tried again');
};


subtest 'the rate of pages holds for it' => sub {
    my ($nginx, $token) = aged(server => 'procore_scope_lookup_rate 1;');

    is(reason(project($nginx, $token, 1001)), '200 -', 'passes');
    sleep 0.5;
    is(scalar lookups(), 0, 'no second page in a minute');
};


subtest 'early, or imported: no refresh' => sub {
    my ($nginx, $token) = fresh();

    $nginx->import_records({ project_id => 9_500_001, company_id => $home });
    is(reason(project($nginx, $token, 1001)), '200 -', 'learnt');
    $clock->forward(0.8 * HOUR);
    sleep 0.6;
    $standin->reset;
    is(reason(project($nginx, $token, 1001)), '200 -', 'passes');
    $clock->forward(0.15 * HOUR);
    sleep 0.6;
    is(reason(project($nginx, $token, 9_500_001)), '404 -',
       'an imported one goes up');
    sleep 0.5;
    is(scalar lookups(), 0, 'no call');
};


done_testing();
