#!/usr/bin/perl

# The start of an authorization: what is refused, where it is told, and what
# the login host is asked.

use Procore::Test;
use Procore::Test::Relay qw(CHALLENGE at_app browser picker refused start_url);

my $world = world();
my ($home, $foreign) = @$world{qw(home foreign)};
my %app = %{ $world->{clients} };
my $app = $app{crm}{redirect_uris}[0];


# The start of a browser without cookies, no redirect followed. "pairs" are
# the parameters.
sub start {
    my ($nginx, $query, %opt) = @_;

    return browser($nginx)->link($nginx->url("/oauth/authorize?$query"),
                                 follow => 0, %opt);
}


# The query of a good request, with other parameters (undef: left out), or
# with more text after it.
sub query {
    my (%change) = @_;

    my $more = delete $change{more} // '';
    my @pairs = (response_type => 'code', client_id => $app{crm}{id},
                 redirect_uri => $app, state => 'here');
    my %seen;
    my @changed;
    while (my ($name, $value) = splice @pairs, 0, 2) {
        $value = $change{$name} if exists $change{$name};
        $seen{$name} = 1;
        push @changed, $name => $value if defined $value;
    }
    push @changed, $_ => $change{$_}
        for grep { !$seen{$_} } sort keys %change;
    return encode_form(@changed) . $more;
}


sub location { return $_[0]{header}{location} // '' }


# Shown on a page, and nowhere else.
sub on_page {
    my ($page, $wanted, $name) = @_;

    my $cookie = $page->{header}{'set-cookie'} // 'no cookie';
    is(refused($page) . ' ' . location($page) . $cookie,
       "$wanted no cookie", $name);
    return;
}


# Told to the app, with the state.
sub to_app {
    my ($page, $error, $name) = @_;

    like(location($page), qr{^\Q$app\E\?error=$error&error_description=[^&]+&state=here$},
         $name);
    is($page->{status}, 302, 'by a redirect');
    ok(!defined $page->{header}{'set-cookie'}, 'no cookie');
    return;
}


my $nginx = nginx(authorize => 1);


subtest 'never redirected' => sub {
    my $id = $app{crm}{id};
    my $good = percent($app);

    my %pages = (
        'client_id twice' => query(more => "&client_id=$id"),
        'client_id twice, one unknown' => query(more => '&client_id=other'),
        'client_id twice, the first unknown' => 'client_id=other&' . query(),
        'lone %' => query(more => '&x=%'),
        '% with one digit' => query(more => '&x=%4'),
        'overlong UTF-8' => query(more => '&x=%c0%af'),
        'invalid UTF-8' => query(more => '&x=%ff'),
        'NUL' => query(more => '&x=%00'),
        'semicolon' => query(more => ';x=y'),
        'brackets' => query(more => '&redirect_uri[]=x'),
        'state in brackets' => query(more => '&state[x]=y'),
        'raw byte' => query(more => "&x=\xe9"),
    );
    on_page(start($nginx, $pages{$_}), '400 bad_request', $_)
        for sort keys %pages;

    my %uris = (
        'missing' => undef, 'empty' => '', 'prefix' => substr($app, 0, -1),
        'more' => "${app}x", 'trailing slash' => "$app/",
        'upper case' => uc $app, 'scheme' => $app =~ s/https/HTTPS/r,
        'host' => $app =~ s/crm/CRM/r, 'dot segment' => "$app/../procore",
        'other path' => $app =~ s{auth}{./auth}r,
        'port' => $app =~ s{com/}{com:443/}r,
        'query' => "$app?x=y", 'fragment' => "$app#x",
        'user info' => $app =~ s{//}{//x\@}r,
        'user info as host' => $app =~ s{com/}{com\@evil.example/}r,
        'backslash' => $app =~ s{com/}{com\\\@evil.example/}r,
        'backslashes' => $app =~ s{//}{\\\\}r,
        '%2e' => $app =~ s{crm\.}{crm%2e}r, '%00' => "$app%00",
        'encoded twice' => percent($app), 'CR LF' => "$app\r\nX: y",
        'javascript' => 'javascript:alert(1)', 'http' => $app =~ s/https/http/r,
        'data' => 'data:text/html,x', 'sub-domain' => $app =~ s{//}{//x.}r,
        'the other one' => $app{reports}{redirect_uris}[0],
        'localhost with another port' => 'http://localhost:8081/cb',
        'loopback with user info' => 'http://127.0.0.1:x@evil.example/cb',
        'loopback that is none' => 'http://127.0.0.1.evil.example/cb',
        'other loopback' => 'http://127.0.0.2/cb',
        'bad port' => 'http://127.0.0.1:99999/cb',
        'callback' => $nginx->url('/oauth/company/callback'),
    );
    on_page(start($nginx, query(redirect_uri => $uris{$_})),
            '400 bad_redirect_uri', "redirect URI: $_") for sort keys %uris;
    on_page(start($nginx, query(more => "&redirect_uri=$good")),
            '400 bad_redirect_uri', 'redirect URI: twice');
    on_page(start($nginx, query(more => '&redirect_uri=evil')),
            '400 bad_redirect_uri', 'redirect URI: twice, one foreign');

    on_page(start($nginx, query(), dest => $_), '400 framed', "in $_")
        for qw(iframe frame embed object fencedframe);
    is(start($nginx, query(), dest => 'document')->{status}, 302,
       'in a window');
};


subtest 'told to the app' => sub {
    my %invalid = (
        'a repeated parameter' => query(more => '&scope=a&scope=b'),
        'a form post' => query(response_mode => 'form_post'),
        'a fragment' => query(response_mode => 'fragment'),
        'plain PKCE' => query(code_challenge => 'x' x 43,
                              code_challenge_method => 'plain'),
        'PKCE without a method' => query(code_challenge => CHALLENGE),
        'a method alone' => query(code_challenge_method => 'S256'),
        'a challenge of 42' => query(code_challenge => substr(CHALLENGE, 1),
                                     code_challenge_method => 'S256'),
        'a challenge of 44' => query(code_challenge => CHALLENGE . 'x',
                                     code_challenge_method => 'S256'),
        'no base64url' => query(code_challenge => substr(CHALLENGE, 1) . '+',
                                code_challenge_method => 'S256'),
        'a company that is no id' => query(company_id => '12x'),
        'company 0' => query(company_id => '0'),
        'a company below 0' => query(company_id => '-7'),
    );
    to_app(start($nginx, $invalid{$_}), 'invalid_request', $_)
        for sort keys %invalid;
    to_app(start($nginx, query(response_type => $_)),
           'unsupported_response_type', "response_type $_")
        for 'token', 'code token', '', 'Code';
    to_app(start($nginx, query(response_type => undef)),
           'unsupported_response_type', 'no response_type');

    my $long = start($nginx, query(state => 'x' x 2049));
    like(location($long), qr{^\Q$app\E\?error=invalid_request&}, 'long state');
    $long = start($nginx, query(state => 'x' x 8192), timeout => 5);
    isnt($long->{status}, 200, 'a state of 8 KB');
    ok(!defined $long->{header}{'set-cookie'}, 'no cookie');

    my $twice = start($nginx, query(more => '&state=there'));
    like(location($twice), qr{^\Q$app\E\?error=invalid_request&},
         'state twice');
    unlike(location($twice), qr{[?&]state=}, 'then it is no state');

    my $oob = start($nginx, query(redirect_uri => 'urn:ietf:wg:oauth:2.0:oob',
                                  response_type => 'token'));
    is(refused($oob), '400 bad_request', 'out of band: a page');

    is(start($nginx, query(company_id => ''))->{status}, 302,
       'an empty company_id is none');
    is(start($nginx, query(response_mode => 'query'))->{status}, 302,
       'response_mode query');
};


subtest 'what the login host is asked' => sub {
    my $login = start($nginx,
        'scope=a+b&x=%7e&response_type=code&client_id=' . $app{crm}{id}
        . "&company_id=$home&state=here&redirect_uri=" . percent($app)
        . '&response_mode=query&prompt=&x2&code_challenge=' . CHALLENGE
        . '&code_challenge_method=S256&login_hint=%C3%A9');
    my ($base, $query) = split /\?/, location($login), 2;
    is($base, standin()->url('/oauth/authorize'), 'its host and path');

    my %seen = map { (split(/=/, $_, 2), '')[0, 1] } split /&/, $query;
    my $state = $seen{state};
    like($state, qr/^[0-9a-f]{64}$/, 'a state of the gateway');
    isnt($seen{code_challenge}, CHALLENGE, 'and a challenge');
    is($query, 'scope=a+b&x=%7e&response_type=code&client_id='
       . "$app{crm}{id}&state=$state&redirect_uri="
       . percent($nginx->url('/oauth/company/callback'))
       . "&prompt=&x2&code_challenge=$seen{code_challenge}"
       . '&code_challenge_method=S256&login_hint=%C3%A9',
       'all else unchanged and in order');
    like($login->{header}{'set-cookie'},
         qr/^procore-scope-[0-9a-f]{12}=[\w-]+; Path=\/; Max-Age=1500; HttpOnly; SameSite=Lax$/,
         'the cookie, on loopback');
    is($login->{header}{'cache-control'}, 'no-store', 'not for a cache');

    for my $path ('/oauth/authorize.json', '/oauth/authorize/',
                  '/oauth/%61uthorize', '//oauth//authorize',
                  '/oauth/x/../authorize')
    {
        my $page = $nginx->request('GET', "$path?" . query());
        like($page->{header}{'set-cookie'} // "$page->{status}",
             qr/^procore-scope-/, $path);
    }

    my $no_pkce = nginx(authorize => 1, clients => [
        { app => 'crm', more => 'pkce=off' }]);
    $login = start($no_pkce, query(code_challenge => CHALLENGE,
                                   code_challenge_method => 'S256'));
    unlike(location($login), qr/code_challenge/, 'pkce=off: no PKCE');
    is(picker($no_pkce)->{page}{status}, 200, 'and it works');
};


subtest 'https: the names and attributes of the cookie' => sub {
    my $gateway = 'https://gw.example.com';
    my $https = nginx(authorize => "$gateway/oauth/company/callback",
                      h2 => 1, clients => ['crm']);
    my $browser = browser($https, base => $gateway);
    my $start = $browser->link(start_url($https, base => $gateway),
                               follow => 0);
    like($start->{header}{'set-cookie'},
         qr/^__Host-procore-scope-[0-9a-f]{12}=[\w-]+; Path=\/; Max-Age=1500; HttpOnly; SameSite=Lax; Secure$/,
         'secure');

    for my $h2 (0, 1) {
        $browser = browser($https, base => $gateway, h2 => $h2, headers => [
            'X-Forwarded-Host' => 'evil.example',
            'X-Forwarded-Proto' => 'http', 'Forwarded' => 'host=evil.example',
            'X-Forwarded-Port' => '81', 'X-Original-URL' => '/evil']);
        my @opt = (host => 'evil.example');
        my $page = $browser->link(start_url($https, base => $gateway), @opt,
                                  follow => 0);
        my $login = standin()->request('GET',
            location($page) =~ s{^http://[^/]*}{}r);
        is(index(location($login),
                 "$gateway/oauth/company/callback?code="), 0, 'the callback');
        $page = $browser->link(location($login), @opt, follow => 0);
        like(location($page), qr{^\Q$gateway\E/oauth/company\?state=},
             'the picker');
        $page = $browser->link(location($page), @opt);
        unlike($page->{body}, qr/evil/, 'nothing of it on the page');
        $page = $browser->submit(action => 'choose', company => $home,
                                 { follow => 0 });
        is(index(location($page), "$app?code="), 0, 'the app');
    }
};


subtest 'passed on' => sub {
    standin()->reset;
    my @passed = (
        'response_type=code&redirect_uri=x',
        'response_type=code&client_id[]=' . $app{crm}{id},
        'client_id=&x=%zz',
        'client_id=unknown&redirect_uri=%zz&state=a&state=b',
        query(client_id => $app{reports}{id}),
        '',
    );
    for my $query (@passed) {
        my $page = start($nginx, $query);
        is(location($page), standin()->url('/oauth/authorize')
           . (length $query ? "?$query" : ''), "\"$query\"");
        ok(!defined $page->{header}{'set-cookie'}, 'without a cookie');
    }

    my $plain = nginx(authorize => 1, clients => [
        { app => 'crm', redirect => [] }]);
    is(location(start($plain, query())),
       standin()->url('/oauth/authorize?') . query(),
       'a client without redirect URIs');
    my $off = nginx();
    is($off->request('GET', '/oauth/authorize?' . query(login_as => 1))
           ->{status}, 302, 'without the relay it is proxied');
    is(scalar(grep { $_->{target} =~ /authorize/ } standin()->requests), 1,
       'to the login host');
};


subtest 'many tabs' => sub {
    my $browser = browser($nginx);
    my @state;
    for (1 .. 30) {
        my $page = $browser->link(start_url($nginx, state => 'x' x 300),
                                  follow => 0);
        push @state, location($page) =~ /[?&]state=(\w{64})/;
        my $size = 0;
        $size += length "$_->{name}$_->{value}" for $browser->relay_cookies;
        cmp_ok($size, '<=', 6144, 'the cookies stay below 6 KB') or last;
    }
    my %left = map { substr($_->{name}, -12) => 1 } $browser->relay_cookies;
    cmp_ok(scalar keys %left, '>', 3, 'several authorizations at once');
    is_deeply([map { $left{ substr $_, 0, 12 } ? 1 : 0 } @state],
              [(0) x (30 - keys %left), (1) x keys %left],
              'the oldest have gone');

    my @first = map { $browser->link(start_url($nginx)); $browser->{page} }
        1 .. 2;
    for my $tab (@first) {
        $browser->{page} = $tab;
        $browser->submit(action => 'choose', company => $home);
        is(at_app($browser, $app), 'psg_ of a state',
           'two tabs do not disturb each other');
    }

    my $long = start($nginx, query(state => 'x' x 2048,
        code_challenge => CHALLENGE, code_challenge_method => 'S256'));
    my ($cookie) = $long->{header}{'set-cookie'} =~ /^([^;]*)/;
    cmp_ok(length $cookie, '<', 4096, 'the longest state fits');
};


subtest 'on record' => sub {
    my $nginx = nginx(authorize => 1);
    start($nginx, query());
    my $record = $nginx->next_audit;
    is($record->{event}{action}, 'authorize_started', 'started');
    is($record->{event}{outcome}, 'success', 'with success');
    is($record->{procore_scope}{client}, $app{crm}{id}, 'the client');
    like($record->{procore_scope}{authorization}, qr/^[0-9a-f]{16}$/, 'which');
    is($record->{url}{path}, '/oauth/authorize', 'the path alone');

    start($nginx, query(client_id => 'other'));
    $record = $nginx->next_audit;
    is("$record->{event}{action} $record->{procore_scope}{client}",
       'authorize_passed_on other', 'passed on');

    start($nginx, query(redirect_uri => 'x'));
    $record = $nginx->next_audit;
    is("$record->{event}{action} $record->{event}{reason}",
       'authorize_refused bad_redirect_uri', 'refused');
    is($record->{event}{outcome}, 'failure', 'a failure');

    start($nginx, query(), headers => [
        Referer => 'https://crm.example.com/login?session=VerySecret']);
    my $line;
    wait_for(10, sub {
        ($line) = grep { m{crm\.example\.com/login} }
            split /\n/, $nginx->access_log;
        return $line;
    });
    unlike($line, qr/VerySecret|state=|client_id/, 'no query in the log');
    like($line, qr{https://crm\.example\.com/login}, 'but where it came from');
};


done_testing();
