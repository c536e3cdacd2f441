#!/usr/bin/perl

# The gate among nginx's other means: what rewrites, redirects, mirrors or
# answers in another place neither gets a refused request upstream nor keeps an
# honest one from it.

use Procore::Test;

use constant {
    OWN => 562949953421312,
    FOREIGN => 598134325779301,
};

my $upstream = upstream();
my $redirecting = upstream(answer => "HTTP/1.1 200 OK\r\n"
    . "X-Accel-Redirect: /rest/v1.0/companies/" . FOREIGN . "/x\r\n"
    . "Content-Length: 0\r\nConnection: close\r\n\r\n");
my $to_own = upstream(answer => "HTTP/1.1 200 OK\r\n"
    . "X-Accel-Redirect: /rest/v1.0/projects/1001\r\n"
    . "Content-Length: 0\r\nConnection: close\r\n\r\n");
my $failing = upstream(answer => "HTTP/1.1 502 Bad Gateway\r\n"
    . "Content-Length: 0\r\nConnection: close\r\n\r\n");
my $switching = upstream(answer => "HTTP/1.1 101 Switching Protocols\r\n"
    . "Upgrade: other\r\nConnection: Upgrade\r\n\r\nraw bytes");

my $nginx = nginx(
    api => $upstream->url, lookup => 0, h2 => 1,
    http => 'underscores_in_headers on;',
    servers => <<"EOT",
    server {
        listen 127.0.0.1:%%PORT%%;
        server_name pages.test;
        procore_scope enforce;
        access_log %%DIR%%/logs/audit.log procore if=\$procore_scope_audit;
        error_page 403 400 401 413 415 \@page;
        location / { proxy_pass %%API%%; }
        location \@page { procore_scope off; proxy_pass %%API%%; }
    }
    server {
        listen 127.0.0.1:%%PORT%%;
        server_name slashes.test;
        merge_slashes off;
        procore_scope enforce;
        location / { proxy_pass %%API%%; }
    }
    server {
        listen 127.0.0.1:%%PORT%%;
        server_name locations.test;
        location / { procore_scope enforce; proxy_pass %%API%%; }
    }
EOT
    locations => <<"EOT",
        location /rest/uri/ { proxy_pass %%API%%/rest/v1.0/; }
        location /short/ { rewrite ^/short/(.*) /rest/v1.0/\$1 break;
                           proxy_pass %%API%%; }
        location /last/ { rewrite ^/last/(.*) /rest/v1.0/\$1 last; }
        location /rest/fixed/ {
            rewrite ^ /rest/v1.0/companies/598134325779301 break;
            proxy_pass %%API%%; }
        location /rest/asked/ { auth_request /auth; proxy_pass %%API%%; }
        location /auth { internal; procore_scope off;
                         proxy_pass_request_body off;
                         proxy_set_header Content-Length "";
                         proxy_pass %%API%%/auth; }
        location /rest/mirrored/ { mirror /mirror; proxy_pass %%API%%; }
        location /mirror { internal; procore_scope off;
                           proxy_pass %%API%%/mirror; }
        location /rest/tried/ { try_files /none \@tried; }
        location \@tried { proxy_pass %%API%%; }
        location /rest/accel/ { proxy_pass @{[ $redirecting->url ]}; }
        location /rest/own-accel/ { proxy_pass @{[ $to_own->url ]}; }
        location /rest/watched/ { procore_scope monitor;
                                  proxy_pass @{[ $to_own->url ]}; }
        location /rest/excepted/ {
            procore_scope_exception @{[ FOREIGN ]} project=2002;
            proxy_pass @{[ $failing->url ]};
            proxy_intercept_errors on;
            error_page 502 = \@fallback;
        }
        location /rest/fallback/ {
            proxy_pass @{[ $failing->url ]};
            proxy_intercept_errors on;
            error_page 502 = \@fallback;
        }
        location \@fallback { proxy_pass %%API%%; }
        location /rest/realm/ {
            proxy_pass @{[ $failing->url ]};
            proxy_intercept_errors on;
            error_page 502 = \@realm;
        }
        location \@realm { procore_scope_realm sandbox; proxy_pass %%API%%; }
        location /rest/late/ {
            procore_scope off;
            proxy_pass @{[ $failing->url ]};
            proxy_intercept_errors on;
            error_page 502 = \@late;
        }
        location \@late { proxy_pass %%API%%; }
        location /rest/any/ { satisfy any; allow all; auth_basic x;
                              auth_basic_user_file /nonexistent;
                              proxy_pass %%API%%; }
        location /rest/denied/ { deny all; proxy_pass %%API%%; }
        location /rest/unbuffered/ { proxy_request_buffering off;
                                     proxy_pass %%API%%; }
        location /rest/upgrade/ {
            proxy_set_header Upgrade \$http_upgrade;
            proxy_set_header Connection upgrade;
            proxy_pass @{[ $switching->url ]};
        }
        location /rest/before/ {
            add_before_body /rest/v1.0/companies/598134325779301/before;
            proxy_pass %%API%%;
        }
EOT
);
my $token = 'phases-' . 'x' x 60;
remember($token);

$nginx->import_records(
    { access_token => $token, client => 'app', company_id => OWN },
    { project_id => 1001, company_id => OWN },
    { project_id => 2002, company_id => FOREIGN });

# Rewritten and replaced paths.

sends(qr{^GET /rest/v1.0/projects/1001 }, GET => '/rest/uri/projects/1001');
sends(qr{^GET /rest/v1.0/projects/1001 }, GET => '/short/projects/1001');
sends(qr{^GET /rest/v1.0/projects/1001 }, GET => '/last/projects/1001');
refused('foreign_project', GET => '/rest/uri/projects/2002');
refused('foreign_project', GET => '/short/projects/2002');
refused('foreign_project', GET => '/last/projects/2002');
refused('malformed_path', GET => '/short/projects/2002/../1001');
refused('foreign_company', GET => '/rest/fixed/projects/1001');
sends(qr{^GET /rest/v1.0/My%20Docs/a%2Bb\?x=a%2Fb },
      GET => '/rest/v1.0/My%20Docs/a%2Bb?x=a%2Fb');
refused('malformed_path', GET => $_, host => 'slashes.test')
    for ('/rest/v1.0//companies//' . FOREIGN, '/rest/v1.0//projects//1001');
refused('malformed_path', GET => '/rest/v1.0/x/../companies/' . FOREIGN,
        host => 'locations.test');
refused('foreign_company', GET => 'http://other.test/rest/v1.0/companies/'
        . FOREIGN);
sends(qr{ /rest/v1.0/projects/1001 },
      GET => 'http://other.test/rest/v1.0/projects/1001');

# Refusals start nothing else.

refused('foreign_project', POST => '/rest/v1.0/x', host => 'pages.test',
        json => { project_id => 2002 });
refused('foreign_company', GET => '/rest/v1.0/companies/' . FOREIGN,
        host => 'pages.test');
refused('foreign_project', POST => '/rest/mirrored/projects/2002', json => {});
sends_all(['POST /mirror', 'POST /rest/mirrored/projects/1001'],
          POST => '/rest/mirrored/projects/1001', json => { a => 1 });
refused('foreign_company', POST => '/rest/any/x',
        json => { company_id => FOREIGN });
is(status(POST => '/rest/denied/x', json => { company_id => FOREIGN }), 403,
   'nginx itself denies');
is(scalar(() = $upstream->requests), mark(), 'without asking anybody');

# Subrequests.

sends_all(['GET /auth', 'GET /rest/asked/projects/1001'],
          GET => '/rest/asked/projects/1001');
is(status(GET => '/rest/asked/projects/2002'), 403, 'refused after the question');
is_deeply([map { (split / HTTP/)[0] } arrived()], ['GET /auth'],
          'only the question was asked');
my @before = do { status(GET => '/rest/before/x'); arrived() };
ok(!(grep { $_ =~ FOREIGN } @before), 'a foreign subrequest does not go up');

# Internal redirects.

sends(qr{^GET /rest/tried/projects/1001 }, GET => '/rest/tried/projects/1001');
refused('foreign_project', GET => '/rest/tried/projects/2002');
refused('foreign_company', GET => '/rest/accel/projects/1001');
sends(qr{^GET /rest/v1.0/projects/1001 }, GET => '/rest/own-accel/x');
refused('foreign_project', POST => '/rest/watched/x?company_id=' . FOREIGN,
        json => { project_id => 2002 });
refused('ambiguous_token', POST => '/rest/watched/x',
        form => [access_token => 'x']);
refused('foreign_project', GET => '/rest/excepted/x?project_id=2002');
sends(qr{^GET /rest/excepted/x\?}, GET => '/rest/excepted/x?project_id=1001');
refused('unbound', GET => '/rest/realm/projects/1001');
refused('unbound', POST => '/rest/realm/x',
        json => { project_id => 1001 });
sends(qr{^POST /rest/fallback/projects/1001 .*\{"project_id":1001\}}s,
      POST => '/rest/fallback/projects/1001', json => { project_id => 1001 });
sends(qr{^POST /rest/late/x .*\{"project_id":1001\}}s,
      POST => '/rest/late/x', json => { project_id => 1001 });
refused('foreign_project', POST => '/rest/late/x',
        json => { project_id => 2002 });
refused('foreign_project', POST => '/rest/late/x',
        json => { a => 'x' x 200_000, project_id => 2002 });
sends(qr{^POST /rest/late/x .*"project_id":1001\}}s, POST => '/rest/late/x',
      type => 'application/json',
      body => '{"a":"' . 'x' x 200_000 . '","project_id":1001}');

# Bodies.

refused('foreign_project', POST => '/rest/unbuffered/x',
        json => { a => 'x' x 100_000, project_id => 2002 });
sends(qr{^POST /rest/unbuffered/x }, POST => '/rest/unbuffered/x',
      json => { project_id => 1001 });
refused('foreign_project', POST => '/rest/v1.0/x', chunked => 1,
        type => 'application/json', pause => 0.02,
        pieces => [split //, '{"project_id":2002}']);
my $big = '{"a":"' . 'y' x 3_000_000 . '","project_id":1001}';
sends(qr{"project_id":1001\}\z}, POST => '/rest/v1.0/x', body => $big,
      type => 'application/json');
refused('foreign_project', POST => '/rest/v1.0/x', type => 'application/json',
        body => $big =~ s/1001/2002/r);

# Expect: 100-continue.

{
    my $connection = $nginx->connect;
    my $response = $connection->request('POST', '/rest/v1.0/projects/2002',
        token => $token, keep => 1, json => { a => 1 },
        headers => [Expect => '100-continue']);
    is($response->{status}, 403, 'refused by its head');
    is(scalar @{ $response->{interim} }, 0, 'no body was asked for');
}

# Header fields.

{
    my @names = ('X-Original-URL', 'X-Rewrite-URL', 'X-Script-Name',
                 'X-Forwarded-Prefix', 'X-HTTP-Method', 'X-Method-Override',
                 'X_Original_Url', 'Transfer_Encoding', 'Content_Length');
    my ($sent) = sends(qr{^POST /rest/v1.0/x }, POST => '/rest/v1.0/x',
        json => { project_id => 1001 },
        headers => ['X-Kept' => 'kept', map { ($_ => '/projects/2002') } @names]);
    unlike($sent, qr{2002}, 'what could be taken for another request is gone');
    like($sent, qr/^X-Kept: kept\r$/m, 'what is harmless stays');
    like($sent, qr/^Content-Length: 19\r$/m, 'so does the true length');
}

refused('foreign_company', GET => '/rest/v1.0/x',
        headers => ['Procore_Company_Id' => FOREIGN]);
{
    my ($sent) = sends(qr{^GET /rest/v1.0/x }, GET => '/rest/v1.0/x',
        headers => [Upgrade => 'websocket', Connection => 'Upgrade']);
    unlike($sent, qr/^Upgrade:/mi, 'Upgrade is taken off');

    my $response = request(GET => '/rest/upgrade/x',
        headers => [Upgrade => 'other', Connection => 'Upgrade']);
    is($response->{status}, 502, 'protocols are not switched');
    unlike($response->{raw}, qr/raw bytes/, 'nothing but HTTP passes');
}

done_testing;


sub request {
    my ($method, $target, %opt) = @_;

    return $nginx->request($method, $target, token => $token, %opt);
}


sub status {
    return request(@_)->{status};
}

my $mark;

sub mark {
    return $mark // 0;
}

# What has come upstream since the last call.
sub arrived {
    my @requests = $upstream->requests;
    my @new = @requests[mark() .. $#requests];
    $mark = @requests;
    return @new;
}


sub refused {
    my ($reason, $method, $target, %opt) = @_;

    arrived();
    my $response = request($method, $target, %opt);
    is($response->{header}{'procore-scope-reason'} // $response->{status},
       $reason, "$reason: $method $target")
        or diag(substr $response->{body}, 0, 300);
    is(scalar(() = arrived()), 0, 'nothing went up');
    return;
}


sub sends {
    my ($expression, $method, $target, %opt) = @_;

    arrived();
    my $response = request($method, $target, %opt);
    is($response->{status}, 200, "passed: $method $target")
        or diag(substr $response->{body}, 0, 300);
    my @arrived = arrived();
    is(scalar @arrived, 1, 'once');
    like($arrived[0] // '', $expression, 'as it was judged');
    return @arrived;
}


sub sends_all {
    my ($lines, $method, $target, %opt) = @_;

    arrived();
    is(status($method, $target, %opt), 200, "passed: $method $target");
    my @all;
    wait_for(3, sub { push @all, arrived(); @all >= @$lines });
    is_deeply([sort map { (split / HTTP/)[0] } @all], $lines, 'with its company');
    return;
}
