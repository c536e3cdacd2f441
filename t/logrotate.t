#!/usr/bin/perl

# The package's logrotate configuration, with the real logrotate, while requests
# come: no record is lost, torn or written twice, and the chains go on through
# all files, the compressed ones too.

use Procore::Test;

use File::Temp qw(tempdir);
use JSON::PP ();

use constant {
    ROTATIONS => 4,
    WORKERS => 3,
    LOGROTATE => '/usr/sbin/logrotate',
};

plan skip_all => LOGROTATE . ' is missing' unless -x LOGROTATE;
plan skip_all => 'logrotate gives files to www-data: needs root' if $> != 0;

my $json = JSON::PP->new->utf8;
my $upstream = upstream();
my $keys = tempdir(CLEANUP => 1);
write_file("$keys/key", 'the key of this test, long enough' . "\n");
chmod 0400, "$keys/key" or die $!;

my $nginx = nginx(api => $upstream->url, lookup => 0, workers => WORKERS,
                  http => "procore_scope_audit_key $keys/key;");
my $log = $nginx->dir . '/logs/audit.log';
write_file("$keys/rotate.conf", rotate_conf());

my %answered;

for my $round (1 .. ROTATIONS) {
    pipe my $read, my $write or die $!;
    my $pid = fork // die $!;

    if ($pid == 0) {
        close $read;
        syswrite $write, ask() . "\n" for 1 .. 60;
        require POSIX;
        POSIX::_exit(0);
    }

    close $write;
    my $first = <$read>;
    is(system(LOGROTATE, '-f', '-s', "$keys/state", "$keys/rotate.conf"), 0,
       "rotation $round, while requests come");
    chomp(my @ids = ($first, <$read>));
    waitpid $pid, 0;
    $answered{$_} = 1 for @ids;
    ok(wait_for(10, sub { !old_file_open() }), 'the workers have the new file');
}

my $id = ask();
$answered{$id} = 1;
$nginx->stop;

my @old = map { "$log.$_.gz" } reverse 2 .. ROTATIONS;
is(scalar(grep { -s } @old, "$log.1", $log), ROTATIONS + 1,
   'one file a rotation, old ones compressed');

open my $all, '-|', "zcat @old; cat $log.1 $log" or die $!;
my %written;
$written{ $json->decode($_)->{event}{id} }++ while <$all>;
close $all;
is_deeply([sort keys %written], [sort keys %answered], 'no record is lost');
is(scalar(grep { $_ != 1 } values %written), 0, 'and none is there twice');

my $said = qx(zcat @old | ./procore-scope audit verify --key $keys/key \\
              --complete --store @{[ $nginx->store ]} - $log.1 $log 2>&1);
is($? >> 8, 0, 'and the chains are intact') or diag($said);

done_testing;


sub ask {
    my $answer = $nginx->request('GET', '/rest/v1.0/x', token => 'nobody');
    return $answer->{header}{'procore-scope-decision'};
}


sub rotate_conf {
    my ($file) = glob 'debian/*.logrotate';
    open my $in, '<', $file or die "$file: $!";
    my $text = do { local $/; <$in> };
    my $dir = $nginx->dir;

    $text =~ s{^\S+/\*\.log}{su root root\n$log}m or die 'no file in it';
    $text =~ s{/run/nginx\.pid}{$dir/nginx.pid}g or die 'no signal in it';
    $text =~ s{create 0640 \S+ \S+}{create 0640 nobody nogroup} or die;
    return $text;
}


sub old_file_open {
    return grep { $_ eq "$log.1" } map { readlink($_) // '' }
        map { glob("/proc/$_/fd/*") } @{ $nginx->pids->{workers} };
}


sub write_file {
    my ($file, @lines) = @_;
    open my $out, '>', $file or die "$file: $!";
    print $out @lines;
    close $out or die $!;
}
