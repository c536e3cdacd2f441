package Procore::Test::Upstream;

# An upstream that keeps every byte that it gets and answers with fixed bytes or
# with what a function says, for tests of what exactly nginx sends.

use strict;
use warnings;

use parent 'Procore::Test::Host';

use File::Temp ();
use IO::Select;
use IO::Socket::INET;
use Socket qw(SOL_SOCKET SO_LINGER);
use Time::HiRes qw(sleep);

use Procore::Test::Host;
use Procore::Test::Process qw(fork_child kill_group);

use constant ANSWER => "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
    . "Content-Length: 2\r\nConnection: close\r\n\r\n[]";
use constant IDLE_SECONDS => 5;
use constant PAUSE => 0.003;    # seconds between the pieces of an answer


# Options: answer => bytes of the whole answer, or a function that is given the
# bytes of a request and returns those of its answer, in as many pieces as it
# likes; it may sleep. Connections are served one after another.
sub start_new {
    my ($class, %opt) = @_;

    my $listen = IO::Socket::INET->new(
        LocalAddr => '127.0.0.1', LocalPort => 0, Proto => 'tcp',
        Listen => 512) or die "listen: $!";
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
        next if $bytes =~ /^SETTLE /;
        Procore::Test::Host::write_file("$dir/part", $bytes);
        rename "$dir/part", sprintf "$dir/request-%06d", $number++;
        answer($socket, ref $answer ? $answer->($bytes) : $answer);
        close $socket;
    }
    return;
}


# An undefined piece is the end of the connection by a reset.
sub answer {
    my ($socket, @pieces) = @_;

    for my $piece (@pieces) {
        return setsockopt $socket, SOL_SOCKET, SO_LINGER, pack 'ii', 1, 0
            unless defined $piece;
        my $at = 0;
        while ($at < length $piece) {
            my $sent = syswrite $socket, $piece, 65_536, $at or return;
            $at += $sent;
        }
        sleep PAUSE if @pieces > 1;
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


# Waits until all that has reached it by now is served.
sub settle {
    my ($self) = @_;

    my $connection = Procore::Test::HTTP->connect('127.0.0.1', $self->port);
    $connection->send("SETTLE / HTTP/1.0\r\n\r\n");
    $connection->eof(IDLE_SECONDS);
    $connection->close;
    return;
}


sub stop {
    my ($self) = @_;

    my $pid = delete $self->{pid} or return;
    kill_group($pid);
    return;
}


1;
