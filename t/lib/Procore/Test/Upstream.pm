package Procore::Test::Upstream;

# An upstream that keeps every byte that it gets and gives one fixed answer,
# for tests of what exactly nginx sends.

use strict;
use warnings;

use parent 'Procore::Test::Host';

use File::Temp ();
use IO::Select;
use IO::Socket::INET;

use Procore::Test::Host;
use Procore::Test::Process qw(fork_child kill_group);

use constant ANSWER => "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
    . "Content-Length: 2\r\nConnection: close\r\n\r\n[]";
use constant IDLE_SECONDS => 5;


# Options: answer => bytes of the whole answer.
sub start_new {
    my ($class, %opt) = @_;

    my $listen = IO::Socket::INET->new(
        LocalAddr => '127.0.0.1', LocalPort => 0, Proto => 'tcp',
        Listen => 64) or die "listen: $!";
    my $dir = File::Temp::tempdir('procore-upstream-XXXXXX', TMPDIR => 1,
                                  CLEANUP => !$ENV{TEST_KEEP});
    my $self = bless { port => $listen->sockport, dir => $dir }, $class;
    my $answer = $opt{answer} // ANSWER;

    $self->{pid} = fork_child(sub { serve($listen, $dir, $answer) });
    close $listen;
    return $self;
}


sub serve {
    my ($listen, $dir, $answer) = @_;

    $SIG{PIPE} = 'IGNORE';
    my $parent = getppid;
    for (my $number = 0; getppid == $parent;) {
        next unless IO::Select->new($listen)->can_read(0.5);
        my $socket = $listen->accept or next;
        my $bytes = read_request($socket);
        Procore::Test::Host::write_file("$dir/part", $bytes);
        rename "$dir/part", sprintf "$dir/request-%06d", $number++;
        syswrite $socket, $answer;
        close $socket;
    }
    return;
}


# The bytes of one request, to the end that its head announces.
sub read_request {
    my ($socket) = @_;

    my $bytes = '';
    until (whole($bytes)) {
        last unless IO::Select->new($socket)->can_read(IDLE_SECONDS);
        last unless sysread $socket, $bytes, 65_536, length $bytes;
    }
    return $bytes;
}


sub whole {
    my ($bytes) = @_;

    my $end = index $bytes, "\r\n\r\n";
    return 0 if $end < 0;
    my $head = substr $bytes, 0, $end + 2;
    my $body = length($bytes) - $end - 4;
    return $bytes =~ /\r\n0\r\n\r\n\z/ if $head =~ /^Transfer-Encoding:/mi;
    return $body >= ($head =~ /^Content-Length: *(\d+)/mi ? $1 : 0);
}


# The requests so far, each as the bytes that came.
sub requests {
    my ($self) = @_;

    my $all = $self->{requests} //= [];
    while (-e (my $file = sprintf "$self->{dir}/request-%06d", scalar @$all)) {
        push @$all, Procore::Test::Host::read_file($file);
    }
    return @$all;
}


sub stop {
    my ($self) = @_;

    my $pid = delete $self->{pid} or return;
    kill_group($pid);
    return;
}


1;
