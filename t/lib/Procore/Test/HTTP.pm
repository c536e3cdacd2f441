package Procore::Test::HTTP;

# HTTP/1 byte by byte: requests are built here, nothing is corrected, and a
# response is told as it came.

use strict;
use warnings;

use Exporter 'import';
use IO::Select;
use IO::Socket::INET;
use JSON::PP ();
use MIME::Base64 qw(encode_base64);
use Time::HiRes qw(sleep time);

our @EXPORT_OK = qw(build encode_form encode_multipart parse_head percent);

use constant {
    TIMEOUT => 15,                          # seconds for one response
    BOUNDARY => 'procore-test-boundary',
    READ => 65_536,
};

my $json = JSON::PP->new->canonical->utf8->allow_nonref;


# A connection to [host, port].
sub connect {
    my ($class, $host, $port) = @_;

    my $socket = IO::Socket::INET->new(
        PeerAddr => $host, PeerPort => $port, Proto => 'tcp', Timeout => 5)
        or die "connect $host:$port: $@";
    $socket->autoflush(1);
    binmode $socket;
    return bless { socket => $socket, buffer => '' }, $class;
}


# Sends bytes; a peer that has closed already is no error.
sub send {
    my ($self, $bytes) = @_;

    local $SIG{PIPE} = 'IGNORE';
    my $at = 0;
    while ($at < length $bytes) {
        IO::Select->new($self->{socket})->can_write(TIMEOUT) or return 0;
        my $sent = syswrite $self->{socket}, $bytes, READ, $at;
        return 0 unless defined $sent;
        $at += $sent;
    }
    return 1;
}


# Sends one request and reads its response. Options as for build.
sub request {
    my ($self, $method, $target, %opt) = @_;

    my ($head, @pieces) = build($method, $target, %opt);
    $self->send($head);
    for my $piece (@pieces) {
        sleep $opt{pause} if $opt{pause};
        last unless $self->send($piece);
    }
    return $self->response($method, $opt{timeout});
}


# Reads the next response to a request of that method. Interim responses
# are kept in interim. A response that broke off has complete => 0; nothing
# at all gives status 0.
sub response {
    my ($self, $method, $timeout) = @_;

    local $self->{end} = time + ($timeout || TIMEOUT);
    my @interim;
    while (1) {
        my $raw = $self->until("\r\n\r\n");
        return { status => 0, headers => [], header => {}, body => '',
                 raw => $raw // $self->rest, complete => 0 }
            unless defined $raw && $raw =~ /\r\n\r\n\z/;

        my $response = parse_head($raw);
        if ($response->{status} =~ /^1/ && $response->{status} != 101) {
            push @interim, $response;
            next;
        }
        $response->{interim} = \@interim;
        $self->body($response, $method || 'GET');
        $response->{raw} .= $response->{framed};
        $response->{json} = eval { $json->decode($response->{body}) };
        return $response;
    }
}


# Fills in the body, as RFC 9112, section 6.3, frames it.
sub body {
    my ($self, $response, $method) = @_;

    my $header = $response->{header};
    @$response{qw(body framed complete)} = ('', '', 1);
    return if $method eq 'HEAD' || $response->{status} =~ /^(101|204|304)$/;

    if (($header->{'transfer-encoding'} // '') =~ /chunked/i) {
        return $self->chunked($response);
    }
    if (($header->{'content-length'} // '') =~ /^\d+\z/) {
        my $bytes = $self->exactly($header->{'content-length'});
        @$response{qw(body framed)} = ($bytes) x 2;
        $response->{complete} =
            length $bytes == $header->{'content-length'} ? 1 : 0;
        return;
    }
    @$response{qw(body framed)} = ($self->rest) x 2;
    return;
}


sub chunked {
    my ($self, $response) = @_;

    while (1) {
        my $line = $self->until("\r\n") // '';
        $response->{framed} .= $line;
        my ($size) = $line =~ /^([0-9a-fA-F]+)/;
        return $response->{complete} = 0 unless defined $size;

        my $bytes = $self->exactly(hex($size) + 2);
        $response->{framed} .= $bytes;
        $response->{body} .= substr $bytes, 0, hex $size;
        return $response->{complete} = 0 if length $bytes < hex($size) + 2;
        return if hex $size == 0;
    }
}


# True when the peer has closed and nothing is left to read.
sub eof {
    my ($self, $seconds) = @_;

    local $self->{end} = time + ($seconds // 2);
    return length $self->{buffer} == 0 && !$self->more && $self->{closed};
}


sub close {
    my ($self) = @_;

    close $self->{socket};
    return;
}


# Reads once; false at the end of the stream or when time is up.
sub more {
    my ($self) = @_;

    my $left = $self->{end} - time;
    return 0 if $left <= 0 || $self->{closed};
    IO::Select->new($self->{socket})->can_read($left) or return 0;
    my $got = sysread $self->{socket}, $self->{buffer}, READ,
                      length $self->{buffer};
    $self->{closed} = 1 unless $got;
    return $got;
}


sub until {
    my ($self, $mark) = @_;

    my $at;
    while (($at = index $self->{buffer}, $mark) < 0) {
        return undef unless $self->more;
    }
    return substr $self->{buffer}, 0, $at + length $mark, '';
}


sub exactly {
    my ($self, $length) = @_;

    while (length $self->{buffer} < $length) {
        last unless $self->more;
    }
    return substr $self->{buffer}, 0, $length, '';
}


sub rest {
    my ($self) = @_;

    local $self->{end} = $self->{end} // time + TIMEOUT;
    1 while $self->more;
    return substr $self->{buffer}, 0, length $self->{buffer}, '';
}


sub parse_head {
    my ($raw) = @_;

    my ($first, @lines) = split /\r\n/, $raw;
    my (@headers, %header);
    for my $line (@lines) {
        my ($name, $value) = $line =~ /^([^:]*):\s*(.*?)\s*$/s or next;
        push @headers, [$name, $value];
        $header{lc $name} //= $value;
    }
    my ($status, $reason) = ($first // '') =~ m{^HTTP/\S+ (\d+) ?(.*)};
    return { status => $status // 0, reason => $reason, raw => $raw,
             headers => \@headers, header => \%header };
}


# Builds a request: its head and the pieces of its body. Options:
#   raw        the whole request as bytes; everything else is ignored
#   version    1.1
#   host       value of Host; undef leaves it out
#   token      bearer token;  basic  [user, password]
#   company    value of Procore-Company-Id
#   headers    [Name => value, ...], sent as they are, in this order
#   body, type bytes and their Content-Type
#   json       data;  form  [name => value, ...];
#   multipart  [[name, value or {filename, type, content}], ...]
#   pieces     [bytes, ...]: a body that is sent in several writes
#   pause      seconds before each piece
#   chunked    true: each piece is a chunk
#   keep       true: no "Connection: close"
sub build {
    my ($method, $target, %opt) = @_;

    return $opt{raw} if defined $opt{raw};

    my ($type, $body) = body_of(%opt);
    my @pieces = $opt{pieces} ? @{ $opt{pieces} }
               : defined $body ? $body : ();
    my @lines = ("$method $target HTTP/" . ($opt{version} || '1.1'));
    my $host = exists $opt{host} ? $opt{host} : '127.0.0.1';

    push @lines, "Host: $host" if defined $host;
    push @lines, "Authorization: Bearer $opt{token}" if defined $opt{token};
    push @lines, 'Authorization: Basic '
        . encode_base64(join(':', @{ $opt{basic} }), '') if $opt{basic};
    push @lines, "Procore-Company-Id: $opt{company}" if defined $opt{company};
    push @lines, "Content-Type: $type" if defined $type;
    my @headers = @{ $opt{headers} || [] };
    while (my ($name, $value) = splice @headers, 0, 2) {
        push @lines, "$name: $value";
    }
    if ($opt{chunked}) {
        push @lines, 'Transfer-Encoding: chunked';
        @pieces = map { sprintf("%x\r\n", length) . "$_\r\n" } @pieces;
        push @pieces, "0\r\n\r\n";
    } elsif (@pieces) {
        push @lines, 'Content-Length: ' . length join '', @pieces;
    }
    push @lines, 'Connection: close' unless $opt{keep};

    return (join("\r\n", @lines) . "\r\n\r\n", @pieces);
}


sub body_of {
    my (%opt) = @_;

    return ($opt{type} // 'application/json', $json->encode($opt{json}))
        if exists $opt{json};
    return ($opt{type} // 'application/x-www-form-urlencoded',
            encode_form(@{ $opt{form} })) if $opt{form};
    return ($opt{type} // 'multipart/form-data; boundary=' . BOUNDARY,
            encode_multipart(@{ $opt{multipart} })) if $opt{multipart};
    return ($opt{type}, $opt{body});
}


sub percent {
    my ($text) = @_;

    $text =~ s/([^A-Za-z0-9._~-])/sprintf '%%%02X', ord $1/ge;
    return $text;
}


sub encode_form {
    my (@pairs) = @_;

    my @parts;
    while (my ($name, $value) = splice @pairs, 0, 2) {
        push @parts, percent($name) . '=' . percent($value);
    }
    return join '&', @parts;
}


sub encode_multipart {
    my (@parts) = @_;

    my $body = '';
    for my $part (@parts) {
        my ($name, $value) = @$part;
        my $file = ref $value ? $value : undef;
        $body .= '--' . BOUNDARY . "\r\n"
            . "Content-Disposition: form-data; name=\"$name\"";
        $body .= "; filename=\"$file->{filename}\"\r\nContent-Type: "
            . ($file->{type} // 'application/octet-stream') if $file;
        $body .= "\r\n\r\n" . ($file ? $file->{content} : $value) . "\r\n";
    }
    return $body . '--' . BOUNDARY . "--\r\n";
}


1;
