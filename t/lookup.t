#!/usr/bin/perl

# Projects that nobody knows yet: the company's own list is asked for, once,
# and never for an id that is not known to be the company's.

use Procore::Test;
use Procore::Test::Lookup qw(:DEFAULT LIST);

my $world = world();
my ($home, $foreign) = @$world{qw(home foreign)};
my ($largest) = grep { $_->{id} == $world->{largest} }
                @{ $world->{companies} };
my $list = LIST;
my $query = "?company_id=$home&filters%5Bby_status%5D=All&view=ids";

my $standin = standin();


# No request that arrived names an id, of the right kind or not.
sub never_named {
    my ($id, $name) = @_;

    my @named = grep {
        my $entry = $_;
        $entry->{target} =~ /\b$id\b/
            || grep({ $_ =~ /\b$id\b/ } values %{ $entry->{headers} });
    } $standin->requests;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return is(scalar @named, 0, $name // "$id never reached Procore");
}


subtest 'an own project: one list, then never again' => sub {
    my ($nginx, $token) = fresh();

    is(reason(project($nginx, $token, 1001)), '200 -', 'passes');
    my @lookups = lookups();
    is(scalar @lookups, 1, 'after one call');
    is("$lookups[0]{method} $lookups[0]{target}", "GET $list$query",
       'for the whole list');

    my $headers = $lookups[0]{headers};
    is($headers->{authorization}, "Bearer $token", 'with the own token');
    is($headers->{'procore-company-id'}, $home, 'and the own company');

    is(reason(project($nginx, $token, 1001)), '200 -', 'passes again');
    is(reason(project($nginx, $token, 1004)), '200 -', 'so does another');
    is(reason(project($nginx, $token, 1005)), '200 -', 'and an inactive one');
    is(scalar lookups(), 1, 'without a further call');
};


subtest 'nothing of the client goes along' => sub {
    my ($nginx, $token) = fresh();

    my $answer = $nginx->request('POST', '/rest/v1.0/projects/1001/rfis',
        token => $token, json => { subject => 'x' }, headers => [
            'Range' => 'bytes=0-3', 'If-None-Match' => '"x"',
            'If-Modified-Since' => 'Sun, 06 Nov 1994 08:49:37 GMT',
            'Cookie' => 'a=b', 'Accept-Encoding' => 'gzip',
            'X-Other' => 'y']);
    is($answer->{status}, 201, 'the request passes');

    my ($lookup) = lookups();
    is($lookup->{method}, 'GET', 'a plain GET');
    is($lookup->{body_length}, 0, 'without a body');
    is(join(' ', sort keys %{ $lookup->{headers} }),
       'accept authorization connection host procore-company-id', 'header')
        or diag(explain($lookup->{headers}));
    my ($passed) = grep { $_->{method} eq 'POST' } $standin->requests;
    is($passed->{headers}{'x-other'}, 'y', 'the request itself keeps its own');
};


subtest 'a project of nobody, and of another company' => sub {
    my ($nginx, $token) = fresh();

    is(reason(project($nginx, $token, 987654321)), '403 unknown_project',
       'refused');
    is(scalar lookups(), 1, 'after one call');
    is(reason(project($nginx, $token, 987654322)), '403 unknown_project',
       'another one, while the mark is young');
    is(reason(project($nginx, $token, $world->{foreign_project})),
       '403 unknown_project', 'one of another company');
    is(scalar lookups(), 1, 'without a further call');
    is(reason(project($nginx, $token, 1002)), '200 -', 'an own one passes');
    never_named($_) for 987654321, 987654322, $world->{foreign_project};
    is_deeply($standin->installed, { $world->{clients}{crm}{id} => [$home] },
              'and nothing is installed elsewhere');
};


subtest 'a mark grows old' => sub {
    my ($nginx, $token) = fresh(server => 'procore_scope_miss_ttl 1s;');

    project($nginx, $token, 987654321);
    is(scalar lookups(), 1, 'one call');
    sleep 2;
    is(reason(project($nginx, $token, 987654321)), '403 unknown_project',
       'later');
    is(scalar lookups(), 2, 'asked again');
    sleep 1;
    project($nginx, $token, 987654321);
    is(scalar lookups(), 2, 'a list that brought nothing new is believed longer');
};


subtest 'many ids decide in one pass' => sub {
    my ($nginx, $token) = fresh();

    my @own = map { { id => $_, name => "p$_" } } 1001 .. 1005;
    my $sync = sub {
        return $nginx->request('PATCH', "$list/sync?company_id=$home",
                               token => $token, json => { updates => [@_] });
    };
    is(reason($sync->(@own)), '200 -', 'five own ones');
    is(scalar lookups(), 1, 'one call');

    my $answer = $sync->(@own, map { { id => 5_000_000 + $_ } } 1 .. 1000);
    is(reason($answer), '403 unknown_project', 'with a thousand unknown ones');
    is($answer->{json}{claim}{name}, 'updates.5.id', 'the first of them');
    is(scalar lookups(), 1, 'no further call');
};


subtest 'a thousand projects, all learnt' => sub {
    my $nginx = nginx();
    my $token = bind_token($nginx, company => $largest->{id})->{access_token};
    $standin->reset;

    my $first = $largest->{first_project};
    is(reason(project($nginx, $token, $first + 999)), '200 -', 'the last one');
    wait_for(5, sub { reason(project($nginx, $token, $first)) eq '200 -' });
    is(reason(project($nginx, $token, $first + $_)), '200 -', "number $_")
        for 0, 299, 300, 500, 998;
    is(reason(project($nginx, $token, $first + 1000)), '403 unknown_project',
       'one more than there are');
    is(scalar lookups(), 1, 'one call');
};


subtest 'objects instead of ids are read by the page' => sub {
    my ($nginx, $token) = fresh();

    my $object = sub { return { id => $_[0], name => 'x' } };
    my %page = (match => "GET $list", times => 1);
    my %next = (Link => "<http://h$list?page=9>; rel=\"next\"");
    $standin->behave(
        { %page, body => [map { $object->($_) } 1001 .. 1002],
          headers => { %next } },
        { %page, body => [map { $object->($_) } 1001 .. 1002],
          headers => { %next } },
        { %page, body => [map { $object->($_) } 1003 .. 1004],
          headers => { %next } },
        { %page, body => [$object->(1005)] });

    is(reason(project($nginx, $token, 1005)), '200 -', 'on the last page');
    my $compact = $query =~ s/view=ids/view=compact&per_page=300/r;
    is_deeply([map { $_->{target} } lookups()],
              ["$list$query", "$list$compact", "$list$compact&page=2",
               "$list$compact&page=3"],
              'page after page, and never the URL of a link');
    is(reason(project($nginx, $token, 1003)), '200 -', 'from the store');
    is(reason(project($nginx, $token, 1006)), '403 unknown_project',
       'the list was complete');
    is(scalar lookups(), 4, 'no further call');
};


subtest 'ids by the page' => sub {
    my ($nginx, $token) = fresh();

    $standin->behave(
        { match => "GET $list", times => 1, body => [1001, 1002],
          headers => { Link => '<x>; rel="last next"' } },
        { match => "GET $list", times => 1, body => [1003, '1004'] });
    is(reason(project($nginx, $token, 1004)), '200 -', 'on page 2');
    is_deeply([map { $_->{target} } lookups()],
              ["$list$query", "$list$query&page=2"], 'two pages');
};


subtest 'families: what a list has serves all, what it lacks only its own'
    => sub
{
    my ($nginx) = fresh();

    my $some = bind_token($nginx, user => 2, company => $home);
    my $all = bind_token($nginx, user => 1, company => $home);
    $standin->reset;

    is(reason(project($nginx, $some->{access_token}, 1003)),
       '403 unknown_project', 'a user sees some of the projects');
    is(reason(project($nginx, $all->{access_token}, 1003)), '200 -',
       'another one of them more');
    is(scalar lookups(), 2, 'each has asked once');
    is_deeply([map { $_->{headers}{authorization} } lookups()],
              [map { "Bearer $_->{access_token}" } $some, $all],
              'each with its own token');
    ok(wait_for(5, sub {
        reason(project($nginx, $some->{access_token}, 1003)) eq '404 -';
    }), 'then it is known, and Procore says what the user may see');

    my $again = refresh($nginx, $some)->{json}{access_token};
    is(reason(project($nginx, $again, 987654321)), '403 unknown_project',
       'a refreshed token');
    is(scalar lookups(), 2, 'belongs to the same family');
};


subtest 'without a lookup location nobody is asked' => sub {
    my ($nginx, $token) = fresh(lookup => 0);

    is(reason(project($nginx, $token, 1001)), '403 unknown_project',
       'unknown');
    is(scalar lookups(), 0, 'no call');
};


subtest 'what is learnt outlives a restart' => sub {
    my ($nginx, $token) = fresh();

    is(reason(project($nginx, $token, 1001)), '200 -', 'learnt');
    ok(wait_for(5, sub { reason(project($nginx, $token, 1002)) eq '200 -' }),
       'stored');
    $nginx->stop;
    $nginx->start;
    $standin->reset;
    is(reason(project($nginx, $token, 1003)), '200 -', 'still known');
    is(scalar lookups(), 0, 'no call');
};


subtest 'what is learnt runs out' => sub {
    my ($nginx, $token) = fresh(server => 'procore_scope_projects_ttl 2s;');

    is(reason(project($nginx, $token, 1001)), '200 -', 'learnt');
    sleep 4;
    is(reason(project($nginx, $token, 1001)), '200 -', 'learnt anew');
    is(scalar lookups(), 2, 'by a second call');
};


subtest 'HTTP/2' => sub {
    my ($nginx, $token) = fresh(h2 => 1);

    is(reason($nginx->h2('GET', '/rest/v1.0/projects/1001',
                         token => $token)), '200 -', 'an own project');
    is(reason($nginx->h2('GET', '/rest/v1.0/projects/987654321',
                         token => $token)), '403 unknown_project',
       'one of nobody');
    is(scalar lookups(), 1, 'one call');
};


subtest 'one connection, several requests' => sub {
    my ($nginx, $token) = fresh();

    my $connection = $nginx->connect;
    my @got = map {
        reason($connection->request('GET', "/rest/v1.0/projects/$_",
                                    token => $token, keep => 1));
    } 1001, 987654321, 1002;
    is_deeply(\@got, ['200 -', '403 unknown_project', '200 -'],
              'each gets its own answer');
};


subtest 'monitor looks up as well, and holds nobody' => sub {
    my ($nginx, $token) = fresh(mode => 'monitor');

    $standin->behave({ match => "GET $list", delay => 1 });
    $nginx->next_audit;    # of the token
    my $start = time;
    is(project($nginx, $token, 1001, company => $home)->{status}, 200,
       'an own project');
    ok(time - $start < 1, 'passes at once');
    is($nginx->next_audit->{procore_scope}{decision}, 'allow',
       'the record knows that it is');

    $standin->behave;
    project($nginx, $token, 987654321);
    is(join(' ', @{ $nginx->next_audit->{procore_scope} }
                 {qw(decision reason)}), 'would_deny unknown_project',
       'and that another one is not');
    is(scalar lookups(), 1, 'one call');
};


subtest 'monitor: many at once, one call, true records' => sub {
    my ($nginx, $token) = fresh(mode => 'monitor', workers => 2);

    $standin->behave({ match => "GET $list", delay => 0.5 });
    $nginx->next_audit;    # of the token
    my @connections = map { $nginx->connect } 1 .. 20;
    $_->send("GET /rest/v1.0/projects/1001 HTTP/1.1\r\nHost: x\r\n"
             . "Authorization: Bearer $token\r\n"
             . "Procore-Company-Id: $home\r\nConnection: close\r\n\r\n")
        for @connections;
    my @status = map { $_->response('GET')->{status} } @connections;
    is(scalar grep({ $_ == 200 } @status), 20, 'all pass');
    my @decisions = map { $_->{procore_scope}{decision} }
                    $nginx->next_audit(20);
    is(scalar grep({ $_ eq 'allow' } @decisions), 20, 'as in scope')
        or diag("@decisions");
    is(scalar lookups(), 1, 'one call');
};


done_testing();
