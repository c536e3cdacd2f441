#!/usr/bin/perl

# The audit chain: a log that nobody touched verifies, through reload, rotation,
# binary upgrade and crash; every kind of tampering is found and named at its
# place.

use Procore::Test;

use Digest::SHA qw(hmac_sha256);
use File::Temp qw(tempdir);
use JSON::PP ();

my $json = JSON::PP->new->canonical->utf8;
my $upstream = upstream();
my $keys = tempdir(CLEANUP => 1);
my $key = key_file('one', 'first key of this test, long enough');
my $nginx = nginx(api => $upstream->url, lookup => 0, workers => 2,
                  http => "procore_scope_audit_key $key;",
                  server => 'large_client_header_buffers 4 32k;');
my $log = $nginx->dir . '/logs/audit.log';

# Keys that cannot be used stop the start.

config_fails('short', 0600, 'too short', qr/must have 32 bytes or more/);
config_fails('open', 0640, 'x' x 40, qr/open to nobody but its owner/);
unlink "$keys/none";
my ($code, $output) = config_test(
    http => "procore_scope_audit_key $keys/none;");
isnt($code, 0, 'a key that is not there');
like($output, qr{/none" failed}, 'is named');

# Records of two workers.

requests(40);
my @records = $nginx->audit(40);
is(scalar(grep { !$_->{procore_scope}{chain}{mac} } @records), 0,
   'every record is sealed');
my %chain = map { $_->{procore_scope}{chain}{id} => 1 } @records;
my ($one) = grep { $_->{event}{sequence} == 1 } @records;
is($one->{procore_scope}{chain}{after}, 0, 'a chain begins with 1');
verifies('two workers', $log);

# The longest record, with all that a client can blow it up with.

my $hostile = "\x01" x 110;
my $token = 'chain-' . 'x' x 40;
$nginx->import_records({ access_token => $token, client => '"' x 128,
                         company_id => 562949953421312 });
my $answer = $nginx->request('POST', '/rest/v1.0/' . '"' x 1100,
    token => $token, headers => ['User-Agent', "\x7f\xff" x 200],
    json => { map({ ($hostile . $_ => { project_id => 1000 + $_ }) } 1 .. 20),
              map({ ($hostile . $_ . '_company_id' => 1) } 1 .. 9) });
my $hostile_id = $answer->{header}{'procore-scope-decision'};
ok($hostile_id, 'a request of hostile text') or diag($answer->{raw});
$nginx->audit_of($hostile_id);
my ($longest) = sort { $b <=> $a } map { length } lines_of($log);
ok($longest <= 8001, 'at most 8,000 bytes');
ok($longest > 5000, 'though there is much to say');
verifies('a long record', $log);

# Who takes over a worker finds nothing that seals what was written.

SKIP: {
    my $root = hmac_sha256('procore-scope audit chains',
                           'first key of this test, long enough');
    my $pids = $nginx->pids;
    skip 'memory of processes cannot be read', 2
        unless holds($pids->{master}, $root);
    pass('the master holds the key');
    is(scalar(grep { holds($_, $root) } @{ $pids->{workers} }), 0,
       'no worker does');
}

# A worker dies, nginx reloads with another key, the log is rotated, nginx is
# replaced while it runs.

$nginx->kill_worker;
requests(10);
verifies('a killed worker', $log);

my $second = key_file('two', 'second key of this test, long enough');
$nginx->reload(http => "procore_scope_audit_key $second;");
requests(10);
verifies('a reload with another key', '--key', $second, $log);
my $found = verify('--complete', $log);
is($found->{code}, 3, 'a key that was not given: nothing certain');
ok(($found->{sum}{unknown_key} // 0) > 0, 'and it is said which');

rename $log, "$log.2" or die $!;
rotate();
requests(10);
rename $log, "$log.1" or die $!;
rotate();
requests(10);

my @all = ('--key', $second, "$log.1", $log, "$log.2");
verifies('two rotations, files in any order', @all);

$nginx->upgrade;
requests(10);
verifies('a binary upgrade', @all);

$found = verify('--complete', '--key', $second, $log, "$log.2");
is($found->{code}, 1, 'a missing file');
my ($gap) = grep { $_->{found} eq 'missing' } @{ $found->{found} };
ok($gap, 'is a gap') or diag(explain_found($found));
is($gap->{before}{file}, "$log.2", 'behind the older file');
is($gap->{after}{file}, $log, 'before the newer one');

# The store knows how far each chain came.

ok(wait_for(10, sub { known() }), 'the store knows the last records');
my @lines = lines_of($log);
my $last = sequence_of($lines[-1]);
write_file("$keys/cut.log", @lines[0 .. $#lines - 1]);
$found = verify('--store', $nginx->store, '--key', $second, "$keys/cut.log",
                "$log.1", "$log.2");
is($found->{code}, 1, 'the last line cut off');
is_deeply([map { [@$_{qw(found last known_by)}] } @{ $found->{found} }],
          [['cut', $last, 'store']], 'is known by the store alone');

# Workers that die while requests come.

for my $round (1 .. 3) {
    my $pid = fork // die $!;

    if ($pid == 0) {
        eval { $nginx->request('GET', '/rest/v1.0/x', token => 'nobody') }
            for 1 .. 100;
        require POSIX;
        POSIX::_exit(0);
    }

    $nginx->kill_worker for 1 .. 2;
    waitpid $pid, 0;
}

requests(10);
verifies('killed workers', '--store', $nginx->store, @all);

$nginx->stop;
verifies('after the end', '--store', $nginx->store, @all);

# Tampering, with copies of a log of two chains.

unlink $log;
$nginx->start;
$nginx->{audit_mark} = 0;
ok(wait_for(20, sub { requests(10); met() }), 'each worker knows the other');
$nginx->stop;

my @sample = lines_of($log);
my ($place) = grep { chain_of($sample[$_]) eq chain_of($sample[-1])
                     && sequence_of($sample[$_]) == 3 } 0 .. $#sample;
my $target = $sample[$place];
my $sequence = sequence_of($target);
my $id = chain_of($target);
my ($next) = grep { chain_of($sample[$_]) eq $id
                    && sequence_of($sample[$_]) == 4 } 0 .. $#sample;
my ($previous) = grep { chain_of($sample[$_]) eq $id
                        && sequence_of($sample[$_]) == 2 } 0 .. $#sample;
my ($first) = grep { chain_of($sample[$_]) eq $id } 0 .. $#sample;
my @given = ('--key', $second);

is_deeply(tampered(@sample), [], 'untouched');
is_deeply(tampered(change($place, sub { s/"reason":"\w+"/"reason":"ok"/ })),
          [['edited', 3, 3, $place + 1, undef]], 'a reason changed');
is_deeply(tampered(change($place, sub { s/"sequence":3/"sequence":2/ })),
          [['edited', 2, 2, $place + 1, undef],
           ['missing', 3, 3, $previous + 1, $next + 1]], 'a number changed');
is_deeply(tampered(change($place, sub { s/"status_code":\d+/$& / })),
          [['edited', 3, 3, $place + 1, undef]], 'a blank put in');
is_deeply(tampered(change($place, sub { s/"mac":"./"mac":"x/ })),
          [['unsealed', undef, undef, $place + 1, undef],
           ['missing', 3, 3, $previous + 1, $next + 1]], 'a seal destroyed');
is_deeply(tampered(grep { $_ ne $target } @sample),
          [['missing', 3, 3, $previous + 1, $next]], 'a line taken out');
is_deeply(tampered(@sample[0 .. $place], @sample[$place .. $#sample]),
          [['twice', 3, 3, $first + 1, $place + 2]], 'a line twice');
my @swapped = @sample;
@swapped[$place, $next] = @swapped[$next, $place];
is_deeply(tampered(@swapped), [['moved', 3, 4, $next + 1, $place + 1]],
          'two lines swapped');
is_deeply(tampered(@sample, "made up\n"),
          [['unsealed', undef, undef, scalar(@sample) + 1, undef]],
          'a line added');

# Of other chains, each record says how far one of them has come.

write_file("$keys/tampered.log", grep { chain_of($_) ne $id } @sample);
$found = verify('--complete', @given, "$keys/tampered.log");
my ($absent) = grep { $_->{chain} eq $id } @{ $found->{found} };
is($absent->{found}, 'absent', 'a whole chain taken out');
ok($absent->{after}{line}, 'is named by a record of another one');
my $forged = $target;
$forged =~ s/"id":"\w+"/'"id":"' . 'f' x 32 . '"'/e;
is_deeply([map { $_->[0] } @{ tampered(@sample, $forged) }], ['edited'],
          'a copy with another decision');

done_testing;


sub key_file {
    my ($name, $text, $mode) = @_;

    my $file = "$keys/$name";
    write_file($file, "$text\n");
    chmod $mode // 0400, $file or die $!;
    return $file;
}


sub config_fails {
    my ($name, $mode, $text, $expected) = @_;

    my $file = key_file($name, $text, $mode);
    my ($code, $output) = config_test(http => "procore_scope_audit_key $file;");
    isnt($code, 0, "key file: $name");
    like($output, $expected, 'and it says why');
}


# Each by a connection of its own, so that both workers have some.
sub requests {
    my ($count) = @_;

    for (1 .. $count) {
        $nginx->request('GET', '/rest/v1.0/x', token => 'nobody');
    }

    $nginx->skip_audit;
}


sub rotate {
    my ($master) = $nginx->pids->{master};
    kill 'USR1', $master or die $!;
    ok(wait_for(10, sub {
        my @old = glob("$log.[12]");
        my %open = map { $_ => 1 } open_files();
        return -e $log && !grep { $open{$_} } @old;
    }), 'the workers write to the new file');
    $nginx->{audit_mark} = 0;
}


# Does the memory of a process hold these bytes?
sub holds {
    my ($pid, $bytes) = @_;

    open my $maps, '<', "/proc/$pid/maps" or return 0;
    open my $memory, '<:raw', "/proc/$pid/mem" or return 0;

    no warnings 'portable';    # addresses of 64 bits

    while (<$maps>) {
        my ($from, $to) = /^(\w+)-(\w+) rw/ or next;
        my $size = hex($to) - hex($from);
        next if $size > 64 << 20;
        sysseek $memory, hex($from), 0 or next;
        sysread $memory, my $data, $size or next;
        return 1 if index($data, $bytes) >= 0;
    }

    return 0;
}


sub open_files {
    my $pids = $nginx->pids;
    return grep { defined } map { readlink } map { glob("/proc/$_/fd/*") }
        $pids->{master}, @{ $pids->{workers} };
}


# Does the store know the last record of each chain of the log?
sub known {
    my $found = verify('--store', $nginx->store, '--key', $second,
                       "$keys/empty.log");
    my %know = map { $_->{chain} => $_->{last} } @{ $found->{found} };
    my %want;

    for my $line (lines_of($log)) {
        $want{ chain_of($line) } = sequence_of($line);
    }

    return !grep { ($know{$_} // 0) != $want{$_} } keys %want;
}


# Has each of two chains of the log a record that tells of the other?
sub met {
    my %met;

    for my $line (lines_of($log)) {
        my $chain = $json->decode($line)->{procore_scope}{chain};
        $met{ $chain->{id} }{ $chain->{seen}{id} } = 1 if $chain->{seen};
    }

    my @ids = sort keys %met;
    return @ids == 2 && $met{ $ids[0] }{ $ids[1] } && $met{ $ids[1] }{ $ids[0] };
}


sub verify {
    my (@arguments) = @_;

    write_file("$keys/empty.log") if grep { /empty/ } @arguments;
    push @arguments, '--complete' if grep { /empty/ } @arguments;
    open my $pipe, '-|', './procore-scope', 'audit', 'verify', '--json',
        '--key', $key, @arguments or die $!;
    my @said = map { $json->decode($_) } <$pipe>;
    close $pipe;
    return { code => $? >> 8, sum => pop @said, found => \@said };
}


sub verifies {
    my ($name, @arguments) = @_;

    my $found = verify('--complete', @arguments);
    is($found->{code}, 0, "intact: $name") or diag(explain_found($found));
}


# What is found in a log of these lines, beside what other files lack.
sub tampered {
    my (@lines) = @_;

    write_file("$keys/tampered.log", @lines);
    my $found = verify(@given, "$keys/tampered.log");
    is($found->{code}, @{ $found->{found} } ? 1 : 0, 'the exit code');
    return [map { [@$_{qw(found first last)}, $_->{before}{line},
                   $_->{after}{line}] } @{ $found->{found} }];
}


sub change {
    my ($index, $how) = @_;

    my @lines = @sample;
    local $_ = $lines[$index];
    $how->();
    die 'nothing changed' if $_ eq $lines[$index];
    $lines[$index] = $_;
    return @lines;
}


sub explain_found {
    my ($found) = @_;
    return $json->encode($found);
}


sub lines_of {
    my ($file) = @_;
    open my $in, '<', $file or die "$file: $!";
    return <$in>;
}


sub chain_of { return $json->decode($_[0])->{procore_scope}{chain}{id} }
sub sequence_of { return $json->decode($_[0])->{event}{sequence} }


sub write_file {
    my ($file, @lines) = @_;
    unlink $file;
    open my $out, '>', $file or die "$file: $!";
    print $out @lines;
    close $out or die $!;
}
