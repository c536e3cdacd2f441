#!/usr/bin/perl

# The lookup speaks TLS with Procore as nginx's own directives say: a list from
# a server that cannot be verified is none.

use Procore::Test;
use Procore::Test::Lookup qw(project reason LIST);

my $home = world()->{home};
my $list = LIST;
my $procore = standin(tls => 1);


# Everything goes up verified but for the lookup, which each case has its own
# way for.
sub gateway {
    my ($lookup) = @_;

    my $nginx = nginx(
        api => $procore->url,
        server => 'proxy_ssl_trusted_certificate ' . $procore->ca . ';'
            . ' proxy_ssl_verify on; proxy_ssl_name localhost;'
            . ' proxy_ssl_server_name on;',
        lookup_location => $lookup);
    my $token = Procore::Test::OAuth::bind_token($nginx, $procore,
                                                 company => $home);
    $procore->reset;
    return ($nginx, $token->{access_token});
}


sub targets {
    return map { $_->{target} =~ m{^([^?]*)} } $procore->requests;
}


subtest 'a server that is verified' => sub {
    my ($nginx, $token) = gateway('');

    is(reason(project($nginx, $token, 1001)), '200 -', 'its list is taken');
    is(reason(project($nginx, $token, 9_000_000)), '403 unknown_project',
       'with what is not on it');
    is_deeply([targets()], [$list, '/rest/v1.0/projects/1001'], 'one call');
};


subtest 'another name than the certificate has' => sub {
    my ($nginx, $token) = gateway('proxy_ssl_name other.example;');

    is(reason(project($nginx, $token, 1001)), '503 lookup_failed',
       'undecided');
    is_deeply([targets()], [], 'nothing went up, no token either');
};


subtest 'plain HTTP where TLS is spoken' => sub {
    my ($nginx, $token) = gateway('');

    # The server may close at once, or wait for more.
    $nginx->reload(lookup => 0, locations => <<"EOT");
        procore_scope_lookup /_procore;
        procore_scope_lookup_timeout 2s;
        location /_procore/ {
            internal;
            proxy_pass http://127.0.0.1:@{[ $procore->port ]}/;
        }
EOT
    is(reason(project($nginx, $token, 1001)), '503 lookup_failed',
       'undecided');
    is_deeply([targets()], [], 'nothing went up');
};


done_testing();
