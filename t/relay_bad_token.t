#!/usr/bin/perl

# Two people, two apps and two requests at once: who may finish whose
# authorization, and who may redeem whose code.

use Procore::Test;
use Procore::Test::Clock;
use Procore::Test::Relay qw(VERIFIER at_app at_once browser call consent keep
                            logged_in picker refused told);

use JSON::PP ();
use MIME::Base64 ();

my $world = world();
my ($home, $foreign) = @$world{qw(home foreign)};
my %app = %{ $world->{clients} };
my $app = $app{crm}{redirect_uris}[0];
my $reports = $app{reports}{redirect_uris}[0];
my $callback = '/oauth/company/callback';
my $clock = Procore::Test::Clock->new;


# What went up beside the browser's visits.
sub calls {
    return grep { !m{/oauth/authorize} }
        map { "$_->{method} " . $_->{target} =~ s/\?.*//r }
        standin()->requests;
}


sub count {
    my ($call) = @_;

    return scalar grep { $_ eq $call } calls();
}


# The picker's form of a browser, as pairs.
sub form_of {
    my ($browser) = @_;

    my ($form) = grep { $_->{method} eq 'POST' } $browser->forms;
    my %field = @{ $form->{fields} };
    remember($field{token});
    return map { $_ => $field{$_} } qw(state token);
}


sub post {
    my ($nginx, $browser, @pairs) = @_;

    return $nginx->request('POST', '/oauth/company', form => \@pairs,
        headers => [Cookie => $browser->cookies($nginx->url('/'), 'GET',
                                                'same-origin')]);
}


# An app redeems a code. Options: client; more, in place of its parameters.
sub redeem {
    my ($nginx, $code, %opt) = @_;

    my $client = $app{ $opt{client} // 'crm' };
    my %param = (grant_type => 'authorization_code', code => $code,
                 redirect_uri => $client->{redirect_uris}[0],
                 client_id => $client->{id},
                 client_secret => $client->{secret}, %{ $opt{more} || {} });
    my $answer = $nginx->request('POST', $opt{target} || '/oauth/token',
        form => [map { defined $param{$_} ? ($_ => $param{$_}) : () }
                 sort keys %param]);
    remember(map { $answer->{json}{$_} } qw(access_token refresh_token))
        if ref $answer->{json} eq 'HASH';
    return $answer;
}


subtest "somebody else's code, state or cookie" => sub {
    my $nginx = nginx(authorize => 1);
    my ($attacker, $evil) = logged_in($nginx, user => 6);
    my ($code) = $evil =~ /code=(\w+)/;
    my ($victim, $url, $state) = logged_in($nginx, user => 1);
    standin()->reset;

    is(refused($victim->link($evil)), '400 no_transaction',
       "the attacker's whole callback in the victim's browser");
    is(refused($attacker->link($url)), '400 no_transaction',
       "and the victim's in the attacker's");
    is_deeply([calls()], [], 'nothing goes up');

    my ($bait) = logged_in($nginx, user => 1);
    my ($name) = map { $_->{name} } $attacker->relay_cookies;
    my ($value) = map { $_->{value} } $bait->relay_cookies;
    push @{ $victim->{jar} }, { name => $name, value => $value, lax => 1,
                                host => '127.0.0.1', secure => 0 };
    standin()->reset;
    is(refused($victim->link($evil)), '400 no_transaction',
       'with a cookie of that name planted');
    is_deeply([calls()], [], 'nothing goes up either');

    $victim->link($nginx->url("$callback?code=$code&state=$state"));
    is(at_app($victim, $app), 'server_error of a state',
       "the attacker's code with the victim's own state: PKCE");
    is(count('GET /rest/v1.0/companies'), 0, 'no list was asked for');
};


subtest 'two apps in one browser' => sub {
    my $nginx = nginx(authorize => 1, clients => ['crm', 'reports']);
    my ($browser, $crm) = logged_in($nginx);
    my (undef, $rep, $theirs) = logged_in($nginx, browser => $browser,
        client => 'reports', redirect => $reports);

    my $mixed = browser($nginx);
    $mixed->{jar} = [map { {%$_} } @{ $browser->{jar} }];
    my (undef, $third) = logged_in($nginx, browser => $mixed);
    my ($fresh) = $third =~ /code=(\w+)/;
    standin()->reset;
    $mixed->link($nginx->url("$callback?code=$fresh&state=$theirs"));
    is(at_app($mixed, $reports), 'server_error of a state',
       "one app's code with the other app's state");
    is(count('GET /rest/v1.0/companies'), 0, 'is no token');

    $browser->{jar} = [grep { $_->{name} !~ substr $theirs, 0, 12 }
                       @{ $browser->{jar} }];
    (undef, $rep) = logged_in($nginx, browser => $browser,
        client => 'reports', redirect => $reports);
    $browser->link($crm);
    my @crm = form_of($browser);
    my $page = $browser->{page};
    $browser->link($rep);
    my @rep = form_of($browser);

    is(refused(post($nginx, $browser, @crm[0, 1], @rep[2, 3],
                    company => $home, action => 'choose')), '403 csrf',
       "one's form with the other's token");
    is(refused(post($nginx, $browser, @rep[0, 1], @crm[2, 3],
                    company => $home, action => 'cancel')), '403 csrf',
       'and the other way round');
    my $to = post($nginx, $browser, @rep, company => $foreign,
                  action => 'choose')->{header}{location};
    is(index($to, "$reports?code=psg_"), 0, 'each code goes to its app');
    my ($second) = $to =~ /code=(psg_\w+)/;
    $to = post($nginx, $browser, @crm, company => $home,
               action => 'choose')->{header}{location};
    is(index($to, "$app?code=psg_"), 0, 'and to no other');
    my ($code) = $to =~ /code=(psg_\w+)/;
    remember($code, $second);

    for my $case (['400 invalid_grant code_mismatch', $second, 'crm',
                   'with its own credentials'],
                  ['400 invalid_grant code_mismatch', $code, 'reports',
                   'the other one'],
                  ['401 invalid_client bad_client', $code, 'crm',
                   "with the other's secret",
                   { client_secret => $app{reports}{secret} }],
                  ['401 invalid_client bad_client', $code, 'reports',
                   "with its secret and the other's id",
                   { client_id => $app{crm}{id}, redirect_uri => $app }],
                  ['400 invalid_grant code_mismatch', $code, 'crm',
                   "with the other's redirect URI",
                   { redirect_uri => $reports }])
    {
        my ($wanted, $which, $client, $name, $more) = @$case;
        is(told(redeem($nginx, $which, client => $client, more => $more)),
           $wanted, $name);
    }
    is(redeem($nginx, $code)->{json}{company_id}, $home, 'each for its app');
    is(redeem($nginx, $second, client => 'reports')->{json}{company_id},
       $foreign, 'and its own company');
};


subtest 'the picker: other states, other cookies' => sub {
    my $nginx = nginx(authorize => 1);
    my $browser = picker($nginx);
    my %good = form_of($browser);
    my $state = $good{state};
    my (undef, undef, $other) = logged_in($nginx);
    standin()->reset;
    my %states = (
        '63 digits' => substr($state, 1), '65 digits' => "${state}0",
        'upper case' => uc $state, 'of another' => $other,
        'empty' => '', 'blank before' => " $state", 'blank after' => "$state ",
        'the same cookie' => substr($state, 0, 12) . '0' x 52,
        'no digits' => 'g' x 64, 'NUL' => "$state\0", '10 KB' => 'a' x 10_240,
    );
    for my $name (sort keys %states) {
        my @state = (state => $states{$name});
        my $reason = $name eq 'NUL' ? '(?:bad_request|no_transaction)'
            : $name eq '10 KB' ? '(?:no_transaction|bad_request|-)'
            : 'no_transaction';
        like(refused($browser->go(GET => $nginx->url('/oauth/company?'
            . encode_form(@state)))), qr/^4\d\d $reason$/, "page: $name");
        like(refused(post($nginx, $browser, @state, token => $good{token},
            company => $home, action => 'choose')), qr/^4\d\d $reason$/,
            "form: $name");
    }
    is_deeply([calls()], [], 'nothing went up');

    my ($cookie) = $browser->relay_cookies;
    my ($name, $value) = @$cookie{qw(name value)};
    my @alphabet = ('A' .. 'Z', 'a' .. 'z', 0 .. 9, '-', '_');
    my %at = map { $alphabet[$_] => $_ } 0 .. $#alphabet;
    my $connection = $nginx->connect;
    my %seen;
    for my $i (0 .. length($value) - 1) {
        for my $bit ($i > length($value) - 4 ? (0 .. 5) : $i % 6) {
            my $flipped = $value;
            substr($flipped, $i, 1) =
                $alphabet[$at{ substr $value, $i, 1 } ^ (1 << $bit)];
            $connection = $nginx->connect if $i % 50 == 0;
            my $page = $connection->request('GET',
                "/oauth/company?state=$state", keep => 1,
                headers => [Cookie => "$name=$flipped"]);
            $seen{ refused($page) }++;
        }
    }
    is_deeply([keys %seen], ['400 no_transaction'],
              'one bit of the cookie flipped, anywhere');

    my %way = (state => $state, token => $good{token}, company => $home,
               action => 'choose');
    for my $cookies ('', "$name=", "$name=$value; $name=$value",
                     "x$name=$value", "__Host-$name=$value",
                     "$name=\"$value\"", "$name =$value", "$name=$value,x=y")
    {
        is(refused($nginx->request('POST', '/oauth/company', form => [%way],
            headers => [Cookie => $cookies])), '400 no_transaction',
           'a form with the cookie "' . ($cookies =~ s/\Q$value\E/.../gr)
           . '"');
    }
    $browser->open($nginx->url("/oauth/company?state=$state"));
    $browser->submit(action => 'choose', company => $home);
    keep($browser);
    is(at_app($browser, $app), 'psg_ of a state', 'the right one still can');
};


subtest 'a cookie from another key' => sub {
    my $base = 'https://gw.example.com';
    my @gateway = map { nginx(authorize => "$base$callback") } 1, 2;
    my ($browser, $url, $state) = logged_in($gateway[0], base => $base);
    $browser->{hosts}{$base} = $gateway[1];
    standin()->reset;
    is(refused($browser->link($url)), '400 no_transaction', 'is refused');
    is(refused($browser->link("$base/oauth/company?state=$state")),
       '400 no_transaction', 'by the picker, too');
    is_deeply([calls()], [], 'nothing goes up');
    $browser->{hosts}{$base} = $gateway[0];
    is($browser->link($url)->{status}, 200, 'its own gateway takes it');
    my ($token) = $browser->{page}{body} =~ /name="token" value="(\w+)"/;
    remember($token);
    keep($browser);

    my $code = consent($gateway[0], standin => standin(), base => $base);
    is(told(redeem($gateway[1], $code)), '400 invalid_grant bad_code',
       'a code of another store');
    is(told(redeem($gateway[0], $code)), '200', 'and at home');
};


subtest 'forms that are sent at once' => sub {
    my $nginx = nginx(authorize => 1, workers => 2);
    my $send = sub {
        my ($browser, @sets) = @_;
        my @form = form_of($browser);
        my $cookie = $browser->cookies($nginx->url('/'), 'GET', 'same-origin');
        my @connections = map { $nginx->connect } @sets;
        for my $i (0 .. $#sets) {
            $connections[$i]->send(join '', Procore::Test::HTTP::build(
                'POST', '/oauth/company', headers => [Cookie => $cookie],
                form => [@form, @{ $sets[$i] }]));
        }
        my @answers = map { $_->response('POST') } @connections;
        for my $answer (@answers) {
            remember(($answer->{header}{location} // '') =~ /(psg_\w{64})/);
        }
        return @answers;
    };

    for my $round (1 .. 3) {
        my $browser = picker($nginx);
        my @answers = $send->($browser,
            map { [company => $home, action => 'choose'] } 1 .. 6);
        my %to = map { ($_->{header}{location} // refused($_)) => 1 } @answers;
        is(scalar keys %to, 1, 'six times the same: one redirect');
        like((keys %to)[0], qr/^\Q$app\E\?code=psg_/, 'to the app');

        $browser = picker($nginx);
        @answers = $send->($browser, map { [company => $_,
                                            action => 'choose'] }
                           $home, $foreign, 562949953421313, 21387);
        is_deeply([sort map { refused($_) } @answers],
                  ['303 -', ('400 spent') x 3], 'four companies: one wins');

        $browser = picker($nginx, user => 6);
        standin()->reset;
        @answers = $send->($browser, [company => $home, action => 'choose'],
                           [action => 'cancel'],
                           [company => $home, action => 'choose'],
                           [action => 'cancel']);
        my ($code) = map { ($_->{header}{location} // '')
                           =~ /code=(psg_\w+)/ } @answers;
        my @told = grep { ($_->{header}{location} // '')
                          =~ /error=access_denied/ } @answers;
        ok($code ? !@told : @told, 'chosen and cancelled: one of the two');
        if ($code) {
            my $token = redeem($nginx, $code);
            is(told($token), '200', 'chosen: the code works');
            is(call($nginx, $token->{json}{access_token}, $home), '200',
               'and so does its token');
            is(count('POST /oauth/revoke'), 0, 'nothing was revoked');
        } else {
            wait_for(10, sub { count('POST /oauth/revoke') });
            is(count('POST /oauth/revoke'), 1, 'cancelled: revoked once');
        }
    }

    my $browser = picker($nginx);
    my $page = $browser->{page};
    my @form = form_of($browser);
    $browser->submit(action => 'choose', company => $home);
    keep($browser);
    my ($code) = $browser->{page}{url} =~ /(psg_\w+)/;
    is(told(redeem($nginx, $code)), '200', 'redeemed');
    is(refused(post($nginx, $browser, @form, company => $home,
                    action => 'choose')), '400 spent',
       'then the form gives no second code');
    $browser->{page} = $page;
    is(refused($browser->link($page->{url})), '400 spent',
       'nor does the page');
};


subtest 'a code in odd places' => sub {
    for my $mode (qw(enforce monitor)) {
        my $nginx = nginx(authorize => 1, mode => $mode);
        my $code = consent($nginx, standin => standin());
        standin()->reset;
        my $bad = 'invalid_grant bad_code';
        for my $target (qw(/oauth/token /oauth/token/ /oauth/token.json
                           /oauth/%74oken /oauth/token?x=y))
        {
            is(told(redeem($nginx, substr($code, 0, -1),
                           target => $target)), "400 $bad",
               "$mode: POST $target");
        }
        for my $wrong ("$code\n", "$code ", "$code\0", "$code.", "psg_$code",
                       'psg_' . 'g' x 64, uc($code),
                       'PsG_' . substr($code, 4), "${code}x" x 200)
        {
            my $answer = redeem($nginx, $wrong);
            like(told($answer), qr/^400 invalid_(?:grant|request)/,
                 'code ' . substr($wrong, 0, 5) . '... of ' . length $wrong);
        }
        is_deeply([grep { $_ ne 'POST /oauth/token' } calls()], [],
                  'nothing else was asked');
        my @bodies = map { MIME::Base64::decode_base64($_->{body}) }
            standin()->requests;
        is_deeply([grep { /\Q@{[ substr $code, 4 ]}\E/ } @bodies], [],
                  'and Procore has not seen the code');

        standin()->reset;
        my @as = (client_id => $app{crm}{id},
                  client_secret => $app{crm}{secret});
        for my $form ([grant_type => 'refresh_token', refresh_token => $code],
                      [grant_type => 'client_credentials', code => $code],
                      [grant_type => 'password', code => $code])
        {
            my $answer = $nginx->request('POST', '/oauth/token',
                                         form => [@$form, @as]);
            isnt($answer->{status}, 200, "$form->[1] with the code");
        }
        is($nginx->request('GET', '/rest/v1.0/me', token => $code)->{status},
           401, 'it is no token');
        is(told(redeem($nginx, $code)), '200', 'the right request works');
    }
};


subtest 'a replay ends all that came of it' => sub {
    my $nginx = nginx(authorize => 1, workers => 2);
    my $code = consent($nginx, standin => standin(), pkce => 1);
    my %more = (more => { code_verifier => VERIFIER });
    my $token = redeem($nginx, $code, %more)->{json};
    my $second = refresh($nginx, { %$token, client => 'crm' })->{json};
    my $third = refresh($nginx, { %$second, client => 'crm' })->{json};

    for my $seconds (1, 2) {
        $clock->forward($seconds);
        is(told(redeem($nginx, $code, %more)),
           '400 invalid_grant code_replayed', 'within five seconds');
    }
    is(call($nginx, $third->{access_token}, $home), '200', 'changes nothing');

    $clock->forward(30);
    my @answers = at_once(4, sub { told(redeem($nginx, $code, %more)) });
    is_deeply(\@answers, [('400 invalid_grant code_replayed') x 4],
              'later, four at once');
    for my $one ($token, $second, $third) {
        is(call($nginx, $one->{access_token}, $home), '401 revoked_token',
           'its token is dead');
        is(told($nginx->request('GET', '/rest/v1.0/companies',
                                token => $one->{access_token})),
           '401 revoked_token', 'for discovery, too');
        is(told(refresh($nginx, { %$one, client => 'crm' })),
           '400 invalid_grant revoked_token', 'and cannot be renewed');
        is(told(refresh($nginx, { %$one, client => 'crm' },
                        company_id => $foreign)),
           '400 invalid_grant revoked_token', 'nor bound elsewhere');
    }
    $nginx->stop;
    $nginx->start;
    is(call($nginx, $third->{access_token}, $home), '401 revoked_token',
       'after a restart, too');
    is(told(redeem($nginx, $code, %more)), '400 invalid_grant code_replayed',
       'and the code stays spent');
    $clock->forward(1_900);
    is(told(redeem($nginx, $code, %more)), '400 invalid_grant bad_code',
       'it is forgotten after half an hour');
};


subtest 'a worker that dies while Procore is asked' => sub {
    my $nginx = nginx(authorize => 1);
    my ($browser, $url, $state) = logged_in($nginx);
    standin()->reset;
    standin()->behave({ match => 'GET /rest/v1.0/companies', delay => 3,
                        times => 1 });
    my ($target) = $url =~ m{^http://[^/]*(.*)};
    my $connection = $nginx->connect;
    $connection->send((Procore::Test::HTTP::build('GET', $target, headers => [
        Cookie => $browser->cookies($nginx->url('/'), 'GET',
                                    'cross-site')]))[0]);
    ok(wait_for(10, sub { count('GET /rest/v1.0/companies') }), 'asked');
    $nginx->kill_worker;
    my $picker = $nginx->url("/oauth/company?state=$state");
    is($browser->go(HEAD => $picker)->{status}, 200, 'the picker asks to wait');
    is($browser->link($url, follow => 0)->{header}{location}, $picker,
       'and so does the callback');
    is(count('POST /oauth/token'), 1, 'the code is not exchanged twice');
    $clock->forward(400);
    is(refused($browser->open($picker)), '400 spent', 'but not for ever');
    is_deeply([$browser->relay_cookies], [], 'the cookie goes');
    is(picker($nginx)->{page}{status}, 200, 'the next one is served');
};


subtest 'what a company is called' => sub {
    my $nginx = nginx(authorize => 1, clients => [
        { app => 'crm', redirect => [$app, 'urn:ietf:wg:oauth:2.0:oob'] }]);
    for my $name ('</title><script>alert(1)</script>', '"},"company_id":7,{"',
                  "\\\" \\u0022 \\", "a\r\nSet-Cookie: x=y", "\x{202e}evil",
                  "\x{2028}\x{feff}", 'x' x 10_000, "\x{1f3d7}" x 3_000, '')
    {
        standin()->reset;
        standin()->behave({ match => 'GET /rest/v1.0/companies', body => [
            { id => $home, name => $name, is_active => JSON::PP::true() },
            { id => $foreign, name => $name }] }, {
            match => 'GET /rest/v1.0/me',
            body => { id => 1, login => $name, name => $name } });
        my $browser = picker($nginx, redirect => 'urn:ietf:wg:oauth:2.0:oob');
        is_deeply([$browser->offered], [$home, $foreign], 'is offered');
        my $first = $browser->{page}{body};
        my $page = $browser->submit(action => 'choose', company => $home);
        keep($browser);
        for my $html ($first, $page->{body}) {
            unlike($html, qr/<script|\xe2\x80\xae/, 'as text');
            cmp_ok(length $html, '<', 20_000, 'not too long');
        }
        my ($code) = $page->{body} =~ /\b(psg_[0-9a-f]{64})\b/;
        my $answer = redeem($nginx, $code, more => {
            redirect_uri => 'urn:ietf:wg:oauth:2.0:oob' });
        is($answer->{json}{company_id}, $home, 'the answer is JSON');
        is(() = $answer->{body} =~ /"company_id":/g, 1, 'with one company');
        cmp_ok(length $answer->{body}, '<', 8192, 'and short');
    }
    standin()->reset;
};


done_testing();
