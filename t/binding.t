#!/usr/bin/perl

# A token belongs to one company: how it comes to it, and that it stays there.

use Procore::Test;

my $world = world();
my $crm = $world->{clients}{crm};
my ($home, $foreign) = @$world{qw(home foreign)};

my $standin = standin();
my $nginx = nginx();
my $configured = nginx(server => "procore_scope_company $home;");


# What a request of this token that names this company gets.
sub answer {
    my ($to, $token, $company) = @_;

    my $response = $to->request('GET', '/rest/v1.0/companies/'
        . "$company/users", token => $token->{access_token},
        company => $company);
    return $response->{status} == 200
        ? 'passes' : "$response->{status} $response->{json}{reason}";
}


# The next record of that action: that of a request before may come late.
sub record {
    my ($to, $action) = @_;

    while (my $record = $to->next_audit) {
        return $record if $record->{event}{action} eq $action;
    }
    return {};
}


# The requests that reached the token endpoint.
sub token_requests {
    return grep { $_->{target} =~ m{^/oauth/token} } $standin->requests;
}


subtest 'the company of the token request' => sub {
    for my $format (qw(form json multipart query)) {
        for my $auth (qw(params basic)) {
            my $token = bind_token($nginx, company => $home,
                                   format => $format, auth => $auth);
            is(answer($nginx, $token, $home), 'passes', "$format $auth: own");
            is(answer($nginx, $token, $foreign), '403 foreign_company',
               "$format $auth: another one");
        }
    }

    my $token = bind_token($nginx, company => undef,
                           headers => ['Procore-Company-Id', $home]);
    is(answer($nginx, $token, $home), 'passes', 'named by the header');
    is(answer($nginx, $token, $foreign), '403 foreign_company',
       'not another one');
};


subtest 'the record of a binding' => sub {
    my $code = authorize_code($standin);
    my $response = token_request($nginx, code => $code, company_id => $home);
    my $record = record($nginx, 'bind');

    is($record->{event}{action}, 'bind', 'action');
    is($record->{event}{outcome}, 'success', 'outcome');
    is($record->{procore_scope}{decision}, 'allow', 'decision');
    is($record->{procore_scope}{reason}, 'ok', 'reason');
    is($record->{procore_scope}{company}, $home, 'company');
    is($record->{procore_scope}{bound_by}, 'token_request', 'way');
    is($record->{procore_scope}{client}, $crm->{id}, 'client');
    like($record->{procore_scope}{token}, qr/^[0-9a-f]{16}$/, 'token');

    my $first = $record->{procore_scope}{token};
    $nginx->request('GET', '/rest/v1.0/me',
                    token => $response->{json}{access_token});
    $record = record($nginx, 'request');
    is($record->{procore_scope}{token}, $first,
       'the token of the first request is that of the answer');
    is($record->{procore_scope}{company}, $home, 'with its company');
};


subtest 'a token request without a company binds nothing' => sub {
    my $token = bind_token($nginx);
    my $record = record($nginx, 'token');
    is("$record->{event}{action} $record->{procore_scope}{reason}", 'token ok',
       'recorded as a token');
    is($record->{procore_scope}{company}, undef, 'without a company');
    is(answer($nginx, $token, $home), '403 unbound', 'it may do nothing');

    my $list = $nginx->request('GET', '/rest/v1.0/companies',
                               token => $token->{access_token});
    is($list->{status}, 200, 'but list the companies');
    is(scalar @{ $list->{json} }, 6, 'all of them');
};


subtest 'a refresh keeps the company' => sub {
    my $token = bind_token($nginx, company => $home);

    for my $round (1 .. 3) {
        my $new = refresh($nginx, $token)->{json};
        my $record = record($nginx, 'refresh');
        is("$record->{event}{action} $record->{procore_scope}{company}",
           "refresh $home", "round $round: recorded");
        is(answer($nginx, $new, $home), 'passes', "round $round: own");
        is(answer($nginx, $new, $foreign), '403 foreign_company',
           "round $round: another one");
        is(answer($nginx, $token, $foreign), '403 foreign_company',
           "round $round: the old one is bound as well");
        $token = { %$new, client => 'crm' };
    }

    my $same = refresh($nginx, $token, company_id => $home);
    is($same->{status}, 200, 'naming the same company is fine');
    record($nginx, 'refresh');
};


subtest 'a refresh that names another company is refused beforehand' => sub {
    my $token = bind_token($nginx, company => $home);
    my $before = token_requests();

    for my $format (qw(form json multipart query)) {
        my $response = refresh($nginx, $token, company_id => $foreign,
                               format => $format);
        is($response->{status}, 400, "$format: status");
        is($response->{json}{error}, 'invalid_request', "$format: error");
        is($response->{json}{reason}, 'rebind', "$format: reason");
        is($response->{header}{'procore-scope-reason'}, 'rebind',
           "$format: header");

        my $record = record($nginx, 'refresh');
        is("$record->{event}{action} $record->{procore_scope}{decision}",
           'refresh deny', "$format: recorded");
    }

    my $by_header = refresh($nginx, $token, company => $foreign);
    is($by_header->{json}{reason}, 'rebind', 'in the header as well');
    is(scalar token_requests(), $before, 'nothing has reached the login host');
    is(refresh($nginx, $token)->{status}, 200,
       'the refresh token still works');
};


subtest 'an unbound token is bound by a refresh that names a company' => sub {
    my $token = bind_token($nginx);
    my $new = refresh($nginx, $token, company_id => $home)->{json};
    is(answer($nginx, $new, $home), 'passes', 'the new token');
    is(answer($nginx, $token, $foreign), '403 foreign_company',
       'its family is bound');
};


subtest 'a revoke ends the family' => sub {
    for my $kind (qw(access_token refresh_token)) {
        for my $format (qw(form json multipart query)) {
            my $token = bind_token($nginx, company => $home);
            my $response = revoke($nginx, $token->{$kind}, format => $format);
            is($response->{status}, 200, "$kind $format: revoked");
            is(record($nginx, 'revoke')->{procore_scope}{company}, $home,
               'recorded');
            is(answer($nginx, $token, $home), '401 revoked_token',
               'the access token is refused');
            my $me = $nginx->request('GET', '/rest/v1.0/me',
                                     token => $token->{access_token});
            is($me->{json}{reason}, 'revoked_token', 'discovery as well');
            is(refresh($nginx, $token)->{json}{reason}, 'revoked_token',
               'so is the refresh token');
        }
    }

    my $unknown = revoke($nginx, 'f' x 64);
    is($unknown->{status}, 200, 'an unknown token is passed on');
    is(revoke($nginx, bind_token($nginx, company => $home)->{access_token},
              client => 'reports')->{status}, 403, 'not by another app');
};


subtest 'a revoke that fails at the login host changes nothing' => sub {
    my $token = bind_token($nginx, company => $home);
    is(revoke($nginx, $token->{access_token}, client => 'reports')->{status},
       403, 'refused by the login host');
    is(answer($nginx, $token, $home), 'passes', 'the token still works');
};


subtest 'the configured company' => sub {
    my $token = bind_token($configured);
    is(answer($configured, $token, $home), 'passes', 'binds a token answer');
    is(answer($configured, $token, $foreign), '403 foreign_company',
       'not another one');

    refresh($configured, $token);
    my $record = record($configured, 'refresh');
    is($record->{procore_scope}{bound_by}, 'configured', 'the way is kept');

    my $code = authorize_code($standin);
    my $response = token_request($configured, code => $code,
                                 company_id => $foreign);
    is("$response->{status} $response->{json}{reason}", '400 rebind',
       'a token request that names another one');
    is(token_request($configured, code => $code)->{status}, 200,
       'which has not cost the code');

    my $direct = bind_token($standin);
    is(answer($configured, $direct, $home), 'passes',
       'a token that came by another way is bound at its first request');
};


subtest 'a token that is bound cannot be bound again' => sub {
    my $token = bind_token($nginx, company => $home);
    $standin->behave({ match => 'POST /oauth/token', repeat_token => 1 });
    my $code = authorize_code($standin);
    my $response = token_request($nginx, code => $code,
                                 company_id => $foreign);
    $standin->behave;

    is("$response->{status} $response->{json}{error} "
       . "$response->{json}{reason}", '400 invalid_request rebind',
       'the same token for another company is withheld');
    is($response->{header}{'cache-control'}, 'no-store', 'not to be kept');
    unlike($response->{raw}, qr/\Q$token->{access_token}\E/,
           'the answer does not show it');
    is(record($nginx, 'token')->{procore_scope}{decision}, 'deny', 'recorded');
    is(answer($nginx, $token, $home), 'passes', 'the first binding stays');
    is(answer($nginx, $token, $foreign), '403 foreign_company',
       'the second one never was');
};


subtest 'two workers that bind the same token agree' => sub {
    my $two = nginx(workers => 2);

    for my $round (1 .. 10) {
        my $shared = 'r' . $round . 'x' x 60;
        $standin->behave({ match => 'POST /oauth/token', body =>
            { access_token => $shared, token_type => 'bearer',
              expires_in => 5400 } });

        my @connections = map { $two->connect } 1 .. 8;
        my @companies = ($home, $foreign) x 4;
        my $body = "grant_type=client_credentials&client_id=$crm->{id}";
        for my $i (0 .. $#connections) {
            my ($head, @pieces) = Procore::Test::HTTP::build(
                'POST', '/oauth/token',
                type => 'application/x-www-form-urlencoded',
                body => "$body&company_id=$companies[$i]");
            $connections[$i]->send(join '', $head, @pieces);
        }
        my @statuses = map { $_->response('POST')->{status} } @connections;
        $standin->behave;

        my %won;
        for my $i (0 .. $#statuses) {
            $won{$companies[$i]} = 1 if $statuses[$i] == 200;
        }
        is(scalar keys %won, 1, "round $round: one company has won")
            or diag("@statuses");
    }
};


subtest 'without token_request among the ways nothing is bound' => sub {
    my $none = nginx(server => 'procore_scope_bind none;');
    my $token = bind_token($none, company => $home);
    is(answer($none, $token, $home), '403 unbound', 'unbound');
};


subtest 'monitor binds as enforce does, and refuses nothing' => sub {
    my $monitor = nginx(mode => 'monitor');
    my $token = bind_token($monitor, company => $home);

    is(answer($monitor, $token, $foreign), 'passes', 'another company passes');
    my $record = record($monitor, 'request');
    is("$record->{procore_scope}{decision} $record->{procore_scope}{reason}",
       'would_deny foreign_company', 'and is recorded');

    my $new = refresh($monitor, $token, company_id => $foreign);
    is($new->{status}, 200, 'a refresh that names another one goes through');
    $record = record($monitor, 'refresh');
    is("$record->{procore_scope}{decision} $record->{procore_scope}{reason}",
       'would_deny rebind', 'and is recorded');

    answer($monitor, $new->{json}, $home);
    $record = record($monitor, 'request');
    is("$record->{procore_scope}{decision} $record->{procore_scope}{company}",
       "allow $home", 'the first binding stays');
};


done_testing();
