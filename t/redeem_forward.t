#!/usr/bin/perl

# The gateway's codes at the token endpoint, for apps whose secret it does not
# have: Procore authenticates them.

use POSIX ();

use Procore::Test;
use Procore::Test::Clock;
use Procore::Test::Relay qw(CHALLENGE VERIFIER at_once call told);

my $world = world();
my ($home, $foreign) = @$world{qw(home foreign)};
my %app = %{ $world->{clients} };
my $return = $app{crm}{redirect_uris}[0];
my @companies = ("$home Acme North", "$foreign Baseline");
my $clock = Procore::Test::Clock->new;


sub gateway {
    my (%opt) = @_;

    return nginx(authorize => 1, clients => [
        { app => 'crm', secret => '', company => \@companies },
        { app => 'mobile', company => \@companies,
          redirect => ['http://localhost:8080/cb'] }], %opt);
}


sub consent {
    my ($nginx, %opt) = @_;

    return Procore::Test::Relay::consent($nginx, standin => standin(), %opt);
}


# The requests that reached the stand-in, but for the browser's.
sub asked {
    return grep { $_->{target} !~ m{^/oauth/authorize} } standin()->requests;
}


sub paths {
    return map { "$_->{method} " . $_->{target} =~ s/\?.*//r } asked();
}


# Decoded parameters of a request's body.
sub params {
    my ($request) = @_;

    require MIME::Base64;
    return map { Procore::Test::Browser::decode($_) }
        map { (split(/=/, $_, 2), '')[0, 1] }
        split /&/, MIME::Base64::decode_base64($request->{body});
}


# Asks in a process of its own, and does something once $path was asked for.
sub meanwhile {
    my ($path, $ask, $do) = @_;

    my $pid = open(my $from, '-|') // die "fork: $!";
    if (!$pid) {
        print eval { $ask->() } // "died: $@";
        close STDOUT;
        POSIX::_exit(0);
    }
    wait_for(10, sub { grep { $_ eq $path } paths() });
    $do->();
    local $/;
    my $text = <$from> // '';
    close $from;
    return $text;
}


subtest 'the request goes up in the form of the gateway' => sub {
    my $nginx = gateway();
    my @more = (scope => "a b+c&d=%;\"/\\", audience => '');

    for my $format (qw(form json multipart query)) {
        for my $auth (qw(params basic)) {
            my $code = consent($nginx, pkce => 1);
            standin()->reset;
            my $answer = token_request($nginx, code => $code,
                format => $format, auth => $auth,
                params => [code_verifier => VERIFIER, @more]);
            is(told($answer), '200', "$format, $auth");

            my ($up) = asked();
            is("$up->{method} $up->{target}", 'POST /oauth/token',
               'without a query');
            is($up->{headers}{'content-type'},
               'application/x-www-form-urlencoded', 'a form');
            my @got = params($up);
            my %got = @got;
            is(scalar @got, 2 * keys %got, 'each parameter once');
            unlike($got{code}, qr/^psg_/, "Procore's code");
            like($got{code_verifier}, qr/^[\w.~-]{43}$/, 'a verifier');
            isnt($got{code_verifier}, VERIFIER, 'of the gateway');
            my %want = (grant_type => 'authorization_code',
                        redirect_uri => $nginx->url('/oauth/company/callback'),
                        code => $got{code}, @more,
                        code_verifier => $got{code_verifier});
            @want{qw(client_id client_secret)} = @{ $app{crm} }{qw(id secret)}
                if $auth eq 'params';
            is_deeply(\%got, \%want, 'the three replaced, and all others');
            is(defined $up->{headers}{authorization} ? 1 : 0,
               $auth eq 'basic' ? 1 : 0, 'credentials as the app sent them');
        }
    }
};


subtest 'it ends with a token for the company' => sub {
    my $nginx = gateway();
    for my $client (qw(crm mobile)) {
        my $redirect = $client eq 'crm' ? $return : 'http://localhost:8080/cb';
        my $code = consent($nginx, client => $client, redirect => $redirect);
        standin()->reset;
        my $answer = token_request($nginx, client => $client, code => $code,
                                   redirect => $redirect);
        is(told($answer), '200', $client);
        is($answer->{json}{company_id}, $home, 'the company');
        is($answer->{json}{company_name}, 'Acme North', 'its name');
        is($answer->{header}{'procore-company-id'}, $home, 'the header');
        is($answer->{header}{'cache-control'}, 'no-store', 'not to be kept');
        is_deeply([paths()], ['POST /oauth/token',
            'GET /rest/v1.0/companies', 'GET /rest/v1.0/me'],
            'what Procore was asked');
        my ($record) = grep { $_->{event}{action} eq 'code_redeemed' }
            $nginx->next_audit(5);
        is("$record->{procore_scope}{bound_by} " . ($record->{user}{id} // ''),
           'authorize 1', 'on record');
        my $token = $answer->{json}{access_token};
        is(call($nginx, $token, $home), '200', 'it works for the company');
        is(call($nginx, $token, $foreign), '403 foreign_company',
           'and for no other');

        standin()->reset;
        is(told(token_request($nginx, client => $client, code => $code,
                              redirect => $redirect)),
           '400 invalid_grant code_replayed', 'once');
        is_deeply([paths()], [], 'a replay does not go up');
        is(call($nginx, $token, $home), '200', 'the token works on');
        $nginx->next_audit(4);
    }
};


subtest 'a company that the user does not have' => sub {
    my $nginx = gateway();
    for my $auth (qw(params basic)) {
        my $code = consent($nginx, user => 2, company => $foreign);
        standin()->reset;
        my $answer = token_request($nginx, code => $code, auth => $auth);
        is(told($answer), '400 invalid_grant company_not_available',
           "refused, $auth");
        my ($token, undef, undef, $revoke) = asked();
        is_deeply([paths()], ['POST /oauth/token',
            'GET /rest/v1.0/companies', 'GET /rest/v1.0/me',
            'POST /oauth/revoke'], 'the token is given back');
        is($revoke->{headers}{authorization}, $token->{headers}{authorization},
           'with the credentials of the app');
        my %sent = params($revoke);
        is($sent{client_secret}, $auth eq 'params' ? $app{crm}{secret} : undef,
           'where the app has them');
        is($nginx->request('GET', '/rest/v1.0/companies',
                           token => $sent{token})->{status}, 401,
           'it is dead');
        remember($sent{token});
        my $record = $nginx->audit_of(
            $answer->{header}{'procore-scope-decision'});
        is("$record->{event}{action} $record->{event}{reason}",
           'token_discarded company_not_available', 'on record');
        is(told(token_request($nginx, code => $code)),
           '400 invalid_grant code_replayed', 'the code is spent');
    }
    my $code = consent($nginx, user => 5);
    is(told(token_request($nginx, code => $code)),
       '400 invalid_grant company_not_available', 'an inactive company');
};


subtest 'what Procore says of the request is passed on' => sub {
    my $nginx = gateway();
    my $code = consent($nginx);

    my $wrong = $nginx->request('POST', '/oauth/token', form => [
        grant_type => 'authorization_code', code => $code,
        redirect_uri => $return, client_id => $app{crm}{id},
        client_secret => 'wrong']);
    is("$wrong->{status} $wrong->{json}{error}", '401 invalid_client',
       'wrong secret');
    is($wrong->{json}{reason}, undef, "in Procore's own words");

    for my $case ([429, { error => 'slow down' }, ['Retry-After' => 7]],
                  [500, '<h1>Sorry</h1>'],
                  [400, { error => 'invalid_request' }])
    {
        my ($status, $body, $headers) = @$case;
        standin()->behave({ match => 'POST /oauth/token', status => $status,
                            body => $body,
                            $headers ? (headers => { @$headers }) : () });
        my $answer = token_request($nginx, code => $code);
        is($answer->{status}, $status, "a $status");
        is_deeply(ref $body ? $answer->{json} : $answer->{body}, $body,
                  'with its body');
        is($answer->{header}{'retry-after'}, 7, 'and when to come again')
            if $headers;
    }
    standin()->reset;
    is(told(token_request($nginx, code => $code)), '200',
       'the right request after all of them');

    $code = consent($nginx);
    standin()->behave({ match => 'POST /oauth/token', status => 400,
                        body => { error => 'invalid_grant' } });
    my $answer = token_request($nginx, code => $code);
    is($answer->{json}{error}, 'invalid_grant', "Procore's code is dead");
    standin()->reset;
    is(told(token_request($nginx, code => $code)),
       '400 invalid_grant code_replayed', 'so is the one of the gateway');
    is_deeply([paths()], [], 'it did not go up again');
};


subtest 'with the headers that matter' => sub {
    my $nginx = gateway();
    my $code = consent($nginx);
    my $wrong = 'Bearer realm="Doorkeeper", error="invalid_client"';

    standin()->behave({ match => 'POST /oauth/token', status => 401,
        body => '{"error":"invalid_client"}', headers => {
            'WWW-Authenticate' => $wrong,
            'Content-Type' => 'application/json; charset=utf-8' } });
    my $answer = token_request($nginx, code => $code, auth => 'basic');
    is($answer->{status}, 401, 'Basic is refused');
    is($answer->{header}{'www-authenticate'}, $wrong, 'with the challenge');
    is($answer->{header}{'content-type'}, 'application/json; charset=utf-8',
       'and the type');

    standin()->behave({ match => 'POST /oauth/token', status => 302,
        body => 'see there', headers => { Location => '/login' } });
    is(told(token_request($nginx, code => $code)),
       '503 temporarily_unavailable exchange_failed', 'no redirect');

    standin()->reset;
    is(told(token_request($nginx, code => $code)), '200', 'the code is free');
};


subtest 'a status without a body' => sub {
    my $nginx = gateway(oauth => 'proxy_intercept_errors on;
                                  error_page 400 401 500 /none;');
    my $code = consent($nginx);
    my $behave = sub {
        standin()->behave({ match => 'POST /oauth/token', status => $_[0],
                            body => { error => 'invalid_grant' } });
    };

    $behave->(500);
    is(told(token_request($nginx, code => $code)),
       '503 temporarily_unavailable exchange_failed', 'a 500');
    $behave->(401);
    my $answer = token_request($nginx, code => $code, auth => 'basic');
    is(told($answer), '401 invalid_client bad_client', 'a 401');
    like($answer->{header}{'www-authenticate'}, qr/^Basic/, 'with Basic');
    $behave->(400);
    is(told(token_request($nginx, code => $code)),
       '400 invalid_grant bad_code', 'a 400');
    standin()->reset;
    is(told(token_request($nginx, code => $code)),
       '400 invalid_grant code_replayed', 'ends the code');
    is_deeply([paths()], [], 'it did not go up again');
};


subtest 'a code that runs out on its way' => sub {
    my $nginx = gateway();
    my $code = consent($nginx);

    standin()->reset;
    standin()->behave({ match => 'POST /oauth/token', delay => 1, times => 1 });
    is(meanwhile('POST /oauth/token',
                 sub { return told(token_request($nginx, code => $code)) },
                 sub { $clock->forward(55 + 120 + 10) }),
       '200', 'is redeemed');
    is(told(token_request($nginx, code => $code)),
       '400 invalid_grant code_replayed', 'once');

    $code = consent($nginx);
    standin()->reset;
    standin()->behave({ match => 'POST /oauth/token', delay => 1, times => 1,
                        status => 500, body => 'sorry' });
    is(meanwhile('POST /oauth/token',
                 sub { return told(token_request($nginx, code => $code)) },
                 sub { $clock->forward(61) }),
       '500', 'an answer that leaves it free');
    is(told(token_request($nginx, code => $code)),
       '400 invalid_grant code_expired', 'gives it no more time');
    standin()->reset;
};


subtest 'an app that leaves in the middle' => sub {
    my $nginx = gateway(h2 => 1);
    my $leave = sub {
        my ($code) = @_;

        my $answer = $nginx->h2('POST', '/oauth/token', timeout => 1, form => [
            grant_type => 'authorization_code', code => $code,
            redirect_uri => $return, client_id => $app{crm}{id},
            client_secret => $app{crm}{secret}]);
        ok(!$answer->{complete}, 'no answer');
        return;
    };
    my $again = sub {
        my ($code, $want, $what) = @_;

        my $told = '';
        wait_for(10, sub {
            $told = told(token_request($nginx, code => $code));
            return $told ne '400 invalid_grant code_replayed';
        });
        is($told, $want, $what);
    };

    my $code = consent($nginx);
    standin()->reset;
    standin()->behave({ match => 'POST /oauth/token', delay => 3, times => 1,
                        status => 500, body => 'sorry' });
    $leave->($code);
    $again->($code, '200', 'before the token: its retry succeeds');

    $code = consent($nginx);
    standin()->reset;
    standin()->behave({ match => 'GET /rest/v1.0/companies', delay => 3,
                        times => 1 });
    $leave->($code);
    wait_for(10, sub { $nginx->error_log =~ /a token was not revoked/ });
    like($nginx->error_log, qr/a token was not revoked/,
         'after it: the log says that it lives');
    $again->($code, '400 invalid_grant bad_code', 'and the code is spent');
    standin()->reset;
};


subtest 'a code that somebody has seen' => sub {
    my $nginx = gateway();
    for my $pkce (0, 1) {
        my $code = consent($nginx, pkce => $pkce);
        my @verifier = $pkce ? (params => [code_verifier => VERIFIER]) : ();
        my $token = token_request($nginx, code => $code, @verifier)
            ->{json}{access_token};
        $clock->forward(6);
        my $seen = $nginx->request('POST', '/oauth/token', form => [
            grant_type => 'authorization_code', code => $code,
            redirect_uri => $return, client_id => $app{crm}{id},
            client_secret => 'guessed', $pkce ? @{ $verifier[1] } : ()]);
        is(told($seen), '400 invalid_grant code_replayed', "PKCE $pkce");
        is(call($nginx, $token, $home),
           $pkce ? '401 revoked_token' : '200',
           $pkce ? 'who has the verifier is the app'
                 : 'without proof nothing changes');
    }
};


subtest 'no answer, or none that can be read' => sub {
    my $nginx = gateway(server => 'procore_scope_lookup_timeout 2s;',
                        expect => [qr/upstream/]);
    my %rule = (
        'closes' => { close => JSON::PP::true() },
        'is slow' => { delay => 4 },
        'no JSON' => { status => 200, body => 'sorry' },
        'no token' => { drop => ['access_token'] },
        'cut' => { truncate => 20 },
        'a megabyte' => { pad => 1_048_576 },
    );
    for my $what (sort keys %rule) {
        my $code = consent($nginx);
        standin()->behave({ match => 'POST /oauth/token',
                            %{ $rule{$what} } });
        my $answer = token_request($nginx, code => $code);
        is(told($answer), '503 temporarily_unavailable exchange_failed', $what);
        ok($answer->{header}{'retry-after'}, 'with a time');
        standin()->reset;
    }

    my $code = consent($nginx);
    standin()->behave({ match => 'GET /rest/v1.0/companies', status => 500 });
    is(told(token_request($nginx, code => $code)),
       '503 temporarily_unavailable lookup_failed', 'no list of companies');
    is((paths())[-1], 'POST /oauth/revoke', 'the token is given back');
    standin()->reset;
    is(told(token_request($nginx, code => $code)),
       '400 invalid_grant code_replayed', 'authorize again');

    $code = consent($nginx);
    standin()->behave({ match => 'GET /rest/v1.0/me', status => 500 });
    is(told(token_request($nginx, code => $code)), '200',
       'Show User Info may fail');
    standin()->reset;

    $code = consent($nginx);
    standin()->behave({ match => 'GET /rest/v1.0/companies', status => 500 },
                      { match => 'POST /oauth/revoke', status => 500 });
    is(told(token_request($nginx, code => $code)),
       '503 temporarily_unavailable lookup_failed', 'no revoke either');
    wait_for(10, sub { $nginx->error_log =~ /status is 500/ });
    like($nginx->error_log, qr/a token could not be revoked.*status is 500/,
         'which the log tells');
    standin()->reset;
};


subtest 'two at the same time' => sub {
    my $nginx = gateway(workers => 2);
    my $code = consent($nginx);
    standin()->reset;
    standin()->behave({ match => 'POST /oauth/token', delay => 1, times => 1 });

    my @answers = at_once(2, sub {
        my $answer = token_request($nginx, code => $code);
        return join ' ', told($answer), $answer->{json}{access_token} // '';
    });
    remember(map { /^200 (.*)/ } @answers);
    is_deeply([sort map { s/^200.*/200/r } @answers],
              ['200', '400 invalid_grant code_replayed '], 'one succeeds');
    is(scalar(grep { $_ eq 'POST /oauth/token' } paths()), 1,
       'Procore was asked once');
};


subtest 'what does not fit never goes up' => sub {
    my $nginx = gateway();
    my $code = consent($nginx, pkce => 1);
    standin()->reset;
    my @verifier = (code_verifier => VERIFIER);

    is(told(token_request($nginx, code => $code)),
       '400 invalid_grant pkce_failed', 'no verifier');
    is(told(token_request($nginx, code => $code, params => \@verifier,
                          redirect => "$return/")),
       '400 invalid_grant code_mismatch', 'another redirect URI');
    is(told(token_request($nginx, code => $code, params => \@verifier,
                          client => 'mobile')),
       '400 invalid_grant code_mismatch', 'another client');
    is(told(token_request($nginx, code => $code, params => \@verifier,
                          company_id => $foreign)),
       '400 invalid_request rebind', 'another company');
    is(told(token_request($nginx, code => $code,
                          params => [@verifier, 'a[b]' => 1])),
       '400 invalid_request malformed_body', 'a list of parameters');
    is(told(token_request($nginx, code => $code, format => 'json',
                          params => [@verifier, a => [1]])),
       '400 invalid_request malformed_body', 'one in JSON');
    $nginx->reload(clients => [{ app => 'crm', secret => '',
                                 company => [$foreign] }]);
    is(told(token_request($nginx, code => $code, params => \@verifier)),
       '400 invalid_request company_not_allowed', 'another list');
    is_deeply([paths()], [], 'nothing went up');

    $nginx->reload(clients => [{ app => 'crm', secret => '',
                                 company => \@companies }]);
    is(told(token_request($nginx, code => $code, company_id => $home,
                          params => \@verifier)), '200', 'the right one');
    my ($up) = asked();
    is({ params($up) }->{company_id}, $home, 'the company goes along');
};


done_testing();
