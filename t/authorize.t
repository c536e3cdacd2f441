#!/usr/bin/perl

# An ordinary OAuth client and its user's browser. The client knows only the
# gateway's base URL; the login host and the API are the stand-in's.

use Procore::Test;
use Procore::Test::Browser ();
use Procore::Test::Relay qw(CHALLENGE VERIFIER browser keep start_url);

my $world = world();
my ($home, $foreign) = @$world{qw(home foreign)};
my %id = map { $_ => $world->{clients}{$_}{id} } keys %{ $world->{clients} };
my $return = $world->{clients}{crm}{redirect_uris}[0];


# The link to the gateway that an app shows, with a state that nobody guesses.
sub app_link {
    my ($nginx, %opt) = @_;

    $opt{state} //= join '', map { sprintf '%02x', rand 256 } 1 .. 16;
    remember($opt{state});
    return start_url($nginx, %opt);
}


# What this page and the way to it may not leave in any file of nginx.
sub keep_secrets {
    return keep(shift)->{page};
}


# From the app's link to the picker.
sub go_to_picker {
    my ($nginx, %opt) = @_;

    my $browser = $opt{browser} // browser($nginx);
    $browser->link(app_link($nginx, %opt));
    keep_secrets($browser);
    return $browser;
}


sub choose {
    my ($browser, $company) = @_;

    $browser->submit(company => $company, action => 'choose');
    return keep_secrets($browser);
}


# A user picks a company; the code for the app.
sub consent {
    my ($nginx, %opt) = @_;

    my $browser = go_to_picker($nginx, %opt);
    choose($browser, $opt{company} // $home);
    my %answer = $browser->arrived($opt{redirect} // $return);
    return $answer{code};
}


sub redeem {
    my ($nginx, $code, %opt) = @_;

    return token_request($nginx, code => $code, redirect => $return, %opt);
}


# What the login host and the API were asked, but for the browser's visit.
sub asked {
    return grep { !m{^GET /oauth/authorize} } map {
        "$_->{method} " . $_->{target} =~ s/\?.*//r } standin()->requests;
}


# The app's call for the projects of a company: status and reason.
sub call {
    my ($nginx, $token, $company) = @_;

    my $answer = $nginx->request(
        'GET', "/rest/v1.1/projects?company_id=$company", token => $token);
    return join ' ', grep { defined } $answer->{status},
        $answer->{header}{'procore-scope-reason'};
}


subtest 'an app that knows only the base URL' => sub {
    my $nginx = nginx(authorize => 1);
    standin()->reset;

    my $state = 'a state of the app: ' . rand;
    my $browser = go_to_picker($nginx, state => $state);
    my ($visit) = standin()->requests;
    my %asked = map { Procore::Test::Browser::decode($_) }
        map { split /=/, $_, 2 } split /&/, $visit->{target} =~ s/.*\?//r;
    is($asked{redirect_uri}, $nginx->url('/oauth/company/callback'),
       'the login host is told the callback of the gateway');
    is($asked{client_id}, $id{crm}, 'and the client of the app');
    is($asked{code_challenge_method}, 'S256', 'with PKCE');
    isnt($asked{state}, $state, 'with a state of the gateway');

    my $page = $browser->{page};
    is($page->{status}, 200, 'the picker');
    unlike($page->{url}, qr/code=/, 'no code stays in the address');
    is_deeply([sort $browser->offered],
              [sort @{ $world->{users}[0]{companies} }], 'all six companies');
    is($browser->preselected, undef, 'none is picked');
    like($page->{body}, qr/\Q$_\E/, "it says $_") for 'CRM Connector',
        'crm.example.com', 'ann@example.com', 'Acme North', $home;

    choose($browser, $home);
    my %answer = $browser->arrived($return);
    is($answer{state}, $state, 'the app gets its state back');
    like($answer{code}, qr/^psg_[0-9a-f]{64}$/, 'and a code of the gateway');
    is_deeply([sort keys %answer], ['code', 'state'], 'and nothing else');

    my $before = () = asked();
    my $token = redeem($nginx, $answer{code});
    is($token->{status}, 200, 'which it redeems');
    is($token->{json}{company_id}, $home, 'company_id');
    is($token->{json}{company_name}, 'Acme North', 'company_name');
    is($token->{header}{'procore-company-id'}, $home, 'Procore-Company-Id');
    is($token->{header}{'cache-control'}, 'no-store', 'Cache-Control');
    is($token->{json}{token_type}, 'Bearer', 'what Procore said is there');
    ok($token->{json}{expires_in} > 5300 && $token->{json}{expires_in} <= 5400,
       'with the seconds that are left');

    my @asked = asked();
    is(scalar @asked, $before, 'the code of the gateway went nowhere');
    is($asked[0], 'POST /oauth/token', 'upstream saw one exchange');
    like(join(' ', sort @asked[1 .. $#asked]),
         qr{^GET /rest/v[\d.]+/companies GET /rest/v[\d.]+/me$},
         'List Companies, Show User Info, and nothing else');
    is_deeply(standin()->installed, {}, 'the app is installed nowhere yet');

    my $access = $token->{json}{access_token};
    is(call($nginx, $access, $home), 200, 'the token works for the company');
    is(call($nginx, $access, $foreign), '403 foreign_company',
       'and for no other');
    my $list = $nginx->request('GET', '/rest/v1.0/companies', token => $access);
    is_deeply([map { $_->{id} } @{ $list->{json} }], [$home],
              'List Companies tells the app which one it is');

    my $new = refresh($nginx, { %{ $token->{json} }, client => 'crm' })->{json};
    is($new->{company_id}, $home, 'a refresh says the company again');
    is(call($nginx, $new->{access_token}, $home), 200, 'it works on');
    is(call($nginx, $new->{access_token}, $foreign), '403 foreign_company',
       'for no other');
    is_deeply(standin()->installed, { $id{crm} => [$home] },
              'installed in one company');

    is(revoke($nginx, $new->{access_token})->{status}, 200, 'revoke');
    is(call($nginx, $new->{access_token}, $home), '401 revoked_token',
       'not at all after it');
};


subtest 'in monitor: chosen, told, and nothing refused' => sub {
    my $nginx = nginx(mode => 'monitor', authorize => 1);
    my $token = redeem($nginx, consent($nginx))->{json};
    is($token->{company_id}, $home, 'the answer tells the company');

    $nginx->skip_audit;
    is(call($nginx, $token->{access_token}, $foreign), 400,
       "Procore's own answer to a call without the header");
    my $record = $nginx->next_audit->{procore_scope};
    is("$record->{decision} $record->{company} $record->{bound_by}",
       "would_deny $home authorize", 'on record');
};


subtest 'a roll-out, app by app' => sub {
    for my $case (['monitor', 'enforce'], ['enforce', 'monitor']) {
        my ($mode, $own) = @$case;
        my $nginx = nginx(mode => $mode, authorize => 1, clients => [
            { app => 'crm', more => "mode=$own" }]);
        my %token = (crm => redeem($nginx, consent($nginx))->{json},
                     reports => bind_token($nginx, client => 'reports',
                                           company => $home));
        my %is = (crm => $own, reports => $mode);

        for my $client ('crm', 'reports') {
            is(call($nginx, $token{$client}{access_token}, $foreign),
               $is{$client} eq 'enforce' ? '403 foreign_company' : 400,
               "$mode, one app in $own: $client");
        }
    }

    my $nginx = nginx(authorize => 1, clients => ['crm'],
                      server => 'procore_scope_client * deny;');
    ok(redeem($nginx, consent($nginx))->{json}{company_id}, 'a listed app');
    my $answer = token_request($nginx, client => 'reports', code => 'f' x 64,
                               company_id => $home);
    is("$answer->{status} $answer->{json}{reason}", '400 company_not_allowed',
       'all others bind nothing');
};


subtest '250 companies: pages and a search without script' => sub {
    my $nginx = nginx(authorize => 1);
    standin()->reset;
    my $browser = go_to_picker($nginx, user => 4);
    my $first = $browser->{page}{url};

    my @pages = grep { m{/companies\?} }
        map { $_->{target} } standin()->requests;
    is(scalar @pages, 3, 'three pages were asked for');
    like($_, qr/per_page=100/, 'of 100 each') for @pages;

    my %offered = map { $_ => 1 } $browser->offered;
    is(scalar keys %offered, 50, '50 on a page');
    for my $number (2 .. 5) {
        my ($link) = grep { /[?&]page=$number\b/ }
            map { Procore::Test::Browser::text($_) }
            $browser->{page}{body} =~ /<a\b[^>]*\bhref="([^"]*)"/g;
        ok($link, "a link to page $number") or last;
        $browser->go(GET => Procore::Test::Browser::absolute(
            $link, $browser->{page}{url}), site => 'same-origin');
        $offered{$_} = 1 for $browser->offered;
    }
    is(scalar keys %offered, 250, 'all on five pages');

    $browser->go(GET => $first, site => 'none');
    my ($form) = grep { $_->{method} eq 'GET' } $browser->forms;
    my %value = @{ $form->{fields} };
    my ($field) = grep { $value{$_} eq '' } keys %value;
    $value{$field} = 'branch 217';
    my $action = Procore::Test::Browser::absolute($form->{action}, $first);
    $browser->go(GET => $action =~ s/\?.*//r . '?' . encode_form(%value),
                 site => 'same-origin');
    is_deeply([$browser->offered], [7000217], 'one is found by its name');

    choose($browser, 7000217);
    my %answer = $browser->arrived($return);
    my $token = redeem($nginx, $answer{code})->{json};
    is("$token->{company_id} $token->{company_name}", '7000217 Branch 217',
       'and the token is bound to it');

    standin()->reset;
    $browser = go_to_picker($nginx, user => 7);
    is(scalar(grep { m{/companies\?} }
              map { $_->{target} } standin()->requests), 20,
       '2,050 companies: twenty pages are asked for');
    like($browser->{page}{body}, qr/more companies than can be listed/,
         'and the page says that some are missing');
};


subtest 'every kind of redirect URI, with secret and without' => sub {
    remember(VERIFIER, CHALLENGE);
    my $port = free_port();
    my @redirects = qw(urn:ietf:wg:oauth:2.0:oob urn:ietf:wg:oauth:2.0:oob:auto
                       http://localhost:8080/cb http://127.0.0.1/cb
                       http://[::1]/cb com.example.app:/cb);
    my @company = ("$home Acme North", "$foreign Baseline");

    for my $case (['with secret', { app => 'crm' }],
                  ['its secret is not here', { app => 'crm', secret => '',
                                               company => \@company }],
                  ['public', { app => 'mobile', company => \@company }])
    {
        my ($kind, $app) = @$case;
        my $nginx = nginx(authorize => 1, clients => [
            { %$app, redirect => \@redirects }]);

        for my $uri (@redirects) {
            my $redirect = $uri =~ s{(127\.0\.0\.1|\])/}{$1:$port/}r;
            my $browser = go_to_picker($nginx, client => $app->{app},
                redirect => $redirect, params => [
                code_challenge => CHALLENGE, code_challenge_method => 'S256']);
            choose($browser, $home);
            my ($code) = $redirect =~ /^urn:/
                ? $browser->{page}{body} =~ /\b(psg_[0-9a-f]{64})\b/
                : { $browser->arrived($redirect) }->{code};
            my $token = redeem($nginx, $code, redirect => $redirect,
                client => $app->{app}, params => [code_verifier => VERIFIER]);
            is("$token->{status} " . ($token->{json}{company_id} // ''),
               "200 $home", "$kind: $redirect");
        }
    }
};


subtest 'what is not for the relay' => sub {
    my $relay = nginx(authorize => 1, clients => [
        'crm', { app => 'dmsa', redirect => [] }]);
    my $plain = nginx();

    for my $query ("response_type=code&client_id=$id{reports}&state=a%20b+c",
                   "client_id=$id{dmsa}&redirect_uri=https%3A%2F%2Fx.example",
                   'client_id[]=1&response_type=code', 'response_type=code',
                   "client_id=&client_secret=%zz", '')
    {
        my $target = '/oauth/authorize' . (length $query ? "?$query" : '');
        my $answer = $relay->request('GET', $target);
        is("$answer->{status} $answer->{header}{location}",
           '302 ' . standin()->url($target), "passed on: $query");
        is($answer->{header}{'set-cookie'}, undef, 'without a cookie');
    }

    my @requests = (
        [POST => '/oauth/token', form => [
            grant_type => 'authorization_code', client_id => $id{reports},
            client_secret => 'wrong', code => 'f' x 64,
            redirect_uri => 'https://reports.example.com/oauth/return']],
        [POST => '/oauth/token', json => {
            grant_type => 'authorization_code', client_id => $id{crm},
            client_secret => 'wrong', code => 'f' x 64, company_id => $home }],
        [POST => '/oauth/token', basic => [$id{crm}, 'wrong'], form => [
            grant_type => 'client_credentials']],
        [POST => '/oauth/revoke', form => [
            client_id => $id{crm}, client_secret => 'wrong', token => 'x']],
        [GET => '/oauth/token/info', token => 'nonsense'],
        [GET => '/oauth/applications'],
    );
    my $by = sub {
        my ($nginx, @request) = @_;
        standin()->reset;
        my $answer = $nginx->request(@request);
        my ($seen) = standin()->requests;
        delete @{ $seen->{headers} }{qw(host)};
        delete $seen->{$_} for qw(routed params ids client user);
        my @headers = grep { $_->[0] !~ /^(?:Date|X-Request-Id|X-Runtime
            |Procore-Scope-Decision|ETag)$/xi } @{ $answer->{headers} };
        return { status => $answer->{status}, headers => \@headers,
                 body => $answer->{body}, seen => $seen };
    };
    for my $request (@requests) {
        is_deeply($by->($relay, @$request), $by->($plain, @$request),
                  "the same with and without the relay: @$request[0, 1]");
    }

    for my $client ('crm', 'reports') {
        my $token = bind_token($relay, client => $client, company => $home);
        is(call($relay, $token->{access_token}, $foreign),
           '403 foreign_company', "$client: a code of Procore's, a company_id");
        my $code = authorize_code(standin(), client => $client);
        is(call($relay, token_request($relay, code => $code,
                client => $client)->{json}{access_token}, $home),
           '403 unbound', "$client: a code of Procore's alone");
    }
};


# Each step of an authorization, and something that happens before each.
sub walk {
    my ($nginx, $client, $between) = @_;

    my $redirect = $client eq 'crm' ? $return : 'http://localhost:8080/cb';
    my $browser = browser($nginx);
    my $step = sub {
        my ($url) = @_;
        $between->();
        $browser->go(GET => $url, site => 'cross-site', follow => 0);
        return keep_secrets($browser)->{header}{location};
    };

    my $login = $step->(app_link($nginx, client => $client,
                                  redirect => $redirect));
    my $callback = $step->($login);
    my $picker = Procore::Test::Browser::absolute($step->($callback),
                                                  $callback);
    $step->($picker);
    $between->();
    choose($browser, $home);
    my %answer = $browser->arrived($redirect);
    $between->();
    my $token = redeem($nginx, $answer{code}, client => $client,
                       redirect => $redirect)->{json};
    $between->();
    is(call($nginx, $token->{access_token}, $home), 200, "$client: the token");
    $between->();
    my $new = refresh($nginx, { %$token, client => $client })->{json};
    $between->();
    return is(call($nginx, $new->{access_token}, $foreign),
              '403 foreign_company', "$client: refreshed, and still bound");
}


my %between = (
    'a reload' => sub { $_[0]->reload },
    'a restart' => sub { $_[0]->stop; $_[0]->start },
    'a power cut' => sub { $_[0]->kill9_all; $_[0]->start },
);

for my $what (sort keys %between) {
    subtest "$what between any two steps" => sub {
        my $nginx = nginx(authorize => 1, workers => 2, clients => [
            'crm', { app => 'mobile', company => ["$home Acme North",
                                                  "$foreign Baseline"] }]);
        standin()->reset;
        walk($nginx, $_, sub { $between{$what}->($nginx) }) for 'crm', 'mobile';

        my @verifiers = map {
            MIME::Base64::decode_base64($_->{body})
                =~ /code_verifier=([\w.~-]{43,})/ } standin()->requests;
        is(scalar @verifiers, 2, 'Procore was told two verifiers');
        remember(@verifiers);
    };
}


subtest 'the audit tells one story by one id' => sub {
    my $nginx = nginx(authorize => 1);
    my $story = sub {
        my ($count, %opt) = @_;
        $nginx->skip_audit;
        $opt{do}->();
        my @records = $nginx->next_audit($count);
        my %ids = map { $_->{procore_scope}{authorization} // 'none' => 1 }
            @records;
        is(scalar keys %ids, 1, "$opt{name}: one id");
        like((keys %ids)[0], qr/^[0-9a-f]{16}$/, 'of 16 digits');
        is_deeply([map { $_->{event}{action} } @records], $opt{actions},
                  'the whole story');
        is($_->{procore_scope}{client}, $id{crm},
           "$_->{event}{action}: the client") for @records;
        return @records;
    };

    my @records = $story->(5, name => 'chosen', do => sub {
        redeem($nginx, consent($nginx));
    }, actions => [qw(authorize_started authorize_returned company_offered
                      company_chosen code_redeemed)]);
    is($records[-1]{procore_scope}{company}, $home, 'the company');
    is($records[-1]{event}{outcome}, 'success', 'a success');
    is($records[$_]{user}{id}, 1, "$records[$_]{event}{action}: the user")
        for 1 .. 4;
    unlike($_->{url}{path}, qr/\?/, 'no query') for @records;

    my $browser;
    @records = $story->(4, name => 'cancelled', do => sub {
        $browser = go_to_picker($nginx);
        $browser->submit(action => 'cancel');
    }, actions => [qw(authorize_started authorize_returned company_offered
                      authorize_cancelled)]);
    is($records[-1]{event}{reason}, 'cancelled', 'and the reason');

    $nginx->skip_audit;
    my $page = browser($nginx)->link(app_link($nginx,
        redirect => 'https://evil.example/cb'));
    is($page->{status}, 400, 'a start that is refused');
    my $record = $nginx->next_audit;
    is("$record->{event}{action} $record->{event}{reason}",
       'authorize_refused bad_redirect_uri', 'has its record');
    is_deeply($record->{event}{type}, ['access', 'denied'], 'denied');

    $nginx->skip_audit;
    browser($nginx)->link(app_link($nginx, client => 'reports',
        redirect => 'https://reports.example.com/oauth/return'));
    is($nginx->next_audit->{event}{action}, 'authorize_passed_on',
       'and so has a client that is not for the relay');

    my $code = consent($nginx);
    $nginx->skip_audit;
    redeem($nginx, $code, client => 'reports');
    $record = $nginx->next_audit;
    is("$record->{event}{action} $record->{event}{reason}",
       'code_refused bad_client', 'a redemption by an unlisted client');
    redeem($nginx, $code);
    redeem($nginx, $code);
    my @two = $nginx->next_audit(2);
    is_deeply([map { $_->{event}{action} } @two],
              ['code_redeemed', 'code_replayed'], 'a replay');
    is($two[0]{procore_scope}{authorization},
       $two[1]{procore_scope}{authorization}, 'of the same authorization');
};


subtest 'a living token that Procore hands out again' => sub {
    my $nginx = nginx(authorize => 1);
    standin()->reset;
    standin()->reuse_tokens;
    my $first = redeem($nginx, consent($nginx, user => 6))->{json};

    my $same = redeem($nginx, consent($nginx, user => 6));
    is("$same->{status} $same->{json}{company_id}", "200 $home",
       'for the same company it is given');
    is($same->{json}{access_token}, $first->{access_token}, 'again');

    my $other = redeem($nginx, consent($nginx, user => 6,
                                       company => $foreign));
    is("$other->{status} $other->{json}{error} $other->{json}{reason}",
       '400 invalid_request rebind', 'for another one it is not');
    my $browser = go_to_picker($nginx, user => 6);
    $browser->submit(action => 'cancel');
    is({ $browser->arrived($return) }->{error}, 'access_denied', 'cancelled');
    is_deeply([grep { /revoke/ } asked()], [], 'it is never revoked');
    is(call($nginx, $first->{access_token}, $home), 200,
       'and works on for the first company');
    standin()->reset;
};


subtest 'forged names of the host' => sub {
    my $base = 'https://gw.example.com';
    my $callback = "$base/oauth/company/callback";
    my $nginx = nginx(authorize => $callback, h2 => 1);

    for my $h2 (0, 1) {
        my $browser = browser($nginx, base => $base, h2 => $h2, headers => [
            'X-Forwarded-Host' => 'evil.example', 'X-Forwarded-Proto' => 'http',
            'X-Forwarded-Port' => 81, 'Forwarded' => 'host=evil.example']);
        my %forged = (host => 'evil.example');
        my @answers;
        my $step = sub {
            my ($how, @what) = @_;
            push @answers, $browser->$how(@what);
            keep_secrets($browser);
            return $answers[-1]{header}{location};
        };

        my $login = $step->(link => app_link($nginx, base => $base),
                            %forged, follow => 0);
        like($login, qr/[?&]redirect_uri=\Q@{[ percent($callback) ]}\E(?:&|$)/,
             "h2 $h2: the configured callback");
        my $back = $step->(link => $login, follow => 0);
        is(index($back, "$callback?"), 0, 'to which the browser returns');
        my $picker = $step->(link => $back, %forged, follow => 0);
        like($picker, qr{^(?:\Q$base\E)?/oauth/company\?}, 'the picker');
        $picker = Procore::Test::Browser::absolute($picker, $back);
        $step->(link => $picker, %forged);
        my ($form) = grep { $_->{method} eq 'POST' } $browser->forms;
        like($form->{action}, qr{^(?:\Q$base\E)?/oauth/company$}, 'its form');
        $step->(submit => company => $home, action => 'choose', {%forged});
        my %answer = $browser->arrived($return);
        ok($answer{code}, 'the app');

        my $token = redeem($nginx, $answer{code}, host => 'evil.example');
        is($token->{json}{company_id}, $home, 'and its token');
        unlike(join("\n", map { $_->{raw} } @answers, $token),
               qr/evil\.example/, 'nobody else is named');
    }
};


done_testing;
