#!/usr/bin/perl

# The ways to bind: what each of them does, their order, their conflicts. Those
# of the relay and of the chooser have tests of their own.

use Procore::Test;
use Procore::Test::Ways qw(answer told);

my $world = world();
my ($crm, $service, $dmsa) = @{ $world->{clients} }{qw(crm service dmsa)};
my ($home, $foreign) = @$world{qw(home foreign)};
my ($project, $foreign_project) = @$world{qw(home_project foreign_project)};
my $list = '/rest/v1.0/companies';

my $standin = standin();
my $nginx = nginx(workers => 2);


# Whether the token is bound, and to which of the two; asked without naming
# one, so that it binds nothing.
sub bound {
    my ($to, $token) = @_;

    my $response = $to->request('GET', '/rest/v1.0/anything',
                                token => $token->{access_token});
    return $response->{status} == 200
        ? $response->{json}{params}{company_id} // 'bound'
        : $response->{json}{reason} // $response->{status};
}


sub service_token {
    my ($to, $client, %opt) = @_;

    my $response = token_request($to, grant => 'client_credentials',
                                 client => $client, %opt);
    return { %{ $response->{json} }, client => $client };
}


sub reached {
    my ($token) = @_;

    return grep { ($_->{headers}{authorization} // '')
                      eq "Bearer $token->{access_token}" } $standin->requests;
}


subtest 'sole_company: a list of one binds' => sub {
    my $token = bind_token($nginx, user => 2);
    $nginx->skip_audit;
    is(answer($nginx, $token, $home), '403 unbound', 'unbound before');

    my $answer = $nginx->request('GET', $list, token => $token->{access_token});
    my $told = $standin->request('GET', $list, token => $token->{access_token});
    is($answer->{body}, $told->{body}, 'the list as Procore gave it');

    # Each connection may be answered by the other worker.
    for my $round (1 .. 6) {
        is(answer($nginx, $token, $foreign), '403 foreign_company',
           "round $round: bound when the answer came");
    }
    my $record = $nginx->next_action('bind');
    is($record->{procore_scope}{bound_by}, 'sole_company', 'way');
    is($record->{procore_scope}{company}, $home, 'company');
    is($record->{procore_scope}{client}, $crm->{id}, 'client');
    is($record->{event}{reason}, 'discovery', 'reason');
    is($record->{event}{outcome}, 'success', 'outcome');

    my $new = refresh($nginx, $token)->{json};
    is(answer($nginx, $new, $foreign), '403 foreign_company',
       'a refresh keeps it');
    is(answer($nginx, $token, $home), '401', 'Procore ends the old one');
};


subtest 'sole_company: in whatever way the list comes' => sub {
    my $slow = nginx(h2 => 1, location => 'proxy_buffering off;'
        . ' proxy_buffer_size 1k;');
    for my $rule ({}, { chunked => 1, pieces => 20 }, { no_length => 1 },
                  { headers => { Total => undef } }, { status => 200,
                    body => [{ name => 'x', id => "$home" }] }) {
        for my $call (qw(request h2)) {
            my $token = bind_token($slow, user => 2);
            $standin->behave({ match => "GET $list", %$rule });
            my $answer = $slow->$call('GET', $list,
                                      token => $token->{access_token});
            $standin->behave;
            my $name = join ' ', $call, sort keys %$rule;
            is($answer->{json}[0]{id}, $home, "$name: the list");
            is(answer($slow, $token, $foreign), '403 foreign_company',
               "$name: bound");
        }
    }

    for my $query ('?page=1', '?per_page=100', '?per_page=100&page=1',
                   '?include_free_companies=true') {
        my $token = bind_token($nginx, user => 2);
        $nginx->request('GET', "$list$query", token => $token->{access_token});
        is(answer($nginx, $token, $foreign), '403 foreign_company', $query);
    }

    my $token = bind_token($standin, user => 2);
    $nginx->request('GET', $list, token => $token->{access_token});
    is(answer($nginx, $token, $foreign), '403 foreign_company',
       'of a token that is older than the gateway');

    $token = bind_token($nginx, user => 2);
    $standin->behave({ match => "GET $list", headers => { ETag => '"x"' } });
    $nginx->request('GET', $list, token => $token->{access_token},
        headers => ['Accept-Encoding' => 'gzip', 'If-None-Match' => '"x"',
                    Range => 'bytes=0-3']);
    $standin->behave;
    is(answer($nginx, $token, $foreign), '403 foreign_company',
       'whatever conditions the app had');
};


subtest 'sole_company: what does not bind' => sub {
    my $one = [{ id => $home }];

    for my $case (
        ['two companies', user => 6],
        ['none', user => 3],
        ['a page of one', user => 6, target => "$list?per_page=1"],
        ['the last page', user => 6, target => "$list?per_page=1&page=2"],
        ['a filter', target => "$list?filters[name]=x", rule =>
            { body => $one }],
        ['a filter, escaped', target => "$list?%70age=1", rule =>
            { body => $one }],
        ['a second page', target => "$list?page=2", rule => { body => $one }],
        ['a page and a page', target => "$list?page=1;page=2", rule =>
            { body => $one }],
        ['HEAD', method => 'HEAD', user => 2],
        ['a body that may narrow', rule => { body => $one },
         form => [page => 2]],
        ['more announced by Link', rule => { body => $one,
            headers => { Link => '<http://x/?page=2>; rel="next"' } }],
        ['more announced by Total', rule => { body => $one,
            headers => { Total => '2' } }],
        ['Total that is no number', rule => { body => $one,
            headers => { Total => 'one' } }],
        ['a part', rule => { body => $one, status => 206 }],
        ['an error', rule => { body => $one, status => 500 }],
        ['compressed unasked', rule => { body => $one, gzip => 1 }],
        ['no list', rule => { body => { id => $home } }],
        ['a bare id', rule => { body => [$home] }],
        ['no id', rule => { body => [{ name => 'x' }] }],
        ['an id of nobody', rule => { body => [{ id => '0x7' }] }],
        ['too long', rule => { body => $one, pad => 100_000 }],
        ['too long, in chunks', rule => { body => $one, pad => 100_000,
                                          chunked => 1, pieces => 9 }],
        ['cut short', rule => { body => $one, truncate => 10 }],
        ['chunks cut short', rule => { body => $one, truncate => 10,
                                       chunked => 1 }],
        ['Show User Info', target => '/rest/v1.0/me', rule =>
            { body => $one }],
    ) {
        my ($name, %opt) = @$case;
        my $token = bind_token($nginx, user => delete $opt{user} // 1);
        my $rule = delete $opt{rule};
        my $method = delete $opt{method} // 'GET';
        my $target = delete $opt{target} // $list;
        $standin->behave({ match => '* ' . $target =~ s/\?.*//r, %$rule })
            if $rule;
        my $direct = $standin->request($method, $target, %opt,
                                       token => $token->{access_token});
        my $through = $nginx->request($method, $target, %opt,
                                      token => $token->{access_token});
        $standin->behave;

        is($through->{status}, $direct->{status}, "$name: status");
        ok($through->{body} eq $direct->{body}, "$name: body");
        is(bound($nginx, $token), 'unbound', "$name: unbound");
    }

    # What the operator hides from clients still counts here.
    my $hiding = nginx(server => 'proxy_hide_header Link;'
                           . ' proxy_hide_header Total;');
    for my $size (1, 2) {
        my $token = bind_token($hiding, user => 6);
        $hiding->request('GET', "$list?per_page=$size",
                         token => $token->{access_token});
        is(bound($hiding, $token), 'unbound', "no headers, pages of $size");
    }

    my $off = nginx(server => 'procore_scope_bind token_request;');
    my $token = bind_token($off, user => 2);
    $off->request('GET', $list, token => $token->{access_token});
    is(bound($off, $token), 'unbound', 'another way only');
};


subtest 'sole_company: an answer from a cache binds nothing' => sub {
    my $cached = nginx(
        http => 'proxy_cache_path %%DIR%%/temp/cache keys_zone=c:1m;',
        location => 'proxy_cache c; proxy_cache_key $uri;'
            . ' proxy_cache_valid 200 1m; proxy_ignore_headers Cache-Control'
            . ' Expires Vary;');
    my ($first, $second) = map { bind_token($cached, user => $_) } 2, 1;
    $cached->request('GET', $list, token => $_->{access_token})
        for $first, $second;
    is(bound($cached, $second), 'unbound', "somebody else's list");
};


subtest 'sole_company: monitor holds nothing' => sub {
    my $monitor = nginx(mode => 'monitor');
    my $token = bind_token($monitor, user => 2);
    my $through = $monitor->request('GET', $list,
                                    token => $token->{access_token});
    is($through->{status}, 200, 'the list');
    my $record = $monitor->next_action('bind');
    is("$record->{procore_scope}{bound_by} $record->{procore_scope}{company}",
       "sole_company $home", 'recorded');

    my $told = wait_for(10, sub {
        answer($monitor, $token, $foreign);
        my $last = ($monitor->audit)[-1];
        $last->{event}{reason} eq 'foreign_company';
    });
    ok($told, 'bound');
};


subtest 'sole_company: a token that is bound meanwhile' => sub {
    my $token = bind_token($nginx, user => 2);
    my ($head) = Procore::Test::HTTP::build('GET', $list,
                                            token => $token->{access_token});
    $standin->behave({ match => "GET $list", delay => 0.5,
                       body => [{ id => $home, name => 'Acme' }] });
    my $connection = $nginx->connect;
    $connection->send($head);
    ok(wait_for(10, sub { grep { $_->{target} eq $list } reached($token) }),
       'the list is on its way');
    refresh($nginx, $token, company_id => $foreign);
    my $answer = $connection->response('GET');
    $standin->behave;

    is("$answer->{status} $answer->{json}{reason}", '403 rebind',
       'is not shown another company');
    unlike($answer->{body}, qr/Acme/, 'by no byte');
};


subtest 'client: the only company of an app' => sub {
    my $line = "procore_scope_client $crm->{id} \"company=$home Acme\";";
    my $sole = nginx(server => $line);
    my $token = bind_token($sole);
    my $record = $sole->next_action('bind');
    is("$record->{procore_scope}{bound_by} $record->{procore_scope}{company}",
       "client $home", 'recorded');
    is(answer($sole, $token, $home), 'passes', 'own');
    is(answer($sole, $token, $foreign), '403 foreign_company', 'another one');

    is(answer($sole, bind_token($sole, company => $home), $home), 'passes',
       'the same company named');
    my $code = authorize_code($standin);
    is(told(token_request($sole, code => $code, company_id => $foreign)),
       '400 invalid_request company_not_allowed', 'another one named');
    is(bound($sole, bind_token($sole, client => 'reports')), 'unbound',
       'another app');

    my $off = nginx(server => "$line procore_scope_bind token_request;");
    is(bound($off, bind_token($off)), 'unbound', 'another way only');

    # A family that was on disk before its app had an entry.
    my $late = nginx();
    $token = bind_token($late);
    is(bound($late, $token), 'unbound', 'before there is an entry');
    $late->reload(server => $line);
    $late->skip_audit;
    is(answer($late, $token, $home), 'passes',
       'then its first request binds it');
    $record = $late->next_action('bind');
    is($record->{procore_scope}{bound_by}, 'client', 'recorded');
    is(answer($late, $token, $foreign), '403 foreign_company', 'for good');

    my $direct = bind_token($standin);
    is(bound($late, $direct), 'unbound', 'of no known app: unbound');
};


subtest 'first_use: off by default' => sub {
    my $token = bind_token($nginx);
    is(answer($nginx, $token, $home), '403 unbound', 'unbound');
};


my $first = nginx(workers => 2, server =>
    'procore_scope_bind token_request first_use;');


subtest 'first_use: the first company that is named' => sub {
    my $users = "/rest/v1.0/companies/$home/users";

    for my $case (
        ['the header', '/rest/v1.0/anything', company => $home],
        ['the path', $users],
        ['the query', "/rest/v1.0/anything?company_id=$home"],
        ['a body', '/rest/v1.0/anything', method => 'POST',
         json => { company_id => $home }],
        ['a nested name', '/rest/v1.0/anything', method => 'POST',
         form => ['thing[company_id]' => $home]],
        ['the same everywhere', "$users?company_id=$home", company => $home,
         method => 'POST', json => { company_id => "$home" }],
        ['with a project of it', "/rest/v1.0/projects/$project",
         company => $home],
    ) {
        my ($name, $target, %opt) = @$case;
        my $token = bind_token($first);
        $first->skip_audit;
        my $answer = $first->request(delete $opt{method} // 'GET', $target,
                                     token => $token->{access_token}, %opt);
        is($answer->{status}, 200, "$name: passes");
        my $record = $first->next_action('bind');
        is("$record->{procore_scope}{bound_by} $record->{event}{reason}"
           . " $record->{procore_scope}{company}", "first_use ok $home",
           "$name: recorded");
        is($record->{procore_scope}{claims}[0]{verdict}, 'own',
           "$name: the claim");
        is(answer($first, $token, $foreign), '403 foreign_company',
           "$name: bound");
    }

    my $direct = bind_token($standin);
    is(answer($first, $direct, $home), 'passes', 'older than the gateway');
    is(answer($first, $direct, $foreign), '403 foreign_company', 'bound');

    my $token = bind_token($first);
    is($first->request('GET', $list, token => $token->{access_token})->{status},
       200, 'discovery goes before');
    is(answer($first, $token, $home), 'passes', 'and does not count');
};


subtest 'first_use: what does not bind' => sub {
    my $base = '/rest/v1.0/anything';
    $first->import_records({ project_id => $foreign_project,
                             company_id => $foreign });

    for my $case (
        ['nothing is named', '403 unbound', $base],
        ['two companies', '403 unbound', "$base?company_id=$foreign",
         company => $home],
        ['two in a body', '403 unbound', $base, method => 'POST',
         json => { company_ids => [$home, $foreign] }],
        ['a malformed one beside it', '400 malformed_id',
         "$base?company_id=7x", company => $home],
        ['a body that is broken', '400 malformed_body', $base,
         method => 'POST', company => $home, body => '{"company_id":',
         type => 'application/json'],
        ['an unknown alias', '403 unbound', '/rest/v1.0/companies/'
         . '6b1c1f0e-7d0a-4c52-9a0b-3f5d2c8e4a17/users', company => $home],
        ["another company's project", '403 unbound',
         "/rest/v1.0/projects/$foreign_project", company => $home],
        ['a project alone', '403 unbound', "/rest/v1.0/projects/$project"],
        ['a path that is not the API', '403 unlisted_path', '/other',
         company => $home],
        ['an unknown project', '403 unknown_project',
         '/rest/v1.0/projects/999999', company => $home],
    ) {
        my ($name, $want, $target, %opt) = @$case;
        my $token = bind_token($first);
        my $answer = $first->request(delete $opt{method} // 'GET', $target,
                                     token => $token->{access_token}, %opt);
        is("$answer->{status} $answer->{json}{reason}", $want, $name);
        is(bound($first, $token), 'unbound', "$name: unbound");
        is(answer($first, $token, $foreign), 'passes',
           "$name: the next one may bind it");
    }
};


subtest 'first_use: undone where Procore does not know the token' => sub {
    my $unknown = { access_token => 'f' x 64 };
    remember($unknown->{access_token});

    my $response = $first->request('GET', '/rest/v1.0/anything',
                                   token => $unknown->{access_token},
                                   company => $home);
    is($response->{status}, 401, 'the 401 is Procore\'s');
    is($response->{header}{'procore-scope-reason'}, undef, 'not ours');
    ok(wait_for(10, sub { bound($first, $unknown) eq 'unbound' }), 'undone');

    my $token = bind_token($first);
    $standin->behave({ match => '* /rest/v1.0/companies/*', status => 401,
                       body => {} });
    $first->request('GET', "/rest/v1.0/companies/$home/users",
                    token => $token->{access_token});
    ok(wait_for(10, sub { bound($first, $token) eq 'unbound' }),
       'of a known one, too');
    $standin->behave({ match => '* /rest/v1.0/companies/*', status => 403,
                       body => {} });
    $first->request('GET', "/rest/v1.0/companies/$home/users",
                    token => $token->{access_token});
    $standin->behave;
    is(answer($first, $token, $foreign), '403 foreign_company',
       'another status keeps it');

    # error_page must not hide it.
    my $hidden = nginx(server => 'procore_scope_bind first_use;'
        . ' error_page 401 = @login;',
        location => 'proxy_intercept_errors on;',
        locations => 'location @login { return 302 https://x.example/; }');
    $hidden->request('GET', '/rest/v1.0/anything', company => $home,
                     token => $unknown->{access_token});
    ok(wait_for(10, sub { bound($hidden, $unknown) eq 'unbound' }),
       'behind an error_page');

    # A lookup that says 401 ends it before it goes up.
    my $fresh = nginx(server => 'procore_scope_bind first_use;');
    $token = bind_token($fresh);
    $standin->behave({ match => 'GET /rest/v1.1/projects', status => 401,
                       body => {} });
    $response = $fresh->request('GET', "/rest/v1.0/projects/$project",
                                token => $token->{access_token},
                                company => $home);
    $standin->behave;
    is($response->{status}, 401, 'a lookup that finds it expired');
    is(bound($fresh, $token), 'unbound', 'undone');
};


subtest 'first_use: stays once another request has relied on it' => sub {
    my $slow = nginx(workers => 2, server => 'procore_scope_bind first_use;');
    my $token = bind_token($slow);

    $standin->behave({ match => 'GET /rest/v1.1/projects', delay => 2 });
    my $connection = $slow->connect;
    my ($head) = Procore::Test::HTTP::build('GET', '/rest/v1.0/projects/4711',
        token => $token->{access_token}, company => $home);
    $connection->send($head);
    ok(wait_for(10, sub { bound($slow, $token) ne 'unbound' }),
       'the first request waits for a lookup');
    is(answer($slow, $token, $home), 'passes', 'the second one does not');
    is($connection->response('GET')->{json}{reason}, 'unknown_project',
       'the first one is refused');
    $standin->behave;
    is(answer($slow, $token, $foreign), '403 foreign_company',
       'its company stays the token\'s');
};


subtest 'first_use: two at once agree' => sub {
    for my $round (1 .. 10) {
        my $token = bind_token($first);
        my @companies = ($home, $foreign) x 4;
        my @connections = map { $first->connect } @companies;
        for my $i (0 .. $#connections) {
            my ($head) = Procore::Test::HTTP::build('GET',
                "/rest/v1.0/companies/$companies[$i]/users",
                token => $token->{access_token}, company => $companies[$i]);
            $connections[$i]->send($head);
        }
        my %won;
        for my $i (0 .. $#connections) {
            my $response = $connections[$i]->response('GET');
            $won{ $companies[$i] } = 1 if $response->{status} == 200;
        }
        is(scalar keys %won, 1, "round $round: one company");
    }
};


subtest 'first_use: in monitor' => sub {
    my $monitor = nginx(mode => 'monitor', server =>
        'procore_scope_bind token_request first_use;');
    my $token = bind_token($monitor);

    $monitor->request('POST', '/rest/v1.0/anything',
                      token => $token->{access_token}, company => $home,
                      json => { company_id => $home });
    my $record = $monitor->next_action('bind');
    is("$record->{procore_scope}{bound_by} $record->{procore_scope}{decision}",
       'first_use allow', 'recorded');
    ok(wait_for(10, sub {
        answer($monitor, $token, $foreign);
        ($monitor->audit)[-1]{event}{reason} eq 'foreign_company';
    }), 'bound');

    my $unknown = { access_token => 'e' x 64 };
    remember($unknown->{access_token});
    $monitor->skip_audit;
    is($monitor->request('GET', '/rest/v1.0/anything', company => $home,
                         token => $unknown->{access_token})->{status}, 401,
       'a token that Procore does not know');
    is($monitor->next_action('request')->{event}{reason}, 'unbound',
       'stays unbound');

    $token = bind_token($monitor);
    $monitor->request('GET', "/rest/v1.0/anything?company_id=$foreign",
                      token => $token->{access_token}, company => $home);
    is($monitor->next_action('request')->{event}{reason}, 'unbound',
       'two companies');
};


subtest 'the stronger way, and what differs is refused' => sub {
    my $lines = "procore_scope_client $crm->{id} company=$home;"
        . ' procore_scope_bind token_request client sole_company first_use;';
    my $all = nginx(server => "$lines procore_scope_company $home;");
    my $by = sub {
        my ($to, $action) = @_;
        return $to->next_action($action)->{procore_scope}{bound_by};
    };

    bind_token($all, company => $home);
    is($by->($all, 'bind'), 'configured', 'configured before token_request');

    my $two = nginx(server => $lines);
    my $token = bind_token($two, company => $home);
    is($by->($two, 'bind'), 'token_request', 'token_request before client');

    $token = { %$token, %{ refresh($two, $token)->{json} } };
    is($by->($two, 'refresh'), 'token_request', 'the refresh token\'s before');

    $two->reload(server => $lines =~ s/company=$home/company=$foreign/r);
    is(told(refresh($two, $token)), '400 invalid_request company_not_allowed',
       'the refresh token and client differ');
    $two->reload(server => "$lines procore_scope_company $foreign;"
                     =~ s/procore_scope_client.*?;//r);
    is(told(refresh($two, $token)), '400 invalid_request rebind',
       'the refresh token and configured differ');
    is(answer($two, $token, $home), '403 rebind', 'at a request, too');

    my $configured = nginx(server => "procore_scope_company $foreign;");
    my $code = authorize_code($standin);
    is(told(token_request($configured, code => $code, company_id => $home)),
       '400 invalid_request rebind', 'configured and token_request differ');

    my $sole = nginx();
    $token = bind_token($sole, user => 2, company => $foreign);
    my $seen = $sole->request('GET', $list, token => $token->{access_token});
    is($seen->{body}, '[]', 'token_request and sole_company differ');
    is(answer($sole, $token, $home), '403 foreign_company', 'the first stays');
};


subtest 'client credentials' => sub {
    my $all = nginx(server =>
        'procore_scope_bind token_request client sole_company first_use;');

    my $token = service_token($all, 'dmsa', company_id => $foreign);
    is(answer($all, $token, $foreign), 'passes', 'token_request');
    is(answer($all, $token, $home), '403 foreign_company', 'and no other');

    $token = service_token($all, 'dmsa');
    is(answer($all, $token, $home), '403 unbound', 'not by first use');
    $all->request('GET', $list, token => $token->{access_token});
    is(bound($all, $token), 'unbound', 'three companies: not by the list');

    $token = service_token($all, 'service');
    $all->request('GET', $list, token => $token->{access_token});
    is(answer($all, $token, $home), 'passes', 'one company: by the list');

    my $client = nginx(server =>
        "procore_scope_client $dmsa->{id} company=$foreign;");
    $token = service_token($client, 'dmsa');
    is(answer($client, $token, $foreign), 'passes', 'by client');

    is(answer($all, service_token($all, 'dmsa', company_id => $home), $home),
       'passes', 'two tokens of one account');
    is(answer($all, service_token($all, 'dmsa', company_id => $foreign),
              $foreign), 'passes', 'for two companies');
};


subtest 'token answers tell the company' => sub {
    my $named = nginx(server => "procore_scope_client $crm->{id}"
        . " \"company=$home Acme \\\"North\\\" \x{c3}\x{a9}\""
        . " company=$foreign;");
    my $code = authorize_code($standin);
    my $answer = token_request($named, code => $code, company_id => $home);

    my ($number) = $answer->{body} =~ /"company_id":(\d+)/;
    is($number, $home, 'company_id, a number');
    is($answer->{json}{company_name}, "Acme \"North\" \x{e9}", 'company_name');
    is($answer->{header}{'procore-company-id'}, $home, 'the header');
    is(join(',', map { $_->[1] } grep { lc $_->[0] eq 'cache-control' }
                 @{ $answer->{headers} }), 'no-store', 'not to be kept');
    is($answer->{header}{'content-length'}, length $answer->{body}, 'length');
    ok($answer->{json}{refresh_token}, 'and all else');

    my $new = refresh($named, $answer->{json});
    is($new->{json}{company_id}, $home, 'a refresh tells it, too');

    $code = authorize_code($standin);
    $answer = token_request($named, code => $code, company_id => $foreign);
    is($answer->{json}{company_id}, $foreign, 'without a name');
    ok(!exists $answer->{json}{company_name}, 'there is none');

    $code = authorize_code($standin);
    $answer = token_request($named, code => $code);
    ok(!exists $answer->{json}{company_id}, 'unbound: nothing');
    is($answer->{header}{'procore-company-id'}, undef, 'unbound: no header');

    $standin->behave({ match => 'POST /oauth/token',
                       set => { company_id => 7 } });
    $code = authorize_code($standin);
    $answer = token_request($named, code => $code, company_id => $home);
    $standin->behave;
    is(scalar(() = $answer->{body} =~ /company_id/g), 1,
       'what Procore says itself is kept');
    is($answer->{json}{company_id}, 7, 'as it is');

    for my $case (['monitor', mode => 'monitor'],
                  ['off', server => 'procore_scope_token_company off;'])
    {
        my ($name, %opt) = @$case;
        my $quiet = nginx(%opt);
        $code = authorize_code($standin);
        $answer = token_request($quiet, code => $code, company_id => $home);
        ok(!exists $answer->{json}{company_id}, "$name: nothing");
        is($answer->{header}{'procore-company-id'}, undef, "$name: no header");
    }
};


done_testing();
