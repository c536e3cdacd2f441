#!/usr/bin/perl

# Many requests and several workers: one of them asks, the others wait for it,
# and take over where it goes away.

use FindBin;
use lib "$FindBin::Bin/lib", "$FindBin::Bin/rails/lib";

use Procore::Test;
use Procore::Test::Lookup qw(:DEFAULT LIST);

use Differential::H2;

use Time::HiRes qw(sleep time);

my $world = world();
my $home = $world->{home};
my $list = LIST;

my $standin = standin();


sub ask {
    my ($nginx, $token, $id) = @_;

    my $connection = $nginx->connect;
    $connection->send("GET /rest/v1.0/projects/$id HTTP/1.1\r\nHost: x\r\n"
        . "Authorization: Bearer $token\r\nConnection: close\r\n\r\n");
    return $connection;
}


sub answers {
    my %count;
    $count{ reason($_->response('GET')) }++ for @_;
    return \%count;
}


subtest 'a hundred requests on two workers, one call' => sub {
    my ($nginx, $token) = fresh(workers => 2);

    $standin->behave({ match => "GET $list", delay => 0.5 });
    my @asked = map { ask($nginx, $token, 1001 + $_ % 5) } 1 .. 100;
    is_deeply(answers(@asked), { '200 -' => 100 }, 'all pass');
    is(scalar lookups(), 1, 'one call');
};


subtest 'a hundred requests for projects of nobody' => sub {
    my ($nginx, $token) = fresh(workers => 2);

    $standin->behave({ match => "GET $list", delay => 0.5 });
    my @asked = map { ask($nginx, $token, 9_000_000 + $_) } 1 .. 100;
    is_deeply(answers(@asked), { '403 unknown_project' => 100 },
              'all are refused');
    is(scalar lookups(), 1, 'one call');
};


subtest 'a failure ends the wait of all' => sub {
    my ($nginx, $token) = fresh(workers => 2);

    $standin->behave({ match => "GET $list", delay => 0.5, status => 429,
                       body => '', headers => { 'Retry-After' => '20' } });
    my @asked = map { ask($nginx, $token, 1001) } 1 .. 30;
    my @got = map { $_->response('GET') } @asked;
    is(scalar grep({ reason($_) eq '503 lookup_failed' } @got), 30,
       'undecided');
    is(scalar grep({ $_->{header}{'retry-after'} =~ /^(?:20|19)$/ } @got), 30,
       'Retry-After of Procore for all');
    is(scalar lookups(), 1, 'one call');
};


subtest 'two families of one company' => sub {
    my ($nginx, $some) = fresh(workers => 2);

    my $few = bind_token($nginx, user => 2, company => $home)->{access_token};
    $standin->reset;
    $standin->behave({ match => "GET $list", delay => 0.5 });

    my @first = map { ask($nginx, $few, 1003) } 1 .. 5;
    sleep 0.2;
    my @second = map { ask($nginx, $some, 1001) } 1 .. 5;
    my @third = map { ask($nginx, $some, 1004) } 1 .. 5;
    is_deeply(answers(@first), { '403 unknown_project' => 5 },
              'not on the list of the first');
    is_deeply(answers(@second), { '200 -' => 5 }, 'on it, for the second');
    is_deeply(answers(@third), { '200 -' => 5 },
              'not on it: asked with its own token');
    is_deeply([map { $_->{headers}{authorization} } lookups()],
              ["Bearer $few", "Bearer $some"], 'two calls, one after another');
};


subtest 'the client of the leader goes away' => sub {
    my ($nginx, $token) = fresh(workers => 2);

    $standin->behave({ match => "GET $list", delay => 3, times => 1 });
    my $leader = ask($nginx, $token, 1001);
    ok(wait_for(5, sub { lookups() == 1 }), 'it leads');
    my @asked = map { ask($nginx, $token, 1002) } 1 .. 10;
    sleep 0.3;

    my $start = time;
    $leader->close;
    is_deeply(answers(@asked), { '200 -' => 10 }, 'the others are served');
    cmp_ok(time - $start, '<', 1.5, 'at once');
    is(scalar lookups(), 2, 'by one of them');
};


subtest 'the leader is a stream of HTTP/2, and is reset' => sub {
    my ($nginx, $token) = fresh(workers => 2, h2 => 1);
    my $case = { method => 'GET', path => '/rest/v1.0/projects/1001',
                 headers => [[Authorization => "Bearer $token"]] };

    $standin->behave({ match => "GET $list", delay => 3, times => 1 });
    my $stream = Differential::H2->open($nginx->h2_port, $case, 'h2');
    ok(wait_for(5, sub { lookups() == 1 }), 'it leads');
    my @asked = map { ask($nginx, $token, 1002) } 1 .. 10;
    sleep 0.3;

    my $start = time;
    $stream->reset;
    is_deeply(answers(@asked), { '200 -' => 10 }, 'the others are served');
    cmp_ok(time - $start, '<', 1.5, 'at once');
    is(scalar lookups(), 2, 'by one of them');

    $stream->send($case, 'h2');
    like($stream->answer->{headers}, qr/^\x88/, 'its connection lives: 200');
};


subtest 'a waiter is a stream of HTTP/2, and is reset' => sub {
    my ($nginx, $token) = fresh(h2 => 1);
    my $case = { method => 'GET', path => '/rest/v1.0/projects/1002',
                 headers => [[Authorization => "Bearer $token"]] };

    $standin->behave({ match => "GET $list", delay => 1, times => 1 });
    my $leader = ask($nginx, $token, 1001);
    ok(wait_for(5, sub { lookups() == 1 }), 'one leads');
    my $stream = Differential::H2->open($nginx->h2_port, $case, 'h2');
    $stream->reset;
    $stream->send($case, 'h2');
    is_deeply(answers($leader), { '200 -' => 1 }, 'and is served');
    like($stream->answer->{headers}, qr/^\x88/,
         'so is what the connection brings next');
    is(scalar lookups(), 1, 'one call');
};


subtest 'the client of a waiter goes away' => sub {
    my ($nginx, $token) = fresh();

    $standin->behave({ match => "GET $list", delay => 1, times => 1 });
    my $leader = ask($nginx, $token, 1001);
    ok(wait_for(5, sub { lookups() == 1 }), 'one leads');
    $_->close for map { ask($nginx, $token, 1002) } 1 .. 5;
    is_deeply(answers($leader), { '200 -' => 1 }, 'and is served');
    is(scalar lookups(), 1, 'one call');
    ok(wait_for(5, sub { $nginx->error_lines(qr/prematurely closed/) >= 5 }),
       'those who left were noticed');
};


subtest 'the worker of the leader is killed' => sub {
    my ($nginx, $token) = fresh(workers => 2);

    $standin->behave({ match => "GET $list", delay => 4, times => 1 });
    my $leader = ask($nginx, $token, 1001);
    ok(wait_for(5, sub { lookups() == 1 }), 'it leads');

    # which worker that is, its connection to the stand-in tells
    my $owner = worker_of($nginx, $standin->port);
    ok($owner, 'in a worker');
    kill 'STOP', $owner;    # so that the other one takes all of these
    my @asked = map { ask($nginx, $token, 1002) } 1 .. 30;
    sleep 0.3;
    $nginx->expect(qr/worker process $owner exited/);
    my $start = time;
    kill 'KILL', $owner;

    my @got = grep { $_->{status} } map { $_->response('GET') } @asked;
    ok(scalar @got, 'some waited in the other worker');
    is(scalar grep({ $_->{status} == 200 } @got), scalar @got,
       'they are served');
    cmp_ok(time - $start, '<', 2.5, 'within a second or so');
    is(scalar lookups(), 2, 'by a second call');
};


subtest 'what an older flight found is not what a lost one did' => sub {
    my ($nginx, $token) = fresh(workers => 2,
                                server => 'procore_scope_miss_ttl 1s;');

    $standin->behave({ match => "GET $list", times => 1, status => 200,
                       headers => { 'Content-Type' => 'application/json' },
                       body => '[1001]' },
                     { match => "GET $list", times => 1, delay => 4 });
    is_deeply(answers(ask($nginx, $token, 1001)), { '200 -' => 1 },
              'a list without the project that comes next');
    sleep 2.2;

    my $leader = ask($nginx, $token, 1002);
    ok(wait_for(5, sub { lookups() == 2 }), 'the next one hangs');
    my $owner = worker_of($nginx, $standin->port);
    kill 'STOP', $owner;    # so that the other one takes all of these
    my @asked = map { ask($nginx, $token, 1002) } 1 .. 30;
    sleep 0.3;
    $nginx->expect(qr/worker process $owner exited/);
    kill 'KILL', $owner;

    my @got = grep { $_->{status} } map { $_->response('GET') } @asked;
    cmp_ok(scalar @got, '>', 1, 'several waited in the other worker');
    is(scalar grep({ $_->{status} == 200 } @got), scalar @got,
       'all of them are served by the flight that follows');
};


# The worker that has a connection to that port.
sub worker_of {
    my ($nginx, $port) = @_;

    my %inode;
    for my $line (split /\n/, read_text('/proc/net/tcp')) {
        my (undef, undef, $remote, $state, undef, undef, undef, undef, undef,
            $inode) = split ' ', $line;
        $inode{"socket:[$inode]"} = 1
            if $state eq '01' && hex(($remote =~ /:(\w+)/)[0]) == $port;
    }
    for my $pid (@{ $nginx->pids->{workers} }) {
        return $pid if grep { $inode{ readlink($_) // '' } }
                       glob "/proc/$pid/fd/*";
    }
    return;
}


sub read_text {
    my ($file) = @_;

    open my $fh, '<', $file or return '';
    local $/;
    return scalar <$fh>;
}


subtest 'a reload in the middle' => sub {
    my ($nginx, $token) = fresh(workers => 2);

    $standin->behave({ match => "GET $list", delay => 1, times => 1 });
    my @asked = map { ask($nginx, $token, 1001) } 1 .. 10;
    ok(wait_for(5, sub { lookups() == 1 }), 'one leads');
    $nginx->reload;
    push @asked, map { ask($nginx, $token, 1002) } 1 .. 10;
    is_deeply(answers(@asked), { '200 -' => 20 }, 'old and new workers');
    is(scalar lookups(), 1, 'share one call');
};


subtest 'the rate of pages is kept' => sub {
    my ($nginx, $token) = fresh();

    $standin->behave({ match => "GET $list", body => [7],
                       headers => { Link => '<x>; rel=next' } });
    my $answer = ask($nginx, $token, 1001)->response('GET');
    is(reason($answer), '503 lookup_failed', 'a list without an end');
    cmp_ok($answer->{header}{'retry-after'}, '>', 30, 'for about a minute');
    is(scalar lookups(), 60, 'sixty pages');

    $standin->behave;
    is(reason(ask($nginx, $token, 1001)->response('GET')),
       '503 lookup_failed', 'and no more');
    is(scalar lookups(), 60, 'in this minute');
};


subtest 'the rate is what is configured, for all workers together' => sub {
    my ($nginx, $token) = fresh(workers => 2, server =>
        'procore_scope_lookup_rate 4; procore_scope_miss_ttl 0;');

    my $id = 9_000_000;
    my $next = sub { ask($nginx, $token, $id++)->response('GET') };

    my @asked = $next->();
    push @asked, $next->() while $asked[-1]{status} != 503 && @asked < 100;
    pop @asked;
    is(scalar grep({ reason($_) eq '403 unknown_project' } @asked),
       scalar @asked, 'as long as lists may be asked for, they answer');
    is(scalar lookups(), 4, 'which is four times');

    my @refused = map { $next->() } 1 .. 10;
    is(scalar grep({ reason($_) eq '503 lookup_failed' } @refused), 10,
       'then nobody is answered');
    is(scalar grep({ $_->{header}{'retry-after'} =~ /^[1-6]?[0-9]$/ }
                   @refused), 10, 'but told when to come again');
    is(scalar lookups(), 4, 'and nothing is asked for');

    my $largest = $world->{largest};
    my $other = bind_token($nginx, company => $largest)->{access_token};
    is(reason(ask($nginx, $other, 9_000_100)->response('GET')),
       '403 unknown_project', 'another company has its own');
    is(scalar lookups(), 5, 'a fifth list');
};


done_testing();
