#!/usr/bin/perl

# A token's life after it is bound: refreshed, expired, revoked, handed out
# twice; and tokens that never passed the token endpoint.

use Procore::Test;
use Procore::Test::Ways qw(answer told);

my $world = world();
my $crm = $world->{clients}{crm};
my ($home, $foreign) = @$world{qw(home foreign)};
my $list = '/rest/v1.0/companies';
my $ways = 'procore_scope_bind token_request client sole_company first_use;';

my $standin = standin();
my $nginx = nginx(workers => 2);
my $all = nginx(server => $ways);


sub renew {
    my ($to, $token, %opt) = @_;

    return { %$token, %{ refresh($to, $token, %opt)->{json} } };
}


# A token in the fragment of a redirect: it never passed the gateway.
sub implicit {
    my ($to) = @_;

    my $response = authorize($to, response_type => 'token');
    my ($token) = ($response->{header}{location} // '')
        =~ /#.*?access_token=([^&]+)/;
    remember($token);
    return { access_token => $token, client => 'crm' };
}


subtest 'a family over many refreshes' => sub {
    my @tokens = bind_token($nginx, company => $home);
    push @tokens, renew($nginx, $tokens[-1]) for 1 .. 5;

    is($tokens[-1]{company_id}, $home, 'the last answer says the company');
    is(answer($nginx, $tokens[-1], $home), 'passes', 'the last one works');
    is(answer($nginx, $_, $foreign), '403 foreign_company', 'bound')
        for @tokens;

    my $old = refresh($nginx, $tokens[0]);
    is(told($old), '400 invalid_grant -', 'a used one is Procore\'s to refuse');
    is(answer($nginx, $tokens[-1], $home), 'passes', 'and changes nothing');
    is(told(refresh($nginx, $tokens[0], company_id => $foreign)),
       '400 invalid_request rebind', 'a used one is bound as well');

    revoke($nginx, $tokens[-1]{refresh_token});
    is(answer($nginx, $_, $home), '401 revoked_token', 'all end together')
        for @tokens;
};


subtest 'a refresh without rotation' => sub {
    my $token = bind_token($nginx, company => $home);
    $standin->behave({ match => 'POST /oauth/token', body =>
        { access_token => 'n' x 64, token_type => 'bearer',
          refresh_token => $token->{refresh_token}, expires_in => 5400 } });
    my $new = renew($nginx, $token);
    $standin->behave;
    is(answer($nginx, $new, $foreign), '403 foreign_company', 'bound');
    is(refresh($nginx, $token)->{status}, 200, 'the old one goes on');

    $token = bind_token($nginx, company => $home);
    $standin->behave({ match => 'POST /oauth/token',
                       drop => ['refresh_token'] });
    $new = renew($nginx, $token);
    $standin->behave;
    is(answer($nginx, $new, $foreign), '403 foreign_company',
       'an answer without a refresh token');
};


subtest 'an answer that gets lost' => sub {
    my $token = bind_token($nginx, company => $home);
    $standin->behave({ match => 'POST /oauth/token', truncate => 20 });
    my $lost = refresh($nginx, $token);
    $standin->behave;
    ok(!$lost->{complete}, 'it is cut on its way');

    my $again = refresh($nginx, $token);
    is(told($again), '400 invalid_grant -', "the second try is Procore's to tell");
    is(answer($nginx, $token, $foreign), '403 foreign_company',
       'the binding stays');

    # Between the gateway and the app: the gateway knows the new pair.
    $token = bind_token($nginx, company => $home);
    my $fresh = 'lost' . 'z' x 60;
    $standin->behave({ match => 'POST /oauth/token', delay => 0.2,
        body => { access_token => $fresh, refresh_token => "r$fresh",
                  token_type => 'bearer', expires_in => 5400 } });
    my ($head, @pieces) = Procore::Test::HTTP::build('POST', '/oauth/token',
        form => [grant_type => 'refresh_token', client_id => $crm->{id},
                 client_secret => $crm->{secret},
                 refresh_token => $token->{refresh_token}]);
    my $connection = $nginx->connect;
    $connection->send(join '', $head, @pieces);
    my $sent = wait_for(10, sub { grep {
        $_->{target} eq '/oauth/token'
            && $_->{headers}{'content-length'} == length join '', @pieces
    } $standin->requests });
    ok($sent, 'it is on its way');
    $connection->close;
    $standin->behave;
    is(answer($nginx, $token, $foreign), '403 foreign_company',
       'the app has left: the binding stays');
};


subtest 'revoke in every spelling that the login host routes' => sub {
    my $routed = 0;

    for my $target ('/oauth/revoke', '/oauth/revoke/', '/oauth/revoke.json',
                    '/oauth/revoke.xml', '/oauth/revoke.json/',
                    '/oauth//revoke', '/oauth/Revoke', '/oauth/revoke%2ejson',
                    '/oauth/%72evoke', '/oauth/x/../revoke', '//oauth/revoke',
                    '/oauth/revoke;x', '/oauth/revoke.') {
        for my $kind (qw(access_token refresh_token)) {
            my $token = bind_token($nginx, company => $home);
            my $response = revoke($nginx, $token->{$kind}, target => $target);
            my $lives = $standin->request('GET', '/rest/v1.0/me',
                token => $token->{access_token})->{status} == 200;
            $routed++ unless $lives;

            is(answer($nginx, $token, $home),
               $lives ? 'passes' : '401 revoked_token',
               "$target $kind: " . ($lives ? 'not routed' : 'ended'));
        }
    }
    cmp_ok($routed, '>=', 6, 'several are routed');
};


subtest 'what is revoked is not bound again' => sub {
    my %bind = (
        token_request => sub { bind_token($_[0], company => $home, user => 2) },
        sole_company => sub {
            my $token = bind_token($_[0], user => 2);
            $_[0]->request('GET', $list, token => $token->{access_token});
            return $token;
        },
        first_use => sub {
            my $token = bind_token($_[0], user => 2);
            answer($_[0], $token, $home);
            return $token;
        },
        nobody => sub { bind_token($_[0], user => 2) },
    );

    for my $way (sort keys %bind) {
        my $token = $bind{$way}->($all);
        is(revoke($all, $token->{access_token})->{status}, 200, "$way: revoke");

        is(answer($all, $token, $home), '401 revoked_token',
           "$way: no first use");
        is(told($all->request('GET', $list, token => $token->{access_token})),
           '401 - revoked_token', "$way: no list");
        is(told(refresh($all, $token, company_id => $home)),
           '400 invalid_grant revoked_token', "$way: no refresh");
        is(told($all->request('GET', '/oauth/token/info',
                              token => $token->{access_token})),
           '401 - revoked_token', "$way: no token info");
    }

    my $line = "procore_scope_client $crm->{id} company=$home;";
    my $token = bind_token($all);
    revoke($all, $token->{refresh_token});
    $all->reload(server => "$ways $line procore_scope_company $home;");
    is(answer($all, $token, $home), '401 revoked_token',
       'nor by what is configured later');
    $all->reload(server => $ways);
};


subtest 'token info' => sub {
    my $bound = bind_token($nginx, company => $home);
    my $unbound = bind_token($nginx);

    for my $token ($bound, $unbound) {
        my $info = $nginx->request('GET', '/oauth/token/info',
                                   token => $token->{access_token});
        is($info->{json}{application}{uid}, $crm->{id}, 'passes');
    }
    $standin->expire($unbound->{access_token});
    my $info = $nginx->request('GET', '/oauth/token/info',
                               token => $unbound->{access_token});
    is($info->{status}, 401, 'of an expired one');
    is($info->{header}{'procore-scope-reason'}, undef, "Procore's own answer");
};


subtest 'expiry decides nothing' => sub {
    my $token = bind_token($nginx, company => $home);
    $standin->expire($token->{access_token});

    is(answer($nginx, $token, $home), '401', "Procore's own 401");
    is(answer($nginx, $token, $foreign), '403 foreign_company', 'still bound');

    my $new = renew($nginx, $token);
    is(answer($nginx, $new, $home), 'passes', 'the app refreshes');
    is(answer($nginx, $new, $foreign), '403 foreign_company', 'bound');
};


subtest 'an access token that is handed out twice' => sub {
    my %again = (
        'the same company' => [$home, $home, '200 - -', '403 foreign_company'],
        'another company' => [$home, $foreign, '400 invalid_request rebind',
                              '403 foreign_company'],
        'none the second time' => [$home, undef, '200 - -',
                                   '403 foreign_company'],
        'none the first time' => [undef, $home, '200 - -',
                                  '403 foreign_company'],
        'none at all' => [undef, undef, '200 - -', '403 unbound'],
    );

    for my $name (sort keys %again) {
        my ($first, $second, $want, $then) = @{ $again{$name} };
        my $token = bind_token($nginx, company => $first);
        my $code = authorize_code($standin);
        $standin->behave({ match => 'POST /oauth/token', repeat_token => 1 });
        my $response = token_request($nginx, code => $code,
                                     company_id => $second);
        $standin->behave;

        is(told($response), $want, "$name: the second answer");
        is(answer($nginx, $token, $foreign), $then, "$name: then");
        next if $response->{status} != 200;

        my $pair = { %{ $response->{json} }, client => 'crm' };
        is($pair->{access_token}, $token->{access_token}, "$name: the same");
        is(refresh($nginx, $pair, company_id => $foreign)->{status},
           $then =~ /unbound/ ? 200 : 400, "$name: its refresh token");
    }
};


subtest 'service accounts' => sub {
    my $response = token_request($nginx, grant => 'client_credentials',
                                 client => 'dmsa', company_id => $foreign);
    my $token = $response->{json};
    is($token->{refresh_token}, undef, 'without a refresh token');
    is($token->{company_id}, $foreign, 'bound');
    is($nginx->next_action('bind')->{procore_scope}{bound_by}, 'token_request',
       'recorded');
    is(answer($nginx, $token, $foreign), 'passes', 'own');

    revoke($nginx, $token->{access_token}, client => 'dmsa');
    is(answer($nginx, $token, $foreign), '401 revoked_token', 'revoked');
};


subtest 'implicit tokens, and tokens older than the gateway' => sub {
    for my $case ([implicit => sub { implicit($nginx) }],
                  [older => sub { bind_token($standin) }])
    {
        my ($name, $make) = @$case;
        my $token = $make->();
        is(answer($nginx, $token, $home), '403 unbound', "$name: unbound");
        is($nginx->request('GET', $list, token => $token->{access_token})
               ->{status}, 200, "$name: it may list");

        is(answer($all, $token, $home), 'passes', "$name: first use");
        is(answer($all, $token, $foreign), '403 foreign_company',
           "$name: bound");

        $nginx->import_records({ access_token => $token->{access_token},
                                 company_id => $home });
        is(answer($nginx, $token, $home), 'passes', "$name: imported");
        is(answer($nginx, $token, $foreign), '403 foreign_company',
           "$name: bound");

        my $configured = nginx(server => "procore_scope_company $home;");
        $token = $make->();
        is(answer($configured, $token, $home), 'passes', "$name: configured");
        is(answer($configured, $token, $foreign), '403 foreign_company',
           "$name: bound");
    }

    $nginx->skip_audit;
    my $old = bind_token($standin, user => 2);
    my $new = renew($nginx, $old);
    $nginx->request('GET', $list, token => $new->{access_token});
    is(answer($nginx, $new, $foreign), '403 foreign_company',
       'refreshed through the gateway, bound by its list');
    is(answer($nginx, renew($nginx, $new), $home), 'passes',
       'and refreshed again');

    $old = bind_token($standin);
    $new = renew($nginx, $old, company_id => $home);
    is(answer($nginx, $new, $foreign), '403 foreign_company',
       'bound by the refresh');
    is($nginx->next_action('bind')->{procore_scope}{bound_by}, 'sole_company',
       'each on record');
    is($nginx->next_action('bind')->{procore_scope}{bound_by}, 'token_request',
       'as bound');
};


subtest 'what is on disk stays' => sub {
    my $token = bind_token($all, user => 2);
    $all->request('GET', $list, token => $token->{access_token});
    my $first = bind_token($all);
    answer($all, $first, $home);

    $all->kill9_all;
    $all->start;
    is(answer($all, $token, $foreign), '403 foreign_company', 'sole_company');
    is(answer($all, $first, $foreign), '403 foreign_company', 'first_use');
};


done_testing();
