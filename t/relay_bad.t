#!/usr/bin/perl

# Hostile callbacks, cookies and forms: each is refused without a side effect,
# and the honest browser can still finish.

use Procore::Test;
use Procore::Test::Relay qw(at_app browser keep picker refused start_url);

my $world = world();
my ($home, $foreign) = @$world{qw(home foreign)};
my %app = %{ $world->{clients} };
my $app = $app{crm}{redirect_uris}[0];
my $callback = '/oauth/company/callback';


sub calls {
    return grep { !m{/oauth/authorize} }
        map { "$_->{method} $_->{target}" } standin()->requests;
}


# A login that the stand-in's record does not show.
sub logged_in {
    my @login = Procore::Test::Relay::logged_in(@_);
    standin()->reset;
    return @login;
}


subtest 'callbacks' => sub {
    my $nginx = nginx(authorize => 1);
    my ($browser, $url, $state) = logged_in($nginx);
    my (undef, undef, $other) = logged_in($nginx);
    my ($code) = $url =~ /code=(\w+)/;

    my %bad = (
        'no state' => ["code=$code", 'no_transaction'],
        'empty state' => ["code=$code&state=", 'no_transaction'],
        'state of 63' => ["code=$code&state=" . substr($state, 1),
                          'no_transaction'],
        'state of 65' => ["code=$code&state=${state}0", 'no_transaction'],
        'upper case' => ["code=$code&state=" . uc $state, 'no_transaction'],
        'another one' => ["code=$code&state=$other", 'no_transaction'],
        'the same name' => ["code=$code&state=" . substr($state, 0, 12)
                            . '0' x 52, 'no_transaction'],
        'no digits' => ["code=$code&state=" . 'x' x 64, 'no_transaction'],
        'two states' => ["code=$code&state=$state&state=$other",
                         'bad_request'],
        'code and error' => ["code=$code&error=x&state=$state",
                             'bad_request'],
        'two codes' => ["code=$code&code=x&state=$state", 'bad_request'],
        'no code' => ["state=$state", 'bad_request'],
        'empty code' => ["code=&state=$state", 'bad_request'],
        'code of 7 KB' => ['code=' . 'x' x 7000 . "&state=$state",
                           'bad_request'],
        'a quote in it' => ["code=x%22&state=$state", 'bad_request'],
        'a line end' => ["code=x%0d%0a&state=$state", 'bad_request'],
        'broken escape' => ["code=$code&state=$state&x=%zz", 'bad_request'],
        'brackets' => ["code[]=$code&state=$state", 'bad_request'],
        'NUL' => ["code=$code&state=$state&x=%00", 'bad_request'],
    );
    for my $name (sort keys %bad) {
        my ($query, $reason) = @{ $bad{$name} };
        my $page = $browser->link($nginx->url("$callback?$query"));
        is(refused($page), "400 $reason", $name);
    }
    is_deeply([calls()], [], 'nothing went up');
    is($browser->link($url)->{status}, 200, 'the good one still works');

    ($browser, $url, $state) = logged_in($nginx);
    for my $error (['access_denied', 'access_denied'],
                   ['invalid_scope', 'invalid_scope'],
                   ['x%22y', 'server_error'], ['%0d%0aX:', 'server_error'],
                   ['', 'server_error'], ['x' x 300, 'server_error'])
    {
        ($browser, $url, $state) = logged_in($nginx);
        $nginx->skip_audit;
        $browser->link($nginx->url("$callback?error=$error->[0]"
            . "&error_description=x&state=$state"));
        is(at_app($browser, $app), "$error->[1] of a state",
           "error \"$error->[0]\"");
        is($nginx->next_audit->{event}{reason}, 'upstream_denied', 'its reason');
        is(refused($browser->link($url)), '400 no_transaction',
           'and it is over');
    }
    is_deeply([calls()], [], 'nothing went up');
};


subtest 'cookies' => sub {
    my $nginx = nginx(authorize => 1);
    my ($browser, $url, $state) = logged_in($nginx);
    my ($cookie) = $browser->relay_cookies;
    my ($name, $value) = @$cookie{qw(name value)};
    my ($stranger) = (logged_in($nginx))[0]->relay_cookies;
    my ($target) = $url =~ m{^http://[^/]*(.*)};

    my %bad = (
        'none' => '', 'empty' => "$name=", 'cut' => "$name=" . substr($value,
            0, -1), 'half' => "$name=" . substr($value, 0, length($value) / 2),
        'longer' => "$name=${value}A", 'no base64url' => "$name=$value=",
        'renamed' => "$stranger->{name}=$value",
        'of another' => "$name=$stranger->{value}",
        'twice' => "$name=$value; $name=$value",
        'twice, one broken' => "$name=x; $name=$value",
        'with the other prefix' => "__Host-$name=$value",
        'upper case' => uc($name) . "=$value",
    );
    for (my $at = 0; $at < length $value; $at += 37) {
        my $flipped = $value;
        substr($flipped, $at, 1) =~ tr/A-Za-z0-9_-/B-ZAb-za1-90\-_/;
        $bad{"changed at $at"} = "$name=$flipped";
    }
    for my $what (sort keys %bad) {
        my $page = $nginx->request('GET', $target,
                                   headers => [Cookie => $bad{$what}]);
        is(refused($page), '400 no_transaction', $what);
    }

    my $page = $nginx->request('GET', $target, headers => [
        Cookie => "$name=$value", Cookie => "$name=$value"]);
    is(refused($page), '400 no_transaction', 'on two lines');
    is_deeply([calls()], [], 'nothing went up');

    $page = $nginx->request('GET', $target, headers => [
        Cookie => "a=b; x$name=1", Cookie => "c=\"d;\"; $name=$value;e"]);
    is($page->{status}, 302, 'among others it is found');
};


subtest 'forms' => sub {
    my $nginx = nginx(authorize => 1);
    my $browser = picker($nginx);
    my $page = $browser->{page};
    my ($form) = $browser->forms;
    my %field = @{ $form->{fields} };
    my $url = $nginx->url('/oauth/company');
    my $origin = $nginx->url;
    my $other = picker($nginx);
    my %others = @{ ($other->forms)[0]{fields} };
    my @good = (state => $field{state}, token => $field{token},
                company => $home, action => 'choose');
    standin()->reset;

    my $post = sub {
        my ($wanted, $name, %opt) = @_;
        my $answer = $browser->go(POST => $url, site => 'same-origin',
                                  origin => $origin, form => \@good, %opt);
        is(refused($answer), $wanted, $name);
    };
    $post->('403 csrf', 'Origin null', origin => 'null');
    $post->('403 csrf', 'a sibling', origin => $origin =~ s/127/x.127/r);
    $post->('403 csrf', 'another port', origin => 'http://127.0.0.1:1');
    $post->('403 csrf', 'https', origin => $origin =~ s/http/https/r);
    $post->('403 csrf', 'two origins', headers => [Origin => 'null']);
    $post->('403 csrf', "from $_", site => $_)
        for qw(cross-site same-site none Same-Origin);
    for my $token ('', 'x', uc $field{token}, substr($field{token}, 1),
                   $others{token}, "$field{token}0")
    {
        $post->('403 csrf', 'a token of ' . length $token,
                form => [state => $field{state}, token => $token,
                         company => $home, action => 'choose']);
    }
    $post->('403 csrf', 'no token', form => [@good[0, 1], @good[4 .. 7]]);
    $post->('400 no_transaction', 'the state of another',
            form => [state => $others{state}, @good[2 .. 7]]);
    $post->('400 no_transaction', 'no state', form => [@good[2 .. 7]]);
    $post->('400 bad_request', 'two companies',
            form => [@good, company => $foreign]);
    $post->('400 bad_request', 'two states',
            form => [@good, state => $others{state}]);
    $post->('400 bad_request', 'two tokens', form => [@good, token => 'x']);
    $post->('400 bad_request', 'two actions',
            form => [@good, action => 'cancel']);
    $post->('400 bad_request', 'no action', form => [@good[0 .. 5]]);
    $post->('400 bad_request', 'another action',
            form => [@good[0 .. 5], action => 'Choose']);
    $post->('400 bad_request', 'broken escape', form => undef,
            type => 'application/x-www-form-urlencoded',
            body => encode_form(@good) . '&x=%zz');
    $post->('400 company_not_offered', 'no company',
            form => [@good[0 .. 3], action => 'choose']);

    my $body = encode_form(@good);
    my @type = (type => 'application/x-www-form-urlencoded');
    $post->('415 bad_request', 'no type', form => undef, body => $body);
    $post->("415 bad_request", "type $_", form => undef, body => $body,
            type => $_)
        for 'application/json', 'text/plain', 'multipart/form-data; boundary=x',
            'application/x-www-form-urlencodedx';
    $post->('413 bad_request', '1 MB', form => undef, @type,
            body => $body . '&x=' . 'x' x 1_048_576);
    $post->('413 bad_request', '10,000 fields', form => undef, @type,
            body => $body . '&x=1' x 10_000);
    $post->('400 bad_request', 'chunked', form => undef, @type,
            pieces => [$body], chunked => 1);
    $post->('400 no_transaction', 'empty', form => undef, @type, body => '');
    is_deeply([calls()], [], 'nothing went up');

    my $stranger = browser($nginx);
    is(refused($stranger->go(POST => $url, form => \@good)),
       '400 no_transaction', 'without the cookie');
    is(refused($browser->go(POST => $url, site => 'cross-site',
                            form => \@good)), '403 csrf',
       'from another site, where the browser sends no cookie');

    $post->('303 -', 'good after all', @type, form => undef, body => $body,
            type => 'Application/X-WWW-Form-URLEncoded; charset=UTF-8');
    keep($browser);
    is(at_app($browser, $app), 'psg_ of a state', 'and the code is there');

    $browser = picker($nginx);
    my ($fields) = map { $_->{fields} } $browser->forms;
    $browser->go(POST => $url, form => [@$fields, company => $home,
                                        action => 'choose']);
    keep($browser);
    is(at_app($browser, $app), 'psg_ of a state',
       'a browser that sends neither Origin nor Sec-Fetch-Site');
};


subtest 'a body that nginx has put into a file' => sub {
    my $nginx = nginx(authorize => 1,
                      oauth => 'client_body_in_file_only clean;');
    my $browser = picker($nginx);
    $browser->submit(action => 'choose', company => $home);
    keep($browser);
    is(at_app($browser, $app), 'psg_ of a state', 'is read');
};


# Two relays on one store: another realm, another callback.
subtest 'production and sandbox' => sub {
    my $port = free_port();
    my $nginx = nginx(authorize => 1, servers => <<"EOT");
    server {
        listen 127.0.0.1:$port;
        procore_scope enforce;
        procore_scope_realm sandbox;
        procore_scope_lookup /_procore;
        access_log %%DIR%%/logs/audit.log procore if=\$procore_scope_audit;
        procore_scope_client $app{crm}{id} secret_file=%%DIR%%/conf/$app{crm}{id}.secret redirect_uri=$app;
        location /oauth/ {
            procore_scope_oauth on;
            procore_scope_authorize %%LOGIN%% http://127.0.0.1:$port$callback;
            proxy_pass %%LOGIN%%;
        }
        location /_procore/ {
            internal;
            proxy_pass %%API%%/;
        }
    }
EOT
    my $sandbox = bless { %$nginx, port => $port }, 'Procore::Test::Host';
    my $here = 'http://127.0.0.1:' . $nginx->port;
    my $there = "http://127.0.0.1:$port";

    for my $case ([$nginx, $sandbox, $here, $there],
                  [$sandbox, $nginx, $there, $here])
    {
        my ($own, $other, $from, $to) = @$case;
        my ($browser, $url) = logged_in($own);
        $browser->{hosts}{$to} = $other;
        is(refused($browser->link($url =~ s/^\Q$from\E/$to/r)),
           '400 no_transaction', 'a callback of one in the other');
        is_deeply([calls()], [], 'exchanges nothing');

        $browser->link($url);
        my $picker = $browser->{page}{url};
        is(refused($browser->open($picker =~ s/^\Q$from\E/$to/r)),
           '400 no_transaction', 'nor is its picker there');
        $browser->open($picker);
        my ($form) = grep { $_->{method} eq 'POST' } $browser->forms;
        is(refused($browser->go(POST => "$to/oauth/company", form => [
            @{ $form->{fields} }, company => $home, action => 'choose'])),
           '400 no_transaction', 'or its form');
        $browser->open($picker);
        $browser->submit(action => 'choose', company => $home);
        keep($browser);
        my %answer = $browser->arrived($app);
        is(token_request($other, code => $answer{code})->{json}{reason},
           'bad_code', 'or its code');
        is(token_request($own, code => $answer{code})->{status}, 200,
           'which is good at home');
    }
};


subtest 'the configuration in force at each step' => sub {
    my $nginx = nginx(authorize => 1);
    my $browser = picker($nginx);
    my $page = $browser->{page};
    my ($later, $url) = logged_in($nginx);

    ok($nginx->reload(clients => [
        { app => 'crm', company => [$foreign, 21387] }]), 'a shorter list');
    is_deeply([sort { $a <=> $b } $browser->reload && $browser->offered],
              [21387, $foreign], 'is what is offered');
    $browser->{page} = $page;
    is(refused($browser->submit(action => 'choose', company => $home)),
       '400 company_not_offered', 'and all that can be chosen');

    ok($nginx->reload(clients => [{ app => 'crm', redirect => [
        'http://localhost:8080/cb'] }]), 'another redirect URI');
    $browser->{page} = $page;
    is(refused($browser->submit(action => 'choose', company => $foreign)),
       '400 bad_redirect_uri', 'no way back');
    is(refused($browser->open($page->{url})), '400 bad_redirect_uri',
       'and no page');
    standin()->reset;
    is(refused($later->link($url)), '400 bad_redirect_uri', 'nor callback');
    is_deeply([calls()], [], 'which exchanges nothing');

    ok($nginx->reload(clients => ['crm']), 'as before');
    $browser->{page} = $page;
    $browser->submit(action => 'choose', company => $foreign);
    keep($browser);
    is(at_app($browser, $app), 'psg_ of a state', 'goes on');
};


done_testing();
