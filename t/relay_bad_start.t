#!/usr/bin/perl

# Ways around the relay, and what its own answers must never allow: no spelling
# of the authorization endpoint reaches the login host, no answer can be framed
# or kept, nothing that a stranger writes ends in a header.

use Procore::Test;
use Procore::Test::Relay qw(at_app browser keep logged_in picker
                            refused start_url);

my $world = world();
my ($home, $foreign) = @$world{qw(home foreign)};
my %app = %{ $world->{clients} };
my $app = $app{crm}{redirect_uris}[0];
my $callback = '/oauth/company/callback';
my $query = encode_form(response_type => 'code', client_id => $app{crm}{id},
                        redirect_uri => $app, state => 'here', login_as => 1);

# Bytes of a request line that nginx does not take by itself.
use constant LARGE => 'large_client_header_buffers 4 64k;';

use constant SPELLINGS => qw(
    /oauth/authorize /oauth/authorize/ /oauth/authorize// /oauth//authorize
    //oauth/authorize //oauth//authorize// /oauth/./authorize
    /oauth/x/../authorize /x/../oauth/authorize /./oauth/authorize
    /oauth/authorize/. /oauth/authorize/x/.. /oauth/authorize.json
    /oauth/authorize.json/ /oauth/authorize.html /oauth/authorize.
    /oauth/%61uthorize /%6Fauth/authorize /oauth/authoriz%65
    /oauth%2fauthorize /oauth%2Fauthorize /oauth/authorize%2f
    /oauth/authorize%2ejson /oauth/%2e/authorize /oauth/x/%2e%2e/authorize
    /oauth/authorize/native /oauth/authorize/native.json
    /OAUTH/authorize /oauth/AUTHORIZE /oauth/Authorize
    /oauth\authorize /oauth/authorize\ /oauth/authorize; /oauth/authorize;x=y
    /oauth;x/authorize /oauth/..;/oauth/authorize /oauth/authorize%3b
    /oauth/authorize%20 /oauth/authorize%09 /oauth/authorize%0a
    /oauth/authorize%00 /oauth/authorize%23 /oauth/authorize%3f
    /oauth/authorize%252f /oauth/%2561uthorize /oauth/authorize%c0%af
    /oauth/%ef%bd%81uthorize /oauth/authorize%ff /oauth/authorize%2c
    /rest/../oauth/authorize /rest/%2e%2e/oauth/authorize
    /rest/v1.0/..%2f..%2foauth/authorize /rest/v1.0/../../oauth/authorize
    /_procore/oauth/authorize /_procore/../oauth/authorize
    /%5fprocore/oauth/authorize
    http://127.0.0.1/oauth/authorize http://evil.example/oauth/authorize
    http://127.0.0.1//oauth/authorize
);


# Does this answer come from the login host's authorization endpoint?
sub granted {
    my ($answer) = @_;

    return ($answer->{header}{location} // '') =~ /[?&#](?:code|access_token)=/
        || $answer->{body} =~ /\bcode\b.*\b[0-9a-f]{64}\b/s ? 1 : 0;
}


for my $mode (qw(enforce monitor)) {
    subtest "$mode: no spelling reaches the login host" => sub {
        my $nginx = nginx(authorize => 1, mode => $mode);
        standin()->reset;
        ok(granted(standin()->request('GET', "/oauth/authorize?$query")),
           'the login host itself would hand out a code');

        my $direct = 0;
        for my $path (SPELLINGS) {
            (my $plain = $path) =~ s{^http://[^/]*}{};
            my $there = granted(standin()->request('GET', "$plain?$query"));
            $direct += $there;
            for my $method (qw(GET HEAD POST PUT PATCH DELETE OPTIONS)) {
                my $state = join '', 's', map { int rand 10 } 1 .. 20;
                my $answer = $nginx->request($method, "$path?"
                    . $query =~ s/state=here/state=$state/r);
                remember($state) if $answer->{header}{'set-cookie'};
                ok(!granted($answer), "$method $path: no code")
                    or diag $answer->{raw};
                next unless $there && $method eq 'GET';
                like($answer->{header}{'set-cookie'} // $answer->{status},
                     qr/^(?:procore-scope-|4)/, 'but the relay, or nothing');
            }
        }
        cmp_ok($direct, '>=', 5, 'several spellings are one at the login host');

        for my $target ("/oauth/authorize?$query",
                        "/oauth/authorize?_method=get&$query",
                        "/oauth/token?_method=get&$query",
                        "/oauth/authorize")
        {
            for my $headers ([], ['X-HTTP-Method-Override' => 'GET'],
                             ['X_HTTP_Method_Override' => 'GET'])
            {
                my $answer = $nginx->request('POST', $target,
                    headers => $headers, form => [_method => 'GET',
                    response_type => 'code', client_id => $app{crm}{id},
                    redirect_uri => $app, login_as => 1]);
                ok(!granted($answer), "POST $target: no code");
            }
        }
    };
}


subtest 'headers that name another target' => sub {
    for my $mode (qw(enforce monitor)) {
        my $nginx = nginx(authorize => 1, mode => $mode,
                          http => 'underscores_in_headers on;');
        my @names = qw(X-Original-URL X-Original-URI X-Rewrite-URL
                       X-Script-Name X-Forwarded-Prefix X-Forwarded-Path
                       X-Forwarded-Uri X_Original_URL);
        for my $request ([GET => '/oauth/applications'],
                         [GET => '/oauth/token/info', token => 'nonsense'],
                         [POST => '/oauth/token', form => [
                             grant_type => 'authorization_code', code => 'x',
                             client_id => $app{reports}{id}]],
                         [POST => '/oauth/revoke', form => [token => 'x']])
        {
            standin()->reset;
            $nginx->request(@$request, headers => [
                map { $_ => "/oauth/authorize?$query" } @names]);
            my ($seen) = standin()->requests;
            is_deeply([grep { /^x[-_](?:original|rewrite|script|forwarded)/ }
                       sort keys %{ $seen->{headers} }], [],
                      "$mode: @$request[0, 1] goes up without them");
        }
    }
};


subtest 'a rewrite, or nginx itself, leads to the endpoint' => sub {
    my $to = 'rewrite ^ /oauth/authorize';
    my $nginx = nginx(authorize => 1, mode => 'monitor', server => <<'EOT',
        rewrite ^/login$ /oauth/authorize last;
        rewrite ^/oauth/v2/authorize$ /oauth/authorize last;
EOT
        oauth => 'rewrite ^/oauth/v2/x$ /oauth/authorize break;',
        locations => <<"EOT");
        location /oauth/old {
            procore_scope_oauth on;
            procore_scope_authorize %%LOGIN%%
                http://127.0.0.1:%%PORT%%/oauth/old/x/callback;
            if (\$uri = /oauth/old) { $to break; proxy_pass %%LOGIN%%; }
        }
        location /tried { try_files /none /oauth/authorize\$is_args\$args; }
        location /missing { error_page 404 = /oauth/authorize; return 404; }
        location /named { error_page 404 = \@named; return 404; }
        location \@named { $to last; }
EOT
    for my $path (qw(/login /oauth/v2/authorize /oauth/v2/x /oauth/old /tried
                     /missing /named))
    {
        my $answer = $nginx->request('GET', "$path?$query");
        ok(!granted($answer), "$path: no code");
        like($answer->{header}{'set-cookie'} // $answer->{header}{location},
             qr{^procore-scope-|^http://[^/]*/oauth/authorize$},
             'but the relay, or the browser without the query');
        unlike($nginx->access_log, qr/state=here/, 'no query in the log');
    }
};


subtest 'a rewrite that changes nothing' => sub {
    for my $how ('rewrite ^/oauth/(.*)$ /oauth/$1 break;',
                 'rewrite ^/oauth/(.*)$ /oauth/$1 last;')
    {
        my $nginx = $how =~ /last/ ? nginx(authorize => 1, server => $how)
                                   : nginx(authorize => 1, oauth => $how);
        my $browser = picker($nginx);
        is($browser->{page}{status}, 200, "$how the picker");
        $browser->submit(action => 'choose', company => $home);
        keep($browser);
        my %answer = $browser->arrived($app);
        standin()->reset;
        my $token = token_request($nginx, code => $answer{code});
        is("$token->{status} $token->{json}{company_id}", "200 $home",
           'and the token');
        is_deeply([standin()->requests], [], 'from the gateway');
    }
};


subtest 'what nginx has refused stays refused' => sub {
    my $nginx = nginx(clients => ['crm'], server => <<'EOT',
        procore_scope_authorize %%LOGIN%%
            http://127.0.0.1:%%PORT%%/oauth/company/callback;
EOT
        oauth => 'auth_request /judge; error_page 403 = @denied;',
        locations => <<'EOT');
        location = /judge {
            procore_scope off;
            procore_scope_authorize off;
            if ($http_x_wicked) { return 403; }
            return 204;
        }
        location @denied { procore_scope_oauth on; root %%DIR%%/none; }
EOT
    my ($browser, $url, $state) = logged_in($nginx);
    standin()->reset;
    my ($target) = $url =~ m{^http://[^/]*(.*)};
    my @headers = (headers => ['X-Wicked' => 1, Cookie =>
        $browser->cookies($nginx->url('/'), 'GET', 'cross-site')]);
    my $answer = $nginx->request('GET', $target, @headers);
    unlike($answer->{status}, qr/^30/, 'a callback');
    $answer = $nginx->request('GET', "/oauth/company?state=$state", @headers);
    unlike($answer->{body}, qr/<form/, 'a picker');
    is_deeply([standin()->requests], [], 'nothing went up');
    is($browser->link($url)->{status}, 200, 'the good one still works');
    keep($browser);
};


# What stands at the head of each answer that the relay gives.
sub guarded {
    my ($answer, $status, $name) = @_;

    my %count;
    $count{ lc $_->[0] }++ for @{ $answer->{headers} };
    my $header = $answer->{header};
    my @bad = grep { ($count{$_} // 0) != 1 }
        qw(cache-control x-frame-options x-content-type-options
           referrer-policy content-security-policy);
    push @bad, 'may be kept'
        unless ($header->{'cache-control'} // '') eq 'no-store';
    push @bad, 'may be framed'
        unless ($header->{'x-frame-options'} // '') eq 'DENY'
            && ($header->{'content-security-policy'} // '')
               =~ /frame-ancestors 'none'/;
    push @bad, $_ for grep { $count{$_} }
        qw(etag last-modified expires cross-origin-opener-policy
           access-control-allow-origin x-powered-by);
    push @bad, 'form-action'
        if ($header->{'content-security-policy'} // '') =~ /form-action/;
    push @bad, 'two Locations' if ($count{location} // 0) > 1;
    is("$answer->{status} @bad", "$status ", $name) or diag $answer->{raw};
    return;
}


subtest 'no answer can be framed or kept' => sub {
    my $nginx = nginx(authorize => 1, http => LARGE);
    my ($browser, $url, $state) = logged_in($nginx);
    my @cookie = (headers => [Cookie => $browser->cookies($nginx->url('/'),
                                                       'GET', 'cross-site')]);
    my ($target) = $url =~ m{^http://[^/]*(.*)};

    my $ask = sub {
        my ($status, $method, $path, @more) = @_;
        guarded($nginx->request($method, $path, @more), $status,
                "$method " . substr $path, 0, 60);
    };
    for my $method (qw(GET HEAD)) {
        $ask->(302, $method, "/oauth/authorize?$query");
        $ask->(302, $method, '/oauth/authorize');
        $ask->(302, $method, "/oauth/authorize?$query&scope=a&scope=b");
        $ask->(302, $method, "/oauth/authorize?$query&company_id=x");
        $ask->(400, $method, "/oauth/authorize?$query&x=%");
        $ask->(400, $method, "/oauth/authorize?$query&redirect_uri=x");
        $ask->(400, $method, "/oauth/authorize?$query&x=" . 'x' x 40_000);
        $ask->(400, $method, "/oauth/authorize?$query",
               headers => ['Sec-Fetch-Dest' => 'iframe']);
        for my $path ($callback, '/oauth/company') {
            $ask->(400, $method, $path);
            $ask->(400, $method, "$path?state=$state");
            $ask->(400, $method, "$path?state=$state&code=x");
            $ask->(400, $method, "$path?state=$state&state=$state", @cookie);
        }
        $ask->(400, $method, "$callback?state=$state", @cookie);
    }
    $ask->(405, $_, '/oauth/authorize')
        for qw(POST PUT PATCH DELETE OPTIONS PROPFIND);
    $ask->(405, $_, $callback) for qw(POST PUT DELETE OPTIONS);
    $ask->(405, $_, '/oauth/company') for qw(PUT PATCH DELETE OPTIONS);
    $ask->(405, 'POST', "/oauth/authorize?$query",
           form => [response_type => 'code'], headers => [
               'Access-Control-Request-Method' => 'GET']);
    $ask->(403, 'POST', '/oauth/company',
           headers => [Origin => 'null'], form => [x => 1]);
    $ask->(413, 'POST', '/oauth/company', form => [x => 'x' x 9000]);
    $ask->(415, 'POST', '/oauth/company', json => {});

    $ask->(302, 'HEAD', $target, @cookie);
    $ask->(302, 'GET', $target, @cookie);
    my $picker = "/oauth/company?state=$state";
    $ask->(200, $_, $picker, @cookie) for qw(GET HEAD);
    $ask->(400, 'GET', "$picker&page=1&page=2", @cookie);
    my $page = $nginx->request('GET', $picker, @cookie);
    my ($form) = grep { $_->{method} eq 'POST' } $browser->forms($page);
    my %field = @{ $form->{fields} };
    remember($field{token});
    my @post = ('POST', '/oauth/company', @cookie, form => [
        %field, company => $home, action => 'choose']);
    $ask->(400, 'POST', '/oauth/company', @cookie, form => [
        %field, company => 1, action => 'choose']);
    $ask->(303, @post);
    $ask->(303, @post);
    $ask->(302, 'GET', $picker, @cookie);
    $ask->(400, 'POST', '/oauth/company', @cookie, form => [
        %field, company => $foreign, action => 'choose']);
    keep($browser);

    for my $n (1 .. 12) {
        my ($one, $to, $of) = logged_in($nginx);
        $to =~ s{^http://[^/]*}{};
        guarded($nginx->request('GET', $to =~ s/code=\w+/code=guess/r,
            headers => [Cookie => $one->cookies($nginx->url('/'), 'GET',
                                                'cross-site')]),
            $n <= 10 ? 302 : 429, "a wrong code, number $n");
    }

    $nginx->stop;
    rename $nginx->store, $nginx->store . '.away';
    Procore::Test::Host::write_file($nginx->store, 'a file in its place');
    $nginx->expect(qr/the store .* is out of order/);
    $nginx->start;
    $ask->(503, 'GET', "/oauth/authorize?$query");
    $ask->(503, 'GET', $target, @cookie);
    $ask->(503, 'GET', $picker, @cookie);
    unlink $nginx->store;
};


subtest 'nothing of a stranger stands in a header' => sub {
    my $nginx = nginx(authorize => 1);
    my $login = standin()->url('/oauth/authorize');
    my @texts = ("a\r\nSet-Cookie: evil=1", "a\nLocation: //evil.example/",
                 "\r\n\r\n<script>alert(1)</script>", "a\0b", "\x7f\x1b",
                 "\xe2\x80\xa8\xe5\x98\x8a\xe5\x98\x8d", '"><script>',
                 '#code=evil', '&code=evil&state=evil');
    for my $text (@texts) {
        my $shown = $text =~ s/[^ -~]/./gr;
        for my $query (
            encode_form(client_id => $app{crm}{id}, redirect_uri => $app,
                        response_type => 'token', state => $text),
            encode_form(client_id => $app{crm}{id}, redirect_uri => $app,
                        response_type => 'code', state => $text),
            encode_form(client_id => $app{crm}{id}, redirect_uri => $app,
                        response_type => 'code', scope => $text),
            encode_form(client_id => $text, redirect_uri => $text),
            encode_form(client_id => $app{crm}{id}, redirect_uri => $text),
            encode_form(client_id => $app{crm}{id},
                        redirect_uri => "$app$text"),
        ) {
            my $answer = $nginx->request('GET', "/oauth/authorize?$query");
            my ($head) = split /\r\n\r\n/, $answer->{raw};
            my @odd = grep { !/^(?:HTTP\/1\.1 \d+ [\w ]+|[\w-]+: [ -~]+)$/ }
                split /\r\n/, $head;
            is_deeply(\@odd, [], "$shown: each line is one header");
            my @names = map { lc $_->[0] } @{ $answer->{headers} };
            is(scalar(grep { $_ eq 'location' } @names)
               + scalar(grep { $_ eq 'set-cookie' } @names),
               $answer->{status} == 400 ? 0
               : $answer->{header}{'set-cookie'} ? 2 : 1,
               'no second Location or cookie');
            like($answer->{header}{location} // 'nowhere',
                 qr{^(?:nowhere$|\Q$app\E\?|\Q$login\E\?)},
                 'no open redirect');
            unlike($answer->{body}, qr/<script>/, 'nor on the page');
        }
    }
};


subtest 'a query that is too long, or odd' => sub {
    my $nginx = nginx(authorize => 1, http => LARGE);
    my $raw = percent($app);
    my $client = "response_type=code&client_id=$app{crm}{id}";
    for my $case (
        ['302', 'a state of 8 KB',
         $query =~ s/state=here/'state=' . 'x' x 8192/er],
        ['400 bad_request', 'a state of 40 KB',
         $query =~ s/state=here/'state=' . 'x' x 40_000/er],
        ['400 bad_request', 'NUL in the redirect URI',
         "$client&redirect_uri=$raw%00"],
        ['400 bad_redirect_uri', 'CR LF in it',
         "$client&redirect_uri=$raw%0d%0a"],
        ['400 bad_redirect_uri', 'encoded twice',
         "$client&redirect_uri=" . percent($raw)],
        ['400 bad_redirect_uri', 'its first slash encoded twice',
         "$client&redirect_uri=" . $raw =~ s/%2F/%252F/r],
        ['400 bad_request', 'overlong UTF-8 in it',
         "$client&redirect_uri=$raw%c0%ae"],
        ['400 bad_redirect_uri', 'a tab', "$client&redirect_uri=%09$raw"],
        ['400 bad_redirect_uri', 'a blank', "$client&redirect_uri=+$raw"],
        ['400 bad_redirect_uri', 'without a scheme',
         "$client&redirect_uri=%2F%2Fcrm.example.com%2Fauth%2Fprocore"],
        ['400 bad_redirect_uri', 'a wider loopback',
         "$client&redirect_uri=http%3A%2F%2F127.0.0.1%3A%2Fcb"],
        ['400 bad_redirect_uri', 'a port with a sign',
         "$client&redirect_uri=http%3A%2F%2F127.0.0.1%3A%2B80%2Fcb"],
        ['400 bad_redirect_uri', 'decimal loopback',
         "$client&redirect_uri=http%3A%2F%2F2130706433%2Fcb"],
        ['400 bad_request', 'client_id in two cases of escape',
         "$client&%63lient_id=$app{crm}{id}&redirect_uri=$raw"],
    ) {
        my ($wanted, $name, $text) = @$case;
        my $answer = $nginx->request('GET', "/oauth/authorize?$text");
        like(refused($answer), qr/^\Q$wanted\E/, $name);
        is($answer->{header}{'set-cookie'}, undef, 'no cookie');
        next unless $wanted eq '302';
        like($answer->{header}{location}, qr/^\Q$app\E\?error=invalid_request&/,
             'told to the app');
    }

    my ($browser, $url, $state) = logged_in($nginx);
    standin()->reset;
    for my $size (1025, 10_240, 60_000) {
        is(refused($browser->link($nginx->url(
            "$callback?state=$state&code=" . 'c' x $size))),
           '400 bad_request', "a code of $size bytes");
    }
    is_deeply([standin()->requests], [], 'nothing went up');
    is($browser->link($url)->{status}, 200, 'the good one still works');
};


subtest 'a hundred cookies' => sub {
    my $nginx = nginx(authorize => 1, http => LARGE);
    my $hex = sub { sprintf '%012x', $_[0] };
    my %jar = (
        'foreign ones' => join('; ', map { "c$_=" . 'x' x 90 } 1 .. 100),
        'ones of our name' => join('; ', map { 'procore-scope-' . $hex->($_)
                                               . '=' . 'A' x 90 } 1 .. 100),
        'empty ones of our name' => join('; ', map { 'procore-scope-'
                                                . $hex->($_) . '=' } 1 .. 100),
        'odd ones' => join('; ', map { ("procore-scope-$_=x", 'procore-scope-',
            "procore-scope-\x01$_=y", "procore-scope-$_\"=\"z", '=', ';') }
            1 .. 100),
    );
    for my $name (sort keys %jar) {
        my $browser = browser($nginx, headers => [Cookie => $jar{$name}]);
        my $start = $browser->link(start_url($nginx), follow => 0);
        is($start->{status}, 302, "$name: a start");
        my @set = map { $_->[1] }
            grep { lc $_->[0] eq 'set-cookie' } @{ $start->{headers} };
        cmp_ok(scalar @set, '<=', 101, 'sets no more than came');
        my $ours = qr/^procore-scope-[0-9a-f]{12}=[\w-]*; Path=/;
        is_deeply([grep { $_ !~ $ours } @set], [], 'each is one of ours');
        like($set[-1], qr/^procore-scope-[0-9a-f]{12}=[\w-]{100,}; /,
             'the new one last');
        keep($browser);
        my $login = standin()->request('GET',
            $start->{header}{location} =~ s{^http://[^/]*}{}r);
        $browser->link($login->{header}{location});
        keep($browser);
        is($browser->{page}{status}, 200, 'the picker');
        $browser->submit(action => 'choose', company => $home);
        keep($browser);
        is(at_app($browser, $app), 'psg_ of a state', 'and the code');
    }
};


done_testing();
