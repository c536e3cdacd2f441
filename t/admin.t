#!/usr/bin/perl

# procore_scope_admin: what the operator sees and changes, one thing at a time,
# and that each change is on record and in force at the next request.

use Procore::Test;

my $world = world();
my ($home, $foreign) = @$world{qw(home foreign)};

my $nginx = nginx(
    workers => 2,
    locations => 'location /admin/ { procore_scope_admin; }');


# A call with JSON or without a body; "[status, reason]" where it is refused.
sub call {
    my ($method, $path, $body, %opt) = @_;

    my $headers = $opt{headers}
        // ($method eq 'GET' ? [] : ['Content-Type', 'application/json']);
    return $nginx->request($method, "/admin/$path", headers => $headers,
                           defined $body ? (body => $body) : ());
}


sub refused {
    my ($answer, $status, $reason, $name) = @_;

    my $json = $answer->{json};
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    is(join(' ', $answer->{status}, ref $json ? $json->{reason} // '' : ''),
       "$status $reason", $name);
    is($json->{errors}{base}[0], $json->{message}, 'in the shape of refusals');
    is($answer->{header}{'cache-control'}, 'no-store', 'not to be kept');
    return;
}


sub told {
    my ($answer) = @_;

    return join ' ', $answer->{status},
        ref $answer->{json} ? $answer->{json}{reason} // () : ();
}


sub asks {
    my ($token, $company) = @_;

    return told($nginx->request(
        'GET', "/rest/v1.0/companies/$company/users",
        token => $token->{access_token}, company => $company));
}


# The record of the last call.
sub record {
    my $record = $nginx->next_audit;

    return join ' ', $record->{event}{action},
        @{ $record->{procore_scope} }{qw(decision reason)};
}


my $token = bind_token($nginx, company => $home);

subtest 'bindings are listed' => sub {
    my $answer = call('GET', 'bindings');
    is($answer->{status}, 200, 'a list');
    like($answer->{header}{'content-type'}, qr{^application/json}, 'in JSON');
    is($answer->{header}{'cache-control'}, 'no-store', 'not to be kept');

    my ($binding) = @{ $answer->{json}{bindings} };
    is($answer->{json}{next}, undef, 'all of it');
    is($binding->{company_id}, $home, 'the company');
    is($binding->{state}, 'bound', 'the state');
    is($binding->{bound_by}, 'token_request', 'the way');
    is($binding->{client}, $world->{clients}{crm}{id}, 'the client');
    is($binding->{tokens}, 2, 'a pair');
    like($binding->{bound_at}, qr/^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$/, 'when');
    like($binding->{family}, qr/^[0-9a-f]{32}$/, 'its name');

    for ("company=$home", "client=$binding->{client}", 'state=bound',
         'way=token_request', "company=$home&client=$binding->{client}")
    {
        is(scalar @{ call('GET', "bindings?$_")->{json}{bindings} }, 1, $_);
    }

    for ("company=$foreign", 'client=other', 'state=withdrawn', 'way=chooser',
         'token=0011223344556677')
    {
        is(scalar @{ call('GET', "bindings?$_")->{json}{bindings} }, 0, $_);
    }

    my $head = call('HEAD', 'bindings');
    is($head->{status}, 200, 'HEAD');
    is($head->{body}, '', 'without a body');
};

subtest 'a binding is shown' => sub {
    my $answer = call('POST', 'bindings/show', qq({"access_token":"$token->{access_token}"}));
    is($answer->{status}, 200, 'by its token, in a body');
    is($answer->{json}{binding}{company_id}, $home, 'the company');

    my @tokens = @{ $answer->{json}{tokens} };
    is_deeply([sort map { $_->{kind} } @tokens], [qw(access refresh)],
              'with its tokens');

    for my $name (map({ $_->{token} } @tokens),
                  $answer->{json}{binding}{family})
    {
        is(call('GET', "bindings/$name")->{json}{binding}{company_id}, $home,
           "by $name");
    }

    is(scalar @{ call('GET', "bindings?token=$tokens[0]{token}")
                 ->{json}{bindings} }, 1, 'and found by it in a list');
};

subtest 'a binding is set' => sub {
    is(asks($token, $home), 200, 'its company');
    is(asks($token, $foreign), '403 foreign_company', 'and another');
    $nginx->skip_audit;

    my $answer = call('POST', 'bindings',
        qq({"access_token":"$token->{access_token}","company_id":$foreign}));
    is($answer->{status}, 200, 'set');
    is($answer->{json}{binding}{company_id}, $foreign, 'to another company');
    is($answer->{json}{binding}{bound_by}, 'admin', 'by the operator');
    is($answer->{json}{previous_company_id}, $home, 'from which one');

    my $record = $nginx->next_audit;
    is($record->{event}{action}, 'admin_bind', 'on record');
    is($record->{procore_scope}{decision}, 'allow', 'as allowed');
    is($record->{procore_scope}{company}, $foreign, 'with its company');
    is($record->{procore_scope}{bound_by}, 'admin', 'by the operator');
    is($record->{procore_scope}{changed}, 1, 'one binding');
    like($record->{procore_scope}{token}, qr/^[0-9a-f]{16}$/, 'its digest');

    is(asks($token, $foreign), 200, 'in force at the next request')
        for 1 .. 4;
    is(asks($token, $home), '403 foreign_company', 'in every worker')
        for 1 .. 4;

    my $family = $answer->{json}{binding}{family};
    is(call('POST', 'bindings', qq({"family":"$family","company_id":$home}))
       ->{json}{binding}{company_id}, $home, 'back, by its family');

    my $refreshed = { %$token, %{ refresh($nginx, $token)->{json} } };
    is(asks($refreshed, $home), 200, 'a refresh keeps it');
    $token = $refreshed;

    is(call('POST', 'bindings', qq({"access_token":"from-elsewhere",)
            . qq("refresh_token":"another","company_id":$home,)
            . qq("client":"other"}))->{status}, 200,
       'tokens that never passed by');
    is(call('GET', 'bindings?client=other')->{json}{bindings}[0]{tokens}, 2,
       'are known now');
};

subtest 'what cannot be set' => sub {
    for (['{"token":"0011223344556677","company_id":5}', 404, 'not_found'],
         ['{"family":"' . '0' x 32 . '","company_id":5}', 404, 'not_found'],
         ['', 400, 'malformed_body'],
         ['{}', 400, 'malformed_body'],
         ['[]', 400, 'malformed_body'],
         ['{"access_token":"a"}', 400, 'malformed_body'],
         ['{"access_token":"a","company_id":9223372036854775808}', 400,
          'malformed_body'],
         ['{"access_token":"a","company_id":1e3}', 400, 'malformed_body'],
         ['{"access_token":"a","company_id":{"id":5}}', 400,
          'malformed_body'],
         ['{"access_token":"a","company_id":5,"client":"a\u0001"}', 400,
          'malformed_body'],
         ['{"a":' x 1000 . '1' . '}' x 1000, 400, 'malformed_body'],
         ["\0", 400, 'malformed_body'],
         ['{"access_token":"' . 'x' x 70_000 . '","company_id":5}', 413,
          'body_too_large'])
    {
        my ($body, @wanted) = @$_;
        $nginx->skip_audit;
        refused(call('POST', 'bindings', $body), @wanted,
                substr($body, 0, 50) =~ s/[^ -~]/?/gr);
        is(record(), "admin_refused deny $wanted[1]", 'and on record');
    }

    is(call('GET', 'bindings')->{status}, 200, 'the worker is well');
};

subtest 'a binding is ended' => sub {
    my $other = bind_token($nginx, company => $home);
    is(asks($other, $home), 200, 'a token in use');
    $nginx->skip_audit;

    my $answer = call('POST', 'bindings/end',
                      qq({"refresh_token":"$other->{refresh_token}"}));
    is($answer->{status}, 200, 'ended by its refresh token');
    is($answer->{json}{binding}{state}, 'withdrawn', 'for good');
    is(record(), 'admin_end allow ok', 'on record');

    is(asks($other, $home), '401 revoked_token', 'at the next request')
        for 1 .. 4;

    my $family = $answer->{json}{binding}{family};
    refused(call('POST', 'bindings',
                 qq({"family":"$family","company_id":$home})), 409, 'rebind',
            'it cannot be set again');
    is(call('DELETE', "bindings/$family")->{status}, 200, 'ended again');
    refused(call('DELETE', 'bindings/' . '0' x 32), 404, 'not_found',
            'an unknown one');

    my $third = bind_token($nginx, company => $home);
    $nginx->skip_audit;
    refused(call('DELETE', 'bindings'), 400, 'malformed_query',
            'without saying whose');
    is(record(), 'admin_refused deny malformed_query', 'on record');

    $answer = call('DELETE', "bindings?company=$home&client="
                   . $world->{clients}{crm}{id});
    is($answer->{status}, 200, 'all of a client in a company');
    is($answer->{json}{ended}, 2, 'those that lived');
    my $record = $nginx->next_audit;
    is($record->{procore_scope}{changed}, 2, 'counted in the record');
    is(asks($_, $home), '401 revoked_token', 'ended') for $token, $third;
    is(scalar @{ call('GET', 'bindings?state=bound')->{json}{bindings} }, 1,
       'another client\'s stays');
};

subtest 'a request that is under way' => sub {
    my $late = bind_token($nginx, company => $home);
    standin()->reset;
    standin()->behave({ match => '* /rest/v1.0/companies*', delay => 1 });

    my $connection = $nginx->connect;
    $connection->send("GET /rest/v1.0/companies/$home/users HTTP/1.1\r\n"
        . "Host: x\r\nAuthorization: Bearer $late->{access_token}\r\n"
        . "Procore-Company-Id: $home\r\nConnection: close\r\n\r\n");
    wait_for(5, sub { scalar standin()->requests });

    is(call('POST', 'bindings/end',
            qq({"access_token":"$late->{access_token}"}))->{status}, 200,
       'its binding ends');
    is($connection->response('GET')->{status}, 200, 'it goes on');
    standin()->behave;
    is(asks($late, $home), '401 revoked_token', 'and is the last');
};

subtest 'projects' => sub {
    my $answer = call('POST', 'projects',
                      qq({"project_id":77,"company_id":$foreign}));
    is($answer->{status}, 200, 'set');
    is($answer->{json}{company_id}, $foreign, 'for a company');
    call('POST', 'projects', qq({"project_id":$_,"company_id":$home}))
        for 78 .. 80;
    $nginx->skip_audit;

    is(call('GET', 'projects/77')->{json}{company_id}, $foreign, 'shown');
    is(scalar @{ call('GET', "projects?company=$home")->{json}{projects} }, 3,
       'listed');

    my @pages;
    my $next = '';
    while (defined $next) {
        my $page = call('GET', "projects?limit=2&cursor=$next")->{json};
        push @pages, map { $_->{project_id} } @{ $page->{projects} };
        $next = $page->{next};
    }
    is_deeply([grep { $_ >= 77 && $_ <= 80 } @pages], [77 .. 80],
              'page by page, each once');

    is(call('DELETE', 'projects/77')->{json}{forgotten}, 1, 'forgotten');
    is(record(), 'admin_forget allow ok', 'on record');
    refused(call('DELETE', 'projects/77'), 404, 'not_found', 'once');
    refused(call('GET', 'projects/77'), 404, 'not_found', 'gone');
    refused(call('GET', 'projects/7x'), 400, 'malformed_id', 'no id');
    refused(call('DELETE', 'projects'), 400, 'malformed_query', 'whose?');
    cmp_ok(call('DELETE', "projects?company=$home")->{json}{forgotten}, '>=', 3,
           'all of a company');
    is(scalar @{ call('GET', "projects?company=$home")->{json}{projects} }, 0,
       'gone');
};

subtest 'paths, methods and queries' => sub {
    refused(call('GET', ''), 404, 'not_found', 'nothing');
    refused(call('GET', $_), 404, 'not_found', $_)
        for qw(binding clients/x clients/pause projects/);
    refused(call('GET', $_), 400, 'malformed_path', $_)
        for qw(clients//pause bindings/%2e%2e%2fprojects
               bindings/../projects ./bindings bindings%2fexport);
    refused(call('GET', $_), 400, 'malformed_id', $_)
        for qw(bindings/zz bindings/a/b/c);
    refused(call('GET', 'bindings/' . '0' x 64), 404, 'not_found', 'unknown');

    for ([PUT => 'bindings', 'GET, HEAD, POST, DELETE'],
         [GET => 'bindings/import', 'POST'], [POST => 'bindings/export',
          'GET, HEAD'], [GET => 'clients/a/pause', 'POST'],
         [POST => 'clients', 'GET, HEAD'])
    {
        my ($method, $path, $allow) = @$_;
        my $answer = call($method, $path, $method eq 'GET' ? undef : '{}');
        refused($answer, 405, 'bad_request', "$method $path");
        is($answer->{header}{allow}, $allow, "only $allow");
    }

    refused(call('GET', "bindings?$_"), 400, 'malformed_query', $_)
        for qw(company compnay=5 limit=0 limit=1001 limit=x state=gone
               way=magic cursor=xyz cursor=0 token=00 client=
               company=5&company=6 limit=1&limit=1
               client=a&way=import&client=a);
    refused(call('DELETE', "bindings?$_"), 400, 'malformed_query', "ends no $_")
        for "company=$home&company=5", "company=$home&limit=1", 'limit=5',
            "limit=1&company=$home", "company=$home&&company=$home";
    refused(call('DELETE', "projects?$_"), 400, 'malformed_query',
            "forgets no $_")
        for "company=$home&company=5", "company=$home&limit=1";
    refused(call('GET', "bindings?company=$_"), 400, 'malformed_id', "company=$_")
        for qw(0 -5 9223372036854775808 5x), '';
};

done_testing();
