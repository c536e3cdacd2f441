#!/usr/bin/perl

# Monitor is passive: generated requests, hostile and honest, to an upstream
# that answers in every way and fails in every way, once through nginx alone and
# once through the module. What went up and what came back is the same; only the
# framing of chunks is not looked at, which depends on when bytes arrive.

use FindBin;
use lib "$FindBin::Bin/lib", "$FindBin::Bin/rails/lib";

use Procore::Test;
use Procore::Test::HTTP;

use Differential::Answer qw(answer answer_to silence);
use Differential::H2 qw(fits_h2 h2_answer);
use Differential::Honest qw(honest);
use Differential::Hostile qw(hostile);
use Differential::Random;
use Differential::Replay;
use Differential::Request qw(bytes_of to_line);
use Differential::Spelling qw(FOREIGN FOREIGN_PROJECT OWN OWN_PROJECT);

use IO::Select;
use IO::Socket::INET;
use Time::HiRes qw(sleep);

use constant {
    CASES => 1500,
    HTTP2 => 30,        # of a hundred that HTTP/2 can say
    CUT => 4,           # of a hundred: the client leaves in the middle
    FAMILIES => 20,
    SILENT => 4,        # cases; each takes its time
    TIMEOUT => 1,       # seconds that nginx waits for the upstream
    SLOW => 0.05,       # seconds that every other list takes
    LEAVE => 0.02,      # seconds until the client leaves: all has arrived
    SHOWN => 5,
    PAUSE => 0.002,     # seconds between writes
};

# What a location may be told about its proxying. Where it is unbuffered, no
# answer redirects inside nginx: that would announce a body again that has gone
# up already, and the upstream would wait for it.
my @variants = (
    { name => 'as it comes', location => '' },
    { name => 'unbuffered requests', unbuffered => 1,
      location => 'proxy_request_buffering off;' },
    { name => 'unbuffered in both directions', unbuffered => 1, location =>
        'proxy_request_buffering off; proxy_buffering off;' },
    { name => 'HTTP/1.0 and another URI', uri => '/rest/v1.0/',
      location => 'proxy_http_version 1.0; client_body_in_file_only clean;' },
    { name => 'gzip', small => 1,
      location => 'gzip on; gzip_types *; gzip_min_length 1;' },
    { name => 'error pages', location => 'proxy_intercept_errors on;'
        . ' error_page 404 502 503 /rest/v1.0/me; recursive_error_pages off;' },
);

my $random = Differential::Random->new($ENV{SEED} // 5);
my @cases = map { {
    request => $random->chance(50) ? hostile($random) : honest($random),
    variant => $_, answer => answer($random, small => $_->{small},
                                    stay => $_->{unbuffered}),
    h2 => $random->chance(HTTP2), cut => $random->chance(CUT),
} } map { $variants[$_ % @variants] } 1 .. CASES;

# One family's failed list is not asked for again soon, so there are several.
my @tokens = map { Differential::Replay::TOKEN . "-$_" } 1 .. FAMILIES;
for my $case (@cases) {
    my $token = $random->pick(@tokens);
    $_->[1] =~ s/^Bearer OWNTOKEN\z/Bearer $token/
        for @{ $case->{request}{headers} };
}
$random->pick(@cases)->{answer} = silence(TIMEOUT + 0.3) for 1 .. SILENT;

my $api = upstream(answer => sub {
    my ($number) = $_[0] =~ /^User-Agent: case-(\d+)\r$/mi;
    return answer_to($cases[$number // 0]{answer}, $_[0]);
});

# The module's own calls go elsewhere, so that they are told apart. They fail in
# every way too.
my $calls = 0;
my @lists = (
    list('200 OK', '[' . OWN_PROJECT . ']'), list('500 Oops', ''),
    list('200 OK', '<html>'), list('401 Unauthorized', ''), '',
    list('302 Found', '', 'Location: /'), list('200 OK', '[1001'),
    list('200 OK', '[1001]', 'X-Accel-Redirect: /rest/v1.0/me'), 'no HTTP',
);
my $lists = upstream(answer => sub {
    sleep SLOW if $calls % 2;
    return $lists[$calls++ % @lists];
});

my @servers;
for my $variant (@variants) {
    for my $mode ('off', 'monitor') {
        my %port = map { $_ => free_port() } 1, 2;
        $variant->{$mode} = \%port;
        push @servers, server($variant, $mode, %port);
    }
}

my $nginx = nginx(
    api => $api->url, lookup => 0, mode => 'off', secrets => 0,
    http => "large_client_header_buffers 4 128k;\n"
        . "underscores_in_headers on; keepalive_timeout 100ms;\n"
        . "client_header_timeout 1s; client_body_timeout 1s;\n"
        . 'proxy_read_timeout ' . TIMEOUT . "s;\n"
        . "lingering_timeout 100ms; lingering_time 200ms;\n",
    servers => join '', @servers);
$nginx->import_records(
    { project_id => 0 + FOREIGN_PROJECT, company_id => 0 + FOREIGN },
    map { { access_token => $_, client => 'test', company_id => 0 + OWN } }
        @tokens);

my (@different, %count);
for my $number (0 .. $#cases) {
    my $case = $cases[$number];
    my $h2 = $case->{h2} && !$case->{cut} && fits_h2($case->{request});
    my @seen = map { through($case, $number, $_, $h2) } 'off', 'monitor';

    $count{ $h2 ? 'HTTP/2' : 'HTTP/1' }++;
    $count{up}++ if $seen[0]{sent} ne '';
    $count{back}++ if $seen[0]{received} ne '';
    push @different, [$number, @seen]
        if $seen[0]{sent} ne $seen[1]{sent}
            || $seen[0]{received} ne $seen[1]{received};
}
is(scalar @different, 0, 'the same, of ' . CASES . ' requests');
show(@$_) for splice @different, 0, SHOWN;

cmp_ok($count{$_} // 0, '>', CASES / 10, "enough of them: $_")
    for 'HTTP/1', 'HTTP/2', 'up', 'back';

$lists->settle;
cmp_ok(scalar($lists->requests), '>=', @lists,
       'lists were asked for meanwhile, in vain in every way');

my %reasons;
$reasons{"$_->{procore_scope}{decision} $_->{procore_scope}{reason}"}++
    for $nginx->audit;
cmp_ok($reasons{"would_deny $_"} // 0, '>', 0, "on record: $_")
    for qw(foreign_company foreign_project malformed_id malformed_path
           malformed_query malformed_body unsupported_body ambiguous_token);
cmp_ok($reasons{'allow ok'} // 0, '>', CASES / 10, 'on record: ok');

done_testing;


sub list {
    my ($status, $body, @lines) = @_;

    return join "\r\n", "HTTP/1.1 $status", @lines,
        'Content-Length: ' . length $body, '', $body;
}


sub server {
    my ($variant, $mode, %port) = @_;

    my $audit = $mode eq 'off' ? '' : 'procore_scope_lookup /_procore;'
        . ' procore_scope_miss_ttl 1s; procore_scope_projects_ttl 1s;'
        . ' access_log %%DIR%%/logs/audit.log procore'
        . ' if=$procore_scope_audit;';
    return <<"EOT";
    server {
        listen 127.0.0.1:$port{1};
        listen 127.0.0.1:$port{2} http2;
        procore_scope $mode;
        $audit
        location / {
            $variant->{location}
            proxy_pass %%API%%@{[ $variant->{uri} // '' ]};
        }
        location /_procore/ {
            internal;
            proxy_pass @{[ $lists->url ]}/;
        }
    }
EOT
}


# What one case sends up and gets back, timing apart.
sub through {
    my ($case, $number, $mode, $h2) = @_;

    my $port = $case->{variant}{$mode}{$h2 ? 2 : 1};
    my $before = () = $api->requests;
    my $received = $h2 ? over_h2($port, $case->{request}, "case-$number")
                       : over_h1($port, $case, "case-$number");
    $received =~ s/:$port\b/:PORT/g;
    $api->settle;
    my @requests = $api->requests;
    return {
        received => $received,
        sent => join "\n---\n",
            map { untimed($case, $_) } @requests[$before .. $#requests],
    };
}


sub over_h1 {
    my ($port, $case, $id) = @_;

    my $request = $case->{request};
    my $connection = Procore::Test::HTTP->connect('127.0.0.1', $port);
    my $bytes = bytes_of($request, $id);
    substr $bytes, length($bytes) * 0.8, length $bytes, '' if $case->{cut};
    my $writes = ($request->{frame} || {})->{writes} || 1;
    my $size = int(length($bytes) / $writes) + 1;
    my @pieces = unpack "(a$size)*", $bytes;
    for my $i (0 .. $#pieces) {
        sleep PAUSE if $i;
        last unless $connection->send($pieces[$i]);
    }
    if ($case->{cut}) {
        sleep LEAVE;
        shutdown $connection->{socket}, 1;
    }
    my $raw = $connection->rest;
    my $ended = $connection->{closed};
    $connection->close;

    my $own = ($request->{frame} || {})->{before} || 0;
    return responses($raw, (('GET') x $own, $request->{method}))
        . ($ended ? '' : '[not ended]');
}


# The responses in these bytes, to requests of these methods.
sub responses {
    my ($raw, @methods) = @_;

    my $parser = bless { buffer => $raw, closed => 1 }, 'Procore::Test::HTTP';
    my $text = '';
    while (length $parser->{buffer}) {
        my $response = $parser->response(shift @methods // 'GET');
        $text .= join '', map { $_->{raw} } @{ $response->{interim} || [] };
        $text .= unframed_response($response);
    }
    $text =~ s/^Date: [^\r]* GMT\r\n//mg;
    return $text;
}


sub unframed_response {
    my ($response) = @_;

    my $raw = $response->{raw};
    return $raw
        unless ($response->{header}{'transfer-encoding'} // '') =~ /chunked/i;
    substr $raw, -length $response->{framed}, length $response->{framed}, ''
        if length $response->{framed};
    return $raw . $response->{body} . '[chunks '
        . ($response->{complete} ? 'whole]' : 'cut]');
}


# Unbuffered chunks go up as such, or with a length where all of them had come
# when nginx looked: that too is a matter of time.
sub untimed {
    my ($case, $bytes) = @_;

    my $text = unframed($bytes);
    return $text unless $case->{variant}{unbuffered}
        && (($case->{request}{frame} || {})->{how} // '') eq 'chunked';
    $text =~ s/^(?:Transfer-Encoding: chunked|Content-Length: \d+)\r\n//m;
    $text =~ s/\[chunks whole\]\z//;
    return $text;
}


# A request that came in chunks, without their framing.
sub unframed {
    my ($bytes) = @_;

    my ($head, $rest) = $bytes =~ /\A(.*?\r\n\r\n)(.*)\z/s;
    return $bytes
        unless defined $head && $head =~ /^Transfer-Encoding: chunked\r$/mi;
    my $parser = bless { buffer => $rest, closed => 1, end => 0 },
        'Procore::Test::HTTP';
    my $body = { body => '', framed => '', complete => 1 };
    $parser->chunked($body);
    return $head . $body->{body} . '[chunks '
        . ($body->{complete} ? 'whole]' : 'cut]') . $parser->{buffer};
}


# The date is that of nginx: a literal with the name of index 33 of the static
# table (RFC 7541, 6.2.1), its value mostly in Huffman's code.
sub over_h2 {
    my ($port, $request, $id) = @_;

    my $answer = h2_answer($port, $request, $id);
    while ($answer->{headers} =~ /\x61([\x1d\x90-\x9d])/) {
        substr $answer->{headers}, $-[0], 2 + (ord($1) & 0x7f), 'DATE';
    }
    return join "\n", map { $answer->{$_} } qw(headers data failure ended);
}


sub show {
    my ($number, $plain, $judged) = @_;

    diag("case $number, $cases[$number]{variant}{name}: "
         . to_line($cases[$number]{request}));
    for my $what ('sent', 'received') {
        next if $plain->{$what} eq $judged->{$what};
        diag("$what: " . substr($_->{$what}, 0, 600)) for $plain, $judged;
    }
    return;
}
