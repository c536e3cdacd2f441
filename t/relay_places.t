#!/usr/bin/perl

# The authorization relay in places of its own: behind try_files, in a realm
# further in; and what one client address may do.

use Procore::Test;
use Procore::Test::Relay qw(at_app browser keep logged_in picker refused
                            start_url);

my $world = world();
my ($home, $foreign) = @$world{qw(home foreign)};
my $crm = $world->{clients}{crm};
my $app = $crm->{redirect_uris}[0];
my $relay = 'procore_scope_authorize %%LOGIN%%
    http://127.0.0.1:%%PORT%%/oauth/company/callback;';
my $lookup = "location /_procore/ { internal; proxy_pass %%API%%/; }\n";


sub targets {
    return map { "$_->{method} $_->{target}" } standin()->requests;
}


sub redeem {
    my ($nginx, $code) = @_;

    return $nginx->request('POST', '/oauth/token', form => [
        grant_type => 'authorization_code', code => $code,
        redirect_uri => $app, client_id => $crm->{id},
        client_secret => $crm->{secret}]);
}


subtest 'behind try_files' => sub {
    my $nginx = nginx(bare => 1, clients => ['crm'], server => $relay,
        locations => $lookup . <<'EOT');
        location /oauth/ {
            procore_scope off;
            procore_scope_authorize off;
            root %%DIR%%/none;
            try_files $uri @login;
        }
        location ~ ^/oauth/(token|revoke)$ {
            procore_scope_oauth on;
            proxy_pass %%LOGIN%%;
        }
        location @login { procore_scope_oauth on; proxy_pass %%LOGIN%%; }
EOT
    my ($browser, $url) = logged_in($nginx);
    standin()->reset;
    is($browser->link($url)->{status}, 200, 'the callback is the relay\'s');
    keep($browser);
    is_deeply([grep { m{^GET /oauth/} } targets()], [], 'and does not go up');
    $browser->submit(action => 'choose', company => $home);
    keep($browser);
    my %answer = $browser->arrived($app);
    my $token = redeem($nginx, $answer{code});
    is("$token->{status} $token->{json}{company_id}", "200 $home",
       'to the end');
};


subtest 'a callback never goes up' => sub {
    my $nginx = nginx(authorize => 1, server => <<'EOT');
        rewrite ^/oauth/there$ /oauth/company/callback last;
EOT
    standin()->reset;
    my $answer = $nginx->request('GET', '/oauth/there?code=x&state=y');
    is(refused($answer), '400 no_transaction', 'by a rewrite');
    is_deeply([targets()], [], 'nothing');

    $nginx = nginx(clients => ['crm'], server => $relay,
        oauth => 'auth_request /judge; error_page 403 = @login;',
        locations => <<'EOT');
        location = /judge {
            procore_scope off;
            procore_scope_authorize off;
            return 403;
        }
        location @login { procore_scope_oauth on; proxy_pass %%LOGIN%%; }
EOT
    $answer = $nginx->request('GET', '/oauth/company/callback?code=x&state=y');
    is(refused($answer), '400 no_transaction', 'from an error page');
    $answer = $nginx->request('GET', '/oauth/company?state=y');
    is(refused($answer), '400 no_transaction', 'nor does a picker');
    is_deeply([targets()], [], 'nothing');
};


subtest 'a realm further in' => sub {
    my $nginx = nginx(authorize => 1, locations => <<'EOT');
        location /oauth/company {
            procore_scope_oauth on;
            procore_scope_authorize %%LOGIN%%
                http://127.0.0.1:%%PORT%%/oauth/company/callback;
            location = /oauth/company/callback {
                procore_scope_realm sandbox;
                procore_scope_oauth on;
                proxy_pass %%LOGIN%%;
            }
        }
EOT
    my ($browser, $url) = logged_in($nginx);
    standin()->reset;
    is(refused($browser->link($url)), '400 no_transaction',
       'has authorizations of its own');
    is_deeply([targets()], [], 'nothing is exchanged');
};


# Callbacks with made-up codes, each of an authorization of its own; how they
# end. Options: client, redirect, from (address), n.
sub guesses {
    my ($nginx, %opt) = @_;

    my %from = $opt{from} ? (headers => ['X-From' => $opt{from}]) : ();
    return map {
        my ($browser, undef, $state) = logged_in($nginx, %opt);
        my $cookie = $browser->cookies($nginx->url('/'), 'GET', 'cross-site');
        my $answer = $nginx->request('GET',
            "/oauth/company/callback?code=guess&state=$state",
            headers => [@{ $from{headers} || [] }, Cookie => $cookie]);
        $answer->{status}
    } 1 .. $opt{n};
}


subtest 'each address has limits of its own' => sub {
    my $nginx = nginx(authorize => 1, workers => 2,
        server => 'set_real_ip_from 127.0.0.1; real_ip_header X-From;',
        clients => ['crm', { app => 'mobile', company => [$home, $foreign] }]);
    my %mobile = (client => 'mobile', redirect => 'com.example.app:/cb');

    is_deeply([guesses($nginx, %mobile, n => 122)],
        [(302) x 120, 429, 429],
              'without secret: 120 codes that nobody has tried');
    is_deeply([guesses($nginx, %mobile, n => 1, from => '192.0.2.1')], [302],
              'another address is not concerned');
    is_deeply([guesses($nginx, n => 1)], [302], 'nor are other apps');

    is_deeply([guesses($nginx, n => 11, from => '::ffff:192.0.2.2')],
              [(302) x 10, 429], 'with secret: ten failed exchanges');
    is_deeply([guesses($nginx, n => 1, from => '::ffff:192.0.2.3')], [302],
              'IPv4 clients of an IPv6 listener have an address each');
    is_deeply([guesses($nginx, n => 1, from => '192.0.2.2')], [429],
              'the same one by IPv4');
    is_deeply([guesses($nginx, n => 1, from => '2001:db8::1')], [302],
              'nor is IPv6');
};


subtest 'the cookie goes when the code is redeemed' => sub {
    my $nginx = nginx(authorize => 1);
    my $browser = picker($nginx);
    my $page = $browser->{page};
    $browser->submit(action => 'choose', company => $home);
    keep($browser);
    my %answer = $browser->arrived($app);
    is(redeem($nginx, $answer{code})->{status}, 200, 'redeemed');
    is(scalar $browser->relay_cookies, 1, 'the cookie is still there');
    is(refused($browser->open($page->{url})), '400 spent', 'the picker then');
    is(scalar $browser->relay_cookies, 0, 'takes it away');
};


done_testing();
