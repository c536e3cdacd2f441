#!/usr/bin/perl

# The login host: what is read of requests, what becomes of answers.

use Procore::Test;

my $world = world();
my $crm = $world->{clients}{crm};
my ($home, $foreign) = @$world{qw(home foreign)};

my $standin = standin();
my $nginx = nginx(h2 => 1, expect => [qr/came from a cache/]);

my @credentials = (client_id => $crm->{id}, client_secret => $crm->{secret});
my @redirect = (redirect_uri => $crm->{redirect_uris}[0]);
my $answer = { access_token => 'a' x 64, refresh_token => 'b' x 64,
               token_type => 'bearer', expires_in => 5400,
               created_at => 1484786897 };
remember($crm->{secret});


# The next record of that action: that of a request before may come late.
sub record {
    my ($to, $action) = @_;

    while (my $record = $to->next_audit) {
        return $record if $record->{event}{action} eq $action;
    }
    return {};
}


# Passes over the records so far; one more request tells where they end.
sub settle {
    my ($to) = @_;

    $to->request('GET', '/rest/v1.0/settled');
    while (my $record = $to->next_audit) {
        return if $record->{url}{path} eq '/rest/v1.0/settled';
    }
    return;
}


sub verdict {
    my ($record) = @_;

    return "$record->{procore_scope}{decision} "
        . "$record->{procore_scope}{reason}";
}


sub told {
    my ($response) = @_;

    return join ' ', $response->{status}, $response->{json}{error} // '-',
        $response->{json}{reason} // '-';
}


# What a request of this access token that names the company gets.
sub allowed {
    my ($to, $token, $company) = @_;

    my $response = $to->request('GET', "/rest/v1.0/companies/$company/users",
                                token => $token, company => $company);
    return $response->{status} == 200 ? 'passes' : $response->{json}{reason};
}


sub token_requests {
    return grep { $_->{target} =~ m{^/+oauth/+token} } $standin->requests;
}


subtest 'the endpoints in every spelling that the login host routes' => sub {
    for my $target ('/oauth/token', '/oauth/token/', '/oauth/token.json') {
        my $token = bind_token($nginx, company => $home, target => $target);
        is(allowed($nginx, $token->{access_token}, $foreign),
           'foreign_company', $target);
    }
    for my $target ('/oauth/revoke', '/oauth/revoke/') {
        my $token = bind_token($nginx, company => $home);
        revoke($nginx, $token->{access_token}, target => $target);
        is(allowed($nginx, $token->{access_token}, $home), 'revoked_token',
           $target);
    }
    for my $target ('/oauth//token', '/oauth/./token', '/oauth/%74oken',
                    '/oauth%2Ftoken', '//oauth/token') {
        my $response = $nginx->request('POST', $target, form => [
            grant_type => 'client_credentials', @credentials,
            company_id => $home]);
        isnt($response->{status}, 200, "$target gives no token");
    }
};


subtest 'parameters must agree wherever they stand' => sub {
    my %right = (grant_type => 'refresh_token', client_id => $crm->{id},
                 client_secret => $crm->{secret}, refresh_token => 'r' x 64,
                 company_id => $home);
    my %wrong = (grant_type => 'client_credentials', client_id => 'other',
                 client_secret => 'other', refresh_token => 'other',
                 company_id => $foreign);
    my $before = token_requests();

    for my $name (sort keys %right) {
        my %body = %right;
        my $query = encode_form($name => $wrong{$name});
        my $reason = $name eq 'company_id' ? 'rebind' : 'malformed_body';

        my $response = $nginx->request('POST', "/oauth/token?$query",
                                       form => [%body]);
        is(told($response), "400 invalid_request $reason",
           "$name: query and body");

        $response = $nginx->request('POST', '/oauth/token',
            form => [%body, $name => $wrong{$name}]);
        is(told($response), "400 invalid_request $reason", "$name: twice");

        $query = encode_form(%body, $name => $wrong{$name});
        $response = $nginx->request('POST', "/oauth/token?$query");
        $reason = 'malformed_query' if $name ne 'company_id';
        is(told($response), "400 invalid_request $reason",
           "$name: twice in the query");
    }

    for my $name (qw(client_id client_secret)) {
        my $response = $nginx->request('POST', '/oauth/token', form => [
            grant_type => 'client_credentials', $name => $wrong{$name}],
            basic => [@right{qw(client_id client_secret)}]);
        is(told($response), '400 invalid_request malformed_body',
           "$name: Basic and body");
    }

    my $response = $nginx->request('POST', '/oauth/token',
        form => [grant_type => 'client_credentials', company_id => $home],
        company => $foreign, basic => [@right{qw(client_id client_secret)}]);
    is(told($response), '400 invalid_request rebind', 'header and body');
    is(scalar token_requests(), $before, 'none of them has been forwarded');

    my $code = authorize_code($standin);
    my @all = (grant_type => 'authorization_code', code => $code, @redirect,
               @credentials, company_id => $home);
    $response = $nginx->request('POST', '/oauth/token?' . encode_form(@all),
        form => [@all, @all], company => $home,
        basic => [@right{qw(client_id client_secret)}]);
    is($response->{status}, 200, 'the same everywhere is fine');
    remember(@{ $response->{json} }{qw(access_token refresh_token)});
};


subtest 'requests that cannot be read are refused and cost nothing' => sub {
    my $form = 'application/x-www-form-urlencoded';
    my $good = encode_form(grant_type => 'client_credentials', @credentials);
    my $before = token_requests();

    for my $case (
        ['bad JSON', 'malformed_body', body => '{"grant_type":',
         type => 'application/json'],
        ['a nested code', 'malformed_body',
         json => { grant_type => 'authorization_code', code => ['x'] }],
        ['a broken escape', 'malformed_body', body => "$good&code=%zz",
         type => $form],
        ['no type', 'unsupported_body', body => $good],
        ['two types', 'unsupported_body', body => $good, type => $form,
         headers => ['Content-Type' => $form]],
        ['XML', 'unsupported_body', body => '<a/>', type => 'text/xml'],
        ['a compressed body', 'unsupported_body', body => $good, type => $form,
         headers => ['Content-Encoding' => 'gzip']],
        ['a malformed company', 'malformed_id',
         form => [grant_type => 'client_credentials', @credentials,
                  company_id => '12abc']],
        ['a malformed company in the header', 'malformed_id',
         body => $good, type => $form, company => '12abc'],
        ['a list in the header', 'malformed_header', body => $good,
         type => $form, company => "$home,$foreign"],
        ['Basic that is no base64', 'malformed_header', body => $good,
         type => $form, headers => [Authorization => 'Basic !!']],
        ['Basic without a colon', 'malformed_header', body => $good,
         type => $form, headers => [Authorization => 'Basic eA==']],
        ['a body that is too large', 'body_too_large', type => $form,
         body => "$good&x=" . 'x' x (9 << 20)],
    ) {
        my ($name, $reason, @request) = @$case;
        my $response = $nginx->request('POST', '/oauth/token', @request);
        is(told($response), "400 invalid_request $reason", $name);
        is($response->{header}{'procore-scope-reason'}, $reason,
           "$name: header");
    }

    my $response = $nginx->request('POST', '/oauth/token?code=%zz');
    is(told($response), '400 invalid_request malformed_query', 'a bad query');
    $response = $nginx->request('POST', '/oauth/revoke', body => '{"token"',
                                type => 'application/json');
    is(told($response), '400 invalid_request malformed_body',
       'a revoke of nobody knows what');
    is(scalar token_requests(), $before, 'none of them has been forwarded');
};


subtest 'in monitor they are forwarded, and their tokens stay unbound' => sub {
    my $monitor = nginx(mode => 'monitor');
    my $code = authorize_code($standin);
    my @form = (grant_type => 'authorization_code', code => $code, @redirect,
                @credentials);
    my $response = $monitor->request('POST', "/oauth/token?company_id=$foreign",
        form => [@form, company_id => $home]);
    is($response->{status}, 200, 'two companies');
    is(verdict(record($monitor, 'token')), 'would_deny rebind', 'recorded');
    remember(@{ $response->{json} }{qw(access_token refresh_token)});

    allowed($monitor, $response->{json}{access_token}, $home);
    is(verdict(record($monitor, 'request')), 'would_deny unbound', 'unbound');
};


subtest 'an answer passes as it came' => sub {
    my %raw;
    for my $to ($standin, $nginx) {
        $standin->behave({ match => 'POST /oauth/token', body => $answer,
                           headers => { 'X-Odd' => 'kept',
                                        'ETag' => '"a"' } });
        my $response = $to->request('POST', '/oauth/token', form => [
            grant_type => 'client_credentials', @credentials]);
        $raw{$to} = $response->{body};
        is($response->{header}{'x-odd'}, 'kept', 'a header of its own');
        is($response->{header}{'content-length'}, length $response->{body},
           'its length');
    }
    $standin->behave;
    is($raw{$nginx}, $raw{$standin}, 'the same bytes');
};


subtest 'in whatever way it comes and goes' => sub {
    my $slow = nginx(
        h2 => 1,
        oauth => 'proxy_buffering off; proxy_buffer_size 1k;',
        http => 'gzip on; gzip_types *; gzip_min_length 1;');
    my $number = 0;

    for my $to ($nginx, $slow) {
        for my $how ({}, { chunked => 1 }, { pieces => 9, pause => 0.01 },
                     { no_length => 1 }) {
            for my $version (qw(1.0 1.1 2)) {
                my $fresh = sprintf '%064d', ++$number;
                $standin->behave({ match => 'POST /oauth/token', %$how,
                    body => { %$answer, access_token => "a$fresh",
                              refresh_token => "b$fresh" } });
                my $call = $version eq '2' ? 'h2' : 'request';
                my $response = $to->$call('POST', '/oauth/token', form => [
                    grant_type => 'client_credentials', @credentials,
                    company_id => $home],
                    $version eq '2' ? () : (version => $version));
                $standin->behave;

                my $name = join ' ', "HTTP/$version", %$how;
                is($response->{json}{access_token}, "a$fresh", $name);
                ok($response->{complete}, "$name: whole");
                is(allowed($to, "a$fresh", $foreign), 'foreign_company',
                   "$name: bound");
            }
        }
    }

    my $connection = $nginx->connect;
    for my $round (1 .. 3) {
        my $fresh = sprintf '%064d', ++$number;
        $standin->behave({ match => 'POST /oauth/token',
            body => { %$answer, access_token => "a$fresh" } });
        my $response = $connection->request('POST', '/oauth/token',
            keep => 1, form => [grant_type => 'client_credentials',
                                @credentials, company_id => $home]);
        is($response->{json}{access_token}, "a$fresh", "kept alive: $round");
    }
    $standin->behave;
};


subtest 'an answer that cannot be read is passed on, unbound' => sub {
    settle($nginx);
    my $text = '{"access_token":"' . 'n' x 64 . '","token_type":"bearer"}';

    for my $case (
        ['not JSON', body => 'hello'],
        ['no access token', body => '{"token_type":"bearer"}'],
        ['doubled members', body => '{"access_token":"x","access_token":"y"}'],
        ['compressed', gzip => 1, body => $text],
        ['too large', body => $text, pad => 70_000],
        ['too large, in chunks', body => $text, pad => 70_000, chunked => 1,
         pieces => 20],
        ['empty', body => ''],
    ) {
        my ($name, %rule) = @$case;
        $standin->behave({ match => 'POST /oauth/token', %rule });
        my @form = (form => [grant_type => 'client_credentials',
                             @credentials, company_id => $home]);
        my $direct = $standin->request('POST', '/oauth/token', @form);
        my $response = $nginx->request('POST', '/oauth/token', @form);
        $standin->behave;

        is($response->{status}, 200, "$name: status");
        ok($response->{body} eq $direct->{body}, "$name: the same bytes");
        is(verdict(record($nginx, 'token')), 'allow_undecided unbound',
           "$name: recorded");
    }

    $standin->behave({ match => 'POST /oauth/token', truncate => 40,
                       body => $answer });
    my $response = $nginx->request('POST', '/oauth/token', form => [
        grant_type => 'client_credentials', @credentials,
        company_id => $home]);
    is($response->{status}, 200, 'cut short: status');
    is(length $response->{body}, 40, 'cut short: what there is');
    ok(!$response->{complete}, 'cut short: and the client can tell');
    is(verdict(record($nginx, 'token')), 'allow_undecided unbound',
       'cut short: recorded');

    $standin->behave({ match => 'POST /oauth/token', chunked => 1,
                       truncate => 40, body => $answer });
    $response = $nginx->request('POST', '/oauth/token', form => [
        grant_type => 'client_credentials', @credentials,
        company_id => $home]);
    ok(!$response->{complete}, 'chunks cut short');
    $standin->behave;
};


subtest 'errors of the login host are its own' => sub {
    settle($nginx);
    my $response = token_request($nginx, code => 'c' x 64, company_id => $home);
    is(told($response), '400 invalid_grant -', 'a wrong code');
    is(verdict(record($nginx, 'token')), 'allow ok', 'recorded as a token');

    $standin->behave({ match => 'POST /oauth/token', close => 1 });
    $response = token_request($nginx, code => 'd' x 64, company_id => $home);
    $standin->behave;
    is($response->{status}, 502, 'a login host that hangs up');
};


subtest 'a client that leaves while its answer is held' => sub {
    for my $round (1 .. 5) {
        my $fresh = "left$round" . 'z' x 60;
        $standin->behave({ match => 'POST /oauth/token', delay => 0.1,
                           body => { %$answer, access_token => $fresh,
                                     refresh_token => "r$fresh" } });
        my ($head, @pieces) = Procore::Test::HTTP::build('POST',
            '/oauth/token', form => [grant_type => 'client_credentials',
                                     @credentials, company_id => $home]);
        my $connection = $nginx->connect;
        $connection->send(join '', $head, @pieces);
        select undef, undef, undef, 0.09 + $round / 250;
        $connection->close;
    }
    $standin->behave;
    is($nginx->request('GET', '/rest/v1.0/me')->{status}, 401,
       'the worker goes on');
};


subtest 'credentials in the query go up as they came' => sub {
    my $upstream = upstream(answer => "HTTP/1.1 200 OK\r\n"
        . "Content-Type: application/json\r\nConnection: close\r\n\r\n{}");
    my $nginx = nginx(login => $upstream->url, api => $upstream->url);
    my $query = encode_form(grant_type => 'refresh_token', @credentials,
                            refresh_token => 's' x 64);
    remember('s' x 64);

    $nginx->request('POST', "/oauth/token?$query",
                    form => [company_id => $home],
                    headers => ['Accept-Encoding' => 'gzip']);
    my ($bytes) = $upstream->requests;
    like($bytes, qr{^POST /oauth/token\?\Q$query\E HTTP}, 'in the query');
    unlike($bytes, qr{accept-encoding}i, 'Accept-Encoding is gone');

    $upstream->stop;
    $nginx->expect(qr/connect\(\) failed/);
    is($nginx->request('POST', "/oauth/token?$query")->{status}, 502,
       'an upstream that is down');
    like($nginx->error_log, qr{connect\(\) failed.*/oauth/token"},
         'is logged without the query');
};


subtest 'a token in the query of token info is refused' => sub {
    my $nginx = nginx();
    my $token = 'info-' . 'x' x 40;
    remember($token);
    my $response = $nginx->request('GET',
                                   "/oauth/token/info?access_token=$token");
    is($response->{status}, 401, 'with 401');
    is($response->{json}{reason}, 'ambiguous_token', 'and its reason');
};


subtest 'answers from a cache bind nothing' => sub {
    my $cache = 'proxy_cache_path %%DIR%%/temp/cache keys_zone=c:1m;';
    my $lines = 'proxy_cache c; proxy_cache_methods POST;'
        . ' proxy_cache_key $uri; proxy_cache_valid 200 1m;'
        . ' proxy_ignore_headers Cache-Control Expires Set-Cookie;';

    my $cached = nginx(http => $cache, oauth => $lines, secrets => 0,
                       expect => [qr/came from a cache/]);
    my @tokens = map { bind_token($cached, company => $home) } 1, 2;
    isnt($tokens[0]{access_token}, $tokens[1]{access_token},
         'a token is not kept for the next client');
    is(allowed($cached, $_->{access_token}, $foreign), 'foreign_company',
       'both are bound') for @tokens;

    # Somebody else may have filled the cache.
    $lines =~ s/\$uri/k/;
    my $prime = "location /prime/ { procore_scope off; $lines"
        . ' proxy_pass %%LOGIN%%/oauth/; }';
    for my $mode (qw(enforce monitor)) {
        my $primed = nginx(mode => $mode, http => $cache, oauth => $lines,
                           locations => $prime, secrets => 0,
                           expect => [qr/came from a cache/]);
        my @form = (grant_type => 'client_credentials', @credentials);
        my $first = $primed->request('POST', '/prime/token', form => [@form]);
        is($first->{status}, 200, "$mode: an answer is cached");
        my $second = $primed->request('POST', '/oauth/token', form =>
            [@form, company_id => $home]);
        my $token = $first->{json}{access_token};

        if ($mode eq 'enforce') {
            is(told($second), '503 temporarily_unavailable store_failed',
               'it is not handed to another client');
            unlike($second->{raw}, qr/\Q$token\E/, 'not a byte of it');
        } else {
            is($second->{json}{access_token}, $token, 'monitor passes it on');
            is(verdict(record($primed, 'token')),
               'allow_undecided store_failed', 'and says so');
        }
        ok($primed->error_lines(qr/came from a cache/), "$mode: logged");
    }
};


subtest 'token info and the rest are passed on' => sub {
    my $token = bind_token($nginx, company => $home)->{access_token};
    settle($nginx);
    my $info = $nginx->request('GET', '/oauth/token/info', token => $token);
    is($info->{status}, 200, 'info');
    is($info->{json}{application}{uid}, $crm->{id}, 'what it says');
    is(verdict(record($nginx, 'request')), 'allow discovery', 'recorded');

    is($nginx->request('GET', '/oauth/token/info')->{status}, 401,
       'without a token it is the login host that refuses');
    is(authorize($nginx)->{status}, 302, 'authorize');

    revoke($nginx, $token);
    $info = $nginx->request('GET', '/oauth/token/info', token => $token);
    is($info->{json}{reason}, 'revoked_token', 'info of a revoked token');
};


done_testing();
