#!/usr/bin/perl

# procore_scope_authorize: what the start of nginx accepts, and what not.

use Procore::Test;

my $id = world()->{clients}{crm}{id};
my $good = 'https://gw.example.com/oauth/company/callback';


# "nginx -t" with these arguments of the directive.
sub with {
    my ($arguments, %opt) = @_;

    return config_test(bare => 1, clients => ['crm'], %opt, locations => <<"EOT"
        location @{[ $opt{place} // '/oauth/' ]} {
            procore_scope_oauth on;
            procore_scope_authorize $arguments;
            @{[ $opt{inside} // '' ]}
        }
EOT
    );
}


sub fails {
    my ($name, $arguments, $text, %opt) = @_;

    my ($exit, $output) = with($arguments, %opt);
    is($exit, 1, $name);
    like($output, $text, 'and says why');
    return;
}


for my $case (
    "https://login.procore.com $good",
    "https://login.procore.com/ $good",
    'https://login.procore.com https://GW.example.com:8443/oauth/company/callback',
    'https://login.procore.com http://127.0.0.1:8080/oauth/company/callback',
    'https://login.procore.com http://127.8.9.1/oauth/company/callback',
    'https://login.procore.com http://localhost/oauth/c/callback',
    'https://login.procore.com http://[::1]:8080/oauth/c/callback',
    'http://127.0.0.1:8081 http://localhost/oauth/c/callback',
    'off',
) {
    my ($exit, $output) = with($case);
    is($exit, 0, $case) or diag $output;
}

fails('http elsewhere', 'https://login.procore.com http://gw.example.com/oauth/c/callback', qr/must be "https"/);
fails('http that looks like loopback', "https://login.procore.com http://$_/oauth/c/callback", qr/must be "https"/)
    for qw(127.0.0.1.example.com localhost.example.com 128.0.0.1 127.1);
fails('login host without TLS', "http://login.procore.com $good", qr/must be "https"/);
fails('login host with a path', "https://login.procore.com/oauth $good", qr/must not have a path/);
fails('login host with a query', "https://login.procore.com/?x $good", qr/two ways/);
fails("callback $_", "https://login.procore.com $_", qr{must end in "/callback"})
    for 'https://gw.example.com/oauth/company/callbac',
        'https://gw.example.com/oauth/company/callback/',
        'https://gw.example.com/callback', 'https://gw.example.com';
fails("callback $_", "https://login.procore.com $_", qr/two ways/)
    for 'https://gw.example.com/oauth/c/callback?x=y',
        'https://gw.example.com/oauth//callback',
        'https://gw.example.com/oauth/../callback',
        'https://gw.example.com/oauth/%63/callback',
        'https://gw.example.com/oauth/c/callback#x';
fails("callback $_", "https://login.procore.com $_", qr/no host/)
    for 'https:///oauth/c/callback', 'https://x@gw.example.com/oauth/c/callback',
        'https://gw.example.com:0/oauth/c/callback',
        'https://gw.example.com:99999/oauth/c/callback',
        'https://[::1/oauth/c/callback', 'https://*.example.com/oauth/c/callback';
fails("callback $_", "https://login.procore.com $_", qr/no "https" URL/)
    for 'gw.example.com/oauth/c/callback', 'ftp://x/oauth/c/callback',
        '$scheme://gw.example.com/oauth/c/callback';
fails('one argument', 'https://login.procore.com', qr/or "off"/);
fails('three arguments', "a $good x", qr/invalid number of arguments/);
fails('twice', "https://login.procore.com $good;\nprocore_scope_authorize off", qr/duplicate/);
fails('outside of the location', "https://login.procore.com https://gw.example.com/gateway/callback", qr/outside of the location/);
fails('an exact location', "https://login.procore.com $good", qr/outside of the location/, place => '= /oauth/company/callback');
fails('no lookup', "https://login.procore.com $good", qr/procore_scope_lookup/, lookup => 0);
fails('no way to bind', "https://login.procore.com $good", qr/"authorize" is not among the ways/, inside => 'procore_scope_bind token_request;');
fails('procore_scope is off', "https://login.procore.com $good", qr/"procore_scope" is off/, inside => 'procore_scope off;');
fails('a relay client with neither secret nor list', "https://login.procore.com $good", qr/secret_file/, clients => [{ app => 'mobile' }]);

my ($exit, $output) = config_test(
    server => "procore_scope_authorize https://login.procore.com $good;",
    locations => "location /x { procore_scope_authorize off; }\n");
is($exit, 0, 'for a whole server, and off again') or diag $output;

for my $case (['an OAuth' => 'procore_scope_oauth on;', 1], ['another' => '', 0]) {
    my ($name, $more, $wanted) = @$case;
    ($exit, $output) = config_test(bare => 1, clients => ['crm'],
        server => "procore_scope_authorize https://login.procore.com $good;",
        locations => "location /x { procore_scope_bind none; $more }\n");
    is($exit, $wanted, "inherited by $name location that may not bind so")
        or diag $output;
}

($exit, $output) = config_test(
    http => "procore_scope_authorize https://login.procore.com $good;");
like($output, qr/not allowed here/, 'not for all servers');


done_testing();
