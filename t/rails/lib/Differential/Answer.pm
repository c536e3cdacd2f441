package Differential::Answer;

# Answers of an upstream, whole and broken ones, as the pieces that are written
# to the socket; an undefined piece is a reset.

use strict;
use warnings;

use Exporter 'import';
use IO::Compress::Gzip qw(gzip);
use Time::HiRes qw(sleep);

our @EXPORT_OK = qw(answer answer_to silence);

use constant {
    FOREIGN_LIST => '[{"id":598134325779301,"name":"Other"}]',
    OWN_LIST => '[{"id":562949953421312,"name":"Own","is_active":true}]',
    PROJECTS => '[{"id":1001,"company":{"id":562949953421312}},{"id":2002}]',
    TOKEN => '{"access_token":"abc","token_type":"bearer","expires_in":5400}',
    LARGE => 300_000,
};

my @statuses = (
    ([200, 'OK']) x 12, ([201, 'Created']) x 2, [202, 'Accepted'],
    [203, 'Non-Authoritative Information'], [204, 'No Content'],
    [205, 'Reset Content'], [206, 'Partial Content'], [207, 'Multi-Status'],
    [299, ''], [300, 'Multiple Choices'], [301, 'Moved'], [302, 'Found'],
    [303, 'See Other'], [304, 'Not Modified'], [307, 'Temporary Redirect'],
    [400, 'Bad Request'], [401, 'Unauthorized'], [403, 'Forbidden'],
    [404, 'Not Found'], [405, 'Method Not Allowed'], [409, 'Conflict'],
    [412, 'Precondition Failed'], [416, 'Range Not Satisfiable'],
    [422, 'Unprocessable Entity'], [429, 'Too Many Requests'],
    [500, 'Internal Server Error'], [502, 'Bad Gateway'],
    [503, 'Service Unavailable'], [504, 'Gateway Timeout'], [599, 'Own'],
);

my @lines = (
    'Set-Cookie: a=b', 'Set-Cookie: c=d; Path=/rest/v1.0', 'Total: 2',
    'Per-Page: 100', 'Link: <https://x.example/rest/v1.0/me>; rel="next"',
    'Link: <http://127.0.0.1/x>; rel=prev', 'ETag: W/"2002"', 'ETag: "abc"',
    'Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT', 'Vary: Origin',
    'Cache-Control: max-age=0, private', 'Accept-Ranges: bytes',
    'Location: /rest/v1.0/me', 'Location: https://x.example/',
    'Location: relative', 'Refresh: 1; url=/x', 'Retry-After: 3',
    'WWW-Authenticate: Bearer error="invalid_token"', 'X-Rate-Limit-Limit: 1',
    'Content-Range: bytes 0-1/9', 'Content-Disposition: attachment',
    'Content-Language: en', 'X-Accel-Buffering: no', 'X-Accel-Expires: 0',
    'X-Accel-Redirect: /rest/v1.0/me', 'X-Empty:', 'x-lower: case',
    'Server: puma', 'Trailer: X-Sum', "X-Bytes: \xc3\xa9\xff",
    'Connection: X-Empty', 'Upgrade: h2c', 'Allow: GET',
    'Procore-Scope-Reason: ok', 'Content-Type: text/plain',
);


# small: one piece that nginx reads at once, so that what it makes of it does
# not depend on how it arrived. stay: no redirect inside nginx.
sub answer {
    my ($random, %opt) = @_;

    my ($status, $reason) = @{ $random->pick(@statuses) };
    my $body = body($random, $opt{small});
    my @head = ("HTTP/" . $random->pick(('1.1') x 9, '1.0')
                . " $status" . (length $reason ? " $reason" : ''));
    push @head, 'Content-Type: ' . type($random) if $random->chance(90);
    push @head, grep { !$opt{stay} || !/^X-Accel-Redirect/ }
        ($random->shuffle(@lines))[0 .. $random->below(5) - 1];
    if ($random->chance(20)) {
        gzip(\(my $plain = $body), \$body, Minimal => 1);
        push @head, 'Content-Encoding: '
            . $random->pick(('gzip') x 5, 'br', 'deflate');
    }

    my ($line, $framed) = framed($random, $body);
    my $bytes = join("\r\n", @head, $line // ()) . "\r\n\r\n" . $framed;
    $bytes = interim($random) . $bytes if $random->chance(6);
    return [broken($random, $bytes)] if $random->chance(15);
    return [$bytes] if $opt{small} || $random->chance(80);
    return pieces($random, $bytes);
}


# Nothing at all, for so many seconds.
sub silence { return { seconds => $_[0] } }


# What is written to the request: HEAD has no body, mostly.
sub answer_to {
    my ($answer, $request) = @_;

    if (ref $answer eq 'HASH') {
        sleep $answer->{seconds};
        return;
    }
    return @$answer unless $request =~ /^HEAD / && @$answer == 1;
    my ($head) = $answer->[0] =~ /\A(.*?\r\n\r\n)/s;
    return $head // @$answer;
}


sub body {
    my ($random, $small) = @_;

    my @bodies = ('', '[]', '{}', OWN_LIST, FOREIGN_LIST, PROJECTS, TOKEN,
                  '[{"id":', "\0\xff" x 40, '{"name":"Acme \u00e9"}',
                  'x' x $random->below(2000));
    push @bodies, 'y' x $random->below(20_000), 'z' x $random->below(LARGE)
        unless $small;
    return $random->pick(@bodies);
}


sub type {
    my ($random) = @_;

    return $random->pick(('application/json') x 5,
        'application/json; charset=utf-8', 'text/html', 'image/png', '');
}


# The line that frames the body, and the body in that frame.
sub framed {
    my ($random, $body) = @_;

    my $length = length $body;
    return ("Content-Length: $length", $body) if $random->chance(50);
    return (undef, $body) if $random->chance(25);
    return ('Content-Length: ' . ($length + 7), $body) if $random->chance(8);
    return ("Content-Length: $length", "$body and more") if $random->chance(8);
    return ('Content-Length: x', $body) if $random->chance(4);
    return ("Content-Length: 3\r\nTransfer-Encoding: chunked",
            chunks($random, $body)) if $random->chance(4);
    return ('Transfer-Encoding: chunked', chunks($random, $body));
}


sub chunks {
    my ($random, $body) = @_;

    my ($out, $at) = ('', 0);
    while ($at < length $body) {
        my $chunk = substr $body, $at,
            1 + $random->below($random->pick(60, 5000, 70_000));
        $out .= sprintf("%x%s\r\n%s\r\n", length $chunk,
                        $random->pick(('') x 9, ';x=1'), $chunk);
        $at += length $chunk;
    }
    return $out . "0\r\n" . $random->pick(('') x 4, "X-Sum: 1\r\n") . "\r\n";
}


sub interim {
    my ($random) = @_;

    return 'HTTP/1.1 ' . $random->pick(
        "100 Continue\r\n", "102 Processing\r\n",
        "103 Early Hints\r\nLink: </x>; rel=preload\r\n",
        "101 Switching Protocols\r\nUpgrade: h2c\r\n") . "\r\n";
}


sub broken {
    my ($random, $bytes) = @_;

    my $cut = substr $bytes, 0, $random->below(length $bytes);
    return $random->pick(
        [''], [undef], [$cut], [$cut], [$cut], ["hello\r\n\r\n"],
        ["HTTP/1.1 200 OK\r\nX: " . 'x' x 9000 . "\r\n\r\n"],
        ["HTTP/1.1 200 OK\r\nno colon\r\n\r\nx"], ["HTTP/1.1 2 OK\r\n\r\nx"],
        ["HTTP/1.1 200 OK\r\nA\0: b\r\n\r\nx"])->[0];
}


sub pieces {
    my ($random, $bytes) = @_;

    my $size = int(length($bytes) / (2 + $random->below(5))) + 1;
    return [unpack "(a$size)*", $bytes];
}


1;
