#!/usr/bin/perl

# The gateway's codes at the token endpoint, for apps whose secret it does not
# have: Procore authenticates them.

use Procore::Test;
use Procore::Test::Relay qw(VERIFIER at_once call told);

my $world = world();
my ($home, $foreign) = @$world{qw(home foreign)};
my %app = %{ $world->{clients} };
my $return = $app{crm}{redirect_uris}[0];
my @companies = ("$home Acme North", "$foreign Baseline");


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
