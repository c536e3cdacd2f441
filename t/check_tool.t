#!/usr/bin/perl

# procore-scope check as an operator uses it: who the token is, requests as
# curl is told of them, policies, exit codes, and what it refuses to guess.
# t/check.t holds its decisions against a gateway.

use strict;
use warnings;

use File::Temp qw(tempdir);
use IPC::Open3;
use JSON::PP qw(decode_json);
use MIME::Base64 qw(encode_base64);
use Symbol qw(gensym);
use Test::More;

my $tool = $ENV{TEST_PROCORE_SCOPE} || './procore-scope';

plan(skip_all => "no $tool") unless -x $tool;

my $dir = tempdir(CLEANUP => 1);
my $store = "$dir/store";
mkdir $store, 0700 or die;

file('import', qq({"access_token": "own", "client": "crm", "company_id": 7}\n)
    . qq({"access_token": "gone", "company_id": 7}\n)
    . qq({"project_id": 1001, "company_id": 7}\n)
    . qq({"project_id": 2002, "company_id": 8}\n));
is((run('', 'import', '--store', $store, "$dir/import"))[0], 0, 'a store');
is((run("gone\n", 'end', '--store', $store))[0], 0, 'with an ended binding');
file('own', "own\n");
file('gone', "gone");
file('other', "other\n");

# ---- who the token is

my @own = ('--store', $store, '--access-token-file', "$dir/own");

decides(0, 'allow ok', 'the own project', @own, '/rest/v1.0/projects/1001');
decides(1, 'deny foreign_project', 'a foreign one', @own,
        '/rest/v1.0/projects/2002');
decides(1, 'deny revoked_token', 'an ended binding', '--store', $store,
        '--access-token-file', "$dir/gone", '/rest/v1.0/projects/1001');
decides(1, 'deny unbound', 'a token that nobody knows', '--store', $store,
        '--access-token-file', "$dir/other", '/rest/v1.0/projects/1001');
decides(0, 'allow discovery', 'which may look around', '--store', $store,
        '--access-token-file', "$dir/other", '/rest/v1.0/companies');
decides(1, 'deny missing_token', 'no token', '--store', $store,
        '/rest/v1.0/companies');
decides(1, 'deny unbound', 'another realm knows nothing', @own, '--realm',
        'sandbox', '/rest/v1.0/projects/1001');
decides(1, 'deny foreign_company', 'what if it were bound', '--company', 7,
        '/rest/v1.0/companies/8');
decides(1, 'deny unbound', 'what if it were not', '--unbound',
        '/rest/v1.0/companies/8');
decides(0, 'allow ok', 'with a project that is supposed', '--company', 7,
        '--project', '5=7', '/rest/v1.0/projects/5');

my $told = decides(0, 'allow ok', 'the facts', @own,
                   '/rest/v1.0/%70rojects/1001/');
is($told->{company}, 7, 'company');
is($told->{client}, 'crm', 'client');
is($told->{bound_by}, 'import', 'way');
like($told->{token}, qr/^[0-9a-f]{16}$/, 'digest');
is($told->{uri}, '/rest/v1.0/projects/1001/', 'the path as nginx sees it');
is_deeply($told->{claims}, [{ in => 'path', name => 'projects',
                              kind => 'project', value => '1001',
                              verdict => 'own' }], 'what it names');

# ---- as curl is told

my @company = ('--company', 7);
my $foreign = 'deny foreign_company';

file('json', qq({"company_id": 8}\n));
file('lines', "company\n_id=8\n");
file('head', "Procore-Company-Id: 8\r\nX-A: b\r\n");

for (['a URL', "https://api.procore.com/rest/v1.0/me?company_id=8#x"],
     ['-X', '-X', 'PATCH', '/rest/v1.0/companies/8'],
     ['-H', '-H', 'procore-company-id: 8', '/rest/v1.0/me'],
     ['-H @file', '-H', "\@$dir/head", '/rest/v1.0/me'],
     ['-d', '-d', 'a=b', '-d', 'company_id=8', '/rest/v1.0/me'],
     ['-d @file has no line ends', '-d', "\@$dir/lines", '/rest/v1.0/me'],
     ['--data-urlencode', '--data-urlencode', 'company_id=8', '/rest/v1.0/me'],
     ['--data-json', '--data-json', '{"company_id": 8}', '/rest/v1.0/me'],
     ['--data-json @file', '--data-json', "\@$dir/json", '/rest/v1.0/me'],
     ['--data-binary and a type', '-H', 'Content-Type: application/json',
      '--data-binary', "\@$dir/json", '/rest/v1.0/me'],
     ['-F', '-F', 'a=b', '-F', 'company_id=8', '/rest/v1.0/me'],
     ['-G', '-G', '-d', 'company_id=8', '/rest/v1.0/me?a=b'])
{
    my ($name, @args) = @$_;
    decides(1, $foreign, $name, @company, @args);
}

decides(0, 'allow ok', 'an upload is not read', @company, '-F',
        "file=\@$dir/json;type=application/json", '/rest/v1.0/rfis');
decides(1, 'deny malformed_id', 'a value is encoded', @company,
        '--data-urlencode', 'company_id=8 ', '/rest/v1.0/me');
decides(1, 'deny unsupported_body', 'XML', @company, '-H',
        'Content-Type: text/xml', '-d', '<a/>', '/rest/v1.0/rfis');
decides(1, 'deny ambiguous_token', 'a token in the query', @company,
        '/rest/v1.0/me?access_token=x');
decides(1, 'nginx null', 'nginx answers itself', @company, '/rest/%');
decides(0, 'allow preflight', 'a preflight', '--store', $store, '-X',
        'OPTIONS', '-H', 'Origin: https://a', '-H',
        'Access-Control-Request-Method: GET', '/rest/v1.0/me');

# ---- as it comes from a wire

my $raw = "POST /rest/v1.0/me HTTP/1.1\nHost: a\nAuthorization: Bearer own\n"
    . "Content-Type: application/json\nTransfer-Encoding: chunked\n\n"
    . "10\n{\"company_id\":8}\n0\n\n";

is((run($raw, 'check', '--store', $store, '--json', '-'))[0], 1,
   'raw, from standard input');
is((run($raw, 'check', @company, '--raw'))[0], 1, 'with --raw');
my ($code, $out, $err) = run("GET / HTTP/1.1\n", 'check', @company, '-');
is($code, 1, 'half a request');
like($err, qr/ends within its head/, 'says so');
is((run(substr($raw, 0, -8), 'check', @company, '--raw', '--json'))[1]
   =~ /"status": (\d+)/ && $1, 400, 'half a body');

($code, $out) = run(join('',
    qq({"raw_b64": "@{[ encode_base64($raw, '') ]}"}\n), "nonsense\n",
    qq({"raw_b64": "%"}\n),
    qq({"method": "GET", "target": "/rest/v1.0/companies/8", "headers":)
    . qq( [[":authority", "a"], ["authorization", "Bearer own"]]}\n)),
    'check', '--store', $store, '--stream');
is($code, 0, 'a stream');
my @lines = map { decode_json($_) } split /\n/, $out;
is(scalar @lines, 4, 'a line for each');
is($lines[0]{results}[0]{reason}, 'foreign_company', 'of HTTP/1');
is($lines[1]{error}, 'no JSON', 'one that is none');
is($lines[2]{error}, 'raw_b64 is no base64', 'nor base64');
is($lines[3]{results}[0]{reason}, 'foreign_company', 'of HTTP/2');

# ---- policies

my $rfis = '/rest/v1.0/rfis';

decides(1, 'would_deny foreign_company', 'monitor', @company, '--monitor',
        '/rest/v1.0/companies/8');
decides(1, 'deny unlisted_path', '/api is no listed path', @company, '/api/x');
decides(0, 'allow ok', '--paths', @company, '--paths', '/rest/ /api/',
        '/api/x');
decides(0, 'allow ok', 'a name that does not count', @company,
        "$rfis?job_id=5");
decides(1, 'deny unknown_project', '--names', @company, '--names',
        'project job_id', "$rfis?job_id=5");
decides(0, 'allow ok', 'an unlisted name', @company, "$rfis?my_company_id=5");
decides(1, 'deny unlisted_name', '--unlisted', @company, '--unlisted', 'deny',
        "$rfis?my_company_id=5");
decides(0, 'allow ok', '--ignore', @company, '--unlisted', 'deny', '--ignore',
        'my_company_id', "$rfis?my_company_id=5");
decides(0, 'allow exception', '--exception', @company, '--exception',
        '8 "note=a; b"', '/rest/v1.0/companies/8');
decides(1, $foreign, 'one that has run out', @company, '--exception',
        '8 until=2020-01-01', '/rest/v1.0/companies/8');
decides(1, $foreign, 'one of another client', @company, '--client', 'a',
        '--exception', '8 client=b', '/rest/v1.0/companies/8');
decides(0, 'allow exception', 'one of this', @company, '--client', 'b',
        '--exception', '8 client=b', '/rest/v1.0/companies/8');
decides(0, 'allow ok', '--alias', @company, '--alias',
        '7 aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee',
        '/rest/v1.0/companies/AAAAAAAA-bbbb-4ccc-8ddd-eeeeeeeeeeee/x');
decides(1, 'deny unbound', '--header', @company, '--header', 'off', $rfis);
decides(1, 'deny body_too_large', '--body-size', @company, '--body-size', 9,
        '--data-json', '{"abc": 123}', $rfis);
decides(1, 'deny unknown_project', 'a project that nobody knows', @company,
        '/rest/v1.0/projects/5');
decides(3, 'undecided unknown_project', 'with a lookup', @company, '--lookup',
        '/_procore', '/rest/v1.0/projects/5');
decides(1, $foreign, 'which is not asked for all', @company, '--lookup',
        '/_procore', '/rest/v1.0/projects/5?company_id=8');
decides(0, 'allow ok', '--bind first_use', '--unbound', '--bind', 'first_use',
        "$rfis?company_id=5");

file('conf', "procore_scope monitor;   # as the site has it\n"
    . "procore_scope_store $store;\nprocore_scope_realm production;\n"
    . "procore_scope_names project job_id;\n"
    . "procore_scope_log_level warn;\n");
decides(1, 'would_deny foreign_project', '--conf', '--conf', "$dir/conf",
        '--access-token-file', "$dir/own", "$rfis?job_id=2002");
decides(1, 'deny foreign_project', 'and an option above it', '--conf',
        "$dir/conf", '--enforce', '--access-token-file', "$dir/own",
        "$rfis?job_id=2002");
file('off', "procore_scope off;\n");
decides(0, 'off null', 'off', @company, '--conf', "$dir/off", '/x');
file('login', "procore_scope_oauth on;\n");
decides(3, 'login null', 'the login host', @company, '--conf', "$dir/login",
        '/oauth/token');
file('bound', "procore_scope_company 9;\n");
decides(1, 'deny rebind', 'a company that is configured', @company, '--conf',
        "$dir/bound", $rfis);
decides(0, 'allow ok', 'binds what is not bound', '--unbound', '--conf',
        "$dir/bound", "$rfis?company_id=9");

# ---- what is said to a person

($code, $out) = run('', 'check', @company, "$rfis?company_id=8&project_id=5");
is($code, 1, 'for a person');
is($out, <<'EOT', 'in lines');
decision: deny
reason: foreign_company
status: 403
company: 7
because: company "8" is not the company of this token (7)
decided by:
  query: company "company_id" = "8": foreign
names:
  query: company "company_id" = "8": foreign
  query: project "project_id" = "5": unknown
EOT

# ---- wrong usage

file('wrong', "procore_scope enforce;\nproxy_pass http://a;\n");

for ([qr/one URL/], [qr/one URL/, '/a', '/b'], [qr/one URL/, '--raw', '/a'],
     [qr/bound to/, '/a'], [qr/either --company/, @company, '--unbound', '/a'],
     [qr/id of a company/, '--company', '7x', '/a'],
     [qr/PROJECT=COMPANY/, @company, '--project', '5', '/a'],
     [qr/wrong option/, @company, '--insecure', '/a'],
     [qr/never from an argument/, @company, '-H', 'Authorization: Bearer x',
      '/a'],
     [qr/Name: value/, @company, '-H', 'abc', '/a'],
     [qr/either -d or -F/, @company, '-d', 'a', '-F', 'b=c', '/a'],
     [qr/own token/, '--store', $store, '--access-token-file', "$dir/own",
      '-H', "\@$dir/token", '/a'],
     [qr/line 2: "proxy_pass" is not known/, @company, '--conf', "$dir/wrong",
      '/a'],
     [qr/No such file/, @company, '--conf', "$dir/none", '/a'],
     [qr/"procore_scope_unlisted maybe;": "maybe" is neither/, @company,
      '--unlisted', 'maybe', '/a'],
     [qr/--realm is empty/, @company, '--realm', '', '/a'])
{
    my ($want, @args) = @$_;
    file('token', "Authorization: Bearer x\n");
    ($code, $out, $err) = run('', 'check', @args);
    is($code, 2, "wrong usage: @args");
    like($err, $want, 'and a sentence');
}

done_testing;


# Runs check and looks at the exit code, decision and reason; the object.
sub decides {
    my ($code, $want, $name, @args) = @_;

    my ($exit, $stdout, $stderr) = run('', 'check', '--json', @args);
    my $told = eval { decode_json($stdout) } || {};
    is(join(' ', $exit, $told->{decision} // '', $told->{reason} // 'null'),
       "$code $want", $name) or diag($stdout, $stderr);
    return $told;
}


sub file {
    my ($name, $text) = @_;

    open my $out, '>', "$dir/$name" or die "$dir/$name: $!";
    print {$out} $text;
    close $out or die;
    return;
}


# exit code, stdout, stderr
sub run {
    my ($input, @args) = @_;

    file('in', $input);
    open my $in, '<', "$dir/in" or die;
    my $pid = open3('<&' . fileno($in), my $stdout, my $stderr = gensym,
                    $tool, @args);
    my ($out_text, $err_text) = do { local $/; (scalar <$stdout>,
                                                scalar <$stderr>) };
    waitpid $pid, 0;
    return ($? >> 8, $out_text // '', $err_text // '');
}
