package Differential::Request;

# A request as data: what is generated, made smaller, kept as a line of JSON
# and, in the end, written to a socket.
#
#   expect    foreign: names something foreign in some spelling; it may pass
#             only where Rails sees nothing of it
#             honest: has to arrive unchanged
#             deny: must not arrive, whatever this Rails sees
#   method, path, query (absent: none), version (1.1)
#   headers   [[name, value], ...] beyond Host, User-Agent and the framing
#   body      bytes (absent: none)
#   frame     how the bytes are sent, all optional:
#     how     length (default), chunked, both, none, twice, short, long,
#             identity
#     sizes   [bytes, ...] of the chunks, repeated
#     suffix  put after each chunk size
#     trailers, writes (number of them), expect_continue, before (number of
#             own requests on the same connection), host (header line)

use strict;
use warnings;

use Exporter 'import';
use JSON::PP ();

our @EXPORT_OK = qw(bytes_of copy_of from_line own_bytes target_of to_line);

use constant HOST => '127.0.0.1';

my $json = JSON::PP->new->canonical->ascii;


# A number is a string here, whatever Perl has used it for.
sub to_line { return $json->encode(strings($_[0])) }


sub strings {
    my ($data) = @_;

    return ref $data eq 'HASH' ? { map { $_ => strings($data->{$_}) }
                                   keys %$data }
         : ref $data eq 'ARRAY' ? [map { strings($_) } @$data]
         : defined $data ? "$data" : undef;
}


sub from_line { return $json->decode($_[0]) }


sub copy_of { return from_line(to_line($_[0])) }


sub target_of {
    my ($case) = @_;

    return $case->{path} . (defined $case->{query} ? "?$case->{query}" : '');
}


# The bytes of the request. "id" goes up as the User-Agent, by which the
# record of Rails tells which case it was.
sub bytes_of {
    my ($case, $id) = @_;

    my $frame = $case->{frame} || {};
    my $version = $case->{version} || '1.1';
    my @lines = ("$case->{method} " . target_of($case) . " HTTP/$version",
                 $frame->{host} // 'Host: ' . HOST, "User-Agent: $id",
                 map { "$_->[0]: $_->[1]" } @{ $case->{headers} });
    my ($framing, $payload) = framed($case->{body}, $frame);
    push @lines, @$framing;
    push @lines, 'Expect: 100-continue' if $frame->{expect_continue};
    push @lines, 'Connection: close'
        unless grep { lc $_->[0] eq 'connection' } @{ $case->{headers} };

    my $before = join '', map { own_bytes($id) } 1 .. $frame->{before} || 0;
    return $before . join("\r\n", @lines) . "\r\n\r\n" . $payload;
}


# An own request that keeps the connection.
sub own_bytes {
    my ($id) = @_;

    return "GET /rest/v1.0/me HTTP/1.1\r\nHost: " . HOST
        . "\r\nUser-Agent: $id\r\nAuthorization: Bearer OWNTOKEN\r\n\r\n";
}


# [header lines], payload
sub framed {
    my ($body, $frame) = @_;

    return ([], '') unless defined $body;

    my $how = $frame->{how} || 'length';
    my $length = 'Content-Length: ' . length $body;
    my $chunked = 'Transfer-Encoding: chunked';
    return ([$length], $body) if $how eq 'length';
    return ([], $body) if $how eq 'none';
    return ([$length, $length], $body) if $how eq 'twice';
    return ([$length, 'Content-Length: 0'], $body) if $how eq 'short';
    return (['Content-Length: 0', $length], $body) if $how eq 'long';
    return (['Transfer-Encoding: identity', $length], $body)
        if $how eq 'identity';
    return ([$chunked, $length], chunks($body, $frame)) if $how eq 'both';
    return ([$frame->{coding} || $chunked], chunks($body, $frame));
}


sub chunks {
    my ($body, $frame) = @_;

    my @sizes = @{ $frame->{sizes} || [4096] };
    my $suffix = $frame->{suffix} // '';
    my ($out, $at, $i) = ('', 0, 0);
    while ($at < length $body) {
        my $chunk = substr $body, $at, $sizes[$i++ % @sizes];
        $out .= sprintf("%x%s\r\n", length $chunk, $suffix) . "$chunk\r\n";
        $at += length $chunk;
    }
    return "${out}0$suffix\r\n"
        . join('', map { "$_\r\n" } @{ $frame->{trailers} || [] }) . "\r\n";
}


1;
