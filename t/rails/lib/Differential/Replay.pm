package Differential::Replay;

# The gateway and the Rails behind it, and the verdict on a request: which of
# the two promises it breaks, if any.

use strict;
use warnings;

use Digest::SHA qw(sha256_hex);
use IO::Select;
use IO::Socket::INET;
use JSON::PP ();
use Time::HiRes qw(sleep time);

use Procore::Test::Host;
use Differential::Request qw(bytes_of target_of);
use Differential::Spelling qw(FOREIGN FOREIGN_PROJECT OWN OWN_PROJECT);

use constant {
    TOKEN => 'OWNTOKEN',

    # Cases between two looks at the record of Rails.
    BATCH => 50,

    # A request that nobody answers is one that nginx still waits for.
    QUIET => 0.4,       # seconds
};

# Headers that a hop changes, and the one of the contract.
my %changed = map { $_ => 1 } qw(connection host content-length
    transfer-encoding expect keep-alive upgrade te user-agent
    procore-company-id);


# nginx and rails are running processes of the harness.
sub new {
    my ($class, %self) = @_;

    return bless { id => 0, %self }, $class;
}


# The store of the world: one token, its project, and one that is not its.
sub world_lines {
    my $json = JSON::PP->new->canonical;
    return map { $json->encode($_) . "\n" }
        { access_token => TOKEN, client => 'test', company_id => 0 + OWN },
        { project_id => 0 + OWN_PROJECT, company_id => 0 + OWN },
        { project_id => 0 + FOREIGN_PROJECT, company_id => 0 + FOREIGN };
}


# Replays cases; returns a hash for each that failed: case, why, answer and
# what Rails saw.
sub run {
    my ($self, @cases) = @_;

    my @failed;
    while (my @batch = splice @cases, 0, BATCH) {
        push @failed, $self->batch(@batch);
    }
    return @failed;
}


# The verdict on one case alone: a failure, or nothing.
sub try {
    my ($self, $case) = @_;

    my ($failed) = $self->batch($case);
    return $failed;
}


sub batch {
    my ($self, @cases) = @_;

    my %sent;
    for my $case (@cases) {
        my $id = 'case-' . ++$self->{id};
        $sent{$id} = { case => $case,
                       answer => $self->exchange($self->{nginx}->port, $case,
                                                 $id) };
        $self->{count}{ reason_of($sent{$id}{answer}) }++;
    }

    my %seen = map { $_ => [] } keys %sent;
    my @strays;
    for my $report ($self->reports) {
        my $agent = $report->{headers}{'user-agent'} // '';
        push @{ $seen{$agent} || \@strays }, $report;
    }

    # A request that no case has sent: one of them has smuggled it in.
    if (grep { is_foreign($_) } @strays) {
        return map { $self->batch($_) } @cases if @cases > 1;
        push @{ (values %seen)[0] }, @strays;
    }

    my @failed;
    for my $id (sort keys %sent) {
        my $why = verdict($sent{$id}{case}, $sent{$id}{answer},
                          @{ $seen{$id} });
        push @failed, { %{ $sent{$id} }, why => $why, seen => $seen{$id} }
            if $why;
    }
    return @failed;
}


# What Rails makes of the same bytes where no gateway is.
sub direct {
    my ($self, $case) = @_;

    my $id = 'case-' . ++$self->{id};
    $self->exchange($self->{rails}->port, $case, $id);
    return grep { ($_->{headers}{'user-agent'} // '') eq $id } $self->reports;
}


# The record of Rails since the last time.
sub reports {
    my ($self) = @_;

    my @reports = $self->{rails}->requests;
    $self->{rails}->control('DELETE', '/__requests');
    return @reports;
}


# ---- verdicts ---------------------------------------------------------------

# What is wrong, in a sentence, or nothing.
sub verdict {
    my ($case, $answer, @seen) = @_;

    my ($foreign) = grep { is_foreign($_) } @seen;
    return 'bypass: Rails sees ' . foreign_text($foreign) if $foreign;

    # Own requests that went before on the connection are no news.
    my @own = grep { $_->{target} ne '/rest/v1.0/me' } @seen;
    return 'bypass: it arrived' if $case->{expect} eq 'deny' && @own;
    return unless $case->{expect} eq 'honest';
    return 'false positive: ' . reason_of($answer) unless @seen;
    return unchanged($case, $seen[-1]);
}


sub is_foreign {
    my ($report) = @_;

    return 0 unless $report->{ids};

    # A CORS preflight has no credentials, so nobody acts on it.
    return 0 if !defined $report->{token} && $report->{body_length} == 0
        && $report->{routed} =~ /^OPTIONS /;
    return 1 if defined $report->{token} && $report->{token} ne TOKEN
        && !is_discovery($report);
    return 1 if grep { $_ ne OWN } @{ $report->{ids}{companies} };
    return 1 if grep { $_ ne OWN_PROJECT } @{ $report->{ids}{projects} };
    return 0;
}


# What the contract lets any token do: the gateway has judged that very token,
# which is bound to nothing.
sub is_discovery {
    my ($report) = @_;

    my $header = $report->{headers}{authorization} // '';
    return $report->{routed} =~ /^(?:GET|HEAD) (?:companies|users)#/
        && lc $header eq lc "Bearer $report->{token}";
}


sub foreign_text {
    my ($report) = @_;

    my @text = ("companies @{ $report->{ids}{companies} }",
                "projects @{ $report->{ids}{projects} }",
                'token ' . ($report->{token} // 'none'));
    return join ', ', @text;
}


# An honest request has arrived as it was sent.
sub unchanged {
    my ($case, $report) = @_;

    my @headers = @{ $case->{headers} };
    return "false positive: method $report->{method}"
        if $report->{method} ne $case->{method};
    return "false positive: target $report->{target}"
        if $report->{target} ne target_of($case);
    return 'false positive: another body'
        if $report->{body_sha256} ne sha256_hex($case->{body} // '');
    for my $header (grep { !$changed{ lc $_->[0] } } @headers) {
        my $got = $report->{headers}{ lc $header->[0] } // 'none';
        return "false positive: $header->[0] is $got"
            if $got ne $header->[1];
    }
    my ($company) = map { $_->[1] }
        grep { lc $_->[0] eq 'procore-company-id' } @headers;
    my $got = $report->{headers}{'procore-company-id'} // 'none';
    return "false positive: Procore-Company-Id is $got"
        if $got ne ($company // OWN);
    return;
}


sub reason_of {
    my ($answer) = @_;

    return $1 if $answer =~ /^Procore-Scope-Reason: (\S+)/mi;
    return "status $1" if $answer =~ m{^HTTP/1\.\d (\d+)};
    return 'no answer';
}


# ---- the wire ---------------------------------------------------------------

# Sends a case on a connection of its own; returns all that came back.
sub exchange {
    my ($self, $port, $case, $id) = @_;

    my $bytes = bytes_of($case, $id);
    my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                                       PeerPort => $port, Timeout => 5)
        or die "connect to port $port: $!";
    my $frame = $case->{frame} || {};
    my $writes = $frame->{writes} || 1;
    my $size = int(length($bytes) / $writes) + 1;
    for (my $at = 0; $at < length $bytes; $at += $size) {
        sleep 0.002 if $at;
        last unless write_all($socket, substr $bytes, $at, $size);
    }

    my $answer = '';
    while (IO::Select->new($socket)->can_read(quiet($answer))) {
        last unless sysread $socket, $answer, 65_536, length $answer;
    }
    close $socket;
    return $answer;
}


# Something may still be at work while only the interim answer has come.
sub quiet {
    my ($answer) = @_;

    return $answer =~ m{^HTTP/1\.1 [2-5]}m ? QUIET : QUIET * 5;
}


sub write_all {
    my ($socket, $bytes) = @_;

    my $at = 0;
    while ($at < length $bytes) {
        my $sent = syswrite $socket, $bytes, 65_536, $at;
        return 0 unless defined $sent;
        $at += $sent;
    }
    return 1;
}


# ---- making failures smaller ------------------------------------------------

# The smallest case found that still fails in the same way.
sub minimise {
    my ($self, $failure) = @_;

    my $bypass = $failure->{why} =~ /^bypass/;
    my $case = $failure->{case};
    my $fails = sub {
        my $now = $self->try($_[0]) or return 0;
        return $now->{why} =~ /^bypass/ if $bypass;
        return $now->{why} eq $failure->{why} && $self->still_honest($_[0]);
    };

    for my $member (qw(frame query version body)) {
        my %less = %$case;
        delete $less{$member};
        $case = \%less if $fails->(\%less);
    }
    $case = fewer_headers($case, $fails);
    for my $member ($bypass ? qw(path query body) : ()) {
        $case = shorter($case, $member, $fails) if defined $case->{$member};
    }
    return $case;
}


# A smaller honest request that Rails would serve and that names its own.
sub still_honest {
    my ($self, $case) = @_;

    my ($seen) = $self->direct($case);
    return $seen && $seen->{ids} && !is_foreign($seen);
}


sub fewer_headers {
    my ($case, $fails) = @_;

    for my $i (reverse 0 .. $#{ $case->{headers} }) {
        my @left = @{ $case->{headers} };
        splice @left, $i, 1;
        my $less = { %$case, headers => \@left };
        $case = $less if $fails->($less);
    }
    return $case;
}


# Cuts pieces out, half of the text at first, single bytes in the end.
sub shorter {
    my ($case, $member, $fails) = @_;

    for (my $size = length $case->{$member}; $size >= 1;
         $size = int($size / 2)) {
        my $at = 0;
        while ($at < length $case->{$member}) {
            my $text = $case->{$member};
            substr $text, $at, $size, '';
            my $less = { %$case, $member => $text };
            if ($fails->($less)) {
                $case = $less;
            } else {
                $at += $size;
            }
        }
    }
    return $case;
}


1;
