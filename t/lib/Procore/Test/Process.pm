package Procore::Test::Process;

# Child processes of a test: each in a process group of its own, watched by
# a guard that kills what is left when the test has gone, however it went.

use strict;
use warnings;

use Exporter 'import';
use IO::Socket::INET;
use POSIX ();
use Time::HiRes qw(sleep time);

our @EXPORT_OK = qw(alive fork_child free_port kill_group reap spawn
                    spawn_orphan wait_for);

use constant {
    ORPHAN_SECONDS => 30,    # for a start on a busy machine
    PORT_FIRST => 12_000,
    PORT_LAST => 32_000,     # below net.ipv4.ip_local_port_range
    PORT_TRIES => 200,
};

my $guard;    # write end of the guard's pipe


# Polls until the code returns true; returns that value, or false in the end.
sub wait_for {
    my ($seconds, $code) = @_;

    my $end = time + $seconds;
    while (1) {
        my $value = $code->();
        return $value if $value || time > $end;
        sleep 0.01;
    }
}


# A port that nobody uses, or the first of several in a row. Not one of those
# that the kernel gives to outgoing connections: a server that starts again
# would find its port taken by one.
sub free_port {
    my ($count) = @_;

    $count //= 1;
    for (1 .. PORT_TRIES) {
        my $port = PORT_FIRST + int rand(PORT_LAST - PORT_FIRST - $count);
        my @sockets = map {
            IO::Socket::INET->new(LocalAddr => '127.0.0.1', Proto => 'tcp',
                                  LocalPort => $port + $_, Listen => 1) // ();
        } 0 .. $count - 1;
        return $port if @sockets == $count;
    }
    die "no free port: $!";
}


# A zombie that nobody reaps is not alive.
sub alive {
    my ($pid) = @_;

    open my $fh, '<', "/proc/$pid/stat" or return 0;
    my $line = <$fh> // '';
    return $line =~ /\)\s+[^ZX]/ ? 1 : 0;
}


# Runs a command; out names the file for its output, env adds variables.
sub spawn {
    my (%opt) = @_;

    return fork_child(sub { become(%opt) });
}


# The same for a command that is to have no parent, once it has written its
# pid into a file: nginx takes no USR2 while its parent lives. Returns the
# group, or nothing if the command ended before.
sub spawn_orphan {
    my ($pid_file, %opt) = @_;

    my $group = fork_child(sub {
        my $pid = fork() // POSIX::_exit(125);
        become(%opt) if $pid == 0;
        until (written($pid_file, $pid)) {
            POSIX::_exit(1) if waitpid($pid, POSIX::WNOHANG()) == $pid;
            sleep 0.01;
        }
    });
    reap($group, ORPHAN_SECONDS);
    return $group if $? == 0;

    kill_group($group);
    return;
}


sub written {
    my ($file, $pid) = @_;

    open my $fh, '<', $file or return 0;
    return (<$fh> // '') =~ /^$pid\n/;
}


sub become {
    my (%opt) = @_;

    open STDIN, '<', '/dev/null';
    open STDOUT, '>>', $opt{out} or POSIX::_exit(126);
    open STDERR, '>&', \*STDOUT;
    local @ENV{keys %{ $opt{env} || {} }} = values %{ $opt{env} || {} };
    exec { $opt{command}[0] } @{ $opt{command} } or POSIX::_exit(127);
}


# Runs code in a child that leads a process group; returns its pid.
sub fork_child {
    my ($code) = @_;

    start_guard();
    my $pid = fork() // die "fork: $!";
    if ($pid == 0) {
        setpgrp(0, 0);
        close $guard;
        $SIG{$_} = 'DEFAULT' for qw(ALRM INT TERM PIPE);
        $code->();
        POSIX::_exit(0);
    }
    eval { setpgrp($pid, $pid) };    # whoever is first; the child may exec
    syswrite $guard, "+$pid\n";
    return $pid;
}


sub start_guard {
    return if $guard;

    pipe(my $read, $guard) or die "pipe: $!";
    my $pid = fork() // die "fork: $!";
    return close $read if $pid;

    setpgrp(0, 0);
    close $guard;
    open STDOUT, '>', '/dev/null';
    open STDERR, '>', '/dev/null';

    my %groups;
    while (my $line = <$read>) {
        my ($sign, $group) = $line =~ /^([+-])(\d+)$/ or next;
        $sign eq '+' ? $groups{$group}++ : delete $groups{$group};
    }
    kill 'KILL', map { -$_ } keys %groups;
    POSIX::_exit(0);
}


# Waits until a child has ended; true if it has.
sub reap {
    my ($pid, $seconds) = @_;

    return wait_for($seconds, sub {
        my $got = waitpid $pid, POSIX::WNOHANG();
        return $got == $pid || $got == -1;
    });
}


# Ends a group for good; members that were not our children too.
sub kill_group {
    my ($pid) = @_;

    kill 'KILL', -$pid;
    reap($pid, 5);
    wait_for(5, sub { !kill(0, -$pid) || !group_alive($pid) });
    syswrite $guard, "-$pid\n" if $guard;
    return;
}


sub group_alive {
    my ($group) = @_;

    for my $file (glob '/proc/[0-9]*/stat') {
        open my $fh, '<', $file or next;
        my $line = <$fh> // '';
        return 1 if $line =~ /\)\s+[^ZX]\s+\d+\s+(\d+)/ && $1 == $group;
    }
    return 0;
}


1;
