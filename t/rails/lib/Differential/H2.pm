package Differential::H2;

# Requests on an HTTP/2 connection without TLS (RFC 9113): headers are sent
# as literals, so that they go out as they are.

use strict;
use warnings;

use Exporter 'import';
use IO::Select;
use IO::Socket::INET;

use Differential::Request qw(target_of);

our @EXPORT_OK = qw(fits_h2 h2_answer h2_exchange);

use constant {
    DATA => 0, HEADERS => 1, RST_STREAM => 3, SETTINGS => 4, GOAWAY => 7,
    WINDOW_UPDATE => 8, CONTINUATION => 9, INITIAL_WINDOW => 4, CANCEL => 8,
    END_STREAM => 1, END_HEADERS => 4, ACK => 1,
    FRAME => 16_384,      # SETTINGS_MAX_FRAME_SIZE by default
    WINDOW => 65_535,     # what may be sent before the peer has to allow more
    OPEN => 0x4000_0000,  # as much as any answer: the peer need not wait
    QUIET => 10,          # seconds; a busy machine is slow, not silent
};


# Can HTTP/2 say the same? Framing is its own, and so are hop-by-hop headers.
sub fits_h2 {
    my ($case) = @_;

    my $frame = $case->{frame} || {};
    return 0 if $frame->{before} || $frame->{expect_continue}
        || $frame->{host} || $frame->{trailers} || $frame->{coding}
        || ($frame->{how} || 'length') !~ /^(?:length|chunked)$/;
    return 0 if $case->{path} !~ m{^/} || target_of($case) =~ /[\x00-\x20]/;
    return 0 if length($case->{body} // '') >= WINDOW;
    return 0 if length(target_of($case)) > 4000;
    return !grep { $_->[0] !~ /^[\w-]+\z/ || $_->[1] =~ /^\s|\s\z|[\0\r\n]/
        || $_->[0] =~ /^(?:connection|upgrade|te|transfer[_-]encoding
                        |content-length)$/xi } @{ $case->{headers} };
}


# Sends the case and waits until the stream has ended; true if it has.
sub h2_exchange { return h2_answer(@_)->{ended} }


# The same, and what came: headers (blocks as they were sent), data, failure
# (the code of a reset or of the connection's end), ended.
sub h2_answer {
    my ($port, $case, $id) = @_;

    my $connection = __PACKAGE__->open($port, $case, $id);
    my $answer = $connection->answer;
    $connection->close;
    return $answer;
}


# A connection on which the case has been sent, for those who want more of it:
# reset ends the case's stream, send sends another one.
sub open {
    my ($class, $port, $case, $id) = @_;

    my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                                       PeerPort => $port, Timeout => 5)
        or die "connect to port $port: $!";
    my $self = bless { socket => $socket, stream => -1 }, $class;
    print {$socket} "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        frame(SETTINGS, 0, 0, pack 'nN', INITIAL_WINDOW, OPEN),
        frame(WINDOW_UPDATE, 0, 0, pack 'N', OPEN);
    $self->send($case, $id);
    return $self;
}


sub send {
    my ($self, $case, $id) = @_;

    my $length = defined $case->{body}
        && (($case->{frame} || {})->{how} || 'length') eq 'length';
    my @headers = (
        [':method', $case->{method}], [':scheme', 'http'],
        [':authority', '127.0.0.1'], [':path', target_of($case)],
        ['user-agent', $id],
        map({ [lc $_->[0], $_->[1]] } @{ $case->{headers} }),
        $length ? ['content-length', length $case->{body}] : ());

    $self->{stream} += 2;
    print { $self->{socket} } request_frames(
        $self->{stream}, join('', map { literal(@$_) } @headers),
        $case->{body});
    $self->{socket}->flush;
    return;
}


sub reset {
    my ($self) = @_;

    print { $self->{socket} } frame(RST_STREAM, 0, $self->{stream},
                                    pack 'N', CANCEL);
    $self->{socket}->flush;
    return;
}


sub answer { return read_answer($_[0]{socket}) }
sub close { return CORE::close $_[0]{socket} }


sub request_frames {
    my ($stream, $block, $body) = @_;

    my $flags = END_HEADERS | (defined $body ? 0 : END_STREAM);
    my $out = frame(HEADERS, $flags, $stream, $block);
    return $out unless defined $body;

    my @pieces = unpack '(a' . FRAME . ')*', $body;
    $out .= frame(DATA, 0, $stream, $_) for @pieces;
    return $out . frame(DATA, END_STREAM, $stream);
}


sub frame {
    my ($type, $flags, $stream, $payload) = @_;

    $payload //= '';
    return substr(pack('N', length $payload), 1)
        . pack('CCN', $type, $flags, $stream) . $payload;
}


# RFC 7541, 6.2.2: a literal without indexing, with a new name.
sub literal {
    my ($name, $value) = @_;

    return "\0" . string($name) . string($value);
}


# RFC 7541, 5.1 and 5.2: a length with a prefix of 7 bits, then the bytes.
sub string {
    my ($text) = @_;

    my $length = length $text;
    return chr($length) . $text if $length < 127;

    my $out = chr 127;
    $length -= 127;
    while ($length >= 128) {
        $out .= chr($length % 128 + 128);
        $length = int($length / 128);
    }
    return $out . chr($length) . $text;
}


sub read_answer {
    my ($socket) = @_;

    my %answer = (headers => '', data => '', failure => '', ended => 0);
    my $buffer = '';
    while (!$answer{ended} && IO::Select->new($socket)->can_read(QUIET)) {
        $answer{failure} = 'closed', $answer{ended} = 1
            unless sysread $socket, $buffer, 65_536, length $buffer;
        while (length $buffer >= 9) {
            my ($high, $low, $type, $flags) = unpack 'CnCC', $buffer;
            my $length = $high * 65_536 + $low;
            last if length $buffer < 9 + $length;
            my $frame = substr $buffer, 0, 9 + $length, '';
            take_frame(\%answer, $type, $flags, substr $frame, 9);
        }
    }
    return \%answer;
}


sub take_frame {
    my ($answer, $type, $flags, $payload) = @_;

    $answer->{headers} .= $payload if $type == HEADERS || $type == CONTINUATION;
    $answer->{data} .= $payload if $type == DATA;
    $answer->{failure} .= "$type:" . unpack 'H*', $payload
        if $type == RST_STREAM || $type == GOAWAY;
    $answer->{ended} = 1 if $answer->{failure}
        || ($type == DATA || $type == HEADERS) && $flags & END_STREAM;
    return;
}


1;
