#!/usr/bin/perl

# The would-be-install report: in monitor and without any binding it says where
# an app that walks its user's companies would be installed, which is where the
# stand-in has installed it; in enforce, what was prevented. Two workers,
# reload, a killed worker; page, JSON, CSV and command line tell the same.

use Procore::Test;
use Procore::Test::Report qw(STATUS report reported named parse_csv command);

my $world = world();
my ($home, $foreign) = @$world{qw(home foreign)};
my $crm = $world->{clients}{crm}{id};
my $standin = standin();


# A token that the gateway has never seen.
sub stranger {
    my $code = authorize_code($standin, @_);
    return token_request($standin, code => $code, @_)->{json}{access_token};
}


# Every company of the user, one request each; the ids.
sub walk {
    my ($nginx, $token, $first) = @_;

    my @ids = map { $_->{id} } @{ $standin->request('GET',
        '/rest/v1.0/companies', token => $token)->{json} };
    @ids = ($first, grep { $_ != $first } @ids);
    $nginx->request('GET', "/rest/v1.1/projects?company_id=$_",
                    token => $token, company => $_) for @ids;
    return @ids;
}


sub client_of {
    my ($report, $id) = @_;

    my ($found) = grep { ($_->{client} // '') eq ($id // '') }
                  @{ $report->{clients} };
    return $found;
}


subtest 'monitor, without any binding' => sub {
    my $nginx = nginx(mode => 'monitor', workers => 2, server => STATUS);

    my $empty = report($nginx);
    is_deeply($empty->{clients}, [], 'nothing at first');
    is($empty->{summary}{text}, 'Nothing was seen yet.', 'in words');

    $standin->reset;
    my $token = stranger();
    my @ids = walk($nginx, $token, $home);
    is(scalar @ids, 6, 'an app walks six companies');

    my $seen = reported($nginx, scalar @ids);
    my %installed = map { $_ => 1 } @{ $standin->installed->{$crm} || [] },
                                    keys %{ $standin->attempts->{$crm} || {} };
    my $client = client_of($seen, undef);
    is_deeply([sort keys %{ named($client, 'passed') }],
              [sort grep { $_ != $home } keys %installed],
              'the report names those where it was installed');
    is($client->{requests}, 6, 'each request counts');
    is($client->{unbound}, 6, 'as one that enforce would refuse');
    is($client->{unbound_percent}, 100, 'all of them');
    is($client->{ready} ? 1 : 0, 0, 'so the app is not ready');
    is($client->{ready_reason}, 'unbound', 'and why');
    is($seen->{summary}{text}, '1 app; 1 would have been installed in 5 '
       . 'companies that are not theirs.', 'in words');

    my ($user) = @{ $client->{users_of_foreign_companies} };
    is($user->{home}, $home, 'its first company is its home');
    is($user->{kind}, 'token', 'the user is the token');
    my $first = $nginx->next_audit;
    is($user->{user}, $first->{procore_scope}{token},
       'by the digest that the audit has');
    my ($one) = @{ $user->{foreign_companies} };
    is_deeply($one->{carriers},
              { header => 1, path => 0, query => 1, body => 0 }, 'by which carrier');
    my @decided = grep { $_->{event}{id} eq $one->{decision_id} }
                  $nginx->audit;
    is(scalar @decided, 1, 'with an example that stands in the audit');

    subtest 'the command line tells the same' => sub {
        my ($exit, $text) = command($nginx, '--json');
        is($exit, 0, 'done');
        my $page = $nginx->request('GET',
            '/status?view=report&format=json')->{body};
        s/"generated_at":"[^"]*"// for $text, $page;
        is($text, $page, 'JSON');

        ($exit, $text) = command($nginx, '--csv');
        is($text, $nginx->request('GET',
            '/status?view=report&format=csv')->{body}, 'CSV');
        my @rows = parse_csv($text);
        is(scalar(grep { $_->{row} eq 'company' } @rows), 5,
           'a row a company');
        is_deeply([sort map { $_->{company_id} }
                   grep { $_->{row} eq 'user' } @rows],
                  [sort grep { $_ != $home } @ids], 'and a row a user');

        ($exit, $text) = command($nginx);
        like($text, qr/^1 app; 1 would have been installed in 5 /, 'text');
        like($text, qr/^    $foreign +1 +0 +0 /m, 'with its companies');
        ($exit) = command($nginx, '--client', 'nobody');
        is($exit, 1, 'an app that was not seen');
        ($exit) = command($nginx, '--client', '-');
        is($exit, 0, 'those that are not known');
    };

    subtest 'a reload and a killed worker' => sub {
        $nginx->request('GET', "/rest/v1.1/projects?company_id=$foreign",
                        token => $token);
        $nginx->reload(mode => 'monitor', workers => 2, server => STATUS);
        is(client_of(reported($nginx, 7), undef)->{requests}, 7,
           'a worker that ends has written all');
        $nginx->kill_worker for 1 .. 2;
        is(client_of(report($nginx), undef)->{requests}, 7,
           'what was written is there');
    };
};


subtest 'what Procore answers with 401 has named nothing' => sub {
    my $nginx = nginx(mode => 'monitor', server => STATUS);

    $nginx->request('GET', "/rest/v1.1/projects?company_id=$_",
                    token => 'of-no-one', company => $_) for $home, $foreign;
    my $client = client_of(reported($nginx, 2), undef);
    is($client->{unauthorized_requests}, 2, 'counted apart');
    is($client->{requests}, 0, 'and not as requests');
    is_deeply($client->{foreign_companies}, [], 'nor with companies');
};


subtest 'enforce: what was prevented' => sub {
    my $nginx = nginx(workers => 2, server => STATUS,
                      authorize => 0);

    my $token = bind_token($nginx, company => $home);
    $standin->reset;
    my @ids = walk($nginx, $token->{access_token}, $home);
    my $seen = reported($nginx, scalar @ids);
    my $client = client_of($seen, $crm);

    is_deeply($standin->installed->{$crm}, [$home], 'installed at home alone');
    is_deeply([sort keys %{ named($client, 'prevented') }],
              [sort grep { $_ != $home } @ids], 'prevented elsewhere');
    is_deeply(named($client, 'passed'), {}, 'nothing passed');
    is_deeply($client->{bound_companies}, [$home], 'bound to one company');
    is($client->{unbound}, 0, 'never without one');
    is($client->{ready_reason}, 'too_young', 'but seen for less than a day');
    is($seen->{summary}{text}, '1 app; 1 was kept out of 5 companies that are '
       . 'not theirs.', 'in words');

    my ($user) = @{ $client->{users_of_foreign_companies} };
    is($user->{kind}, 'family', 'the user is the family of its tokens');
    ok($user->{bound}, 'and bound');

    my $other = bind_token($nginx, company => $foreign);
    $nginx->request('GET', "/rest/v1.1/projects?company_id=$foreign",
                    token => $other->{access_token});
    $client = client_of(reported($nginx, @ids + 1), $crm);
    is_deeply([sort @{ $client->{bound_companies} }],
              [sort $home, $foreign], 'an app that is bound to two');
};


subtest 'by a project, by an exception, by an alias' => sub {
    my $uuid = '01234567-89ab-cdef-0123-456789abcdef';
    my $nginx = nginx(server => STATUS
        . " procore_scope_exception $foreign \"note=theirs\";"
        . " procore_scope_alias $world->{largest} $uuid;");

    my $token = bind_token($nginx, company => $home);
    $nginx->import_records({ project_id => 424242,
                             company_id => $world->{locked} });
    for my $target ('/rest/v1.1/projects/424242/rfis',
                    "/rest/v1.1/projects?company_id=$foreign",
                    "/workforce-planning/v2/companies/$uuid/people",
                    '/rest/v1.1/projects/99887766/rfis') {
        $nginx->request('GET', $target, token => $token->{access_token});
    }
    my $client = client_of(reported($nginx, 4), $crm);
    is_deeply(named($client, 'by_project'), { $world->{locked} => 1 },
              'its project is its company');
    is_deeply(named($client, 'excepted'), { $foreign => 1 },
              'an exception is told apart');
    is_deeply(named($client, 'prevented'),
              { $world->{locked} => 1, $world->{largest} => 1 },
              'an alias is its company');
    is($client->{unknown_project_requests}, 1, 'a project of nobody counts');
};


subtest 'a request with many companies' => sub {
    my $nginx = nginx(mode => 'monitor', server => STATUS);

    my $token = stranger();
    my @ids = map { 700000000000000 + $_ } 1 .. 300;
    $nginx->request('POST', '/rest/v1.0/anything', token => $token,
        headers => ['Content-Type' => 'application/json'],
        body => '{"updates":[' . join(',', map { "{\"company_id\":$_}" }
                                      $home, @ids) . ']}');
    my $client = client_of(reported($nginx, 1), undef);
    my $named = named($client, 'passed');
    is(delete $named->{others}, 28, 'the rest is told in one');
    is(scalar keys %$named, 100, 'of a hundred');
    ok($named->{ $ids[0] }, 'the first ones');
};


subtest 'hostile client ids, and who may look' => sub {
    my $nginx = nginx(mode => 'monitor', server => STATUS);

    # control characters: the unit tests, for no app gets such an id so far
    my @ids = ('=cmd|\' /C calc\'!A1', 'a,"b"', '<script>x</script>',
               '@SUM(1)', 'x' x 255);
    my $n = 0;
    for my $id (@ids) {
        $nginx->import_records({ access_token => 'token-' . ++$n,
            client => $id, company_id => $home });
        $nginx->request('GET', "/rest/v1.1/projects?company_id=$foreign",
                        token => "token-$n");
    }
    my $seen = reported($nginx, scalar @ids);
    is_deeply([sort map { $_->{client} } @{ $seen->{clients} }], [sort @ids],
              'JSON has them as they are');

    my $text = $nginx->request('GET', '/status?view=report&format=csv');
    is($text->{header}{'content-type'},
       'text/csv; charset=utf-8; header=present', 'CSV by its type');
    my @cells = map { $_->{client} } parse_csv($text->{body});
    is(scalar(grep { /^[=+\-\@\t\r]/ } @cells), 0, 'no cell is a formula');
    is(scalar(grep { /[\x00-\x1f\x7f]/ } @cells), 0, 'nor has control bytes');

    my $page = $nginx->request('GET', '/status?view=report');
    unlike($page->{body}, qr/<script/, 'the page has no script of theirs');
    like($page->{header}{'content-security-policy'}, qr/default-src 'none'/,
         'and would not run one');
    is($nginx->request('HEAD', '/status?view=report')->{status}, 200, 'HEAD');
    is($nginx->request('GET', '/status?view=other')->{status}, 400,
       'another view');
    is($nginx->request('POST', '/status?view=report')->{status}, 405,
       'only read');
};


done_testing();
