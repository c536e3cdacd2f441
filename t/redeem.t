#!/usr/bin/perl

# The gateway's codes at the token endpoint, for apps whose secret it holds.

use Procore::Test;
use Procore::Test::Clock;
use Procore::Test::Relay qw(CHALLENGE VERIFIER at_once call told);

my $world = world();
my ($home, $foreign) = @$world{qw(home foreign)};
my %app = %{ $world->{clients} };
my $return = $app{crm}{redirect_uris}[0];
my $clock = Procore::Test::Clock->new;


sub consent {
    my ($nginx, %opt) = @_;

    return Procore::Test::Relay::consent($nginx, standin => standin(), %opt);
}


# A token request of pairs that the test writes itself.
sub post {
    my ($nginx, $params, %opt) = @_;

    my $answer = $nginx->request('POST', '/oauth/token',
                                 form => $params, %opt);
    remember(map { $answer->{json}{$_} } qw(access_token refresh_token))
        if ref $answer->{json} eq 'HASH';
    return $answer;
}


# The right request for a code, with some of its parameters replaced (undef:
# left out).
sub request_of {
    my ($code, %change) = @_;

    my %param = (grant_type => 'authorization_code', code => $code,
                 redirect_uri => $return, client_id => $app{crm}{id},
                 client_secret => $app{crm}{secret}, %change);
    return [map { defined $param{$_} ? ($_ => $param{$_}) : () }
            sort keys %param];
}


subtest 'credentials and parameters, wherever an app puts them' => sub {
    my $nginx = nginx(authorize => 1);
    standin()->reset;

    for my $format (qw(form json multipart query)) {
        for my $auth (qw(params basic)) {
            my $code = consent($nginx);
            my $answer = token_request($nginx, code => $code,
                                       format => $format, auth => $auth);
            is(told($answer), '200', "$format, $auth");
            is($answer->{json}{company_id}, $home, 'the company');
        }
    }

    my @basic = @{ $app{crm} }{qw(id secret)};
    my $code = consent($nginx);
    is(told(post($nginx, request_of($code, client_secret => 'wrong'),
                 basic => \@basic)),
       '400 invalid_request malformed_body', 'Basic and body differ');
    is(told($nginx->request('POST', '/oauth/token?client_id=other',
                            form => request_of($code))),
       '400 invalid_request malformed_body', 'query and body differ');
    is(told($nginx->request('POST', '/oauth/token?redirect_uri=other',
                            form => request_of($code))),
       '400 invalid_request malformed_body', 'the redirect URI twice');
    is(told($nginx->request('POST', "/oauth/token?client_id=$app{crm}{id}",
                            form => request_of($code), basic => \@basic)),
       '200', 'all places equal');
};


subtest 'what does not fit leaves the code for the right request' => sub {
    my $nginx = nginx(authorize => 1, clients => [
        { app => 'crm', redirect => [$return, 'https://crm.example.com/2'] },
        'reports']);
    my $asked = sub { scalar grep { $_->{method} eq 'POST' }
                      standin()->requests };

    my $code = consent($nginx);
    my $pkce = consent($nginx, pkce => 1);
    my $before = $asked->();
    my $bad = 'invalid_grant';

    for my $case (
        ['401 invalid_client bad_client', 'wrong secret',
         client_secret => 'x' x 64],
        ['401 invalid_client bad_client', 'cut secret',
         client_secret => substr $app{crm}{secret}, 0, 63],
        ['401 invalid_client bad_client', 'no secret', client_secret => undef],
        ['401 invalid_client bad_client', 'empty secret', client_secret => ''],
        ['401 invalid_client bad_client', 'no client', client_id => undef],
        ['401 invalid_client bad_client', 'an unlisted client',
         client_id => $app{mobile}{id}],
        ["400 $bad code_mismatch", 'another client',
         client_id => $app{reports}{id},
         client_secret => $app{reports}{secret}],
        ["400 $bad code_mismatch", 'another URI of the app',
         redirect_uri => 'https://crm.example.com/2'],
        ["400 $bad code_mismatch", 'no redirect URI', redirect_uri => undef],
        ["400 $bad code_mismatch", 'a redirect URI with a slash',
         redirect_uri => "$return/"],
        ["400 $bad code_mismatch", 'in another case',
         redirect_uri => uc $return],
        ["400 $bad code_mismatch", 'cut',
         redirect_uri => substr $return, 0, -1],
        ["400 $bad pkce_failed", 'a verifier that nobody asked for',
         code_verifier => VERIFIER],
        ["400 $bad bad_code", 'another grant', grant_type => 'refresh_token'],
        ["400 $bad bad_code", 'no grant', grant_type => undef],
        ['400 invalid_request rebind', 'another company',
         company_id => $foreign],
        ['400 invalid_request malformed_id', 'no company id',
         company_id => 'a1'],
    ) {
        my ($want, $what, %change) = @$case;
        my $answer = post($nginx, request_of($code, %change));
        is(told($answer), $want, $what);
        is($answer->{header}{'www-authenticate'}, undef,
           'without a challenge') if $answer->{status} == 401;
        is($answer->{header}{'cache-control'}, 'no-store', 'not to be kept');
    }

    my $answer = post($nginx, request_of($code, client_id => undef,
        client_secret => undef), basic => [$app{crm}{id}, 'wrong']);
    is(told($answer), '401 invalid_client bad_client', 'wrong Basic');
    like($answer->{header}{'www-authenticate'}, qr/^Basic /,
         'is told to try again so');
    is(told(post($nginx, request_of($code), company => $foreign)),
       '400 invalid_request rebind', 'another company in the header');

    is(told(post($nginx, request_of($pkce))), "400 $bad pkce_failed",
       'no verifier');
    is(told(post($nginx, request_of($pkce, code_verifier => CHALLENGE))),
       "400 $bad pkce_failed", 'a wrong verifier');
    is(told(post($nginx, request_of($pkce, code_verifier => VERIFIER . 'x'))),
       "400 $bad pkce_failed", 'a longer verifier');

    is(told(post($nginx, request_of($code, company_id => $home))), '200',
       'the right request after all of them');
    is(told(post($nginx, request_of($pkce, code_verifier => VERIFIER))), '200',
       'and with PKCE');
    is($asked->(), $before, 'none of it reached Procore');
};


# Text that is no code of the gateway's, or hides one.
subtest 'what only looks like a code never reaches Procore' => sub {
    for my $mode (qw(enforce monitor)) {
        my $nginx = nginx(authorize => 1, mode => $mode);
        my $code = consent($nginx);
        standin()->reset;

        my %wrong = (
            short => substr($code, 0, -1), long => "${code}0",
            'upper case' => uc $code, digits => 'psg_' . uc substr($code, 4),
            bare => 'psg_', unknown => 'psg_' . '0' x 64,
        );
        for my $what (sort keys %wrong) {
            is(told(post($nginx, request_of($wrong{$what}))),
               '400 invalid_grant bad_code', "$mode: $what");
        }

        my %param = @{ request_of($code) };
        my $json = sub {
            my ($text) = @_;
            $text = join ',', $text, map { qq("$_":"$param{$_}") }
                grep { $_ ne 'code' } sort keys %param;
            return $nginx->request('POST', '/oauth/token', body => "{$text}",
                                   type => 'application/json');
        };
        is(told($json->(qq("code":"$code","code":"other"))),
           '400 invalid_request malformed_body', "$mode: a member twice");
        is(told($json->(qq("code":"other","code":"$code"))),
           '400 invalid_request malformed_body', 'the other way round');
        is(told($json->(qq("code":{"a":"$code"}))),
           '400 invalid_request malformed_body', 'a nested code');
        is(told($json->(qq("code":["$code"]))),
           '400 invalid_request malformed_body', 'a list');
        is(told($json->(qq("code":"$code","x":))),
           '400 invalid_request malformed_body', 'broken JSON');
        is(told(post($nginx, request_of(undef, 'code[]' => $code))),
           '400 invalid_request malformed_body', 'a list in a form');
        is(told($nginx->request('POST', "/oauth/token?code=$code",
                                form => request_of('other'))),
           '400 invalid_request malformed_body', 'another one in the query');

        my @basic = ('Basic OWIzNmQ4', 'Basic %%%%', 'Basic');
        for my $value (@basic[0, 1]) {
            is(told(post($nginx, request_of($code, client_secret => undef),
                         headers => [Authorization => $value])),
               '400 invalid_request malformed_header', $value);
        }

        is_deeply([map { "$_->{method} $_->{target}" } standin()->requests],
                  [], "$mode: nothing went up");
        is(told($json->('"code":17')) =~ /^400 invalid_/ ? 1 : 0, 1,
           'a number is no code of ours');

        my $pair = "$app{crm}{id}:$app{crm}{secret}";
        require MIME::Base64;
        is(told(post($nginx, request_of($code, client_secret => undef),
                     headers => [Authorization => 'bAsIc '
                         . MIME::Base64::encode_base64($pair, '')])),
           '200', 'the scheme in other letters is fine');
    }
};


subtest 'a code is redeemed once' => sub {
    my $nginx = nginx(authorize => 1, workers => 2);
    my $code = consent($nginx);

    my @answers = at_once(4, sub {
        my $answer = post($nginx, request_of($code));
        return join ' ', told($answer), $answer->{json}{access_token} // '';
    });
    my ($won) = grep { /^200/ } @answers;
    is_deeply([sort map { s/^200.*/200/r } @answers],
              ['200', ('400 invalid_grant code_replayed ') x 3],
              'of four at the same time');
    my (undef, $token) = split / /, $won // '';
    remember($token);
    is(call($nginx, $token, $home), '200', 'its token works');
    is(call($nginx, $token, $foreign), '403 foreign_company',
       'for the company');
};


subtest 'a code that is redeemed again' => sub {
    my $nginx = nginx(authorize => 1);
    my @codes = map { consent($nginx, pkce => 1) } 1, 2;
    my @right = map { request_of($_, code_verifier => VERIFIER) } @codes;
    my @tokens = map { post($nginx, $_)->{json} } @right;

    is(told(post($nginx, $right[0])), '400 invalid_grant code_replayed',
       'at once');
    is(call($nginx, $tokens[0]{access_token}, $home), '200',
       'changes nothing');

    my $new = refresh($nginx, { %{ $tokens[0] }, client => 'crm' })->{json};

    $clock->forward(6);
    is(told(post($nginx, $right[0])), '400 invalid_grant code_replayed',
       'later');
    is(call($nginx, $tokens[0]{access_token}, $home), '401 revoked_token',
       'withdraws the binding');
    is(call($nginx, $new->{access_token}, $home), '401 revoked_token',
       'of a refreshed token, too');
    is(told(refresh($nginx, { %$new, client => 'crm' })),
       '400 invalid_grant revoked_token', 'which cannot be renewed');
    is(told(post($nginx, $right[0])), '400 invalid_grant code_replayed',
       'and once more');

    for my $case (['wrong secret', client_secret => 'x'],
                  ['wrong verifier', code_verifier => CHALLENGE],
                  ['wrong redirect URI', redirect_uri => 'https://x.example/'])
    {
        my ($what, %change) = @$case;
        my $answer = post($nginx, request_of($codes[1],
            code_verifier => VERIFIER, %change));
        unlike(told($answer), qr/replayed/, "a later one with $what");
        is(call($nginx, $tokens[1]{access_token}, $home), '200',
           'changes nothing');
    }
    my $answer = post($nginx, $right[1]);
    is(told($answer), '400 invalid_grant code_replayed', 'the right one');
    is(call($nginx, $tokens[1]{access_token}, $home), '401 revoked_token',
       'does');
    my $id = $answer->{header}{'procore-scope-decision'};
    my $record = $nginx->audit_of($id);
    is("$record->{event}{action} $record->{event}{reason}",
       'code_replayed code_replayed', 'on record');
};


subtest 'a minute to redeem a code' => sub {
    my $nginx = nginx(authorize => 1);
    my @codes = map { consent($nginx) } 1, 2;
    $clock->forward(50);
    my $answer = post($nginx, request_of($codes[0]));
    is(told($answer), '200', 'within it');
    ok($answer->{json}{expires_in} <= 5350, 'the time that it waited is told');
    $clock->forward(11);
    is(told(post($nginx, request_of($codes[1]))),
       '400 invalid_grant code_expired', 'after it');
    is(told(post($nginx, request_of($codes[0]))),
       '400 invalid_grant code_replayed', 'a spent one is known longer');
    is(call($nginx, $answer->{json}{access_token}, $home), '401 revoked_token',
       'and was in two hands');
};


subtest 'what the app learns' => sub {
    my $nginx = nginx(authorize => 1);
    standin()->behave({ match => 'POST /oauth/token',
                        set => { expires_in => 7200, company_id => 5,
                                 extra => { a => [1] } } });
    my $code = consent($nginx);
    my $answer = post($nginx, request_of($code));
    is(told($answer), '200', 'redeemed');
    is($answer->{json}{company_id}, 5, "Procore's own member stays");
    is(() = $answer->{body} =~ /"company_id"/g, 1, 'and is not doubled');
    is($answer->{json}{company_name}, 'Acme North', 'the name is added');
    is_deeply($answer->{json}{extra}, { a => [1] }, 'others stay');
    ok($answer->{json}{expires_in} <= 7200
       && $answer->{json}{expires_in} > 7000, 'the seconds that are left');
    is($answer->{header}{'procore-company-id'}, $home, 'the header');
    is($answer->{header}{'cache-control'}, 'no-store', 'not to be kept');
    is($answer->{header}{pragma}, 'no-cache', 'by nobody');
    like($answer->{header}{'content-type'}, qr{^application/json}, 'JSON');
    standin()->reset;

    $nginx->reload(oauth => 'procore_scope_token_company off;');
    $answer = post($nginx, request_of(consent($nginx)));
    is(told($answer), '200', 'with procore_scope_token_company off');
    is_deeply([grep { /^company/ } keys %{ $answer->{json} }], [],
              'nothing is added');
    is($answer->{header}{'procore-company-id'}, undef, 'no header');
    is(call($nginx, $answer->{json}{access_token}, $foreign),
       '403 foreign_company', 'bound it is');
};


subtest 'the configuration in force' => sub {
    my @all = ({ app => 'crm', company => [$home, $foreign] });
    my $nginx = nginx(authorize => 1, clients => \@all);
    my $code = consent($nginx);

    for my $case (
        ['400 invalid_request company_not_allowed', 'another list',
         { app => 'crm', company => [$foreign] }],
        ['400 invalid_grant code_mismatch', 'another redirect URI',
         { app => 'crm', redirect => ['https://crm.example.com/2'] }],
        ['401 invalid_client bad_client', 'another secret',
         { app => 'crm', secret => 'another' x 5 }],
        ['401 invalid_client bad_client', 'no secret',
         { app => 'crm', secret => '', company => [$home] }],
        ['401 invalid_client bad_client', 'no such client', 'reports'],
    ) {
        my ($want, $what, $client) = @$case;
        $nginx->reload(clients => [$client]);
        is(told(post($nginx, request_of($code))), $want, $what);
    }
    $nginx->reload(clients => \@all);
    is(told(post($nginx, request_of($code))), '200', 'as it was');
};


subtest 'another location' => sub {
    my $sandbox = <<"EOT";
    server {
        listen 127.0.0.1:%%PORT%%;
        server_name sandbox.example;
        procore_scope enforce;
        procore_scope_realm sandbox;
        procore_scope_lookup /_procore;
        procore_scope_client $app{crm}{id}
            secret_file=%%DIR%%/conf/$app{crm}{id}.secret
            redirect_uri=$return;
        location /oauth/ {
            procore_scope_oauth on;
            procore_scope_authorize %%LOGIN%%
                http://127.0.0.1:%%PORT%%/oauth/company/callback;
            proxy_pass %%LOGIN%%;
        }
        location /_procore/ {
            internal;
            proxy_pass %%API%%/;
        }
    }
EOT
    my $nginx = nginx(authorize => 1, servers => $sandbox);
    my $code = consent($nginx);
    is(told(post($nginx, request_of($code), host => 'sandbox.example')),
       '400 invalid_grant bad_code', 'a code of production in the sandbox');
    is(told(post($nginx, request_of($code))), '200', 'in production');
};


subtest 'a restart between code and redemption' => sub {
    my $nginx = nginx(authorize => 1);
    my $code = consent($nginx);
    $nginx->stop;
    $nginx->start;
    is(told(post($nginx, request_of($code))), '200', 'redeemed');
    is(told(post($nginx, request_of($code))),
       '400 invalid_grant code_replayed', 'once');
};


subtest 'a token that nobody redeems' => sub {
    my $nginx = nginx(authorize => 1);
    for my $status (200, 500) {
        standin()->reset;
        standin()->behave({ match => 'POST /oauth/revoke', status => $status,
                            body => '{}' });
        my $browser = Procore::Test::Relay::picker($nginx);
        $browser->submit(action => 'cancel');
        wait_for(10, sub {
            grep { $_->{target} eq '/oauth/revoke' } standin()->requests;
        });
        my $told = sub { $nginx->error_log =~ /a token could not be revoked/ };
        wait_for(10, $told) if $status == 500;
        is($told->() ? 1 : 0, $status == 500 ? 1 : 0,
           "revoked with $status: the log tells what failed");
    }
    standin()->reset;
};


subtest 'on record' => sub {
    my $nginx = nginx(authorize => 1);
    my $code = consent($nginx);
    $nginx->next_audit(4);    # start, return, offer, choice
    post($nginx, request_of($code, client_secret => 'x'));
    post($nginx, request_of($code, redirect_uri => 'https://x.example/'));
    post($nginx, request_of($code));
    my @records = $nginx->next_audit(3);

    is_deeply([map { "$_->{event}{action} $_->{event}{reason} "
                     . "$_->{procore_scope}{decision}" } @records],
              ['code_refused bad_client deny',
               'code_refused code_mismatch deny',
               'code_redeemed ok allow'], 'three requests');
    my $last = $records[-1];
    is($last->{procore_scope}{company}, $home, 'the company');
    is($last->{procore_scope}{bound_by}, 'authorize', 'the way');
    is($last->{procore_scope}{client}, $app{crm}{id}, 'the client');
    is($last->{user}{id}, 1, 'the user');
    is($records[0]{procore_scope}{authorization}, undef,
       'nobody knows yet which authorization');
    like($last->{procore_scope}{authorization}, qr/^[0-9a-f]{16}$/, 'which');
    is($records[1]{procore_scope}{authorization},
       $last->{procore_scope}{authorization}, 'the same');
};


done_testing();
