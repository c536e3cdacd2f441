#!/usr/bin/perl

# Who may use procore_scope_admin: this machine, whom the operator lets in by
# nginx's own means, and no web page.

use File::Temp qw(tempdir);

use Procore::Test;
use Procore::Test::Certificate;

my $home = world()->{home};
my $admin = 'location /admin/ { procore_scope_admin; }';
my @json = ('Content-Type', 'application/json');
my $set = qq({"access_token":"somebody","company_id":$home});

my $dir = tempdir(CLEANUP => 1);
my $authority = Procore::Test::Certificate->authority($dir);
my $server = $authority->issue('server', 'IP:127.0.0.1');
my $operator = $authority->issue('operator');
my $port = free_port();
my $far = free_port();

my $nginx = nginx(
    server => 'server_name gw.example;',
    locations => "$admin location /status { procore_scope_status; }",
    servers => "
        server {
            listen unix:%%DIR%%/admin.sock;
            procore_scope enforce;
            $admin
        }

        server {
            listen 127.0.0.1:$port ssl;
            ssl_certificate $server->{cert};
            ssl_certificate_key $server->{key};
            ssl_client_certificate @{[ $authority->ca ]};
            ssl_verify_client on;
            procore_scope enforce;
            location /admin/ { procore_scope_admin any; }
        }

        server {
            listen 127.0.0.1:$far proxy_protocol;
            set_real_ip_from 127.0.0.1;
            real_ip_header proxy_protocol;
            procore_scope enforce;
            $admin
            location /any/ { procore_scope_admin any; }
            location /some/ { procore_scope_admin any; deny 10.0.0.7;
                              allow all; }
        }");


sub call {
    my ($method, $path, %opt) = @_;

    return $nginx->request($method, "/admin/$path", %opt);
}


sub told {
    my ($answer) = @_;

    return join ' ', $answer->{status},
        ref $answer->{json} ? $answer->{json}{reason} // () : ();
}


subtest 'loopback, and nobody handed on' => sub {
    is(told(call('GET', 'bindings')), 200, 'from this machine');

    for ('X-Forwarded-For', 'X-Real-IP', 'Forwarded', 'Via') {
        is(call('GET', 'bindings', headers => [$_, '127.0.0.1'])->{status},
           403, "through a proxy: $_");
    }
};

subtest 'a name that a web page has moved here' => sub {
    my $asked = sub {
        my ($host, $path) = @_;

        return $nginx->request('GET', $path, host => $host);
    };

    for my $path ('/admin/bindings', '/admin/bindings/export', '/status') {
        is($asked->($_, $path)->{status}, 403, "$_ reads no $path")
            for 'evil.example', '127.0.0.1.evil.example:8080', 'localhos';

        is($asked->($_, $path)->{status}, 200, "$_ does")
            for '127.0.0.1', 'LOCALHOST:8080', '[::1]:80', 'gw.example';
    }

    like($nginx->error_log, qr/"evil\.example" is neither an address/,
         'the log says why');
};

subtest 'another machine' => sub {
    my $from = sub {
        my ($address, $path) = @_;

        my $connection = Procore::Test::HTTP->connect('127.0.0.1', $far);
        $connection->send("PROXY TCP4 $address 10.0.0.1 1 2\r\n");
        return $connection->request('GET', $path)->{status};
    };

    is($from->('10.0.0.7', '/admin/bindings'), 403, 'is kept out');
    is($from->('10.0.0.7', '/any/bindings'), 200, 'with "any" it is let in');
    is($from->('10.0.0.7', '/some/bindings'), 403, 'unless nginx denies it');
    is($from->('10.0.0.8', '/some/bindings'), 200, 'and not another one');
};

subtest 'a Unix socket' => sub {
    my $socket = $nginx->dir . '/admin.sock';
    my $said = qx(curl -s --unix-socket $socket http://x/admin/bindings);
    like($said, qr/^\{"bindings":/, 'is this machine');

    $said = qx(curl -s --unix-socket $socket -H 'Content-Type: application/json' -d '$set' http://x/admin/bindings);
    like($said, qr/"bound_by":"admin"/, 'and may write');
};

subtest 'mutual TLS' => sub {
    my $curl = "curl -s --cacert @{[ $authority->ca ]}";
    my $url = "https://127.0.0.1:$port/admin/bindings";

    like(qx($curl --cert $operator->{cert} --key $operator->{key} $url),
         qr/^\{"bindings":/, 'with a certificate');
    like(qx($curl $url), qr/400 No required SSL certificate/,
         'and not without');
};

subtest 'no web page writes' => sub {
    is(told(call('POST', 'bindings', headers => [@json, 'Origin', $_],
                 body => $set)), '403 csrf', "Origin: $_")
        for 'https://evil.example', 'null', 'http://127.0.0.1', '';

    is(told(call('POST', 'bindings', headers => ['Content-Type', $_],
                 body => $set)), '415 unsupported_body', $_)
        for 'text/plain', 'application/x-www-form-urlencoded',
            'multipart/form-data; boundary=x', 'text/json', 'application/jsonx',
            'application/json-patch+json', 'application/jsonl';

    is(told(call('POST', 'bindings', body => $set)), '415 unsupported_body',
       'no type');
    is(told(call('POST', 'bindings', headers => [@json, @json],
                 body => $set)), '415 unsupported_body', 'two types');
    is(told(call('POST', 'bindings', headers => [@json, 'Content-Encoding',
                 'gzip'], body => $set)), '415 unsupported_body', 'encoded');
    is(told(call('DELETE', "bindings?company=$home")),
       '415 unsupported_body', 'nor ends anything');
    is(told(call('POST', 'clients/crm/pause')), '415 unsupported_body',
       'nor pauses');
    is(told(call('POST', 'bindings/import', headers => ['Content-Type',
                 'text/plain'], body => $set)), '415 unsupported_body',
       'nor imports');

    is(told(call('POST', 'bindings', headers => ['Content-Type',
                 'Application/JSON; charset=utf-8'], body => $set)), 200,
       'JSON does');
};

subtest 'a store out of order' => sub {
    my $broken = nginx(locations => $admin, expect => [qr/out of order/],
                       start => 0);
    open(my $file, '>', $broken->{store}) or die;
    close($file);
    $broken->start;

    for (['GET', 'bindings'], ['GET', 'projects'], ['GET', 'clients'],
         ['GET', 'bindings/' . '0' x 32], ['GET', 'projects/5'],
         ['GET', 'bindings/export'], ['GET', 'projects/export'],
         ['POST', 'bindings', $set], ['POST', 'bindings/import', $set],
         ['POST', 'bindings/end', '{"access_token":"a"}'],
         ['POST', 'clients/crm/pause'], ['POST', 'clients/crm/resume'],
         ['DELETE', 'bindings/' . '0' x 32], ['DELETE', 'projects/5'],
         ['DELETE', "bindings?company=$home"],
         ['DELETE', "projects?company=$home"])
    {
        my ($method, $path, $body) = @$_;
        my $answer = $broken->request($method, "/admin/$path",
            headers => $method eq 'GET' ? [] : [@json], body => $body);
        is(told($answer), '503 store_failed', "$method $path");
        like($answer->{header}{'retry-after'}, qr/^\d+$/, 'again later');
    }
};

subtest 'configuration' => sub {
    my $test = sub { (config_test(locations => $_[0]))[1] };

    config_ok('with "any"', locations => 'location /a/ {
        procore_scope_admin any; }');
    like($test->('location /a/ { procore_scope_admin all; }'),
         qr/invalid parameter "all" of "procore_scope_admin": it takes "any"/,
         'another word');
    like($test->('location /a/ { procore_scope_admin;
                  procore_scope_admin; }'), qr/duplicate/, 'twice');
    like($test->('location ~ /a { procore_scope_admin; }'), qr/prefix/,
         'a regular expression');
};

done_testing();
