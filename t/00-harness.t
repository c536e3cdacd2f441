#!/usr/bin/perl

# The harness by itself, against an nginx without the module.

use Procore::Test;

use File::Temp ();
use Procore::Test::Process ();

my $standin = standin();
my $nginx = nginx(module => 0, workers => 2, h2 => 1, location => <<'EOT');
    if ($arg_alert) {
        return 204;
    }
EOT


subtest 'requests go through and come back whole' => sub {
    my $token = bind_token($nginx);
    my $direct = $standin->request('GET', '/rest/v1.0/me',
                                   token => $token->{access_token});
    my $through = $nginx->request('GET', '/rest/v1.0/me',
                                  token => $token->{access_token});
    is($through->{status}, 200, 'status');
    is($through->{body}, $direct->{body}, 'body');
    is(revoke($nginx, $token->{access_token})->{status}, 200, 'revoke');
};


subtest 'keep-alive, pipelining, chunks, pauses' => sub {
    my $connection = $nginx->connect;
    my ($one) = Procore::Test::HTTP::build('GET', '/?alert=1', keep => 1);
    $connection->send($one x 3);
    is_deeply([map { $connection->response('GET')->{status} } 1 .. 3],
              [204, 204, 204], 'three answers on one connection');
    is($connection->request('HEAD', '/__health', keep => 1)->{status}, 404,
       'HEAD has no body to wait for');
    $connection->request('GET', '/?alert=1');
    ok($connection->eof, 'closed after "Connection: close"');

    $standin->reset;
    $nginx->request('POST', '/rest/v1.0/x', chunked => 1, pause => 0.05,
                    type => 'text/plain', pieces => ['one', 'two', 'three']);
    my ($seen) = $standin->requests;
    is($seen->{body}, 'b25ldHdvdGhyZWU=', 'the pieces arrive as one body');

    my $raw = $nginx->request('GET', '/', raw => "BROKEN\r\n\r\n");
    is($raw->{status}, 400, 'any bytes can be sent');
    my $continue = $nginx->request('POST', '/rest/v1.0/x', body => 'x',
                                   type => 'text/plain',
                                   headers => [Expect => '100-continue']);
    is($continue->{interim}[0]{status}, 100, 'interim answers are kept');
};


subtest 'HTTP/2' => sub {
    $standin->reset;
    my $answer = $nginx->h2('POST', '/rest/v1.0/x?a=%31/../', company => 7,
                            json => { a => 1 }, headers => ['X-One' => 'a b']);
    is($answer->{status}, 401, 'status');
    like($answer->{raw}, qr{^HTTP/2 401}, 'it was HTTP/2');
    is($answer->{json}{message}, 'The access token is invalid or expired',
       'body');
    my ($seen) = $standin->requests;
    is($seen->{target}, '/rest/v1.0/x?a=%31/../', 'the target as given');
    is($seen->{headers}{'x-one'}, 'a b', 'headers');
    is($seen->{headers}{'content-type'}, 'application/json', 'content type');
    is($seen->{body}, 'eyJhIjoxfQ==', 'body');
    is($nginx->h2('HEAD', '/?alert=1')->{status}, 204, 'HEAD');
};


subtest 'an upstream that keeps every byte' => sub {
    my $upstream = upstream();
    my $other = nginx(module => 0, api => $upstream->url);
    $other->request('PUT', '/a/%2e/b?c', body => 'body', type => 'x/y',
                    headers => ['X-Odd' => 'a  b']);
    my ($bytes) = $upstream->requests;
    like($bytes, qr{^PUT /a/%2e/b\?c HTTP/1\.1\r\n}, 'request line');
    like($bytes, qr/\r\nX-Odd: a  b\r\n/, 'header');
    like($bytes, qr/\r\n\r\nbody\z/, 'body');
    $other->stop;
    $upstream->stop;
};


subtest 'TLS to the upstream' => sub {
    my $secure = standin(tls => 1);
    my %opt = (module => 0, api => $secure->url);
    my $verify = 'proxy_ssl_verify on; proxy_ssl_name localhost;'
        . ' proxy_ssl_trusted_certificate ';

    my $good = nginx(%opt, http => $verify . $secure->ca . ';');
    is($good->request('GET', '/rest/v1.0/me')->{status}, 401, 'verified');
    my $other = nginx(%opt, http => "$verify/etc/ssl/certs/"
                                    . 'ca-certificates.crt;');
    is($other->request('GET', '/rest/v1.0/me')->{status}, 502,
       'not by a CA that it is not of');
    $_->stop for $good, $other, $secure;
};


subtest 'reload, upgrade, kills: the same nginx serves on' => sub {
    my $serves = sub { $nginx->request('GET', '/?alert=1')->{status} };
    my %first = map { $_ => 1 } @{ $nginx->pids->{workers} };
    is(scalar keys %first, 2, 'two workers');

    ok($nginx->reload, 'reload');
    ok(!grep({ $first{$_} } @{ $nginx->pids->{workers} }), 'other workers');
    is($serves->(), 204, 'serves');

    my $killed = $nginx->kill_worker('KILL');
    ok(!Procore::Test::Process::alive($killed), 'a worker killed');
    is(scalar @{ $nginx->pids->{workers} }, 2, 'and replaced');
    is($serves->(), 204, 'serves');

    my $master = $nginx->pids->{master};
    isnt($nginx->upgrade, $master, 'a new master by upgrade');
    is($serves->(), 204, 'serves');
    ok(!Procore::Test::Process::alive($master), 'the old one has gone');

    my @all = ($nginx->pids->{master}, @{ $nginx->pids->{workers} });
    $nginx->kill9_all;
    ok(!grep({ Procore::Test::Process::alive($_) } @all), 'all killed');
    $nginx->start;
    is($serves->(), 204, 'started anew');

    $nginx->reload(location => 'return 418;');
    is($nginx->request('GET', '/')->{status}, 418, 'other configuration');
};


subtest 'configurations are tested' => sub {
    config_ok('a good one passes', module => 0);
    my ($exit, $output) = config_test(module => 0, server => 'nonsense on;');
    is($exit, 1, 'a bad one does not');
    like($output, qr/unknown directive "nonsense" in .*nginx\.conf:\d+/,
         'and the output says why');
    ok(!eval { nginx(module => 0, server => 'nonsense on;') },
       'nor does it start');
    like($@, qr/unknown directive/, 'with the reason');
};


subtest 'what nginx wrote can be searched' => sub {
    $nginx->request('GET', '/rest/v1.0/secret-4711');
    wait_for(5, sub { $nginx->access_log =~ /secret-4711/ });
    is(scalar(grep { /access\.log: secret-4711$/ }
              $nginx->find_bytes('secret-4711', 'absent-4711')), 1,
       'found in the access log');
    is_deeply([$nginx->find_bytes('absent-4711')], [], 'and nothing else');
};


# Runs Perl code as a test file of its own; its output and exit code. One
# that is killed cannot remove its folders: they are in one that we remove.
sub run_test {
    my ($code) = @_;

    my $dir = File::Temp->newdir;
    chmod 0755, $dir;
    local $ENV{TMPDIR} = "$dir";
    my $file = File::Temp->new(SUFFIX => '.t', DIR => "$dir");
    print {$file} "use Procore::Test;\n$code";
    close $file;
    my @include = map { "-I$_" } grep { !ref && m{t/lib} } @INC;
    my $output = `$^X @include $file 2>&1`;
    return ($output, $? >> 8);
}


# Pids in the output of a test that are alive after a while.
sub left {
    my ($output) = @_;

    my @pids = $output =~ /^# pid (\d+)/mg;
    die "no pids: $output" if @pids < 3;
    wait_for(5, sub { !grep { Procore::Test::Process::alive($_) } @pids });
    return grep { Procore::Test::Process::alive($_) } @pids;
}


my $start = <<'EOT';
    my $nginx = nginx(module => 0, workers => 2);
    $| = 1;
    print "# pid $_\n" for standin()->{pid}, $nginx->pids->{master},
                           @{ $nginx->pids->{workers} };
EOT


subtest 'nothing is left behind' => sub {
    for my $case (['dies' => 'die "on purpose";'],
                  ['exits' => 'exit 3;'],
                  ['is killed' => 'kill "KILL", $$; sleep 5;'],
                  ['is interrupted' => 'kill "INT", $$; sleep 5;'],
                  ['is out of time' => 'alarm 1; eval { sleep 30 }; 1;'])
    {
        my ($name, $code) = @$case;
        my ($output) = run_test($start . $code);
        is_deeply([left($output)], [], "when a test $name");
    }
};


subtest 'bad signs fail a test' => sub {
    my $crash = 'ok(1); kill "SEGV", $nginx->pids->{workers}[0];'
        . 'wait_for(10, sub { $nginx->error_lines(qr/exited on signal/) });';
    my ($output, $exit) = run_test("$start$crash done_testing();");
    isnt($exit, 0, 'a crash');
    like($output, qr/exited on signal 11/, 'named');

    ($output, $exit) = run_test("$start ok(1);"
        . '$nginx->kill_worker("SEGV"); done_testing();');
    is($exit, 0, 'but not one on purpose') or diag($output);

    ($output, $exit) = run_test("$start ok(1);"
        . 'Procore::Test::Host::write_file($nginx->dir . "/reports/asan.1",'
        . '"ERROR: AddressSanitizer"); done_testing();');
    isnt($exit, 0, 'a report of a sanitizer');

    ($output, $exit) = run_test("$start ok(1); "
        . '$nginx->request("GET", "/psst"); '
        . 'wait_for(5, sub { $nginx->access_log =~ /psst/ }); '
        . '$nginx->assert_no_secrets("psst"); done_testing();');
    isnt($exit, 0, 'a secret in a log');
};


done_testing();
