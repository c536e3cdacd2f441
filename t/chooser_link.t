#!/usr/bin/perl

# Links to the chooser: who gets one, how many there are, and where they work.

use Procore::Test;
use Procore::Test::Chooser qw(link_in link_for token);
use Procore::Test::Relay qw(browser);

use IO::Select;
use Time::HiRes qw(time);

my $world = world();
my ($home, $foreign) = @$world{qw(home foreign)};

use constant {
    CHOOSE => '/choose', SANDBOX => '/sandbox/choose', SECOND => 10,
};

my $nginx = gateway(workers => 2);


sub gateway {
    my (%opt) = @_;

    my $server = delete $opt{server} // '';
    return nginx(
        server => "procore_scope_bind chooser token_request;
            procore_scope_choose_url http://127.0.0.1:%%PORT%%/choose; $server",
        locations => 'location = ' . CHOOSE . ' { procore_scope_chooser; }
            location = ' . SANDBOX . ' {
                procore_scope_chooser;
                procore_scope_realm sandbox;
                procore_scope_choose_url
                    http://127.0.0.1:%%PORT%%/sandbox/choose;
            }', %opt);
}


# A token that the gateway has never seen.
sub strange_token {
    my ($user) = @_;

    my $code = authorize_code(standin(), user => $user // 1);
    return token_request(standin(), code => $code)->{json}{access_token};
}


sub call {
    my ($to, $token, %opt) = @_;

    return $to->request($opt{method} // 'GET', '/rest/v1.0/projects',
                        token => $token, company => $home);
}


sub opens {
    my ($to, $link) = @_;

    my $browser = browser($to);
    my $status = $browser->link($link)->{status};
    remember(map { $_->{value} } $browser->relay_cookies);
    return $status;
}


subtest 'tokens that the gateway does not know' => sub {
    for my $case (['List Companies', '/rest/v1.0/companies'],
                  ['Show User Info', '/rest/v1.0/me'],
                  ['token info', '/oauth/token/info']) {
        my ($name, $target) = @$case;

        my $token = strange_token();
        my $answer = call($nginx, $token);
        is($answer->{json}{reason}, 'unbound', 'refused');
        is(link_in($answer), undef, 'nobody knows whether the token is good');

        is($nginx->request('GET', $target, token => $token)->{status}, 200,
           $name);
        my $link = link_for($nginx, $token);
        ok($link, 'after that, there is a link');
        is(opens($nginx, $link), 200, 'which works');
    }
};


subtest 'tokens that Procore has not accepted' => sub {
    my @bad = map { 'no-token-of-procore-' . $_ x 30 } 'a' .. 'f';
    remember(@bad);
    for my $token (@bad) {
        is($nginx->request('GET', '/rest/v1.0/me', token => $token)->{status},
           401, 'Procore refuses it');
    }

    my @unlucky;
    for my $rule ({ status => 429 }, { status => 500 }, { status => 503 },
                  { close => 1 }) {
        push @unlucky, strange_token();
        standin()->behave({ match => '* /rest/v1.0/me', %$rule });
        $nginx->request('GET', '/rest/v1.0/me', token => $unlucky[-1]);
        standin()->behave;
    }

    # what comes later is on disk: so would be the others
    my $good = strange_token();
    $nginx->request('GET', '/rest/v1.0/me', token => $good);
    ok(link_for($nginx, $good), 'one that it accepts gets a link');

    is(link_in(call($nginx, $_)), undef, 'none') for @bad, @unlucky;
};


subtest 'a service account' => sub {
    my $token = token_request($nginx, grant => 'client_credentials',
                              client => 'dmsa')->{json}{access_token};
    my $answer = call($nginx, $token);
    is($answer->{json}{reason}, 'unbound', 'refused');
    is(link_in($answer), undef, 'it has no user who could open a link');
};


subtest 'one link for a token' => sub {
    my $token = token($nginx);
    my $link = link_for($nginx, $token);
    my %seen = map { link_in(call($nginx, $token)) // 'none' => 1 } 1 .. 20;
    is_deeply([keys %seen], [$link], 'however often it is refused');

    $nginx->reload;
    is(link_in(call($nginx, $token)), $link, 'after a reload');
    $nginx->stop;
    $nginx->start;
    is(link_in(call($nginx, $token)), $link, 'after a restart');

    is(call($nginx, $token, method => 'HEAD')->{body}, '',
       'there is no room for it in an answer to HEAD');
};


subtest 'many requests at once' => sub {
    my $token = token($nginx);

    # past the second in which others were made
    ok(link_for($nginx, token($nginx)), 'there is room for a link');
    my $request = "GET /rest/v1.0/projects HTTP/1.1\r\nHost: x\r\n"
        . "Authorization: Bearer $token\r\n"
        . "Procore-Company-Id: $home\r\nConnection: close\r\n\r\n";
    my @sockets = map { $nginx->connect } 1 .. 100;
    syswrite $_->{socket} // $_, $request for @sockets;

    my (%links, %status);
    for my $connection (@sockets) {
        my $socket = $connection->{socket} // $connection;
        my $text = '';
        1 while sysread $socket, $text, 65536, length $text;
        $status{ $text =~ m{^HTTP/1.1 (\d+)} ? $1 : 'none' }++;
        $links{$1}++ while $text =~ /"choose_url":"([^"]+)"/g;
    }
    is_deeply(\%status, { 403 => 100 }, 'all are refused');
    my @links = keys %links;
    remember(map { /\?l=(.+)/ } @links);
    is(scalar @links, 1, 'with the same link');
    is($links{ $links[0] }, 100, 'each of them');
};


subtest 'ten new ones in a second' => sub {
    my @tokens = map { token($nginx) } 1 .. 40;

    my $from = time;
    my @answers = map { call($nginx, $_) } @tokens;
    my $seconds = int(time) - int($from) + 1;

    my @links = grep { defined } map { link_in($_) } @answers;
    cmp_ok(scalar @links, '<=', SECOND * $seconds,
           @links . " links in $seconds seconds of the clock");
    cmp_ok(scalar @links, '>=', 1, 'some');
    is_deeply([grep { $_->{status} != 403 || $_->{json}{reason} ne 'unbound' }
               @answers], [], 'the others are refused as they were before');
    unlike($answers[$_]{body}, qr/choose/, 'without a word of it')
        for grep { !link_in($answers[$_]) } 0 .. $#answers;

    ok(link_for($nginx, $tokens[-1]), 'the last one gets its link later');
};


subtest 'one place and one realm' => sub {
    my $token = token($nginx);
    my $link = link_for($nginx, $token);
    my ($key) = $link =~ /\?l=(.+)/;

    is(opens($nginx, $nginx->url(SANDBOX) . "?l=$key"), 400,
       'a link of one is none of another');

    my $browser = browser($nginx);
    $browser->link($link);
    my ($cookie) = $browser->relay_cookies;
    remember($cookie->{value});
    is($browser->open($nginx->url(CHOOSE))->{status}, 200, 'the page');
    is($browser->open($nginx->url(SANDBOX))->{status}, 400,
       'its cookie neither');
    is($nginx->request('GET', SANDBOX, token => $token)->{json}{company_id},
       undef, 'nor is what is known');
};


subtest 'forged hosts' => sub {
    my $token = token($nginx);
    my $answer = wait_for(10, sub {
        my $one = $nginx->request('GET', '/rest/v1.0/projects',
            token => $token, company => $home, host => 'evil.example.com',
            headers => ['X-Forwarded-Host' => 'evil.example.com',
                        'X-Forwarded-Proto' => 'https']);
        link_in($one) && $one;
    });
    my $start = $nginx->url(CHOOSE);
    like($answer->{json}{choose_url}, qr/^\Q$start\E\?l=/,
         'the link leads where it is configured');
    is($nginx->request('GET', $answer->{json}{choose_url}
           =~ s{^\w+://[^/]+}{}r, host => 'evil.example.com')
           ->{header}{location}, $start, 'and on to there');
};


subtest 'a chooser that may not bind' => sub {
    my $own = gateway();
    my $off = nginx(
        server => 'procore_scope_bind token_request;
            procore_scope_choose_url http://127.0.0.1:%%PORT%%/choose;',
        locations => 'location = /choose { procore_scope_chooser; }');
    my $token = token($off);
    is(link_in(call($off, $token)), undef, 'no link');

    my $answer = $off->request('GET', CHOOSE, token => $token);
    is($answer->{status}, 200, 'an app may look');
    $answer = $off->request('POST', CHOOSE, token => $token, json => {
        company_id => 0 + $home });
    is($answer->{status}, 403, 'and not choose');
    is($answer->{json}{reason}, 'company_not_allowed', 'for that reason');

    my $page = browser($off)->link($off->url(CHOOSE));
    is($page->{status}, 403, 'nor a browser');
    is($page->{header}{'procore-scope-reason'}, 'company_not_allowed',
       'for that reason');

    my $known = token($own);
    ok(link_for($own, $known), 'where it may, there is a link');
};


subtest 'what nginx -t refuses' => sub {
    my $chooser = 'location = /choose { procore_scope_chooser; }';
    my $url = 'procore_scope_choose_url https://gw.example.com/choose;';

    config_ok('both', server => $url, locations => $chooser);
    config_ok('for apps alone', locations => $chooser);
    config_ok('on loopback', locations => $chooser, server =>
        "procore_scope_choose_url http://$_/choose;")
        for '127.0.0.1:8080', 'localhost', '[::1]:81';
    config_ok('a link to another server', server => $url);
    config_ok('where nothing is judged', mode => 'off', server => $url);
    config_ok('in a part of the location', server => $url, locations =>
        'location = /choose { procore_scope_chooser; if ($arg_x) { set $y 1; }
         limit_except GET POST { deny all; } }');

    my @cases = (
        ['no https', qr/must be "https"/,
         server => 'procore_scope_choose_url http://gw.example.com/choose;'],
        ['no URL', qr/is no "https" URL/,
         server => 'procore_scope_choose_url /choose;'],
        ['a query', qr/could be read in two ways/, server =>
             'procore_scope_choose_url https://gw.example.com/choose?a=b;'],
        ['a fragment', qr/could be read in two ways/, server =>
             '"procore_scope_choose_url" "https://gw.example.com/choose#a";'],
        ['no path', qr/needs the path/,
         server => 'procore_scope_choose_url https://gw.example.com;'],
        ['too long', qr/has more than 512 bytes/,
         server => 'procore_scope_choose_url https://gw.example.com/'
             . 'a' x 600 . ';'],
        ['twice', qr/is duplicate/, server => "$url $url"],
        ['no lookup', qr/"procore_scope_choose_url" without a/,
         lookup => 0, server => $url],
        ['no lookup for apps', qr/"procore_scope_chooser" without a/,
         lookup => 0, locations => $chooser],
        ['switched off', qr/"procore_scope_chooser" where "procore_scope" is/,
         locations => 'location = /choose { procore_scope off;
             procore_scope_chooser; }'],
        ['not in a location', qr/not allowed here/,
         server => 'procore_scope_chooser;'],
        ['an argument', qr/invalid number of arguments/,
         locations => 'location = /choose { procore_scope_chooser any; }'],
    );
    for my $case (@cases) {
        my ($name, $sentence, %opt) = @$case;

        my ($exit, $output) = config_test(%opt);
        isnt($exit, 0, $name);
        like($output, $sentence, 'in a sentence');
    }
};


done_testing();
