#!/usr/bin/perl

# "procore-scope check" decides as the gateway does: every case of the evasion
# sample in both modes, the same with bytes bent, generated requests, and what
# nginx makes of a target.
# Each connection goes to a real gateway, whose audit is compared.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib", "$FindBin::Bin/rails/lib";

use Procore::Test;

use IO::Select;
use JSON::PP ();
use MIME::Base64 qw(decode_base64 encode_base64);

use Differential::Honest qw(honest);
use Differential::Hostile qw(hostile);
use Differential::Random;
use Differential::Request qw(bytes_of to_line);
use Procore::Test::Host;
use Procore::Test::Process qw(free_port wait_for);

use constant {
    OWN => 562949953421312,
    FOREIGN => 598134325779301,
    HOSTILE => 1500,
    HONEST => 500,
    BENT => 1500,
    TARGETS => 1500,
    WAIT => 5,         # most that a record of the audit may take
    PING => 'are read',
};

my $tool = $ENV{TEST_PROCORE_SCOPE} || './procore-scope';
my $json = JSON::PP->new->canonical->ascii;
my $upstream = upstream();
my @kept = map { decode($_) } lines_of('t/data/evasion.jsonl');

subtest "evasion sample: $_" => \&sample, $_ for qw(enforce monitor);
subtest 'bent bytes' => \&bent;
subtest 'generated requests' => \&generated;
subtest 'targets' => \&targets;
done_testing;


# ---- what is compared -------------------------------------------------------

sub sample {
    my ($mode) = @_;

    my $nginx = gateway(mode => $mode, h2 => 1);
    my @told = check($nginx, "--$mode", map { question($_) } @kept);
    my $log = audit_log($nginx);
    my $wrong = 0;

    for my $case (@kept) {
        my $expected = shift @told;
        exchange($case->{category} eq 'h2' ? $nginx->h2_port : $nginx->port,
                 decode_base64($case->{raw_b64}), $case->{category} eq 'h2');

        is_deeply([map { $_->[0] } next_records($log, scalar @$expected)],
                  $expected, "$case->{id} $case->{description}") or $wrong++;
        last if $wrong > 5;    # one record too many moves all others
    }
    return;
}


# What nginx still takes for a request, what it drops, and what it refuses.
sub bent {
    my $nginx = gateway();
    my $random = Differential::Random->new(16_180_339);
    my @bits = ("\r", "\n", "\r\n", "\t", "\0", "\x80", ' ', ',', '#', ';',
                '..', qw(: _ - % / ? & [ ] . 0 1 HTTP/1.0 chunked http://x),
                map { "$_\r\n" } 'Content-Length: 3', 'Host: b', 'X: y',
                'Transfer-Encoding: chunked', 'Connection: close',
                'Expect: 100-continue');
    my @raw = map { decode_base64($_->{raw_b64}) }
        grep { $_->{category} ne 'h2' } @kept;
    my @bytes = map { bend($random, $random->pick(@raw), @bits) } 1 .. BENT;
    my @told = check($nginx, '--enforce',
                     map { { raw_b64 => encode_base64($_, '') } } @bytes);
    my $log = audit_log($nginx);
    my ($decided, @differ) = (0);

    for my $i (0 .. $#bytes) {
        exchange($nginx->port, $bytes[$i]);
        my @audit = map { $_->[0] }
            next_records($log, scalar @{ $told[$i] });
        $decided++ if @audit;
        push @differ, "gateway: @audit\ncheck: @{ $told[$i] }\n$bytes[$i]"
            if "@audit" ne "@{ $told[$i] }";
    }
    is(scalar @differ, 0, scalar(@bytes) . ' are read alike')
        or diag(@differ[0 .. ($#differ < 4 ? $#differ : 4)]);
    cmp_ok($decided, '>', BENT / 4, "$decided are decided");
    cmp_ok($decided, '<', BENT * 3 / 4, 'nginx answers others');
    return;
}


sub bend {
    my ($random, $bytes, @bits) = @_;

    for (0 .. $random->below(3)) {
        my $at = $random->below(length $bytes);
        if ($random->chance(50)) {
            substr $bytes, $at, 0, $random->pick(@bits);
        } elsif ($random->chance(50)) {
            substr $bytes, $at, 1 + $random->below(3), '';
        } else {
            substr $bytes, $at, 1, $random->pick(@bits);
        }
    }
    return $bytes;
}


sub generated {
    my $nginx = gateway();
    my $random = Differential::Random->new(31_415_926);
    my @cases = ((map { hostile($random) } 1 .. HOSTILE),
                 (map { honest($random) } 1 .. HONEST));
    my @bytes = map { bytes_of($cases[$_], "case-$_") } 0 .. $#cases;
    my @told = check($nginx, '--enforce',
                     map { { raw_b64 => encode_base64($_, '') } } @bytes);

    exchange($nginx->port, $_) for @bytes;

    # by the User-Agent, which no case touches; where nginx never read it, it
    # has decided nothing either
    my $expected = 0;
    $expected += @$_ for @told;
    my %audit;
    push @{ $audit{ $_->[1] } }, $_->[0]
        for next_records(audit_log($nginx), $expected);

    my @differ = grep {
        "@{ $audit{\"case-$_\"} || [] }" ne "@{ $told[$_] }"
    } 0 .. $#cases;
    is(scalar @differ, 0, scalar(@cases) . ' are decided alike');
    diag("gateway: @{ $audit{\"case-$_\"} || [] }\ncheck: @{ $told[$_] }\n",
         to_line($cases[$_])) for @differ[0 .. ($#differ < 4 ? $#differ : 4)];

    my %reason;
    $reason{ (split)[1] }++ for map { @$_ } @told;
    cmp_ok(scalar keys %reason, '>', 8, 'for many reasons: '
        . join ' ', map { "$_ $reason{$_}" } sort keys %reason);
    return;
}


# nginx's normal form, as its own variable has it.
sub targets {
    my $port = free_port();
    my $nginx = gateway(http => "server { listen 127.0.0.1:$port;"
        . ' access_log off; location / { return 200 "$uri"; } }');
    my @alphabet = (qw(/ / / . . .. %2e %2E %2f %2F a b company %41 %3f %23 %25
                       ? + %c3%a9 ~ ; = @ // /./ /../ /.. %), ',', '#', '%00',
                    '%4', '%zz', "\x{c3}\x{a9}");
    my $random = Differential::Random->new(27_182_818);
    my @targets = map {
        '/' . join '', map { $random->pick(@alphabet) } 1 .. 1 + $_ % 9
    } 1 .. TARGETS;
    my @bytes = map { "GET $_ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
                    } @targets;
    my @lines = stream($nginx, '--enforce',
                       map { { raw_b64 => encode_base64($_, '') } } @bytes);
    my ($refused, @differ) = (0);

    for my $i (0 .. $#targets) {
        my ($head, $uri) = split /\r\n\r\n/, exchange($port, $bytes[$i]), 2;
        my ($told) = @{ decode($lines[$i])->{results} };
        my $mine = $told->{decision} eq 'nginx' ? $told->{status}
                 : $told->{uri};
        my $its = $head =~ m{^HTTP/1.1 (4..)} ? $1 : shown($uri);
        $refused += $its eq '400';
        push @differ, "$targets[$i]: nginx $its, check $mine"
            if $mine ne $its;
    }
    is_deeply(\@differ, [], scalar(@targets) . ' are read alike');
    cmp_ok($refused, '>', 100, "nginx refuses some: $refused");
    return;
}


# As the tool writes what is no ASCII.
sub shown {
    my ($text) = @_;

    $text =~ s/[^\x20-\x7e]/\x{fffd}/g;
    return $text;
}


# ---- both sides -------------------------------------------------------------

sub gateway {
    my (%opt) = @_;

    my $nginx = nginx(
        api => $upstream->url, lookup => 0, secrets => 0, start => 0,
        expect => [], server => 'proxy_ignore_client_abort on;', %opt);
    $nginx->start;
    $nginx->import_records(
        { access_token => 'OWNTOKEN', client => 'test', company_id => OWN },
        { project_id => 1001, company_id => OWN },
        { project_id => 2002, company_id => FOREIGN });
    return $nginx;
}


# For each question the decisions of the requests that reach the module.
sub check {
    my ($nginx, $mode, @questions) = @_;

    my @told;
    for my $line (stream($nginx, $mode, @questions)) {
        my @decided;
        while ($line =~ /"decision": "(\w+)", "reason": "?(\w+)/g) {
            push @decided, "$1 $2" if $1 ne 'nginx';
        }
        push @told, \@decided;
    }
    return @told;
}


sub stream {
    my ($nginx, $mode, @questions) = @_;

    my $file = $nginx->dir . '/questions';
    Procore::Test::Host::write_file(
        $file, join '', map { $json->encode($_) . "\n" } @questions);
    my $store = $nginx->store;
    my @lines = split /\n/, qx($tool check --stream $mode --store $store < $file);
    is($?, 0, 'check answers');
    is(scalar @lines, scalar @questions, 'every question');
    return @lines;
}


# The bytes of HTTP/1 as they are; a request of HTTP/2 in its parts.
sub question {
    my ($case) = @_;

    return { raw_b64 => $case->{raw_b64} } if $case->{category} ne 'h2';

    my ($bytes, %part) = (substr(decode_base64($case->{raw_b64}), 24));
    while (length $bytes >= 9) {
        my ($high, $low, $type, $flags) = unpack 'CnCC', $bytes;
        my $frame = substr $bytes, 9, my $length = $high << 16 | $low;
        $bytes = substr $bytes, 9 + $length;
        if ($flags & 8 && $type < 2) {
            my $pad = unpack 'C', $frame;
            $frame = substr $frame, 1, length($frame) - 1 - $pad;
        }
        $part{headers} = [literals($frame)] if $type == 1;
        $part{body} .= $frame if $type == 0;
    }
    my %pseudo = map { @$_ } grep { $_->[0] =~ /^:/ } @{ $part{headers} };
    return {
        method => $pseudo{':method'}, target => $pseudo{':path'},
        headers => [grep { $_->[0] eq ':authority' || $_->[0] !~ /^:/ }
                    @{ $part{headers} }],
        body_b64 => encode_base64($part{body} // '', ''),
    };
}


# The header lines of a block that is written without compression: RFC 7541,
# section 6.2.2, lengths below 127.
sub literals {
    my ($block) = @_;

    my @lines;
    while (length $block) {
        my ($name, $value) = unpack 'x C/a C/a', $block;
        push @lines, [$name, $value];
        $block = substr $block, 3 + length($name) + length $value;
    }
    return @lines;
}


# Sends a connection's bytes and reads to its end. nginx is told that no more
# will come; on HTTP/2 that would end its requests, too, and the answer to a
# PING behind them tells that they have been read (RFC 9113, section 6.7).
sub exchange {
    my ($port, $bytes, $h2) = @_;

    my $socket = IO::Socket::INET->new(
        PeerAddr => '127.0.0.1', PeerPort => $port, Timeout => 5)
        or die "connect: $@";
    syswrite $socket, $h2 ? $bytes . pack('CnCCNa8', 0, 8, 6, 0, 0, PING)
                          : $bytes;
    shutdown $socket, 1 if !$h2;

    my $answer = '';
    while (IO::Select->new($socket)->can_read(WAIT)) {
        last unless sysread $socket, $answer, 65_536, length $answer;
        last if $h2 && index($answer, PING) >= 0;
    }
    return $answer;
}


sub audit_log {
    my ($nginx) = @_;

    my $file = $nginx->dir . '/logs/audit.log';
    open my $log, '<', $file or die "$file: $!";
    return $log;
}


# Records since the last call, at least "$count": decision and reason, and the
# User-Agent.
sub next_records {
    my ($log, $count) = @_;

    my @records;
    wait_for(WAIT, sub {
        seek $log, 0, 1;
        while (my $line = <$log>) {
            if ($line !~ /\n\z/) {    # the rest is still being written
                seek $log, -length $line, 1;
                last;
            }
            my ($agent) = $line =~ /"user_agent":\{"original":"([^"]*)"/;
            my ($decision, $reason) = $line =~ /"procore_scope":\{.*?
                "decision":"(\w+)","reason":"(\w+)"/x;
            push @records, ["$decision $reason", $agent // ''];
        }
        return @records >= $count;
    });
    return @records;
}


sub decode { return JSON::PP->new->decode($_[0]) }


sub lines_of {
    my ($file) = @_;

    open my $in, '<', $file or die "$file: $!";
    return <$in>;
}
