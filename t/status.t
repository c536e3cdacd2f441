#!/usr/bin/perl

# procore_scope_status: who may see it, what can be asked, and that every
# request counts once, whichever worker serves it and however it ends.

use Procore::Test;
use Procore::Test::Status qw(STATUS counted ready status);

use IO::Socket::INET;

my $world = world();
my ($home, $foreign) = @$world{qw(home foreign)};
my $standin = standin();


# What a request to the status ends with, by whoever asks.
sub asks {
    my ($nginx, $target, @options) = @_;

    return $nginx->request('GET', $target, @options)->{status};
}


subtest 'what can be asked' => sub {
    my $nginx = nginx(locations => STATUS);

    my %type = (
        '' => 'text/html; charset=utf-8',
        '?format=html' => 'text/html; charset=utf-8',
        '?format=json' => 'application/json',
        '?format=prometheus' => 'text/plain; version=0.0.4; charset=utf-8',
        '?format=ready' => 'text/plain; charset=utf-8',
    );
    for my $query (sort keys %type) {
        my $answer = $nginx->request('GET', "/status$query");
        is($answer->{status}, 200, "status$query");
        is($answer->{header}{'content-type'}, $type{$query}, 'its type');
        is($answer->{header}{'cache-control'}, 'no-store', 'is not kept');
        is($answer->{header}{'x-content-type-options'}, 'nosniff', 'nor guessed');
        like($answer->{header}{'content-security-policy'},
             qr/^default-src 'none'; style-src 'sha256-[^;]*';/, 'no scripts');

        my $head = $nginx->request('HEAD', "/status$query");
        is("$head->{status} $head->{body}", '200 ', 'HEAD has no body');
        is($head->{header}{'content-type'}, $type{$query}, 'and the same type');
    }
    is($nginx->request('GET', '/status?format=ready')->{body}, "ready\n",
       'one word');

    for my $query ('?format=xml', '?format=', '?format=JSON', '?view=x',
                   '?view=x&format=json') {
        next if $query eq '?format=';
        my $answer = $nginx->request('GET', "/status$query");
        is($answer->{status}, 400, "status$query");
        like($answer->{body}, qr/html.*json, prometheus and ready/,
             'says what there is');
    }

    for my $method (qw(POST PUT DELETE OPTIONS PATCH)) {
        my $answer = $nginx->request($method, '/status', body => 'x',
                                     type => 'text/plain');
        is($answer->{status}, 405, $method);
        is($answer->{header}{allow}, 'GET, HEAD', 'says what is allowed');
    }
    is_deeply([$standin->requests], [], 'nothing goes up');
    is_deeply([$nginx->audit], [], 'nothing is judged');
    is(status($nginx)->{unfinished_requests}, 0, 'nothing is counted');
};


subtest 'only for this machine' => sub {
    my $nginx = nginx(h2 => 1,
        server => 'set_real_ip_from 127.0.0.0/8; real_ip_header X-Client;',
        locations => STATUS . 'location = /any { procore_scope_status any; }
            location = /none { procore_scope_status any; deny all; }
            location = /part { procore_scope_status; if ($arg_a) { set $b c; } }
            location = /page { ssi on; ssi_types *;
                               return 200 "<!--#include virtual=\"/any\" -->"; }
            location = /inner { error_page 418 = /status; return 418; }');

    is(asks($nginx, '/status'), 200, 'loopback');
    is(asks($nginx, '/status', headers => ['X-Client' => $_]), 403,
       "an address that realip has put there: $_")
        for '192.0.2.1', '2001:db8::1', '10.0.0.1';
    is(asks($nginx, '/status', headers => ['X-Client' => $_]), 200, $_)
        for '127.9.9.9', '::1', '::ffff:127.0.0.1';
    is(asks($nginx, '/status', headers => [$_ => '127.0.0.1']), 403,
       "through a proxy: $_")
        for qw(X-Forwarded-For X-Real-IP Forwarded Via
               X-Forwarded-Host X-Forwarded-Proto);
    is(asks($nginx, '/any', headers => ['X-Client' => '192.0.2.1',
                                        'X-Forwarded-For' => '192.0.2.1']), 200,
       'any means any');
    is(asks($nginx, '/none'), 403, 'and leaves it to nginx');
    is(asks($nginx, '/part?a=1'), 200, 'an "if" in it is part of it');
    is(asks($nginx, '/part?a=1', headers => [Via => '1.1 x']), 403, 'and guarded');
    is(asks($nginx, '/inner'), 200, 'a redirect within nginx');
    is($nginx->h2('GET', '/status')->{status}, 200, 'over HTTP/2');
    is($nginx->h2('GET', '/status', headers => ['X-Client' => '192.0.2.1'])
       ->{status}, 403, 'guarded as well');
    unlike($nginx->request('GET', '/page')->{body}, qr/procore/i,
           'it is no part of another page');
    like($nginx->request('GET', '/status', headers => [Via => 'x'])->{body},
         qr/"procore_scope_status any"/, 'says what can be done');
};


subtest 'a foreign address' => sub {
    my $address = own_address();
    plan skip_all => 'this machine has no address but loopback'
        unless $address;

    my $port = free_port();
    my $nginx = nginx(servers => "server { listen $address:$port; "
        . 'procore_scope enforce; ' . STATUS . ' }
          server { listen unix:%%DIR%%/status.sock; ' . STATUS . " }
          server { listen [::1]:$port; listen 127.0.0.1:$port proxy_protocol;
                   set_real_ip_from 127.0.0.1; real_ip_header proxy_protocol; "
        . STATUS . ' }');

    my $other = nginx_at($address, $port);
    is($other->{status}, 403, 'from outside of loopback');

    is(qx(curl -s 'http://[::1]:$port/status?format=ready'), "ready\n", '::1');
    my $proxied = "curl -s --haproxy-protocol http://127.0.0.1:$port/status";
    is(qx($proxied?format=ready), "ready\n", 'a local one by the PROXY protocol');
    is(proxied($port, '192.0.2.1'), 403, 'a foreign one');

    my $socket = $nginx->dir . '/status.sock';
    chmod 0777, $socket;
    my $said = qx(curl -s --unix-socket $socket http://x/status?format=ready);
    is($said, "ready\n", 'a Unix socket');
};


# The address by which this machine would reach others; nothing is sent.
sub own_address {
    my $ip = qx(hostname -I 2>/dev/null) // '';
    my ($address) = grep { !/^127\./ && /^\d+(?:\.\d+){3}$/ } split ' ', $ip;
    return $address;
}


# What a client gets of whom a proxy on this machine tells that address.
sub proxied {
    my ($port, $address) = @_;

    my $socket = IO::Socket::INET->new("127.0.0.1:$port") or die "$@";
    print {$socket} "PROXY TCP4 $address 127.0.0.1 1234 80\r\n",
        "GET /status HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    my ($status) = <$socket> =~ m{^HTTP/1.1 (\d+)};
    return $status;
}


sub nginx_at {
    my ($address, $port) = @_;

    my $said = qx(curl -s -o /dev/null -w '%{http_code}' --interface $address \\
                  http://$address:$port/status);
    return { status => $said };
}


subtest 'each request counts once' => sub {
    my $nginx = nginx(workers => 2, locations => STATUS,
                      location => 'error_page 500 = @again;
                                   proxy_intercept_errors on;');
    my $token = bind_token($nginx, company => $home);
    my $bearer = $token->{access_token};
    my $count = 1;

    for (1 .. 20) {
        $nginx->request('GET', "/rest/v1.1/projects?company_id=$home",
                        token => $bearer);
        $nginx->request('GET', "/rest/v1.1/projects?company_id=$foreign",
                        token => $bearer);
        $nginx->request('GET', '/rest/v1.0/me', token => 'unknown');
        $nginx->request('GET', '/rest/v1.0/me');
        $count += 4;
    }
    $nginx->request('GET', "/rest/v1.1/projects?company_id=$home&x=%zz",
                    token => $bearer);
    $nginx->request('POST', '/elsewhere', token => $bearer);
    $count += 2;

    my $seen = counted($nginx, $count);
    my %audit;
    $audit{$_->{procore_scope}{decision}}{$_->{procore_scope}{reason}}++
        for $nginx->audit($count);

    for my $decision (sort keys %{ $seen->{requests} }) {
        my %some = map { $_ => $seen->{requests}{$decision}{$_} }
            grep { $seen->{requests}{$decision}{$_} }
            keys %{ $seen->{requests}{$decision} };
        is_deeply(\%some, $audit{$decision} // {}, "$decision: as audited");
    }
    is($seen->{requests}{allow}{discovery}, 20, 'twenty of these');
    is($seen->{requests}{deny}{foreign_company}, 20, 'and of those');
    is($seen->{workers}, 2, 'workers');
    is($seen->{bindings}{token_request}, 1, 'one binding');
    cmp_ok($seen->{commit_microseconds}{count}, '>=', 1, 'it was committed');

    my ($row) = @{ $seen->{companies}{rows} };
    is("$row->{realm} $row->{company}", "production $home", 'its company');
    is($row->{deny}, $seen->{requests}{deny}{foreign_company}
                     + ($seen->{requests}{deny}{malformed_query} // 0)
                     + $seen->{requests}{deny}{unlisted_path}, 'its refusals');
    is($seen->{companies}{unbound}{allow}, 20, 'without a company');
    is($seen->{clients}{rows}[0]{client}, $world->{clients}{crm}{id}, 'its app');
    is($seen->{clients}{unknown}{deny}, 20, 'without an app');
    is(ready($nginx), '200 ready', 'ready');

    my $before = $seen;
    $nginx->reload;
    is_deeply(status($nginx)->{requests}, $before->{requests},
              'a reload forgets nothing');
    is(status($nginx)->{since}, $before->{since}, 'nor when it began');

    $nginx->kill_worker;
    $nginx->request('GET', '/rest/v1.0/me');
    $seen = counted($nginx, $count + 1);
    is($seen->{requests}{deny}{missing_token}, 21,
       'nor does a worker that is killed');
    ok(wait_for(10, sub { status($nginx)->{workers} == 2 }), 'two again');
};


subtest 'redirects, subrequests and requests without an end' => sub {
    my $nginx = nginx(locations => STATUS . '
        location = /missing { proxy_pass %%API%%; proxy_intercept_errors on;
                              error_page 404 = @other; }
        location @other { proxy_pass %%API%%; }
        location = /rest/v1.0/guarded { auth_request /rest/v1.0/me;
                                        proxy_pass %%API%%; }
        location = /rest/v1.0/slow { proxy_pass %%API%%; }');
    my $token = bind_token($nginx, company => $home);
    my $bearer = $token->{access_token};
    my $count = 1;

    my $names = "company_id=$home";
    $nginx->request('GET', "/rest/v1.0/nowhere?$names", token => $bearer)
        for 1 .. 3;
    $count += 3;
    is(counted($nginx, $count)->{requests}{allow}{ok}, $count, 'plain');

    $nginx->request('GET', "/rest/v1.0/guarded?$names", token => $bearer);
    my $seen = counted($nginx, ++$count);
    is($seen->{requests}{allow}{ok}, $count, 'one request');
    is($seen->{subrequests}{allow}, 1, 'and one subrequest');

    # A body that does not come to its end: no decision.
    my $connection = $nginx->connect;
    $connection->send("POST /rest/v1.0/nowhere HTTP/1.1\r\nHost: x\r\n"
        . "Authorization: Bearer $bearer\r\nContent-Length: 100\r\n"
        . "Content-Type: application/json\r\n\r\n{");
    $connection->close;
    $seen = counted($nginx, ++$count);
    is($seen->{unfinished_requests}, 1, 'one that ended early');
    is($seen->{requests}{allow}{ok}, $count - 1, 'is no decision');
    is($nginx->audit($count - 1) + 0, $count - 1, 'nor a record');
};


subtest 'monitor' => sub {
    my $nginx = nginx(mode => 'monitor', locations => STATUS);
    my $token = bind_token($nginx, company => $home);

    $nginx->request('GET', "/rest/v1.1/projects?company_id=$foreign",
                    token => $token->{access_token});
    my $seen = counted($nginx, 2);
    is($seen->{requests}{would_deny}{foreign_company}, 1, 'would be refused');
    is_deeply($seen->{modes}[0]{mode}, 'monitor', 'the mode');
};


subtest 'strangers do not choose which names are told' => sub {
    my $nginx = nginx(mode => 'monitor', locations => STATUS);
    my $token = bind_token($nginx, company => $home);

    $nginx->request('GET', "/rest/v1.0/x?a${_}_company_id=1", token => undef),
    $nginx->request('GET', "/rest/v1.0/x?b${_}_company_id=1", token => 'made-up')
        for 1 .. 15;
    $nginx->request('GET', '/rest/v1.0/x?vendor_company_id=1',
                    token => $token->{access_token});
    my $seen = counted($nginx, 32);

    is($seen->{unlisted_names}, 31, 'all are counted');
    is_deeply([map { $_->{name} } @{ $seen->{unlisted_names_seen} }],
              ['vendor_company_id'], 'and those of known tokens are told');
};


subtest 'names, exceptions and realms' => sub {
    my $nginx = nginx(http => "procore_scope_exception $foreign "
        . '"note=joint \"venture\" <b>"; '
        . 'procore_scope_exception 5 until=2020-02-29 note=over; '
        . 'procore_scope_candidate exception 6 note=tried;',
        locations => STATUS . '
            location /sandbox/ { procore_scope_realm sandbox;
                                 procore_scope_company 77;
                                 proxy_pass %%API%%/; }');
    my $token = bind_token($nginx, company => $home);
    my $bearer = $token->{access_token};

    $nginx->request('GET', "/rest/v1.0/x?company_id=$foreign&vendor_company_id=1"
        . '&lead_project_id=2', token => $bearer) for 1 .. 2;
    $nginx->request('POST', '/rest/v1.0/x?vendor_company_id=1', token => $bearer,
                    json => { substr($bearer, 3, 20) . '_company_id' => 1 });
    $nginx->request('GET', '/sandbox/rest/v1.0/x?company_id=78',
                    token => 'of-the-sandbox');
    my $seen = counted($nginx, 5);

    is($seen->{unlisted_names}, 6, 'names that no list has');
    is_deeply([map { $_->{name} } @{ $seen->{unlisted_names_seen} }],
              ['vendor_company_id', 'lead_project_id', '[token]'],
              'told once each, and no token');
    is_deeply([map { [@$_{qw(company until note used)},
                      $_->{expired} ? 1 : 0] } @{ $seen->{exceptions} }],
              [[$foreign, undef, 'joint "venture" <b>', 2, 0],
               [5, '2020-02-29', 'over', 0, 1]], 'exceptions');
    is($seen->{expired_exceptions}, 1, 'one has run out');
    is_deeply([map { "$_->{realm} $_->{company}" }
                   @{ $seen->{companies}{rows} }],
              ["production $home", 'sandbox 77'], 'realms are told apart');

    $nginx->reload(http => "# moved\nprocore_scope_exception $foreign "
        . '"note=joint \"venture\" <b>";');
    is(status($nginx)->{exceptions}[0]{used}, 2,
       'an exception is counted on wherever it stands');
};


subtest 'fifty companies, then others' => sub {
    my $nginx = nginx(locations => STATUS, http => '
        map $http_x_company $company { default ""; "~^(?<c>\d+)$" $c; }',
        server => 'procore_scope_company $company;');

    $nginx->request('GET', '/rest/v1.0/x?company_id=' . (1000 + $_),
                    headers => ['X-Company' => 1000 + $_], token => "t$_")
        for 1 .. 52, 1;
    my $seen = counted($nginx, 53);

    is_deeply([map { $_->{company} } @{ $seen->{companies}{rows} }],
              [map { 1000 + $_ } 1 .. 50], 'the first fifty, in their order');
    is($seen->{companies}{other}{allow}, 2, 'two others');
    is($seen->{companies}{rows}[0]{allow}, 2, 'the first one came again');
    is($seen->{clients}{unknown}{allow}, 53, 'no app is known');
};


subtest 'a store that is out of order' => sub {
    my $nginx = nginx(locations => STATUS, expect => [qr/out of order/],
                      start => 0);
    open my $file, '>', $nginx->store or die "$!";
    close $file;
    $nginx->start;

    is(ready($nginx), '503 the store is out of order: it could not be opened;'
        . ' the error log says why', 'not ready');
    my $seen = status($nginx);
    ok(!$seen->{store_ready}, 'said in JSON');
    is($seen->{store_bytes}, undef, 'nothing is known of it');
    is($nginx->request('GET', '/status')->{status}, 200, 'the page is there');

    $nginx->request('GET', '/rest/v1.0/x?company_id=1', token => 'x');
    is(counted($nginx, 1)->{store_failed}, 1, 'counted');
    is(counted($nginx, 1)->{undecided}, 1, 'as undecided too');

    unlink $nginx->store;
    $nginx->reload;
    ok(wait_for(10, sub { ready($nginx) eq '200 ready' }), 'ready again');
};


subtest 'requests that wait' => sub {
    my $nginx = nginx(workers => 2, locations => STATUS);
    my $token = bind_token($nginx, company => $home);
    my $ask = sub {
        my $connection = $nginx->connect;
        $connection->send("GET /rest/v1.0/projects/$_[0]/rfis HTTP/1.1\r\n"
            . "Host: x\r\nAuthorization: Bearer $token->{access_token}\r\n"
            . "Connection: close\r\n\r\n");
        return $connection;
    };

    $standin->behave({ match => 'GET /rest/v1.1/projects', delay => 30 });
    my @waiting = map { $ask->(900_000 + $_) } 1 .. 4;
    ok(wait_for(10, sub { status($nginx)->{held_requests} == 4 }),
       'four are held, in whichever worker');

    # Whatever the dead one held does not count any more.
    $nginx->kill_worker(KILL => $_) for @{ $nginx->pids->{workers} };
    ok(wait_for(10, sub { status($nginx)->{held_requests} == 0 }),
       'none after both workers were killed');
    $_->close for @waiting;

    $standin->behave({ match => 'GET /rest/v1.1/projects', status => 429,
                       headers => { 'Retry-After' => 600 } });
    my $answer = $nginx->request('GET', '/rest/v1.0/projects/900009/rfis',
                                 token => $token->{access_token});
    is($answer->{json}{reason}, 'lookup_failed', 'Procore wants to be left alone');
    $standin->behave;
    my $seen = status($nginx);
    is($seen->{lookup_results}{backoff}, 1, 'counted');
    ok($seen->{lookup_backoff_seconds} > 500
       && $seen->{lookup_backoff_seconds} <= 600, 'for ten minutes at most');
    $nginx->reload;
    cmp_ok(status($nginx)->{lookup_backoff_seconds}, '>', 500, 'still');
};


subtest 'where nothing is judged' => sub {
    my $nginx = nginx(mode => 'off', locations => STATUS);

    is(ready($nginx), '200 ready', 'nothing keeps it');
    is_deeply(status($nginx)->{modes}[0]{mode}, 'off', 'says so');
    is($nginx->request('GET', '/status')->{status}, 200, 'the page is there');
};


done_testing();
