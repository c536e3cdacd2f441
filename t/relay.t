#!/usr/bin/perl

# The authorization relay from the app's link to the code: what the user is
# offered, and what the app gets.

use Procore::Test;
use Procore::Test::Relay qw(at_app browser keep picker refused start_url);

my $world = world();
my ($home, $foreign) = @$world{qw(home foreign)};
my $crm = $world->{clients}{crm};
my $app = $crm->{redirect_uris}[0];
my $callback = '/oauth/company/callback';

use constant HEADERS => {
    'cache-control' => 'no-store', 'x-frame-options' => 'DENY',
    'x-content-type-options' => 'nosniff', 'referrer-policy' => 'same-origin',
};


# What the gateway itself has asked for, after the browser's visits.
sub calls {
    return grep { !m{/oauth/authorize} }
        map { "$_->{method} $_->{target}" } standin()->requests;
}


sub revoked {
    return grep { $_ eq 'POST /oauth/revoke' } calls();
}


sub has_headers {
    my ($page, $name) = @_;

    my %has = map { $_ => $page->{header}{$_} } keys %{ HEADERS() };
    is_deeply(\%has, HEADERS, "$name: the headers of a page");
    my $policy = $page->{header}{'content-security-policy'};
    like($policy, qr/^default-src 'none'; style-src '[^']+'; frame-ancestors 'none'; base-uri 'none'$/,
         "$name: the policy");
    return;
}


subtest 'from the link to the code' => sub {
    my $nginx = nginx(authorize => 1);
    standin()->reset;

    my $browser = picker($nginx);
    my @hops = @{ $browser->{page}{hops} };
    is_deeply([map { $_->{status} } @hops], [302, 302, 302, 200],
              'gateway, login host, callback, picker');
    has_headers($hops[$_], "hop $_") for 0, 2, 3;
    unlike($hops[3]{url}, qr/code/, 'no code stays in the address');
    like($hops[3]{header}{'content-security-policy'}, qr/style-src 'sha256-/,
         'the style sheet is allowed by its digest');
    is($browser->heading, 'Choose a company', 'the page');

    my $companies = (grep { $_->{id} == 1 } @{ $world->{users} })[0]{companies};
    is_deeply([$browser->offered], $companies, 'all companies, in order');
    is($browser->preselected, undef, 'none is picked');
    is_deeply([calls()], ['POST /oauth/token',
        'GET /rest/v1.0/companies?per_page=100&page=1', 'GET /rest/v1.0/me'],
        'no call names a company');
    my ($token) = grep { $_->{target} eq '/oauth/token' }
        standin()->requests;
    is_deeply([sort keys %{ $token->{headers} }],
        [qw(accept connection content-length content-type host user-agent)],
        'and none has a header of the browser');

    my $page = $browser->submit(action => 'choose', company => $foreign);
    keep($browser);
    is($page->{status}, 303, 'after the form, the app must not get the form');
    has_headers($page, 'the way back');
    is(at_app($browser, $app), 'psg_ of a state', 'code and state');
    is_deeply([map { @$_ } values %{ standin()->installed }], [],
              'nothing is installed');
};


subtest 'the state of the app comes back byte for byte' => sub {
    my $nginx = nginx(authorize => 1);

    my $n = 0;
    for my $state ('a b', 'a+b', '100%', 'a&b=c', "\xc3\xa9\xe2\x82\xac", '',
                   'x' x 2048, '#;?/\\"\'<>')
    {
        my $browser = picker($nginx, state => $state);
        $browser->submit(action => 'choose', company => $home);
        my %answer = $browser->arrived($app);
        is($answer{state}, $state, 'state ' . ++$n);
    }
    my $browser = picker($nginx, state => undef);
    $browser->submit(action => 'choose', company => $home);
    my %answer = $browser->arrived($app);
    ok(!exists $answer{state}, 'no state');
};


subtest 'redirect URIs' => sub {
    my $query = 'https://crm.example.com/cb?tenant=7';
    my $nginx = nginx(authorize => 1, clients => [
        { app => 'crm', redirect => [$query, @{ $crm->{redirect_uris} }[0 .. 3],
                                     'urn:ietf:wg:oauth:2.0:oob'] },
        { app => 'mobile', company => ["$home Acme North",
                                       "$foreign Baseline"] }]);

    for my $case (
        [crm => $query => "$query&code=psg_"],
        [crm => 'http://localhost:8080/cb' => 'http://localhost:8080/cb?code'],
        [crm => 'http://127.0.0.1:49152/cb' => 'http://127.0.0.1:49152/cb?'],
        [crm => 'http://[::1]:49152/cb' => 'http://[::1]:49152/cb?code=psg_'],
        [mobile => 'com.example.app:/cb' => 'com.example.app:/cb?code=psg_'],
    ) {
        my ($client, $redirect, $url) = @$case;
        my $browser = picker($nginx, client => $client, redirect => $redirect);
        $browser->submit(action => 'choose', company => $home);
        keep($browser);
        is(index($browser->{page}{url}, $url), 0, $redirect);
        is(at_app($browser), 'psg_ of a state', 'code and state');
    }

    for my $client (qw(crm mobile)) {
        my $browser = picker($nginx, client => $client,
                             redirect => 'urn:ietf:wg:oauth:2.0:oob');
        my $page = $browser->submit(action => 'choose', company => $home);
        keep($browser);
        is($page->{status}, 200, "$client, out of band: a page");
        like($page->{body}, qr/\bpsg_[0-9a-f]{64}\b/, 'shows the code');
        has_headers($page, 'code');

        $browser = picker($nginx, client => $client,
                          redirect => 'urn:ietf:wg:oauth:2.0:oob');
        $page = $browser->submit(action => 'cancel');
        is(refused($page), '200 cancelled', 'and a page for an error');
        unlike($page->{body}, qr/psg_/, 'without a code');
    }
};


subtest 'who gets no page, and who gets no code' => sub {
    my $nginx = nginx(authorize => 1);

    my $browser = picker($nginx, user => 2);
    keep($browser);
    is(at_app($browser, $app), 'psg_ of a state', 'one company: no page');

    for my $case ([3 => 'none'], [5 => 'only an inactive one']) {
        my ($user, $name) = @$case;
        standin()->reset;
        $browser = picker($nginx, user => $user);
        is(refused($browser->{page}), '200 no_company', "$name: a page");
        is_deeply([$browser->offered], [], 'with no choice');
        has_headers($browser->{page}, 'nothing');
        $browser->submit(action => 'cancel');
        is(at_app($browser, $app), 'access_denied of a state',
           'its button leads back');
        wait_for(10, sub { revoked() });
        is(scalar revoked(), 1, 'and the token is given back');
    }

    $browser = picker($nginx, params => [company_id => $foreign]);
    is($browser->preselected, $foreign, 'company_id: preselected, no more');

    standin()->reset;
    $browser = picker($nginx, params => [company_id => 424242]);
    is(refused($browser->{page}), '200 company_not_available',
       'company_id of somebody else');
    $browser->submit(action => 'cancel');
    is(at_app($browser, $app), 'access_denied of a state', 'back to the app');
    wait_for(10, sub { revoked() });
    is(scalar revoked(), 1, 'without the token');

    $nginx = nginx(authorize => 1, clients => [
        { app => 'crm', more => 'company_hint=trusted' }]);
    $browser = picker($nginx, params => [company_id => $foreign]);
    keep($browser);
    is(at_app($browser, $app), 'psg_ of a state', 'a trusted company_id');

    $nginx = nginx(authorize => 1, clients => [
        { app => 'crm', company => [$foreign, 562949953421313] },
        { app => 'reports', company => [$foreign] }]);
    $browser = picker($nginx);
    is_deeply([sort { $a <=> $b } $browser->offered],
              [562949953421313, $foreign], 'only those of the list');
    $browser = picker($nginx, user => 2);
    is(refused($browser->{page}), '200 no_company', 'none of the list');
    $browser = picker($nginx, params => [company_id => $home]);
    is(at_app($browser, $app), 'access_denied of a state',
       'company_id outside of the list');
    $browser = picker($nginx, client => 'reports');
    keep($browser);
    is(at_app($browser), 'psg_ of a state', 'one that is allowed: no page');
};


subtest 'a company that was not offered' => sub {
    my $nginx = nginx(authorize => 1);

    my $browser = picker($nginx, user => 6);
    for my $company (21387, 424242, 0, '', 'x', " $home", "$home,$foreign",
                     '9' x 30)
    {
        my $page = $browser->submit(action => 'choose', company => $company);
        is(refused($page), '400 company_not_offered', "company $company");
        has_headers($page, 'error');
        $browser->open($nginx->url($browser->{page}{url} =~ m{(/oauth.*)}
            ? '/oauth/company?state=' . state_of($browser) : ''));
    }
    $browser->submit(action => 'choose', company => $home);
    keep($browser);
    is(at_app($browser, $app), 'psg_ of a state', 'an offered one still can');
};


# The id of the browser's one authorization, from the pages it has seen.
sub state_of {
    my ($browser) = @_;

    my ($digits) = ($browser->relay_cookies)[0]{name} =~ /-([0-9a-f]{12})$/;
    for my $secret (Procore::Test::OAuth::secrets()) {
        return $secret if $secret =~ /^$digits[0-9a-f]{52}$/;
    }
    return '';
}


subtest 'another browser with the same callback' => sub {
    my $nginx = nginx(authorize => 1);
    standin()->reset;

    my $victim = browser($nginx);
    my $first = $victim->link(start_url($nginx), follow => 0);
    my $login = standin()->request('GET',
        $first->{header}{location} =~ s{^http://[^/]*}{}r);
    my $url = $login->{header}{location};
    remember($url =~ /\b([0-9a-f]{64})\b/g);

    my $other = browser($nginx);
    is(refused($other->link($url)), '400 no_transaction', 'is refused');
    $other->link(start_url($nginx), follow => 0);
    is(refused($other->link($url)), '400 no_transaction',
       'with a cookie of its own, too');
    is_deeply([calls()], [], 'and the code is not exchanged');

    is($victim->link($url)->{status}, 200, 'the first browser goes on');
    $victim->submit(action => 'choose', company => $home);
    keep($victim);
    is(at_app($victim, $app), 'psg_ of a state', 'to the end');
};


subtest 'callback twice, form twice' => sub {
    my $nginx = nginx(authorize => 1, workers => 2);
    standin()->reset;

    my $browser = picker($nginx);
    my $url = $browser->{page}{hops}[2]{url};
    my $again = $browser->link($url);
    is($again->{status}, 200, 'the callback once more');
    is($browser->heading, 'Choose a company', 'is the picker');
    is(scalar(grep { $_ eq 'POST /oauth/token' } calls()), 1,
       'and one exchange');

    my $page = $browser->{page};
    $browser->submit(action => 'choose', company => $home);
    keep($browser);
    my %answer = $browser->arrived($app);
    $browser->{page} = $page;
    $browser->submit(action => 'choose', company => $home);
    is_deeply({ $browser->arrived($app) }, \%answer, 'the form once more');
    is($browser->link($page->{url})->{url}, "$app?"
        . encode_form(code => $answer{code}, state => $answer{state}),
       'the page once more');
    $browser->{page} = $page;
    is(refused($browser->submit(action => 'choose', company => $foreign)),
       '400 spent', 'with another company');
    $browser->{page} = $page;
    is(refused($browser->submit(action => 'cancel')), '400 spent',
       'or none');
    $browser->{page} = $page;
    $browser->submit(action => 'choose', company => $home);
    is_deeply({ $browser->arrived($app) }, \%answer, 'the first one stands');
    is(scalar revoked(), 0, 'its token is not given back');
};


subtest 'callback twice at the same time' => sub {
    my $nginx = nginx(authorize => 1, workers => 2);
    standin()->reset;
    standin()->behave({ match => 'POST /oauth/token', delay => 1 });

    my $browser = browser($nginx);
    my $first = $browser->link(start_url($nginx), follow => 0);
    my $login = standin()->request('GET',
        $first->{header}{location} =~ s{^http://[^/]*}{}r);
    my ($target) = $login->{header}{location} =~ m{^http://[^/]*(.*)};
    my $cookie = $browser->cookies($nginx->url('/'), 'GET', 'cross-site');

    my @connections = map { $nginx->connect } 1 .. 4;
    $_->send("GET $target HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        . "Cookie: $cookie\r\nConnection: close\r\n\r\n") for @connections;
    my @answers = map { $_->response('GET') } @connections;
    is_deeply([map { $_->{status} } @answers], [(302) x 4], 'four callbacks');
    is(scalar(grep { $_ eq 'POST /oauth/token' } calls()), 1, 'one exchange');

    my %where = map { $_->{header}{location} => 1 } @answers;
    is(scalar keys %where, 1, 'all end at the picker');
    is($browser->open((keys %where)[0])->{status}, 200, 'which is there');
    is_deeply([$browser->offered] ? 1 : 0, 1, 'with companies');
};


subtest 'cancel' => sub {
    my $nginx = nginx(authorize => 1);

    for my $fault ({}, { status => 500 }, { close => 1 }) {
        standin()->reset;
        standin()->behave({ match => 'POST /oauth/revoke', %$fault })
            if %$fault;
        my $browser = picker($nginx);
        my $page = $browser->{page};
        is($browser->submit(action => 'cancel')->{status}, 303, 'cancelled');
        has_headers($browser->{page}, 'cancel');
        is(at_app($browser, $app), 'access_denied of a state', 'back');
        wait_for(10, sub { revoked() });
        is(scalar revoked(), 1, 'revoked at Procore');
        is_deeply([$browser->relay_cookies], [], 'the cookie goes');
        $browser->{page} = $page;
        is(refused($browser->submit(action => 'choose', company => $home)),
           '400 no_transaction', 'nothing can be chosen any more');
    }

    my $nobody = nginx(authorize => 1, clients => [
        { app => 'mobile', company => [$home, $foreign] }]);
    standin()->reset;
    my $browser = picker($nobody, client => 'mobile',
                         redirect => 'com.example.app:/cb');
    $browser->submit(action => 'cancel');
    is(at_app($browser), 'access_denied of a state', 'without secret');
    is_deeply([calls()], [], 'nothing to give back');
};


# The harness looks for codes and states in every file at the end.
subtest 'subrequests that are logged' => sub {
    my $log = 'log_subrequest on; access_log %%DIR%%/logs/sub.log all;';
    my $nginx = nginx(authorize => 1, oauth => $log, lookup_location => $log,
        http => q(log_format all '$uri $request_uri $args '
                  '$http_referer "$request"';));
    my $browser = picker($nginx);
    $browser->submit(action => 'choose', company => $home);
    keep($browser);
    my $lines = Procore::Test::Host::read_file($nginx->dir . '/logs/sub.log');
    like($lines, qr{^/oauth/token }m, 'the exchange is there');
    like($lines, qr{^/_procore/rest/v1.0/companies }m, 'and the list');
};


subtest 'nobody is sent on by a HEAD' => sub {
    my $nginx = nginx(authorize => 1);
    standin()->reset;

    my $browser = browser($nginx);
    my $head = $browser->go(HEAD => start_url($nginx), follow => 0);
    is("$head->{status} " . length $head->{body}, '302 0', 'start');
    my $login = standin()->request('GET',
        $head->{header}{location} =~ s{^http://[^/]*}{}r);
    my $url = $login->{header}{location};
    is($browser->go(HEAD => $url, follow => 0)->{status}, 302, 'callback');
    is_deeply([calls()], [], 'exchanges nothing');
    $browser->link($url);
    keep($browser);
    is($browser->go(HEAD => $browser->{page}{url})->{status}, 200, 'picker');

    $browser = picker($nginx, user => 6);
    $browser = browser($nginx);
    $browser->link(start_url($nginx, user => 2), follow => 0);
    $login = standin()->request('GET',
        $browser->{page}{header}{location} =~ s{^http://[^/]*}{}r);
    my $returned = $browser->link($login->{header}{location}, follow => 0);
    my $picker = $returned->{header}{location};
    $head = $browser->go(HEAD => $picker);
    is($head->{status}, 200, 'a HEAD where there is one company');
    $browser->open($picker);
    keep($browser);
    is(at_app($browser, $app), 'psg_ of a state', 'chooses nothing');

    for my $case (['POST', '/oauth/authorize', 'GET, HEAD'],
                  ['PUT', '/oauth/company', 'GET, HEAD, POST'],
                  ['DELETE', $callback, 'GET, HEAD'],
                  ['OPTIONS', '/oauth/authorize.json', 'GET, HEAD'])
    {
        my ($method, $path, $allow) = @$case;
        my $answer = $nginx->request($method, $path);
        is("$answer->{status} $answer->{header}{allow}", "405 $allow",
           "$method $path");
    }
};


done_testing();
