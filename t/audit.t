#!/usr/bin/perl

# The audit: one line of JSON a decision, with the same keys whatever was
# decided, never with a token, always within its bounds; and the variables.

use Procore::Test;

use JSON::PP ();

use constant {
    OWN => 562949953421312,
    FOREIGN => 598134325779301,
    RECORD_MAX => 8000,
};

my $json = JSON::PP->new->canonical->utf8;
my $upstream = upstream();
my $nginx = nginx(
    api => $upstream->url, lookup => 0, h2 => 1,
    http => <<'EOT',
        log_format variables escape=json '{"mode":"$procore_scope_mode",'
            '"decision":"$procore_scope_decision",'
            '"reason":"$procore_scope_reason",'
            '"company":"$procore_scope_company",'
            '"project":"$procore_scope_project",'
            '"claim":"$procore_scope_claim",'
            '"token":"$procore_scope_token",'
            '"client":"$procore_scope_client",'
            '"bound_by":"$procore_scope_bound_by",'
            '"uri":"$request_uri","args":"$args","request":"$request"}';
        map $procore_scope_client $configured { default ""; crm 562949953421312; }
        map $procore_scope_company $tenant { default ""; 562949953421312 own; }
        limit_req_zone $procore_scope_token zone=tokens:1m rate=1r/m;
EOT
    server => <<'EOT',
        access_log %%DIR%%/logs/variables.log variables;
        add_header X-Tenant $tenant always;
        add_header X-Request-Id $request_id always;
        large_client_header_buffers 4 32k;
EOT
    locations => <<'EOT',
        location /rest/limited/ {
            limit_req zone=tokens;
            proxy_pass %%API%%;
        }
        location /rest/mapped/ {
            procore_scope_company $configured;
            proxy_pass %%API%%;
        }
        location /off/ {
            procore_scope off;
            proxy_pass %%API%%;
        }
EOT
);
my $token = join '.', 'eyJhbGciOiJIUzI1NiJ9', 'a1B2c3D4' x 80, 'Zz_-' x 10;
remember($token);

$nginx->import_records(
    { access_token => $token, client => 'crm', company_id => OWN },
    { project_id => 1001, company_id => OWN },
    { project_id => 2002, company_id => FOREIGN });

# Every record has the same keys.

my $allowed = record('GET', '/rest/v1.0/projects/1001?x=1', company => OWN,
                     headers => ['User-Agent', 'test "agent"/1.0']);
my $denied = record('GET', '/rest/v1.0/rfis?project_id=2002', company => OWN);
my $unbound = record('GET', '/rest/v1.0/projects/1001', token => 'nobody');

is_deeply(keys_of($denied), keys_of($allowed), 'allow and deny: same keys');
is_deeply(keys_of($unbound), keys_of($allowed), 'also where nothing is known');

is_deeply($allowed->{event}{type}, ['access', 'allowed'], 'event.type');
is($allowed->{event}{outcome}, 'success', 'event.outcome');
is($allowed->{event}{action}, 'request', 'event.action');
is($allowed->{event}{sequence}, undef, 'no sequence without the chain');
is($allowed->{http}{response}{status_code}, 200, 'status');
is($allowed->{procore_scope}{upstream}{status}, 200, 'of the upstream');
is($allowed->{url}{path}, '/rest/v1.0/projects/1001', 'path, no query');
is($allowed->{user_agent}{original}, 'test "agent"/1.0', 'user agent');
is($allowed->{source}{ip}, '127.0.0.1', 'source');
is($allowed->{organization}{id}, '' . OWN, 'organization.id is text');
is($allowed->{procore_scope}{company}, OWN, 'company is a number');
is($allowed->{procore_scope}{bound_by}, 'import', 'bound_by');
is($allowed->{procore_scope}{client}, 'crm', 'client');
like($allowed->{procore_scope}{token}, qr/^[0-9a-f]{16}$/, 'token digest');
like($allowed->{'@timestamp'}, qr/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/,
     'timestamp');
is(scalar @{ $allowed->{procore_scope}{claims} }, 2, 'header and path');

is_deeply($denied->{event}{type}, ['access', 'denied'], 'event.type');
is($denied->{event}{outcome}, 'failure', 'event.outcome');
is($denied->{event}{reason}, 'foreign_project', 'event.reason');
is($denied->{http}{response}{status_code}, 403, 'status');
is($denied->{procore_scope}{upstream}{status}, undef, 'nothing went up');
is_deeply($denied->{procore_scope}{claims}[0],
          { in => 'query', name => 'project_id', kind => 'project',
            value => '2002', verdict => 'foreign' }, 'deciding claim first');
is($unbound->{procore_scope}{company}, undef, 'no company, no guess');
is($unbound->{procore_scope}{bound_by}, undef, 'no way');

# Bounds.

my $many = record('GET', '/rest/v1.0/x?' . join('&',
    map({ "a$_\[project_id]=1001" } 1 .. 40), 'company_id=' . FOREIGN));
is(scalar @{ $many->{procore_scope}{claims} }, 16, 'at most 16 claims');
is($many->{procore_scope}{claims}[0]{name}, 'company_id', 'deciding one first');

my $names = record('GET', '/rest/v1.0/x?' . join '&',
    map { "n${_}_company_id=1" } 1 .. 20);
is(scalar @{ $names->{procore_scope}{unlisted_names} }, 8,
   'at most 8 unlisted names');
is($names->{procore_scope}{unlisted_names}[0], 'n1_company_id', 'by name');

my $long = record('POST', '/rest/v1.0/' . '%C2%A0' x 900,
    headers => ['User-Agent', "\x01\xff" x 200],
    json => { map { ('n' . $_ x 40 . '_company_id' => 1) } 1 .. 9 });
ok(length $long->{url}{path} <= 1024, 'path is cut');

my $hostile = record('GET', '/rest/v1.0/x',
    headers => ['User-Agent', "a\xe2\x80\xa8b\xed\xa0\x80\xff\"\\\x7f"]);
is($hostile->{user_agent}{original},
   "a\x{2028}b\x{fffd}\x{fffd}\x{fffd}\x{fffd}\"\\\x7f",
   'text that is no UTF-8 is replaced');

# No token in any text.

my $leak = record('GET', '/rest/v1.0/' . substr($token, 30, 40),
    headers => ['User-Agent', 'app ' . substr($token, 100, 16)]);
is($leak->{url}{path}, '[token]', 'a path with a token');
is($leak->{user_agent}{original}, '[token]', 'a user agent with a token');
my $part = substr $token, 100, 15;
$leak = record('GET', '/rest/v1.0/x', headers => ['User-Agent', "app $part"]);
is($leak->{user_agent}{original}, "app $part", '15 bytes tell nothing');
$leak = record('GET', "/rest/v1.0/x?project_id=$token");
is($leak->{procore_scope}{claims}[0]{value}, '[token]', 'a claim with a token');

my $query = record('GET', "/rest/v1.0/me?x=1&access_token=$token");
is($query->{procore_scope}{reason}, 'ambiguous_token', 'a token in the query');
my $shown = (variables())[-1];
is($shown->{uri}, '/rest/v1.0/me?', '$request_uri: there was a query');
is($shown->{args}, '', '$args without it');
is($shown->{request}, 'GET /rest/v1.0/me? HTTP/1.1', '$request without it');

# What the claims may lack.

my @json = (json => { project_id => 1001 });
is_deeply(unread(GET => '/rest/v1.0/x?project_id=1001'), [], 'all was read');
is_deeply(unread(GET => '/rest/v1.0/x?project_id=2002'), [],
          'refused by the query, and there was no body');
is_deeply(unread(POST => '/rest/v1.0/x', @json), [], 'a body was read');
is_deeply(unread(POST => '/rest/v1.0/x?project_id=2002', @json), ['body'],
          'refused before the body was read');
is_deeply(unread(POST => '/rest/v1.0/x', json => { project_id => 'a b' }), [],
          'a malformed id is a claim');
is_deeply(unread(POST => '/rest/v1.0/x', body => '{"a":', type =>
    'application/json'), ['body'], 'a malformed body');
is_deeply(unread(GET => '/rest/v1.0/x?a=%zz', token => 'nobody'), ['query'],
          'a malformed query, though the token decides');
is_deeply(unread(POST => '/elsewhere/../x?a=%zz', company => '1, 2',
                 chunked => 1, @json), [qw(header path query body)], 'nothing');
is_deeply(unread(POST => '/rest/v1.0/x', body => 'x', type => 'text/plain'),
          [], 'a body that names nothing by its type');

# Variables.

record('GET', '/rest/v1.0/rfis?project_id=2002');
$shown = (variables())[-1];
is($shown->{mode}, 'enforce', '$procore_scope_mode');
is($shown->{decision}, 'deny', '$procore_scope_decision');
is($shown->{reason}, 'foreign_project', '$procore_scope_reason');
is($shown->{company}, OWN, '$procore_scope_company');
is($shown->{project}, 2002, '$procore_scope_project');
is($shown->{claim}, 'query:project_id=2002', '$procore_scope_claim');
is($shown->{token}, $allowed->{procore_scope}{token}, '$procore_scope_token');
is($shown->{client}, 'crm', '$procore_scope_client');
is($shown->{bound_by}, 'import', '$procore_scope_bound_by');

my $response = request('GET', '/rest/v1.0/x');
is($response->{header}{'x-tenant'}, 'own', 'a map by company');
$response = request('GET', '/rest/limited/x');
is($response->{status}, 200, 'a limit by token: the first');
$response = request('GET', '/rest/limited/x');
is($response->{status}, 503, 'a limit by token: the second');

my $mapped = record('GET', '/rest/mapped/x');
is($mapped->{procore_scope}{company}, OWN, 'a company by client');
unlike($nginx->error_log, qr/cycle while evaluating/, 'without a cycle');

# Requests without a decision have no record.

$response = request('GET', '/off/x');
request('GET', '/rest/v1.0/x', raw => "GET /\0 HTTP/1.1\r\n\r\n");
record('GET', '/rest/v1.0/x');
my %audited = map { ($_->{event}{id} => $_->{http}{response}{status_code}) }
    $nginx->audit;
ok(!exists $audited{$response->{header}{'x-request-id'}}, 'off has no record');
is(scalar(grep { !defined } values %audited), 0, 'each record has a status');

my $h2 = $nginx->audit_of($nginx->h2('GET', '/rest/v1.0/x', token => $token)
    ->{header}{'x-request-id'});
is($h2->{http}{version}, '2', 'HTTP/2');

# Each line, as it stands in the file.

open my $log, '<', $nginx->dir . '/logs/audit.log' or die $!;
my ($lines, $bad) = (0, 0);
while (my $line = <$log>) {
    $lines++;
    $bad++ if length $line > RECORD_MAX + 1
        || $line =~ /[\x00-\x09\x0b-\x1f\x7f]|\xe2\x80[\xa8\xa9]/;
}
ok($lines > 10, 'records were written');
is($bad, 0, 'each is one line, within its bounds, without control characters');

done_testing;


sub request {
    my ($method, $target, %opt) = @_;

    return $nginx->request($method, $target, token => $token, %opt);
}


sub record {
    my ($method, $target, %opt) = @_;

    my $response = request($method, $target, %opt);
    return $nginx->audit_of($response->{header}{'x-request-id'}) // {};
}


sub unread {
    return record(@_)->{procore_scope}{unread};
}


sub variables {
    open my $in, '<', $nginx->dir . '/logs/variables.log' or die $!;
    return map { $json->decode($_) } <$in>;
}


# The keys of a record, at every depth, claims apart.
sub keys_of {
    my ($value) = @_;

    return ref $value eq 'HASH'
        ? { map { $_ => keys_of($value->{$_}) } keys %$value } : 1;
}
