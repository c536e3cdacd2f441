#!/usr/bin/perl

# The stand-in Procore by itself: what the other tests rest on.

use Procore::Test;

my $world = world();
my $crm = $world->{clients}{crm};
my ($home, $foreign, $locked) = @$world{qw(home foreign locked)};
my $standin = standin();


sub get {
    my ($target, $token, %opt) = @_;

    return $standin->request('GET', $target, token => $token, %opt);
}


sub ids {
    my ($response) = @_;

    return [map { $_->{id} } @{ $response->{json} }];
}


# A fresh token, straight from the stand-in.
sub token {
    my (%opt) = @_;

    return bind_token($standin, %opt);
}


subtest 'the story of the guide: one consent, six companies' => sub {
    $standin->reset;
    my $token = token();

    is(get('/rest/v1.0/me', $token->{access_token})->{json}{login},
       'ann@example.com', 'the user is the first one');
    my $list = get('/rest/v1.0/companies', $token->{access_token});
    is_deeply(ids($list), $world->{users}[0]{companies}, 'six companies');
    is_deeply($standin->installed, {}, 'nothing is installed yet');

    my @refused = grep {
        my $answer = get("/rest/v1.1/projects?company_id=$_",
                         $token->{access_token}, company => $_);
        $answer->{status} != 200;
    } @{ ids($list) };
    is_deeply(\@refused, [$locked], 'one company refuses the app');
    my @open = sort { $a <=> $b } grep { $_ != $locked } @{ ids($list) };
    is_deeply($standin->installed, { $crm->{id} => \@open },
              'the app is installed in each of the others');
    is_deeply($standin->attempts, { $crm->{id} => { $locked => 1 } },
              'and one attempt is on record');

    my $answer = get("/rest/v1.0/projects/$world->{locked_project}",
                     $token->{access_token}, company => $home);
    is("$answer->{status} $answer->{json}{errors}",
       '403 App is not connected to this company', 'said as Procore says it');
};


subtest 'who logs in, and what each user sees' => sub {
    for my $case ([2, 1], [3, 0], [5, 1]) {
        my ($user, $count) = @$case;
        my $token = token(user => $user);
        my $list = get('/rest/v1.0/companies', $token->{access_token});
        is(scalar @{ $list->{json} }, $count, "user $user");
    }

    my $code = authorize_code($standin, user => 4);
    my $token = token_request($standin, code => $code)->{json};
    my @seen;
    my $target = '/rest/v1.0/companies?per_page=100';
    for (1 .. 4) {
        last unless $target;
        my $list = get($target, $token->{access_token});
        is($list->{header}{total}, 250, 'Total');
        push @seen, @{ ids($list) };
        ($target) = ($list->{header}{link} // '')
            =~ m{<http://[^/>]+([^>]*)>; rel="next"};
    }
    is(scalar @seen, 250, 'three pages hold all 250 companies');

    my $small = token(user => 2);
    my $view = get("/rest/v1.1/projects?company_id=$home&view=ids",
                   $small->{access_token}, company => $home);
    is_deeply($view->{json}, [1001, 1002], 'only his projects');
};


subtest 'lists of projects' => sub {
    my $token = token()->{access_token};
    my $largest = $world->{largest};
    my $list = sub {
        return get("/rest/v1.1/projects?company_id=$largest$_[0]", $token,
                   company => $largest);
    };

    my $ids = $list->('&view=ids&filters[by_status]=All');
    is(scalar @{ $ids->{json} }, 1000, 'view=ids: all in one answer');
    ok(!ref $ids->{json}[0], 'bare ids');
    is($ids->{header}{link}, undef, 'without Link');

    my $page = $list->('&per_page=1000');
    is(scalar @{ $page->{json} }, 300, 'at most 300 a page');
    is($page->{header}{'per-page'}, 300, 'Per-Page');
    is($page->{json}[0]{company}{id}, $largest, 'with their company');
    like($page->{header}{link}, qr/page=2[^>]*>; rel="next".*rel="last"/,
         'with a next page');
    is(scalar @{ $list->('')->{json} }, 100, '100 by default');

    my $last = $list->('&per_page=300&page=4&view=compact');
    is(scalar @{ $last->{json} }, 100, 'the last page');
    is_deeply([sort keys %{ $last->{json}[0] }], ['id', 'name'], 'compact');
    unlike($last->{header}{link}, qr/rel="next"/, 'without a next page');

    my $active = get("/rest/v1.0/companies/$home/projects", $token,
                     company => $home);
    is_deeply(ids($active), [1001 .. 1004], 'active ones only');
    my $all = get("/rest/v1.0/projects?company_id=$home"
                  . '&filters[by_status]=All', $token, company => $home);
    is_deeply(ids($all), [1001 .. 1005], 'or all');
};


subtest 'a refresh gives a new pair and kills the old one' => sub {
    my $old = token();
    my $new = refresh($standin, $old)->{json};

    isnt($new->{access_token}, $old->{access_token}, 'another access token');
    isnt($new->{refresh_token}, $old->{refresh_token}, 'another refresh token');
    is(get('/rest/v1.0/me', $new->{access_token})->{status}, 200, 'it works');
    is(get('/rest/v1.0/me', $old->{access_token})->{status}, 401,
       'the old one does not');
    my $again = refresh($standin, $old);
    is("$again->{status} $again->{json}{error}", '400 invalid_grant',
       'the old refresh token is spent');
};


subtest 'revoke, by access token and by refresh token' => sub {
    for my $kind (qw(access_token refresh_token)) {
        my $token = token();
        is(revoke($standin, $token->{$kind})->{status}, 200, $kind);
        is(get('/rest/v1.0/me', $token->{access_token})->{status}, 401,
           'the access token is dead');
        is(refresh($standin, $token)->{status}, 400, 'so is the refresh token');
    }
    is(revoke($standin, 'unknown')->{status}, 200, 'an unknown token is fine');
    is(revoke($standin, token()->{access_token}, client => 'reports')
           ->{status}, 403, 'not by another app');
};


subtest 'shapes of tokens and of their answer' => sub {
    my $response = token_request($standin, code => authorize_code($standin));
    is_deeply([sort keys %{ $response->{json} }],
              [qw(access_token created_at expires_in refresh_token
                  token_type)], 'members');
    is($response->{json}{expires_in}, 5400, 'expires_in');
    like($response->{json}{access_token},
         qr/^[\w-]{20,}\.[\w-]{400,}\.[\w-]{100,}$/, 'three parts');
    my $length = length $response->{json}{access_token};
    ok($length > 700 && $length < 900, "about 800 bytes: $length");
    like($response->{json}{refresh_token}, qr/^[0-9a-f]{64}$/, 'refresh token');

    my $info = get('/oauth/token/info', $response->{json}{access_token});
    is($info->{json}{application}{uid}, $crm->{id}, 'info names the app');
    is($info->{json}{resource_owner_id}, 1, 'and the user');

    $standin->expire($response->{json}{access_token});
    is(get('/rest/v1.0/me', $response->{json}{access_token})->{status}, 401,
       'an expired token');
    is(refresh($standin, { %{ $response->{json} }, client => 'crm' })
           ->{status}, 200, 'can be refreshed');
};


subtest 'token requests in every form' => sub {
    for my $format (qw(form json multipart query)) {
        for my $auth (qw(params basic)) {
            my $response = token_request($standin,
                code => authorize_code($standin), format => $format,
                auth => $auth);
            is($response->{status}, 200, "$format, credentials: $auth");
        }
    }
    for my $target ('/oauth/token.json', '/oauth/token/', '//oauth/token') {
        is(token_request($standin, code => authorize_code($standin),
                         target => $target)->{status}, 200, $target);
    }

    my $code = authorize_code($standin);
    is(token_request($standin, code => $code)->{status}, 200, 'a code once');
    is(token_request($standin, code => $code)->{status}, 400, 'never twice');
    is(token_request($standin, code => authorize_code($standin),
                     client => 'reports', redirect => 'https://a.example/')
           ->{status}, 400, 'not by another app');
};


subtest 'other grants' => sub {
    my $service = token_request($standin, grant => 'client_credentials',
                                client => 'dmsa')->{json};
    ok(!exists $service->{refresh_token}, 'no refresh token');
    my $list = get('/rest/v1.0/companies', $service->{access_token});
    is_deeply(ids($list), $world->{clients}{dmsa}{service_companies},
              'a service account has the companies of its app');

    my $implicit = authorize($standin, response_type => 'token');
    my ($token) = $implicit->{header}{location} =~ /#access_token=([^&]+)/;
    is(get('/rest/v1.0/me', $token)->{status}, 200, 'implicit');

    # RFC 7636, appendix B
    my @challenge = (code_challenge_method => 'S256', code_challenge =>
        'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM');
    for my $case (['dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk', 200],
                  ['another-verifier-another-verifier-another-v', 400])
    {
        my ($verifier, $status) = @$case;
        my $code = authorize_code($standin, client => 'mobile',
                                  redirect => 'http://localhost:8080/cb',
                                  params => \@challenge);
        is(token_request($standin, client => 'mobile', code => $code,
                         redirect => 'http://localhost:8080/cb',
                         params => [code_verifier => $verifier])->{status},
           $status, "PKCE of a public client: $status");
    }

    my $foreign_uri = authorize($standin,
                                redirect => 'https://evil.example/cb');
    is($foreign_uri->{header}{location}, undef,
       'an unregistered redirect URI is not followed');
    my $oob = authorize($standin, redirect => 'urn:ietf:wg:oauth:2.0:oob');
    like($oob->{header}{location}, qr{/oauth/authorize/native\?code=},
         'oob shows the code');
};


subtest 'refusals of the API' => sub {
    my $token = token()->{access_token};
    for my $bad (undef, 'nonsense') {
        my $answer = get('/rest/v1.0/companies', $bad);
        is($answer->{status}, 401, 'no token, no answer');
        ok($answer->{json}{errors}, 'in JSON');
        like($answer->{header}{'www-authenticate'}, qr/^Bearer /, 'Bearer');
    }
    my $answer = get('/rest/v1.0/projects/1001', $token);
    is("$answer->{status} $answer->{json}{errors}",
       '400 Missing Procore-Company-Id header!', 'the header is required');
    is(get('/rest/v1.0/projects/7', $token, company => $home)->{status}, 404,
       'unknown project');
    is(get('/rest/v1.1/projects?company_id=7', $token, company => $home)
           ->{status}, 403, 'unknown company');
    is($standin->request('POST', '/rest/v1.0/projects', token => $token,
                         company => $home, type => 'application/json',
                         body => '{"a":1,}')->{status}, 400, 'broken JSON');
};


subtest 'each carrier installs the app' => sub {
    my $token = token()->{access_token};
    my $project = $world->{foreign_project};
    my @cases = (
        ['header', GET => '/rest/v1.0/thing', company => $foreign],
        ['path', GET => "/rest/v2.0/companies/$foreign/thing"],
        ['project in the path', GET => "/rest/v1.0/projects/$project"],
        ['singular', GET => "/rest/v1.0/project/$project/thing"],
        ['/vapid', GET => "/vapid/projects/$project"],
        ['encoded digits', GET => "/rest/v1.0/projects/%32002"],
        ['doubled slash', GET => "/rest//v1.0//projects//$project"],
        ['query', GET => "/rest/v1.0/thing?company_id=$foreign"],
        ['query filter',
         GET => "/rest/v1.0/thing?filters[project_id]=$project"],
        ['query list', GET => "/rest/v1.0/thing?project_ids[]=$project"],
        ['not canonical', GET => "/rest/v1.0/thing?company_id=+0$foreign.5x"],
        ['semicolon', GET => "/rest/v1.0/thing?a=1;project_id=$project"],
        ['JSON', POST => '/rest/v1.0/thing',
         json => { a => [{ company_id => "$foreign" }] }],
        ['JSON beside a query', POST => "/rest/v1.0/thing?company_id=$home",
         json => { company_id => $foreign }],
        ['object', POST => '/rest/v1.0/thing',
         json => { project => { id => $project } }],
        ['merge patch', PATCH => '/rest/v1.0/projects/1001',
         type => 'application/merge-patch+json',
         json => { company_id => $foreign }],
        ['body of a GET', GET => '/rest/v1.0/thing',
         json => { project_id => $project }],
        ['form', POST => '/rest/v1.0/thing', form => [project_id => $project]],
        ['multipart', POST => '/rest/v1.0/thing',
         multipart => [['thing[project_id]', $project]]],
        ['projects/sync', PATCH => '/rest/v1.0/projects/sync',
         json => { updates => [{ id => 1001 }, { id => $project }] }],
        ['method override', POST => '/rest/v1.0/projects/sync',
         form => [_method => 'patch', 'updates[][id]' => $project]],
    );

    for my $case (@cases) {
        my ($name, $method, $target, %opt) = @$case;
        $standin->reset;
        $standin->request($method, $target, token => $token,
                          company => $home, %opt);
        ok(scalar grep({ $_ == $foreign }
                @{ $standin->installed->{ $crm->{id} } || [] }), $name);
    }

    $standin->reset;
    $standin->request('POST', '/rest/v1.0/thing', token => $token,
                      company => $home, json => {
        assignee_company_id => $foreign, project_template_id => $project });
    is_deeply($standin->installed->{ $crm->{id} }, [$home],
              'look-alikes install nothing');
};


subtest 'writing, in every body format' => sub {
    my $token = token()->{access_token};
    my @common = (token => $token, company => $home);
    my $base = "/rest/v1.0/projects/$world->{home_project}/rfis";

    my %bodies = (
        JSON => [json => { rfi => { subject => 'Door' } }],
        'JSON without wrapper' => [json => { subject => 'Door' }],
        form => [form => ['rfi[subject]' => 'Door']],
        multipart => [multipart => [['rfi[subject]', 'Door']]],
        chunked => [json => { subject => 'Door' }, chunked => 1],
    );
    for my $name (sort keys %bodies) {
        for my $case ([POST => $base, 201], [PATCH => "$base/7", 200]) {
            my ($method, $target, $status) = @$case;
            my $answer = $standin->request($method, $target, @common,
                                           @{ $bodies{$name} });
            is("$answer->{status} $answer->{json}{subject}", "$status Door",
               "$method, $name");
        }
    }

    my $file = { filename => 'plan.pdf', type => 'application/pdf',
                 content => "\0\r\n--x" x 1000 };
    my $answer = $standin->request('POST', $base, @common,
        multipart => [['rfi[subject]', 'Plan'], ['rfi[attachments][]', $file]]);
    is($answer->{json}{attachments}[0]{size}, 6000, 'a file part');

    my $made = $standin->request('POST', '/rest/v1.0/projects', @common,
        json => { company_id => $home, project => { name => 'New' } });
    is($made->{status}, 201, 'a new project');
    is(get("/rest/v1.0/projects/$made->{json}{id}", @common[1 .. 1],
           company => $home)->{json}{name}, 'New', 'is there');

    my $sync = $standin->request('PATCH', '/rest/v1.0/projects/sync', @common,
        json => { updates => [{ id => 1001 }, { id => 7 }] });
    is_deeply([map { $_->{id} } @{ $sync->{json}{entities} },
               @{ $sync->{json}{errors} }], [1001, 7], 'projects/sync');
};


subtest 'what arrived can be read back' => sub {
    my $token = token()->{access_token};
    $standin->reset;
    $standin->request('POST', '/rest/v1.0/./x?a=%31', token => $token,
                      company => $home, json => { project_id => 1001 },
                      headers => ['X-One' => 'a', 'X-One' => 'b']);
    my ($seen, @more) = $standin->requests;

    is(scalar @more, 0, 'one request');
    is("$seen->{method} $seen->{target}", 'POST /rest/v1.0/./x?a=%31',
       'the target as it was sent');
    is($seen->{headers}{'x-one'}, 'a, b', 'headers');
    is($seen->{body}, 'eyJwcm9qZWN0X2lkIjoxMDAxfQ==', 'the body');
    is($seen->{body_length}, 19, 'its length');
    is($seen->{params}{a}, '1', 'parameters as Rails reads them');
    is_deeply($seen->{ids}, { companies => [$home], projects => [1001] },
              'the ids it named');
    is($seen->{client}, $crm->{id}, 'the app');
};


subtest 'misbehaviour to order' => sub {
    my $token = token()->{access_token};
    my $me = sub { return get('/rest/v1.0/me', $token, @_) };
    my @rule = (match => 'GET /rest/v1.0/me');

    $standin->behave({ @rule, times => 1, skip => 1, status => 500,
                       body => 'broken', headers => { 'X-Why' => 'test' } });
    is($me->()->{status}, 200, 'the first is passed over');
    my $broken = $me->();
    is("$broken->{status} $broken->{body} $broken->{header}{'x-why'}",
       '500 broken test', 'status, body, headers');
    is($me->()->{status}, 200, 'as often as it says');

    $standin->behave({ @rule, truncate => 10 });
    my $cut = $me->();
    is(length $cut->{body}, 10, 'truncate: some bytes');
    ok(!$cut->{complete}, 'and then the end of the connection');

    $standin->behave({ @rule, close => JSON::PP::true });
    is($me->()->{status}, 0, 'close: no answer at all');

    $standin->behave({ @rule, raw => "HTTP/1.1 200 OK\r\n\r\nhello" });
    is($me->()->{body}, 'hello', 'raw: any bytes');

    $standin->behave({ @rule, chunked => JSON::PP::true, pieces => 3 });
    my $chunked = $me->();
    is($chunked->{header}{'transfer-encoding'}, 'chunked', 'chunked');
    is($chunked->{json}{id}, 1, 'with the real body');

    $standin->behave({ @rule, gzip => JSON::PP::true });
    is($me->()->{header}{'content-encoding'}, 'gzip', 'gzip');

    $standin->behave({ @rule, no_length => JSON::PP::true });
    my $open = $me->();
    is($open->{header}{'content-length'}, undef, 'no length');
    is($open->{json}{id}, 1, 'to the end of the connection');

    $standin->behave({ @rule, delay => 0.5 });
    my $start = Time::HiRes::time();
    $me->();
    ok(Time::HiRes::time() - $start >= 0.5, 'delay');

    $standin->behave({ @rule, headers => { Total => undef, Link => ['a', 'b'] },
                       cut => 5 });
    my $answer = $me->();
    is(length $answer->{body}, 5, 'cut: short, but complete');
    is_deeply([map { $_->[1] } grep { $_->[0] eq 'Link' }
               @{ $answer->{headers} }], ['a', 'b'], 'a header twice');

    my $refused = $standin->request('PUT', '/__behaviour',
                                    json => { @rule, stauts => 500 });
    is($refused->{status}, 400, 'a misspelt rule is refused');
    $standin->reset;
    is($me->()->{status}, 200, 'reset takes the rules away');
};


subtest 'token answers to order' => sub {
    my $ask = sub {
        my (%rule) = @_;
        my $code = authorize_code($standin);
        $standin->behave({ match => 'POST /oauth/token', %rule });
        my $answer = token_request($standin, code => $code);
        $standin->behave;
        return $answer;
    };

    my $token = token();
    my $same = $ask->(repeat_token => JSON::PP::true);
    is($same->{json}{access_token}, $token->{access_token},
       'the same access token again');
    is($ask->(drop => ['access_token'])->{json}{access_token}, undef,
       'none at all');
    is($ask->(set => { company_id => 7 })->{json}{company_id}, 7,
       'a member more');
    my $large = $ask->(pad => 1_048_576);
    ok(length $large->{body} > 1_048_576 && $large->{json}, 'a large one');
    ok(!$ask->(truncate => 50)->{complete}, 'one that breaks off');
    is($ask->(status => 200, body => '<html>')->{json}, undef, 'no JSON');
};


subtest 'redirect URIs' => sub {
    my $asks = sub {
        my ($client, $uri) = @_;
        my $answer = authorize($standin, client => $client, redirect => $uri);
        return ($answer->{header}{location} // '') =~ /^\Q$uri\E[?]code=/
            ? 1 : 0;
    };
    my $port = $standin->port;
    my $callback = 'oauth/company/callback';

    ok($asks->($_, "http://127.0.0.1:$port/$callback"),
       "$_: the gateway's callback, on any port of a loopback address")
        for qw(crm reports mobile);
    ok($asks->('crm', "http://[::1]:$port/cb"), 'of IPv6 too');
    ok($asks->('mobile', 'com.example.app:/cb'), 'a private scheme');
    ok(!$asks->('crm', $_), "not $_") for
        'http://localhost:8081/cb', 'https://crm.example.com/auth/procore/',
        'https://crm.example.com/auth', "http://127.0.0.1:$port/other";

    my $new = 'https://new.example.com/return';
    ok(!$asks->('crm', $new), 'one that nobody has registered');
    $standin->register('crm', $new);
    ok($asks->('crm', $new), 'one that was registered since');
    ok($asks->('crm', 'http://localhost:8080/cb'), 'beside the others');
    ok(!$asks->('reports', $new), 'for this app alone');
};


subtest 'a living token that is handed out again' => sub {
    my @pair = qw(access_token refresh_token);
    $standin->reset;
    my ($first, $other) = (token(user => 6), token(user => 6));
    isnt($other->{access_token}, $first->{access_token}, 'not unless told');
    revoke($standin, $_->{access_token}) for $first, $other;

    $standin->reuse_tokens;
    my $living = token(user => 6);
    my $again = token(user => 6);
    is_deeply([@$again{@pair}], [@$living{@pair}], 'the same pair again');
    isnt(token(user => 1)->{access_token}, $living->{access_token},
         'not to another user');
    revoke($standin, $living->{access_token});
    isnt(token(user => 6)->{access_token}, $living->{access_token},
         'not a dead one');

    $standin->reset;
    isnt(token(user => 1)->{access_token}, token(user => 1)->{access_token},
         'reset ends it');
};


subtest 'tokens outlive a restart' => sub {
    my $token = token()->{access_token};
    $standin->stop;
    ok(!eval { $standin->connect }, 'it is gone');
    $standin->start;
    is(get('/rest/v1.0/me', $token)->{status}, 200, 'it is back');
};


subtest 'over TLS' => sub {
    my $secure = standin(tls => 1);
    is($secure->request('GET', '/__health')->{json}{status}, 'ready',
       'with a certificate of its own CA');
};


done_testing();
