#!/usr/bin/perl

# A worker has one chain for all its logs: several files, conditions that thin
# the audit and keep the chain, and those that do not.

use Procore::Test;

use File::Temp qw(tempdir);
use JSON::PP ();

my $json = JSON::PP->new->utf8;
my $upstream = upstream();
my $keys = tempdir(CLEANUP => 1);
my $key = "$keys/key";
open my $out, '>', $key or die $!;
print $out "the key of this test, long enough\n";
close $out or die $!;
chmod 0400, $key or die $!;

my $nginx = nginx(
    api => $upstream->url, lookup => 0, workers => 2,
    http => <<"EOT",
        procore_scope_audit_key $key;
        map \$procore_scope_decision:\$arg_n \$thin {
            default 1;
            ~^deny:[1-9] "";
        }
        map \$procore_scope_audit \$wrong { default 0; ~"n=0" 1; "" ""; }
EOT
    locations => <<'EOT');
        location /rest/other {
            access_log %%DIR%%/logs/other.log procore if=$procore_scope_audit;
            proxy_pass %%API%%;
        }
        location /rest/thin {
            access_log %%DIR%%/logs/audit.log procore if=$thin;
            proxy_pass %%API%%;
        }
        location /rest/both {
            access_log %%DIR%%/logs/audit.log procore;
            access_log %%DIR%%/logs/other.log procore;
            proxy_pass %%API%%;
        }
        location /rest/wrong {
            access_log %%DIR%%/logs/audit.log procore if=$wrong;
            proxy_pass %%API%%;
        }
EOT
my $log = $nginx->dir . '/logs/audit.log';
my $other = $nginx->dir . '/logs/other.log';

for my $n (0 .. 9) {
    request($_, $n) for qw(x other thin x other other);
}

wait_for(10, sub { lines($log) + lines($other) == 51 });
is(lines($log), 21, 'the thin place has one record');
is(lines($other), 30, 'the other log has its own');
is_deeply([verify($log, $other)], [0], 'together they are whole');
is_deeply([verify($other, $log)], [0], 'in either order');
my ($code, @found) = verify($log);
is($code, 1, 'alone, one lacks what the other has');
is_deeply([grep { $_ ne 'missing' && $_ ne 'cut' } @found], [], 'only that');

rename $log, "$log.1" or die $!;
rename $other, "$other.1" or die $!;
kill 'USR1', $nginx->pids->{master} or die $!;
ok(wait_for(10, sub { !grep { /\.log\.1$/ } map { readlink($_) // '' }
    map { glob("/proc/$_/fd/*") } @{ $nginx->pids->{workers} } }),
   'both are rotated');
request($_, 0) for qw(x other x other x other) x 3;
wait_for(10, sub { lines($log) + lines($other) == 18 });
is_deeply([verify($other, "$other.1", $log, "$log.1")], [0],
          'whole over the rotation');

request('both', 0);
wait_for(10, sub { lines($log) + lines($other) == 20 });
($code, @found) = verify($other, "$other.1", $log, "$log.1");
is($code, 1, 'two lines of one record');
is_deeply(\@found, ['twice'], 'are there twice');

# A condition that looks at the record takes its number.

my $wrong = lines($log);
request('wrong', 1) for 1 .. 4;
request('x', 1) for 1 .. 12;
wait_for(10, sub { lines($log) == $wrong + 12 });
@found = (verify($other, "$other.1", $log, "$log.1"));
is_deeply([sort { $a cmp $b } keys %{ { map { $_ => 1 } grep { !/^\d+$/ }
    @found } }], ['twice', 'unwritten'],
    'a gap, which the gateway has said itself');

done_testing;


# Each by a connection of its own, so that both workers have some.
sub request {
    my ($path, $n) = @_;
    return $nginx->request('GET', "/rest/$path?n=$n", token => 'nobody');
}


sub lines {
    my ($file) = @_;
    open my $in, '<', $file or return 0;
    my @lines = <$in>;
    return scalar @lines;
}


sub verify {
    my (@files) = @_;

    my @said = map { $json->decode($_) }
        qx(./procore-scope audit verify --json --complete --key $key @files);
    return ($? >> 8, map { $_->{found} // () } @said);
}
