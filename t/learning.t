#!/usr/bin/perl

# Projects are learnt from answers that pass by: from lists of the bound
# company and from projects that were made, and from nothing else.

use Procore::Test;
use Procore::Test::Lookup qw(:DEFAULT);

use Time::HiRes qw(sleep);

my $world = world();
my ($home, $foreign) = @$world{qw(home foreign)};
my $standin = standin();
my $LIST = '/rest/v1.1/projects';


# Without a lookup location a project passes only where it was learnt.
sub known {
    my ($nginx, $token, $id) = @_;

    return wait_for(3, sub { reason(project($nginx, $token, $id)) eq '200 -' });
}


sub unknown {
    my ($nginx, $token, $id) = @_;

    sleep 0.3;    # more than a commit takes
    return reason(project($nginx, $token, $id)) eq '403 unknown_project';
}


# The record of one request, those before it passed over.
sub record {
    my ($nginx, @request) = @_;

    $nginx->skip_audit;
    my $answer = $nginx->request(@request);
    my $record = $nginx->next_audit->{procore_scope};
    return ($answer, $record);
}


subtest 'a list' => sub {
    my ($nginx, $token) = fresh(lookup => 0);

    ok(unknown($nginx, $token, 1001), 'not known at first');
    my ($answer, $record) = record($nginx,
        GET => "$LIST?company_id=$home&per_page=100&page=1", token => $token);
    is($answer->{status}, 200, 'a list passes');
    is($record->{learnt}, scalar @{ $answer->{json} }, 'on record');
    is($record->{kept}, undef, 'nothing was kept');
    ok(known($nginx, $token, 1001), 'its projects are known');
    ok(unknown($nginx, $token, 1005), 'one that was not on it is not');

    (undef, $record) = record($nginx, GET => $LIST, token => $token);
    is($record->{learnt}, undef, 'the same list once more writes nothing');

    (undef, $record) = record($nginx,
        GET => "/rest/v1.0/companies/$home/projects?filters[by_status]=All"
               . '&filters%5Bname%5D=x', token => $token);
    is($record->{learnt}, 1, 'the other path, and a filter');
    ok(known($nginx, $token, 1005), 'brings the missing one');
};


subtest 'a list of bare ids' => sub {
    my ($nginx, $token) = fresh(lookup => 0);

    my (undef, $record) = record($nginx, GET => "$LIST?view=ids",
                                 token => $token);
    cmp_ok($record->{learnt}, '>', 1, 'learnt');
    ok(known($nginx, $token, 1001), 'known');
};


subtest 'with a lookup location, nothing is asked for' => sub {
    my ($nginx, $token) = fresh();

    $nginx->request(GET => "/rest/v1.0/projects", token => $token);
    sleep 0.3;
    is(reason(project($nginx, $token, 1001)), '200 -', 'passes');
    is(scalar lookups(), 0, 'without a call');
};


subtest 'a project that was made' => sub {
    my ($nginx, $token) = fresh(lookup => 0,
                                server => 'underscores_in_headers on;');

    my ($answer, $record) = record($nginx, POST => '/rest/v1.0/projects',
        token => $token, json => { project => { name => 'New' } });
    is($answer->{status}, 201, 'made');
    is($record->{learnt}, 1, 'on record');
    ok(known($nginx, $token, $answer->{json}{id}), 'usable at once');

    for my $case (
        ['a method override', headers => ['X-HTTP-Method-Override', 'POST'],
         json => { project => { name => 'New' } }],
        ['and its other spelling',
         headers => ['X_HTTP_Method_Override', 'POST'],
         json => { project => { name => 'New' } }],
        ['a form', body => 'project[name]=New',
         type => 'application/x-www-form-urlencoded'])
    {
        my ($name, @how) = @$case;
        ($answer, $record) = record($nginx, POST => '/rest/v1.0/projects',
                                    token => $token, @how);
        is($record->{learnt}, undef, "$name teaches nothing");
    }
};


# Answers that look like a list and must not be believed; one nginx for all.
subtest 'answers that are not believed' => sub {
    my ($nginx, $token) = fresh(lookup => 0);

    my $id = 9_100_000;
    my $json = { 'Content-Type' => 'application/json' };
    my $list = sub { [map { { id => $id + $_, company => { id => $home } } }
                      0 .. 2] };
    my $try = sub {
        my ($name, $rule, @request) = @_;

        $id += 10;
        @request = (GET => $LIST) unless @request;
        $standin->behave({ match => "* $LIST*", headers => $json,
                           status => 200, body => $list->(), %$rule });
        my ($answer, $record) = record($nginx, @request, token => $token);
        is($record->{learnt}, undef, "$name: nothing on record");
        $standin->behave;
        ok(unknown($nginx, $token, $id), 'and nothing known');
        return $answer;
    };

    $standin->behave({ match => "* $LIST*", headers => $json, status => 200,
                       body => $list->() });
    my (undef, $sane) = record($nginx, GET => $LIST, token => $token);
    is($sane->{learnt}, 3, 'the sane answer is learnt');

    $try->('another company in one element', { body =>
        [{ id => $id + 10, company => { id => $home } },
         { id => $id + 11, company => { id => $foreign } }] });
    $try->('part of an answer', { status => 206 });
    $try->('another success', { status => 203 });
    $try->('an error', { status => 404 });
    $try->('compressed', { gzip => 1 });
    $try->('cut off', { truncate => 30 });
    $try->('cut short', { cut => 30 });
    $try->('ended with the connection, too early',
           { no_length => 1, truncate => 30 });
    $try->('an object', { body => { id => $id + 10 } });
    $try->('more after the list', { body => "[$id]\n[]" });
    $try->('too long a list', { body => [map { $id + 10 + $_ } 0 .. 10_000] });
    $try->('a range', {}, GET => $LIST, headers => ['Range', 'bytes=0-400']);
    $try->('HEAD', {}, HEAD => $LIST);
    $try->('a body', {}, GET => $LIST, json => { view => 'x' });
    $try->('a method override', {}, GET => $LIST,
           headers => ['X-HTTP-Method-Override', 'GET']);
    $try->("the query $_", {}, GET => "$LIST?$_")
        for ('x=1', 'page=1;x=1', 'page=1&view', 'Company_id=1',
             '%63ompany_id=' . $home);
    $try->("the path $_", {}, GET => $_)
        for ("$LIST.json", "$LIST/sync", "$LIST/");
    $try->('201 to GET', { status => 201 });
    $try->('200 to POST', { body => { id => $id + 10 } },
           POST => $LIST, json => { name => 'x' });
    $try->('a list to POST', { status => 201 },
           POST => $LIST, json => { name => 'x' });
    $try->('two objects to POST',
           { status => 201, body => '{"id":1},{"id":2}' },
           POST => $LIST, json => { name => 'x' });
    $try->('201 with the id in Location alone',
           { status => 201, body => {}, headers =>
             { %$json, Location => "$LIST/" . ($id + 10) } },
           POST => $LIST, json => { name => 'x' });
    $try->('201 of another company',
           { status => 201, body =>
             { id => $id + 10, company => { id => $foreign } } },
           POST => $LIST, json => { name => 'x' });
};


subtest 'an exception teaches nothing' => sub {
    my ($nginx, $token) = fresh(lookup => 0,
                                server => "procore_scope_exception $foreign;");

    my ($answer, $record) = record($nginx,
        GET => "$LIST?company_id=$foreign", token => $token,
        company => $foreign);
    is($answer->{status}, 200, 'passes');
    is($record->{reason}, 'exception', 'by exception');
    is($record->{learnt}, undef, 'and is not learnt from');
    isnt(reason(project($nginx, $token, 2001)), '200 -', 'not known');
};


subtest 'a project of another company stays there' => sub {
    my ($nginx, $token) = fresh(lookup => 0);

    my $other = bind_token($nginx, company => $foreign)->{access_token};
    $nginx->request(GET => $LIST, token => $other);
    sleep 0.3;
    my $json = { 'Content-Type' => 'application/json' };
    $standin->behave({ match => "GET $LIST", headers => $json, status => 200,
                       body => '[2002, 9200001]', times => 1 });
    my (undef, $record) = record($nginx, GET => $LIST, token => $token);
    is($record->{learnt}, 1, 'the new one is learnt');
    is($record->{kept}, 1, 'the other company keeps its own');
    ok(known($nginx, $other, 2002), 'and may use it');
    is(reason(project($nginx, $token, 2002)), '403 foreign_project',
       'nobody else');
};


subtest 'an answer from a cache' => sub {

    # A key that looks right, and mixes the two companies nevertheless.
    my ($nginx, $token) = fresh(lookup => 0,
        http => 'proxy_cache_path %%DIR%%/temp/cache keys_zone=c:1m;',
        server => "proxy_cache c; proxy_cache_key \"\$uri $home $foreign\";"
                  . ' proxy_cache_valid 200 1m;');

    $standin->behave({ match => "GET $LIST", status => 200, body => '[9300001]',
                       headers => { 'Content-Type' => 'application/json' } });
    my $other = bind_token($nginx, company => $foreign)->{access_token};
    my (undef, $record) = record($nginx, GET => $LIST, token => $other);
    is($record->{learnt}, 1, 'the one who asked learns');
    (undef, $record) = record($nginx, GET => $LIST, token => $token);
    is($record->{learnt}, undef, 'who gets it from the cache does not');
    is($record->{kept}, undef, 'not at all');
};


subtest 'enforce asks for an answer that it can read' => sub {
    my ($nginx, $token) = fresh(lookup => 0);

    $standin->reset;
    my (undef, $record) = record($nginx, GET => $LIST, token => $token,
                                 headers => ['Accept-Encoding', 'gzip']);
    my ($seen) = $standin->requests;
    is($seen->{headers}{'accept-encoding'}, undef, 'no Accept-Encoding');
    cmp_ok($record->{learnt}, '>', 1, 'learnt');

    ok(known($nginx, $token, 1001), 'and known, a commit later');
    $standin->reset;
    $nginx->request(GET => '/rest/v1.0/projects/1001', token => $token,
                    headers => ['Accept-Encoding', 'gzip']);
    ($seen) = $standin->requests;
    is($seen->{headers}{'accept-encoding'}, 'gzip', 'kept elsewhere');
};


subtest 'monitor learns as well, and changes nothing' => sub {
    my ($nginx, $token) = fresh(mode => 'monitor', lookup => 0);

    my ($answer, $record) = record($nginx,
        GET => "$LIST?company_id=$home", token => $token, company => $home,
        headers => ['Accept-Encoding', 'gzip']);
    my ($seen) = $standin->requests;
    is($seen->{headers}{'accept-encoding'}, 'gzip', 'the request is untouched');
    is_deeply($answer->{json}, $standin->request(GET =>
        "$LIST?company_id=$home", token => $token, company => $home)->{json},
        'and so is the answer');
    cmp_ok($record->{learnt}, '>', 1, 'learnt');

    ($answer, $record) = record($nginx, POST => '/rest/v1.0/projects',
        token => $token, company => $home, json => { name => 'New' });
    is($answer->{status}, 201, 'a new project');
    is($record->{learnt}, 1, 'learnt');

    (undef, $record) = record($nginx, GET => "$LIST?company_id=$foreign",
                              token => $token, company => $foreign);
    is($record->{decision}, 'would_deny', 'the list of another company');
    is($record->{learnt}, undef, 'teaches nothing');

    (undef, $record) = record($nginx, GET => $LIST, token => $token,
        headers => ['Procore-Company-Id', $home,
                    'Procore-Company-Id', $foreign]);
    is($record->{decision}, 'would_deny', 'nor two headers');
    is($record->{learnt}, undef, 'nothing');

    (undef, $record) = record($nginx, GET => $LIST, token => $token);
    is($record->{learnt}, undef, 'nor a request that names no company');

    (undef, $record) = record($nginx, POST => '/rest/v1.0/projects',
        token => $token, company => $home,
        json => { name => 'New', company_id => $foreign });
    is($record->{decision}, 'would_deny', 'nor does what is made there');
    is($record->{learnt}, undef, 'nothing');

    $standin->behave({ match => "GET $LIST", gzip => 1, status => 200,
                       body => '[9400001]', headers =>
                       { 'Content-Type' => 'application/json' } });
    (undef, $record) = record($nginx, GET => $LIST, token => $token,
                              company => $home);
    is($record->{learnt}, undef, 'a compressed answer passes unread');
};


done_testing();
