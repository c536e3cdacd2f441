#!/usr/bin/perl

# List Companies is a list of one: the company of the token.

use Procore::Test;

my $world = world();
my ($home, $foreign) = @$world{qw(home foreign)};
my $path = '/rest/v1.0/companies';

my $standin = standin();
my $nginx = nginx(h2 => 1, locations => <<'EOT');
        location /rest/v1.1/ {
            proxy_buffering off;
            proxy_buffer_size 1k;
            proxy_pass %%API%%;
        }

        location /vapid/ {
            procore_scope_filter_companies off;
            proxy_pass %%API%%;
        }
EOT
my $token = bind_token($nginx, company => $home)->{access_token};


sub list {
    my ($target, %opt) = @_;

    return $nginx->request('GET', $target, token => $token, %opt);
}


sub ids {
    my ($response) = @_;

    return join ' ', map { $_->{id} } @{ $response->{json} };
}


subtest 'one company, byte for byte' => sub {
    my $all = $standin->request('GET', $path, token => $token);
    my ($element) = $all->{body} =~ /(\{"id":$home,[^}]*\})/;

    my $list = list($path);
    is($list->{status}, 200, 'status');
    is($list->{body}, "[$element]", 'the element as Procore wrote it');
    is($list->{header}{total}, 1, 'Total');
    is($list->{header}{'per-page'}, $all->{header}{'per-page'}, 'Per-Page');
    is($list->{header}{'content-length'}, length $list->{body}, 'its length');
    is($list->{header}{$_}, undef, "no $_")
        for qw(link etag last-modified accept-ranges);

    is(list($path, version => '1.0')->{body}, "[$element]", 'HTTP/1.0');
    is($nginx->h2('GET', $path, token => $token)->{body}, "[$element]",
       'HTTP/2');
    is(list('/rest/v1.1/companies')->{body}, "[$element]", 'unbuffered');
    is(list("$path/")->{body}, "[$element]", 'with a slash at the end');

    my $connection = $nginx->connect;
    is($connection->request('GET', $path, token => $token, keep => 1)->{body},
       "[$element]", "kept alive, $_") for 1 .. 3;
};


subtest 'strings, nested ids and blanks do not deceive' => sub {
    my $own = qq({ "company" : {"id":$foreign}, "name":"},{\\"id\\":$home" ,)
        . qq( "id":"$home" });
    my $first = qq({"id":$foreign,"x":{"id":$home}});
    $standin->behave({ match => "GET $path", headers => { Total => '9' },
                       body => qq( [ $first,\n $own , {"id":7} ] ) });
    is(list($path)->{body}, "[$own]", 'the company');

    $standin->behave({ match => "GET $path", chunked => 1, pieces => 30,
        body => qq([$first, $own,{"id":7}]) });
    is(list($path)->{body}, "[$own]", 'in pieces');

    $standin->behave({ match => "GET $path", body => [{ id => $foreign }] });
    my $list = list($path);
    is("$list->{status} $list->{body}", '200 []', 'a page without it');
    is($list->{header}{total}, 1, 'Total');

    $standin->behave({ match => "GET $path", status => 203,
                       body => [{ id => $foreign }] });
    is(list($path)->{body}, '[]', 'any 2xx');
    $standin->behave;
};


subtest 'HEAD tells no more' => sub {
    my $head = $nginx->request('HEAD', $path, token => $token);
    is($head->{status}, 200, 'status');
    is($head->{header}{total}, 1, 'Total');
    is($head->{header}{$_}, undef, "no $_")
        for qw(link etag content-length);
};


subtest 'ranges and conditions are not for this list' => sub {
    for my $headers ([Range => 'bytes=0-50'], ['If-None-Match' => '*'],
                     ['If-Modified-Since' => 'Tue, 24 Nov 2026 00:00:00 GMT'])
    {
        my $list = list($path, headers => $headers);
        is("$list->{status} " . ids($list), "200 $home", $headers->[0]);
    }
};


subtest 'what cannot be read shows nobody' => sub {
    my @list = map { { id => $_ } } $home, $foreign;

    for my $case (
        ['not JSON', body => "hello $foreign"],
        ['an object', body => { companies => \@list }],
        ['an element without an id', body => [{ name => $foreign }]],
        ['compressed', body => \@list, gzip => 1],
        ['a part', body => \@list, status => 206],
        ['too large', body => \@list, pad => 5 << 20],
        ['too large, in chunks', body => \@list, pad => 5 << 20,
         chunked => 1, pieces => 9],
        ['cut short', body => \@list, truncate => 20],
        ['chunks cut short', body => \@list, truncate => 20, chunked => 1],
        ['cut without a length', body => \@list, truncate => 20,
         no_length => 1],
    ) {
        my ($name, %rule) = @$case;
        $standin->behave({ match => "GET $path", %rule });
        my $list = list($path);
        is("$list->{status} $list->{json}{reason}", '503 lookup_failed', $name);
        unlike($list->{body}, qr/$foreign/, "$name: no other company");
        ok(defined $list->{header}{'retry-after'}, "$name: try again");
    }
    $standin->behave;
    $nginx->skip_audit;
    is(ids(list($path)), $home, 'and then it can be read again');
};


subtest 'errors of the API are its own' => sub {
    $standin->behave({ match => "GET $path", status => 429,
                       body => { errors => 'slow down' } });
    my $list = list($path);
    is("$list->{status} $list->{json}{errors}", '429 slow down', 'a 429');
    $standin->behave;
};


subtest 'where nothing is filtered' => sub {
    is(ids(list('/vapid/companies')), join(' ', @{
        $world->{users}[0]{companies} }), 'filter_companies off');

    my $monitor = nginx(mode => 'monitor');
    my $bound = bind_token($monitor, company => $home)->{access_token};
    my $seen = $monitor->request('GET', $path, token => $bound);
    my $told = $standin->request('GET', $path, token => $bound);
    is($seen->{body}, $told->{body}, 'monitor');
    is($seen->{header}{total}, $told->{header}{total}, 'monitor: Total');
};


subtest 'a POST that says it is a GET' => sub {
    my %ways = (
        'by its header' => { headers => ['X-HTTP-Method-Override', 'get'],
                             form => [] },
        'by a form' => { form => [_method => 'GET'] },
        'by multipart' => { multipart => [['_method', 'GET']] },
    );

    for my $way (sort keys %ways) {
        my %opt = %{ $ways{$way} };
        my $all = $standin->request('POST', $path, token => $token, %opt);
        cmp_ok(scalar @{ $all->{json} }, '>', 1, "$way: Rails lists all");

        my $list = $nginx->request('POST', $path, token => $token, %opt);
        is(ids($list), $home, "$way: one is left");
    }
};


done_testing();
