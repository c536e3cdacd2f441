#!/usr/bin/perl

# procore_scope_client: what "nginx -t" says of it, the modes and the lists of
# companies of single apps.

use Procore::Test;
use Procore::Test::Ways qw(answer told);

use File::Temp ();

my $world = world();
my ($crm, $reports, $mobile) = @{ $world->{clients} }{qw(crm reports mobile)};
my ($home, $foreign) = @$world{qw(home foreign)};
my $south = $world->{companies}[2]{id};

my $standin = standin();
my $files = File::Temp::tempdir(CLEANUP => 1);
chmod 0755, $files;


# The path of a new file with this content and these permissions.
sub file {
    my ($name, $content, $mode) = @_;

    open my $out, '>', "$files/$name" or die "$files/$name: $!\n";
    print $out $content;
    close $out or die "$files/$name: $!\n";
    chmod $mode // 0600, "$files/$name";
    return "$files/$name";
}


# "nginx -t" refuses these lines in one message that fits the expression.
sub refused {
    my ($lines, $expression, $name) = @_;

    my ($exit, $output) = config_test(server => $lines);
    my @emerg = grep { /\[emerg\]/ } split /\n/, $output;

    subtest 'refused: ' . ($name // $lines) => sub {
        isnt($exit, 0, 'the exit code says so');
        is(scalar @emerg, 1, 'in one message') or diag($output);
        like($emerg[0], $expression, 'in a clear sentence');
        like($emerg[0], qr/ in \S+:\d+$/, 'with its line');
    };
    return;
}


sub verdict {
    my ($record) = @_;

    return join ' ', @{ $record->{procore_scope} }{qw(mode decision reason)};
}


sub token_requests {
    return grep { $_->{target} =~ m{^/oauth/token} } $standin->requests;
}


my $secret = file('secret', 's3cret');


subtest 'right values' => sub {
    config_ok($_, server => "procore_scope_client $_;") for (
        'abc',
        'abc name=CRM mode=monitor',
        'abc mode=enforce pkce=off company_hint=trusted',
        "abc secret_file=$secret redirect_uri=https://crm.example.com/cb",
        "abc secret_file=$secret redirect_uri=http://127.0.0.1/cb"
            . ' redirect_uri=http://localhost:8080/cb'
            . ' redirect_uri=http://[::1]/cb redirect_uri=com.example.app:/cb'
            . ' redirect_uri=urn:ietf:wg:oauth:2.0:oob',
        "abc redirect_uri=https://crm.example.com/cb company=$home",
        qq(abc "company=$home Acme North" company=$foreign),
        '*',
        '* deny',
        "* company=$home mode=monitor",
        'x' x 128,
    );
    config_ok('a secret of 512 bytes', server => 'procore_scope_client abc'
        . ' secret_file=' . file('long', 'x' x 512) . ';');
    config_ok('one after the other', server =>
        'procore_scope_client abc; procore_scope_client def;'
            . ' procore_scope_client *;');

    my ($exit, $output) = config_test(server => 'procore_scope_client abc'
        . ' secret_file=' . file('open', 's3cret', 0644) . ';');
    is($exit, 0, 'a secret that others can read is accepted');
    like($output, qr{\[warn\].*"\Q$files\E/open" can be read by others in \S+},
         'with a warning');
};


subtest 'a mode that changes nothing' => sub {
    my $client = 'procore_scope_client abc mode=enforce;';
    my $warning = qr/\[warn\].*the client in \S+nginx\.conf:\d+ has no effect/;
    my (undef, $output) = config_test(mode => 'off', server => $client);
    like($output, $warning, 'is warned of');

    (undef, $output) = config_test(mode => 'off', server => $client,
        location => 'procore_scope monitor;');
    unlike($output, qr/no effect/, 'not where one location has a mode');
    (undef, $output) = config_test(mode => 'off',
        server => 'procore_scope_client abc;');
    unlike($output, qr/no effect/, 'nor without one');
};


subtest 'what is refused' => sub {
    my $uri = 'abc secret_file=' . $secret . ' redirect_uri=';

    refused("procore_scope_client $_->[0];", $_->[1]) for (
        ['""', qr/client id "" must have 1 to 128 bytes/],
        ['x' x 129, qr/must have 1 to 128 bytes/],
        ['abc names=CRM', qr/invalid parameter "names=CRM"/],
        ['abc name=', qr/invalid parameter "name="/],
        ['abc name=a name=b', qr/has "name" twice/],
        ['abc mode=off', qr/the mode of a client is .*, not "off"/],
        ['abc mode=monitor mode=enforce', qr/has "mode" twice/],
        ['abc pkce=on', qr/"pkce" is "off" or not given, not "on"/],
        ['abc company_hint=yes', qr/"company_hint" is "trusted" or not given/],
        ['abc company=acme', qr/"acme" in "procore_scope_client" is not an id/],
        ['abc company=007', qr/"007" in "procore_scope_client" is not an id/],
        ['abc "company=12abc Acme"', qr/"12abc" in .* is not an id/],
        ["abc company=$home company=$home", qr/company $home is here twice/],
        ['abc deny', qr/"deny", which is for "\*" without "company"/],
        ["* deny company=$home", qr/"deny", which is for "\*" without/],
        ['* redirect_uri=https://crm.example.com/cb', qr/is for one app alone/],
        ["* secret_file=$secret", qr/is for one app alone/],
        ['abc redirect_uri=https://crm.example.com/cb',
         qr/needs a "secret_file" or a "company" as well/],

        [$uri . 'http://crm.example.com/cb', qr/the redirect URI "http:/],
        [$uri . 'https://crm.example.com/cb#x', qr/the redirect URI "/],
        [$uri . 'https://me@crm.example.com/cb', qr/the redirect URI "/],
        [$uri . 'https://*.example.com/cb', qr/the redirect URI "/],
        [$uri . 'javascript:alert(1)', qr/the redirect URI "javascript/],
        [$uri . 'app:/cb', qr/the redirect URI "app:/],
        [$uri . 'urn:ietf:wg:oauth:2.0', qr/the redirect URI "urn:/],
        [$uri . 'https://crm.example.com/' . 'x' x 500, qr/the redirect URI "/],

        ["abc secret_file=$files/none", qr/none" failed/],
        ['abc secret_file=' . file('empty', ''), qr/must have 1 to 512 bytes/],
        ['abc secret_file=' . file('newline', "\n"), qr/newline" is empty/],
        ['abc secret_file=' . file('longer', 'x' x 513),
         qr/must have 1 to 512 bytes/],
        ['abc secret_file=' . file('shared', 'x', 0602),
         qr/shared" can be written by others/],
        ["abc secret_file=$secret secret_file=$secret",
         qr/has "secret_file" twice/],
    );

    refused('procore_scope_client abc; procore_scope_client abc name=x;',
            qr/client "abc" is here twice/);
    refused('procore_scope_client;', qr/number of arguments/);
};


subtest 'an inner client replaces the outer one of the same id' => sub {
    my $nginx = nginx(
        http => "procore_scope_client $crm->{id} company=$foreign;"
            . " procore_scope_client * deny;",
        server => "procore_scope_client $crm->{id} company=$home"
            . " company=$south;",
        oauth => "procore_scope_client $reports->{id} company=$south;");

    is(answer($nginx, bind_token($nginx, company => $home), $home), 'passes',
       'the inner list');
    my $code = authorize_code($standin);
    is(told(token_request($nginx, code => $code, company_id => $foreign)),
       '400 invalid_request company_not_allowed', 'not the outer one');

    my $sole = bind_token($nginx, client => 'reports');
    is(answer($nginx, $sole, $south), 'passes', 'one more, further in');

    $code = authorize_code($standin, client => 'mobile');
    is(told(token_request($nginx, code => $code, client => 'mobile',
                          company_id => $home)),
       '400 invalid_request company_not_allowed', 'the others are inherited');
};


subtest 'the list of an app holds in every way to bind' => sub {
    my $list = "procore_scope_client $crm->{id} company=$home company=$south;";
    my $nginx = nginx(server => $list
        . ' procore_scope_bind token_request client sole_company first_use;');
    my $before = token_requests();

    for my $format (qw(form json multipart query)) {
        my $code = authorize_code($standin);
        my $response = token_request($nginx, code => $code, format => $format,
                                     company_id => $foreign);
        is(told($response), '400 invalid_request company_not_allowed',
           "$format: the token request");
        is($response->{header}{'procore-scope-reason'}, 'company_not_allowed',
           "$format: header");
    }
    is(scalar token_requests(), $before, 'nothing was forwarded');
    my $record = $nginx->next_action('token');
    is(verdict($record), 'enforce deny company_not_allowed', 'on record');
    is($record->{procore_scope}{claims}[0]{value}, $foreign, 'with the claim');

    my $token = bind_token($nginx);
    is(answer($nginx, $token, $foreign), '403 company_not_allowed',
       'the first use');
    is(answer($nginx, $token, $south), 'passes', 'which costs nothing');

    my $other = bind_token($nginx, client => 'reports', company => $foreign);
    is(answer($nginx, $other, $foreign), 'passes', 'another app is free');

    # A list of companies binds nobody to what the app may not have.
    $list = "procore_scope_client $crm->{id} company=$foreign company=$south;";
    my $narrow = nginx(server => $list);
    $token = bind_token($narrow, user => 2);
    my $companies = $narrow->request('GET', '/rest/v1.0/companies',
                                     token => $token->{access_token});
    is($companies->{json}[0]{id}, $home, 'its only company is shown');
    is(answer($narrow, $token, $home), '403 unbound', 'and is not bound');

    my $configured = nginx(server => "$list procore_scope_company $home;");
    my $code = authorize_code($standin);
    is(told(token_request($configured, code => $code)),
       '400 invalid_request company_not_allowed', 'the configured company');
    is(answer($configured, bind_token($standin), $home), 'passes',
       'of an app that is not known yet nobody can tell');

    $token = bind_token($configured, client => 'reports');
    is(answer($configured, $token, $home), 'passes', 'another app has it');
};


subtest 'a list that has become shorter' => sub {
    my $line = "procore_scope_client $crm->{id}";
    my $nginx = nginx(server => "$line company=$home company=$south;");
    my $token = bind_token($nginx, company => $home);

    $nginx->reload(server => "$line company=$south company=$foreign;");
    is(told(refresh($nginx, $token)),
       '400 invalid_request company_not_allowed', 'ends with a refresh');
    is(answer($nginx, $token, $home), 'passes',
       'what is bound stays bound until then');

    $nginx->reload(server => "$line company=$home;");
    is(refresh($nginx, $token)->{status}, 200,
       'the refresh token was not spent');
};


subtest 'all other apps' => sub {
    my $deny = nginx(server => "procore_scope_client $crm->{id};"
        . ' procore_scope_client * deny;'
        . ' procore_scope_bind token_request client sole_company first_use;');
    my $token = bind_token($deny, company => $home);
    is(answer($deny, $token, $home), 'passes', 'the listed one is free');

    my $code = authorize_code($standin, client => 'reports');
    is(told(token_request($deny, client => 'reports', code => $code,
                          company_id => $home)),
       '400 invalid_request company_not_allowed', 'deny: a token request');
    $token = token_request($deny, client => 'reports', code => $code)->{json};
    ok($token->{access_token}, 'deny: without a company it passes');
    is(answer($deny, $token, $home), '403 company_not_allowed',
       'deny: the first use');
    is(answer($deny, bind_token($standin), $home), '403 company_not_allowed',
       'deny: a token of nobody knows which app');

    my $sole = bind_token($deny, client => 'reports', user => 2);
    $deny->request('GET', '/rest/v1.0/companies',
                   token => $sole->{access_token});
    is(answer($deny, $sole, $home), '403 company_not_allowed',
       'deny: a sole company');

    my $only = nginx(server => "procore_scope_client * company=$home;");
    $token = bind_token($only, client => 'reports');
    is(answer($only, $token, $home), 'passes', 'company=: bound to the one');
    $code = authorize_code($standin);
    is(told(token_request($only, code => $code, company_id => $foreign)),
       '400 invalid_request company_not_allowed', 'company=: not another');
};


subtest 'the mode of an app' => sub {
    my $nginx = nginx(mode => 'monitor', server =>
        "procore_scope_client $crm->{id} mode=enforce;",
        location => 'add_header X-Mode $procore_scope_mode always;');
    my $strict = bind_token($nginx, company => $home);
    my $loose = bind_token($nginx, client => 'reports', company => $home);

    is(answer($nginx, $strict, $foreign), '403 foreign_company',
       'enforce in monitor');
    is(verdict($nginx->next_action('request')), 'enforce deny foreign_company',
       'on record');
    is(answer($nginx, $loose, $foreign), 'passes', 'the others pass');
    is(verdict($nginx->next_action('request')),
       'monitor would_deny foreign_company', 'on record');
    is($nginx->request('GET', '/rest/v1.0/me',
                       token => $strict->{access_token})->{header}{'x-mode'},
       'enforce', 'the variable says so');

    for my $case ([crm => '400 invalid_request rebind'],
                  [reports => '200 - -'])
    {
        my ($client, $want) = @$case;
        for my $format (qw(form json multipart query)) {
            for my $auth (qw(params basic)) {
                my $token = bind_token($nginx, client => $client,
                                       company => $home);
                is(told(refresh($nginx, $token, company_id => $foreign,
                                format => $format, auth => $auth)), $want,
                   "$client $format $auth: a refresh for another company");
            }
        }
    }

    my $enforce = nginx(server => "procore_scope_client $crm->{id}"
        . ' mode=monitor;');
    $loose = bind_token($enforce, company => $home);
    $strict = bind_token($enforce, client => 'reports', company => $home);
    is(answer($enforce, $loose, $foreign), 'passes', 'monitor in enforce');
    is(answer($enforce, $strict, $foreign), '403 foreign_company',
       'the others do not');
    is(answer($enforce, { access_token => 'x' x 64 }, $home), '403 unbound',
       'nor does a token of nobody knows which app');
    is(told(refresh($enforce, $loose, company_id => $foreign)), '200 - -',
       'its refresh goes through');
    is($enforce->request('POST', '/oauth/token', form => [
           grant_type => 'refresh_token', refresh_token => 'r' x 64,
           client_id => $crm->{id}, client_id => $reports->{id}])->{status},
       400, 'who is two apps has the mode of the place');
};


subtest 'nobody borrows the mode of another app' => sub {
    my $enforce = nginx(server => "procore_scope_client $crm->{id}"
        . ' mode=monitor;');
    my $code = authorize_code($standin, client => 'reports');
    my @form = (grant_type => 'authorization_code', code => $code,
                redirect_uri => $reports->{redirect_uris}[0],
                client_id => $reports->{id},
                client_secret => $reports->{secret});

    for my $case (
        ['a query beside it', query => { client_id => $crm->{id} },
         form => \@form],
        ['Basic beside it', form => \@form,
         basic => [$crm->{id}, $crm->{secret}]],
        ['a query and a company that differs',
         query => { client_id => $crm->{id}, company_id => $foreign },
         form => [@form, company_id => $home]],
        ['a body that cannot be read', query => { client_id => $crm->{id} },
         body => encode_form(@form), type => 'text/xml'],
        ['a body that cannot be read, under another refusal',
         query => { client_id => $crm->{id}, company_id => $foreign },
         company => $home, body => encode_form(@form), type => 'text/xml'],
    ) {
        my ($name, %opt) = @$case;
        my $query = encode_form(%{ delete $opt{query} || {} });
        my $response = $enforce->request('POST', "/oauth/token?$query", %opt);
        is($response->{status}, 400, $name);
    }
    remember($reports->{secret});

    # Nor does one that is enforced hide behind another.
    my $one = "procore_scope_client $crm->{id} mode=monitor company=$home;";
    my @request = ('POST', '/oauth/token?' . encode_form(@form),
                   form => [client_id => $crm->{id}]);
    my $mixed = nginx(mode => 'monitor', server =>
        "$one procore_scope_client * mode=enforce;");
    is($mixed->request(@request)->{status}, 400, 'where one is enforced');

    # In monitor alone such a token belongs to an app that nobody knows.
    my $monitor = nginx(mode => 'monitor', server => $one);
    my $response = $monitor->request(@request);
    is($response->{status}, 200, 'in monitor it is forwarded');
    remember(@{ $response->{json} }{qw(access_token refresh_token)});
    my $record = $monitor->next_action('token');
    is($record->{procore_scope}{client}, undef, 'its app is not known');
    is($record->{procore_scope}{company}, undef, 'and it is not bound');
};


done_testing();
