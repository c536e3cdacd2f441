#!/usr/bin/perl

# A client that the operator has paused: at once, for every token of it, in
# every worker, after a restart, until it goes on.

use Procore::Test;

my $world = world();
my $home = $world->{home};
my ($crm, $other) = map { $world->{clients}{$_}{id} } qw(crm reports);


sub gateway {
    my (%opt) = @_;

    return nginx(workers => 2, %opt,
                 locations => 'location /admin/ { procore_scope_admin; }');
}


sub pauses {
    my ($nginx, $client, $verb) = @_;

    my $answer = $nginx->request('POST', "/admin/clients/$client/$verb",
                        headers => ['Content-Type', 'application/json']);
    return $answer->{status};
}


sub told {
    my ($answer) = @_;

    return join ' ', $answer->{status},
        ref $answer->{json} ? $answer->{json}{reason} // () : ();
}


sub asks {
    my ($nginx, $token) = @_;

    return $nginx->request('GET', "/rest/v1.0/companies/$home/users",
                           token => $token->{access_token}, company => $home);
}


my $nginx = gateway();
my $token = bind_token($nginx, company => $home);
my $beside = bind_token($nginx, company => $home, client => 'reports');

subtest 'it is paused at once' => sub {
    is(told(asks($nginx, $token)), 200, 'before');
    $nginx->skip_audit;
    is(pauses($nginx, $crm, 'pause'), 200, 'paused');

    my $record = $nginx->next_audit;
    is($record->{event}{action}, 'admin_pause', 'on record');
    is($record->{procore_scope}{client}, $crm, 'with its client');

    standin()->reset;

    for (1 .. 4) {
        my $answer = asks($nginx, $token);
        is(told($answer), '403 company_not_allowed', 'in every worker');
        like($answer->{json}{message}, qr/paused/, 'and says why');
    }

    is_deeply([standin()->requests], [], 'nothing goes up');
    is(told(asks($nginx, $beside)), 200, 'another client goes on');

    $nginx->skip_audit;
    my $info = $nginx->request('GET', '/oauth/token/info',
                               token => $token->{access_token});
    is(told($info), '403 company_not_allowed', 'token info');
};

subtest 'its token requests, too' => sub {
    standin()->reset;
    my $answer = refresh($nginx, $token);
    is(told($answer), '400 company_not_allowed', 'a refresh');
    like($answer->{json}{error_description}, qr/paused/, 'says why');
    is_deeply([standin()->requests], [], 'and costs no refresh token');

    my $second = token_request($nginx, client => 'crm',
                               grant => 'authorization_code',
                               code => authorize_code(standin()));
    is(told($second), '400 company_not_allowed', 'a code');

    is(revoke($nginx, 'a token of nobody')->{status}, 200,
       'what ends something is not kept from it');
};


subtest 'lists tell' => sub {
    my $list = $nginx->request('GET', '/admin/clients')->{json}{clients};
    my ($one) = grep { $_->{client} eq $crm } @$list;
    my ($two) = grep { $_->{client} eq $other } @$list;
    ok($one->{paused}, 'it is paused');
    like($one->{paused_at}, qr/^20\d\d-.*Z$/, 'since then');
    is($one->{bound}, 1, 'its bindings are there');
    ok(!$two->{paused}, 'the other is not');
};

subtest 'after a restart' => sub {
    $nginx->stop;
    $nginx->start;
    is(told(asks($nginx, $token)), '403 company_not_allowed', 'still');
    $nginx->reload;
    is(told(asks($nginx, $token)), '403 company_not_allowed', 'and a reload');
};

subtest 'it goes on' => sub {
    is(pauses($nginx, $crm, 'resume'), 200, 'resumed');
    is(told(asks($nginx, $token)), 200, 'at once') for 1 .. 4;
    is(pauses($nginx, $crm, 'resume'), 404, 'once');
    is(told(refresh($nginx, $token)), 200, 'its refresh token is good');
};

subtest 'a name' => sub {
    is(pauses($nginx, 'nobody%20yet', 'pause'), 200, 'nobody knows yet');
    my $list = $nginx->request('GET', '/admin/clients')->{json}{clients};
    is(scalar(grep { ($_->{client} // '') eq 'nobody yet' && $_->{paused} }
              @$list), 1, 'is paused all the same');
    is(pauses($nginx, $_, 'pause'), 400, $_)
        for 'a%01b', 'a%7fb', 'a%c3%a9', 'x' x 256;
    is(pauses($nginx, 'x' x 255, 'pause'), 200, 'the longest');
};

subtest 'monitor refuses nothing' => sub {
    my $monitor = gateway(mode => 'monitor');
    my $watched = bind_token($monitor, company => $home);
    is(pauses($monitor, $crm, 'pause'), 200, 'paused');
    $monitor->skip_audit;

    is(told(asks($monitor, $watched)), 200, 'it goes through');
    my $scope = $monitor->next_audit->{procore_scope};
    is("$scope->{decision} $scope->{reason}", 'would_deny company_not_allowed',
       'and is on record');

    is(told(refresh($monitor, $watched)), 200, 'a refresh');
    $scope = $monitor->next_audit->{procore_scope};
    is("$scope->{decision} $scope->{reason}", 'would_deny company_not_allowed',
       'likewise');
};

done_testing();
