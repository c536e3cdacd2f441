#!/usr/bin/perl

# A long report, to slow clients, in small buffers, compressed, and to clients
# that leave: all of it or an end, and others are served meanwhile.

use Procore::Test;
use Procore::Test::Report qw(STATUS reported);

my $home = world()->{home};
my $nginx = nginx(mode => 'monitor', server => STATUS
    . ' location = /slow { procore_scope_status; limit_rate 1m; }'
    . ' location = /small { procore_scope_status; '
    . 'output_buffers 1 1k; gzip on; gzip_types *; }');

standin()->behave({ match => '* /rest/*', status => 200, body => {} });
my @apps = map { "app-$_" } 1 .. 15;
$nginx->import_records(map { { access_token => "token-of-$_",
    client => $_, company_id => $home } } @apps);
my $body = '{"updates":[' . join(',', map { "{\"company_id\":$_}" }
                                1 .. 100) . ']}';
$nginx->request('POST', '/rest/v1.0/x', token => "token-of-$_",
    headers => ['Content-Type' => 'application/json'], body => $body)
    for @apps;
standin()->behave;
reported($nginx, scalar @apps);

my $plain = sub {
    my $body = $nginx->request('GET', "$_[0]?view=report&format=json",
                               headers => $_[1] || [])->{body};
    return $body =~ s/"generated_at":"[^"]*"//r;
};
my $whole = $plain->('/status');
ok(length $whole > 500_000, 'it is long');
ok($plain->('/slow') eq $whole, 'a slow client gets all of it');
ok($plain->('/small') eq $whole, 'and one with small buffers');
is($nginx->request('GET', '/small?view=report&format=csv',
    headers => ['Accept-Encoding' => 'gzip'])->{header}{'content-encoding'},
   'gzip', 'compressed');

for (1 .. 3) {
    my $client = $nginx->connect;
    $client->send("GET /slow?view=report HTTP/1.1\r\n"
                  . "Host: 127.0.0.1\r\n\r\n");
    local $client->{end} = time + 10;
    is(length $client->exactly(1000), 1000, 'a client takes a little');
    $client->close;
}
ok($plain->('/status') eq $whole, 'others are served meanwhile');

is($nginx->request('HEAD', '/slow?view=report')->{body}, '', 'nothing to HEAD');

done_testing();
