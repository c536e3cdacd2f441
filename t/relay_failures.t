#!/usr/bin/perl

# When Procore, the store or the client fails in the middle: the right reason,
# no token left behind, no crash.

use Procore::Test;
use Procore::Test::Relay qw(at_app browser keep picker refused start_url);

use Time::HiRes qw(time);

my $world = world();
my ($home, $foreign) = @$world{qw(home foreign)};
my %app = %{ $world->{clients} };
my $app = $app{crm}{redirect_uris}[0];
my ($token_path, $companies, $me) =
    qw(/oauth/token /rest/v1.0/companies /rest/v1.0/me);


sub calls {
    return grep { !m{/oauth/authorize} }
        map { "$_->{method} $_->{target}" } standin()->requests;
}


sub count {
    my ($call) = @_;

    return scalar grep { /^\Q$call\E/ } calls();
}


# One authorization in which Procore misbehaves: where the browser ends, in
# short.
sub with_fault {
    my ($nginx, @rules) = @_;

    standin()->reset;
    standin()->behave(@rules);
    $nginx->skip_audit;
    my $browser = picker($nginx);
    standin()->behave;
    return $browser->{page}{away} ? at_app($browser, $app)
                                  : refused($browser->{page});
}


subtest 'the exchange' => sub {
    my %faults = (
        'refused' => [{ status => 400, body => { error => 'invalid_grant' } },
                      'server_error'],
        'status 401' => [{ status => 401, body => '{}' }, 'server_error'],
        'status 404' => [{ status => 404 }, 'server_error'],
        'not JSON' => [{ status => 200, body => 'x' }, 'server_error'],
        'no object' => [{ status => 200, body => [1] }, 'server_error'],
        'no token' => [{ drop => ['access_token'] }, 'server_error'],
        'token is null' => [{ set => { access_token => undef } },
                            'server_error'],
        'token is no text' => [{ set => { access_token => 7 } },
                               'server_error'],
        '1 MB' => [{ pad => 1_048_576 }, 'server_error'],
        'compressed' => [{ gzip => 1 }, 'server_error'],
        'status 429' => [{ status => 429 }, 'temporarily_unavailable'],
        'status 500' => [{ status => 500 }, 'temporarily_unavailable'],
        'status 503' => [{ status => 503 }, 'temporarily_unavailable'],
        'closed' => [{ close => 1 }, 'temporarily_unavailable'],
        'cut' => [{ truncate => 40 }, 'temporarily_unavailable'],
        'cut in a chunk' => [{ chunked => 1, truncate => 40 },
                             'temporarily_unavailable'],
        'a broken head' => [{ raw => "HTTP/1.1 200\r\nX" },
                            'temporarily_unavailable'],
    );

    for my $name (sort keys %faults) {
        my $nginx = nginx(authorize => 1);    # one that counts from 0
        my ($fault, $error) = @{ $faults{$name} };
        is(with_fault($nginx, { match => "POST $token_path", %$fault }),
           "$error of a state", $name);
        is(count('GET'), 0, 'nothing was listed');
        my @records = $nginx->next_audit(2);
        is($records[1]{event}{reason}, 'exchange_failed', 'the reason');
        $nginx->stop;
    }

    my $nginx = nginx(authorize => 1,
                      server => 'procore_scope_lookup_timeout 300ms;');
    is(with_fault($nginx, { match => "POST $token_path", delay => 2 }),
       'temporarily_unavailable of a state', 'too slow');

    for my $form ({ pieces => 20 }, { chunked => 1, pieces => 7 },
                  { no_length => 1 })
    {
        is(with_fault($nginx, { match => "POST $token_path", %$form }),
           '200 -', join(', ', sort keys %$form) . ': as good as any');
    }
};


subtest 'the companies' => sub {
    my $nginx = nginx(authorize => 1);
    my %faults = (
        'status 401' => [{ status => 401 }, 'server_error'],
        'status 403' => [{ status => 403 }, 'server_error'],
        'not JSON' => [{ status => 200, body => 'x' }, 'server_error'],
        'empty' => [{ status => 200, body => '' }, 'server_error'],
        'an object' => [{ status => 200, body => {} }, 'server_error'],
        'numbers' => [{ status => 200, body => [7] }, 'server_error'],
        'no id' => [{ status => 200, body => [{ name => 'x' }] },
                    'server_error'],
        '1 MB' => [{ pad => 1_048_576 }, 'server_error'],
        'status 429' => [{ status => 429 }, 'temporarily_unavailable'],
        'status 500' => [{ status => 500 }, 'temporarily_unavailable'],
        'closed' => [{ close => 1 }, 'temporarily_unavailable'],
        'cut' => [{ truncate => 40 }, 'temporarily_unavailable'],
    );
    for my $name (sort keys %faults) {
        my ($fault, $error) = @{ $faults{$name} };
        is(with_fault($nginx, { match => "GET $companies", %$fault }),
           "$error of a state", $name);
        wait_for(10, sub { count('POST /oauth/revoke') });
        is(count('POST /oauth/revoke'), 1, 'the token is given back');
        my @records = $nginx->next_audit(2);
        is("$records[1]{event}{action} $records[1]{event}{reason}",
           'token_discarded lookup_failed', 'on record');
    }

    for my $fault ({ status => 500 }, { close => 1 }, { status => 401 },
                   { status => 200, body => 'x' },
                   { status => 200, body => { id => 'x' } })
    {
        is(with_fault($nginx, { match => "GET $me", %$fault }), '200 -',
           'who the user is may stay unknown');
        is(($nginx->next_audit(3))[2]{user}{id}, undef, 'on record, too');
    }
};


subtest 'many companies' => sub {
    my $nginx = nginx(authorize => 1);
    standin()->reset;
    my $browser = picker($nginx, user => 4);
    is(count("GET $companies"), 3, '250: three pages');
    is(($nginx->next_audit(3))[2]{procore_scope}{companies}, 250, 'on record');

    # every page has another page after it
    my @many = map { { id => 9_000_000 + $_, name => "Company $_" } } 1 .. 100;
    my $page = 0;
    standin()->reset;
    standin()->behave(map { my $first = 100 * $page++; {
        match => "GET $companies", times => 1,
        headers => { Link => '<http://x/?page=2>; rel="next"' },
        body => [map { { id => 9_000_000 + $first + $_, name => "C $_" } }
                 1 .. 100] } } 1 .. 25);
    $nginx->skip_audit;
    $browser = picker($nginx);
    is(count("GET $companies"), 20, 'not more than 20 pages');
    is($browser->{page}{status}, 200, 'are offered');
    my $record = ($nginx->next_audit(3))[2];
    is($record->{procore_scope}{companies}, 2000, 'all of them');
    like($browser->{page}{body}, qr/more companies/i,
         'and that there are more is said');

    my $url = $browser->{page}{url};
    is($browser->open("$url&search=9001999")->{status}, 200, 'a search');
    is_deeply([$browser->offered], [9_001_999], 'finds one by its id');
    $browser->submit(action => 'choose', company => 9_001_999);
    keep($browser);
    is(at_app($browser, $app), 'psg_ of a state', 'that can be chosen');

    $browser = picker($nginx, user => 4);
    $url = $browser->{page}{url};
    my %seen;
    for my $number (1 .. 5) {
        $browser->open("$url&page=$number");
        $seen{$_} = 1 for $browser->offered;
    }
    is(scalar keys %seen, 250, '250: all reachable by pages');
    for my $odd ('0', '99', '-1', 'x', '9999999999999999999999', '') {
        is($browser->open("$url&page=$odd")->{status}, 200, "page \"$odd\"");
        isnt(scalar($browser->offered), 0, 'has companies');
    }
    is(refused($browser->open("$url&page=1&page=2")), '400 bad_request',
       'two pages at once');
    is(refused($browser->open("$url&search=" . 'x' x 201)), '400 bad_request',
       'a long search');
    is($browser->open("$url&search=%3Cscript%3E")->{status}, 200, 'hostile');
    unlike($browser->{page}{body}, qr/<script>/, 'is escaped');
    is(refused($browser->open("$url&search=%ff")), '400 bad_request',
       'no UTF-8');
};


subtest 'hostile names' => sub {
    my %names = (
        'script' => '"<script>alert(1)</script>"',
        'quotes' => '"\\"\' onmouseover=x"', 'bidi' => '"a\\u202eb\\u2066c"',
        'long' => '"' . 'x' x 10_000 . '"', 'null' => 'null',
        'number' => '7', 'NUL' => '"a\\u0000b"', 'object' => '{"x":[1]}',
        'emoji' => '"' . "\xf0\x9f\x8f\x97" x 1000 . '"',
        'invalid' => "\"a\xff\xc3b\"", 'line end' => '"a\\r\\nb"',
        'missing' => undef,
    );
    for my $name (sort keys %names) {
        my $text = defined $names{$name} ? ",\"name\":$names{$name}" : '';
        my $body = "[{\"id\":7$text,\"is_active\":true},"
            . "{\"id\":8,\"name\":\"Other\"}]";
        my $here = nginx(authorize => 1, bare => 1,
                         locations => bare_locations(upstream(answer =>
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
            . 'Content-Length: ' . length($body)
            . "\r\nConnection: close\r\n\r\n$body")->url));
        my $browser = picker($here);
        is_deeply([$browser->offered], [7, 8], $name)
            or diag $browser->{page}{body};
        my $html = $browser->{page}{body};
        unlike($html, qr/<script>|onmouseover=x"|\x{202e}|\xe2\x80\xae|\x00/,
               'is text');
        cmp_ok(length $html, '<', 16_384, 'and not too long');
        $browser->submit(action => 'choose', company => 7);
        keep($browser);
        is(at_app($browser, $app), 'psg_ of a state', 'can be chosen');
    }
};


# The locations of a gateway whose API is another one than the login host.
sub bare_locations {
    my ($api) = @_;

    return <<"EOT";
        location /oauth/ {
            procore_scope_oauth on;
            procore_scope_authorize %%LOGIN%% http://127.0.0.1:%%PORT%%/oauth/company/callback;
            proxy_pass %%LOGIN%%;
        }
        location /_procore/ {
            internal;
            proxy_pass $api/;
        }
EOT
}


subtest 'a token that the store knew already' => sub {
    my $nginx = nginx(authorize => 1);
    standin()->reset;
    standin()->reuse_tokens;
    my $token = bind_token($nginx, company => $home, user => 6);

    my $browser = picker($nginx, user => 6);
    $browser->submit(action => 'cancel');
    is(at_app($browser, $app), 'access_denied of a state', 'cancelled');

    standin()->behave({ match => "GET $companies", status => 500 });
    $browser = picker($nginx, user => 6);
    is(at_app($browser, $app), 'temporarily_unavailable of a state',
       'a list that fails');
    standin()->behave;

    my $answer = $nginx->request('GET',
        "/rest/v1.1/projects?company_id=$home",
        token => $token->{access_token});
    is($answer->{status}, 200, 'the app that uses it can go on');
    is(count('POST /oauth/revoke'), 0, 'it was never given back');
    standin()->reset;
};


subtest 'failed exchanges are limited' => sub {
    my $nginx = nginx(authorize => 1, workers => 2);
    standin()->reset;
    my @browsers = map { my $browser = browser($nginx);
        my $page = $browser->link(start_url($nginx), follow => 0);
        [$browser, $page->{header}{location} =~ /[?&]state=(\w{64})/] }
        1 .. 12;
    my @ends = map { my ($browser, $state) = @$_;
        my $page = $browser->link($nginx->url(
            "/oauth/company/callback?code=guess&state=$state"));
        $page->{away} ? at_app($browser, $app) : $page->{status} } @browsers;
    is_deeply(\@ends, [('server_error of a state') x 10, 429, 429],
              'ten in a minute');
    is(count("POST $token_path"), 10, 'then nothing goes up');
    my $page = $browsers[11][0]{page};
    is($page->{header}{'procore-scope-reason'}, 'exchange_failed', 'reason');
    cmp_ok($page->{header}{'retry-after'}, '<=', 60, 'Retry-After');
    cmp_ok($page->{header}{'retry-after'}, '>', 0, 'in seconds');
};


subtest 'a picker that waits' => sub {
    my $nginx = nginx(authorize => 1, workers => 2);
    standin()->reset;
    standin()->behave({ match => "POST $token_path", delay => 1 });

    my $browser = browser($nginx);
    my $start = $browser->link(start_url($nginx), follow => 0);
    my $login = standin()->request('GET',
        $start->{header}{location} =~ s{^http://[^/]*}{}r);
    my ($target) = $login->{header}{location} =~ m{^http://[^/]*(.*)};
    my ($state) = $target =~ /state=(\w+)/;
    my @cookie = (headers => [Cookie =>
        $browser->cookies($nginx->url('/'), 'GET', 'cross-site')]);

    my $connection = $nginx->connect;
    my ($head) = Procore::Test::HTTP::build('GET', $target, @cookie);
    $connection->send($head);
    wait_for(10, sub { count("POST $token_path") });
    my $head_only = $nginx->request('HEAD', "/oauth/company?state=$state",
                                    @cookie);
    is($head_only->{status}, 200, 'a HEAD does not wait');
    my $page = $nginx->request('GET', "/oauth/company?state=$state", @cookie);
    like($page->{body}, qr/Choose a company/, 'a GET does');
    is($connection->response('GET')->{status}, 302, 'and so did the callback');

    # somebody leaves in the middle: the exchange goes on without them
    ($browser, $start) = browser($nginx);
    $start = $browser->link(start_url($nginx), follow => 0);
    $login = standin()->request('GET',
        $start->{header}{location} =~ s{^http://[^/]*}{}r);
    ($target) = $login->{header}{location} =~ m{^http://[^/]*(.*)};
    ($state) = $target =~ /state=(\w+)/;
    @cookie = (headers => [Cookie =>
        $browser->cookies($nginx->url('/'), 'GET', 'cross-site')]);
    standin()->reset;
    standin()->behave({ match => "POST $token_path", delay => 1 });
    $connection = $nginx->connect;
    ($head) = Procore::Test::HTTP::build('GET', $target, @cookie);
    $connection->send($head);
    wait_for(10, sub { count("POST $token_path") });
    $connection->close;
    $page = $nginx->request('GET', "/oauth/company?state=$state", @cookie);
    like($page->{body}, qr/Choose a company/, 'who reloads gets the picker');
    is(count("POST $token_path"), 1, 'from one exchange');
};


subtest 'a client that leaves over HTTP/2' => sub {
    my $nginx = nginx(authorize => 1, h2 => 1, workers => 1);
    standin()->reset;
    standin()->behave({ match => "GET $companies", delay => 1 });
    my $browser = browser($nginx, h2 => 1);
    my $start = $browser->link(start_url($nginx), follow => 0);
    my $login = standin()->request('GET',
        $start->{header}{location} =~ s{^http://[^/]*}{}r);
    my ($target) = $login->{header}{location} =~ m{^http://[^/]*(.*)};
    my ($state) = $target =~ /state=(\w+)/;
    my @cookie = (headers => [Cookie =>
        $browser->cookies($nginx->url('/'), 'GET', 'cross-site')]);

    my $left = $nginx->h2('GET', $target, @cookie, timeout => '0.4');
    is($left->{status}, 0, 'it has left');
    wait_for(10, sub { count("GET $companies") });
    my $page;
    wait_for(15, sub {
        $page = $nginx->request('GET', "/oauth/company?state=$state", @cookie);
        $page->{body} !~ /One moment/;
    });
    like(refused($page), qr/^(?:200 -|400 spent)$/,
         'the picker does not wait for ever');
    is(picker($nginx)->{page}{status}, 200, 'the worker serves on');
};


subtest 'the store is out of reach' => sub {
    my $nginx = nginx(authorize => 1, start => 0);
    Procore::Test::Host::write_file($nginx->store, 'a file in its place');
    $nginx->expect(qr/the store .* is out of order/);
    $nginx->start;
    my $page = browser($nginx)->link(start_url($nginx));
    is(refused($page), '503 store_failed', 'start');
    cmp_ok($page->{header}{'retry-after'}, '>', 0, 'Retry-After');
    my $state = 'a' x 64;
    my $name = 'procore-scope-' . 'a' x 12;
    for my $target ("/oauth/company?state=$state",
                    "/oauth/company/callback?code=x&state=$state")
    {
        is(refused($nginx->request('GET', $target,
                                   headers => [Cookie => "$name=x"])),
           '503 store_failed', $target =~ s/\?.*//r);
    }
};


subtest 'reload and restart' => sub {
    my $nginx = nginx(authorize => 1);
    for my $way (qw(reload restart)) {
        my $turn = sub {
            return ok($nginx->reload, 'a reload') if $way eq 'reload';
            $nginx->stop;
            ok($nginx->start, 'a restart');
        };
        my $browser = browser($nginx);
        my $page = $browser->link(start_url($nginx), follow => 0);
        $turn->();
        my $login = standin()->request('GET',
            $page->{header}{location} =~ s{^http://[^/]*}{}r);
        $page = $browser->link($login->{header}{location}, follow => 0);
        $turn->();
        $browser->link($page->{header}{location});
        $turn->();
        $browser->submit(action => 'choose', company => $home);
        keep($browser);
        is(at_app($browser, $app), 'psg_ of a state', "$way at each step");
    }
};


done_testing();
