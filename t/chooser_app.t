#!/usr/bin/perl

# The chooser for apps: the companies of a token and its binding, as JSON.

use Procore::Test;

my $world = world();
my ($home, $foreign) = @$world{qw(home foreign)};
my %name = map { $_->{id} => $_->{name} } @{ $world->{companies} };

use constant CHOOSE => '/choose';

my $nginx = gateway();


sub gateway {
    my (%opt) = @_;

    my $server = delete $opt{server} // '';
    return nginx(
        server => "procore_scope_bind chooser token_request; $server",
        locations => 'location = ' . CHOOSE . ' { procore_scope_chooser; }',
        %opt);
}


# A token without a company: the whole answer.
sub token {
    my ($to, %opt) = @_;

    return bind_token($to, company => undef, %opt);
}


sub look {
    my ($to, $token, %opt) = @_;

    return $to->request('GET', CHOOSE, token => $token->{access_token}, %opt);
}


sub choose {
    my ($to, $token, $company, %opt) = @_;

    return $to->request('POST', CHOOSE, token => $token->{access_token},
                        json => { company_id => 0 + $company }, %opt);
}


sub told {
    my ($answer) = @_;

    return join ' ', $answer->{status},
        ref $answer->{json} ? $answer->{json}{reason} // () : ();
}


sub passes {
    my ($to, $token, $company) = @_;

    return told($to->request(
        'GET', "/rest/v1.0/companies/$company/users",
        token => $token->{access_token}, company => $company));
}


subtest 'an app looks, and chooses' => sub {
    my $token = token($nginx);
    standin()->reset;
    $nginx->skip_audit;

    my $answer = look($nginx, $token);
    is($answer->{status}, 200, 'a list');
    like($answer->{header}{'content-type'}, qr{^application/json}, 'in JSON');
    is($answer->{header}{'cache-control'}, 'no-store', 'not to be kept');
    is_deeply([sort keys %{ $answer->{json} }],
              [qw(bound_by companies company_id)], 'three members');
    is($answer->{json}{company_id}, undef, 'no company yet');
    is($answer->{json}{bound_by}, undef, 'by no way');
    is_deeply([sort { $a->{id} <=> $b->{id} } @{ $answer->{json}{companies} }],
              [map { { id => $_, name => $name{$_} } } sort { $a <=> $b }
               @{ $world->{users}[0]{companies} }], 'the companies');
    is($nginx->next_action('company_offered')->{event}{outcome}, 'success',
       'on record');

    my $head = $nginx->request('HEAD', CHOOSE,
                               token => $token->{access_token});
    is($head->{status}, 200, 'HEAD, too');
    is($head->{body}, '', 'without a body');

    my $bound = { company_id => $home, bound_by => 'chooser',
                  companies => [{ id => $home, name => $name{$home} }] };
    $answer = choose($nginx, $token, $home);
    is($answer->{status}, 200, 'chosen');
    is_deeply($answer->{json}, $bound, 'the answer shows it');
    my $record = $nginx->next_action('bind');
    is($record->{procore_scope}{company}, $home, 'on record');
    is($record->{procore_scope}{bound_by}, 'chooser', 'with the way');

    is_deeply(look($nginx, $token)->{json}, $bound, 'as does the next look');
    is(passes($nginx, $token, $home), '200', 'its calls pass');
    is(passes($nginx, $token, $foreign), '403 foreign_company', 'no others');

    is_deeply(choose($nginx, $token, $home)->{json}, $bound,
              'the same once more changes nothing');
    $answer = choose($nginx, $token, $foreign);
    is(told($answer), '409 rebind', 'another one is refused');
    is($answer->{json}{company_id}, $home, 'and tells the first');
    ok($answer->{header}{'procore-scope-decision'}, 'as a refusal');

    is_deeply([grep { !m{^GET /rest/v1\.0/companies(?:\?|/\d+/users$)} }
               map { "$_->{method} $_->{target}" } standin()->requests], [],
              'nothing else went up');

    my $fresh = refresh($nginx, $token)->{json};
    is(look($nginx, $fresh)->{json}{company_id}, $home, 'a refresh keeps it');
};


subtest 'a token that the gateway has never seen' => sub {
    my $code = authorize_code(standin());
    my $token = token_request(standin(), code => $code)->{json};
    is(look($nginx, $token)->{status}, 200, 'looks');
    is(choose($nginx, $token, $home)->{status}, 200, 'chooses');
    is(passes($nginx, $token, $home), '200', 'and works');
};


subtest 'companies that are not to be had' => sub {
    my $token = token($nginx, user => 2);
    is(told(choose($nginx, $token, $foreign)), '403 company_not_allowed',
       'not of this user');
    is(told(choose($nginx, $token, 999)), '403 company_not_allowed',
       'of nobody');
    is(told(choose($nginx, token($nginx, user => 5),
                   $world->{users}[4]{companies}[0])),
       '403 company_not_allowed', 'not active');
    is_deeply(look($nginx, token($nginx, user => 3))->{json}{companies}, [],
              'none at all');

    my $all = look($nginx, token($nginx, user => 4))->{json};
    is(scalar @{ $all->{companies} }, 250, 'two hundred and fifty');
    is($all->{partial}, undef, 'are complete');
    $all = look($nginx, token($nginx, user => 7))->{json};
    is(scalar @{ $all->{companies} }, 2000, 'two thousand');
    ok($all->{partial}, 'are said to be a part');
};


subtest 'service accounts' => sub {
    for my $client ('dmsa', 'service') {
        my $token = token_request($nginx, grant => 'client_credentials',
                                  client => $client)->{json};
        is(look($nginx, $token)->{status}, 200, "$client: may look");
        is(told(choose($nginx, $token, $home)), '403 company_not_allowed',
           'nobody is there who could choose');
    }
};


subtest 'bodies' => sub {
    my $token = token($nginx);
    my $id = $home;

    my @cases = (
        ['no JSON', '400 malformed_body', '{'],
        ['nothing in it', '400 malformed_body', '{}'],
        ['null', '400 malformed_body', '{"company_id":null}'],
        ['twice', '400 malformed_body',
         qq({"company_id":$id,"company_id":$id})],
        ['a list', '400 malformed_body', qq([{"company_id":$id}])],
        ['nested', '400 malformed_body', qq({"a":{"company_id":$id}})],
        ['a project beside', '400 malformed_body',
         qq({"company_id":$id,"project_id":1001})],
        ['no id', '400 malformed_id', '{"company_id":"12abc"}'],
        ['a fraction', '400 malformed_id', '{"company_id":1.5}'],
        ['an object', '400 malformed_id', '{"company_id":{"a":1}}'],
        ['a token', '401 ambiguous_token',
         qq({"company_id":$id,"access_token":"x"})],
        ['large', '413 body_too_large',
         qq({"company_id":$id,"a":") . 'x' x 5000 . '"}'],
    );
    for my $case (@cases) {
        my ($name, $wanted, $body) = @$case;

        for my $chunked (0, 1) {
            my $answer = $nginx->request('POST', CHOOSE,
                token => $token->{access_token}, body => $body,
                type => 'application/json',
                $chunked ? (chunked => [$body]) : ());
            is(told($answer), $wanted, $name . ($chunked ? ', chunked' : ''));
        }
    }

    for my $type ('application/x-www-form-urlencoded', 'text/plain',
                  'multipart/form-data; boundary=x', 'application/xml') {
        my $answer = $nginx->request('POST', CHOOSE,
            token => $token->{access_token}, type => $type,
            body => "company_id=$id");
        is(told($answer), '415 unsupported_body', $type);
    }
    is(told($nginx->request('POST', CHOOSE,
                            token => $token->{access_token})),
       '400 malformed_body', 'no body');

    is(look($nginx, $token)->{json}{company_id}, undef, 'nothing was bound');
    is(told($nginx->request('POST', CHOOSE, token => $token->{access_token},
            type => 'application/json; charset=utf-8',
            body => qq( {"company_id" : "$id", "note": "x"} ),
            headers => [Origin => 'https://app.example.com'])),
       '200', 'as text, with other members and from a page of the app');
};


subtest 'who may not ask' => sub {
    is(told($nginx->request('GET', CHOOSE)), '401 missing_token', 'no token');
    is(told($nginx->request('GET', CHOOSE, basic => ['a', 'b'])),
       '401 missing_token', 'another scheme');
    is(told(look($nginx, { access_token => 'nobody-has-it' })),
       '401 lookup_failed', 'one that Procore does not know');

    my $token = token($nginx);
    is(told($nginx->request('GET', CHOOSE . '?access_token=x',
                            token => $token->{access_token})),
       '401 ambiguous_token', 'two tokens');

    my $put = $nginx->request('DELETE', CHOOSE,
                              token => $token->{access_token});
    is($put->{status}, 405, 'another method');
    is($put->{header}{allow}, 'GET, HEAD, POST', 'with those that there are');

    revoke($nginx, $token->{access_token});
    is(told(look($nginx, $token)), '401 revoked_token', 'a revoked one');
    is(told(choose($nginx, $token, $home)), '401 revoked_token', 'for good');
};


subtest 'Procore out of reach' => sub {
    my $token = token($nginx);
    for my $rule ({ status => 500 }, { status => 429, headers => {
                      'Retry-After' => 7 } }, { close => 1 },
                  { status => 200, body => '[{"id":1}' }) {
        standin()->behave({ match => 'GET /rest/v1.0/companies', %$rule });
        my $answer = choose($nginx, $token, $home);
        is(told($answer), '503 lookup_failed', 'try again');
        ok($answer->{header}{'retry-after'}, 'with the time');
    }
    standin()->behave;
    is(choose($nginx, $token, $home)->{status}, 200, 'then it works');
};


subtest 'a company that the operator has configured' => sub {
    my $own = gateway(server => "procore_scope_company $home;");
    my $token = token($own);
    is(told(choose($own, $token, $foreign)), '409 rebind', 'no other one');
    my $answer = look($own, $token);
    is($answer->{json}{company_id}, $home, 'it is the token\'s');
    is($answer->{json}{bound_by}, 'configured', 'by its own way');
};


subtest 'two at the same time' => sub {
    my $own = gateway(workers => 2);
    for (1 .. 5) {
        my $token = token($own);
        my @sockets = map {
            my $connection = $own->connect;
            my $socket = $connection->{socket} // $connection;
            my $body = qq({"company_id":$_});
            syswrite $socket, "POST /choose HTTP/1.1\r\nHost: x\r\n"
                . "Authorization: Bearer $token->{access_token}\r\n"
                . "Content-Type: application/json\r\nConnection: close\r\n"
                . 'Content-Length: ' . length($body) . "\r\n\r\n$body";
            [$connection, $socket];
        } $home, $foreign;

        my @status;
        for (@sockets) {
            my $text = '';
            1 while sysread $_->[1], $text, 65536, length $text;
            push @status, $text =~ m{^HTTP/1.1 (\d+)};
        }
        is(join(' ', sort @status), '200 409', 'one of them');
    }
};


done_testing();
