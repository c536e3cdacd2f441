#!/usr/bin/perl

# The company of the token is on the first page, wherever Procore has it.

use Procore::Test;

my $path = '/rest/v1.0/companies';
my ($first, $far, $gone) = (7000001, 7000230, 7000300);     # of user 4

my $standin = standin();
my $nginx = nginx(h2 => 1, http => <<'HTTP', locations => <<'LOCATIONS');
    gzip on;
    gzip_min_length 1;
    gzip_types application/json;
HTTP
        location /rest/v1.1/ {
            proxy_buffering off;
            proxy_buffer_size 1k;
            proxy_pass %%API%%;
        }
LOCATIONS


sub token {
    my ($company, $host) = @_;

    return bind_token($host // $nginx, company => $company, user => 4)
        ->{access_token};
}


my $token = token($far);


sub list {
    my ($target, %opt) = @_;

    return $nginx->request('GET', $target, token => $token, %opt);
}


sub pages {
    my ($target, %opt) = @_;

    $standin->reset;
    my $list = list($target, %opt);
    return ($list, map { $_->{target} } $standin->requests);
}


my $third = $standin->request('GET', "$path?page=3", token => $token);
my ($element) = $third->{body} =~ /(\{"id":$far,[^}]*\})/;


subtest 'the company is on a later page' => sub {
    my ($list, @targets) = pages($path);
    is("$list->{status} $list->{body}", "200 [$element]",
       'the element as Procore wrote it');
    is($list->{header}{total}, 1, 'Total');
    is($list->{header}{'per-page'}, 100, 'Per-Page');
    is($list->{header}{'content-length'}, length $list->{body}, 'its length');
    is($list->{header}{$_}, undef, "no $_")
        for qw(link etag last-modified accept-ranges);
    is_deeply(\@targets, [$path, map { "$path?per_page=100&page=$_" } 1 .. 3],
              'one call after another, and no more than it takes');

    my @last = $standin->requests;
    is($last[-1]{headers}{authorization}, "Bearer $token", 'its own token');
    is_deeply([map { @{ $_->{ids}{companies} } } @last[1 .. 3]], [],
              'the calls name no company');

    is(list($path, version => '1.0')->{body}, "[$element]", 'HTTP/1.0');
    is($nginx->h2('GET', $path, token => $token)->{body}, "[$element]",
       'HTTP/2');
    is(list('/rest/v1.1/companies')->{body}, "[$element]", 'unbuffered');
    my $connection = $nginx->connect;
    is($connection->request('GET', $path, token => $token, keep => 1)->{body},
       "[$element]", "kept alive, $_") for 1 .. 3;
};


subtest 'what the client asked for besides' => sub {
    my ($list, @targets) = pages("$path?a=1&page=1&per_page=7&"
        . 'include_free_companies=true');
    is($list->{body}, "[$element]", 'found');
    is($targets[3], "$path?a=1&include_free_companies=true"
        . '&per_page=100&page=3', 'its parameters stay');

    ($list) = pages($path, headers => ['Accept-Encoding' => 'gzip']);
    is($list->{header}{'content-encoding'}, 'gzip', 'nginx may compress it');
    is(list($path, headers => [Range => 'bytes=0-9'])->{status}, 200,
       'no part of it');

    my $head = $nginx->request('HEAD', $path, token => $token);
    is("$head->{status} $head->{header}{total}", '200 1', 'HEAD: Total');
};


subtest 'later pages are empty' => sub {
    for my $page (2, 3, 4) {
        my ($list, @targets) = pages("$path?page=$page");
        is("$list->{status} $list->{body} $list->{header}{total}", '200 [] 1',
           "page $page");
        is_deeply(\@targets, ["$path?page=$page"], 'no call');
    }

    my $near = token($first);
    $standin->reset;
    is(list($path, token => $near)->{json}[0]{id}, $first,
       'a company of the first page');
    is(scalar($standin->requests), 1, 'takes one request');

    $standin->behave({ match => "GET $path", status => 401,
                       body => { errors => 'expired' } });
    is(list("$path?page=2")->{status}, 401, 'Procore is asked all the same');
    $standin->behave;
};


subtest 'a company that the user has no longer' => sub {
    my $list = list($path, token => token($gone));
    is("$list->{status} $list->{body} $list->{header}{total}", '200 [] 1',
       'an empty list');
};


subtest 'what cannot be found for certain' => sub {
    for my $case (
        ['a page cut short', truncate => 20],
        ['a page that is no list', body => 'hello'],
        ['a page that is compressed', gzip => 1],
        ['a page too large', pad => 1 << 20],
        ['an error', status => 500, body => '[]'],
        ['a page that does not come', close => 1],
    ) {
        my ($name, %rule) = @$case;
        $standin->behave({ match => "GET $path", skip => 2, %rule });
        my $list = list($path);
        is("$list->{status} $list->{json}{reason}", '503 lookup_failed', $name);
        unlike($list->{body}, qr/Branch/, "$name: no other company");
    }

    $standin->behave({ match => "GET $path", skip => 2, status => 429,
                       headers => { 'Retry-After' => '77' }, body => '[]' });
    my $list = list($path);
    is("$list->{status} $list->{header}{'retry-after'}", '503 77',
       'a limit of Procore: when to try again');
    $standin->behave;
    is(list($path)->{body}, "[$element]", 'and then it is found again');
};


subtest 'calls are bounded' => sub {
    $standin->reset;
    $standin->behave({ match => "GET $path", body => [{ id => 1 }],
                       headers => { Link => '<x>; rel="next"' } });
    is(list($path)->{status}, 503, 'a list without an end');
    is(scalar($standin->requests), 21, 'twenty calls');
    $standin->behave;

    my $slow = nginx(server => 'procore_scope_lookup_timeout 300ms;',
                     expect => [qr/took too long/]);
    my $bound = token($far, $slow);
    $standin->behave({ match => "GET $path", skip => 1, delay => 5 });
    my $list = $slow->request('GET', $path, token => $bound);
    is("$list->{status} $list->{json}{reason}", '503 lookup_failed',
       'procore_scope_lookup_timeout');
    $standin->behave;
};


subtest 'a client that leaves' => sub {
    $standin->behave({ match => "GET $path", skip => 1, delay => 1,
                       times => 1 });
    list($path, timeout => 0.3);
    $standin->behave;
    is(list($path)->{body}, "[$element]", 'disturbs nobody');
};


subtest 'what gets no calls' => sub {
    $standin->reset;
    my $list = list($path, body => 'page=1', type => 'text/plain');
    is($list->{body}, '[]', 'a GET with a body: the asked page alone');
    is(scalar($standin->requests), 1, 'no calls');

    my $alone = nginx(lookup => 0);
    my $bound = token($far, $alone);
    $standin->reset;
    $list = $alone->request('GET', $path, token => $bound);
    is("$list->{status} $list->{body}", '200 []',
       'without a lookup location: the asked page alone');
    $list = $alone->request('GET', "$path?page=3", token => $bound);
    is($list->{body}, "[$element]", 'and the company where Procore has it');
    is(scalar($standin->requests), 2, 'no calls');
};


done_testing();
