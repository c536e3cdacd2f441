#!/usr/bin/perl

# The company's list is out of reach, or not to be believed: each failure has
# its reason and status, and none lets through.

use Procore::Test;
use Procore::Test::Lookup qw(:DEFAULT LIST);

my $world = world();
my $home = $world->{home};
my $foreign = $world->{foreign};
my $list = LIST;

my $standin = standin();


# Requests other than lookups: what got through.
sub passed {
    return grep { $_->{target} !~ m{^\Q$list\E\?} } $standin->requests;
}


# With it, a held request that is forgotten is the last that is ever held.
use constant ONE_WAITS => 'procore_scope_lookup_waiting 1;';

my @ids = (1001 .. 1005);
my @objects = map { { id => $_, company => { id => $home } } } @ids;

my @cases = (
    ['HTML', { body => '<html><body>Welcome</body></html>',
               headers => { 'Content-Type' => 'text/html' } }],
    ['an empty answer', { body => '' }],
    ['an object', { body => { projects => [@ids] } }],
    ['half a page', { truncate => 12 }],
    ['half a page, by length', { cut => 12 }],
    ['half a page, chunked', { chunked => 1, truncate => 12 }],
    ['half a page until the end of the connection',
     { cut => 12, no_length => 1 }],
    ['text after the list', { body => '[1001] x' }],
    ['no ids in it', { body => [1001, 'x'] }],
    ['a float', { body => '[1001, 1e3]' }],
    ['compressed', { gzip => 1 }],
    ['objects of another company',
     { body => [@objects, { id => 9, company => { id => $foreign } }] }],
    ['an empty page that promises more',
     { body => [], headers => { Link => '<x>; rel=next' } }],
    ['a redirect', { status => 302, body => '',
                     headers => { Location => 'http://127.0.0.1:9/x' } }],
    ['created', { status => 201 , body => [@ids] }],
    ['no content', { status => 204, body => '' }],
    ['part of it', { status => 206, body => [@ids] }],
    ['a local redirect', { body => [@ids],
        headers => { 'X-Accel-Redirect' => '/rest/v1.0/me' } }],
    (map { ["status $_", { status => $_, body => [@ids] }] }
        400, 403, 404, 500, 502),
    ['a connection that closes', { close => 1 }],
    ['no HTTP', { raw => "hello\r\n\r\n" }],
);

for my $case (@cases) {
    my ($name, $rule) = @$case;

    subtest $name => sub {
        my ($nginx, $token) = fresh(http => ONE_WAITS);
        $standin->behave({ match => "GET $list", %$rule });

        my $answer = project($nginx, $token, 1001);
        is(reason($answer), '503 lookup_failed', 'undecided');
        ok($answer->{header}{'retry-after'}, 'Retry-After');
        is($answer->{json}{reason}, 'lookup_failed', 'said in the body');
        is(scalar passed(), 0, 'nothing went through');

        $standin->behave;
        my $other = bind_token($nginx, company => $home)->{access_token};
        is(reason(project($nginx, $other, 1001)), '200 -',
           'another family gets a list, so nothing is still held');
        is(reason(project($nginx, $other, 1009)), '403 unknown_project',
           'and certainty');
    };
}


subtest 'a failure is not asked for again at once' => sub {
    my ($nginx, $token) = fresh();

    $standin->behave({ match => "GET $list", status => 500 });
    is(reason(project($nginx, $token, 1001)), '503 lookup_failed', 'once')
        for 1 .. 5;
    is(scalar lookups(), 1, 'one call');

    my $other = bind_token($nginx, user => 6, company => $home);
    is(reason(project($nginx, $other->{access_token}, 1001)),
       '503 lookup_failed', 'another family');
    is(scalar lookups(), 2, 'asks for itself');

    $standin->behave;
    ok(wait_for(5, sub { reason(project($nginx, $token, 1001)) eq '200 -' }),
       'well again soon after');
};


subtest 'another page fails' => sub {
    my ($nginx, $token) = fresh();

    my %next = (headers => { Link => '<x>; rel="next"' });
    $standin->behave(
        { match => "GET $list", times => 1, body => [1001], %next },
        { match => "GET $list", status => 500 });
    is(reason(project($nginx, $token, 1001)), '200 -',
       'what was on the first one passes');
    is(reason(project($nginx, $token, 1002)), '503 lookup_failed',
       'what was not is undecided');
};


for my $status (429, 503) {
    subtest "status $status keeps us away" => sub {
        my ($nginx, $token) = fresh();

        $standin->behave({ match => "GET $list", status => $status,
                           body => '', headers => { 'Retry-After' => '3' } });
        my $answer = project($nginx, $token, 1001);
        is(reason($answer), '503 lookup_failed', 'undecided');
        is($answer->{header}{'retry-after'}, 3, 'as long as Procore says');

        $standin->behave;
        my $other = bind_token($nginx, user => 6, company => $home);
        for my $asker ($token, $other->{access_token}) {
            my $later = project($nginx, $asker, 1001);
            is(reason($later), '503 lookup_failed', 'nobody asks before');
            ok($later->{header}{'retry-after'} <= 3, 'the time left');
        }
        is(scalar lookups(), 1, 'one call');

        sleep 4;
        is(reason(project($nginx, $token, 1001)), '200 -', 'then it is asked');
        is(scalar lookups(), 2, 'once');
    };
}


subtest 'X-Rate-Limit-Reset, where there is no Retry-After' => sub {
    my ($nginx, $token) = fresh();

    $standin->behave({ match => "GET $list", status => 429, body => '',
                       headers => { 'X-Rate-Limit-Reset' => time + 40 } });
    my $seconds = project($nginx, $token, 1001)->{header}{'retry-after'};
    ok($seconds > 30 && $seconds <= 40, "about 40 seconds: $seconds");
};


subtest 'a 401 is handed on' => sub {
    my ($nginx, $token, $pair) = fresh();

    $standin->expire($token);
    my $answer = project($nginx, $token, 1001);
    is($answer->{status}, 401, 'the status');
    like($answer->{header}{'www-authenticate'}, qr/^Bearer/, 'its header');
    is(scalar passed(), 0, 'nothing went through');
    is(project($nginx, $token, 1001)->{status}, 401, 'again');
    is(scalar lookups(), 1, 'one call');

    my $new = refresh($nginx, $pair)->{json}{access_token};
    is(reason(project($nginx, $new, 1001)), '200 -',
       'the refreshed token does not meet it');
};


subtest 'no answer in time' => sub {
    my ($nginx, $token) = fresh(
        http => ONE_WAITS,
        server => 'procore_scope_lookup_timeout 1s;');

    $standin->behave({ match => "GET $list", delay => 5 });
    my $connection = $nginx->connect;
    my $start = time;
    is(reason($connection->request('GET', '/rest/v1.0/projects/1001',
                                   token => $token, keep => 1)),
       '503 lookup_failed', 'undecided');
    ok(time - $start <= 3, 'after a second');

    $standin->behave;
    $start = time;
    is($connection->request('GET', '/rest/v1.0/me', token => $token,
                            keep => 1)->{status}, 200, 'the connection');
    ok(time - $start <= 2, 'is free at once');
    ok(wait_for(5, sub { reason(project($nginx, $token, 1001)) eq '200 -' }),
       'well again soon after');
};


subtest 'an answer that never ends' => sub {
    my ($nginx, $token) = fresh(
        http => ONE_WAITS,
        server => 'procore_scope_lookup_timeout 1s;');

    $standin->behave({ match => "GET $list", pieces => 8, pause => 1 });
    is(reason(project($nginx, $token, 1001)), '503 lookup_failed',
       'undecided');
    is(scalar passed(), 0, 'nothing went through');

    $standin->behave;
    ok(wait_for(5, sub { reason(project($nginx, $token, 1001)) eq '200 -' }),
       'well again soon after');
};


subtest 'Procore is down' => sub {
    my ($nginx, $token) = fresh();

    $nginx->reload(lookup => 0, locations => <<'EOT');
        procore_scope_lookup /_procore;
        location /_procore/ {
            internal;
            proxy_pass http://127.0.0.1:9/;
        }
EOT
    is(reason(project($nginx, $token, 1001)), '503 lookup_failed',
       'undecided');
};


# Locations that cannot lead to Procore.
my $here = 'http://127.0.0.1:%%PORT%%';
my @wrong = (
    ['is missing', ''],
    ['leads back to the gateway',
     "location /wrong/ { internal; proxy_pass $here/wrong/; }"],
    ['leads to itself', "location /wrong/ { proxy_pass $here/wrong/; }",
     qr/worker_connections are not enough/],
    ['redirects to itself',
     'location /wrong/ { internal; try_files /none /wrong/x; }'],
    ['is rewritten to itself',
     'location /wrong/ { internal; rewrite ^(.*)$ $1 last; }'],
    ['is a file', 'location /wrong/ { internal; root %%DIR%%; }'],
    ['answers without a list', 'location /wrong/ { internal; return 204; }'],
);

for my $case (@wrong) {
    my ($name, $location, @expect) = @$case;

    subtest "the location $name" => sub {
        my ($nginx, $token) = fresh(
            http => ONE_WAITS, expect => \@expect,
            server => 'procore_scope_paths /rest/ /wrong/;'
                . ' procore_scope_lookup_timeout 5s;',
            locations => <<"EOT");
        $location
        location /rest/v1.0/projects/ {
            procore_scope_lookup /wrong;
            proxy_pass %%API%%;
        }
EOT
        is(reason(project($nginx, $token, 1001)), '503 lookup_failed',
           'undecided') for 1, 2;
        is(scalar(grep { $_->{target} =~ m{/1001$} } passed()), 0,
           'nothing went through');
        my $other = bind_token($nginx, company => $home)->{access_token};
        is(reason($nginx->request('GET', '/rest/v1.1/projects/1001',
                                  token => $other)), '200 -',
           'elsewhere a list is had, so nothing is still held');
    };
}


subtest 'the location has error pages, and no buffers' => sub {
    my ($nginx, $token) = fresh(
        server => 'error_page 401 403 404 500 502 503 /rest/v1.0/me;',
        lookup_location => 'proxy_intercept_errors on; proxy_buffering off;'
            . ' proxy_max_temp_file_size 0;');

    $standin->behave({ match => "GET $list", status => 500, times => 1 });
    is(reason(project($nginx, $token, 1001)), '503 lookup_failed',
       'they do not stand for the list');
    ok(wait_for(5, sub { reason(project($nginx, $token, 1001)) eq '200 -' }),
       'well again');
};


subtest 'a cache in the location is not believed' => sub {
    my ($nginx, $token) = fresh(
        http => 'proxy_cache_path %%DIR%%/temp/cache keys_zone=c:1m;',
        lookup_location => 'proxy_cache c; proxy_cache_valid 1h;'
            . ' proxy_cache_key x;');

    is(reason(project($nginx, $token, 1001)), '200 -', 'learnt');
    my $other = bind_token($nginx, company => $foreign);
    is(reason(project($nginx, $other->{access_token}, 1002)),
       '403 foreign_project', 'the list of one is not the list of another');
    is(reason(project($nginx, $other->{access_token}, 2002)), '200 -',
       'which is asked for');
};


subtest 'a long list over a slow line, in small buffers' => sub {
    my ($nginx, $token) = fresh(
        lookup_location => 'proxy_buffer_size 1k; proxy_buffers 2 1k;'
            . ' proxy_busy_buffers_size 1k;');

    $standin->behave({ match => "GET $list", body => [2_000_000 .. 2_050_000],
                       chunked => 1, pieces => 50, pause => 0.01 });
    is(reason(project($nginx, $token, 2_050_000)), '404 -', 'the last id');
    $standin->behave;
    ok(wait_for(20, sub {
        reason(project($nginx, $token, 2_030_000)) eq '404 -'
    }), 'all are learnt');
};


subtest 'more requests than may wait' => sub {
    my ($nginx, $token) = fresh(http => 'procore_scope_lookup_waiting 3;');

    $standin->behave({ match => "GET $list", delay => 1 });
    my @connections = map { $nginx->connect } 1 .. 6;
    $_->send("GET /rest/v1.0/projects/1001 HTTP/1.1\r\nHost: x\r\n"
             . "Authorization: Bearer $token\r\nConnection: close\r\n\r\n")
        for @connections;
    my @got = sort map { reason($_->response('GET')) } @connections;
    is_deeply(\@got, [('200 -') x 3, ('503 lookup_failed') x 3],
              'three wait, three are sent away');
};


subtest 'lookup_failed may be allowed' => sub {
    my ($nginx, $token) = fresh(
        server => 'procore_scope_undecided lookup_failed allow;');

    $standin->behave({ match => "GET $list", status => 500 });
    is(reason(project($nginx, $token, 1001)), '200 -', 'then it passes');
    is($nginx->next_audit(2) && ($nginx->audit)[-1]{procore_scope}{decision},
       'allow_undecided', 'and the record says so');
};


subtest 'monitor: a failure is recorded, nothing is refused' => sub {
    my ($nginx, $token) = fresh(mode => 'monitor');

    $nginx->next_audit;    # of the token
    $standin->behave({ match => "GET $list", status => 500 });
    is(project($nginx, $token, 1001, company => $home)->{status}, 200,
       'passes');
    is(join(' ', @{ $nginx->next_audit->{procore_scope} }
                 {qw(decision reason)}), 'allow_undecided lookup_failed',
       'undecided');
};


done_testing();
