#!/usr/bin/perl

# Monitor changes nothing: what client and upstream receive is, byte for byte,
# what they would without the module; only the audit tells.

use Procore::Test;

use constant {
    OWN => 562949953421312,
    FOREIGN => 598134325779301,
};

my $answer = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
    . "X-Rate-Limit-Limit: 3600\r\nETag: \"abc\"\r\nLink: <x>; rel=\"next\"\r\n"
    . "Content-Length: 27\r\nConnection: close\r\n\r\n"
    . '[{"id":1,"name":"Acme \u00e9"}]';
my $upstream = upstream(answer => $answer);

# One nginx for both, so that they differ in nothing but the mode.
my $nginx = nginx(
    api => $upstream->url, lookup => 0, mode => 'monitor',
    servers => <<'EOT',
    server {
        listen 127.0.0.1:%%PORT%%;
        server_name plain.test;
        location / { proxy_set_header Host same; proxy_pass %%API%%; }
        location /rest/unbuffered/ { proxy_request_buffering off;
                                     proxy_set_header Host same;
                                     proxy_pass %%API%%; }
    }
EOT
    bare => 1, locations => <<'EOT',
        location / { proxy_set_header Host same; proxy_pass %%API%%; }
        location /rest/unbuffered/ { proxy_request_buffering off;
                                     proxy_set_header Host same;
                                     proxy_pass %%API%%; }
EOT
);
my $token = 'monitor-' . 'x' x 60;
remember($token);

$nginx->import_records(
    { access_token => $token, client => 'app', company_id => OWN },
    { project_id => 1001, company_id => OWN },
    { project_id => 2002, company_id => FOREIGN });

same('allow', 'ok', GET => '/rest/v1.0/projects/1001');
same('allow', 'ok', GET => '/rest/v1.0/companies');
same('allow', 'ok', GET => '/rest/v1.0/projects?page=1', company => OWN,
     headers => ['Accept-Encoding', 'gzip']);
same('allow', 'ok', GET => '/rest/v1.0/x', company => OWN,
     headers => ['Accept-Encoding', 'gzip', 'If-None-Match', '"abc"',
                 'Range', 'bytes=0-3', 'Upgrade', 'h2c']);
same('allow', 'ok', HEAD => '/rest/v1.0/companies');
same('allow', 'discovery', GET => '/rest/v1.0/me', token => 'fresh');
same('would_deny', 'unbound', GET => '/rest/v1.0/x', token => 'fresh');
same('would_deny', 'missing_token', GET => '/rest/v1.0/x', token => undef);
same('would_deny', 'foreign_company', GET => '/rest/v1.0/x',
     company => FOREIGN);
same('would_deny', 'foreign_company', GET => '/rest/v1.0/x?company_id='
     . FOREIGN);
same('would_deny', 'foreign_project', GET => '/rest/v1.0/projects/2002');
same('would_deny', 'unlisted_path', GET => '/elsewhere?a=b');
same('would_deny', 'malformed_path', GET => '/rest/v1.0/x/../projects/1001');
same('would_deny', 'malformed_query', GET => '/rest/v1.0/x?a=%zz');
same('would_deny', 'malformed_header', GET => '/rest/v1.0/x',
     company => '1, 2');
same('would_deny', 'ambiguous_token', GET => '/rest/v1.0/x?access_token=abc');
same('would_deny', 'unsupported_body', POST => '/rest/v1.0/x', body => 'x',
     type => 'application/xml');
same('allow', 'preflight', OPTIONS => '/rest/v1.0/x', token => undef,
     headers => ['Origin', 'https://a.example',
                 'Access-Control-Request-Method', 'GET']);

for my $path ('/rest/v1.0/x', '/rest/unbuffered/x') {
    same('allow', 'ok', POST => $path, json => { project_id => 1001 });
    same('would_deny', 'foreign_project', POST => $path,
         json => { project_id => 2002 });
    same('would_deny', 'foreign_project', POST => $path, chunked => 1,
         type => 'application/json', pause => 0.02,
         pieces => ['{"proj', 'ect_id"', ':20', '02}']);
    same('would_deny', 'foreign_project', POST => $path,
         json => { a => 'x' x 300_000, project_id => 2002 });
    same('would_deny', 'malformed_body', POST => $path, body => '{"a":}',
         type => 'application/json');
    same('would_deny', 'foreign_project', DELETE => $path,
         json => [{ project_id => 2002 }]);
    same('would_deny', 'foreign_company', POST => $path, multipart => [
        ['project[company_id]', FOREIGN],
        ['file', { filename => 'x', content => 'y' x 100_000 }]]);
}

done_testing;


sub same {
    my ($decision, $reason, $method, $target, %opt) = @_;

    my $name = "$method $target";
    my (%received, %sent);

    $nginx->skip_audit;
    for my $host ('plain.test', 'judged.test') {
        my $before = () = $upstream->requests;
        my $response = $nginx->request($method, $target, token => $token,
                                       host => $host, %opt);
        my @requests = $upstream->requests;
        $sent{$host} = join "\n---\n", @requests[$before .. $#requests];
        ($received{$host} = $response->{raw}) =~ s/^Date: .*\r\n//m;
    }

    ok($sent{'plain.test'} ne '', "something went up: $name");
    is($sent{'judged.test'}, $sent{'plain.test'}, 'the same went up');
    is($received{'judged.test'}, $received{'plain.test'}, 'the same came back');

    my $record = $nginx->next_audit // {};
    is("$record->{procore_scope}{decision} $record->{procore_scope}{reason}",
       "$decision $reason", 'the audit tells');
    return;
}
