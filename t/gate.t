#!/usr/bin/perl

# What the gate refuses, with which reason, status and explanation, and what it
# lets through. Projects are known beforehand: nothing is looked up here.

use Procore::Test;

use constant {
    OWN => 562949953421312,
    FOREIGN => 598134325779301,
};

my $upstream = upstream();
my $nginx = nginx(
    api => $upstream->url, lookup => 0, h2 => 1,
    server => 'large_client_header_buffers 4 64k;'
        . ' add_header X-Request-Id $request_id always;',
    locations => <<'EOT',
        location /rest/strict/ {
            procore_scope_unlisted deny;
            proxy_pass %%API%%;
        }
        location /rest/small/ {
            procore_scope_body_size 400;
            proxy_pass %%API%%;
        }
        location /rest/bare/ {
            procore_scope_header off;
            proxy_pass %%API%%;
        }
        location /rest/named/ {
            procore_scope_names project job_id job_ids;
            procore_scope_names company account;
            procore_scope_ignore vendor_company_id;
            proxy_pass %%API%%;
        }
        location /rest/excepted/ {
            procore_scope_exception 598134325779301 project=2002
                "note=joint venture";
            procore_scope_exception 111 until=2001-01-01;
            proxy_pass %%API%%;
        }
        location /rest/v1.0/workforce-planning/ {
            procore_scope_alias 562949953421312
                11111111-2222-3333-4444-555555555555;
            proxy_pass %%API%%;
        }
        location /rest/configured/ {
            procore_scope_company $http_x_test_company;
            proxy_pass %%API%%;
        }
        location /rest/one/ {
            procore_scope_company 562949953421312;
            proxy_pass %%API%%;
        }
EOT
    expect => [qr/no effect/],
);
my $token = 'gate-own-' . 'x' x 60;
my $ended = 'gate-ended-' . 'y' x 60;
remember($_) for $token, $ended;

$nginx->import_records(
    { access_token => $token, client => 'app', company_id => OWN },
    { access_token => $ended, client => 'app', company_id => OWN },
    { project_id => 1001, company_id => OWN },
    { project_id => 2002, company_id => FOREIGN });
$nginx->end_binding($ended);

# The token.

refused('missing_token', 401, GET => '/rest/v1.0/projects', token => undef);
refused('missing_token', 401, GET => '/rest/v1.0/me', token => undef,
        headers => [Authorization => 'Basic eDp5']);
refused('ambiguous_token', 401,
        GET => "/rest/v1.0/me?access_token=$token", token => undef);
refused('ambiguous_token', 401, GET => "/rest/v1.0/me?bearer_token=other");
refused('ambiguous_token', 401, GET => "/rest/v1.0/me?%61ccess_token]=other");
refused('ambiguous_token', 401, POST => '/rest/v1.0/projects/1001/rfis',
        json => { access_token => 'other' });
refused('ambiguous_token', 401, POST => '/rest/v1.0/projects/1001/rfis',
        form => [access_token => 'other']);
refused('revoked_token', 401, GET => '/rest/v1.0/me', token => $ended);
refused('unbound', 403, GET => '/rest/v1.0/projects/1001', token => 'fresh');
refused('unbound', 403, GET => '/rest/v1.0/companies?company_id=' . OWN,
        token => 'fresh');
refused('unbound', 403, POST => '/rest/v1.0/companies', token => 'fresh',
        json => {});
refused('unbound', 403, GET => '/rest/v1.0/me', token => 'fresh',
        company => OWN);
refused('unbound', 403, GET => '/rest/v1.0/me', token => 'fresh',
        json => { project_id => 1001 });

passed('discovery', GET => '/rest/v1.0/companies', token => 'fresh');
passed('discovery', HEAD => '/rest/v1.1/me', token => 'fresh');
passed('discovery', GET => '/vapid/companies?page=2', token => 'fresh');

# Companies and projects, by every carrier.

refused('foreign_company', 403, GET => '/rest/v1.0/me', company => FOREIGN);
refused('foreign_company', 403,
        GET => '/rest/v1.0/companies/' . FOREIGN . '/users');
refused('foreign_company', 403,
        GET => '/rest/v1.0/projects?company_id=' . FOREIGN);
refused('foreign_company', 403, GET => '/rest/v1.0/projects?company_id='
        . OWN . '&company_id=' . FOREIGN);
refused('foreign_company', 403, POST => '/rest/v1.0/projects',
        json => { project => { company_id => '' . FOREIGN } });
refused('foreign_company', 403, POST => '/rest/v1.0/projects',
        form => ['project[company_id]', FOREIGN]);
refused('foreign_company', 403, POST => '/rest/v1.0/projects',
        multipart => [['company_id', FOREIGN]]);
refused('foreign_project', 403, GET => '/rest/v1.0/projects/2002');
refused('foreign_project', 403, GET => '/rest/v1.0/rfis?project_id=2002');
refused('foreign_project', 403, GET => '/rest/v1.0/x?project_ids=1001,2002');
refused('foreign_project', 403, PATCH => '/rest/v1.0/projects/sync',
        json => { updates => [{ id => 1001 }, { id => 2002 }] });
refused('foreign_project', 403, DELETE => '/rest/v1.0/rfis/1',
        json => [{ project_id => 2002 }]);
refused('foreign_project', 403, PATCH => '/rest/v1.0/projects/1001',
        json => { id => 2002 });
refused('foreign_project', 403, POST => '/vapid/projects',
        json => { id => '2002' });
refused('foreign_company', 403, PATCH => '/rest/v1.0/companies/' . OWN,
        json => { id => FOREIGN });
refused('unknown_project', 403, GET => '/rest/v1.0/projects/77/rfis');

passed('ok', GET => '/rest/v1.0/projects/1001');
passed('ok', GET => '/rest/v1.0/companies/' . OWN . '/projects/1001/x');
passed('ok', GET => '/rest/v1.0/rfis/2002?project_id=1001&vendor_id=2002');
passed('ok', GET => '/rest/v1.0/x?filters[assignee_company_id]=' . FOREIGN);
passed('ok', POST => '/rest/v1.0/projects/1001/rfis', json => {
    company_id => OWN, project_ids => ['1001'], rfi => { id => 2002 } });
passed('ok', POST => '/rest/v1.0/files', multipart => [
    ['project_id', 1001],
    ['file', { filename => 'a.json', type => 'application/json',
               content => '{"company_id":' . FOREIGN . '}' }]]);
passed('ok', POST => '/rest/v1.0/projects/1001/x',
       type => 'application/octet-stream', body => 'company_id=' . FOREIGN);
passed('ok', PATCH => '/rest/v1.0/projects/1001',
       json => { id => 1001, project => { name => 'x', owner_id => 2002 } });
passed('ok', PATCH => '/rest/v1.0/rfis/1', json => { id => 2002 });
passed('ok', PATCH => '/rest/v1.0/projects/sync',
       json => { updates => [{ id => 1001 }] });
passed('preflight', OPTIONS => '/rest/v1.0/projects/2002', token => undef,
       headers => [Origin => 'https://app.example.com',
                   'Access-Control-Request-Method' => 'POST']);
refused('foreign_project', 403, OPTIONS => '/rest/v1.0/projects/2002',
        headers => [Origin => 'https://app.example.com',
                    'Access-Control-Request-Method' => 'POST']);

# What cannot be read for certain.

refused('malformed_id', 400, GET => "/rest/v1.0/x?project_id=$_")
    for qw(12abc +5 %2B5 0x1 1e3 007 12345678901234567890 %D9%A1 1001.0);
refused('malformed_id', 400, GET => "/rest/v1.0/projects/$_/rfis")
    for ('12abc', '0x1', '007', '1001;x=1', '2002,1001');
refused('malformed_id', 400, GET => '/rest/v1.0/me', company => '12abc');
refused('malformed_header', 400, GET => '/rest/v1.0/me',
        company => OWN . ', ' . FOREIGN);
refused('malformed_path', 400, GET => "/rest/v1.0/$_") for (
    'projects/2002/../1001', 'projects/1001%0a/rfis', './projects/1001', 'projects%2F1001',
    '/projects/1001', 'projects/1001#x', 'x/%2e%2e/projects/1001');
refused('malformed_query', 400, GET => "/rest/v1.0/x?$_")
    for ('a=%zz', 'a=%ff', 'a%', join('&', ('a=1') x 5000));
refused('malformed_body', 400, POST => '/rest/v1.0/x',
        type => 'application/json', body => $_) for (
    '{"a":1,}', '{"a":1/**/}', '{"a":NaN}', '{"a":"' . "\xff" . '"}',
    '{"a":"\ud800"}', '[' x 65 . ']' x 65, "\xef\xbb\xbf{}", ' ', '{} {}');
refused('malformed_body', 400, POST => '/rest/v1.0/x', body => 'a=%zz',
        type => 'application/x-www-form-urlencoded');
refused('foreign_company', 403, POST => '/rest/v1.0/x',
        type => 'application/json',
        body => '{"company_id":' . OWN . ',"company_id":' . FOREIGN . '}');
refused('unsupported_body', 415, POST => '/rest/v1.0/x', body => '{}',
        type => $_) for ('application/xml', 'nonsense', 'text/html, text/x',
                         'multipart/form-data');
refused('unsupported_body', 415, POST => '/rest/v1.0/x', body => '{}');
refused('unsupported_body', 415, POST => '/rest/v1.0/x', body => '{}',
        type => 'application/json', headers => ['Content-Encoding', 'gzip']);
refused('unsupported_body', 415, POST => '/rest/v1.0/x', chunked => 1,
        pieces => ['{}']);
passed('ok', POST => '/rest/v1.0/x', chunked => 1, pieces => []);
refused('body_too_large', 413, POST => '/rest/small/x',
        json => { a => 'x' x 500 });
refused('body_too_large', 413, POST => '/rest/small/x', chunked => 1,
        type => 'application/json', pieces => ['{"a":"', 'x' x 500, '"}']);
passed('ok', POST => '/rest/small/x', multipart => [
    ['f', { filename => 'f', content => 'x' x 5000 }]]);
refused('body_too_large', 413, POST => '/rest/v1.0/x',
        json => { project_ids => [3000 .. 4100] });
refused('unlisted_path', 403, GET => $_) for qw(/ /admin /restx /Rest/v1.0/me);

# Directives.

refused('unlisted_name', 403, GET => '/rest/strict/x?vendor_company_id=5');
passed('ok', GET => '/rest/strict/x?affected_company_id=5');
refused('foreign_project', 403, GET => '/rest/named/x?job_id=2002');
refused('foreign_project', 403, POST => '/rest/named/x',
        json => { job_ids => [1001, 2002] });
refused('foreign_company', 403, GET => '/rest/named/x?a[account]=5');
refused('unbound', 403, GET => '/rest/bare/x');
passed('ok', GET => '/rest/bare/x', company => OWN);
passed('exception', GET => '/rest/excepted/companies/' . FOREIGN);
passed('exception', GET => '/rest/excepted/projects/2002');
refused('foreign_company', 403, GET => '/rest/excepted/companies/111');
passed('ok', GET => '/rest/v1.0/workforce-planning/v2/companies/'
    . '11111111-2222-3333-4444-555555555555/x');
refused('foreign_company', 403,
    GET => '/rest/v1.0/workforce-planning/v2/companies/'
    . '11111111-2222-3333-4444-555555555556/x');
{
    my $planning = '/rest/v1.0/workforce-planning/v2/companies/' . OWN;
    my $rest = '1111-2222-3333-444444444444';
    passed('ok', GET => "$planning/projects/$_-$rest")
        for qw(a0002002 00001001 12345678);
    refused('foreign_project', 403, GET => "$planning/projects/00002002-$rest");
}
passed('ok', GET => '/rest/one/x', token => 'configured-1');
passed('ok', GET => '/rest/v1.0/projects/1001', token => 'configured-1');
refused('rebind', 403, GET => '/rest/configured/x', token => 'configured-1',
        headers => ['X-Test-Company', FOREIGN]);
refused('store_failed', 503, GET => '/rest/configured/x', token => 'other',
        headers => ['X-Test-Company', 'nonsense']);

# The header that is added.

{
    my $sent = (passed('ok', GET => '/rest/v1.0/x'))[-1];
    like($sent, qr/^Procore-Company-Id: @{[OWN]}\r$/m, 'the header is added');

    $sent = (passed('ok', GET => '/rest/v1.0/x', company => ''))[-1];
    is(() = $sent =~ /^Procore-Company-Id:/mgi, 1, 'in place of an empty one');
    like($sent, qr/^Procore-Company-Id: @{[OWN]}\r$/m, 'with the company');

    $sent = (passed('ok', GET => '/rest/v1.0/x', company => OWN))[-1];
    is(() = $sent =~ /^Procore-Company-Id:/mgi, 1, 'one that is there stays');
}

# What a refusal says.

{
    my $response = request(GET => '/rest/v1.0/x?company_id=' . FOREIGN);
    my $said = $response->{json};

    is_deeply($said->{claim}, { in => 'query', name => 'company_id',
                                value => '' . FOREIGN }, 'the claim');
    is($said->{company_id}, OWN, 'the company of the token');
    like($said->{message}, qr/company @{[FOREIGN]} .*@{[OWN]}/, 'a sentence');
    is_deeply($said->{errors}, { base => [$said->{message}] }, 'as Procore');
    is($said->{reason}, 'foreign_company', 'the reason');
    is($said->{decision_id}, $response->{header}{'procore-scope-decision'},
       'the decision');
    is($response->{header}{'cache-control'}, 'no-store', 'not for caches');

    $response = request(POST => '/rest/v1.0/x', json => {
        updates => [{}, { project => { id => 2002 } }] });
    is($response->{json}{claim}{name}, 'updates.1.project.id',
       'the path into a JSON body');

    $response = request(GET => '/rest/v1.0/me', token => $ended);
    is($response->{header}{'www-authenticate'},
       'Bearer error="invalid_token"', 'a revoked token is invalid');

    $response = request(GET => '/rest/v1.0/me', token => undef);
    is($response->{header}{'www-authenticate'}, 'Bearer', 'a token is asked');
}

# Connections after a refusal, and HTTP/2.

{
    my $connection = $nginx->connect;
    my $response = $connection->request('POST', '/rest/v1.0/projects/2002',
        token => $token, keep => 1, json => { a => 'x' x 100_000 });
    is($response->{status}, 403, 'refused before its body is read');
    $response = $connection->request('GET', '/rest/v1.0/projects/1001',
        token => $token, keep => 1);
    is($response->{status}, 200, 'the connection goes on');

    $response = $connection->request('POST', '/rest/v1.0/x',
        token => $token, keep => 1, json => { project_id => 2002 });
    is($response->{status}, 403, 'refused after its body is read');
    $response = $connection->request('GET', '/rest/v1.0/projects/1001',
        token => $token);
    is($response->{status}, 200, 'the connection goes on');

    $response = $nginx->h2('POST', '/rest/v1.0/x', token => $token,
                           json => { project_id => 2002 });
    is($response->{header}{'procore-scope-reason'}, 'foreign_project',
       'the same over HTTP/2');
    $response = $nginx->h2('POST', '/rest/v1.0/x', token => $token,
                           json => { project_id => 1001 });
    is($response->{status}, 200, 'and an honest one passes');
}

done_testing;


sub request {
    my ($method, $target, %opt) = @_;

    return $nginx->request($method, $target, token => $token, %opt);
}


sub refused {
    my ($reason, $status, $method, $target, %opt) = @_;

    my $before = $upstream->requests;
    my $response = request($method, $target, %opt);
    my $shown = substr $target, 0, 60;
    my $body = substr $opt{body} // '', 0, 20;
    is("$response->{status} "
        . ($response->{header}{'procore-scope-reason'} // '-'),
       "$status $reason", "$reason: $method $shown $body")
        or diag($response->{body});
    is(scalar(() = $upstream->requests), $before, 'nothing went up');
    return;
}

# Returns the requests that went up.
sub passed {
    my ($reason, $method, $target, %opt) = @_;

    my $before = $upstream->requests;
    my $response = request($method, $target, %opt);
    is($response->{status}, 200, "passed: $method $target")
        or diag($response->{body});
    my $record = $nginx->audit_of($response->{header}{'x-request-id'});
    is($record->{procore_scope}{reason}, $reason, "as $reason");
    my @sent = $upstream->requests;
    return @sent[$before .. $#sent];
}
